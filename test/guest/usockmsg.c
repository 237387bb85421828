/* AF_UNIX datagrams and records: borders, names of senders, room, ends. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include "usock.h"
#include "tap.h"

#define ONE	"/tmp/usockmsg.1"
#define TWO	"/tmp/usockmsg.2"

static int
events(int fd)
{
	struct pollfd f = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	poll(&f, 1, 0);
	return f.revents;
}

static void
borders(int type, const char *what)
{
	struct iovec iov[2];
	char a[4], b[64];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	int p[2], n, seq = type == SOCK_SEQPACKET;

	tap_print("# %s\n", what);
	socketpair(AF_UNIX, type, 0, p);
	write(p[0], "first", 5), send(p[0], "second one", 10, MSG_EOR);
	is_int(ioctl(p[1], FIONREAD, &n), 0, "FIONREAD");
	is_int(n, 5, "is the first message");
	is_int(recv(p[1], b, sizeof(b), MSG_PEEK), 5, "MSG_PEEK");
	is_int(recv(p[1], b, 2, MSG_PEEK | MSG_TRUNC), 5, "MSG_TRUNC tells the length of all");
	is_int(read(p[1], b, sizeof(b)), 5, "one message a read");
	iov[0] = (struct iovec){ a, 4 }, iov[1] = (struct iovec){ b, 3 };
	is_int(recvmsg(p[1], &m, 0), 7, "a short buffer, in two pieces");
	ok(memcmp(a, "seco", 4) == 0 && memcmp(b, "nd ", 3) == 0, "gets the beginning");
	is_int(m.msg_flags, MSG_TRUNC, "MSG_TRUNC");
	fails(recv(p[1], b, 1, MSG_DONTWAIT), EAGAIN, "the rest is gone");
	iov[0] = (struct iovec){ "ab", 2 }, iov[1] = (struct iovec){ "cd", 2 };
	is_int(sendmsg(p[0], &m, 0), 4, "sendmsg gathers");
	iov[0] = (struct iovec){ b, sizeof(b) }, m.msg_iovlen = 1;
	is_int(recvmsg(p[1], &m, 0), 4, "into one message");
	is_int(m.msg_flags, seq ? MSG_EOR : 0, "MSG_EOR is a record's");
	is_int(write(p[0], "", 0), 0, "an empty message");
	is_int(events(p[1]) & POLLIN, POLLIN, "is a message");
	is_int(recv(p[1], b, 8, 0), 0, "and is received");
	fails(recv(p[1], b, 8, MSG_DONTWAIT), EAGAIN, "once");
	iov[0].iov_base = (void *)8;
	fails(sendmsg(p[0], &m, 0), EFAULT, "sendmsg from a bad pointer");
	write(p[0], "stays", 5);
	fails(recvmsg(p[1], &m, 0), EFAULT, "recvmsg to a bad pointer");
	m.msg_iovlen = 1025;
	fails(recvmsg(p[1], &m, 0), EMSGSIZE, "too many pieces");
	m.msg_iovlen = -1;
	fails(sendmsg(p[1], &m, 0), EMSGSIZE, "fewer than none");
	m.msg_iovlen = 1, m.msg_iov = (void *)8;
	fails(recvmsg(p[1], &m, 0), EFAULT, "a bad vector");
	fails(recvmsg(p[1], (void *)8, 0), EFAULT, "a bad header");
	fails(recvmsg(p[1], &m, MSG_OOB), EOPNOTSUPP, "MSG_OOB");
	is_int(read(p[1], b, sizeof(b)), 5, "the message stayed");
	close(p[0]), close(p[1]);
}

/* A header that can be read and not written. */
static void
read_only(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), b[8];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr *m = (struct msghdr *)page;
	int p[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	m->msg_iov = &iov, m->msg_iovlen = 1;
	mprotect(page, 4096, PROT_READ);
	write(p[0], "keep", 4);
	fails(recvmsg(p[1], m, 0), EFAULT, "a header that cannot be written");
	is_int(read(p[1], b, 8), 4, "the message stayed");
	close(p[0]), close(p[1]);
	munmap(page, 4096);
}

static void
sizes(void)
{
	static char big[70000];
	int p[2], n;

	for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
		socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p);
		is_int(write(p[0], big, 65536), 65536, "a message of SO_SNDBUF");
		is_int(events(p[0]) & POLLOUT, 0, "passes the limit: not writable");
		fails(write(p[0], "x", 1), EAGAIN, "the next waits");
		is_int(read(p[1], big, sizeof(big)), 65536, "comes whole");
		is_int(events(p[0]) & POLLOUT, POLLOUT, "and makes room");
		fails(write(p[0], big, 65537), EMSGSIZE, "a larger one never fits");
		n = 200000;
		setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
		is_int(write(p[0], big, 70000), 70000, "with a larger SO_SNDBUF it does");
		close(p[0]), close(p[1]);
	}
}

