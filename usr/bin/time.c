/* time: runs a command and says how long it took. */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
line(const char *name, long seconds, long micros)
{
	fprintf(stderr, "%s %ld.%02ld\n", name, seconds, micros / 10000);
}

int
main(int argc, char **argv)
{
	struct timespec start, end;
	struct rusage usage;
	int c, status;
	pid_t pid;

	while ((c = getopt(argc, argv, "+p")) != -1)
		if (c != 'p')
			goto usage;
	if (optind == argc) {
usage:
		fprintf(stderr, "usage: time [-p] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid == 0) {
		execvp(argv[optind], argv + optind);
		c = errno;
		fprintf(stderr, "time: %s: %s\n", argv[optind], strerror(c));
		_exit(c == ENOENT ? 127 : 126);
	}
	if (pid < 0) {
		perror("time");
		return 125;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR) {
			perror("time");
			return 125;
		}
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (end.tv_nsec < start.tv_nsec) {
		end.tv_nsec += 1000000000;
		end.tv_sec--;
	}
	line("real", (long)(end.tv_sec - start.tv_sec), (end.tv_nsec - start.tv_nsec) / 1000);
	line("user", (long)usage.ru_utime.tv_sec, (long)usage.ru_utime.tv_usec);
	line("sys", (long)usage.ru_stime.tv_sec, (long)usage.ru_stime.tv_usec);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
