/* R1: a fork bomb as uid 1000 runs into its limit, root still gets through, nothing is lost. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include "kstat.h"
#include "tap.h"

static void
bomb(void)
{
	setpgid(0, 0);
	setgid(1000);
	setuid(1000);
	for (;;)
		if (fork() == -1)
			pause();
}

static int
round_of(void)
{
	pid_t pid = fork(), probe;
	int status;

	if (pid == 0)
		bomb();
	setpgid(pid, pid);
	usleep(200000);
	probe = fork();
	if (probe == 0)
		_exit(5);
	if (probe == -1)
		return 0;
	status = child_status(probe);
	/*
	 * Members fork while they are shot at: shoot until nobody is left.  The first is our own child
	 * and stays in the group until it is waited for.
	 */
	kill(-pid, SIGKILL);
	child_status(pid);
	while (kill(-pid, SIGKILL) == 0)
		usleep(1000);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 5;
}

int
main(void)
{
	struct rlimit lim = { 60, 60 };
	int good = 1;
	long procs, threads;

	setrlimit(RLIMIT_NPROC, &lim);
	good = round_of();
	usleep(100000);
	procs = counter("proc.processes");
	threads = counter("kern.threads");
	for (int i = 0; i < 10; i++)
		good &= round_of();
	ok(good, "root forks beside a bomb at its limit, ten times");
	usleep(200000);
	ok(threads > 0, "threads are counted");
	is_int(counter("kern.threads"), threads, "threads are back where they were");
	is_int(counter("proc.processes"), procs, "processes are back where they were");
	return tap_done();
}
