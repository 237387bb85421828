/*
 * Every refusal of the calls on channels, sockets, fifos, events, ports, timers, waits, clocks and traces,
 * and their order: options, policy, handles one by one, memory, state.  refuse.h says how.
 */
#include <pthread.h>
#include "refuse.h"

static char buf[70000];
static uint32_t opt, n32, m32;
static size_t n;
static mx_handle_t h, out[2];
static mx_signals_t seen;

/* --- making --- */

static void
create(void)
{
	OPTION_ARG(opt, mx_event_create(opt, BAD), 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_event_create(0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_event_create(0, NULL));
	NO_SLOTS(mx_event_create(0, out), 1);

	OPTION_ARG(opt, mx_eventpair_create(opt, BAD, BAD), 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_eventpair_create(0, BAD, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_eventpair_create(0, out, BAD));
	NO_SLOTS(mx_eventpair_create(0, out, out + 1), 2);

	OPTION_ARG(opt, mx_channel_create(opt, BAD, BAD), MX_CHANNEL_DUPLICABLE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_create(0, BAD, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_create(0, out, BAD));
	NO_SLOTS(mx_channel_create(0, out, out + 1), 2);

	OPTION_ARG(opt, mx_socket_create(opt, BAD, BAD), MX_SOCKET_DATAGRAM);
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_create(0, BAD, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_create(0, out, BAD));
	NO_SLOTS(mx_socket_create(0, out, out + 1), 2);

	OPTION_ARG(opt, mx_fifo_create(3, 0, opt, BAD, BAD), 0);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create(0, 8, 0, BAD, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create(8, 0, 0, BAD, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create(3, 8, 0, BAD, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create(1024, 5, 0, BAD, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create((size_t)1 << 63, 2, 0, BAD, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_create(2, SIZE_MAX, 0, BAD, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_create(4, 8, 0, BAD, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_create(4, 8, 0, out, BAD));
	NO_SLOTS(mx_fifo_create(4, 8, 0, out, out + 1), 2);

	OPTION_ARG(opt, mx_port_create(opt, BAD), 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_port_create(0, BAD));
	NO_SLOTS(mx_port_create(0, out), 1);

	OPTION_ARG(opt, mx_timer_create(opt, 99, BAD), 3);
	REFUSED(MX_ERR_INVALID_ARGS, mx_timer_create(3, MX_CLOCK_MONOTONIC, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_timer_create(0, MX_CLOCK_UTC, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_timer_create(0, MX_CLOCK_MONOTONIC, BAD));
	NO_SLOTS(mx_timer_create(0, MX_CLOCK_MONOTONIC, out), 1);

	OPTION_ARG(opt, mx_trace_create(opt, BAD), 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_trace_create(0, BAD));
	NO_SLOTS(mx_trace_create(0, out), 1);
}

/* --- channels --- */

static void
channel_read(void)
{
	mx_handle_t a, b, e[3], got[3];
	mx_handle_info_t info[3];

	OPTION_ARG(opt, mx_channel_read(stale, opt, BAD, BAD, 1, 1, BAD, BAD), MX_CHANNEL_READ_MAY_DISCARD);
	HANDLE_ARG(h, mx_channel_read(h, 0, BAD, BAD, 1, 1, BAD, BAD), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_READ);
	OPTION_ARG(opt, mx_channel_read_etc(stale, opt, BAD, BAD, 1, 1, BAD, BAD), MX_CHANNEL_READ_MAY_DISCARD);
	HANDLE_ARG(h, mx_channel_read_etc(h, 0, BAD, BAD, 1, 1, BAD, BAD), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_READ);

	mx_channel_create(0, &a, &b);
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_read(b, 0, BAD, BAD, 9, 9, BAD, BAD));
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_read_etc(b, 0, BAD, BAD, 9, 9, BAD, BAD));
	for (int i = 0; i < 3; i++)
		e[i] = event();
	is_int(mx_channel_write(a, 0, "12345", 5, e, 3), MX_OK, "a message of 5 bytes and 3 handles");
	n32 = m32 = 0;
	REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_channel_read(b, 0, BAD, BAD, 4, 3, &n32, &m32));
	ok(n32 == 5 && m32 == 3, "says what it needs");
	REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_channel_read(b, 0, BAD, BAD, 5, 2, NULL, NULL));
	REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_channel_read_etc(b, 0, BAD, BAD, 4, 3, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, buf, got, 4, 3, BAD, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, buf, got, 4, 3, NULL, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, BAD, got, 5, 3, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, buf, BAD, 5, 3, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, buf, got, 5, 3, BAD, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read(b, 0, buf, got, 5, 3, NULL, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read_etc(b, 0, BAD, info, 5, 3, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read_etc(b, 0, buf, BAD, 5, 3, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read_etc(b, 0, buf, info, 5, 3, BAD, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_read_etc(b, 0, buf, info, 5, 3, NULL, BAD));
	NO_SLOTS(mx_channel_read(b, 0, buf, got, 5, 3, NULL, NULL), 3);
	NO_SLOTS(mx_channel_read_etc(b, 0, buf, info, 5, 3, NULL, NULL), 3);
	mx_handle_close(a);
	is_int(mx_channel_read_etc(b, 0, buf, info, 5, 3, &n32, &m32), MX_OK, "the message stayed whole through all that");
	ok(n32 == 5 && m32 == 3 && memcmp(buf, "12345", 5) == 0 && info[2].type == MX_OBJ_TYPE_EVENT, "it is that");
	for (int i = 0; i < 3; i++)
		mx_handle_close(info[i].handle);
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_read(b, 0, BAD, BAD, 9, 9, BAD, BAD));
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_read_etc(b, 0, BAD, BAD, 9, 9, BAD, BAD));
	mx_handle_close(b);
}

/* One handle, moved, of any type. */
static mx_handle_disposition_t
moved(mx_handle_t e)
{
	return (mx_handle_disposition_t){ MX_HANDLE_OP_MOVE, e, MX_OBJ_TYPE_NONE, MX_RIGHT_SAME_RIGHTS, 0 };
}

static void
channel_write(void)
{
	mx_channel_iovec_t v[2] = { { buf, 65536, 0 }, { buf, 1, 0 } };
	mx_handle_disposition_t d[2];
	mx_handle_t a, b, e;
	uint64_t limit = 1;

	OPTION_ARG(opt, mx_channel_write(stale, opt, BAD, 70000, BAD, 1), MX_CHANNEL_WRITE_USE_IOVEC);
	HANDLE_ARG(h, mx_channel_write(h, 0, BAD, 70000, BAD, 1), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_WRITE);
	HANDLE_ARG(h, mx_channel_write(h, 0, BAD, 70000, NULL, 0), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_WRITE);
	OPTION_ARG(opt, mx_channel_write_etc(stale, opt, BAD, 70000, BAD, 1), MX_CHANNEL_WRITE_USE_IOVEC);
	HANDLE_ARG(h, mx_channel_write_etc(h, 0, BAD, 70000, BAD, 1), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_WRITE);

	mx_channel_create(0, &a, &b);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write(a, 0, BAD, 65537, NULL, 0));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write(a, 0, BAD, 1, BAD, 1025));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, BAD, 8193, NULL, 0));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 2, NULL, 0));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write_etc(a, 0, BAD, 65537, NULL, 0));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_write_etc(a, 0, BAD, 1, BAD, 1025));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write(a, 0, BAD, 1, NULL, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write(a, 0, buf, 1, BAD, 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, BAD, 1, NULL, 0));
	v[0] = (mx_channel_iovec_t){ BAD, 1, 0 };
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 1, NULL, 0));
	v[0] = (mx_channel_iovec_t){ buf, 1, 1 };
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 1, NULL, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write_etc(a, 0, BAD, 1, d, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write_etc(a, 0, buf, 1, BAD, 1));

	/* The handles of a message: in order, the first that is wrong is the status; all are consumed. */
	HANDLE_BAD(e, mx_channel_write(a, 0, buf, 1, &e, 1));
	HANDLE_BAD(e, (d[0] = moved(e), mx_channel_write_etc(a, 0, buf, 1, d, 1)));
	e = without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_TRANSFER);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_write(a, 0, buf, 1, &e, 1));
	is_int(alive(e), 0, "consumed");
	e = without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_TRANSFER);
	d[0] = moved(e), d[1] = moved(stale);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_write_etc(a, 0, buf, 1, d, 2));
	ok(d[0].result == MX_ERR_ACCESS_DENIED && d[1].result == MX_ERR_BAD_HANDLE && !alive(e), "each has its result");
	d[0] = moved(event()), d[0].type = MX_OBJ_TYPE_PORT, d[0].rights = MX_RIGHT_READ;
	REFUSED(MX_ERR_WRONG_TYPE, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	d[0] = moved(without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_TRANSFER)), d[0].type = MX_OBJ_TYPE_PORT;
	REFUSED(MX_ERR_WRONG_TYPE, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	d[0] = moved(without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_TRANSFER)), d[0].rights = MX_RIGHT_READ;
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	d[0] = moved(event()), d[0].rights = MX_RIGHT_READ;
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	d[0] = moved(event()), d[0].operation = 2;
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	mx_handle_close(d[0].handle);
	e = without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_DUPLICATE);
	d[0] = moved(e), d[0].operation = MX_HANDLE_OP_DUPLICATE;
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	is_int(mx_handle_close(e), MX_OK, "one that was to be duplicated stays");

	/* SHOULD_WAIT comes before the handles are looked at, for it must leave them. */
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	is_int(mx_channel_write(a, 0, buf, 1, NULL, 0), MX_OK, "a message fills the queue");
	e = event();
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_write(a, 0, buf, 1, &e, 1));
	d[0] = moved(e), d[1] = moved(stale);
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_write_etc(a, 0, buf, 1, d, 2));
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_write_etc(a, 0, buf, 1, d, 0));
	ok(alive(e), "which stay");
	mx_handle_close(b);
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_write(a, 0, buf, 1, NULL, 0));
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	is_int(alive(e), 0, "consumed");
	mx_handle_close(a);

	mx_channel_create(0, &a, &b);
	e = a;
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_channel_write(a, 0, buf, 1, &e, 1));
	mx_handle_close(b);
	mx_channel_create(0, &a, &b);
	d[0] = moved(b);
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_channel_write_etc(a, 0, buf, 1, d, 1));
	mx_handle_close(a);
}

