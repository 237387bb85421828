/*
 * RAM by ranges.
 *
 * Loaders' memory maps may overlap and come in any order; where entries overlap, the less usable
 * kind wins.  Usable memory is rounded inwards to pages, what is cut out is rounded outwards.  Page 0
 * is never usable, so that 0 can say "none".
 */
#include "x86/bootmem.h"
#include "kern/string.h"

struct range {
	paddr_t start, end;
};
#define NRANGE	96

static struct range ram[NRANGE];	/* usable, sorted, disjoint, page-aligned */
static unsigned nram;
static struct range sealed[NRANGE];
static unsigned nsealed;
static struct range firmware[32];	/* ACPI tables and the like */
static unsigned nfirmware;

static void
range_insert(unsigned at, paddr_t start, paddr_t end)
{
	if (nram == NRANGE)
		return;
	memmove(&ram[at + 1], &ram[at], (nram - at) * sizeof(ram[0]));
	ram[at] = (struct range){ start, end };
	nram++;
}

static void
range_delete(unsigned at)
{
	nram--;
	memmove(&ram[at], &ram[at + 1], (nram - at) * sizeof(ram[0]));
}

void
bootmem_remove(paddr_t start, paddr_t end)
{
	start = ROUND_DOWN(start, PAGE_SIZE);
	end = ROUND_UP(end, PAGE_SIZE);
	for (unsigned i = 0; i < nram; i++) {
		struct range *r = &ram[i];

		if (end <= r->start || start >= r->end)
			continue;
		if (start > r->start && end < r->end) {
			range_insert(i + 1, end, r->end);
			r->end = start;
		} else if (start > r->start) {
			r->end = start;
		} else if (end < r->end) {
			r->start = end;
		} else {
			range_delete(i--);
		}
	}
}

/* Adds usable memory; merges what touches, so the list stays sorted and disjoint. */
static void
ram_add(paddr_t start, paddr_t end)
{
	unsigned i;

	start = ROUND_UP(MAX(start, (paddr_t)PAGE_SIZE), PAGE_SIZE);
	end = ROUND_DOWN(end, PAGE_SIZE);
	if (start >= end)
		return;
	for (i = 0; i < nram; i++) {
		if (ram[i].start > end || ram[i].end < start)
			continue;
		start = MIN(start, ram[i].start);
		end = MAX(end, ram[i].end);
		range_delete(i--);
	}
	for (i = 0; i < nram && ram[i].start < start; i++)
		;
	range_insert(i, start, end);
}

enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4 };

void
bootmem_map(const void *first, size_t step, size_t n)
{
	const struct e820 *e;

	for (size_t i = 0; i < n; i++) {
		e = (const void *)((const char *)first + i * step);
		if (e->type == E820_RAM && e->size != 0)
			ram_add(e->addr, e->addr + e->size);
	}
	for (size_t i = 0; i < n; i++) {
		e = (const void *)((const char *)first + i * step);
		if (e->type == E820_RAM || e->size == 0)
			continue;
		bootmem_remove(e->addr, e->addr + e->size);
		if ((e->type == E820_ACPI || e->type == E820_NVS) && nfirmware < ARRAY_SIZE(firmware))
			firmware[nfirmware++] = (struct range){ e->addr, e->addr + e->size };
	}
}

void
bootmem_seal(void)
{
	memcpy(sealed, ram, sizeof(ram));
	nsealed = nram;
}

/* From the end of the highest range that boot.asm's tables reach, so that low memory stays whole. */
paddr_t
bootmem_take_page(void)
{
	for (unsigned i = nram; i-- > 0;) {
		paddr_t end = MIN(ram[i].end, (paddr_t)1 << 32);

		if (ram[i].start + PAGE_SIZE > end)
			continue;
		bootmem_remove(end - PAGE_SIZE, end);
		return end - PAGE_SIZE;
	}
	return 0;
}

void
bootmem_each(void (*fn)(paddr_t start, paddr_t end))
{
	for (unsigned i = 0; i < nram; i++)
		fn(ram[i].start, ram[i].end);
}

void
bootmem_each_sealed(void (*fn)(paddr_t start, paddr_t end))
{
	for (unsigned i = 0; i < nsealed; i++)
		fn(sealed[i].start, sealed[i].end);
	for (unsigned i = 0; i < nfirmware; i++)
		fn(firmware[i].start, firmware[i].end);
}
