/*
 * The fault path.
 *
 *	space lock -> mapping -> may it? -> vmo lock -> page -> page table entry
 *
 * 1. A write commits a page of the VMO's own (copying what was shared) and maps it with all that the
 *    mapping allows.  A read maps what is there, with W only if a write would find nothing to
 *    copy.  A read of memory that was never written maps the page of zeros.
 *
 * 2. Around a file page that was read, up to AROUND pages that are in memory (or that a direct pager
 *    gives) are mapped as well, where the page table is there and empty.  Anonymous memory is not:
 *    a page nobody asked for would have to be cleared.  MAPF_SEQUENTIAL: up to AHEAD; MAPF_RANDOM_USE: none.
 *
 * 3. A page that must be read from a device is fetched with no lock; the instruction faults again.
 *
 * 4. Without memory the thread sleeps until the page daemon has found some, by a process's death if
 *    need be (vm/daemon.c), of the job alone when it is the job that has none left.  A thread that is to
 *    die gets ENOMEM.
 *
 * Budget (instructions, without entry and exit): anonymous write 250 + 512 to clear the page.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "vm/daemon.h"
#include "vm/pager.h"
#include "vm/space.h"
#include "vm/vmo_impl.h"

#define AROUND		16u
#define AHEAD		64u	/* MAPF_SEQUENTIAL */

struct fault {
	struct space *space;
	struct mapping *map;
	vaddr_t va;		/* page aligned */
	uint64_t index;		/* in map->vmo */
	uint32_t access;
	struct vmo *fetch;	/* EAGAIN: fetch index from it; referenced.  NULL: too much is dirty */
};

static int
enter(const struct fault *f, struct page *p, bool writable)
{
	uint32_t prot = f->map->prot;

	if (!writable)
		prot &= ~VM_WRITE;
	return pmap_enter(&f->space->pmap, f->va, frame_addr(p), prot | VM_READ);
}

/*
 * Maps neighbours.  The lock of the vnode's VMO is held; so is that of `over', if there is one.
 */
static void
fault_around(const struct fault *f, struct vmo *vnode, struct vmo *over)
{
	const struct mapping *m = f->map;
	uint64_t ahead = m->flags & MAPF_SEQUENTIAL ? AHEAD : AROUND;
	uint64_t first = f->index & ~(ahead - 1), low = m->off >> PAGE_SHIFT, last;
	uint64_t in_span = (f->va & (PMAP_SPAN - 1)) >> PAGE_SHIFT;
	bool write = over == NULL && (m->prot & VM_WRITE) && !page_tracked(vnode);
	paddr_t pa[AHEAD];
	unsigned n = 0;

	if (unlikely(m->flags & MAPF_RANDOM_USE))
		return;
	last = MIN(first + ahead, low + ((m->end - m->start) >> PAGE_SHIFT));
	last = MIN(last, vmo_page_count(vnode));
	first = MAX(first, low);
	/* Inside of one span. */
	if (f->index - first > in_span)
		first = f->index - in_span;
	last = MIN(last, f->index - in_span + (PMAP_SPAN >> PAGE_SHIFT));
	for (uint64_t i = first; i < last; i++, n++) {
		struct page *p = NULL;
		bool shared;

		pa[n] = 0;
		if (i == f->index)
			continue;
		if (over != NULL && over->root != NULL)
			p = vmo_page_locked(over, i, &shared);
		if (p == NULL && vmo_vnode_page_locked(vnode, i, &p, &shared) != 0)
			continue;
		if (p != NULL && !(write && shared))
			pa[n] = frame_addr(p);
	}
	pmap_fill(&f->space->pmap, f->va - (vaddr_t)((f->index - first) << PAGE_SHIFT), pa, n,
	    (write ? m->prot : m->prot & ~(uint32_t)VM_WRITE) | VM_READ);
}

/* Maps the page of zeros for a hole of v; whoever fills the hole takes it away again. */
static int
enter_zero(const struct fault *f, struct vmo *v)
{
	v->zero_mapped = true;
	return enter(f, zero_page, false);
}

NO_CANARY static int
read_overlay(struct fault *f, struct vmo *v)
{
	struct vmo *under = v->under;
	struct page *p;
	bool shared;
	int error;

	spin_lock(&under->lock);
	error = vmo_vnode_page_locked(under, f->index, &p, &shared);
	if (error == EAGAIN)
		vmo_ref(f->fetch = under);
	else if (error == 0 && p == NULL)
		error = enter_zero(f, under);
	else if (error == 0 && (error = enter(f, p, false)) == 0)
		fault_around(f, under, v);
	spin_unlock(&under->lock);
	return error;
}

static inline __attribute__((always_inline)) int
write_locked(struct fault *f, struct vmo *v)
{
	struct page *p = vmo_commit_quick(v, f->index);
	int error;

	if (likely(p != NULL))
		return enter(f, p, true);
	if (v->under != NULL && f->index >= vmo_page_count(v->under))
		return ENXIO;
	if (unlikely(page_tracked(v) && dirty_over())) {
		f->fetch = NULL;
		return EAGAIN;
	}
	error = vmo_commit_locked(v, f->index, f->map, &p);
	if (error == EAGAIN)
		vmo_ref(f->fetch = v->under != NULL ? v->under : v);
	if (error != 0)
		return error;
	error = enter(f, p, true);
	if (error == 0 && v->kind == VMO_VNODE && !page_tracked(v))
		fault_around(f, v, NULL);
	return error;
}

