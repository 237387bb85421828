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

/* The TSC's time is (ticks_read() - start) * scale >> 32. */
struct mach_clock {
	uint64_t start;			/* [I] */
	uint64_t scale;			/* [I] nanoseconds a tick << 32; 0: not measured yet */
	bool unsound;			/* [I] another counter is the clock */
};
extern struct mach_clock mach_clock;
nsec_t mach_clock_other(void) __attribute__((cold));

static inline uint64_t
mach_scale(uint64_t v, uint64_t by)
{
#ifdef __SIZEOF_INT128__
	return (uint64_t)((unsigned __int128)v * by >> 32);
#else
	uint32_t low = (uint32_t)v;

	return (v >> 32) * by + low * (by >> 32) + (low * (by & UINT32_MAX) >> 32);
#endif
}

/* Since boot, never backwards. */
static inline nsec_t
mach_clock_now(void)
{
	if (unlikely(mach_clock.unsound))
		return mach_clock_other();
	return (nsec_t)mach_scale(ticks_read() - mach_clock.start, mach_clock.scale);
}

/* How user mode can read the same: (ticks_read() - *start) * *scale >> 32.  False: it cannot. */
bool mach_clock_scale(uint64_t *start, uint64_t *scale);
/* One interrupt at or soon after `deadline'; replaces what was armed.  It calls timer_interrupt(). */
void mach_timer_arm(nsec_t deadline);
int64_t mach_rtc_read(void);		/* seconds since 1970 by the hardware clock */
