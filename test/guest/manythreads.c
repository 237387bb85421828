/* Many threads and what the process has once: clocks, limits, signals, identity, descriptors. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <mx/exception.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/port.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include <abi/task.h>
#include "tap.h"

#define MILLISECONDS(n)	((n) * 1000000ll)

static char *self;
static int start_pipe[2], done_pipe[2];

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

static pthread_t
go(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg) != 0) {
		tap_print("Bail out! no thread\n");
		_exit(99);
	}
	return t;
}

static long long
cpu_time(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Uses the CPU for so many milliseconds of the calling thread. */
static void *
burn(void *ms)
{
	long long until = cpu_time(CLOCK_THREAD_CPUTIME_ID) + MILLISECONDS((intptr_t)ms);

	while (cpu_time(CLOCK_THREAD_CPUTIME_ID) < until)
		;
	return NULL;
}

static volatile int stop;

static void *
spin(void *arg)
{
	while (!stop)
		;
	return NULL;
}

/* --- interval timers and limits ------------------------------------------------------------------ */

static volatile int caught;
static volatile pthread_t catcher;

static void
on_signal(int sig)
{
	catcher = pthread_self();
	caught = sig;
	stop = 1;
}

/* The timer counts for the process: any thread that does not block its signal takes it. */
static void
one_itimer(int which, int sig, const char *what)
{
	struct itimerval in = { .it_value = { 0, 30000 } }, off = { 0 }, left;
	sigset_t set, old;
	pthread_t a, b;

	stop = caught = 0;
	signal(sig, on_signal);
	a = go(spin, NULL);
	b = go(spin, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	setitimer(which, &in, NULL);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is_int(caught, sig, what);
	ok(catcher == a || catcher == b, "in a thread that does not block it");
	getitimer(which, &left);
	ok(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0, "and is over");
	setitimer(which, &off, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	signal(sig, SIG_DFL);
}

static void
cpu_limit(void)
{
	struct rlimit lim = { 1, 2 };
	pthread_t t;

	setrlimit(RLIMIT_CPU, &lim);
	stop = 0;
	t = go(spin, NULL);
	go(spin, NULL);
	pthread_join(t, NULL);
}

static void
cpu_limit_hard(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGXCPU);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	cpu_limit();
}

static void
timers_and_limits(void)
{
	int st;

	one_itimer(ITIMER_REAL, SIGALRM, "ITIMER_REAL comes");
	one_itimer(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL counts what other threads use");
	one_itimer(ITIMER_PROF, SIGPROF, "ITIMER_PROF as well");
	st = in_child(cpu_limit);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGXCPU, "RLIMIT_CPU: the sum of two threads, none of them the first");
	st = in_child(cpu_limit_hard);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "SIGXCPU blocked everywhere: SIGKILL at the hard limit");
}

/* --- times ------------------------------------------------------------------------------------------ */

