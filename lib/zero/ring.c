/* Events out of the ring, without a call. */
#include <stddef.h>
#include <zero/event.h>

int
zev_ring_open(zev_ring_t *z, int port, uint32_t entries)
{
	struct abi_evring_op op = { .port = port, .entries = entries };

	if (sys_evop(EVOP_RING, 0, &op) != 0)
		return -1;
	z->ring = (struct abi_evring *)(uintptr_t)op.address;
	z->mask = z->ring->entries - 1;
	return 0;
}

int
zev_ring_next(zev_ring_t *z, zevent_t *event, uint32_t *id)
{
	struct abi_evring *r = z->ring;
	const struct abi_evring_slot *s;
	uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);

	if (tail == __atomic_load_n(&r->head, __ATOMIC_ACQUIRE))
		return 0;
	s = (const struct abi_evring_slot *)((const char *)r + EVRING_SLOTS) + (tail & z->mask);
	*event = s->event;
	if (id != NULL)
		*id = s->id;
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
	return 1;
}
