/* Zero's pctl, sigop and fork. */
#include <grp.h>
#include <signal.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zero/syscall.h>
#include "tap.h"

#define NOTHING	((void *)8)

static volatile int handled, from, on_stack;
static char stack[65536];

static void
handler(int sig)
{
	char here;

	handled = sig;
	on_stack = &here >= stack && &here < stack + sizeof(stack);
}

static void
informed(int sig, siginfo_t *info, void *context)
{
	handled = sig;
	from = info->si_pid;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
waiting(void)
{
	struct abi_rusage usage;
	struct abi_syswait w = { 0 };
	long pid, group;

	is_int(sys_pctl(PROC_GETPID, 0, NULL), getpid(), "PROC_GETPID");
	is_int(sys_pctl(PROC_GETPGRP, 0, NULL), getpgrp(), "PROC_GETPGRP");
	pid = sys_fork(FORK_COW);
	if (pid == 0)
		sys_exit(sys_pctl(PROC_SETSID, 0, NULL) == getpid() && getsid(0) == getpid() &&
		    sys_pctl(PROC_SETSID, 0, NULL) == -1 && errno == EPERM ? 3 : 4, 0);
	is_int(sys_pctl(PROC_SYSWAIT, pid, &w), pid, "PROC_SYSWAIT");
	ok(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 3, "has the status; PROC_SETSID");
	memset(&usage, 0xff, sizeof(usage));
	pid = fork();
	if (pid == 0)
		_exit(0);
	is_int(sys_pctl(PROC_WAIT, -1, &usage), pid, "PROC_WAIT of any child");
	ok(usage.utime.sec == 0 && usage.stime.sec == 0 && usage.maxrss > 0, "has its usage");
	pid = fork();
	if (pid == 0)
		_exit(0);
	is_int(sys_pctl(PROC_WAIT, 0, NULL), pid, "PROC_WAIT of the caller's group");
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		pause();
	}
	setpgid((pid_t)pid, (pid_t)pid);
	group = pid;
	fails(sys_pctl(PROC_WAIT, 0, NULL), ECHILD, "PROC_WAIT: none in the caller's group");
	w.options = WNOHANG;
	is_int(sys_pctl(PROC_SYSWAIT, -group, &w), 0, "PROC_SYSWAIT with WNOHANG");
	kill((pid_t)pid, SIGKILL);
	is_int(sys_pctl(PROC_WAIT, -group, NULL), pid, "PROC_WAIT of a group");
	fails(sys_pctl(PROC_WAIT, -1, NULL), ECHILD, "PROC_WAIT: no child");
	fails(sys_pctl(PROC_WAIT, pid, NULL), ECHILD, "PROC_WAIT: no such child");
	fails(sys_pctl(PROC_WAIT, 1l << 40, NULL), ECHILD, "PROC_WAIT: no such number");
	fails(sys_pctl(PROC_SYSWAIT, -1, NOTHING), EFAULT, "PROC_SYSWAIT at a bad address");
	w.options = 0x4000;
	fails(sys_pctl(PROC_SYSWAIT, -1, &w), EINVAL, "PROC_SYSWAIT: an unknown option");
	pid = fork();
	if (pid == 0)
		_exit(0);
	fails(sys_pctl(PROC_WAIT, pid, NOTHING), EFAULT, "PROC_WAIT at a bad address");
	is_int(sys_pctl(PROC_WAIT, pid, NULL), pid, "leaves the child");
	pid = fork();
	if (pid == 0)
		pause();
	signal(SIGALRM, handler);
	siginterrupt(SIGALRM, 1);
	alarm(1);
	fails(sys_pctl(PROC_WAIT, pid, NULL), EINTR, "PROC_WAIT: a signal");
	kill((pid_t)pid, SIGKILL);
	waitpid((pid_t)pid, NULL, 0);
	fails(sys_pctl(99, 0, NULL), EINVAL, "pctl: an unknown command");
}

