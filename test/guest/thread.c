/* Threads as the kernel has them: throp, tgkill, native thread calls, and what ends them. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <abi/errno.h>
#include <abi/info.h>
#include <abi/task.h>
#include <abi/thread.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

#define STACK	16384
#define BASE	(STACK * 4)

/* A thread without the C library: what it runs may not touch errno, stdio or anything with a lock. */
struct bare {
	char *stack;
	int32_t tid;
	void (*fn)(struct bare *);
	long arg;
	volatile long seen;
	volatile uint32_t word;
};

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

static void
run(struct bare *b)
{
	b->fn(b);
	__sys_throp(THR_EXIT, b->arg, NULL);
}

static long
start_flags(struct bare *b, void (*fn)(struct bare *), uint32_t flags)
{
	struct abi_thrarg a = { .entry = (uintptr_t)run, .arg = (uintptr_t)b, .flags = flags };

	if (b->stack == NULL)
		b->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	b->fn = fn;
	a.tls = pthread_self();		/* a call that fails writes errno */
	a.stack = (uintptr_t)b->stack;
	a.stack_size = STACK;
	a.tid = (uintptr_t)&b->tid;
	a.guard = 4096;
	return __sys_throp(THR_NEW, THR_CLASS_USER, &a);
}

static long
start(struct bare *b, void (*fn)(struct bare *))
{
	return start_flags(b, fn, 0);
}

static void
bare_free(struct bare *b)
{
	munmap(b->stack, STACK);
	b->stack = NULL;
}

static void
note(struct bare *b)
{
	b->seen = __sys_gettid();
}

static void
wait_word(struct bare *b)
{
	while (b->word == 0)
		__sys_mx_futex_wait((void *)&b->word, 0, 0, MX_TIME_INFINITE);
}

static void
release(struct bare *b)
{
	b->word = 1;
	__sys_mx_futex_wake((void *)&b->word, 1000);
}

static void
create_join(void)
{
	struct bare b = { .arg = 4711 };
	struct abi_thrjoin j = { 0 };
	long tid = start(&b, note);

	ok(tid > 0 && tid != __sys_gettid(), "THR_NEW gives an id");
	is_int(__sys_throp(THR_JOIN, tid, &j), 0, "THR_JOIN");
	is_int(j.value, 4711, "the value of THR_EXIT");
	is_int(b.seen, tid, "the thread knows its id");
	is_int(b.tid, tid, "it was stored");
	fails(__sys_throp(THR_JOIN, tid, &j), ESRCH, "join again");
	fails(__sys_throp(THR_JOIN, __sys_gettid(), &j), EDEADLK, "join of oneself");
	fails(__sys_throp(THR_JOIN, 0, &j), ESRCH, "join of 0");
	fails(__sys_throp(THR_JOIN, -5, &j), ESRCH, "join of -5");
	tid = start_flags(&b, wait_word, THR_DETACHED);
	fails(__sys_throp(THR_JOIN, tid, &j), EINVAL, "join of a detached thread");
	fails(__sys_throp(THR_DETACH, tid, 0), EINVAL, "detach of a detached thread");
	release(&b);
	while (__sys_tgkill(0, tid, 0) == 0)
		msleep(1);
	b.word = 0;
	tid = start(&b, wait_word);
	is_int(__sys_throp(THR_DETACH, tid, 0), 0, "THR_DETACH");
	release(&b);
	while (__sys_tgkill(0, tid, 0) == 0)
		msleep(1);
	tid = start(&b, note);
	while (b.seen != tid)
		msleep(1);
	is_int(__sys_throp(THR_DETACH, tid, 0), 0, "detach of a thread that ended");
	fails(__sys_throp(THR_JOIN, tid, 0), ESRCH, "then it is gone");
	tid = start(&b, note);
	fails(__sys_throp(THR_JOIN, tid, (void *)8), EFAULT, "a bad address for the value");
	is_int(__sys_throp(THR_JOIN, tid, &j), 0, "does not lose it");
	bare_free(&b);
}

static void
new_errors(void)
{
	struct abi_thrarg a = { .entry = (uintptr_t)run, .stack = 0x10000, .stack_size = 4096 };

	fails(__sys_throp(THR_NEW, 1, (void *)8), EFAULT, "NEW: bad address");
	fails(__sys_throp(THR_NEW, 4, &a), EINVAL, "NEW: no such class");
	fails(__sys_throp(THR_NEW, -1, &a), EINVAL, "NEW: class -1");
	a.flags = 2;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: unknown flag");
	a.flags = 0;
	a.reserved = 1;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: reserved");
	a.reserved = 0;
	a.entry = ~0ull;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: entry in the kernel");
	a.entry = (uintptr_t)run;
	a.tls = 1ull << 63;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: TLS in the kernel");
	a.tls = 0;
	a.tid = 12;
	fails(__sys_throp(THR_NEW, 1, &a), EFAULT, "NEW: id stored nowhere");
	a.tid = 0;
	a.stack = ~0ull - 100;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: stack in the kernel");
	a.stack = 0x10000;
	a.stack_size = 0;
	fails(__sys_throp(THR_NEW, 1, &a), EINVAL, "NEW: no stack");
	fails(__sys_throp(THR_CLEANUP, 0, 0), ENOTSUP, "CLEANUP is the library's");
	fails(__sys_throp(THR_KEYOP, 0, 0), ENOTSUP, "KEYOP is the library's");
	fails(__sys_throp(0, 0, 0), EINVAL, "no command 0");
	fails(__sys_throp(14, 0, 0), EINVAL, "no command 14");
}

