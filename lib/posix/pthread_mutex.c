/*
 * Mutexes.
 *
 * The word is the holder's thread id, with WAITERS when somebody sleeps on it; 0 is free.  So a mutex knows its
 * holder in any process that shares it.  Who has slept takes it with WAITERS set: others may sleep too.
 *
 * A default mutex finds out about a thread that locks it twice (EDEADLK) or unlocks what it does not hold
 * (EPERM); a normal one waits for ever, as POSIX has it.
 */
#include <errno.h>
#include "thread.h"

#define WAITERS	0x80000000u

enum { DEFAULT, RECURSIVE, ERRORCHECK, NORMAL };	/* __kind: a mutex of zeros is a default one */

/* --- attributes --- */

int
pthread_mutexattr_init(pthread_mutexattr_t *a)
{
	*a = (pthread_mutexattr_t){ .is_initialized = 1, .type = PTHREAD_MUTEX_DEFAULT };
	return 0;
}

int
pthread_mutexattr_destroy(pthread_mutexattr_t *a)
{
	a->is_initialized = 0;
	return 0;
}

int
pthread_mutexattr_settype(pthread_mutexattr_t *a, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_DEFAULT)
		return EINVAL;
	a->type = type;
	return 0;
}

int
pthread_mutexattr_gettype(const pthread_mutexattr_t *a, int *type)
{
	*type = a->type;
	return 0;
}

int
pthread_mutexattr_setpshared(pthread_mutexattr_t *a, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	a->process_shared = shared;
	return 0;
}

int
pthread_mutexattr_getpshared(const pthread_mutexattr_t *a, int *shared)
{
	*shared = a->process_shared;
	return 0;
}

int
pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol)
{
	if (protocol != PTHREAD_PRIO_NONE)
		return protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT ? ENOTSUP : EINVAL;
	return 0;
}

int
pthread_mutexattr_getprotocol(const pthread_mutexattr_t *a, int *protocol)
{
	*protocol = PTHREAD_PRIO_NONE;
	return 0;
}

int
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	static const uint8_t kinds[] = { [PTHREAD_MUTEX_NORMAL] = NORMAL, [PTHREAD_MUTEX_RECURSIVE] = RECURSIVE,
		[PTHREAD_MUTEX_ERRORCHECK] = ERRORCHECK, [PTHREAD_MUTEX_DEFAULT] = DEFAULT };

	*m = (pthread_mutex_t){ .__kind = kinds[a != NULL ? a->type : PTHREAD_MUTEX_DEFAULT] };
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *m)
{
	return LOAD(&m->__word) != 0 ? EBUSY : 0;
}

/* --- locking --- */

/* The holder again: one level more, or what is wrong with it. */
static int
held_already(pthread_mutex_t *m, int error)
{
	if (m->__kind != RECURSIVE)
		return error;
	if (m->__depth == UINT32_MAX)
		return EAGAIN;
	m->__depth++;
	return 0;
}

int
pthread_mutex_trylock(pthread_mutex_t *m)
{
	uint32_t me = thread_tid();

	if (CAS(&m->__word, 0u, me))
		return 0;
	return (LOAD(&m->__word) & ~WAITERS) == me ? held_already(m, EBUSY) : EBUSY;
}

/* Sleeps until it is free; `mine' is what the word becomes. */
static int
lock_slowly(pthread_mutex_t *m, uint32_t mine, int64_t deadline)
{
	for (;;) {
		uint32_t w = LOAD(&m->__word);

		if (w == 0) {
			if (CAS(&m->__word, 0u, mine))
				return 0;
			continue;
		}
		if ((w & WAITERS) == 0 && !CAS(&m->__word, w, w | WAITERS))
			continue;
		if (futex_wait(&m->__word, w | WAITERS, deadline) == MX_ERR_TIMED_OUT)
			return ETIMEDOUT;
		mine |= WAITERS;
	}
}

static int
lock_until(pthread_mutex_t *m, int64_t deadline)
{
	uint32_t me = thread_tid();

	if (CAS(&m->__word, 0u, me))
		return 0;
	if ((LOAD(&m->__word) & ~WAITERS) == me && m->__kind != NORMAL)
		return held_already(m, EDEADLK);
	return lock_slowly(m, me, deadline);
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
	return lock_until(m, FOREVER);
}

int
pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	int64_t deadline;
	int error = pthread_mutex_trylock(m);

	if (error != EBUSY)
		return error;
	error = __thread_deadline(CLOCK_REALTIME, until, &deadline);
	return error != 0 ? error : lock_until(m, deadline);
}

static void
release(pthread_mutex_t *m)
{
	if ((SWAP(&m->__word, 0u) & WAITERS) != 0)
		futex_wake(&m->__word, 1);
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (m->__kind != NORMAL && (LOAD(&m->__word) & ~WAITERS) != thread_tid())
		return EPERM;
	if (m->__depth > 0)
		m->__depth--;
	else
		release(m);
	return 0;
}

/* --- for condition variables --- */

int
__mutex_release(pthread_mutex_t *m, uint32_t *depth)
{
	if ((LOAD(&m->__word) & ~WAITERS) != thread_tid())
		return EPERM;
	*depth = m->__depth;
	m->__depth = 0;
	release(m);
	return 0;
}

int
__mutex_relock(pthread_mutex_t *m, uint32_t depth)
{
	int error = lock_slowly(m, thread_tid() | WAITERS, FOREVER);

	m->__depth = depth;
	return error;
}