static void
named(void)
{
	struct sockaddr_un one = addr_of(ONE), two = addr_of(TWO), from;
	int a = listener(ONE, SOCK_DGRAM, 0), b = listener(TWO, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
	int st = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd f = { .fd = a, .events = POLLOUT };
	socklen_t len = sizeof(from);
	char buf[16];

	ok(a >= 0 && b >= 0, "two names");
	fails(listen(a, 1), EOPNOTSUPP, "listen of datagrams");
	fails(accept(a, NULL, NULL), EOPNOTSUPP, "accept of datagrams");
	fails(write(c, "x", 1), EDESTADDRREQ, "no destination");
	fails(shutdown(c, SHUT_RD), ENOTCONN, "shutdown without a peer");
	is_int(sendto(a, "from one", 8, 0, (void *)&two, sizeof(two)), 8, "sendto a name");
	is_int(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len), 8, "recvfrom");
	ok(len == 2 + strlen(ONE) + 1 && strcmp(from.sun_path, ONE) == 0, "tells the sender's name");
	sendto(c, "nobody", 6, 0, (void *)&two, sizeof(two));
	len = sizeof(from);
	recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len);
	ok(len == 2 && from.sun_family == AF_UNIX, "a sender without a name: the family");
	sendto(a, "again", 5, 0, (void *)&two, sizeof(two));
	fails(recvfrom(b, buf, sizeof(buf), 0, (void *)8, &len), EFAULT, "a bad address buffer");
	fails(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, (void *)8), EFAULT, "a bad length");
	fails(recvfrom(b, (void *)8, 5, 0, NULL, NULL), EFAULT, "a bad buffer");
	is_int(recv(b, buf, sizeof(buf), 0), 5, "it stayed there");
	fails(sendto(a, "x", 1, 0, (void *)8, sizeof(two)), EFAULT, "a bad destination");
	fails(sendto(a, "x", 1, 0, (void *)&two, 1), EINVAL, "a short one");
	fails(sendto(st, "x", 1, 0, (void *)&two, sizeof(two)), ENOTCONN, "of a stream: ENOTCONN");
	fails(connect(st, (void *)&two, sizeof(two)), EPROTOTYPE, "a stream to datagrams");
	unlink(ONE);
	fails(sendto(b, "x", 1, 0, (void *)&one, sizeof(one)), ENOENT, "an unlinked name");
	is_int(connect(a, (void *)&two, sizeof(two)), 0, "connect");
	is_int(write(a, "short", 5), 5, "write to the peer");
	is_int(recv(b, buf, 16, 0), 5, "arrives");
	is_int(connect(b, (void *)&two, sizeof(two)), 0, "connect to itself");
	fails(write(a, "x", 1), EPERM, "who is connected takes from its peer only");
	is_int(write(b, "self", 4), 4, "that is itself");
	is_int(read(b, buf, 16), 4, "and reads it");
	from.sun_family = AF_UNSPEC;
	is_int(connect(b, (void *)&from, sizeof(from)), 0, "AF_UNSPEC ends it");
	is_int(write(a, "open", 4), 4, "open to all again");
	len = sizeof(from);
	is_int(getpeername(a, (void *)&from, &len), 0, "getpeername");
	ok(strcmp(from.sun_path, TWO) == 0, "is the peer's");
	len = sizeof(from);
	fails(getpeername(b, (void *)&from, &len), ENOTCONN, "and none without");
	is_int(poll(&f, 1, 0), 1, "writable");
	shutdown(a, SHUT_WR);
	fails(write(a, "x", 1), EPIPE, "EPIPE after SHUT_WR, without a signal");
	close(a);
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	connect(a, (void *)&two, sizeof(two));
	close(b);
	fails(write(a, "x", 1), ECONNREFUSED, "the peer went: ECONNREFUSED");
	fails(write(a, "x", 1), EDESTADDRREQ, "and there is no peer any more");
	fails(sendto(a, "x", 1, 0, (void *)&two, sizeof(two)), ECONNREFUSED, "nobody behind the name");
	is_int(events(a), POLLOUT, "no hang-up for datagrams");
	close(a), close(c), close(st);
	unlink(TWO);
}

