/*
 * Condition variables.
 *
 * A waiter notes __seq, lets go of the mutex and sleeps while __seq is what it was; signal and broadcast step
 * it first, so what happens in between is not missed.  A broadcast wakes one waiter and moves the others
 * to the mutex, where each wakes the next when it lets go: from the first broadcast on (`__moved') a waiter takes
 * the mutex as one that others wait for.  The flag stays: a waiter of a later round can be the one that is woken
 * for those who were moved.  A shared condition wakes all, for the mutex may be elsewhere in the other process; so does one whose mutex
 * is robust or lends priority, which keep account of who waits.
 */
#include <errno.h>
#include "attr.h"
#include "thread.h"

int
__thread_deadline(clockid_t clock, const struct timespec *t, int64_t *deadline)
{
	struct timespec now, mono;
	__int128 d;

	if (t->tv_nsec < 0 || t->tv_nsec >= 1000000000)
		return EINVAL;
	if (clock_gettime(clock, &now) != 0 || clock_gettime(CLOCK_MONOTONIC, &mono) != 0)
		return EINVAL;
	d = (__int128)(t->tv_sec - now.tv_sec + mono.tv_sec) * 1000000000 + t->tv_nsec - now.tv_nsec + mono.tv_nsec;
	*deadline = d < 0 ? 0 : d >= INT64_MAX ? INT64_MAX - 1 : (int64_t)d;
	return 0;
}

int
pthread_condattr_init(pthread_condattr_t *a)
{
	*a = (pthread_condattr_t){ .is_initialized = 1, .clock = CLOCK_REALTIME };
	return 0;
}

ATTR_DESTROY(condattr)
ATTR(condattr, pshared, int, process_shared, BAD_PSHARED(v))
ATTR_SET(condattr, clock, clockid_t, clock, v != CLOCK_REALTIME && v != CLOCK_MONOTONIC ? EINVAL : 0)

int
pthread_condattr_getclock(const pthread_condattr_t *__restrict a, clockid_t *__restrict clock)
{
	*clock = (clockid_t)a->clock;
	return 0;
}

int
pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{
	*c = (pthread_cond_t){ 0 };
	if (a != NULL) {
		c->__clock = (uint16_t)a->clock;
		c->__shared = (uint16_t)a->process_shared;
	}
	return 0;
}

/* Who was woken may not have left yet. */
int
pthread_cond_destroy(pthread_cond_t *c)
{
	while (LOAD(&c->__waiters) != 0)
		sched_yield();
	return 0;
}

int
pthread_cond_signal(pthread_cond_t *c)
{
	if (LOAD(&c->__waiters) == 0)
		return 0;
	(void)ADD(&c->__seq, 1u);
	futex_wake(&c->__seq, 1);
	return 0;
}

int
pthread_cond_broadcast(pthread_cond_t *c)
{
	pthread_mutex_t *m = c->__mutex;
	uint32_t seq;

	if (LOAD(&c->__waiters) == 0)
		return 0;
	seq = ADD(&c->__seq, 1u);
	if (c->__shared || m == NULL || !__mutex_is_plain(m)) {
		futex_wake(&c->__seq, UINT32_MAX);
		return 0;
	}
	STORE(&c->__moved, 1u);
	if (__sys_mx_futex_requeue(&c->__seq, 1, seq, &m->__word, UINT32_MAX, 0) != MX_OK)
		futex_wake(&c->__seq, UINT32_MAX);
	return 0;
}

static int
wait_until(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline)
{
	struct __pthread *t = thread_self();
	uint32_t seq, depth;
	int error, relock, status;

	__cancel_point();
	(void)ADD(&c->__waiters, 1u);
	if (!c->__shared)
		c->__mutex = m;
	seq = LOAD(&c->__seq);
	error = __mutex_release(m, &depth);
	if (error != 0) {
		(void)ADD(&c->__waiters, -1u);
		return error;
	}
	status = __futex_wait_cancel(&c->__seq, seq, deadline);
	(void)ADD(&c->__waiters, -1u);
	relock = __mutex_relock(m, depth, LOAD(&c->__moved) != 0);
	if (status == ECANCELED && !t->exiting)
		pthread_exit(PTHREAD_CANCELED);
	return relock != 0 ? relock : status == MX_ERR_TIMED_OUT ? ETIMEDOUT : 0;
}

int
pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	return wait_until(c, m, FOREVER);
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	clockid_t clock = c->__clock != 0 ? (clockid_t)c->__clock : CLOCK_REALTIME;
	int64_t deadline;
	int error = __thread_deadline(clock, until, &deadline);

	return error != 0 ? error : wait_until(c, m, deadline);
}
