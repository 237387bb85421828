/*
 * What the compiler's own checks found (debug kernels: KUBSAN in mk/kernel.mk).  Such a check ends in the instruction
 * `ud1 KIND(%eax), %eax', which is 67 0f b9 40 KIND, or 67 0f b9 00 for kind 0; the kinds are clang's, in its order.
 */
#include "kern/string.h"
#include "mach/frame.h"
#include "mach/mmu.h"
#include "x86/trap.h"

extern char text_start[], rodata_start[];

static const char *const kinds[] = {
	[0] = "a sum overflows", [1] = "what cannot be reached is", [3] = "a quotient overflows, or by 0",
	[10] = "a value that its type does not have", [11] = "no value is returned", [12] = "a product overflows",
	[13] = "a negation overflows", [16] = "a null argument", [18] = "an index out of bounds",
	[19] = "a pointer overflows", [20] = "a shift too far, or of bits that are lost", [21] = "a difference overflows",
	[22] = "an object is too small", [24] = "the length of an array",
};

const char *
undefined_kind(const struct trapframe *tf)
{
	static const uint8_t head[3] = { 0x67, 0x0f, 0xb9 };
	const uint8_t *at = (const uint8_t *)tf->rip;
	unsigned kind;

	if (tf->vector != TRAP_UD || tf->rip < (vaddr_t)text_start || tf->rip + sizeof(head) + 2 > (vaddr_t)rodata_start ||
	    memcmp(at, head, sizeof(head)) != 0)
		return NULL;
	kind = at[3] == 0x40 ? at[4] : 0;
	return kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[kind] != NULL ? kinds[kind] : "some";
}
