/*
 * VM objects.
 *
 * 1. The tree.  A VMO owns the root of a radix tree whose leaves are pages: twigs of 32 slots,
 *    `height' levels of them, so a one-page object has no twig at all.  Twigs and pages count how
 *    many slots (or roots) name them.  A twig with one reference is changed in place; one with more
 *    is immutable, and so is everything below it.
 *
 * 2. Snapshots.  A snapshot is a second root with the same first twig: one reference more.  The
 *    source's mappings lose W.  A write copies the shared twigs on the way (each copied slot is a
 *    reference more on what it names) and then the page, if more than one slot names it.  No lookup
 *    ever goes from one VMO to another because of a snapshot: there is no chain.
 *
 *    The lowest twig that was used last for writing is remembered (`leaf') for as long as the way to
 *    it is this VMO's alone: a snapshot and a removal forget it.
 *
 * 3. Kinds.  ANON: what is not in the tree is zeros.  VNODE: the page cache of a file, never
 *    snapshotted; what is not in the tree comes from the pager, or is zeros without one.  OVERLAY:
 *    a private view of a vnode's: its own tree first, then `under'.  A snapshot of an overlay is an
 *    overlay of the same vnode's, so the depth is always one.
 *
 * 4. Whose page is it?  A page may be written by VMO v if no twig on the way is shared, one slot
 *    names it (pins do not count) and it is a PAGE_VMO frame.  Frames of a boot image (PAGE_IMAGE)
 *    are in the tree like others but belong to nobody: a write replaces them.
 *
 * 5. Reverse mapping.  A VMO has the list of its mappings; a vnode's also that of its overlays'
 *    mappings.  Whoever replaces or removes a page first takes it out of the page tables of all of
 *    them, under the VMO's lock; entries are made under the same lock.
 *
 * 6. Pins.  Copies to and from user memory happen without locks on a pinned page: a reference, also
 *    counted in page->word so that it does not look like sharing.  Removal does not wait for
 *    pins: the copy then ends in a page that nobody sees.
 *
 * 7. Locks.  space -> overlay or anonymous vmo -> vnode's vmo -> pmap -> zone -> page.  The vmo
 *    locks are spin locks; nothing sleeps below them (allocation never does).  A pager that can
 *    sleep is called with no lock, and the look-up starts again.
 *
 * Letters: see vmo_impl.h.
 */
#include "vm/vmo.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/owner.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/string.h"
#include "vm/daemon.h"
#include "vm/pager.h"
#include "vm/vmo_impl.h"
#include "vm/zone.h"

#define HEIGHT_MAX	7u
#define DISK_TRIES	200u
#define DISK_REST	(NSEC_PER_SEC / 100)

ZONE(vmo_zone, struct vmo);
ZONE(twig_zone, struct twig);

LOCK_CLASS(vmo_class, "vmo", RANK_VMO);
LOCK_CLASS(vnode_vmo_class, "vmo of a vnode", RANK_VMO + 1);

struct vmo vmo_blank = {
	.lock = SPIN_INIT(&vmo_class), .refs = 1, .kind = VMO_ANON, .size = VMO_SIZE_MAX,
	.maps = LIST_INIT(vmo_blank.maps), .over_maps = LIST_INIT(vmo_blank.over_maps),
};
struct page *zero_page;

COUNTER_EVENT(stat_cow, "vm.cow");
COUNTER_EVENT(stat_fetch, "vm.fetches");

/* --- pages --- */

static inline bool
page_shared(struct page *p)
{
	return p->use != PAGE_VMO || atomic_load(&p->refs) - (uint32_t)atomic_load(&p->word) > 1;
}

static void
page_copy(struct page *to, struct page *from)
{
	void *t = frame_map(to), *f = frame_map(from);

	mach_copy(t, f, PAGE_SIZE);
	page_unmap(f);
	page_unmap(t);
}

static void
page_zero(struct page *p, size_t from, size_t to)
{
	char *va = frame_map(p);

	mach_fill(va + from, 0, to - from);
	page_unmap(va);
}

void
vmo_unpin(struct page *p)
{
	if (p->use == PAGE_VMO)
		atomic_sub(&p->word, 1);
	page_unref(p);
}

/* Files without a pager to write to fill memory for good: they leave some to processes. */
static inline uint32_t
page_share(const struct vmo *v)
{
	return v->kind == VMO_VNODE && v->back == NULL ? PAGE_FILE : 0;
}

struct page *
vmo_page_new(struct vmo *v, uint32_t flags)
{
	struct account *a = v->kind != VMO_VNODE ? v->account : v->back == NULL ? account_self() : &account_root;

	return vmo_page_make(a, flags);
}

static inline void
page_dirty(struct vmo *v, uint64_t index, struct page *p)
{
	if (unlikely(v->back != NULL))
		backing_dirty(v, index, p);
}

/* --- the tree --- */

static inline unsigned
twig_index(uint64_t index, unsigned level)
{
	return (unsigned)(index >> (TWIG_BITS * (level - 1))) & (TWIG_SLOTS - 1);
}

static inline bool
tree_covers(unsigned height, uint64_t index)
{
	return index >> (TWIG_BITS * height) == 0;
}

static void
child_ref(void *child, unsigned level)
{
	if (level == 0)
		page_ref(child);
	else
		atomic_add(&((struct twig *)child)->refs, 1);
}

