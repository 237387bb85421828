#pragma once
/*
 * The machine's part of struct cpu, and the accessors that read the CPU's block through %gs.
 * The offsets are those of struct cpu's first members (kern/cpu.h); sys/x86/cpu.c asserts them.
 */
#include "kern/types.h"

struct cpu;
struct thr;

#define CPU_OFF_SELF	0
#define CPU_OFF_THR	(1 * sizeof(void *))
#define CPU_OFF_HOLD	(2 * sizeof(void *))
#define CPU_OFF_DEPTH	(2 * sizeof(void *) + 4)

/* Emergency stacks, switched to by the CPU itself (IST): each has a guard page below. */
enum { IST_DF = 1, IST_NMI = 2, IST_MC = 3, IST_COUNT = 3 };

struct tss {
	uint32_t reserved0;
	uint64_t rsp0, rsp1, rsp2;
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
} __attribute__((packed));

struct mach_cpu {
	uintptr_t user_sp;		/* [cpu] scratch of the syscall door */
	uint64_t gdt[8];		/* [I] */
	struct tss tss;			/* [cpu] its rsp0: end of the running thread's kernel stack */
};

extern struct cpu cpu_boot;

/* Where there is one CPU the compiler knows it. */
static inline struct cpu *
cpu_self(void)
{
	struct cpu *c;

	if (!CONFIG_SMP)
		return &cpu_boot;
	__asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(CPU_OFF_SELF));
	return c;
}

/* Not marked volatile: the running thread never changes under its own feet. */
static inline struct thr *
thr_self(void)
{
	struct thr *t;

	__asm__("mov %%gs:%c1, %0" : "=r"(t) : "i"(CPU_OFF_THR));
	return t;
}

/* One spin lock more is held by this CPU. */
static inline void
hold_add(void)
{
	__asm__ volatile("incl %%gs:%c0" : : "i"(CPU_OFF_HOLD) : "memory", "cc");
}

/* One less; true when none is held now and deferred work waits. */
static inline bool
hold_sub_zero(void)
{
	bool zero;

	__asm__ volatile("decl %%gs:%c1" : "=@ccz"(zero) : "i"(CPU_OFF_HOLD) : "memory");
	return zero;
}
