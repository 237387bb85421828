/*
 * Event pairs: two ends, each with the levels of an event.  A program sets its own
 * (mx_object_signal) or its peer's (mx_object_signal_peer); what is set stays when the peer goes.
 */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/pair.h"
#include "vm/zone.h"
#include <abi/rights.h>
#include <abi/sig.h>

struct eventpair {
	struct pair pair;
	struct node end[2];
};

#define EVENTPAIR_RIGHTS (RIGHTS_BASIC | RIGHT_SIGNAL | RIGHT_SIGNAL_PEER)

ZONE(eventpair_zone, struct eventpair);
COUNTER(eventpairs, "node.eventpair");

static void
eventpair_unused(struct node *n)
{
	pair_unused(n, 0);
}

static void
eventpair_destroy(struct node *n)
{
	struct pair *p = n->pair;

	if (!pair_put(n))
		return;
	zone_free(eventpair_zone, container_of(p, struct eventpair, pair));
	kstat_add(&eventpairs, -1);
}

static const struct node_ops eventpair_ops = {
	.name = "eventpair", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = eventpair_unused, .destroy = eventpair_destroy,
};

int
sys_mx_eventpair_create(uint32_t options, void __user *out0, void __user *out1)
{
	struct eventpair *e = zone_alloc(eventpair_zone, ZALLOC_ZERO);

	if (e == NULL)
		return ENOMEM;
	kstat_add(&eventpairs, 1);
	pair_init(&e->pair, &eventpair_ops, NODE_EVENTPAIR, &e->end[0], &e->end[1], 0);
	e->end[0].poll_in = e->end[1].poll_in = SIG_SIGNALED;
	return pair_install(&e->pair, EVENTPAIR_RIGHTS, out0, out1);
}
