/*
 * Address spaces.
 *
 * 1. Mappings are disjoint pieces of the user range, kept by address (treap.c).
 *
 * 2. Placement is top down from mmap_top, which is random by 28 bits; stacks go above it, each
 *    random too.  A stack reserves the range down to `lo' and a guard below, and its mapping
 *    grows in it by faults.
 *
 * 3. A private mapping has a VMO of its own (anonymous, or an overlay of a file's), of which every
 *    offset is mapped at most once, here.  Pieces that splitting leaves share it.  Unmapping a piece
 *    makes the VMO forget those pages.
 *
 * 4. Changing calls look first, allocate what a split may need, and then cannot fail.
 *
 * 5. Private anonymous memory has no VMO before the first fault: its mapping shows vmo_blank, an object
 *    without pages that everybody may look at and nobody writes to.  It does not know its mappings, and
 *    takes no part in counting.  mapping_back() gives such a mapping a VMO of its own.  What is mapped
 *    and never touched (guards, arenas, the other half of a split) costs no object, nor does its fork.
 *
 * 6. Regions (region.c) say where mappings may be placed; the treap does not know them.
 *
 * Locks: the space's sleeping lock, then vmo locks, then the pmap's.
 */
#include "vm/space.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/random.h"
#include "kern/sysctl.h"
#include "mach/atomic.h"
#include "mach/boot.h"
#include "vm/mapping.h"
#include "vm/region.h"
#include "vm/zone.h"

#define ASLR_BITS	(sizeof(vaddr_t) == 8 ? 28u : 8u)	/* pages; DESIGN.md 11 */
#define ASLR_RANGE	((vaddr_t)((uint64_t)1 << (ASLR_BITS + PAGE_SHIFT)))
/* Between the lowest stack top and mmap_top. */
#define STACK_ROOM	((vaddr_t)((uint64_t)64 << (sizeof(vaddr_t) == 8 ? 30 : 20)))

ZONE(space_zone, struct space);
ZONE(mapping_zone, struct mapping);

LOCK_CLASS(space_class, "space", RANK_SPACE);

static uint64_t aslr = 1;
SYSCTL_U64(vm_aslr, "vm.aslr", &aslr);
static uint64_t weight_state = 0x9e3779b97f4a7c15ull;
int (*vmo_path_hook)(struct vmo *, char *, size_t);

static void
space_init(void)
{
	char value[8];

	aslr = boot_option("noaslr", value, sizeof(value)) == NULL;
	if (aslr)
		weight_state ^= random_u64() & ~1ull;
}
INIT(space_init, LEVEL_KERN);

vaddr_t
space_random(void)
{
	return aslr ? (vaddr_t)(random_u64() & ((1u << ASLR_BITS) - 1)) << PAGE_SHIFT : 0;
}

/* --- placement --- */

/* The highest place for len bytes that ends at or below top; 0: nowhere. */
static vaddr_t
place_find(const struct space *s, vaddr_t len, vaddr_t top)
{
	struct mapping *above;
	vaddr_t below = USER_MIN;

	if (!list_empty(&s->maps))
		below = list_entry(s->maps.prev, struct mapping, link)->end;
	if (below <= top && top - below >= len)
		return top - len;
	above = gap_search(s->root, len, top);
	return above != NULL ? MIN(above->lo, top) - len : 0;
}

/* Below mmap_top, from where the last one was found: the mapping above the place, or NULL. */
static inline __attribute__((always_inline)) struct mapping *
place_again(struct space *s, vaddr_t len)
{
	struct mapping *fit = s->fit;
	vaddr_t top = s->mmap_top;

	if (likely(fit != NULL && len >= s->fit_len && MIN(fit->lo, top) >= fit->lo - fit->gap + len))
		return fit;
	if (list_empty(&s->maps) || list_entry(s->maps.prev, struct mapping, link)->end < top)
		return NULL;
	s->fit_len = len;
	return s->fit = gap_search(s->root, len, top);
}

bool
space_range_free(const struct space *s, vaddr_t start, vaddr_t end)
{
	struct mapping *m = space_find_from(s, start);

	return m == NULL || m->lo >= end;
}

/* The highest place at or below top in a region (NULL: the root), beside its children. */
static vaddr_t
place_below(const struct space *s, const struct region *r, vaddr_t len, vaddr_t top)
{
	vaddr_t at = place_find(s, len, top);
	const struct region *c;

	if (r == NULL && (r = s->regions) == NULL)
		return at;
	/* From the highest child down: whatever is not below c is above the place already. */
	for (c = region_prev(r, NULL); at != 0 && c != NULL; c = region_prev(r, c))
		if (c->base < at + len && c->end > at)
			at = place_find(s, len, c->base);
	return at < r->base ? 0 : at;
}

