#pragma once
/* Blocking calls (blockers.h): threads, and native waits. */
#include <sys/mman.h>
#include <time.h>
#include <zero/syscall.h>
#include "blockers_ipc.h"

/* --- threads --- */

/* Without the C library: it waits for the word. */
static inline void
second(struct seat *s)
{
	while (s->b->word == 0)
		__sys_mx_futex_wait((void *)&s->b->word, 0, 0, MX_TIME_INFINITE);
	__sys_throp(THR_EXIT, 0, NULL);
}

static inline long
c_thr_join(struct seat *s)
{
	struct abi_thrarg a = { .entry = (uintptr_t)second, .arg = (uintptr_t)s, .stack_size = 65536 };
	sigset_t all, old;
	long tid;

	a.stack = (uintptr_t)mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	tid = __sys_throp(THR_NEW, THR_CLASS_USER, &a);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return __sys_throp(THR_JOIN, tid, NULL);
}

static inline void
set_word(struct seat *s)
{
	s->b->word = 1;
	mx_futex_wake((mx_futex_t *)&s->b->word, 1);
}

static inline long
c_thr_wait(struct seat *s)
{
	struct abi_thrwait w = { .word = (uintptr_t)&s->b->word, .deadline = MX_TIME_INFINITE };

	return __sys_throp(THR_WAIT, 0, &w);
}

static void *
pthread_second(void *arg)
{
	struct seat *s = arg;

	while (s->b->word == 0)
		mx_futex_wait((mx_futex_t *)&s->b->word, 0, MX_HANDLE_INVALID, MX_TIME_INFINITE);
	return NULL;
}

static inline long
c_pthread_join(struct seat *s)
{
	sigset_t all, old;
	pthread_t t;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pthread_create(&t, NULL, pthread_second, s);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pthread_join(t, NULL);
}

static inline void
mutex_of(struct seat *s, int protocol)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutex_init(&s->b->mutex, &a);
	pthread_mutex_lock(&s->b->mutex);
}

static inline void
a_mutex(struct seat *s)
{
	mutex_of(s, PTHREAD_PRIO_NONE);
}

static inline void
a_pi_mutex(struct seat *s)
{
	mutex_of(s, PTHREAD_PRIO_INHERIT);
}

static inline long
c_mutex(struct seat *s)
{
	return pthread_mutex_lock(&s->b->mutex);
}

static inline void
mutex_unlock(struct seat *s)
{
	pthread_mutex_unlock(&s->b->mutex);
}

static inline void
a_cond(struct seat *s)
{
	pthread_condattr_t a;

	a_mutex(s);
	pthread_mutex_unlock(&s->b->mutex);
	pthread_condattr_init(&a);
	pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->b->cond, &a);
}

static inline long
c_cond(struct seat *s)
{
	int error = 0;

	pthread_mutex_lock(&s->b->mutex);
	while (error == 0 && s->b->word == 0)
		error = pthread_cond_wait(&s->b->cond, &s->b->mutex);
	pthread_mutex_unlock(&s->b->mutex);
	return error;
}

static inline void
cond_signal(struct seat *s)
{
	pthread_mutex_lock(&s->b->mutex);
	s->b->word = 1;
	pthread_cond_signal(&s->b->cond);
	pthread_mutex_unlock(&s->b->mutex);
}

static inline void
a_psem(struct seat *s)
{
	sem_init(&s->b->sem, 1, 0);
}

static inline long
c_sem_wait(struct seat *s)
{
	return sem_wait(&s->b->sem);
}

static inline long
c_sem_timedwait(struct seat *s)
{
	return sem_timedwait(&s->b->sem, late());
}

static inline void
posting(struct seat *s)
{
	sem_post(&s->b->sem);
}

/* --- native waits --- */

static inline void
an_event(struct seat *s)
{
	mx_event_create(0, &s->h[0]);
}

static inline long
c_wait_one(struct seat *s)
{
	return mx_object_wait_one(s->h[0], MX_EVENT_SIGNALED, MX_TIME_INFINITE, NULL);
}

static inline long
c_wait_many(struct seat *s)
{
	mx_wait_item_t items[2] = { { s->h[0], MX_EVENT_SIGNALED, 0 }, { s->h[0], MX_USER_SIGNAL_0, 0 } };

	return mx_object_wait_many(items, 2, MX_TIME_INFINITE);
}

static inline long
c_wait_none(struct seat *s)
{
	return mx_object_wait_many(NULL, 0, MX_TIME_INFINITE);
}

static inline void
signaling(struct seat *s)
{
	mx_object_signal(s->h[0], 0, MX_EVENT_SIGNALED);
}

static inline long
c_port_wait(struct seat *s)
{
	mx_port_packet_t p;

	return mx_port_wait(s->h[0], MX_TIME_INFINITE, &p);
}

static inline long
c_channel_call(struct seat *s)
{
	char wr[8] = { 0 }, rd[8];
	uint32_t bytes, handles;
	mx_channel_call_args_t args = { .wr_bytes = wr, .wr_num_bytes = 8, .rd_bytes = rd, .rd_num_bytes = 8 };

	return mx_channel_call(s->h[0], 0, MX_TIME_INFINITE, &args, &bytes, &handles);
}

/* One request only, however often its sender was interrupted. */
static inline void
answering(struct seat *s)
{
	char m[8];
	uint32_t bytes = 0, handles = 0;

	mx_channel_read(s->h[1], 0, m, NULL, 8, 0, &bytes, &handles);
	if (mx_channel_read(s->h[1], 0, m, NULL, 8, 0, &bytes, &handles) == MX_ERR_SHOULD_WAIT)
		mx_channel_write(s->h[1], 0, m, 8, NULL, 0);
}

static inline long
c_futex_wait(struct seat *s)
{
	return mx_futex_wait((mx_futex_t *)&s->b->word, 0, MX_HANDLE_INVALID, MX_TIME_INFINITE);
}

static inline long
c_mx_nanosleep(struct seat *s)
{
	return mx_nanosleep(mx_deadline_after(MX_SEC(1000)));
}
