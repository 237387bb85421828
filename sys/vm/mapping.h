#pragma once
/* The mappings of a space as pieces (space.c); for the files that look into one or change it.  Its lock is held. */
#include "vm/treap.h"

#define MAPPINGS_MAX	65536u

static inline bool
range_valid(vaddr_t start, size_t len)
{
	return (start & PAGE_MASK) == 0 && start >= USER_MIN && start < USER_MAX && len <= USER_MAX - start;
}

/* Nobody touched it: no VMO of its own. */
static inline bool
mapping_blank(const struct mapping *m)
{
	return m->vmo == &vmo_blank;
}

/*
 * The mappings from m on that lie in the same spans of page tables or in neighbouring ones, with no other span
 * between them: their end, and the first mapping behind.  Tables are walked once for all of them.
 */
static inline struct mapping *
stretch_next(const struct space *s, struct mapping *m, vaddr_t *end)
{
	struct mapping *n;

	for (*end = m->end; (n = mapping_next(s, m)) != NULL && n->start / PMAP_SPAN <= (*end - 1) / PMAP_SPAN + 1; m = n)
		*end = n->end;
	return n;
}

/* One to be filled in; space_mapping_free() takes it back.  NULL: no memory. */
struct mapping *mapping_alloc(void) __must_check;
/* The end of one that is out of the tree. */
void mapping_free(struct mapping *);
/* Makes `high', which is new, the part of m from `at' on. */
void mapping_split(struct space *, struct mapping *m, vaddr_t at, struct mapping *high);
/* m moves its borders, to where nothing else is mapped. */
void mapping_reshape(struct space *, struct mapping *m, vaddr_t lo, vaddr_t start, vaddr_t end);

/*
 * Pages of a private VMO that no mapping shows any more are of no use to anybody.  If they have to
 * stay (somebody looks into the VMO just now, or there is no memory to copy a shared twig), the
 * heap may not grow over them again.
 */
static inline void
mapping_forget(const struct mapping *m, vaddr_t start, vaddr_t end)
{
	struct vmo *v = m->vmo;

	if ((m->flags & MAPF_SHARED) || v->kind == VMO_VNODE || v->npages == 0)
		return;
	if (v->refs != v->nmaps || vmo_forget(v, m->off + (start - m->start), end - start) != 0) {
		if (m->space->heap == v)
			m->space->heap = NULL;
	}
}