static void
sleeping(void)
{
	double before = now();

	is_int(sys_pctl(PROC_USLEEP, 30000, NULL), 0, "PROC_USLEEP");
	ok(now() - before >= 0.03 && now() - before < 1, "takes microseconds");
	before = now();
	is_int(sys_pctl(PROC_NANOSLEEP, 20000000, NULL), 0, "PROC_NANOSLEEP");
	ok(now() - before >= 0.02 && now() - before < 1, "nanoseconds");
	fails(sys_pctl(PROC_USLEEP, -1, NULL), EINVAL, "PROC_USLEEP: negative");
	fails(sys_pctl(PROC_NANOSLEEP, -1, NULL), EINVAL, "PROC_NANOSLEEP: negative");
	signal(SIGALRM, handler);
	alarm(1);
	fails(sys_pctl(PROC_USLEEP, 5000000, NULL), EINTR, "PROC_USLEEP: a signal");
	alarm(1);
	fails(sys_pctl(PROC_NANOSLEEP, 5000000000l, NULL), EINTR, "PROC_NANOSLEEP: a signal");
}

static void
as_user(void)
{
	struct abi_syssched s = { THR_CLASS_RT, -1 };
	struct abi_rlimit l = { 64, 1 << 20 };

	setgroups(0, NULL), setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
	fails(sys_pctl(PROC_SETSCHED, PROC_SCHED_CLASS, &s), EPERM, "PROC_SETSCHED: real time is root's");
	fails(sys_pctl(PROC_SETSCHED, PROC_SCHED_NICE, &s), EPERM, "PROC_SETSCHED: a better nice value too");
	fails(sys_pctl(PROC_SETLIM, PROC_LIM(RLIMIT_NOFILE), &l), EPERM, "PROC_SETLIM above the hard limit");
	fails(sys_sigop(SIGOP_SEND, getppid(), &(sigset_t){ 1 << (SIGUSR1 - 1) }), EPERM, "SIGOP_SEND to root's");
}

static void
properties(void)
{
	struct abi_syssched s = { THR_CLASS_BATCH, 5 };
	struct abi_thrrtop rt = { .op = THRRT_GET };
	struct abi_rlimit l[2], was[2];
	struct abi_rusage usage;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		tap_in_child = 1;
		is_int(sys_pctl(PROC_SETSCHED, PROC_SCHED_CLASS | PROC_SCHED_NICE, &s), 0, "PROC_SETSCHED");
		sys_throp(THR_RTOP, 0, &rt);
		ok(rt.class == THR_CLASS_BATCH && rt.nice == 5 && getpriority(PRIO_PROCESS, 0) == 5, "class and nice");
		s.class = THR_CLASS_USER;
		is_int(sys_pctl(PROC_SETSCHED, PROC_SCHED_CLASS, &s), 0, "one of both");
		s.nice = 20;
		fails(sys_pctl(PROC_SETSCHED, PROC_SCHED_NICE, &s), EINVAL, "nice 20");
		s.class = 4;
		fails(sys_pctl(PROC_SETSCHED, PROC_SCHED_CLASS, &s), EINVAL, "class 4");
		fails(sys_pctl(PROC_SETSCHED, 0, &s), EINVAL, "nothing");
		fails(sys_pctl(PROC_SETSCHED, 4, &s), EINVAL, "another bit");
		fails(sys_pctl(PROC_SETSCHED, 1, NOTHING), EFAULT, "a bad address");
		as_user();
		_exit(tap_bad != 0);
	}
	is_int(child_status(pid), 0, "PROC_SETSCHED; what is root's");
	is_int(sys_pctl(PROC_STAT, RUSAGE_SELF, &usage), 0, "PROC_STAT of the caller");
	ok(usage.maxrss > 0, "tells something");
	is_int(sys_pctl(PROC_STAT, RUSAGE_CHILDREN, &usage), 0, "of its children");
	is_int(sys_pctl(PROC_STAT, 1, &usage), 0, "of process 1");
	fails(sys_pctl(PROC_STAT, -2, &usage), ESRCH, "PROC_STAT of -2");
	fails(sys_pctl(PROC_STAT, 1l << 33, &usage), ESRCH, "of a number too large");
	fails(sys_pctl(PROC_STAT, 0, NOTHING), EFAULT, "PROC_STAT to a bad address");
	is_int(sys_pctl(PROC_GETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), l), 0, "PROC_GETLIM of two");
	for (int i = 0; i < 2; i++) {
		struct rlimit one;

		getrlimit((RLIMIT_NOFILE < RLIMIT_CORE) == (i == 0) ? RLIMIT_NOFILE : RLIMIT_CORE, &one);
		ok(one.rlim_cur == l[i].cur && one.rlim_max == l[i].max, "number %d, in the order of their bits", i);
		was[i] = l[i];
	}
	fails(sys_pctl(PROC_GETLIM, 0, l), EINVAL, "PROC_GETLIM of none");
	fails(sys_pctl(PROC_GETLIM, 1l << 62, l), EINVAL, "PROC_GETLIM of another bit");
	fails(sys_pctl(PROC_GETLIM, 1, NOTHING), EFAULT, "PROC_GETLIM to a bad address");
	fails(sys_pctl(PROC_SETLIM, 1, NOTHING), EFAULT, "PROC_SETLIM from a bad address");
	fails(sys_pctl(PROC_SETLIM, -1, l), EINVAL, "PROC_SETLIM of all bits");
	for (int i = 0; i < 2; i++)
		l[i].cur = 9;
	is_int(sys_pctl(PROC_SETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), l), 0, "PROC_SETLIM");
	for (int i = 0; i < 9; i++)
		dup(1);
	fails(dup(1), EMFILE, "RLIMIT_NOFILE binds");
	for (int i = 3; i < 9; i++)
		close(i);
	l[0].cur = 7, l[1].cur = 8, l[1].max = 4;
	fails(sys_pctl(PROC_SETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), l), EINVAL, "one of two is bad");
	sys_pctl(PROC_GETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), l);
	ok(l[0].cur == 9 && l[1].cur == 9, "none is set");
	sys_pctl(PROC_SETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), was);
}

