/*
 * Pairs of peers.
 *
 *	end 0 --\                      each end owns one count of refs; a pair that lost both is
 *	         > pair (lock, end[]) 	freed by the kind.  end[i] is the node while it is in use:
 *	end 1 --/                      who holds the lock may reach it without a reference.
 */
#include "kern/pair.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include <abi/sig.h>

void
pair_init(struct pair *p, const struct node_ops *ops, enum node_kind kind, struct node *end0,
    struct node *end1, uint32_t bits)
{
	struct node *end[2] = { end0, end1 };

	spin_init(&p->lock, &node_class);
	p->refs = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct node *n = end[i];

		node_init(n, ops, kind, NULL, bits);
		sigsrc_init(&n->own, &p->lock, bits | SIG_LAST_HANDLE);
		n->pair = p;
		n->side = (uint8_t)i;
		p->end[i] = n;
		p->koid[i] = n->koid;
		node_use(n);
		node_unref(n);
	}
}

void
pair_unused(struct node *n, uint32_t clear)
{
	struct pair *p = n->pair;
	struct wakelist w;
	struct node *peer;

	wakelist_init(&w);
	spin_lock(&p->lock);
	p->end[n->side] = NULL;
	peer = pair_peer_locked(n);
	if (peer != NULL)
		sig_change(peer->sig, clear, SIG_PEER_CLOSED, &w);
	spin_unlock(&p->lock);
	wakelist_run(&w);
}

bool
pair_put(struct node *n)
{
	return atomic_sub_return(&n->pair->refs, 1) == 0;
}

int
pair_install(struct pair *p, uint32_t rights, void __user *out0, void __user *out1)
{
	struct node *end[2] = { p->end[0], p->end[1] };
	void __user *out[2] = { out0, out1 };
	uint32_t index[2], h;
	unsigned made = 0;
	int error = 0;

	while (made < 2 && (error = desc_reserve(DESC_NATIVE, 0, &index[made])) == 0) {
		h = desc_handle(index[made]);
		error = copyout(&h, out[made], sizeof(h));
		made++;
		if (error != 0)
			break;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (error == 0)
			desc_publish(index[i], end[i], rights, DESC_CLOEXEC);
		else if (i < made)
			desc_unreserve(index[i]);
	}
	if (error != 0) {
		node_unuse(end[0]);
		node_unuse(end[1]);
	}
	return error;
}
