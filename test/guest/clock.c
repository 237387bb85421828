/* Clocks, sleeps, interval timers, waiting for signals with a time, limits and priorities. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include "sysuser.h"
#include "tap.h"

static volatile sig_atomic_t alarms;
static volatile int value;

static void
on_signal(int sig)
{
	alarms++;
}

static void
with_value(int sig, siginfo_t *si, void *uc)
{
	value = value * 10 + si->si_value.sival_int;
}

static void
catch(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	alarms = 0;
	sigaction(sig, &sa, NULL);
}

static long
ms_since(const struct timespec *a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000;
}

static void
clocks(void)
{
	struct timespec a, b, bad = { 0, 1000000000 };
	int back = 0;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 20000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		back |= b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec);
		a = b;
	}
	ok(!back, "the monotonic clock never goes back");
	is_int(clock_getres(CLOCK_MONOTONIC, &b), 0, "clock_getres");
	ok(b.tv_sec == 0 && b.tv_nsec > 0, "is less than a second");
	fails(clock_gettime(77, &a), EINVAL, "a clock that does not exist");
	fails(clock_getres(77, &a), EINVAL, "its resolution");
	fails(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, (void *)8), EFAULT, "into a bad address");
	fails(__sys_clock_gettime(CLOCK_MONOTONIC, (void *)8), EFAULT, "of the call itself");
	fails(clock_settime(CLOCK_MONOTONIC, &a), EINVAL, "the monotonic clock is not set");
	fails(clock_settime(CLOCK_REALTIME, &bad), EINVAL, "nor any to 1,000,000,000 ns");
	clock_gettime(CLOCK_REALTIME, &a);
	a.tv_sec += 100;
	is_int(clock_settime(CLOCK_REALTIME, &a), 0, "the real time is");
	clock_gettime(CLOCK_REALTIME, &b);
	ok(b.tv_sec - a.tv_sec <= 1 && b.tv_sec >= a.tv_sec, "to what it was set to");
	a.tv_sec -= 100;
	clock_settime(CLOCK_REALTIME, &a);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (volatile int i = 0; i < 3000000; i++)
		;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	ok(b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec, "work takes CPU time");
	ok(times(NULL) != (clock_t)-1, "times");
}

static void
sleeps(void)
{
	struct timespec ts = { 0, 30000000 }, a, rem = { 9, 9 }, neg = { -1, 0 }, big = { 0, 1000000000 }, at;
	struct itimerval it = { { 0, 0 }, { 0, 40000 } };

	clock_gettime(CLOCK_MONOTONIC, &a);
	is_int(nanosleep(&ts, NULL), 0, "nanosleep");
	ok(ms_since(&a) >= 30, "sleeps long enough");
	fails(nanosleep(&neg, NULL), EINVAL, "a negative time");
	fails(nanosleep(&big, NULL), EINVAL, "too many nanoseconds");
	fails(nanosleep((void *)8, NULL), EFAULT, "from a bad address");
	catch(SIGALRM);
	setitimer(ITIMER_REAL, &it, NULL);
	ts.tv_sec = 10;
	fails(nanosleep(&ts, &rem), EINTR, "a handler ends it");
	ok(alarms == 1 && rem.tv_sec == 9, "what is left is told");
	ts.tv_sec = LONG_MAX;
	setitimer(ITIMER_REAL, &it, NULL);
	fails(nanosleep(&ts, NULL), EINTR, "for ever can be interrupted");
	clock_gettime(CLOCK_MONOTONIC, &at);
	a = at;
	at.tv_nsec += 20000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	is_int(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL), 0, "to a point in time");
	ok(ms_since(&a) >= 20, "not before it");
	is_int(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL), 0, "to a point in the past");
	is_int(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, NULL), EINVAL, "by the CPU clock");
}

static void
timers(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, old, bad = { { 0, 0 }, { 0, 1000000 } };

	catch(SIGALRM);
	is_int(setitimer(ITIMER_REAL, &it, NULL), 0, "setitimer");
	while (alarms < 3)
		pause();
	ok(1, "a period goes on");
	is_int(getitimer(ITIMER_REAL, &old), 0, "getitimer");
	ok(old.it_interval.tv_usec == 10000 && old.it_value.tv_usec > 0, "tells period and rest");
	memset(&it, 0, sizeof(it));
	is_int(setitimer(ITIMER_REAL, &it, &old), 0, "stops");
	getitimer(ITIMER_REAL, &old);
	ok(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0, "is off");
	fails(setitimer(ITIMER_REAL, &bad, NULL), EINVAL, "too many microseconds");
	fails(setitimer(3, &it, NULL), EINVAL, "an unknown timer");
	fails(getitimer(-1, &old), EINVAL, "another");
	catch(SIGVTALRM);
	it.it_value.tv_usec = 20000;
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	while (alarms == 0)
		;
	ok(alarms == 1, "ITIMER_VIRTUAL counts what the program computes");
	catch(SIGPROF);
	setitimer(ITIMER_PROF, &it, NULL);
	while (alarms == 0)
		;
	ok(alarms == 1, "ITIMER_PROF too");
	catch(SIGALRM);
	is_int(alarm(100), 0, "alarm");
	ok(alarm(0) >= 99, "tells what was left");
}

static void
timed_signals(void)
{
	struct sigaction sa = { .sa_sigaction = with_value, .sa_flags = SA_SIGINFO };
	struct timespec zero = { 0, 0 }, t = { 0, 20000000 }, a;
	union sigval v;
	siginfo_t si;
	sigset_t set, old;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, &old);
	fails(sigtimedwait(&set, &si, &zero), EAGAIN, "no signal, no time");
	clock_gettime(CLOCK_MONOTONIC, &a);
	fails(sigtimedwait(&set, &si, &t), EAGAIN, "no signal in time");
	ok(ms_since(&a) >= 20, "waits for it");
	kill(getpid(), SIGUSR1);
	is_int(sigtimedwait(&set, &si, &zero), SIGUSR1, "one that is pending");
	ok(si.si_signo == SIGUSR1 && si.si_code == SI_USER && si.si_pid == getpid(), "tells its origin");
	if (fork() == 0) {
		usleep(20000);
		v.sival_int = 5;
		sigqueue(getppid(), SIGRTMIN + 3, v);
		_exit(0);
	}
	is_int(sigwaitinfo(&set, &si), SIGRTMIN + 3, "one that comes later");
	ok(si.si_value.sival_int == 5 && si.si_code == SI_QUEUE, "with its value");
	while (wait(NULL) > 0)
		;
	sigaction(SIGRTMIN + 3, &sa, NULL);
	for (int i = 1; i <= 4; i++) {
		v.sival_int = i;
		sigqueue(getpid(), SIGRTMIN + 3, v);
	}
	value = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	is_int(value, 1234, "realtime signals arrive all, and in order");
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (sigqueue(getpid(), SIGRTMIN + 3, v) == 0 && n < 100000)
		n++;
	ok(errno == EAGAIN && n > 100 && n < 100000, "the queue has an end");
	signal(SIGRTMIN + 3, SIG_IGN);
	sigemptyset(&old);
	sigpending(&old);
	ok(!sigismember(&old, SIGRTMIN + 3), "to ignore a signal discards it");
	fails(sigqueue(getpid(), 65, v), EINVAL, "there is no signal 65");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
spin(void)
{
	struct rlimit lim = { 1, 2 };

	setrlimit(RLIMIT_CPU, &lim);
	signal(SIGXCPU, SIG_DFL);
	for (;;)
		;
}

static void
big_file(void)
{
	struct rlimit lim = { 1000, 1000 };
	char buf[600];
	int fd = open("/tmp/big", O_CREAT | O_TRUNC | O_WRONLY, 0600);

	setrlimit(RLIMIT_FSIZE, &lim);
	memset(buf, 1, sizeof(buf));
	if (write(fd, buf, 600) != 600 || write(fd, buf, 600) != 400)
		_exit(1);
	write(fd, buf, 600);
	_exit(2);
}

static void
limits(void)
{
	struct rlimit lim, was;
	int status, fds[40], n = 0;

	fails(getrlimit(1000, &lim), EINVAL, "an unknown limit");
	lim = (struct rlimit){ 20, 10 };
	fails(setrlimit(RLIMIT_CORE, &lim), EINVAL, "soft above hard");
	getrlimit(RLIMIT_NOFILE, &was);
	is_int(was.rlim_cur, 1024, "1024 descriptors");
	lim = (struct rlimit){ 20, was.rlim_max };
	setrlimit(RLIMIT_NOFILE, &lim);
	while (n < 40 && (fds[n] = dup(0)) >= 0)
		n++;
	ok(n < 20 && errno == EMFILE, "RLIMIT_NOFILE holds");
	while (n > 0)
		close(fds[--n]);
	setrlimit(RLIMIT_NOFILE, &was);
	status = in_child(spin);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU, "RLIMIT_CPU: SIGXCPU");
	status = in_child(big_file);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ, "RLIMIT_FSIZE: what fits, then SIGXFSZ");
	unlink("/tmp/big");
	is_int(getpriority(PRIO_PROCESS, 0), 0, "nice is 0");
	is_int(setpriority(PRIO_PROCESS, 0, 7), 0, "setpriority");
	is_int(getpriority(PRIO_PROCESS, 0), 7, "nice is 7");
	setpriority(PRIO_PROCESS, 0, 100);
	is_int(getpriority(PRIO_PROCESS, 0), 19, "it ends at 19");
	setpriority(PRIO_PROCESS, 0, -100);
	is_int(getpriority(PRIO_PROCESS, 0), -20, "and at -20");
	setpriority(PRIO_PROCESS, 0, 0);
	fails(getpriority(7, 0), EINVAL, "of an unknown kind");
	fails(setpriority(PRIO_PROCESS, 32000, 0), ESRCH, "of nobody");
}

static void
names(void)
{
	struct utsname u;

	is_int(uname(&u), 0, "uname");
	ok(strcmp(u.sysname, "Zenta") == 0 && strcmp(u.machine, "x86_64") == 0, "tells system and machine");
	fails(uname((void *)8), EFAULT, "into a bad address");
	is_int(sethostname("elsewhere", 9), 0, "sethostname");
	uname(&u);
	ok(strcmp(u.nodename, "elsewhere") == 0, "changes the name");
	fails(sethostname("x", 65), EINVAL, "a name of 65 bytes");
	sethostname("zenta", 5);
}

int
main(void)
{
	clocks();
	sleeps();
	timers();
	timed_signals();
	limits();
	names();
	return tap_done();
}
