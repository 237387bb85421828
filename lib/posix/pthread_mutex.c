/*
 * Mutexes.
 *
 * The word is the holder's thread id, with WAITERS when somebody sleeps on it; 0 is free.  So a mutex knows its
 * holder in any process that shares it.  Who has slept takes it with WAITERS set: others may sleep too.
 *
 * A default mutex finds out about a thread that locks it twice (EDEADLK) or unlocks what it does not hold
 * (EPERM); a normal one waits for ever, as POSIX has it.
 *
 * PRIO_INHERIT.  Who waits tells the kernel who holds it (THR_WAIT), which runs at his priority; who lets go makes
 * the one he wakes the holder for those who go on waiting.
 *
 * ROBUST.  A thread keeps a list of the robust mutexes that it holds, which the kernel reads at its end
 * (abi/thread.h): their words become DIED.  Who takes such a one gets EOWNERDEAD and `__inconsistent'; if
 * it lets go before pthread_mutex_consistent(), the word is LOST for good.  Between its writes to word and list
 * a mutex is `pending', also while its thread sleeps: the kernel gives a wake-up on that nobody used.
 */
#include <errno.h>
#include <abi/thread.h>
#include "attr.h"
#include "thread.h"

#define WAITERS	THR_LOCK_WAITERS
#define DIED	THR_LOCK_DIED
#define TID	THR_LOCK_TID
#define LOST	THR_LOCK_TID		/* nobody has this id */

/* __kind: a mutex of zeros is a default one. */
enum { DEFAULT, RECURSIVE, ERRORCHECK, NORMAL, TYPE = 3, ROBUST = 4, INHERIT = 8 };

_Static_assert(offsetof(pthread_mutex_t, __word) == offsetof(struct abi_lock, word) &&
    offsetof(pthread_mutex_t, __next) == offsetof(struct abi_lock, next), "struct abi_lock");

/* --- attributes --- */

int
pthread_mutexattr_init(pthread_mutexattr_t *a)
{
	*a = (pthread_mutexattr_t){ .is_initialized = 1, .type = PTHREAD_MUTEX_DEFAULT };
	return 0;
}

ATTR_DESTROY(mutexattr)
ATTR(mutexattr, type, int, type, v < PTHREAD_MUTEX_NORMAL || v > PTHREAD_MUTEX_DEFAULT ? EINVAL : 0)
ATTR(mutexattr, pshared, int, process_shared, BAD_PSHARED(v))
ATTR(mutexattr, robust, int, robust, v != PTHREAD_MUTEX_STALLED && v != PTHREAD_MUTEX_ROBUST ? EINVAL : 0)
ATTR(mutexattr, protocol, int, protocol,
    v == PTHREAD_PRIO_PROTECT ? ENOTSUP : v != PTHREAD_PRIO_NONE && v != PTHREAD_PRIO_INHERIT ? EINVAL : 0)

int
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	static const uint8_t kinds[] = { [PTHREAD_MUTEX_NORMAL] = NORMAL, [PTHREAD_MUTEX_RECURSIVE] = RECURSIVE,
		[PTHREAD_MUTEX_ERRORCHECK] = ERRORCHECK, [PTHREAD_MUTEX_DEFAULT] = DEFAULT };
	uint32_t kind = DEFAULT;

	if (a != NULL)
		kind = kinds[a->type] | (a->robust == PTHREAD_MUTEX_ROBUST ? ROBUST : 0) |
		    (a->protocol == PTHREAD_PRIO_INHERIT ? INHERIT : 0);
	*m = (pthread_mutex_t){ .__kind = kind };
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *m)
{
	uint32_t w = LOAD(&m->__word);

	return (w & TID) != 0 && w != LOST ? EBUSY : 0;
}

/* --- the list of a thread --- */

static pthread_mutex_t *
at(uint64_t address)
{
	return (pthread_mutex_t *)(uintptr_t)address;
}

