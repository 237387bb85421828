/*
 * Frames: the buddy allocator and its per-CPU caches.
 *
 * 1. The array.  One struct page (32 bytes) for each frame from 0 up to the highest that is RAM or
 *    holds a boot module, in one array, so that page_of() and page_addr() are a shift.  The array
 *    lies at the end of the largest range.  Frames that were never handed over (firmware, the
 *    kernel, modules, holes) are PAGE_FIXED with one reference that nobody drops.
 *
 * 2. Blocks.  A free block of 2^k frames starts at a multiple of its size; its first page has
 *    PG_BUDDY and the order, and is on free_lists[k].  Freeing joins a block with its buddy (the
 *    number with bit k flipped) for as long as that is a free block of the same order.
 *
 * 3. Caches.  Single frames come from a small stack per CPU, refilled and emptied in batches, so
 *    that the lock is taken once in PAGE_BATCH allocations.  The stack is guarded by `hold' alone: a
 *    deferred call cannot run on this CPU meanwhile.  QUIESCE empties the caches, so that free
 *    memory joins to whole blocks again and counters are exact.
 *
 * 4. Marks.  The last frames are not for everybody: files in memory stop at the mark `high', user
 *    pages at `low', the kernel at `reserve'.  Threads that give memory back (the page daemon, and
 *    who is about to end) may take all.  Below `low' the page daemon is called: vm/daemon.c.  Marks
 *    are looked at when a cache is refilled, one frame at a time below `high'; the common path
 *    does not know of them.
 *
 * 5. Zeroed frames.  A frame for user memory or a page table is cleared by who takes it: 512 of the 890
 *    instructions of a fault.  So the idle thread clears some ahead (page_zero_ahead), one at a time,
 *    until somebody is ready or it has enough, and halts as ever then.  They lie beside the CPU's
 *    stack and are as free as what is in it.  They are only taken from what is above `high' and go
 *    back to the buddies when that is reached: nobody sleeps, dies or is refused because of them.
 *    Rejected: clearing frames as they are given back (the same work, in the way of who exits), and
 *    clearing blocks (the idle thread would be late for who becomes ready).
 *
 * Every frame is counted under its use; free is what is left of the total.
 *
 * Letters: b page_lock, c the CPU's own under hold.
 */
#include "vm/page.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/fail.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/owner.h"
#include "kern/thr.h"
#include "mach/atomic.h"
#include "mach/boot.h"
#include "mach/string.h"
#include "vm/daemon.h"

#define PAGE_ORDERS	11u	/* blocks of up to 4 MiB */
#define PAGE_RANGES	32u
#define PAGE_CACHE	64u
#define PAGE_BATCH_ORDER 5u
#define PAGE_BATCH	(1u << PAGE_BATCH_ORDER)
#define PAGE_ZEROED_MOST 512u
#define PG_BUDDY	0x8000u	/* head of a free block */
#define PAGE_POISON	0x5a

_Static_assert(sizeof(struct page) <= 48, "struct page costs 1/64 of memory at most");

struct page_range {
	paddr_t start, end;
};

struct page_cache {
	uint32_t n;				/* [c] */
	uint32_t nzeroed;			/* [c] */
	struct list zeroed;			/* [c] so many are full of zeros: 5 */
	struct page *page[PAGE_CACHE];		/* [c] */
};

LOCK_CLASS(page_class, "page", RANK_PAGE);
static struct spin page_lock = SPIN_INIT(&page_class);
static struct page_range ranges[PAGE_RANGES];	/* [I after page_init] */
static unsigned nranges;			/* [I after page_init] */
struct page *page_array;			/* [I] */
static uint64_t npages;				/* [I] length of the array */
static struct owner_tag *page_tags;		/* [I] debug: behind the array, one a frame */
static uint64_t total;				/* [I] frames handed over */
struct page_marks page_marks;			/* [a] */
static struct list free_lists[PAGE_ORDERS];	/* [b] */
static uint64_t buddy_free;			/* [b] frames on free_lists */
static uint32_t zeroed_most;			/* [I] */
static struct page_cache caches[CONFIG_NCPU];

