/* The native library: handles, events, ports, and descriptors by both names. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <mx/fd.h>
#include <mx/status.h>
#include <mx/syscalls.h>
#include "tap.h"

static void
events(void)
{
	mx_handle_t e, d, weak;
	mx_signals_t seen = 0;

	is_int(mx_event_create(0, &e), MX_OK, "event_create");
	is_int(mx_event_create(1, &d), MX_ERR_INVALID_ARGS, "event_create with an unknown option");
	ok((e & 0x3ffff) > 65536 && e >> 31 == 0, "the handle is from the native range");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, &seen), MX_ERR_TIMED_OUT, "wait_one without waiting");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, mx_deadline_after(MX_MSEC(20)), &seen), MX_ERR_TIMED_OUT,
	    "wait_one times out");
	is_int(mx_object_signal(e, 0, MX_EVENT_SIGNALED | MX_USER_SIGNAL_2), MX_OK, "signal");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, MX_TIME_INFINITE, &seen), MX_OK, "wait_one");
	ok((seen & (MX_EVENT_SIGNALED | MX_USER_SIGNAL_2)) == (MX_EVENT_SIGNALED | MX_USER_SIGNAL_2), "observed");
	is_int(mx_handle_duplicate(e, MX_RIGHT_SAME_RIGHTS, &d), MX_OK, "duplicate");
	is_int(mx_object_signal(d, MX_EVENT_SIGNALED, 0), MX_OK, "clear through the duplicate");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, NULL), MX_ERR_TIMED_OUT, "it is one object");
	is_int(mx_handle_replace(d, MX_RIGHT_WAIT, &weak), MX_OK, "replace with fewer rights");
	is_int(mx_object_signal(weak, 0, MX_USER_SIGNAL_0), MX_ERR_ACCESS_DENIED, "a missing right is refused");
	is_int(mx_object_signal(d, 0, MX_USER_SIGNAL_0), MX_ERR_BAD_HANDLE, "the replaced handle is gone");
	is_int(mx_handle_duplicate(weak, MX_RIGHT_SAME_RIGHTS, &d), MX_ERR_ACCESS_DENIED, "no DUPLICATE, no duplicate");
	is_int(mx_port_queue(e, &(mx_port_packet_t){ .type = MX_PKT_TYPE_USER }), MX_ERR_WRONG_TYPE, "an event is no port");
	is_int(mx_handle_close(weak), MX_OK, "close");
	is_int(mx_handle_close(weak), MX_ERR_BAD_HANDLE, "close again");
	is_int(mx_handle_close(e), MX_OK, "close the other");
}

static void
close_many(void)
{
	mx_handle_t h[200], extra;

	for (int i = 0; i < 200; i++)
		mx_event_create(0, &h[i]);
	is_int(mx_handle_close_many(h, 3), MX_OK, "close_many");
	is_int(mx_object_signal(h[2], 0, MX_EVENT_SIGNALED), MX_ERR_BAD_HANDLE, "they are closed");
	is_int(mx_handle_close_many(h, 200), MX_ERR_BAD_HANDLE, "some were closed before");
	is_int(mx_object_signal(h[199], 0, MX_EVENT_SIGNALED), MX_ERR_BAD_HANDLE, "the rest is closed all the same");
	mx_event_create(0, &h[0]);
	h[1] = MX_HANDLE_INVALID;
	h[2] = h[0];
	is_int(mx_handle_close_many(h, 2), MX_OK, "MX_HANDLE_INVALID is no error");
	mx_event_create(0, &h[0]);
	h[2] = h[0];
	is_int(mx_handle_close_many(h, 3), MX_ERR_BAD_HANDLE, "the same twice is");
	is_int(mx_handle_close_many(NULL, 0), MX_OK, "none");
	is_int(mx_handle_close_many(NULL, 1), MX_ERR_INVALID_ARGS, "a bad pointer");
	is_int(mx_handle_close_many(h, 1u << 30), MX_ERR_INVALID_ARGS, "more than there can be");
	mx_event_create(0, &extra);
	is_int(mx_handle_replace(extra, MX_RIGHT_READ, &h[0]), MX_ERR_INVALID_ARGS, "replace with a right it lacks");
	is_int(mx_handle_close(extra), MX_ERR_BAD_HANDLE, "consumes all the same");
	mx_event_create(0, &extra);
	is_int(mx_handle_replace(extra, MX_RIGHT_SAME_RIGHTS, (mx_handle_t *)8), MX_ERR_INVALID_ARGS, "replace to nowhere");
	is_int(mx_handle_close(extra), MX_ERR_BAD_HANDLE, "consumes too");
	is_int(mx_handle_replace(MX_HANDLE_INVALID, MX_RIGHT_SAME_RIGHTS, &h[0]), MX_ERR_BAD_HANDLE, "replace of none");
}

static void
ports(void)
{
	mx_port_packet_t p = { .key = 7, .type = MX_PKT_TYPE_USER, .user = { .u64 = { 1, 2, 3, 4 } } }, got;
	mx_handle_t port, e;

	is_int(mx_port_create(0, &port), MX_OK, "port_create");
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "an empty port");
	is_int(mx_port_queue(port, &p), MX_OK, "port_queue");
	is_int(mx_port_wait(port, MX_TIME_INFINITE, &got), MX_OK, "port_wait");
	ok(got.key == 7 && got.type == MX_PKT_TYPE_USER && got.user.u64[3] == 4, "the packet is the one queued");
	mx_event_create(0, &e);
	is_int(mx_object_wait_async(e, port, 9, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_ONCE), MX_OK, "wait_async");
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "nothing yet");
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	is_int(mx_port_wait(port, mx_deadline_after(MX_SEC(5)), &got), MX_OK, "the signal makes a packet");
	ok(got.key == 9 && got.type == MX_PKT_TYPE_SIGNAL_ONE && (got.signal.observed & MX_EVENT_SIGNALED) &&
	    got.signal.trigger == MX_EVENT_SIGNALED && got.signal.count == 1, "it says what happened");
	mx_object_signal(e, MX_EVENT_SIGNALED, 0);
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "once is once");
	mx_object_signal(e, MX_EVENT_SIGNALED, 0);
	is_int(mx_port_bind(port, 11, e, MX_EVENT_SIGNALED), MX_OK, "port_bind");
	for (int i = 0; i < 3; i++) {
		mx_object_signal(e, 0, MX_EVENT_SIGNALED);
		mx_object_signal(e, MX_EVENT_SIGNALED, 0);
	}
	is_int(mx_port_wait(port, 0, &got), MX_OK, "a repeating packet");
	ok(got.key == 11 && got.signal.count == 3, "three changes fold into one packet");
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "and no second");
	is_int(mx_port_cancel(port, e, 11), MX_OK, "port_cancel");
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "canceled");
	is_int(mx_port_cancel(port, e, 11), MX_ERR_NOT_FOUND, "cancel again");
	mx_handle_close_many((mx_handle_t[]){ e, MX_HANDLE_INVALID, port }, 3);
}

static void
bridge(void)
{
	mx_wait_item_t items[2];
	mx_handle_t h, e;
	int fds[2], fd;
	struct pollfd p;
	char c = 'x';

	pipe(fds);
	h = mx_fd_handle(fds[0]);
	ok(h != MX_HANDLE_INVALID && mx_handle_fd(h) == fds[0], "a descriptor's handle and back");
	is_int(mx_object_wait_one(h, MX_SIGNAL_READABLE, 0, NULL), MX_ERR_TIMED_OUT, "an empty pipe is not readable");
	write(fds[1], &c, 1);
	is_int(mx_object_wait_one(h, MX_SIGNAL_READABLE, MX_TIME_INFINITE, NULL), MX_OK, "a native wait on a pipe");
	mx_event_create(0, &e);
	items[0] = (mx_wait_item_t){ e, MX_EVENT_SIGNALED, 0 };
	items[1] = (mx_wait_item_t){ h, MX_SIGNAL_READABLE, 0 };
	is_int(mx_object_wait_many(items, 2, MX_TIME_INFINITE), MX_OK, "wait_many over both kinds");
	ok(!(items[0].pending & MX_EVENT_SIGNALED) && (items[1].pending & MX_SIGNAL_READABLE), "pending says which");
	fd = mx_handle_fd(e);
	ok(fd >= 65536, "an event has a descriptor number");
	p = (struct pollfd){ fd, POLLIN, 0 };
	is_int(poll(&p, 1, 0), 0, "poll of an event");
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	ok(poll(&p, 1, -1) == 1 && p.revents == POLLIN, "poll of a signaled event");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "native slots close on exec");
	is_int(close(fd), 0, "close of a handle's number");
	is_int(mx_handle_close(e), MX_ERR_BAD_HANDLE, "then the handle is stale");
	fails(mx_handle_fd(e), EBADF, "and has no number");
	close(fds[0]);
	is_int(mx_fd_handle(fds[0]), MX_HANDLE_INVALID, "a closed descriptor has no handle");
	close(fds[1]);
}

static void
statuses(void)
{
	mx_time_t before = mx_clock_get_monotonic();

	ok(strcmp(mx_status_get_string(MX_ERR_SHOULD_WAIT), "MX_ERR_SHOULD_WAIT") == 0, "status_get_string");
	is_int(mx_status_to_errno(MX_ERR_PEER_CLOSED), EPIPE, "status_to_errno");
	is_int(mx_errno_to_status(EPERM), MX_ERR_ACCESS_DENIED, "errno_to_status");
	mx_nanosleep(mx_deadline_after(MX_MSEC(10)));
	ok(mx_clock_get_monotonic() - before >= MX_MSEC(10), "nanosleep");
	ok(mx_deadline_after(MX_TIME_INFINITE) == MX_TIME_INFINITE, "a deadline does not overflow");
}

int
main(void)
{
	events();
	close_many();
	ports();
	bridge();
	statuses();
	return tap_done();
}