static void
functions(void)
{
	struct sigarg a = { SIGUSR1, 0, handler };
	struct sigstk s = { stack, sizeof(stack), 0 };
	sigset_t set;
	void *was;

	is_int(sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a), (long)SIG_DFL, "SIGOP_SETFUNC");
	is_int(sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a), (long)handler, "tells what was set before");
	raise(SIGUSR1);
	ok(handled == SIGUSR1 && !on_stack, "it runs");
	is_int(sys_sigop(SIGOP_SETSTK, 0, &s), 0, "SIGOP_SETSTK");
	a.flg = SIGARG_ONSTACK | SIGARG_RESETHAND;
	sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a);
	raise(SIGUSR1);
	ok(on_stack, "SIGARG_ONSTACK");
	a = (struct sigarg){ 0, SIGARG_SIGINFO, informed };
	was = (void *)sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a);
	ok(was == (void *)SIG_DFL, "SIGARG_RESETHAND");
	handled = 0;
	sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2);
	is_int(sys_sigop(SIGOP_SETMASK, 0, &set), 0, "SIGOP_SETMASK");
	signal(SIGUSR2, handler);
	is_int(sys_sigop(SIGOP_SEND, SIGOP_SELF, &set), 0, "SIGOP_SEND of two");
	sigpending(&set);
	ok(handled == 0 && sigismember(&set, SIGUSR1) && sigismember(&set, SIGUSR2), "both are pending");
	sigemptyset(&set), sigaddset(&set, SIGUSR2);
	sys_sigop(SIGOP_SETMASK, 0, &set);
	ok(handled == SIGUSR1 && from == getpid(), "SIGARG_SIGINFO");
	sigemptyset(&set);
	fails(sys_sigop(SIGOP_SUSPEND, 0, &set), EINTR, "SIGOP_SUSPEND");
	is_int(handled, SIGUSR2, "lets the other one through");
	sigprocmask(0, NULL, &set);
	ok(sigismember(&set, SIGUSR2), "and has the mask back");
	sigemptyset(&set);
	sys_sigop(SIGOP_SETMASK, 0, &set);
	sigaddset(&set, SIGUSR1);
	handled = 0;
	is_int(sys_sigop(SIGOP_SEND, 0, &set), 0, "SIGOP_SEND to 0: the caller");
	is_int(handled, SIGUSR1, "comes at once");
	signal(SIGALRM, handler);
	alarm(1);
	fails(sys_sigop(SIGOP_WAIT, 0, NULL), EINTR, "SIGOP_WAIT");
	is_int(handled, SIGALRM, "until a handler ran");
	s.flg = 8;
	fails(sys_sigop(SIGOP_SETSTK, 0, &s), EINVAL, "SIGOP_SETSTK: an unknown flag");
	s.flg = 0, s.size = 10;
	fails(sys_sigop(SIGOP_SETSTK, 0, &s), ENOMEM, "SIGOP_SETSTK: too small");
	s.flg = SS_DISABLE;
	is_int(sys_sigop(SIGOP_SETSTK, 0, &s), 0, "SIGOP_SETSTK: none");
	fails(sys_sigop(SIGOP_SETSTK, 0, NULL), EFAULT, "SIGOP_SETSTK: no struct");
	a = (struct sigarg){ SIGUSR2, 0, handler };
	fails(sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a), EINVAL, "SIGOP_SETFUNC: two different signals");
	a.sig = 0, a.flg = 0x20;
	fails(sys_sigop(SIGOP_SETFUNC, SIGUSR1, &a), EINVAL, "SIGOP_SETFUNC: an unknown flag");
	a.flg = 0;
	fails(sys_sigop(SIGOP_SETFUNC, SIGKILL, &a), EINVAL, "SIGOP_SETFUNC: SIGKILL");
	fails(sys_sigop(SIGOP_SETFUNC, 65, &a), EINVAL, "SIGOP_SETFUNC: 65");
	fails(sys_sigop(SIGOP_SETFUNC, 1l << 32 | SIGUSR1, &a), EINVAL, "SIGOP_SETFUNC: a number too large");
	fails(sys_sigop(SIGOP_SETFUNC, SIGUSR1, NULL), EFAULT, "SIGOP_SETFUNC: no struct");
	fails(sys_sigop(SIGOP_SETMASK, 0, NOTHING), EFAULT, "SIGOP_SETMASK: a bad address");
	fails(sys_sigop(SIGOP_SUSPEND, 0, NOTHING), EFAULT, "SIGOP_SUSPEND: a bad address");
	fails(sys_sigop(SIGOP_SEND, 0, NOTHING), EFAULT, "SIGOP_SEND: a bad address");
	fails(sys_sigop(99, 0, NULL), EINVAL, "sigop: an unknown command");
}

