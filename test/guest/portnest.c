/* Ports in ports and in poll: depth, cycles, packets through levels, many sources on one port. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "tap.h"

static mx_port_packet_t got;

static mx_handle_t
port(void)
{
	mx_handle_t p = 0;

	mx_port_create(0, &p);
	return p;
}

static mx_status_t
into(mx_handle_t inner, mx_handle_t outer, uint64_t key, uint32_t options)
{
	return mx_object_wait_async(inner, outer, key, MX_PORT_READABLE, options);
}

static mx_status_t
next(mx_handle_t p)
{
	memset(&got, 0, sizeof(got));
	return mx_port_wait(p, 0, &got);
}

static void
drop(mx_handle_t h)
{
	mx_handle_close(h);
}

static void
packets(void)
{
	mx_port_packet_t k = { .key = 9, .type = MX_PKT_TYPE_USER };
	mx_handle_t a = port(), b = port(), c = port(), e;
	struct pollfd p = { mx_handle_fd(c), POLLIN, 0 };

	is_int(into(a, b, 1, MX_WAIT_ASYNC_ONCE), MX_OK, "a port in a port");
	is_int(into(b, c, 2, MX_WAIT_ASYNC_REPEATING), MX_OK, "in a port");
	is_int(next(c), MX_ERR_TIMED_OUT, "nothing yet");
	is_int(poll(&p, 1, 0), 0, "nor for poll");
	mx_port_queue(a, &k);
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "a packet below is news above");
	is_int(next(c), MX_OK, "of the outermost");
	ok(got.key == 2 && got.type == MX_PKT_TYPE_SIGNAL_REP && (got.signal.observed & MX_PORT_READABLE), "says so");
	is_int(next(b), MX_OK, "of the middle one");
	is_int((long)got.key, 1, "says so");
	is_int(next(b), MX_ERR_TIMED_OUT, "once");
	is_int(next(a), MX_OK, "and there it is");
	is_int((long)got.key, 9, "itself");
	is_int(into(a, b, 1, MX_WAIT_ASYNC_ONCE), MX_OK, "registered again");
	is_int(mx_port_cancel(b, a, 1), MX_OK, "canceled");
	mx_port_queue(a, &k);
	is_int(next(c), MX_ERR_TIMED_OUT, "nothing goes up");
	is_int(into(a, b, 3, MX_WAIT_ASYNC_ONCE), MX_OK, "with a packet there already");
	is_int(next(c), MX_OK, "it goes up two levels at once");
	mx_event_create(0, &e);
	is_int(mx_object_wait_async(e, a, 5, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_ONCE), MX_OK, "an event below");
	next(b), next(a);
	into(a, b, 6, MX_WAIT_ASYNC_ONCE);
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	ok(mx_port_wait(c, mx_deadline_after(MX_SEC(5)), &got) == MX_OK && got.key == 2, "wakes the outermost");
	drop(a);
	ok(next(b) == MX_OK && got.key == 6, "a queued packet stays when the inner port is closed");
	drop(b), drop(c), drop(e);
}

static void
shape(void)
{
	mx_handle_t p[6], side;

	for (int i = 0; i < 6; i++)
		p[i] = port();
	side = port();
	is_int(into(p[0], p[0], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "a port in itself");
	is_int(into(p[0], p[1], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "two");
	is_int(into(p[1], p[0], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "a circle of two");
	is_int(into(p[1], p[2], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "three");
	is_int(into(p[2], p[0], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "a circle of three");
	is_int(into(p[2], p[3], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "four");
	is_int(into(p[3], p[4], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "five are too many");
	is_int(into(p[5], p[0], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "also from below");
	is_int(into(side, p[1], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "beside");
	is_int(into(side, p[3], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "a second way up");
	is_int(into(p[0], p[3], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "a short cut");
	is_int(mx_port_cancel(p[2], p[1], 0), MX_OK, "cut in two");
	is_int(into(p[3], p[4], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "then there is room above");
	is_int(into(p[1], p[2], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "and not in the middle");
	mx_port_queue(side, &(mx_port_packet_t){ .key = 1, .type = MX_PKT_TYPE_USER });
	ok(next(p[4]) == MX_OK && next(p[3]) == MX_OK && next(p[1]) == MX_OK && next(p[2]) == MX_ERR_TIMED_OUT,
	    "news go each way there is");
	is_int(into(p[3], p[4], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "a registration that fired made room");
	drop(p[3]);
	is_int(into(p[1], p[2], 0, MX_WAIT_ASYNC_ONCE), MX_OK, "so does a port that was closed");
	is_int(into(p[2], p[1], 0, MX_WAIT_ASYNC_ONCE), MX_ERR_NOT_SUPPORTED, "circles never");
	for (int i = 0; i < 6; i++)
		drop(p[i]);
	drop(side);
}

/* Random edges against a simple search: what is accepted, and what is left in the end. */
static void
random_edges(void)
{
	enum { N = 8 };
	static int edge[N][N];
	mx_handle_t p[N];
	int bad = 0;

	for (int i = 0; i < N; i++)
		p[i] = port();
	srand(4711);
	for (int step = 0; step < 20000 && !bad; step++) {
		int in = rand() % N, out = rand() % N, path[N][N], longest = 0, circle = in == out;

		if (edge[in][out]) {
			bad = mx_port_cancel(p[out], p[in], (uint64_t)in) != MX_OK;
			edge[in][out] = 0;
			continue;
		}
		edge[in][out] = 1;
		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++)
				path[i][j] = edge[i][j];
		for (int round = 0; round < N; round++)
			for (int i = 0; i < N; i++)
				for (int j = 0; j < N; j++)
					for (int k = 0; k < N; k++)
						if (path[i][k] && edge[k][j] && path[i][j] < path[i][k] + 1 && path[i][k] < N)
							path[i][j] = path[i][k] + 1;
		for (int i = 0; i < N; i++) {
			circle |= path[i][i] != 0;
			for (int j = 0; j < N; j++)
				longest = path[i][j] > longest ? path[i][j] : longest;
		}
		if (into(p[in], p[out], (uint64_t)in, MX_WAIT_ASYNC_REPEATING) != (circle || longest > 3 ? MX_ERR_NOT_SUPPORTED : MX_OK))
			bad = 1;
		if (circle || longest > 3)
			edge[in][out] = 0;
	}
	ok(!bad, "20000 random registrations: accepted if and only if no circle and no path of five");
	for (int i = 0; i < N; i++)
		drop(p[i]);
}

