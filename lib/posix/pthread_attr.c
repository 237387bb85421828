/* Attributes of threads; names, signals and other things of one thread. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <abi/thread.h>
#include "attr.h"
#include "thread.h"

#define STACK_MAX	((size_t)1 << 32)	/* of size and of guard */

int
pthread_attr_init(pthread_attr_t *a)
{
	*a = (pthread_attr_t){ .is_initialized = 1, .stacksize = 1 << 20, .guardsize = 4096,
	    .detachstate = PTHREAD_CREATE_JOINABLE, .contentionscope = PTHREAD_SCOPE_SYSTEM,
	    .inheritsched = PTHREAD_INHERIT_SCHED };
	return 0;
}

ATTR_DESTROY(attr)
ATTR(attr, stacksize, size_t, stacksize, v < PTHREAD_STACK_MIN || v > STACK_MAX ? EINVAL : 0)
ATTR(attr, guardsize, size_t, guardsize, v > STACK_MAX ? EINVAL : 0)
ATTR(attr, detachstate, int, detachstate,
    v != PTHREAD_CREATE_JOINABLE && v != PTHREAD_CREATE_DETACHED ? EINVAL : 0)
ATTR(attr, scope, int, contentionscope,
    v == PTHREAD_SCOPE_SYSTEM ? 0 : v == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL)
ATTR(attr, inheritsched, int, inheritsched,
    v != PTHREAD_INHERIT_SCHED && v != PTHREAD_EXPLICIT_SCHED ? EINVAL : 0)
/* The low end, with the size that is set before or after. */
ATTR(attr, stackaddr, void *, stackaddr, 0)
ATTR_GET(attr, schedpolicy, int, a->schedpolicy)
ATTR_GET(attr, schedparam, struct sched_param, a->schedparam)

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

/* The priority goes to an end of the policy's when it does not fit. */
int
pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
	int priority = policy == SCHED_RR ? RR_MIN : 0, error = __sched_check(policy, priority);

	if (error != 0)
		return error;
	if (a->schedpolicy != policy)
		a->schedparam.sched_priority = priority;
	a->schedpolicy = policy;
	return 0;
}

int
pthread_attr_setschedparam(pthread_attr_t *a, const struct sched_param *p)
{
	int error = __sched_check(a->schedpolicy, p->sched_priority);

	if (error == 0)
		a->schedparam = *p;
	return error;
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
pthread_getname_np(pthread_t thread, char *name, size_t size)
{
	struct abi_thratr a;
	int error = throp(THR_GETATR, thread, &a);

	if (error != 0)
		return error;
	if (strlen(a.name) >= size)
		return ERANGE;
	strcpy(name, a.name);
	return 0;
}

/* A negative clock is a thread of the process. */
int
pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	struct __pthread *t = (struct __pthread *)thread;
	uint32_t tid = t == thread_self() ? thread_tid() : LOAD(&t->tid);

	if (tid == 0)
		return ESRCH;
	*clock = (clockid_t)(int)(tid | 1u << 31);
	return 0;
}

/* --- scheduling --- */

int
__sched_check(int policy, int priority)
{
	if (policy == SCHED_FIFO)
		return ENOTSUP;
	if (policy == SCHED_RR)
		return priority < RR_MIN || priority > RR_MAX ? EINVAL : 0;
	return policy != SCHED_OTHER || priority != 0 ? EINVAL : 0;
}

int
__thread_sched(struct __pthread *t, int rt, int nice)
{
	struct abi_thrrtop r = { .op = THRRT_SET, .class = rt ? THR_CLASS_RT : THR_CLASS_USER, .nice = nice };
	int error = throp(THR_RTOP, (pthread_t)t, &r);

	if (error == 0)
		t->rt = (uint8_t)rt;
	return error;
}

int
pthread_getschedparam(pthread_t thread, int *policy, struct sched_param *p)
{
	struct abi_thrrtop r = { .op = THRRT_GET };
	int error = throp(THR_RTOP, thread, &r);

	if (error != 0)
		return error;
	*policy = r.class == THR_CLASS_RT ? SCHED_RR : SCHED_OTHER;
	*p = (struct sched_param){ .sched_priority = r.class == THR_CLASS_RT ? 20 - r.nice : 0 };
	return 0;
}

/* Who stays in SCHED_OTHER keeps its nice value. */
int
pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *p)
{
	struct sched_param was;
	int old, error = __sched_check(policy, p->sched_priority);

	if (error != 0 || (error = pthread_getschedparam(thread, &old, &was)) != 0)
		return error;
	if (policy == SCHED_OTHER && old == SCHED_OTHER)
		return 0;
	return __thread_sched((struct __pthread *)thread, policy == SCHED_RR,
	    policy == SCHED_RR ? RR_NICE(p->sched_priority) : 0);
}

int
pthread_setschedprio(pthread_t thread, int priority)
{
	struct sched_param p;
	int policy, error = pthread_getschedparam(thread, &policy, &p);

	p.sched_priority = priority;
	return error != 0 ? error : pthread_setschedparam(thread, policy, &p);
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
