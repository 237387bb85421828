/*
 * Timers as nodes: one level, SIGNALED, set when the deadline comes.
 *
 * 1. Slack.  A timer may fire anywhere in a window around its deadline (CENTER), before it (EARLY) or
 * after it (LATE), when another timer of the system fires there anyway; a timer that is alone fires
 * at its deadline.  The window is looked at when the timer is set.
 *
 * 2. Races.  What counts is `due' under the node's lock.  An expiry that was on its way when the timer
 * was set again or cancelled finds nothing due, or a later time, and does nothing: a timer never fires
 * early and never twice.  An expiry on its way holds a reference on the node.
 *
 * Locking: the node's lock, then the timer heap's.
 */
#include "gen/sysproto.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/time.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>

struct timer_node {
	struct node node;
	uint32_t options;		/* [I] how slack counts */
	nsec_t due;			/* [n] when it fires; NSEC_INFINITE: idle */
	nsec_t deadline, slack;		/* [n] as they were set */
	struct timer timer;		/* armed: holds a reference */
};

#define TIMER_RIGHTS (RIGHTS_BASIC | RIGHT_WRITE | RIGHT_SIGNAL)

ZONE(timer_zone, struct timer_node);
COUNTER(timer_nodes, "node.timer");

static struct timer_node *
timer_of(struct node *n)
{
	return container_of(n, struct timer_node, node);
}

static void
expired(struct timer *timer)
{
	struct timer_node *t = container_of(timer, struct timer_node, timer);
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&t->node.lock);
	if (t->due <= clock_now()) {
		t->due = NSEC_INFINITE;
		sig_change(t->node.sig, 0, SIG_SIGNALED, &w);
	}
	spin_unlock(&t->node.lock);
	wakelist_run(&w);
	node_unref(&t->node);
}

/* Idle, not signaled; the node's lock is held.  True: the reference that it held is the caller's. */
static bool
disarm(struct timer_node *t, struct wakelist *w)
{
	t->due = NSEC_INFINITE;
	t->deadline = 0;
	sig_change(t->node.sig, SIG_SIGNALED, 0, w);
	return timer_cancel(&t->timer);
}

static void
timer_unused(struct node *n)
{
	struct timer_node *t = timer_of(n);
	struct wakelist w;
	bool held;

	wakelist_init(&w);
	spin_lock(&n->lock);
	held = disarm(t, &w);
	spin_unlock(&n->lock);
	if (held)
		node_unref(n);
}

static void
timer_destroy(struct node *n)
{
	zone_free(timer_zone, timer_of(n));
	kstat_add(&timer_nodes, -1);
}

static const struct node_ops timer_ops = {
	.name = "timer", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = timer_unused, .destroy = timer_destroy,
};

static int
timer_info(struct node *n, uint32_t rights, struct info_sink *sink)
{
	struct timer_node *t = timer_of(n);
	struct abi_info_timer info = { .options = t->options, .clock_id = MX_CLOCK_MONOTONIC };

	spin_lock(&n->lock);
	if (t->due != NSEC_INFINITE) {
		info.deadline = t->deadline;
		info.slack = t->slack;
	}
	spin_unlock(&n->lock);
	return info_put(sink, &info);
}
INFO_TOPIC(timer_topic, MX_INFO_TIMER, NODE_TIMER, RIGHT_INSPECT, sizeof(struct abi_info_timer), timer_info);

int
sys_mx_timer_create(uint32_t options, uint32_t clock, void __user *out)
{
	struct timer_node *t;

	if (options > MX_TIMER_SLACK_LATE || clock != MX_CLOCK_MONOTONIC)
		return EINVAL;
	t = zone_alloc(timer_zone, ZALLOC_ZERO);
	if (t == NULL)
		return ENOMEM;
	kstat_add(&timer_nodes, 1);
	node_init(&t->node, &timer_ops, NODE_TIMER, NULL, 0);
	t->node.poll_in = SIG_SIGNALED;
	t->options = options;
	t->due = NSEC_INFINITE;
	timer_init(&t->timer, expired);
	return handle_install_new(&t->node, TIMER_RIGHTS, out);
}

/* When to fire: where another timer does within the window, else at the deadline. */
static nsec_t
coalesced(const struct timer_node *t, nsec_t deadline, nsec_t slack)
{
	nsec_t from = deadline, to = deadline;

	if (slack == 0)
		return deadline;
	if (t->options != MX_TIMER_SLACK_LATE)
		from = deadline > slack ? deadline - slack : 0;
	if (t->options != MX_TIMER_SLACK_EARLY)
		to = deadline < NSEC_INFINITE - slack ? deadline + slack : NSEC_INFINITE - 1;
	return timer_near(from, to, deadline);
}

int
sys_mx_timer_set(struct node *h, int64_t deadline, int64_t slack)
{
	struct timer_node *t = timer_of(h);
	struct wakelist w;
	nsec_t due;
	bool held;

	if (slack < 0)
		return ERANGE;
	wakelist_init(&w);
	spin_lock(&h->lock);
	held = disarm(t, &w);
	due = coalesced(t, deadline, MAX(slack, proc_self()->p_min_slack));
	if (due <= clock_now()) {
		sig_change(h->sig, 0, SIG_SIGNALED, &w);
	} else if (due != NSEC_INFINITE) {
		t->due = due;
		t->deadline = deadline;
		t->slack = slack;
		if (!held)
			node_ref(h);
		held = false;
		timer_set(&t->timer, due);
	}
	spin_unlock(&h->lock);
	wakelist_run(&w);
	if (held)
		node_unref(h);
	return 0;
}

int
sys_mx_timer_cancel(struct node *h)
{
	timer_unused(h);
	return 0;
}
