/*
 * The heap: brk and sbrk.
 *
 * One private VMO from brk_start up, of which the pages between the start and the break are mapped.  When its
 * pages cannot be forgotten (see mapping_forget()), or something else took its place, s->heap is NULL and the
 * next growth begins a new mapping.
 */
#include "kern/error.h"
#include "vm/mapping.h"
#include "vm/region.h"

void
space_set_brk(struct space *s, vaddr_t start)
{
	mutex_lock(&s->lock);
	s->brk_start = s->brk = start;
	s->heap = NULL;
	mutex_unlock(&s->lock);
}

static int
brk_new_mapping(struct space *s, vaddr_t start, vaddr_t end)
{
	struct mapping *m = space_mapping(s, VM_READ | VM_WRITE, VM_READ | VM_WRITE | VM_EXEC,
	    MAPF_FIXED | MAPF_NOREPLACE);
	struct vmo *v;
	int error;

	if (m == NULL)
		return ENOMEM;
	if ((error = vmo_create(VMO_SIZE_MAX, &v)) == 0) {
		error = space_map_locked(s, NULL, m, &start, end - start, v, 0);
		vmo_unref(v);
	}
	if (error != 0) {
		space_mapping_free(m);
		return ENOMEM;
	}
	s->heap = v;
	return 0;
}

static int
brk_grow(struct space *s, vaddr_t start, vaddr_t end)
{
	struct mapping *m = start > USER_MIN ? space_find(s, start - 1) : NULL, *next;

	if (end > USER_MAX || s->size + (end - start) > s->limit_as || region_over(s->regions, start, end))
		return ENOMEM;
	if (unlikely(s->lock_future != 0) && !space_lock_room(s, end - start))
		return ENOMEM;
	if (likely(m != NULL && s->heap != NULL && m->vmo == s->heap && m->end == start &&
	    m->prot == (VM_READ | VM_WRITE))) {
		next = mapping_next(s, m);
		if (next != NULL && next->lo < end)
			return ENOMEM;
		mapping_reshape(s, m, m->lo, m->start, end);
		return 0;
	}
	return space_range_free(s, start, end) ? brk_new_mapping(s, start, end) : ENOMEM;
}

/* The end of m goes, from `at' on, which is above its start. */
static void
mapping_trim(struct space *s, struct mapping *m, vaddr_t at)
{
	if (!vmo_unseen(m->vmo))
		pmap_remove(&s->pmap, at, m->end);
	mapping_forget(m, at, m->end);
	mapping_reshape(s, m, m->lo, m->start, at);
}

static int
brk_shrink(struct space *s, vaddr_t start, vaddr_t end)
{
	struct mapping *m = s->hint;

	/* The commonest case: the end of a heap that was touched last. */
	if (unlikely(m == NULL || m->vmo != s->heap || m->end != end || m->start >= start))
		return space_unmap_locked(s, NULL, start, end);
	mapping_trim(s, m, start);
	return 0;
}

NO_CANARY int
space_brk(struct space *s, vaddr_t want, uint64_t most, vaddr_t *now)
{
	vaddr_t old = 0, new = 0;
	int error = 0;

	mutex_lock(&s->lock);
	if (want != 0) {
		old = ROUND_UP(s->brk, PAGE_SIZE);
		new = ROUND_UP(want, PAGE_SIZE);
		if (want < s->brk_start || want > USER_MAX || (want > s->brk && want - s->brk_start > most))
			error = ENOMEM;
		else if (new > old)
			error = brk_grow(s, old, new);
		else if (new < old)
			error = brk_shrink(s, new, old);
		if (error == 0)
			s->brk = want;
	}
	*now = s->brk;
	mutex_unlock(&s->lock);
	if (unlikely(s->lock_present) && error == 0 && new > old)
		space_lock_heap(s, old, new - old);
	return error;
}
