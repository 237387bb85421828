#pragma once
#ifdef HOST_REAL_VM
#include "../../../../sys/vm/zone.h"
#else
/* Host tests: a zone is the size of its objects; memory comes from malloc (shim/kernel.c). */
#include "kern/types.h"

struct zone;

#define ZALLOC_ZERO	1u

void *zone_alloc(struct zone *, uint32_t flags) __must_check;
void zone_free(struct zone *, void *);
#define ZONE_NOFAILTEST	1u
#define ZONE_NOTLIVE	2u
#define zone_create(name, size, align, flags)	((struct zone *)(size))
void *kmem_alloc(size_t size, uint32_t flags) __must_check;
void kmem_free(void *, size_t size);

#define ZONE(var, type) static struct zone *const var = (struct zone *)sizeof(type)

/* With a constructor it is a struct, which no size is as large as the address of. */
struct host_zone {
	size_t size;
	void (*ctor)(void *);
};
#define HOST_ZONE_SIZES	65536u
#define ZONE_CTOR(var, type, fn) \
	static const struct host_zone host_zone_##var = { sizeof(type), fn }; \
	static struct zone *const var = (struct zone *)(uintptr_t)&host_zone_##var
#endif
