/* AF_UNIX streams: names, connections, bytes, ends, levels, options. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include "usock.h"
#include "tap.h"

#define NAME	"/tmp/usock.s"

static void
making(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), p[2] = { -7, -7 };
	struct stat st;

	ok(s >= 0, "socket");
	is_int(fstat(s, &st), 0, "fstat");
	ok(S_ISSOCK(st.st_mode), "S_ISSOCK");
	is_int(fcntl(s, F_GETFD), 0, "no close-on-exec");
	is_int(fcntl(s, F_GETFL), O_RDWR, "F_GETFL is O_RDWR");
	fails(lseek(s, 0, SEEK_SET), ESPIPE, "lseek");
	fails(ioctl(s, 0x1234, 0), ENOTTY, "an unknown ioctl");
	close(s);
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	is_int(fcntl(s, F_GETFD), FD_CLOEXEC, "SOCK_CLOEXEC");
	is_int(fcntl(s, F_GETFL), O_RDWR | O_NONBLOCK, "SOCK_NONBLOCK");
	close(s);
	fails(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT, "AF_INET");
	fails(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT, "no family");
	fails(socket(AF_UNIX, SOCK_RAW, 0), EPROTOTYPE, "SOCK_RAW");
	fails(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EPROTOTYPE, "an unknown flag");
	fails(socket(AF_UNIX, SOCK_STREAM, 17), EPROTONOSUPPORT, "a protocol");
	fails(socketpair(AF_INET, SOCK_STREAM, 0, p), EAFNOSUPPORT, "socketpair of AF_INET");
	fails(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT, "socketpair with a bad pointer");
	ok(p[0] == -7 && p[1] == -7, "told nothing");
	is_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0, "socketpair");
	ok(fcntl(p[0], F_GETFD) == FD_CLOEXEC && fcntl(p[1], F_GETFD) == FD_CLOEXEC, "both close-on-exec");
	close(p[0]), close(p[1]);
}

/* Calls on what is no socket, or nothing. */
static void
no_sockets(void)
{
	int fd = open("/dev/null", O_RDWR), n = 4;
	socklen_t len = sizeof(n);
	struct sockaddr_un a = addr_of(NAME);

	fails(bind(fd, (void *)&a, sizeof(a)), ENOTSOCK, "bind of a file");
	fails(connect(fd, (void *)&a, sizeof(a)), ENOTSOCK, "connect");
	fails(listen(fd, 1), ENOTSOCK, "listen");
	fails(accept(fd, NULL, NULL), ENOTSOCK, "accept");
	fails(shutdown(fd, SHUT_RD), ENOTSOCK, "shutdown");
	fails(getsockname(fd, (void *)&a, &len), ENOTSOCK, "getsockname");
	fails(getpeername(fd, (void *)&a, &len), ENOTSOCK, "getpeername");
	fails(getsockopt(fd, SOL_SOCKET, SO_TYPE, &n, &len), ENOTSOCK, "getsockopt");
	fails(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)), ENOTSOCK, "setsockopt");
	fails(send(fd, "x", 1, 0), ENOTSOCK, "send");
	fails(recv(fd, &n, 1, 0), ENOTSOCK, "recv");
	close(fd);
	fails(send(fd, "x", 1, 0), EBADF, "send on nothing");
	fails(listen(fd, 1), EBADF, "listen on nothing");
	fails(accept(-1, NULL, NULL), EBADF, "accept on -1");
}

