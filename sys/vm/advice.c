/* What programs ask about ranges that are mapped already: sync, discard, residency. */
#include "kern/error.h"
#include "vm/space.h"
#include "vm/vmo_impl.h"

/* The mapping that shows va, or NULL. */
static struct mapping *
mapping_at(struct space *s, vaddr_t va)
{
	struct mapping *m = space_find(s, va);

	return m != NULL && va >= m->start ? m : NULL;
}

int
space_check(struct space *s, vaddr_t start, size_t len)
{
	vaddr_t end = ROUND_UP(start + len, PAGE_SIZE);
	int error = 0;

	mutex_lock(&s->lock);
	for (vaddr_t at = ROUND_DOWN(start, PAGE_SIZE); at < end && error == 0;) {
		struct mapping *m = mapping_at(s, at);

		if (m == NULL)
			error = ENOMEM;
		else
			at = m->end;
	}
	mutex_unlock(&s->lock);
	return error;
}

/* The VMO of the first mapping that ends above *at, referenced; *at moves to its end. */
static struct vmo *
next_vmo(struct space *s, vaddr_t *at, vaddr_t end)
{
	struct mapping *m;
	struct vmo *v = NULL;

	mutex_lock(&s->lock);
	m = space_find_from(s, *at);
	if (m != NULL && m->start < end) {
		vmo_ref(v = m->vmo);
		*at = m->end;
	}
	mutex_unlock(&s->lock);
	return v;
}

int
space_sync(struct space *s, vaddr_t start, size_t len)
{
	vaddr_t end = start + len;
	struct vmo *v;
	int error = 0;

	while (start < end && error == 0 && (v = next_vmo(s, &start, end)) != NULL) {
		error = vmo_sync(v);
		vmo_unref(v);
	}
	return error;
}

int
space_discard(struct space *s, vaddr_t start, size_t len)
{
	vaddr_t end = ROUND_UP(start + len, PAGE_SIZE);
	struct mapping *m;
	int error = 0;

	mutex_lock(&s->lock);
	m = space_find_from(s, start);
	while (error == 0 && m != NULL && m->start < end) {
		vaddr_t low = MAX(start, m->start), high = MIN(end, m->end);

		if (low < high && !(m->flags & MAPF_SHARED) && m->vmo->kind != VMO_VNODE)
			error = vmo_decommit(m->vmo, m->off + (low - m->start), high - low);
		else if (low < high)
			pmap_remove(&s->pmap, low, high);
		m = m->end < end ? space_find_from(s, m->end) : NULL;
	}
	mutex_unlock(&s->lock);
	return error;
}

int
space_in_core(struct space *s, vaddr_t va, bool *in)
{
	struct mapping *m;
	paddr_t pa;
	uint32_t prot;
	bool shared;
	int error = ENOMEM;

	mutex_lock(&s->lock);
	if ((m = mapping_at(s, va)) != NULL) {
		struct vmo *v = m->vmo;
		uint64_t index = mapping_index(m, va);

		error = 0;
		*in = pmap_query(&s->pmap, va, &pa, &prot) && pa != page_addr(zero_page);
		spin_lock(&v->lock);
		*in = *in || vmo_page_locked(v, index, &shared) != NULL;
		if (v->under != NULL) {
			spin_lock(&v->under->lock);
			*in = *in || vmo_page_locked(v->under, index, &shared) != NULL;
			spin_unlock(&v->under->lock);
		}
		spin_unlock(&v->lock);
	}
	mutex_unlock(&s->lock);
	return error;
}

bool
space_mapped_at(struct space *s, vaddr_t va, size_t *len)
{
	struct mapping *m;

	mutex_lock(&s->lock);
	if ((m = mapping_at(s, va)) != NULL)
		*len = m->end - va;
	mutex_unlock(&s->lock);
	return m != NULL;
}

uint64_t
space_locked(struct space *s)
{
	struct mapping *m;
	uint64_t n = 0;

	mutex_lock(&s->lock);
	list_for_each(m, &s->maps, link)
		if (m->flags & MAPF_LOCKED)
			n += m->end - m->start;
	mutex_unlock(&s->lock);
	return n;
}

/* Only what is there: pages of zeros are made when they are touched. */
void
space_will_need(struct space *s, vaddr_t start, size_t len)
{
	vaddr_t end = ROUND_UP(start + len, PAGE_SIZE);

	for (vaddr_t va = ROUND_DOWN(start, PAGE_SIZE); va < end; va += PAGE_SIZE) {
		struct mapping *m;
		bool file;
		int error;

		mutex_lock(&s->lock);
		m = mapping_at(s, va);
		file = m != NULL && m->prot != 0 && vmo_file(m->vmo) != NULL;
		if (!file)
			va = m != NULL ? m->end - PAGE_SIZE : va;
		mutex_unlock(&s->lock);
		if (!file)
			continue;
		do
			error = space_fault_once(s, va, VM_READ);
		while (error == EAGAIN);
		if (error != 0)
			return;
	}
}
