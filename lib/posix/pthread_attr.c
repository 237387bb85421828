/* Attributes of threads; names, signals and other things of one thread. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <abi/thread.h>
#include "thread.h"

int
pthread_attr_init(pthread_attr_t *a)
{
	*a = (pthread_attr_t){ .is_initialized = 1, .stacksize = 1 << 20, .guardsize = 4096,
	    .detachstate = PTHREAD_CREATE_JOINABLE, .contentionscope = PTHREAD_SCOPE_SYSTEM,
	    .inheritsched = PTHREAD_INHERIT_SCHED };
	return 0;
}

int
pthread_attr_destroy(pthread_attr_t *a)
{
	a->is_initialized = 0;
	return 0;
}

int
pthread_attr_setstacksize(pthread_attr_t *a, size_t size)
{
	if (size < PTHREAD_STACK_MIN || size > (size_t)1 << 32)
		return EINVAL;
	a->stacksize = size;
	return 0;
}

int
pthread_attr_getstacksize(const pthread_attr_t *a, size_t *size)
{
	*size = a->stacksize;
	return 0;
}

int
pthread_attr_setstack(pthread_attr_t *a, void *addr, size_t size)
{
	if (size < PTHREAD_STACK_MIN || addr == NULL || (uintptr_t)addr % 16 != 0)
		return EINVAL;
	a->stackaddr = addr;
	a->stacksize = size;
	return 0;
}

int
pthread_attr_getstack(const pthread_attr_t *a, void **addr, size_t *size)
{
	*addr = a->stackaddr;
	*size = a->stacksize;
	return 0;
}

/* The low end, with the size that is set before or after. */
int
pthread_attr_setstackaddr(pthread_attr_t *a, void *addr)
{
	a->stackaddr = addr;
	return 0;
}

int
pthread_attr_getstackaddr(const pthread_attr_t *a, void **addr)
{
	*addr = a->stackaddr;
	return 0;
}

int
pthread_attr_setguardsize(pthread_attr_t *a, size_t size)
{
	if (size > (size_t)1 << 32)
		return EINVAL;
	a->guardsize = size;
	return 0;
}

int
pthread_attr_getguardsize(const pthread_attr_t *a, size_t *size)
{
	*size = a->guardsize;
	return 0;
}

int
pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
	if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
		return EINVAL;
	a->detachstate = state;
	return 0;
}

int
pthread_attr_getdetachstate(const pthread_attr_t *a, int *state)
{
	*state = a->detachstate;
	return 0;
}

int
pthread_attr_setscope(pthread_attr_t *a, int scope)
{
	if (scope != PTHREAD_SCOPE_SYSTEM)
		return scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
	return 0;
}

int
pthread_attr_getscope(const pthread_attr_t *a, int *scope)
{
	*scope = PTHREAD_SCOPE_SYSTEM;
	return 0;
}

/* --- one thread --- */

/* A call on a thread that has ended finds no such id. */
static int
throp(long cmd, pthread_t thread, void *arg)
{
	struct __pthread *t = (struct __pthread *)thread;
	uint32_t tid = t == thread_self() ? thread_tid() : LOAD(&t->tid);
	int saved = errno, error;

	if (tid == 0)
		return ESRCH;
	error = RESULT(__sys_throp(cmd, (long)tid, arg));
	errno = saved;
	return error;
}

int
pthread_setname_np(pthread_t thread, const char *name)
{
	struct abi_thratr a = { .name = "" };

	if (strlen(name) >= sizeof(a.name))
		return ERANGE;
	strcpy(a.name, name);
	return throp(THR_SETATR, thread, &a);
}

int
pthread_kill(pthread_t thread, int sig)
{
	struct __pthread *t = (struct __pthread *)thread;
	uint32_t tid = t == thread_self() ? thread_tid() : LOAD(&t->tid);
	int saved = errno, error;

	if (sig < 0 || sig >= NSIG)
		return EINVAL;
	if (tid == 0)
		return 0;	/* ended, not joined: POSIX.1-2017 lets it be nothing */
	error = RESULT(__sys_tgkill(0, (int)tid, sig));
	errno = saved;
	return error == ESRCH ? 0 : error;
}

int
pthread_getconcurrency(void)
{
	return 0;
}

int
pthread_setconcurrency(int level)
{
	return level < 0 ? EINVAL : 0;
}

void
pthread_yield(void)
{
	sched_yield();
}
