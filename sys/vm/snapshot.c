/*
 * Snapshots of VMOs, and the clones of fork.
 *
 * A snapshot is a second VMO with the same tree (twig.c); the source's mappings lose W, and whoever writes next
 * copies.  Source and snapshot do not know each other: either may end first.  A file's own VMO is never
 * snapshotted; a snapshot of an overlay is an overlay of the same file's.
 *
 * fork write-protects what it shares by sharing the page tables (pmap.c): only the mappings that take no part
 * in that are protected here.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "vm/twig.h"

/* Both see the same tree from now on; the lock is held, nobody knows `out' yet. */
static inline void
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
	if ((error = vmo_make(v->kind, atomic_load(&v->size), out)) != 0)
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

int
vmo_clone(struct vmo *v, const struct space *forking, struct vmo **out)
{
	return vmo_copy(v, forking, out);
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