/* Replies to one request on an end: with nothing, or with bytes and handles; or closes the handle `victim'. */
static struct reply {
	mx_handle_t end, victim;
	uint32_t bytes, handles;
} reply;

static void *
replier(void *arg)
{
	mx_handle_t e[4];
	char text[64];
	uint32_t got = 0;

	if (mx_object_wait_one(reply.end, MX_CHANNEL_READABLE, MX_TIME_INFINITE, NULL) != MX_OK)
		return NULL;
	mx_channel_read(reply.end, 0, text, NULL, sizeof(text), 0, &got, NULL);
	if (reply.victim != MX_HANDLE_INVALID) {
		mx_handle_close(reply.victim);
		return NULL;
	}
	for (uint32_t i = 0; i < reply.handles; i++)
		e[i] = event();
	mx_channel_write(reply.end, 0, text, reply.bytes, e, reply.handles);
	return NULL;
}

static pthread_t
reply_with(struct reply r)
{
	pthread_t t;

	reply = r;
	pthread_create(&t, NULL, replier, NULL);
	return t;
}

static void
channel_call(void)
{
	char rd[16];
	mx_handle_t a, b, e, got[4];
	mx_channel_call_args_t args = { .wr_bytes = buf, .wr_num_bytes = 8, .rd_bytes = rd, .rd_num_bytes = 16,
		.rd_handles = got, .rd_num_handles = 4 }, bad = args;
	uint64_t limit = 1;
	pthread_t t;

	OPTION_ARG(opt, mx_channel_call(stale, opt, 0, BAD, BAD, BAD), MX_CHANNEL_WRITE_USE_IOVEC);
	HANDLE_ARG(h, mx_channel_call(h, 0, 0, BAD, BAD, BAD), MX_OBJ_TYPE_CHANNEL, MX_RIGHT_READ | MX_RIGHT_WRITE);

	mx_channel_create(0, &a, &b);
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_call(a, 0, 0, BAD, &n32, &m32));
	bad.wr_num_bytes = 3;
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	bad.wr_num_bytes = 65537, bad.wr_bytes = BAD;
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	bad.wr_num_bytes = 8;
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	bad.wr_bytes = buf, bad.wr_handles = BAD, bad.wr_num_handles = 1025;
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	bad.wr_num_handles = 1;
	REFUSED(MX_ERR_INVALID_ARGS, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	bad.wr_handles = &e;
	HANDLE_BAD(e, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	e = without(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_TRANSFER);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_call(a, 0, 0, &bad, &n32, &m32));
	is_int(mx_channel_read(b, 0, rd, NULL, 16, 0, NULL, NULL), MX_ERR_SHOULD_WAIT, "none of those was sent");

	REFUSED(MX_ERR_TIMED_OUT, mx_channel_call(a, 0, mx_deadline_after(MX_MSEC(10)), &args, &n32, &m32));
	mx_channel_read(b, 0, buf, NULL, 8, 0, NULL, NULL);
	t = reply_with((struct reply){ b, MX_HANDLE_INVALID, 17, 0 });
	REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32));
	is_int(n32, 17, "says how much it was");
	pthread_join(t, NULL);
	t = reply_with((struct reply){ b, MX_HANDLE_INVALID, 8, 3 });
	is_int(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32), MX_OK, "a reply with handles");
	pthread_join(t, NULL);
	mx_handle_close_many(got, m32);
	mx_handle_close(b);
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32));
	mx_handle_close(a);

	mx_channel_create(0, &a, &b);
	t = reply_with((struct reply){ b, a, 0, 0 });
	REFUSED(MX_ERR_CANCELED, mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32));
	pthread_join(t, NULL);
	mx_handle_close(b);
	mx_channel_create(0, &a, &b);
	t = reply_with((struct reply){ b, b, 0, 0 });
	REFUSED(MX_ERR_PEER_CLOSED, mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32));
	pthread_join(t, NULL);
	mx_handle_close(a);

	mx_channel_create(0, &a, &b);
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	mx_channel_write(a, 0, buf, 1, NULL, 0);
	e = event();
	REFUSED(MX_ERR_SHOULD_WAIT, mx_channel_call(a, 0, MX_TIME_INFINITE, &bad, &n32, &m32));
	is_int(mx_handle_close(e), MX_OK, "which leaves the handle");
	limit = 1000;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	e = b;
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_channel_call(a, 0, MX_TIME_INFINITE, &bad, &n32, &m32));
	mx_handle_close(a);
}

