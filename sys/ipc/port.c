/*
 * Ports: queues of packets.
 *
 * 1. Concepts.  A packet comes from a program (mx_port_queue) or from a *registration*
 * (mx_object_wait_async): an observer on a source that carries its packet, so signalling never
 * allocates.  ONCE: one packet, then the registration is gone.  REPEATING: a packet at once when a
 * trigger bit is active, then one for each rise; while its packet is still queued, changes fold
 * into it (observed ORed, count + 1): nothing is lost, nothing is doubled.  EDGE: the level at
 * registration does not count.
 *
 * 2. Ownership.
 *
 *	port --list--> registration --reference on the port and on the node--> source
 *	  \--queue--> packet (inside of its registration, or a user packet)
 *
 * A registration is on the port's list until it is cancelled, the port is closed, or it is *spent*
 * (ONCE that fired, or its slot went) and its packet was taken.  A packet is taken in two steps,
 * because the copy to the receiver may fault: off the queue ("in hand"), then settled, which puts it
 * back at the front if the copy failed.  A cancel in between leaves the memory to the hand.
 *
 * 3. Levels.  READABLE is set if and only if a packet is queued; a port can be waited for.  With a ring
 * (ipc/evring.c) it may stay set after the receiver took entries by itself, until the next call looks.
 *
 * 4. Nesting.  A port in a port is an edge of a graph that has no cycles and no path of more than
 * PORT_DEPTH ports; an edge that would make one is refused.  The edges are kept apart, under
 * nest_lock, so that the check sees them all; an edge is there while the observer is attached.
 *
 * 5. Locking.  Firing runs under the source's lock and takes the port's: RANK_NODE before RANK_PORT.
 * Where the source is a port, the inner port's lock is held while the outer's is taken.  Whoever does
 * that goes along an edge, and at no time do edges form a circle: so locks of ports can be taken one
 * in the other and never wait in a circle.  nest_lock comes after them.  Cancel takes the registration
 * off the list under the port's lock, then detaches it: what fires in between finds it off the list
 * and does nothing, so after cancel returns no packet of that key comes.
 */
#include "ipc/port.h"
#include "gen/sysproto.h"
#include "ipc/channel.h"
#include "ipc/ev.h"
#include "ipc/evring.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/deferred.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/mx.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define PORT_QUEUE_MAX	2048u		/* user packets */
#define PORT_DEPTH	4u		/* ports on a path */

struct registration {
	struct observer ob;
	struct list link;		/* [p] port's list; empty: being removed */
	struct port *port;		/* [I] one reference */
	struct node *node;		/* [I] one reference: the source lives as long */
	struct deferred gone;		/* frees it after its slot went */
	uint32_t options;		/* [I] */
	bool spent;			/* [p] no packet comes any more */
	bool in_hand;			/* [p] its packet is being copied out */
	bool dropped;			/* [p] ended while in hand */
	struct list inner_link;		/* [g] of the port; empty: no edge */
	struct list outer_link;		/* [g] of the source, which is a port */
	struct packet packet;
};

LOCK_CLASS_NEST(port_class, "port", RANK_PORT);
LOCK_CLASS(nest_class, "port nesting", RANK_PORT_NEST);
static struct spin nest_lock = SPIN_INIT(&nest_class);	/* g */
static uint64_t walks;			/* [g] */
#define PORT_RIGHTS (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT | RIGHT_INSPECT)

ZONE(port_zone, struct port);
ZONE(registration_zone, struct registration);
ZONE(packet_zone, struct packet);
COUNTER(ports, "node.port");
COUNTER(registrations, "port.registrations");
COUNTER(packets, "port.packets");

static void
enqueue(struct port *p, struct packet *k, struct wakelist *w)
{
	ASSERT(spin_held(&p->node.lock));
	k->queued = true;
	list_push_back(&p->queue, &k->link);
	sig_change(&p->node.own, 0, SIG_READABLE, w);
}

static void
dequeue(struct port *p, struct packet *k, struct wakelist *w)
{
	k->queued = false;
	list_remove(&k->link);
	if (list_empty(&p->queue))
		sig_change(&p->node.own, SIG_READABLE, 0, w);
}

/* --- ports in ports --- */

/* Ports on the longest path from p downwards, itself counted; marks all it meets. */
static uint32_t
path_below(struct port *p)
{
	struct registration *r;
	uint32_t depth = 0;

	if (p->walk == walks)
		return p->depth;
	list_for_each(r, &p->inner, inner_link)
		depth = MAX(depth, path_below(port_of(r->node)));
	p->walk = walks;
	p->depth = depth + 1;
	return p->depth;
}

