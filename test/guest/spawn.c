/* Programs in new processes: posix_spawn with actions and attributes, mx_spawn with its handles. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <abi/task.h>
#include "sysuser.h"
#include "tap.h"

extern char **environ;
static char self[] = "/proc/self/exe";
static char program[256];

/* --- what the child says, by its exit status --------------------------------------------------- */

/* Exactly these descriptors of 0..99 are open. */
static int
child_open(char **list)
{
	char want[100] = { 0 };

	for (; *list != NULL; list++)
		want[atoi(*list)] = 1;
	for (int fd = 0; fd < 100; fd++)
		if ((fcntl(fd, F_GETFD) != -1) != want[fd])
			return 100 + fd;
	return 0;
}

static int
child_signals(void)
{
	struct sigaction sa;
	sigset_t mask;
	int r = 0;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	r |= sigismember(&mask, SIGUSR1) ? 1 : 0;
	r |= sigismember(&mask, SIGUSR2) ? 2 : 0;
	sigaction(SIGHUP, NULL, &sa);
	r |= sa.sa_handler == SIG_IGN ? 4 : 0;
	sigaction(SIGTERM, NULL, &sa);
	r |= sa.sa_handler == SIG_DFL ? 8 : 0;
	sigaction(SIGALRM, NULL, &sa);
	r |= sa.sa_handler == SIG_IGN ? 16 : 0;
	return r;
}

