#pragma once
/* Regions of a space (region.c): where mappings may be placed through handles.  Nobody outside of vm includes this. */
#include "kern/node.h"
#include "vm/vmo_impl.h"

/*
 * A region: an address range that mappings are placed in through handles (a VMAR).  The node is what
 * the handles name; the tree holds one reference of it.
 */
struct region {
	struct node node;
	struct space *space;		/* [s + the node's lock] NULL: destroyed */
	struct region *parent;		/* [s] NULL: the root */
	struct list children;		/* [s] by address */
	struct list link;		/* [s] of the parent's children */
	vaddr_t base, end;		/* [I] */
	uint32_t can;			/* [I] MX_VM_CAN_MAP_* */
};

/* The space's lock is held. */
int region_create(struct space *, struct region *parent, vaddr_t base, vaddr_t end, uint32_t can,
    struct region **out) __must_check;
/* The lowest child that overlaps the range, or NULL; a region of NULL has none. */
struct region *region_hit(const struct region *, vaddr_t start, vaddr_t end);
/* The next child below c, or the highest; NULL: no more. */
struct region *region_prev(const struct region *, const struct region *c);
/* Whether two neighbouring addresses are in different regions. */
bool region_border(const struct space *, vaddr_t);
/* Cheap for a space without regions. */
static inline bool
region_over(const struct region *r, vaddr_t start, vaddr_t end)
{
	return unlikely(r != NULL) && region_hit(r, start, end) != NULL;
}
/* It and all below are dead from now on; what was mapped in it is the caller's business. */
void region_kill(struct space *, struct region *);
/* The region's space, referenced and locked; EBADSTATE when it is dead. */
int region_enter(struct region *, struct space **) __must_check;
void region_leave(struct space *);
/* The space ends: nobody has a reference on it any more. */
void regions_end(struct space *);
