#pragma once
/* The mappings of a space, by address (treap.c); for the files that change a space.  Its lock is held. */
#include "vm/vmo_impl.h"

/* A gap of this size came into m's subtree. */
static inline void
bound_raise(struct mapping *m, vaddr_t gap)
{
	for (; m != NULL && m->max_gap < gap; m = m->parent)
		m->max_gap = gap;
}

/* The gap below m is this large now. */
static inline void
gap_set(struct space *s, struct mapping *m, vaddr_t gap)
{
	if (gap > m->gap && s->fit != NULL && m->lo > s->fit->lo)
		s->fit = m;
	m->gap = gap;
	bound_raise(m, gap);
}

/* prev: the mapping below, or NULL. */
void treap_insert(struct space *, struct mapping *, struct mapping *prev);
void treap_remove(struct space *, struct mapping *);
/* The mapping of m's subtree with the highest gap below it that has len bytes which end at or below top. */
struct mapping *gap_search(struct mapping *m, vaddr_t len, vaddr_t top);
/* The mapping that ends at or below va. */
struct mapping *find_below(const struct space *, vaddr_t va);

/* space_find_from(), where the answer is likely to be the last one. */
static inline struct mapping *
find_hinted(const struct space *s, vaddr_t va)
{
	struct mapping *m = s->hint;

	return likely(m != NULL && va >= m->lo && va < m->end) ? m : space_find_from(s, va);
}

static inline struct mapping *
mapping_next(const struct space *s, const struct mapping *m)
{
	return m->link.next != &s->maps ? list_entry(m->link.next, struct mapping, link) : NULL;
}

static inline struct mapping *
mapping_prev(const struct space *s, const struct mapping *m)
{
	return m->link.prev != &s->maps ? list_entry(m->link.prev, struct mapping, link) : NULL;
}
