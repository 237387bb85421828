#pragma once
/* The machine's start, see boot.c. */
#include "kern/types.h"

/* From boot.asm: by which door, and the physical address of the loader's information. */
void machine_start(bool pvh, paddr_t info) __noreturn;
/* A zeroed frame before the frame allocator exists. */
paddr_t boot_page_alloc(void);
