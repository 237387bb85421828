#pragma once
/* Calls that somebody else carries out.  See kern/request.c. */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/wait.h"

struct request {
	struct list link;		/* [lock] among those of its object, in order of arrival */
	struct sigsrc done;		/* [lock] SIGNALED: it is off the list, `error' says how it went */
	int error;			/* [lock] */
};

/* All with the lock held: that of the object whose request it is. */
void request_init(struct request *, struct spin *lock);
/* Takes it off its list; the wakelist is run after the lock is dropped. */
void request_finish(struct request *, int error, struct wakelist *);
/*
 * Sleeps, without the lock, until the request on its list is finished: that one's error.  Or ERESTART,
 * ETIMEDOUT: it is off the list and nobody has done it.
 */
int request_wait(struct request *, nsec_t deadline) __must_check;
