#pragma once
/* Stacks that exist from the start, each above a guard page that mmu_boot_finish() leaves out. */
#include "kern/types.h"

#define BOOT_STACK	(16 * 1024)

struct guarded_stack {
	uint8_t guard[4096];
	uint8_t stack[BOOT_STACK];
} __attribute__((aligned(4096)));

/* The boot thread's, and one for each IST entry. */
enum { STACK_BOOT, STACK_DF, STACK_NMI, STACK_MC, NGUARDED };
extern struct guarded_stack guarded_stacks[NGUARDED];
#define GUARDED_TOP(i)	((uintptr_t)guarded_stacks[i].stack + BOOT_STACK)
