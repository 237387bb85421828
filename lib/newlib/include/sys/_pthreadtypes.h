#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_
/*
 * Zenta's types of threads.  Every object is words in the program's memory (futexes, <abi/thread.h>), so
 * one that is all zeros is initialised, and one in shared memory works between processes.
 */
#if defined(_POSIX_THREADS) || __POSIX_VISIBLE >= 199506

#include <sys/sched.h>

typedef unsigned long pthread_t;	/* 0 is no thread */

#define PTHREAD_SCOPE_PROCESS		0
#define PTHREAD_SCOPE_SYSTEM		1
#define PTHREAD_INHERIT_SCHED		1
#define PTHREAD_EXPLICIT_SCHED		2
#define PTHREAD_CREATE_DETACHED		0
#define PTHREAD_CREATE_JOINABLE		1
#define PTHREAD_PROCESS_PRIVATE		0
#define PTHREAD_PROCESS_SHARED		1
#define PTHREAD_PRIO_NONE		0
#define PTHREAD_PRIO_INHERIT		1
#define PTHREAD_PRIO_PROTECT		2
#define PTHREAD_MUTEX_NORMAL		0
#define PTHREAD_MUTEX_RECURSIVE		1
#define PTHREAD_MUTEX_ERRORCHECK	2
#define PTHREAD_MUTEX_DEFAULT		3
#define PTHREAD_MUTEX_STALLED		0
#define PTHREAD_MUTEX_ROBUST		1

typedef struct {
	int is_initialized;
	int detachstate;
	void *stackaddr;
	__size_t stacksize, guardsize;
	int contentionscope, inheritsched, schedpolicy;
	struct sched_param schedparam;
} pthread_attr_t;

typedef struct {
	__uint32_t __word;		/* holder's id, whether it died, and whether somebody waits */
	__uint32_t __kind, __depth, __inconsistent;
	__uint64_t __next, __prev;	/* robust: in the holder's list (struct abi_lock) */
} pthread_mutex_t;
#define _PTHREAD_MUTEX_INITIALIZER	{ 0, 0, 0, 0, 0, 0 }
typedef struct {
	int is_initialized;
	int type, process_shared, protocol, robust;
} pthread_mutexattr_t;
/* GNU's name. */
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP { 0, PTHREAD_MUTEX_RECURSIVE, 0, 0, 0, 0 }

typedef struct {
	__uint32_t __seq, __waiters;
	__uint16_t __clock, __shared;
	__uint32_t __moved;
	void *__mutex;
} pthread_cond_t;
#define _PTHREAD_COND_INITIALIZER	{ 0, 0, 0, 0, 0, 0 }
typedef struct {
	int is_initialized;
	int clock, process_shared;
} pthread_condattr_t;

typedef __uint32_t pthread_key_t;

typedef struct {
	int is_initialized;
	int init_executed;		/* a futex: 0 not yet, 1 running, 2 done, 3 running and waited for */
} pthread_once_t;
#define _PTHREAD_ONCE_INIT		{ 1, 0 }

typedef struct {
	__uint32_t __count, __arrived, __seq, __inside;
} pthread_barrier_t;
typedef struct {
	int is_initialized, process_shared;
} pthread_barrierattr_t;

typedef __uint32_t pthread_spinlock_t;

typedef struct {
	__uint32_t __word, __writer, __spare[2];
} pthread_rwlock_t;
#define _PTHREAD_RWLOCK_INITIALIZER	{ 0, 0, { 0, 0 } }
typedef struct {
	int is_initialized, process_shared;
} pthread_rwlockattr_t;

#endif
#endif