/* Addresses that cannot be read or written: nothing happens. */
static void
refusals(long tid)
{
	struct abi_thrsys *fixed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	struct abi_thrrtop r = { .op = THRRT_SET, .class = THR_CLASS_BATCH, .nice = 20 };
	sigset_t set;

	*fixed = (struct abi_thrsys){ .value = SIG_BLOCK, .set = 1ull << (SIGUSR2 - 1) };
	mprotect(fixed, 4096, PROT_READ);
	fails(__sys_throp(THR_SYSOP, THRSYS_SIGMASK, fixed), EFAULT, "SYSOP sigmask to where nothing can be written");
	sigprocmask(0, NULL, &set);
	is_int(sigismember(&set, SIGUSR2), 0, "blocks nothing");
	munmap(fixed, 4096);
	fails(__sys_throp(THR_SYSOP, THRSYS_SCOPE, (void *)8), EFAULT, "SYSOP scope: bad address");
	fails(__sys_throp(THR_RTOP, tid, (void *)8), EFAULT, "RTOP: bad address");
	fails(__sys_throp(THR_RTOP, 1 << 30, (void *)8), ESRCH, "RTOP of nobody");
	fails(__sys_throp(THR_RTOP, -1, (void *)8), ESRCH, "RTOP of -1");
	fails(__sys_throp(THR_RTOP, tid, &r), EINVAL, "RTOP: too nice");
	r.nice = -21;
	fails(__sys_throp(THR_RTOP, tid, &r), EINVAL, "RTOP: not nice enough");
	r.nice = 0, r.reserved = 1;
	fails(__sys_throp(THR_RTOP, tid, &r), EINVAL, "RTOP: reserved");
	fails(__sys_throp(THR_SETATR, tid, (void *)8), EFAULT, "SETATR: bad address");
	fails(__sys_throp(THR_GETATR, tid, (void *)8), EFAULT, "GETATR: bad address");
	fails(__sys_throp(THR_SETATR, 1 << 30, (void *)8), ESRCH, "SETATR of nobody");
	fails(__sys_throp(THR_DETACH, 1 << 30, 0), ESRCH, "DETACH of nobody");
	fails(__sys_throp(THR_DETACH, -1, 0), ESRCH, "DETACH of -1");
	fails(__sys_throp(THR_EXIT, 0, (void *)8), EFAULT, "EXIT: bad address");
}

static void
unprivileged(void)
{
	struct abi_thrrtop r = { .op = THRRT_SET, .class = THR_CLASS_RT };
	struct abi_thrarg a = { .reserved = 1 };

	tap_in_child = 1;
	tap_bad = 0;
	if (setresuid(1000, 1000, 1000) != 0)
		_exit(99);
	fails(__sys_throp(THR_NEW, THR_CLASS_RT, &a), EPERM, "NEW in class RT");
	fails(__sys_throp(THR_RTOP, 0, &r), EPERM, "RTOP to class RT");
	r.class = THR_CLASS_USER, r.nice = -1;
	fails(__sys_throp(THR_RTOP, 0, &r), EPERM, "RTOP to be less nice");
	r.class = THR_CLASS_BATCH, r.nice = 5;
	is_int(__sys_throp(THR_RTOP, 0, &r), 0, "RTOP to be nicer");
	r.class = THR_CLASS_USER;
	fails(__sys_throp(THR_RTOP, 0, &r), EPERM, "and not back");
	_exit(tap_bad != 0);
}

/* --- a join that a signal ends, and ends that nobody joins --- */

static void
on_poke(int sig)
{
}

static void
poke(struct bare *b)
{
	__sys_mx_nanosleep(mx_deadline_after(MX_MSEC(30)));
	__sys_tgkill(0, (int)b->arg, SIGUSR2);
}

static void
interrupted_join(void)
{
	struct sigaction sa = { .sa_handler = on_poke };
	struct bare waits = { 0 }, pokes = { .arg = __sys_gettid() };
	long tid = start(&waits, wait_word), poker;

	sigaction(SIGUSR2, &sa, NULL);
	poker = start(&pokes, poke);
	fails(__sys_throp(THR_JOIN, tid, 0), EINTR, "JOIN ends with a signal");
	signal(SIGUSR2, SIG_DFL);
	release(&waits);
	is_int(__sys_throp(THR_JOIN, tid, 0), 0, "and can be called again");
	__sys_throp(THR_JOIN, poker, 0);
	bare_free(&waits), bare_free(&pokes);
}