/* A reply that finds no slot is queued; the replier's handles come from before the limit. */
static mx_handle_t three[3];

static void *
three_back(void *arg)
{
	uint32_t id = 0;

	mx_object_wait_one(reply.end, MX_CHANNEL_READABLE, MX_TIME_INFINITE, NULL);
	mx_channel_read(reply.end, 0, &id, NULL, 4, 0, NULL, NULL);
	mx_channel_write(reply.end, 0, &id, 4, three, 3);
	return NULL;
}

static mx_status_t
call_for_three(mx_handle_t a, mx_handle_t b)
{
	char rd[16];
	mx_handle_t got[4];
	mx_channel_call_args_t args = { .wr_bytes = buf, .wr_num_bytes = 4, .rd_bytes = rd, .rd_num_bytes = 16,
		.rd_handles = got, .rd_num_handles = 4 };
	struct rlimit old, low;
	mx_status_t status;
	pthread_t t;

	for (int i = 0; i < 3; i++)
		three[i] = event();
	reply.end = b;
	getrlimit(RLIMIT_HANDLES, &old);
	low = old;
	low.rlim_cur = 2;		/* fewer than are in use: nothing new fits, the thread is there already */
	pthread_create(&t, NULL, three_back, NULL);
	setrlimit(RLIMIT_HANDLES, &low);
	REFUSED(MX_ERR_NO_RESOURCES, (status = mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &n32, &m32)));
	setrlimit(RLIMIT_HANDLES, &old);
	pthread_join(t, NULL);
	return status;
}

