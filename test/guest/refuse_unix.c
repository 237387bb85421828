/*
 * Refusals of the socket calls: what is no descriptor, what is no unix socket, every missing right, and bad
 * memory; flags before the descriptor, the descriptor before memory, memory before the socket's state.
 */
#include <sys/un.h>
#include "refuse.h"

#define UNKNOWN	0x40000000	/* a flag that no call knows */

static char buf[256];
static socklen_t len = sizeof(buf);
static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/refuse.sock" };
static struct msghdr bad_vector = { .msg_iov = BAD, .msg_iovlen = 1 };

/* --- the calls, with arguments that are wrong after the first; the second makes memory bad, too --- */

static long
c_bind(int fd, int bad)
{
	return bind(fd, bad ? BAD : (void *)&name, sizeof(name));
}

static long
c_connect(int fd, int bad)
{
	return connect(fd, bad ? BAD : (void *)&name, sizeof(name));
}

static long
c_listen(int fd, int bad)
{
	return listen(fd, 1);
}

static long
c_accept(int fd, int bad)
{
	return accept4(fd, bad ? BAD : (void *)buf, bad ? BAD : &len, SOCK_NONBLOCK);
}

static long
c_shutdown_rd(int fd, int bad)
{
	return shutdown(fd, SHUT_RD);
}

static long
c_shutdown_wr(int fd, int bad)
{
	return shutdown(fd, SHUT_WR);
}

static long
c_getsockname(int fd, int bad)
{
	return getsockname(fd, (void *)buf, bad ? BAD : &len);
}

static long
c_getpeername(int fd, int bad)
{
	return getpeername(fd, bad ? BAD : (void *)buf, &len);
}

static long
c_getsockopt(int fd, int bad)
{
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, buf, bad ? BAD : &len);
}

static long
c_setsockopt(int fd, int bad)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, bad ? BAD : &one, sizeof(one));
}

