/*
 * User memory.
 *
 * Each primitive opens the SMAP window (stac), touches user memory in instructions that the
 * exception table names, and closes it again.  A fault goes to trap.c, which lets the address space
 * resolve it and continues, or goes on at the fixup.  rep moves are restartable: the registers say
 * how far they came.
 */
#include "mach/user.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/string.h"
#include "mach/frame.h"
#include "x86/fpu.h"

/*
 * Behind the access (USER_FAULT(n, 4b) names it): `error' is 0 and the window closes; after a fault `error' is
 * `efault', and it closes as well.
 */
#define USER_END \
	"xor %k[error], %k[error]\n" \
	"3:\t" USER_CLOSE \
	".pushsection .text.fixup,\"ax\"\n" \
	"4:\tmov %[efault], %k[error]\n\t" \
	"jmp 3b\n\t" \
	".popsection\n\t"

/* Whether the copy may be tried at all. */
static int
copy_check(uintptr_t user, size_t n)
{
	ASSERT((cpu_self()->hold & ~HOLD_IDLE) == 0);
	if (unlikely(!user_range_ok(user, n)) || fail_now(FAIL_USERCOPY))
		return EFAULT;
	return 0;
}

int
copyin(const void __user *from, void *to, size_t n)
{
	return user_get(from, to, n);
}

int
copyout(const void *from, void __user *to, size_t n)
{
	return user_put(from, to, n);
}

int
user_zero(void __user *to, size_t n)
{
	uintptr_t at = (uintptr_t)to;
	size_t words = n / 8, bytes = n % 8;
	int error = copy_check(at, n);

	if (error != 0)
		return error;
	__asm__ volatile(USER_OPEN
	    "1:\trep stosq\n\t"
	    "mov %[bytes], %%rcx\n"
	    "2:\trep stosb\n\t"
	    USER_END
	    USER_FAULT(1b, 4b) USER_FAULT(2b, 4b)
	    : "+D"(at), "+c"(words), [error] "=&r"(error)
	    : "a"(0ull), [bytes] "r"(bytes), [efault] "i"(EFAULT) : "memory", "cc");
	return error;
}

int
user_fpu_save(void __user *to)
{
	uintptr_t at = (uintptr_t)to;
	int error = at % 16 != 0 ? EFAULT : copy_check(at, 512);

	if (error != 0)
		return error;
	__asm__ volatile(USER_OPEN
	    "1:\tfxsave64 (%[at])\n\t"
	    USER_END
	    USER_FAULT(1b, 4b)
	    : [error] "=&r"(error) : [at] "r"(at), [efault] "i"(EFAULT) : "memory", "cc");
	return error;
}

/*
 * A string of at most `max' bytes, eight at a time while the source is aligned (an aligned word never
 * crosses into a page that may not be there).  The window is open for the whole string; C code
 * in between touches only the kernel's buffer.
 */
#define LOAD(var, from, fault) \
	__asm__ goto volatile("1:\tmov (%1), %0\n\t" USER_FAULT(1b, %l2) \
	    : "=r"(var) : "r"(from) : : fault)
#define ONES	0x0101010101010101ull
#define HIGHS	0x8080808080808080ull

static int
copy_string(uintptr_t from, char *to, size_t max, size_t *len)
{
	size_t done = 0;
	uint64_t word;
	uint8_t byte;
	int error = ENAMETOOLONG;

	__asm__ volatile(USER_OPEN : : : "memory");
	while (done < max) {
		if ((from + done) % 8 == 0 && max - done >= 8) {
			LOAD(word, from + done, fault);
			if (((word - ONES) & ~word & HIGHS) == 0) {
				memcpy(to + done, &word, 8);
				done += 8;
				continue;
			}
		}
		LOAD(byte, from + done, fault);
		to[done] = (char)byte;
		if (byte == 0) {
			*len = done;
			error = 0;
			break;
		}
		done++;
	}
	__asm__ volatile(USER_CLOSE : : : "memory");
	return error;
fault:
	__asm__ volatile(USER_CLOSE : : : "memory");
	return EFAULT;
}

int
copyinstr(const void __user *user, char *to, size_t size, size_t *len)
{
	uintptr_t from = (uintptr_t)user;
	size_t n, max;
	int error = copy_check(from, 0);

	if (error != 0)
		return error;
	max = MIN(size, USER_MAX - from);
	error = copy_string(from, to, max, &n);
	if (error == ENAMETOOLONG && max < size)
		return EFAULT;		/* it runs into the end of user space */
	if (error == 0 && len != NULL)
		*len = n;
	return error;
}

/* --- words --- */

static int
word_check(uintptr_t user)
{
	return user % sizeof(uint32_t) != 0 ? EINVAL : copy_check(user, sizeof(uint32_t));
}

int
user_load32(const void __user *from, uint32_t *value)
{
	uintptr_t at = (uintptr_t)from;
	uint32_t v = 0;
	int error = word_check(at);

	if (error != 0)
		return error;
	__asm__ volatile(USER_OPEN
	    "1:\tmovl (%[at]), %[v]\n\t"
	    USER_END
	    USER_FAULT(1b, 4b)
	    : [v] "+r"(v), [error] "=&r"(error) : [at] "r"(at), [efault] "i"(EFAULT) : "memory", "cc");
	*value = v;
	return error;
}

int
user_store32(void __user *to, uint32_t value)
{
	int error = word_check((uintptr_t)to);

	return error != 0 ? error : user_put32(to, value);
}

int
user_cas32(void __user *to, uint32_t *old, uint32_t value)
{
	uintptr_t at = (uintptr_t)to;
	uint32_t seen = *old;
	int error = word_check(at);

	if (error != 0)
		return error;
	__asm__ volatile(USER_OPEN
	    "1:\tlock cmpxchgl %[new], (%[at])\n\t"
	    USER_END
	    USER_FAULT(1b, 4b)
	    : "+a"(seen), [error] "=&r"(error) : [new] "r"(value), [at] "r"(at), [efault] "i"(EFAULT)
	    : "memory", "cc");
	*old = seen;
	return error;
}