/* Drops one reference on what a slot of level `level' + 1 names. */
static void
child_unref(void *child, unsigned level)
{
	struct twig *t = child;

	if (level == 0) {
		page_unref(child);
		return;
	}
	if (atomic_sub_return(&t->refs, 1) != 0)
		return;
	for (unsigned i = 0, left = t->used; left > 0; i++) {
		if (t->slot[i] == NULL)
			continue;
		child_unref(t->slot[i], level - 1);
		left--;
	}
	zone_free(twig_zone, t);
}

static struct twig *
twig_make(void)
{
	struct twig *t = zone_alloc(twig_zone, ZALLOC_ZERO);

	if (t != NULL)
		t->refs = 1;
	return t;
}

/* A private copy of a shared twig of this level, for the one slot that named it. */
static struct twig *
twig_copy(struct twig *old, unsigned level)
{
	struct twig *t = zone_alloc(twig_zone, 0);

	if (t == NULL)
		return NULL;
	t->refs = 1;
	t->used = old->used;
	for (unsigned i = 0; i < TWIG_SLOTS; i++) {
		t->slot[i] = old->slot[i];
		if (t->slot[i] != NULL)
			child_ref(t->slot[i], level - 1);
	}
	child_unref(old, level);
	return t;
}

struct page *
vmo_page_locked(struct vmo *v, uint64_t index, bool *shared)
{
	void *p = v->root;

	*shared = false;
	if (v->leaf != NULL && v->leaf_number == index >> TWIG_BITS) {
		p = v->leaf->slot[index & (TWIG_SLOTS - 1)];
		*shared = p != NULL && page_shared(p);
		return p;
	}
	if (unlikely(!tree_covers(v->height, index)))
		return NULL;
	for (unsigned level = v->height; level > 0 && p != NULL; level--) {
		struct twig *t = p;

		if (atomic_load_acquire(&t->refs) > 1)
			*shared = true;
		p = t->slot[twig_index(index, level)];
	}
	if (p != NULL && page_shared(p))
		*shared = true;
	return p;
}

static int
tree_raise(struct vmo *v, uint64_t index)
{
	while (!tree_covers(v->height, index)) {
		if (v->root != NULL) {
			struct twig *t = twig_make();

			if (t == NULL)
				return ENOMEM;
			t->slot[0] = v->root;
			t->used = 1;
			v->root = t;
		}
		v->height++;
	}
	return 0;
}

/* Takes away twigs without slots on the way to index. */
static void
tree_prune(struct vmo *v, uint64_t index)
{
	void **way[HEIGHT_MAX + 1];
	void **s = &v->root;
	unsigned level;

	v->leaf = NULL;
	for (level = v->height; level > 0 && *s != NULL; level--) {
		way[level] = s;
		s = &((struct twig *)*s)->slot[twig_index(index, level)];
	}
	for (level++; level <= v->height; level++) {
		struct twig *t = *way[level];

		if (t->used != 0)
			return;
		*way[level] = NULL;
		child_unref(t, level);
		if (level < v->height)
			((struct twig *)*way[level + 1])->used--;
	}
	if (v->root == NULL)
		v->height = 0;
}

/* The slot of index in twigs that are v's alone, made where they are missing. */
NO_CANARY static int
tree_slot(struct vmo *v, uint64_t index, struct twig **leaf, void ***slot)
{
	struct twig *above = NULL;
	void **s;

	if (likely(v->leaf != NULL && v->leaf_number == index >> TWIG_BITS)) {
		*leaf = v->leaf;
		*slot = &v->leaf->slot[index & (TWIG_SLOTS - 1)];
		return 0;
	}
	if (unlikely(!tree_covers(v->height, index)) && tree_raise(v, index) != 0)
		return ENOMEM;
	s = &v->root;
	for (unsigned level = v->height; level > 0; level--) {
		struct twig *t = *s;

		if (t == NULL) {
			if ((t = twig_make()) == NULL) {
				tree_prune(v, index);
				return ENOMEM;
			}
			if (above != NULL)
				above->used++;
			*s = t;
		} else if (atomic_load_acquire(&t->refs) > 1) {
			if ((t = twig_copy(t, level)) == NULL)
				return ENOMEM;
			*s = t;
		}
		above = t;
		s = &t->slot[twig_index(index, level)];
	}
	v->leaf = above;
	v->leaf_number = index >> TWIG_BITS;
	*leaf = above;
	*slot = s;
	return 0;
}

static void
slot_fill(struct vmo *v, struct twig *leaf, void **slot, struct page *p)
{
	ASSERT(*slot == NULL);
	*slot = p;
	if (leaf != NULL)
		leaf->used++;
	v->npages++;
}

static uint64_t
pages_below(void *child, unsigned level)
{
	struct twig *t = child;
	uint64_t n = 0;

	if (level == 0)
		return 1;
	if (level == 1)
		return t->used;
	for (unsigned i = 0; i < TWIG_SLOTS; i++)
		if (t->slot[i] != NULL)
			n += pages_below(t->slot[i], level - 1);
	return n;
}

/* The same, where a page that k trees have is a k-th of one, in PARTS of a page. */
#define PARTS	64u

static uint64_t
parts_below(void *child, unsigned level)
{
	struct twig *t = child;
	struct page *p = child;
	uint64_t n = 0;
	uint32_t refs;

	if (level == 0) {
		refs = atomic_load(&p->refs) - (uint32_t)atomic_load(&p->word);
		return p->use == PAGE_VMO ? PARTS / MAX(refs, 1u) : 0;
	}
	if ((refs = atomic_load(&t->refs)) > 1)
		return pages_below(t, level) * PARTS / refs;
	for (unsigned i = 0, left = t->used; left > 0; i++) {
		if (t->slot[i] == NULL)
			continue;
		n += parts_below(t->slot[i], level - 1);
		left--;
	}
	return n;
}