/* One poll over a channel, a pipe, a terminal and a port; one port over a file and a process. */
static void
all_kinds(void)
{
	mx_handle_t ch[2], q = port(), h, self = 0;
	int fds[2], tty = posix_openpt(O_RDWR | O_NOCTTY), file = open("/etc/passwd", O_RDONLY);
	struct pollfd p[4];
	char word[2];
	pid_t pid;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &ch[0], &ch[1]);
	pipe(fds);
	p[0] = (struct pollfd){ mx_handle_fd(ch[0]), POLLIN, 0 };
	p[1] = (struct pollfd){ fds[0], POLLIN, 0 };
	p[2] = (struct pollfd){ tty, POLLIN, 0 };
	p[3] = (struct pollfd){ mx_handle_fd(q), POLLIN, 0 };
	is_int(poll(p, 4, 0), 0, "a channel, a pipe, a terminal, a port: nothing");
	mx_port_queue(q, &(mx_port_packet_t){ .key = 1, .type = MX_PKT_TYPE_USER });
	ok(poll(p, 4, -1) == 1 && p[3].revents == POLLIN, "the port");
	mx_channel_write(ch[1], 0, "x", 1, NULL, 0);
	write(fds[1], "x", 1);
	ok(poll(p, 4, -1) == 3 && p[0].revents == POLLIN && p[1].revents == POLLIN, "and the others");
	next(q);
	is_int(mx_object_wait_async(mx_fd_handle(file), q, 1, MX_SIGNAL_READABLE, 0), MX_OK, "a file on a port");
	ok(next(q) == MX_OK && got.key == 1, "is ready at once");
	is_int(mx_object_wait_async(mx_fd_handle(fds[0]), q, 2, MX_SIGNAL_READABLE, 0), MX_OK, "a pipe");
	ok(next(q) == MX_OK && got.key == 2, "has a byte");
	pid = fork();
	if (pid == 0) {
		mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &self);
		mx_channel_write(ch[0], 0, "me", 2, &self, 1);
		pause();
		_exit(0);
	}
	mx_object_wait_one(ch[1], MX_CHANNEL_READABLE, MX_TIME_INFINITE, NULL);
	is_int(mx_channel_read(ch[1], 0, word, &self, 2, 1, NULL, NULL), MX_OK, "a child sends its own handle");
	is_int(mx_object_wait_async(self, q, 3, MX_PROCESS_TERMINATED, 0), MX_OK, "the child on a port");
	is_int(next(q), MX_ERR_TIMED_OUT, "it lives");
	kill(pid, 9);
	ok(mx_port_wait(q, mx_deadline_after(MX_SEC(5)), &got) == MX_OK && got.key == 3, "its end");
	drop(self);
	child_status(pid);
	h = mx_fd_handle(tty);
	is_int(mx_object_wait_async(h, q, 4, MX_SIGNAL_READABLE, 0), MX_OK, "a terminal");
	close(tty);
	is_int(next(q), MX_ERR_TIMED_OUT, "a closed descriptor takes its registration with it, silently");
	drop(ch[0]), drop(ch[1]), drop(q), close(fds[0]), close(fds[1]), close(file);
}

