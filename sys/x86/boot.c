/*
 * What the loader says, and RAM.
 *
 * Both loaders' structures are read where they lie, through the first 4 GiB that boot.asm
 * mapped, and everything of use is copied; afterwards they are RAM like any other.  What the
 * kernel, the modules and the new page tables take is cut out of RAM; the rest goes to
 * page_add_range().
 */
#include "x86/boot.h"
#include "kern/assert.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "mach/cpu.h"
#include "mach/mmu.h"
#include "vm/page.h"
#include "x86/bootfw.h"
#include "x86/bootmem.h"
#include "x86/canary.h"
#include "x86/cpu.h"
#include "x86/mmu.h"
#include "x86/stacks.h"

struct bootinfo bootinfo;
extern char image_start[], image_end[];

uint64_t
boot_image_bytes(void)
{
	return (uint64_t)(image_end - image_start) - NGUARDED * GUARD;
}

/* --- loaders --- */

static uint8_t rsdp_copy[36] __attribute__((aligned(16)));

static void
rsdp_keep(const void *p, size_t n)
{
	memcpy(rsdp_copy, p, MIN(n, sizeof(rsdp_copy)));
	bootinfo.rsdp = mmu_kva_to_phys(rsdp_copy);
}

static void
module_add(paddr_t start, paddr_t end, const char *cmdline)
{
	struct boot_module *m = &bootinfo.modules[bootinfo.nmodules];
	const char *slash = strrchr(cmdline, '/');

	if (bootinfo.nmodules == ARRAY_SIZE(bootinfo.modules) || start >= end)
		return;
	m->start = start;
	m->end = end;
	strlcpy(m->cmdline, slash != NULL ? slash + 1 : cmdline, sizeof(m->cmdline));
	bootinfo.nmodules++;
}

struct mb2_tag {
	uint32_t type, size;
};
struct mb2_module {
	struct mb2_tag tag;
	uint32_t start, end;
	char cmdline[];
};
struct mb2_mmap {
	struct mb2_tag tag;
	uint32_t entry_size, entry_version;
};
struct mb2_fb {
	struct mb2_tag tag;
	uint64_t addr;
	uint32_t pitch, width, height;
	uint8_t bpp, type;
	uint16_t reserved;
	uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};
enum { MB2_END = 0, MB2_CMDLINE = 1, MB2_MODULE = 3, MB2_MMAP = 6, MB2_FB = 8, MB2_RSDP1 = 14,
	MB2_RSDP2 = 15 };
enum { MB2_FB_RGB = 1, MB2_FB_TEXT = 2 };

static void
mb2_framebuffer(const struct mb2_fb *f)
{
	bootinfo.fb = (struct boot_framebuffer){ .addr = f->addr, .width = f->width,
		.height = f->height, .pitch = f->pitch, .bpp = f->bpp, .text = f->type == MB2_FB_TEXT };
	if (f->type == MB2_FB_RGB) {
		bootinfo.fb.red_pos = f->red_pos;
		bootinfo.fb.green_pos = f->green_pos;
		bootinfo.fb.blue_pos = f->blue_pos;
	}
	bootinfo.has_fb = f->type == MB2_FB_RGB || f->type == MB2_FB_TEXT;
}

static void
mb2_parse(paddr_t info)
{
	const char *p = mmu_phys_map(info), *end = p + *(const uint32_t *)p;
	const struct mb2_tag *t;

	for (p += 8; p < end; p += ROUND_UP(t->size, 8u)) {
		t = (const void *)p;
		switch (t->type) {
		case MB2_END:
			return;
		case MB2_CMDLINE:
			strlcpy(bootinfo.cmdline, (const char *)(t + 1), sizeof(bootinfo.cmdline));
			break;
		case MB2_MODULE: {
			const struct mb2_module *m = (const void *)t;

			module_add(m->start, m->end, m->cmdline);
			break;
		}
		case MB2_MMAP: {
			const struct mb2_mmap *m = (const void *)t;

			bootmem_map(m + 1, m->entry_size, (t->size - sizeof(*m)) / m->entry_size);
			break;
		}
		case MB2_FB:
			mb2_framebuffer((const void *)t);
			break;
		case MB2_RSDP1:
			if (bootinfo.rsdp == 0)
				rsdp_keep(t + 1, t->size - sizeof(*t));
			break;
		case MB2_RSDP2:
			rsdp_keep(t + 1, t->size - sizeof(*t));
			break;
		}
	}
}

struct pvh_info {
	uint32_t magic, version, flags, nmodules;
	uint64_t modules, cmdline, rsdp;
	uint64_t memmap;
	uint32_t nmemmap, reserved;
};
struct pvh_module {
	uint64_t addr, size, cmdline, reserved;
};
#define PVH_MAGIC	0x336ec578u

