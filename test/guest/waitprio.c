/* Who is woken of several that wait for one thing: the best priority, of equals the one that came first. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include "tap.h"

#define N	4

static int in[2], out[2];

/* A process of that niceness that reads one byte and says its letter. */
static pid_t
reader(int nice, char letter)
{
	pid_t pid = fork();
	char c;

	if (pid == 0) {
		setpriority(PRIO_PROCESS, 0, nice);
		if (read(in[0], &c, 1) == 1)
			write(out[1], &letter, 1);
		_exit(0);
	}
	/* It sleeps in its read by then. */
	usleep(20000);
	return pid;
}

/* The order in which they are served, a byte at a time. */
static void
order(const int nice[N], const char *want, const char *what)
{
	char got[N + 1] = "";
	pid_t pid[N];

	pipe(in), pipe(out);
	for (int i = 0; i < N; i++)
		pid[i] = reader(nice[i], (char)('a' + i));
	for (int i = 0; i < N; i++) {
		write(in[1], "x", 1);
		read(out[0], &got[i], 1);
	}
	for (int i = 0; i < N; i++)
		child_status(pid[i]);
	ok(strcmp(got, want) == 0, "%s: %s", what, got);
	close(in[0]), close(in[1]), close(out[0]), close(out[1]);
}

int
main(void)
{
	order((int[N]){ 0, 0, 0, 0 }, "abcd", "equals are served in the order of their coming");
	order((int[N]){ 15, 5, -5, 10 }, "cbda", "the best priority is served first");
	order((int[N]){ 10, 0, 10, 0 }, "bdac", "of equals the first");
	return tap_done();
}