static long
c_sendto(int fd, int bad)
{
	return sendto(fd, bad ? BAD : buf, 8, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

static long
c_sendmsg(int fd, int bad)
{
	struct iovec v = { buf, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return sendmsg(fd, bad ? &bad_vector : &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long
c_recvfrom(int fd, int bad)
{
	return recvfrom(fd, bad ? BAD : buf, 8, MSG_DONTWAIT, NULL, NULL);
}

static long
c_recvmsg(int fd, int bad)
{
	struct iovec v = { buf, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return recvmsg(fd, bad ? &bad_vector : &m, MSG_DONTWAIT);
}

static const struct {
	const char *name;
	long (*fn)(int, int);
	mx_rights_t right;	/* that it needs */
	int without;		/* what it says then */
	int memory;		/* it reads or writes some */
} calls[] = {
	{ "bind", c_bind, MX_RIGHT_SET_PROPERTY, EPERM, 1 },
	{ "connect", c_connect, MX_RIGHT_WRITE, EPERM, 1 },
	{ "listen", c_listen, MX_RIGHT_SET_PROPERTY, EPERM, 0 },
	{ "accept4", c_accept, MX_RIGHT_READ, EPERM, 0 },
	{ "shutdown for reading", c_shutdown_rd, MX_RIGHT_READ, EPERM, 0 },
	{ "shutdown for writing", c_shutdown_wr, MX_RIGHT_WRITE, EPERM, 0 },
	{ "getsockname", c_getsockname, MX_RIGHT_GET_PROPERTY, EPERM, 1 },
	{ "getpeername", c_getpeername, MX_RIGHT_GET_PROPERTY, EPERM, 1 },
	{ "getsockopt", c_getsockopt, MX_RIGHT_GET_PROPERTY, EPERM, 1 },
	{ "setsockopt", c_setsockopt, MX_RIGHT_SET_PROPERTY, EPERM, 1 },
	{ "sendto", c_sendto, MX_RIGHT_WRITE, EBADF, 1 },
	{ "sendmsg", c_sendmsg, MX_RIGHT_WRITE, EBADF, 1 },
	{ "recvfrom", c_recvfrom, MX_RIGHT_READ, EBADF, 1 },
	{ "recvmsg", c_recvmsg, MX_RIGHT_READ, EBADF, 1 },
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

/* Every call on what is no socket of this kind, with bad memory: the descriptor is what is told. */
static void
kinds_of_descriptors(void)
{
	int closed = dup(0);

	close(closed);
	for (size_t c = 0; c < NCALLS; c++) {
		int wrong = 0;

		errno = 0;
		fails(calls[c].fn(-1, 1), EBADF, calls[c].name);
		fails(calls[c].fn(closed, 1), EBADF, "closed");
		for (size_t i = 0; i < nkinds; i++) {
			if (kinds[i].type == MX_OBJ_TYPE_UNIX_SOCKET)
				continue;
			wrong += calls[c].fn(mx_handle_fd(kinds[i].h), 1) != -1 || errno != ENOTSOCK;
			wrong += calls[c].fn(mx_handle_fd(kinds[i].bare), 1) != -1 || errno != ENOTSOCK;
		}
		is_int(wrong, 0, "ENOTSOCK of every other kind, with rights and without");
	}
}

/* Each right alone away, and nothing else missed; then bad memory on a socket that may do all. */
static void
rights(void)
{
	for (size_t c = 0; c < NCALLS; c++) {
		mx_handle_t weak, enough;
		int s[2];

		socketpair(AF_UNIX, SOCK_STREAM, 0, s);
		write(s[1], "waiting for it", 14);
		weak = without(mx_fd_handle(s[0]), calls[c].right);
		enough = only(mx_fd_handle(s[0]), calls[c].right);
		fails(calls[c].fn(mx_handle_fd(weak), 1), calls[c].without, calls[c].name);
		errno = 0;
		ok(calls[c].fn(mx_handle_fd(enough), 0) >= 0 || (errno != EPERM && errno != EBADF), "no other right is needed");
		mx_handle_close(weak), mx_handle_close(enough);
		close(s[0]), close(s[1]);
		if (!calls[c].memory)
			continue;
		socketpair(AF_UNIX, SOCK_STREAM, 0, s);
		write(s[1], "waiting for it", 14);
		fails(calls[c].fn(s[0], 1), EFAULT, "bad memory");
		is_int((long)recv(s[0], buf, sizeof(buf), MSG_DONTWAIT), 14, "nothing was taken");
		fails(recv(s[1], buf, 1, MSG_DONTWAIT), EAGAIN, "or sent");
		close(s[0]), close(s[1]);
	}
}

static void
flags(void)
{
	struct msghdr m = { 0 };

	fails(sendto(-1, BAD, 1, UNKNOWN, NULL, 0), EINVAL, "sendto: flags come first");
	fails(sendmsg(-1, BAD, UNKNOWN), EINVAL, "sendmsg");
	fails(recvfrom(-1, BAD, 1, UNKNOWN, NULL, NULL), EINVAL, "recvfrom");
	fails(recvmsg(-1, BAD, UNKNOWN), EINVAL, "recvmsg");
	fails(accept4(-1, BAD, BAD, UNKNOWN), EINVAL, "accept4");
	fails(shutdown(-1, 3), EINVAL, "shutdown");
	fails(sendmsg(-1, &m, MSG_OOB), EOPNOTSUPP, "there are no urgent bytes to send");
	fails(recvmsg(-1, &m, MSG_OOB), EOPNOTSUPP, "or to receive");
}

/* What is said when the descriptor is good and the state is not. */
static void
states(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0), p[2];
	struct sockaddr_un long_one = { .sun_family = AF_UNIX };

	unlink(name.sun_path);		/* one of the calls before has made it */
	fails(c_connect(s, 0), ENOENT, "connect to no name");
	name.sun_family = AF_INET;
	fails(c_connect(s, 0), EAFNOSUPPORT, "connect by another family");
	fails(c_bind(s, 0), EAFNOSUPPORT, "bind by another family");
	name.sun_family = AF_UNIX;
	fails(bind(s, (void *)&name, 1), EINVAL, "an address too short");
	fails(bind(s, (void *)&name, sizeof(name) + 1), EINVAL, "too long");
	fails(bind(s, (void *)&long_one, sizeof(long_one)), ENOENT, "an abstract one");
	fails(c_listen(s, 0), EDESTADDRREQ, "listen without a name");
	fails(c_accept(s, 0), EINVAL, "accept where nobody listens");
	fails(c_accept(d, 0), EOPNOTSUPP, "accept of datagrams");
	fails(c_listen(d, 0), EOPNOTSUPP, "listen for datagrams");
	fails(c_getpeername(s, 0), ENOTCONN, "a peer that is not");
	fails(c_shutdown_wr(s, 0), ENOTCONN, "shutdown of nothing");
	fails(c_sendto(s, 0), ENOTCONN, "send to nobody");
	fails(c_recvfrom(s, 0), ENOTCONN, "receive from nobody");
	fails(c_sendto(d, 0), EDESTADDRREQ, "a datagram to nobody");
	fails(c_recvfrom(d, 0), EAGAIN, "no datagram");
	is_int(c_bind(s, 0), 0, "bind");
	fails(c_bind(s, 0), EINVAL, "twice");
	fails(c_bind(d, 0), EADDRINUSE, "another there");
	fails(c_connect(d, 0), EPROTOTYPE, "of another type");
	is_int(c_listen(s, 0), 0, "listen");
	fails(c_connect(s, 0), EOPNOTSUPP, "a listener connects to nobody");
	fcntl(s, F_SETFL, O_NONBLOCK);
	fails(c_accept(s, 0), EAGAIN, "nobody has come");
	close(s), close(d);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(c_connect(s, 0), ECONNREFUSED, "the name of a socket that is closed");
	close(s);
	unlink(name.sun_path);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	fails(c_connect(p[0], 1), EFAULT, "memory comes before the state");
	fails(connect(p[0], (void *)&name, sizeof(name)), ENOENT, "and the name before it, too");
	close(p[1]);
	fails(c_sendto(p[0], 0), EPIPE, "a closed peer");
	is_int(c_recvfrom(p[0], 0), 0, "is the end for a reader");
	close(p[0]);
	fails(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT, "another family");
	fails(socket(AF_UNIX, 77, 0), EPROTOTYPE, "another type");
	fails(socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT, "another protocol");
	fails(socketpair(AF_UNIX, SOCK_STREAM, 77, BAD), EPROTONOSUPPORT, "before memory");
	fails(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT, "memory");
	fails(setsockopt(0, SOL_SOCKET, 9999, BAD, 4), ENOTSOCK, "an option of no socket");
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(getsockopt(s, SOL_SOCKET, 9999, buf, &len), ENOPROTOOPT, "an option that is not");
	fails(getsockopt(s, 77, SO_TYPE, buf, &len), ENOPROTOOPT, "of another level");
	fails(setsockopt(s, SOL_SOCKET, 9999, buf, 4), ENOPROTOOPT, "to set");
	close(s);
}

/* A job that denies sockets. */
static void
policy(void)
{
	const mx_policy_basic_t deny = { MX_POL_NEW_SOCKET, MX_POL_ACTION_DENY };
	mx_handle_t job;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &job);
	mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, &deny, 1);
	pid = mx_job_fork(job);
	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		fails(socket(AF_INET, 77, 77), EPERM, "socket");
		fails(socketpair(AF_INET, 77, 77, BAD), EPERM, "socketpair");
		fails(pipe(BAD), EPERM, "pipe");
		_exit(tap_bad != 0);
	}
	is_int(child_status(pid), 0, "policy comes before the arguments");
	mx_handle_close(job);
}

int
main(void)
{
	specimens();
	kinds_of_descriptors();
	rights();
	flags();
	states();
	policy();
	specimens_close();
	return tap_done();
}