static int
write_hole(struct fault *f, struct vmo *v)
{
	return write_locked(f, v);
}

NO_CANARY static int
read_locked(struct fault *f, struct vmo *v)
{
	struct page *p;
	bool shared;
	int error;

	if (v->under != NULL && f->index >= vmo_page_count(v->under))
		return ENXIO;
	if (v->kind == VMO_VNODE) {
		error = vmo_vnode_page_locked(v, f->index, &p, &shared);
		if (error == EAGAIN)
			vmo_ref(f->fetch = v);
		if (error != 0)
			return error;
		if (p == NULL)
			return write_hole(f, v);
		if ((error = enter(f, p, !shared && !page_tracked(v))) == 0)
			fault_around(f, v, NULL);
		return error;
	}
	if (f->index >= vmo_page_count(v))
		return ENXIO;
	if ((p = vmo_page_locked(v, f->index, &shared)) != NULL)
		return enter(f, p, !shared);
	if (v->kind == VMO_OVERLAY)
		return read_overlay(f, v);
	return enter_zero(f, v);
}

static inline __attribute__((always_inline)) int
fault_locked(struct fault *f)
{
	struct mapping *m = space_find(f->space, f->va);
	struct vmo *v;
	int error;

	if (unlikely(m == NULL))
		return window_fault(f->space, f->va, f->access);
	if (unlikely(f->va < m->start) && (error = space_grow_stack(f->space, m, f->va)) != 0)
		return error;
	/* What can be seen at all can be read: the page tables have no other way. */
	if (unlikely(m->prot == 0 || (f->access & (VM_WRITE | VM_EXEC) & ~(uint32_t)m->prot) != 0))
		return EACCES;
	if (unlikely(m->vmo == &vmo_blank) && (error = mapping_back(m)) != 0)
		return error;
	f->map = m;
	f->index = mapping_index(m, f->va);
	v = m->vmo;
	spin_lock(&v->lock);
	error = f->access & VM_WRITE ? write_locked(f, v) : read_locked(f, v);
	spin_unlock(&v->lock);
	return error;
}

/* What a fault must wait for, without locks; EAGAIN: it is there now. */
static __attribute__((noinline)) int
fetch_now(struct space *s, vaddr_t va, struct vmo *vnode, uint64_t index)
{
	struct mapping *m;
	unsigned want;
	int error;

	if (vnode == NULL)
		return dirty_wait() ? EAGAIN : ENOMEM;
	thr_self()->t_fetches++;
	mutex_lock(&s->lock);
	m = space_find(s, va);
	want = m != NULL && (m->flags & MAPF_RANDOM_USE) ? 1 : FETCH_MOST;
	mutex_unlock(&s->lock);
	error = vmo_fetch(vnode, index, want);
	vmo_unref(vnode);
	return error == 0 || error == ENXIO ? EAGAIN : error;
}

static inline __attribute__((always_inline)) int
fault_once(struct space *s, vaddr_t va, uint32_t access)
{
	struct fault f;
	int error;

	f.space = s;
	f.va = ROUND_DOWN(va, PAGE_SIZE);
	f.access = access;
	mutex_lock(&s->lock);
	error = fault_locked(&f);
	mutex_unlock(&s->lock);
	return unlikely(error == EAGAIN) ? fetch_now(s, f.va, f.fetch, f.index) : error;
}

int
space_fault_once(struct space *s, vaddr_t va, uint32_t access)
{
	return fault_once(s, va, access);
}

static int
fault_out_of_memory(struct space *s, vaddr_t va, uint32_t access)
{
	struct thr *t = thr_self();
	unsigned tries = 0;
	int error;

	for (;;) {
		t->t_over = 0;
		error = space_fault_once(s, va, access);
		if (error != ENOMEM ||
		    !(t->t_over != 0 ? daemon_wait_job(&tries, t->t_over) : daemon_wait(&tries, true)))
			return error;
	}
}

NO_CANARY int
space_fault(struct space *s, vaddr_t va, uint32_t access)
{
	int error = fault_once(s, va, access);

	if (likely(error == 0))
		return 0;
	if (error == ENOMEM)
		error = fault_out_of_memory(s, va, access);
	return error == EAGAIN ? 0 : error;
}

int
space_populate(struct space *s, vaddr_t va, size_t len)
{
	vaddr_t end = ROUND_UP(va + len, PAGE_SIZE);
	int error = 0;

	for (va = ROUND_DOWN(va, PAGE_SIZE); va < end && error == 0; va += PAGE_SIZE) {
		struct mapping *m;
		uint32_t access;

		mutex_lock(&s->lock);
		m = space_find(s, va);
		access = m != NULL && (m->prot & VM_WRITE) ? VM_WRITE : VM_READ;
		mutex_unlock(&s->lock);
		do {
			error = space_fault_once(s, va, access);
		} while (error == EAGAIN);
	}
	return error;
}
