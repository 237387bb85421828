#pragma once
/* Host tests: interrupts are a flag. */
#include "kern/types.h"

static inline uint32_t
intr_disable(void)
{
	return 1;
}

static inline void
intr_off(void)
{
}

static inline void
intr_enable(void)
{
}

static inline void
intr_restore(uint32_t state)
{
}

static inline bool
intr_enabled(void)
{
	return true;
}