COUNTER(stat_kernel, "vm.pages.kernel");
COUNTER(stat_table, "vm.pages.table");
COUNTER(stat_slab, "vm.pages.slab");
COUNTER(stat_vmo, "vm.pages.vmo");
COUNTER(stat_stack, "vm.pages.stack");
COUNTER(stat_fixed, "vm.pages.fixed");
COUNTER_FN(stat_free, "vm.pages.free", page_free_count, false);
COUNTER_FN(stat_total, "vm.pages.total", page_total, false);
COUNTER_EVENT(stat_fail, "vm.pages.failed");
COUNTER_EVENT(stat_ahead, "vm.zeroed.ahead");
COUNTER_EVENT(stat_hits, "vm.zeroed.hits");
COUNTER_EVENT(stat_misses, "vm.zeroed.misses");

/* In bytes; the kernel's are all but the user's, its image among them. */
static uint64_t
mem_total(void)
{
	return (total << PAGE_SHIFT) + boot_image_bytes();
}

static uint64_t
mem_free(void)
{
	return page_free_count() << PAGE_SHIFT;
}

static uint64_t
mem_kernel(void)
{
	return mem_total() - mem_free() - (atomic_load(&stat_vmo.value) << PAGE_SHIFT);
}
COUNTER_FN(stat_mem_total, "mem.total", mem_total, true);
COUNTER_FN(stat_mem_free, "mem.free", mem_free, true);
COUNTER_FN(stat_mem_kernel, "mem.kernel", mem_kernel, true);

static struct kstat *const use_stat[] = {
	[PAGE_KERNEL] = &stat_kernel, [PAGE_TABLE] = &stat_table, [PAGE_SLAB] = &stat_slab,
	[PAGE_VMO] = &stat_vmo, [PAGE_STACK] = &stat_stack, [PAGE_FIXED] = &stat_fixed,
};

paddr_t
page_addr(const struct page *p)
{
	return (paddr_t)(p - page_array) << PAGE_SHIFT;
}

struct page *
page_of(paddr_t pa)
{
	uint64_t pfn = pa >> PAGE_SHIFT;

	return pfn < npages ? &page_array[pfn] : NULL;
}

uint64_t
page_total(void)
{
	return total;
}

uint64_t
page_free_count(void)
{
	uint64_t n = total;

	for (unsigned i = 0; i < ARRAY_SIZE(use_stat); i++)
		if (use_stat[i] != NULL)
			n -= atomic_load(&use_stat[i]->value);
	return n;
}

uint64_t
page_left(void)
{
	return atomic_load(&buddy_free);
}

/* --- buddies --- */

/* How many frames must be left over after an allocation. */
static uint64_t
frames_kept(enum page_use use, uint32_t flags)
{
	const struct thr *t = thr_self();

	if (t->t_frees || t->t_dying)
		return 0;
	if (use != PAGE_VMO)
		return page_marks.reserve;
	return flags & PAGE_FILE ? page_marks.high : page_marks.low;
}

static void
buddy_push(struct page *p, unsigned order)
{
	p->use = PAGE_FREE;
	p->flags = PG_BUDDY;
	p->order = (uint8_t)order;
	list_push_front(&free_lists[order], &p->link);
}

static void
buddy_free_locked(struct page *p, unsigned order)
{
	uint64_t pfn = (uint64_t)(p - page_array);

	ASSERT(spin_held(&page_lock));
	ASSERT((pfn & ((1ull << order) - 1)) == 0);
	buddy_free += 1ull << order;
	for (; order < PAGE_ORDERS - 1; order++) {
		uint64_t other = pfn ^ (1ull << order);

		if (other + (1ull << order) > npages || !(page_array[other].flags & PG_BUDDY) ||
		    page_array[other].order != order)
			break;
		list_remove(&page_array[other].link);
		page_array[other].flags = 0;
		pfn &= ~(1ull << order);
	}
	buddy_push(&page_array[pfn], order);
}

static struct page *
buddy_alloc_locked(unsigned order, uint64_t keep)
{
	struct list *l = NULL;
	struct page *p;
	unsigned o;

	ASSERT(spin_held(&page_lock));
	if (buddy_free < keep + (1ull << order))
		return NULL;
	for (o = order; o < PAGE_ORDERS && (l = list_pop_front(&free_lists[o])) == NULL; o++)
		;
	if (l == NULL)
		return NULL;
	p = list_entry(l, struct page, link);
	ASSERT(p->use == PAGE_FREE && p->order == o);
	p->flags = 0;
	while (o-- > order)
		buddy_push(p + (1ull << o), o);
	buddy_free -= 1ull << order;
	return p;
}

/* --- the caches --- */

