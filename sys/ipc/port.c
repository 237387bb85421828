/*
 * Ports: queues of packets.
 *
 * 1. Concepts.  A packet comes from a program (mx_port_queue) or from a *registration*
 * (mx_object_wait_async): an observer on a source that carries its packet, so signalling never
 * allocates.  ONCE: one packet, then the registration is gone.  REPEATING: a packet at once when a
 * trigger bit is active, then one for each rise; while its packet is still queued, changes fold
 * into it (observed ORed, count + 1): nothing is lost, nothing is doubled.  EDGE (with ONCE): the
 * level at registration does not count.
 *
 * 2. Ownership.
 *
 *	port --list--> registration --use of the port, reference on the node--> source
 *	  \--queue--> packet (inside of its registration, or a user packet)
 *
 * A registration dies when it fired (ONCE, after its packet was taken), is cancelled, its slot
 * goes, or the port is closed.  It is on the port's list all that time.
 *
 * 3. Levels.  READABLE is set if and only if a packet is queued; a port can be waited for.
 *
 * 4. Locking.  Firing runs under the source's lock and takes the port's lock: RANK_NODE before
 * RANK_PORT, so a port's own lock has the later class.  Cancel detaches from the source first, then
 * takes the packet out under the port's lock; after it returns no packet of that key comes.
 */
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/deferred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "vm/zone.h"
#include <abi/mx.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define PORT_QUEUE_MAX	2048u		/* user packets */

struct packet {
	struct list link;		/* [p] queue of the port */
	bool queued;			/* [p] */
	struct registration *reg;	/* [I] NULL: a user packet, freed when taken */
	struct abi_port_packet body;	/* [p] */
};

struct port {
	struct node node;
	struct list queue;		/* [p] struct packet */
	struct list regs;		/* [p] struct registration */
	uint32_t nuser;			/* [p] user packets queued */
};

struct registration {
	struct observer ob;
	struct list link;		/* [p] port's list; empty: being removed */
	struct port *port;		/* [I] one reference */
	struct node *node;		/* [I] one reference: the source lives as long */
	struct deferred gone;		/* frees it after its slot went */
	uint32_t options;		/* [I] */
	bool spent;			/* [p] ONCE that has fired */
	struct packet packet;
};

static const struct lock_class port_class = { .name = "port", .rank = RANK_PORT };
#define PORT_RIGHTS (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT | RIGHT_INSPECT)

ZONE(port_zone, struct port);
ZONE(registration_zone, struct registration);
ZONE(packet_zone, struct packet);
COUNTER(ports, "node.port");
COUNTER(registrations, "port.registrations");
COUNTER(packets, "port.packets");

static struct port *
port_of(struct node *n)
{
	return container_of(n, struct port, node);
}

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

/* --- registrations --- */

static void
registration_free(struct registration *r)
{
	ASSERT(r->ob.src == NULL && !r->packet.queued);
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

/*
 * The slot it was made through goes: no new packet, but one that is queued stays and frees it when
 * it is taken.  Under both locks, so it is freed from a deferred call.
 */
static void
registration_orphan(struct registration *r)
{
	if (r->packet.queued) {
		r->spent = true;
		return;
	}
	list_remove(&r->link);
	observer_detach_locked(&r->ob);
	deferred_queue(&r->gone);
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
		registration_orphan(r);
		spin_unlock(&p->node.lock);
		return;
	}
	if ((r->options & MX_WAIT_ASYNC_REPEATING) == 0)
		r->spent = true;
	r->packet.body.signal.observed |= bits;
	r->packet.body.signal.count++;
	if (!r->packet.queued) {
		if ((r->options & MX_WAIT_ASYNC_TIMESTAMP) != 0)
			r->packet.body.signal.timestamp = clock_now();
		enqueue(p, &r->packet, w);
	}
	spin_unlock(&p->node.lock);
}

