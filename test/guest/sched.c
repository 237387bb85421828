/* Who is ready runs: nobody starves inside of a class, whatever the others do. */
#include "tap.h"
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static double
seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* So much of the CPU's time. */
static void
compute(double time)
{
	for (double end = seconds(CLOCK_PROCESS_CPUTIME_ID) + time; seconds(CLOCK_PROCESS_CPUTIME_ID) < end; )
		;
}

/* A child that computes, then answers each byte with one; nice by n. */
static pid_t
answering(int ask[2], int answer[2], int n)
{
	pid_t pid = fork();
	char c;

	if (pid != 0)
		return pid;
	if (nice(n) == -1)
		_exit(1);
	close(ask[1]);
	while (read(ask[0], &c, 1) == 1) {
		compute(0.3);
		if (write(answer[1], &c, 1) != 1)
			_exit(2);
	}
	_exit(0);
}

/* Short processes, one after the other, until the answer is there: true within `most' seconds. */
static int
answered_beside_short(int fd, double most)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	for (double end = seconds(CLOCK_MONOTONIC) + most; seconds(CLOCK_MONOTONIC) < end; ) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
		if (poll(&p, 1, 0) == 1)
			return read(fd, &c, 1) == 1;
	}
	return 0;
}

static void
beside_short_processes(int n)
{
	int ask[2], answer[2];
	pid_t pid;

	is_int(pipe(ask) | pipe(answer), 0, "two pipes");
	pid = answering(ask, answer, n);
	is_int(write(ask[1], "x", 1), 1, "asked");
	ok(answered_beside_short(answer[0], 20), "at nice %d 0.3 s of computing end beside processes of which each is new", n);
	close(ask[0]), close(ask[1]), close(answer[0]), close(answer[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Three that compute share; none has less than half of its third. */
static void
shares(void)
{
	struct rusage ru;
	pid_t pid[3];
	double least = 9, all = 0, t;

	for (int i = 0; i < 3; i++) {
		if ((pid[i] = fork()) == 0) {
			compute(60);
			_exit(0);
		}
	}
	sleep(3);
	for (int i = 0; i < 3; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < 3; i++) {
		wait4(pid[i], NULL, 0, &ru);
		t = (double)ru.ru_utime.tv_sec + (double)ru.ru_utime.tv_usec / 1e6;
		t += (double)ru.ru_stime.tv_sec + (double)ru.ru_stime.tv_usec / 1e6;
		all += t, least = t < least ? t : least;
	}
	ok(least > all / 6, "the least of three has %.2f of %.2f s", least, all);
}

/* --- calls without end --- */

static long
ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1024 times the same 4 MiB. */
static void
endless(const char *path, int out)
{
	static char memory[4 << 20];
	static struct iovec v[1024];
	int fd = open(path, out ? O_WRONLY : O_RDONLY);

	memset(memory, 1, sizeof(memory));
	for (int i = 0; i < 1024; i++)
		v[i] = (struct iovec){ memory, sizeof(memory) };
	if (out)
		writev(fd, v, 1024);
	else
		readv(fd, v, 1024);
	_exit(0);
}

/* Who makes one gives way to others and can be killed. */
static void
long_call(const char *path, int out)
{
	long start, last, now, gap = 0;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		endless(path, out);
	for (start = last = ms_now(); (now = ms_now()) < start + 600; last = now) {
		gap = now - last > gap ? now - last : gap;
		usleep(2000);
	}
	ok(gap < 300 && waitpid(pid, &status, WNOHANG) == 0, "%s, 4 GiB in a call: others run (a gap of %ld ms)", path, gap);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(ms_now() - now < 300 && WIFSIGNALED(status), "and it can be killed (%ld ms)", ms_now() - now);
}

static void
long_calls(void)
{
	int fd = open("/tmp/sched.file", O_RDWR | O_CREAT, 0600);

	ftruncate(fd, 1l << 40);
	long_call("/dev/zero", 0);
	long_call("/dev/urandom", 0);
	long_call("/dev/random", 1);
	long_call("/tmp/sched.file", 0);
	close(fd);
	unlink("/tmp/sched.file");
}

int
main(void)
{
	long_calls();
	beside_short_processes(0);
	beside_short_processes(19);
	shares();
	return tap_done();
}
