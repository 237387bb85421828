/* Channels: messages, handles in them, limits, calls, cycles, and what read and write do on them. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <time.h>
#include <mx/fd.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "handle.h"
#include "sysuser.h"
#include "kstat.h"
#include "tap.h"

#define BAD	((void *)8)		/* no address of ours */
#define READABLE MX_CHANNEL_READABLE
#define WRITABLE MX_CHANNEL_WRITABLE
#define CLOSED	MX_CHANNEL_PEER_CLOSED

static char big[65536 + 1], in[65536 + 1];

static mx_signals_t
levels(mx_handle_t h)
{
	mx_signals_t seen = 0;

	mx_object_wait_one(h, 0, 0, &seen);
	return seen & (READABLE | WRITABLE | CLOSED);
}

static mx_handle_t
weaker(mx_handle_t h, mx_rights_t without)
{
	mx_info_handle_basic_t info = { 0 };
	mx_handle_t weak = MX_HANDLE_INVALID;

	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	mx_handle_replace(h, info.rights & ~without, &weak);
	return weak;
}

static void
close2(mx_handle_t a, mx_handle_t b)
{
	mx_handle_close_many((mx_handle_t[]){ a, b }, 2);
}

static void
basics(void)
{
	mx_handle_t a, b;
	uint32_t bytes = 99, handles = 99;
	char text[8] = "";

	is_int(mx_channel_create(2, &a, &b), MX_ERR_INVALID_ARGS, "create with an unknown option");
	is_int(mx_channel_create(0, BAD, &b), MX_ERR_INVALID_ARGS, "create with a bad first pointer");
	is_int(mx_channel_create(0, &a, BAD), MX_ERR_INVALID_ARGS, "create with a bad second pointer");
	is_int(mx_channel_create(0, &a, &b), MX_OK, "create");
	ok(levels(a) == WRITABLE && levels(b) == WRITABLE, "both ends are writable, neither is readable");
	is_int(mx_channel_read(b, 0, text, NULL, 8, 0, &bytes, &handles), MX_ERR_SHOULD_WAIT, "read of an empty queue");
	ok(bytes == 99 && handles == 99, "tells no sizes");
	is_int(mx_channel_write(a, 0, "one", 4, NULL, 0), MX_OK, "write");
	is_int(mx_channel_write(a, 0, NULL, 0, NULL, 0), MX_OK, "write of an empty message");
	is_int(mx_channel_write(a, 0, "two", 4, NULL, 0), MX_OK, "write another");
	ok(levels(b) == (WRITABLE | READABLE) && levels(a) == WRITABLE, "the receiver is readable");
	is_int(mx_channel_read(b, 0, text, NULL, 8, 0, &bytes, &handles), MX_OK, "read");
	ok(bytes == 4 && handles == 0 && strcmp(text, "one") == 0, "the first message");
	is_int(mx_channel_read(b, 0, BAD, BAD, 8, 5, &bytes, NULL), MX_OK, "an empty message touches no buffer");
	is_int(bytes, 0, "and has no bytes");
	is_int(mx_channel_read(b, 0, text, NULL, 8, 0, NULL, NULL), MX_OK, "sizes need not be asked for");
	ok(strcmp(text, "two") == 0 && levels(b) == WRITABLE, "in order, and the level goes with the last");
	mx_channel_write(b, 0, "back", 5, NULL, 0);
	is_int(mx_channel_read(a, 0, text, NULL, 8, 0, &bytes, NULL), MX_OK, "the other direction");
	memset(big, 7, sizeof(big));
	is_int(mx_channel_write(a, 0, big, 65536, NULL, 0), MX_OK, "65536 bytes");
	is_int(mx_channel_read(b, 0, in, NULL, 65536, 0, &bytes, NULL), MX_OK, "arrive");
	ok(bytes == 65536 && memcmp(in, big, 65536) == 0, "as they were");
	mx_channel_write(a, 0, "left", 5, NULL, 0);
	is_int(mx_handle_close(a), MX_OK, "close an end");
	ok(levels(b) == (READABLE | CLOSED), "the other is not writable any more, but what is queued is readable");
	is_int(mx_channel_write(b, 0, "x", 1, NULL, 0), MX_ERR_PEER_CLOSED, "write to nobody");
	is_int(mx_channel_read(b, 0, text, NULL, 8, 0, &bytes, NULL), MX_OK, "what was queued can be read");
	is_int(mx_channel_read(b, 0, text, NULL, 8, 0, &bytes, NULL), MX_ERR_PEER_CLOSED, "then it is over");
	ok(levels(b) == CLOSED, "and says so");
	mx_handle_close(b);
}

/* Every refusal of read and write; handles are consumed by each. */
static void
refusals(void)
{
	mx_handle_t a, b, e, weak, port;
	uint32_t bytes;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	mx_port_create(0, &port);
	is_int(mx_channel_read(b, 2, in, NULL, 8, 0, &bytes, NULL), MX_ERR_INVALID_ARGS, "read with an unknown option");
	is_int(mx_channel_read(MX_HANDLE_INVALID, 0, in, NULL, 8, 0, &bytes, NULL), MX_ERR_BAD_HANDLE, "read of no handle");
	is_int(mx_channel_read(port, 0, in, NULL, 8, 0, &bytes, NULL), MX_ERR_WRONG_TYPE, "read of a port");
	mx_handle_duplicate(b, MX_RIGHT_WAIT, &weak);
	is_int(mx_channel_read(weak, 0, in, NULL, 8, 0, &bytes, NULL), MX_ERR_ACCESS_DENIED, "read without READ");
	mx_handle_close(weak);

#define CONSUMES(call, status, what) do {	\
	e = event();				\
	is_int(call, status, what);		\
	ok(!alive(e), "and consumes");		\
} while (0)
	CONSUMES(mx_channel_write(a, 4, "x", 1, &e, 1), MX_ERR_INVALID_ARGS, "write with an unknown option");
	CONSUMES(mx_channel_write(MX_HANDLE_INVALID, 0, "x", 1, &e, 1), MX_ERR_BAD_HANDLE, "write to no handle");
	CONSUMES(mx_channel_write(port, 0, "x", 1, &e, 1), MX_ERR_WRONG_TYPE, "write to a port");
	mx_handle_duplicate(a, MX_RIGHT_READ, &weak);
	CONSUMES(mx_channel_write(weak, 0, "x", 1, &e, 1), MX_ERR_ACCESS_DENIED, "write without WRITE");
	mx_handle_close(weak);
	CONSUMES(mx_channel_write(a, 0, BAD, 1, &e, 1), MX_ERR_INVALID_ARGS, "write from a bad address");
	CONSUMES(mx_channel_write(a, 0, (void *)-4096, 1, &e, 1), MX_ERR_INVALID_ARGS, "write from a kernel address");
	CONSUMES(mx_channel_write(a, 0, big, 65537, &e, 1), MX_ERR_OUT_OF_RANGE, "write of 65537 bytes");
	is_int(mx_channel_write(a, 0, "x", 1, BAD, 1), MX_ERR_INVALID_ARGS, "write with handles at a bad address");
	is_int(mx_channel_write(a, 0, "x", 1, BAD, 4000000000u), MX_ERR_OUT_OF_RANGE, "and with four thousand million");

	mx_handle_t many[1025];
	for (int i = 0; i < 1025; i++)
		many[i] = event();
	is_int(mx_channel_write(a, 0, "x", 1, many, 1025), MX_ERR_OUT_OF_RANGE, "1025 handles");
	ok(!alive(many[0]) && !alive(many[500]) && !alive(many[1024]), "are all consumed");

	e = event();
	is_int(mx_channel_write(a, 0, "x", 1, (mx_handle_t[]){ e, e }, 2), MX_ERR_BAD_HANDLE, "the same handle twice");
	ok(!alive(e), "is consumed");
	e = event();
	is_int(mx_channel_write(a, 0, "x", 1, (mx_handle_t[]){ 77, e }, 2), MX_ERR_BAD_HANDLE, "a bad handle first");
	ok(!alive(e), "the good one is consumed");
	weak = weaker(event(), MX_RIGHT_TRANSFER);
	e = event();
	is_int(mx_channel_write(a, 0, "x", 1, (mx_handle_t[]){ weak, e }, 2), MX_ERR_ACCESS_DENIED, "a handle without TRANSFER");
	ok(!alive(weak) && !alive(e), "both are consumed");
	e = event();
	is_int(mx_channel_write(a, 0, "x", 1, (mx_handle_t[]){ e, mx_process_self() }, 2), MX_ERR_ACCESS_DENIED,
	    "a pseudo-handle cannot be sent");
	ok(!alive(e) && alive(mx_process_self()), "it stays, the other is consumed");
	ok(levels(b) == WRITABLE, "none of that reached the receiver");

	mx_handle_t c, d;
	mx_channel_create(0, &c, &d);
	is_int(mx_channel_write(c, 0, "x", 1, &c, 1), MX_ERR_NOT_SUPPORTED, "an end through itself");
	ok(!alive(c) && levels(d) == CLOSED, "is consumed: its peer sees the close");
	mx_handle_close(d);
	mx_channel_create(0, &c, &d);
	is_int(mx_channel_write(c, 0, "x", 1, &d, 1), MX_ERR_NOT_SUPPORTED, "an end through its peer");
	ok(!alive(d) && levels(c) == CLOSED, "is consumed as well");
	mx_handle_close(c);
	mx_handle_close(b);
	CONSUMES(mx_channel_write(a, 0, "x", 1, &e, 1), MX_ERR_PEER_CLOSED, "write to a closed peer");
	close2(a, port);
}

