/*
 * Threads, for programs that have one.  Locks, once, keys and reader-writer locks do what POSIX
 * says of a single thread (a lock that would wait for itself is EDEADLK); making a second thread
 * is EAGAIN until the kernel has them.
 *
 * A mutex is one word: -1 as initialised statically, else its type in the top byte and how deep
 * it is held below.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TYPE(type)	((unsigned)(type) << 24)
#define DEPTH		0xffffffu
#define MADE		0x80000000u	/* initialised and alive */

pthread_t
pthread_self(void)
{
	return 1;
}

int
pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return EAGAIN;
}

int
pthread_join(pthread_t thread, void **value)
{
	return thread == pthread_self() ? EDEADLK : ESRCH;
}

int
pthread_detach(pthread_t thread)
{
	return thread == pthread_self() ? 0 : ESRCH;
}

int
pthread_cancel(pthread_t thread)
{
	return ESRCH;
}

int
pthread_setcancelstate(int state, int *old)
{
	static int now = PTHREAD_CANCEL_ENABLE;

	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old != NULL)
		*old = now;
	now = state;
	return 0;
}

int
pthread_setcanceltype(int type, int *old)
{
	static int now = PTHREAD_CANCEL_DEFERRED;

	if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return EINVAL;
	if (old != NULL)
		*old = now;
	now = type;
	return 0;
}

void
pthread_testcancel(void)
{
}

/* --- attributes -------------------------------------------------------------------------------- */

int
pthread_attr_init(pthread_attr_t *a)
{
	*a = (pthread_attr_t){ .is_initialized = 1, .stacksize = 1 << 20,
	    .detachstate = PTHREAD_CREATE_JOINABLE };
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
	if (size < 16384 || size > (1u << 30))
		return EINVAL;
	a->stacksize = (int)size;
	return 0;
}

int
pthread_attr_getstacksize(const pthread_attr_t *a, size_t *size)
{
	*size = (size_t)a->stacksize;
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

/* --- mutexes ----------------------------------------------------------------------------------- */

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
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	*m = MADE | TYPE(a != NULL ? a->type : PTHREAD_MUTEX_DEFAULT);
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *m)
{
	if (*m != _PTHREAD_MUTEX_INITIALIZER && (*m & DEPTH) != 0)
		return EBUSY;
	*m = 0;
	return 0;
}

static int
mutex_take(pthread_mutex_t *m, int held)
{
	if (*m == _PTHREAD_MUTEX_INITIALIZER)
		*m = MADE | TYPE(PTHREAD_MUTEX_DEFAULT);
	if (!(*m & MADE))
		return EINVAL;
	if ((*m & DEPTH) != 0 && (*m & ~MADE & ~DEPTH) != TYPE(PTHREAD_MUTEX_RECURSIVE))
		return held;
	if ((*m & DEPTH) == DEPTH)
		return EAGAIN;
	++*m;
	return 0;
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
	return mutex_take(m, EDEADLK);
}

int
pthread_mutex_trylock(pthread_mutex_t *m)
{
	return mutex_take(m, EBUSY);
}

int
pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	return mutex_take(m, EDEADLK);
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (*m == _PTHREAD_MUTEX_INITIALIZER || (*m & DEPTH) == 0)
		return EPERM;
	--*m;
	return 0;
}

/* --- condition variables ----------------------------------------------------------------------- */

int
pthread_condattr_init(pthread_condattr_t *a)
{
	*a = (pthread_condattr_t){ .is_initialized = 1, .clock = CLOCK_REALTIME };
	return 0;
}

int
pthread_condattr_destroy(pthread_condattr_t *a)
{
	a->is_initialized = 0;
	return 0;
}

int
pthread_condattr_setclock(pthread_condattr_t *a, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	a->clock = clock;
	return 0;
}

int
pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{
	*c = (pthread_cond_t)(a != NULL ? a->clock : CLOCK_REALTIME);
	return 0;
}

int
pthread_cond_destroy(pthread_cond_t *c)
{
	return 0;
}