static uint32_t
path_above(struct port *p)
{
	struct registration *r;
	uint32_t depth = 0;

	if (p->walk == walks)
		return p->depth;
	list_for_each(r, &p->outer, outer_link)
		depth = MAX(depth, path_above(r->port));
	p->walk = walks;
	p->depth = depth + 1;
	return p->depth;
}

/* The edge of a registration whose source is a port. */
static int
nest_join(struct registration *r)
{
	struct port *outer = r->port, *inner = port_of(r->node);
	int error = 0;

	spin_lock(&nest_lock);
	walks++;
	if (path_below(inner) + 1 > PORT_DEPTH || outer->walk == walks)
		error = ENOTSUP;
	walks++;
	if (error == 0 && inner->depth + path_above(outer) > PORT_DEPTH)
		error = ENOTSUP;
	if (error == 0) {
		list_push_back(&outer->inner, &r->inner_link);
		list_push_back(&inner->outer, &r->outer_link);
	}
	spin_unlock(&nest_lock);
	return error;
}

static void
nest_leave(struct registration *r)
{
	if (r->node->kind != NODE_PORT)
		return;
	spin_lock(&nest_lock);
	list_remove(&r->inner_link);
	list_remove(&r->outer_link);
	spin_unlock(&nest_lock);
}

/* --- registrations --- */

static void
registration_free(struct registration *r)
{
	ASSERT(r->ob.src == NULL && !r->packet.queued && !r->in_hand);
	ASSERT(list_empty(&r->link) && list_empty(&r->inner_link));
	account_give(r->port->account, CHARGE_OBSERVERS, 1);
	node_unref(r->node);
	node_unref(&r->port->node);
	zone_free(registration_zone, r);
	kstat_add(&registrations, -1);
}

static void
registration_gone(struct deferred *d)
{
	registration_free(container_of(d, struct registration, gone));
}

/* No packet comes any more.  Under both locks. */
static void
registration_spend(struct registration *r)
{
	r->spent = true;
	observer_detach_locked(&r->ob);
	nest_leave(r);
}

/* Under the source's lock. */
static void
registration_fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	struct registration *r = container_of(o, struct registration, ob);
	struct port *p = r->port;

	spin_lock(&p->node.lock);
	if (r->spent || list_empty(&r->link)) {
		spin_unlock(&p->node.lock);
		return;
	}
	if ((bits & SIG_HANDLE_CLOSED) != 0) {
		registration_spend(r);
		if (!r->packet.queued && !r->in_hand) {
			/* Locks are held: it is freed a little later. */
			list_remove(&r->link);
			deferred_queue(&r->gone);
		}
		spin_unlock(&p->node.lock);
		return;
	}
	if ((r->options & MX_WAIT_ASYNC_REPEATING) == 0)
		registration_spend(r);
	r->packet.body.signal.observed |= bits & ~SIG_PRIVATE;
	r->packet.body.signal.count++;
	if (!r->packet.queued) {
		if ((r->options & MX_WAIT_ASYNC_TIMESTAMP) != 0)
			r->packet.body.signal.timestamp = clock_now();
		enqueue(p, &r->packet, w);
	}
	spin_unlock(&p->node.lock);
}

static struct registration *
registration_make(struct port *p, struct node *n, const struct via *via)
{
	struct registration *r;

	if (unlikely(!account_take(p->account, CHARGE_OBSERVERS, 1)))
		return NULL;
	r = zone_alloc(registration_zone, ZALLOC_ZERO);
	if (r == NULL) {
		account_give(p->account, CHARGE_OBSERVERS, 1);
		return NULL;
	}
	kstat_add(&registrations, 1);
	node_ref(&p->node);
	node_ref(n);
	r->port = p;
	r->node = n;
	r->ob.fire = registration_fire;
	r->ob.via = *via;
	r->gone = (struct deferred)DEFERRED_INIT(r->gone, registration_gone);
	list_init(&r->link);
	list_init(&r->ob.link);
	list_init(&r->packet.link);
	list_init(&r->inner_link);
	list_init(&r->outer_link);
	r->packet.reg = r;
	return r;
}

/* What the first packet counts: for a channel the messages that are there.  The source's lock is held. */
static uint64_t
pending_locked(const struct registration *r)
{
	if (r->node->kind == NODE_CHANNEL && (r->node->sig->bits & r->ob.trigger & SIG_READABLE) != 0)
		return channel_waiting_locked(r->node);
	return 1;
}