uint64_t
vmo_share(struct vmo *v)
{
	uint64_t n;

	spin_lock(&v->lock);
	n = v->root != NULL ? parts_below(v->root, v->height) / PARTS : 0;
	spin_unlock(&v->lock);
	return n;
}

/*
 * Forgets the pages [first, last) below a slot whose subtree begins at page `base'.  The way to the
 * slot is v's alone.  ENOMEM when a shared twig on the border cannot be copied.
 */
static int
tree_clear(struct vmo *v, void **slot, unsigned level, uint64_t base, uint64_t first, uint64_t last)
{
	uint64_t step;
	struct twig *t = *slot;
	unsigned i;
	int error = 0;

	if (t == NULL)
		return 0;
	if (first <= base && base + (1ull << (TWIG_BITS * level)) <= last) {
		v->npages -= pages_below(t, level);
		*slot = NULL;
		child_unref(t, level);
		return 0;
	}
	ASSERT(level > 0);
	if (atomic_load_acquire(&t->refs) > 1) {
		if ((t = twig_copy(t, level)) == NULL)
			return ENOMEM;
		*slot = t;
	}
	step = 1ull << (TWIG_BITS * (level - 1));
	i = first > base ? twig_index(first, level) : 0;
	for (uint64_t at = base + i * step; i < TWIG_SLOTS && at < last && error == 0; i++, at += step) {
		if (t->slot[i] == NULL)
			continue;
		error = tree_clear(v, &t->slot[i], level - 1, at, first, last);
		if (t->slot[i] == NULL)
			t->used--;
	}
	if (t->used == 0) {
		*slot = NULL;
		child_unref(t, level);
	}
	return error;
}

int
vmo_remove_locked(struct vmo *v, uint64_t first, uint64_t last)
{
	int error = 0;

	v->leaf = NULL;
	if (first < last && v->root != NULL && tree_covers(v->height, first))
		error = tree_clear(v, &v->root, v->height, 0, first, last);
	if (v->root == NULL)
		v->height = 0;
	return error;
}

/* The first page at or after *index; moves *index there. */
static struct page *
tree_next(void *child, unsigned level, uint64_t base, uint64_t *index)
{
	struct twig *t = child;
	uint64_t step;

	if (level == 0) {
		if (base < *index)
			return NULL;
		*index = base;
		return child;
	}
	step = 1ull << (TWIG_BITS * (level - 1));
	for (unsigned i = 0; i < TWIG_SLOTS; i++) {
		struct page *p;

		if (t->slot[i] == NULL || base + (i + 1) * step <= *index)
			continue;
		if ((p = tree_next(t->slot[i], level - 1, base + i * step, index)) != NULL)
			return p;
	}
	return NULL;
}

struct page *
vmo_next_page(struct vmo *v, uint64_t *index)
{
	return v->root == NULL ? NULL : tree_next(v->root, v->height, 0, index);
}

/* --- mappings --- */

/* Nobody but `by' sees pages [first, last) any more, until they fault. */
void
vmo_unmap_locked(struct vmo *v, uint64_t first, uint64_t last, const struct mapping *by)
{
	struct mapping *m;
	vaddr_t start, end;

	ASSERT(spin_held(&v->lock));
	list_for_each(m, &v->maps, vmo_link)
		if (m != by && vmo_mapping_part(m, first, last, &start, &end))
			pmap_remove(&m->space->pmap, start, end);
	list_for_each(m, &v->over_maps, under_link)
		if (m != by && vmo_mapping_part(m, first, last, &start, &end))
			pmap_remove(&m->space->pmap, start, end);
}

static void
vmo_protect_locked(struct vmo *v)
{
	struct mapping *m;

	ASSERT(spin_held(&v->lock));
	list_for_each(m, &v->maps, vmo_link)
		pmap_protect(&m->space->pmap, m->start, m->end, VM_READ | VM_EXEC);
}

uint32_t
vmo_mappings(struct vmo *v)
{
	return v->nmaps;
}

void
vmo_set_segment(struct vmo *v)
{
	v->segment = true;
}

bool
vmo_is_segment(const struct vmo *v)
{
	return v->segment;
}

void
vmo_attach(struct mapping *m)
{
	struct vmo *v = m->vmo;

	spin_lock(&v->lock);
	list_push_back(&v->maps, &m->vmo_link);
	v->nmaps++;
	if (unlikely(m->flags & MAPF_SINGLE)) {
		v->nsingle++;
		v->single = m->space;
	}
	if (v->under != NULL) {
		spin_lock(&v->under->lock);
		list_push_back(&v->under->over_maps, &m->under_link);
		spin_unlock(&v->under->lock);
	}
	spin_unlock(&v->lock);
}

void
vmo_detach(struct mapping *m)
{
	struct vmo *v = m->vmo;

	spin_lock(&v->lock);
	list_remove(&m->vmo_link);
	v->nmaps--;
	if (unlikely(m->flags & MAPF_SINGLE))
		v->nsingle--;
	if (v->under != NULL) {
		spin_lock(&v->under->lock);
		list_remove(&m->under_link);
		spin_unlock(&v->under->lock);
	}
	spin_unlock(&v->lock);
}

bool
vmo_admits(struct vmo *v, const struct space *s, bool single)
{
	struct mapping *m;
	bool good;

	spin_lock(&v->lock);
	good = v->nsingle == 0 || v->single == s;
	if (single)
		list_for_each(m, &v->maps, vmo_link)
			good = good && m->space == s;
	spin_unlock(&v->lock);
	return good;
}