static void
names(void)
{
	struct sockaddr_un a = addr_of(NAME), b;
	int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = sizeof(b);
	struct stat st;

	unlink(NAME);
	is_int(getsockname(s, (void *)&b, &len), 0, "getsockname without a name");
	ok(len == sizeof(b.sun_family) && b.sun_family == AF_UNIX, "is the family alone");
	fails(listen(s, 5), EDESTADDRREQ, "listen without a name");
	fails(bind(s, (void *)&a, 1), EINVAL, "bind: too short");
	fails(bind(s, (void *)&a, 2), EINVAL, "bind: no path");
	fails(bind(s, (void *)&a, 111), EINVAL, "bind: too long");
	fails(bind(s, (void *)8, sizeof(a)), EFAULT, "bind: a bad pointer");
	a.sun_path[0] = '\0';
	fails(bind(s, (void *)&a, sizeof(a)), ENOENT, "bind: an empty path (no abstract names)");
	a = addr_of("/tmp/nowhere/x");
	fails(bind(s, (void *)&a, sizeof(a)), ENOENT, "bind: no such folder");
	a = addr_of("/dev/null/x");
	fails(bind(s, (void *)&a, sizeof(a)), ENOTDIR, "bind: below a file");
	a = addr_of(NAME);
	a.sun_family = AF_INET;
	fails(bind(s, (void *)&a, sizeof(a)), EAFNOSUPPORT, "bind: another family");
	a = addr_of(NAME);
	umask(022);
	is_int(bind(s, (void *)&a, sizeof(a)), 0, "bind");
	is_int(stat(NAME, &st), 0, "the name is there");
	ok(S_ISSOCK(st.st_mode) && (st.st_mode & 07777) == 0755, "a socket, mode 0777 without the umask");
	fails(open(NAME, O_RDWR), ENXIO, "open of a socket's name");
	len = sizeof(b);
	getsockname(s, (void *)&b, &len);
	ok(len == 2 + strlen(NAME) + 1 && strcmp(b.sun_path, NAME) == 0, "getsockname");
	len = 6;
	memset(&b, 'q', sizeof(b));
	getsockname(s, (void *)&b, &len);
	ok(len == 2 + strlen(NAME) + 1 && memcmp(b.sun_path, NAME, 4) == 0 && b.sun_path[4] == 'q',
	    "a short buffer gets what fits, and the length of all");
	len = sizeof(b);
	fails(getsockname(s, (void *)8, &len), EFAULT, "getsockname: a bad pointer");
	fails(getsockname(s, (void *)&b, (void *)8), EFAULT, "getsockname: a bad length");
	fails(bind(t, (void *)&a, sizeof(a)), EADDRINUSE, "a second socket");
	fails(bind(s, (void *)&a, sizeof(a)), EINVAL, "a second name");
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "nobody listens");
	is_int(listen(s, 5), 0, "listen");
	is_int(connect(t, (void *)&a, sizeof(a)), 0, "connect");
	unlink(NAME);
	close(t);
	t = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(connect(t, (void *)&a, sizeof(a)), ENOENT, "an unlinked name");
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	is_int(bind(s, (void *)&a, sizeof(a)), 0, "the name is free again");
	close(s);
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "a name whose socket is closed");
	a = addr_of("/dev/null");
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "a name that is no socket's");
	a = addr_of("/dev/null/x");
	fails(connect(t, (void *)&a, sizeof(a)), ENOTDIR, "connect below a file");
	fails(connect(t, (void *)8, 20), EFAULT, "connect: a bad pointer");
	close(t);
	unlink(NAME);
}

static void
longest(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b;
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[109];
	socklen_t len = sizeof(b);

	memset(path, 'n', sizeof(path));
	memcpy(path, "/tmp/", 5);
	path[108] = '\0';
	memcpy(a.sun_path, path, 108);
	is_int(bind(s, (void *)&a, sizeof(a)), 0, "a path that fills all 108 bytes");
	is_int(access(path, F_OK), 0, "is there");
	getsockname(s, (void *)&b, &len);
	ok(len == sizeof(b) && memcmp(b.sun_path, path, 108) == 0, "and comes back");
	unlink(path);
	close(s);
}

static void
unprivileged(void)
{
	struct sockaddr_un a = addr_of(NAME);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (connect(s, (void *)&a, sizeof(a)) != -1 || errno != EACCES)
		_exit(1);
	a = addr_of("/root.s");
	if (bind(s, (void *)&a, sizeof(a)) != -1 || errno != EACCES)
		_exit(2);
	_exit(0);
}

