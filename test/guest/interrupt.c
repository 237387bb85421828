/*
 * Interrupted calls: each call that may sleep (flag `block' of conf/syscalls), against everything that can come
 * in between.  A row's cells say what is seen:
 *
 *	E	EINTR
 *	.	nothing: the call goes on, and comes to its good end when what it waits for happens
 *	n	a count of what has moved, less than was asked for
 *
 * first with a handler without SA_RESTART, then with it, then when no handler runs: a stop and a continuation, a
 * suspension.  A signal that does nothing is never seen, and death is never kept waiting.  Native calls show
 * nothing of signals.  What the removal of a descriptor does to a call is in removal.c, timeouts in timeouts.c.
 *
 * All rows of a column run at once, a child each.
 */
#include "blockers_ipc.h"
#include "blockers_proc.h"
#include "blockers_sock.h"
#include "blockers_thr.h"

#define SOON	MX_SEC(10)		/* what must happen */
#define DEATH	MX_MSEC(100)

struct row {
	const char *name;
	unsigned nr;
	const char *cells;
	long good;			/* result of an undisturbed call */
	void (*make)(struct seat *);
	long (*call)(struct seat *);
	void (*release)(struct seat *);	/* NULL: nothing ends it */
	void (*end)(struct seat *);
};

static const struct row rows[] = {
	{ "read: pipe", SYS_read, "E..", 1, a_pipe, c_read, write_one },
	{ "read: FIFO", SYS_read, "E..", 1, open_fifo, c_read, write_one },
	{ "read: terminal", SYS_read, "E..", 1, a_pty, c_read, write_one },
	{ "read: terminal, VMIN not reached", SYS_read, "nnn", 3, pty_min, c_read, write_one },
	{ "read: pty master", SYS_read, "E..", 1, pty_other_way, c_read, write_one },
	{ "read: stream", SYS_read, "E..", 1, stream, c_read, write_one },
	{ "read: stream with a time limit", SYS_read, "EE.", 1, stream_limited, c_read, write_one },
	{ "read: datagrams", SYS_read, "E..", 1, dgram, c_read, write_one },
	{ "read: records", SYS_read, "E..", 1, packets, c_read, write_one },
	{ "read: channel", SYS_read, "E..", 1, a_channel, c_read, write_one },
	{ "read: native socket", SYS_read, "E..", 1, a_socket, c_read, write_one },
	{ "read: native fifo", SYS_read, "E..", 1, mx_fifo, c_read, write_one },
	{ "read: port", SYS_read, "E..", 1, a_port, c_read_packet, queueing },
	{ "readv: pipe", SYS_readv, "E..", 1, a_pipe, c_readv, write_one },
	{ "write: pipe", SYS_write, "E..", 1, full_pipe, c_write, drain_rd },
	{ "write: pipe, partly", SYS_write, "nnn", BIG, a_pipe, c_write_big, drain_rd },
	{ "write: FIFO", SYS_write, "E..", 1, full_fifo, c_write, drain_rd },
	{ "write: terminal", SYS_write, "E..", 1, pty_full_out, c_write, drain_rd },
	{ "write: terminal, partly", SYS_write, "nnn", BIG, pty_other_way, c_write_big, drain_rd },
	{ "write: pty master", SYS_write, "E..", 1, pty_full_in, c_write, drain_rd },
	{ "write: pty master, partly", SYS_write, "nnn", BIG, a_pty, c_write_big, drain_rd },
	{ "write: stream", SYS_write, "E..", 1, stream_full, c_write, drain_rd },
	{ "write: stream, partly", SYS_write, "nnn", BIG, stream, c_write_big, drain_rd },
	{ "write: stream with a time limit", SYS_write, "EE.", 1, full_limited, c_write, drain_rd },
	{ "write: stream with a time limit, partly", SYS_write, "nnn", BIG, stream_limited, c_write_big, drain_rd },
	{ "write: datagrams", SYS_write, "E..", 1, dgram_full, c_write, drain_rd },
	{ "write: records", SYS_write, "E..", 1, packets_full, c_write, drain_rd },
	{ "write: channel", SYS_write, "E..", 1, full_channel, c_write, drain_rd },
	{ "write: native socket", SYS_write, "E..", 1, full_socket, c_write, drain_rd },
	{ "write: native socket, partly", SYS_write, "nnn", BIG, a_socket, c_write_big, drain_rd },
	{ "write: native fifo", SYS_write, "E..", 1, full_mx_fifo, c_write, drain_rd },
	{ "writev: pipe", SYS_writev, "E..", 1, full_pipe, c_writev_one, drain_rd },
	{ "writev: pipe, partly", SYS_writev, "nnn", BIG, a_pipe, c_writev, drain_rd },
	{ "openat: FIFO to read", SYS_openat, "E..", 1, a_fifo, c_open_rd, open_both },
	{ "openat: FIFO to write", SYS_openat, "E..", 1, a_fifo, c_open_wr, open_both },
	{ "ioctl: tcdrain", SYS_ioctl, "E..", 0, pty_full_out, c_drain, drain_rd },
	{ "ioctl: tcsetattr TCSADRAIN", SYS_ioctl, "E..", 0, pty_full_out, c_setattr, drain_rd },
	{ "fcntl: F_SETLKW", SYS_fcntl, "E..", 0, a_lock, c_setlkw, unlock },
	{ "fcntl: F_OFD_SETLKW", SYS_fcntl, "E..", 0, an_ofd_lock, c_ofd_setlkw, unlock_ofd },
	{ "fcntl: flock", SYS_fcntl, "E..", 0, an_ofd_lock, c_flock, unlock_ofd },
	{ "accept4", SYS_accept4, "E..", 1, listening, c_accept, connecting },
	{ "accept4 with a time limit", SYS_accept4, "EE.", 1, listening_limited, c_accept, connecting },
	{ "connect", SYS_connect, "E..", 0, no_place, c_connect, accepting },
	{ "connect with a time limit", SYS_connect, "EE.", 0, no_place_limited, c_connect, accepting },
	{ "sendto", SYS_sendto, "E..", 1, stream_full, c_sendto, drain_rd },
	{ "sendto: datagram", SYS_sendto, "E..", 1, dgram_full, c_sendto, drain_rd },
	{ "sendto, partly", SYS_sendto, "nnn", BIG, stream, c_sendto_big, drain_rd },
	{ "sendmsg: record", SYS_sendmsg, "E..", 1, packets_full, c_sendmsg, drain_rd },
	{ "sendmsg, partly", SYS_sendmsg, "nnn", BIG, stream, c_sendmsg_big, drain_rd },
	{ "recvfrom", SYS_recvfrom, "E..", 1, stream, c_recvfrom, write_one },
	{ "recvfrom: datagram", SYS_recvfrom, "E..", 1, dgram, c_recvfrom, write_one },
	{ "recvfrom: MSG_WAITALL, partly", SYS_recvfrom, "nnn", 3, stream_some, c_recv_all, write_one },
	{ "recvmsg", SYS_recvmsg, "E..", 1, stream, c_recvmsg, write_one },
	{ "recvmsg: record", SYS_recvmsg, "E..", 1, packets, c_recvmsg, write_one },
	{ "ppoll: poll", SYS_ppoll, "EE.", 1, a_pipe, c_poll, write_one },
	{ "ppoll: poll of nothing", SYS_ppoll, "EE.", 0, NULL, c_poll_none, NULL },
	{ "ppoll with a mask", SYS_ppoll, "EE.", 1, a_pipe, c_ppoll, write_one },
	{ "pselect: select", SYS_pselect, "EE.", 1, a_pipe, c_select, write_one },
	{ "pselect with a mask", SYS_pselect, "EE.", 1, a_pipe, c_pselect, write_one },
	{ "wait4", SYS_wait4, "E..", 1, a_pipe, c_wait4, write_one },
	{ "waitid", SYS_waitid, "E..", 0, a_pipe, c_waitid, write_one },
	{ "pctl: PROC_WAIT", SYS_pctl, "E..", 1, a_pipe, c_proc_wait, write_one },
	{ "pctl: PROC_SYSWAIT", SYS_pctl, "E..", 1, a_pipe, c_proc_syswait, write_one },
	{ "pctl: PROC_USLEEP", SYS_pctl, "EE.", 0, NULL, c_proc_usleep, NULL },
	{ "pctl: PROC_NANOSLEEP", SYS_pctl, "EE.", 0, NULL, c_proc_nanosleep, NULL },
	{ "sigsuspend: pause", SYS_sigsuspend, "EE.", -1, NULL, c_pause, by_usr2 },
	{ "sigsuspend", SYS_sigsuspend, "EE.", -1, NULL, c_sigsuspend, by_usr2 },
	{ "sigop: SIGOP_WAIT", SYS_sigop, "EE.", -1, NULL, c_sigop_wait, by_usr2 },
	{ "sigop: SIGOP_SUSPEND", SYS_sigop, "EE.", -1, NULL, c_sigop_suspend, by_usr2 },
	{ "sigtimedwait: sigwaitinfo", SYS_sigtimedwait, "EE.", SIGUSR2, NULL, c_sigwaitinfo, by_usr2 },
	{ "sigtimedwait", SYS_sigtimedwait, "EE.", SIGUSR2, NULL, c_sigtimedwait, by_usr2 },
	{ "sigtimedwait: sigwait", SYS_sigtimedwait, "...", SIGUSR2, NULL, c_sigwait, by_usr2 },
	{ "clock_nanosleep: nanosleep", SYS_clock_nanosleep, "EE.", 0, NULL, c_nanosleep, NULL },
	{ "clock_nanosleep: until", SYS_clock_nanosleep, "EE.", 0, NULL, c_sleep_until, NULL },
	{ "semtimedop: semop", SYS_semtimedop, "EE.", 0, a_sem, c_semop, up, sem_end },
	{ "semtimedop", SYS_semtimedop, "EE.", 0, a_sem, c_semtimedop, up, sem_end },
	{ "semdown", SYS_semdown, "EE.", 0, a_zsem, c_semdown, up, sem_end },
	{ "msgsnd", SYS_msgsnd, "EE.", 0, full_queue, c_msgsnd, receiving, queue_end },
	{ "msgrcv", SYS_msgrcv, "EE.", 1, a_queue, c_msgrcv, sending, queue_end },
	{ "mqsend", SYS_mqsend, "EE.", 1, full_zqueue, c_mqsend, receiving, queue_end },
	{ "mq_timedsend: mq_send", SYS_mq_timedsend, "E..", 0, full_mq, c_mq_send, mq_get, mq_end },
	{ "mq_timedsend", SYS_mq_timedsend, "E..", 0, full_mq, c_mq_timedsend, mq_get, mq_end },
	{ "mq_timedreceive: mq_receive", SYS_mq_timedreceive, "E..", 1, an_mq, c_mq_receive, mq_put, mq_end },
	{ "mq_timedreceive", SYS_mq_timedreceive, "E..", 1, an_mq, c_mq_timedreceive, mq_put, mq_end },
	{ "evrecv", SYS_evrecv, "E..", 0, a_port, c_evrecv, evsending },
	{ "throp: THR_JOIN", SYS_throp, "E..", 0, NULL, c_thr_join, set_word },
	{ "throp: THR_WAIT", SYS_throp, "E..", 0, NULL, c_thr_wait, set_word },
	{ "sem_wait", SYS_throp, "E..", 0, a_psem, c_sem_wait, posting },
	{ "sem_timedwait", SYS_throp, "E..", 0, a_psem, c_sem_timedwait, posting },
	{ "pthread_mutex_lock: PRIO_INHERIT", SYS_throp, "...", 0, a_pi_mutex, c_mutex, mutex_unlock },
	{ "pthread_mutex_lock", SYS_mx_futex_wait, "...", 0, a_mutex, c_mutex, mutex_unlock },
	{ "pthread_cond_wait", SYS_mx_futex_wait, "...", 0, a_cond, c_cond, cond_signal },
	{ "pthread_join", SYS_mx_futex_wait, "...", 0, NULL, c_pthread_join, set_word },
	{ "mx_futex_wait", SYS_mx_futex_wait, "...", 0, NULL, c_futex_wait, set_word },
	{ "mx_object_wait_one", SYS_mx_object_wait_one, "...", 0, an_event, c_wait_one, signaling },
	{ "mx_object_wait_many", SYS_mx_object_wait_many, "...", 0, an_event, c_wait_many, signaling },
	{ "mx_object_wait_many of nothing", SYS_mx_object_wait_many, "...", 0, NULL, c_wait_none, NULL },
	{ "mx_port_wait", SYS_mx_port_wait, "...", 0, a_port, c_port_wait, queueing },
	{ "mx_channel_call", SYS_mx_channel_call, "...", 0, a_channel, c_channel_call, answering },
	{ "mx_nanosleep", SYS_mx_nanosleep, "...", 0, NULL, c_mx_nanosleep, NULL },
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

/* Rows of conf/syscalls with `block' that no row above has. */
static const struct {
	unsigned nr;
	const char *why;
} others[] = {
	{ SYS_pread, "what has a position never keeps a reader waiting but for its disk" },
	{ SYS_pwrite, "as pread" },
	{ SYS_preadv, "as pread" },
	{ SYS_pwritev, "as pread" },
	{ SYS_getrandom, "waits before the first entropy of a boot only" },
	{ SYS_mx_channel_call_finish, "is what an interrupted mx_channel_call goes on as; nobody else can call it" },
};

static struct seat seats[NROWS];
static struct board *boards;

/* --- a column --- */

enum { PLAIN, RESTART, UNSEEN };

static int flags;			/* of the handlers; -1: none */
static sigset_t handled;		/* signals with a counting handler */
static struct board *mine;		/* in the child */

static void
count(int sig)
{
	mine->handled++;
}

static void
nothing(int sig)
{
}

static void
child(struct seat *s)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags }, end = { .sa_handler = nothing };

	mine = s->b;
	setpgid(0, 0);		/* terminals' stops are not for orphaned groups */
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&handled, sig) == 1)
			sigaction(sig, &sa, NULL);
	sigaction(SIGUSR2, &end, NULL);
	mine->tid = (int)__sys_gettid();
	errno = 0;
	mine->result = rows[s->index].call(s);
	mine->error = errno;
	mine->done = 1;
	_exit(0);
}

