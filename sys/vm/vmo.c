/*
 * VM objects.
 *
 * 1. The tree.  Its pages are the leaves of a radix tree that it owns the root of (twig.c).
 *
 * 2. Snapshots.  A snapshot is a second root with the same tree (snapshot.c).  There is no chain: what was
 *    copied when is a matter of the tree's alone.
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
 * 5. Reverse mapping.  Whoever replaces or removes a page first takes it out of the page tables of all
 *    mappings (rmap.c).
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
#include "mach/atomic.h"
#include "mach/string.h"
#include "vm/daemon.h"
#include "vm/pager.h"
#include "vm/twig.h"
#include "vm/zone.h"

#define DISK_TRIES	200u
#define DISK_REST	(NSEC_PER_SEC / 100)

ZONE(vmo_zone, struct vmo);

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

static void
page_copy(struct page *to, struct page *from)
{
	void *t = frame_map(to), *f = frame_map(from);

	mach_copy(t, f, PAGE_SIZE);
	page_unmap(f);
	page_unmap(t);
}

void
vmo_unpin(struct page *p)
{
	if (p->use == PAGE_VMO)
		atomic_sub(&p->word, 1);
	page_unref(p);
}

struct page *
vmo_page_new(struct vmo *v, uint32_t flags)
{
	struct account *a = v->kind != VMO_VNODE ? v->account : v->back == NULL ? account_self() : &account_root;

	return vmo_page_make(a, flags);
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

/* --- life --- */

int
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

bool
vmo_disk_wait(struct vmo *v, unsigned *tries)
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
	while (error == ENOMEM && vmo_disk_wait(vnode, &tries));
	return error;
}

NO_CANARY int
vmo_pin_ahead(struct vmo *v, uint64_t index, unsigned want, struct page **out)
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
	return vmo_pin_ahead(v, index, 1, out);
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
			error = vmo_disk_wait(v, &tries) ? 0 : ENOMEM;
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
void
vmo_seen(struct vmo *v)
{
	owner_seen(v);
	if (v->back != NULL)
		owner_seen(v->back);
	spin_lock(&v->lock);
	tree_seen(v);
	spin_unlock(&v->lock);
	if (v->under != NULL)
		vmo_seen(v->under);
}
#endif
