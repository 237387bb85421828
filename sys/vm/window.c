/*
 * The window: one object that every address space shows at a place of its own, the vDSO.
 *
 * It is no mapping.  A mapping would cost every fork and exit five hundred instructions, and a
 * program could unmap it.  The space knows where its window is (random, above the stack, so that the
 * page tables are those of the stack), placement stays below of it, a fault that finds no mapping looks
 * here, and fork copies the address.  The entries that the child sees in a shared table are right
 * for it too.
 *
 * Page 0 is read only, the others are read and executed; nothing is ever written.
 *
 * Locks: the space's, then the vmo's.
 */
#include "vm/window.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "vm/space.h"
#include "vm/vmo_impl.h"

static struct vmo *object;		/* [I] */
vaddr_t window_len;			/* [I] */

void
window_set(struct vmo *v)
{
	ASSERT(object == NULL && vmo_size(v) % PAGE_SIZE == 0);
	vmo_ref(v);
	object = v;
	window_len = (vaddr_t)vmo_size(v);
}

#if CONFIG_DEBUG
static void
window_holds(void)
{
	vmo_seen(object);
}
HOLDS(window_holds);
#endif

void
window_open(struct space *s)
{
	ASSERT(s->window == 0 && list_empty(&s->maps));
	s->window = USER_MAX - space_random() - window_len;
}

vaddr_t
window_start(const struct space *s)
{
	return s->window;
}

/* Shows all of it; the pages are in memory. */
int
window_fault(struct space *s, vaddr_t va, uint32_t access)
{
	int error = 0;

	if (!window_hits(s, va, va + 1))
		return EFAULT;
	if ((access & VM_WRITE) || ((access & VM_EXEC) && va < s->window + PAGE_SIZE))
		return EACCES;
	spin_lock(&object->lock);
	s->window_seen = true;
	for (vaddr_t off = 0; off < window_len && error == 0; off += PAGE_SIZE) {
		struct page *p;
		bool shared;

		error = vmo_vnode_page_locked(object, off >> PAGE_SHIFT, &p, &shared);
		if (error == 0)
			error = pmap_enter(&s->pmap, s->window + off, frame_addr(p),
			    off == 0 ? VM_READ : VM_READ | VM_EXEC);
	}
	spin_unlock(&object->lock);
	return error;
}

void
window_drop(struct space *s)
{
	if (s->window_seen)
		pmap_drop(&s->pmap, s->window, s->window + window_len);
}

struct vmo *
window_vmo(const struct space *s, vaddr_t va, uint64_t *index)
{
	if (!window_hits(s, va, va + 1))
		return NULL;
	vmo_ref(object);
	*index = (va - s->window) >> PAGE_SHIFT;
	return object;
}

bool
window_info(const struct space *s, struct space_info *info)
{
	if (s->window == 0)
		return false;
	vmo_ref(object);
	*info = (struct space_info){ .start = s->window, .end = s->window + window_len,
	    .prot = VM_READ | VM_EXEC, .max = VM_READ | VM_EXEC, .flags = MAPF_SHARED, .vmo = object,
	    .what = "[vdso]" };
	return true;
}