static long long
usage(int who)
{
	struct rusage r;

	if (getrusage(who, &r) != 0)
		return -1;
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000ll +
	    (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000ll;
}

static void
burning_child(void)
{
	pthread_t a = go(burn, (void *)60), b = go(burn, (void *)60);

	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

static void
leaving_threads_alive(void)
{
	go(burn, (void *)60);
	while (cpu_time(CLOCK_PROCESS_CPUTIME_ID) < MILLISECONDS(60))
		msleep(5);
}

static void
times_of_threads(void)
{
	long long before = usage(RUSAGE_SELF), after, mine = cpu_time(CLOCK_THREAD_CPUTIME_ID), process;
	struct tms t0, t1;
	pthread_t t;

	times(&t0);
	process = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
	t = go(burn, (void *)100);
	msleep(40);
	while (usage(RUSAGE_SELF) - before < MILLISECONDS(40))
		msleep(5);
	ok(1, "RUSAGE_SELF tells of threads that run");
	pthread_join(t, NULL);
	after = usage(RUSAGE_SELF);
	ok(after - before >= MILLISECONDS(100), "and of those that ended");
	ok(cpu_time(CLOCK_PROCESS_CPUTIME_ID) - process >= MILLISECONDS(100), "so does CLOCK_PROCESS_CPUTIME_ID");
	ok(cpu_time(CLOCK_THREAD_CPUTIME_ID) - mine < MILLISECONDS(60), "CLOCK_THREAD_CPUTIME_ID is the caller's");
	times(&t1);
	ok(t1.tms_utime + t1.tms_stime - t0.tms_utime - t0.tms_stime >= 9, "times: all threads");
	before = usage(RUSAGE_CHILDREN);
	in_child(burning_child);
	ok(usage(RUSAGE_CHILDREN) - before >= MILLISECONDS(120), "RUSAGE_CHILDREN: all threads of a child");
	before = usage(RUSAGE_CHILDREN);
	in_child(leaving_threads_alive);
	ok(usage(RUSAGE_CHILDREN) - before >= MILLISECONDS(50), "also those that lived when it ended");
}

/* --- alternate stacks ------------------------------------------------------------------------------- */

#define ALT	32768
#define NALT	6

struct alternate {
	char *low;
	volatile int where;		/* 1: the handler ran there, 2: elsewhere */
	int fresh, nested;
};
static pthread_key_t alt_key;

static void
on_stack(int sig)
{
	struct alternate *a = pthread_getspecific(alt_key);
	char *here = __builtin_frame_address(0);
	stack_t s;

	a->where = here > a->low && here <= a->low + ALT ? 1 : 2;
	sigaltstack(NULL, &s);
	a->nested = (s.ss_flags & SS_ONSTACK) != 0;
}

static void *
with_alternate(void *arg)
{
	struct alternate *a = arg;
	stack_t s, old;

	sigaltstack(NULL, &old);
	a->fresh = (old.ss_flags & SS_DISABLE) != 0;
	pthread_setspecific(alt_key, a);
	s = (stack_t){ .ss_sp = a->low, .ss_size = ALT };
	sigaltstack(&s, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	while (a->where == 0)
		sched_yield();
	return NULL;
}

/* Below the guard there is nothing to push a frame on: only another stack can tell. */
static void
on_overflow(int sig)
{
	_exit(21);
}

static int
deeper(int n)
{
	volatile char room[1024];

	room[0] = (char)n;
	return n == INT_MAX ? 0 : deeper(n + 1) + room[0];
}

static void *
overflowing(void *arg)
{
	stack_t s = { .ss_sp = arg, .ss_size = ALT };

	sigaltstack(&s, NULL);
	deeper(0);
	return NULL;
}

static void
overflow_in_thread(void)
{
	struct sigaction sa = { .sa_handler = on_overflow, .sa_flags = SA_ONSTACK };

	sigaction(SIGSEGV, &sa, NULL);
	pthread_join(go(overflowing, malloc(ALT)), NULL);
}

static void
alternate_stacks(void)
{
	struct sigaction sa = { .sa_handler = on_stack, .sa_flags = SA_ONSTACK };
	struct alternate a[NALT] = { 0 };
	pthread_t t[NALT];
	char own[ALT];
	stack_t s = { .ss_sp = own, .ss_size = ALT }, off = { .ss_flags = SS_DISABLE };
	int good = 0, fresh = 0, nested = 0, st;

	pthread_key_create(&alt_key, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaltstack(&s, NULL);
	for (int i = 0; i < NALT; i++) {
		a[i].low = malloc(ALT);
		t[i] = go(with_alternate, &a[i]);
	}
	for (int i = 0; i < NALT; i++) {
		pthread_join(t[i], NULL);
		good += a[i].where == 1;
		fresh += a[i].fresh;
		nested += a[i].nested;
		free(a[i].low);
	}
	is_int(fresh, NALT, "a thread begins without an alternate stack");
	is_int(good, NALT, "each handler runs on its thread's");
	is_int(nested, NALT, "and knows it");
	sigaltstack(NULL, &s);
	ok(s.ss_sp == own, "the first thread still has its own");
	sigaltstack(&off, NULL);
	signal(SIGUSR1, SIG_DFL);
	pthread_key_delete(alt_key);
	st = in_child(overflow_in_thread);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 21, "a thread's stack that overflowed is told of on its alternate");
}

/* --- as many threads as there can be ------------------------------------------------------------- */

static volatile uint32_t leave;

static void *
stay(void *arg)
{
	while (leave == 0)
		mx_futex_wait((const mx_futex_t *)&leave, 0, MX_HANDLE_INVALID, MX_TIME_INFINITE);
	return NULL;
}

/* How many could be made; *error: what the next got. */
static int
fill(pthread_t *t, int max, int *error)
{
	pthread_attr_t a;
	int n;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN);
	leave = 0;
	for (n = 0; n < max; n++)
		if ((*error = pthread_create(&t[n], &a, stay, NULL)) != 0)
			break;
	return n;
}

static void
empty(pthread_t *t, int n)
{
	leave = 1;
	mx_futex_wake((const mx_futex_t *)&leave, UINT32_MAX);
	while (n > 0)
		pthread_join(t[--n], NULL);
}

#define MOST	5000

static void
run_out(void)
{
	pthread_t *t = calloc(MOST, sizeof(*t));
	int first, second, error = 0, pid;

	if (setuid(1000) != 0)
		_exit(1);
	first = fill(t, MOST, &error);
	if (first < 100 || first >= MOST || error != EAGAIN)
		_exit(2);
	errno = 0;
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid != -1 || errno != EAGAIN)
		_exit(3);
	empty(t, first);
	second = fill(t, MOST, &error);
	if (second < first - 8 || error != EAGAIN)
		_exit(4);
	empty(t, second);
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid == -1 || child_status(pid) != 0)
		_exit(5);
	_exit(0);
}

