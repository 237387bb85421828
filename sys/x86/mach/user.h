#pragma once
/*
 * The only doors to user memory.  Each byte is fetched once; a fault is EFAULT.  They may sleep
 * (the page may have to be read), so no spin lock may be held.
 */
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/fail.h"
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
/* Stores `value' if *old is there; *old becomes what was found. */
int user_cas32(void __user *to, uint32_t *old, uint32_t value) __must_check;

/*
 * The same in line, for the paths whose instructions are counted: 11 a copy and one for each 8 bytes,
 * 5 a word.  Between the window's opening and closing stands nothing but the access; the exception
 * table names it and where to go on when it faults.
 */
#define USER_SITE(stac) "771:\t.byte 0x0f, 0x1f, 0x00\n\t" \
	".pushsection .smap_set,\"a\"\n\t.quad 771b, " #stac "\n\t.popsection\n\t"
#define USER_OPEN	USER_SITE(1)
#define USER_CLOSE	USER_SITE(0)
#define USER_FAULT(at, fixup) \
	".pushsection .extable,\"a\"\n\t.quad " #at ", " #fixup "\n\t.popsection\n\t"

/*
 * An address below the kernel's half is checked by the access itself: upwards from there come user pages,
 * the page that is never mapped, and then addresses that are none and fault as well.
 */
static inline bool
user_copy_refused(uintptr_t user)
{
	ASSERT((cpu_self()->hold & ~HOLD_IDLE) == 0);
	return unlikely((intptr_t)user < 0) || fail_now(FAIL_USERCOPY);
}

static inline __attribute__((always_inline)) int
user_move(uintptr_t to, uintptr_t from, size_t n)
{
	size_t words = n / 8;

	__asm__ goto volatile(USER_OPEN
	    "1:\trep movsq\n\t"
	    "mov %[bytes], %%rcx\n"
	    "2:\trep movsb\n\t"
	    USER_CLOSE
	    USER_FAULT(1b, %l[fault]) USER_FAULT(2b, %l[fault])
	    : "=D"(to), "=S"(from), "=c"(words)
	    : "0"(to), "1"(from), "2"(words), [bytes] "r"(n % 8) : "memory", "cc" : fault);
	return 0;
fault:
	__asm__ volatile(USER_CLOSE : : : "memory");
	return EFAULT;
}

static inline __attribute__((always_inline)) int __must_check
user_get(const void __user *from, void *to, size_t n)
{
	return user_copy_refused((uintptr_t)from) ? EFAULT : user_move((uintptr_t)to, (uintptr_t)from, n);
}

static inline __attribute__((always_inline)) int __must_check
user_put(const void *from, void __user *to, size_t n)
{
	return user_copy_refused((uintptr_t)to) ? EFAULT : user_move((uintptr_t)to, (uintptr_t)from, n);
}

/* One word of a result, at any address. */
static inline __attribute__((always_inline)) int __must_check
user_put32(void __user *to, uint32_t value)
{
	if (user_copy_refused((uintptr_t)to))
		return EFAULT;
	__asm__ goto volatile(USER_OPEN
	    "1:\tmovl %[v], (%[at])\n\t"
	    USER_CLOSE
	    USER_FAULT(1b, %l[fault])
	    : : [v] "r"(value), [at] "r"((uintptr_t)to) : "memory" : fault);
	return 0;
fault:
	__asm__ volatile(USER_CLOSE : : : "memory");
	return EFAULT;
}
