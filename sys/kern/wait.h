#pragma once
/*
 * The wait engine: signal sources, observers, waits.  See kern/wait.c for the theory.
 *
 * A source has 32 level bits.  Whoever changes the state that a bit stands for changes the bit
 * in the same critical section (the source's lock).  An observer hears of rising bits.
 */
#include "kern/assert.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"

struct thr;

struct sigsrc {
	struct spin *lock;		/* [I] the node's or the pair's lock */
	uint32_t bits;			/* [lock] SIG_* levels, see abi/sig.h */
	struct list observers;		/* [lock] struct observer */
};

#define OBSERVE_EXCLUSIVE	1u	/* one such observer is told per rise: best priority, then FIFO */

/* Threads to make runnable after the lock is dropped. */
struct wakelist {
	struct waiter *first, *last;	/* by next; last is good when there is a first */
};

/* A thread that sleeps, or is about to: what a wakelist is made of. */
struct waiter {
	struct waiter *next;		/* on a wakelist */
	struct thr *thr;
	bool queued;			/* on a wakelist: do not queue twice */
};
/* Under the lock that guards what it waits for: it wakes when the list is run. */
static inline void
waiter_tell(struct waiter *waiter, struct wakelist *w)
{
	if (waiter->queued)
		return;
	waiter->queued = true;
	waiter->next = NULL;
	if (w->first == NULL)
		w->first = waiter;
	else
		w->last->next = waiter;
	w->last = waiter;
}

/* Takes the first thread off the list, for thr_sleep_to(); NULL when there is none. */
static inline struct thr *
wakelist_keep_one(struct wakelist *w)
{
	struct waiter *first = w->first;

	if (first == NULL)
		return NULL;
	w->first = first->next;
	return first->thr;
}

/*
 * The slot that a native wait was made through: where its generation stands, and what it was.  Who
 * removes a slot steps the generation, then tells the source; who attaches looks at the generation
 * under the source's lock: one of the two sees the other.
 */
struct via {
	const uint16_t *gen;		/* NULL: not made through a slot */
	uint16_t was;
};

struct observer {
	struct list link;		/* [src lock] */
	struct sigsrc *src;		/* [src lock] NULL when detached */
	uint32_t trigger;
	uint32_t flags;
	/* Called under the source's lock when a trigger bit rises (or the slot goes: SIG_HANDLE_CLOSED). */
	void (*fire)(struct observer *, uint32_t bits, struct wakelist *);
	struct via via;			/* [I] */
};

void sigsrc_init(struct sigsrc *, struct spin *lock, uint32_t bits);
void wakelist_wake(struct wakelist *);	/* there is somebody on it */

static inline void
wakelist_init(struct wakelist *w)
{
	w->first = NULL;
}

/* Without locks. */
static inline void
wakelist_run(struct wakelist *w)
{
	if (w->first != NULL)
		wakelist_wake(w);
}

void sig_fire(struct sigsrc *, uint32_t risen, struct wakelist *);	/* there are observers */
/* Clears, then sets level bits; lock held. */
static inline void
sig_change(struct sigsrc *s, uint32_t clear, uint32_t set, struct wakelist *w)
{
	uint32_t old = s->bits, bits = (old & ~clear) | set;

	ASSERT(spin_held(s->lock));
	s->bits = bits;
	if ((bits & ~old) != 0 && !list_empty(&s->observers))
		sig_fire(s, bits & ~old, w);
}

/* Sets a level that is known to be clear; lock held. */
static inline void
sig_raise(struct sigsrc *s, uint32_t bit, struct wakelist *w)
{
	ASSERT(spin_held(s->lock) && (s->bits & bit) == 0);
	s->bits |= bit;
	if (!list_empty(&s->observers))
		sig_fire(s, bit, w);
}

/* The slot was removed: what waits through it is told SIG_HANDLE_CLOSED; lock held. */
void sig_slot_gone(struct sigsrc *, const struct via *, struct wakelist *);
/* The slot still holds what it held; the source's lock is held. */
static inline bool
via_holds(const struct via *via)
{
	return via->gen == NULL || atomic_load(via->gen) == via->was;
}

uint32_t sig_read(struct sigsrc *);	/* takes the lock */
void observer_detach(struct observer *);	/* takes the source's lock */
extern struct kstat observers_live;

static inline void
observer_attach_locked(struct sigsrc *s, struct observer *o)
{
	ASSERT(spin_held(s->lock));
	o->src = s;
	list_push_back(&s->observers, &o->link);
	kstat_add(&observers_live, 1);
}

static inline void
observer_detach_locked(struct observer *o)
{
	list_remove(&o->link);
	o->src = NULL;
	kstat_add(&observers_live, -1);
}

#define WAIT_INTR	1u		/* a POSIX signal ends it with ERESTART */
#define WAIT_EXCL	2u		/* exclusive: it will consume what it waits for */
#define WAIT_TURN	4u		/* exclusive, and the caller calls sig_pass() after its try */
/*
 * Waits until one of `mask' is active.  0, ETIMEDOUT, ERESTART, ECLOSED (the slot went).
 * *observed, if asked, gets every bit that was seen.  Never holds a lock while asleep.
 */
int sig_wait(struct sigsrc *, uint32_t mask, uint32_t flags, nsec_t deadline, const struct via *,
    uint32_t *observed) __must_check;
/* The same for a native wait, with WAIT_INTR. */
int sig_wait_via(struct sigsrc *, uint32_t mask, nsec_t deadline, struct via, uint32_t *observed) __must_check;
/* Ends a turn: what is still active goes to the next exclusive waiter.  Without locks. */
void sig_pass(struct sigsrc *, uint32_t mask);

struct sig_item {
	struct sigsrc *src;
	uint32_t mask;
	uint32_t observed;		/* out: levels; of a native wait, every bit that was seen */
	struct via via;
};
/* Any of n; scans first, registers only when nothing is ready.  *ready = number of ready items. */
int sig_wait_many(struct sig_item *, size_t n, uint32_t flags, nsec_t deadline,
    size_t *ready) __must_check;
