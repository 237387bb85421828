/*
 * The tree of a VMO.
 *
 * 1. A VMO owns the root of a radix tree whose leaves are pages: twigs of 32 slots, `height' levels of
 *    them, so a one-page object has no twig at all.  Twigs and pages count how many slots (or roots)
 *    name them.  A twig with one reference is changed in place; one with more is immutable, and so is
 *    everything below it.
 *
 * 2. Sharing.  Two VMOs share a tree by naming the same first twig: one reference more (snapshot.c).  A
 *    write copies the shared twigs on the way (each copied slot is a reference more on what it names)
 *    and then the page, if more than one slot names it.  No look-up ever goes from one VMO to another
 *    because of a snapshot: there is no chain.
 *
 * 3. The lowest twig that was used last for writing is remembered (`leaf') for as long as the way to it
 *    is this VMO's alone: sharing and a removal forget it.
 *
 * 4. Of a page that several trees name, each is said to have a part (vmo_share()): so what all VMOs have is
 *    what there is.
 *
 * The VMO's lock is held by the callers; references are atomic, for the other trees' sake.
 */
#include "vm/twig.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "vm/zone.h"

#define HEIGHT_MAX	7u

ZONE(twig_zone, struct twig);

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

void
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

void
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

NO_CANARY int
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

int
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

#if CONFIG_DEBUG
static void
subtree_seen(void *child, unsigned level)
{
	struct twig *t = child;

	if (level == 0) {
		page_seen(child);
		return;
	}
	owner_seen(t);
	for (unsigned i = 0; i < TWIG_SLOTS; i++)
		if (t->slot[i] != NULL)
			subtree_seen(t->slot[i], level - 1);
}

void
tree_seen(struct vmo *v)
{
	if (v->root != NULL)
		subtree_seen(v->root, v->height);
}
#endif
