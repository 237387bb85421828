/*
 * Calls on any object: waits and user signals.
 *
 * A native wait is made through a slot: its observers carry the slot as owner, and whoever
 * empties the slot ends the wait (DESIGN.md 4, Removal).
 */
#include "gen/sysproto.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/pair.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/mx.h>
#include <abi/rights.h>
#include <abi/sig.h>

LEAN_BEGIN

int
sys_mx_object_wait_one(uint32_t h, uint32_t signals, int64_t deadline, void __user *observed)
{
	struct node *n;
	struct via via;
	uint32_t bits;
	int error = handle_get_wait(h, &n, &via);

	if (unlikely(error != 0))
		return error;
	if (unlikely((intptr_t)observed < 0)) {
		node_unuse(n);
		return EFAULT;
	}
	error = sig_wait_via(n->sig, signals & ~SIG_PRIVATE, deadline, via, &bits);
	node_unuse(n);
	/* A time-out and a closed handle report what is active all the same. */
	if (unlikely(error != 0) && error != ETIMEDOUT && error != ECLOSED)
		return error;
	if ((uintptr_t)observed != 0 && user_put32(observed, bits & ~SIG_PRIVATE) != 0)
		error = EFAULT;
	return error;
}

LEAN_END

/* Room for what most calls wait for; more is allocated. */
#define FEW	8

struct waitset {
	struct abi_wait_item *user;
	struct sig_item *items;
	struct node **nodes;
	struct abi_wait_item few_user[FEW];
	struct sig_item few_items[FEW];
	struct node *few_nodes[FEW];
};

static int
waitset_init(struct waitset *ws, size_t n)
{
	ws->user = ws->few_user;
	ws->items = ws->few_items;
	ws->nodes = ws->few_nodes;
	if (n <= FEW)
		return 0;
	ws->user = kmem_alloc(n * sizeof(*ws->user), 0);
	ws->items = kmem_alloc(n * sizeof(*ws->items), 0);
	ws->nodes = kmem_alloc(n * sizeof(*ws->nodes), 0);
	return ws->user != NULL && ws->items != NULL && ws->nodes != NULL ? 0 : ENOMEM;
}

static void
waitset_done(struct waitset *ws, size_t n)
{
	if (n <= FEW)
		return;
	if (ws->user != NULL)
		kmem_free(ws->user, n * sizeof(*ws->user));
	if (ws->items != NULL)
		kmem_free(ws->items, n * sizeof(*ws->items));
	if (ws->nodes != NULL)
		kmem_free(ws->nodes, n * sizeof(*ws->nodes));
}

static int
wait_many(struct waitset *ws, size_t n, nsec_t deadline)
{
	size_t found, ready;
	int error = 0;

	for (found = 0; found < n; found++) {
		struct sig_item *it = &ws->items[found];

		error = handle_get_wait(ws->user[found].handle, &ws->nodes[found], &it->via);
		if (error != 0)
			break;
		it->src = ws->nodes[found]->sig;
		it->mask = ws->user[found].waitfor & ~SIG_PRIVATE;
	}
	if (error == 0)
		error = sig_wait_many(ws->items, n, WAIT_INTR, deadline, &ready);
	for (size_t i = 0; i < found; i++) {
		ws->user[i].pending = ws->items[i].observed & ~SIG_PRIVATE;
		node_unuse(ws->nodes[i]);
	}
	return error;
}

int
sys_mx_object_wait_many(void __user *items, size_t n, int64_t deadline)
{
	struct waitset ws;
	int error;

	if (n > MX_WAIT_MANY_MAX_ITEMS)
		return ERANGE;
	if (n == 0) {
		thr_sleep_prepare(true);
		return thr_sleep(deadline);
	}
	error = waitset_init(&ws, n);
	if (error == 0)
		error = copyin(items, ws.user, n * sizeof(*ws.user));
	if (error == 0) {
		error = wait_many(&ws, n, deadline);
		if ((error == 0 || error == ETIMEDOUT || error == ECLOSED) &&
		    copyout(ws.user, items, n * sizeof(*ws.user)) != 0)
			error = EFAULT;
	}
	waitset_done(&ws, n);
	return error;
}

/* Bits that user programs may change on a kind. */
static uint32_t
user_bits(const struct node *n)
{
	return n->kind == NODE_EVENT || n->kind == NODE_EVENTPAIR ? SIG_USER_ALL | SIG_SIGNALED :
	    SIG_USER_ALL;
}

int
sys_mx_object_signal(struct node *h, uint32_t clear, uint32_t set)
{
	struct wakelist w;

	if (((clear | set) & ~user_bits(h)) != 0)
		return EINVAL;
	wakelist_init(&w);
	spin_lock(h->sig->lock);
	sig_change(h->sig, clear, set, &w);
	spin_unlock(h->sig->lock);
	wakelist_run(&w);
	return 0;
}

/* Which kinds have a peer is asked before the right; a peer that is gone stays gone. */
int
sys_mx_object_signal_peer(uint32_t h, uint32_t clear, uint32_t set)
{
	struct wakelist w;
	struct node *n, *peer;
	uint32_t rights;
	int error = h <= DESC_INDEX_MASK ? EHANDLE : desc_get_slot(h, NODE_ANY, 0, &n, &rights, NULL);

	if (error != 0)
		return error;
	if (n->pair == NULL)
		error = ENOTSUP;
	else if ((rights & RIGHT_SIGNAL_PEER) == 0)
		error = ERIGHTS;
	else if (((clear | set) & ~user_bits(n)) != 0)
		error = EINVAL;
	if (error == 0) {
		wakelist_init(&w);
		spin_lock(&n->pair->lock);
		peer = pair_peer_locked(n);
		if (peer != NULL)
			sig_change(peer->sig, clear, set, &w);
		else
			error = EPEERCLOSED;
		spin_unlock(&n->pair->lock);
		wakelist_run(&w);
	}
	node_unuse(n);
	return error;
}