/* EHANDLE: the slot went in the meantime. */
static int
registration_attach(struct registration *r)
{
	struct sigsrc *s = r->node->sig;
	struct port *p = r->port;
	struct wakelist w;
	bool holds;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	list_push_back(&p->regs, &r->link);
	spin_unlock(&p->node.lock);
	spin_lock(s->lock);
	observer_attach_locked(s, &r->ob);
	holds = via_holds(&r->ob.via);
	if (!holds)
		registration_fire(&r->ob, SIG_HANDLE_CLOSED, &w);
	else if ((s->bits & r->ob.trigger) != 0 && (r->options & MX_WAIT_ASYNC_EDGE) == 0) {
		r->packet.body.signal.count = pending_locked(r) - 1;
		registration_fire(&r->ob, s->bits, &w);
	}
	spin_unlock(s->lock);
	wakelist_run(&w);
	return holds ? 0 : EHANDLE;
}

/* Ends one that was taken off the port's list: no packet of it comes afterwards. */
static void
registration_end(struct registration *r)
{
	struct port *p = r->port;
	struct wakelist w;
	bool in_hand;

	observer_detach(&r->ob);
	nest_leave(r);
	wakelist_init(&w);
	spin_lock(&p->node.lock);
	if (r->packet.queued)
		dequeue(p, &r->packet, &w);
	r->dropped = true;
	in_hand = r->in_hand;
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	if (!in_hand)
		registration_free(r);
}

/* Takes a registration off the list: the first of this slot and key, or the first there is. */
static struct registration *
registration_take(struct port *p, const struct via *via, uint64_t key)
{
	struct registration *r, *found = NULL;

	spin_lock(&p->node.lock);
	list_for_each(r, &p->regs, link) {
		if (via == NULL || (r->packet.body.key == key && r->ob.via.gen == via->gen &&
		    r->ob.via.was == via->was)) {
			found = r;
			list_remove(&r->link);
			break;
		}
	}
	spin_unlock(&p->node.lock);
	return found;
}

/* --- the node --- */

/* Off the queue, into the hand of the caller, who settles it. */
/* The level with a ring: the receiver may have taken entries without telling. */
static bool
ring_look(struct port *p, struct abi_port_packet *out)
{
	struct wakelist w;
	bool any;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	any = evring_take(p->ring, (struct abi_event *)out);
	if (!any && list_empty(&p->queue))
		sig_change(&p->node.own, SIG_READABLE, 0, &w);
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	return any;
}

static __lean struct packet *
packet_take(struct port *p, struct abi_port_packet *out)
{
	struct packet *k;
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	k = list_first(&p->queue, struct packet, link);
	if (k != NULL) {
		dequeue(p, k, &w);
		if (k->reg == NULL) {
			p->nuser -= k->home == NULL;
		} else {
			*out = k->body;
			k->body.signal.observed = 0;
			k->body.signal.count = 0;
			k->reg->in_hand = true;
		}
	}
	spin_unlock(&p->node.lock);
	return k;
}

/* What is in hand: a registration's packet may change meanwhile, so that of `out' counts; the ring's too. */
static inline struct abi_port_packet *
packet_body(struct packet *k, struct abi_port_packet *out)
{
	return k != NULL && k->reg == NULL ? &k->body : out;
}

static void
ring_return(struct port *p)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	evring_untake(p->ring);
	sig_change(&p->node.own, 0, SIG_READABLE, &w);
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
}

/* The copy failed: the packet is the first again, with what came to it in the meantime. */
static void
packet_return(struct port *p, struct packet *k, const struct abi_port_packet *copy)
{
	struct registration *r;
	struct wakelist w;

	if (k == NULL) {
		ring_return(p);
		return;
	}
	r = k->reg;
	wakelist_init(&w);
	spin_lock(&p->node.lock);
	if (r == NULL) {
		p->nuser += k->home == NULL;
	} else {
		r->in_hand = false;
		if (r->dropped) {
			spin_unlock(&p->node.lock);
			registration_free(r);
			return;
		}
		k->body.signal.observed |= copy->signal.observed;
		k->body.signal.count += copy->signal.count;
		k->body.signal.timestamp = copy->signal.timestamp;
		if (k->queued)
			list_remove(&k->link);
	}
	k->queued = true;
	list_push_front(&p->queue, &k->link);
	sig_change(&p->node.own, 0, SIG_READABLE, &w);
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
}