static void
unjoined(void)
{
	enum { ENDED = 1024 };
	static long tids[ENDED];
	struct abi_thrstk s;
	struct bare b = { 0 };
	int n = 0, joined = 0;

	for (; n < ENDED && (tids[n] = start(&b, note)) > 0; n++)
		while (__sys_throp(THR_STKOP, tids[n], &s) == 0)
			__sys_sched_yield();
	is_int(n, ENDED, "so many may have ended unjoined");
	fails(start(&b, note), EAGAIN, "and no more");
	for (int i = 0; i < n; i++)
		joined += __sys_throp(THR_JOIN, tids[i], 0) == 0;
	is_int(joined, n, "all can be joined");
	tids[0] = start(&b, note);
	ok(tids[0] > 0 && __sys_throp(THR_JOIN, tids[0], 0) == 0, "then there is room again");
	bare_free(&b);
}

static void
attributes(void)
{
	struct bare b = { 0 };
	struct abi_thrstk s;
	struct abi_thrrtop r = { .op = THRRT_GET };
	struct abi_thratr a = { .name = "renamed" };
	struct abi_thrsys y = { .value = SIG_BLOCK, .set = 1ull << (SIGUSR1 - 1) };
	sigset_t set;
	long tid = start(&b, wait_word);

	is_int(__sys_throp(THR_STKOP, tid, &s), 0, "STKOP");
	ok(s.addr == (uintptr_t)b.stack && s.size == STACK && s.guard == 4096, "tells the stack");
	fails(__sys_throp(THR_STKOP, 1 << 30, &s), ESRCH, "STKOP of nobody");
	fails(__sys_throp(THR_STKOP, tid, (void *)8), EFAULT, "STKOP to nowhere");
	is_int(__sys_throp(THR_RTOP, tid, &r), 0, "RTOP");
	ok(r.class == THR_CLASS_USER && r.nice == 0, "tells class and nice");
	r = (struct abi_thrrtop){ .op = THRRT_SET, .class = THR_CLASS_BATCH, .nice = 5 };
	is_int(__sys_throp(THR_RTOP, tid, &r), 0, "RTOP sets");
	r = (struct abi_thrrtop){ .op = THRRT_GET };
	__sys_throp(THR_RTOP, tid, &r);
	ok(r.class == THR_CLASS_BATCH && r.nice == 5, "and tells again");
	r.op = 7;
	fails(__sys_throp(THR_RTOP, tid, &r), EINVAL, "RTOP of no kind");
	r = (struct abi_thrrtop){ .op = THRRT_SET, .class = 9 };
	fails(__sys_throp(THR_RTOP, tid, &r), EINVAL, "RTOP of no class");
	is_int(__sys_throp(THR_SETATR, tid, &a), 0, "SETATR");
	is_int(__sys_throp(THR_SYSOP, THRSYS_SIGMASK, &y), 0, "SYSOP sigmask");
	sigprocmask(0, NULL, &set);
	ok(sigismember(&set, SIGUSR1) == 1, "blocked it");
	y.value = SIG_UNBLOCK;
	__sys_throp(THR_SYSOP, THRSYS_SIGMASK, &y);
	ok(y.old & 1ull << (SIGUSR1 - 1), "and tells the old one");
	fails(__sys_throp(THR_SYSOP, THRSYS_ATFORK, &y), ENOTSUP, "SYSOP atfork");
	is_int(__sys_throp(THR_SYSOP, THRSYS_SCHED, 0), 0, "SYSOP sched");
	y.value = 0;
	is_int(__sys_throp(THR_SYSOP, THRSYS_SCOPE, &y), 0, "SYSOP scope");
	y.value = 1;
	fails(__sys_throp(THR_SYSOP, THRSYS_SCOPE, &y), ENOTSUP, "no scope but the system");
	fails(__sys_throp(THR_SYSOP, 9, &y), EINVAL, "SYSOP of no kind");
	fails(__sys_throp(THR_SYSOP, -1, &y), EINVAL, "SYSOP of a kind below 0");
	y.value = 77;
	fails(__sys_throp(THR_SYSOP, THRSYS_SIGMASK, &y), EINVAL, "SYSOP sigmask: no such way");
	y.value = -1;
	fails(__sys_throp(THR_SYSOP, THRSYS_SIGMASK, &y), EINVAL, "SYSOP sigmask: a way below 0");
	refusals(tid);
	is_int(in_child(unprivileged), 0, "what is root's alone");
	release(&b);
	__sys_throp(THR_JOIN, tid, 0);
	bare_free(&b);
}

static void
many(void)
{
	enum { N = 100 };
	static struct bare b[N];
	int good = 0;

	for (int i = 0; i < N; i++) {
		b[i].arg = i;
		start(&b[i], wait_word);
	}
	for (int i = 0; i < N; i++)
		release(&b[i]);
	for (int i = 0; i < N; i++) {
		struct abi_thrjoin j;

		good += __sys_throp(THR_JOIN, b[i].tid, &j) == 0 && j.value == i;
		bare_free(&b[i]);
		b[i].word = 0;
	}
	is_int(good, N, "a hundred threads at once");
	good = 0;
	for (int i = 0; i < 1000; i++) {
		long tid = start(&b[0], note);

		good += tid > 0 && __sys_throp(THR_JOIN, tid, 0) == 0;
	}
	is_int(good, 1000, "a thousand after each other");
	bare_free(&b[0]);
}

/* --- ends of processes --- */

