/* Descriptors and credentials in messages; what is in flight stays a forest. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <abi/mx.h>
#include <abi/rights.h>
#include "sysuser.h"
#include "usock.h"
#include "tap.h"

#define NAME	"/tmp/usockfd.s"

union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(300 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

/* Sends n descriptors with one byte. */
static ssize_t
send_fds(int s, const int *fds, int n, int flags)
{
	static union control c;
	struct iovec iov = { "d", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int)) };

	c.h = (struct cmsghdr){ CMSG_LEN((unsigned)n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS, 0 };
	memcpy(CMSG_DATA(&c.h), fds, (unsigned)n * sizeof(int));
	return sendmsg(s, &m, flags);
}

static int got_flags;

/* Receives up to n descriptors; how many came, or -1. */
static int
recv_fds(int s, int *fds, int n, int flags)
{
	static union control c;
	char b[8];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = n > 0 ? &c : NULL,
		.msg_controllen = n > 0 ? CMSG_LEN((unsigned)n * sizeof(int)) : 0 };
	struct cmsghdr *h;
	int got = 0;

	if (recvmsg(s, &m, flags) == -1)
		return -1;
	got_flags = m.msg_flags;
	for (h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		got = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(h), (unsigned)got * sizeof(int));
	}
	return got;
}