/* The kernel reads what was written when the thread ends: order matters to the compiler only. */
static void
robust_begin(pthread_mutex_t *m)
{
	struct __pthread *t = thread_self();

	if (!t->robust_known) {
		int saved = errno;

		__sys_throp(THR_ROBUST, 0, &t->robust);
		errno = saved;
		t->robust_known = 1;
	}
	STORE(&t->robust.pending, (uintptr_t)m);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void
robust_end(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	STORE(&thread_self()->robust.pending, 0);
}

static void
robust_link(pthread_mutex_t *m)
{
	struct abi_robust *r = &thread_self()->robust;

	m->__prev = 0;
	m->__next = r->first;
	if (r->first != 0)
		at(r->first)->__prev = (uintptr_t)m;
	STORE(&r->first, (uintptr_t)m);
}

static void
robust_unlink(pthread_mutex_t *m)
{
	if (m->__next != 0)
		at(m->__next)->__prev = m->__prev;
	if (m->__prev != 0)
		STORE(&at(m->__prev)->__next, m->__next);
	else
		STORE(&thread_self()->robust.first, m->__next);
}

/* --- locking --- */

/* The holder again: one level more, or what is wrong with it. */
static int
held_already(pthread_mutex_t *m, int error)
{
	if ((m->__kind & TYPE) != RECURSIVE)
		return error;
	if (m->__depth == UINT32_MAX)
		return EAGAIN;
	m->__depth++;
	return 0;
}

/* EBUSY: somebody holds it, as *seen says.  EOWNERDEAD: taken from a dead one. */
static int
take(pthread_mutex_t *m, uint32_t mine, uint32_t *seen)
{
	for (;;) {
		uint32_t w = *seen = LOAD(&m->__word);

		if (w == LOST)
			return ENOTRECOVERABLE;
		if ((w & TID) != 0)
			return EBUSY;
		if (CAS(&m->__word, w, mine | (w & WAITERS)))
			return (w & DIED) != 0 ? EOWNERDEAD : 0;
	}
}

static int
wait_for_holder(pthread_mutex_t *m, uint32_t w, int64_t deadline)
{
	struct abi_thrwait a = { .word = (uintptr_t)&m->__word, .value = w, .deadline = deadline };
	int saved = errno, error;

	if ((m->__kind & INHERIT) == 0)
		return futex_wait(&m->__word, w, deadline);
	error = RESULT(__sys_throp(THR_WAIT, 0, &a));
	errno = saved;
	if (error == ETIMEDOUT)
		return MX_ERR_TIMED_OUT;
	/* The caller itself, or one that waits for it as well: a deadlock, which lasts. */
	return error == EINVAL ? futex_wait(&m->__word, w, deadline) : 0;
}

/* Sleeps until it is free; `mine' is what the word becomes. */
static int
take_slowly(pthread_mutex_t *m, uint32_t mine, int64_t deadline)
{
	for (;;) {
		uint32_t w;
		int error = take(m, mine, &w);

		if (error != EBUSY)
			return error;
		if ((w & WAITERS) == 0 && !CAS(&m->__word, w, w | WAITERS))
			continue;
		if (wait_for_holder(m, w | WAITERS, deadline) == MX_ERR_TIMED_OUT)
			return ETIMEDOUT;
		mine |= WAITERS;
	}
}

#define AT_ONCE	INT64_MIN	/* a deadline: no wait at all */

static int
acquire(pthread_mutex_t *m, uint32_t mine, int64_t deadline)
{
	uint32_t w;
	int error;

	if ((m->__kind & ROBUST) == 0)
		return deadline == AT_ONCE ? take(m, mine, &w) : take_slowly(m, mine, deadline);
	robust_begin(m);
	error = deadline == AT_ONCE ? take(m, mine, &w) : take_slowly(m, mine, deadline);
	if (error == EOWNERDEAD) {
		m->__inconsistent = 1;
		m->__depth = 0;
	}
	if (error == 0 || error == EOWNERDEAD)
		robust_link(m);
	robust_end();
	return error;
}

static bool
is_mine(const pthread_mutex_t *m)
{
	return (LOAD(&m->__word) & ~WAITERS) == thread_tid();
}

/* A mutex that nobody else wants: one instruction of the word, once the thread knows its id. */
static inline bool
take_free(pthread_mutex_t *m)
{
	uint32_t me = thread_self()->tid;

	return __builtin_expect((m->__kind & ROBUST) == 0 && me != 0 && CAS(&m->__word, 0u, me), 1);
}

static inline bool
give_free(pthread_mutex_t *m)
{
	uint32_t me = thread_self()->tid;

	return __builtin_expect((m->__kind & ROBUST) == 0 && m->__depth == 0 && me != 0 && CAS(&m->__word, me, 0u), 1);
}

int
pthread_mutex_trylock(pthread_mutex_t *m)
{
	if (take_free(m))
		return 0;
	return is_mine(m) ? held_already(m, EBUSY) : acquire(m, thread_tid(), AT_ONCE);
}

static __attribute__((noinline)) int
lock_until(pthread_mutex_t *m, int64_t deadline)
{
	uint32_t me = thread_tid();

	if ((m->__kind & TYPE) != NORMAL && is_mine(m))
		return held_already(m, EDEADLK);
	return acquire(m, me, deadline);
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
	return take_free(m) ? 0 : lock_until(m, FOREVER);
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

/* The memory may be another's when the word is free. */
static void
release(pthread_mutex_t *m)
{
	const uint32_t kind = m->__kind;
	uint32_t left = 0;

	if ((kind & ROBUST) != 0) {
		left = m->__inconsistent ? LOST : 0;
		m->__inconsistent = 0;
		robust_begin(m);
		robust_unlink(m);
	}
	if ((SWAP(&m->__word, left) & WAITERS) != 0) {
		if (left == 0 && (kind & INHERIT) != 0)
			__sys_mx_futex_wake_single_owner(&m->__word);
		else
			futex_wake(&m->__word, left == 0 ? 1 : UINT32_MAX);
	}
	if ((kind & ROBUST) != 0)
		robust_end();
}

static __attribute__((noinline)) int
unlock_other(pthread_mutex_t *m)
{
	if ((m->__kind & (TYPE | ROBUST)) != NORMAL && !is_mine(m))
		return EPERM;
	if (m->__depth > 0)
		m->__depth--;
	else
		release(m);
	return 0;
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	return give_free(m) ? 0 : unlock_other(m);
}

int
pthread_mutex_consistent(pthread_mutex_t *m)
{
	if ((m->__kind & ROBUST) == 0 || !m->__inconsistent || !is_mine(m))
		return EINVAL;
	m->__inconsistent = 0;
	return 0;
}

/* --- for condition variables --- */

bool
__mutex_is_plain(const pthread_mutex_t *m)
{
	return (m->__kind & (ROBUST | INHERIT)) == 0;
}

int
__mutex_release(pthread_mutex_t *m, uint32_t *depth)
{
	*depth = 0;
	if (give_free(m))
		return 0;
	if (!is_mine(m))
		return EPERM;
	*depth = m->__depth;
	m->__depth = 0;
	release(m);
	return 0;
}

int
__mutex_relock(pthread_mutex_t *m, uint32_t depth, bool waiters)
{
	int error;

	if (!waiters && take_free(m))
		error = 0;
	else
		error = acquire(m, thread_tid() | (waiters ? WAITERS : 0), FOREVER);
	if (error == 0 || error == EOWNERDEAD)
		m->__depth = depth;
	return error;
}
