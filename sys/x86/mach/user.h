#pragma once
/*
 * The only doors to user memory.  Each byte is fetched once; a fault is EFAULT.  They may sleep
 * (the page may have to be read), so no spin lock may be held.
 */
#include "kern/types.h"
#include "mach/frame.h"	/* USER_MAX */

int copyin(const void __user *from, void *to, size_t n) __must_check;
int copyout(const void *from, void __user *to, size_t n) __must_check;
/* A NUL-terminated string of at most `size' bytes with its NUL: ENAMETOOLONG when there is none.
 * *len, if asked, does not count the NUL. */
int copyinstr(const void __user *from, char *to, size_t size, size_t *len) __must_check;
int user_zero(void __user *to, size_t n) __must_check;
/* Whether [addr, addr + n) lies below the end of user space at all. */
static inline bool
user_range_ok(uintptr_t addr, size_t n)
{
	return addr <= USER_MAX && n <= USER_MAX - addr;
}
/* Aligned words, in one access each; EFAULT, EINVAL (misaligned). */
int user_load32(const void __user *from, uint32_t *value) __must_check;
int user_store32(void __user *to, uint32_t value) __must_check;
/* One word of a result, at any address. */
int user_put32(void __user *to, uint32_t value) __must_check;