static void
packet_free(struct packet *k)
{
	if (k->home != NULL) {
		k->home(k);
		return;
	}
	account_give(k->account, CHARGE_BYTES, sizeof(*k));
	zone_free(packet_zone, k);
	kstat_add(&packets, -1);
}

static void
packet_done(struct port *p, struct packet *k)
{
	struct registration *r = k != NULL ? k->reg : NULL;
	bool last;

	if (k == NULL)
		return;
	if (r == NULL) {
		packet_free(k);
		return;
	}
	spin_lock(&p->node.lock);
	r->in_hand = false;
	last = r->dropped || (r->spent && !k->queued);
	if (last)
		list_remove(&r->link);
	spin_unlock(&p->node.lock);
	if (last)
		registration_free(r);
}

/* A packet for the caller to settle (NULL: it was the ring's); waits for it until the deadline. */
static __lean int
packet_wait(struct port *p, nsec_t deadline, const struct via *via, struct packet **k, struct abi_port_packet *out)
{
	bool turn = false, got;
	int error = 0;

	for (;;) {
		*k = NULL;
		got = p->ring != NULL && ring_look(p, out);
		got = got || (*k = packet_take(p, out)) != NULL;
		if (got || error != 0)
			break;
		error = sig_wait(&p->node.own, SIG_READABLE, WAIT_INTR | WAIT_TURN, deadline, via, NULL);
		turn = true;
	}
	if (turn)
		sig_pass(&p->node.own, SIG_READABLE);
	return got ? 0 : error;
}

/* read() on a port takes one packet. */
static int
port_read(struct node *n, struct uio *uio)
{
	struct port *p = port_of(n);
	uint64_t before = uio->resid;
	struct abi_port_packet body;
	struct packet *k;
	int error;

	if (uio->resid < sizeof(body))
		return EINVAL;
	error = packet_wait(p, (uio->flags & UIO_NONBLOCK) != 0 ? 0 : NSEC_INFINITE, NULL, &k, &body);
	if (error != 0)
		return error == ETIMEDOUT ? ESHOULDWAIT : error;
	error = uio_move(packet_body(k, &body), sizeof(body), uio);
	if (error != 0) {
		uio->resid = before;
		packet_return(p, k, &body);
	} else {
		packet_done(p, k);
	}
	return error;
}

static void
port_unused(struct node *n)
{
	struct port *p = port_of(n);
	struct abi_port_packet body;
	struct registration *r;
	struct packet *k;

	while ((r = registration_take(p, NULL, 0)) != NULL)
		registration_end(r);
	ASSERT(list_empty(&p->inner) && list_empty(&p->outer));
	ev_port_closed(p);
	while ((k = packet_take(p, &body)) != NULL)
		packet_free(k);
}

static void
port_destroy(struct node *n)
{
	struct port *p = port_of(n);

	ASSERT(list_empty(&p->queue));
	if (p->ring != NULL)
		evring_free(p->ring);
	account_unref(p->account);
	zone_free(port_zone, p);
	kstat_add(&ports, -1);
}

static const struct node_ops port_ops = {
	.name = "port", .read = port_read, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = port_unused, .destroy = port_destroy,
};

/* --- for other modules --- */

__lean int
port_send(struct port *p, const struct abi_port_packet *body, uint32_t type)
{
	struct account *a = account_self();
	struct packet *k;
	struct wakelist w;
	bool full;

	if (unlikely(!account_take(a, CHARGE_BYTES, sizeof(*k))))
		return ENOMEM;
	k = zone_alloc(packet_zone, 0);
	if (unlikely(k == NULL)) {
		account_give(a, CHARGE_BYTES, sizeof(*k));
		return ENOMEM;
	}
	k->account = a;
	k->queued = false;
	k->reg = NULL;
	k->home = NULL;
	k->body = *body;
	k->body.type = type;
	wakelist_init(&w);
	spin_lock(&p->node.lock);
	full = p->nuser >= PORT_QUEUE_MAX;
	if (!full) {
		p->nuser++;
		enqueue(p, k, &w);
	}
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	kstat_add(&packets, 1);
	if (full) {
		packet_free(k);
		return ESHOULDWAIT;
	}
	return 0;
}