static void
sit(struct seat *s, int in_job)
{
	const struct row *r = &rows[s->index];

	memset((void *)s->b, 0, sizeof(*s->b));
	for (int i = 0; i < 2; i++)
		s->fd[i] = -1;
	for (int i = 0; i < 4; i++)
		s->more[i] = -1;
	if (r->make != NULL)
		r->make(s);
	if (in_job)
		mx_job_create(mx_job_default(), 0, &s->job);
	s->pid = in_job ? (pid_t)__sys_job_fork(s->job) : fork();
	if (s->pid == 0)
		child(s);
	s->process = mx_pid_handle(s->pid);
}

static void
stand(struct seat *s)
{
	const struct row *r = &rows[s->index];

	/* What the call itself left behind waits for the same. */
	if (r->release == write_one || r->release == set_word)
		r->release(s);
	kill(s->pid, SIGKILL);
	child_status(s->pid);
	if (r->end != NULL)
		r->end(s);
	mx_handle_close(s->process), mx_handle_close(s->thread);
	if (s->job != MX_HANDLE_INVALID)
		mx_handle_close(s->job);
	seat_leave(s);
}

/* The thread that is in the call. */
static void
find_thread(struct seat *s)
{
	mx_koid_t koids[2];
	size_t n = 0;

	mx_object_get_info(s->process, MX_INFO_PROCESS_THREADS, koids, sizeof(koids), &n, NULL);
	for (size_t i = 0; i < n; i++) {
		mx_info_thread_t info = { 0 };

		mx_object_get_child(s->process, koids[i], MX_RIGHT_SAME_RIGHTS, &s->thread);
		mx_object_get_info(s->thread, MX_INFO_THREAD, &info, sizeof(info), NULL, NULL);
		if (info.tid == s->b->tid)
			return;
		mx_handle_close(s->thread);
		s->thread = MX_HANDLE_INVALID;
	}
}