static void
modes(void)
{
	int l = listener(NAME, SOCK_STREAM, 5);

	chmod(NAME, 0755);
	is_int(in_child(unprivileged), 0, "connect needs write permission, bind that of the folder");
	close(l);
	unlink(NAME);
}

static void
meeting(void)
{
	struct sockaddr_un a = addr_of(NAME), b;
	int l = listener(NAME, SOCK_STREAM, 2), c[4], s;
	struct pollfd f = { .fd = l, .events = POLLIN | POLLOUT };
	socklen_t len = sizeof(b);
	char buf[16];
	int n;

	is_int(poll(&f, 1, 0), 0, "nobody waits");
	fails((fcntl(l, F_SETFL, O_NONBLOCK), accept(l, NULL, NULL)), EAGAIN, "accept does not wait");
	for (int i = 0; i < 4; i++)
		c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	is_int(connect(c[0], (void *)&a, sizeof(a)), 0, "connect does not wait for accept");
	is_int(poll(&f, 1, 0), 1, "somebody waits");
	is_int(f.revents, POLLIN, "POLLIN");
	is_int(connect(c[1], (void *)&a, sizeof(a)), 0, "a second");
	fails(connect(c[2], (void *)&a, sizeof(a)), EAGAIN, "the backlog is full");
	fails(connect(c[0], (void *)&a, sizeof(a)), EISCONN, "connect again");
	fails(connect(l, (void *)&a, sizeof(a)), EOPNOTSUPP, "connect of a listener");
	fails(listen(c[0], 1), EINVAL, "listen of a connection");
	is_int(write(c[0], "early", 5), 5, "write before accept");
	fails(accept4(l, NULL, NULL, 0x10), EINVAL, "accept4 with an unknown flag");
	fails(accept(l, (void *)&b, (void *)8), EFAULT, "accept with a bad length");
	fails(accept(l, (void *)8, &len), EFAULT, "accept with a bad address");
	len = sizeof(b);
	s = accept4(l, (void *)&b, &len, SOCK_CLOEXEC);
	ok(s >= 0 && len == 2, "both left the connection there; the client has no name");
	is_int(fcntl(s, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is_int(fcntl(s, F_GETFL), O_RDWR, "O_NONBLOCK is not inherited");
	is_int(read(s, buf, sizeof(buf)), 5, "what was written early");
	len = sizeof(b);
	is_int(getpeername(c[0], (void *)&b, &len), 0, "getpeername");
	ok(strcmp(b.sun_path, NAME) == 0, "is the listener's");
	len = sizeof(b);
	is_int(getsockname(s, (void *)&b, &len), 0, "getsockname of what was accepted");
	ok(strcmp(b.sun_path, NAME) == 0, "is the listener's too");
	n = -1, len = sizeof(n);
	getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &n, &len);
	is_int(n, 1, "SO_ACCEPTCONN");
	fails(read(l, buf, 1), ENOTCONN, "read of a listener");
	fails(write(l, buf, 1), ENOTCONN, "write of a listener");
	fails(accept(s, NULL, NULL), EINVAL, "accept on a connection");
	fails(shutdown(l, SHUT_RD), ENOTCONN, "shutdown of a listener");
	close(l);
	fails(read(c[1], buf, 1), ECONNRESET, "who was never accepted is reset when the listener closes");
	is_int(read(c[1], buf, 1), 0, "once");
	is_int(write(s, "on", 2), 2, "who was accepted goes on");
	for (int i = 0; i < 4; i++)
		close(c[i]);
	close(s);
	unlink(NAME);
}

/* A client that waits for room in the backlog, and one that a time limit ends. */
static void
waiting(void)
{
	struct sockaddr_un a = addr_of(NAME);
	int l = listener(NAME, SOCK_STREAM, 1), c = socket(AF_UNIX, SOCK_STREAM, 0), s;
	struct timeval tv = { 0, 30000 };
	pid_t pid;

	connect(c, (void *)&a, sizeof(a));
	pid = fork();
	if (pid == 0) {
		int d = socket(AF_UNIX, SOCK_STREAM, 0);

		_exit(connect(d, (void *)&a, sizeof(a)) == 0 && write(d, "x", 1) == 1 ? 0 : 1);
	}
	usleep(50000);
	close(accept(l, NULL, NULL));
	s = accept(l, NULL, NULL);
	is_int(child_status(pid), 0, "connect waits for room in the backlog");
	close(s), close(c);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(c, (void *)&a, sizeof(a));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	fails(connect(s, (void *)&a, sizeof(a)), EAGAIN, "SO_SNDTIMEO ends a connect");
	pid = fork();
	if (pid == 0) {
		int d = socket(AF_UNIX, SOCK_STREAM, 0);

		close(l);
		_exit(connect(d, (void *)&a, sizeof(a)) == -1 && errno == ECONNREFUSED ? 0 : 1);
	}
	usleep(50000);
	close(l);
	is_int(child_status(pid), 0, "a waiting connect is refused when the listener closes");
	close(c), close(s);
	unlink(NAME);
}

static void
bytes(void)
{
	static char big[300000], back[sizeof(big)];
	int p[2], n = 0, same = 1;
	long got = 0;
	char buf[64];
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is_int(write(p[0], "hello ", 6), 6, "write");
	is_int(send(p[0], "world", 5, 0), 5, "send");
	is_int(ioctl(p[1], FIONREAD, &n), 0, "FIONREAD");
	is_int(n, 11, "counts both");
	is_int(recv(p[1], buf, 8, MSG_PEEK), 8, "MSG_PEEK goes over borders");
	is_int(recv(p[1], buf, 3, 0), 3, "a part");
	is_int(read(p[1], buf, sizeof(buf)), 8, "the rest of both");
	ok(memcmp(buf, "lo world", 8) == 0, "in order");
	fails(recv(p[1], buf, 1, MSG_DONTWAIT), EAGAIN, "MSG_DONTWAIT");
	is_int(read(p[1], buf, 0), 0, "read of nothing");
	is_int(write(p[0], buf, 0), 0, "write of nothing");
	fails(send(p[0], "x", 1, MSG_OOB), EOPNOTSUPP, "MSG_OOB");
	fails(send(p[0], "x", 1, 0x8000000), EINVAL, "an unknown flag");
	fails(recv(p[0], buf, 1, MSG_OOB), EOPNOTSUPP, "MSG_OOB of recv");
	fails(write(p[0], (void *)8, 10), EFAULT, "write from a bad pointer");
	fails(recv(p[1], buf, 1, MSG_DONTWAIT), EAGAIN, "sent nothing");
	write(p[0], "abc", 3);
	fails(read(p[1], (void *)8, 10), EFAULT, "read to a bad pointer");
	is_int(read(p[1], buf, sizeof(buf)), 3, "took nothing");
	fails(sendto(p[0], "x", 1, 0, (void *)&(struct sockaddr_un){ AF_UNIX, "/x" }, 20), EISCONN,
	    "sendto with an address");
	for (unsigned i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 11 + (i >> 8));
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		_exit(write(p[0], big, sizeof(big)) == sizeof(big) ? 0 : 1);
	}
	got = recv(p[1], back, sizeof(back), MSG_WAITALL);
	is_int(got, sizeof(big), "MSG_WAITALL: 300000 bytes in one call");
	for (unsigned i = 0; i < sizeof(big); i++)
		same &= big[i] == back[i];
	ok(same, "in order");
	is_int(child_status(pid), 0, "written in one call");
	write(p[0], "12345", 5);
	close(p[0]);
	is_int(recv(p[1], buf, 10, MSG_WAITALL), 5, "MSG_WAITALL ends at the end");
	is_int(read(p[1], buf, 1), 0, "end of file");
	close(p[1]);
	p[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(write(p[0], "x", 1), ENOTCONN, "write without a connection");
	fails(read(p[0], buf, 1), ENOTCONN, "read without a connection");
	fails(shutdown(p[0], SHUT_WR), ENOTCONN, "shutdown without a connection");
	close(p[0]);
}

static void
ends(void)
{
	int p[2], n;
	socklen_t len = sizeof(n);
	struct sockaddr_un b;
	char buf[8];

	signal(SIGPIPE, SIG_IGN);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	fails(shutdown(p[0], 3), EINVAL, "shutdown: no such way");
	write(p[0], "last", 4);
	is_int(shutdown(p[0], SHUT_WR), 0, "half close");
	fails(write(p[0], "x", 1), EPIPE, "no more writes here");
	is_int(read(p[1], buf, 8), 4, "what was written comes");
	is_int(read(p[1], buf, 8), 0, "then the end");
	is_int(write(p[1], "back", 4), 4, "the other way works");
	is_int(read(p[0], buf, 8), 4, "and arrives");
	is_int(shutdown(p[0], SHUT_RD), 0, "the other half");
	fails(write(p[1], "x", 1), EPIPE, "EPIPE when the reader has shut");
	is_int(read(p[0], buf, 8), 0, "and it reads the end");
	close(p[0]), close(p[1]);

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	write(p[0], "unread", 6), write(p[1], "queued", 6);
	close(p[1]);
	is_int(read(p[0], buf, 8), 6, "what was queued is read");
	len = sizeof(n), n = 0;
	getsockopt(p[0], SOL_SOCKET, SO_ERROR, &n, &len);
	is_int(n, ECONNRESET, "unread bytes at close: SO_ERROR is ECONNRESET");
	getsockopt(p[0], SOL_SOCKET, SO_ERROR, &n, &len);
	is_int(n, 0, "once");
	is_int(read(p[0], buf, 8), 0, "the end");
	fails(write(p[0], "x", 1), EPIPE, "EPIPE");
	len = sizeof(b);
	fails(getpeername(p[0], (void *)&b, &len), ENOTCONN, "no peer");
	is_int(shutdown(p[0], SHUT_RDWR), 0, "shutdown after the peer's end");
	close(p[0]);

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	write(p[0], "unread", 6);
	close(p[1]);
	fails(read(p[0], buf, 8), ECONNRESET, "ECONNRESET to a reader");
	is_int(read(p[0], buf, 8), 0, "once");
	close(p[0]);
	signal(SIGPIPE, SIG_DFL);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	close(p[1]);
	fails(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE, "MSG_NOSIGNAL: no SIGPIPE");
	if (fork() == 0) {
		send(p[0], "x", 1, 0);
		_exit(0);
	}
	wait(&n);
	ok(WIFSIGNALED(n) && WTERMSIG(n) == SIGPIPE, "send raises SIGPIPE");
	if (fork() == 0) {
		write(p[0], "x", 1);
		_exit(0);
	}
	wait(&n);
	ok(WIFSIGNALED(n) && WTERMSIG(n) == SIGPIPE, "write too");
	close(p[0]);
}

static int
events(int fd, int want)
{
	struct pollfd f = { .fd = fd, .events = (short)want };

	poll(&f, 1, 0);
	return f.revents;
}

static void
levels(void)
{
	static char page[4096];
	int p[2], all = POLLIN | POLLOUT | POLLRDHUP, n = 4096;
	struct timeval zero = { 0, 0 };
	char buf[8];
	fd_set set;
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	is_int(events(p[0], all), POLLOUT, "a new pair: POLLOUT");
	write(p[1], "x", 1);
	is_int(events(p[0], all), POLLIN | POLLOUT, "a byte: POLLIN");
	read(p[0], buf, 1);
	is_int(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)), 0, "SO_SNDBUF");
	while (write(p[0], page, 1000) > 0)
		;
	is_int(errno, EAGAIN, "it fills");
	is_int(events(p[0], all), 0, "not writable");
	n = 65536;
	setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	is_int(events(p[0], all), POLLOUT, "a larger SO_SNDBUF makes it writable at once");
	while (write(p[0], page, 1000) > 0)
		;
	while (read(p[1], page, sizeof(page)) > 0)
		;
	is_int(events(p[0], all), POLLOUT, "read: writable");
	shutdown(p[1], SHUT_WR);
	is_int(events(p[0], all), POLLIN | POLLOUT | POLLRDHUP, "the peer's half close is POLLRDHUP, POLLIN");
	is_int(events(p[0], POLLOUT), POLLOUT, "only when asked for");
	is_int(events(p[1], POLLOUT), POLLOUT, "a write that fails does not wait");
	close(p[1]);
	is_int(events(p[0], all), POLLIN | POLLHUP | POLLRDHUP, "the peer is gone: POLLHUP, no POLLOUT");
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	is_int(select(p[0] + 1, NULL, &set, NULL, &zero), 1, "select for writing does not wait either");
	close(p[0]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	pid = fork();
	if (pid == 0) {
		usleep(30000);
		write(p[1], "w", 1);
		_exit(0);
	}
	{
		struct pollfd f = { .fd = p[0], .events = POLLIN };

		is_int(poll(&f, 1, 5000), 1, "poll sleeps until a byte comes");
	}
	is_int(read(p[0], buf, 8), 1, "which is there");
	child_status(pid);
	close(p[0]), close(p[1]);
}

