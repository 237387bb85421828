#pragma once
/* Host tests: user memory is the test's own. */
#include "kern/types.h"

int copyin(const void __user *from, void *to, size_t n) __must_check;
int copyout(const void *from, void __user *to, size_t n) __must_check;
int copyinstr(const void __user *from, char *to, size_t size, size_t *len) __must_check;
int user_put32(void __user *to, uint32_t value) __must_check;
int user_zero(void __user *to, size_t n) __must_check;
bool user_range_ok(uintptr_t addr, size_t n);

static inline int __must_check
user_get(const void __user *from, void *to, size_t n)
{
	return copyin(from, to, n);
}

static inline int __must_check
user_put(const void *from, void __user *to, size_t n)
{
	return copyout(from, to, n);
}