static void
small_buffers(void)
{
	mx_handle_t a, b, e = event(), got[2];
	uint32_t bytes = 0, handles = 0;

	mx_channel_create(0, &a, &b);
	mx_channel_write(a, 0, "12345", 5, &e, 1);
	is_int(mx_channel_read(b, 0, in, got, 4, 2, &bytes, &handles), MX_ERR_BUFFER_TOO_SMALL, "too few bytes");
	ok(bytes == 5 && handles == 1 && levels(b) == (READABLE | WRITABLE), "sizes are told, the message stays");
	bytes = handles = 0;
	is_int(mx_channel_read(b, 0, in, got, 5, 0, &bytes, &handles), MX_ERR_BUFFER_TOO_SMALL, "too few handles");
	ok(bytes == 5 && handles == 1, "sizes are told");
	is_int(mx_channel_read(b, 0, BAD, got, 5, 1, NULL, NULL), MX_ERR_INVALID_ARGS, "a bad address for the bytes");
	is_int(mx_channel_read(b, 0, in, BAD, 5, 1, NULL, NULL), MX_ERR_INVALID_ARGS, "for the handles");
	is_int(mx_channel_read(b, 0, in, got, 5, 1, BAD, NULL), MX_ERR_INVALID_ARGS, "for the number of bytes");
	is_int(mx_channel_read(b, 0, in, got, 5, 1, NULL, BAD), MX_ERR_INVALID_ARGS, "for the number of handles");
	is_int(mx_channel_read(b, 0, in, got, 5, 1, &bytes, &handles), MX_OK, "after all that the message is still there");
	ok(handles == 1 && got[0] != e && alive(got[0]) && mx_object_signal(got[0], 0, MX_EVENT_SIGNALED) == MX_OK,
	    "and its handle");
	mx_handle_close(got[0]);
	e = event();
	mx_handle_t w;
	mx_channel_write(a, 0, "12345", 5, (mx_handle_t[]){ e }, 1);
	mx_channel_create(0, &w, &e);
	mx_channel_write(a, 0, "12345", 5, &e, 1);
	is_int(mx_channel_read(b, MX_CHANNEL_READ_MAY_DISCARD, in, got, 4, 2, &bytes, &handles), MX_ERR_BUFFER_TOO_SMALL,
	    "MAY_DISCARD");
	ok(bytes == 5 && handles == 1, "tells the sizes");
	is_int(mx_channel_read(b, MX_CHANNEL_READ_MAY_DISCARD, in, got, 4, 0, NULL, NULL), MX_ERR_BUFFER_TOO_SMALL,
	    "and once more");
	ok(levels(b) == WRITABLE && levels(w) == CLOSED, "the messages are gone, their handles closed");
	mx_handle_close(w);
	close2(a, b);
}

