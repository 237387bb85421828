#pragma once
/*
 * Threads.  A thread runs until it blocks, returns to user mode with THR_RESCHED set, or exits.
 * Each is a node (NODE_THREAD), so that handles name it and the wait engine knows its end: the level
 * TERMINATED (SIG_SIGNALED) rises when it has left its process, RUNNING and SUSPENDED are exclusive.
 * The struct lives until the last reference on t_node goes; the kernel stack only until the end.
 *
 * Letters: I immutable, o only the thread itself, q run queue lock, a atomic, p proc tree lock, s lock
 * of the process's signals, f lock of futex owners.
 */
#include "kern/list.h"
#include "kern/node.h"
#include "kern/types.h"
#include "mach/atomic.h"
#include "mach/percpu.h"	/* thr_self() */
#include "mach/thread.h"	/* struct mach_thr: saved kernel stack pointer, FPU area, TLS base */

struct account;
struct cpu;
struct futex_waiter;
struct proc;
struct trapframe;

/* Levels of a thread's node beside SIG_SIGNALED, which is TERMINATED. */
#define SIG_THR_RUNNING		(1u << 4)
#define SIG_THR_SUSPENDED	(1u << 5)

enum thr_state { THR_NEW, THR_READY, THR_RUNNING, THR_SLEEPING, THR_ZOMBIE };
enum thr_class { THRRT = 0, THRUSER = 1, THRBATCH = 2, THRIDLE = 3, THRNCLASS = 4 };
#define THRNPRIO	64

/* t_work: one word, tested once on the way out to user mode. */
#define WORK_RESCHED	0x01u	/* another thread should run */
#define WORK_SIGNAL	0x02u	/* a POSIX signal may be deliverable, or a stop, or death */
#define WORK_TIMES	0x08u	/* an itimer or CPU limit is due */

struct thr {
	struct mach_thr t_mach;		/* [o] first: the assembler switches with it */
	uint32_t t_work;		/* [a] WORK_* */
	struct node t_node;
	struct proc *t_proc;		/* [p] NULL for kernel threads and after the end */
	struct account *t_account;	/* [o] whose what it makes is: kern/account.h */
	koid_t t_over;			/* [o] the job whose limit of pages refused it last, or 0 */
	koid_t t_proc_koid;		/* [I] of the process, also after the end */
	struct list t_link;		/* [q] run queue */
	struct list t_wait_link;	/* [lock of what it waits for] */
	struct list t_proc_link;	/* [p] of the process's running, unborn or unjoined threads */
	int32_t t_tid;			/* [I] */
	uint8_t t_state;		/* [q] enum thr_state */
	uint8_t t_class;		/* [q] */
	uint8_t t_prio;			/* [q] 0 best .. 255 */
	uint8_t t_lent;			/* [q] priority lent by threads that wait for it; 255 none */
	uint8_t t_step;			/* [q] Zero's cursor, 0..31, apart from nice */
	int8_t t_nice;			/* [q] -20..19 */
	bool t_restart;			/* [o] the call ended with ERESTART */
	bool t_dying;			/* [a] must not return to user mode */
	bool t_frees;			/* [I] gives memory back: may take the last frames */
	bool t_unusing;			/* [o] inside of a node's `unused' (kern/node.c) */
	struct node *t_unused;		/* [o] nodes whose `unused' comes next */
	struct list t_parked;		/* [o] channel calls that a signal interrupted (ipc/parked.c) */
	uint16_t t_call;		/* [o] number of the current call */
	uint64_t t_call_max;		/* [a] greater numbers are looked at: SYS_MAX, 0 when traced */
	void *t_trace;			/* [o] the record of a call that is traced (ipc/trace.c) */
	uint32_t t_wake;		/* [q] WAKE_*, or why it woke: see below */
	uint64_t t_user_ns, t_sys_ns;	/* [o] */
	uint64_t t_given, t_taken;	/* [o] times it left a CPU: asleep or ended; ready */
	uint64_t t_faults, t_fetches;	/* [o] page faults; of them, those that waited for a device */
	nsec_t t_slice_end;		/* [q] */
	uint64_t t_last;		/* [o] clock at the last switch of account */
	struct sigstate *t_sig;		/* proc/signal.h */