/* QEMU gives its modules no names: the first one is what the option `module' says. */
static void
pvh_parse(paddr_t info)
{
	const struct pvh_info *p = mmu_phys_map(info);
	const struct pvh_module *m = mmu_phys_map(p->modules);
	char name[64];

	if (p->magic != PVH_MAGIC || p->version < 1)
		panic("PVH: unknown start information");
	if (p->cmdline != 0)
		strlcpy(bootinfo.cmdline, mmu_phys_map(p->cmdline), sizeof(bootinfo.cmdline));
	bootmem_map(mmu_phys_map(p->memmap), sizeof(struct e820), p->nmemmap);
	for (uint32_t i = 0; i < p->nmodules; i++) {
		if (m[i].cmdline != 0)
			strlcpy(name, mmu_phys_map(m[i].cmdline), sizeof(name));
		else if (boot_option("module", name, sizeof(name)) == NULL)
			strlcpy(name, "root", sizeof(name));
		module_add(m[i].addr, m[i].addr + m[i].size, name);
	}
	bootinfo.rsdp = p->rsdp;
}

const char *
boot_option(const char *name, char *buf, size_t size)
{
	size_t len = strlen(name), n;
	const char *p = bootinfo.cmdline, *value;

	for (; *p != '\0'; p += n) {
		while (*p == ' ')
			p++;
		for (n = 0; p[n] != '\0' && p[n] != ' '; n++)
			;
		if (n < len || strncmp(p, name, len) != 0 || (n > len && p[len] != '='))
			continue;
		value = n > len ? p + len + 1 : p + n;
		strlcpy(buf, value, MIN(size, (size_t)(p + n - value) + 1));
		return buf;
	}
	return NULL;
}

/* --- RAM --- */

#define ROOT_MEMORY	((paddr_t)47 << 20)	/* 48 MiB less what the firmware keeps */

static paddr_t ram_total;

static void
ram_count(paddr_t start, paddr_t end)
{
	ram_total += end - start;
}

/* A machine with little memory runs from the image `base'; what `root' takes is RAM again. */
static void
modules_trim(void)
{
	unsigned root = bootinfo.nmodules;
	bool base = false;

	bootmem_each_sealed(ram_count);
	for (unsigned i = 0; i < bootinfo.nmodules; i++) {
		if (strcmp(bootinfo.modules[i].cmdline, "root") == 0)
			root = i;
		if (strcmp(bootinfo.modules[i].cmdline, "base") == 0)
			base = true;
	}
	if (base && root < bootinfo.nmodules && ram_total < ROOT_MEMORY)
		bootinfo.modules[root] = bootinfo.modules[--bootinfo.nmodules];
}

/* All but the frames of its guard pages, which nobody sees there. */
static void
image_remove(void)
{
	const char *from = image_start;

	for (unsigned i = 0; i < NGUARDED; i++) {
		bootmem_remove(mmu_kva_to_phys(from), mmu_kva_to_phys((void *)GUARD_OF(i)));
		from = (const char *)GUARD_OF(i) + GUARD;
	}
	bootmem_remove(mmu_kva_to_phys(from), mmu_kva_to_phys(image_end));
}

static void
memory_init(void)
{
	bootmem_seal();			/* from here on only cuts */
	modules_trim();
	bootmem_remove(0, 0x10000);	/* start-up code of other CPUs, old BIOS data */
	image_remove();
	for (unsigned i = 0; i < bootinfo.nmodules; i++)
		bootmem_remove(bootinfo.modules[i].start, bootinfo.modules[i].end);
	mmu_boot_begin();
	mmu_boot_direct(0, 0x100000);	/* BIOS area: ACPI tables are looked for there */
	bootmem_each_sealed(mmu_boot_direct);
	mmu_boot_finish();
	bootmem_each(page_add_range);
}

/* Before the frame allocator: taken from what bootmem still has. */
paddr_t
boot_page_alloc(void)
{
	paddr_t pa = bootmem_take_page();

	if (pa == 0)
		panic("no memory for the first page tables");
	memset(mmu_phys_map(pa), 0, PAGE_SIZE);
	return pa;
}

/* The first C code; interrupts are off, the tables are boot.asm's. */
void
machine_start(bool pvh, paddr_t info)
{
	cpu_boot_percpu();
	cpu_boot_traps();
	if (pvh)
		pvh_parse(info);
	else
		mb2_parse(info);
	if (!pvh)
		bootfw_append();
	cpu_boot_features();
	canary_init();
	memory_init();
	kmain();
}
