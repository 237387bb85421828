/*
 * One table, two spellings: every kind of node by its number and by its handle value.  The first table says
 * what POSIX calls answer for each kind (handle(7) has the same); the rest is the same for all kinds:
 * dup, dup2, fcntl, close, fork, exec, SCM_RIGHTS, a channel.
 */
#include <mqueue.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "refuse.h"

#define OK	0
#define SKIP	(-1)		/* it would wait: nothing can make it not to */

static const struct kind {
	const char *name;
	int rd, wr, seek, map, trunc, sync, fionread;	/* errno, or OK */
	short ready;					/* poll, when nothing happened yet */
	mode_t fmt;
	int setfl;
} table[] = {
	{ "event", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, EPERM },
	{ "eventpair", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, EPERM },
	{ "channel", EAGAIN, OK, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, POLLOUT, S_IFSOCK, OK },
	{ "socket", EAGAIN, OK, ESPIPE, ENODEV, EINVAL, EINVAL, OK, POLLOUT, S_IFSOCK, OK },
	{ "fifo", EAGAIN, OK, ESPIPE, ENODEV, EINVAL, EINVAL, OK, POLLOUT, S_IFIFO, OK },
	{ "port", SKIP, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, EPERM },
	{ "timer", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, EPERM },
	{ "vmo", OK, OK, OK, OK, OK, EINVAL, ENOTTY, POLLIN, 0, OK },
	{ "vmar", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, POLLNVAL, 0, EPERM },
	{ "process", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, OK },
	{ "thread", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, OK },
	{ "job", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, POLLIN, 0, OK },
	{ "trace", SKIP, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, 0, 0, EPERM },
	{ "file to read", OK, EBADF, OK, OK, EBADF, OK, OK, POLLIN | POLLOUT, S_IFREG, OK },
	{ "pipe's reading end", EAGAIN, EBADF, ESPIPE, ENODEV, EBADF, EINVAL, OK, 0, S_IFIFO, OK },
	{ "unix socket", EAGAIN, OK, ESPIPE, ENODEV, EINVAL, EINVAL, OK, POLLOUT, S_IFSOCK, OK },
	{ "file", OK, OK, OK, OK, OK, OK, OK, POLLIN | POLLOUT, S_IFREG, OK },
	{ "directory", EISDIR, EBADF, OK, ENODEV, EISDIR, OK, ENOTTY, POLLIN | POLLOUT, S_IFDIR, OK },
	{ "terminal", EAGAIN, OK, ESPIPE, ENODEV, EINVAL, EINVAL, OK, POLLOUT, S_IFCHR, OK },
	{ "queue", EINVAL, EINVAL, ESPIPE, ENODEV, EINVAL, EINVAL, ENOTTY, POLLOUT, 0, OK },
	{ "pipe's writing end", EBADF, OK, ESPIPE, ENODEV, EINVAL, EINVAL, OK, POLLOUT, S_IFIFO, OK },
};
#define NTABLE	(sizeof(table) / sizeof(table[0]))

static mx_handle_t held[NTABLE];
static int peers[8], npeers;

