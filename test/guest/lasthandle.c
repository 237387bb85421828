/*
 * MX_SIGNAL_LAST_HANDLE: active while exactly one handle of the object exists, those in tables and those
 * in messages counted, calls in progress not.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <mx/fd.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include <abi/channel.h>
#include "handle.h"
#include "tap.h"

#define LAST MX_SIGNAL_LAST_HANDLE

/* Whether the bit is active, by a wait that asks for nothing else. */
static int
last(mx_handle_t h)
{
	mx_signals_t seen = 0;
	mx_status_t status = mx_object_wait_one(h, LAST, 0, &seen);

	if ((status == MX_OK) != ((seen & LAST) != 0) || (status != MX_OK && status != MX_ERR_TIMED_OUT))
		return -1;
	return status == MX_OK;
}

static mx_handle_t
copy(mx_handle_t h)
{
	mx_handle_t out = 0;

	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &out);
	return out;
}

static void
kinds(void)
{
	mx_handle_t h[20] = { 0 };
	const char *const name[] = { "event", "eventpair", "eventpair's peer", "channel", "channel's peer", "socket",
		"socket's peer", "fifo", "fifo's peer", "port", "timer", "VMO", "job", "process" };

	h[0] = event();
	mx_eventpair_create(0, &h[1], &h[2]);
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &h[3], &h[4]);
	mx_socket_create(0, &h[5], &h[6]);
	mx_fifo_create(4, 8, 0, &h[7], &h[8]);
	mx_port_create(0, &h[9]);
	mx_timer_create(0, MX_CLOCK_MONOTONIC, &h[10]);
	mx_vmo_create(4096, 0, &h[11]);
	mx_job_create(mx_job_default(), 0, &h[12]);
	mx_process_create(mx_job_default(), "x", 1, 0, &h[13], &h[14]);
	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		mx_handle_t second;
		int first = last(h[i]), with, after;

		second = copy(h[i]);
		with = last(h[i]) | last(second);
		mx_handle_close(second);
		after = last(h[i]);
		ok(first == 1 && second != 0 && with == 0 && after == 1, "%s: one, two, one (%d %d %d)", name[i], first, with,
		    after);
	}
	for (unsigned i = 0; i < 15; i++)
		mx_handle_close(h[i]);
}

/* A pseudo-handle is none; what it names may have no handle at all. */
static void
self(void)
{
	mx_handle_t h;

	is_int(last(mx_process_self()), 0, "nobody has a handle of this process");
	h = copy(mx_process_self());
	is_int(last(mx_process_self()), 1, "one");
	is_int(last(h), 1, "seen by it as well");
	mx_handle_close(h);
	is_int(last(mx_process_self()), 0, "none again");
}

static void
observed(void)
{
	mx_wait_item_t item[2];
	mx_signals_t seen = 0;
	mx_handle_t e = event(), two;

	mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, &seen);
	is_int(seen, LAST, "a wait for another bit sees it");
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	two = copy(e);
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, &seen), MX_OK, "signaled");
	is_int(seen, MX_EVENT_SIGNALED, "and not the last");
	item[0] = (mx_wait_item_t){ e, LAST, 0 };
	item[1] = (mx_wait_item_t){ two, LAST, 0 };
	is_int(mx_object_wait_many(item, 2, 0), MX_ERR_TIMED_OUT, "neither of two");
	mx_handle_close(two);
	is_int(mx_object_wait_many(item, 1, 0), MX_OK, "the one that is left");
	is_int(item[0].pending, LAST | MX_EVENT_SIGNALED, "with all bits");
	is_int(mx_object_signal(e, 0, LAST), MX_ERR_INVALID_ARGS, "cannot be set");
	is_int(mx_object_signal(e, LAST, 0), MX_ERR_INVALID_ARGS, "cannot be cleared");
	is_int(last(e), 1, "nor was it");
	mx_handle_close(e);
}