static void
forever(struct bare *b)
{
	for (;;)
		__sys_mx_futex_wait((void *)&b->word, 0, 0, MX_TIME_INFINITE);
}

static void
spin(struct bare *b)
{
	for (;;)
		b->seen++;
}

static int pipes[2];

static void
in_read(struct bare *b)
{
	char c;

	__sys_read(pipes[0], &c, 1);
}

static void
in_poll(struct bare *b)
{
	struct pollfd p = { pipes[0], POLLIN, 0 };

	__sys_ppoll(&p, 1, NULL, NULL);
}

static void
in_wait(struct bare *b)
{
	__sys_wait4(-1, NULL, 0, NULL);
}

static void
in_sleep(struct bare *b)
{
	struct abi_timespec { int64_t sec, nsec; } t = { 1000, 0 };

	__sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static void
in_suspend(struct bare *b)
{
	uint64_t none = 0;

	__sys_sigsuspend(&none);
}

static void
in_port(struct bare *b)
{
	mx_handle_t port;
	char packet[48];

	__sys_mx_port_create(0, &port);
	__sys_mx_port_wait(port, MX_TIME_INFINITE, packet);
}

static void
in_object_wait(struct bare *b)
{
	mx_handle_t e;

	__sys_mx_event_create(0, &e);
	__sys_mx_object_wait_one(e, MX_EVENT_SIGNALED, MX_TIME_INFINITE, NULL);
}

static void
in_join(struct bare *b)
{
	__sys_throp(THR_JOIN, b->arg, NULL);
}

static struct bare zoo[16];

/* One thread in every kind of wait, two that compute. */
static void
fill_zoo(void)
{
	static void (*const kinds[])(struct bare *) = { forever, in_read, in_poll, in_wait, in_sleep, in_suspend,
		in_port, in_object_wait, in_join, spin, spin };
	pid_t child;

	pipe(pipes);
	child = fork();		/* for in_wait */
	if (child == 0) {
		char c;

		close(pipes[1]);
		read(pipes[0], &c, 1);
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		zoo[i].arg = zoo[0].tid;
		start(&zoo[i], kinds[i]);
	}
	msleep(30);
}

static void
exit_in_zoo(void)
{
	fill_zoo();
	_exit(7);
}

static void
exec_in_zoo(void)
{
	fill_zoo();
	execl("/bin/sh", "sh", "-c", "exit 9", NULL);
	_exit(1);
}

static void
kill_in_zoo(void)
{
	fill_zoo();
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void
term_in_zoo(void)
{
	fill_zoo();
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

static void
do_exit(struct bare *b)
{
	msleep(20);
	__sys_exit(5, 0);
}

static void
other_exits(void)
{
	struct bare b = { 0 };
	char c;

	pipe(pipes);
	start(&b, do_exit);
	read(pipes[0], &c, 1);
}

static void
do_exec(struct bare *b)
{
	static const char *argv[] = { "sh", "-c", "exit 11", NULL }, *envp[] = { NULL };

	__sys_exec("/bin/sh", argv, envp);
	b->seen = 1;
}

static void
other_execs(void)
{
	struct bare b = { 0 };
	char c;

	pipe(pipes);
	start(&b, do_exec);
	read(pipes[0], &c, 1);
	_exit(1);
}

static void
all_exec(void)
{
	static struct bare b[20];

	for (int i = 0; i < 20; i++)
		start(&b[i], do_exec);
	for (;;)
		pause();
}

static void
do_fault(struct bare *b)
{
	*(volatile int *)16 = 1;
}

static void
other_faults(void)
{
	struct bare b = { 0 };

	start(&b, do_fault);
	for (;;)
		pause();
}

static void
first_leaves(void)
{
	struct bare b = { 0 };

	start(&b, do_exit);
	__sys_throp(THR_EXIT, 0, NULL);
}

static void
all_leave(void)
{
	static struct bare b[3];

	for (int i = 0; i < 3; i++)
		start(&b[i], note);
	__sys_throp(THR_EXIT, 0, NULL);
}

static void
hundred_killed(void)
{
	static struct bare b[100];

	for (int i = 0; i < 100; i++)
		start(&b[i], i % 2 ? forever : spin);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void
endings(void)
{
	int st;

	st = in_child(exit_in_zoo);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 7, "exit while others wait in every way");
	st = in_child(exec_in_zoo);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 9, "exec while others wait in every way");
	st = in_child(kill_in_zoo);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "SIGKILL while others wait in every way");
	st = in_child(term_in_zoo);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM, "SIGTERM while others wait in every way");
	st = in_child(other_exits);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 5, "another thread exits during a read");
	st = in_child(other_execs);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 11, "another thread executes during a read");
	st = in_child(all_exec);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 11, "twenty threads execute at once");
	st = in_child(other_faults);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV, "a fault of one ends all");
	st = in_child(first_leaves);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 5, "the process lives on without its first thread");
	st = in_child(all_leave);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 0, "the end of the last thread is exit 0");
	st = in_child(hundred_killed);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "SIGKILL ends a hundred threads");
}

/* --- fork --- */

static void ids_with_threads(void);