static void
sending(void)
{
	sigset_t set, none;
	int status, n;
	pid_t pids[2];

	sigemptyset(&none);
	sigemptyset(&set), sigaddset(&set, SIGTERM);
	fails(sys_sigop(SIGOP_SEND, SIGOP_CLD, &set), ESRCH, "SIGOP_SEND to children: there are none");
	fails(sys_sigop(SIGOP_SEND, 30000, &set), ESRCH, "SIGOP_SEND: no such process");
	fails(sys_sigop(SIGOP_SEND, -4, &set), ESRCH, "SIGOP_SEND to -4");
	fails(sys_sigop(SIGOP_SEND, 1l << 32 | 1, &set), ESRCH, "SIGOP_SEND: a number too large");
	for (n = 0; n < 2; n++)
		if ((pids[n] = fork()) == 0)
			for (;;)
				pause();
	is_int(sys_sigop(SIGOP_SEND, pids[0], &none), 0, "SIGOP_SEND of no signal: is it there");
	is_int(waitpid(-1, &status, WNOHANG), 0, "nothing comes");
	is_int(sys_sigop(SIGOP_SEND, SIGOP_CLD, &set), 0, "SIGOP_SEND to all children");
	for (n = 0; n < 2; n++) {
		waitpid(pids[n], &status, 0);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "child %d", n);
	}
	pids[0] = fork();
	if (pids[0] == 0) {
		setpgid(0, 0);
		if (fork() == 0)
			for (;;)
				pause();
		signal(SIGTERM, SIG_IGN);
		sys_sigop(SIGOP_SEND, SIGOP_GRP, &set);
		wait(&status);
		_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 1);
	}
	is_int(child_status(pids[0]), 0, "SIGOP_SEND to the group");
}

static void
forking(void)
{
	char *argv[] = { "true", NULL };
	volatile int shared = 0;
	int status;
	long pid;

	pid = sys_fork(FORK_VFORK);
	if (pid == 0) {
		shared = 7;
		sys_exit(5, 0);
	}
	is_int(shared, 7, "FORK_VFORK: the child's write is seen, for the parent has waited");
	waitpid((pid_t)pid, &status, 0);
	is_int(WEXITSTATUS(status), 5, "its status");
	pid = sys_fork(FORK_VFORK);
	if (pid == 0) {
		sys_exec("/bin/true", argv, NULL);
		sys_exit(1, 0);
	}
	is_int(child_status((pid_t)pid), 0, "FORK_VFORK, exec");
	shared = 0;
	pid = sys_fork(FORK_COW);
	if (pid == 0) {
		shared = 7;
		sys_exit(0, 0);
	}
	is_int(child_status((pid_t)pid), 0, "FORK_COW");
	is_int(shared, 0, "has its own memory");
	fails(sys_fork(FORK_VFORK | FORK_COW), EINVAL, "not both");
}

int
main(void)
{
	waiting();
	sleeping();
	properties();
	functions();
	sending();
	forking();
	return tap_done();
}