static void
too_many(void)
{
	int st = in_child(run_out);

	is_int(st, 0, "threads until EAGAIN, then as many again: nothing is lost");
	pthread_join(go(burn, (void *)0), NULL);
	ok(1, "others make threads afterwards");
}

/* --- requeue and time-outs ------------------------------------------------------------------------ */

static volatile uint32_t from, to;

struct waiting {
	int ms;				/* < 0: for ever */
	volatile int status;
};

static void *
wait_on_from(void *arg)
{
	struct waiting *w = arg;
	mx_time_t until = w->ms < 0 ? MX_TIME_INFINITE : mx_deadline_after(MX_MSEC(w->ms));

	w->status = mx_futex_wait((const mx_futex_t *)&from, 0, MX_HANDLE_INVALID, until);
	return NULL;
}

static mx_status_t
requeue(uint32_t wake, uint32_t move)
{
	return mx_futex_requeue((const mx_futex_t *)&from, wake, 0, (const mx_futex_t *)&to, move, MX_HANDLE_INVALID);
}

static void
requeued_timeouts(void)
{
	struct waiting w[8];
	pthread_t t[8];
	int late = 0, woken = 0, odd = 0;

	for (int i = 0; i < 8; i++) {
		w[i] = (struct waiting){ .ms = i % 2 == 0 ? 30 : -1, .status = 1 };
		t[i] = go(wait_on_from, &w[i]);
		msleep(1);
	}
	is_int(requeue(0, 8), MX_OK, "eight are moved, four of them with a time-out");
	for (int i = 0; i < 8; i += 2) {
		pthread_join(t[i], NULL);
		late += w[i].status == MX_ERR_TIMED_OUT;
	}
	is_int(late, 4, "the time-outs end them where they were moved to");
	mx_futex_wake((const mx_futex_t *)&from, 8);
	msleep(3);
	for (int i = 1; i < 8; i += 2)
		odd += w[i].status != 1;
	is_int(odd, 0, "the others are not where they came from");
	mx_futex_wake((const mx_futex_t *)&to, 4);
	for (int i = 1; i < 8; i += 2) {
		pthread_join(t[i], NULL);
		woken += w[i].status == MX_OK;
	}
	is_int(woken, 4, "a wake of four wakes the four: those that timed out count no more");
	late = woken = 0;
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 4; i++) {
			w[i] = (struct waiting){ .ms = 1 + (round + i) % 3, .status = 1 };
			t[i] = go(wait_on_from, &w[i]);
		}
		mx_nanosleep(mx_deadline_after(MX_USEC(200 * (round % 15))));
		requeue(1, 2);
		mx_nanosleep(mx_deadline_after(MX_USEC(100 * (round % 11))));
		mx_futex_wake((const mx_futex_t *)&to, 1);
		for (int i = 0; i < 4; i++) {
			pthread_join(t[i], NULL);
			late += w[i].status == MX_ERR_TIMED_OUT;
			woken += w[i].status == MX_OK;
		}
	}
	ok(late + woken == 240 && late > 0, "moved while they time out: each ends once, one way");
}

/* --- sigwait ------------------------------------------------------------------------------------------- */

#define NWAIT	4

struct taker {
	int signals, timeouts, bad;
};