vaddr_t
space_place(const struct space *s, const struct region *r, vaddr_t len, uint32_t flags)
{
	vaddr_t top = r->parent == NULL ? s->mmap_top : r->end, at = 0;

	if (len > top - r->base)
		return 0;
	if ((flags & MAPF_RANDOM) && aslr)
		at = place_below(s, r, len,
		    r->base + len + ROUND_DOWN((vaddr_t)(random_u64() % (top - r->base - len + 1)), PAGE_SIZE));
	return at != 0 ? at : place_below(s, r, len, top);
}

/* --- mappings --- */

/* Cheap, and not to be guessed: a program that could would build a deep tree. */
static uint32_t
weight_next(void)
{
	weight_state ^= weight_state << 13;
	weight_state ^= weight_state >> 7;
	weight_state ^= weight_state << 17;
	return (uint32_t)(weight_state >> 32);
}

struct mapping *
mapping_alloc(void)
{
	return zone_alloc(mapping_zone, 0);
}

/* What it shows is the caller's to say, its place in the tree treap_insert()'s. */
static inline __attribute__((always_inline)) struct mapping *
mapping_make(struct space *s)
{
	struct mapping *m = zone_alloc(mapping_zone, 0);

	if (likely(m != NULL)) {
		m->space = s;
		m->weight = weight_next();
	}
	return m;
}

void
mapping_free(struct mapping *m)
{
	if (!mapping_blank(m)) {
		vmo_detach(m);
		vmo_unref(m->vmo);
	}
	zone_free(mapping_zone, m);
}

int
mapping_back(struct mapping *m)
{
	struct vmo *v;
	int error = vmo_create(m->off + (m->end - m->start), &v);

	if (error != 0)
		return error == EFBIG ? ENOMEM : error;
	m->vmo = v;
	vmo_attach(m);
	return 0;
}

void
mapping_reshape(struct space *s, struct mapping *m, vaddr_t lo, vaddr_t start, vaddr_t end)
{
	struct list *prev = m->link.prev, *next = m->link.next;
	vaddr_t old_lo = m->lo, old_end = m->end;

	s->size += (end - start) - (m->end - m->start);
	if (mapping_blank(m)) {
		m->lo = lo;
		m->start = start;
		m->end = end;
		m->off = start - lo;	/* a stack may have a VMO when it has grown */
	} else {
		vmo_reshape(m, lo, start, end);
	}
	if (lo != old_lo)
		gap_set(s, m, lo - (prev != &s->maps ? list_entry(prev, struct mapping, link)->end : USER_MIN));
	if (end == old_end)
		return;
	if (next != &s->maps) {
		struct mapping *n = list_entry(next, struct mapping, link);

		gap_set(s, n, n->lo - end);
	} else {
		s->fit = NULL;
	}
}

void
mapping_split(struct space *s, struct mapping *m, vaddr_t at, struct mapping *high)
{
	ASSERT(at > m->start && at < m->end);
	high->prot = m->prot;
	high->max = m->max;
	high->flags = m->flags & (uint16_t)~MAPF_STACK;
	high->lo = high->start = at;
	high->end = m->end;
	high->vmo = m->vmo;
	if (mapping_blank(m)) {
		high->off = 0;
	} else {
		high->off = m->off + (at - m->start);
		vmo_ref(m->vmo);
		vmo_attach(high);
	}
	s->size += high->end - high->start;
	mapping_reshape(s, m, m->lo, m->start, at);
	treap_insert(s, high, m);
}

static bool
mapping_alone(const struct mapping *m)
{
	return m->vmo->refs == 1;
}

static inline __attribute__((always_inline)) void
mapping_end(struct space *s, struct mapping *m)
{
	if (!vmo_unseen(m->vmo) && m->start < m->end)
		pmap_remove(&s->pmap, m->start, m->end);
	if (!mapping_alone(m))
		mapping_forget(m, m->start, m->end);
	s->size -= m->end - m->start;
	if (s->heap == m->vmo)
		s->heap = NULL;
	treap_remove(s, m);
	mapping_free(m);
}

