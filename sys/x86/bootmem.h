#pragma once
/* The RAM there is, before the frame allocator: a sorted list of disjoint ranges.  See bootmem.c. */
#include "kern/types.h"

struct e820 {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* A loader's memory map: n entries, `step' bytes apart, in any order. */
void bootmem_map(const void *first, size_t step, size_t n);
/* Cuts [start, end), widened to pages, out. */
void bootmem_remove(paddr_t start, paddr_t end);
/* Remembers what RAM and firmware tables there are, whatever is cut out later. */
void bootmem_seal(void);
/* A page below 4 GiB, or 0. */
paddr_t bootmem_take_page(void);
void bootmem_each(void (*fn)(paddr_t start, paddr_t end));
void bootmem_each_sealed(void (*fn)(paddr_t start, paddr_t end));
