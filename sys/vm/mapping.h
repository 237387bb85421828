#pragma once
/* The mappings of a space as pieces (space.c); for the files that look into one or change it.  Its lock is held. */
#include "vm/treap.h"

/* Nobody touched it: no VMO of its own. */
static inline bool
mapping_blank(const struct mapping *m)
{
	return m->vmo == &vmo_blank;
}

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
