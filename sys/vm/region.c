/*
 * Regions: the tree of address ranges that handles name (VMARs).
 *
 * 1. A space has one treap of mappings (treap.c), and it stays flat: faults, fork, exec and the
 *    POSIX calls know nothing of regions.  A region only says who may use a range: a mapping belongs to
 *    the smallest region around it.  The price is that a mapping may never lie across a border,
 *    which placement, unmapping, and the joining of neighbours see to.
 *
 * 2. The root covers all of the user range and is made when somebody asks for it (vmar_root);
 *    a process that never does pays one test of a pointer.  mmap, munmap, mprotect and brk are calls on
 *    the root: they never land in a region below it, and touching one is EINVAL unless munmap
 *    covers it, which destroys it.
 *
 * 3. A region is alive as long as it is in the tree, whether or not a handle names it; `space' says
 *    so.  Destroying one kills all that is below it.  A handle does not keep a space: the last process
 *    to leave one kills its regions, so the handles of an ended or exec'd program are BAD_STATE.
 *
 * 4. fork does not copy regions.  The child's root alone covers what it inherited: handles to regions
 *    are not inherited either, so nobody could name one.
 *
 * 5. Children are a list by address.  Programs have a few; REGIONS_MAX keeps the worst case small.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "mach/atomic.h"
#include "vm/region.h"
#include "vm/space.h"
#include "vm/zone.h"

#define REGIONS_MAX	4096u

ZONE(region_zone, struct region);
COUNTER(regions, "node.vmar");

static void
region_destroy(struct node *n)
{
	zone_free(region_zone, container_of(n, struct region, node));
	kstat_add(&regions, -1);
}

static const struct node_ops region_ops = {
	.name = "vmar", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = node_nounused, .destroy = region_destroy,
};

/* The child with the highest base at or below va, or NULL. */
static struct region *
child_below(const struct region *r, vaddr_t va)
{
	struct region *c, *best = NULL;

	list_for_each(c, &r->children, link) {
		if (c->base > va)
			break;
		best = c;
	}
	return best;
}

int
region_create(struct space *s, struct region *parent, vaddr_t base, vaddr_t end, uint32_t can,
    struct region **out)
{
	struct region *r, *low;

	if (s->nregions >= REGIONS_MAX || (r = zone_alloc(region_zone, 0)) == NULL)
		return ENOMEM;
	kstat_add(&regions, 1);
	node_init(&r->node, &region_ops, NODE_VMAR, NULL, 0);
	r->space = s;
	r->parent = parent;
	r->base = base;
	r->end = end;
	r->can = can;
	list_init(&r->children);
	list_init(&r->link);
	if (parent != NULL) {
		low = child_below(parent, base);
		list_insert_after(low != NULL ? &low->link : &parent->children, &r->link);
		s->nregions++;
	}
	*out = r;
	return 0;
}

struct region *
region_hit(const struct region *r, vaddr_t start, vaddr_t end)
{
	struct region *c;

	if (r == NULL)
		return NULL;
	list_for_each(c, &r->children, link)
		if (c->end > start)
			return c->base < end ? c : NULL;
	return NULL;
}

struct region *
region_prev(const struct region *r, const struct region *c)
{
	struct list *l = c != NULL ? c->link.prev : r->children.prev;

	return l != &r->children ? list_entry(l, struct region, link) : NULL;
}

bool
region_border(const struct space *s, vaddr_t va)
{
	const struct region *r = s->regions, *low, *high;

	while (r != NULL) {
		low = region_hit(r, va - 1, va);
		high = region_hit(r, va, va + 1);
		if (low != high)
			return true;
		r = low;
	}
	return false;
}

/* One without children leaves the tree. */
static void
region_die(struct space *s, struct region *r)
{
	ASSERT(list_empty(&r->children));
	spin_lock(&r->node.lock);
	r->space = NULL;
	spin_unlock(&r->node.lock);
	if (r->parent == NULL)
		return;			/* the root's reference is the space's until the end */
	list_remove(&r->link);
	s->nregions--;
	r->parent = NULL;
	node_unref(&r->node);
}

void
region_kill(struct space *s, struct region *r)
{
	struct region *at = r, *up;

	for (;;) {
		while (!list_empty(&at->children))
			at = list_entry(at->children.next, struct region, link);
		up = at->parent;
		if (at == r) {
			region_die(s, r);
			return;
		}
		region_die(s, at);
		at = up;
	}
}

int
region_enter(struct region *r, struct space **out)
{
	struct space *s;

	spin_lock(&r->node.lock);
	s = r->space;
	if (s != NULL && !space_try_ref(s))
		s = NULL;
	spin_unlock(&r->node.lock);
	if (s == NULL)
		return EBADSTATE;
	mutex_lock(&s->lock);
	if (r->space != s) {
		region_leave(s);
		return EBADSTATE;
	}
	*out = s;
	return 0;
}

void
region_leave(struct space *s)
{
	mutex_unlock(&s->lock);
	space_unref(s);
}

void
regions_end(struct space *s)
{
	struct region *root = s->regions;

	if (root == NULL)
		return;
	region_kill(s, root);
	s->regions = NULL;
	node_unref(&root->node);
}
