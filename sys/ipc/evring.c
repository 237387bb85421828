/*
 * The ring of a port.
 *
 * One page with head and tail, then pages of entries, mapped into the receiver and into nobody else.
 * The kernel trusts nothing in it: it keeps a head and a mask of its own, reads the receiver's tail
 * once, and takes a distance that cannot be for a full ring.  What a receiver scribbles over it, it
 * reads back itself.
 *
 * The pages are pinned: they stay whatever the receiver does with the mapping, and writing to them
 * cannot fault, so an event is written under the port's lock.
 *
 * Entries come before packets in the port's queue: while a packet is queued nothing goes into the ring.
 */
#include "ipc/evring.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "mach/atomic.h"
#include "vm/page.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/zone.h"

#define SLOT_SIZE	sizeof(struct abi_evring_slot)
#define PAGE_SLOTS	(PAGE_SIZE / SLOT_SIZE)
#define ENTRIES_MIN	16u
#define ENTRIES_MAX	1024u
#define PAGES_MAX	(1 + ENTRIES_MAX / PAGE_SLOTS)

struct evring {
	uint32_t mask;			/* [I] */
	uint32_t npages;		/* [I] */
	uint32_t head;			/* [port's lock] */
	uint32_t took;			/* [port's lock] the tail before the last take */
	struct page *page[PAGES_MAX];	/* [I] pinned; the first is the header's */
};

ZONE(evring_zone, struct evring);
COUNTER(rings, "ev.rings");

static struct abi_evring *
header(const struct evring *r)
{
	return frame_map(r->page[0]);
}

static struct abi_evring_slot *
slot(const struct evring *r, uint32_t n)
{
	uint32_t i = n & r->mask;

	return (struct abi_evring_slot *)frame_map(r->page[1 + i / PAGE_SLOTS]) + i % PAGE_SLOTS;
}

static void
unpin(struct evring *r)
{
	for (uint32_t i = 0; i < r->npages; i++)
		vmo_unpin(r->page[i]);
}

static int
pin(struct evring *r, struct vmo *v, uint32_t npages)
{
	int error = vmo_commit(v, 0, (uint64_t)npages << PAGE_SHIFT);

	while (error == 0 && r->npages < npages) {
		error = vmo_pin(v, r->npages, &r->page[r->npages]);
		if (error == 0)
			r->npages++;
	}
	return error;
}

int
evring_make(uint32_t entries, struct evring **out, vaddr_t *addr)
{
	uint32_t n = ENTRIES_MIN, npages;
	struct evring *r;
	struct vmo *v;
	int error;

	if (entries == 0 || entries > ENTRIES_MAX)
		return EINVAL;
	while (n < entries)
		n *= 2;
	npages = 1 + (uint32_t)((n + PAGE_SLOTS - 1) / PAGE_SLOTS);
	r = zone_alloc(evring_zone, ZALLOC_ZERO);
	if (r == NULL)
		return ENOMEM;
	r->mask = n - 1;
	error = vmo_create((uint64_t)npages << PAGE_SHIFT, &v);
	if (error == 0) {
		error = pin(r, v, npages);
		if (error == 0) {
			header(r)->entries = n;
			*addr = 0;
			error = space_map(proc_self()->p_space, addr, (size_t)npages << PAGE_SHIFT, VM_READ | VM_WRITE,
			    VM_READ | VM_WRITE, MAPF_SHARED | MAPF_DONTFORK, v, 0);
		}
		if (error != 0)
			unpin(r);
		vmo_unref(v);
	}
	if (error != 0) {
		zone_free(evring_zone, r);
		return error;
	}
	kstat_add(&rings, 1);
	*out = r;
	return 0;
}

void
evring_free(struct evring *r)
{
	unpin(r);
	zone_free(evring_zone, r);
	kstat_add(&rings, -1);
}

size_t
evring_size(const struct evring *r)
{
	return (size_t)r->npages << PAGE_SHIFT;
}

bool
evring_put(struct evring *r, const struct abi_event *e, uint32_t id)
{
	struct abi_evring_slot *s;

	if (r->head - atomic_load_acquire(&header(r)->tail) > r->mask)
		return false;
	s = slot(r, r->head);
	s->event = *e;
	s->id = id;
	r->head++;
	atomic_store_release(&header(r)->head, r->head);
	return true;
}

bool
evring_empty(const struct evring *r)
{
	return atomic_load_acquire(&header(r)->tail) == r->head;
}

bool
evring_take(struct evring *r, struct abi_event *out)
{
	uint32_t tail = atomic_load_acquire(&header(r)->tail);

	/* A tail from nowhere: what is left is lost, and that is the receiver's doing. */
	if (r->head - tail > r->mask + 1)
		tail = r->head;
	if (tail == r->head) {
		atomic_store_release(&header(r)->tail, tail);
		return false;
	}
	*out = slot(r, tail)->event;
	r->took = tail;
	atomic_store_release(&header(r)->tail, tail + 1);
	return true;
}

void
evring_untake(struct evring *r)
{
	atomic_store_release(&header(r)->tail, r->took);
}