static int
descriptors(void)
{
	int n = 0;

	for (int i = 0; i < 1024; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

static void
passing(int type, const char *what)
{
	int p[2], q[2], fds[4], before;
	char buf[8];
	struct stat a, b;

	tap_print("# %s\n", what);
	socketpair(AF_UNIX, type, 0, p);
	pipe(q);
	before = descriptors();
	is_int(send_fds(p[0], q, 2, 0), 1, "two descriptors");
	ok(fcntl(q[0], F_GETFD) == 0, "stay with the sender");
	is_int(recv_fds(p[1], fds, 4, 0), 2, "arrive");
	fstat(q[1], &a), fstat(fds[1], &b);
	ok(a.st_ino == b.st_ino, "are the same");
	ok(fcntl(fds[0], F_GETFL) == O_RDONLY && fcntl(fds[1], F_GETFL) == O_WRONLY, "with their rights");
	fails(write(fds[0], "x", 1), EBADF, "no more than those");
	is_int(fcntl(fds[0], F_GETFD), 0, "no close-on-exec");
	ok(write(fds[1], "through", 7) == 7 && read(q[0], buf, 8) == 7, "and work");
	close(fds[0]), close(fds[1]);
	send_fds(p[0], q, 1, 0);
	is_int(recv_fds(p[1], fds, 1, MSG_CMSG_CLOEXEC), 1, "MSG_CMSG_CLOEXEC");
	is_int(fcntl(fds[0], F_GETFD), FD_CLOEXEC, "close-on-exec");
	close(fds[0]);
	send_fds(p[0], q, 2, 0);
	is_int(recv_fds(p[1], fds, 1, 0), 1, "room for one");
	ok(got_flags & MSG_CTRUNC, "MSG_CTRUNC");
	close(fds[0]);
	send_fds(p[0], q, 2, 0);
	is_int(recv_fds(p[1], fds, 0, 0), 0, "room for none");
	ok(got_flags & MSG_CTRUNC, "MSG_CTRUNC");
	send_fds(p[0], q, 2, 0);
	is_int(read(p[1], buf, 1), 1, "a plain read");
	is_int(descriptors(), before, "what had no room is closed");
	send_fds(p[0], q, 2, 0);
	is_int(recv_fds(p[1], fds, 2, MSG_PEEK), 0, "MSG_PEEK takes none");
	is_int(recv_fds(p[1], fds, 2, 0), 2, "they come with the message");
	close(fds[0]), close(fds[1]);
	send_fds(p[0], q, 2, 0);
	close(q[0]), close(q[1]);
	is_int(recv_fds(p[1], fds, 2, 0), 2, "in flight they live");
	ok(write(fds[1], "live", 4) == 4 && read(fds[0], buf, 8) == 4, "and work");
	send_fds(p[0], &fds[1], 1, 0);
	close(fds[1]);
	close(p[0]), close(p[1]);
	is_int(read(fds[0], buf, 8), 0, "the end of the socket closes what was in flight");
	close(fds[0]);
}

static void
refusals(void)
{
	union control c;
	struct iovec iov = { "d", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c };
	int p[2], fds[300], bad[2] = { 0, 999 }, weak, before;
	uint32_t out = 0;
	char buf[8];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	before = descriptors();
	for (int i = 0; i < 300; i++)
		fds[i] = 0;
	is_int(send_fds(p[0], fds, 253, 0), 1, "253 descriptors");
	is_int(recv_fds(p[1], fds, 300, 0), 253, "arrive");
	for (int i = 0; i < 253; i++)
		close(fds[i]);
	for (int i = 0; i < 300; i++)
		fds[i] = 0;
	fails(send_fds(p[0], fds, 254, 0), EINVAL, "254: EINVAL");
	fails(send_fds(p[0], bad, 2, 0), EBADF, "one that is closed: EBADF");
	__sys_mx_fd_handle(0, &out);
	__sys_mx_handle_duplicate(out, RIGHT_READ, &out);
	__sys_mx_handle_fd(out, &weak);
	fails(send_fds(p[0], &weak, 1, 0), EPERM, "without DUPLICATE and TRANSFER: EPERM");
	close(weak);
	m.msg_controllen = CMSG_LEN(sizeof(int));
	c.h = (struct cmsghdr){ 15, SOL_SOCKET, SCM_RIGHTS, 0 };
	fails(sendmsg(p[0], &m, 0), EINVAL, "a header that is too short");
	c.h.cmsg_len = 100;
	fails(sendmsg(p[0], &m, 0), EINVAL, "or too long");
	c.h = (struct cmsghdr){ CMSG_LEN(4), 6, SCM_RIGHTS, 0 };
	fails(sendmsg(p[0], &m, 0), EINVAL, "another level");
	c.h = (struct cmsghdr){ CMSG_LEN(4), SOL_SOCKET, 9, 0 };
	fails(sendmsg(p[0], &m, 0), EINVAL, "another type");
	c.h = (struct cmsghdr){ CMSG_LEN(3), SOL_SOCKET, SCM_RIGHTS, 0 };
	fails(sendmsg(p[0], &m, 0), EINVAL, "no whole number");
	m.msg_control = (void *)8;
	fails(sendmsg(p[0], &m, 0), EFAULT, "a bad control buffer");
	m.msg_controllen = 5000;
	fails(sendmsg(p[0], &m, 0), EINVAL, "too much control");
	fails(recv(p[1], buf, 1, MSG_DONTWAIT), EAGAIN, "nothing was sent");
	fds[0] = 0;
	send_fds(p[0], fds, 1, 0);
	m.msg_control = (void *)8, m.msg_controllen = 64;
	iov.iov_base = buf;
	fails(recvmsg(p[1], &m, 0), EFAULT, "a bad control buffer of the receiver");
	m.msg_control = &c, m.msg_controllen = sizeof(c), iov.iov_base = (void *)8;
	fails(recvmsg(p[1], &m, 0), EFAULT, "bad data behind a good one");
	is_int(descriptors(), before, "made nothing");
	is_int(recv_fds(p[1], fds, 1, 0), 1, "and took nothing");
	close(fds[0]);
	shutdown(p[0], SHUT_WR);
	fails(send_fds(p[0], fds + 1, 1, 0), EPIPE, "EPIPE with descriptors");
	is_int(descriptors(), before, "no descriptor is left over");
	close(p[0]), close(p[1]);
}

/* A table that is nearly full. */
static void
limit(void)
{
	int p[2], fds[8] = { 0, 0, 0, 0, 0 }, top;
	struct rlimit old, rl;

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	top = dup(0);
	getrlimit(RLIMIT_NOFILE, &old);
	rl = old;
	rl.rlim_cur = (rlim_t)top + 3;
	setrlimit(RLIMIT_NOFILE, &rl);
	send_fds(p[0], fds, 5, 0);
	is_int(recv_fds(p[1], fds, 8, 0), 2, "RLIMIT_NOFILE leaves room for two of five");
	ok(got_flags & MSG_CTRUNC, "MSG_CTRUNC");
	ok(fds[0] == top + 1 && fds[1] == top + 2, "the lowest free numbers");
	send_fds(p[0], (int[]){ 0 }, 1, 0);
	is_int(recv_fds(p[1], fds + 2, 8, 0), 0, "none when the table is full");
	ok(got_flags & MSG_CTRUNC, "MSG_CTRUNC");
	setrlimit(RLIMIT_NOFILE, &old);
	close(fds[0]), close(fds[1]), close(top), close(p[0]), close(p[1]);
}

/* Descriptors keep their place in a stream. */
static void
places(void)
{
	int p[2], q[2], fds[4];
	char buf[16];

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	pipe(q);
	write(p[0], "before", 6);
	send_fds(p[0], q, 2, 0);
	write(p[0], "after", 5);
	is_int(read(p[1], buf, 16), 6, "a read ends before descriptors");
	is_int(recv_fds(p[1], fds, 4, 0), 2, "they come with their byte");
	is_int(read(p[1], buf, 16), 5, "what follows is for the next read");
	close(fds[0]), close(fds[1]);
	write(p[0], "ab", 2);
	send_fds(p[0], q, 2, 0);
	is_int(recv(p[1], buf, 16, MSG_WAITALL), 2, "MSG_WAITALL too ends there");
	is_int(recv(p[1], buf, 1, MSG_WAITALL), 1, "the byte");
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

/* Handles are descriptors too. */
static void
handles(void)
{
	uint32_t event = 0, seen = 0;
	int p[2], fd, got;

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
	__sys_mx_event_create(0, &event);
	__sys_mx_handle_fd(event, &fd);
	is_int(send_fds(p[0], &fd, 1, 0), 1, "a native event");
	is_int(recv_fds(p[1], &got, 1, 0), 1, "arrives");
	ok(got >= 0 && got < 1024, "as a small number");
	__sys_mx_object_signal(event, 0, 1u << 3);
	__sys_mx_fd_handle(got, &event);
	ok(__sys_mx_object_wait_one(event, 1u << 3, 0, &seen) == MX_OK, "and is the same event");
	close(got), close(fd), close(p[0]), close(p[1]);
}

/* --- credentials --- */

static int
recv_cred(int s, struct ucred *cred)
{
	union control c;
	char b[8];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	struct cmsghdr *h;

	if (recvmsg(s, &m, MSG_DONTWAIT) == -1)
		return -1;
	for (h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_CREDENTIALS) {
			memcpy(cred, CMSG_DATA(h), sizeof(*cred));
			return 1;
		}
	return 0;
}

static ssize_t
send_cred(int s, struct ucred cred)
{
	union control c;
	struct iovec iov = { "c", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = CMSG_SPACE(sizeof(cred)) };

	c.h = (struct cmsghdr){ CMSG_LEN(sizeof(cred)), SOL_SOCKET, SCM_CREDENTIALS, 0 };
	memcpy(CMSG_DATA(&c.h), &cred, sizeof(cred));
	return sendmsg(s, &m, 0);
}

static int cred_socket;

static void
as_user(void)
{
	struct ucred me = { getpid(), 1000, 1000 };

	if (setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (write(cred_socket, "plain", 5) != 5)
		_exit(1);
	if (send_cred(cred_socket, me) != 1)
		_exit(2);
	me.uid = 0;
	if (send_cred(cred_socket, me) != -1 || errno != EPERM)
		_exit(3);
	me.uid = 1000, me.pid = 1;
	if (send_cred(cred_socket, me) != -1 || errno != EPERM)
		_exit(4);
	me.pid = getpid(), me.gid = 0;
	if (send_cred(cred_socket, me) != -1 || errno != EPERM)
		_exit(5);
}

static void
credentials(int type, const char *what)
{
	struct ucred cred = { 0, 0, 0 };
	int p[2], on = 1;
	char buf[16];
	pid_t pid;

	tap_print("# %s\n", what);
	socketpair(AF_UNIX, type, 0, p);
	write(p[0], "x", 1);
	is_int(recv_cred(p[1], &cred), 0, "no credentials unless asked for");
	is_int(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0, "SO_PASSCRED");
	cred_socket = p[0];
	pid = fork();
	if (pid == 0) {
		as_user();
		_exit(0);
	}
	is_int(child_status(pid), 0, "a user tells the truth, and nothing else is let through");
	is_int(recv_cred(p[1], &cred), 1, "come with every message");
	ok(cred.pid == pid && cred.uid == 1000 && cred.gid == 1000, "the sender's");
	if (type != SOCK_STREAM) {
		is_int(recv_cred(p[1], &cred), 1, "said ones too");
		ok(cred.pid == pid && cred.uid == 1000 && cred.gid == 1000, "the same");
	}
	is_int(recv_cred(p[1], &cred), -1, "no more");
	is_int(send_cred(p[0], (struct ucred){ 7, 8, 9 }), 1, "root says what it likes");
	write(p[0], "more", 4);
	recv_cred(p[1], &cred);
	ok(cred.pid == 7 && cred.uid == 8 && cred.gid == 9, "and is believed");
	is_int(read(p[1], buf, 16), 4, "a read does not mix senders");
	close(p[0]), close(p[1]);
}

/* --- cycles --- */

static void
cycles(void)
{
	int p[2], q[2], l, c, s;
	struct sockaddr_un a = addr_of(NAME);

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, q);
	fails(send_fds(p[0], &p[1], 1, 0), EINVAL, "a socket into its own queue");
	fails(send_fds(p[0], &p[0], 1, 0), EINVAL, "and into its peer's");
	is_int(send_fds(p[0], &q[0], 1, 0), 1, "another one goes");
	fails(send_fds(q[1], &p[1], 1, 0), EINVAL, "what holds it may not go into it");
	fails(send_fds(q[1], &p[0], 1, 0), EINVAL, "nor the peer of what holds it");
	recv(p[1], &s, 1, 0);
	is_int(send_fds(q[1], &p[1], 1, 0), 1, "when it is out, it may");
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);

	l = listener(NAME, SOCK_STREAM, 4);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(c, (void *)&a, sizeof(a));
	fails(send_fds(c, &l, 1, 0), EINVAL, "a listener into what waits in its backlog");
	s = accept(l, NULL, NULL);
	is_int(send_fds(c, &l, 1, 0), 1, "accepted: it may");
	close(l), close(c), close(s);
	unlink(NAME);
}

/* Sockets in sockets in sockets ... whose last close frees all. */
static void
deep(void)
{
	int p[2], q[2], good = 1;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	for (int i = 0; i < 2000; i++) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, q);
		good &= send_fds(q[0], p, 2, 0) == 1;
		close(p[0]), close(p[1]);
		p[0] = q[0], p[1] = q[1];
	}
	ok(good, "2000 pairs, each in the queue of the next");
	close(p[0]), close(p[1]);
	ok(1, "go with the last");
}

