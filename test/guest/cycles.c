/*
 * Queues that would lead to themselves, tried 10^5 times in each way (10^4 on the debug kernel): every
 * try is refused, and every counter of what is alive is afterwards as it was before.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <time.h>
#include <mx/fd.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "handle.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

static int
einval(int result)
{
	return result == -1 && errno == EINVAL;
}

static int
send1(mx_handle_t by, mx_handle_t h)
{
	return mx_channel_write(by, 0, NULL, 0, &h, 1) == MX_ERR_NOT_SUPPORTED;
}

/* --- ways; each returns how many of n tries were refused --- */

/* An end by its peer, made anew for each try: the send consumes it. */
static int
opposite(int n)
{
	mx_handle_t a, b;
	int refused = 0;

	for (int i = 0; i < n; i++) {
		mx_channel_create(0, &a, &b);
		refused += send1(a, b);
		mx_handle_close(a);
	}
	return refused;
}

/* The same end again and again: refused, a duplicate is given back. */
static int
duplicates(int n)
{
	mx_handle_t a, b;
	int refused = 0;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	for (int i = 0; i < n; i++) {
		mx_handle_disposition_t d = { MX_HANDLE_OP_DUPLICATE, b, 0, MX_RIGHT_SAME_RIGHTS, MX_OK };

		refused += mx_channel_write_etc(a, 0, NULL, 0, &d, 1) == MX_ERR_NOT_SUPPORTED;
	}
	refused -= n * (!alive(a) || !alive(b));
	mx_handle_close(a), mx_handle_close(b);
	return refused;
}

/* By a call, which consumes it and waits for nobody. */
static int
calls(int n)
{
	char wr[4] = { 0 }, rd[4];
	mx_handle_t a, b;
	uint32_t bytes, handles;
	int refused = 0;

	for (int i = 0; i < n; i++) {
		mx_channel_call_args_t args = { .wr_bytes = wr, .wr_num_bytes = 4, .wr_handles = &b, .wr_num_handles = 1,
			.rd_bytes = rd, .rd_num_bytes = 4 };

		mx_channel_create(0, &a, &b);
		refused += mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &bytes, &handles) == MX_ERR_NOT_SUPPORTED;
		mx_handle_close(a);
	}
	return refused;
}

/* Eight channels, each end in the queue of the one before; the first's other end into the last's. */
static int
nested(int n)
{
	enum { DEPTH = 8 };
	mx_handle_t a[DEPTH], b[DEPTH];
	int refused = 0;

	for (int i = 0; i < DEPTH; i++)
		mx_channel_create(MX_CHANNEL_DUPLICABLE, &a[i], &b[i]);
	for (int i = 1; i < DEPTH; i++)
		mx_channel_write(a[i - 1], 0, NULL, 0, &b[i], 1);
	for (int i = 0; i < n; i++) {
		mx_handle_t end = MX_HANDLE_INVALID;

		mx_handle_duplicate(i % 2 ? b[0] : a[0], MX_RIGHT_SAME_RIGHTS, &end);
		refused += send1(a[DEPTH - 1], end);
	}
	mx_handle_close(b[0]);
	for (int i = 0; i < DEPTH; i++)
		mx_handle_close(a[i]);
	return refused;
}

/* A descriptor into its socket's own queue, its peer's, and that of one which it holds. */
static int
rights(int n, int type)
{
	int p[2], q[2], refused = 0;

	socketpair(AF_UNIX, type, 0, p);
	socketpair(AF_UNIX, type, 0, q);
	send_fd(p[0], q[0]);
	for (int i = 0; i < n; i++)
		switch (i % 4) {
		case 0:
			refused += einval(send_fd(p[0], p[1]));
			break;
		case 1:
			refused += einval(send_fd(p[1], p[1]));
			break;
		default:
			refused += einval(send_fd(q[1], p[i % 2]));
		}
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
	return refused;
}

static int
streams(int n)
{
	return rights(n, SOCK_STREAM);
}

static int
datagrams(int n)
{
	return rights(n, SOCK_DGRAM);
}

static int
packets(int n)
{
	return rights(n, SOCK_SEQPACKET);
}