static void
handles(void)
{
	mx_handle_t a, b, many[1024], got[1024], e;
	mx_info_handle_basic_t info;
	uint32_t n;
	int good = 1;

	mx_channel_create(0, &a, &b);
	e = weaker(event(), MX_RIGHT_DUPLICATE);
	mx_koid_t id = koid(e);
	mx_channel_write(a, 0, NULL, 0, &e, 1);
	ok(!alive(e), "a sent handle is gone");
	is_int(mx_channel_read(b, 0, NULL, got, 0, 1, NULL, &n), MX_OK, "and received");
	mx_object_get_info(got[0], MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	ok(info.koid == id && (info.rights & MX_RIGHT_DUPLICATE) == 0 && (info.rights & MX_RIGHT_SIGNAL) != 0,
	    "the same object with the same rights");
	ok((fcntl(mx_handle_fd(got[0]), F_GETFD) & FD_CLOEXEC) != 0, "received handles close on exec");
	mx_handle_close(got[0]);
	for (int i = 0; i < 1024; i++)
		many[i] = event();
	is_int(mx_channel_write(a, 0, big, 100, many, 1024), MX_OK, "1024 handles");
	is_int(mx_channel_read(b, 0, in, got, 100, 1024, NULL, &n), MX_OK, "arrive");
	for (int i = 0; i < 1024; i++)
		good = good && alive(got[i]);
	ok(n == 1024 && good, "all alive");
	mx_handle_close_many(got, 1024);

	int fds[2];
	char c = 0;
	pipe(fds);
	write(fds[1], "p", 1);
	mx_handle_t h = mx_fd_handle(fds[0]);
	is_int(mx_channel_write(a, 0, NULL, 0, &h, 1), MX_OK, "a descriptor can be sent");
	fails(read(fds[0], &c, 1), EBADF, "its number is free");
	mx_channel_read(b, 0, NULL, got, 0, 1, NULL, &n);
	ok(read(mx_handle_fd(got[0]), &c, 1) == 1 && c == 'p', "what arrives reads on");
	mx_handle_close(got[0]);
	close(fds[1]);

	/* A queue that is closed closes what is in it. */
	mx_handle_t x, y;
	mx_channel_create(0, &x, &y);
	mx_channel_write(a, 0, NULL, 0, &y, 1);
	mx_handle_close(b);
	ok(levels(x) == CLOSED, "closing the receiver closes what it had not read");
	close2(a, x);
}

static void
dispositions(void)
{
	mx_handle_t a, b, e = event(), f = event(), c, d;
	mx_handle_disposition_t disp[3];
	mx_handle_info_t info[3];
	uint32_t n, bytes;

	mx_channel_create(0, &a, &b);
	disp[0] = (mx_handle_disposition_t){ MX_HANDLE_OP_MOVE, e, MX_OBJ_TYPE_EVENT, MX_RIGHT_SIGNAL | MX_RIGHT_TRANSFER, 9 };
	disp[1] = (mx_handle_disposition_t){ MX_HANDLE_OP_DUPLICATE, f, MX_OBJ_TYPE_NONE, MX_RIGHT_SAME_RIGHTS, 9 };
	is_int(mx_channel_write_etc(a, 0, "hi", 3, disp, 2), MX_OK, "write_etc");
	ok(disp[0].result == MX_OK && disp[1].result == MX_OK, "with two results");
	ok(!alive(e) && alive(f), "one moved, one duplicated");
	is_int(mx_channel_read_etc(b, 2, in, info, 3, 3, &bytes, &n), MX_ERR_INVALID_ARGS, "read_etc with an unknown option");
	is_int(mx_channel_read_etc(b, 0, in, info, 2, 3, &bytes, &n), MX_ERR_BUFFER_TOO_SMALL, "with a small buffer");
	is_int(mx_channel_read_etc(b, 0, in, BAD, 3, 3, &bytes, &n), MX_ERR_INVALID_ARGS, "to a bad address");
	is_int(mx_channel_read_etc(b, 0, in, info, 3, 3, &bytes, &n), MX_OK, "read_etc");
	ok(n == 2 && info[0].type == MX_OBJ_TYPE_EVENT && info[0].rights == (MX_RIGHT_SIGNAL | MX_RIGHT_TRANSFER) &&
	    info[0].unused == 0 && koid(info[1].handle) == koid(f), "types and rights are told");
	is_int(mx_object_signal(info[0].handle, 0, MX_EVENT_SIGNALED), MX_OK, "the rights it kept");
	is_int(mx_object_wait_one(info[0].handle, 0, 0, NULL), MX_ERR_ACCESS_DENIED, "and not those it lost");
	close2(info[0].handle, info[1].handle);

#define REFUSED(op, type, want, status, what) do {						\
	disp[0] = (mx_handle_disposition_t){ op, e, type, want, 9 };				\
	disp[1] = (mx_handle_disposition_t){ MX_HANDLE_OP_MOVE, f, 0, MX_RIGHT_SAME_RIGHTS, 9 };	\
	is_int(mx_channel_write_etc(a, 0, NULL, 0, disp, 2), status, what);			\
	ok(disp[0].result == status && disp[1].result == MX_OK && !alive(f), "the results say which; the rest is consumed"); \
	f = event();										\
} while (0)
	e = event();
	REFUSED(MX_HANDLE_OP_MOVE, MX_OBJ_TYPE_PORT, MX_RIGHT_SAME_RIGHTS, MX_ERR_WRONG_TYPE, "the wrong type");
	ok(!alive(e), "a move is consumed");
	e = event();
	REFUSED(MX_HANDLE_OP_DUPLICATE, MX_OBJ_TYPE_PORT, MX_RIGHT_SAME_RIGHTS, MX_ERR_WRONG_TYPE, "the wrong type duplicated");
	ok(alive(e), "a duplicated one stays");
	REFUSED(MX_HANDLE_OP_MOVE, 0, MX_RIGHT_READ, MX_ERR_INVALID_ARGS, "more rights than there are");
	e = event();
	REFUSED(2, 0, MX_RIGHT_SAME_RIGHTS, MX_ERR_INVALID_ARGS, "an unknown operation");
	ok(alive(e), "moves nothing");
	e = weaker(e, MX_RIGHT_DUPLICATE);
	REFUSED(MX_HANDLE_OP_DUPLICATE, 0, MX_RIGHT_SAME_RIGHTS, MX_ERR_ACCESS_DENIED, "a duplicate without DUPLICATE");
	e = weaker(e, MX_RIGHT_TRANSFER);
	REFUSED(MX_HANDLE_OP_MOVE, MX_OBJ_TYPE_EVENT, MX_RIGHT_SAME_RIGHTS, MX_ERR_ACCESS_DENIED, "no TRANSFER");
	e = MX_HANDLE_INVALID;
	REFUSED(MX_HANDLE_OP_MOVE, MX_OBJ_TYPE_PORT, MX_RIGHT_SAME_RIGHTS, MX_ERR_BAD_HANDLE, "no handle");
	REFUSED(MX_HANDLE_OP_DUPLICATE, 0, MX_RIGHT_SAME_RIGHTS, MX_ERR_BAD_HANDLE, "no handle to duplicate");
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &c, &d);
	disp[0] = (mx_handle_disposition_t){ MX_HANDLE_OP_DUPLICATE, c, 0, MX_RIGHT_SAME_RIGHTS, 9 };
	is_int(mx_channel_write_etc(c, 0, NULL, 0, disp, 1), MX_ERR_NOT_SUPPORTED, "a duplicate of the end through itself");
	ok(alive(c), "it stays");
	e = event();
	disp[0] = (mx_handle_disposition_t){ MX_HANDLE_OP_MOVE, e, 0, MX_RIGHT_SAME_RIGHTS, 9 };
	is_int(mx_channel_write_etc(a, 8, NULL, 0, disp, 1), MX_ERR_INVALID_ARGS, "write_etc with an unknown option");
	ok(!alive(e), "consumes the moved");
	disp[0] = (mx_handle_disposition_t){ MX_HANDLE_OP_DUPLICATE, f, 0, MX_RIGHT_SAME_RIGHTS, 9 };
	is_int(mx_channel_write_etc(f, 0, NULL, 0, disp, 1), MX_ERR_WRONG_TYPE, "write_etc to an event");
	ok(alive(f), "and leaves the duplicated");
	ok(levels(b) == WRITABLE, "nothing arrived");
	close2(c, d);
	close2(a, b);
	mx_handle_close(f);
}