static void
do_fork(struct bare *b)
{
	long pid = __sys_fork(0);

	if (pid == 0)
		__sys_exit(__sys_tgkill(0, (int)b->arg, 0) == -1 ? 3 : 4, 0);
	b->seen = pid;
}

static void
forks(void)
{
	struct bare b = { .arg = __sys_gettid() };
	long tid = start(&b, do_fork);
	int st;

	__sys_throp(THR_JOIN, tid, 0);
	st = child_status((pid_t)b.seen);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 3, "fork copies the calling thread only");
	st = in_child(ids_with_threads);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 0, "ids change beside other threads");
	bare_free(&b);
}

/* --- credentials --- */

static void
ids_with_threads(void)
{
	static struct bare b;
	int bad = 0;

	start(&b, forever);
	for (unsigned i = 0; i < 200; i++)
		bad += setegid(i % 7) != 0 || getegid() != i % 7;
	bad += setuid(1000) != 0 || setegid(77) == 0;
	_exit(bad);
}

/* --- signals --- */

static volatile int caught_by, caught;

static void
on_signal(int sig)
{
	caught_by = (int)__sys_gettid();
	caught++;
}

static void
blocked_wait(struct bare *b)
{
	uint64_t all = ~0ull;

	__sys_sigprocmask(SIG_SETMASK, &all, NULL);
	b->seen = 1;
	wait_word(b);
}

static void
unblocked_wait(struct bare *b)
{
	uint64_t none = 0;

	__sys_sigprocmask(SIG_SETMASK, &none, NULL);
	b->seen = 1;
	wait_word(b);
}

static void
signals(void)
{
	struct bare b = { 0 }, c = { 0 };
	sigset_t block, old;
	long tid = start(&b, blocked_wait), other;

	signal(SIGUSR1, on_signal);
	while (!b.seen)
		msleep(1);
	kill(getpid(), SIGUSR1);
	is_int(caught_by, __sys_gettid(), "a signal goes to the thread that does not block it");
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	caught = 0;
	kill(getpid(), SIGUSR1);
	is_int(caught, 0, "all block it: it waits");
	other = start(&c, unblocked_wait);
	while (!c.seen)
		msleep(1);
	msleep(10);
	is_int(caught, 1, "a new thread that unblocks it gets it");
	is_int(caught_by, other, "that one");
	caught = 0;
	is_int(__sys_tgkill(0, (int)other, SIGUSR1), 0, "tgkill");
	msleep(10);
	ok(caught == 1 && caught_by == other, "to that thread, which sleeps on a futex");
	is_int(c.word, 0, "which goes on sleeping");
	caught = 0;
	__sys_tgkill(0, (int)__sys_gettid(), SIGUSR1);
	is_int(caught, 0, "to the blocking one: it waits there");
	sigprocmask(SIG_SETMASK, &old, NULL);
	ok(caught == 1 && caught_by == __sys_gettid(), "until it is unblocked");
	fails(__sys_tgkill(0, 1 << 30, 0), ESRCH, "tgkill of nobody");
	fails(__sys_tgkill(0, (int)other, 65), EINVAL, "tgkill with no signal");
	fails(__sys_tgkill(30000, (int)other, 0), ESRCH, "tgkill in no process");
	release(&b);
	release(&c);
	__sys_throp(THR_JOIN, tid, 0);
	__sys_throp(THR_JOIN, other, 0);
	bare_free(&b);
	bare_free(&c);
	signal(SIGUSR1, SIG_DFL);
}

/* A process signal chosen for a thread that then blocks it, or ends, finds another. */
static void
leaving(struct bare *b)
{
	while (b->word == 0)
		;
}

static void
passing_on(void)
{
	struct bare b = { 0 };
	sigset_t all, old;
	long tid;

	signal(SIGUSR2, on_signal);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	caught = 0;
	tid = start(&b, leaving);	/* blocks all as well */
	kill(getpid(), SIGUSR2);
	b.word = 1;
	__sys_throp(THR_JOIN, tid, 0);
	is_int(caught, 0, "nobody could take it");
	sigprocmask(SIG_SETMASK, &old, NULL);
	is_int(caught, 1, "then one can");
	bare_free(&b);
	signal(SIGUSR2, SIG_DFL);
}

static void
stop_child(void)
{
	fill_zoo();
	kill(getpid(), SIGSTOP);
	_exit(0);
}

static void
stops(void)
{
	pid_t pid = fork();
	int st;

	if (pid == 0)
		stop_child();
	is_int(waitpid(pid, &st, WUNTRACED), pid, "a process of many threads stops");
	ok(WIFSTOPPED(st), "all of it");
	kill(pid, SIGCONT);
	is_int(waitpid(pid, &st, 0), pid, "continues and ends");
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 0, "with 0");
	pid = fork();
	if (pid == 0)
		stop_child();
	waitpid(pid, &st, WUNTRACED);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "SIGKILL ends a stopped one");
}

/* A stop and a suspension hold each by itself, in either order; SIGKILL asks neither. */
static volatile long *alive;		/* shared: the child counts */

static int
stands(void)
{
	long at;

	msleep(5);
	at = *alive;
	msleep(15);
	return *alive == at;
}