static int
child_main(int argc, char **argv)
{
	struct stat st;

	if (strcmp(argv[1], "open") == 0)
		return child_open(argv + 2);
	if (strcmp(argv[1], "signals") == 0)
		return child_signals();
	if (strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	if (strcmp(argv[1], "group") == 0)
		return getpgrp() == getpid() ? 1 : getpgrp() == atoi(argv[2]) ? 2 : 3;
	if (strcmp(argv[1], "env") == 0)
		return getenv("SPAWN") != NULL && strcmp(getenv("SPAWN"), "here") == 0 && environ[1] == NULL ? 5 : 6;
	if (strcmp(argv[1], "same") == 0)	/* descriptor argv[2] is the file argv[3] */
		return fstat(atoi(argv[2]), &st) == 0 && (uint64_t)st.st_ino == strtoull(argv[3], NULL, 10) ? 0 : 1;
	if (strcmp(argv[1], "parent") == 0)
		return getppid() == atoi(argv[2]) ? 0 : 1;
	if (strcmp(argv[1], "ids") == 0)
		return geteuid() == (uid_t)atoi(argv[2]) ? 0 : 1;
	return 99;
}

/* --- posix_spawn --------------------------------------------------------------------------------- */

/* Exit status of the program with these arguments, -1000 - error when it could not be made. */
static int
spawned(const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr, char *const args[])
{
	pid_t pid = -5;
	int error = posix_spawn(&pid, program, fa, attr, args, environ), status;

	if (error != 0)
		return -1000 - error;
	status = child_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
#define ARGS(...) ((char *[]){ self, __VA_ARGS__, NULL })

static void
plain(void)
{
	char *env[] = { (char *)"SPAWN=here", NULL };
	char me[16];
	pid_t pid;
	int a, b;

	is_int(spawned(NULL, NULL, ARGS("exit", "42")), 42, "a program in a new process");
	a = open("/dev/null", O_RDONLY);
	b = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ok(a == 3 && b == 4, "descriptors 3 and 4");
	is_int(spawned(NULL, NULL, ARGS("open", "0", "1", "2", "3")), 0, "what is not close-on-exec is inherited");
	close(a);
	close(b);
	is_int(posix_spawn(&pid, program, NULL, NULL, ARGS("env"), env), 0, "with another environment");
	is_int(WEXITSTATUS(child_status(pid)), 5, "which it sees");
	snprintf(me, sizeof(me), "%d", (int)getpid());
	is_int(spawned(NULL, NULL, ARGS("parent", me)), 0, "it is a child");
	is_int(posix_spawn(NULL, program, NULL, NULL, ARGS("exit", "3"), environ), 0, "nobody asks for the pid");
	ok(wait(&a) > 0 && WEXITSTATUS(a) == 3, "the child is waited for");
}

static void
refused(void)
{
	char *big[3] = { self, NULL, NULL };
	pid_t pid = 77;

	is_int(posix_spawn(&pid, "/no/such", NULL, NULL, ARGS("x"), environ), ENOENT, "no such program");
	is_int(posix_spawn(&pid, "/etc/passwd", NULL, NULL, ARGS("x"), environ), EACCES, "not executable");
	is_int(posix_spawn(&pid, "/etc", NULL, NULL, ARGS("x"), environ), EACCES, "a directory");
	is_int(posix_spawn(&pid, "/etc/passwd/x", NULL, NULL, ARGS("x"), environ), ENOTDIR, "not a directory");
	is_int(posix_spawn(&pid, program, NULL, NULL, (char **)8, environ), EFAULT, "argv of nothing");
	big[1] = malloc(4 << 20);
	memset(big[1], 'x', (4 << 20) - 1);
	big[1][(4 << 20) - 1] = 0;
	is_int(posix_spawn(&pid, program, NULL, NULL, big, environ), E2BIG, "too long an argument");
	free(big[1]);
	is_int(pid, 77, "no pid was told");
	fails(wait(NULL), ECHILD, "no child was made");
	fails(__sys_spawn((void *)8), EFAULT, "the call: bad pointer");
	fails(__sys_spawn(&(struct abi_spawn){ .options = 0x800 }), EINVAL, "the call: unknown option");
	fails(__sys_spawn(&(struct abi_spawn){ .options = MX_SPAWN_NO_JOB_DEFAULT }), EINVAL, "the call: a native option");
	fails(__sys_spawn(&(struct abi_spawn){ .path = (uintptr_t)program, .descs = 8, .ndescs = 1 }), EFAULT,
	    "the call: bad list");
	fails(__sys_spawn(&(struct abi_spawn){ .path = (uintptr_t)program, .ndescs = 1 << 20 }), ERANGE,
	    "the call: too long a list");
	fails(__sys_spawn(&(struct abi_spawn){ .path = 8 }), EFAULT, "the call: bad path");
	fails(__sys_spawn(&(struct abi_spawn){ .path = (uintptr_t)program, .ndescs = 1,
	    .descs = (uintptr_t)&(struct abi_spawn_desc){ .fd = 3, .flags = 8 } }), EINVAL, "the call: bad flags");
	fails(__sys_spawn(&(struct abi_spawn){ .path = (uintptr_t)program, .ndescs = 1,
	    .descs = (uintptr_t)&(struct abi_spawn_desc){ .fd = -1, .flags = 1 } }), EINVAL, "the call: no number");
}

static void
actions(void)
{
	posix_spawn_file_actions_t fa;
	struct stat st;
	char ino[24];
	int fd, other;

	stat("/etc/passwd", &st);
	snprintf(ino, sizeof(ino), "%llu", (unsigned long long)st.st_ino);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	other = open("/etc/group", O_RDONLY);
	posix_spawn_file_actions_init(&fa);
	is_int(posix_spawn_file_actions_adddup2(&fa, fd, 9), 0, "adddup2");
	is_int(spawned(&fa, NULL, ARGS("same", "9", ino)), 0, "dup2 of a close-on-exec descriptor");
	posix_spawn_file_actions_addclose(&fa, other);
	is_int(spawned(&fa, NULL, ARGS("open", "0", "1", "2", "9")), 0, "and a close");
	posix_spawn_file_actions_adddup2(&fa, 9, 20);
	posix_spawn_file_actions_addclose(&fa, 9);
	is_int(spawned(&fa, NULL, ARGS("same", "20", ino)), 0, "dup2 of what dup2 made");
	is_int(spawned(&fa, NULL, ARGS("open", "0", "1", "2", "20")), 0, "which is closed then");
	posix_spawn_file_actions_adddup2(&fa, 9, 21);
	is_int(spawned(&fa, NULL, ARGS("exit", "0")), -1000 - EBADF, "dup2 of what a close closed");
	posix_spawn_file_actions_destroy(&fa);

	posix_spawn_file_actions_init(&fa);
	is_int(posix_spawn_file_actions_addopen(&fa, 7, "/etc/passwd", O_RDONLY, 0), 0, "addopen");
	posix_spawn_file_actions_adddup2(&fa, 7, other);
	is_int(spawned(&fa, NULL, ARGS("same", "7", ino)), 0, "an open");
	is_int(spawned(&fa, NULL, ARGS("open", "0", "1", "2", "4", "7")), 0, "leaves nothing else open");
	posix_spawn_file_actions_addopen(&fa, 7, "/no/such", O_RDONLY, 0);
	is_int(spawned(&fa, NULL, ARGS("exit", "0")), -1000 - ENOENT, "an open that fails");
	posix_spawn_file_actions_destroy(&fa);

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/etc/passwd", O_RDONLY | O_CLOEXEC, 0);
	is_int(spawned(&fa, NULL, ARGS("open", "1", "2", "4")), 0, "what is opened close-on-exec is gone");
	posix_spawn_file_actions_adddup2(&fa, 0, 6);
	posix_spawn_file_actions_adddup2(&fa, fd, fd);
	is_int(spawned(&fa, NULL, ARGS("open", "1", "2", "3", "4", "6")), 0, "dup2 to itself clears close-on-exec");
	is_int(posix_spawn_file_actions_addclose(&fa, -1), EBADF, "a negative number");
	posix_spawn_file_actions_adddup2(&fa, 50, 51);
	is_int(spawned(&fa, NULL, ARGS("exit", "0")), -1000 - EBADF, "dup2 of nothing");
	posix_spawn_file_actions_destroy(&fa);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, 1, 5000);
	is_int(spawned(&fa, NULL, ARGS("exit", "0")), -1000 - EBADF, "dup2 beyond the limit");
	posix_spawn_file_actions_destroy(&fa);
	close(fd);
	close(other);
	fails(wait(NULL), ECHILD, "no child was made by those that failed");
	ok(open("/dev/null", O_RDONLY) == 3 && close(3) == 0, "nothing stayed open here");
}

static void
on_term(int sig)
{
}

static void
attributes(void)
{
	posix_spawnattr_t attr;
	sigset_t set, old;
	char text[16];
	pid_t pid;
	short flags;

	posix_spawnattr_init(&attr);
	signal(SIGHUP, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	signal(SIGTERM, on_term);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, &old);
	is_int(spawned(NULL, NULL, ARGS("signals")), 1 | 4 | 8 | 16, "mask and ignored signals are inherited");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	posix_spawnattr_setsigmask(&attr, &set);
	is_int(spawned(NULL, &attr, ARGS("signals")), 1 | 4 | 8 | 16, "an attribute without its flag is none");
	is_int(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK), 0, "setflags");
	is_int(spawned(NULL, &attr, ARGS("signals")), 2 | 4 | 8 | 16, "SETSIGMASK");
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	is_int(spawned(NULL, &attr, ARGS("signals")), 2 | 8 | 16, "SETSIGDEF");
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGTERM, SIG_DFL);

	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	snprintf(text, sizeof(text), "%d", (int)getpgrp());
	is_int(spawned(NULL, &attr, ARGS("group", text)), 1, "a group of its own");
	posix_spawnattr_setpgroup(&attr, getpgrp());
	is_int(spawned(NULL, &attr, ARGS("group", text)), 2, "the caller's group");
	posix_spawnattr_setpgroup(&attr, 1);
	is_int(spawned(NULL, &attr, ARGS("group", text)), -1000 - EPERM, "a group of another session");
	posix_spawnattr_setpgroup(&attr, 30000);
	is_int(spawned(NULL, &attr, ARGS("group", text)), -1000 - EPERM, "a group that does not exist");
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawn(&pid, program, NULL, &attr, ARGS("exit", "0"), environ);
	is_int(getpgid(pid), pid, "the group is there when posix_spawn returns");
	child_status(pid);

	is_int(posix_spawnattr_setflags(&attr, 0x4000), EINVAL, "unknown flags");
	posix_spawnattr_getflags(&attr, &flags);
	is_int(flags, POSIX_SPAWN_SETPGROUP, "change nothing");
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSCHEDULER);
	posix_spawnattr_setschedpolicy(&attr, SCHED_OTHER);
	is_int(spawned(NULL, &attr, ARGS("exit", "4")), 4, "SCHED_OTHER");
	posix_spawnattr_setschedpolicy(&attr, 99);
	is_int(spawned(NULL, &attr, ARGS("exit", "4")), -1000 - EINVAL, "an unknown policy");
	posix_spawnattr_destroy(&attr);
}

