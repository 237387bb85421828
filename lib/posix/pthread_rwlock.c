/*
 * Reader-writer locks: the word is the number of readers, or WRITER, and WAITERS when somebody sleeps.  Readers
 * go before writers that wait, so a thread may read twice.  Who frees the lock wakes all that sleep.
 */
#include <errno.h>
#include "attr.h"
#include "thread.h"

#define WAITERS	0x80000000u
#define WRITER	0x7fffffffu

int
pthread_rwlockattr_init(pthread_rwlockattr_t *a)
{
	*a = (pthread_rwlockattr_t){ .is_initialized = 1 };
	return 0;
}

ATTR_DESTROY(rwlockattr)
ATTR(rwlockattr, pshared, int, process_shared, BAD_PSHARED(v))

int
pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *a)
{
	*l = (pthread_rwlock_t)_PTHREAD_RWLOCK_INITIALIZER;
	return 0;
}

int
pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	return LOAD(&l->__word) != 0 ? EBUSY : 0;
}

/* 0, EBUSY, or EAGAIN: too many readers. */
static int
take(pthread_rwlock_t *l, bool write)
{
	for (;;) {
		uint32_t w = LOAD(&l->__word), n = w & ~WAITERS;

		if (n == WRITER || (write && n != 0))
			return EBUSY;
		if (!write && n == WRITER - 1)
			return EAGAIN;
		if (!CAS(&l->__word, w, (w & WAITERS) | (write ? WRITER : n + 1)))
			continue;
		if (write)
			STORE(&l->__writer, thread_tid());
		return 0;
	}
}

static int
take_until(pthread_rwlock_t *l, bool write, int64_t deadline)
{
	int error;

	while ((error = take(l, write)) == EBUSY) {
		uint32_t w = LOAD(&l->__word);

		if ((w & ~WAITERS) == WRITER && LOAD(&l->__writer) == thread_tid())
			return EDEADLK;
		if ((w & ~WAITERS) == 0)
			continue;
		if ((w & WAITERS) == 0 && !CAS(&l->__word, w, w | WAITERS))
			continue;
		if (futex_wait(&l->__word, w | WAITERS, deadline) == MX_ERR_TIMED_OUT)
			return ETIMEDOUT;
	}
	return error;
}

static int
take_timed(pthread_rwlock_t *l, bool write, const struct timespec *until)
{
	int64_t deadline;
	int error = take(l, write);

	if (error != EBUSY)
		return error;
	error = __thread_deadline(CLOCK_REALTIME, until, &deadline);
	return error != 0 ? error : take_until(l, write, deadline);
}

int
pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return take_until(l, false, FOREVER);
}

int
pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return take(l, false);
}

int
pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *until)
{
	return take_timed(l, false, until);
}

int
pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return take_until(l, true, FOREVER);
}

int
pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return take(l, true);
}

int
pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *until)
{
	return take_timed(l, true, until);
}

int
pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	for (;;) {
		uint32_t w = LOAD(&l->__word), n = w & ~WAITERS, left = n == WRITER ? 0 : n - 1;

		if (n == 0 || (n == WRITER && LOAD(&l->__writer) != thread_tid()))
			return EPERM;
		if (n == WRITER)
			STORE(&l->__writer, 0);
		if (!CAS(&l->__word, w, left != 0 ? left | (w & WAITERS) : 0)) {
			if (n == WRITER)
				STORE(&l->__writer, thread_tid());
			continue;
		}
		if (left == 0 && (w & WAITERS) != 0)
			futex_wake(&l->__word, UINT32_MAX);
		return 0;
	}
}
