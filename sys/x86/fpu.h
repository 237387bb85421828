#pragma once
/* FPU and SSE state as fxsave lays it out; areas are 16-aligned. */
#include "kern/types.h"

#define FX_MXCSR	24
#define FX_MXCSR_MASK	28

extern const uint8_t fpu_fresh[512];
extern uint32_t fpu_mxcsr_mask;		/* [I] the bits of MXCSR that exist */

void fpu_init(void);

static inline void
fpu_save(uint8_t area[512])
{
	__asm__ volatile("fxsave64 %0" : "=m"(*(uint8_t (*)[512])area));
}

/* The MXCSR in it must have no reserved bits: the CPU faults, the emulator does not. */
static inline void
fpu_restore(const uint8_t area[512])
{
	__asm__ volatile("fxrstor64 %0" : : "m"(*(const uint8_t (*)[512])area));
}

/* In user.c: saves the state straight to user memory, 16-aligned. */
int user_fpu_save(void __user *to) __must_check;
