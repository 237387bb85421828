/* Barriers, spin locks, unnamed semaphores. */
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include "attr.h"
#include "thread.h"

/* --- barriers --- */

int
pthread_barrierattr_init(pthread_barrierattr_t *a)
{
	*a = (pthread_barrierattr_t){ .is_initialized = 1 };
	return 0;
}

ATTR_DESTROY(barrierattr)
ATTR(barrierattr, pshared, int, process_shared, BAD_PSHARED(v))

int
pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *a, unsigned count)
{
	if (count == 0)
		return EINVAL;
	*b = (pthread_barrier_t){ .__count = count };
	return 0;
}

/* Those whom the barrier let go may still stand in it. */
int
pthread_barrier_destroy(pthread_barrier_t *b)
{
	if (LOAD(&b->__arrived) != 0)
		return EBUSY;
	while (LOAD(&b->__inside) != 0)
		sched_yield();
	return 0;
}

int
pthread_barrier_wait(pthread_barrier_t *b)
{
	uint32_t seq = LOAD(&b->__seq);
	int result = 0;

	(void)ADD(&b->__inside, 1u);
	if (ADD(&b->__arrived, 1u) == b->__count) {
		STORE(&b->__arrived, 0);
		(void)ADD(&b->__seq, 1u);
		futex_wake(&b->__seq, UINT32_MAX);
		result = PTHREAD_BARRIER_SERIAL_THREAD;
	} else {
		while (LOAD(&b->__seq) == seq)
			futex_wait(&b->__seq, seq, FOREVER);
	}
	(void)ADD(&b->__inside, -1u);
	return result;
}

/* --- spin locks: with one CPU the holder must run --- */

int
pthread_spin_init(pthread_spinlock_t *l, int shared)
{
	*l = 0;
	return 0;
}

int
pthread_spin_destroy(pthread_spinlock_t *l)
{
	return LOAD(l) != 0 ? EBUSY : 0;
}

int
pthread_spin_trylock(pthread_spinlock_t *l)
{
	return CAS(l, 0u, 1u) ? 0 : EBUSY;
}

int
pthread_spin_lock(pthread_spinlock_t *l)
{
	for (unsigned n = 0; !CAS(l, 0u, 1u); n++) {
		if (n % 64 == 63)
			sched_yield();
		__builtin_ia32_pause();
	}
	return 0;
}

int
pthread_spin_unlock(pthread_spinlock_t *l)
{
	STORE(l, 0);
	return 0;
}

/* --- semaphores --- */

static int
fail(int error)
{
	errno = error;
	return -1;
}

int
sem_init(sem_t *s, int shared, unsigned value)
{
	if (value > SEM_VALUE_MAX)
		return fail(EINVAL);
	*s = (sem_t){ .__value = value };
	return 0;
}

int
sem_destroy(sem_t *s)
{
	return LOAD(&s->__waiters) != 0 ? fail(EBUSY) : 0;
}

int
sem_getvalue(sem_t *__restrict s, int *__restrict value)
{
	*value = (int)LOAD(&s->__value);
	return 0;
}

int
sem_post(sem_t *s)
{
	uint32_t v;

	do {
		v = LOAD(&s->__value);
		if (v == SEM_VALUE_MAX)
			return fail(EOVERFLOW);
	} while (!CAS(&s->__value, v, v + 1));
	if (LOAD(&s->__waiters) != 0)
		futex_wake(&s->__value, 1);
	return 0;
}

int
sem_trywait(sem_t *s)
{
	uint32_t v;

	while ((v = LOAD(&s->__value)) != 0)
		if (CAS(&s->__value, v, v - 1))
			return 0;
	return fail(EAGAIN);
}

static int
sem_wait_until(sem_t *s, int64_t deadline)
{
	int saved = errno, status;

	__cancel_point();
	while (sem_trywait(s) != 0) {
		(void)ADD(&s->__waiters, 1u);
		status = __futex_wait_signal(&s->__value, 0, deadline);
		(void)ADD(&s->__waiters, -1u);
		if (status == ECANCELED)
			pthread_exit(PTHREAD_CANCELED);
		if (status == MX_ERR_TIMED_OUT || status == EINTR)
			return fail(status == EINTR ? EINTR : ETIMEDOUT);
	}
	errno = saved;
	return 0;
}

int
sem_wait(sem_t *s)
{
	return sem_wait_until(s, FOREVER);
}

int
sem_timedwait(sem_t *__restrict s, const struct timespec *__restrict until)
{
	int64_t deadline;
	int saved = errno, error;

	if (sem_trywait(s) == 0) {
		errno = saved;
		return 0;
	}
	error = __thread_deadline(CLOCK_REALTIME, until, &deadline);
	return error != 0 ? fail(error) : sem_wait_until(s, deadline);
}