static void *
take_until_quit(void *arg)
{
	struct taker *k = arg;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	while (sigwait(&set, &sig) == 0 && sig != SIGRTMIN + 1)
		k->signals++;
	return NULL;
}

static void *
take_in_time(void *arg)
{
	struct taker *k = arg;
	struct timespec ts = { 0, 2000000 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	while (!stop) {
		int sig = sigtimedwait(&set, &info, &ts);

		if (sig == SIGRTMIN && info.si_value.sival_int >= 0)
			k->signals++;
		else if (sig == -1 && errno == EAGAIN)
			k->timeouts++;
		else
			k->bad++;
	}
	return NULL;
}

static void
sigwaits(void)
{
	struct taker k[NWAIT] = { 0 };
	sigset_t set, old;
	pthread_t t[NWAIT];
	int sum = 0, bad = 0, timeouts = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < NWAIT; i++)
		t[i] = go(take_until_quit, &k[i]);
	for (int i = 0; i < 100; i++) {
		while (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }) != 0)
			msleep(1);
		if (i % 10 == 0)
			msleep(1);
	}
	for (int i = 0; i < NWAIT; i++)
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 0 });
	for (int i = 0; i < NWAIT; i++) {
		pthread_join(t[i], NULL);
		sum += k[i].signals;
	}
	is_int(sum, 100, "a hundred signals for four that wait: each is taken once");
	memset(k, 0, sizeof(k));
	stop = 0;
	for (int i = 0; i < NWAIT; i++)
		t[i] = go(take_in_time, &k[i]);
	for (int i = 0; i < 100; i++) {
		while (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }) != 0)
			msleep(1);
		if (i % 20 == 0)
			msleep(5);
	}
	msleep(10);
	stop = 1;
	for (int i = 0; i < NWAIT; i++) {
		pthread_join(t[i], NULL);
		sum -= k[i].signals;
		bad += k[i].bad;
		timeouts += k[i].timeouts;
	}
	ok(sum == 0 && bad == 0, "the same with time-outs");
	ok(timeouts > 0, "of which some pass");
	memset(k, 0, sizeof(k));
	for (int i = 0; i < NWAIT; i++)
		t[i] = go(take_until_quit, &k[i]);
	msleep(5);
	for (int i = 0; i < 5; i++)
		pthread_kill(t[2], SIGRTMIN);
	msleep(5);
	ok(k[2].signals == 5 && k[0].signals + k[1].signals + k[3].signals == 0, "pthread_kill: only that thread");
	for (int i = 0; i < NWAIT; i++)
		pthread_kill(t[i], SIGRTMIN + 1);
	for (int i = 0; i < NWAIT; i++)
		pthread_join(t[i], NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- closing what another thread reads from ---------------------------------------------------- */

struct reading {
	int fd;
	volatile int begun;
	ssize_t n;
	char c;
};

static void *
read_one(void *arg)
{
	struct reading *r = arg;

	r->begun = 1;
	r->n = read(r->fd, &r->c, 1);
	return NULL;
}

/* A POSIX call that waits holds what it waits for: it goes on there, whatever becomes of the number. */
static void
close_under_read(const char *kind, int rfd, int wfd, int over)
{
	struct reading r = { .fd = rfd };
	pthread_t t = go(read_one, &r);
	char what[80];
	int other[2];

	while (!r.begun)
		msleep(1);
	msleep(20);
	if (over) {
		pipe(other);
		dup2(other[0], rfd);
	} else {
		close(rfd);
	}
	msleep(2);
	snprintf(what, sizeof(what), "%s: %s under a read does not end it", kind, over ? "dup2" : "close");
	is_int(write(wfd, "z\n", 2), 2, what);
	pthread_join(t, NULL);
	if (!ok(r.n == 1 && r.c == 'z', "what is written then arrives"))
		tap_print("# read told %ld, %d\n", (long)r.n, r.c);
	if (over) {
		write(other[1], "o", 1);
		ok(read(rfd, &r.c, 1) == 1 && r.c == 'o', "the number is another's");
		close(rfd);
		close(other[0]);
		close(other[1]);
	}
	close(wfd);
}

static void
posix_kinds(int over)
{
	int p[2], master, slave;

	pipe(p);
	close_under_read("pipe", p[0], p[1], over);
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	close_under_read("socket", p[0], p[1], over);
	openpty(&master, &slave, NULL, NULL, NULL);
	close_under_read("terminal", slave, master, over);
	mkfifo("/tmp/fifo", 0600);
	p[0] = open("/tmp/fifo", O_RDWR);
	p[1] = open("/tmp/fifo", O_WRONLY);
	close_under_read("named pipe", p[0], p[1], over);
	unlink("/tmp/fifo");
}

/* The last reader was a call: with its end the writer sees it. */
static void
last_reader(void)
{
	struct reading r;
	pthread_t t;
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	pipe(p);
	r = (struct reading){ .fd = p[0] };
	t = go(read_one, &r);
	while (!r.begun)
		msleep(1);
	msleep(20);
	close(p[0]);
	write(p[1], "a", 1);
	pthread_join(t, NULL);
	fails(write(p[1], "b", 1), EPIPE, "after the call nobody reads");
	close(p[1]);
	signal(SIGPIPE, SIG_DFL);
}

struct native {
	mx_handle_t h;
	volatile mx_status_t status;
	mx_signals_t seen;
};

static void *
wait_readable(void *arg)
{
	struct native *n = arg;

	n->status = mx_object_wait_one(n->h, MX_CHANNEL_READABLE, MX_TIME_INFINITE, &n->seen);
	return NULL;
}

static void *
wait_port(void *arg)
{
	struct native *n = arg;
	mx_port_packet_t packet;

	n->status = mx_port_wait(n->h, MX_TIME_INFINITE, &packet);
	return NULL;
}

static void *
wait_call(void *arg)
{
	struct native *n = arg;
	char out[16] = { 0 }, in[16];
	mx_channel_call_args_t a = { .wr_bytes = out, .wr_num_bytes = sizeof(out), .rd_bytes = in,
		.rd_num_bytes = sizeof(in) };
	uint32_t bytes, handles;

	n->status = mx_channel_call(n->h, 0, MX_TIME_INFINITE, &a, &bytes, &handles);
	return NULL;
}

static void
native_close(void *(*fn)(void *), mx_handle_t h, int replace, const char *what)
{
	struct native n = { .h = h, .status = 1 };
	pthread_t t = go(fn, &n);
	mx_handle_t other = MX_HANDLE_INVALID;

	msleep(5);
	is_int(n.status, 1, "it waits");
	if (replace)
		mx_handle_replace(h, MX_RIGHT_SAME_RIGHTS, &other);
	else
		mx_handle_close(h);
	pthread_join(t, NULL);
	is_int(n.status, MX_ERR_CANCELED, what);
	mx_handle_close(other);
}

static void
native_kinds(void)
{
	mx_handle_t a, b;

	mx_port_create(0, &a);
	native_close(wait_port, a, 0, "port: handle_close ends a wait for packets");
	mx_port_create(0, &a);
	native_close(wait_port, a, 1, "so does handle_replace");
	mx_channel_create(0, &a, &b);
	native_close(wait_readable, a, 0, "channel: handle_close ends a wait");
	mx_handle_close(b);
	mx_channel_create(0, &a, &b);
	native_close(wait_call, a, 0, "a call");
	mx_handle_close(b);
	mx_channel_create(0, &a, &b);
	native_close(wait_readable, a, 1, "so does handle_replace");
	mx_handle_close(b);
	mx_channel_create(0, &a, &b);
	native_close(wait_call, a, 1, "a call");
	mx_handle_close(b);
}

static struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

static void *
wait_lock(void *fd)
{
	return (void *)(intptr_t)(fcntl(*(int *)fd, F_SETLKW, &whole) == 0 ? 0 : errno);
}

/* A lock that comes when the descriptor is closed is given back, as close would have done. */
static void
lock_of_a_closed(void)
{
	int fd = open("locked", O_RDWR | O_CREAT, 0600), ready[2];
	pid_t holder, other;
	pthread_t t;
	void *v;
	char c;

	pipe(ready);
	holder = fork();
	if (holder == 0) {
		fcntl(fd, F_SETLK, &whole);
		write(ready[1], "r", 1);
		msleep(60);
		_exit(0);
	}
	read(ready[0], &c, 1);
	t = go(wait_lock, &fd);
	msleep(10);
	close(fd);
	pthread_join(t, &v);
	child_status(holder);
	is_int((intptr_t)v, EBADF, "F_SETLKW of a descriptor that was closed meanwhile");
	other = fork();
	if (other == 0)
		_exit(fcntl(open("locked", O_RDWR), F_SETLK, &whole) != 0);
	is_int(child_status(other), 0, "leaves no lock behind");
	unlink("locked");
	close(ready[0]), close(ready[1]);
}

static void
closing(void)
{
	lock_of_a_closed();
	posix_kinds(0);
	posix_kinds(1);
	last_reader();
	native_kinds();
}

/* --- set-id exec ------------------------------------------------------------------------------------- */

static void
as_user(void)
{
	char fd[8], c;

	snprintf(fd, sizeof(fd), "%d", done_pipe[1]);
	if (setuid(1000) != 0)
		_exit(1);
	close(start_pipe[1]);
	read(start_pipe[0], &c, 1);
	execl("/tmp/setid", "/tmp/setid", "fault", fd, (char *)0);
	_exit(2);
}

static int
in_setid(const char *fd)
{
	write(atoi(fd), "r", 1);
	if (geteuid() != 500)
		return 3;
	close(0);
	while (open("/tmp/go", O_RDONLY) < 0)
		msleep(2);
	*(volatile char *)0x18 = 1;
	return 4;
}

static mx_handle_t
first_thread(mx_handle_t process)
{
	mx_handle_t t = MX_HANDLE_INVALID;
	uint64_t koid;

	mx_object_get_info(process, MX_INFO_PROCESS_THREADS, &koid, sizeof(koid), NULL, NULL);
	mx_object_get_child(process, koid, MX_RIGHT_SAME_RIGHTS, &t);
	return t;
}

/* Root watches a user's process and holds it; it becomes another user's program. */
static void
setid_exec(void)
{
	mx_handle_t process, thread, on_process, on_thread, token = MX_HANDLE_INVALID;
	mx_signals_t seen;
	char cmd[256], c = 0;
	pid_t pid;
	int st;

	unlink("/tmp/go");
	snprintf(cmd, sizeof(cmd), "cp %s /tmp/setid && chown 500:500 /tmp/setid && chmod 4755 /tmp/setid", self);
	is_int(system(cmd), 0, "a set-uid program");
	pipe(start_pipe);
	pipe(done_pipe);
	if ((pid = fork()) == 0)
		as_user();
	close(start_pipe[0]);
	close(done_pipe[1]);
	process = mx_pid_handle(pid);
	thread = first_thread(process);
	is_int(mx_task_create_exception_channel(process, 0, &on_process), MX_OK, "a channel for the process");
	is_int(mx_task_create_exception_channel(thread, 0, &on_thread), MX_OK, "and its thread");
	/* A token for the wait before the exec, given back after it: it counts no more. */
	is_int(mx_task_suspend(thread, &token), MX_OK, "suspend");
	mx_object_wait_one(thread, MX_THREAD_SUSPENDED, MX_TIME_INFINITE, NULL);
	close(start_pipe[1]);
	msleep(5);
	is_int(mx_object_wait_one(on_process, MX_CHANNEL_PEER_CLOSED, 0, &seen), MX_ERR_TIMED_OUT, "it is held");
	mx_handle_close(token);
	is_int(read(done_pipe[0], &c, 1), 1, "it executes the other's program");
	is_int(mx_object_wait_one(on_process, MX_CHANNEL_PEER_CLOSED, mx_deadline_after(MX_SEC(5)), &seen), MX_OK,
	    "the process's exception channel ends");
	is_int(mx_object_wait_one(on_thread, MX_CHANNEL_PEER_CLOSED, mx_deadline_after(MX_SEC(5)), &seen), MX_OK,
	    "and the thread's");
	close(open("/tmp/go", O_CREAT | O_RDWR, 0644));
	st = child_status(pid);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV, "a fault then is a signal, and nobody was asked");
	is_int(mx_object_wait_one(on_process, MX_CHANNEL_READABLE, 0, &seen), MX_ERR_TIMED_OUT, "nothing was said");
	mx_handle_close(on_process);
	mx_handle_close(on_thread);
	mx_handle_close(thread);
	mx_handle_close(process);
	close(done_pipe[0]);
	unlink("/tmp/go");
	unlink("/tmp/setid");
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 2)
		return in_setid(argv[2]);
	timers_and_limits();
	times_of_threads();
	alternate_stacks();
	too_many();
	requeued_timeouts();
	sigwaits();
	closing();
	setid_exec();
	return tap_done();
}