/* A message keeps what it carries alive, and is counted. */
static void
flight(void)
{
	mx_handle_t c[2], e = event(), two, got = 0;
	mx_handle_disposition_t d;
	uint32_t n;

	mx_channel_create(0, &c[0], &c[1]);
	two = copy(e);
	is_int(last(e), 0, "two");
	mx_channel_write(c[0], 0, NULL, 0, &two, 1);
	is_int(last(e), 0, "one of them in a message");
	mx_channel_read(c[1], 0, NULL, &got, 0, 1, NULL, &n);
	is_int(last(e), 0, "it has arrived");
	mx_handle_close(got);
	is_int(last(e), 1, "it is gone");
	d = (mx_handle_disposition_t){ MX_HANDLE_OP_DUPLICATE, e, 0, MX_RIGHT_SAME_RIGHTS, 0 };
	is_int(mx_channel_write_etc(c[0], 0, NULL, 0, &d, 1), MX_OK, "a duplicate in a message");
	is_int(last(e), 0, "counts");
	mx_handle_close(c[1]);
	is_int(last(e), 1, "until the queue goes");
	two = copy(e);
	is_int(mx_channel_write(c[0], 0, NULL, 0, &two, 1), MX_ERR_PEER_CLOSED, "a refused message consumes it");
	is_int(last(e), 1, "and so it is the last again");
	mx_handle_close(c[0]);

	mx_channel_create(0, &c[0], &c[1]);
	two = copy(e);
	mx_channel_write(c[0], 0, NULL, 0, &two, 1);
	mx_handle_close(e);
	mx_channel_read(c[1], 0, NULL, &got, 0, 1, NULL, &n);
	is_int(last(got), 1, "the only one came in a message");
	mx_handle_close(got), mx_handle_close(c[0]), mx_handle_close(c[1]);
}

/* Control data of a local socket. */
static void
rights(void)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = "" };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	mx_handle_t e = event();
	int s[2], fd = mx_handle_fd(e);

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	is_int(last(mx_fd_handle(s[0])), 1, "an end of a socketpair");
	control.h.cmsg_level = SOL_SOCKET, control.h.cmsg_type = SCM_RIGHTS, control.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.h), &fd, sizeof(int));
	is_int(sendmsg(s[0], &m, 0), 1, "a handle as a descriptor");
	is_int(last(e), 0, "counts while it is on its way");
	is_int(recvmsg(s[1], &m, 0), 1, "received");
	memcpy(&fd, CMSG_DATA(&control.h), sizeof(int));
	is_int(last(e), 0, "counts when it has come");
	close(fd);
	is_int(last(e), 1, "not when it is closed");
	control.h.cmsg_level = SOL_SOCKET, control.h.cmsg_type = SCM_RIGHTS, control.h.cmsg_len = CMSG_LEN(sizeof(int));
	fd = mx_handle_fd(e);
	memcpy(CMSG_DATA(&control.h), &fd, sizeof(int));
	m.msg_controllen = sizeof(control);
	sendmsg(s[0], &m, 0);
	close(s[0]);
	is_int(last(e), 0, "sent once more");
	close(s[1]);
	is_int(last(e), 1, "and lost with the socket");
	mx_handle_close(e);
}

/* Slots in other hands: dup, dup2, fork, spawn, exec. */
static void
posix(void)
{
	static const char *const argv[] = { "/bin/true", NULL };
	mx_spawn_desc_t d;
	mx_handle_t e = event(), p;
	int fd, go[2], status;
	pid_t pid;

	fd = dup(mx_handle_fd(e));
	is_int(last(e), 0, "dup");
	is_int(dup2(0, fd), fd, "dup2 over it");
	is_int(last(e), 1, "takes it away");
	is_int(dup2(mx_handle_fd(e), fd), fd, "dup2 of it");
	is_int(last(e), 0, "counts");
	close(fd);
	is_int(last(e), 1, "close");
	pipe(go);
	pid = fork();
	if (pid == 0) {
		char c;

		close(go[1]);
		read(go[0], &c, 1);
		_exit(last(e));
	}
	is_int(last(e), 0, "a child's copy");
	close(go[0]), close(go[1]);
	status = child_status(pid);
	is_int(status, 0, "which sees the same");
	is_int(last(e), 1, "the child is gone");
	d = (mx_spawn_desc_t){ e, 7, 0, MX_SPAWN_DUPLICATE };
	is_int(mx_spawn(0, 0, argv[0], argv, NULL, &d, 1, &p), MX_OK, "spawn with a duplicate");
	mx_object_wait_one(p, MX_TASK_TERMINATED, MX_TIME_INFINITE, NULL);
	is_int(mx_object_wait_one(e, LAST, mx_deadline_after(2000000000), NULL), MX_OK, "is over with the process");
	mx_handle_close(p);
	waitpid(-1, NULL, 0);
	d = (mx_spawn_desc_t){ copy(e), 7, 0, 0 };
	is_int(mx_spawn(0, 0, "/no/such", argv, NULL, &d, 1, &p), MX_ERR_NOT_FOUND, "a spawn that fails");
	is_int(last(e), 1, "has consumed its handle");
	mx_handle_close(e);
}

