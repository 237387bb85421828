/*
 * In-flight cycles.
 *
 * 1. The problem.  A queue keeps alive what its messages carry.  If a channel end could wait in a
 * queue that only that end leads to, nobody could read it, nobody could close it, and both would
 * stay for ever.  A collector could find such islands (as UNIX sockets have one); we never make
 * them.
 *
 * 2. The rule.  A *carrier* is a node with a queue that can hold nodes.  From a carrier one reaches
 * its own queue and its peer's, and from a queue the carriers that wait in it.  Sending a carrier
 * into a queue that can be reached from that carrier is refused.  So what is in flight forms a
 * forest, and the last close of a root frees the tree below it (kern/node.c does that without
 * recursion).  The peer's queue counts although no reference leads there: it makes the rule one that
 * can be said in a sentence, and refuses nothing that makes sense.
 *
 * 3. The walk goes over carriers only, each once: a mark says which walk was there last.  It needs no
 * memory, for the list of what is left to see runs through the carriers themselves; each on it is
 * referenced.  Nobody else takes two queues' locks at a time, and neither does the walk.
 *
 * 4. Locking.  One mutex, held from the walk until the message is in its queue: two sends cannot
 * close a cycle together.  Only sends of carriers take it; a reader only takes edges away.
 *
 * 5. A sender can make the walk long, so it has an end: what has not been proved free of cycles
 * after WALK_MAX carriers is refused.
 */
#include "ipc/cycle.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/lock.h"

#define WALK_MAX	65536u

struct walk {
	struct carrier *todo, *done;
	uint64_t number;
	uint32_t met;
};

LOCK_CLASS(cycle_class, "in-flight cycles", RANK_CYCLE);
static struct mutex cycle_lock = MUTEX_INIT(cycle_lock, &cycle_class);
static uint64_t walks;			/* [cycle_lock] */

void
cycle_visit(struct walk *w, struct node *n)
{
	struct carrier *c = n->carrier;

	if (c == NULL || c->walk == w->number)
		return;
	c->walk = w->number;
	node_ref(n);
	c->next = w->todo;
	w->todo = c;
	w->met++;
}

static void
visit_neighbours(struct walk *w, struct carrier *c)
{
	struct node *peer = c->ops->peer(c->node);

	if (peer != NULL) {
		cycle_visit(w, peer);
		node_unref(peer);
	}
	c->ops->each(c->node, w);
}

/* Whether the queue of `to' can be reached from one of the slots' nodes. */
static bool
reaches(const struct slot *s, size_t n, const struct node *to)
{
	struct walk w = { .number = ++walks };
	bool found = false;
	struct carrier *c;

	ASSERT(mutex_held(&cycle_lock));
	for (size_t i = 0; i < n; i++)
		cycle_visit(&w, s[i].node);
	while ((c = w.todo) != NULL) {
		w.todo = c->next;
		c->next = w.done;
		w.done = c;
		found = found || c->node == to || w.met > WALK_MAX;
		if (!found)
			visit_neighbours(&w, c);
	}
	while ((c = w.done) != NULL) {
		w.done = c->next;
		node_unref(c->node);
	}
	return found;
}

int
cycle_begin(struct node *to, const struct slot *s, size_t n, bool *locked)
{
	size_t i = 0;

	*locked = false;
	while (i < n && s[i].node->carrier == NULL)
		i++;
	if (i == n)
		return 0;
	mutex_lock(&cycle_lock);
	if (reaches(s, n, to)) {
		mutex_unlock(&cycle_lock);
		return ENOTSUP;
	}
	*locked = true;
	return 0;
}

void
cycle_end(bool locked)
{
	if (locked)
		mutex_unlock(&cycle_lock);
}
