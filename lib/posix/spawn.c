/*
 * posix_spawn.
 *
 * The kernel's spawn makes the child without copying the caller; it takes a list of descriptors that
 * the child shall have or not have.  So the file actions are played here, on paper: a plan says for
 * each number that they touch which descriptor of the caller it ends up as.  What they open is
 * opened by the caller, close-on-exec, and closed again afterwards.
 *
 * What the call cannot do (RESETIDS, more descriptors than the caller's limit lets it open) is done
 * with vfork and exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <abi/task.h>
#include "libc.h"

extern char **environ;

enum op { OP_OPEN, OP_CLOSE, OP_DUP2 };

struct action {
	struct action *next;
	enum op op;
	int fd, flags, from;
	mode_t mode;
	char path[];
};

struct __posix_spawn_file_actions {
	struct action *first, **last;
	size_t n;
};

struct __posix_spawnattr {
	short flags;
	pid_t pgroup;
	struct sched_param param;
	int policy;
	sigset_t sigdefault, sigmask;
};

/* --- file actions ------------------------------------------------------------------------------ */

int
posix_spawn_file_actions_init(posix_spawn_file_actions_t *out)
{
	struct __posix_spawn_file_actions *fa = malloc(sizeof(*fa));

	if (fa == NULL)
		return ENOMEM;
	*fa = (struct __posix_spawn_file_actions){ .last = &fa->first };
	*out = fa;
	return 0;
}

int
posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *fa)
{
	struct action *a = (*fa)->first, *next;

	for (; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	free(*fa);
	*fa = NULL;
	return 0;
}

static int
add(struct __posix_spawn_file_actions *fa, const struct action *a, const char *path)
{
	size_t len = path != NULL ? strlen(path) + 1 : 0;
	struct action *new;

	if (a->fd < 0 || a->from < 0)
		return EBADF;
	new = malloc(sizeof(*new) + len);
	if (new == NULL)
		return ENOMEM;
	*new = *a;
	if (len > 0)
		memcpy(new->path, path, len);
	*fa->last = new;
	fa->last = &new->next;
	fa->n++;
	return 0;
}

int
posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict fa, int fd, const char *restrict path,
    int flags, mode_t mode)
{
	return add(*fa, &(struct action){ .op = OP_OPEN, .fd = fd, .flags = flags, .mode = mode }, path);
}

int
posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *fa, int from, int fd)
{
	return add(*fa, &(struct action){ .op = OP_DUP2, .fd = fd, .from = from }, NULL);
}

int
posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *fa, int fd)
{
	return add(*fa, &(struct action){ .op = OP_CLOSE, .fd = fd }, NULL);
}

/* --- attributes -------------------------------------------------------------------------------- */

int
posix_spawnattr_init(posix_spawnattr_t *out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : ENOMEM;
}

int
posix_spawnattr_destroy(posix_spawnattr_t *attr)
{
	free(*attr);
	*attr = NULL;
	return 0;
}

#define FLAGS	(POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSCHEDPARAM | \
		 POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)

int
posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
	if ((flags & ~FLAGS) != 0)
		return EINVAL;
	(*attr)->flags = flags;
	return 0;
}

#define ATTRIBUTE(name, type, pass, member) \
int \
posix_spawnattr_get##name(const posix_spawnattr_t *restrict attr, type *restrict value) \
{ \
	*value = (*attr)->member; \
	return 0; \
} \
int \
posix_spawnattr_set##name(posix_spawnattr_t *restrict attr, pass value) \
{ \
	(*attr)->member = VALUE_##name(value); \
	return 0; \
}
#define VALUE_pgroup(v)		(v)
#define VALUE_schedpolicy(v)	(v)
#define VALUE_schedparam(v)	(*(v))
#define VALUE_sigdefault(v)	(*(v))
#define VALUE_sigmask(v)	(*(v))
ATTRIBUTE(pgroup, pid_t, pid_t, pgroup)
ATTRIBUTE(schedpolicy, int, int, policy)
ATTRIBUTE(schedparam, struct sched_param, const struct sched_param *restrict, param)
ATTRIBUTE(sigdefault, sigset_t, const sigset_t *restrict, sigdefault)
ATTRIBUTE(sigmask, sigset_t, const sigset_t *restrict, sigmask)

int
posix_spawnattr_getflags(const posix_spawnattr_t *restrict attr, short *restrict flags)
{
	*flags = (*attr)->flags;
	return 0;
}

/* --- the plan ---------------------------------------------------------------------------------- */

struct plan {
	struct abi_spawn_desc *desc;	/* by number that the actions touch */
	size_t n;
	int *opened;			/* to be closed afterwards */
	size_t nopened;
};

