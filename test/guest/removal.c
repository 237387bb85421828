/*
 * What the removal of a slot does to waits under way: sys/kern/REMOVAL, cell by cell.  The rows are
 * ways to remove, the columns are ways to wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

/* A channel end carries all waits: it can be read, polled, waited for and called. */
static mx_handle_t h, peer, keep;	/* the slot, the other end, another handle of the slot's node */
static mx_handle_t other;		/* an event that nobody signals */

struct outcome {
	long status;
	mx_signals_t seen, other;
	int error;
};

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

/* dup2 reaches the POSIX range only: h moves down there. */
static int
low(void)
{
	int fd = fcntl(mx_handle_fd(h), F_DUPFD, 20);

	mx_handle_close(h);
	h = mx_fd_handle(fd);
	return fd;
}

/* --- ways to wait; each runs in a thread of its own --- */

static void
wait_one(struct outcome *o)
{
	o->status = __sys_mx_object_wait_one(h, MX_USER_SIGNAL_0, MX_TIME_INFINITE, &o->seen);
}

static void
wait_many(struct outcome *o)
{
	mx_wait_item_t items[2] = { { other, MX_EVENT_SIGNALED, 0 }, { h, MX_USER_SIGNAL_0, 0 } };

	o->status = __sys_mx_object_wait_many(items, 2, MX_TIME_INFINITE);
	o->seen = items[1].pending;
	o->other = items[0].pending;
}

static void
call(struct outcome *o)
{
	char wr[8] = { 0 }, rd[8];
	uint32_t bytes, handles;
	mx_channel_call_args_t args = { .wr_bytes = wr, .wr_num_bytes = 8, .rd_bytes = rd, .rd_num_bytes = 8 };

	o->status = mx_channel_call(h, 0, MX_TIME_INFINITE, &args, &bytes, &handles);
	o->seen = MX_SIGNAL_HANDLE_CLOSED;	/* a call tells no levels */
}

static void
blocking_read(struct outcome *o)
{
	char c[8];

	o->status = read(mx_handle_fd(h), c, sizeof(c));
	o->error = errno;
}

static void
polling(struct outcome *o)
{
	struct pollfd p = { mx_handle_fd(h), POLLIN, 0 };

	o->status = poll(&p, 1, -1);
	o->error = p.revents;
}

/* --- ways to remove --- */

static void
by_close(void)
{
	close(mx_handle_fd(h));
}

static void
by_handle_close(void)
{
	mx_handle_close(h);
}

static void
by_dup2(void)
{
	int fds[2];

	pipe(fds);
	dup2(fds[0], mx_handle_fd(h));
	close(fds[0]), close(fds[1]);
}

static void
by_move(void)
{
	mx_handle_t a, b;

	mx_channel_create(0, &a, &b);
	if (mx_channel_write(a, 0, NULL, 0, &h, 1) != MX_OK)
		ok(0, "the handle moves");
	mx_handle_close(a), mx_handle_close(b);
}

static void
by_replace(void)
{
	mx_handle_t r = 0;

	mx_handle_replace(h, MX_RIGHT_SAME_RIGHTS, &r);
	mx_handle_close(r);
}

static const struct {
	const char *name;
	void (*fn)(void);
} rows[] = {
	{ "close", by_close }, { "handle_close", by_handle_close }, { "dup2 over", by_dup2 }, { "move", by_move },
	{ "replace", by_replace },
};

static const struct {
	const char *name;
	void (*fn)(struct outcome *);
	int native;
} columns[] = {
	{ "wait_one", wait_one, 1 }, { "wait_many", wait_many, 1 }, { "channel_call", call, 1 },
	{ "read", blocking_read, 0 }, { "poll", polling, 0 },
};

struct job {
	void (*fn)(struct outcome *);
	struct outcome o;
	volatile int done;
};

static void *
run(void *arg)
{
	struct job *j = arg;

	j->fn(&j->o);
	j->done = 1;
	return NULL;
}

