/* <threads.h>: C11's threads are pthreads; the results are its own. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include "thread.h"

static int
result(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	default:
		return thrd_error;
	}
}

/* --- threads --- */

struct start {
	thrd_start_t fn;
	void *arg;
};

static void *
begin(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	return (void *)(intptr_t)s.fn(s.arg);
}

int
thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
	struct start *s = malloc(sizeof(*s));
	int error;

	if (s == NULL)
		return thrd_nomem;
	*s = (struct start){ fn, arg };
	error = pthread_create(thread, NULL, begin, s);
	if (error != 0)
		free(s);
	return error == EAGAIN ? thrd_nomem : result(error);
}

int
thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

thrd_t
thrd_current(void)
{
	return pthread_self();
}

/* 0, -1 after a signal, less for anything else. */
int
thrd_sleep(const struct timespec *time, struct timespec *rest)
{
	int error = clock_nanosleep(CLOCK_REALTIME, 0, time, rest);

	return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

void
thrd_exit(int value)
{
	pthread_exit((void *)(intptr_t)value);
}

int
thrd_detach(thrd_t thread)
{
	return result(pthread_detach(thread));
}

int
thrd_join(thrd_t thread, int *value)
{
	void *v;
	int error = pthread_join(thread, &v);

	if (error == 0 && value != NULL)
		*value = (int)(intptr_t)v;
	return result(error);
}

void
thrd_yield(void)
{
	sched_yield();
}

/* --- mutexes --- */

int
mtx_init(mtx_t *m, int type)
{
	pthread_mutexattr_t a;

	if ((type & ~(mtx_recursive | mtx_timed)) != 0)
		return thrd_error;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
	return result(pthread_mutex_init(m, &a));
}

void
mtx_destroy(mtx_t *m)
{
	(void)pthread_mutex_destroy(m);
}

int
mtx_lock(mtx_t *m)
{
	return result(pthread_mutex_lock(m));
}

int
mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
	return result(pthread_mutex_timedlock(m, until));
}

int
mtx_trylock(mtx_t *m)
{
	return result(pthread_mutex_trylock(m));
}

int
mtx_unlock(mtx_t *m)
{
	return result(pthread_mutex_unlock(m));
}

/* --- conditions --- */

int
cnd_init(cnd_t *c)
{
	return result(pthread_cond_init(c, NULL));
}

void
cnd_destroy(cnd_t *c)
{
	(void)pthread_cond_destroy(c);
}

int
cnd_signal(cnd_t *c)
{
	return result(pthread_cond_signal(c));
}

int
cnd_broadcast(cnd_t *c)
{
	return result(pthread_cond_broadcast(c));
}

int
cnd_wait(cnd_t *c, mtx_t *m)
{
	return result(pthread_cond_wait(c, m));
}

int
cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
	return result(pthread_cond_timedwait(c, m, until));
}

/* --- once, and values of a thread --- */

void
call_once(once_flag *once, void (*fn)(void))
{
	(void)pthread_once(once, fn);
}

int
tss_create(tss_t *key, tss_dtor_t destructor)
{
	return result(pthread_key_create(key, destructor));
}

void
tss_delete(tss_t key)
{
	(void)pthread_key_delete(key);
}

void *
tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int
tss_set(tss_t key, void *value)
{
	return result(pthread_setspecific(key, value));
}
