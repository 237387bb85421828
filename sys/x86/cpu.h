#pragma once
/* The CPU's own tables and features. */
#include "kern/types.h"

struct cpu_features {
	bool nx, huge, pge, smep, smap, umip, mce, rdrand, apic, tsc_invariant;
};
extern struct cpu_features cpu_features;

void cpu_boot_percpu(void);	/* %gs, GDT, TSS */
void cpu_boot_traps(void);	/* IDT and the call doors */
void cpu_boot_features(void);	/* CR4 and friends; kernel text is still writable */
