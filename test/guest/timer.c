/* Timers: deadlines, slack, setting again, and the calls about time. */
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/syscalls.h>
#include "tap.h"

static int
signaled(mx_handle_t t)
{
	return mx_object_wait_one(t, MX_TIMER_SIGNALED, 0, NULL) == MX_OK;
}

static mx_time_t
fired_at(mx_handle_t t)
{
	mx_object_wait_one(t, MX_TIMER_SIGNALED, MX_TIME_INFINITE, NULL);
	return mx_clock_get_monotonic();
}

static void
errors(void)
{
	mx_handle_t t, weak, e;

	is_int(mx_timer_create(3, MX_CLOCK_MONOTONIC, &t), MX_ERR_INVALID_ARGS, "two kinds of slack");
	is_int(mx_timer_create(4, MX_CLOCK_MONOTONIC, &t), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_timer_create(0, MX_CLOCK_UTC, &t), MX_ERR_INVALID_ARGS, "another clock");
	is_int(mx_timer_create(0, MX_CLOCK_MONOTONIC, (mx_handle_t *)8), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_timer_create(0, MX_CLOCK_MONOTONIC, &t), MX_OK, "create");
	mx_event_create(0, &e);
	is_int(mx_timer_set(e, 0, 0), MX_ERR_WRONG_TYPE, "an event is no timer");
	is_int(mx_timer_cancel(e), MX_ERR_WRONG_TYPE, "nor to cancel");
	is_int(mx_timer_set(0, 0, 0), MX_ERR_BAD_HANDLE, "no handle");
	is_int(mx_timer_set(t, 0, -1), MX_ERR_OUT_OF_RANGE, "negative slack");
	ok(!signaled(t), "which set nothing");
	mx_handle_duplicate(t, MX_RIGHT_WAIT, &weak);
	is_int(mx_timer_set(weak, 0, 0), MX_ERR_ACCESS_DENIED, "set without WRITE");
	is_int(mx_timer_cancel(weak), MX_ERR_ACCESS_DENIED, "cancel without WRITE");
	is_int(mx_object_signal(t, 0, MX_TIMER_SIGNALED), MX_ERR_INVALID_ARGS, "nobody else sets the signal");
	is_int(mx_object_signal_peer(t, 0, 0), MX_ERR_NOT_SUPPORTED, "no peer");
	fails(read(mx_handle_fd(t), &e, 1), EINVAL, "nothing to read");
	mx_handle_close(weak), mx_handle_close(t), mx_handle_close(e);
}

static void
deadlines(void)
{
	mx_info_timer_t info;
	mx_time_t d, at;
	mx_handle_t t;
	struct pollfd p;

	mx_timer_create(0, MX_CLOCK_MONOTONIC, &t);
	p = (struct pollfd){ mx_handle_fd(t), POLLIN, 0 };
	is_int(mx_timer_cancel(t), MX_OK, "cancel of an idle one");
	is_int(mx_timer_set(t, 0, 0), MX_OK, "deadline 0");
	ok(signaled(t), "fires before the call returns");
	is_int(mx_timer_cancel(t), MX_OK, "cancel");
	ok(!signaled(t), "clears");
	mx_timer_set(t, mx_clock_get_monotonic() - 1, 1000);
	ok(signaled(t), "so does one that is past");
	mx_timer_set(t, INT64_MIN, 0);
	ok(signaled(t), "far past");
	d = mx_deadline_after(MX_MSEC(20));
	is_int(mx_timer_set(t, d, 0), MX_OK, "one to come");
	ok(!signaled(t), "clears until then");
	is_int(mx_object_get_info(t, MX_INFO_TIMER, &info, sizeof(info), NULL, NULL), MX_OK, "info");
	ok(info.deadline == d && info.slack == 0 && info.options == 0, "tells what was set");
	is_int(poll(&p, 1, 0), 0, "poll sees nothing");
	at = fired_at(t);
	ok(at >= d && at < d + MX_MSEC(500), "it fires at its time, not before");
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "POLLIN");
	mx_object_get_info(t, MX_INFO_TIMER, &info, sizeof(info), NULL, NULL);
	ok(info.deadline == 0, "then it is idle");
	mx_timer_set(t, mx_deadline_after(MX_MSEC(5)), 0);
	d = mx_deadline_after(MX_MSEC(40));
	mx_timer_set(t, d, 0);
	at = fired_at(t);
	ok(at >= d, "set again: the later deadline counts");
	mx_timer_set(t, mx_deadline_after(MX_MSEC(10)), 0);
	mx_timer_cancel(t);
	mx_nanosleep(mx_deadline_after(MX_MSEC(30)));
	ok(!signaled(t), "canceled: it does not fire");
	is_int(mx_timer_set(t, MX_TIME_INFINITE, MX_MSEC(5)), MX_OK, "never");
	ok(!signaled(t), "is not now");
	mx_timer_set(t, mx_deadline_after(MX_SEC(100)), 0);
	is_int(mx_handle_close(t), MX_OK, "the last close of an armed one");
}

