#pragma once
/*
 * Frames.  Every page of RAM has a struct page; the buddy allocator hands them out, a per-CPU
 * cache holds single ones.  Nothing assumes that a frame has an address: page_map/page_unmap
 * bracket each use (free on amd64).
 */
#include "kern/list.h"
#include "kern/types.h"
#include "mach/mmu.h"

#define PAGE_ZERO	1u	/* alloc: filled with zeros */
#define PAGE_FILE	2u	/* alloc: for a file that is in memory only */

enum page_use { PAGE_FREE, PAGE_KERNEL, PAGE_TABLE, PAGE_SLAB, PAGE_VMO, PAGE_STACK, PAGE_IMAGE, PAGE_FIXED };

struct account;

struct page {
	union {
		struct list link;	/* free lists, the owner's lists */
		struct account *account;	/* of PAGE_VMO and of rings: whom it is charged to */
	};
	uint32_t refs;		/* [a] VMO trees that share it, plus pins */
	uint8_t use;		/* enum page_use */
	uint8_t order;		/* of a free or allocated block's head */
	uint16_t flags;		/* PG_* */
	uint64_t word;		/* the owner's: slab, table share count ... */
};
#define PG_DIRTY	1u
#define PG_REFERENCED	2u
#define PG_WRITING	4u	/* on its way to its pager, pinned */
#define PG_TRY		0x10u	/* failed writes, two bits */
#define PG_TRIES	0x30u

struct page *page_alloc(enum page_use, uint32_t flags) __must_check;	/* NULL: no memory */
/* Of a ring of bytes: charged to the caller's job as bytes in a queue. */
struct page *page_alloc_ring(void) __must_check;
void page_free_ring(struct page *);
struct page *page_alloc_order(enum page_use, unsigned order, uint32_t flags) __must_check;
void page_free(struct page *);
void page_free_order(struct page *, unsigned order);
void page_ref(struct page *);
void page_unref(struct page *);		/* frees with the last */
paddr_t page_addr(const struct page *);
struct page *page_of(paddr_t);		/* NULL for what is not RAM */
/* The boot memory map hands RAM over; x86 calls it before LEVEL_VM with sorted, disjoint ranges. */
void page_add_range(paddr_t start, paddr_t end);
uint64_t page_total(void), page_free_count(void);
uint64_t page_left(void);		/* free, without the CPUs' caches: what the marks are compared with */
void page_drain(void);			/* empties this CPU's cache */
bool page_zero_ahead(void);		/* idle: clears a frame for later; false: there are enough */
void page_each(void (*)(void *ctx, struct page *), void *ctx);	/* in use; debug kernels */

/* Free frames that must stay: see 4 of page.c.  reserve <= low <= high. */
struct page_marks {
	uint64_t reserve, low, high;
};
extern struct page_marks page_marks;

/* page_addr() and page_of() of RAM for the hot paths. */
extern struct page *page_array;		/* [I] */

static inline paddr_t
frame_addr(const struct page *p)
{
	return (paddr_t)(p - page_array) << PAGE_SHIFT;
}

static inline struct page *
frame_page(paddr_t pa)
{
	return &page_array[pa >> PAGE_SHIFT];
}

static inline void *
frame_map(struct page *p)
{
	return mmu_phys_map(frame_addr(p));
}

static inline void *
page_map(struct page *p)
{
	return mmu_phys_map(page_addr(p));
}

static inline void
page_unmap(void *va)
{
	mmu_phys_unmap(va);
}
