#pragma once
/* Clocks and the one-shot timer, as the machine gives them. */
#include "kern/types.h"

static inline uint64_t
ticks_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

nsec_t mach_clock_now(void);		/* since boot, never backwards */
/* How user mode can read the same: (ticks_read() - *start) * *scale >> 32.  False: it cannot. */
bool mach_clock_scale(uint64_t *start, uint64_t *scale);
/* One interrupt at or soon after `deadline'; replaces what was armed.  It calls timer_interrupt(). */
void mach_timer_arm(nsec_t deadline);
int64_t mach_rtc_read(void);		/* seconds since 1970 by the hardware clock */