/* A hundred children, each with an eventpair whose other end is on one port. */
static void
clients(void)
{
	enum { CLIENTS = 100, ROUNDS = 20 };
	static mx_handle_t end[CLIENTS];
	static pid_t pid[CLIENTS];
	mx_handle_t q = port();
	int served = 0, gone = 0, good = 0;

	for (int i = 0; i < CLIENTS; i++) {
		mx_handle_t mine;

		mx_eventpair_create(0, &end[i], &mine);
		pid[i] = fork();
		if (pid[i] == 0) {
			for (int k = 0; k <= i; k++)
				drop(end[k]);
			for (int k = 0; k < ROUNDS; k++)
				if (mx_object_signal_peer(mine, 0, MX_USER_SIGNAL_0) != MX_OK ||
				    mx_object_wait_one(mine, MX_USER_SIGNAL_1, MX_TIME_INFINITE, NULL) != MX_OK ||
				    mx_object_signal(mine, MX_USER_SIGNAL_1, 0) != MX_OK)
					_exit(1);
			_exit(0);
		}
		drop(mine);
		mx_object_wait_async(end[i], q, (uint64_t)i, MX_USER_SIGNAL_0 | MX_SIGNAL_PEER_CLOSED, MX_WAIT_ASYNC_REPEATING);
	}
	while (gone < CLIENTS && mx_port_wait(q, mx_deadline_after(MX_SEC(60)), &got) == MX_OK) {
		mx_handle_t h = end[got.key];

		if ((got.signal.observed & MX_USER_SIGNAL_0) != 0) {
			mx_signals_t now = 0;

			/* An old packet may tell of a signal that was served already. */
			mx_object_wait_one(h, 0, 0, &now);
			if ((now & MX_USER_SIGNAL_0) != 0) {
				mx_object_signal(h, MX_USER_SIGNAL_0, 0);
				mx_object_signal_peer(h, 0, MX_USER_SIGNAL_1);
				served++;
			}
		}
		if ((got.signal.observed & MX_SIGNAL_PEER_CLOSED) != 0) {
			drop(h);
			gone++;
		}
	}
	is_int(served, CLIENTS * ROUNDS, "a hundred clients are served twenty times each");
	is_int(gone, CLIENTS, "and all go");
	for (int i = 0; i < CLIENTS; i++)
		good += child_status(pid[i]) == 0;
	is_int(good, CLIENTS, "content");
	drop(q);
}

/* Arm, signal from another process, cancel: one of the two is always there to be canceled. */
static void
arm_signal_cancel(void)
{
	enum { ROUNDS = 60000 };
	mx_handle_t q = port(), a, b;
	int missing = 0, odd = 0;
	pid_t pid;

	mx_eventpair_create(0, &a, &b);
	pid = fork();
	if (pid == 0) {
		drop(a);
		for (int i = 0; mx_object_signal_peer(b, 0, MX_USER_SIGNAL_0) == MX_OK; i++) {
			if (i % 5 == 0)
				mx_nanosleep(0);
			if (mx_object_signal_peer(b, MX_USER_SIGNAL_0, 0) != MX_OK)
				break;
			if (i % 7 == 0)
				mx_nanosleep(0);
		}
		_exit(0);
	}
	drop(b);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t options = i % 3 == 0 ? MX_WAIT_ASYNC_REPEATING : i % 3 == 1 ? MX_WAIT_ASYNC_EDGE : MX_WAIT_ASYNC_ONCE;

		odd += mx_object_wait_async(a, q, (uint64_t)i, MX_USER_SIGNAL_0, options) != MX_OK;
		if (i % 32 == 0)
			mx_nanosleep(0);	/* lets the child in between */
		missing += mx_port_cancel(q, a, (uint64_t)i) != MX_OK;
		odd += next(q) != MX_ERR_TIMED_OUT;
	}
	is_int(missing, 0, "60000 rounds of arm, signal, cancel: never NOT_FOUND");
	is_int(odd, 0, "and after cancel never a packet");
	drop(a);
	is_int(child_status(pid), 0, "the signaling process");
	drop(q);
}

/* Processes that wait on one port: each packet wakes one, none is lost. */
static void
workers(void)
{
	enum { WORKERS = 10, PACKETS = 500 };
	int *taken = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	mx_handle_t q = port();
	pid_t pid[WORKERS];
	int sum = 0;

	for (int i = 0; i < WORKERS; i++)
		if ((pid[i] = fork()) == 0) {
			while (mx_port_wait(q, MX_TIME_INFINITE, &got) == MX_OK && got.key != 0)
				taken[i]++;
			_exit(0);
		}
	for (int i = 0; i < PACKETS; i++) {
		mx_port_queue(q, &(mx_port_packet_t){ .key = 1, .type = MX_PKT_TYPE_USER });
		if (i % 7 == 0)
			mx_nanosleep(0);
	}
	for (int i = 0; i < WORKERS; i++)
		mx_port_queue(q, &(mx_port_packet_t){ .key = 0, .type = MX_PKT_TYPE_USER });
	for (int i = 0; i < WORKERS; i++) {
		child_status(pid[i]);
		sum += taken[i];
	}
	is_int(sum, PACKETS, "ten processes on one port share 500 packets and all hear of the end");
	munmap(taken, 4096);
	drop(q);
}

int
main(void)
{
	packets();
	shape();
	random_edges();
	all_kinds();
	clients();
	arm_signal_cancel();
	workers();
	return tap_done();
}
