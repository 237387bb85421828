#pragma once
/* The inside of the table, for desc.c, lookup.c and inherit.c.  The table's lock is held, or nobody else has the table. */
#include "kern/desctab.h"
#include "kern/kstat.h"

#define FREE_END	0xffffffffu

extern struct kstat desc_slots;
extern const uint32_t desc_self_rights[DESC_NSELF];
/* The first chunk that exists, from number c on; DESC_NCHUNK when there is none. */
uint32_t chunk_next(const struct desctab *, uint32_t c);
/* Makes the chunk of `index' exist; allocates, so the table lock is not held.  ENOMEM. */
int chunk_ensure(struct desctab *, uint32_t index) __must_check;

static inline struct desc_chunk *
chunk_at(struct desctab *t, uint32_t index)
{
	uint32_t c = index / DESC_CHUNK;
	struct desc_page *page = t->dir[c / DESC_PAGE_CHUNKS];

	return page != NULL ? page->chunk[c % DESC_PAGE_CHUNKS] : NULL;
}

static inline struct desc *
slot_at(struct desctab *t, uint32_t index)
{
	struct desc_chunk *c = chunk_at(t, index);

	return c != NULL ? &c->slot[index % DESC_CHUNK] : NULL;
}

/* The chunk that a slot is in. */
static inline struct desc_chunk *
chunk_of(struct desc *d, uint32_t index)
{
	return container_of(d - index % DESC_CHUNK, struct desc_chunk, slot[0]);
}

/* The live slot that an index or a handle value names, or NULL. */
static inline struct desc *
find(struct desctab *t, uint32_t num)
{
	uint32_t index = num;
	struct desc *d;

	if (likely(num < DESC_CHUNK)) {
		d = &t->first[DESC_POSIX][num];
		return likely(d->node != NULL) ? d : NULL;
	}
	if (num > DESC_INDEX_MASK) {
		index = (num & DESC_INDEX_MASK) - 1;
		if ((num >> 31) != 0 || (num & DESC_INDEX_MASK) == 0)
			return NULL;
	}
	if (index >= DESC_MAX || (d = slot_at(t, index)) == NULL || d->node == NULL)
		return NULL;
	if (num > DESC_INDEX_MASK && d->gen != num >> DESC_GEN_SHIFT)
		return NULL;
	return d;
}

/* Which pseudo-handle, or DESC_NSELF.  The low bits of an index or of a slot's handle are never all 0
 * with something above them. */
static inline uint32_t
self_of(uint32_t num)
{
	uint32_t which = (num >> DESC_GEN_SHIFT) - 1;

	return (num & DESC_INDEX_MASK) == 0 && which < DESC_NSELF ? which : DESC_NSELF;
}

/* A slot is in use from now on, reserved. */
static inline void
take(struct desctab *t, struct desc_chunk *c, uint32_t index)
{
	c->used |= 1ull << (index % DESC_CHUNK);
	if (index >= DESC_POSIX_MAX)
		t->native_used++;
	kstat_add(&desc_slots, 1);
}

/* A native slot that is free goes to the end of those. */
static inline void
free_append(struct desctab *t, struct desc *d, uint32_t index)
{
	d->next_free = FREE_END;
	if (t->free_tail != FREE_END)
		slot_at(t, t->free_tail)->next_free = index;
	else
		t->free_head = index;
	t->free_tail = index;
}