static int
asleep(struct seat *s)
{
	mx_info_thread_t info = { 0 };

	if (s->thread == MX_HANDLE_INVALID)
		find_thread(s);
	mx_object_get_info(s->thread, MX_INFO_THREAD, &info, sizeof(info), NULL, NULL);
	return info.state == MX_THREAD_STATE_BLOCKED;
}

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

/* Everybody is over or sleeps, after so many handlers. */
static void
settle(int handlers)
{
	mx_time_t end = mx_deadline_after(SOON);

	for (unsigned i = 0; i < NROWS; i++) {
		struct board *b = seats[i].b;

		while (mx_time_get(MX_CLOCK_MONOTONIC) < end &&
		    !(b->done || (b->tid != 0 && b->handled >= handlers && asleep(&seats[i]))))
			msleep(1);
	}
	msleep(20);
}

/* --- what happens --- */

static void
all(int sig)
{
	for (unsigned i = 0; i < NROWS; i++)
		kill(seats[i].pid, sig);
}

static void
by_usr1(void)
{
	all(SIGUSR1);
}

static void
by_winch(void)
{
	all(SIGWINCH);
}

static void
by_stop(int sig)
{
	int status;

	all(sig);
	for (unsigned i = 0; i < NROWS; i++)
		waitpid(seats[i].pid, &status, WUNTRACED);
	all(SIGCONT);
}