void
vmo_reshape(struct mapping *m, vaddr_t lo, vaddr_t start, vaddr_t end)
{
	struct vmo *v = m->vmo;

	spin_lock(&v->lock);
	if (v->under != NULL)
		spin_lock(&v->under->lock);
	m->off += (uint64_t)start - (uint64_t)m->start;
	m->lo = lo;
	m->start = start;
	m->end = end;
	if (v->under != NULL)
		spin_unlock(&v->under->lock);
	spin_unlock(&v->lock);
}

/* --- life --- */

static int
vmo_make(enum vmo_kind kind, uint64_t size, struct vmo **out)
{
	struct vmo *v;

	if (size > VMO_SIZE_MAX)
		return EFBIG;
	if ((v = zone_alloc(vmo_zone, 0)) == NULL)
		return ENOMEM;
	*v = (struct vmo){ .refs = 1, .kind = (uint8_t)kind, .size = size };
	v->account = account_get();
	spin_init(&v->lock, kind == VMO_VNODE ? &vnode_vmo_class : &vmo_class);
	list_init(&v->maps);
	list_init(&v->over_maps);
	*out = v;
	return 0;
}

int
vmo_create(uint64_t size, struct vmo **out)
{
	if (size > VMO_SIZE_MAX)
		return EFBIG;
	return vmo_make(VMO_ANON, ROUND_UP(size, PAGE_SIZE), out);
}

int
vmo_create_vnode(uint64_t size, const struct vmo_pager *pager, void *cookie, struct vmo **out)
{
	int error = vmo_make(VMO_VNODE, size, out);

	if (error != 0)
		return error;
	if (pager != NULL && (pager->get != NULL || pager->fill != NULL)) {
		(*out)->pager = pager;
		(*out)->cookie = cookie;
		if (pager->put != NULL && (error = backing_create(*out)) != 0)
			vmo_unref(*out);
	}
	return error;
}

int
vmo_overlay(struct vmo *under, struct vmo **out)
{
	int error;

	if (under->kind != VMO_VNODE)
		return EINVAL;
	if ((error = vmo_make(VMO_OVERLAY, VMO_SIZE_MAX, out)) != 0)
		return error;
	vmo_ref(under);
	(*out)->under = under;
	return 0;
}

void
vmo_ref(struct vmo *v)
{
	uint32_t was = atomic_add(&v->refs, 1);

	ASSERT(was != 0);
	(void)was;
}

void
vmo_unref(struct vmo *v)
{
	while (v != NULL && atomic_sub_return(&v->refs, 1) == 0) {
		struct vmo *under = v->under;

		ASSERT(list_empty(&v->maps) && list_empty(&v->over_maps));
		if (unlikely(v->back != NULL))
			backing_destroy(v);
		if (v->root != NULL)
			child_unref(v->root, v->height);
		if (unlikely(v->id != NULL))
			vmo_id_end(v->id);
		account_unref(v->account);
		zone_free(vmo_zone, v);
		v = under;
	}
}

uint64_t
vmo_size(struct vmo *v)
{
	return atomic_load(&v->size);
}

uint64_t
vmo_pages(struct vmo *v)
{
	return atomic_load(&v->npages);
}

void
vmo_set_id(struct vmo *v, struct vmo_id *id)
{
	v->id = id;
}

bool
vmo_is_vnode(struct vmo *v)
{
	return v->kind == VMO_VNODE;
}

struct vmo *
vmo_file(struct vmo *v)
{
	return v->kind == VMO_VNODE ? v : v->under;
}

uint32_t
vmo_refs(struct vmo *v)
{
	return atomic_load(&v->refs);
}

/* Both see the same tree from now on; the lock is held, nobody knows `out' yet. */
static void
tree_share(struct vmo *v, struct vmo *out)
{
	out->root = v->root;
	out->height = v->height;
	out->npages = v->npages;
	out->zero_mapped = v->zero_mapped;
	v->leaf = NULL;
	if (v->root != NULL)
		child_ref(v->root, v->height);
}

static int
vmo_copy(struct vmo *v, const struct space *forking, struct vmo **out)
{
	bool protect = forking == NULL;
	struct mapping *m;
	int error;

	if (v->kind == VMO_VNODE)
		return EINVAL;
	if ((error = vmo_make(v->kind, vmo_size(v), out)) != 0)
		return error;
	if (v->under != NULL) {
		vmo_ref(v->under);
		(*out)->under = v->under;
	}
	spin_lock(&v->lock);
	(*out)->size = v->size;
	/* fork write-protects what it shares; a mapping that it does not share is on us. */
	list_for_each(m, &v->maps, vmo_link)
		if (m->space != forking || (m->flags & MAPF_DONTFORK))
			protect = true;
	tree_share(v, *out);
	if (protect)
		vmo_protect_locked(v);
	spin_unlock(&v->lock);
	return 0;
}

int
vmo_snapshot(struct vmo *v, struct vmo **out)
{
	return vmo_copy(v, NULL, out);
}

/* Names the pages [first, last) of v in out's tree, from index 0 on. */
static int
tree_share_range(struct vmo *v, struct vmo *out, uint64_t first, uint64_t last)
{
	struct page *p;
	int error = 0;

	for (uint64_t i = first; error == 0 && (p = vmo_next_page(v, &i)) != NULL && i < last; i++) {
		struct twig *leaf;
		void **slot;

		if ((error = tree_slot(out, i - first, &leaf, &slot)) == 0) {
			page_ref(p);
			slot_fill(out, leaf, slot, p);
		}
	}
	return error;
}

