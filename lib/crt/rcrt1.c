/*
 * Entry of a static PIE: adds the address where the image was put to each pointer in it, then
 * goes on like crt0.  Nothing here may itself need a relocation.
 */
#include <stdint.h>

#define DT_NULL		0
#define DT_RELA		7
#define DT_RELASZ	8
#define R_RELATIVE	8

struct rela {
	uint64_t offset, info;
	int64_t addend;
};

__asm__(
    ".hidden _DYNAMIC\n"
    ".hidden __ehdr_start\n"
    ".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    "	xorl %ebp, %ebp\n"
    "	movq %rsp, %rbx\n"
    "	andq $-16, %rsp\n"
    "	leaq _DYNAMIC(%rip), %rdi\n"
    "	leaq __ehdr_start(%rip), %rsi\n"
    "	call __pie_relocate\n"
    "	movq %rbx, %rdi\n"
    "	leaq main(%rip), %rsi\n"
    "	call __libc_start\n"
    "	ud2\n");

__attribute__((visibility("hidden"), used)) void
__pie_relocate(const uint64_t *dynamic, uint64_t base)
{
	const struct rela *r = 0;
	uint64_t n = 0;

	for (; dynamic[0] != DT_NULL; dynamic += 2) {
		if (dynamic[0] == DT_RELA)
			r = (const struct rela *)(base + dynamic[1]);
		else if (dynamic[0] == DT_RELASZ)
			n = dynamic[1] / sizeof(*r);
	}
	for (; n > 0; n--, r++)
		if ((uint32_t)r->info == R_RELATIVE)
			*(uint64_t *)(base + r->offset) = base + (uint64_t)r->addend;
}
