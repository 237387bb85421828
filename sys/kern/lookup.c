/*
 * What a number names: lookups in the descriptor table.
 *
 * 1. Rights are evaluated here (and by the short way, which is in line: desctab.h) and nowhere else: no lookup
 * exists that does not name what it needs.
 *
 * 2. A lookup that found nothing, or another kind, is a condition of job policy.
 *
 * 3. Pseudo-handles are tried when no slot was found, so the others do not pay.  What they name is asked for
 * at each use.
 */
#include "kern/desc_impl.h"
#include "kern/error.h"
#include "kern/policy.h"
#include "kern/proc.h"

/* Of a handle that is not in t->first. */
void __rare
desc_far(struct desctab *t, uint32_t h)
{
	uint32_t index = (h - 1) & DESC_INDEX_MASK;
	struct desc_chunk *c = chunk_at(t, index);

	t->far = c != NULL ? &c->slot[index % DESC_CHUNK] : NULL;
}

/* A lookup that found nothing, or another kind, is a condition of job policy; its result stays. */
int
desc_refused(int error)
{
	int ignored = 0;

	if (error == EHANDLE)
		ignored = policy_check(POLICY_BAD_HANDLE);
	else if (error == EWRONGTYPE)
		ignored = policy_check(POLICY_WRONG_OBJECT);
	(void)ignored;
	return error;
}

/* The slow half of a lookup, without the lock: nothing is in a slot of that name. */
static int
self_get(struct desctab *t, uint32_t num, enum node_kind kind, uint32_t rights, struct node **out,
    uint32_t *have)
{
	uint32_t which = self_of(num);
	struct node *n;
	int error;

	if (which == DESC_NSELF || desc_self_hook == NULL || t->self[which].empty)
		return EHANDLE;
	error = desc_self_hook((enum desc_self)which, &n);
	if (error != 0)
		return error;
	*have = t->self[which].rights;
	if (kind != NODE_ANY && n->kind != kind)
		error = EWRONGTYPE;
	else if ((*have & rights) != rights)
		error = ERIGHTS;
	if (error != 0)
		node_unuse(n);
	else
		*out = n;
	return error;
}

/*
 * A right is missing.  Where a call that moves bytes was asked of a kind that has none to move, that
 * is what the caller hears: no slot of an event could have the right.
 */
static int
refusal(const struct node *n, enum node_kind kind, uint32_t rights)
{
	bool bytes = kind == NODE_ANY && (rights & ~(RIGHT_READ | RIGHT_WRITE)) == 0;

	return bytes && n->ops->read == node_nostream ? EINVAL : ERIGHTS;
}

int
desc_get_slot(uint32_t num, enum node_kind kind, uint32_t rights, struct node **out,
    uint32_t *slot_rights, uint32_t *slot_flags)
{
	struct desctab *t = desctab_mine();
	uint32_t have;
	struct desc *d;
	int error = 0;

	spin_lock(&t->lock);
	d = find(t, num);
	if (unlikely(d == NULL)) {
		spin_unlock(&t->lock);
		error = self_get(t, num, kind, rights, out, &have);
		if (error == 0 && slot_rights != NULL)
			*slot_rights = have;
		if (error == 0 && slot_flags != NULL)
			*slot_flags = 0;
		return likely(error == 0) ? 0 : desc_refused(error);
	}
	if (unlikely(kind != NODE_ANY && d->node->kind != kind)) {
		error = EWRONGTYPE;
	} else if (unlikely((d->rights & rights) != rights)) {
		error = refusal(d->node, kind, rights);
	} else {
		node_use_more(d->node);
		*out = d->node;
		if (slot_rights != NULL)
			*slot_rights = d->rights;
		if (slot_flags != NULL)
			*slot_flags = d->flags;
	}
	spin_unlock(&t->lock);
	return likely(error == 0) ? 0 : desc_refused(error);
}

/* The same for a pseudo-handle. */
static int
self_get_wait(struct desctab *t, uint32_t h, struct node **out, struct via *via)
{
	uint32_t which = self_of(h), have;
	int error = self_get(t, h, NODE_ANY, 0, out, &have);

	if (error != 0)
		return desc_refused(error);
	if (!node_waitable(*out))
		error = ENOTSUP;
	else if ((have & RIGHT_WAIT) == 0)
		error = ERIGHTS;
	if (error != 0) {
		node_unuse(*out);
		return error;
	}
	t->self[which].waited = true;
	*via = (struct via){ .gen = &t->self[which].gen, .was = t->self[which].gen };
	return 0;
}

/* The long way says why a lookup found nothing, and knows pseudo-handles. */
int
handle_get_other(uint32_t h, enum node_kind kind, uint32_t rights, struct node **out)
{
	return h <= DESC_INDEX_MASK ? desc_refused(EHANDLE) :
	    desc_get_slot(h, kind, rights, out, NULL, NULL);
}

/* What can be waited for is asked before the rights. */
int
handle_get_wait_other(uint32_t h, struct node **out, struct via *via)
{
	struct desctab *t = desctab_mine();
	struct desc *d;
	int error;

	if (h <= DESC_INDEX_MASK)
		return desc_refused(EHANDLE);
	spin_lock(&t->lock);
	d = desc_find_handle(t, h);
	if (d == NULL) {
		spin_unlock(&t->lock);
		return self_get_wait(t, h, out, via);
	}
	error = !node_waitable(d->node) ? ENOTSUP : (d->rights & RIGHT_WAIT) == 0 ? ERIGHTS : 0;
	if (error == 0) {
		node_use(d->node);
		*out = d->node;
		*via = (struct via){ .gen = &d->gen, .was = d->gen };
	}
	spin_unlock(&t->lock);
	return error;
}

/* No pseudo-handle names what has a call like this. */
int
handle_get_via_other(uint32_t h, enum node_kind kind, uint32_t rights, struct node **out, struct via *via)
{
	int error = 0;

	*out = handle_use(h, kind, rights, via);
	if (*out != NULL)
		return 0;
	error = handle_get_other(h, kind, rights, out);
	if (error == 0) {
		node_unuse(*out);
		error = desc_refused(EHANDLE);
	}
	return error;
}

const struct desc *
desc_scan_other(struct desc_scan *s, uint32_t num)
{
	struct desc_chunk *c = num < DESC_MAX && num <= DESC_INDEX_MASK ? chunk_at(s->table, num) : NULL;

	if (c == NULL)
		return find(s->table, num);	/* a handle value, or nothing */
	s->base = ROUND_DOWN(num, DESC_CHUNK);
	s->slots = c->slot;
	return &c->slot[num - s->base];
}

int
desctab_peek(struct desctab *t, uint32_t index, struct node **out, uint32_t *rights, uint32_t *flags)
{
	struct desc *d;
	int error = EHANDLE;

	spin_lock(&t->lock);
	d = index < DESC_MAX ? slot_at(t, index) : NULL;
	if (d != NULL && d->node != NULL) {
		node_use(d->node);
		*out = d->node;
		*rights = d->rights;
		*flags = d->flags;
		error = 0;
	}
	spin_unlock(&t->lock);
	return error;
}
