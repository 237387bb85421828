/*
 * Kernel virtual memory beside the direct map.
 *
 * 1. Addresses come from an arena over one range (mach/mmu.h).
 *
 * 2. Guards.  Every allocation has an unmapped page on each side: the piece taken is one page longer at
 *    either end.  A kernel stack lies at the end of its piece and grows down towards its guard.
 *
 * 3. Stacks are kept mapped for the next thread, STACK_CACHE of them; QUIESCE lets them go.
 *
 * Page tables of the range are never given back; they are at most 1/512 of what was ever mapped.
 *
 * Letters: k kmap_lock.
 */
#include "vm/kmap.h"
#include "kern/assert.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/owner.h"
#include "mach/mmu.h"
#include "mach/pmap.h"
#include "mach/string.h"
#include "vm/arena.h"
#include "vm/page.h"

#define STACK_CACHE	16u

LOCK_CLASS(kmap_class, "kmap", RANK_PMAP + 4);
static struct spin kmap_lock = SPIN_INIT(&kmap_class);
static struct arena addresses;
static void *stacks[STACK_CACHE];		/* [k] */
static unsigned nstacks;			/* [k] */

COUNTER(stat_mapped, "kmap.pages");
COUNTER(stat_stacks, "kmap.stacks");

/* --- frames behind it --- */

static void
frames_unmap(vaddr_t va, size_t size)
{
	for (vaddr_t end = va + size; va < end; va += PAGE_SIZE) {
		paddr_t pa = pmap_kernel_remove(va);

		if (pa != 0)
			page_free(page_of(pa));
	}
}

static bool
frames_map(vaddr_t va, size_t size, enum page_use use)
{
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		struct page *p = page_alloc(use, 0);

		if (p == NULL || pmap_kernel_enter(va + done, page_addr(p), 0) != 0) {
			if (p != NULL)
				page_free(p);
			frames_unmap(va, done);
			return false;
		}
	}
	return true;
}

static void *
region_alloc(size_t size, enum page_use use)
{
	vaddr_t va;

	if (size == 0 || size > MMU_KMAP_END - MMU_KMAP_BASE)
		return NULL;
	size = ROUND_UP(size, PAGE_SIZE);
	if ((va = arena_alloc(&addresses, size + 2 * PAGE_SIZE)) == 0)
		return NULL;
	if (!frames_map(va + PAGE_SIZE, size, use)) {
		arena_free(&addresses, va, size + 2 * PAGE_SIZE);
		return NULL;
	}
	kstat_add(&stat_mapped, (int64_t)(size / PAGE_SIZE));
	return (void *)(va + PAGE_SIZE);
}

static void
region_free(void *base, size_t size)
{
	vaddr_t va = (vaddr_t)base;

	size = ROUND_UP(size, PAGE_SIZE);
	ASSERT(va >= MMU_KMAP_BASE && va + size <= MMU_KMAP_END);
	frames_unmap(va, size);
	arena_free(&addresses, va - PAGE_SIZE, size + 2 * PAGE_SIZE);
	kstat_add(&stat_mapped, -(int64_t)(size / PAGE_SIZE));
}

void *
kmap_alloc(size_t size)
{
	return region_alloc(size, PAGE_KERNEL);
}

void
kmap_free(void *base, size_t size)
{
	region_free(base, size);
}

bool
kmap_owns(const void *va)
{
	return (vaddr_t)va >= MMU_KMAP_BASE && (vaddr_t)va < MMU_KMAP_END;
}

/* Drivers keep their registers for ever: there is no undoing. */
void *
kmap_device(paddr_t pa, size_t size, bool write_combine)
{
	paddr_t start = ROUND_DOWN(pa, PAGE_SIZE);
	size_t length = (size_t)(ROUND_UP(pa + size, PAGE_SIZE) - start);
	vaddr_t va = arena_alloc(&addresses, length + 2 * PAGE_SIZE);

	if (va == 0)
		return NULL;
	va += PAGE_SIZE;
	for (size_t done = 0; done < length; done += PAGE_SIZE) {
		if (pmap_kernel_enter(va + done, start + done,
		    write_combine ? PMAP_COMBINE : PMAP_UNCACHED) == 0)
			continue;
		while (done > 0) {
			done -= PAGE_SIZE;
			pmap_kernel_remove(va + done);
		}
		arena_free(&addresses, va - PAGE_SIZE, length + 2 * PAGE_SIZE);
		return NULL;
	}
	return (void *)(va + (vaddr_t)(pa - start));
}

/* --- stacks --- */

/* One that was kept is the taker's now. */
static void
stack_debug(void *stack)
{
	mach_fill(stack, 0xa5, KSTACK_SIZE);
	for (size_t at = 0; at < KSTACK_SIZE; at += PAGE_SIZE)
		page_give(pmap_kernel_page((vaddr_t)stack + at), owner_self());
}

void *
kstack_alloc(void)
{
	void *stack = NULL;

	spin_lock(&kmap_lock);
	if (nstacks > 0)
		stack = stacks[--nstacks];
	spin_unlock(&kmap_lock);
	if (stack == NULL && (stack = region_alloc(KSTACK_SIZE, PAGE_STACK)) == NULL)
		return NULL;
	kstat_add(&stat_stacks, 1);
	if (CONFIG_DEBUG)
		stack_debug(stack);
	return stack;
}

void
kstack_free(void *stack)
{
	kstat_add(&stat_stacks, -1);
	spin_lock(&kmap_lock);
	if (nstacks < STACK_CACHE) {
		stacks[nstacks++] = stack;
		stack = NULL;
	}
	spin_unlock(&kmap_lock);
	if (stack != NULL)
		region_free(stack, KSTACK_SIZE);
}

static void
kmap_quiesce(void)
{
	for (;;) {
		void *stack = NULL;

		spin_lock(&kmap_lock);
		if (nstacks > 0)
			stack = stacks[--nstacks];
		spin_unlock(&kmap_lock);
		if (stack == NULL)
			return;
		region_free(stack, KSTACK_SIZE);
	}
}
QUIESCE(kmap_quiesce);

/* No lock: the caller is about to panic, and asks about an address that faulted. */
bool
kstack_guard_hit(vaddr_t va)
{
	struct page *p;

	if (va < MMU_KMAP_BASE || va >= MMU_KMAP_END)
		return false;
	va = ROUND_DOWN(va, PAGE_SIZE) + PAGE_SIZE;
	p = pmap_kernel_page(va);
	return p != NULL && p->use == PAGE_STACK && pmap_kernel_page(va - PAGE_SIZE) == NULL;
}

#if CONFIG_DEBUG
static void
kmap_holds(void)
{
	arena_hold(&addresses);
}
HOLDS(kmap_holds);
#endif

static void
kmap_init(void)
{
	arena_init(&addresses, MMU_KMAP_BASE, MMU_KMAP_END);
}
INIT(kmap_init, LEVEL_VM + 2);