/*
 * From the start on, the whole tree is shared and what is too much is cut off; from elsewhere the pages
 * are named one by one, for a twig's place is part of what it says.
 */
int
vmo_snapshot_range(struct vmo *v, uint64_t off, uint64_t size, struct vmo **out)
{
	uint64_t first = off >> PAGE_SHIFT;
	struct vmo *copy;
	int error;

	ASSERT((off & PAGE_MASK) == 0 && (size & PAGE_MASK) == 0);
	if (v->kind != VMO_ANON)
		return EINVAL;
	if ((error = vmo_make(VMO_ANON, size, &copy)) != 0)
		return error;
	spin_lock(&v->lock);
	if (off == 0) {
		tree_share(v, copy);
		error = vmo_remove_locked(copy, size >> PAGE_SHIFT, UINT64_MAX);
	} else {
		v->leaf = NULL;
		error = tree_share_range(v, copy, first, first + (size >> PAGE_SHIFT));
	}
	if (v->root != NULL)
		vmo_protect_locked(v);
	spin_unlock(&v->lock);
	copy->zero_mapped = false;
	if (error != 0)
		vmo_unref(copy);
	else
		*out = copy;
	return error;
}

int
vmo_clone(struct vmo *v, const struct space *forking, struct vmo **out)
{
	return vmo_copy(v, forking, out);
}

/* --- finding and making pages --- */

/* Puts a page that the pager gave (with its reference) into the tree, unless one is there. */
int
vmo_insert_locked(struct vmo *v, uint64_t index, struct page *p)
{
	struct twig *leaf;
	void **slot;
	int error = index < vmo_page_count(v) ? tree_slot(v, index, &leaf, &slot) : ENXIO;

	if (error == 0 && *slot == NULL) {
		slot_fill(v, leaf, slot, p);
		return 0;
	}
	page_unref(p);
	return error;
}

/* One page, from a pager that makes it. */
static int
fetch_made(struct vmo *v, uint64_t index)
{
	struct page *p;
	int error = v->pager->get(v, v->cookie, index, &p);

	if (error != 0)
		return error == ENOMEM ? ENOMEM : EIO;
	kstat_add(&stat_fetch, 1);
	spin_lock(&v->lock);
	error = vmo_insert_locked(v, index, p);
	spin_unlock(&v->lock);
	return error;
}

int
vmo_fetch(struct vmo *v, uint64_t index, unsigned want)
{
	return v->pager->fill != NULL ? backing_fetch(v, index, want) : fetch_made(v, index);
}

/* 0 with NULL: a hole.  EAGAIN: fetch it; ENXIO: beyond the end. */
NO_CANARY int
vmo_vnode_page_locked(struct vmo *v, uint64_t index, struct page **out, bool *shared)
{
	struct page *p;
	int error;

	ASSERT(spin_held(&v->lock));
	if (unlikely(index >= vmo_page_count(v)))
		return ENXIO;
	*out = vmo_page_locked(v, index, shared);
	if (likely(*out != NULL)) {
		(*out)->flags |= PG_REFERENCED;
		return 0;
	}
	if (v->pager == NULL)
		return 0;
	if (!v->pager->direct)
		return EAGAIN;
	if ((error = v->pager->get(v, v->cookie, index, &p)) != 0)
		return error;
	if ((error = vmo_insert_locked(v, index, p)) != 0)
		return error;
	*out = vmo_page_locked(v, index, shared);
	return 0;
}

/* What v shows at index where its own tree has nothing; pinned, NULL: zeros. */
static int
source_pin(struct vmo *v, uint64_t index, struct page **out)
{
	struct vmo *from = v->kind == VMO_OVERLAY ? v->under : v;
	bool shared;
	int error;

	*out = NULL;
	if (from->kind != VMO_VNODE)
		return 0;
	if (from != v)
		spin_lock(&from->lock);
	error = vmo_vnode_page_locked(from, index, out, &shared);
	if (error == 0 && *out != NULL)
		vmo_page_pin(*out);
	if (from != v)
		spin_unlock(&from->lock);
	return error;
}

NO_CANARY int
vmo_commit_locked(struct vmo *v, uint64_t index, const struct mapping *by, struct page **out)
{
	struct page *old, *src = NULL, *new;
	struct twig *leaf;
	void **slot;
	bool shared;
	int error = 0;

	ASSERT(spin_held(&v->lock));
	if (unlikely(index >= vmo_page_count(v)))
		return ENXIO;
	if (v->kind == VMO_VNODE && (error = vmo_vnode_page_locked(v, index, &old, &shared)) != 0)
		return error;
	if ((error = tree_slot(v, index, &leaf, &slot)) != 0)
		return error;
	old = *slot;
	if (old != NULL && !page_shared(old)) {
		page_dirty(v, index, old);
		*out = old;
		return 0;
	}
	if (old != NULL)
		vmo_page_pin(src = old);
	else if (v->kind == VMO_OVERLAY)
		error = source_pin(v, index, &src);
	new = error == 0 ? vmo_page_new(v, (src == NULL ? PAGE_ZERO : 0) | page_share(v)) : NULL;
	if (new == NULL) {
		if (src != NULL)
			vmo_unpin(src);
		tree_prune(v, index);
		return error != 0 ? error : ENOMEM;
	}
	if (src != NULL) {
		page_copy(new, src);
		kstat_add(&stat_cow, 1);
		vmo_unpin(src);
	}
	if (old != NULL || v->zero_mapped || v->kind == VMO_OVERLAY)
		vmo_unmap_locked(v, index, index + 1, by);
	if (old != NULL) {
		*slot = new;
		page_unref(old);
	} else {
		slot_fill(v, leaf, slot, new);
	}
	page_dirty(v, index, new);
	*out = new;
	return 0;
}

