/* Processes: making, waiting, identities, limits. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <reent.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>
#include <abi/process.h>
#include <abi/resource.h>
#include <abi/wait.h>
#include "thread.h"

_Static_assert(sizeof(struct rusage) == sizeof(struct abi_rusage) &&
    sizeof(struct rlimit) == sizeof(struct abi_rlimit), "struct rusage");
_Static_assert(P_ALL == ABI_P_ALL && P_PID == ABI_P_PID && P_PGID == ABI_P_PGID, "idtype_t");

extern char **environ;

static void (*fork_handlers[32][3])(void);	/* prepare, parent, child */
static int fork_count;

int
pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	if (fork_count == 32)
		return ENOMEM;
	fork_handlers[fork_count][0] = prepare;
	fork_handlers[fork_count][1] = parent;
	fork_handlers[fork_count][2] = child;
	fork_count++;
	return 0;
}

pid_t
fork(void)
{
	intptr_t pid;
	int saved;

	for (int i = fork_count; i-- > 0; )
		if (fork_handlers[i][0] != NULL)
			fork_handlers[i][0]();
	__locks_prepare();
	pid = __sys_fork(0);
	saved = errno;
	if (pid == 0) {
		__thread_forked();
		__locks_child();
	} else {
		__locks_parent();
	}
	for (int i = 0; i < fork_count; i++)
		if (fork_handlers[i][pid == 0 ? 2 : 1] != NULL)
			fork_handlers[i][pid == 0 ? 2 : 1]();
	if (errno != saved)
		errno = saved;
	return (pid_t)pid;
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return (pid_t)CANCELABLE4(wait4, pid, status, options, usage);
}

pid_t
wait3(int *status, int options, struct rusage *usage)
{
	return (pid_t)CANCELABLE4(wait4, -1, status, options, usage);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)CANCELABLE4(wait4, pid, status, options, NULL);
}

pid_t
wait(int *status)
{
	return (pid_t)CANCELABLE4(wait4, -1, status, 0, NULL);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return (int)CANCELABLE4(waitid, (int)type, (pid_t)id, info, options);
}

/* --- exec -------------------------------------------------------------------------------------- */

int
execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)__sys_exec(path, argv, envp);
}

int
fexecve(int fd, char *const argv[], char *const envp[])
{
	return (int)__sys_execat(fd, "", argv, envp, AT_EMPTY_PATH);
}

/* A file that is no program is a script of the shell. */
static void
exec_shell(const char *path, char *const argv[], char *const envp[])
{
	size_t n = 0;

	while (argv[n] != NULL)
		n++;
	{
		char *args[n + 3];

		args[0] = (char *)"sh";
		args[1] = (char *)path;
		for (size_t i = 1; i <= n; i++)
			args[i + 1] = argv[i];
		if (n == 0)
			args[2] = NULL;
		execve(_PATH_BSHELL, args, envp);
	}
}

int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct search s;

	if (*file == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (strchr(file, '/') != NULL) {
		execve(file, argv, envp);
		if (errno == ENOEXEC)
			exec_shell(file, argv, envp);
		return -1;
	}
	__search_begin(&s);
	while (__search_next(&s, file)) {
		execve(s.full, argv, envp);
		if (errno == ENOEXEC) {
			exec_shell(s.full, argv, envp);
			return -1;
		}
		if (!__search_on(&s, errno))
			return -1;
	}
	errno = SEARCH_ERROR(&s);
	return -1;
}

int
execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

int
execlp(const char *file, const char *arg, ...)
{
	va_list ap;
	size_t n = 1;

	va_start(ap, arg);
	while (va_arg(ap, char *) != NULL)
		n++;
	va_end(ap);
	{
		char *argv[n + 1];

		argv[0] = (char *)arg;
		va_start(ap, arg);
		for (size_t i = 1; i <= n; i++)
			argv[i] = va_arg(ap, char *);
		va_end(ap);
		return execvp(file, argv);
	}
}

int
system(const char *command)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, intr, quit;
	char *argv[] = { "sh", "-c", "--", (char *)command, NULL };
	sigset_t block = (sigset_t)1 << (SIGCHLD - 1), mask, dfl;
	int status = -1, error;
	posix_spawnattr_t attr;
	pid_t pid = -1;

	if (command == NULL)
		return access(_PATH_BSHELL, X_OK) == 0;
	error = posix_spawnattr_init(&attr);
	if (error != 0) {
		errno = error;
		return -1;
	}
	sigaction(SIGINT, &ignore, &intr);
	sigaction(SIGQUIT, &ignore, &quit);
	sigprocmask(SIG_BLOCK, &block, &mask);
	sigemptyset(&dfl);
	if (intr.sa_handler != SIG_IGN)
		sigaddset(&dfl, SIGINT);
	if (quit.sa_handler != SIG_IGN)
		sigaddset(&dfl, SIGQUIT);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &mask);
	posix_spawnattr_setsigdefault(&attr, &dfl);
	error = posix_spawn(&pid, _PATH_BSHELL, NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (error != 0 && error != EAGAIN && error != ENOMEM)
		status = 127 << 8;
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			error = errno;
			status = -1;
			break;
		}
	sigaction(SIGINT, &intr, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (status == -1)
		errno = error;
	return status;
}

