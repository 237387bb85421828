#pragma once
/* Integers of meaning, and the annotations every file uses. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t;	/* physical address, 64 bits on both widths (PAE) */
typedef uintptr_t vaddr_t;	/* virtual address, kernel or user */
typedef uint64_t koid_t;	/* kernel object id, never reused */
typedef int64_t nsec_t;		/* nanoseconds; a deadline is absolute monotonic time */
typedef intptr_t ssize_t;

#define NSEC_INFINITE	INT64_MAX
#define NSEC_PER_SEC	1000000000LL

/* A pointer to user memory: only copyin, copyout and uio accept it. */
#define __user		__attribute__((address_space(1), noderef))
#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __section(s)	__attribute__((used, section(s)))

/* For the rare half of something inline: the caller keeps its registers, so the common half saves none.
 * It returns nothing: clang 14 restores the register of the result, too. */
#ifdef __x86_64__
#define __rare		__attribute__((preserve_most, noinline, cold))
#else
#define __rare		__attribute__((noinline, cold))
#endif
/* No buffer of its own to overrun, and called very often: no canary. */
#define __lean		__attribute__((no_stack_protector))
#define LEAN_BEGIN	_Pragma("clang attribute push(__attribute__((no_stack_protector)), apply_to = function)")
#define LEAN_END	_Pragma("clang attribute pop")
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ROUND_UP(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ROUND_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#define PAGE_SHIFT	12
#define PAGE_SIZE	((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK	(PAGE_SIZE - 1)
#define PATH_MAX	4096	/* with the terminating NUL */
#define NAME_MAX	255
