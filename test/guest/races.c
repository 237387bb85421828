/*
 * Races whose outcome is stated: a close against a wait, a call, a cancel; the end of a writer against its
 * readers.  Each round has one of the stated results and leaves nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/socket.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include "rnd.h"
#include "tap.h"

#define ROUNDS	2000

static void
dally(uint32_t n)
{
	for (uint32_t i = rnd(n); i > 0; i--)
		sched_yield();
}

/* --- the handle under a wait --- */

static mx_handle_t target, port, other;
static int how;
static mx_status_t said;
static mx_signals_t seen;

static void *
waits(void *arg)
{
	mx_wait_item_t items[2] = { { other, MX_EVENT_SIGNALED, 0 }, { target, MX_USER_SIGNAL_0, 0 } };
	mx_channel_call_args_t args = { .wr_bytes = "request", .wr_num_bytes = 7 };
	uint32_t a, b;

	seen = 0;
	if (how == 0) {
		said = mx_object_wait_one(target, MX_USER_SIGNAL_0, MX_TIME_INFINITE, &seen);
	} else if (how == 1) {
		said = mx_object_wait_many(items, 2, MX_TIME_INFINITE);
		seen = items[1].pending;
	} else {
		said = mx_channel_call(target, 0, MX_TIME_INFINITE, &args, &a, &b);
		seen = said == MX_ERR_CANCELED ? MX_SIGNAL_HANDLE_CLOSED : 0;
	}
	return NULL;
}

/* The slot goes at some moment: before the wait it is BAD_HANDLE, during it CANCELED, never anything else. */
static void
closes(void)
{
	int early = 0, during = 0, wrong = 0;

	mx_event_create(0, &other);
	for (int i = 0; i < ROUNDS; i++) {
		mx_handle_t peer, moved;
		pthread_t t;

		how = i % 3;
		mx_channel_create(0, &target, &peer);
		pthread_create(&t, NULL, waits, NULL);
		dally(4);
		if (rnd(2) == 0)
			mx_handle_close(target);
		else if (mx_handle_replace(target, MX_RIGHT_SAME_RIGHTS, &moved) == MX_OK)
			mx_handle_close(moved);
		pthread_join(t, NULL);
		if (said == MX_ERR_BAD_HANDLE)
			early++;
		else if (said == MX_ERR_CANCELED && (seen & MX_SIGNAL_HANDLE_CLOSED))
			during++;
		else
			wrong++;
		mx_handle_close(peer);
	}
	mx_handle_close(other);
	is_int(wrong, 0, "a handle that goes under a wait");
	ok(during > 0, "%d waits were under way, %d not yet", during, early);
}

/* --- a signal against a cancel --- */

static void *
signals(void *arg)
{
	dally(3);
	mx_object_signal(target, 0, MX_EVENT_SIGNALED);
	return NULL;
}

/* After a cancel that found something no packet comes; with one that was taken there is nothing to cancel. */
static void
cancels(void)
{
	int wrong = 0, took = 0, cancelled = 0;

	mx_port_create(0, &port);
	for (int i = 0; i < ROUNDS; i++) {
		mx_port_packet_t k;
		mx_status_t taken, status;
		pthread_t t;

		mx_event_create(0, &target);
		mx_object_wait_async(target, port, 7, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_ONCE);
		pthread_create(&t, NULL, signals, NULL);
		dally(4);
		taken = rnd(2) == 0 ? mx_port_wait(port, 0, &k) : MX_ERR_TIMED_OUT;
		status = mx_port_cancel(port, target, 7);
		wrong += (taken == MX_OK) != (status == MX_ERR_NOT_FOUND) || (status != MX_OK && status != MX_ERR_NOT_FOUND);
		took += taken == MX_OK;
		cancelled += status == MX_OK;
		pthread_join(t, NULL);
		wrong += mx_port_wait(port, 0, &k) != MX_ERR_TIMED_OUT;
		mx_handle_close(target);
	}
	mx_handle_close(port);
	is_int(wrong, 0, "a packet is taken or cancelled, once");
	ok(took > 0 && cancelled > 0, "%d were taken, %d cancelled", took, cancelled);
}

