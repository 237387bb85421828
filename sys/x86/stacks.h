#pragma once
/* Stacks that exist from the start, each above a guard page that mmu_boot_finish() leaves out. */
#include "kern/types.h"

#define GUARD		4096
#define BOOT_STACK	(GUARD + 16 * 1024)
#define IST_STACK	(GUARD + 8 * 1024)	/* a report, or a few instructions */

/* The boot thread's, and one for each IST entry; each begins with its guard. */
enum { STACK_BOOT, STACK_DF, STACK_NMI, STACK_MC, NGUARDED };
extern uint8_t guarded_stacks[BOOT_STACK + 3 * IST_STACK];
#define GUARDED_TOP(i)	((uintptr_t)guarded_stacks + BOOT_STACK + (i) * IST_STACK)
#define GUARD_OF(i)	((uintptr_t)guarded_stacks + ((i) == STACK_BOOT ? 0 : BOOT_STACK + ((i) - 1) * IST_STACK))
