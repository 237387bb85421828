/* Functions of the image that the kernel maps into every process (AT_SYSINFO_EHDR). */
#include <string.h>
#include <abi/auxv.h>
#include "libc.h"

struct ehdr {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum;
};

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct dyn {
	uint64_t tag, value;
};

struct sym {
	uint32_t name;
	unsigned char info, other;
	uint16_t shndx;
	uint64_t value, size;
};
#define PT_DYNAMIC_	2
#define DT_HASH_	4
#define DT_STRTAB_	5
#define DT_SYMTAB_	6

/* System V's. */
static uint32_t
hash(const char *name)
{
	uint32_t h = 0;

	for (; *name != '\0'; name++) {
		h = (h << 4) + (unsigned char)*name;
		h ^= (h >> 24) & 0xf0;
	}
	return h & 0x0fffffff;
}

static const struct dyn *
dynamic(const char *base)
{
	const struct ehdr *eh = (const struct ehdr *)base;
	const struct phdr *ph = (const struct phdr *)(base + eh->phoff);

	for (unsigned i = 0; i < eh->phnum; i++)
		if (ph[i].type == PT_DYNAMIC_)
			return (const struct dyn *)(base + ph[i].vaddr);
	return NULL;
}

/* The image's own addresses begin at 0.  NULL: there is no such function. */
void *
__vdso_find(const char *name)
{
	const char *base = NULL, *strings = NULL;
	const struct dyn *d;
	const struct sym *symbols = NULL;
	const uint32_t *table = NULL;	/* buckets, chains: two counts, then both */

	for (const unsigned long *a = __auxv; a != NULL && a[0] != AT_NULL; a += 2)
		if (a[0] == AT_SYSINFO_EHDR)
			base = (const char *)a[1];
	if (base == NULL)
		return NULL;
	for (d = dynamic(base); d != NULL && d->tag != 0; d++) {
		if (d->tag == DT_HASH_)
			table = (const uint32_t *)(base + d->value);
		else if (d->tag == DT_STRTAB_)
			strings = base + d->value;
		else if (d->tag == DT_SYMTAB_)
			symbols = (const struct sym *)(base + d->value);
	}
	if (table == NULL || strings == NULL || symbols == NULL)
		return NULL;
	for (uint32_t i = table[2 + hash(name) % table[0]]; i != 0; i = table[2 + table[0] + i])
		if (symbols[i].shndx != 0 && strcmp(strings + symbols[i].name, name) == 0)
			return (void *)(base + symbols[i].value);
	return NULL;
}
