#pragma once
/*
 * Zones: caches of objects of one size, slabs below, per-CPU magazines and a depot above (Bonwick
 * 1994, 2001).  kmem_* serve odd sizes from power-of-two zones, large ones from page blocks.
 */
#include "kern/types.h"

struct zone;

#define ZONE_NOFAILTEST	1u	/* never chosen by n-th failure */
#define ZONE_NOTLIVE	2u	/* how many there are says nothing about leaks */
#define ZALLOC_ZERO	1u

struct zone *zone_create(const char *name, size_t size, size_t align, uint32_t flags);	/* panics */
void *zone_alloc(struct zone *, uint32_t flags) __must_check;	/* NULL: no memory; does not sleep */
void zone_free(struct zone *, void *);
void *kmem_alloc(size_t size, uint32_t flags) __must_check;
void kmem_free(void *, size_t size);	/* the size it was allocated with */
void zone_reap(void);			/* gives empty slabs back */

/* Debug kernels, for vm/owner.c: all live objects of a slab (its first frame); NULL: no such zone. */
struct owner_tag;
struct page;
void zone_each_object(struct page *, void (*)(void *ctx, unsigned zone, const struct owner_tag *), void *ctx);
const char *zone_name(unsigned);

/* ZONE(pipe_zone, struct pipe): a zone defined beside its type, created at LEVEL_KERN - 1. */
struct zone_entry {
	struct zone **zone;
	const char *name;
	size_t size, align;
	void (*ctor)(void *);
};
#define ZONE(var, type)	ZONE_CTOR(var, type, NULL)
/*
 * The same, of objects that are in a state of their own, made by fn(object), whenever they are allocated: who
 * frees one has brought it back into that state.  What stays as it is (locks, list heads) is so made
 * once, and not at each allocation.  ZALLOC_ZERO does not go with it.
 */
#define ZONE_CTOR(var, type, fn) \
	static struct zone *var; \
	static const struct zone_entry zone_entry_##var __section(".zone_set") = \
	    { .zone = &var, .name = #type, .size = sizeof(type), .align = _Alignof(type), .ctor = fn }
