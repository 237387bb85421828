/*
 * Entry of a static PIE: adds the address where the image was put to each pointer in it, then
 * goes on like crt0.  Nothing here may itself need a relocation.
 *
 * Where the pointers are is packed (DT_RELR): an even word is the address of one, and an odd word says in its
 * other 63 bits which of the words that follow are pointers too.  What they point to is in their place.
 */
#include <stdint.h>

#define DT_NULL		0
#define DT_RELA		7
#define DT_RELASZ	8
#define DT_RELRSZ	35
#define DT_RELR		36
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

static inline void
relocate_packed(const uint64_t *word, uint64_t n, uint64_t base)
{
	uint64_t *at = 0;

	for (; n > 0; n--, word++) {
		if ((*word & 1) == 0) {
			at = (uint64_t *)(base + *word);
			*at++ += base;
			continue;
		}
		for (uint64_t bits = *word >> 1; bits != 0; bits &= bits - 1)
			at[__builtin_ctzll(bits)] += base;
		at += 63;
	}
}

__attribute__((visibility("hidden"), used)) void
__pie_relocate(const uint64_t *dynamic, uint64_t base)
{
	const uint64_t *packed = 0;
	const struct rela *r = 0;
	uint64_t n = 0, npacked = 0;

	for (; dynamic[0] != DT_NULL; dynamic += 2) {
		if (dynamic[0] == DT_RELA)
			r = (const struct rela *)(base + dynamic[1]);
		else if (dynamic[0] == DT_RELASZ)
			n = dynamic[1] / sizeof(*r);
		else if (dynamic[0] == DT_RELR)
			packed = (const uint64_t *)(base + dynamic[1]);
		else if (dynamic[0] == DT_RELRSZ)
			npacked = dynamic[1] / sizeof(*packed);
	}
	relocate_packed(packed, npacked, base);
	for (; n > 0; n--, r++)
		if ((uint32_t)r->info == R_RELATIVE)
			*(uint64_t *)(base + r->offset) = base + (uint64_t)r->addend;
}