static void
channel_call_slots(void)
{
	mx_handle_t a, b, got[4];

	mx_channel_create(0, &a, &b);
	call_for_three(a, b);
	is_int(mx_channel_read(a, 0, buf, got, 16, 4, &n32, &m32), MX_OK, "the reply is in the queue");
	is_int(m32, 3, "with its handles");
	mx_handle_close_many(got, m32);
	mx_handle_close(a), mx_handle_close(b);
}

/* --- sockets --- */

static void
sockets(void)
{
	mx_handle_t a, b;

	OPTION_ARG(opt, mx_socket_write(stale, opt, BAD, 1, BAD), 0);
	HANDLE_ARG(h, mx_socket_write(h, 0, BAD, 1, BAD), MX_OBJ_TYPE_SOCKET, MX_RIGHT_WRITE);
	OPTION_ARG(opt, mx_socket_read(stale, opt, BAD, 1, BAD), MX_SOCKET_PEEK);
	HANDLE_ARG(h, mx_socket_read(h, 0, BAD, 1, BAD), MX_OBJ_TYPE_SOCKET, MX_RIGHT_READ);
	HANDLE_ARG(h, mx_socket_set_disposition(h, 3, 3), MX_OBJ_TYPE_SOCKET, MX_RIGHT_MANAGE_SOCKET);

	mx_socket_create(0, &a, &b);
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_write(a, 0, BAD, 1, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_write(a, 0, buf, 1, BAD));
	REFUSED(MX_ERR_SHOULD_WAIT, mx_socket_read(b, 0, BAD, 1, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_read(b, 0, NULL, 0, BAD));
	mx_socket_write(a, 0, "abc", 3, &n);
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_read(b, 0, BAD, 3, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_read(b, 0, buf, 3, BAD));
	ok(mx_socket_read(b, 0, buf, 9, &n) == MX_OK && n == 3, "only what was written well is there, whole");
	while (mx_socket_write(a, 0, buf, sizeof(buf), &n) == MX_OK)
		;
	REFUSED(MX_ERR_SHOULD_WAIT, mx_socket_write(a, 0, BAD, 1, &n));

	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_set_disposition(a, 3, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_set_disposition(a, 0, 3));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_set_disposition(a, 4, 0));
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_ENABLED, 0), MX_OK, "enabled is enabled");
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_DISABLED, 0), MX_OK, "disabled");
	REFUSED(MX_ERR_BAD_STATE, mx_socket_write(a, 0, BAD, 1, &n));
	REFUSED(MX_ERR_BAD_STATE, mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_ENABLED, 0));
	REFUSED(MX_ERR_BAD_STATE, mx_socket_set_disposition(b, MX_SOCKET_DISPOSITION_WRITE_DISABLED,
	    MX_SOCKET_DISPOSITION_WRITE_ENABLED));
	is_int(mx_socket_write(b, 0, buf, 1, &n), MX_OK, "of two dispositions none was made");
	while (mx_socket_read(b, 0, buf, sizeof(buf), &n) == MX_OK)
		;
	REFUSED(MX_ERR_BAD_STATE, mx_socket_read(b, 0, BAD, 1, &n));
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_ENABLED, 0), MX_OK, "enabled when all is read");
	mx_handle_close(b);
	REFUSED(MX_ERR_PEER_CLOSED, mx_socket_set_disposition(a, 0, MX_SOCKET_DISPOSITION_WRITE_DISABLED));
	REFUSED(MX_ERR_PEER_CLOSED, mx_socket_write(a, 0, BAD, 1, &n));
	mx_socket_read(a, 0, buf, 1, &n);
	REFUSED(MX_ERR_PEER_CLOSED, mx_socket_read(a, 0, BAD, 1, &n));
	mx_handle_close(a);

	mx_socket_create(MX_SOCKET_DATAGRAM, &a, &b);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_socket_write(a, 0, BAD, 262145, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_socket_write(a, 0, BAD, 8, &n));
	REFUSED(MX_ERR_SHOULD_WAIT, mx_socket_read(b, 0, BAD, 1, &n));
	mx_handle_close(a), mx_handle_close(b);
}

