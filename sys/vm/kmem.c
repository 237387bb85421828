/*
 * Memory of any size: kmem_alloc().
 *
 * A size is rounded up to a class that has a zone, above KMEM_SLAB_MAX to blocks of frames and above
 * KMEM_BLOCK_MAX to mapped frames, which need not be neighbours.  debug.zoneguard=1 puts what is larger than
 * KMEM_SLAB_MAX right below a guard page.
 */
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "mach/string.h"
#include "vm/kmap.h"
#include "vm/page.h"
#include "vm/zone.h"

#define KMEM_SLAB_MAX	2048u
#define KMEM_BLOCK_MAX	(8 * PAGE_SIZE)

static const uint16_t kmem_size[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, KMEM_SLAB_MAX
};
static struct zone *kmem_zone[ARRAY_SIZE(kmem_size)];
static uint8_t kmem_class[KMEM_SLAB_MAX / 16 + 1];	/* by size in units of 16, rounded up */

COUNTER(stat_block, "kmem.blocks");

static uint64_t zone_guard;		/* [a] 1: blocks end at a guard page */
SYSCTL_U64(debug_zoneguard, "debug.zoneguard", &zone_guard);

static void
kmem_init(void)
{
	unsigned class = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(kmem_size); i++) {
		char name[16];

		snprintf(name, sizeof(name), "kmem.%u", kmem_size[i]);
		kmem_zone[i] = zone_create(name, kmem_size[i], 16, 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(kmem_class); i++) {
		while (kmem_size[class] < i * 16)
			class++;
		kmem_class[i] = (uint8_t)class;
	}
}
INIT(kmem_init, LEVEL_VM + 2);

static unsigned
block_order(size_t size)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

/* How far behind the start of its pages a block begins that ends at a guard page. */
static size_t
guard_shift(size_t size)
{
	return ROUND_DOWN(ROUND_UP(size, PAGE_SIZE) - size, 16);
}

static void *
block_alloc(size_t size, uint32_t flags)
{
	struct page *p;
	void *va;

	if (size > KMEM_BLOCK_MAX || zone_guard != 0) {
		if (size > SIZE_MAX - 2 * PAGE_SIZE || (va = kmap_alloc(size)) == NULL)
			return NULL;
		if (size <= KMEM_BLOCK_MAX)
			va = (char *)va + guard_shift(size);
		if (flags & ZALLOC_ZERO)
			mach_fill(va, 0, size);
	} else {
		p = page_alloc_order(PAGE_KERNEL, block_order(size), flags & ZALLOC_ZERO ? PAGE_ZERO : 0);
		if (p == NULL)
			return NULL;
		va = frame_map(p);
	}
	kstat_add(&stat_block, 1);
	return va;
}

static void
block_free(void *va, size_t size)
{
	kstat_add(&stat_block, -1);
	if (size > KMEM_BLOCK_MAX)
		kmap_free(va, size);
	else if (kmap_owns(va))
		kmap_free((char *)va - guard_shift(size), size);
	else
		page_free_order(frame_page(mmu_kva_to_phys(va)), block_order(size));
}

void *
kmem_alloc(size_t size, uint32_t flags)
{
	if (unlikely(size > KMEM_SLAB_MAX))
		return block_alloc(size, flags);
	return zone_alloc(kmem_zone[kmem_class[(size + 15) / 16]], flags);
}

void
kmem_free(void *va, size_t size)
{
	if (va == NULL)
		return;
	if (unlikely(size > KMEM_SLAB_MAX))
		block_free(va, size);
	else
		zone_free(kmem_zone[kmem_class[(size + 15) / 16]], va);
}