/*
 * No memory.  For pages of a disk it is worth to be patient: what is clean can be taken, what is dirty
 * becomes clean, and who eats the rest is killed.  False: give up.
 */
static bool
disk_wait(struct vmo *v, unsigned *tries)
{
	unsigned none = 0;

	if (daemon_wait(&none, false))
		return true;
	if (v->back == NULL || thr_self()->t_dying || ++*tries > DISK_TRIES)
		return false;
	if (*tries > 1) {
		thr_sleep_prepare(false);
		(void)thr_sleep(deadline_after(DISK_REST));
	}
	return true;
}

/* Fetches it from the file's, waiting for memory. */
static int
fetch_patiently(struct vmo *v, uint64_t index, unsigned want)
{
	struct vmo *vnode = v->kind == VMO_OVERLAY ? v->under : v;
	unsigned tries = 0;
	int error;

	do
		error = vmo_fetch(vnode, index, want);
	while (error == ENOMEM && disk_wait(vnode, &tries));
	return error;
}

/* `want': how many pages from there on will be asked for. */
NO_CANARY static int
pin_ahead(struct vmo *v, uint64_t index, unsigned want, struct page **out)
{
	bool shared;
	int error;

	do {
		error = 0;
		spin_lock(&v->lock);
		*out = vmo_page_locked(v, index, &shared);
		if (*out != NULL) {
			(*out)->flags |= PG_REFERENCED;
			vmo_page_pin(*out);
		} else {
			error = source_pin(v, index, out);
		}
		spin_unlock(&v->lock);
		if (likely(error != EAGAIN))
			return error;
		error = fetch_patiently(v, index, want);
	} while (error == 0);
	return error;
}

NO_CANARY int
vmo_pin(struct vmo *v, uint64_t index, struct page **out)
{
	return pin_ahead(v, index, 1, out);
}

int
vmo_pin_write(struct vmo *v, uint64_t index, struct page **out)
{
	unsigned tries = 0;
	int error;

	do {
		spin_lock(&v->lock);
		error = vmo_commit_locked(v, index, NULL, out);
		if (error == 0)
			vmo_page_pin(*out);
		spin_unlock(&v->lock);
		if (likely(error == 0))
			return 0;
		if (error == ENOMEM)
			error = disk_wait(v, &tries) ? 0 : ENOMEM;
		else if (error == EAGAIN)
			error = fetch_patiently(v, index, 1);
	} while (error == 0);
	return error;
}

void
vmo_written(struct vmo *v, uint64_t index, struct page *p)
{
	bool shared;

	spin_lock(&v->lock);
	if (vmo_page_locked(v, index, &shared) == p)
		page_dirty(v, index, p);
	spin_unlock(&v->lock);
}

void
vmo_unpin_written(struct vmo *v, uint64_t index, struct page *p)
{
	if (unlikely(v->back != NULL))
		vmo_written(v, index, p);
	vmo_unpin(p);
}

int
vmo_commit(struct vmo *v, uint64_t off, uint64_t len)
{
	uint64_t last = (off + len + PAGE_MASK) >> PAGE_SHIFT;
	int error = 0;

	for (uint64_t i = off >> PAGE_SHIFT; i < last && error == 0; i++) {
		struct page *p;

		if ((error = vmo_pin_write(v, i, &p)) == 0)
			vmo_unpin(p);
	}
	return error;
}

/* --- transfers --- */

static int
move_out(struct vmo *v, uint64_t off, size_t n, struct uio *u)
{
	struct page *p;
	char *va;
	uint64_t pages = ((off & PAGE_MASK) + u->resid + PAGE_MASK) >> PAGE_SHIFT;
	int error = pin_ahead(v, off >> PAGE_SHIFT, (unsigned)MIN(pages, FETCH_MOST), &p);

	if (error != 0)
		return error;
	if (p == NULL)
		return uio_zero(n, u);
	va = frame_map(p);
	error = uio_move(va + (off & PAGE_MASK), n, u);
	page_unmap(va);
	vmo_unpin(p);
	return error;
}

/* A frame for a file's page; of a disk's it is worth to wait for. */
static struct page *
fresh_frame(struct vmo *v)
{
	unsigned tries = 0;
	struct page *p;

	do
		p = vmo_page_new(v, page_share(v));
	while (p == NULL && v->back != NULL && disk_wait(v, &tries));
	return p;
}

/* The first n bytes of the page at index are those at va. */
static int
overwrite(struct vmo *v, uint64_t index, const void *va, size_t n)
{
	struct page *p;
	void *to;
	int error;

	if (n == 0 || (error = vmo_pin_write(v, index, &p)) == ENXIO)
		return 0;	/* a file that was cut meanwhile has no place for it: as if written before */
	if (error != 0)
		return error;
	to = frame_map(p);
	mach_copy(to, va, n);
	page_unmap(to);
	vmo_unpin_written(v, index, p);
	return 0;
}

