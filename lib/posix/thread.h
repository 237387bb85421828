#pragma once
/*
 * Threads inside of the C library.
 *
 * A thread's control block (struct __pthread) lies where its TLS base points, above its thread-local
 * storage (variant II); its first word is its own address.  A thread that the library made lives in one
 * mapping, from below: guard, stack, thread-local storage, control block, newlib's struct _reent.
 *
 * `tid' is 0 once the thread is off its stack: the kernel clears it and wakes who joins (THR_EXIT).  The
 * first thread's is asked for when somebody needs it: programs with one thread pay nothing.
 */
#include <limits.h>
#include <pthread.h>
#include <reent.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <abi/mx.h>
#include <abi/thread.h>
#include "libc.h"

#define SIGCANCEL	32		/* between the plain and the realtime signals */
#define FOREVER		MX_TIME_INFINITE

enum { JOINABLE, DETACHED, EXITING };

struct specific {
	const void *value;
	uint32_t generation;
};

struct __pthread {
	struct __pthread *self;
	void *reserved;
	uint32_t tid;			/* a futex */
	uint32_t state;			/* JOINABLE ... */
	struct _reent *reent;
	void *reserved2;
	uintptr_t canary;		/* at 40: where compilers look for it */
	void *(*fn)(void *);
	void *arg, *result;
	char *map;			/* the mapping, NULL: the program's own, or the first thread's */
	size_t map_size, guard;
	char *stack;
	size_t stack_size;
	struct _pthread_cleanup_context *cleanup;
	uint32_t canceled;		/* asked to */
	uint8_t cancel_off, cancel_async, exiting;
	uint8_t rt, explicit;		/* in class RT; begins with a class and a nice value of its own */
	uint8_t robust_known;		/* the kernel knows where `robust' is */
	int8_t nice;			/* then */
	uint32_t locks;			/* newlib's that it holds: it may not go then */
	struct __pthread *next;		/* in the cache of stacks */
	struct abi_robust robust;	/* mutexes that it holds, for the kernel */
	struct specific specific[PTHREAD_KEYS_MAX];
};

static inline struct __pthread *
thread_self(void)
{
	struct __pthread *t;

	__asm__("mov %%fs:0, %0" : "=r"(t));
	return t;
}

HIDDEN uint32_t __thread_fetch_tid(struct __pthread *);

static inline uint32_t
thread_tid(void)
{
	struct __pthread *t = thread_self();

	return t->tid != 0 ? t->tid : __thread_fetch_tid(t);
}

/* TLS (start.c): room that a thread needs at the top of its mapping, and its control block made there. */
HIDDEN size_t __tls_size(void);
HIDDEN struct __pthread *__tls_make(char *low, char *high);

/* Futexes.  A wait ends with 0 or an MX_ERR_. */
static inline int
futex_wait(volatile uint32_t *word, uint32_t value, int64_t deadline)
{
	return (int)__sys_mx_futex_wait((const void *)word, value, 0, deadline);
}

static inline void
futex_wake(volatile uint32_t *word, uint32_t count)
{
	__sys_mx_futex_wake((const void *)word, count);
}

/* The same as a cancellation point: ECANCELED when the thread is to end. */
HIDDEN int __futex_wait_cancel(volatile uint32_t *word, uint32_t value, int64_t deadline);
/* A handler without SA_RESTART ends this one: EINTR.  Bits that name a thread lend it the caller's priority. */
HIDDEN int __futex_wait_signal(volatile uint32_t *word, uint32_t value, int64_t deadline);
/* Deadline of the monotonic clock; EINVAL. */
HIDDEN int __thread_deadline(clockid_t, const struct timespec *, int64_t *);
/* A word as a lock, for the library's own tables. */
HIDDEN void __word_lock(volatile uint32_t *);
HIDDEN void __word_unlock(volatile uint32_t *);
/* A broadcast may move waiters to it. */
HIDDEN bool __mutex_is_plain(const pthread_mutex_t *);
/* A mutex about a wait on a condition; `waiters': taken as one that others wait for. */
HIDDEN int __mutex_relock(pthread_mutex_t *, uint32_t depth, bool waiters);
HIDDEN int __mutex_release(pthread_mutex_t *, uint32_t *depth);
HIDDEN void __run_key_destructors(struct __pthread *);
/*
 * SCHED_OTHER is class USER; SCHED_RR is class RT, where threads of one nice value take turns and a better one
 * goes first: its priorities 1 to 40 are the nice values 19 to -20.
 */
#define RR_MIN		1
#define RR_MAX		40
#define RR_NICE(prio)	((int8_t)(20 - (prio)))
HIDDEN int __thread_sched(struct __pthread *, int rt, int nice);
HIDDEN int __sched_check(int policy, int priority);
HIDDEN void __cancel_point(void);
HIDDEN void __thread_forked(void);
/* newlib's locks around fork. */
HIDDEN void __locks_prepare(void);
HIDDEN void __locks_parent(void);
HIDDEN void __locks_child(void);

#define LOAD(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define STORE(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define SWAP(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define ADD(p, v)	__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define OR(p, v)	__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define CAS(p, old, new) __extension__({ \
	__auto_type old_ = (old); \
	__atomic_compare_exchange_n((p), &old_, (new), 0, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE); \
})
