#pragma once
#ifdef HOST_REAL_VM
#include "../vm/machine.h"
#else
/* Host tests: physical addresses are host addresses. */
#include "kern/types.h"

static inline void *
mmu_phys_map(paddr_t pa)
{
	return (void *)(uintptr_t)pa;
}

static inline void
mmu_phys_unmap(void *va)
{
}

static inline paddr_t
mmu_kva_to_phys(const void *va)
{
	return (uintptr_t)va;
}

/* There is no MMU to tell. */
static inline void
mmu_set_root(paddr_t root)
{
}
#endif
