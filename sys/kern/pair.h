#pragma once
/*
 * Pairs: two nodes that are each other's peer (channel, socket, fifo, eventpair).  One lock covers
 * the state, levels and observers of both ends.  A kind embeds struct pair first in what its ends
 * share; the last end to be destroyed frees that.
 */
#include "kern/lock.h"
#include "kern/node.h"

struct pair {
	struct spin lock;		/* l */
	uint32_t refs;			/* [a] ends not destroyed */
	struct node *end[2];		/* [l] NULL once unused */
	koid_t koid[2];			/* [I] */
};

/* Both ends, with one use each; `bits' is the first level of either. */
void pair_init(struct pair *, const struct node_ops *, enum node_kind, struct node *end0,
    struct node *end1, uint32_t bits);
/* ops->unused of an end: the peer loses `clear', gains PEER_CLOSED.  No lock is held. */
void pair_unused(struct node *, uint32_t clear);
/* ops->destroy of an end: true for the last one, which then frees the pair. */
bool pair_put(struct node *) __must_check;

/* The peer, with the pair's lock held; NULL once it is unused. */
static inline struct node *
pair_peer_locked(struct node *n)
{
	return n->pair->end[1 - n->side];
}

/* The peer's koid, also after it is gone; 0 for a node without one. */
static inline koid_t
node_related_koid(const struct node *n)
{
	return n->pair != NULL ? n->pair->koid[1 - n->side] : 0;
}

/* Two handles of a new pair: told to the caller, then published.  The uses are consumed always. */
int pair_install(struct pair *, uint32_t rights, void __user *out0, void __user *out1) __must_check;