	bool t_joinable;		/* [p] its end is kept until somebody asks (THR_JOIN) */
	bool t_held; 			/* [s] asleep because of a suspension */
	uint32_t t_suspends;		/* [s] suspend tokens */
	uint32_t t_suspend_gen;		/* [s] tokens of an older generation count no more */
	int64_t t_value;		/* [o; p after its end] for THR_JOIN */
	uint64_t t_stack, t_stack_size, t_guard;	/* [I] as told to THR_NEW */
	struct list t_lenders;		/* [f] struct futex_waiter: who waits for what it owns */
	struct futex_waiter *t_futex;	/* [f] what it waits on */
	uintptr_t t_robust;		/* [o] user address of the list of its locks, or 0 (ipc/robust.c) */

	uint32_t t_maker;		/* [o] debug: whose what it allocates is (kern/owner.h) */
	uint8_t t_lock_depth;		/* [o] debug: entries of t_lock_stack */
	uint8_t t_lock_base;		/* [o] debug: where the running deferred call begins */
	const void *t_lock_stack[16];	/* [o] debug: struct held, see lock.c */
	uint16_t t_lock_rank[16];	/* [o] debug */
	int32_t t_fail_nth[6];		/* [o] n-th failure, by class (kern/fail.h); 0 off */
	bool t_fail_fired;
	void (*t_entry)(void *);	/* [I] kernel threads */
	void *t_arg;			/* [I] */
	void *t_kstack;			/* [I] low end */
	char t_name[32];		/* [o; read anywhere] */
};

static inline struct thr *
thr_of(struct node *n)
{
	return container_of(n, struct thr, t_node);
}

/* Makes a thread that will run entry(arg) on its own kernel stack; not started.  ENOMEM, EAGAIN. */
int thr_create(struct proc *, const char *name, void (*entry)(void *), void *arg,
    struct thr **out) __must_check;
void thr_start(struct thr *);
void thr_discard(struct thr *);		/* instead of thr_start(): frees it */
void thr_exit(void) __noreturn;		/* the current thread; freed by the next one to run */
void thr_node_destroy(struct node *);	/* for another table of node operations than thr.c's own */
void thr_yield(void);
/*
 * Between two parts of something that a program may make as long as it likes, with no spin lock held: gives way
 * to who should run.  EINTR: the caller is to die, and leaves the rest.
 */
int thr_pause_work(void) __must_check;
static inline int __must_check
thr_pause(void)
{
	return likely(atomic_load(&thr_self()->t_work) == 0) ? 0 : thr_pause_work();
}
int thr_count(void);

/*
 * Sleeping.  The pattern, with `l' the spin lock that guards the condition:
 *	thr_sleep_prepare(intr);	before the condition is published
 *	... enqueue self, spin_unlock(l) ...
 *	error = thr_sleep(deadline);			sleeps unless woken since prepare
 * thr_wake(t, error) ends the sleep (idempotent; safe from deferred calls and interrupts).
 * Returns 0 (woken with error 0), the waker's error, ETIMEDOUT, or ERESTART when a signal came
 * and intr was true.
 */
#define WAKE_PREPARED	1u	/* t_wake: it can be woken */
#define WAKE_INTR	2u	/* and by a signal */
#define WAKE_WHY	2	/* else: the waker's error, shifted; 0 before the first sleep */

static inline void
thr_sleep_prepare(bool intr)
{
	atomic_store_release(&thr_self()->t_wake, WAKE_PREPARED | (intr ? WAKE_INTR : 0));
}

/* Instead of thr_sleep(): it was not needed after all.  A waker that comes now finds nobody asleep; one
 * that came before has done no harm. */
static inline void
thr_sleep_cancel(void)
{
	atomic_store_release(&thr_self()->t_wake, 0);
}

/* A waiter of the current thread, which will sleep. */
static inline void
waiter_init(struct waiter *waiter, bool intr)
{
	waiter->thr = thr_self();
	waiter->queued = false;
	thr_sleep_prepare(intr);
}

int thr_sleep_long(void);		/* the three of them in kern/sched.c: no deadline */
int thr_sleep_long_to(struct thr *to);
int thr_sleep_until(struct thr *to, nsec_t deadline);

static inline int
thr_sleep(nsec_t deadline)
{
	return likely(deadline == NSEC_INFINITE) ? thr_sleep_long() : thr_sleep_until(NULL, deadline);
}

/* The same, and wakes `to' (unless NULL), handing it the CPU and the rest of the slice. */
static inline int
thr_sleep_to(struct thr *to, nsec_t deadline)
{
	if (unlikely(deadline != NSEC_INFINITE))
		return thr_sleep_until(to, deadline);
	return likely(to != NULL) ? thr_sleep_long_to(to) : thr_sleep_long();
}

void thr_wake(struct thr *, int error);
/* Ends an interruptible sleep with ERESTART and sets WORK_SIGNAL. */
void thr_interrupt(struct thr *);
