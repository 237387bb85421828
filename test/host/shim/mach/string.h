#pragma once
/* Host tests: byte loops, so that the sanitizer sees each access. */
#include "kern/types.h"

static inline void
mach_copy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n-- > 0)
		*t++ = *f++;
}

static inline void
mach_fill(void *to, uint8_t c, size_t n)
{
	uint8_t *t = to;

	while (n-- > 0)
		*t++ = c;
}