static void
one_cell(size_t row, size_t column)
{
	struct job j = { .fn = columns[column].fn };
	pthread_t t;
	int fd;

	mx_channel_create(MX_CHANNEL_DUPLICABLE, &h, &peer);
	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &keep);
	fd = rows[row].fn == by_dup2 ? low() : -1;
	pthread_create(&t, NULL, run, &j);
	msleep(15);
	ok(!j.done, "%s / %s: it waits", rows[row].name, columns[column].name);
	rows[row].fn();
	if (columns[column].native) {
		pthread_join(t, NULL);
		ok(j.o.status == MX_ERR_CANCELED && (j.o.seen & MX_SIGNAL_HANDLE_CLOSED) &&
		    !(j.o.other & MX_SIGNAL_HANDLE_CLOSED), "%s / %s: CANCELED, HANDLE_CLOSED", rows[row].name,
		    columns[column].name);
		mx_handle_close(keep), mx_handle_close(peer), close(fd);
		return;
	}
	/* The last handle goes as well; the call in progress keeps the end alive. */
	mx_handle_close(keep);
	msleep(15);
	ok(!j.done && mx_object_wait_one(peer, MX_CHANNEL_PEER_CLOSED, 0, NULL) == MX_ERR_TIMED_OUT,
	    "%s / %s: goes on, and its peer sees no close", rows[row].name, columns[column].name);
	mx_channel_write(peer, 0, "12345678", 8, NULL, 0);
	pthread_join(t, NULL);
	if (j.fn == polling)
		ok(j.o.status == 1 && j.o.error == POLLIN, "%s / poll: reports the node it waited for", rows[row].name);
	else
		ok(j.o.status == 8, "%s / read: gets what it waited for", rows[row].name);
	mx_handle_close(peer), close(fd);
}

static void
registrations(size_t row)
{
	mx_port_packet_t k;
	mx_handle_t port;
	int fd;

	mx_port_create(0, &port);
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &h, &peer);
	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &keep);
	fd = rows[row].fn == by_dup2 ? low() : -1;
	mx_object_wait_async(h, port, 1, MX_USER_SIGNAL_0, MX_WAIT_ASYNC_ONCE);
	mx_object_wait_async(h, port, 2, MX_USER_SIGNAL_1, MX_WAIT_ASYNC_REPEATING);
	mx_object_wait_async(keep, port, 3, MX_USER_SIGNAL_0, MX_WAIT_ASYNC_ONCE);
	mx_object_signal(keep, 0, MX_USER_SIGNAL_1);
	rows[row].fn();
	mx_object_signal(keep, MX_USER_SIGNAL_ALL, 0);
	mx_object_signal(keep, 0, MX_USER_SIGNAL_0 | MX_USER_SIGNAL_1);
	ok(mx_port_wait(port, 0, &k) == MX_OK && k.key == 2 && k.signal.count == 1,
	    "%s / wait_async: a packet that was queued stays, and does not grow", rows[row].name);
	ok(mx_port_wait(port, 0, &k) == MX_OK && k.key == 3, "%s / wait_async: another handle's registration stays",
	    rows[row].name);
	ok(mx_port_wait(port, 0, &k) == MX_ERR_TIMED_OUT, "%s / wait_async: the slot's own go silently", rows[row].name);
	mx_handle_close(port), mx_handle_close(keep), mx_handle_close(peer), close(fd);
}

static void
take_packet(struct outcome *o)
{
	mx_port_packet_t k;

	o->status = mx_port_wait(h, MX_TIME_INFINITE, &k);
	o->error = (int)k.key;
}

static void
canceled_packet(struct outcome *o)
{
	mx_port_packet_t k;

	is_int(mx_port_wait(h, MX_TIME_INFINITE, &k), MX_ERR_CANCELED, "port_wait: CANCELED");
}

/* The wait for a packet ends with its slot, and with no other. */
static void
port_waits(size_t row)
{
	struct job j = { .fn = canceled_packet };
	mx_port_packet_t k = { .key = 6 };
	mx_handle_t copy;
	pthread_t t;
	int fd;

	mx_port_create(0, &h);
	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &keep);
	fd = rows[row].fn == by_dup2 ? low() : -1;
	pthread_create(&t, NULL, run, &j);
	msleep(15);
	ok(!j.done, "%s / port_wait: it waits", rows[row].name);
	rows[row].fn();
	pthread_join(t, NULL);
	h = keep;
	j = (struct job){ .fn = take_packet };
	mx_handle_duplicate(keep, MX_RIGHT_SAME_RIGHTS, &copy);
	pthread_create(&t, NULL, run, &j);
	msleep(15);
	mx_handle_close(copy);
	msleep(15);
	ok(!j.done, "%s / port_wait: another handle's end is none", rows[row].name);
	mx_port_queue(keep, &k);
	pthread_join(t, NULL);
	ok(j.o.status == MX_OK && j.o.error == 6, "%s / port_wait: the packet comes", rows[row].name);
	mx_handle_close(keep), close(fd);
}