/* Many senders, one receiver: all hear of the room. */
static void
crowd(void)
{
	struct sockaddr_un two = addr_of(TWO);
	static char page[4000];
	int b = listener(TWO, SOCK_DGRAM, 0), a[3], n, got = 0;
	struct timeval tv = { 0, 30000 };
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		a[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		connect(a[i], (void *)&two, sizeof(two));
	}
	for (n = 0; write(a[n % 3], page, sizeof(page)) > 0; n++)
		;
	is_int(errno, EAGAIN, "a full receiver");
	is_int(n, 17, "takes while it holds less than 64 KiB");
	ok(!(events(a[0]) & POLLOUT) && !(events(a[1]) & POLLOUT) && !(events(a[2]) & POLLOUT), "nobody is writable");
	read(b, page, sizeof(page));
	ok((events(a[0]) & POLLOUT) && (events(a[1]) & POLLOUT) && (events(a[2]) & POLLOUT), "a read: all are");
	write(a[0], page, sizeof(page));
	ok(!(events(a[0]) & POLLOUT) && !(events(a[2]) & POLLOUT), "full again");
	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			int s = socket(AF_UNIX, SOCK_DGRAM, 0);

			for (int k = 0; k < 50; k++)
				if (sendto(s, page, sizeof(page), 0, (void *)&two, sizeof(two)) != sizeof(page))
					_exit(1);
			_exit(0);
		}
	}
	while (got < 17 + 150 && read(b, page, sizeof(page)) == sizeof(page))
		got++;
	is_int(got, 167, "three senders that wait for room: all arrives");
	for (int i = 0; i < 3; i++)
		is_int(child_status(pid[i]), 0, "a sender ends");
	while (write(a[0], page, sizeof(page)) > 0)
		;
	fcntl(a[0], F_SETFL, 0);
	setsockopt(a[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	fails(write(a[0], page, 1), EAGAIN, "SO_SNDTIMEO");
	tv.tv_usec = 0;
	setsockopt(a[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	pid[0] = fork();
	if (pid[0] == 0) {
		close(b);
		_exit(write(a[0], "x", 1) == -1 && errno == ECONNREFUSED ? 0 : 1);
	}
	usleep(50000);
	close(b);
	is_int(child_status(pid[0]), 0, "who waits for room is refused when the receiver closes");
	for (int i = 0; i < 3; i++)
		close(a[i]);
	unlink(TWO);
}

static void
records(void)
{
	struct sockaddr_un one = addr_of(ONE);
	int l = listener(ONE, SOCK_SEQPACKET, 4), c = socket(AF_UNIX, SOCK_SEQPACKET, 0), s;
	char buf[16];

	is_int(connect(c, (void *)&one, sizeof(one)), 0, "a SEQPACKET connection");
	write(c, "a", 1), write(c, "bc", 2);
	s = accept(l, NULL, NULL);
	is_int(read(s, buf, 16), 1, "record by record");
	is_int(read(s, buf, 16), 2, "in order");
	shutdown(c, SHUT_WR);
	is_int(read(s, buf, 16), 0, "end of file");
	is_int(events(s), POLLIN | POLLOUT | POLLRDHUP, "half closed");
	write(s, "unread", 6);
	close(c);
	is_int(events(s), POLLIN | POLLHUP | POLLERR | POLLRDHUP, "reset: POLLERR too");
	fails(read(s, buf, 16), ECONNRESET, "ECONNRESET");
	is_int(events(s), POLLIN | POLLHUP | POLLRDHUP, "told once");
	fails(send(s, "x", 1, MSG_NOSIGNAL), EPIPE, "EPIPE");
	close(s);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(connect(c, (void *)&one, sizeof(one)), EPROTOTYPE, "a stream to a SEQPACKET listener");
	close(c), close(l);
	unlink(ONE);
}

static void
pingpong(int type, const char *what)
{
	int p[2], i;
	char c = 'x';
	pid_t pid;

	socketpair(AF_UNIX, type, 0, p);
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < 5000; i++)
			if (read(p[1], &c, 1) != 1 || write(p[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < 5000; i++)
		if (write(p[0], &c, 1) != 1 || read(p[0], &c, 1) != 1)
			break;
	ok(i == 5000 && child_status(pid) == 0, "5000 round trips: %s", what);
	close(p[0]), close(p[1]);
}

int
main(void)
{
	borders(SOCK_DGRAM, "datagrams");
	borders(SOCK_SEQPACKET, "records");
	read_only();
	sizes();
	named();
	crowd();
	records();
	pingpong(SOCK_STREAM, "stream");
	pingpong(SOCK_DGRAM, "datagrams");
	pingpong(SOCK_SEQPACKET, "records");
	return tap_done();
}
