/*
 * Checks of ELF64 files.  Everything in the headers is the caller's: each sum is tested before it is
 * made, each range before it is used, and what is unusual is refused rather than guessed at.
 */
#include "proc/elf.h"
#include "kern/error.h"
#include "kern/string.h"

#define EM_X86_64	62
#define ET_EXEC		2
#define ET_DYN		3
#define PT_LOAD		1
#define PT_INTERP	3

struct ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct ehdr) == 64, "ELF64 header");

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct phdr) == 56, "ELF64 program header");

static bool
head_ok(const struct ehdr *e)
{
	static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	return memcmp(e->ident, ident, sizeof(ident)) == 0 && e->machine == EM_X86_64 &&
	    (e->type == ET_EXEC || e->type == ET_DYN) && e->version == 1 &&
	    e->ehsize == sizeof(struct ehdr) && e->phentsize == sizeof(struct phdr) && e->phnum > 0 &&
	    e->phoff >= sizeof(struct ehdr) && e->phoff <= ELF_HEAD && e->phoff % 8 == 0 &&
	    e->phnum * sizeof(struct phdr) <= ELF_HEAD - e->phoff;
}

size_t
elf_wanted(const void *head, size_t len)
{
	struct ehdr e;

	if (len < sizeof(e))
		return 0;
	memcpy(&e, head, sizeof(e));
	return head_ok(&e) ? (size_t)e.phoff + e.phnum * sizeof(struct phdr) : 0;
}

static int
check_load(const struct phdr *ph, uint64_t size, uint64_t low, uint64_t high)
{
	if (ph->filesz > ph->memsz || ph->offset > size || ph->filesz > size - ph->offset)
		return ENOEXEC;
	if (ph->vaddr < low || ph->vaddr >= high || ph->memsz > high - ph->vaddr)
		return ENOEXEC;
	if ((ph->offset ^ ph->vaddr) % PAGE_SIZE != 0 || (ph->align & (ph->align - 1)) != 0)
		return ENOEXEC;
	if ((ph->flags & (ELF_W | ELF_X)) == (ELF_W | ELF_X))
		return ENOEXEC;
	return 0;
}

/* Adds a segment behind the last one; they may not share a page. */
static int
add_segment(struct elf_image *im, const struct phdr *ph)
{
	uint64_t first = ROUND_DOWN(ph->vaddr, (uint64_t)PAGE_SIZE);

	if (im->nsegments == ELF_SEGMENTS || (im->nsegments > 0 && first < im->end))
		return ENOEXEC;
	if (im->nsegments == 0)
		im->start = first;
	im->end = ROUND_UP(ph->vaddr + ph->memsz, (uint64_t)PAGE_SIZE);
	im->segment[im->nsegments++] = (struct elf_segment){ .vaddr = ph->vaddr, .memsz = ph->memsz,
		.off = ph->offset, .filesz = ph->filesz, .flags = ph->flags & (ELF_R | ELF_W | ELF_X) };
	return 0;
}

static bool
entry_ok(const struct elf_image *im)
{
	for (uint32_t i = 0; i < im->nsegments; i++) {
		const struct elf_segment *s = &im->segment[i];

		if ((s->flags & ELF_X) != 0 && im->entry >= s->vaddr && im->entry - s->vaddr < s->filesz)
			return true;
	}
	return false;
}

static void
find_phdr(struct elf_image *im, const struct ehdr *e)
{
	uint64_t len = e->phnum * sizeof(struct phdr);

	for (uint32_t i = 0; i < im->nsegments; i++) {
		const struct elf_segment *s = &im->segment[i];

		if (s->off <= e->phoff && s->filesz >= len && e->phoff - s->off <= s->filesz - len) {
			im->phdr = s->vaddr + (e->phoff - s->off);
			im->phnum = e->phnum;
			return;
		}
	}
}

int
elf_check(const void *head, size_t len, uint64_t size, uint64_t low, uint64_t high, struct elf_image *im)
{
	struct ehdr e;
	struct phdr ph;
	int error;

	memset(im, 0, sizeof(*im));
	if (len < sizeof(e))
		return ENOEXEC;
	memcpy(&e, head, sizeof(e));
	if (!head_ok(&e) || e.phoff + e.phnum * sizeof(ph) > len)
		return ENOEXEC;
	im->dynamic = e.type == ET_DYN;
	im->entry = e.entry;
	if (im->dynamic) {
		high = (high - low) / 4;
		low = 0;
	}
	for (unsigned i = 0; i < e.phnum; i++) {
		memcpy(&ph, (const char *)head + e.phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type == PT_INTERP)
			return ENOEXEC;
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		if ((error = check_load(&ph, size, low, high)) != 0 || (error = add_segment(im, &ph)) != 0)
			return error;
	}
	if (im->nsegments == 0 || !entry_ok(im))
		return ENOEXEC;
	find_phdr(im, &e);
	return 0;
}
