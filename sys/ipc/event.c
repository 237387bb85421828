/* Events: a node with one level that mx_object_signal sets and clears, and eight user levels. */
#include "gen/sysproto.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "vm/zone.h"
#include <abi/rights.h>
#include <abi/sig.h>

struct event {
	struct node node;
};

#define EVENT_RIGHTS (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_INSPECT)

ZONE(event_zone, struct event);
COUNTER(events, "node.event");

static void
event_destroy(struct node *n)
{
	zone_free(event_zone, container_of(n, struct event, node));
	kstat_add(&events, -1);
}

static const struct node_ops event_ops = {
	.name = "event", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = node_nounused, .destroy = event_destroy,
};

int
sys_mx_event_create(uint32_t options, void __user *out)
{
	struct event *e = zone_alloc(event_zone, 0);

	if (e == NULL)
		return ENOMEM;
	kstat_add(&events, 1);
	node_init(&e->node, &event_ops, NODE_EVENT, NULL, 0);
	e->node.poll_in = SIG_SIGNALED;
	return handle_install_new(&e->node, EVENT_RIGHTS, out);
}
