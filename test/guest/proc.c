/* Processes: fork, vfork, exec and its refusals, exit, wait in all forms, groups and sessions. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include "tap.h"

static void
exits(void)
{
	static const int codes[] = { 0, 1, 7, 255, 256 + 3 };
	int status;

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(codes[i]);
		is_int(waitpid(pid, &status, 0), pid, "waitpid returns the child");
		ok(WIFEXITED(status) && WEXITSTATUS(status) == (codes[i] & 255), "exit %d", codes[i]);
	}
	fails(wait(&status), ECHILD, "no child is left");
	fails(waitpid(getpid(), &status, 0), ECHILD, "waiting for oneself");
	fails(waitpid(-1, &status, 0x8000), EINVAL, "an unknown option");
}

static int shared = 5;

static void
copies(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		shared = 6;
		_exit(getppid() == getpid());
	}
	child_status(pid);
	is_int(shared, 5, "a child's write stays its own");
	pid = vfork();
	if (pid == 0) {
		shared = 9;
		_exit(4);
	}
	is_int(shared, 9, "a vfork child writes the parent's memory");
	is_int(WEXITSTATUS(child_status(pid)), 4, "and the parent waits for it");
}

static void
signalled(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	is_int(waitpid(pid, &status, WNOHANG), 0, "WNOHANG: nothing yet");
	kill(pid, SIGKILL);
	is_int(waitpid(pid, &status, 0), pid, "killed");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "by SIGKILL");
	pid = fork();
	if (pid == 0)
		abort();
	status = child_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort dies of SIGABRT");
}

static void
stops(void)
{
	siginfo_t info;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	is_int(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED reports a stop");
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "by SIGSTOP");
	is_int(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "once");
	kill(pid, SIGCONT);
	is_int(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED reports it goes on");
	ok(WIFCONTINUED(status), "as continued");
	kill(pid, SIGTERM);
	memset(&info, 0, sizeof(info));
	is_int(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0, "waitid with WNOWAIT");
	ok(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM &&
	    info.si_signo == SIGCHLD, "tells who and how");
	is_int(waitid(P_PID, pid, &info, WEXITED), 0, "and leaves the child to be reaped");
	fails(waitid(P_PID, pid, &info, WEXITED), ECHILD, "once");
	fails(waitid(P_ALL, 0, &info, 0), EINVAL, "waitid without a kind of change");
}

static void
groups(void)
{
	pid_t a = fork(), b;
	int status;

	if (a == 0)
		for (;;)
			pause();
	is_int(setpgid(a, a), 0, "setpgid of a child");
	is_int(getpgid(a), a, "getpgid");
	b = fork();
	if (b == 0)
		for (;;)
			pause();
	is_int(setpgid(b, a), 0, "a second one joins");
	is_int(kill(-a, SIGTERM), 0, "kill of the group");
	is_int(waitpid(-a, &status, 0) > 0 && waitpid(-a, &status, 0) > 0, 1, "both are gone");
	fails(waitpid(-a, &status, 0), ECHILD, "the group has no more children");
	fails(kill(-a, 0), ESRCH, "and does not exist");
	fails(setpgid(getpid(), 999999), EPERM, "joining a group that is not there");
	fails(setpgid(-1, 0), EINVAL, "a negative pid");
	fails(getpgid(999999), ESRCH, "getpgid of nobody");
	fails(getsid(999999), ESRCH, "getsid of nobody");
	a = fork();
	if (a == 0) {
		int bad = 0;

		bad |= setsid() != getpid();
		bad |= getsid(0) != getpid() || getpgrp() != getpid();
		bad |= setsid() != -1 || errno != EPERM;
		_exit(bad);
	}
	is_int(child_status(a), 0, "setsid makes a session and a group, once");
}

static void
orphan(void)
{
	int p[2], i;
	pid_t pid, got = 0;

	pipe(p);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			for (i = 0; i < 200 && getppid() != 1; i++)
				usleep(10000);
			got = getppid();
			write(p[1], &got, sizeof(got));
			_exit(0);
		}
		_exit(0);
	}
	child_status(pid);
	read(p[0], &got, sizeof(got));
	is_int(got, 1, "an orphan's parent is process 1");
	close(p[0]), close(p[1]);
}

static int
write_file(const char *path, const void *data, size_t n, int mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, mode);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		return -1;
	fchmod(fd, mode);
	return close(fd);
}

static char *const no_args[] = { "x", NULL };

static void
exec_refusals(void)
{
	static char head[64], longpath[5001];
	char *const bad_argv[] = { (char *)8, NULL };
	int fd;
	ssize_t n;

	fails(execv("/nonexistent", no_args), ENOENT, "exec of nothing");
	fails(execv("", no_args), ENOENT, "exec of an empty path");
	fails(execv("/etc", no_args), EACCES, "exec of a directory");
	fails(execv("/etc/passwd/x", no_args), ENOTDIR, "exec below a file");
	fails(execv("/etc/passwd", no_args), EACCES, "exec of what is not executable");
	memset(longpath, 'a', 5000);
	fails(execv(longpath, no_args), ENAMETOOLONG, "exec of a path of 5000 bytes");
	fails(execv((char *)8, no_args), EFAULT, "exec of a bad path address");
	fails(execv("/bin/sh", (char **)8), EFAULT, "exec with a bad argv");
	fails(execv("/bin/sh", bad_argv), EFAULT, "exec with a bad string");
	fails(execve("/bin/sh", no_args, (char **)0xffffffff80100000ull), EFAULT, "exec with a kernel envp");
	write_file("/tmp/x1", "garbage that is no program\n", 27, 0755);
	fails(execv("/tmp/x1", no_args), ENOEXEC, "a text without #!");
	write_file("/tmp/x1", "", 0, 0755);
	fails(execv("/tmp/x1", no_args), ENOEXEC, "an empty file");
	write_file("/tmp/x1", "#!", 2, 0755);
	fails(execv("/tmp/x1", no_args), ENOEXEC, "#! and nothing");
	write_file("/tmp/x1", "#!/nonexistent\n", 15, 0755);
	fails(execv("/tmp/x1", no_args), ENOENT, "#! of a missing interpreter");
	write_file("/tmp/x1", "#!/tmp/x1\n", 10, 0755);
	ok(execv("/tmp/x1", no_args) == -1 && (errno == ELOOP || errno == ENOEXEC),
	    "a script that is its own interpreter");
	fd = open("/bin/sh", O_RDONLY);
	n = read(fd, head, sizeof(head));
	close(fd);
	is_int(n, sizeof(head), "a program's header");
	write_file("/tmp/x1", head, sizeof(head), 0755);
	fails(execv("/tmp/x1", no_args), ENOEXEC, "a truncated ELF");
	head[4] = 1;
	write_file("/tmp/x1", head, sizeof(head), 0755);
	fails(execv("/tmp/x1", no_args), ENOEXEC, "an ELF of another class");
	unlink("/tmp/x1");
	fd = open("/tmp/x2", O_WRONLY | O_CREAT, 0755);
	write(fd, "#!/bin/sh\n", 10);
	fchmod(fd, 0755);
	fails(execv("/tmp/x2", no_args), ETXTBSY, "a file that is open for writing");
	close(fd);
	unlink("/tmp/x2");
}

static void
exec_works(void)
{
	char *const echo[] = { "sh", "-c", "test \"$A\" = b && test $# = 1 && test $1 = y && exit 42", "x", "y", NULL };
	char *const env[] = { "A=b", "PATH=/usr/bin:/bin", NULL };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), keep = open("/dev/null", O_RDONLY);
	char script[128], number[16];
	pid_t pid = fork();

	if (pid == 0) {
		execve("/bin/sh", echo, env);
		_exit(1);
	}
	is_int(WEXITSTATUS(child_status(pid)), 42, "arguments and environment arrive");
	snprintf(script, sizeof(script), "#!/bin/sh -e\ntest $1 = arg; test -e /dev/fd/%d && exit 9\n"
	    "test -e /dev/fd/%d || exit 8\nexit 6\n", fd, keep);
	write_file("/tmp/s1", script, strlen(script), 0755);
	snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	if (pid == 0) {
		execl("/tmp/s1", "s1", "arg", NULL);
		_exit(1);
	}
	is_int(WEXITSTATUS(child_status(pid)), 6, "a script runs; close-on-exec closes, others stay");
	unlink("/tmp/s1");
	close(fd), close(keep);
}

static void
big_arguments(void)
{
	size_t n = 100000;
	char **argv = malloc((n + 2) * sizeof(*argv));
	int status;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		argv[i] = "0123456789012345678901234567890123456789";
	argv[n] = NULL;
	fails(execv("/bin/sh", argv), E2BIG, "4 MB of arguments are too many");
	argv[0] = "sh", argv[1] = "-c", argv[2] = "test $# = 1000", argv[3] = "x";
	argv[1004] = NULL;
	pid = fork();
	if (pid == 0) {
		execv("/bin/sh", argv);
		_exit(1);
	}
	status = child_status(pid);
	is_int(status, 0, "a thousand arguments are not");
	free(argv);
}

static char untouched[64 * 4096];

static void
touch(void)
{
	for (size_t i = 0; i < sizeof(untouched); i += 4096)
		((volatile char *)untouched)[i] = 1;
}

/* The tenth and the twelfth number of /proc/self/stat. */
static void
stat_faults(const struct rusage *u)
{
	long minor = -1, major = -1;
	FILE *f = fopen("/proc/self/stat", "r");

	ok(f != NULL && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*d %ld %*d %ld", &minor, &major) == 2, "stat of oneself");
	fclose(f);
	ok(minor >= u->ru_minflt && minor < u->ru_minflt + 50 && major == u->ru_majflt, "tells the same");
}

static void
faults(void)
{
	struct rusage before, after, kids;

	getrusage(RUSAGE_CHILDREN, &before);
	in_child(touch);
	getrusage(RUSAGE_CHILDREN, &kids);
	ok(kids.ru_minflt - before.ru_minflt >= 63, "a child's page faults count for its parent (%ld)",
	    (long)(kids.ru_minflt - before.ru_minflt));
	getrusage(RUSAGE_SELF, &before);
	touch();
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_minflt - before.ru_minflt >= 63 && after.ru_minflt - before.ru_minflt <= 66 && after.ru_majflt == before.ru_majflt,
	    "64 pages are touched: so many faults (%ld)", (long)(after.ru_minflt - before.ru_minflt));
	stat_faults(&after);
}

