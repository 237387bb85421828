/*
 * What becomes of a descriptor table at fork, exec and spawn.
 *
 * fork hands on the slots with DUPLICATE, except views of the forking process itself, under their numbers and
 * generations; what is not handed on is free in the copy.  exec closes, and spawn leaves out, what is
 * close-on-exec.  Pseudo-handles go along with the rights they have and empty as they are.
 *
 * All that a copy needs is allocated first; it costs the slots in use, not the directory.
 */
#include "kern/account.h"
#include "kern/desc_impl.h"
#include "kern/error.h"

void
desctab_exec(struct desctab *t)
{
	for (int i = desctab_next(t, 0); i >= 0; i = desctab_next(t, (uint32_t)i + 1))
		if ((slot_at(t, (uint32_t)i)->flags & DESC_CLOEXEC) != 0)
			(void)desctab_remove(t, (uint32_t)i);
}

/* What fork hands on: slots with DUPLICATE, except views of the forking process itself. */
static bool
inherited(const struct desc *d)
{
	return d->node != NULL && (d->rights & RIGHT_DUPLICATE) != 0 && d->node->kind != NODE_VMAR &&
	    d->node->kind != NODE_THREAD;
}

/* Without the slots that have one of the flags `but'; *n counts them.  True: some node has a second
 * handle now. */
static bool
copy_chunk(struct desctab *from, uint32_t first, struct desctab *to, uint32_t but, uint32_t *n)
{
	struct desc_chunk *src = chunk_at(from, first), *dst = chunk_at(to, first);
	bool second = false;

	for (uint64_t used = src->used; used != 0; used &= used - 1) {
		unsigned i = (unsigned)__builtin_ctzll(used);
		struct desc *d = &src->slot[i];

		if (!inherited(d) || (d->flags & but) != 0)
			continue;
		node_use(d->node);
		second |= node_handle_more(d->node);
		dst->slot[i] = *d;
		take(to, chunk_at(to, first + i), first + i);
		(*n)++;
	}
	return second;
}

/* Of a copy that nobody uses yet, without the lock of the original. */
static void
last_handles(struct desctab *t)
{
	for (int i = desctab_next(t, 0); i >= 0; i = desctab_next(t, (uint32_t)i + 1))
		if (slot_at(t, (uint32_t)i)->node->counted)
			node_last_handle(slot_at(t, (uint32_t)i)->node);
}

/* Native slots that were not inherited go on the child's free list, lowest first. */
static void
rebuild_free(struct desctab *t)
{
	for (uint32_t i = 0; i < t->native_top; i++) {
		uint32_t index = DESC_POSIX_MAX + i;
		struct desc *d = slot_at(t, index);

		if (d != NULL && d->node == NULL)
			free_append(t, d, index);
	}
}

static int
table_copy(struct desctab *from, uint32_t but, struct desctab **out)
{
	struct desctab *to;
	bool second = false;
	uint32_t n = 0;
	int error = desctab_create(&to);

	if (error != 0)
		return error;
	/* Missing chunks are made first: nothing is allocated under the lock. */
	for (uint32_t c = chunk_next(from, 0); c < DESC_NCHUNK; c = chunk_next(from, c + 1)) {
		if ((error = chunk_ensure(to, c * DESC_CHUNK)) != 0) {
			desctab_destroy(to);
			return error;
		}
	}
	spin_lock(&from->lock);
	for (uint32_t c = chunk_next(to, 0); c < DESC_NCHUNK; c = chunk_next(to, c + 1))
		second |= copy_chunk(from, c * DESC_CHUNK, to, but, &n);
	to->native_top = from->native_top;
	for (uint32_t i = 0; i < DESC_NSELF; i++)
		to->self[i] = (struct desc_selfslot){ .rights = from->self[i].rights & desc_self_rights[i],
			.empty = from->self[i].empty };
	spin_unlock(&from->lock);
	rebuild_free(to);
	if (second)
		last_handles(to);
	if (unlikely(!account_take(to->account, CHARGE_SLOTS, n))) {
		/* The end of the copy gives back what it never had. */
		account_force(to->account, CHARGE_SLOTS, n);
		desctab_destroy(to);
		return EAGAIN;
	}
	*out = to;
	return 0;
}

int
desctab_fork(struct desctab *from, struct desctab **out)
{
	return table_copy(from, 0, out);
}

int
desctab_spawn(struct desctab *from, struct desctab **out)
{
	return table_copy(from, DESC_CLOEXEC, out);
}