static void
reset_ids(void)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;

	if (seteuid(1000) < 0)
		_exit(1);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, 1, 9);
	if (spawned(NULL, NULL, ARGS("ids", "1000")) != 0)
		_exit(2);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_RESETIDS);
	if (spawned(&fa, &attr, ARGS("ids", "0")) != 0)
		_exit(3);
	if (spawned(&fa, &attr, ARGS("open", "0", "1", "2", "9")) != 0)
		_exit(4);
	posix_spawn_file_actions_adddup2(&fa, 60, 9);
	if (spawned(&fa, &attr, ARGS("exit", "0")) != -1000 - EBADF)
		_exit(5);
	if (wait(NULL) != -1)
		_exit(6);
}

/* No number is left for what the actions open: the child's own table has some. */
static void
table_full(void)
{
	struct rlimit lim = { 3, 1024 };
	posix_spawn_file_actions_t fa;

	setrlimit(RLIMIT_NOFILE, &lim);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addclose(&fa, 0);
	posix_spawn_file_actions_addopen(&fa, 0, "/etc/passwd", O_RDONLY, 0);
	if (spawned(&fa, NULL, ARGS("exit", "9")) != 9)
		_exit(1);
}

static void
searched(void)
{
	FILE *f = fopen("/tmp/spawn.script", "w");
	char *argv[] = { (char *)"spawn.script", (char *)"7", NULL };
	pid_t pid;

	fputs("exit $1\n", f);
	fclose(f);
	chmod("/tmp/spawn.script", 0755);
	is_int(posix_spawn(&pid, "/tmp/spawn.script", NULL, NULL, argv, environ), ENOEXEC, "no program, no #!");
	setenv("PATH", "/no/such:/etc/passwd:/tmp:/usr/bin", 1);
	is_int(posix_spawnp(&pid, "spawn.script", NULL, NULL, argv, environ), 0, "posix_spawnp: the shell runs it");
	is_int(WEXITSTATUS(child_status(pid)), 7, "with its arguments");
	is_int(posix_spawnp(&pid, "", NULL, NULL, argv, environ), ENOENT, "posix_spawnp of no name");
	is_int(posix_spawnp(&pid, "nothing.there", NULL, NULL, argv, environ), ENOENT, "of what is not there");
	chmod("/tmp/spawn.script", 0644);
	is_int(posix_spawnp(&pid, "spawn.script", NULL, NULL, argv, environ), EACCES, "of what may not be executed");
	unlink("/tmp/spawn.script");
	setenv("PATH", "/usr/bin:/bin", 1);
	is_int(system("exit 12"), 12 << 8, "system");
	is_int(system("kill -9 $$"), 9, "system: a signal");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return child_main(argc, argv);
	realpath(argv[0], program);
	plain();
	refused();
	actions();
	attributes();
	is_int(in_child(reset_ids), 0, "RESETIDS");
	is_int(in_child(table_full), 0, "a full table");
	searched();
	return tap_done();
}
