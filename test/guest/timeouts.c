/*
 * Calls with a time limit, interrupted before it is over: the whole wait is as long as was asked for, and the
 * deadline of one call is never another's.  A limit of 200 ms; something happens at about 80 and 160 ms.  What ends the
 * calls is in interrupt.c.
 */
#include "blockers_ipc.h"
#include "blockers_proc.h"
#include "blockers_sock.h"
#include "blockers_thr.h"

#define LIMIT	MX_MSEC(200)
#define LATEST	MX_MSEC(270)		/* it began again at 80 ms: 280 */
#define SOON	MX_SEC(10)

struct row {
	const char *name;
	long good;			/* the result; of a libc call that fails: -errno */
	int restarts;			/* with SA_RESTART */
	void (*make)(struct seat *);
	long (*call)(struct seat *);
	void (*end)(struct seat *);
};

static const struct timespec span = { .tv_nsec = 200000000 };

static const struct timespec *
until(clockid_t clock)
{
	static struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += span.tv_nsec;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return &t;
}

/* --- calls --- */

static long
t_poll(struct seat *s)
{
	struct pollfd p = { s->fd[0], POLLIN, 0 };

	return poll(&p, 1, 200);
}

static long
t_ppoll_none(struct seat *s)
{
	return ppoll(NULL, 0, &span, NULL);
}

static long
t_select(struct seat *s)
{
	struct timeval t = { .tv_usec = 200000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->fd[0], &set);
	return select(s->fd[0] + 1, &set, NULL, NULL, &t);
}

static long
t_nanosleep(struct seat *s)
{
	return nanosleep(&span, NULL);
}

/* One struct for both: a call that is made again must not read what it stored. */
static long
t_nanosleep_same(struct seat *s)
{
	struct timespec t = span;

	return nanosleep(&t, &t);
}

static long
t_sleep_until(struct seat *s)
{
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until(CLOCK_MONOTONIC), NULL);
}

static long
t_usleep(struct seat *s)
{
	return sys_pctl(PROC_USLEEP, 200000, NULL);
}

static long
t_sigtimedwait(struct seat *s)
{
	sigset_t set;

	only_usr2(&set);
	return sigtimedwait(&set, NULL, &span);
}

static long
t_semtimedop(struct seat *s)
{
	struct sembuf op = { 0, -1, 0 };

	return semtimedop((int)s->id, &op, 1, &span);
}

