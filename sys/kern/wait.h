#pragma once
/*
 * The wait engine: signal sources, observers, waits.  See kern/wait.c for the theory.
 *
 * A source has 32 level bits.  Whoever changes the state that a bit stands for changes the bit
 * in the same critical section (the source's lock).  An observer hears of rising bits.
 */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"

struct thr;

struct sigsrc {
	struct spin *lock;		/* [I] the node's or the pair's lock */
	uint32_t bits;			/* [lock] SIG_* levels, see abi/sig.h */
	struct list observers;		/* [lock] struct observer */
};

#define OBSERVE_EXCLUSIVE	1u	/* one such observer is told per rise */

/* Threads to make runnable after the lock is dropped. */
struct wakelist {
	struct list thrs;		/* struct waiter by wake_link */
};

struct observer {
	struct list link;		/* [src lock] */
	struct sigsrc *src;		/* [src lock] NULL when detached */
	uint32_t trigger;
	uint32_t flags;
	/* Called under the source's lock when a trigger bit rises (or the slot goes: SIG_HANDLE_CLOSED). */
	void (*fire)(struct observer *, uint32_t bits, struct wakelist *);
	const void *owner;		/* slot identity for native waits (desc.c), or NULL */
};

void sigsrc_init(struct sigsrc *, struct spin *lock, uint32_t bits);
void wakelist_init(struct wakelist *);
void wakelist_run(struct wakelist *);	/* without locks */
/* Clears, then sets level bits; lock held. */
void sig_change(struct sigsrc *, uint32_t clear, uint32_t set, struct wakelist *);
/* Tells observers of `bits' without changing levels (user edge, handle closed); lock held. */
void sig_notify_owner(struct sigsrc *, const void *owner, uint32_t bits, struct wakelist *);
uint32_t sig_read(struct sigsrc *);	/* takes the lock */
void observer_attach_locked(struct sigsrc *, struct observer *);
void observer_detach(struct observer *);	/* takes the source's lock */
void observer_detach_locked(struct observer *);

#define WAIT_INTR	1u		/* a POSIX signal ends it with ERESTART */
#define WAIT_EXCL	2u		/* exclusive: it will consume what it waits for */
/*
 * Waits until one of `mask' is active.  0, ETIMEDOUT, ERESTART, ECLOSED (owner's slot went).
 * *observed, if asked, gets the bits at wake-up.  Never holds a lock while asleep.
 */
int sig_wait(struct sigsrc *, uint32_t mask, uint32_t flags, nsec_t deadline, const void *owner,
    uint32_t *observed) __must_check;

struct sig_item {
	struct sigsrc *src;
	uint32_t mask;
	uint32_t observed;		/* out: levels */
	const void *owner;
};
/* Any of n; scans first, registers only when nothing is ready.  *ready = number of ready items. */
int sig_wait_many(struct sig_item *, size_t n, uint32_t flags, nsec_t deadline,
    size_t *ready) __must_check;