/* A port hears of the edge and of nothing else. */
static void
edges(void)
{
	mx_handle_t e = event(), port, two, c[2];
	mx_port_packet_t packet;
	uint32_t n;

	mx_port_create(0, &port);
	mx_channel_create(0, &c[0], &c[1]);
	is_int(mx_object_wait_async(e, port, 5, LAST, MX_WAIT_ASYNC_EDGE), MX_OK, "by edge");
	is_int(mx_port_wait(port, 0, &packet), MX_ERR_TIMED_OUT, "it is active already: nothing");
	two = copy(e);
	is_int(mx_port_wait(port, 0, &packet), MX_ERR_TIMED_OUT, "two: nothing");
	for (int i = 0; i < 5; i++)
		mx_handle_replace(two, MX_RIGHT_SAME_RIGHTS, &two);
	is_int(mx_port_wait(port, 0, &packet), MX_ERR_TIMED_OUT, "replace is no edge");
	mx_channel_write(c[0], 0, NULL, 0, &two, 1);
	mx_channel_read(c[1], 0, NULL, &two, 0, 1, NULL, &n);
	is_int(mx_port_wait(port, 0, &packet), MX_ERR_TIMED_OUT, "a message is none");
	mx_handle_close(two);
	is_int(mx_port_wait(port, 0, &packet), MX_OK, "one again");
	ok(packet.key == 5 && packet.signal.observed == LAST, "says the packet (%x)", packet.signal.observed);
	is_int(mx_object_wait_async(e, port, 6, LAST, MX_WAIT_ASYNC_EDGE), MX_OK, "by edge, of one");
	mx_handle_close(two = copy(e));
	is_int(mx_port_wait(port, 0, &packet), MX_OK, "two and one");
	mx_handle_replace(e, MX_RIGHT_SAME_RIGHTS, &two);
	is_int(last(two), 1, "replaced, the only one is the last");
	mx_handle_close(two), mx_handle_close(port), mx_handle_close(c[0]), mx_handle_close(c[1]);
}

static mx_handle_t slept_on, its_copy;

static void *
closes_soon(void *arg)
{
	mx_nanosleep(mx_deadline_after(5000000));
	mx_handle_close(its_copy);
	return NULL;
}

/* Calls in progress do not count, and a sleeper is woken. */
static void
calls(void)
{
	mx_signals_t seen = 0;
	pthread_t t;

	slept_on = event();
	its_copy = copy(slept_on);
	pthread_create(&t, NULL, closes_soon, NULL);
	is_int(mx_object_wait_one(slept_on, LAST, mx_deadline_after(3000000000ll), &seen), MX_OK, "a wait for it");
	is_int(seen, LAST, "sees it, though the wait itself uses the object");
	pthread_join(t, NULL);
	mx_handle_close(slept_on);
}

/* What shares its levels with other opens does not have it. */
static void
shared(void)
{
	int p[2], fd = open("/dev/null", O_RDWR);
	mx_signals_t seen = 0;

	pipe(p);
	is_int(last(mx_fd_handle(fd)), 0, "a file");
	is_int(last(mx_fd_handle(p[0])), 0, "a pipe");
	is_int(mx_object_wait_one(mx_fd_handle(p[0]), 3u << 20, 0, &seen), MX_ERR_TIMED_OUT, "the kernel's own levels");
	is_int(seen, 0, "are not seen");
	close(fd), close(p[0]), close(p[1]);
}

int
main(void)
{
	kinds();
	self();
	observed();
	flight();
	rights();
	posix();
	edges();
	calls();
	shared();
	return tap_done();
}