/* --- fifos --- */

static void
fifos(void)
{
	mx_handle_t a, b;

	HANDLE_ARG(h, mx_fifo_write(h, 7, BAD, 0, BAD), MX_OBJ_TYPE_FIFO, MX_RIGHT_WRITE);
	HANDLE_ARG(h, mx_fifo_read(h, 7, BAD, 0, BAD), MX_OBJ_TYPE_FIFO, MX_RIGHT_READ);
	mx_fifo_create(4, 8, 0, &a, &b);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_write(a, 7, BAD, 1, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_write(a, 8, BAD, 0, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_read(b, 7, BAD, 1, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_fifo_read(b, 8, BAD, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_write(a, 8, BAD, 1, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_write(a, 8, buf, 1, BAD));
	REFUSED(MX_ERR_SHOULD_WAIT, mx_fifo_read(b, 8, BAD, 1, &n));
	is_int(mx_fifo_write(a, 8, buf, 9, &n), MX_OK, "as many as fit");
	REFUSED(MX_ERR_SHOULD_WAIT, mx_fifo_write(a, 8, BAD, 1, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_read(b, 8, BAD, 1, &n));
	REFUSED(MX_ERR_INVALID_ARGS, mx_fifo_read(b, 8, buf, 1, BAD));
	mx_handle_close(a);
	ok(mx_fifo_read(b, 8, buf, 9, &n) == MX_OK && n == 4, "all four are there");
	REFUSED(MX_ERR_PEER_CLOSED, mx_fifo_read(b, 8, BAD, 1, &n));
	REFUSED(MX_ERR_PEER_CLOSED, mx_fifo_write(b, 8, BAD, 1, &n));
	mx_handle_close(b);
}

/* --- signals and waits --- */

static int
has_peer(mx_obj_type_t type)
{
	return type == MX_OBJ_TYPE_EVENTPAIR || type == MX_OBJ_TYPE_CHANNEL || type == MX_OBJ_TYPE_SOCKET ||
	    type == MX_OBJ_TYPE_FIFO;
}

/* Any kind is signaled that has the right; no other bits than programs' own. */
static void
signals(void)
{
	const uint32_t kernels = ~(MX_USER_SIGNAL_ALL | MX_EVENT_SIGNALED);

	HANDLE_BAD(h, mx_object_signal(h, kernels, kernels));
	HANDLE_BAD(h, mx_object_signal_peer(h, kernels, kernels));
	for (size_t i = 0; i < nkinds; i++) {
		int event_like = kinds[i].type == MX_OBJ_TYPE_EVENT || kinds[i].type == MX_OBJ_TYPE_EVENTPAIR;

		REFUSED(MX_ERR_ACCESS_DENIED, mx_object_signal(kinds[i].bare, kernels, kernels));
		if (kinds[i].rights & MX_RIGHT_SIGNAL) {
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_signal(kinds[i].h, MX_SIGNAL_READABLE, 0));
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_signal(kinds[i].h, 0, MX_SIGNAL_LAST_HANDLE));
			is_int(mx_object_signal(kinds[i].h, 0, MX_SIGNAL_SIGNALED),
			    event_like ? MX_OK : MX_ERR_INVALID_ARGS, "SIGNALED is a program's own of events only");
			is_int(mx_object_signal(kinds[i].h, MX_USER_SIGNAL_ALL, MX_USER_SIGNAL_3), MX_OK, "user signals are");
		} else {
			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_signal(kinds[i].h, 0, 0));
		}
		if (has_peer(kinds[i].type)) {
			mx_handle_t half = without(kinds[i].h, MX_RIGHT_SIGNAL_PEER);

			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_signal_peer(kinds[i].bare, kernels, kernels));
			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_signal_peer(half, 0, MX_USER_SIGNAL_0));
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_signal_peer(kinds[i].h, MX_SIGNAL_READABLE, 0));
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_signal_peer(kinds[i].h, 0, MX_SIGNAL_PEER_CLOSED));
			mx_handle_close(half);
		} else {
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_signal_peer(kinds[i].h, kernels, kernels));
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_signal_peer(kinds[i].bare, kernels, kernels));
		}
	}
	for (int i = 0; i < 4; i++) {
		mx_handle_t a, b;

		if (i == 0)
			mx_eventpair_create(0, &a, &b);
		else if (i == 1)
			mx_channel_create(0, &a, &b);
		else if (i == 2)
			mx_socket_create(0, &a, &b);
		else
			mx_fifo_create(4, 8, 0, &a, &b);
		mx_handle_close(b);
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_signal_peer(a, MX_SIGNAL_READABLE, 0));
		REFUSED(MX_ERR_PEER_CLOSED, mx_object_signal_peer(a, 0, MX_USER_SIGNAL_0));
		mx_handle_close(a);
	}
}