/* A socket waits in a channel that waits in a socket: three queues of two kinds. */
static int
mixed(int n)
{
	mx_handle_t a, b, h;
	int p[2], q[2], refused = 0;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, q);
	send_fd(p[0], mx_handle_fd(b));
	mx_handle_duplicate(mx_fd_handle(q[1]), MX_RIGHT_SAME_RIGHTS, &h);
	mx_channel_write(a, 0, NULL, 0, &h, 1);
	for (int i = 0; i < n; i++)
		switch (i % 3) {
		case 0:		/* the first socket into the last queue */
			refused += einval(send_fd(q[0], p[i % 2]));
			break;
		case 1:		/* a channel end into what it holds */
			refused += einval(send_fd(q[0], mx_handle_fd(i % 2 ? a : b)));
			break;
		default:
			mx_handle_duplicate(mx_fd_handle(p[i % 2]), MX_RIGHT_SAME_RIGHTS, &h);
			refused += send1(a, h);
		}
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
	mx_handle_close(a), mx_handle_close(b);
	return refused;
}

/* Among other handles, which go with the one that is refused. */
static int
among_others(int n)
{
	mx_handle_t a, b, pass[3];
	int refused = 0;

	for (int i = 0; i < n; i++) {
		mx_channel_create(0, &a, &b);
		pass[0] = event(), pass[1] = b, pass[2] = event();
		refused += mx_channel_write(a, 0, "bytes", 5, pass, 3) == MX_ERR_NOT_SUPPORTED;
		mx_handle_close(a);
	}
	return refused;
}

/* Ports wait for each other in a circle of four. */
static int
ports(int n)
{
	mx_handle_t p[4];
	int refused = 0;

	for (size_t i = 0; i < COUNT(p); i++)
		mx_port_create(0, &p[i]);
	for (size_t i = 1; i < COUNT(p); i++)
		mx_object_wait_async(p[i - 1], p[i], 1, MX_PORT_READABLE, MX_WAIT_ASYNC_REPEATING);
	for (int i = 0; i < n; i++)
		refused += mx_object_wait_async(p[3], p[i % 4], 1, MX_PORT_READABLE, i % 2 ? MX_WAIT_ASYNC_REPEATING : 0) ==
		    MX_ERR_NOT_SUPPORTED;
	mx_handle_close_many(p, COUNT(p));
	return refused;
}

static const struct {
	const char *name;
	int (*fn)(int);
} ways[] = {
	{ "an end by its peer", opposite }, { "a duplicate", duplicates }, { "by a call", calls },
	{ "through eight channels", nested }, { "stream sockets", streams }, { "datagram sockets", datagrams },
	{ "seqpacket sockets", packets }, { "sockets and channels", mixed }, { "among other handles", among_others },
	{ "ports", ports },
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- what is alive: /proc/kstat.live, with the pages that objects fill and those that are free as one --- */

static char before[16384], after[16384];

static void
live(char *text, size_t size)
{
	int fd, n = 0, k;
	long pages = 0;
	char *at;

	sysctlbyname("debug.quiesce", NULL, NULL, "1", 1);
	fd = open("/proc/kstat.live", O_RDONLY);
	while ((k = (int)read(fd, text + n, size - 1 - (size_t)n)) > 0)
		n += k;
	close(fd);
	text[n] = '\0';
	for (int i = 0; i < 2; i++) {
		static const char *const name[] = { "vm.pages.free ", "vm.pages.slab " };

		if ((at = strstr(text, name[i])) != NULL) {
			pages += atol(at + strlen(name[i]));
			memset(at, '#', strcspn(at, "\n"));
		}
	}
	snprintf(text + n, size - (size_t)n, "pages %ld\n", pages);
}

static void
compare(const char *what)
{
	char *a = before, *b = after;

	if (ok(strcmp(before, after) == 0 && strlen(after) > 500, "%s: all that is counted is as it was", what))
		return;
	for (; *a != '\0' && *b != '\0'; a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1)
		if (strncmp(a, b, strcspn(a, "\n") + 1) != 0)
			tap_print("# %.*s, was %.*s\n", (int)strcspn(b, "\n"), b, (int)strcspn(a, "\n"), a);
}

int
main(void)
{
	int n = access("/proc/kstat.lost", F_OK) == 0 ? 10000 : 100000;
	double start = now();
	int refused;

	memset(before, 1, sizeof(before)), memset(after, 1, sizeof(after));	/* its own pages are counted, too */
	for (size_t i = 0; i < COUNT(ways); i++) {
		ways[i].fn(8);
		live(after, sizeof(after));
		live(before, sizeof(before));
		refused = ways[i].fn(n);
		live(after, sizeof(after));		/* before something is printed, which may leave a timer */
		is_int(refused, n, ways[i].name);
		compare(ways[i].name);
	}
	tap_print("# %d tries each, %.1f s in all\n", n, now() - start);
	return tap_done();
}
