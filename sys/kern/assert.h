#pragma once
/*
 * ASSERT is checked in debug builds, VERIFY always.  CONFIG_DEBUG is 0 or 1 and comes from the
 * configuration.
 */
#include "kern/types.h"

void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define VERIFY(x) \
	do { \
		if (unlikely(!(x))) \
			panic("%s:%d: %s: not true: %s", __FILE__, __LINE__, __func__, #x); \
	} while (0)
#define ASSERT(x) \
	do { \
		if (CONFIG_DEBUG) \
			VERIFY(x); \
	} while (0)
