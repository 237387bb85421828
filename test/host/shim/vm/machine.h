#pragma once
/*
 * Host tests of the real memory code: RAM is one block, the MMU is a walker with a TLB that keeps
 * entries until they are flushed (vm_test.c).
 */
#include <string.h>
#include "kern/types.h"

#define MMU_KMAP_BASE	((vaddr_t)0xffffc00000000000ull)
#define MMU_KMAP_END	((vaddr_t)0xffffc10000000000ull)

extern char *host_ram;
extern paddr_t mmu_kernel_root;
extern bool mmu_has_nx;

void mmu_flush_page(vaddr_t);
void mmu_flush_user(void);
void mmu_set_root(paddr_t);
paddr_t mmu_root(void);

static inline void *
mmu_phys_map(paddr_t pa)
{
	return host_ram + pa;
}

static inline void
mmu_phys_unmap(void *va)
{
	(void)va;
}

static inline paddr_t
mmu_kva_to_phys(const void *va)
{
	return (paddr_t)((const char *)va - host_ram);
}