static void
by_sigstop(void)
{
	by_stop(SIGSTOP);
}

static void
by_tstp(void)
{
	by_stop(SIGTSTP);
}

static void
by_suspend(void)
{
	for (unsigned i = 0; i < NROWS; i++) {
		mx_handle_t token;

		mx_task_suspend(seats[i].thread, &token);
		mx_object_wait_one(seats[i].thread, MX_THREAD_SUSPENDED, mx_deadline_after(SOON), NULL);
		mx_handle_close(token);
	}
}

static void
by_kill(struct seat *s)
{
	kill(s->pid, SIGKILL);
}

static void
by_task_kill(struct seat *s)
{
	mx_task_kill(s->process);
}

static void
by_job_kill(struct seat *s)
{
	mx_task_kill(s->job);
}

static const struct column {
	const char *name;
	void (*fn)(void);
	int cell, flags, sig;		/* sig: has a handler with these flags */
} columns[] = {
	{ "handler", by_usr1, PLAIN, 0, SIGUSR1 },
	{ "handler with SA_RESTART", by_usr1, RESTART, SA_RESTART, SIGUSR1 },
	{ "SIGSTOP, SIGCONT", by_sigstop, UNSEEN, 0, 0 },
	{ "SIGTSTP, SIGCONT", by_tstp, UNSEEN, 0, 0 },
	{ "SIGSTOP, SIGCONT with a handler", by_sigstop, PLAIN, 0, SIGCONT },
	{ "SIGSTOP, SIGCONT with a handler with SA_RESTART", by_sigstop, RESTART, SA_RESTART, SIGCONT },
	{ "suspended and resumed", by_suspend, UNSEEN, 0, 0 },
	{ "a signal that is ignored", by_winch, -1, 0, 0 },
};

