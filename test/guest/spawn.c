/* Programs in new processes: posix_spawn with actions and attributes, mx_spawn with its handles. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <abi/task.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include "handle.h"
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

/* Handles 7, 7 and 9 are events: user signals 1, 2, 3 are set on them in this order. */
static int
child_startup(void)
{
	mx_handle_t a = mx_take_startup_handle(7), b = mx_take_startup_handle(7), c = mx_take_startup_handle(9);

	if (mx_take_startup_handle(7) != MX_HANDLE_INVALID || mx_take_startup_handle(8) != MX_HANDLE_INVALID)
		return 1;
	if (mx_object_signal(a, 0, MX_USER_SIGNAL_1) != MX_OK || mx_object_signal(b, 0, MX_USER_SIGNAL_2) != MX_OK)
		return 2;
	if (mx_object_signal(c, 0, MX_USER_SIGNAL_3) != MX_OK)
		return 3;
	return mx_handle_fd(c) == 5 ? 0 : 4;
}

/* A bit for each pseudo-handle that is there. */
static int
child_selves(void)
{
	int there = 0;
	mx_handle_t h;

	for (unsigned i = 1; i <= 4; i++)
		if (mx_handle_duplicate(i << 18, MX_RIGHT_SAME_RIGHTS, &h) == MX_OK)
			there |= 1 << i;
	return there;
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
	if (strcmp(argv[1], "startup") == 0)
		return child_startup();
	if (strcmp(argv[1], "selves") == 0)
		return child_selves();
	if (strcmp(argv[1], "quiet") == 0)	/* mask empty, nothing ignored, no descriptor, no startup handle */
		return child_signals() == 8 && getpgrp() == atoi(argv[2]) && child_open(argv + 3) == 0 &&
		    mx_take_startup_handle(1) == MX_HANDLE_INVALID ? 0 : 1;
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

/* --- mx_spawn -------------------------------------------------------------------------------------- */

static mx_status_t
mx(const mx_spawn_desc_t *descs, size_t n, mx_handle_t *out, uint32_t options, const char *const args[])
{
	*out = MX_HANDLE_INVALID;
	return mx_spawn(MX_HANDLE_INVALID, options, program, args, NULL, descs, n, out);
}
#define MXARGS(...) ((const char *const[]){ self, __VA_ARGS__, NULL })

/* Waits for the child; its return code. */
static long
ended(mx_handle_t h)
{
	mx_info_process_t info = { .return_code = -99 };

	mx_object_wait_one(h, MX_TASK_TERMINATED, mx_deadline_after(MX_SEC(10)), NULL);
	mx_object_get_info(h, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
	waitpid((pid_t)info.pid, NULL, 0);
	mx_handle_close(h);
	return (long)info.return_code;
}

static int
gone(mx_handle_t h)
{
	return mx_handle_close(h) == MX_ERR_BAD_HANDLE;
}

static void
native(void)
{
	mx_handle_t h, e = event(), f = event(), keep = event(), moved;
	mx_info_handle_basic_t b;
	char group[16];
	sigset_t set;
	int fd;

	snprintf(group, sizeof(group), "%d", (int)getpgrp());
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	is_int(mx(NULL, 0, &h, 0, MXARGS("quiet", group)), MX_OK, "mx_spawn of a program with nothing");
	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	is_int(b.type, MX_OBJ_TYPE_PROCESS, "its handle");
	is_int(ended(h), 0, "no descriptor, default signals, the caller's group");
	signal(SIGHUP, SIG_DFL);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);

	fd = open("/etc/passwd", O_RDONLY);
	is_int(mx((mx_spawn_desc_t[]){ { .handle = mx_fd_handle(fd), .fd = 7, .flags = MX_SPAWN_DUPLICATE },
	    { .handle = mx_fd_handle(1), .fd = 1, .flags = MX_SPAWN_DUPLICATE } }, 2, &h, 0, MXARGS("open", "1", "7")),
	    MX_OK, "with two descriptors");
	is_int(ended(h), 0, "it has just those");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = mx_fd_handle(fd), .fd = 0 } }, 1, &h, 0, MXARGS("open", "0")), MX_OK,
	    "a descriptor is moved");
	is_int(ended(h), 0, "to another number");
	fails(close(fd), EBADF, "and is gone here");

	is_int(mx((mx_spawn_desc_t[]){ { .handle = e, .fd = -1, .startup_info = 7, .flags = MX_SPAWN_DUPLICATE },
	    { .handle = f, .fd = -1, .startup_info = 7, .flags = MX_SPAWN_DUPLICATE },
	    { .handle = keep, .fd = 5, .startup_info = 9, .flags = MX_SPAWN_DUPLICATE } }, 3, &h, 0, MXARGS("startup")),
	    MX_OK, "startup handles");
	is_int(ended(h), 0, "taken by number, in order, once");
	is_int(mx_object_wait_one(e, MX_USER_SIGNAL_1, 0, NULL), MX_OK, "the first");
	is_int(mx_object_wait_one(f, MX_USER_SIGNAL_2, 0, NULL), MX_OK, "the second of the same number");
	is_int(mx_object_wait_one(keep, MX_USER_SIGNAL_3, 0, NULL), MX_OK, "one that has a number too");

	is_int(mx(NULL, 0, &h, 0, MXARGS("selves")), MX_OK, "pseudo-handles");
	is_int(ended(h), 30, "all four");
	is_int(mx(NULL, 0, &h, MX_SPAWN_NO_PROCESS_SELF | MX_SPAWN_NO_JOB_DEFAULT, MXARGS("selves")), MX_OK, "fewer");
	is_int(ended(h), 1 << 2 | 1 << 3, "thread and root VMAR");
	is_int(mx(NULL, 0, &h, MX_SPAWN_NO_THREAD_SELF | MX_SPAWN_NO_VMAR_ROOT_SELF, MXARGS("selves")), MX_OK, "others");
	is_int(ended(h), 1 << 1 | 1 << 4, "process and job");

	/* Refused: what is moved is consumed all the same. */
	moved = event();
	is_int(mx((mx_spawn_desc_t[]){ { .handle = moved, .fd = -1 } }, 1, &h, 16, MXARGS("exit", "0")), MX_ERR_INVALID_ARGS,
	    "unknown option");
	ok(gone(moved), "consumed");
	moved = event();
	is_int(mx_spawn(e, 0, program, MXARGS("x"), NULL, &(mx_spawn_desc_t){ .handle = moved, .fd = -1 }, 1, &h),
	    MX_ERR_WRONG_TYPE, "an event for a job");
	ok(gone(moved), "consumed");
	is_int(mx_spawn(0x7fffffff, 0, program, MXARGS("x"), NULL, NULL, 0, &h), MX_ERR_BAD_HANDLE, "a bad job");
	moved = without(mx_job_default(), MX_RIGHT_MANAGE_PROCESS);
	is_int(mx_spawn(moved, 0, program, MXARGS("x"), NULL, NULL, 0, &h), MX_ERR_ACCESS_DENIED, "a job without MANAGE_PROCESS");
	mx_handle_close(moved);
	moved = event();
	is_int(mx_spawn(0, 0, "/no/such", MXARGS("x"), NULL, &(mx_spawn_desc_t){ .handle = moved, .fd = -1 }, 1, &h),
	    MX_ERR_NOT_FOUND, "no such program");
	ok(gone(moved), "consumed");
	is_int(mx_spawn(0, 0, "/etc/passwd", MXARGS("x"), NULL, NULL, 0, &h), MX_ERR_ACCESS_DENIED, "not executable");
	moved = event();
	is_int(mx((mx_spawn_desc_t[]){ { .handle = e, .fd = 3, .flags = MX_SPAWN_DUPLICATE }, { .handle = moved, .fd = 3 } },
	    2, &h, 0, MXARGS("x")), MX_ERR_INVALID_ARGS, "one number twice");
	ok(gone(moved), "consumed");
	moved = event();
	is_int(mx((mx_spawn_desc_t[]){ { .handle = moved, .fd = 3 }, { .handle = moved, .fd = 4 } }, 2, &h, 0, MXARGS("x")),
	    MX_ERR_BAD_HANDLE, "one handle twice");
	ok(gone(moved), "consumed");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = 3, .fd = 3 } }, 1, &h, 0, MXARGS("x")), MX_ERR_BAD_HANDLE, "no handle");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = mx_process_self(), .fd = 3 } }, 1, &h, 0, MXARGS("x")),
	    MX_ERR_ACCESS_DENIED, "a pseudo-handle cannot be moved");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = mx_process_self(), .fd = 3, .flags = MX_SPAWN_DUPLICATE } }, 1, &h, 0,
	    MXARGS("open", "3")), MX_OK, "but duplicated");
	is_int(ended(h), 0, "into a real one");
	moved = without(e, MX_RIGHT_TRANSFER);
	is_int(mx((mx_spawn_desc_t[]){ { .handle = moved, .fd = 3 } }, 1, &h, 0, MXARGS("x")), MX_ERR_ACCESS_DENIED,
	    "a handle without TRANSFER");
	ok(gone(moved), "consumed");
	moved = without(e, MX_RIGHT_DUPLICATE);
	is_int(mx((mx_spawn_desc_t[]){ { .handle = moved, .fd = 3, .flags = MX_SPAWN_DUPLICATE } }, 1, &h, 0, MXARGS("x")),
	    MX_ERR_ACCESS_DENIED, "a duplicate without DUPLICATE");
	mx_handle_close(moved);
	moved = event();
	is_int(mx((mx_spawn_desc_t[]){ { .handle = moved, .fd = -2 } }, 1, &h, 0, MXARGS("x")), MX_ERR_INVALID_ARGS, "fd -2");
	ok(gone(moved), "consumed");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = e, .fd = 70000, .flags = MX_SPAWN_DUPLICATE } }, 1, &h, 0, MXARGS("x")),
	    MX_ERR_OUT_OF_RANGE, "fd 70000");
	is_int(mx((mx_spawn_desc_t[]){ { .handle = e, .fd = 3, .flags = 2 } }, 1, &h, 0, MXARGS("x")), MX_ERR_INVALID_ARGS,
	    "unknown flag");
	is_int(mx((void *)8, 1, &h, 0, MXARGS("x")), MX_ERR_INVALID_ARGS, "bad list");
	is_int(mx(NULL, 1 << 20, &h, 0, MXARGS("x")), MX_ERR_OUT_OF_RANGE, "too long a list");
	is_int(mx_spawn(0, 0, program, MXARGS("exit", "0"), NULL, NULL, 0, (void *)8), MX_ERR_INVALID_ARGS, "bad handle pointer");
	is_int(mx_spawn(0, 0, (void *)8, MXARGS("x"), NULL, NULL, 0, &h), MX_ERR_INVALID_ARGS, "bad path");
	is_int(mx_spawn(0, 0, program, (void *)8, NULL, NULL, 0, &h), MX_ERR_INVALID_ARGS, "bad argv");
	fails(wait(NULL), ECHILD, "no child was made by those that failed");
	mx_handle_close(e);
	mx_handle_close(f);
	mx_handle_close(keep);
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
	native();
	return tap_done();
}