static void
stop_and_suspend(void)
{
	mx_handle_t p, t = 0, token;
	mx_koid_t k = 0;
	pid_t pid;
	int st;

	alive = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			(*alive)++;
	p = mx_pid_handle(pid);
	mx_object_get_info(p, MX_INFO_PROCESS_THREADS, &k, sizeof(k), NULL, NULL);
	mx_object_get_child(p, k, MX_RIGHT_SAME_RIGHTS, &t);
	ok(!stands(), "a child that counts");
	mx_task_suspend(t, &token);
	kill(pid, SIGSTOP);
	ok(stands(), "suspended, then stopped");
	mx_handle_close(token);
	ok(stands(), "the token goes: it is stopped");
	is_int(waitpid(pid, &st, WUNTRACED), pid, "as its parent hears");
	kill(pid, SIGCONT);
	ok(!stands(), "and continues");
	kill(pid, SIGSTOP);
	waitpid(pid, &st, WUNTRACED);
	mx_task_suspend(t, &token);
	kill(pid, SIGCONT);
	ok(stands(), "stopped, then suspended: SIGCONT is not enough");
	mx_handle_close(token);
	ok(!stands(), "without the token it is");
	mx_task_suspend(t, &token);
	kill(pid, SIGSTOP);
	ok(stands(), "both");
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "SIGKILL passes both");
	mx_handle_close(token), mx_handle_close(t), mx_handle_close(p);
	munmap((void *)alive, 4096);
}

/* --- closing under a wait --- */

static void
read_one(struct bare *b)
{
	char c = 0;

	b->seen = __sys_read(pipes[0], &c, 1);
	b->arg = c;
}

static void
closing(void)
{
	struct bare b = { 0 };
	long tid;
	int keep;

	pipe(pipes);
	keep = dup(pipes[1]);
	tid = start(&b, read_one);
	msleep(10);
	close(pipes[0]);
	write(keep, "z", 1);
	__sys_throp(THR_JOIN, tid, 0);
	ok(b.seen == 1 && b.arg == 'z', "a read goes on when its descriptor is closed");
	signal(SIGPIPE, SIG_IGN);
	fails(write(keep, "z", 1), EPIPE, "then nobody reads");
	signal(SIGPIPE, SIG_DFL);
	close(keep);
	close(pipes[1]);
	bare_free(&b);
}

static mx_handle_t shared_event;

static void
wait_event(struct bare *b)
{
	b->seen = __sys_mx_object_wait_one(shared_event, MX_EVENT_SIGNALED, MX_TIME_INFINITE, NULL);
}

static void
closing_handle(void)
{
	struct bare b = { 0 };
	long tid;

	mx_event_create(0, &shared_event);
	tid = start(&b, wait_event);
	msleep(10);
	mx_handle_close(shared_event);
	__sys_throp(THR_JOIN, tid, 0);
	is_int(b.seen, MX_ERR_CANCELED, "a native wait ends when its handle is closed");
	bare_free(&b);
}

/* --- native calls --- */

static volatile uintptr_t native_args[2];

static void
native_entry(uintptr_t a, uintptr_t b)
{
	native_args[0] = a;
	native_args[1] = b;
	__sys_mx_thread_exit();
}

static void
native(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	uintptr_t sp = (uintptr_t)stack + STACK - 8;
	struct abi_info_thread info;
	mx_handle_t t, e, weak;
	mx_signals_t seen;
	char name[32];
	size_t actual;

	is_int(mx_thread_create(mx_process_self(), "worker", 6, 0, &t), MX_OK, "thread_create");
	is_int(mx_thread_create(mx_process_self(), "x", 1, 1, &e), MX_ERR_INVALID_ARGS, "with an unknown option");
	is_int(mx_thread_create(mx_process_self(), (void *)8, 1, 0, &e), MX_ERR_INVALID_ARGS, "with a bad name");
	is_int(mx_thread_create(mx_process_self(), "x", 1, 0, (void *)8), MX_ERR_INVALID_ARGS, "with a bad result");
	is_int(mx_thread_create(0, "x", 1, 0, &e), MX_ERR_BAD_HANDLE, "of no process");
	is_int(mx_thread_create(t, "x", 1, 0, &e), MX_ERR_WRONG_TYPE, "of a thread");
	is_int(mx_object_get_info(t, MX_INFO_THREAD, &info, sizeof(info), NULL, NULL), MX_OK, "info THREAD");
	is_int(info.state, MX_THREAD_STATE_NEW, "it is new");
	is_int(mx_object_get_property(t, MX_PROP_NAME, name, sizeof(name)), MX_OK, "property NAME");
	ok(strcmp(name, "worker") == 0, "it is the one given");
	is_int(mx_task_suspend(t, &e), MX_ERR_BAD_STATE, "suspend before the start");
	mx_handle_duplicate(t, MX_RIGHT_WAIT | MX_RIGHT_INSPECT, &weak);
	is_int(mx_thread_start(weak, (uintptr_t)native_entry, sp, 1, 2), MX_ERR_ACCESS_DENIED, "start without the right");
	is_int(mx_thread_start(t, ~0ul, sp, 1, 2), MX_ERR_INVALID_ARGS, "start in the kernel");
	is_int(mx_thread_start(t, (uintptr_t)native_entry, sp, 17, 18), MX_OK, "start");
	is_int(mx_object_wait_one(weak, 8, MX_TIME_INFINITE, &seen), MX_OK, "wait for TERMINATED");
	is_int(mx_object_wait_one(weak, 1u << 4 | 1u << 5, 0, &seen), MX_ERR_TIMED_OUT, "neither running nor suspended then");
	ok(native_args[0] == 17 && native_args[1] == 18, "it got its arguments");
	is_int(mx_thread_start(t, (uintptr_t)native_entry, sp, 1, 2), MX_ERR_BAD_STATE, "start again");
	is_int(mx_object_get_info(weak, MX_INFO_THREAD, &info, sizeof(info), NULL, &actual), MX_OK, "info THREAD");
	is_int(info.state, MX_THREAD_STATE_DEAD, "it is dead");
	is_int(mx_task_suspend(t, &e), MX_ERR_BAD_STATE, "suspend after the end");
	is_int(mx_handle_close(weak), MX_OK, "close");
	is_int(mx_handle_close(t), MX_OK, "close");
	is_int(mx_thread_create(mx_process_self(), "never", 5, 0, &t), MX_OK, "one that never starts");
	is_int(mx_handle_close(t), MX_OK, "goes with its handle");
	munmap(stack, STACK);
}

