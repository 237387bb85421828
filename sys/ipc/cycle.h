#pragma once
/*
 * In-flight cycles: which queues can be reached from a node that is about to be sent.  A kind whose
 * queue can hold nodes (a channel end, an AF_UNIX socket) embeds a struct carrier beside its node and
 * points node->carrier at it.  See ipc/cycle.c for the theory.
 */
#include "kern/node.h"

struct slot;
struct walk;

struct carrier_ops {
	/* Calls cycle_visit() for each node that waits in the queue; may hold the queue's spin lock. */
	void (*each)(struct node *, struct walk *);
	/* The node at the other side, with a reference, or NULL. */
	struct node *(*peer)(struct node *);
};

struct carrier {
	const struct carrier_ops *ops;	/* [I] */
	struct node *node;		/* [I] */
	struct carrier *next;		/* [cycle lock] a walk's list */
	uint64_t walk;			/* [cycle lock] the last walk that came by */
};

void cycle_visit(struct walk *, struct node *);

/*
 * Around putting a message that carries the slots into the queue of node `to':
 *	error = cycle_begin(to, slots, n, &locked);	ENOTSUP: it would close a cycle
 *	if (error == 0) { ... put it there ...; cycle_end(locked); }
 * Takes the one lock only when a slot names a carrier; no spin lock is held.
 */
int cycle_begin(struct node *to, const struct slot *, size_t n, bool *locked) __must_check;
void cycle_end(bool locked);