/* Takes [start, end) out of one mapping; `spare' is consumed when the middle goes. */
static void
mapping_cut(struct space *s, struct mapping *m, vaddr_t start, vaddr_t end, struct mapping **spare)
{
	vaddr_t low = MAX(start, m->start), high = MIN(end, m->end);

	if (start <= m->start && end >= m->end) {
		mapping_end(s, m);
		return;
	}
	if (low < high && !vmo_unseen(m->vmo))
		pmap_remove(&s->pmap, low, high);
	if (end <= m->start) {
		/* A piece of the room for growing. */
		mapping_reshape(s, m, end, m->start, m->end);
		return;
	}
	if (start > m->start && end < m->end) {
		mapping_split(s, m, end, *spare);
		*spare = NULL;
	}
	mapping_forget(m, low, MIN(end, m->end));
	if (start <= m->start)
		mapping_reshape(s, m, end, end, m->end);
	else
		mapping_reshape(s, m, m->lo, m->start, start);
}

static int
unmap_locked(struct space *s, vaddr_t start, vaddr_t end)
{
	struct mapping *m = find_hinted(s, start), *next, *spare = NULL;

	if (m == NULL || m->lo >= end)
		return 0;
	/* Only one mapping can have something left on both sides. */
	if (start > m->start && end < m->end) {
		if (s->nmaps >= MAPPINGS_MAX || (spare = mapping_make(s)) == NULL)
			return ENOMEM;
	} else if (start > m->lo && end <= m->start) {
		/* In the middle of the room for growing: what is below of it is lost to the stack. */
		start = m->lo;
	}
	for (; m != NULL && m->lo < end; m = next) {
		next = mapping_next(s, m);
		mapping_cut(s, m, start, end, &spare);
	}
	ASSERT(spare == NULL);
	return 0;
}

/* The children of r in the range, which covers each of them. */
static int
regions_inside(const struct region *r, vaddr_t start, vaddr_t end)
{
	const struct region *c;

	for (vaddr_t at = start; (c = region_hit(r, at, end)) != NULL; at = c->end)
		if (c->base < start || c->end > end)
			return EINVAL;
	return 0;
}

NO_CANARY int
space_unmap_locked(struct space *s, struct region *r, vaddr_t start, vaddr_t end)
{
	struct region *c;
	int error;

	if (likely(r == NULL))
		return unmap_locked(s, start, end);
	if ((error = regions_inside(r, start, end)) != 0 || (error = unmap_locked(s, start, end)) != 0)
		return error;
	while ((c = region_hit(r, start, end)) != NULL)
		region_kill(s, c);
	return 0;
}

NO_CANARY int
space_unmap(struct space *s, vaddr_t start, size_t len)
{
	struct mapping *m;
	int error = 0;

	len = ROUND_UP(len, PAGE_SIZE);
	if (len == 0 || !range_valid(start, len))
		return EINVAL;
	mutex_lock(&s->lock);
	m = s->hint;
	/* The commonest case: just what was mapped or touched last. */
	if (m != NULL && m->lo == start && m->end == start + len && m->start == start && s->regions == NULL)
		mapping_end(s, m);
	else
		error = space_unmap_locked(s, s->regions, start, start + len);
	mutex_unlock(&s->lock);
	return error;
}

/* --- mapping --- */

static int
place_fixed(struct space *s, struct region *r, vaddr_t at, size_t len, uint32_t flags)
{
	if (!range_valid(at, len) || window_hits(s, at, at + len))
		return (at & PAGE_MASK) != 0 ? EINVAL : ENOMEM;
	if (unlikely(s->regions != NULL)) {
		if (region_hit(r != NULL ? r : s->regions, at, at + len) != NULL)
			return flags & MAPF_NOREPLACE ? EEXIST : EINVAL;
	}
	if (space_range_free(s, at, at + len))
		return 0;
	return flags & MAPF_NOREPLACE ? EEXIST : unmap_locked(s, at, at + len);
}

/* The commonest case: anywhere, in a space without regions.  The mapping above the place, or NULL. */
static inline __attribute__((always_inline)) struct mapping *
place_quick(struct space *s, vaddr_t want, size_t len, uint32_t flags)
{
	return want == 0 && !(flags & (MAPF_FIXED | MAPF_STACK)) && s->regions == NULL ?
	    place_again(s, len) : NULL;
}