static void
make(void)
{
	mx_handle_t *h = held, peer[4];
	int fds[2];

	mx_event_create(0, h++);
	mx_eventpair_create(0, h++, &peer[0]);
	mx_channel_create(MX_CHANNEL_DUPLICABLE, h++, &peer[1]);
	mx_socket_create(0, h++, &peer[2]);
	mx_fifo_create(4, 8, 0, h++, &peer[3]);
	mx_port_create(0, h++);
	mx_timer_create(0, MX_CLOCK_MONOTONIC, h++);
	mx_vmo_create(4 * MX_PAGE_SIZE, MX_VMO_RESIZABLE, h++);
	mx_handle_duplicate(mx_vmar_root_self(), MX_RIGHT_SAME_RIGHTS, h++);
	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, h++);
	mx_handle_duplicate(mx_thread_self(), MX_RIGHT_SAME_RIGHTS, h++);
	mx_job_create(mx_job_default(), 0, h++);
	mx_trace_create(0, h++);
	*h++ = mx_fd_handle(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	pipe2(fds, O_CLOEXEC);
	*h++ = mx_fd_handle(fds[0]);
	peers[npeers++] = fds[1];
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
	*h++ = mx_fd_handle(fds[0]);
	peers[npeers++] = fds[1];
	*h++ = mx_fd_handle(open("/tmp/duality", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	*h++ = mx_fd_handle(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	grantpt(fds[0]), unlockpt(fds[0]);
	*h++ = mx_fd_handle(open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC));
	peers[npeers++] = fds[0];
	*h++ = mx_fd_handle(mq_open("/duality", O_RDWR | O_CREAT, 0600, NULL));
	mq_unlink("/duality");
	pipe2(fds, O_CLOEXEC);
	*h++ = mx_fd_handle(fds[1]);
	peers[npeers++] = fds[0];
	for (int i = 0; i < 4; i++)
		peers[npeers++] = mx_handle_fd(peer[i]);
	is_int(h - held, NTABLE, "one of each kind");
}

static mx_rights_t
rights(mx_handle_t h)
{
	mx_info_handle_basic_t info = { .rights = 0 };

	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	return info.rights;
}

static int
numbered(int fd, mx_koid_t k)
{
	return fd != -1 && koid(mx_fd_handle(fd)) == k;
}

/* --- what each kind answers --- */

static int
same(long result, int want, const char *kind, const char *call)
{
	int got = result < 0 ? errno : 0;

	if (!ok(got == want, "%s: %s", kind, call))
		tap_print("# errno %d (%s), want %d\n", got, strerror(got), want);
	return got;
}

static void
answers(const struct kind *k, mx_handle_t h)
{
	int fd = mx_handle_fd(h), bytes;
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	struct stat st = { 0 };
	char buf[64] = "";
	void *m;

	poll(&p, 1, 0);
	ok(p.revents == k->ready, "%s: poll", k->name);
	errno = 0;
	same(fcntl(fd, F_SETFL, O_NONBLOCK), k->setfl, k->name, "F_SETFL");
	ok(fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == k->fmt, "%s: fstat", k->name);
	ok(k->fmt == S_IFREG || k->fmt == S_IFDIR || st.st_ino == koid(h) || k->name[0] == 'p' || k->name[0] == 'u' || k->fmt == S_IFCHR,
	    "%s: a native node's inode is its koid", k->name);
	if (k->rd != SKIP)
		same(read(fd, buf, sizeof(buf)), k->rd, k->name, "read");
	same(write(fd, buf, 8), k->wr, k->name, "write");
	same(lseek(fd, 0, SEEK_CUR), k->seek, k->name, "lseek");
	same(pread(fd, buf, 1, 0), k->rd == EINVAL || k->rd == EBADF || k->rd == EISDIR ? k->rd : k->seek, k->name, "pread");
	m = mmap(NULL, MX_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	same(m == MAP_FAILED ? -1 : 0, k->map, k->name, "mmap");
	if (m != MAP_FAILED)
		munmap(m, MX_PAGE_SIZE);
	same(ftruncate(fd, 4 * MX_PAGE_SIZE), k->trunc, k->name, "ftruncate");
	same(fsync(fd), k->sync, k->name, "fsync");
	same(ioctl(fd, FIONREAD, &bytes), k->fionread, k->name, "FIONREAD");
	if (k->fmt != S_IFDIR)
		fails(openat(fd, "x", O_RDONLY), ENOTDIR, "no base for names");
	ok(isatty(fd) == (k->fmt == S_IFCHR), "a terminal, or none");
	fails(listen(fd, 1), strcmp(k->name, "unix socket") == 0 ? EINVAL : ENOTSOCK, "no socket to listen on");
}

/* --- what is the same for all --- */

/* dup2 over a pipe's reading end closes it, once: its writer sees that at once. */
static void
copies(const struct kind *k, mx_handle_t h)
{
	mx_koid_t is = koid(h);
	int fd = mx_handle_fd(h), d, p[2];
	struct pollfd w;

	d = dup(fd);
	ok(numbered(d, is) && d < 1024 && rights(mx_fd_handle(d)) == rights(h), "%s: dup", k->name);
	is_int(fcntl(d, F_GETFD), 0, "the duplicate is not close-on-exec");
	is_int(close(d), 0, "close");
	is_int(mx_object_signal(mx_fd_handle(d), 0, 0), MX_ERR_BAD_HANDLE, "and it is gone for both");
	d = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	ok(numbered(d, is) && d >= 100 && fcntl(d, F_GETFD) == FD_CLOEXEC, "%s: F_DUPFD_CLOEXEC", k->name);
	is_int(mx_handle_close(mx_fd_handle(d)), MX_OK, "handle_close");
	fails(fcntl(d, F_GETFD), EBADF, "is a close");
	pipe(p);
	w = (struct pollfd){ p[1], POLLOUT, 0 };
	is_int(dup2(fd, p[0]), p[0], "dup2 over a pipe");
	ok(numbered(p[0], is) && poll(&w, 1, 0) == 1 && (w.revents & POLLERR), "%s: the pipe is closed", k->name);
	close(p[0]), close(p[1]);
	ok(koid(h) == is, "%s: the first slot has stayed", k->name);
}

/* Of a slot without DUPLICATE no second one is made, by any call. */
static void
single(const struct kind *k, mx_handle_t h)
{
	mx_handle_t weak = without(h, MX_RIGHT_DUPLICATE), out;
	int fd = mx_handle_fd(weak);
	pid_t pid;

	fails(dup(fd), EPERM, k->name);
	fails(dup2(fd, 200), EPERM, "dup2");
	fails(fcntl(fd, F_DUPFD, 0), EPERM, "F_DUPFD");
	is_int(mx_handle_duplicate(weak, MX_RIGHT_SAME_RIGHTS, &out), MX_ERR_ACCESS_DENIED, "handle_duplicate");
	pid = fork();
	if (pid == 0)
		_exit(fcntl(fd, F_GETFD) != -1 || koid(weak) != 0);
	is_int(child_status(pid), 0, "it is not inherited");
	mx_handle_close(weak);
}

/* VMARs and threads are the forking process's own. */
static void
inherited(const struct kind *k, mx_handle_t h)
{
	int own = strcmp(k->name, "vmar") == 0 || strcmp(k->name, "thread") == 0, fd = mx_handle_fd(h);
	mx_koid_t is = koid(h);
	pid_t pid = fork();

	if (pid == 0)
		_exit(own ? koid(h) != 0 : koid(h) != is || !numbered(fd, is) || mx_handle_close(h) != MX_OK);
	ok(child_status(pid) == 0, "%s: %s by fork", k->name, own ? "not inherited" : "inherited");
	ok(koid(h) == is, "the parent's has stayed");
}

static const char *self;

/* `--has KOID': the descriptors of that node, as the exit status. */
static int
has(const char *which)
{
	mx_koid_t k = strtoull(which, NULL, 10);
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += numbered(fd, k);
	for (int fd = 65536; fd < 65536 + 200; fd++)
		n += numbered(fd, k);
	return n;
}

static int
executed(mx_koid_t k)
{
	pid_t pid = fork();
	char text[24];

	if (pid == 0) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)k);
		execl(self, self, "--has", text, NULL);
		_exit(99);
	}
	return WEXITSTATUS(child_status(pid));
}