static void
short_limit(struct seat *s)
{
	struct timeval t = { .tv_usec = 200000 };

	for (int i = 0; i < 2; i++) {
		setsockopt(s->fd[i], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
		setsockopt(s->fd[i], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	}
}

static void
short_stream(struct seat *s)
{
	stream_full(s);
	short_limit(s);
	swap(s);
}

static long
t_recv(struct seat *s)
{
	char c;

	return recv(s->fd[0], &c, 1, 0);
}

static void
short_records(struct seat *s)
{
	packets_full(s);
	short_limit(s);
}

static long
t_send(struct seat *s)
{
	return send(s->fd[1], "x", 1, 0);
}

static void
short_stream_full(struct seat *s)
{
	stream_full(s);
	short_limit(s);
}

static void
short_listening(struct seat *s)
{
	listening(s);
	short_limit(s);
}

static void
short_no_place(struct seat *s)
{
	no_place(s);
	short_limit(s);
}

static void
pty_time(struct seat *s)
{
	struct termios t;

	a_pty(s);
	tcgetattr(s->fd[0], &t);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 2;
	tcsetattr(s->fd[0], TCSANOW, &t);
}

static long
t_mq_receive(struct seat *s)
{
	char buf[8];

	return mq_timedreceive(s->fd[0], buf, 8, NULL, until(CLOCK_REALTIME));
}

static long
t_mq_send(struct seat *s)
{
	return mq_timedsend(s->fd[0], "y", 1, 0, until(CLOCK_REALTIME));
}

static long
t_thr_wait(struct seat *s)
{
	struct abi_thrwait w = { .word = (uintptr_t)&s->b->word, .deadline = mx_deadline_after(LIMIT) };

	return __sys_throp(THR_WAIT, 0, &w);
}

static long
t_sem(struct seat *s)
{
	return sem_timedwait(&s->b->sem, until(CLOCK_REALTIME));
}

static long
t_mutex(struct seat *s)
{
	return pthread_mutex_timedlock(&s->b->mutex, until(CLOCK_REALTIME));
}

static long
t_cond(struct seat *s)
{
	long error;

	pthread_mutex_lock(&s->b->mutex);
	error = pthread_cond_timedwait(&s->b->cond, &s->b->mutex, until(CLOCK_REALTIME));
	pthread_mutex_unlock(&s->b->mutex);
	return error;
}

static long
t_futex(struct seat *s)
{
	return mx_futex_wait((mx_futex_t *)&s->b->word, 0, MX_HANDLE_INVALID, mx_deadline_after(LIMIT));
}

static long
t_wait_one(struct seat *s)
{
	return mx_object_wait_one(s->h[0], MX_EVENT_SIGNALED, mx_deadline_after(LIMIT), NULL);
}

static long
t_wait_many(struct seat *s)
{
	mx_wait_item_t items[2] = { { s->h[0], MX_EVENT_SIGNALED, 0 }, { s->h[0], MX_USER_SIGNAL_0, 0 } };

	return mx_object_wait_many(items, 2, mx_deadline_after(LIMIT));
}

static long
t_port(struct seat *s)
{
	mx_port_packet_t p;

	return mx_port_wait(s->h[0], mx_deadline_after(LIMIT), &p);
}

static long
t_call(struct seat *s)
{
	char wr[8] = { 0 }, rd[8];
	uint32_t bytes, handles;
	mx_channel_call_args_t args = { .wr_bytes = wr, .wr_num_bytes = 8, .rd_bytes = rd, .rd_num_bytes = 8 };

	return mx_channel_call(s->h[0], 0, mx_deadline_after(LIMIT), &args, &bytes, &handles);
}

static long
t_mx_nanosleep(struct seat *s)
{
	return mx_nanosleep(mx_deadline_after(LIMIT));
}

static const struct row rows[] = {
	{ "poll", 0, 0, a_pipe, t_poll },
	{ "ppoll of nothing", 0, 0, NULL, t_ppoll_none },
	{ "select", 0, 0, a_pipe, t_select },
	{ "nanosleep", 0, 0, NULL, t_nanosleep },
	{ "nanosleep, one struct for both", 0, 0, NULL, t_nanosleep_same },
	{ "clock_nanosleep until", 0, 0, NULL, t_sleep_until },
	{ "PROC_USLEEP", 0, 0, NULL, t_usleep },
	{ "sigtimedwait", -EAGAIN, 0, NULL, t_sigtimedwait },
	{ "semtimedop", -EAGAIN, 0, a_sem, t_semtimedop, sem_end },
	{ "recv", -EAGAIN, 0, short_stream, t_recv },
	{ "send", -EAGAIN, 0, short_stream_full, t_send },
	{ "send of a record", -EAGAIN, 0, short_records, t_send },
	{ "accept", -EAGAIN, 0, short_listening, c_accept },
	{ "connect", -EAGAIN, 0, short_no_place, c_connect },
	{ "read with VTIME", 0, 0, pty_time, c_read },
	{ "mq_timedreceive", -ETIMEDOUT, 1, an_mq, t_mq_receive, mq_end },
	{ "mq_timedsend", -ETIMEDOUT, 1, full_mq, t_mq_send, mq_end },
	{ "THR_WAIT", -ETIMEDOUT, 1, NULL, t_thr_wait },
	{ "sem_timedwait", -ETIMEDOUT, 1, a_psem, t_sem },
	{ "pthread_mutex_timedlock", ETIMEDOUT, 1, a_mutex, t_mutex },
	{ "pthread_mutex_timedlock, PRIO_INHERIT", ETIMEDOUT, 1, a_pi_mutex, t_mutex },
	{ "pthread_cond_timedwait", ETIMEDOUT, 1, a_cond, t_cond },
	{ "mx_futex_wait", MX_ERR_TIMED_OUT, 1, NULL, t_futex },
	{ "mx_object_wait_one", MX_ERR_TIMED_OUT, 1, an_event, t_wait_one },
	{ "mx_object_wait_many", MX_ERR_TIMED_OUT, 1, an_event, t_wait_many },
	{ "mx_port_wait", MX_ERR_TIMED_OUT, 1, a_port, t_port },
	{ "mx_channel_call", MX_ERR_TIMED_OUT, 1, a_channel, t_call },
	{ "mx_nanosleep", 0, 1, NULL, t_mx_nanosleep },
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static struct seat seats[NROWS];

/* --- what happens --- */

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

static int64_t
now(void)
{
	return mx_time_get(MX_CLOCK_MONOTONIC);
}

static void
nothing(int sig)
{
}

static void
stop(struct seat *s)
{
	int status;

	kill(s->pid, SIGSTOP);
	waitpid(s->pid, &status, WUNTRACED);
}

static void
stop_and_go(struct seat *s)
{
	stop(s);
	kill(s->pid, SIGCONT);
}

static void
go(struct seat *s)
{
	kill(s->pid, SIGCONT);
}

static void
handler(struct seat *s)
{
	kill(s->pid, SIGUSR1);
}

static void
suspend(struct seat *s)
{
	mx_handle_t process = mx_pid_handle(s->pid), thread, token;
	mx_koid_t koid;

	mx_object_get_info(process, MX_INFO_PROCESS_THREADS, &koid, sizeof(koid), NULL, NULL);
	mx_object_get_child(process, koid, MX_RIGHT_SAME_RIGHTS, &thread);
	mx_task_suspend(thread, &token);
	mx_object_wait_one(thread, MX_THREAD_SUSPENDED, mx_deadline_after(SOON), NULL);
	mx_handle_close(token), mx_handle_close(thread), mx_handle_close(process);
}

static const struct column {
	const char *name;
	void (*first)(struct seat *), (*second)(struct seat *);
	int second_at;			/* ms */
	int all;			/* or only those that SA_RESTART lets go on */
} columns[] = {
	{ "two stops", stop_and_go, stop_and_go, 160, 1 },
	{ "suspended twice", suspend, suspend, 160, 1 },
	{ "two handlers with SA_RESTART", handler, handler, 160, 0 },
	{ "stopped over the end", stop, go, 240, 1 },
};

static void
sit(struct seat *s, int flags)
{
	const struct row *r = &rows[s->index];
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = flags };

	memset((void *)s->b, 0, sizeof(*s->b));
	s->fd[0] = s->fd[1] = s->more[0] = s->more[1] = s->more[2] = s->more[3] = -1;
	if (r->make != NULL)
		r->make(s);
	s->pid = fork();
	if (s->pid == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		s->b->began = now();
		s->b->result = r->call(s);
		s->b->ended = now();
		if (s->b->result == -1)
			s->b->result = -errno;
		_exit(0);
	}
}

static void
stand(struct seat *s)
{
	if (rows[s->index].end != NULL)
		rows[s->index].end(s);
	seat_leave(s);
}

static void
column(const struct column *c)
{
	int64_t start;

	for (unsigned i = 0; i < NROWS; i++)
		if (c->all || rows[i].restarts)
			sit(&seats[i], SA_RESTART);
	start = now();
	mx_nanosleep(start + MX_MSEC(80));
	for (unsigned i = 0; i < NROWS; i++)
		if (seats[i].pid != 0)
			c->first(&seats[i]);
	mx_nanosleep(start + MX_MSEC(c->second_at));
	for (unsigned i = 0; i < NROWS; i++)
		if (seats[i].pid != 0)
			c->second(&seats[i]);
	for (unsigned i = 0; i < NROWS; i++) {
		struct seat *s = &seats[i];
		int64_t took;

		if (s->pid == 0)
			continue;
		child_status(s->pid);
		took = s->b->ended - s->b->began;
		if (!ok(s->b->result == rows[i].good && took >= LIMIT && took < LATEST + (c->second == go ? MX_MSEC(70) : 0),
		    "%s: %s: ends in time", c->name, rows[i].name))
			tap_print("# result %ld after %ld us\n", s->b->result, (long)(took / 1000));
		stand(s);
	}
}

/* --- what is left of a sleep --- */

/* The rest and what was slept make the whole, also when a stop came before. */
static void
rests(void)
{
	struct board *b = seats[0].b;
	struct sigaction sa = { .sa_handler = nothing };
	struct timespec rem = { 77, 77 };

	for (int stops = 0; stops < 2; stops++) {
		seats[0].pid = fork();
		if (seats[0].pid == 0) {
			sigaction(SIGUSR1, &sa, NULL);
			b->began = now();
			b->result = nanosleep(&span, &rem);
			b->ended = now();
			b->word = (uint32_t)rem.tv_nsec;
			_exit(rem.tv_sec != 0 || b->result != -1 || errno != EINTR);
		}
		msleep(40);
		if (stops)
			stop_and_go(&seats[0]);
		msleep(40);
		handler(&seats[0]);
		is_int(child_status(seats[0].pid), 0, "nanosleep: EINTR");
		b->ended += b->word;
		if (!ok(b->ended - b->began >= LIMIT && b->ended - b->began < LIMIT + MX_MSEC(40),
		    "nanosleep: the rest%s", stops ? " after a stop" : ""))
			tap_print("# %ld us\n", (long)((b->ended - b->began) / 1000));
	}
	seats[0].pid = fork();
	if (seats[0].pid == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		_exit(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until(CLOCK_MONOTONIC), &rem) == EINTR &&
		    rem.tv_sec == 77 && rem.tv_nsec == 77 ? 0 : 1);
	}
	msleep(40);
	handler(&seats[0]);
	is_int(child_status(seats[0].pid), 0, "clock_nanosleep until: there is no rest");
	seats[0].pid = 0;
}

/* --- another call's deadline --- */

/* What follows sleeps as long as it is asked to. */
static int
sleeps_well(void)
{
	int64_t start = now();

	return poll(NULL, 0, 100) == 0 && now() - start >= MX_MSEC(100);
}

/* A wait is stopped; when it is made again, the set is not there any more. */
static void
refused_again(void)
{
	struct seat *s = &seats[0];

	a_sem(s);
	s->pid = fork();
	if (s->pid == 0)
		_exit(t_semtimedop(s) == -1 && (errno == EINVAL || errno == EIDRM) && sleeps_well() ? 0 : 1);
	msleep(80);
	stop(s);
	sem_end(s);
	go(s);
	is_int(child_status(s->pid), 0, "a call that is refused when it is made again leaves no deadline");
	s->pid = 0;
}

/* It is there when the call is made again. */
static void
served_again(void)
{
	struct seat *s = &seats[0];

	for (int i = 0; i < 3; i++) {
		(i == 0 ? a_sem : i == 1 ? a_pipe : short_stream)(s);
		s->pid = fork();
		if (s->pid == 0)
			_exit((i == 0 ? t_semtimedop(s) == 0 : i == 1 ? t_poll(s) == 1 : t_recv(s) == 1) && sleeps_well() ? 0 : 1);
		msleep(80);
		stop(s);
		(i == 0 ? up : write_one)(s);
		go(s);
		is_int(child_status(s->pid), 0, "nor does one that is served then");
		(i == 0 ? sem_end : stand)(s);
		s->pid = 0;
	}
}

static volatile int slept;

static void
sleeper(int sig)
{
	slept = sleeps_well();
}

/* Stopped, continued with a handler that sleeps itself. */
static void
in_a_handler(void)
{
	struct sigaction sa = { .sa_handler = sleeper, .sa_flags = SA_RESTART };
	struct seat *s = &seats[0];

	s->pid = fork();
	if (s->pid == 0) {
		sigaction(SIGCONT, &sa, NULL);
		_exit(t_nanosleep(s) == -1 && errno == EINTR && slept && sleeps_well() ? 0 : 1);
	}
	msleep(150);
	stop_and_go(s);
	is_int(child_status(s->pid), 0, "a handler's sleeps are its own");
	s->pid = 0;
}

/* --- a break --- */

static void
broken_off(void)
{
	struct seat *s = &seats[0];
	mx_handle_t process;
	int64_t start;

	a_pty(s);
	s->pid = fork();
	if (s->pid == 0) {
		s->b->began = now();
		tcsendbreak(s->fd[0], 0);
		_exit(s->b->ended = 1);
	}
	process = mx_pid_handle(s->pid);
	while (s->b->began == 0)
		msleep(1);
	msleep(10);
	start = now();
	kill(s->pid, SIGKILL);
	is_int(mx_object_wait_one(process, MX_TASK_TERMINATED, start + MX_MSEC(100), NULL), MX_OK,
	    "SIGKILL in a break that is sent: dead within 100 ms");
	child_status(s->pid);
	mx_handle_close(process);
	s->pid = 0;
	stand(s);
}

int
main(void)
{
	struct board *boards = mmap(NULL, NROWS * sizeof(*boards), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);

	for (unsigned i = 0; i < NROWS; i++)
		seats[i] = (struct seat){ .b = &boards[i], .index = i };
	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		column(&columns[i]);
	rests();
	refused_again();
	served_again();
	in_a_handler();
	broken_off();
	return tap_done();
}