static void
vectors(void)
{
	mx_handle_t a, b, e;
	static mx_channel_iovec_t v[8193];
	uint32_t bytes;

	mx_channel_create(0, &a, &b);
	v[0] = (mx_channel_iovec_t){ "ab", 2, 0 };
	v[1] = (mx_channel_iovec_t){ BAD, 0, 0 };
	v[2] = (mx_channel_iovec_t){ "cde", 3, 0 };
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 3, NULL, 0), MX_OK, "a message in pieces");
	mx_channel_read(b, 0, in, NULL, 8, 0, &bytes, NULL);
	ok(bytes == 5 && memcmp(in, "abcde", 5) == 0, "arrives in one");
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, BAD, 0, NULL, 0), MX_OK, "no pieces");
	mx_channel_read(b, 0, in, NULL, 8, 0, &bytes, NULL);
	is_int(bytes, 0, "are an empty message");
	for (int i = 0; i < 8193; i++)
		v[i] = (mx_channel_iovec_t){ big, 8, 0 };
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 8192, NULL, 0), MX_OK, "8192 pieces of 8 bytes");
	is_int(mx_channel_read(b, 0, in, NULL, 65536, 0, &bytes, NULL), MX_OK, "arrive");
	e = event();
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 8193, &e, 1), MX_ERR_OUT_OF_RANGE, "8193 pieces");
	ok(!alive(e), "consume the handle");
	v[0].capacity = 9;
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 8192, NULL, 0), MX_ERR_OUT_OF_RANGE, "one byte too many");
	v[0].capacity = 0xffffffff;
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 2, NULL, 0), MX_ERR_OUT_OF_RANGE, "a sum that wraps");
	v[0] = (mx_channel_iovec_t){ big, 8, 1 };
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 2, NULL, 0), MX_ERR_INVALID_ARGS, "a reserved field");
	v[0] = (mx_channel_iovec_t){ BAD, 8, 0 };
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, v, 2, NULL, 0), MX_ERR_INVALID_ARGS, "a bad piece");
	is_int(mx_channel_write(a, MX_CHANNEL_WRITE_USE_IOVEC, BAD, 2, NULL, 0), MX_ERR_INVALID_ARGS, "a bad vector");
	ok(levels(b) == WRITABLE, "nothing of these arrived");
	close2(a, b);
}

static void
limits(void)
{
	uint64_t limit = 0;
	mx_handle_t a, b, e = event(), got;
	uint32_t n, sent = 0;
	mx_signals_t seen;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	is_int(mx_object_get_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit)), MX_OK, "the limit");
	ok(limit == 4 << 20, "is 4 MiB");
	limit = 1000;
	is_int(mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit)), MX_OK, "set it to 1000");
	is_int(mx_channel_write(a, 0, big, 900, NULL, 0), MX_OK, "964 count");
	ok((levels(a) & WRITABLE) != 0, "36 are left: writable");
	is_int(mx_channel_write(a, 0, big, 65536, &e, 1), MX_OK, "the last may pass the limit");
	ok((levels(a) & WRITABLE) == 0 && (levels(b) & WRITABLE) != 0, "now it is not writable; the other direction is");
	e = event();
	is_int(mx_channel_write(a, 0, "x", 1, &e, 1), MX_ERR_SHOULD_WAIT, "a full queue refuses");
	ok(alive(e), "and SHOULD_WAIT leaves the handle");
	is_int(mx_channel_write(a, 0, "x", 1, NULL, 0), MX_ERR_SHOULD_WAIT, "without handles as well");
	is_int(mx_channel_write(a, 0, BAD, 1, NULL, 0), MX_ERR_INVALID_ARGS, "bad memory is refused before");
	pid_t pid = fork();
	if (pid == 0) {
		/* The writer's child waits for room. */
		mx_object_wait_one(a, WRITABLE, MX_TIME_INFINITE, &seen);
		_exit(mx_channel_write(a, 0, "later", 6, NULL, 0) != MX_OK);
	}
	mx_nanosleep(mx_deadline_after(MX_MSEC(20)));
	is_int(mx_channel_read(b, 0, in, NULL, 65536, 0, &n, NULL), MX_OK, "read the first");
	ok((levels(a) & WRITABLE) == 0, "what is left still fills it");
	is_int(mx_channel_read(b, 0, in, &got, 65536, 1, &n, NULL), MX_OK, "read the second");
	is_int(child_status(pid), 0, "the waiting writer was woken");
	mx_handle_close(got);
	mx_channel_read(b, 0, in, NULL, 65536, 0, &n, NULL);
	is_int(mx_channel_write(a, 0, NULL, 0, &e, 1), MX_OK, "64 + 16");
	limit = 80;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	ok((levels(a) & WRITABLE) == 0, "count exactly: 80 fill a limit of 80");
	limit = 81;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	ok((levels(a) & WRITABLE) != 0, "and not one of 81");
	mx_channel_read(b, 0, in, &got, 0, 1, &n, NULL);
	mx_handle_close(got);
	limit = 64 * 100;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	while (mx_channel_write(a, 0, NULL, 0, NULL, 0) == MX_OK)
		sent++;
	is_int(sent, 100, "a hundred empty messages of 64");
	close2(a, b);
	mx_channel_create(0, &a, &b);
	a = weaker(a, MX_RIGHT_SET_PROPERTY);
	is_int(mx_object_set_property(a, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit)), MX_ERR_ACCESS_DENIED,
	    "setting it needs SET_PROPERTY");
	is_int(mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, 4), MX_ERR_BUFFER_TOO_SMALL, "and eight bytes");
	close2(a, b);
}

/* --- calls --- */

static volatile sig_atomic_t caught;
static jmp_buf jump;
static mx_handle_t handler_channel;

/* Answers n calls: reverses what follows the id.  "slow" waits before, "die" closes without an answer. */
static pid_t
serve(mx_handle_t mine, mx_handle_t other, int n)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	mx_handle_close(other);
	while (n-- > 0) {
		char m[256], r[256];
		mx_handle_t h[4];
		uint32_t bytes, handles;

		mx_object_wait_one(mine, READABLE | CLOSED, MX_TIME_INFINITE, NULL);
		if (mx_channel_read(mine, 0, m, h, sizeof(m), 4, &bytes, &handles) != MX_OK)
			_exit(1);
		if (bytes >= 8 && memcmp(m + 4, "slow", 4) == 0)
			mx_nanosleep(mx_deadline_after(MX_MSEC(60)));
		if (bytes >= 7 && memcmp(m + 4, "die", 3) == 0)
			_exit(0);
		memcpy(r, m, 4);
		for (uint32_t i = 4; i < bytes; i++)
			r[i] = m[bytes - 1 - (i - 4)];
		if (mx_channel_write(mine, 0, r, bytes, h, handles) != MX_OK)
			_exit(2);
	}
	_exit(0);
}

static mx_status_t
call(mx_handle_t h, const char *text, mx_time_t deadline, char *reply, uint32_t *bytes)
{
	char m[64] = "IDID";
	mx_channel_call_args_t args = { .wr_bytes = m, .wr_num_bytes = 4 + strlen(text), .rd_bytes = reply,
		.rd_num_bytes = 64 };
	mx_status_t status;

	strcpy(m + 4, text);
	status = mx_channel_call(h, 0, deadline, &args, bytes, NULL);
	if (memcmp(m, "IDID", 4) != 0)
		ok(0, "the caller's buffer was written");
	return status;
}

