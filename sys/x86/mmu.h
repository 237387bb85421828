#pragma once
/* Making the kernel's first own page tables; boot.c drives it. */
#include "kern/types.h"

void mmu_boot_begin(void);
/* Puts memory into the direct map, rounded outwards to 2 MiB. */
void mmu_boot_direct(paddr_t start, paddr_t end);
/* Maps the image, protects its read-only parts in both places, and switches to the tables. */
void mmu_boot_finish(void);