/* A whole page where there is none: it is filled before anybody can see it, and never zeroed. */
static int
move_in_fresh(struct vmo *v, uint64_t index, struct uio *u)
{
	struct page *p = fresh_frame(v);
	uint64_t before = u->resid;
	struct twig *leaf;
	size_t moved;
	void **slot;
	char *va;
	int error, full;

	if (p == NULL)
		return ENOMEM;
	va = frame_map(p);
	error = uio_move(va, PAGE_SIZE, u);
	moved = (size_t)(before - u->resid);
	mach_fill(va + moved, 0, PAGE_SIZE - moved);
	spin_lock(&v->lock);
	full = index < vmo_page_count(v) ? tree_slot(v, index, &leaf, &slot) : ENXIO;
	if (full == 0 && *slot == NULL && (moved == PAGE_SIZE || v->pager == NULL)) {
		page_dirty(v, index, p);
		if (v->zero_mapped)
			vmo_unmap_locked(v, index, index + 1, NULL);
		slot_fill(v, leaf, slot, p);
		p = NULL;
	} else if (full == 0 && *slot == NULL) {
		tree_prune(v, index);
	}
	spin_unlock(&v->lock);
	/* Somebody made the page meanwhile, or the rest of it is what the pager has, or a twig is missing. */
	if (p != NULL && full != ENXIO && (full = overwrite(v, index, va, moved)) != 0)
		u->resid = before;	/* nothing of it was written */
	page_unmap(va);
	if (p != NULL)
		page_unref(p);
	return error != 0 ? error : full == ENXIO ? 0 : full;
}

static int
move_in(struct vmo *v, uint64_t off, size_t n, struct uio *u)
{
	struct page *p;
	char *va;
	int error;

	if (unlikely(v->back != NULL && dirty_over()) && !dirty_wait())
		return EINTR;
	if (n == PAGE_SIZE && v->kind != VMO_OVERLAY && (v->pager == NULL || v->back != NULL)) {
		bool there, shared;

		spin_lock(&v->lock);
		there = vmo_page_locked(v, off >> PAGE_SHIFT, &shared) != NULL;
		spin_unlock(&v->lock);
		if (!there)
			return move_in_fresh(v, off >> PAGE_SHIFT, u);
	}
	if ((error = vmo_pin_write(v, off >> PAGE_SHIFT, &p)) != 0)
		return error;
	va = frame_map(p);
	error = uio_move(va + (off & PAGE_MASK), n, u);
	page_unmap(va);
	vmo_unpin_written(v, off >> PAGE_SHIFT, p);
	return error;
}

int
vmo_uio(struct vmo *v, uint64_t off, struct uio *u)
{
	while (u->resid > 0) {
		uint64_t size = vmo_size(v);
		size_t n = PAGE_SIZE - (off & PAGE_MASK);
		int error;

		if (v->kind == VMO_OVERLAY)
			size = vmo_size(v->under);
		if (off >= size)
			return u->flags & UIO_WRITE ? EFBIG : 0;
		n = MIN(n, u->resid);
		n = (size_t)MIN(n, size - off);
		error = u->flags & UIO_WRITE ? move_in(v, off, n, u) : move_out(v, off, n, u);
		if (error == ENXIO)
			continue;	/* the size changed just now: look again */
		if (error != 0)
			return error;
		off += n;
	}
	return 0;
}

int
vmo_read(struct vmo *v, uint64_t off, void *buf, size_t n)
{
	struct kiovec one;
	struct uio u;
	int error;

	uio_init(&u, &one, (uintptr_t)buf, n, UIO_KERNEL);
	error = vmo_uio(v, off, &u);
	return error != 0 ? error : u.resid != 0 ? ENXIO : 0;
}

int
vmo_write(struct vmo *v, uint64_t off, const void *buf, size_t n)
{
	struct kiovec one;
	struct uio u;

	uio_init(&u, &one, (uintptr_t)buf, n, UIO_KERNEL | UIO_WRITE);
	return vmo_uio(v, off, &u);
}

/* --- size --- */

/* The bytes of the last page beyond the end are zeros.  The page is v's own afterwards. */
static int
tail_zero_locked(struct vmo *v, uint64_t size)
{
	uint64_t index = size >> PAGE_SHIFT;
	struct page *p;
	bool shared;
	int error;

	if ((size & PAGE_MASK) == 0 || vmo_page_locked(v, index, &shared) == NULL)
		return 0;
	if ((error = vmo_commit_locked(v, index, NULL, &p)) == 0)
		page_zero(p, size & PAGE_MASK, PAGE_SIZE);
	return error;
}

static int
shrink_locked(struct vmo *v, uint64_t size)
{
	uint64_t first = (size + PAGE_MASK) >> PAGE_SHIFT, last = vmo_page_count(v);
	int error;

	if ((error = tail_zero_locked(v, size)) != 0)
		return error;
	vmo_unmap_locked(v, first, last, NULL);
	if ((error = vmo_remove_locked(v, first, last)) == 0)
		atomic_store(&v->size, size);
	return error;
}

int
vmo_set_size(struct vmo *v, uint64_t size)
{
	int error = 0;

	if (v->kind == VMO_OVERLAY)
		return EINVAL;
	if (size > VMO_SIZE_MAX)
		return EFBIG;
	if (v->kind == VMO_ANON)
		size = ROUND_UP(size, PAGE_SIZE);
	/* A page that the pager has must be here before its tail can be cleared. */
	if (v->pager != NULL && (size & PAGE_MASK) != 0 && size < vmo_size(v)) {
		struct page *p;

		if ((error = vmo_pin(v, size >> PAGE_SHIFT, &p)) != 0)
			return error;
		if (p != NULL)
			vmo_unpin(p);
	}
	spin_lock(&v->lock);
	while (v->back != NULL && size < v->size && !backing_cut(v, (size + PAGE_MASK) >> PAGE_SHIFT))
		;
	if (size < v->size) {
		error = shrink_locked(v, size);
	} else {
		/* A mapping may have scribbled behind the old end. */
		if (!list_empty(&v->maps))
			error = tail_zero_locked(v, v->size);
		if (error == 0)
			atomic_store(&v->size, size);
	}
	spin_unlock(&v->lock);
	return error;
}