static const struct {
	const char *name;
	void (*fn)(struct seat *);
	int job;
} ends[] = {
	{ "SIGKILL", by_kill, 0 }, { "task_kill of the process", by_task_kill, 0 }, { "task_kill of the job", by_job_kill, 1 },
};

static int
wait_done(struct board *b)
{
	mx_time_t end = mx_deadline_after(SOON);

	while (!b->done && mx_time_get(MX_CLOCK_MONOTONIC) < end)
		msleep(1);
	return b->done;
}

static int
as_stated(struct seat *s, char cell)
{
	const struct row *r = &rows[s->index];
	struct board *b = s->b;

	if (cell == 'E')
		return b->done && b->result == -1 && b->error == EINTR;
	if (cell == 'n')
		return b->done && b->result > 0 && b->result < r->good;
	if (b->done)
		return 0;
	if (r->release == NULL)
		return 1;
	r->release(s);
	return wait_done(b) && b->result == r->good;
}

static void
check(const struct column *c, struct seat *s)
{
	const struct row *r = &rows[s->index];
	char cell = c->cell < 0 ? '.' : r->cells[c->cell];
	int handlers = s->b->handled;

	if (!ok(as_stated(s, cell) && handlers == (c->sig != 0), "%s: %s: %s", c->name, r->name,
	    cell == 'E' ? "EINTR" : cell == 'n' ? "what has moved" : "goes on"))
		tap_print("# done %d, result %ld, errno %d, handlers %d\n", s->b->done, s->b->result, s->b->error, handlers);
}