static void
calls(void)
{
	mx_handle_t a, b, e, got[2];
	char reply[64], m[64] = "IDIDabc";
	mx_channel_call_args_t args;
	uint32_t bytes, handles, id, id2;
	pid_t pid;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	pid = serve(b, a, 100);
	mx_handle_close(b);
	is_int(call(a, "abc", MX_TIME_INFINITE, reply, &bytes), MX_OK, "call");
	ok(bytes == 7 && memcmp(reply + 4, "cba", 3) == 0, "has its reply");
	memcpy(&id, reply, 4);
	call(a, "abc", MX_TIME_INFINITE, reply, &bytes);
	memcpy(&id2, reply, 4);
	ok(id >= 0x80000000 && id2 >= 0x80000000 && id != id2, "ids are the kernel's own");
	ok(levels(a) == WRITABLE, "the queue has not seen the replies");
	e = event();
	args = (mx_channel_call_args_t){ .wr_bytes = m, .wr_num_bytes = 7, .wr_handles = &e, .wr_num_handles = 1,
		.rd_bytes = reply, .rd_num_bytes = 64, .rd_handles = got, .rd_num_handles = 2 };
	is_int(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &bytes, &handles), MX_OK, "call with a handle");
	ok(handles == 1 && !alive(e) && alive(got[0]), "which went and came back");
	mx_handle_close(got[0]);
	e = event();
	args.rd_num_bytes = 6;
	is_int(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &bytes, &handles), MX_ERR_BUFFER_TOO_SMALL, "a reply that does not fit");
	ok(bytes == 7 && handles == 1 && levels(a) == WRITABLE, "tells its sizes and is destroyed");
	args.wr_num_handles = 0;
	args.rd_num_bytes = 64;
	args.rd_bytes = BAD;
	is_int(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &bytes, &handles), MX_ERR_INVALID_ARGS, "a reply to a bad address");
	ok((levels(a) & READABLE) != 0 && mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL) == MX_OK && bytes == 7,
	    "is in the queue");
	args.rd_bytes = reply;
	is_int(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, BAD, &handles), MX_ERR_INVALID_ARGS, "a size to a bad address");
	ok(mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL) == MX_OK, "likewise");
	mx_channel_iovec_t v[2] = { { m, 4, 0 }, { "xyz", 3, 0 } };
	args.wr_bytes = v;
	args.wr_num_bytes = 2;
	is_int(mx_channel_call(a, MX_CHANNEL_WRITE_USE_IOVEC, MX_TIME_INFINITE, &args, &bytes, &handles), MX_OK, "a request in pieces");
	ok(bytes == 7 && memcmp(reply + 4, "zyx", 3) == 0, "has its reply");

	is_int(call(a, "slow", mx_deadline_after(MX_MSEC(10)), reply, &bytes), MX_ERR_TIMED_OUT, "a slow reply times out");
	is_int(mx_object_wait_one(a, READABLE, MX_TIME_INFINITE, NULL), MX_OK, "it comes late");
	is_int(mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL), MX_OK, "into the queue");
	ok(bytes == 8 && memcmp(reply + 4, "wols", 4) == 0, "whole");
	is_int(call(a, "now", 0, reply, &bytes), MX_ERR_TIMED_OUT, "a deadline that has passed");
	mx_object_wait_one(a, READABLE, MX_TIME_INFINITE, NULL);
	is_int(mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL), MX_OK, "the request was sent all the same");
	is_int(call(a, "die", MX_TIME_INFINITE, reply, &bytes), MX_ERR_PEER_CLOSED, "the peer closes");
	is_int(call(a, "x", MX_TIME_INFINITE, reply, &bytes), MX_ERR_PEER_CLOSED, "and is closed");
	child_status(pid);
	mx_handle_close(a);
}

static void
call_refusals(void)
{
	mx_handle_t a, b, e, weak, port;
	char m[8] = "IDID", reply[8];
	mx_channel_call_args_t args = { .wr_bytes = m, .wr_num_bytes = 4, .wr_num_handles = 1, .rd_bytes = reply,
		.rd_num_bytes = 8 };
	uint32_t bytes, handles;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	mx_port_create(0, &port);
	args.wr_handles = &e;
#define CALL(h, options) mx_channel_call(h, options, MX_TIME_INFINITE, &args, &bytes, &handles)
	CONSUMES(CALL(a, 1), MX_ERR_INVALID_ARGS, "call with an unknown option");
	CONSUMES(CALL(MX_HANDLE_INVALID, 0), MX_ERR_BAD_HANDLE, "call on no handle");
	CONSUMES(CALL(port, 0), MX_ERR_WRONG_TYPE, "call on a port");
	mx_handle_duplicate(a, MX_RIGHT_WRITE, &weak);
	CONSUMES(CALL(weak, 0), MX_ERR_ACCESS_DENIED, "call without READ");
	mx_handle_close(weak);
	mx_handle_duplicate(a, MX_RIGHT_READ, &weak);
	CONSUMES(CALL(weak, 0), MX_ERR_ACCESS_DENIED, "call without WRITE");
	mx_handle_close(weak);
	args.wr_num_bytes = 3;
	CONSUMES(CALL(a, 0), MX_ERR_INVALID_ARGS, "three bytes have no room for an id");
	args.wr_num_bytes = 65537;
	CONSUMES(CALL(a, 0), MX_ERR_OUT_OF_RANGE, "65537 bytes");
	args.wr_num_bytes = 4;
	args.wr_bytes = BAD;
	CONSUMES(CALL(a, 0), MX_ERR_INVALID_ARGS, "a bad address");
	args.wr_bytes = m;
	is_int(mx_channel_call(a, 0, 0, BAD, &bytes, &handles), MX_ERR_INVALID_ARGS, "a bad argument block");
	is_int(mx_channel_call(port, 0, 0, BAD, &bytes, &handles), MX_ERR_WRONG_TYPE, "the handle is looked at first");
	e = event();
	uint64_t limit = 1;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	mx_channel_write(a, 0, NULL, 0, NULL, 0);
	is_int(CALL(a, 0), MX_ERR_SHOULD_WAIT, "a full queue");
	ok(alive(e), "changes nothing");
	mx_handle_close(e);
	is_int(__sys_mx_channel_call_finish(a, 0, 0, &args, &bytes, &handles), MX_ERR_BAD_STATE, "finish without a call");
	mx_handle_close(b);
	CONSUMES(CALL(a, 0), MX_ERR_PEER_CLOSED, "a closed peer");
	close2(a, port);
}

static void
on_alarm(int sig)
{
	caught++;
}

static void
on_alarm_close(int sig)
{
	caught++;
	mx_handle_close(handler_channel);
}

static void
on_alarm_call(int sig)
{
	char reply[64];
	uint32_t bytes;

	caught++;
	if (caught == 1) {
		/* Interrupted again inside. */
		ualarm(10000, 0);
		is_int(call(handler_channel, "slow inside", MX_TIME_INFINITE, reply, &bytes), MX_OK, "a call inside of the handler");
		ok(memcmp(reply + 4, "edisni wols", 11) == 0, "has its own reply");
	}
}

static void
on_alarm_jump(int sig)
{
	caught++;
	longjmp(jump, 1);
}

static void
on_alarm_fork(int sig)
{
	caught++;
	if (fork() == 0)
		return;		/* the child goes back into a call that it does not have */
	wait(NULL);
}

static void
catch_with(void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = SA_NODEFER };

	sigaction(SIGALRM, &sa, NULL);
	caught = 0;
}

