/*
 * Stack canaries: the compiler puts stack_chk_guard below each array on the stack and looks at it
 * before the function returns.  Random for each boot; its lowest byte is zero, so that no string
 * function writes past it unnoticed.  The names are the compiler's.
 */
#include "x86/canary.h"
#include "kern/assert.h"
#include "mach/clock.h"
#include "mach/cpu.h"

void __stack_chk_fail(void) __noreturn;
uintptr_t __stack_chk_guard = 0x5a656e7461000000;

/* Changes the word between its own begin and end, so it must not be checked itself. */
__attribute__((no_stack_protector)) void
canary_init(void)
{
	uint64_t v;

	if (!cpu_random(&v))
		v = ticks_read() * 0x9e3779b97f4a7c15ull;
	__stack_chk_guard = (__stack_chk_guard ^ v) & ~(uintptr_t)0xff;
}

void
__stack_chk_fail(void)
{
	panic("stack smashing: a canary was overwritten");
}