static void
across_exec(const struct kind *k, mx_handle_t h)
{
	int own = strcmp(k->name, "vmar") == 0 || strcmp(k->name, "thread") == 0;
	mx_koid_t is = koid(h);
	int fd = mx_handle_fd(h);

	ok(executed(is) == 0, "%s: close-on-exec closes", k->name);
	fcntl(fd, F_SETFD, 0);
	ok(executed(is) == !own, "%s: without, it stays", k->name);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

union control {
	struct cmsghdr h;
	char room[CMSG_SPACE(sizeof(int))];
};

static void
through_unix(const struct kind *k, mx_handle_t h)
{
	char byte = 'x';
	union control c;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	mx_handle_t weak = without(h, MX_RIGHT_TRANSFER);
	int p[2], fd = mx_handle_fd(h), got = -1;

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
	c.h = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS, 0 };
	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	is_int(sendmsg(p[0], &m, 0), 1, "sendmsg");
	m.msg_controllen = sizeof(c);
	recvmsg(p[1], &m, 0);
	memcpy(&got, CMSG_DATA(&c.h), sizeof(got));
	ok(numbered(got, koid(h)) && rights(mx_fd_handle(got)) == rights(h), "%s: through SCM_RIGHTS", k->name);
	ok(koid(h) != 0, "the sender keeps his");
	close(got);
	fd = mx_handle_fd(weak);
	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	m.msg_controllen = sizeof(c);
	fails(sendmsg(p[0], &m, 0), EPERM, "not without TRANSFER");
	mx_handle_close(weak);
	close(p[0]), close(p[1]);
}