/* Where there is one CPU the compiler knows its cache. */
static inline struct page_cache *
cache_mine(void)
{
	return CONFIG_SMP ? &caches[cpu_self()->number] : &caches[0];
}

static void
zeroed_drain_locked(struct page_cache *c)
{
	while (c->nzeroed > 0) {
		c->nzeroed--;
		buddy_free_locked(list_entry(list_pop_front(&c->zeroed), struct page, link), 0);
	}
}

static void
cache_refill(struct page_cache *c, enum page_use use, uint32_t flags)
{
	uint64_t keep = frames_kept(use, flags);
	unsigned order = PAGE_BATCH_ORDER;
	struct page *p = NULL;
	bool few;

	spin_lock(&page_lock);
	if (buddy_free <= page_marks.high + PAGE_BATCH)
		zeroed_drain_locked(c);
	if (buddy_free <= page_marks.high + PAGE_BATCH)
		order = 0;
	while ((p = buddy_alloc_locked(order, keep)) == NULL && order > 0)
		order--;
	few = buddy_free <= page_marks.low;
	spin_unlock(&page_lock);
	if (unlikely(few))
		daemon_wake();
	/* The lowest comes out first: neighbours go to neighbours. */
	for (unsigned i = 1u << order; p != NULL && i-- > 0;)
		c->page[c->n++] = p + i;
}

static void
cache_drain(struct page_cache *c, uint32_t left)
{
	spin_lock(&page_lock);
	if (left == 0)
		zeroed_drain_locked(c);
	while (c->n > left)
		buddy_free_locked(c->page[--c->n], 0);
	spin_unlock(&page_lock);
}

static void
hold_end(void)
{
	if (unlikely(hold_sub_zero()))
		deferred_run();
}

/* One CPU's cache only: others empty theirs when they are asked to quiesce. */
void
page_drain(void)
{
	hold_add();
	cache_drain(cache_mine(), 0);
	hold_end();
}
QUIESCE(page_drain);

/* --- allocation --- */

static void
page_fill(struct page *p, uint8_t c, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		void *va = page_map(p + i);

		mach_fill(va, c, PAGE_SIZE);
		page_unmap(va);
	}
}

/* For debug kernels: did somebody write to it while it was free? */
static bool
page_is_zero(struct page *p)
{
	const uint64_t *word = frame_map(p);

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != 0)
			return false;
	return true;
}

static inline __attribute__((always_inline)) void
page_take(struct page *p, enum page_use use, unsigned order, uint32_t flags)
{
	ASSERT(p->use == PAGE_FREE);
	list_init(&p->link);
	p->refs = 1;
	p->use = (uint8_t)use;
	p->order = (uint8_t)order;
	p->flags = 0;
	p->word = 0;
	if (CONFIG_DEBUG)
		page_tags[p - page_array] = (struct owner_tag){ .maker = owner_self() };
	kstat_add(use_stat[use], (int64_t)1 << order);
	if (flags & PAGE_ZERO)
		page_fill(p, 0, order);
}

static inline __attribute__((always_inline)) struct page *
page_finish(struct page *p, enum page_use use, uint32_t flags)
{
	page_take(p, use, 0, 0);
	if (flags & PAGE_ZERO) {
		kstat_add(&stat_misses, 1);
		mach_fill(frame_map(p), 0, PAGE_SIZE);
	}
	return p;
}

/* The ways out of page_alloc() that call something: hold is up in the first. */
static __attribute__((noinline)) struct page *
page_alloc_hard(enum page_use use, uint32_t flags, struct page_cache *c)
{
	struct page *p = NULL;

	cache_refill(c, use, flags);
	if (c->n != 0)
		p = c->page[--c->n];
	hold_end();
	if (p != NULL)
		return page_finish(p, use, flags);
	kstat_add(&stat_fail, 1);
	return NULL;
}

static __attribute__((noinline)) struct page *
page_finish_deferred(struct page *p, enum page_use use, uint32_t flags)
{
	deferred_run();
	return page_finish(p, use, flags);
}

/* One of those that are zeros already; hold is up. */
static __attribute__((noinline)) struct page *
page_alloc_zeroed(enum page_use use, struct page_cache *c)
{
	struct page *p = list_entry(list_pop_front(&c->zeroed), struct page, link);

	c->nzeroed--;
	hold_end();
	kstat_add(&stat_hits, 1);
	ASSERT(page_is_zero(p));
	page_take(p, use, 0, 0);
	return p;
}

