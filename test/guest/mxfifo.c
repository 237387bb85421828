/* Native fifos: whole elements, exact levels, both faces. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/syscalls.h>
#include "tap.h"

#define IO (MX_FIFO_READABLE | MX_FIFO_WRITABLE | MX_FIFO_PEER_CLOSED)

static mx_signals_t
levels(mx_handle_t h)
{
	mx_signals_t seen = 0;

	mx_object_wait_one(h, 0, 0, &seen);
	return seen & IO;
}

static void
creation(void)
{
	static const struct {
		size_t count, elem;
		mx_status_t want;
	} rows[] = {
		{ 0, 8, MX_ERR_OUT_OF_RANGE }, { 8, 0, MX_ERR_OUT_OF_RANGE }, { 3, 8, MX_ERR_OUT_OF_RANGE },
		{ 128, 33, MX_ERR_OUT_OF_RANGE }, { 8192, 1, MX_ERR_OUT_OF_RANGE }, { 1, 4097, MX_ERR_OUT_OF_RANGE },
		{ (size_t)1 << 63, 2, MX_ERR_OUT_OF_RANGE }, { 2, (size_t)1 << 63, MX_ERR_OUT_OF_RANGE },
		{ 1, 4096, MX_OK }, { 4096, 1, MX_OK }, { 1, 1, MX_OK }, { 128, 32, MX_OK }, { 2, 3, MX_OK },
	};
	mx_handle_t a = 1, b = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mx_status_t status = mx_fifo_create(rows[i].count, rows[i].elem, 0, &a, &b);

		ok(status == rows[i].want, "%zu elements of %zu bytes", rows[i].count, rows[i].elem);
		if (status == MX_OK)
			mx_handle_close(a), mx_handle_close(b);
	}
	is_int(mx_fifo_create(0, 0, 1, &a, &b), MX_ERR_INVALID_ARGS, "option bits come first");
	is_int(mx_fifo_create(1, 1, 0, &a, (mx_handle_t *)8), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_fifo_create(1, 1, 0, (mx_handle_t *)8, &b), MX_ERR_INVALID_ARGS, "the other");
}

static void
transfers(void)
{
	uint32_t in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8];
	mx_handle_t a, b, weak, e;
	size_t n = 99;

	mx_event_create(0, &e);
	is_int(mx_fifo_create(4, 4, 0, &a, &b), MX_OK, "create");
	ok(levels(a) == MX_FIFO_WRITABLE && levels(b) == MX_FIFO_WRITABLE, "both WRITABLE");
	is_int(mx_fifo_read(b, 4, out, 1, &n), MX_ERR_SHOULD_WAIT, "empty");
	ok(n == 99, "a failure leaves actual alone");
	is_int(mx_fifo_write(a, 8, in, 1, &n), MX_ERR_OUT_OF_RANGE, "another element size");
	is_int(mx_fifo_read(a, 8, in, 1, &n), MX_ERR_OUT_OF_RANGE, "also to read");
	is_int(mx_fifo_write(a, 4, in, 0, &n), MX_ERR_OUT_OF_RANGE, "no elements");
	is_int(mx_fifo_read(a, 4, in, 0, &n), MX_ERR_OUT_OF_RANGE, "also to read");
	is_int(mx_fifo_write(e, 4, in, 1, &n), MX_ERR_WRONG_TYPE, "an event is no fifo");
	is_int(mx_fifo_read(e, 4, in, 1, &n), MX_ERR_WRONG_TYPE, "to read neither");
	is_int(mx_fifo_write(0, 4, in, 1, &n), MX_ERR_BAD_HANDLE, "no handle");
	mx_handle_duplicate(a, MX_RIGHT_WAIT, &weak);
	is_int(mx_fifo_write(weak, 4, in, 1, &n), MX_ERR_ACCESS_DENIED, "without WRITE");
	is_int(mx_fifo_read(weak, 4, in, 1, &n), MX_ERR_ACCESS_DENIED, "without READ");
	mx_handle_close(weak);
	is_int(mx_fifo_write(a, 4, (void *)16, 1, &n), MX_ERR_INVALID_ARGS, "from a bad address");
	ok(levels(b) == MX_FIFO_WRITABLE, "nothing came");
	is_int(mx_fifo_write(a, 4, in, 1, (size_t *)16), MX_ERR_INVALID_ARGS, "to tell a bad address");
	ok(levels(b) == MX_FIFO_WRITABLE, "nothing came either");
	is_int(mx_fifo_write(a, 4, in, 3, &n), MX_OK, "three");
	ok(n == 3 && levels(a) == MX_FIFO_WRITABLE && levels(b) == (MX_FIFO_READABLE | MX_FIFO_WRITABLE), "are there");
	is_int(mx_fifo_read(b, 4, (void *)16, 1, &n), MX_ERR_INVALID_ARGS, "to a bad address");
	is_int(mx_fifo_read(b, 4, out, 1, (size_t *)16), MX_ERR_INVALID_ARGS, "or nowhere to tell");
	is_int(mx_fifo_write(a, 4, in + 3, 5, &n), MX_OK, "five more");
	ok(n == 1 && levels(a) == 0, "one fits");
	is_int(mx_fifo_write(a, 4, in, 1, NULL), MX_ERR_SHOULD_WAIT, "full");
	is_int(mx_fifo_read(b, 4, out, 2, NULL), MX_OK, "two out");
	ok(out[0] == 1 && out[1] == 2 && levels(a) == MX_FIFO_WRITABLE, "in order: nothing that failed took any");
	is_int(mx_fifo_write(a, 4, in + 4, 8, &n), MX_OK, "around the end");
	ok(n == 2, "two fit");
	is_int(mx_fifo_read(b, 4, out, SIZE_MAX, &n), MX_OK, "all");
	ok(n == 4 && out[0] == 3 && out[1] == 4 && out[2] == 5 && out[3] == 6, "in order");
	mx_fifo_write(b, 4, in, 1, NULL);
	mx_fifo_write(a, 4, in, 2, NULL);
	is_int(mx_object_signal_peer(a, 0, MX_USER_SIGNAL_2), MX_OK, "signal_peer");
	is_int(mx_handle_close(a), MX_OK, "close an end");
	ok(levels(b) == (MX_FIFO_READABLE | MX_FIFO_PEER_CLOSED), "what is queued stays");
	is_int(mx_fifo_write(b, 4, in, 1, NULL), MX_ERR_PEER_CLOSED, "nobody would read");
	is_int(mx_fifo_read(b, 4, out, 4, &n), MX_OK, "read the rest");
	ok(n == 2 && levels(b) == MX_FIFO_PEER_CLOSED, "then it is not READABLE");
	is_int(mx_fifo_read(b, 4, out, 4, &n), MX_ERR_PEER_CLOSED, "and PEER_CLOSED");
	mx_handle_close(b), mx_handle_close(e);
}

static void
posix(void)
{
	uint32_t in[4] = { 10, 20, 30, 40 }, out[4] = { 0 };
	mx_handle_t a, b;
	struct pollfd p;
	struct stat st;
	int wr, rd, bytes = 0, status;
	pid_t pid;

	mx_fifo_create(2, 4, 0, &a, &b);
	wr = mx_handle_fd(a), rd = mx_handle_fd(b);
	ok(fstat(rd, &st) == 0 && S_ISFIFO(st.st_mode), "fstat says FIFO");
	fails(lseek(rd, 0, SEEK_SET), ESPIPE, "no seek");
	fails(write(wr, in, 6), EINVAL, "not whole elements");
	fails(read(rd, out, 3), EINVAL, "not room for one");
	is_int(write(wr, in, 0), 0, "nothing");
	is_int(read(rd, out, 0), 0, "nothing");
	is_int(fcntl(rd, F_SETFL, O_NONBLOCK), 0, "O_NONBLOCK");
	fails(read(rd, out, 4), EAGAIN, "empty");
	p = (struct pollfd){ rd, POLLIN | POLLOUT, 0 };
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "poll");
	is_int(write(wr, in, 8), 8, "write");
	ok(ioctl(rd, FIONREAD, &bytes) == 0 && bytes == 8, "FIONREAD");
	ok(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT), "poll");
	fcntl(wr, F_SETFL, O_NONBLOCK);
	fails(write(wr, in, 4), EAGAIN, "full");
	is_int(read(rd, out, 7), 4, "one whole element");
	is_int(write(wr, in + 2, 8), 4, "a part of what was asked");
	is_int(read(rd, out, 16), 8, "read");
	ok(out[0] == 20 && out[1] == 30, "in order");
	fcntl(rd, F_SETFL, 0), fcntl(wr, F_SETFL, 0);
	pid = fork();
	if (pid == 0) {
		int sum = 0;

		mx_handle_close(a);
		while (read(rd, out, 8) > 0)
			for (int i = 0; i < 2; i++)
				sum += (int)out[i], out[i] = 0;
		_exit(sum);
	}
	mx_handle_close(b);
	is_int(write(wr, in, 16), 16, "a write of more than fits waits for the reader");
	mx_handle_close(a);
	status = child_status(pid);
	is_int(WEXITSTATUS(status), 100, "which got all, then end of file");
	mx_fifo_create(2, 4, 0, &a, &b);
	mx_handle_close(b);
	signal(SIGPIPE, SIG_IGN);
	fails(write(mx_handle_fd(a), in, 4), EPIPE, "EPIPE");
	p = (struct pollfd){ mx_handle_fd(a), POLLIN, 0 };
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLHUP, "POLLHUP");
	mx_handle_close(a);
}

/* Several readers: each element goes to one, and nobody is forgotten. */
static void
readers(void)
{
	enum { READERS = 8, ELEMENTS = 400 };
	mx_handle_t a, b;
	int *got = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0), sum = 0, want = 0;
	pid_t pid[READERS];

	mx_fifo_create(4, 4, 0, &a, &b);
	for (int i = 0; i < READERS; i++)
		if ((pid[i] = fork()) == 0) {
			uint32_t v;

			mx_handle_close(a);
			while (read(mx_handle_fd(b), &v, 4) == 4)
				got[i]++;
			_exit(0);
		}
	for (uint32_t v = 0; v < ELEMENTS; v++)
		write(mx_handle_fd(a), &v, 4), want++;
	mx_handle_close(a);
	for (int i = 0; i < READERS; i++) {
		child_status(pid[i]);
		sum += got[i];
	}
	munmap(got, 4096);
	is_int(sum, want, "eight readers share 400 elements and all see the end");
	mx_handle_close(b);
}

int
main(void)
{
	creation();
	transfers();
	posix();
	readers();
	return tap_done();
}
