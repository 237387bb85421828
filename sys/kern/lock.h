#pragma once
/*
 * Locks.  A `spin' is held for a few instructions, never over a sleep, a user copy or an
 * allocation; spin_lock_irq also keeps interrupts out and is for what interrupt handlers touch.
 * A `mutex' sleeps.  Both are not recursive, have a class with a place in sys/kern/LOCKS, and
 * remember who took them.  Debug builds check order, sleeping with a spin lock held, double
 * locking and locks still held at the end of a call; only they keep the class in the lock, for locks are
 * in every object.
 */
#include "kern/list.h"
#include "kern/types.h"
#include "mach/atomic.h"
#include "mach/intr.h"
#include "mach/percpu.h"

struct thr;

/* Lower rank is taken first.  Two locks of one rank may be held only if `nest' is set. */
struct lock_class {
	const char *name;
	uint16_t rank;
	bool nest;		/* same-class nesting by address order is allowed */
};

struct spin {
	uint32_t word;		/* [a] 1 when held */
#if CONFIG_DEBUG
	uint32_t holder_cpu;	/* [holder] */
	const struct lock_class *class;
	const void *pc;		/* [holder] where it was taken, for the panic report */
#endif
};

struct mutex {
	struct thr *owner;	/* [a] */
#if CONFIG_DEBUG
	const struct lock_class *class;
	const void *pc;
#endif
	struct spin guard;
	struct list waiters;	/* [guard] struct thr by t_link, FIFO */
};

/* Ranks: the global order.  sys/kern/LOCKS says what each protects. */
enum lock_rank {
	RANK_CYCLE = 10,	/* the one lock of channel-cycle walks */
	RANK_MOUNT = 20, RANK_RENAME = 22,
	RANK_VNODE = 30,	/* sleeping: directory and file I/O locks, nest by name order */
	RANK_FILE = 28,		/* sleeping: file offset */
	RANK_IO = 34,		/* sleeping: byte stream direction locks (pipe, tty) */
	RANK_PROC_TREE = 40,	/* spin: process table, parents, groups, sessions */
	RANK_SPACE = 50,	/* sleeping: address space */
	RANK_BLOCK = 54,	/* sleeping: a disk's transfers (a fault may need one below any lock above) */
	RANK_VMO = 60,		/* sleeping or spin: vmo tree */
	RANK_DESC = 70,		/* spin: descriptor table */
	RANK_NODE = 80,		/* spin: node / pair state, signals, observers */
	RANK_EVENT = 85,	/* spin: registrations of events */
	RANK_PORT = 90,		/* spin: port queue */
	RANK_PORT_NEST = 92,	/* spin: which port is in which */
	RANK_FUTEX = 93,	/* spin: one chain of futex waiters; two only in requeue, by address */
	RANK_FUTEX_OWNER = 94,	/* spin: who owns which futex */
	RANK_SIGNAL = 95,	/* spin: POSIX signal state of a process */
	RANK_TREE = 96,		/* spin: the ramfs tree; devices and record locks stand behind it */
	RANK_ACCOUNT = 106,	/* spin: what jobs are charged for */
	RANK_PMAP = 100, RANK_ZONE = 110, RANK_PAGE = 120, RANK_HOST = 125,
	RANK_TIMER = 130,	/* irq */
	RANK_RUNQ = 140,	/* irq */
	RANK_DRIVER = 150,	/* irq: a driver's ring */
	RANK_LOG = 200,		/* irq */
};

#define LOCK_CLASS(var, nm, rk) \
	static const struct lock_class var __attribute__((unused)) = { .name = nm, .rank = rk }
#define LOCK_CLASS_NEST(var, nm, rk) \
	static const struct lock_class var __attribute__((unused)) = { .name = nm, .rank = rk, .nest = true }
#if CONFIG_DEBUG
#define LOCK_CLASS_IN(cls)	.class = (cls),
#else
#define LOCK_CLASS_IN(cls)
#endif
#define SPIN_INIT(cls)	{ LOCK_CLASS_IN(cls) .word = 0 }
#define MUTEX_INIT(m, cls) \
	{ LOCK_CLASS_IN(cls) .guard = SPIN_INIT(&mutex_guard_class), .waiters = LIST_INIT((m).waiters) }
extern const struct lock_class mutex_guard_class;

static inline void
spin_init(struct spin *l, const struct lock_class *class)
{
	*l = (struct spin)SPIN_INIT(class);
	(void)class;
}

/* Another class for a lock that was not taken yet. */
static inline void
spin_set_class(struct spin *l, const struct lock_class *class)
{
#if CONFIG_DEBUG
	l->class = class;
#endif
	(void)l, (void)class;
}
/* The inline halves of spin_lock and spin_unlock below: debug builds, and the rare cases. */
void spin_lock_checked(struct spin *);
void spin_unlock_checked(struct spin *);
void spin_contended(struct spin *) __rare;
bool spin_held(const struct spin *);	/* by this CPU */

void mutex_init(struct mutex *, const struct lock_class *);
void mutex_lock(struct mutex *);	/* may sleep; not interrupted by signals */
int mutex_lock_intr(struct mutex *) __must_check;	/* 0, or ERESTART when a signal came */
bool mutex_trylock(struct mutex *);
void mutex_unlock(struct mutex *);
bool mutex_held(const struct mutex *);	/* by this thread */
/* Panics in debug builds when the current thread still holds a lock (end of a call). */
void lock_check_none(void);

/*
 * Keeps deferred calls out without a lock, for what only this CPU touches (magazines).  Nests with
 * spin locks; never sleep inside.
 */
void hold_left(void) __rare;		/* deferred calls wait */

static inline void
hold_enter(void)
{
	hold_add();
}

static inline void
hold_leave(void)
{
	if (unlikely(hold_sub_zero()))
		hold_left();
}

/* With one CPU `hold' keeps out all there is to keep out, and the word is for the checks alone. */
static inline void
spin_lock(struct spin *l)
{
	if (CONFIG_DEBUG) {
		spin_lock_checked(l);
		return;
	}
	hold_add();
	if (CONFIG_SMP && unlikely(atomic_swap(&l->word, 1) != 0))
		spin_contended(l);
}

static inline void
spin_unlock(struct spin *l)
{
	if (CONFIG_DEBUG) {
		spin_unlock_checked(l);
		return;
	}
	if (CONFIG_SMP)
		atomic_store_release(&l->word, 0);
	hold_leave();
}

/* Returns the interrupt state to hand to spin_unlock_irq. */
static inline uint32_t
spin_lock_irq(struct spin *l)
{
	uint32_t state = intr_disable();

	spin_lock(l);
	return state;
}

void spin_release_checked(struct spin *);

/*
 * The same with interrupts off, of a lock that is always taken so: nothing can come between that `hold'
 * would have to keep out, so it does not count.
 */
static inline void
spin_lock_off(struct spin *l)
{
	if (CONFIG_DEBUG)
		spin_lock_checked(l);
	else if (CONFIG_SMP && unlikely(atomic_swap(&l->word, 1) != 0))
		spin_contended(l);
}

static inline void
spin_unlock_off(struct spin *l)
{
	if (CONFIG_DEBUG)
		spin_unlock_checked(l);
	else if (CONFIG_SMP)
		atomic_store_release(&l->word, 0);
}

static inline void
spin_unlock_irq(struct spin *l, uint32_t state)
{
	if (CONFIG_DEBUG)
		spin_release_checked(l);
	else if (CONFIG_SMP)
		atomic_store_release(&l->word, 0);
	intr_restore(state);
	hold_leave();
}
