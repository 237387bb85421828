#pragma once
/*
 * Deferred calls: work that an interrupt handler leaves for when no spin lock is held.  They run
 * at interrupt exit or at the last spin_unlock, with interrupts on; they may take node locks and
 * wake threads, never sleep.  Queueing one that is queued already does nothing.
 */
#include "kern/list.h"

struct deferred {
	struct list link;
	void (*fn)(struct deferred *);
	bool queued;
};

#define DEFERRED_INIT(d, f) { .link = LIST_INIT((d).link), .fn = (f) }

void deferred_queue(struct deferred *);	/* from any context */
void deferred_run(void);		/* drains this CPU's list */
/* False in deferred calls and with a spin lock held. */
bool may_sleep(void);
