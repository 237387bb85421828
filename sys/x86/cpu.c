/*
 * The boot CPU: its block behind %gs, descriptor tables, call doors, and features.
 *
 * The kernel runs on any 64-bit CPU; NX, SMEP, SMAP, UMIP, PGE and machine checks are used where
 * CPUID shows them.  SMAP needs clac and stac in places where older CPUs would fault, so those are
 * three-byte no-ops that cpu_boot_features() rewrites before text becomes read-only.
 */
#include "x86/cpu.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/main.h"
#include "kern/string.h"
#include "mach/cpu.h"
#include "mach/frame.h"
#include "x86/amd64/regs.h"
#include "x86/fpu.h"
#include "x86/stacks.h"
#include "x86/trap.h"

_Static_assert(offsetof(struct cpu, self) == CPU_OFF_SELF, "percpu.h");
_Static_assert(offsetof(struct cpu, thr) == CPU_OFF_THR, "percpu.h");
_Static_assert(offsetof(struct cpu, hold) == CPU_OFF_HOLD, "percpu.h");
_Static_assert(offsetof(struct cpu, intr_depth) == CPU_OFF_DEPTH, "percpu.h");

struct cpu_features cpu_features;
uint8_t guarded_stacks[BOOT_STACK + 3 * IST_STACK] __attribute__((aligned(4096))) __section(".bss.guarded");
const uintptr_t boot_stack_end = GUARDED_TOP(STACK_BOOT);

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};
#define GATE_INTR	0x8e
#define GATE_USER	0x60

static struct gate idt[256] __attribute__((aligned(16)));
extern const uintptr_t trap_stubs[256];
extern char call_gate[], syscall_door[];

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

#define GDT_KCODE	0x00af9b000000ffffull
#define GDT_KDATA	0x00cf93000000ffffull
#define GDT_UCODE32	0x00cf7b000000ffffull	/* P clear: nobody enters compatibility mode */
#define GDT_UDATA	0x00cff3000000ffffull
#define GDT_UCODE	0x00affb000000ffffull

static void
gdt_load(struct mach_cpu *m)
{
	struct table_ptr ptr = { sizeof(m->gdt) - 1, (uintptr_t)m->gdt };
	uint64_t base = (uintptr_t)&m->tss;

	m->gdt[SEL_KCODE / 8] = GDT_KCODE;
	m->gdt[SEL_KDATA / 8] = GDT_KDATA;
	m->gdt[SEL_UCODE32 / 8] = GDT_UCODE32;
	m->gdt[SEL_UDATA / 8] = GDT_UDATA;
	m->gdt[SEL_UCODE / 8] = GDT_UCODE;
	m->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
	    (base >> 24 & 0xff) << 56;
	m->gdt[SEL_TSS / 8 + 1] = base >> 32;
	__asm__ volatile("lgdt %0\n\t"
	    "pushq %1\n\t"
	    "leaq 1f(%%rip), %%rax\n\t"
	    "pushq %%rax\n\t"
	    "lretq\n"
	    "1:\tmovl %2, %%eax\n\t"
	    "movl %%eax, %%ss\n\t"
	    "xorl %%eax, %%eax\n\t"
	    "movl %%eax, %%ds\n\t"
	    "movl %%eax, %%es\n\t"
	    "movl %%eax, %%fs\n\t"
	    "movl %%eax, %%gs\n\t"
	    "ltr %w3"
	    : : "m"(ptr), "i"(SEL_KCODE), "i"(SEL_KDATA), "r"(SEL_TSS) : "rax", "memory");
}

void
cpu_boot_percpu(void)
{
	struct cpu *c = &cpu_boot;
	struct tss *tss = &c->mach.tss;

	tss->ist[IST_DF - 1] = GUARDED_TOP(STACK_DF);
	tss->ist[IST_NMI - 1] = GUARDED_TOP(STACK_NMI);
	tss->ist[IST_MC - 1] = GUARDED_TOP(STACK_MC);
	tss->rsp0 = GUARDED_TOP(STACK_BOOT);
	tss->iomap = sizeof(*tss);
	gdt_load(&c->mach);
	wrmsr(MSR_GS_BASE, (uintptr_t)c);
	wrmsr(MSR_KERNEL_GS, 0);
}

