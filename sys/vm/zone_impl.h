#pragma once
/* What zone.c and zonewatch.c share.  Letters: I immutable, z the zone's lock, c the CPU's own under hold. */
#include "kern/cpu.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/owner.h"
#include "vm/zone.h"

#define ZONE_MAX	ARRAY_SIZE(((struct cpu *)NULL)->magazines)

#define ZONE_POISON	0xdbu
#define TAIL_LIVE	0x11feface0b1ec7edull	/* the mark of one that is in use */
#define TAIL_FREE	0xf4eedf4eedf4eed0ull

struct zone {
	struct spin lock;
	uint32_t index;			/* [I] in zones and cpu->magazines */
	uint32_t flags;			/* [I] ZONE_*, ZONE_PLAIN */
	size_t size;			/* [I] what the user may use */
	size_t stride;			/* [I] from one object to the next */
	uint32_t order;			/* [I] frames of a slab: 2^order */
	uint32_t per_slab;		/* [I] */
	uint32_t cap;			/* [I] rounds used of a magazine; 0: no magazines */
	struct list partial;		/* [z] slabs with free objects */
	struct list guarded;		/* [z] the same, of objects with an owner */
	uint32_t empty;			/* [z] of those, slabs without any used object */
	struct magazine *full, *none;	/* [z] the depot */
	uint32_t nfull;			/* [z] */
	uint32_t watch;			/* [z] WATCH_* */
	uint32_t fail_in;		/* [z] so many allocations until one fails; 0: none does */
	uint32_t align;			/* [I] */
	uint64_t nslabs;		/* [z] */
	uint64_t misses, slow;		/* [z] allocations from the depot and from slabs */
	uint64_t reaped;		/* [z] slabs given back */
	void (*ctor)(void *);		/* [I] or NULL */
	struct kstat stat;
	char name[32];			/* [I] "zone.NAME" */
};

#define ZONE_PLAIN	0x8000u		/* no magazines: the zone of magazines itself */

#define WATCH_REDZONE	1u
#define WATCH_POISON	2u
#define WATCH_AUDIT	4u
#define WATCH_FAIL	8u

/* Behind each object of a guarded slab. */
struct owner {
	uint64_t mark;			/* TAIL_* */
	uintptr_t pc[2];		/* who took it, who gave it back; 0: not known */
	int32_t tid[2];
};
#define PG_GUARDED	4u		/* of a slab's first frame */

extern struct zone zones[ZONE_MAX];
extern unsigned nzones;
uint32_t zone_cap(const struct zone *);	/* its cap while it is not watched */
void zone_drain(struct zone *);		/* this CPU's magazines and the depot give all back */

/* zonewatch.c: an object of a guarded slab leaves it, or comes back; the zone's lock is held. */
void watch_taken(const struct zone *, void *obj, uintptr_t pc);
void watch_given(const struct zone *, void *obj, uintptr_t pc);

static inline struct owner *
object_owner(const struct zone *z, void *obj)
{
	return (struct owner *)(void *)((char *)obj + z->stride);
}