/* Receiving makes a process pass a thing on to a third. */
static void
relay(void)
{
	int p[2], q[2], fd, out[2];
	char buf[8];
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, q);
	pipe(out);
	pid = fork();
	if (pid == 0) {
		close(out[0]), close(out[1]);
		if (recv_fds(p[1], &fd, 1, 0) != 1 || send_fds(q[0], &fd, 1, 0) != 1)
			_exit(1);
		_exit(0);
	}
	send_fds(p[0], &out[1], 1, 0);
	close(out[1]);
	is_int(recv_fds(q[1], &fd, 1, 0), 1, "through another process");
	is_int(child_status(pid), 0, "which ends well");
	ok(write(fd, "hi", 2) == 2 && read(out[0], buf, 8) == 2, "and it works");
	close(fd);
	is_int(read(out[0], buf, 8), 0, "nobody else holds it");
	close(out[0]), close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

int
main(void)
{
	passing(SOCK_STREAM, "stream");
	passing(SOCK_DGRAM, "datagrams");
	passing(SOCK_SEQPACKET, "records");
	refusals();
	limit();
	places();
	handles();
	credentials(SOCK_STREAM, "stream");
	credentials(SOCK_DGRAM, "datagrams");
	cycles();
	deep();
	relay();
	return tap_done();
}