static void
nothing(int sig)
{
}

static void
blocking(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct timeval tv = { 0, 30000 }, bad = { 0, 1000000 };
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	static char page[4096];
	int p[2], n;
	char c;
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is_int(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0, "SO_RCVTIMEO");
	fails(read(p[0], &c, 1), EAGAIN, "ends a read");
	is_int(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0, "SO_SNDTIMEO");
	do
		n = (int)write(p[0], page, sizeof(page));
	while (n == sizeof(page));
	fails(n == -1 ? -1 : write(p[0], page, 1), EAGAIN, "ends a write");
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &bad, sizeof(bad)), EDOM, "a bad time");
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, 4), EINVAL, "a short time");
	close(p[0]), close(p[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	sigaction(SIGALRM, &sa, NULL);
	pid = fork();
	if (pid == 0) {
		usleep(150000);
		write(p[1], "r", 1);
		_exit(0);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	is_int(read(p[0], &c, 1), 1, "SA_RESTART: a read goes on");
	child_status(pid);
	sa.sa_flags = 0;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	fails(read(p[0], &c, 1), EINTR, "without: EINTR");
	tv = (struct timeval){ 5, 0 };
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setitimer(ITIMER_REAL, &it, NULL);
	fails(read(p[0], &c, 1), EINTR, "with a time limit always");
	signal(SIGALRM, SIG_DFL);
	close(p[0]), close(p[1]);
}

static void
options(void)
{
	static const struct { int name, value; } ints[] = { { SO_TYPE, SOCK_SEQPACKET }, { SO_DOMAIN, AF_UNIX },
		{ SO_PROTOCOL, 0 }, { SO_ERROR, 0 }, { SO_ACCEPTCONN, 0 }, { SO_SNDBUF, 65536 }, { SO_RCVBUF, 65536 },
		{ SO_SNDLOWAT, 1 }, { SO_RCVLOWAT, 1 }, { SO_PASSCRED, 0 }, { SO_REUSEADDR, 0 } };
	int p[2], n;
	socklen_t len;
	struct ucred cred;
	struct linger l = { 1, 5 };
	struct timeval tv = { 3, 4000 };
	uid_t uid = 77;
	gid_t gid = 77;

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
	for (unsigned i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		n = -1, len = sizeof(n);
		ok(getsockopt(p[0], SOL_SOCKET, ints[i].name, &n, &len) == 0 && n == ints[i].value && len == 4,
		    "option %#x is %d", ints[i].name, ints[i].value);
	}
	n = 1;
	setsockopt(p[0], SOL_SOCKET, SO_REUSEADDR, &n, sizeof(n));
	n = 0, len = sizeof(n);
	getsockopt(p[0], SOL_SOCKET, SO_REUSEADDR, &n, &len);
	is_int(n, 1, "SO_REUSEADDR is remembered");
	setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	memset(&l, 0, sizeof(l)), len = sizeof(l);
	getsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, &len);
	ok(l.l_onoff == 1 && l.l_linger == 5, "SO_LINGER too");
	setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	memset(&tv, 0, sizeof(tv)), len = sizeof(tv);
	getsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
	ok(tv.tv_sec == 3 && tv.tv_usec == 4000, "SO_RCVTIMEO comes back");
	n = 1, len = sizeof(n);
	setsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
	getsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &n, &len);
	is_int(n, 2048, "SO_RCVBUF has a minimum");
	n = 1 << 30;
	setsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
	getsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &n, &len);
	is_int(n, 1 << 20, "and a maximum");
	n = -1;
	fails(setsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &n, sizeof(n)), EINVAL, "a negative size");
	len = sizeof(cred);
	is_int(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &cred, &len), 0, "SO_PEERCRED");
	ok(cred.pid == getpid() && cred.uid == 0 && cred.gid == 0, "is us");
	is_int(getpeereid(p[0], &uid, &gid), 0, "getpeereid");
	ok(uid == 0 && gid == 0, "is us");
	fails(getsockopt(p[0], SOL_SOCKET, 0x7777, &n, &len), ENOPROTOOPT, "an unknown option");
	fails(setsockopt(p[0], SOL_SOCKET, 0x7777, &n, sizeof(n)), ENOPROTOOPT, "to set too");
	fails(setsockopt(p[0], SOL_SOCKET, SO_TYPE, &n, sizeof(n)), ENOPROTOOPT, "SO_TYPE cannot be set");
	fails(getsockopt(p[0], 6, 1, &n, &len), ENOPROTOOPT, "another level");
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &n, 2), EINVAL, "a short value");
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, (void *)8, 4), EFAULT, "a bad value");
	len = 4;
	fails(getsockopt(p[0], SOL_SOCKET, SO_TYPE, (void *)8, &len), EFAULT, "a bad buffer");
	fails(getsockopt(p[0], SOL_SOCKET, SO_TYPE, &n, (void *)8), EFAULT, "a bad length");
	len = (socklen_t)-1;
	fails(getsockopt(p[0], SOL_SOCKET, SO_TYPE, &n, &len), EINVAL, "a negative length");
	len = 2, n = 0;
	getsockopt(p[0], SOL_SOCKET, SO_TYPE, &n, &len);
	ok(len == 2 && n == SOCK_SEQPACKET, "a short buffer gets the first bytes");
	close(p[0]), close(p[1]);
	p[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	len = sizeof(cred);
	fails(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &cred, &len), ENOTCONN, "no peer: no SO_PEERCRED");
	close(p[0]);
}

/* The listener's credentials are those at listen, the client's those at connect. */
static void
peers(void)
{
	struct sockaddr_un a = addr_of(NAME);
	int l = listener(NAME, SOCK_STREAM, 3), s;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	pid_t pid;

	chmod(NAME, 0777);
	pid = fork();
	if (pid == 0) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);

		setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
		if (connect(c, (void *)&a, sizeof(a)) != 0)
			_exit(1);
		getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len);
		_exit(cred.pid == getppid() && cred.uid == 0 ? 0 : 2);
	}
	s = accept(l, NULL, NULL);
	is_int(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0, "SO_PEERCRED of a client");
	ok(cred.pid == pid && cred.uid == 1000 && cred.gid == 1000, "is the client's");
	is_int(child_status(pid), 0, "and the server's is the listener's");
	close(s), close(l);
	unlink(NAME);
}

int
main(void)
{
	making();
	no_sockets();
	names();
	longest();
	modes();
	meeting();
	waiting();
	bytes();
	ends();
	levels();
	blocking();
	options();
	peers();
	return tap_done();
}
