/* R2, R3: all memory, all processes, all descriptors.  Somebody is refused or ends; this program, the
 * shell and process 1 do not. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include "tap.h"

/* Touches memory for ever. */
static void
hog(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			pause();
			continue;
		}
		for (int i = 0; i < 1 << 20; i += 4096)
			p[i] = 1;
	}
}

static int
alive(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 7", (char *)0);
		_exit(1);
	}
	return pid > 0 && WEXITSTATUS(child_status(pid)) == 7;
}

static void
memory(int n)
{
	pid_t pids[8];
	int killed = 0, others = 0;

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			hog();
	}
	for (int i = 0; i < n; i++) {
		int status = child_status(pids[i]);

		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			killed++;
		else
			others++;
	}
	is_int(killed, n, n == 1 ? "one process that takes all memory is killed" : "eight are");
	is_int(others, 0, "by the kernel, and nothing else ends");
	ok(alive(), "the shell works");
}

static void
as_limit(void)
{
	struct rlimit lim = { 32 << 20, 32 << 20 };
	int n = 0;

	setrlimit(RLIMIT_AS, &lim);
	while (n < 100 && mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		n++;
	_exit(n > 0 && n < 32 && errno == ENOMEM ? 3 : 4);
}

static void
processes(void)
{
	int status, go = 1;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		if (fork() == 0) {
			/* Children sleep; the maker counts. */
			int n = 0;

			setuid(1000);
			for (;;) {
				pid_t c = fork();

				if (c == 0)
					for (;;)
						pause();
				if (c < 0)
					break;
				n++;
			}
			_exit(errno == EAGAIN && n > 50 ? 2 : 3);
		}
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	setpgid(pid, pid);
	is_int(WEXITSTATUS(child_status(pid)), 2, "a user's processes come to an end: EAGAIN");
	ok(alive(), "root still starts a shell");
	while (kill(-pid, SIGKILL) == 0 && go++ < 1000)
		usleep(1000);
	ok(go < 1000, "all of them can be killed");
	ok(alive(), "the shell works");
}

static void
descriptors(void)
{
	int fds[2], last = -1, n = 0, count = 0;

	fcntl(0, F_DUPFD, 3);		/* an even number is left */
	while (pipe(fds) == 0) {
		last = fds[1];
		n++;
	}
	is_int(errno, EMFILE, "pipes until there are no descriptors");
	is_int(last, 1023, "the last one is 1023");
	fails(open("/", O_RDONLY), EMFILE, "no file either");
	for (int fd = 3; fd < 1024; fd++)
		count += close(fd) == 0;
	ok(count >= 2 * n, "all are closed again");
	ok(pipe(fds) == 0 && fds[0] == 3, "the lowest comes first");
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	memory(1);
	memory(8);
	is_int(WEXITSTATUS(in_child(as_limit)), 3, "RLIMIT_AS: ENOMEM");
	processes();
	descriptors();
	return tap_done();
}
