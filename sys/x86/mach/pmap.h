#pragma once
/*
 * Page tables of an address space.  They are only a cache of what mappings and VMOs say: an entry
 * holds no reference on its frame, and any entry may vanish and be made again by a fault.
 *
 * All functions take the pmap's lock themselves and never sleep.  Ranges are page aligned.  When a
 * function that takes something away returns, no CPU uses the old entry any more.
 */
#include "kern/cpu.h"
#include "kern/lock.h"
#include "kern/types.h"
#include "mach/mmu.h"

#define PMAP_READ	1u		/* the values of VM_READ ... */
#define PMAP_WRITE	2u
#define PMAP_EXEC	4u
#define PMAP_SPAN	((vaddr_t)1 << 21)	/* what one last-level table maps */
#define USER_MAX	((vaddr_t)0x00007fffffffe000)

struct pmap {
	struct spin lock;
	paddr_t root;			/* [I] */
	uint64_t resident;		/* [lock] pages mapped now */
	uint64_t *dir;			/* [lock] the directory entry found last, or NULL */
	vaddr_t empty;			/* [lock] a span whose table is kept though it may be empty */
	vaddr_t dir_span;		/* [lock] va / PMAP_SPAN of it */
};

int pmap_create(struct pmap *) __must_check;
/* No CPU runs on it any more; before pmap_drop(). */
void pmap_leave(struct pmap *);
/* After pmap_drop() of every range in which something was entered. */
void pmap_destroy(struct pmap *);
/* The whole space ends: drops the tables of the spans that the range touches. */
void pmap_drop(struct pmap *, vaddr_t start, vaddr_t end);
/* Makes or replaces one entry.  ENOMEM. */
int pmap_enter(struct pmap *, vaddr_t, paddr_t, uint32_t prot) __must_check;
/* Where the n entries from va on (inside one span) are empty, makes them; 0 in pa: not this one.
 * Only a help: does nothing where a table would have to be made or copied. */
void pmap_fill(struct pmap *, vaddr_t, const paddr_t *pa, unsigned n, uint32_t prot);
void pmap_remove(struct pmap *, vaddr_t start, vaddr_t end);
/* Takes permissions away; never adds any (the next fault does). */
void pmap_protect(struct pmap *, vaddr_t start, vaddr_t end, uint32_t prot);
bool pmap_query(struct pmap *, vaddr_t, paddr_t *, uint32_t *prot);
/* fork: the child shares the last-level tables of the range, which both see read-only. */
int pmap_fork(struct pmap *parent, struct pmap *child, vaddr_t start, vaddr_t end) __must_check;
void pmap_fork_end(struct pmap *parent);	/* flushes what pmap_fork() took from the parent */
/* Of this CPU; NULL: any will do.  A thread without a space runs on whatever was there, and pmap_leave()
 * takes that away in time. */
static inline void
pmap_activate(struct pmap *pm)
{
	struct cpu *c = cpu_self();

	if (unlikely(pm == NULL) || c->pmap == pm)
		return;
	c->pmap = pm;
	mmu_set_root(pm->root);
}

/* The kernel's own range (kmap). */
#define PMAP_UNCACHED	1u
#define PMAP_COMBINE	2u
int pmap_kernel_enter(vaddr_t, paddr_t, uint32_t cache) __must_check;
/* Empties the entry; the frame it had, or 0. */
paddr_t pmap_kernel_remove(vaddr_t);
struct page *pmap_kernel_page(vaddr_t);	/* the frame there, or NULL */
void pmap_seen(struct pmap *);		/* all tables; debug kernels (kern/owner.h) */