int
port_receive(struct port *p, nsec_t deadline, const struct via *via, void __user *packet)
{
	struct abi_port_packet body;
	struct packet *k;
	int error;

	if (!user_range_ok((uintptr_t)packet, sizeof(body)))
		return EFAULT;
	error = packet_wait(p, deadline, via, &k, &body);
	if (error != 0)
		return error;
	error = copyout(packet_body(k, &body), packet, sizeof(body));
	if (error != 0)
		packet_return(p, k, &body);
	else
		packet_done(p, k);
	return error;
}

bool
port_post_ring(struct port *p, const struct abi_event *e, uint32_t id, struct wakelist *w)
{
	bool put = false;

	spin_lock(&p->node.lock);
	if (p->ring != NULL && list_empty(&p->queue)) {
		/* What was taken without telling makes this the first one: the level rises anew. */
		if (evring_empty(p->ring))
			sig_change(&p->node.own, SIG_READABLE, 0, w);
		put = evring_put(p->ring, e, id);
		if (put)
			sig_change(&p->node.own, 0, SIG_READABLE, w);
	}
	spin_unlock(&p->node.lock);
	return put;
}

int
port_set_ring(struct port *p, struct evring *r)
{
	int error = EEXIST;

	spin_lock(&p->node.lock);
	if (p->ring == NULL) {
		p->ring = r;
		error = 0;
	}
	spin_unlock(&p->node.lock);
	return error;
}

void
port_post(struct port *p, struct packet *k, struct wakelist *w)
{
	spin_lock(&p->node.lock);
	enqueue(p, k, w);
	spin_unlock(&p->node.lock);
}

/* --- calls --- */

int
sys_mx_port_create(uint32_t options, void __user *out)
{
	struct port *p = zone_alloc(port_zone, ZALLOC_ZERO);

	if (p == NULL)
		return ENOMEM;
	kstat_add(&ports, 1);
	node_init(&p->node, &port_ops, NODE_PORT, NULL, 0);
	spin_set_class(&p->node.lock, &port_class);
	p->account = account_get();
	list_init(&p->queue);
	list_init(&p->regs);
	list_init(&p->inner);
	list_init(&p->outer);
	list_init(&p->events);
	return handle_install_new(&p->node, PORT_RIGHTS, out);
}

int
sys_mx_port_queue(struct node *h, const struct abi_port_packet *packet)
{
	return port_send(port_of(h), packet, MX_PKT_TYPE_USER);
}

int
sys_mx_port_wait(uint32_t h, int64_t deadline, void __user *packet)
{
	struct via via;
	struct node *n;
	int error = handle_get_via(h, NODE_PORT, RIGHT_READ, &n, &via);

	if (error != 0)
		return error;
	error = port_receive(port_of(n), deadline, &via, packet);
	node_unuse(n);
	return error;
}

static int
wait_async(struct port *p, struct node *n, const struct via *via, uint64_t key, uint32_t signals,
    uint32_t options)
{
	struct registration *r = registration_make(p, n, via);
	int error;

	if (r == NULL)
		return ENOMEM;
	r->options = options;
	r->ob.trigger = signals & ~SIG_PRIVATE;
	r->packet.body.key = key;
	r->packet.body.type = (options & MX_WAIT_ASYNC_REPEATING) != 0 ? MX_PKT_TYPE_SIGNAL_REP :
	    MX_PKT_TYPE_SIGNAL_ONE;
	r->packet.body.signal.trigger = signals;
	if (n->kind == NODE_PORT && (error = nest_join(r)) != 0) {
		registration_free(r);
		return error;
	}
	return registration_attach(r);
}

int
sys_mx_object_wait_async(uint32_t h, uint32_t port, uint64_t key, uint32_t signals, uint32_t options)
{
	struct node *n, *pn;
	struct via via;
	int error = handle_get_wait(h, &n, &via);

	if (error != 0)
		return error;
	error = handle_get(port, NODE_PORT, RIGHT_WRITE, &pn);
	if (error == 0) {
		error = wait_async(port_of(pn), n, &via, key, signals, options);
		node_unuse(pn);
	}
	node_unuse(n);
	return error;
}

int
sys_mx_port_cancel(struct node *h, uint32_t source, uint64_t key)
{
	struct port *p = port_of(h);
	struct registration *r;
	struct node *n;
	struct via via;
	int error = handle_get_wait(source, &n, &via);
	bool any = false;

	if (error != 0)
		return error;
	while ((r = registration_take(p, &via, key)) != NULL) {
		registration_end(r);
		any = true;
	}
	node_unuse(n);
	return any ? 0 : ENOENT;
}