static void
column(const struct column *c)
{
	flags = c->flags;
	sigemptyset(&handled);
	if (c->sig != 0)
		sigaddset(&handled, c->sig);
	for (unsigned i = 0; i < NROWS; i++)
		sit(&seats[i], 0);
	settle(0);
	for (unsigned i = 0; i < NROWS; i++)
		if (seats[i].b->done)
			ok(0, "%s: it does not sleep: %ld, errno %d", rows[i].name, seats[i].b->result, seats[i].b->error);
	c->fn();
	settle(c->sig != 0);
	for (unsigned i = 0; i < NROWS; i++)
		check(c, &seats[i]);
	for (unsigned i = 0; i < NROWS; i++)
		stand(&seats[i]);
}

static void
death(const char *name, void (*fn)(struct seat *), int job)
{
	sigemptyset(&handled);
	for (unsigned i = 0; i < NROWS; i++)
		sit(&seats[i], job);
	settle(0);
	for (unsigned i = 0; i < NROWS; i++) {
		struct seat *s = &seats[i];
		mx_time_t start = mx_time_get(MX_CLOCK_MONOTONIC);
		mx_status_t status;

		/* Who was made by the bare call has its parent's number in the library: the mutex is its own. */
		if (job && rows[i].call == c_mutex)
			continue;
		fn(s);
		status = mx_object_wait_one(s->process, MX_TASK_TERMINATED, start + DEATH, NULL);
		ok(status == MX_OK && !s->b->done, "%s: %s: dead within 100 ms", name, rows[i].name);
	}
	for (unsigned i = 0; i < NROWS; i++)
		stand(&seats[i]);
}

/* --- nothing is forgotten --- */

static int
is_here(unsigned nr)
{
	for (unsigned i = 0; i < NROWS; i++)
		if (rows[i].nr == nr)
			return 1;
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].nr == nr)
			return 1;
	return 0;
}

static void
complete(void)
{
	static const struct {
		unsigned nr;
		const char *name, *flags;
	} calls[] = {
#define CALL(nr, name, flags, types, args) { nr, #name, flags },
#include "calls.h"
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strstr(calls[i].flags, "block") != NULL && !is_here(calls[i].nr))
			ok(0, "%s blocks and has no row", calls[i].name);
	ok(1, "every call that blocks has a row, or a reason");
}

int
main(void)
{
	boards = mmap(NULL, NROWS * sizeof(*boards), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	for (unsigned i = 0; i < NROWS; i++)
		seats[i] = (struct seat){ .b = &boards[i], .index = i };
	signal(SIGPIPE, SIG_IGN);
	complete();
	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		column(&columns[i]);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		death(ends[i].name, ends[i].fn, ends[i].job);
	return tap_done();
}
