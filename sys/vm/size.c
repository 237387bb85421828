/*
 * The size of a VMO, and holes in it.
 *
 * Shrinking takes the pages beyond away from everybody, and the bytes of the last page behind the end
 * become zeros: a file that grows again shows nothing old.  A mapping may scribble there, so growing
 * clears them too.  A hole is pages taken away; what is not whole pages is cleared, and with a pager, from
 * which a missing page would come back, all is.
 */
#include "kern/error.h"
#include "mach/string.h"
#include "vm/pager.h"
#include "vm/vmo_impl.h"

static void
page_zero(struct page *p, size_t from, size_t to)
{
	char *va = frame_map(p);

	mach_fill(va + from, 0, to - from);
	page_unmap(va);
}

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