/* A timer with slack fires with one that is in its window, one that is alone at its own time. */
static void
slack(void)
{
	static const struct {
		uint32_t option;
		int other, joins;	/* ms beside the deadline */
		const char *what;
	} rows[] = {
		{ MX_TIMER_SLACK_CENTER, -20, 1, "CENTER: one before" }, { MX_TIMER_SLACK_CENTER, 20, 1, "CENTER: one after" },
		{ MX_TIMER_SLACK_CENTER, 60, 0, "CENTER: one outside" }, { MX_TIMER_SLACK_EARLY, -20, 1, "EARLY: one before" },
		{ MX_TIMER_SLACK_EARLY, 20, 0, "EARLY: one after" }, { MX_TIMER_SLACK_LATE, 20, 1, "LATE: one after" },
		{ MX_TIMER_SLACK_LATE, -20, 0, "LATE: one before" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mx_handle_t t, other;
		mx_time_t d = mx_deadline_after(MX_MSEC(100)), at;

		mx_timer_create(rows[i].option, MX_CLOCK_MONOTONIC, &t);
		mx_timer_create(0, MX_CLOCK_MONOTONIC, &other);
		mx_timer_set(other, d + MX_MSEC(rows[i].other), 0);
		mx_timer_set(t, d, MX_MSEC(40));
		mx_object_wait_one(t, MX_TIMER_SIGNALED, MX_TIME_INFINITE, NULL);
		at = mx_clock_get_monotonic();
		if (rows[i].joins)
			ok(signaled(other) && at >= d + MX_MSEC(rows[i].other), "%s: they fire together", rows[i].what);
		else
			ok(at >= d && signaled(other) == (rows[i].other < 0), "%s: it fires at its own time", rows[i].what);
		mx_handle_close(t), mx_handle_close(other);
	}
}

/* The farthest window there is, beside a timer outside of it. */
static void
far_past(void)
{
	mx_handle_t t, other;

	mx_timer_create(MX_TIMER_SLACK_CENTER, MX_CLOCK_MONOTONIC, &t);
	mx_timer_create(0, MX_CLOCK_MONOTONIC, &other);
	mx_timer_set(other, mx_deadline_after(MX_SEC(50)), 0);
	is_int(mx_timer_set(t, INT64_MIN, INT64_MAX), MX_OK, "as long ago as can be said, with all the slack");
	ok(signaled(t) && !signaled(other), "has fired, and nothing with it");
	mx_handle_close(t), mx_handle_close(other);
}

/* Set and set again against expiry: never early, nothing lost. */
static void
races(void)
{
	mx_handle_t t;
	int early = 0, i;

	mx_timer_create(0, MX_CLOCK_MONOTONIC, &t);
	for (i = 0; i < 2000; i++) {
		mx_time_t d = mx_deadline_after(MX_USEC(i % 40));

		mx_timer_set(t, d, 0);
		if (i % 3 == 0)
			mx_timer_set(t, d = mx_deadline_after(MX_USEC(i % 23)), 0);
		if (i % 7 == 0)
			mx_timer_cancel(t);
		else if (fired_at(t) < d)
			early++;
	}
	is_int(early, 0, "2000 rounds of set, set again, cancel: never early");
	mx_handle_close(t);
}

static void
on_port(void)
{
	mx_port_packet_t k;
	mx_handle_t t, port;

	mx_timer_create(0, MX_CLOCK_MONOTONIC, &t);
	mx_port_create(0, &port);
	is_int(mx_object_wait_async(t, port, 5, MX_TIMER_SIGNALED, MX_WAIT_ASYNC_ONCE), MX_OK, "a timer on a port");
	mx_timer_set(t, mx_deadline_after(MX_MSEC(10)), 0);
	is_int(mx_port_wait(port, mx_deadline_after(MX_SEC(5)), &k), MX_OK, "its packet");
	ok(k.key == 5 && (k.signal.observed & MX_TIMER_SIGNALED), "comes");
	mx_handle_close(t), mx_handle_close(port);
}

static volatile sig_atomic_t alarms;

static void
on_alarm(int sig)
{
	alarms++;
}

static void
time_calls(void)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
	mx_time_t a, b, d;

	is_int(mx_clock_get(MX_CLOCK_MONOTONIC, &a), MX_OK, "the monotonic clock");
	b = mx_clock_get_monotonic();
	ok(b >= a && b - a < MX_SEC(5), "both ways");
	is_int(mx_clock_get(MX_CLOCK_UTC, &a), MX_OK, "the clock of the world");
	ok(a > MX_SEC(1577836800ll), "after 2020");
	is_int(mx_clock_get(MX_CLOCK_THREAD, &a), MX_OK, "the thread's");
	for (volatile int i = 0; i < 1000000; i++)
		;
	mx_clock_get(MX_CLOCK_THREAD, &b);
	ok(b > a, "goes on");
	is_int(mx_clock_get(3, &a), MX_ERR_INVALID_ARGS, "no such clock");
	is_int(mx_clock_get(0, (mx_time_t *)24), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_nanosleep(0), MX_OK, "sleep until 0 is a yield");
	is_int(mx_nanosleep(-5), MX_OK, "so is one until before");
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	d = mx_deadline_after(MX_MSEC(60));
	is_int(mx_nanosleep(d), MX_OK, "signals do not end a native sleep");
	setitimer(ITIMER_REAL, &never, NULL);
	ok(mx_clock_get_monotonic() >= d && alarms > 2, "it lasts to its deadline, handlers run meanwhile");
	is_int(mx_cprng_add_entropy("abc", 3), MX_OK, "add entropy");
	is_int(mx_cprng_add_entropy("", 0), MX_OK, "none");
	is_int(mx_cprng_add_entropy(&often, 257), MX_ERR_INVALID_ARGS, "too much");
	is_int(mx_cprng_add_entropy((void *)16, 8), MX_ERR_INVALID_ARGS, "from a bad address");
}

int
main(void)
{
	errors();
	deadlines();
	slack();
	far_past();
	races();
	on_port();
	time_calls();
	return tap_done();
}
