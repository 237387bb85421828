#pragma once
/*
 * ASSERT is checked in debug builds, VERIFY always; ASSERT3U prints both values.  CONFIG_DEBUG is
 * 0 or 1 and comes from the configuration.
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
#define ASSERT3U(a, op, b) \
	do { \
		uint64_t va_ = (uint64_t)(a), vb_ = (uint64_t)(b); \
		if (CONFIG_DEBUG && unlikely(!(va_ op vb_))) \
			panic("%s:%d: %s %s %s: %llu, %llu", __FILE__, __LINE__, #a, #op, #b, \
			    (unsigned long long)va_, (unsigned long long)vb_); \
	} while (0)
