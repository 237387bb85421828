/* What programs ask about ranges that are mapped already: sync, discard, residency, locking. */
#include "kern/error.h"
#include "kern/thr.h"
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

/* What the first mapping that ends above *at shows below `end': the VMO, referenced, and the part of it.
 * *at moves behind. */
static struct vmo *
next_part(struct space *s, vaddr_t *at, vaddr_t end, uint64_t *off, uint64_t *len)
{
	struct mapping *m;
	struct vmo *v = NULL;

	mutex_lock(&s->lock);
	m = space_find_from(s, *at);
	if (m != NULL && m->start < end) {
		vaddr_t low = MAX(*at, m->start), high = MIN(end, m->end);

		vmo_ref(v = m->vmo);
		*off = m->off + (low - m->start);
		*len = high - low;
		*at = high;
	}
	mutex_unlock(&s->lock);
	return v;
}

int
space_sync(struct space *s, vaddr_t start, size_t size, bool wait)
{
	vaddr_t end = start + size;
	uint64_t off, len;
	struct vmo *v;
	int error = 0, e = 0;

	while (start < end && (v = next_part(s, &start, end, &off, &len)) != NULL) {
		if (wait)
			e = vmo_sync_range(v, off, len);
		else
			vmo_sync_soon(v);
		vmo_unref(v);
		error = error != 0 ? error : e;
	}
	return error;
}

bool
space_locked_in(struct space *s, vaddr_t start, size_t len)
{
	struct mapping *m;
	bool found = false;

	mutex_lock(&s->lock);
	list_for_each(m, &s->maps, link)
		if ((m->flags & MAPF_LOCKED) && m->start < start + len && m->end > start)
			found = true;
	mutex_unlock(&s->lock);
	return found;
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

static uint64_t
locked_bytes(const struct space *s)
{
	struct mapping *m;
	uint64_t n = 0;

	list_for_each(m, &s->maps, link)
		if (m->flags & MAPF_LOCKED)
			n += m->end - m->start;
	return n;
}

uint64_t
space_locked(struct space *s)
{
	uint64_t n;

	mutex_lock(&s->lock);
	n = locked_bytes(s);
	mutex_unlock(&s->lock);
	return n;
}

/* --- mlockall --- */

bool
space_lock_room(const struct space *s, size_t len)
{
	uint64_t now = locked_bytes(s);

	return len <= s->limit_lock && now <= s->limit_lock - len;
}

/* Makes present what can be: memory without any right, and beyond the end of a file, cannot. */
static int
present(struct space *s, vaddr_t start, vaddr_t end)
{
	struct thr *t = thr_self();

	for (vaddr_t at = start; at < end;) {
		struct mapping *m;
		vaddr_t from = 0, to = 0;
		int error = 0;

		/* It may be long. */
		if (atomic_load(&t->t_work) & WORK_RESCHED)
			thr_yield();
		mutex_lock(&s->lock);
		m = space_find_from(s, at);
		if (m != NULL) {
			from = MAX(at, m->start);
			to = m->prot != 0 ? from : m->end;
		}
		mutex_unlock(&s->lock);
		if (m == NULL || from >= end)
			return 0;
		if (from == to) {
			error = space_populate(s, from, PAGE_SIZE);
			to = from + PAGE_SIZE;
		}
		if (error == ENOMEM || error == EIO || t->t_dying)
			return EAGAIN;
		at = to;
	}
	return 0;
}

/* What mlockall has marked stays locked, or is as before. */
static void
locking_end(struct space *s, bool good)
{
	struct mapping *m;

	mutex_lock(&s->lock);
	list_for_each(m, &s->maps, link)
		if (m->flags & MAPF_LOCKING)
			m->flags &= (uint16_t)~(MAPF_LOCKING | (good ? 0 : MAPF_LOCKED));
	mutex_unlock(&s->lock);
}

int
space_lock_all(struct space *s, bool now, bool future, bool all, uint64_t most)
{
	struct mapping *m;
	int error = 0;

	mutex_lock(&s->lock);
	if (now && s->size > most)
		error = ENOMEM;
	if (now && error == 0)
		list_for_each(m, &s->maps, link)
			if (!(m->flags & MAPF_LOCKED))
				m->flags |= MAPF_LOCKED | MAPF_LOCKING;
	mutex_unlock(&s->lock);
	if (error != 0)
		return error;
	if (now && all)
		error = present(s, USER_MIN, USER_MAX);
	if (now)
		locking_end(s, error == 0);
	if (error == 0) {
		mutex_lock(&s->lock);
		s->lock_future = future ? MAPF_LOCKED : 0;
		s->lock_present = future && all;
		s->limit_lock = most;
		mutex_unlock(&s->lock);
	}
	return error;
}

void
space_unlock_all(struct space *s)
{
	struct mapping *m;

	mutex_lock(&s->lock);
	s->lock_future = 0;
	s->lock_present = false;
	list_for_each(m, &s->maps, link)
		m->flags &= (uint16_t)~(MAPF_LOCKED | MAPF_LOCKING);
	mutex_unlock(&s->lock);
}

int
space_lock_new(struct space *s, vaddr_t start, size_t len)
{
	int error = present(s, start, start + ROUND_UP(len, PAGE_SIZE));

	if (error != 0)
		(void)space_unmap(s, start, len);
	return error;
}

void
space_lock_heap(struct space *s, vaddr_t start, size_t len)
{
	(void)present(s, start, start + len);
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