/* A POSIX signal past the write: the call goes on after the handler and is sent once. */
static void
interruptions(void)
{
	mx_handle_t a, b;
	char reply[64];
	uint32_t bytes;
	pid_t pid, self;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	pid = serve(b, a, 1000);
	mx_handle_close(b);
	catch_with(on_alarm);
	ualarm(10000, 0);
	is_int(call(a, "slow", MX_TIME_INFINITE, reply, &bytes), MX_OK, "a call that a signal interrupts");
	ok(caught == 1 && memcmp(reply + 4, "wols", 4) == 0, "has its reply after the handler");
	is_int(call(a, "abc", MX_TIME_INFINITE, reply, &bytes), MX_OK, "the next call");
	ok(memcmp(reply + 4, "cba", 3) == 0 && levels(a) == WRITABLE, "has its own: the first was sent once");
	caught = 0;
	ualarm(2000, 2000);
	is_int(call(a, "slow", MX_TIME_INFINITE, reply, &bytes), MX_OK, "interrupted many times");
	ualarm(0, 0);
	ok(caught > 3, "indeed");
	caught = 0;
	ualarm(10000, 0);
	is_int(call(a, "slow", mx_deadline_after(MX_MSEC(25)), reply, &bytes), MX_ERR_TIMED_OUT, "interrupted, then timed out");
	mx_object_wait_one(a, READABLE, MX_TIME_INFINITE, NULL);
	is_int(mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL), MX_OK, "the late reply is queued");

	catch_with(on_alarm_call);
	handler_channel = a;
	ualarm(10000, 0);
	is_int(call(a, "slow outside", MX_TIME_INFINITE, reply, &bytes), MX_OK, "the call around it");
	ok(memcmp(reply + 4, "edistuo wols", 12) == 0 && caught == 2, "has its own reply, too");

	catch_with(on_alarm_jump);
	if (setjmp(jump) == 0) {
		ualarm(10000, 0);
		call(a, "slow", MX_TIME_INFINITE, reply, &bytes);
		ok(0, "a jump out of the handler");
	}
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	mx_nanosleep(mx_deadline_after(MX_MSEC(100)));
	is_int(call(a, "abc", MX_TIME_INFINITE, reply, &bytes), MX_OK, "calls after a jump out of one");
	ok(memcmp(reply + 4, "cba", 3) == 0, "are not confused");

	catch_with(on_alarm_fork);
	ualarm(10000, 0);
	self = getpid();
	mx_status_t status = call(a, "slow", MX_TIME_INFINITE, reply, &bytes);
	if (getpid() != self)
		_exit(status != MX_ERR_BAD_STATE);
	is_int(status, MX_OK, "a fork in the handler");

	/* Stopped and continued, the call goes on. */
	signal(SIGALRM, SIG_DFL);
	pid_t caller = fork();
	if (caller == 0)
		_exit(call(a, "slow", MX_TIME_INFINITE, reply, &bytes) != MX_OK);
	mx_nanosleep(mx_deadline_after(MX_MSEC(10)));
	kill(caller, SIGSTOP);
	mx_nanosleep(mx_deadline_after(MX_MSEC(10)));
	kill(caller, SIGCONT);
	is_int(child_status(caller), 0, "stopped and continued in a call");
	caller = fork();
	if (caller == 0)
		_exit(call(a, "slow", MX_TIME_INFINITE, reply, &bytes) != MX_OK);
	mx_nanosleep(mx_deadline_after(MX_MSEC(10)));
	kill(caller, SIGKILL);
	int status_of_it = child_status(caller);
	ok(WIFSIGNALED(status_of_it), "killed in a call");
	/* Its reply has nobody to go to but the queue, which the two processes share. */
	mx_object_wait_one(a, READABLE, MX_TIME_INFINITE, NULL);
	is_int(mx_channel_read(a, 0, reply, NULL, 64, 0, &bytes, NULL), MX_OK, "its reply is queued");

	catch_with(on_alarm_close);
	handler_channel = a;
	ualarm(10000, 0);
	is_int(call(a, "slow", MX_TIME_INFINITE, reply, &bytes), MX_ERR_CANCELED, "the handle is closed under a call");
	ok(caught == 1, "by a handler");
	signal(SIGALRM, SIG_DFL);
	kill(pid, SIGKILL);
	child_status(pid);
}

/* A server that collects the requests of many callers and answers them last first. */
static void
many_callers(void)
{
	enum { CALLERS = 12, ROUNDS = 50 };
	mx_handle_t a, b;
	pid_t pid[CALLERS];
	int good = 1;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	for (int i = 0; i < CALLERS; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			mx_handle_close(b);
			for (int r = 0; r < ROUNDS; r++) {
				char text[32], back[64];
				uint32_t bytes;

				sprintf(text, "%02d.%03d", i, r);
				if (call(a, text, MX_TIME_INFINITE, back, &bytes) != MX_OK || bytes != 10 ||
				    memcmp(back + 4, text, 6) != 0)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int r = 0; r < ROUNDS; r++) {
		char m[CALLERS][64];
		uint32_t size[CALLERS];

		for (int i = 0; i < CALLERS; i++) {
			mx_object_wait_one(b, READABLE, MX_TIME_INFINITE, NULL);
			good = good && mx_channel_read(b, 0, m[i], NULL, 64, 0, &size[i], NULL) == MX_OK;
		}
		for (int i = CALLERS; i-- > 0;)
			good = good && mx_channel_write(b, 0, m[i], size[i], NULL, 0) == MX_OK;
	}
	for (int i = 0; i < CALLERS; i++)
		good = good && child_status(pid[i]) == 0;
	ok(good, "twelve callers on one end, answered in reverse, 50 times");
	ok(levels(a) == WRITABLE && levels(b) == WRITABLE, "nothing is left over");
	close2(a, b);
}

/* --- cycles, nesting, load --- */

static void
cycles(void)
{
	mx_handle_t a, b, c, d, e, f, x;
	uint32_t n;

	mx_channel_create(0, &a, &b);
	mx_channel_create(0, &c, &d);
	is_int(mx_channel_write(a, 0, NULL, 0, &d, 1), MX_OK, "an end into another's queue");
	is_int(mx_channel_write(c, 0, NULL, 0, &b, 1), MX_ERR_NOT_SUPPORTED, "closing a circle of two");
	ok(!alive(b) && levels(a) == CLOSED && levels(c) == CLOSED, "both were consumed and freed");
	close2(a, c);

	mx_channel_create(0, &a, &b);
	mx_channel_create(0, &c, &d);
	mx_channel_create(0, &e, &f);
	mx_channel_write(a, 0, NULL, 0, &d, 1);
	mx_channel_write(c, 0, NULL, 0, &f, 1);
	mx_handle_t pass[2] = { event(), b };
	is_int(mx_channel_write(e, 0, NULL, 0, pass, 2), MX_ERR_NOT_SUPPORTED, "a circle of three");
	mx_handle_close_many((mx_handle_t[]){ a, c, e }, 3);

	/* A peer's queue counts, too. */
	mx_channel_create(0, &a, &b);
	mx_channel_create(0, &c, &d);
	mx_channel_write(b, 0, NULL, 0, &d, 1);		/* a's queue holds d */
	is_int(mx_channel_write(c, 0, NULL, 0, &b, 1), MX_ERR_NOT_SUPPORTED, "through the peer");
	mx_channel_read(a, 0, NULL, &d, 0, 1, NULL, &n);
	close2(a, c);
	mx_handle_close(d);

	/* What was read is no way any more. */
	mx_channel_create(0, &a, &b);
	mx_channel_create(0, &c, &d);
	mx_channel_write(a, 0, NULL, 0, &d, 1);
	mx_channel_read(b, 0, NULL, &d, 0, 1, NULL, &n);
	is_int(mx_channel_write(c, 0, NULL, 0, &b, 1), MX_OK, "after the message was read it is no circle");
	mx_channel_read(d, 0, NULL, &x, 0, 1, NULL, &n);
	close2(a, x);
	close2(c, d);
}

/* A packet for what is readable already counts the messages. */
static void
counted(void)
{
	mx_handle_t a, b, port;
	mx_port_packet_t k;

	mx_channel_create(0, &a, &b);
	mx_port_create(0, &port);
	for (int i = 0; i < 5; i++)
		mx_channel_write(a, 0, "x", 1, NULL, 0);
	is_int(mx_object_wait_async(b, port, 1, MX_CHANNEL_READABLE, MX_WAIT_ASYNC_ONCE), MX_OK, "five messages are there");
	is_int(mx_port_wait(port, 0, &k), MX_OK, "a packet at once");
	is_int((long)k.signal.count, 5, "that says so");
	is_int(mx_port_wait(port, 0, &k), MX_ERR_TIMED_OUT, "one for all of them");
	mx_channel_read(b, 0, &k, NULL, 1, 0, NULL, NULL);
	is_int(mx_channel_read(b, 0, BAD, NULL, 1, 0, NULL, NULL), MX_ERR_INVALID_ARGS, "one was read, one was not");
	is_int(mx_object_wait_async(b, port, 2, MX_CHANNEL_READABLE, MX_WAIT_ASYNC_REPEATING), MX_OK, "again, for good");
	is_int(mx_port_wait(port, 0, &k), MX_OK, "a packet");
	is_int((long)k.signal.count, 4, "for four");
	while (mx_channel_read(b, 0, &k, NULL, 1, 0, NULL, NULL) == MX_OK)
		;
	mx_channel_write(a, 0, "x", 1, NULL, 0);
	is_int(mx_port_wait(port, 0, &k), MX_OK, "a new one makes a new packet");
	is_int((long)k.signal.count, 1, "for one");
	is_int(mx_object_wait_async(b, port, 3, MX_CHANNEL_WRITABLE, MX_WAIT_ASYNC_ONCE), MX_OK, "for writing");
	is_int(mx_port_wait(port, 0, &k), MX_OK, "a packet");
	is_int((long)k.signal.count, 1, "counts nothing");
	mx_handle_close(port);
	close2(a, b);
}

/* Through a descriptor in a socket's queue a circle is one as well, whichever end closes it. */
static int
send_fd(int s, int fd)
{
	char byte = 'x';
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .h = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };

	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	return (int)sendmsg(s, &m, 0);
}

