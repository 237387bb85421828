/* Native sockets: streams, datagrams, dispositions, thresholds, both faces. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/syscalls.h>
#include "tap.h"

#define SIZE	262144
#define USER	(MX_USER_SIGNAL_ALL | MX_SIGNAL_LAST_HANDLE)
#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif

static char big[2 * SIZE], back[2 * SIZE];

static mx_signals_t
levels(mx_handle_t h)
{
	mx_signals_t seen = 0;

	mx_object_wait_one(h, 0, 0, &seen);
	return seen & ~USER;
}

static void
errors(void)
{
	mx_handle_t a, b, e, weak;
	char c = 'x';
	size_t n = 77;

	is_int(mx_socket_create(2, &a, &b), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_socket_create(0, &a, (mx_handle_t *)8), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_socket_create(0, (mx_handle_t *)8, &b), MX_ERR_INVALID_ARGS, "the other");
	is_int(mx_socket_create(MX_SOCKET_STREAM, &a, &b), MX_OK, "create");
	mx_event_create(0, &e);
	is_int(mx_socket_write(a, 1, &c, 1, &n), MX_ERR_INVALID_ARGS, "no options to write");
	is_int(mx_socket_read(a, 4, &c, 1, &n), MX_ERR_INVALID_ARGS, "no such option to read");
	is_int(mx_socket_write(e, 0, &c, 1, &n), MX_ERR_WRONG_TYPE, "an event is no socket");
	is_int(mx_socket_read(e, 0, &c, 1, &n), MX_ERR_WRONG_TYPE, "to read neither");
	is_int(mx_socket_set_disposition(e, 0, 0), MX_ERR_WRONG_TYPE, "nor has it dispositions");
	is_int(mx_socket_write(0, 0, &c, 1, &n), MX_ERR_BAD_HANDLE, "no handle");
	mx_handle_duplicate(a, MX_RIGHT_WAIT, &weak);
	is_int(mx_socket_write(weak, 0, &c, 1, &n), MX_ERR_ACCESS_DENIED, "without WRITE");
	is_int(mx_socket_read(weak, 0, &c, 1, &n), MX_ERR_ACCESS_DENIED, "without READ");
	is_int(mx_socket_set_disposition(weak, 1, 0), MX_ERR_ACCESS_DENIED, "a disposition without WRITE");
	is_int(mx_socket_read(a, 0, &c, 1, &n), MX_ERR_SHOULD_WAIT, "empty");
	is_int(mx_socket_write(a, 0, NULL, 1, &n), MX_ERR_INVALID_ARGS, "from nowhere");
	is_int(mx_socket_write(a, 0, &c, 1, (size_t *)8), MX_ERR_INVALID_ARGS, "to tell nobody");
	ok(n == 77 && levels(b) == MX_SOCKET_WRITABLE, "failures move nothing and tell nothing");
	is_int(mx_socket_write(a, 0, &c, 0, &n), MX_OK, "nothing");
	is_int((long)n, 0, "is 0");
	mx_socket_write(a, 0, &c, 1, NULL);
	is_int(mx_socket_read(b, 0, (void *)8, 1, &n), MX_ERR_INVALID_ARGS, "to a bad address");
	is_int(mx_socket_read(b, 0, &c, 1, (size_t *)8), MX_ERR_INVALID_ARGS, "or to tell nobody");
	is_int(mx_socket_read(b, 0, &c, 1, &n), MX_OK, "and the byte is still there");
	is_int(mx_socket_set_disposition(a, 3, 0), MX_ERR_INVALID_ARGS, "both at once");
	is_int(mx_socket_set_disposition(a, 0, 4), MX_ERR_INVALID_ARGS, "an unknown one");
	mx_handle_close(weak), mx_handle_close(e), mx_handle_close(a), mx_handle_close(b);
}

static void
stream(void)
{
	mx_info_socket_t info;
	mx_handle_t a, b;
	size_t n = 0;

	for (int i = 0; i < SIZE; i++)
		big[i] = (char)(i * 7 + i / 4096);
	mx_socket_create(MX_SOCKET_STREAM, &a, &b);
	is_int(mx_socket_write(a, 0, big, 10, &n), MX_OK, "write");
	ok(n == 10 && levels(b) == (MX_SOCKET_READABLE | MX_SOCKET_WRITABLE), "READABLE");
	is_int(mx_socket_read(b, 0, NULL, 0, &n), MX_OK, "how much is there");
	is_int((long)n, 10, "ten");
	is_int(mx_socket_read(b, MX_SOCKET_PEEK, back, 4, &n), MX_OK, "peek");
	ok(n == 4 && memcmp(big, back, 4) == 0, "at the first");
	is_int(mx_socket_read(b, 0, back, 4, &n), MX_OK, "read");
	ok(n == 4 && memcmp(big, back, 4) == 0, "the same");
	is_int(mx_socket_write(a, 0, big + 10, SIZE, &n), MX_OK, "more than fits");
	is_int((long)n, SIZE - 6, "a part went");
	ok(levels(a) == 0, "full: not WRITABLE");
	is_int(mx_socket_write(a, 0, big, 1, &n), MX_ERR_SHOULD_WAIT, "not a byte more");
	is_int(mx_object_get_info(b, MX_INFO_SOCKET, &info, sizeof(info), NULL, NULL), MX_OK, "info");
	ok(info.rx_buf_size == SIZE && info.rx_buf_available == SIZE && info.rx_buf_max == SIZE && info.tx_buf_size == 0,
	    "tells sizes");
	is_int(mx_socket_read(b, 0, back, 1, &n), MX_OK, "one out");
	ok(levels(a) == MX_SOCKET_WRITABLE, "room for one");
	is_int(mx_socket_read(b, 0, back + 1, sizeof(back), &n), MX_OK, "the rest");
	ok(n == SIZE - 1 && memcmp(back, big + 4, 6 + SIZE - 6) == 0, "every byte, in order");
	ok(levels(b) == MX_SOCKET_WRITABLE, "empty");
	mx_socket_write(a, 0, big, 5, NULL), mx_socket_write(b, 0, big, 5, NULL);
	mx_handle_close(a);
	ok(levels(b) == (MX_SOCKET_READABLE | MX_SOCKET_PEER_CLOSED), "peer closed, with bytes left");
	is_int(mx_socket_write(b, 0, big, 1, NULL), MX_ERR_PEER_CLOSED, "no reader");
	is_int(mx_socket_write(b, 0, big, 0, NULL), MX_ERR_PEER_CLOSED, "not even for nothing");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_OK, "the bytes that were left");
	ok(n == 5 && levels(b) == MX_SOCKET_PEER_CLOSED, "all");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_ERR_PEER_CLOSED, "then PEER_CLOSED");
	is_int(mx_socket_set_disposition(b, 1, 0), MX_OK, "own disposition, after the peer's close");
	is_int(mx_socket_set_disposition(b, 0, 1), MX_ERR_PEER_CLOSED, "the peer's");
	mx_handle_close(b);
}

static void
datagrams(void)
{
	mx_info_socket_t info;
	mx_handle_t a, b;
	size_t n = 0;
	int i;

	is_int(mx_socket_create(MX_SOCKET_DATAGRAM, &a, &b), MX_OK, "a datagram socket");
	is_int(mx_socket_write(a, 0, "hello", 5, &n), MX_OK, "one");
	is_int(mx_socket_write(a, 0, "you", 3, &n), MX_OK, "two");
	is_int(mx_socket_write(a, 0, "", 0, &n), MX_OK, "nothing is no datagram");
	mx_socket_read(b, 0, NULL, 0, &n);
	is_int((long)n, 8, "eight bytes in all");
	mx_object_get_info(b, MX_INFO_SOCKET, &info, sizeof(info), NULL, NULL);
	ok(info.options == MX_SOCKET_DATAGRAM && info.rx_buf_size == 8 && info.rx_buf_available == 5, "info");
	is_int(mx_socket_read(b, MX_SOCKET_PEEK, back, 99, &n), MX_OK, "peek");
	is_int((long)n, 5, "at the first");
	is_int(mx_socket_read(b, 0, back, 2, &n), MX_OK, "a short buffer");
	ok(n == 2 && memcmp(back, "he", 2) == 0, "loses the rest");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_OK, "the next");
	ok(n == 3 && memcmp(back, "you", 3) == 0, "is whole");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_ERR_SHOULD_WAIT, "no more");
	is_int(mx_socket_write(a, 0, big, SIZE + 1, &n), MX_ERR_OUT_OF_RANGE, "one that can never fit");
	is_int(mx_socket_write(a, 0, (void *)8, 100, &n), MX_ERR_INVALID_ARGS, "from a bad address");
	for (i = 0; mx_socket_write(a, 0, big, 60000, &n) == MX_OK; i++)
		;
	ok(i == 5 && levels(a) == 0, "admitted below the limit, the last passes it");
	is_int(mx_socket_write(a, 0, big, 1, &n), MX_ERR_SHOULD_WAIT, "then full");
	mx_socket_read(b, 0, back, 60000, &n);
	ok(n == 60000 && levels(a) == MX_SOCKET_WRITABLE, "one out, room again");
	is_int(mx_handle_close(b), MX_OK, "closed with a queue");
	is_int(mx_socket_write(a, 0, big, 1, &n), MX_ERR_PEER_CLOSED, "nobody there");
	mx_handle_close(a);
	mx_socket_create(MX_SOCKET_DATAGRAM, &a, &b);
	mx_socket_write(a, 0, "left", 4, &n);
	mx_handle_close(a);
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_OK, "what was sent before the close");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_ERR_PEER_CLOSED, "then nothing");
	mx_handle_close(b);
}

static void
dispositions(void)
{
	mx_handle_t a, b;
	size_t n;

	mx_socket_create(0, &a, &b);
	mx_socket_write(a, 0, "abc", 3, NULL);
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_DISABLED, 0), MX_OK, "disable own writing");
	ok(levels(a) == MX_SOCKET_WRITE_DISABLED, "WRITE_DISABLED, not WRITABLE");
	ok(levels(b) == (MX_SOCKET_READABLE | MX_SOCKET_WRITABLE | MX_SOCKET_PEER_WRITE_DISABLED), "the peer knows");
	is_int(mx_socket_write(a, 0, "d", 1, NULL), MX_ERR_BAD_STATE, "no more");
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_DISABLED, 0), MX_OK, "again is the same");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_OK, "what is queued can be read");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_ERR_BAD_STATE, "then BAD_STATE");
	is_int(mx_socket_write(b, 0, "x", 1, NULL), MX_OK, "the other way is open");
	is_int(mx_socket_set_disposition(a, MX_SOCKET_DISPOSITION_WRITE_ENABLED, 0), MX_OK, "enable again");
	ok(levels(a) == (MX_SOCKET_READABLE | MX_SOCKET_WRITABLE) && levels(b) == MX_SOCKET_WRITABLE, "as before");
	is_int(mx_socket_read(b, 0, back, 99, &n), MX_ERR_SHOULD_WAIT, "empty is empty");
	is_int(mx_socket_set_disposition(a, 0, MX_SOCKET_DISPOSITION_WRITE_DISABLED), MX_OK, "disable the peer");
	is_int(mx_socket_write(b, 0, "x", 1, NULL), MX_ERR_BAD_STATE, "which cannot write");
	ok((levels(a) & MX_SOCKET_PEER_WRITE_DISABLED) && (levels(b) & MX_SOCKET_WRITE_DISABLED), "both know");
	mx_socket_read(a, 0, back, 99, &n);
	is_int(mx_socket_set_disposition(b, MX_SOCKET_DISPOSITION_WRITE_ENABLED, MX_SOCKET_DISPOSITION_WRITE_DISABLED),
	    MX_OK, "both in one call");
	ok((levels(a) & (MX_SOCKET_WRITABLE | MX_SOCKET_PEER_WRITE_DISABLED)) == 0 && (levels(b) & MX_SOCKET_WRITABLE),
	    "turned about");
	mx_handle_close(a), mx_handle_close(b);
}

static void
thresholds(void)
{
	mx_handle_t a, b;
	uint64_t v = 4, w = 0;

	mx_socket_create(0, &a, &b);
	is_int(mx_object_set_property(b, MX_PROP_SOCKET_RX_THRESHOLD, &v, sizeof(v)), MX_OK, "a read threshold of 4");
	is_int(mx_object_get_property(b, MX_PROP_SOCKET_RX_THRESHOLD, &w, sizeof(w)), MX_OK, "can be asked");
	ok(w == 4, "it is 4");
	mx_socket_write(a, 0, "abc", 3, NULL);
	ok(!(levels(b) & MX_SOCKET_READ_THRESHOLD), "three are not enough");
	mx_socket_write(a, 0, "d", 1, NULL);
	ok((levels(b) & MX_SOCKET_READ_THRESHOLD) && !(levels(a) & MX_SOCKET_READ_THRESHOLD), "four are");
	mx_socket_read(b, 0, back, 1, NULL);
	ok(!(levels(b) & MX_SOCKET_READ_THRESHOLD), "three again");
	v = 2;
	mx_object_set_property(b, MX_PROP_SOCKET_RX_THRESHOLD, &v, sizeof(v));
	ok(levels(b) & MX_SOCKET_READ_THRESHOLD, "a lower one counts at once");
	v = 0;
	mx_object_set_property(b, MX_PROP_SOCKET_RX_THRESHOLD, &v, sizeof(v));
	ok(!(levels(b) & MX_SOCKET_READ_THRESHOLD), "0: never");
	v = SIZE - 10;
	is_int(mx_object_set_property(a, MX_PROP_SOCKET_TX_THRESHOLD, &v, sizeof(v)), MX_OK, "a write threshold");
	ok((levels(a) & MX_SOCKET_WRITE_THRESHOLD) && !(levels(b) & MX_SOCKET_WRITE_THRESHOLD), "there is that much room");
	mx_socket_write(a, 0, "12345678", 8, NULL);
	ok(!(levels(a) & MX_SOCKET_WRITE_THRESHOLD) && (levels(a) & MX_SOCKET_WRITABLE), "less room");
	mx_socket_read(b, 0, back, 5, NULL);
	ok(levels(a) & MX_SOCKET_WRITE_THRESHOLD, "more again");
	v = SIZE + 1;
	is_int(mx_object_set_property(a, MX_PROP_SOCKET_TX_THRESHOLD, &v, sizeof(v)), MX_ERR_INVALID_ARGS, "more than there can be");
	mx_handle_close(b);
	ok(!(levels(a) & (MX_SOCKET_WRITE_THRESHOLD | MX_SOCKET_WRITABLE)), "a closed peer takes nothing");
	mx_handle_close(a);
}

static void
posix(void)
{
	mx_handle_t a, b;
	struct pollfd p;
	struct stat st;
	int bytes = 0, status;
	size_t total = 0;
	ssize_t n;
	pid_t pid;

	mx_socket_create(0, &a, &b);
	p = (struct pollfd){ mx_handle_fd(a), POLLIN | POLLRDHUP, 0 };
	ok(fstat(p.fd, &st) == 0 && S_ISSOCK(st.st_mode), "fstat says socket");
	fails(lseek(p.fd, 0, SEEK_SET), ESPIPE, "no seek");
	is_int(fcntl(p.fd, F_SETFL, O_NONBLOCK), 0, "O_NONBLOCK");
	fails(read(p.fd, back, 9), EAGAIN, "empty");
	is_int(poll(&p, 1, 0), 0, "poll");
	is_int(write(mx_handle_fd(b), "hello", 5), 5, "write");
	ok(ioctl(p.fd, FIONREAD, &bytes) == 0 && bytes == 5, "FIONREAD");
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "POLLIN");
	is_int(read(p.fd, back, 99), 5, "read");
	mx_socket_set_disposition(b, MX_SOCKET_DISPOSITION_WRITE_DISABLED, 0);
	ok(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLRDHUP), "a half close is news");
	is_int(read(p.fd, back, 9), 0, "and end of file");
	signal(SIGPIPE, SIG_IGN);
	fails(write(mx_handle_fd(b), "x", 1), EPIPE, "EPIPE for who may not write");
	is_int(write(p.fd, big, sizeof(big)), SIZE, "a full buffer, without waiting");
	fails(write(p.fd, big, 1), EAGAIN, "then EAGAIN");
	mx_handle_close(b);
	p.events = POLLIN;
	ok(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP), "POLLHUP");
	fails(write(p.fd, "x", 1), EPIPE, "EPIPE");
	mx_handle_close(a);

	mx_socket_create(0, &a, &b);
	pid = fork();
	if (pid == 0) {
		mx_handle_close(a);
		while ((n = read(mx_handle_fd(b), back, 5000)) > 0)
			total += (size_t)n;
		_exit(total != sizeof(big));
	}
	mx_handle_close(b);
	is_int(write(mx_handle_fd(a), big, sizeof(big)), sizeof(big), "a write waits until all went");
	mx_handle_close(a);
	status = child_status(pid);
	is_int(status, 0, "and the reader got it, then end of file");
	mx_socket_create(MX_SOCKET_DATAGRAM, &a, &b);
	fails(write(mx_handle_fd(a), big, SIZE + 1), EMSGSIZE, "a datagram that never fits");
	is_int(write(mx_handle_fd(a), "abc", 3), 3, "one");
	is_int(read(mx_handle_fd(b), back, 2), 2, "cut");
	mx_handle_close(a), mx_handle_close(b);
}

int
main(void)
{
	errors();
	stream();
	datagrams();
	dispositions();
	thresholds();
	posix();
	return tap_done();
}
