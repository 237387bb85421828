#pragma once
/*
 * Physical memory seen by the kernel, and the TLB.  Walking and changing page tables is
 * mach/pmap.h's.  All RAM is in the direct map for ever; kernel text and constants are read-only
 * there too.
 *
 * Every root entry of the kernel's half that will ever be used exists when the portable kernel
 * starts and never changes: a new address space copies entries 256-511 of mmu_kernel_root.
 */
#include "kern/types.h"

#define MMU_DIRECT_BASE	((vaddr_t)0xffff800000000000ull)
#define MMU_KMAP_BASE	((vaddr_t)0xffffc00000000000ull)	/* stacks, devices, large blocks */
#define MMU_KMAP_END	((vaddr_t)0xffffc10000000000ull)
#define MMU_IMAGE_BASE	((vaddr_t)0xffffffff80000000ull)	/* + physical address */

extern paddr_t mmu_kernel_root;		/* [I] the root table the kernel booted with */
extern bool mmu_has_nx;			/* [I] */
extern bool mmu_has_huge;		/* [I] 1 GiB pages */

static inline void *
mmu_phys_map(paddr_t pa)
{
	return (void *)(MMU_DIRECT_BASE + (uintptr_t)pa);
}

static inline void
mmu_phys_unmap(void *va)
{
	(void)va;
}

/* Of a direct map or image address. */
static inline paddr_t
mmu_kva_to_phys(const void *va)
{
	vaddr_t a = (vaddr_t)va;

	return a >= MMU_IMAGE_BASE ? a - MMU_IMAGE_BASE : a - MMU_DIRECT_BASE;
}

/* True for addresses that the direct map covers (RAM, and firmware tables near it). */
bool mmu_phys_mapped(paddr_t, size_t);

static inline void
mmu_flush_page(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline paddr_t
mmu_root(void)
{
	uintptr_t v;

	__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline void
mmu_set_root(paddr_t root)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"((uintptr_t)root) : "memory");
}

/* All but global entries. */
static inline void
mmu_flush_user(void)
{
	mmu_set_root(mmu_root());
}

void mmu_flush_all(void);		/* global ones too */
