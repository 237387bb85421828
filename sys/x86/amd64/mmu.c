/*
 * The kernel half of the address space, made once at the start.
 *
 * Direct map: all RAM, writable, never executable, in 1 GiB or 2 MiB leaves, except where it shows
 * the image's text and constants: there 4 KiB leaves, read-only.  Image: 4 KiB leaves, text
 * executable and read-only, constants read-only, data writable; emergency stacks have their guard
 * pages left out.  Upper levels permit everything, so that the leaves alone are the policy.
 */
#include "mach/mmu.h"
#include "kern/string.h"
#include "x86/amd64/regs.h"
#include "x86/boot.h"
#include "x86/cpu.h"
#include "x86/mmu.h"
#include "x86/stacks.h"

#define PTE_P		0x001ull
#define PTE_W		0x002ull
#define PTE_PS		0x080ull
#define PTE_G		0x100ull
#define PTE_NX		(1ull << 63)
#define PTE_ADDR	0x000ffffffffff000ull

#define SIZE_2M		((paddr_t)1 << 21)
#define SIZE_1G		((paddr_t)1 << 30)

paddr_t mmu_kernel_root;
bool mmu_has_nx;
bool mmu_has_huge;

extern char boot_start[], boot_end[], image_start[], image_end[];
extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[];

static uint64_t nx;			/* PTE_NX or 0 */

static uint64_t *
table(paddr_t pa)
{
	return mmu_phys_map(pa);
}

/*
 * The entry for va in the table at `level' (3 root .. 0), making tables above it; NULL when a larger
 * leaf maps va already.
 */
static uint64_t *
entry(vaddr_t va, int level)
{
	paddr_t pa = mmu_kernel_root;

	for (int l = 3;; l--) {
		uint64_t *e = &table(pa)[va >> (12 + 9 * l) & 511];

		if (l == level)
			return e;
		if ((*e & PTE_P) == 0)
			*e = boot_page_alloc() | PTE_P | PTE_W;
		if ((*e & PTE_PS) != 0)
			return NULL;
		pa = *e & PTE_ADDR;
	}
}

/* Whether the leaf of this size would show image text or constants. */
static bool
covers_image(paddr_t pa, paddr_t size)
{
	return pa < mmu_kva_to_phys(data_start) && pa + size > mmu_kva_to_phys(text_start);
}

static void
direct_page(paddr_t pa)
{
	bool read_only = covers_image(pa, PAGE_SIZE);

	*entry(MMU_DIRECT_BASE + pa, 0) = pa | PTE_P | PTE_G | nx | (read_only ? 0 : PTE_W);
}

static void
direct_2m(paddr_t pa)
{
	uint64_t *e = entry(MMU_DIRECT_BASE + pa, 1);

	if (e == NULL || (*e & PTE_P) != 0)
		return;
	if (!covers_image(pa, SIZE_2M)) {
		*e = pa | PTE_P | PTE_W | PTE_PS | PTE_G | nx;
		return;
	}
	for (paddr_t p = pa; p < pa + SIZE_2M; p += PAGE_SIZE)
		direct_page(p);
}

void
mmu_boot_begin(void)
{
	mmu_has_nx = cpu_features.nx;
	mmu_has_huge = cpu_features.huge;
	nx = mmu_has_nx ? PTE_NX : 0;
	mmu_kernel_root = boot_page_alloc();
}

void
mmu_boot_direct(paddr_t start, paddr_t end)
{
	paddr_t pa = ROUND_DOWN(start, SIZE_2M);

	end = MIN(ROUND_UP(end, SIZE_2M), MMU_KMAP_BASE - MMU_DIRECT_BASE);
	while (pa < end) {
		uint64_t *e;

		if (!mmu_has_huge || pa % SIZE_1G != 0 || end - pa < SIZE_1G || covers_image(pa, SIZE_1G)) {
			direct_2m(pa);
			pa += SIZE_2M;
			continue;
		}
		e = entry(MMU_DIRECT_BASE + pa, 2);
		if ((*e & PTE_P) == 0)
			*e = pa | PTE_P | PTE_W | PTE_PS | PTE_G | nx;
		pa += SIZE_1G;
	}
}

static void
image_pages(const char *start, const char *end, uint64_t bits)
{
	for (vaddr_t va = (vaddr_t)start; va < (vaddr_t)end; va += PAGE_SIZE)
		*entry(va, 0) = mmu_kva_to_phys((void *)va) | PTE_P | PTE_G | bits;
}

void
mmu_boot_finish(void)
{
	image_pages(text_start, text_end, 0);
	image_pages(rodata_start, rodata_end, nx);
	image_pages(data_start, image_end, PTE_W | nx);
	for (unsigned i = 0; i < NGUARDED; i++)
		*entry(GUARD_OF(i), 0) = 0;
	for (vaddr_t va = MMU_KMAP_BASE; va < MMU_KMAP_END; va += 1ull << 39)
		(void)entry(va, 2);
	mmu_set_root(mmu_kernel_root);
	mmu_flush_all();
}

bool
mmu_phys_mapped(paddr_t pa, size_t n)
{
	paddr_t end = pa + n;

	for (pa = ROUND_DOWN(pa, PAGE_SIZE); pa < end; pa += PAGE_SIZE) {
		paddr_t t = mmu_kernel_root;
		vaddr_t va = MMU_DIRECT_BASE + pa;

		for (int l = 3; l >= 0; l--) {
			uint64_t e = table(t)[va >> (12 + 9 * l) & 511];

			if ((e & PTE_P) == 0)
				return false;
			if ((e & PTE_PS) != 0)
				break;
			t = e & PTE_ADDR;
		}
	}
	return true;
}

void
mmu_flush_all(void)
{
	uint64_t cr4 = cr4_read();

	if ((cr4 & CR4_PGE) == 0) {
		mmu_flush_user();
		return;
	}
	cr4_write(cr4 & ~(uint64_t)CR4_PGE);
	cr4_write(cr4);
}