int
pthread_cond_signal(pthread_cond_t *c)
{
	return 0;
}

int
pthread_cond_broadcast(pthread_cond_t *c)
{
	return 0;
}

/* Nobody else can ever signal: only a signal handler could change the predicate. */
int
pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	int error = pthread_mutex_unlock(m);

	if (error != 0)
		return error;
	pause();
	return pthread_mutex_lock(m);
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	clockid_t clock = *c == _PTHREAD_COND_INITIALIZER ? CLOCK_REALTIME : (clockid_t)*c;
	int error = pthread_mutex_unlock(m), r;

	if (error != 0)
		return error;
	r = clock_nanosleep(clock, TIMER_ABSTIME, until, NULL);
	error = pthread_mutex_lock(m);
	if (error != 0)
		return error;
	return r == 0 ? ETIMEDOUT : r == EINTR ? 0 : r;
}

/* --- once and keys ----------------------------------------------------------------------------- */

int
pthread_once(pthread_once_t *once, void (*init)(void))
{
	if (once->is_initialized != 1)
		return EINVAL;
	if (!once->init_executed) {
		once->init_executed = 1;
		init();
	}
	return 0;
}

#define KEYS	128
static struct {
	char used;
	void (*destructor)(void *);
	const void *value;
} keys[KEYS];

int
pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	for (unsigned i = 0; i < KEYS; i++)
		if (!keys[i].used) {
			keys[i].used = 1;
			keys[i].destructor = destructor;
			keys[i].value = NULL;
			*key = i;
			return 0;
		}
	return EAGAIN;
}

int
pthread_key_delete(pthread_key_t key)
{
	if (key >= KEYS || !keys[key].used)
		return EINVAL;
	keys[key].used = 0;
	return 0;
}

int
pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key >= KEYS || !keys[key].used)
		return EINVAL;
	keys[key].value = value;
	return 0;
}

void *
pthread_getspecific(pthread_key_t key)
{
	return key < KEYS && keys[key].used ? (void *)keys[key].value : NULL;
}

void
pthread_exit(void *value)
{
	for (int round = 0, again = 1; again && round < 4; round++) {
		again = 0;
		for (unsigned i = 0; i < KEYS; i++) {
			void *v = (void *)keys[i].value;

			if (!keys[i].used || v == NULL || keys[i].destructor == NULL)
				continue;
			keys[i].value = NULL;
			keys[i].destructor(v);
			again = 1;
		}
	}
	/* the last thread of a process ends it with 0 */
	exit(0);
}

/* --- reader-writer locks: the count of readers, or WRITER --------------------------------------- */

#define WRITER	0x7fffffffu

int
pthread_rwlockattr_init(pthread_rwlockattr_t *a)
{
	*a = (pthread_rwlockattr_t){ .is_initialized = 1 };
	return 0;
}

int
pthread_rwlockattr_destroy(pthread_rwlockattr_t *a)
{
	a->is_initialized = 0;
	return 0;
}

int
pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *a)
{
	*l = _PTHREAD_RWLOCK_INITIALIZER;
	return 0;
}

int
pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	return *l != _PTHREAD_RWLOCK_INITIALIZER && *l != 0 ? EBUSY : 0;
}

static int
rwlock_take(pthread_rwlock_t *l, int write, int held)
{
	if (*l == _PTHREAD_RWLOCK_INITIALIZER)
		*l = 0;
	if (*l == WRITER || (write && *l != 0))
		return held;
	*l = write ? WRITER : *l + 1;
	return 0;
}

int
pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return rwlock_take(l, 0, EDEADLK);
}

int
pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return rwlock_take(l, 0, EBUSY);
}

int
pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return rwlock_take(l, 1, EDEADLK);
}

int
pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return rwlock_take(l, 1, EBUSY);
}

int
pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (*l == _PTHREAD_RWLOCK_INITIALIZER || *l == 0)
		return EPERM;
	*l = *l == WRITER ? 0 : *l - 1;
	return 0;
}