static int
waitable(mx_obj_type_t type)
{
	return type != MX_OBJ_TYPE_VMAR;
}

static mx_handle_t victim;

static void *
closes(void *arg)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(20)));
	mx_handle_close(victim);
	return NULL;
}

static pthread_t
close_later(void)
{
	pthread_t t;

	victim = event();
	pthread_create(&t, NULL, closes, NULL);
	return t;
}

static void
wait_one(void)
{
	pthread_t t;

	HANDLE_BAD(h, mx_object_wait_one(h, 0, 0, BAD));
	for (size_t i = 0; i < nkinds; i++) {
		if (waitable(kinds[i].type)) {
			mx_handle_t half = without(kinds[i].h, MX_RIGHT_WAIT);

			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_wait_one(kinds[i].bare, 0, 0, BAD));
			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_wait_one(half, 0, 0, BAD));
			REFUSED(MX_ERR_TIMED_OUT, mx_object_wait_one(kinds[i].h, 0, 0, &seen));
			mx_handle_close(half);
		} else {
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_one(kinds[i].h, 0, 0, BAD));
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_one(kinds[i].bare, 0, 0, BAD));
		}
	}
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_wait_one(kind(MX_OBJ_TYPE_EVENT), 0, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_wait_one(kind(MX_OBJ_TYPE_EVENT), 0, MX_TIME_INFINITE, (void *)-4096));
	t = close_later();
	REFUSED(MX_ERR_CANCELED, mx_object_wait_one(victim, MX_EVENT_SIGNALED, MX_TIME_INFINITE, &seen));
	ok(seen & MX_SIGNAL_HANDLE_CLOSED, "and says why");
	pthread_join(t, NULL);
}

static void
wait_many(void)
{
	mx_wait_item_t it[3] = { { kind(MX_OBJ_TYPE_EVENT), MX_USER_SIGNAL_7, 0 } };
	static mx_wait_item_t all[1025];
	pthread_t t;

	REFUSED(MX_ERR_OUT_OF_RANGE, mx_object_wait_many(BAD, 1025, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_wait_many(BAD, 1, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_wait_many(NULL, 1, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_wait_many(BAD, 1024, 0));
	REFUSED(MX_ERR_TIMED_OUT, mx_object_wait_many(NULL, 0, 0));
	REFUSED(MX_ERR_TIMED_OUT, mx_object_wait_many(it, 1, 0));
	for (int i = 0; i < 1024; i++)
		all[i] = it[0];
	REFUSED(MX_ERR_TIMED_OUT, mx_object_wait_many(all, 1024, mx_deadline_after(MX_MSEC(5))));
	HANDLE_BAD(it[1].handle, mx_object_wait_many(it, 2, 0));
	it[1].handle = kind(MX_OBJ_TYPE_VMAR), it[2].handle = stale;
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_many(it, 3, 0));
	it[1].handle = without(it[0].handle, MX_RIGHT_WAIT);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_wait_many(it, 3, 0));
	mx_handle_close(it[1].handle);
	it[1].handle = stale, it[2].handle = kind(MX_OBJ_TYPE_VMAR);
	REFUSED(MX_ERR_BAD_HANDLE, mx_object_wait_many(it, 3, 0));
	t = close_later();
	it[1] = (mx_wait_item_t){ victim, MX_EVENT_SIGNALED, 0 };
	REFUSED(MX_ERR_CANCELED, mx_object_wait_many(it, 2, MX_TIME_INFINITE));
	ok((it[1].pending & MX_SIGNAL_HANDLE_CLOSED) && !(it[0].pending & MX_SIGNAL_HANDLE_CLOSED), "and says whose");
	pthread_join(t, NULL);
}

/* --- ports --- */

/* The source is looked at before the port. */
static void
wait_async(void)
{
	mx_handle_t e = kind(MX_OBJ_TYPE_EVENT), port = kind(MX_OBJ_TYPE_PORT), p[5];

	OPTION_ARG(opt, mx_object_wait_async(stale, stale, 1, 0, opt), 7);
	HANDLE_BAD(h, mx_object_wait_async(h, kind(MX_OBJ_TYPE_EVENT), 1, 0, 0));
	for (size_t i = 0; i < nkinds; i++) {
		if (waitable(kinds[i].type)) {
			REFUSED(MX_ERR_ACCESS_DENIED, mx_object_wait_async(kinds[i].bare, stale, 1, 0, 0));
			REFUSED(MX_ERR_BAD_HANDLE, mx_object_wait_async(kinds[i].h, stale, 1, 0, 0));
		} else {
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_async(kinds[i].bare, stale, 1, 0, 0));
		}
	}
	HANDLE_ARG(h, mx_object_wait_async(e, h, 99, MX_USER_SIGNAL_7, 0), MX_OBJ_TYPE_PORT, MX_RIGHT_WRITE);
	is_int(mx_port_cancel(port, e, 99), MX_OK, "WRITE on the port is enough");
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_async(port, port, 1, MX_PORT_READABLE, 0));
	for (int i = 0; i < 5; i++)
		mx_port_create(0, &p[i]);
	for (int i = 0; i < 3; i++)
		mx_object_wait_async(p[i], p[i + 1], 1, MX_PORT_READABLE, 0);
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_async(p[3], p[4], 1, MX_PORT_READABLE, 0));
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_wait_async(p[3], p[0], 1, MX_PORT_READABLE, 0));
	for (int i = 0; i < 5; i++)
		mx_handle_close(p[i]);
}

