#pragma once
/* ELF64 images: what a program file says, checked.  Pure: no file, no memory map; host-tested. */
#include "kern/types.h"

#define ELF_HEAD	4096u		/* the headers must lie in the first bytes of the file */
#define ELF_SEGMENTS	16

#define ELF_R		4u		/* p_flags */
#define ELF_W		2u
#define ELF_X		1u

struct elf_segment {
	uint64_t vaddr, memsz;		/* in memory */
	uint64_t off, filesz;		/* in the file */
	uint32_t flags;			/* ELF_R | ELF_W | ELF_X, never W and X together */
};

struct elf_image {
	bool dynamic;			/* position independent: any multiple of the page size may be added */
	uint64_t entry;
	uint64_t start, end;		/* pages from the first to the last segment */
	uint64_t phdr;			/* address of the program headers, 0 when no segment holds them */
	uint32_t phnum;
	uint32_t nsegments;
	struct elf_segment segment[ELF_SEGMENTS];	/* ascending, on pages of their own */
};

/*
 * Checks the first `len' bytes of a file of `size' bytes.  Addresses of an image that is not
 * position independent must lie in [low, high); of another its length must fit in between.
 * 0, or ENOEXEC: nothing about the file may be trusted.
 */
int elf_check(const void *head, size_t len, uint64_t size, uint64_t low, uint64_t high,
    struct elf_image *) __must_check;
/* How many first bytes of the file elf_check() wants to see, at most ELF_HEAD. */
size_t elf_wanted(const void *head, size_t len);