bool
page_zero_ahead(void)
{
	struct page_cache *c = cache_mine();
	struct page *p;

	if (c->nzeroed >= zeroed_most)
		return false;
	spin_lock(&page_lock);
	p = buddy_alloc_locked(0, page_marks.high + PAGE_BATCH + zeroed_most);
	spin_unlock(&page_lock);
	if (p == NULL)
		return false;
	mach_fill(frame_map(p), 0, PAGE_SIZE);
	hold_add();
	list_push_front(&c->zeroed, &p->link);
	c->nzeroed++;
	hold_end();
	kstat_add(&stat_ahead, 1);
	return true;
}

struct page *
page_alloc(enum page_use use, uint32_t flags)
{
	struct page_cache *c;
	struct page *p;

	if (fail_now(FAIL_PAGE))
		return NULL;
	hold_add();
	c = cache_mine();
	if ((flags & PAGE_ZERO) && c->nzeroed != 0)
		return page_alloc_zeroed(use, c);
	if (unlikely(c->n == 0))
		return page_alloc_hard(use, flags, c);
	p = c->page[--c->n];
	if (unlikely(hold_sub_zero()))
		return page_finish_deferred(p, use, flags);
	return page_finish(p, use, flags);
}

struct page *
page_alloc_order(enum page_use use, unsigned order, uint32_t flags)
{
	struct page *p;

	if (order == 0)
		return page_alloc(use, flags);
	if (order >= PAGE_ORDERS || fail_now(FAIL_PAGE))
		return NULL;
	spin_lock(&page_lock);
	p = buddy_alloc_locked(order, frames_kept(use, flags));
	spin_unlock(&page_lock);
	if (p == NULL) {
		/* The cached single frames may be what keeps a block apart. */
		page_drain();
		spin_lock(&page_lock);
		p = buddy_alloc_locked(order, frames_kept(use, flags));
		spin_unlock(&page_lock);
	}
	if (p == NULL) {
		daemon_wake();
		kstat_add(&stat_fail, 1);
		return NULL;
	}
	page_take(p, use, order, flags);
	return p;
}

static void
page_release(struct page *p, unsigned order)
{
	VERIFY(p->use != PAGE_FREE && p->use != PAGE_IMAGE && p->order == order);
	ASSERT(p->use != PAGE_VMO || p->word == 0);
	kstat_add(use_stat[p->use], -((int64_t)1 << order));
	ASSERT(p->use != PAGE_VMO || p->account != (void *)p);
	if (p->use == PAGE_VMO)
		account_give(p->account, CHARGE_PAGES, 1);
	if (CONFIG_DEBUG)
		page_fill(p, PAGE_POISON, order);
	p->use = PAGE_FREE;
	p->flags = 0;
}

void
page_free(struct page *p)
{
	struct page_cache *c;

	page_release(p, 0);
	hold_add();
	c = cache_mine();
	if (unlikely(c->n == PAGE_CACHE))
		cache_drain(c, PAGE_BATCH);
	c->page[c->n++] = p;
	hold_end();
}

struct page *
page_alloc_ring(void)
{
	struct account *a = account_self();
	struct page *p = NULL;

	if (account_take(a, CHARGE_BYTES, PAGE_SIZE) && (p = page_alloc(PAGE_KERNEL, 0)) == NULL)
		account_give(a, CHARGE_BYTES, PAGE_SIZE);
	if (p != NULL)
		p->account = a;
	return p;
}

void
page_free_ring(struct page *p)
{
	account_give(p->account, CHARGE_BYTES, PAGE_SIZE);
	page_free(p);
}

void
page_free_order(struct page *p, unsigned order)
{
	if (order == 0) {
		page_free(p);
		return;
	}
	page_release(p, order);
	spin_lock(&page_lock);
	buddy_free_locked(p, order);
	spin_unlock(&page_lock);
}

void
page_ref(struct page *p)
{
	uint32_t was = atomic_add(&p->refs, 1);

	ASSERT(was != 0 && was != UINT32_MAX);
	(void)was;
}

void
page_unref(struct page *p)
{
	uint32_t now = atomic_sub_return(&p->refs, 1);

	ASSERT(now != UINT32_MAX);
	if (now == 0)
		page_free(p);
}

#if CONFIG_DEBUG
/* --- whose frames are (vm/owner.c) --- */

