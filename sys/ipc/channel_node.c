/*
 * A channel as a node: how it is made and ends, what read, write and stat mean, its limit, what its queue
 * carries.  Messages and calls are channel.c.
 *
 * read(2) takes one message's bytes, whole or not at all; its handles, if it has any, make it too large.  write(2)
 * sends one.  Both wait where the native calls say SHOULD_WAIT.
 */
#include "gen/sysproto.h"
#include "ipc/channel_impl.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>

#define LIMIT_DEFAULT	(4u << 20)
#define CHANNEL_RIGHTS	(RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE | \
			 RIGHT_SIGNAL | RIGHT_SIGNAL_PEER | RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY)

ZONE(channel_zone, struct channel);
COUNTER(channels, "node.channel");

/* Takes the first message; waits for one. */
static int
take_wait(struct end *e, const struct receiving *r, bool wait, struct message **m)
{
	uint32_t size, nslots;
	bool turn = false;
	int error;

	while ((error = channel_take(e, r, false, m, &size, &nslots)) == ESHOULDWAIT && wait) {
		error = sig_wait(&e->node.own, SIG_READABLE | SIG_PEER_CLOSED, WAIT_INTR | WAIT_TURN,
		    NSEC_INFINITE, NULL, NULL);
		turn = true;
		if (error != 0)
			break;
	}
	if (turn)
		sig_pass(&e->node.own, SIG_READABLE | SIG_PEER_CLOSED);
	return error;
}

static int
channel_read(struct node *n, struct uio *u)
{
	uint64_t total = u->resid;
	struct receiving r = { .num_bytes = (uint32_t)MIN(total, (uint64_t)UINT32_MAX) };
	struct end *e = end_of(n);
	struct message *m;
	int error = take_wait(e, &r, (u->flags & UIO_NONBLOCK) == 0, &m);

	if (error != 0)
		return error == EPEERCLOSED ? 0 : error == ESMALL ? EMSGSIZE : error;
	error = uio_move(message_bytes(m), m->size, u);
	if (error == 0) {
		message_free(m);
	} else {
		u->resid = total;		/* nothing was read */
		channel_put_back(e, m);
	}
	return error;
}

static int
channel_write(struct node *n, struct uio *u)
{
	uint64_t total = u->resid;
	struct message *m;
	bool turn = false;
	int error;

	if (total > MX_CHANNEL_MAX_MSG_BYTES)
		return EMSGSIZE;
	m = message_alloc((uint32_t)total, 0);
	if (m == NULL)
		return ENOMEM;
	error = uio_move(message_bytes(m), m->size, u);
	while (error == 0 && (error = channel_post(n, m)) == ESHOULDWAIT) {
		if ((u->flags & UIO_NONBLOCK) != 0)
			break;
		error = sig_wait(n->sig, SIG_WRITABLE | SIG_PEER_CLOSED, WAIT_INTR | WAIT_TURN, NSEC_INFINITE,
		    NULL, NULL);
		turn = true;
	}
	if (turn)
		sig_pass(n->sig, SIG_WRITABLE | SIG_PEER_CLOSED);
	if (error != 0) {
		message_free(m);
		u->resid = total;
	}
	return error;
}

static int
channel_stat(struct node *n, struct abi_stat *st)
{
	st->mode = S_IFSOCK | 0600;
	return node_nostat(n, st);
}

/* The last use of an end: nobody will read its queue.  Calls hold uses, so none waits here. */
static void
channel_unused(struct node *n)
{
	struct end *e = end_of(n);
	struct list queue, *l;

	ASSERT(e->ncalls == 0);
	list_init(&queue);
	pair_unused(n, SIG_WRITABLE);
	spin_lock(&n->pair->lock);
	list_splice(&queue, &e->queue);
	if (e->credit != 0)
		account_give(account_of(e), CHARGE_BYTES, (uint32_t)e->credit);
	e->credit = 0;
	spin_unlock(&n->pair->lock);
	while ((l = list_pop_front(&queue)) != NULL)
		message_free(list_entry(l, struct message, link));
}