/* --- readers against the end of a writer --- */

enum { CHANNEL, SOCKET, FIFO, UNIX, NKINDS };
static const char *const names[] = { "channel", "socket", "fifo", "unix socket" };

static void
pair(int what, mx_handle_t h[2])
{
	int s[2];

	if (what == CHANNEL) {
		mx_channel_create(0, &h[0], &h[1]);
	} else if (what == SOCKET) {
		mx_socket_create(MX_SOCKET_DATAGRAM, &h[0], &h[1]);
	} else if (what == FIFO) {
		mx_fifo_create(64, 8, 0, &h[0], &h[1]);
	} else {
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
		h[0] = mx_fd_handle(s[0]), h[1] = mx_fd_handle(s[1]);
	}
}

/* Eight bytes by the call of the kind, or by write(). */
static int
put(int what, mx_handle_t h, uint64_t v, int posix)
{
	size_t n;

	if (posix || what == UNIX)
		return write(mx_handle_fd(h), &v, 8) == 8;
	if (what == CHANNEL)
		return mx_channel_write(h, 0, &v, 8, NULL, 0) == MX_OK;
	if (what == SOCKET)
		return mx_socket_write(h, 0, &v, 8, &n) == MX_OK;
	return mx_fifo_write(h, 8, &v, 1, &n) == MX_OK;
}

struct reader {
	mx_handle_t h;
	int what, posix;
	uint64_t sum, n;
	int wrong;
};

static mx_status_t
get(struct reader *r, uint64_t *v)
{
	size_t n;

	if (r->what == CHANNEL)
		return mx_channel_read(r->h, 0, v, NULL, 8, 0, NULL, NULL);
	if (r->what == SOCKET)
		return mx_socket_read(r->h, 0, v, 8, &n);
	return mx_fifo_read(r->h, 8, v, 1, &n);
}

static void *
reads(void *arg)
{
	struct reader *r = arg;
	uint64_t v;

	for (;;) {
		if (r->posix) {
			ssize_t n = read(mx_handle_fd(r->h), &v, 8);

			if (n == 0)
				return NULL;
			r->wrong += n != 8;
		} else {
			mx_status_t status = get(r, &v);

			if (status == MX_ERR_PEER_CLOSED)
				return NULL;
			if (status == MX_ERR_SHOULD_WAIT) {
				status = mx_object_wait_one(r->h, MX_SIGNAL_READABLE | MX_SIGNAL_PEER_CLOSED, MX_TIME_INFINITE, NULL);
				r->wrong += status != MX_OK;
				continue;
			}
			r->wrong += status != MX_OK;
		}
		r->sum += v;
		r->n++;
		if (rnd(4) == 0)
			sched_yield();
	}
}

/* Two readers, one of each face; what was written arrives, once, and then both see the end. */
static void
ends(int what)
{
	int wrong = 0;

	for (int i = 0; i < ROUNDS / 8; i++) {
		uint64_t sum = 0, n = rnd(60);
		struct reader r[2];
		mx_handle_t h[2];
		pthread_t t[2];

		pair(what, h);
		for (int k = 0; k < 2; k++) {
			r[k] = (struct reader){ .h = h[1], .what = what, .posix = k == 1 || what == UNIX };
			pthread_create(&t[k], NULL, reads, &r[k]);
		}
		for (uint64_t v = 1; v <= n; v++) {
			wrong += !put(what, h[0], v, rnd(2) == 0);
			sum += v;
			if (rnd(8) == 0)
				sched_yield();
		}
		mx_handle_close(h[0]);
		pthread_join(t[0], NULL), pthread_join(t[1], NULL);
		wrong += r[0].sum + r[1].sum != sum || r[0].n + r[1].n != n || r[0].wrong != 0 || r[1].wrong != 0;
		mx_handle_close(h[1]);
	}
	ok(wrong == 0, "%s: two readers get all, once, and the end", names[what]);
}

int
main(void)
{
	closes();
	cancels();
	for (int what = 0; what < NKINDS; what++)
		ends(what);
	return tap_done();
}