static void
count(struct bare *b)
{
	while (b->word == 0)
		b->seen++;
}

static mx_handle_t
handle_of(struct bare *b, void (*fn)(struct bare *))
{
	static char *stack;
	mx_handle_t t = 0;

	if (stack == NULL)
		stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	b->fn = fn;
	mx_thread_create(mx_process_self(), "bare", 4, 0, &t);
	mx_thread_start(t, (uintptr_t)run, (uintptr_t)stack + STACK - 8, (uintptr_t)b, 0);
	return t;
}

static void
after_write(void)
{
	native_args[0] = 99;
	__sys_mx_thread_exit();
}

static void
suspension(void)
{
	struct bare b = { 0 };
	struct abi_thread_regs regs;
	mx_handle_t t = handle_of(&b, count), token, token2;
	mx_signals_t seen;
	long at;

	msleep(5);
	is_int(mx_thread_read_state(t, 0, &regs, sizeof(regs)), MX_ERR_BAD_STATE, "read_state of a running thread");
	is_int(mx_task_suspend(t, &token), MX_OK, "suspend");
	is_int(mx_object_wait_one(t, 1u << 5, MX_TIME_INFINITE, &seen), MX_OK, "SUSPENDED");
	is_int(mx_object_wait_one(t, 1u << 4, 0, &seen), MX_ERR_TIMED_OUT, "not RUNNING");
	at = b.seen;
	msleep(20);
	is_int(b.seen, at, "it stands still");
	is_int(mx_task_suspend(t, &token2), MX_OK, "suspend again");
	mx_handle_close(token);
	msleep(10);
	is_int(b.seen, at, "one token holds it");
	is_int(mx_thread_read_state(t, 0, &regs, sizeof(regs)), MX_OK, "read_state");
	ok(regs.rip > 0x10000 && regs.rsp > 0x10000, "it has registers");
	is_int(mx_thread_read_state(t, 9, &regs, sizeof(regs)), MX_ERR_NOT_SUPPORTED, "of no kind");
	is_int(mx_thread_read_state(t, 0, &regs, 8), MX_ERR_BUFFER_TOO_SMALL, "in too little room");
	is_int(mx_thread_read_state(t, 0, (void *)8, sizeof(regs)), MX_ERR_INVALID_ARGS, "to a bad address");
	mx_handle_close(token2);
	is_int(mx_object_wait_one(t, 1u << 4, MX_TIME_INFINITE, &seen), MX_OK, "RUNNING again");
	msleep(5);
	ok(b.seen > at, "it goes on");
	mx_task_suspend(t, &token);
	mx_object_wait_one(t, 1u << 5, MX_TIME_INFINITE, NULL);
	mx_thread_read_state(t, 0, &regs, sizeof(regs));
	regs.rip = ~0ull;
	is_int(mx_thread_write_state(t, 0, &regs, sizeof(regs)), MX_ERR_INVALID_ARGS, "no kernel address is written");
	regs.rip = (uintptr_t)after_write;
	regs.rsp &= ~15ull;
	is_int(mx_thread_write_state(t, 0, &regs, sizeof(regs)), MX_OK, "write_state");
	mx_handle_close(token);
	is_int(mx_object_wait_one(t, 8, MX_TIME_INFINITE, NULL), MX_OK, "and it goes where it was sent");
	is_int(native_args[0], 99, "there");
	mx_handle_close(t);
}

/* Keeps a value in a register of the FPU; what it finds there in the end is `seen'. */
static void
in_register(struct bare *b)
{
	__asm__ volatile("movq %1, %%xmm5\n1: cmpl $0, %2\nje 1b\nmovq %%xmm5, %0"
	    : "=&r"(b->seen) : "r"(0x1122334455667788l), "m"(b->word) : "xmm5", "cc");
}