static void
ports(void)
{
	mx_handle_t e = kind(MX_OBJ_TYPE_EVENT), port = kind(MX_OBJ_TYPE_PORT);
	mx_port_packet_t k = { .key = 1 };
	int full = 0;

	HANDLE_ARG(h, mx_port_queue(h, BAD), MX_OBJ_TYPE_PORT, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_port_queue(port, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_port_queue(port, NULL));
	HANDLE_ARG(h, mx_port_wait(h, 0, BAD), MX_OBJ_TYPE_PORT, MX_RIGHT_READ);
	REFUSED(MX_ERR_TIMED_OUT, mx_port_wait(port, 0, &k));
	while (mx_port_queue(port, &k) == MX_OK)
		full++;
	is_int(full, 2048, "2048 packets");
	REFUSED(MX_ERR_SHOULD_WAIT, mx_port_queue(port, &k));
	REFUSED(MX_ERR_INVALID_ARGS, mx_port_queue(port, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_port_wait(port, 0, BAD));
	while (mx_port_wait(port, 0, &k) == MX_OK)
		full--;
	is_int(full, 0, "which all come");

	HANDLE_ARG(h, mx_port_cancel(h, stale, 1), MX_OBJ_TYPE_PORT, MX_RIGHT_WRITE);
	HANDLE_BAD(h, mx_port_cancel(port, h, 1));
	for (size_t i = 0; i < nkinds; i++) {
		if (waitable(kinds[i].type)) {
			REFUSED(MX_ERR_ACCESS_DENIED, mx_port_cancel(port, kinds[i].bare, 1));
			REFUSED(MX_ERR_NOT_FOUND, mx_port_cancel(port, kinds[i].h, 1));
		} else {
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_port_cancel(port, kinds[i].bare, 1));
		}
	}
	is_int(mx_port_bind(port, 5, e, MX_USER_SIGNAL_5), MX_OK, "bind");
	REFUSED(MX_ERR_NOT_FOUND, mx_port_cancel(port, e, 6));
	is_int(mx_port_cancel(port, e, 5), MX_OK, "cancel");
	REFUSED(MX_ERR_NOT_FOUND, mx_port_cancel(port, e, 5));
	HANDLE_ARG(h, mx_port_bind(h, 99, e, MX_USER_SIGNAL_7), MX_OBJ_TYPE_PORT, MX_RIGHT_WRITE);
	mx_port_cancel(port, e, 99);
}

/* --- timers, clocks, traces --- */

static void
times(void)
{
	mx_handle_t t = kind(MX_OBJ_TYPE_TIMER);
	mx_time_t now = 0;

	HANDLE_ARG(h, mx_timer_set(h, MX_TIME_INFINITE, -1), MX_OBJ_TYPE_TIMER, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_timer_set(t, 0, -1));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_timer_set(t, 0, INT64_MIN));
	HANDLE_ARG(h, mx_timer_cancel(h), MX_OBJ_TYPE_TIMER, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_clock_get(3, &now));
	REFUSED(MX_ERR_INVALID_ARGS, mx_clock_get(UINT32_MAX, &now));
	REFUSED(MX_ERR_INVALID_ARGS, mx_clock_get(MX_CLOCK_MONOTONIC, BAD));
	for (uint32_t c = MX_CLOCK_MONOTONIC; c <= MX_CLOCK_THREAD; c++)
		is_int(mx_clock_get(c, &now), MX_OK, "a clock");
	is_int(mx_time_get(3) == 0, 1, "an unknown clock's time is 0");
	REFUSED(MX_ERR_INVALID_ARGS, mx_cprng_add_entropy(BAD, 8));
	is_int(mx_cprng_add_entropy(BAD, 0), MX_OK, "no entropy is none");
	is_int(mx_nanosleep(INT64_MIN), MX_OK, "a time long ago");
}

