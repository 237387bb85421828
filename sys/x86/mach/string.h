#pragma once
/*
 * Block copy and fill.  Words by `rep movsq', the rest by bytes: icount counts each iteration of a
 * rep instruction, and hardware is fast with either.  Whole pages have no rest.
 */
#include "kern/types.h"

static inline void
mach_copy(void *to, const void *from, size_t n)
{
	size_t words = n / sizeof(uintptr_t), rest = n % sizeof(uintptr_t);

#ifdef __x86_64__
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
#else
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
#endif
	if (!__builtin_constant_p(rest) || rest != 0)
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

static inline void
mach_fill(void *to, uint8_t c, size_t n)
{
	size_t words = n / sizeof(uintptr_t), rest = n % sizeof(uintptr_t);
	uintptr_t pattern = c * (UINTPTR_MAX / 255);

#ifdef __x86_64__
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
#else
	__asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
#endif
	if (!__builtin_constant_p(rest) || rest != 0)
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
}