static void
sleep_ten_times(void)
{
	for (int i = 0; i < 10; i++)
		usleep(3000);
}

/* Beside a child that never sleeps. */
static void
compute(void)
{
	pid_t pid = fork();
	clock_t end;

	if (pid == 0)
		for (;;)
			;
	for (end = clock() + CLOCKS_PER_SEC / 5; clock() < end; )
		;
	kill(pid, SIGKILL);
	child_status(pid);
}

static void
switches(void)
{
	struct rusage before, after, kids;

	getrusage(RUSAGE_SELF, &before);
	sleep_ten_times();
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_nvcsw - before.ru_nvcsw >= 5 && after.ru_nvcsw - before.ru_nvcsw <= 20, "who sleeps ten times leaves the CPU about as often (%ld)",
	    (long)(after.ru_nvcsw - before.ru_nvcsw));
	getrusage(RUSAGE_CHILDREN, &before);
	in_child(compute);
	getrusage(RUSAGE_CHILDREN, &kids);
	ok(kids.ru_nivcsw - before.ru_nivcsw >= 2, "who computes beside another has it taken from him (%ld)",
	    (long)(kids.ru_nivcsw - before.ru_nivcsw));
}

static void
usage(void)
{
	struct rusage self, kids;
	struct timeval t;

	is_int(getrusage(RUSAGE_SELF, &self), 0, "getrusage");
	is_int(getrusage(RUSAGE_CHILDREN, &kids), 0, "getrusage of children");
	fails(getrusage(77, &self), EINVAL, "of something else");
	fails(getrusage(RUSAGE_SELF, (void *)8), EFAULT, "into a bad address");
	ok(self.ru_utime.tv_sec * 1000000L + self.ru_utime.tv_usec + self.ru_stime.tv_sec * 1000000L +
	    self.ru_stime.tv_usec > 0, "this process has used time");
	faults();
	switches();
	gettimeofday(&t, NULL);
	ok(t.tv_sec > 1577836800, "the clock is later than 2020");
}

int
main(void)
{
	exits();
	copies();
	signalled();
	stops();
	groups();
	orphan();
	exec_refusals();
	exec_works();
	big_arguments();
	usage();
	return tap_done();
}
