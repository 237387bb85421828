/*
 * Moving bytes in and out of a VMO.
 *
 * Copies to and from user memory happen without locks, on a page that is pinned: they may fault, and sleep.  A
 * whole page where there is none is filled before anybody can see it, and never zeroed first.  The size may
 * change between two pages: each is looked at afresh.
 */
#include "kern/error.h"
#include "kern/thr.h"
#include "kern/uio.h"
#include "mach/string.h"
#include "vm/pager.h"
#include "vm/twig.h"

static int
move_out(struct vmo *v, uint64_t off, size_t n, struct uio *u)
{
	struct page *p;
	char *va;
	uint64_t pages = ((off & PAGE_MASK) + u->resid + PAGE_MASK) >> PAGE_SHIFT;
	int error = vmo_pin_ahead(v, off >> PAGE_SHIFT, (unsigned)MIN(pages, FETCH_MOST), &p);

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
	while (p == NULL && v->back != NULL && vmo_disk_wait(v, &tries));
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
		uint64_t size = atomic_load(&v->size);
		size_t n = PAGE_SIZE - (off & PAGE_MASK);
		int error;

		if (v->kind == VMO_OVERLAY)
			size = atomic_load(&v->under->size);
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
		/* The pieces of a vector may be the same memory again and again: there is no end to it. */
		if ((u->flags & UIO_KERNEL) == 0 && (error = thr_pause()) != 0)
			return error;
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