static void
traces(void)
{
	mx_handle_t t, p = kind(MX_OBJ_TYPE_PROCESS), dead;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	dead = mx_pid_handle(pid);
	OPTION_ARG(opt, mx_trace_attach(stale, stale, opt), 1);
	HANDLE_ARG(h, mx_trace_attach(h, stale, 0), MX_OBJ_TYPE_TRACE, MX_RIGHT_WRITE);
	mx_trace_create(0, &t);
	HANDLE_BAD(h, mx_trace_attach(t, h, 0));
	HANDLE_KIND(h, mx_trace_attach(t, h, 0), MX_OBJ_TYPE_PROCESS);
	h = without(p, MX_RIGHT_READ);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_trace_attach(t, h, 0));
	mx_handle_close(h);
	is_int(mx_trace_attach(t, dead, 0), MX_OK, "a child is traced");
	REFUSED(MX_ERR_ALREADY_BOUND, mx_trace_attach(t, dead, 0));
	kill(pid, SIGKILL);
	child_status(pid);
	REFUSED(MX_ERR_BAD_STATE, mx_trace_attach(t, dead, 0));
	mx_handle_close(dead);
	mx_handle_close(t);
}

/* --- policy: after the options, before everything else --- */

static void
denied(void)
{
	OPTION_ARG(opt, mx_event_create(opt, BAD), 0);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_event_create(0, BAD));
	OPTION_ARG(opt, mx_eventpair_create(opt, BAD, BAD), 0);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_eventpair_create(0, BAD, BAD));
	OPTION_ARG(opt, mx_channel_create(opt, BAD, BAD), MX_CHANNEL_DUPLICABLE);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_channel_create(0, BAD, BAD));
	OPTION_ARG(opt, mx_socket_create(opt, BAD, BAD), MX_SOCKET_DATAGRAM);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_socket_create(0, BAD, BAD));
	OPTION_ARG(opt, mx_fifo_create(3, 0, opt, BAD, BAD), 0);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_fifo_create(3, 0, 0, BAD, BAD));
	OPTION_ARG(opt, mx_port_create(opt, BAD), 0);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_port_create(0, BAD));
	OPTION_ARG(opt, mx_timer_create(opt, 99, BAD), 3);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_timer_create(0, 99, BAD));
}

static void
policy(void)
{
	const mx_policy_basic_t deny = { MX_POL_NEW_ANY, MX_POL_ACTION_DENY };
	mx_handle_t job;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &job);
	mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, &deny, 1);
	pid = mx_job_fork(job);
	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		denied();
		_exit(tap_bad != 0);
	}
	is_int(child_status(pid), 0, "in a job that denies new objects");
	mx_handle_close(job);
}

/* What new handles have. */
static void
rights(void)
{
	static const struct {
		mx_obj_type_t type;
		mx_rights_t rights;
		const char *name;
	} want[] = {
		{ MX_OBJ_TYPE_EVENT, MX_DEFAULT_EVENT_RIGHTS, "event" },
		{ MX_OBJ_TYPE_EVENTPAIR, MX_DEFAULT_EVENTPAIR_RIGHTS, "eventpair" },
		{ MX_OBJ_TYPE_CHANNEL, MX_DEFAULT_CHANNEL_RIGHTS | MX_RIGHT_DUPLICATE, "duplicable channel" },
		{ MX_OBJ_TYPE_SOCKET, MX_DEFAULT_SOCKET_RIGHTS, "socket" }, { MX_OBJ_TYPE_FIFO, MX_DEFAULT_FIFO_RIGHTS, "fifo" },
		{ MX_OBJ_TYPE_PORT, MX_DEFAULT_PORT_RIGHTS, "port" }, { MX_OBJ_TYPE_TIMER, MX_DEFAULT_TIMER_RIGHTS, "timer" },
		{ MX_OBJ_TYPE_VMO, MX_DEFAULT_VMO_RIGHTS | MX_RIGHT_RESIZE, "resizable VMO" },
		{ MX_OBJ_TYPE_PROCESS, MX_DEFAULT_PROCESS_RIGHTS, "process" },
		{ MX_OBJ_TYPE_THREAD, MX_DEFAULT_THREAD_RIGHTS, "thread" }, { MX_OBJ_TYPE_JOB, MX_DEFAULT_JOB_RIGHTS, "job" },
	};
	mx_info_handle_basic_t info;
	mx_handle_t a, b;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (size_t k = 0; k < nkinds; k++)
			if (kinds[k].type == want[i].type)
				is_int((long)kinds[k].rights, (long)want[i].rights, want[i].name);
	mx_channel_create(0, &a, &b);
	mx_object_get_info(b, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	is_int((long)info.rights, (long)MX_DEFAULT_CHANNEL_RIGHTS, "channel");
	mx_handle_close(a), mx_handle_close(b);
	mx_vmo_create(1, 0, &a);
	mx_object_get_info(a, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	is_int((long)info.rights, (long)MX_DEFAULT_VMO_RIGHTS, "VMO");
	mx_handle_close(a);
}

int
main(void)
{
	specimens();
	rights();
	create();
	channel_read();
	channel_write();
	channel_call();
	channel_call_slots();
	sockets();
	fifos();
	signals();
	wait_one();
	wait_many();
	wait_async();
	ports();
	times();
	traces();
	policy();
	specimens_close();
	return tap_done();
}