static void
gate_set(unsigned vector, uintptr_t to, unsigned ist, unsigned type)
{
	idt[vector] = (struct gate){ .offset0 = (uint16_t)to, .selector = SEL_KCODE,
		.ist = (uint8_t)ist, .type = (uint8_t)type, .offset1 = (uint16_t)(to >> 16),
		.offset2 = (uint32_t)(to >> 32) };
}

void
cpu_boot_traps(void)
{
	struct table_ptr ptr = { sizeof(idt) - 1, (uintptr_t)idt };

	for (unsigned v = 0; v < 256; v++)
		gate_set(v, trap_stubs[v], 0, GATE_INTR);
	gate_set(TRAP_NMI, trap_stubs[TRAP_NMI], IST_NMI, GATE_INTR);
	gate_set(TRAP_DF, trap_stubs[TRAP_DF], IST_DF, GATE_INTR);
	gate_set(TRAP_MC, trap_stubs[TRAP_MC], IST_MC, GATE_INTR);
	gate_set(TRAP_BP, trap_stubs[TRAP_BP], 0, GATE_INTR | GATE_USER);
	gate_set(TRAP_OF, trap_stubs[TRAP_OF], 0, GATE_INTR | GATE_USER);
	gate_set(VECTOR_CALL, (uintptr_t)call_gate, 0, GATE_INTR | GATE_USER);
	__asm__ volatile("lidt %0" : : "m"(ptr));
	/* sysret: CS = upper half + 16, SS = upper half + 8; syscall: CS = lower half, SS = + 8 */
	wrmsr(MSR_STAR, (uint64_t)(SEL_UCODE32 | 3) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_LSTAR, (uintptr_t)syscall_door);
	wrmsr(MSR_CSTAR, 0);
	wrmsr(MSR_FMASK, FMASK);
}

static void
features_read(void)
{
	uint32_t r[4], max, max_ext;

	cpuid(0, 0, r);
	max = r[0];
	cpuid(1, 0, r);
	cpu_features.pge = (r[3] >> 13 & 1) != 0;
	cpu_features.mce = (r[3] >> 7 & 1) != 0;
	cpu_features.apic = (r[3] >> 9 & 1) != 0;
	cpu_features.rdrand = (r[2] >> 30 & 1) != 0;
	if (max >= 7) {
		cpuid(7, 0, r);
		cpu_features.smep = (r[1] >> 7 & 1) != 0;
		cpu_features.smap = (r[1] >> 20 & 1) != 0;
		cpu_features.umip = (r[2] >> 2 & 1) != 0;
	}
	cpuid(0x80000000, 0, r);
	max_ext = r[0];
	cpuid(0x80000001, 0, r);
	cpu_features.nx = (r[3] >> 20 & 1) != 0;
	cpu_features.huge = (r[3] >> 26 & 1) != 0;
	if (max_ext >= 0x80000007) {
		cpuid(0x80000007, 0, r);
		cpu_features.tsc_invariant = (r[3] >> 8 & 1) != 0;
	}
}

struct smap_site {
	uint8_t *where;
	uint64_t stac;		/* 1: stac, 0: clac */
};
extern const struct smap_site smap_set_start[], smap_set_end[];

static void
smap_patch(void)
{
	static const uint8_t clac[3] = { 0x0f, 0x01, 0xca }, stac[3] = { 0x0f, 0x01, 0xcb };

	for (const struct smap_site *s = smap_set_start; s < smap_set_end; s++)
		memcpy(s->where, s->stac != 0 ? stac : clac, sizeof(clac));
}

void
cpu_boot_features(void)
{
	uint64_t cr4 = cr4_read();

	features_read();
	if (cpu_features.pge)
		cr4 |= CR4_PGE;
	if (cpu_features.mce)
		cr4 |= CR4_MCE;
	if (cpu_features.smep)
		cr4 |= CR4_SMEP;
	if (cpu_features.umip)
		cr4 |= CR4_UMIP;
	if (cpu_features.smap) {
		smap_patch();
		cr4 |= CR4_SMAP;
	}
	cr4_write(cr4);
	fpu_init();
}

bool
cpu_random(uint64_t *value)
{
	bool ok = false;

	if (!cpu_features.rdrand)
		return false;
	for (int tries = 0; tries < 10 && !ok; tries++)
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

void
cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}
