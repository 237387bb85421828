/*
 * Calls on any object: waits and user signals.
 *
 * A native wait is made through a slot: its observers carry the slot as owner, and whoever
 * empties the slot ends the wait (DESIGN.md 4, Removal).
 */
#include "gen/sysproto.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/mx.h>
#include <abi/rights.h>
#include <abi/sig.h>

int
sys_mx_object_wait_one(uint32_t h, uint32_t signals, int64_t deadline, void __user *observed)
{
	struct node *n;
	uint32_t index, bits = 0;
	int error = handle_get(h, NODE_ANY, RIGHT_WAIT, &n);

	if (error != 0)
		return error;
	error = desc_index(h, &index);
	if (error == 0)
		error = sig_wait(n->sig, signals, WAIT_INTR, deadline, desc_owner(n, index), &bits);
	node_unuse(n);
	/* A time-out and a closed handle report what is active all the same. */
	if ((error == 0 || error == ETIMEDOUT || error == ECLOSED) && (uintptr_t)observed != 0 &&
	    copyout(&bits, observed, sizeof(bits)) != 0)
		error = EFAULT;
	return error;
}

static int
items_lookup(const struct abi_wait_item *user, size_t n, struct sig_item *items, struct node **nodes)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t index;
		int error = handle_get(user[i].handle, NODE_ANY, RIGHT_WAIT, &nodes[i]);

		if (error == 0 && (error = desc_index(user[i].handle, &index)) != 0) {
			node_unuse(nodes[i]);
			nodes[i] = NULL;
		}
		if (error != 0)
			return error;
		items[i] = (struct sig_item){ .src = nodes[i]->sig, .mask = user[i].waitfor,
			.owner = desc_owner(nodes[i], index) };
	}
	return 0;
}

static int
wait_many(struct abi_wait_item *user, size_t n, nsec_t deadline)
{
	struct sig_item *items = kmem_alloc(n * sizeof(*items), ZALLOC_ZERO);
	struct node **nodes = kmem_alloc(n * sizeof(*nodes), ZALLOC_ZERO);
	size_t ready;
	int error = ENOMEM;

	if (items != NULL && nodes != NULL) {
		error = items_lookup(user, n, items, nodes);
		if (error == 0)
			error = sig_wait_many(items, n, WAIT_INTR, deadline, &ready);
		for (size_t i = 0; i < n; i++) {
			user[i].pending = items[i].observed;
			if (nodes[i] != NULL)
				node_unuse(nodes[i]);
		}
	}
	if (items != NULL)
		kmem_free(items, n * sizeof(*items));
	if (nodes != NULL)
		kmem_free(nodes, n * sizeof(*nodes));
	return error;
}

int
sys_mx_object_wait_many(void __user *items, size_t n, int64_t deadline)
{
	struct abi_wait_item *copy;
	int error;

	if (n > MX_WAIT_MANY_MAX_ITEMS)
		return ERANGE;
	if (n == 0) {
		thr_sleep_prepare(true);
		return thr_sleep(deadline);
	}
	copy = kmem_alloc(n * sizeof(*copy), 0);
	if (copy == NULL)
		return ENOMEM;
	error = copyin(items, copy, n * sizeof(*copy));
	if (error == 0) {
		error = wait_many(copy, n, deadline);
		if ((error == 0 || error == ETIMEDOUT || error == ECLOSED) &&
		    copyout(copy, items, n * sizeof(*copy)) != 0)
			error = EFAULT;
	}
	kmem_free(copy, n * sizeof(*copy));
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