int
_system_r(struct _reent *r, const char *command)
{
	return system(command);
}

/* What newlib's execl and its like call. */
int
_execve(const char *path, char *const argv[], char *const envp[])
{
	return execve(path, argv, envp);
}

/* --- identities -------------------------------------------------------------------------------- */

pid_t
getpid(void)
{
	return (pid_t)__sys_getpid();
}

pid_t
getppid(void)
{
	return (pid_t)__sys_getppid();
}

pid_t
gettid(void)
{
	return (pid_t)__sys_gettid();
}

pid_t
getpgid(pid_t pid)
{
	return (pid_t)__sys_getpgid(pid);
}

pid_t
getpgrp(void)
{
	return (pid_t)__sys_getpgid(0);
}

int
setpgid(pid_t pid, pid_t group)
{
	return (int)__sys_setpgid(pid, group);
}

int
setpgrp(void)
{
	return (int)__sys_setpgid(0, 0);
}

pid_t
getsid(pid_t pid)
{
	return (pid_t)__sys_getsid(pid);
}

pid_t
setsid(void)
{
	return (pid_t)__sys_setsid();
}

int
getresuid(uid_t *r, uid_t *e, uid_t *s)
{
	return (int)__sys_getresuid(r, e, s);
}

int
getresgid(gid_t *r, gid_t *e, gid_t *s)
{
	return (int)__sys_getresgid(r, e, s);
}

int
setresuid(uid_t r, uid_t e, uid_t s)
{
	return (int)__sys_setresuid(r, e, s);
}

int
setresgid(gid_t r, gid_t e, gid_t s)
{
	return (int)__sys_setresgid(r, e, s);
}

uid_t
getuid(void)
{
	uid_t id = 0;

	__sys_getresuid(&id, NULL, NULL);
	return id;
}

uid_t
geteuid(void)
{
	uid_t id = 0;

	__sys_getresuid(NULL, &id, NULL);
	return id;
}

gid_t
getgid(void)
{
	gid_t id = 0;

	__sys_getresgid(&id, NULL, NULL);
	return id;
}

gid_t
getegid(void)
{
	gid_t id = 0;

	__sys_getresgid(NULL, &id, NULL);
	return id;
}

int
setuid(uid_t id)
{
	return (int)__sys_setuid(id);
}

int
setgid(gid_t id)
{
	return (int)__sys_setgid(id);
}

int
seteuid(uid_t id)
{
	return (int)__sys_setresuid((uid_t)-1, id, (uid_t)-1);
}

int
setegid(gid_t id)
{
	return (int)__sys_setresgid((gid_t)-1, id, (gid_t)-1);
}

int
setreuid(uid_t r, uid_t e)
{
	return (int)__sys_setreuid(r, e);
}

int
setregid(gid_t r, gid_t e)
{
	return (int)__sys_setregid(r, e);
}

int
getgroups(int n, gid_t list[])
{
	return (int)__sys_getgroups(n, list);
}

int
setgroups(int n, const gid_t *list)
{
	return (int)__sys_setgroups(n, list);
}

/* --- limits and priorities --------------------------------------------------------------------- */

int
getrlimit(int resource, struct rlimit *limit)
{
	return (int)__sys_rlimit(0, resource, NULL, limit);
}

int
setrlimit(int resource, const struct rlimit *limit)
{
	return (int)__sys_rlimit(0, resource, limit, NULL);
}

int
getrusage(int who, struct rusage *usage)
{
	return (int)__sys_getrusage(who, usage);
}

int
getpriority(int which, id_t who)
{
	return (int)__sys_getpriority(which, (pid_t)who);
}

int
setpriority(int which, id_t who, int value)
{
	return (int)__sys_setpriority(which, (pid_t)who, value);
}

int
nice(int increment)
{
	int now = getpriority(PRIO_PROCESS, 0);

	if (setpriority(PRIO_PROCESS, 0, now + increment) < 0) {
		if (errno == EACCES)
			errno = EPERM;
		return -1;
	}
	return getpriority(PRIO_PROCESS, 0);
}

int
sched_yield(void)
{
	return (int)__sys_sched_yield();
}
