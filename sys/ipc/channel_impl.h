#pragma once
/* What channel.c, channel_node.c and parked.c share.  Letters: l the pair's lock, o the calling thread. */
#include "ipc/channel.h"
#include "ipc/cycle.h"
#include "ipc/message.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/node.h"
#include "kern/pair.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include <abi/channel.h>

struct end {
	struct node node;
	struct carrier carrier;
	struct list queue;		/* [l] struct message: to be read here */
	uint64_t queued;		/* [l] what the queue counts, and what was admitted to it */
	uint64_t limit;			/* [l] of queued */
	uint32_t waiting;		/* [l] messages in the queue */
	uint64_t credit;		/* [l] bytes that have been charged */
	uint32_t txid;			/* [l] of the last call */
	uint32_t ncalls;		/* [l] observers that are calls, waiting here for replies */
	struct message *spare;		/* [a] block for what is sent from here */
};

struct channel {
	struct pair pair;		/* its lock is l */
	struct account *account;	/* [I] whose the queues are, referenced */
	struct end end[2];
};

static inline struct end *
end_of(struct node *n)
{
	return container_of(n, struct end, node);
}

static inline struct end *
peer_locked(struct end *e)
{
	struct node *n = pair_peer_locked(&e->node);

	return n != NULL ? end_of(n) : NULL;
}

/* The account of the job that made the channel. */
static inline struct account *
account_of(const struct end *e)
{
	return container_of(e->node.pair, struct channel, pair)->account;
}

/* Brings the WRITABLE of who writes to e in line with e's queue; the lock is held. */
void channel_writable(struct end *, struct wakelist *);
/* Takes the first message; ESMALL with its sizes, and with *out when it is to be destroyed.  ESHOULDWAIT, EPEERCLOSED. */
int channel_take(struct end *, const struct receiving *, bool discard, struct message **out, uint32_t *size,
    uint32_t *nslots) __must_check;
/* Back to where it was: it could not be given to the reader. */
void channel_put_back(struct end *, struct message *);

/* --- calls --- */

struct call {
	struct observer ob;		/* PEER_CLOSED, the slot; off its list when the call is over */
	struct waiter waiter;		/* thr NULL: parked */
	struct message *reply;		/* [l] over with that */
	struct thr *next;		/* [o] who is to run while this waits: the receiver */
	int error;			/* [l] not 0: over without a reply, and why */
	uint32_t txid;			/* [I] */
	/* Of a parked one: */
	struct list parked;		/* [o] thread's t_parked */
	struct node *node;		/* [I] a use */
	uintptr_t sp, args;		/* [I] which call of the program it is */
};

static inline bool
call_is_over(const struct call *c)
{
	return atomic_load_acquire(&c->reply) != NULL || atomic_load_acquire(&c->error) != 0;
}

/* It is over: who says so sets reply or error. */
static inline void
call_off(struct end *e, struct call *c)
{
	list_unlink(&c->ob.link);
	kstat_add(&observers_live, -1);
	e->ncalls--;
}

/* Ends a call that will not be waited for any longer: a reply comes too late from now on. */
void call_leave(struct end *, struct call *, int error);
/* parked.c: a signal came; the call goes on as call_finish (ERESTART), unless it is over or there is no memory
 * for it. */
int call_interrupted(struct end *, struct call *, uintptr_t args) __must_check;

LEAN_BEGIN

static inline __attribute__((always_inline)) int
deliver(struct end *e, struct message *m, const struct receiving *r)
{
	int error = message_deliver(&e->spare, m, r);

	if (unlikely(error != 0))
		channel_put_back(e, m);
	return error;
}

/* What the caller gets of a call that is over. */
static inline __attribute__((always_inline)) int
call_result(struct end *e, struct call *c, const struct receiving *r)
{
	struct message *m = c->reply;
	int error;

	if (m == NULL)
		return c->error;
	if (unlikely(!message_fits(m, r))) {
		error = receiving_tell(r, m->size, m->nslots);
		message_free(m);
		return error != 0 ? error : ESMALL;
	}
	return deliver(e, m, r);
}

/* Sleeps until the call is over; ERESTART when a signal came first. */
static inline __attribute__((always_inline)) int
call_wait(struct end *e, struct call *c, nsec_t deadline)
{
	int error;

	if (unlikely(deadline != NSEC_INFINITE && deadline <= clock_now())) {
		/* It does not wait at all: not even as long as a quick receiver would take. */
		thr_sleep_cancel();
		if (c->next != NULL)
			thr_wake(c->next, 0);
		call_leave(e, c, ETIMEDOUT);
		return 0;
	}
	error = thr_sleep_to(c->next, deadline);
	c->next = NULL;
	if (likely(call_is_over(c)))
		return 0;
	if (error == ERESTART)
		return ERESTART;
	call_leave(e, c, error != 0 ? error : ETIMEDOUT);
	return 0;
}

LEAN_END

static inline struct receiving
receiving_of(const struct abi_channel_call *a, void __user *actual_bytes, void __user *actual_handles)
{
	return (struct receiving){ .bytes = (void __user *)a->rd_bytes, .num_bytes = a->rd_num_bytes,
		.handles = (void __user *)a->rd_handles, .num_handles = a->rd_num_handles,
		.actual_bytes = actual_bytes, .actual_handles = actual_handles };
}
