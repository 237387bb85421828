/*
 * A space looked into from outside: its memory through the VMOs and never through page tables (procfs, debuggers,
 * cores), what it has mapped, and how much.
 *
 * The space's lock is held to find the mapping, not while bytes are moved: the VMO is referenced
 * meanwhile.  A page that nobody touched reads as zeros and stays untouched.  Behind the end of what is mapped
 * there is nothing, as for the process itself; the rest of its last page is there.
 */
#include "kern/error.h"
#include "kern/owner.h"
#include "mach/atomic.h"
#include "mach/string.h"
#include "vm/mapping.h"
#include "vm/pager.h"

static int
read_page(struct space *s, vaddr_t va, char *to, size_t n)
{
	struct mapping *m;
	struct vmo *v = NULL;
	struct page *p = NULL;
	uint64_t index = 0;
	char *from;
	int error;

	mutex_lock(&s->lock);
	m = space_find(s, va);
	if (m != NULL && va >= m->start) {
		vmo_ref(v = m->vmo);
		index = mapping_index(m, va);
	} else if (m == NULL) {
		v = window_vmo(s, va, &index);
	}
	mutex_unlock(&s->lock);
	if (v == NULL)
		return EFAULT;
	error = vmo_pin(v, index, &p);
	if (error == 0 && p != NULL) {
		from = frame_map(p);
		mach_copy(to, from + (va & PAGE_MASK), n);
		page_unmap(from);
		vmo_unpin(p);
	} else if (error == 0) {
		mach_fill(to, 0, n);
	}
	vmo_unref(v);
	return error == ENXIO ? EFAULT : error;
}

int
space_read(struct space *s, vaddr_t va, void *buf, size_t size, size_t *done)
{
	char *to = buf;
	int error = 0;

	for (*done = 0; *done < size;) {
		size_t n = MIN(size - *done, PAGE_SIZE - (size_t)(va & PAGE_MASK));

		if ((error = read_page(s, va, to + *done, n)) != 0)
			break;
		*done += n;
		va += n;
	}
	return error;
}

static int
write_page(struct space *s, vaddr_t va, const char *from, size_t n)
{
	struct mapping *m;
	struct vmo *v = NULL;
	struct page *p;
	uint64_t index = 0;
	char *to;
	int error = EFAULT;

	mutex_lock(&s->lock);
	m = space_find(s, va);
	if (m != NULL && va >= m->start) {
		error = (m->max & VM_WRITE) != 0 ? 0 : EACCES;
		if (error == 0 && mapping_blank(m))
			error = mapping_back(m);
		index = mapping_index(m, va);
		if (error == 0)
			vmo_ref(v = m->vmo);
	}
	mutex_unlock(&s->lock);
	if (error != 0)
		return error;
	if (unlikely(v->back != NULL && dirty_over()) && !dirty_wait())
		error = EINTR;
	if (error == 0 && (error = vmo_pin_write(v, index, &p)) == 0) {
		to = frame_map(p);
		mach_copy(to + (va & PAGE_MASK), from, n);
		page_unmap(to);
		vmo_unpin_written(v, index, p);
	}
	vmo_unref(v);
	return error == ENXIO ? EFAULT : error;
}

int
space_write(struct space *s, vaddr_t va, const void *buf, size_t size, size_t *done)
{
	const char *from = buf;
	int error = 0;

	for (*done = 0; *done < size;) {
		size_t n = MIN(size - *done, PAGE_SIZE - (size_t)(va & PAGE_MASK));

		if ((error = write_page(s, va, from + *done, n)) != 0)
			break;
		*done += n;
		va += n;
	}
	return error;
}

int
space_word_key(struct space *s, vaddr_t va, struct vmo **shared, uint64_t *off)
{
	struct mapping *m;
	int error = 0;

	*shared = NULL;
	*off = va;
	mutex_lock(&s->lock);
	m = space_find(s, va);
	if (m == NULL || m->prot == 0) {
		error = EFAULT;
	} else if ((m->flags & MAPF_SHARED) != 0) {
		vmo_ref(*shared = m->vmo);
		*off = m->off + (va - m->start);
	}
	mutex_unlock(&s->lock);
	return error;
}

int
space_next(struct space *s, vaddr_t from, struct space_info *info)
{
	struct mapping *m;
	int error = ENOENT;

	mutex_lock(&s->lock);
	if ((m = space_find_from(s, from)) != NULL) {
		struct vmo *v = m->vmo->under != NULL ? m->vmo->under : m->vmo;

		vmo_ref(v);
		*info = (struct space_info){ .start = m->start, .end = m->end, .prot = m->prot,
		    .max = m->max, .flags = m->flags, .vmo = v, .off = m->off, .what = "" };
		if (m->flags & MAPF_STACK)
			info->what = "[stack]";
		else if (m->start >= s->brk_start && m->end <= ROUND_UP(s->brk, PAGE_SIZE))
			info->what = "[heap]";
		error = 0;
	} else if (from < s->window + window_len && window_info(s, info)) {
		error = 0;		/* it is above of all mappings */
	}
	mutex_unlock(&s->lock);
	return error;
}

uint64_t
space_size(struct space *s)
{
	return atomic_load(&s->size);
}

uint64_t
space_resident(struct space *s)
{
	return atomic_load(&s->pmap.resident) << PAGE_SHIFT;
}

uint64_t
space_charged(struct space *s)
{
	struct mapping *m;
	uint64_t n = 0;

	/* Asked by who looks for a victim: it may be at work for long. */
	if (!mutex_trylock(&s->lock))
		return space_resident(s);
	list_for_each(m, &s->maps, link) {
		struct vmo *v = m->vmo;

		if (v->kind == VMO_VNODE || v->npages == 0)
			continue;
		if (m->flags & MAPF_SHARED)	/* every mapping and every handle is one of its users */
			n += MIN((uint64_t)(m->end - m->start) >> PAGE_SHIFT, vmo_pages(v)) / MAX(vmo_refs(v), 1u);
		else if (list_entry(v->maps.next, struct mapping, vmo_link) == m)	/* the first piece */
			n += vmo_share(v);
	}
	mutex_unlock(&s->lock);
	return n << PAGE_SHIFT;
}

#if CONFIG_DEBUG
void
space_seen(struct space *s)
{
	struct mapping *m;

	owner_seen(s);
	mutex_lock(&s->lock);
	pmap_seen(&s->pmap);
	list_for_each(m, &s->maps, link) {
		owner_seen(m);
		vmo_seen(m->vmo);
	}
	mutex_unlock(&s->lock);
}
#endif
