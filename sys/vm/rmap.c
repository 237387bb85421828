/*
 * From a VMO to who maps it.
 *
 * A VMO has the list of its mappings; a vnode's also that of its overlays' mappings.  Whoever replaces or
 * removes a page first takes it out of the page tables of all of them, under the VMO's lock; entries are
 * made under the same lock.  A mapping moves its borders with the locks of its VMO and of the vnode's
 * held, so either is enough to read them.
 */
#include "kern/assert.h"
#include "vm/vmo_impl.h"

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

uint32_t
vmo_mappings(struct vmo *v)
{
	return v->nmaps;
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

void
vmo_protect_locked(struct vmo *v)
{
	struct mapping *m;

	ASSERT(spin_held(&v->lock));
	list_for_each(m, &v->maps, vmo_link)
		pmap_protect(&m->space->pmap, m->start, m->end, VM_READ | VM_EXEC);
}
