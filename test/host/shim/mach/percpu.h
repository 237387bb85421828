#pragma once
/* Host tests: one CPU, one thread, plain variables. */
#include "kern/types.h"

struct cpu;
struct thr;

struct mach_cpu {
	int unused;
};

extern struct cpu *host_cpu;
extern struct thr *host_thr;
extern uint32_t host_hold;

static inline struct cpu *
cpu_self(void)
{
	return host_cpu;
}

static inline struct thr *
thr_self(void)
{
	return host_thr;
}

static inline void
hold_add(void)
{
	host_hold++;
}

static inline bool
hold_sub_zero(void)
{
	return --host_hold == 0;
}