static struct abi_spawn_desc *
planned(struct plan *p, int fd)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->desc[i].fd == fd)
			return &p->desc[i];
	return NULL;
}

static void
plan_set(struct plan *p, int fd, int from)
{
	struct abi_spawn_desc *d = planned(p, fd);

	if (d == NULL)
		d = &p->desc[p->n++];
	*d = (struct abi_spawn_desc){ .fd = fd, .handle = from < 0 ? 0 : (uint32_t)from,
		.flags = from < 0 ? SPAWN_CLOSE : MX_SPAWN_DUPLICATE };
}

static int
plan_action(struct plan *p, const struct action *a)
{
	struct abi_spawn_desc *d;
	int fd;

	switch (a->op) {
	case OP_CLOSE:
		plan_set(p, a->fd, -1);
		return 0;
	case OP_DUP2:
		d = planned(p, a->from);
		if (d != NULL && (d->flags & SPAWN_CLOSE) != 0)
			return EBADF;
		plan_set(p, a->fd, d != NULL ? (int)d->handle : a->from);
		return 0;
	default:
		fd = open(a->path, a->flags | O_CLOEXEC, a->mode);
		if (fd < 0)
			return errno;
		p->opened[p->nopened++] = fd;
		plan_set(p, a->fd, fd);
		return 0;
	}
}

static int
plan_make(struct plan *p, const struct __posix_spawn_file_actions *fa)
{
	int error = 0;

	*p = (struct plan){ 0 };
	if (fa == NULL || fa->n == 0)
		return 0;
	p->desc = calloc(fa->n, sizeof(*p->desc) + sizeof(*p->opened));
	if (p->desc == NULL)
		return ENOMEM;
	p->opened = (int *)(p->desc + fa->n);
	for (const struct action *a = fa->first; a != NULL && error == 0; a = a->next)
		error = plan_action(p, a);
	/* What is opened for the child's own close-on-exec is gone when the program runs. */
	for (const struct action *a = fa->first; a != NULL; a = a->next)
		if (a->op == OP_OPEN && (a->flags & O_CLOEXEC) != 0)
			plan_set(p, a->fd, -1);
	return error;
}

static void
plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->nopened; i++)
		close(p->opened[i]);
	free(p->desc);
}

/* --- with vfork -------------------------------------------------------------------------------- */

struct call {
	const char *path;
	char *const *argv, *const *envp;
	const struct __posix_spawn_file_actions *fa;
	const struct __posix_spawnattr *attr;	/* NULL: none */
	struct plan plan;
	int forks;			/* the kernel's spawn cannot do it */
};

static int
child_action(const struct action *a)
{
	int fd;

	switch (a->op) {
	case OP_CLOSE:
		return close(a->fd) < 0 && errno != EBADF ? -1 : 0;
	case OP_DUP2:
		return a->from == a->fd ? fcntl(a->fd, F_SETFD, 0) : dup2(a->from, a->fd);
	default:
		fd = open(a->path, a->flags, a->mode);
		if (fd < 0 || fd == a->fd)
			return fd;
		if (dup3(fd, a->fd, a->flags & O_CLOEXEC) < 0)
			return -1;
		return close(fd);
	}
}

static int
child_attributes(const struct __posix_spawnattr *attr)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };

	if (attr == NULL)
		return 0;
	if ((attr->flags & POSIX_SPAWN_SETPGROUP) != 0 && setpgid(0, attr->pgroup) < 0)
		return -1;
	if ((attr->flags & POSIX_SPAWN_RESETIDS) != 0 && (setegid(getgid()) < 0 || seteuid(getuid()) < 0))
		return -1;
	for (int sig = 1; (attr->flags & POSIX_SPAWN_SETSIGDEF) != 0 && sig < NSIG; sig++)
		if (sigismember(&attr->sigdefault, sig) > 0 && sig != SIGKILL && sig != SIGSTOP)
			sigaction(sig, &dfl, NULL);
	return (attr->flags & POSIX_SPAWN_SETSIGMASK) != 0 ? sigprocmask(SIG_SETMASK, &attr->sigmask, NULL) : 0;
}