static struct registration *
registration_make(struct port *p, struct node *n, uint64_t key, uint32_t signals, uint32_t options,
    const void *slot)
{
	struct registration *r = zone_alloc(registration_zone, ZALLOC_ZERO);

	if (r == NULL)
		return NULL;
	kstat_add(&registrations, 1);
	node_ref(&p->node);
	node_ref(n);
	*r = (struct registration){ .port = p, .node = n, .options = options,
		.ob = { .trigger = signals, .fire = registration_fire, .owner = slot } };
	r->gone = (struct deferred)DEFERRED_INIT(r->gone, registration_gone);
	list_init(&r->ob.link);
	list_init(&r->packet.link);
	r->packet.reg = r;
	r->packet.body.key = key;
	r->packet.body.type = (options & MX_WAIT_ASYNC_REPEATING) != 0 ? MX_PKT_TYPE_SIGNAL_REP :
	    MX_PKT_TYPE_SIGNAL_ONE;
	r->packet.body.signal.trigger = signals;
	return r;
}

static void
registration_attach(struct registration *r)
{
	struct sigsrc *s = r->node->sig;
	struct port *p = r->port;
	struct wakelist w;
	uint32_t bits;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	list_push_back(&p->regs, &r->link);
	spin_unlock(&p->node.lock);
	spin_lock(s->lock);
	observer_attach_locked(s, &r->ob);
	bits = s->bits;
	if ((bits & r->ob.trigger) != 0 && (r->options & MX_WAIT_ASYNC_EDGE) == 0)
		registration_fire(&r->ob, bits, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

/* Ends one that was taken off the port's list: no packet of it comes afterwards. */
static void
registration_end(struct registration *r)
{
	struct port *p = r->port;
	struct wakelist w;

	observer_detach(&r->ob);
	wakelist_init(&w);
	spin_lock(&p->node.lock);
	if (r->packet.queued)
		dequeue(p, &r->packet, &w);
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	registration_free(r);
}

/* Takes the first matching registration off the list (node NULL: any). */
static struct registration *
registration_take(struct port *p, struct node *n, uint64_t key)
{
	struct registration *r, *found = NULL;

	spin_lock(&p->node.lock);
	list_for_each(r, &p->regs, link) {
		if (n == NULL || (r->node == n && r->packet.body.key == key)) {
			found = r;
			list_remove(&r->link);
			break;
		}
	}
	spin_unlock(&p->node.lock);
	return found;
}

/* --- the node --- */

static int
take_packet(struct port *p, struct abi_port_packet *out)
{
	struct registration *spent = NULL;
	struct packet *k, *user = NULL;
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&p->node.lock);
	k = list_first(&p->queue, struct packet, link);
	if (k == NULL) {
		spin_unlock(&p->node.lock);
		return ESHOULDWAIT;
	}
	dequeue(p, k, &w);
	*out = k->body;
	if (k->reg == NULL) {
		user = k;
		p->nuser--;
	} else {
		k->body.signal.observed = 0;
		k->body.signal.count = 0;
		if (k->reg->spent) {
			spent = k->reg;
			list_remove(&spent->link);
		}
	}
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	if (user != NULL) {
		zone_free(packet_zone, user);
		kstat_add(&packets, -1);
	}
	if (spent != NULL)
		registration_end(spent);
	return 0;
}

static int
port_wait(struct port *p, nsec_t deadline, struct abi_port_packet *out)
{
	int error;

	while ((error = take_packet(p, out)) == ESHOULDWAIT) {
		error = sig_wait(&p->node.own, SIG_READABLE, WAIT_INTR | WAIT_EXCL, deadline, NULL, NULL);
		if (error != 0)
			return error;
	}
	return error;
}

/* read() on a port takes one packet. */
static int
port_read(struct node *n, struct uio *uio)
{
	struct abi_port_packet k;
	int error;

	if (uio->resid < sizeof(k))
		return EINVAL;
	error = port_wait(port_of(n), (uio->flags & UIO_NONBLOCK) != 0 ? 0 : NSEC_INFINITE, &k);
	if (error == ETIMEDOUT)
		return ESHOULDWAIT;
	return error != 0 ? error : uio_move(&k, sizeof(k), uio);
}

static void
port_unused(struct node *n)
{
	struct port *p = port_of(n);
	struct registration *r;

	while ((r = registration_take(p, NULL, 0)) != NULL)
		registration_end(r);
}

static void
port_destroy(struct node *n)
{
	struct port *p = port_of(n);
	struct list *l;

	while ((l = list_pop_front(&p->queue)) != NULL) {
		zone_free(packet_zone, list_entry(l, struct packet, link));
		kstat_add(&packets, -1);
	}
	zone_free(port_zone, p);
	kstat_add(&ports, -1);
}

static const struct node_ops port_ops = {
	.name = "port",
	.read = port_read,
	.write = node_nowrite,
	.seek = node_noseek,
	.stat = node_nostat,
	.setattr = node_nosetattr,
	.ioctl = node_noioctl,
	.vmo = node_novmo,
	.sync = node_nosync,
	.unused = port_unused,
	.destroy = port_destroy,
};

/* --- calls --- */

int
sys_mx_port_create(uint32_t options, void __user *out)
{
	struct port *p;
	int error;

	p = zone_alloc(port_zone, ZALLOC_ZERO);
	if (p == NULL)
		return ENOMEM;
	kstat_add(&ports, 1);
	node_init(&p->node, &port_ops, NODE_PORT, NULL, 0);
	p->node.lock.class = &port_class;
	list_init(&p->queue);
	list_init(&p->regs);
	node_use(&p->node);
	node_unref(&p->node);
	error = handle_install(&p->node, PORT_RIGHTS, out);
	if (error != 0)
		node_unuse(&p->node);
	return error;
}

int
sys_mx_port_queue(struct node *h, const struct abi_port_packet *packet)
{
	struct port *p = port_of(h);
	struct packet *k = zone_alloc(packet_zone, ZALLOC_ZERO);
	struct wakelist w;
	bool full;

	if (k == NULL)
		return ENOMEM;
	list_init(&k->link);
	k->body = *packet;
	k->body.type = MX_PKT_TYPE_USER;
	wakelist_init(&w);
	spin_lock(&p->node.lock);
	full = p->nuser >= PORT_QUEUE_MAX;
	if (!full) {
		p->nuser++;
		enqueue(p, k, &w);
	}
	spin_unlock(&p->node.lock);
	wakelist_run(&w);
	if (full) {
		zone_free(packet_zone, k);
		return ESHOULDWAIT;
	}
	kstat_add(&packets, 1);
	return 0;
}

int
sys_mx_port_wait(struct node *h, int64_t deadline, struct abi_port_packet *packet)
{
	return port_wait(port_of(h), deadline, packet);
}

int
sys_mx_object_wait_async(uint32_t h, uint32_t port, uint64_t key, uint32_t signals, uint32_t options)
{
	struct registration *r = NULL;
	struct node *n, *pn;
	uint32_t index;
	int error;

	if ((options & ~(MX_WAIT_ASYNC_TIMESTAMP | MX_WAIT_ASYNC_EDGE | MX_WAIT_ASYNC_REPEATING)) != 0)
		return EINVAL;
	error = handle_get(port, NODE_PORT, RIGHT_WRITE, &pn);
	if (error != 0)
		return error;
	error = handle_get(h, NODE_ANY, RIGHT_WAIT, &n);
	if (error == 0) {
		/* Ports in ports come with their depth and cycle rules in a later issue. */
		if (n->kind == NODE_PORT)
			error = ENOTSUP;
		else if ((error = desc_index(h, &index)) == 0)
			r = registration_make(port_of(pn), n, key, signals, options, desc_owner(n, index));
		if (error == 0 && r == NULL)
			error = ENOMEM;
		if (r != NULL)
			registration_attach(r);
		node_unuse(n);
	}
	node_unuse(pn);
	return error;
}

int
sys_mx_port_cancel(struct node *h, uint32_t source, uint64_t key)
{
	struct port *p = port_of(h);
	struct registration *r;
	struct node *n;
	int error = handle_get(source, NODE_ANY, RIGHT_WAIT, &n);
	bool any = false;

	if (error != 0)
		return error;
	while ((r = registration_take(p, n, key)) != NULL) {
		registration_end(r);
		any = true;
	}
	node_unuse(n);
	return any ? 0 : ENOENT;
}