/* exec and exit: nobody else waits there; registrations go, queued packets stay. */
static void
ends(int exec)
{
	mx_port_packet_t k;
	mx_handle_t port, e;
	int told[2];
	pid_t pid;
	char c;

	mx_port_create(0, &port), mx_event_create(0, &e);
	pipe(told);
	pid = fork();
	if (pid == 0) {
		mx_handle_t mine;

		mx_handle_duplicate(e, MX_RIGHT_SAME_RIGHTS, &mine);
		mx_object_wait_async(mine, port, 1, MX_USER_SIGNAL_0, MX_WAIT_ASYNC_ONCE);
		mx_object_wait_async(mine, port, 2, MX_USER_SIGNAL_1, MX_WAIT_ASYNC_REPEATING);
		mx_object_signal(mine, 0, MX_USER_SIGNAL_1);
		fcntl(told[1], F_SETFD, FD_CLOEXEC);
		if (exec)
			execl("/bin/sleep", "sleep", "100", NULL);
		_exit(0);
	}
	close(told[1]);
	read(told[0], &c, 1);		/* end of file: the child has no slot of it any more */
	mx_object_signal(e, 0, MX_USER_SIGNAL_0);
	ok(mx_port_wait(port, 0, &k) == MX_OK && k.key == 2, "%s / wait_async: a queued packet stays", exec ? "exec" : "exit");
	ok(mx_port_wait(port, 0, &k) == MX_ERR_TIMED_OUT, "%s / wait_async: registrations go", exec ? "exec" : "exit");
	kill(pid, SIGKILL);
	child_status(pid);
	close(told[0]), mx_handle_close(port), mx_handle_close(e);
}

/* Threads in native waits when the process execs or exits: they end with it, and nothing hangs. */
static void
with_threads(int exec)
{
	struct job j[3] = { { .fn = wait_one }, { .fn = wait_many }, { .fn = blocking_read } };
	pthread_t t;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		mx_channel_create(0, &h, &peer);
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, run, &j[i]);
		msleep(15);
		if (exec)
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	status = child_status(pid);
	is_int(status, 0, exec ? "exec with waiting threads" : "exit with waiting threads");
}

/* What is no removal: a refused send of a full channel, and the same node put into its own slot anew. */
static void
no_removal(void)
{
	mx_handle_t end, a, b;
	mx_status_t full;
	int fd;
	struct job j = { .fn = wait_one };
	uint64_t limit = 1;
	pthread_t t;

	mx_channel_create(0, &a, &b);
	mx_object_set_property(b, MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	while (mx_channel_write(a, 0, "x", 1, NULL, 0) == MX_OK)
		;
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &h, &peer);
	fd = low();
	pthread_create(&t, NULL, run, &j);
	msleep(15);
	full = mx_channel_write(a, 0, "x", 1, &h, 1);
	ok(full == MX_ERR_SHOULD_WAIT && mx_object_wait_one(h, 0, 0, NULL) == MX_ERR_TIMED_OUT,
	    "SHOULD_WAIT leaves the handle");
	msleep(15);
	ok(!j.done, "and the wait through it");
	mx_object_signal(h, 0, MX_USER_SIGNAL_0);
	pthread_join(t, NULL);
	is_int(j.o.status, MX_OK, "which ends as it should");
	mx_object_signal(h, MX_USER_SIGNAL_0, 0);

	/* dup2 of the node over its own slot is a removal: the old wait ends, a new one does not. */
	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &end);
	j = (struct job){ .fn = wait_one };
	pthread_create(&t, NULL, run, &j);
	msleep(15);
	dup2(mx_handle_fd(end), fd);
	pthread_join(t, NULL);
	is_int(j.o.status, MX_ERR_CANCELED, "dup2 of the same node over the slot ends the wait");
	mx_handle_close(end), mx_handle_close(peer), mx_handle_close(a), mx_handle_close(b);
	is_int(close(fd), 0, "the new slot is there");
}

int
main(void)
{
	mx_event_create(0, &other);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		for (size_t column = 0; column < sizeof(columns) / sizeof(columns[0]); column++)
			one_cell(row, column);
		registrations(row);
		port_waits(row);
	}
	for (int exec = 0; exec < 2; exec++) {
		ends(exec);
		with_threads(exec);
	}
	no_removal();
	mx_handle_close(other);
	return tap_done();
}