static int
map_place(struct space *s, struct region *r, vaddr_t *addr, size_t len, uint32_t flags)
{
	vaddr_t want = *addr, all = len, top = s->window != 0 ? s->window : USER_MAX;

	if (flags & MAPF_FIXED)
		return place_fixed(s, r, want, len, flags);
	if (r != NULL) {
		*addr = space_place(s, r, len, flags);
		return *addr == 0 ? ENOMEM : 0;
	}
	want = ROUND_DOWN(want, PAGE_SIZE);
	if (want != 0 && range_valid(want, len) && space_range_free(s, want, want + len) &&
	    !window_hits(s, want, want + len) && !region_over(s->regions, want, want + len)) {
		*addr = want;
		return 0;
	}
	if (flags & MAPF_STACK)
		all += STACK_GUARD;
	if (flags & MAPF_STACK) {
		want = USER_MAX - space_random();
		want = place_below(s, NULL, all, MIN(top, want));
	} else {
		want = place_below(s, NULL, all, s->mmap_top);
	}
	if (want == 0)
		want = place_below(s, NULL, all, top);
	if (want == 0)
		return ENOMEM;
	*addr = want + (all - len);
	return 0;
}

NO_CANARY int
space_map_locked(struct space *s, struct region *r, struct mapping *m, vaddr_t *addr, size_t len,
    struct vmo *v, uint64_t off)
{
	struct mapping *above, *prev;
	int error;

	if (s->nmaps >= MAPPINGS_MAX || (s->regions != NULL && s->regions->space == NULL))
		return ENOMEM;
	if (unlikely(s->lock_future != 0) && !space_lock_room(s, len))
		return EAGAIN;
	if (unlikely(v->nsingle != 0 || (m->flags & MAPF_SINGLE)) && !vmo_admits(v, s, m->flags & MAPF_SINGLE))
		return EBUSY;
	if (likely((above = place_quick(s, *addr, len, m->flags)) != NULL)) {
		*addr = MIN(above->lo, s->mmap_top) - len;
		prev = mapping_prev(s, above);
	} else {
		if ((error = map_place(s, r, addr, len, m->flags)) != 0)
			return error;
		prev = find_below(s, *addr);
	}
	m->lo = m->start = *addr;
	m->end = m->start + len;
	m->vmo = v;
	m->off = off;
	if ((m->flags & MAPF_STACK) && len > STACK_FIRST) {
		m->start = m->end - STACK_FIRST;
		m->off += m->start - m->lo;
		if (!(m->flags & MAPF_FIXED))
			m->lo -= STACK_GUARD;
	}
	m->flags &= MAPF_SHARED | MAPF_STACK | MAPF_DONTFORK | MAPF_SEQUENTIAL | MAPF_RANDOM_USE | MAPF_SINGLE;
	m->flags |= s->lock_future;
	if (v != &vmo_blank) {
		vmo_ref(v);
		vmo_attach(m);
	}
	treap_insert(s, m, prev);
	if (above != NULL)
		s->fit = m;		/* what is left above of it is above mmap_top */
	s->size += m->end - m->start;
	s->hint = m;			/* most are touched next, or unmapped */
	return 0;
}

struct mapping *
space_mapping(struct space *s, uint32_t prot, uint32_t max, uint32_t flags)
{
	struct mapping *m = mapping_make(s);

	if (m != NULL) {
		m->prot = (uint8_t)prot;
		m->max = (uint8_t)max;
		m->flags = (uint16_t)flags;
	}
	return m;
}

void
space_mapping_free(struct mapping *m)
{
	zone_free(mapping_zone, m);
}

int
space_map(struct space *s, vaddr_t *addr, size_t len, uint32_t prot, uint32_t max, uint32_t flags,
    struct vmo *v, uint64_t off)
{
	struct mapping *m;
	int error;

	if (len == 0 || len > USER_MAX || (off & PAGE_MASK) != 0)
		return len > USER_MAX ? ENOMEM : EINVAL;
	len = ROUND_UP(len, PAGE_SIZE);
	if (off + len < off || off + len > VMO_SIZE_MAX)
		return EINVAL;
	if ((prot & ~max) != 0)
		return EACCES;
	if ((prot & (VM_WRITE | VM_EXEC)) == (VM_WRITE | VM_EXEC) && !(flags & MAPF_WX))
		return EACCES;
	if ((m = space_mapping(s, prot, max, flags)) == NULL)
		return ENOMEM;
	mutex_lock(&s->lock);
	error = space_map_locked(s, NULL, m, addr, len, v != NULL ? v : &vmo_blank, off);
	mutex_unlock(&s->lock);
	if (error != 0)
		space_mapping_free(m);
	else if (unlikely(s->lock_present))
		error = space_lock_new(s, *addr, len);
	return error;
}

