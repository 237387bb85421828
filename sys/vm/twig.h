#pragma once
/* The tree of a VMO (twig.c), for those who put pages into it; its lock is held.  Who only looks or removes: vmo_impl.h. */
#include "kern/assert.h"
#include "vm/vmo_impl.h"

/* More than one slot names it, or it belongs to nobody: not to be written to. */
static inline bool
page_shared(struct page *p)
{
	return p->use != PAGE_VMO || atomic_load(&p->refs) - (uint32_t)atomic_load(&p->word) > 1;
}

/* The slot of index, and the twig it is in (NULL: the root), which are v's alone; made where they are missing.  ENOMEM. */
int tree_slot(struct vmo *, uint64_t index, struct twig **leaf, void ***slot) __must_check;
/* A slot that tree_slot() made stays empty: takes away twigs without slots on the way to index. */
void tree_prune(struct vmo *, uint64_t index);

/* The page, with its reference, goes into an empty slot of tree_slot()'s. */
static inline void
slot_fill(struct vmo *v, struct twig *leaf, void **slot, struct page *p)
{
	ASSERT(*slot == NULL);
	*slot = p;
	if (leaf != NULL)
		leaf->used++;
	v->npages++;
}

/* A slot of level `level' + 1, or a root, names one more. */
static inline void
child_ref(void *child, unsigned level)
{
	if (level == 0)
		page_ref(child);
	else
		atomic_add(&((struct twig *)child)->refs, 1);
}

/* A slot or a root names it no more: the last one frees it and what is below. */
void child_unref(void *child, unsigned level);
/* Names the pages [first, last) of v in out's tree, from index 0 on.  ENOMEM. */
int tree_share_range(struct vmo *v, struct vmo *out, uint64_t first, uint64_t last) __must_check;
void tree_seen(struct vmo *);	/* debug kernels (kern/owner.h) */