static void
channel_destroy(struct node *n)
{
	struct channel *c = container_of(n->pair, struct channel, pair);

	if (!pair_put(n))
		return;
	message_nospare(&c->end[0].spare);
	message_nospare(&c->end[1].spare);
	account_unref(c->account);
	zone_free(channel_zone, c);
	kstat_add(&channels, -1);
}

static const struct node_ops channel_ops = {
	.name = "channel", .read = channel_read, .write = channel_write, NODE_OPS_STREAM,
	.stat = channel_stat, .setattr = node_nosetattr, .ioctl = node_noioctl,
	.unused = channel_unused, .destroy = channel_destroy,
};

static void
each_carried(struct node *n, struct walk *walk)
{
	struct message *m;

	spin_lock(&n->pair->lock);
	list_for_each(m, &end_of(n)->queue, link)
		for (uint32_t i = 0; i < m->nslots; i++)
			cycle_visit(walk, m->slots[i].node);
	spin_unlock(&n->pair->lock);
}

static struct node *
carrier_peer(struct node *n)
{
	struct node *peer;

	spin_lock(&n->pair->lock);
	peer = pair_peer_locked(n);
	if (peer != NULL)
		node_ref(peer);
	spin_unlock(&n->pair->lock);
	return peer;
}

static const struct carrier_ops channel_carrier = { .each = each_carried, .peer = carrier_peer };

/* --- the limit --- */

static int
limit_get(struct node *n, void *value)
{
	struct end *e = end_of(n);

	spin_lock(&n->pair->lock);
	memcpy(value, &e->limit, sizeof(e->limit));
	spin_unlock(&n->pair->lock);
	return 0;
}

static int
limit_set(struct node *n, const void *value)
{
	struct end *e = end_of(n);
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&n->pair->lock);
	memcpy(&e->limit, value, sizeof(e->limit));
	channel_writable(e, &w);
	spin_unlock(&n->pair->lock);
	wakelist_run(&w);
	return 0;
}
PROPERTY(channel_limit, MX_PROP_CHANNEL_LIMIT, NODE_CHANNEL, sizeof(uint64_t), limit_get, limit_set);

/* --- making one --- */

static struct channel *
channel_create(void)
{
	struct channel *c = zone_alloc(channel_zone, ZALLOC_ZERO);

	if (c == NULL)
		return NULL;
	kstat_add(&channels, 1);
	c->account = account_get();
	pair_init(&c->pair, &channel_ops, NODE_CHANNEL, &c->end[0].node, &c->end[1].node, SIG_WRITABLE);
	for (unsigned i = 0; i < 2; i++) {
		struct end *e = &c->end[i];

		list_init(&e->queue);
		e->limit = LIMIT_DEFAULT;
		e->carrier = (struct carrier){ .ops = &channel_carrier, .node = &e->node };
		e->node.carrier = &e->carrier;
	}
	return c;
}

int
sys_mx_channel_create(uint32_t options, void __user *out0, void __user *out1)
{
	struct channel *c = channel_create();

	if (c == NULL)
		return ENOMEM;
	return pair_install(&c->pair,
	    CHANNEL_RIGHTS | ((options & MX_CHANNEL_DUPLICABLE) != 0 ? RIGHT_DUPLICATE : 0), out0, out1);
}

/* --- for the layers above --- */

int
channel_make(struct node *end[2])
{
	struct channel *c = channel_create();

	if (c == NULL)
		return ENOMEM;
	end[0] = &c->end[0].node;
	end[1] = &c->end[1].node;
	return 0;
}

uint32_t
channel_waiting_locked(const struct node *n)
{
	return container_of(n, const struct end, node)->waiting;
}

bool
channel_peer_closed(struct node *n)
{
	return (sig_read(n->sig) & SIG_PEER_CLOSED) != 0;
}