struct owner_tag *
page_tag(const struct page *p)
{
	return &page_tags[p - page_array];
}

void
page_give(struct page *p, koid_t maker)
{
	page_tag(p)->maker = (uint32_t)maker;
}

/* Frames outside of the array (a screen's) are nobody's. */
void
page_seen(const struct page *p)
{
	if (p >= page_array && p < page_array + npages)
		page_tag(p)->seen = owner_round;
}

void
page_each(void (*fn)(void *, struct page *), void *ctx)
{
	for (uint64_t i = 0; i < npages; i++)
		if (page_array[i].use != PAGE_FREE)
			fn(ctx, &page_array[i]);
}
#endif

/* --- the beginning --- */

void
page_add_range(paddr_t start, paddr_t end)
{
	start = ROUND_UP(start, PAGE_SIZE);
	end = ROUND_DOWN(end, PAGE_SIZE);
	if (start >= end || nranges == PAGE_RANGES)
		return;
	VERIFY(page_array == NULL);
	VERIFY(nranges == 0 || start >= ranges[nranges - 1].end);
	ranges[nranges++] = (struct page_range){ start, end };
}

/* The array covers what is RAM and, so that images can be mapped in place, the boot modules. */
static uint64_t
array_length(void)
{
	paddr_t end = ranges[nranges - 1].end;

	for (unsigned i = 0; i < bootinfo.nmodules; i++)
		end = MAX(end, ROUND_UP(bootinfo.modules[i].end, PAGE_SIZE));
	return end >> PAGE_SHIFT;
}

static uint64_t
array_bytes(void)
{
	return ROUND_UP(npages * (sizeof(struct page) + (CONFIG_DEBUG ? sizeof(struct owner_tag) : 0)), PAGE_SIZE);
}

static void
array_place(void)
{
	struct page_range *best = &ranges[0];
	uint64_t bytes;

	npages = array_length();
	bytes = array_bytes();
	for (unsigned i = 1; i < nranges; i++)
		if (ranges[i].end - ranges[i].start > best->end - best->start)
			best = &ranges[i];
	/* RAM far above the rest can ask for more than is there: do without it. */
	while (bytes > best->end - best->start && nranges > 1) {
		log_warn("vm: no room to describe memory at %#llx", (unsigned long long)ranges[--nranges].start);
		npages = ranges[nranges - 1].end >> PAGE_SHIFT;
		bytes = array_bytes();
	}
	VERIFY(bytes <= best->end - best->start);
	best->end -= bytes;
	page_array = mmu_phys_map(best->end);
	if (CONFIG_DEBUG)
		page_tags = (struct owner_tag *)(void *)(page_array + npages);
	for (uint64_t i = 0; i < npages; i++)
		page_array[i] = (struct page){ .refs = 1, .use = PAGE_FIXED };
	total = bytes >> PAGE_SHIFT;
	kstat_add(&stat_fixed, (int64_t)total);
}

static void
range_free(const struct page_range *r)
{
	uint64_t pfn = r->start >> PAGE_SHIFT, end = r->end >> PAGE_SHIFT;

	total += end - pfn;
	for (uint64_t i = pfn; i < end; i++)
		page_array[i] = (struct page){ .use = PAGE_FREE };
	spin_lock(&page_lock);
	while (pfn < end) {
		unsigned order = PAGE_ORDERS - 1;

		while ((pfn & ((1ull << order) - 1)) != 0 || pfn + (1ull << order) > end)
			order--;
		buddy_free_locked(&page_array[pfn], order);
		pfn += 1ull << order;
	}
	spin_unlock(&page_lock);
}

static void
page_init(void)
{
	VERIFY(nranges > 0);
	for (unsigned o = 0; o < PAGE_ORDERS; o++)
		list_init(&free_lists[o]);
	for (unsigned i = 0; i < CONFIG_NCPU; i++)
		list_init(&caches[i].zeroed);
	array_place();
	for (unsigned i = 0; i < nranges; i++)
		range_free(&ranges[i]);
	page_marks.reserve = MIN(MAX(total / 128, 16), 256);
	page_marks.low = page_marks.reserve + MIN(total / 64, 512);
	page_marks.high = page_marks.low + MIN(total / 32, 1024);
	zeroed_most = (uint32_t)MIN(total / 64, PAGE_ZEROED_MOST);
}
INIT(page_init, LEVEL_VM);