static void
mixed(void)
{
	mx_handle_t a, b, h;
	int s[2];

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
	is_int(send_fd(s[0], mx_handle_fd(b)), 1, "an end into a socket's queue");
	mx_handle_duplicate(mx_fd_handle(s[1]), MX_RIGHT_SAME_RIGHTS, &h);
	is_int(mx_channel_write(a, 0, NULL, 0, &h, 1), MX_ERR_NOT_SUPPORTED, "the socket's reading end into the end's queue");
	mx_handle_duplicate(mx_fd_handle(s[0]), MX_RIGHT_SAME_RIGHTS, &h);
	is_int(mx_channel_write(a, 0, NULL, 0, &h, 1), MX_ERR_NOT_SUPPORTED, "its writing end");
	close(s[0]), close(s[1]);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
	mx_handle_duplicate(mx_fd_handle(s[1]), MX_RIGHT_SAME_RIGHTS, &h);
	is_int(mx_channel_write(a, 0, NULL, 0, &h, 1), MX_OK, "a socket into a channel's queue");
	fails(send_fd(s[0], mx_handle_fd(b)), EINVAL, "then no end of that channel goes into the socket");
	fails(send_fd(s[0], mx_handle_fd(a)), EINVAL, "neither of them");
	close(s[0]), close(s[1]);
	close2(a, b);
}

static void
nesting(void)
{
	mx_handle_t a, b, root, before_write;
	int good = 1;

	/* Each end waits in the queue of the one before: only the first is ours. */
	mx_channel_create(0, &before_write, &root);
	for (int i = 0; i < 10000 && good; i++) {
		mx_channel_create(0, &a, &b);
		good = mx_channel_write(before_write, 0, NULL, 0, &b, 1) == MX_OK;
		mx_handle_close(before_write);
		before_write = a;
	}
	ok(good, "ten thousand channels, each in the one before");
	long held = counter("node.channel");
	mx_handle_close(root);
	ok(levels(before_write) == CLOSED, "closing the first frees them all");
	ok(counter("node.channel") <= held - 10000, "indeed");
	mx_handle_close(before_write);
	/* The other way round: each send takes all before it along. */
	mx_channel_create(0, &a, &b);
	for (int i = 0; i < 500 && good; i++) {
		mx_handle_t c, d;

		mx_channel_create(0, &c, &d);
		good = mx_channel_write(c, 0, NULL, 0, &b, 1) == MX_OK;
		mx_handle_close(c);
		b = d;
	}
	ok(good && levels(a) == WRITABLE, "five hundred, the new one around the old");
	mx_handle_close(b);
	ok(levels(a) == CLOSED, "freed as well");
	mx_handle_close(a);
}

static void
load(void)
{
	mx_handle_t a, b;
	uint64_t limit = 20000;
	uint32_t n;
	int good = 1;
	pid_t pid;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	pid = fork();
	if (pid == 0) {
		mx_handle_close(b);
		for (uint32_t i = 0; i < 5000; i++) {
			uint32_t m[600];
			mx_status_t s;

			for (int k = 0; k < 600; k++)
				m[k] = i + k;
			while ((s = mx_channel_write(a, 0, m, 4 + i % 2000 / 4 * 4, NULL, 0)) == MX_ERR_SHOULD_WAIT)
				mx_object_wait_one(a, WRITABLE | CLOSED, MX_TIME_INFINITE, NULL);
			if (s != MX_OK)
				_exit(1);
		}
		_exit(0);
	}
	mx_handle_close(a);
	for (uint32_t i = 0; i < 5000 && good; i++) {
		uint32_t m[600];
		mx_status_t s;

		while ((s = mx_channel_read(b, 0, m, NULL, sizeof(m), 0, &n, NULL)) == MX_ERR_SHOULD_WAIT)
			mx_object_wait_one(b, READABLE, MX_TIME_INFINITE, NULL);
		good = s == MX_OK && n == 4 + i % 2000 / 4 * 4;
		for (uint32_t k = 0; k < n / 4; k++)
			good = good && m[k] == i + k;
	}
	ok(good, "5000 messages through a narrow queue, in order and whole");
	is_int(child_status(pid), 0, "their writer");
	is_int(mx_channel_read(b, 0, in, NULL, 8, 0, &n, NULL), MX_ERR_PEER_CLOSED, "and no more");
	mx_handle_close(b);

	mx_channel_create(0, &a, &b);
	for (int i = 0; i < 5000 && good; i++)
		good = mx_channel_write(a, 0, &i, sizeof(i), NULL, 0) == MX_OK;
	for (int i = 0, k; i < 5000 && good; i++)
		good = mx_channel_read(b, 0, &k, NULL, sizeof(k), 0, NULL, NULL) == MX_OK && k == i;
	ok(good, "5000 messages queued at a time");
	for (int i = 0; i < 5000 && good; i++) {
		mx_handle_t e = event();

		good = mx_channel_write(a, 0, &i, sizeof(i), &e, 1) == MX_OK;
	}
	ok(good, "5000 with a handle each");
	close2(a, b);
}