/* With a pager a missing page would come back: zeros take its place. */
static int
zero_one(struct vmo *v, uint64_t index, size_t from, size_t to)
{
	struct page *p;
	int error;

	if (v->pager == NULL) {
		bool shared;
		void *there;

		spin_lock(&v->lock);
		there = vmo_page_locked(v, index, &shared);
		spin_unlock(&v->lock);
		if (there == NULL && v->kind != VMO_OVERLAY)
			return 0;
	}
	if ((error = vmo_pin_write(v, index, &p)) != 0)
		return error;
	page_zero(p, from, to);
	vmo_unpin_written(v, index, p);
	return 0;
}

int
vmo_decommit(struct vmo *v, uint64_t off, uint64_t len)
{
	uint64_t end = off + len, first, last;
	int error = 0;

	if (end < off)
		return EINVAL;
	end = MIN(end, vmo_size(v));
	if (off >= end)
		return 0;
	first = (off + PAGE_MASK) >> PAGE_SHIFT;
	last = end == vmo_size(v) ? vmo_page_count(v) : end >> PAGE_SHIFT;
	if (first > last)
		return zero_one(v, off >> PAGE_SHIFT, off & PAGE_MASK, end & PAGE_MASK);
	if ((off & PAGE_MASK) != 0)
		error = zero_one(v, first - 1, off & PAGE_MASK, PAGE_SIZE);
	if (error == 0 && end > last << PAGE_SHIFT)
		error = zero_one(v, last, 0, end & PAGE_MASK);
	if (error != 0)
		return error;
	if (v->pager != NULL) {
		for (; first < last && error == 0; first++)
			error = zero_one(v, first, 0, PAGE_SIZE);
		return error;
	}
	spin_lock(&v->lock);
	vmo_unmap_locked(v, first, last, NULL);
	error = vmo_remove_locked(v, first, last);
	spin_unlock(&v->lock);
	return error;
}

/* One page beside the last that was written, and not the last of its twig: or false. */
static inline bool
forget_quick(struct vmo *v, uint64_t index)
{
	struct twig *t = v->leaf;
	struct page *p;

	if (t == NULL || v->leaf_number != index >> TWIG_BITS || t->used < 2)
		return false;
	if ((p = t->slot[index & (TWIG_SLOTS - 1)]) != NULL) {
		t->slot[index & (TWIG_SLOTS - 1)] = NULL;
		t->used--;
		v->npages--;
		page_unref(p);
	}
	return true;
}

NO_CANARY int
vmo_forget(struct vmo *v, uint64_t off, uint64_t len)
{
	uint64_t first = off >> PAGE_SHIFT;
	int error = 0;

	spin_lock(&v->lock);
	if (len != PAGE_SIZE || !forget_quick(v, first))
		error = vmo_remove_locked(v, first, (off + len) >> PAGE_SHIFT);
	spin_unlock(&v->lock);
	return error;
}

/* --- what is there --- */

uint64_t
vmo_seek_data(struct vmo *v, uint64_t off)
{
	uint64_t size = vmo_size(v), index = off >> PAGE_SHIFT;
	struct page *p;

	if (off >= size)
		return size;
	if (v->pager != NULL)
		return off;
	spin_lock(&v->lock);
	p = vmo_next_page(v, &index);
	spin_unlock(&v->lock);
	return p == NULL ? size : MIN(MAX(off, index << PAGE_SHIFT), size);
}

uint64_t
vmo_seek_hole(struct vmo *v, uint64_t off)
{
	uint64_t size = vmo_size(v), index = off >> PAGE_SHIFT, found = index;

	if (off >= size || v->pager != NULL)
		return size;
	spin_lock(&v->lock);
	while (vmo_next_page(v, &found) != NULL && found == index)
		found = ++index;
	spin_unlock(&v->lock);
	return MIN(MAX(off, index << PAGE_SHIFT), size);
}

uint64_t
vmo_pages_in(struct vmo *v, uint64_t off, uint64_t len)
{
	uint64_t last = (off + len) >> PAGE_SHIFT, n = 0;

	if (vmo_pages(v) == 0)
		return 0;
	spin_lock(&v->lock);
	for (uint64_t i = off >> PAGE_SHIFT; vmo_next_page(v, &i) != NULL && i < last; i++)
		n++;
	spin_unlock(&v->lock);
	return n;
}

static void
vmo_init(void)
{
	zero_page = page_alloc(PAGE_FIXED, PAGE_ZERO);
	VERIFY(zero_page != NULL);
}
INIT(vmo_init, LEVEL_VM + 2);

#if CONFIG_DEBUG
static void
tree_seen(void *child, unsigned level)
{
	struct twig *t = child;

	if (level == 0) {
		page_seen(child);
		return;
	}
	owner_seen(t);
	for (unsigned i = 0; i < TWIG_SLOTS; i++)
		if (t->slot[i] != NULL)
			tree_seen(t->slot[i], level - 1);
}

void
vmo_seen(struct vmo *v)
{
	owner_seen(v);
	if (v->back != NULL)
		owner_seen(v->back);
	spin_lock(&v->lock);
	if (v->root != NULL)
		tree_seen(v->root, v->height);
	spin_unlock(&v->lock);
	if (v->under != NULL)
		vmo_seen(v->under);
}
#endif