/*
 * The commonest case of mapping: private memory of zeros, anywhere.  Budget: 290 instructions with the call, and
 * 200 for its unmapping untouched.
 */
NO_CANARY int
space_map_zeros(struct space *s, size_t given, uint32_t prot, vaddr_t *addr)
{
	size_t len = ROUND_UP(given, PAGE_SIZE);
	struct mapping *m, *above;
	int error = 0;

	if ((m = mapping_make(s)) == NULL)
		return ENOMEM;
	m->prot = (uint8_t)prot;
	m->max = VM_READ | VM_WRITE | VM_EXEC;
	m->flags = 0;
	mutex_lock(&s->lock);
	if (likely(s->nmaps < MAPPINGS_MAX && s->regions == NULL && s->lock_future == 0 &&
	    (above = place_again(s, len)) != NULL)) {
		m->end = MIN(above->lo, s->mmap_top);
		m->lo = m->start = *addr = m->end - len;
		m->vmo = &vmo_blank;
		m->off = 0;
		treap_insert(s, m, mapping_prev(s, above));
		s->size += len;
		s->fit = s->hint = m;
	} else {
		*addr = 0;
		error = space_map_locked(s, NULL, m, addr, len, &vmo_blank, 0);
	}
	mutex_unlock(&s->lock);
	if (unlikely(error != 0))
		space_mapping_free(m);
	else if (unlikely(s->lock_present))
		error = space_lock_new(s, *addr, len);
	return error;
}

/* --- growing of stacks --- */

int
space_grow_stack(struct space *s, struct mapping *m, vaddr_t va)
{
	vaddr_t start = ROUND_DOWN(va, PAGE_SIZE);

	if (!(m->flags & MAPF_STACK) || start < m->lo + STACK_GUARD || m->end - start > s->limit_stack)
		return EFAULT;
	if (s->size + (m->start - start) > s->limit_as)
		return EFAULT;
	/* A little more than asked for, so that deep recursion is not a fault a page twice over. */
	if (start - m->lo > STACK_GUARD + STACK_FIRST / 2 && m->end - start + STACK_FIRST / 2 <= s->limit_stack)
		start -= STACK_FIRST / 2;
	mapping_reshape(s, m, m->lo, start, m->end);
	return 0;
}

void
space_set_limits(struct space *s, uint64_t as, uint64_t stack)
{
	mutex_lock(&s->lock);
	s->limit_as = as;
	s->limit_stack = stack;
	mutex_unlock(&s->lock);
}

/* --- whole spaces --- */

int
space_create(struct space **out)
{
	struct space *s = zone_alloc(space_zone, ZALLOC_ZERO);

	if (s == NULL)
		return ENOMEM;
	if (pmap_create(&s->pmap) != 0) {
		zone_free(space_zone, s);
		return ENOMEM;
	}
	s->refs = 1;
	mutex_init(&s->lock, &space_class);
	list_init(&s->maps);
	s->mmap_top = ROUND_DOWN(USER_MAX - ASLR_RANGE - STACK_ROOM, PAGE_SIZE) - space_random();
	s->limit_as = s->limit_stack = UINT64_MAX;
	s->brk_start = s->brk = ROUND_DOWN(USER_MAX / 2, PAGE_SIZE);	/* exec says better */
	*out = s;
	return 0;
}

void
space_ref(struct space *s)
{
	atomic_add(&s->refs, 1);
}

bool
space_try_ref(struct space *s)
{
	uint32_t refs;

	do {
		if ((refs = atomic_load(&s->refs)) == 0)
			return false;
	} while (!atomic_cas(&s->refs, refs, refs + 1));
	return true;
}

void
space_unref(struct space *s)
{
	struct mapping *at, *next;
	struct list *l;
	vaddr_t end;

	if (s == NULL || atomic_sub_return(&s->refs, 1) != 0)
		return;
	regions_end(s);
	pmap_leave(&s->pmap);
	for (at = list_first(&s->maps, struct mapping, link); at != NULL; at = next) {
		next = stretch_next(s, at, &end);
		pmap_drop(&s->pmap, at->start, end);
	}
	while ((l = list_pop_front(&s->maps)) != NULL)
		mapping_free(list_entry(l, struct mapping, link));
	window_drop(s);
	pmap_destroy(&s->pmap);
	zone_free(space_zone, s);
}