/* --- the POSIX face --- */

static void
posix(void)
{
	mx_handle_t a, b, e = event();
	int fa, fb, status;
	struct stat st;
	struct pollfd p;
	char buf[16];
	uint32_t n;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	fa = mx_handle_fd(a);
	fb = mx_handle_fd(b);
	fcntl(fa, F_SETFL, O_NONBLOCK);
	fcntl(fb, F_SETFL, O_NONBLOCK);
	fails(read(fb, buf, 16), EAGAIN, "read of an empty channel");
	p = (struct pollfd){ fb, POLLIN | POLLOUT, 0 };
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "poll: can be written");
	is_int(write(fa, "hello", 5), 5, "write a message");
	is_int(write(fa, "x", 0), 0, "write an empty one");
	ok(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT), "poll: can be read");
	fails(read(fb, buf, 4), EMSGSIZE, "a short buffer");
	is_int(read(fb, buf, 16), 5, "the message stayed");
	ok(memcmp(buf, "hello", 5) == 0, "as it was");
	is_int(read(fb, buf, 16), 0, "an empty message is 0 bytes");
	mx_channel_write(a, 0, "h", 1, &e, 1);
	fails(read(fb, buf, 16), EMSGSIZE, "a message with handles");
	is_int(mx_channel_read(b, 0, buf, &e, 16, 1, &n, NULL), MX_OK, "stays");
	mx_handle_close(e);
	fails(write(fa, big, 65537), EMSGSIZE, "65537 bytes");
	is_int(write(fa, big, 65536), 65536, "65536");
	is_int(read(fb, in, 65537), 65536, "arrive");
	struct iovec iov[2] = { { "ab", 2 }, { "cd", 2 } };
	is_int(writev(fa, iov, 2), 4, "writev");
	is_int(read(fb, buf, 16), 4, "is one message");
	write(fa, "abcd", 4);
	fails(read(fb, BAD, 16), EFAULT, "read to a bad address");
	is_int(read(fb, buf, 16), 4, "loses nothing");
	fails(write(fa, BAD, 4), EFAULT, "write from a bad address");
	fails(lseek(fa, 0, SEEK_SET), ESPIPE, "lseek");
	fails(pread(fb, buf, 1, 0), ESPIPE, "pread");
	ok(fstat(fa, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == koid(a), "fstat: a socket; its number is the koid");
	uint64_t limit = 1;
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	write(fa, "1", 1);
	fails(write(fa, "2", 1), EAGAIN, "write to a full queue");
	p = (struct pollfd){ fa, POLLOUT, 0 };
	is_int(poll(&p, 1, 0), 0, "poll: cannot be written");

	/* Blocking: a writer that waits for room, a reader that waits for a message. */
	fcntl(fa, F_SETFL, 0);
	fcntl(fb, F_SETFL, 0);
	pid_t pid = fork();
	if (pid == 0) {
		mx_handle_close(b);
		for (int i = 0; i < 100; i++)
			if (write(fa, &i, sizeof(i)) != sizeof(i))
				_exit(1);
		_exit(0);
	}
	mx_handle_close(a);
	int good = read(fb, buf, 16) == 1;
	for (int i = 0, k; i < 100 && good; i++)
		good = read(fb, &k, sizeof(k)) == sizeof(k) && k == i;
	ok(good, "a hundred blocking writes and reads");
	is_int(child_status(pid), 0, "the writer");
	is_int(read(fb, buf, 16), 0, "then the end of file");
	p = (struct pollfd){ fb, POLLIN, 0 };
	ok(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0, "poll: hung up");
	signal(SIGPIPE, SIG_IGN);
	fails(write(fb, "x", 1), EPIPE, "write to nobody");
	signal(SIGPIPE, SIG_DFL);
	pid = fork();
	if (pid == 0) {
		write(fb, "x", 1);
		_exit(0);
	}
	status = child_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "and raises SIGPIPE");
	mx_handle_close(b);

	/* Which ends a child has. */
	mx_channel_create(0, &a, &b);
	pid = fork();
	if (pid == 0)
		_exit(alive(a) || alive(b));
	is_int(child_status(pid), 0, "an end does not survive fork");
	fails(dup(mx_handle_fd(a)), EPERM, "nor is it duplicated");
	close2(a, b);
	/* A blocked read that a signal interrupts. */
	mx_channel_create(0, &a, &b);
	catch_with(on_alarm);
	ualarm(10000, 0);
	fails(read(mx_handle_fd(b), buf, 16), EINTR, "a signal ends a read");
	signal(SIGALRM, SIG_DFL);
	close2(a, b);
}

/* Two that call each other all the time leave the CPU to a third that computes. */
static void
third(void)
{
	volatile long *work = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	mx_handle_t a, b;
	char reply[64];
	uint32_t bytes;
	long before;
	pid_t hog, pid;

	hog = fork();
	if (hog == 0)
		for (;;)
			work[0]++;
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	pid = serve(b, a, 1000000000);
	mx_handle_close(b);
	mx_nanosleep(mx_deadline_after(MX_MSEC(50)));
	before = work[0];
	for (mx_time_t end = mx_deadline_after(MX_MSEC(200)); mx_clock_get_monotonic() < end;)
		call(a, "x", MX_TIME_INFINITE, reply, &bytes);
	ok(work[0] - before > 1000, "a computing process runs beside two that call each other");
	kill(hog, SIGKILL), child_status(hog);
	kill(pid, SIGKILL), child_status(pid);
	mx_handle_close(a);
	munmap((void *)work, 4096);
}

/* The removal of the slot ends waits; a read holds the node. */
static void
forked_ends(void)
{
	mx_handle_t a, b;
	uint32_t n;
	pid_t pid;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	pid = fork();
	if (pid == 0) {
		char m[4];

		mx_handle_close(a);
		_exit(read(mx_handle_fd(b), m, 4) != 2);
	}
	mx_handle_close(b);
	mx_nanosleep(mx_deadline_after(MX_MSEC(10)));
	ok(levels(a) == WRITABLE, "the child's copy keeps the end open");
	mx_channel_write(a, 0, "ok", 2, NULL, 0);
	is_int(child_status(pid), 0, "and reads");
	ok(levels(a) == CLOSED, "with its end the peer is closed");
	is_int(mx_channel_read(a, 0, in, NULL, 4, 0, &n, NULL), MX_ERR_PEER_CLOSED, "for good");
	mx_handle_close(a);
}

int
main(void)
{
	basics();
	refusals();
	small_buffers();
	handles();
	dispositions();
	vectors();
	limits();
	calls();
	call_refusals();
	interruptions();
	many_callers();
	cycles();
	mixed();
	counted();
	nesting();
	load();
	posix();
	forked_ends();
	third();
	return tap_done();
}