/* Handlers do not run in the child: it has the caller's memory. */
static int
spawn_vfork(pid_t *pid, const struct call *c)
{
	volatile int error = 0;
	struct sigaction dfl = { .sa_handler = SIG_DFL }, now;
	sigset_t all = ~(sigset_t)0, mask;
	pid_t child;

	sigprocmask(SIG_SETMASK, &all, &mask);
	child = vfork();
	if (child == 0) {
		for (int sig = 1; sig < NSIG; sig++)
			if (sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_IGN && now.sa_handler != SIG_DFL)
				sigaction(sig, &dfl, NULL);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		if (child_attributes(c->attr) == 0) {
			const struct action *a = c->fa != NULL ? c->fa->first : NULL;

			while (a != NULL && child_action(a) >= 0)
				a = a->next;
			if (a == NULL)
				execve(c->path, c->argv, c->envp);
		}
		error = errno;
		_exit(127);
	}
	if (child < 0)
		error = errno;
	else if (error != 0)
		waitpid(child, NULL, 0);
	else if (pid != NULL)
		*pid = child;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return error;
}

/* --- with the kernel's spawn ------------------------------------------------------------------- */

static int
spawn_once(pid_t *pid, const struct call *c)
{
	struct abi_spawn args = { .path = (uintptr_t)c->path, .argv = (uintptr_t)c->argv,
		.envp = (uintptr_t)c->envp, .descs = (uintptr_t)c->plan.desc, .ndescs = c->plan.n };
	const struct __posix_spawnattr *attr = c->attr;
	intptr_t child;

	if (c->forks)
		return spawn_vfork(pid, c);
	if (attr != NULL && (attr->flags & POSIX_SPAWN_SETPGROUP) != 0) {
		args.options |= SPAWN_SETPGROUP;
		args.pgroup = attr->pgroup;
	}
	if (attr != NULL && (attr->flags & POSIX_SPAWN_SETSIGMASK) != 0) {
		args.options |= SPAWN_SETSIGMASK;
		args.sigmask = attr->sigmask;
	}
	if (attr != NULL && (attr->flags & POSIX_SPAWN_SETSIGDEF) != 0) {
		args.options |= SPAWN_SETSIGDEF;
		args.sigdefault = attr->sigdefault;
	}
	child = __sys_spawn(&args);
	if (child < 0)
		return errno;
	if (pid != NULL)
		*pid = (pid_t)child;
	return 0;
}

/* A file that is no program is a script of the shell. */
static int
spawn_shell(pid_t *pid, struct call *c)
{
	const char *path = c->path;
	char *const *argv = c->argv;
	size_t n = 0;
	char **args;
	int error;

	while (argv[n] != NULL)
		n++;
	args = calloc(n + 3, sizeof(*args));
	if (args == NULL)
		return ENOMEM;
	args[0] = (char *)"sh";
	args[1] = (char *)path;
	for (size_t i = 1; i < n; i++)
		args[i + 1] = argv[i];
	c->path = _PATH_BSHELL;
	c->argv = args;
	error = spawn_once(pid, c);
	c->path = path;
	c->argv = argv;
	free(args);
	return error;
}

static int
spawn_search(pid_t *pid, struct call *c, const char *file)
{
	struct search s;
	int error;

	__search_begin(&s);
	while (__search_next(&s, file)) {
		c->path = s.full;
		error = spawn_once(pid, c);
		if (error == ENOEXEC)
			error = spawn_shell(pid, c);
		if (!__search_on(&s, error))
			return error;
	}
	return SEARCH_ERROR(&s);
}

static int
scheduling(const struct __posix_spawnattr *attr)
{
	if (attr == NULL || (attr->flags & (POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER)) == 0)
		return 0;
	if ((attr->flags & POSIX_SPAWN_SETSCHEDULER) != 0 && attr->policy != SCHED_OTHER)
		return EINVAL;
	return attr->param.sched_priority == 0 ? 0 : EINVAL;
}

static int
spawn(pid_t *pid, const char *file, int search, const posix_spawn_file_actions_t *fa,
    const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	struct call c = { .path = file, .argv = argv, .envp = envp, .fa = fa != NULL ? *fa : NULL,
		.attr = attr != NULL ? *attr : NULL };
	int saved = errno, error = scheduling(c.attr);

	if (error == 0 && search && *file == '\0')
		error = ENOENT;
	if (error != 0)
		return error;
	if (c.attr != NULL && (c.attr->flags & POSIX_SPAWN_RESETIDS) != 0)
		c.forks = 1;
	else
		error = plan_make(&c.plan, c.fa);
	if (error == EMFILE)
		c.forks = 1;
	if (error == 0 || c.forks) {
		if (search && strchr(file, '/') == NULL)
			error = spawn_search(pid, &c, file);
		else
			error = spawn_once(pid, &c);
		if (search && error == ENOEXEC)
			error = spawn_shell(pid, &c);
	}
	plan_done(&c.plan);
	errno = saved;
	return error;
}

int
posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *fa,
    const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
	return spawn(pid, path, 0, fa, attr, argv, envp);
}

int
posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *fa,
    const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
	return spawn(pid, file, 1, fa, attr, argv, envp);
}
