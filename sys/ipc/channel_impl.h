#pragma once
/* What channel.c, channel_node.c and parked.c share. */
#include "ipc/channel.h"
#include "ipc/cycle.h"
#include "ipc/message.h"
#include "kern/node.h"
#include "kern/pair.h"
#include "kern/thr.h"
#include "mach/atomic.h"

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