static void
through_channel(const struct kind *k, mx_handle_t h)
{
	mx_handle_t a, b, sent = MX_HANDLE_INVALID, got = MX_HANDLE_INVALID;
	int low = dup(mx_handle_fd(h));

	mx_channel_create(0, &a, &b);
	sent = mx_fd_handle(low);
	is_int(mx_channel_write(a, 0, "x", 1, &sent, 1), MX_OK, "a number's handle into a channel");
	fails(fcntl(low, F_GETFD), EBADF, "the number is gone");
	is_int(mx_channel_read(b, MX_CHANNEL_READ_MAY_DISCARD, NULL, &got, 1, 1, NULL, NULL), MX_ERR_INVALID_ARGS,
	    "a read that fails");
	char c;
	is_int(mx_channel_read(b, 0, &c, &got, 1, 1, NULL, NULL), MX_OK, "and one that does not");
	ok(koid(got) == koid(h) && rights(got) == rights(h) && mx_handle_fd(got) >= 65536, "%s: through a channel", k->name);
	mx_handle_close(got), mx_handle_close(a), mx_handle_close(b);
}

/* An open mode is rights: neither spelling gets around it. */
static void
open_modes(void)
{
	int fd = open("/tmp/duality", O_RDONLY), w = open("/tmp/duality", O_WRONLY | O_APPEND);
	mx_handle_t h = mx_fd_handle(fd), out, weak;
	char c = 'x';

	is_int(mx_handle_duplicate(h, rights(h) | MX_RIGHT_WRITE, &out), MX_ERR_INVALID_ARGS, "O_RDONLY never yields WRITE");
	is_int(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0, "F_SETFL takes the flags");
	is_int(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY, "and leaves the mode");
	fails(write(fd, &c, 1), EBADF, "no write");
	weak = without(mx_fd_handle(w), MX_RIGHT_SET_PROPERTY);
	fails(fcntl(mx_handle_fd(weak), F_SETFL, 0), EPERM, "append-only can be made binding");
	fails(read(mx_handle_fd(weak), &c, 1), EBADF, "no read");
	mx_handle_close(weak);
	weak = without(h, MX_RIGHT_MAP);
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, mx_handle_fd(weak), 0) == MAP_FAILED && errno == EACCES, "no mmap without MAP");
	mx_handle_close(weak);
	close(fd), close(w);
}

static int
reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return open(path, flags);
}

/* A name of a slot opens a duplicate of it, with what was asked for and no more than it has. */
static void
names_of_slots(void)
{
	int rd = open("/tmp/duality", O_RDONLY), rw = open("/tmp/duality", O_RDWR), d;
	mx_handle_t weak;
	struct rlimit old, low;

	fails(reopen(rd, O_WRONLY), EACCES, "/dev/fd/N for writing, of a slot that reads");
	fails(reopen(rd, O_RDWR), EACCES, "for both");
	lseek(rd, 3, SEEK_SET);
	d = reopen(rd, O_RDONLY);
	ok(numbered(d, koid(mx_fd_handle(rd))) && lseek(d, 0, SEEK_CUR) == 3, "for reading it is the same open file");
	close(d);
	d = reopen(rw, O_RDONLY);
	ok(numbered(d, koid(mx_fd_handle(rw))), "of one that can do both");
	fails(write(d, "x", 1), EBADF, "less was asked for");
	close(d);
	weak = without(mx_fd_handle(rw), MX_RIGHT_DUPLICATE);
	fails(reopen(mx_handle_fd(weak), O_RDONLY), EACCES, "what may not be duplicated is not opened so");
	mx_handle_close(weak);
	fails(reopen(9999, O_RDONLY), ENOENT, "nothing is open there");
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 300;
	setrlimit(RLIMIT_NOFILE, &low);
	fails(dup2(rd, 300), EBADF, "dup2 at RLIMIT_NOFILE");
	fails(fcntl(rd, F_DUPFD, 300), EINVAL, "F_DUPFD at RLIMIT_NOFILE");
	is_int(dup2(rd, 299), 299, "below it");
	close(299);
	setrlimit(RLIMIT_NOFILE, &old);
	close(rd), close(rw);
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 3)
		return has(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	make();
	for (size_t i = 0; i < NTABLE; i++) {
		tap_print("# %s\n", table[i].name);
		copies(&table[i], held[i]);
		single(&table[i], held[i]);
		inherited(&table[i], held[i]);
		across_exec(&table[i], held[i]);
		through_unix(&table[i], held[i]);
		through_channel(&table[i], held[i]);
		answers(&table[i], held[i]);
	}
	open_modes();
	names_of_slots();
	for (size_t i = 0; i < NTABLE; i++)
		mx_handle_close(held[i]);
	for (int i = 0; i < npeers; i++)
		close(peers[i]);
	unlink("/tmp/duality");
	return tap_done();
}