static void
fp_registers(void)
{
	struct bare b = { 0 };
	struct abi_thread_fp_regs fp, again;
	mx_handle_t t = handle_of(&b, in_register), token;
	uint32_t mxcsr;
	long value;

	msleep(5);
	is_int(mx_thread_read_state(t, MX_THREAD_STATE_FP_REGS, &fp, sizeof(fp)), MX_ERR_BAD_STATE, "FP registers while it runs");
	mx_task_suspend(t, &token);
	mx_object_wait_one(t, 1u << 5, MX_TIME_INFINITE, NULL);
	is_int(mx_thread_read_state(t, MX_THREAD_STATE_FP_REGS, &fp, 511), MX_ERR_BUFFER_TOO_SMALL, "in too little room");
	is_int(mx_thread_read_state(t, MX_THREAD_STATE_FP_REGS, (void *)8, sizeof(fp)), MX_ERR_INVALID_ARGS, "to a bad address");
	is_int(mx_thread_read_state(t, MX_THREAD_STATE_FP_REGS, &fp, sizeof(fp)), MX_OK, "when it is suspended");
	memcpy(&value, fp.fxsave + 160 + 5 * 16, sizeof(value));
	ok(value == 0x1122334455667788l, "xmm5 is there");
	memcpy(&mxcsr, fp.fxsave + 24, sizeof(mxcsr));
	is_int(mxcsr, 0x1f80, "MXCSR too");
	value = 0x8877665544332211l;
	memcpy(fp.fxsave + 160 + 5 * 16, &value, sizeof(value));
	again = fp;
	mxcsr |= 1u << 31;
	memcpy(again.fxsave + 24, &mxcsr, sizeof(mxcsr));
	is_int(mx_thread_write_state(t, MX_THREAD_STATE_FP_REGS, &again, sizeof(again)), MX_ERR_INVALID_ARGS,
	    "no reserved bit of MXCSR");
	is_int(mx_thread_write_state(t, MX_THREAD_STATE_FP_REGS, &fp, 100), MX_ERR_INVALID_ARGS, "all or nothing");
	is_int(mx_thread_write_state(t, MX_THREAD_STATE_FP_REGS, (void *)8, sizeof(fp)), MX_ERR_INVALID_ARGS, "from a bad address");
	is_int(mx_thread_write_state(t, MX_THREAD_STATE_FP_REGS, &fp, sizeof(fp)), MX_OK, "written");
	mx_handle_close(token);
	b.word = 1;
	mx_object_wait_one(t, 8, MX_TIME_INFINITE, NULL);
	ok(b.seen == value, "the thread finds it in its register");
	mx_handle_close(t);
}

/* A suspended call is executed again: nobody notices. */
static void
suspended_call(void)
{
	struct bare b = { 0 };
	mx_handle_t t, token;

	pipe(pipes);
	t = handle_of(&b, read_one);
	msleep(10);
	mx_task_suspend(t, &token);
	mx_object_wait_one(t, 1u << 5, MX_TIME_INFINITE, NULL);
	write(pipes[1], "q", 1);
	msleep(10);
	is_int(b.seen, 0, "suspended in a read");
	mx_handle_close(token);
	mx_object_wait_one(t, 8, MX_TIME_INFINITE, NULL);
	ok(b.seen == 1 && b.arg == 'q', "which goes on afterwards");
	mx_handle_close(t);
	close(pipes[0]);
	close(pipes[1]);
}

static void
killed_suspended(void)
{
	struct bare b = { 0 };
	mx_handle_t t = handle_of(&b, count), token;

	mx_task_suspend(t, &token);
	mx_object_wait_one(t, 1u << 5, MX_TIME_INFINITE, NULL);
	_exit(6);
}

static void
self_info(void)
{
	struct abi_info_handle_basic basic, proc;
	uint64_t koids[8];
	size_t actual, avail;
	uint64_t base = 1ull << 63;
	int st;

	is_int(mx_object_get_info(mx_thread_self(), MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL), MX_OK,
	    "info of thread-self");
	mx_object_get_info(mx_process_self(), MX_INFO_HANDLE_BASIC, &proc, sizeof(proc), NULL, NULL);
	is_int(basic.type, MX_OBJ_TYPE_THREAD, "is a thread");
	ok(basic.related_koid == proc.koid, "of this process");
	is_int(mx_object_get_info(mx_process_self(), MX_INFO_PROCESS_THREADS, koids, sizeof(koids), &actual, &avail),
	    MX_OK, "PROCESS_THREADS");
	ok(actual == 1 && avail == 1 && koids[0] == basic.koid, "tells this one");
	is_int(mx_object_set_property(mx_thread_self(), MX_PROP_REGISTER_FS, &base, 8), MX_ERR_INVALID_ARGS,
	    "no TLS in the kernel");
	st = in_child(killed_suspended);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 6, "exit passes a suspension");
}

int
main(void)
{
	create_join();
	new_errors();
	attributes();
	interrupted_join();
	unjoined();
	many();
	endings();
	forks();
	signals();
	passing_on();
	stops();
	stop_and_suspend();
	closing();
	closing_handle();
	native();
	suspension();
	fp_registers();
	suspended_call();
	self_info();
	return tap_done();
}
