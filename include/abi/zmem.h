#pragma once
/* Zero's map, umap and mhint: the twelve flags and what they are about. */
#include <stdint.h>

#define ZMAP_FILE	0x001	/* of a descriptor: an open file, /dev/zero, a VMO */
#define ZMAP_ANON	0x002	/* zeros */
#define ZMAP_SHARED	0x004	/* changes are seen by all who map it */
#define ZMAP_PRIVATE	0x008	/* changes are the caller's own */
#define ZMAP_FIXED	0x010	/* at `base' exactly, in place of what is there */
#define ZMAP_SINGLE	0x020	/* shared between one process and the kernel: a second one is EBUSY */
#define MEM_NORMAL	0x040	/* no order is known */
#define MEM_SEQUENTIAL	0x080	/* used in order: what follows is made present with it */
#define MEM_RANDOM	0x100	/* used here and there: nothing is made present beside it */
#define MEM_WILLNEED	0x200	/* soon: made present now */
#define MEM_DONTNEED	0x400	/* not needed: private changes are lost, shared pages are found again when they are used */
#define MEM_DONTFORK	0x800	/* a child does not have it */
#define MEM_ALL		(MEM_NORMAL | MEM_SEQUENTIAL | MEM_RANDOM | MEM_WILLNEED | MEM_DONTNEED | MEM_DONTFORK)

struct abi_sysmem {
	uint64_t base;		/* where; 0: anywhere */
	int64_t ofs;		/* bytes into the file */
	int64_t len;		/* bytes */
	int64_t perm;		/* PROT_READ, PROT_WRITE, PROT_EXEC */
};
_Static_assert(sizeof(struct abi_sysmem) == 32, "sysmem");
