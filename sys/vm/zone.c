/*
 * Zones: object caches after Bonwick ("The Slab Allocator", 1994; "Magazines and Vmem", 2001).
 *
 * 1. Slabs.  A zone's objects have one size.  A slab is a naturally aligned block of 2^k frames, so
 *    the slab of an object is its address with the low bits cleared, and no header lies in it: the
 *    state of a slab is in its first frame's struct page (link: the zone's list of slabs with free
 *    objects; word: the first free object and the number in use).  A free object in a slab holds
 *    the number of the next one in its first bytes.
 *
 * 2. Magazines.  A magazine is a small stack of free objects.  Each CPU has two per zone, `loaded'
 *    and `previous'.  Allocation pops from loaded, free pushes onto it: about 15 instructions, no
 *    lock.  If loaded cannot serve and previous can, they change places, so that at least one whole
 *    magazine of operations lies between two visits to the depot.
 *
 * 3. The depot holds full and empty magazines of a zone under the zone's lock.  Only when it cannot
 *    help either does the slab layer work.  Magazines are objects of a zone without magazines.
 *
 * 4. What guards what.  The CPU's magazines are guarded by `hold': while it is not zero, no deferred
 *    call runs on this CPU, and kernel code is not preempted otherwise.  Interrupt handlers do not
 *    allocate.
 *
 * 5. kmem_alloc() gives memory of any size (kmem.c).
 *
 * 6. Debug builds give each object a tail that says "allocated" or "free" (a write past the end, a
 *    second free and a free into the wrong zone all show) and whose it is (vm/owner.c), fill free
 *    objects with ZONE_POISON and check the filling at the next allocation.  fail_now(FAIL_SLAB) fails the n-th.
 *
 * 7. In any kernel a zone can be watched from now on (zonewatch.c).  A watched zone has no magazines and takes
 *    its objects from slabs of their own, `guarded'.
 *
 * 8. Counters.  zone.NAME counts live objects, exactly, whatever the magazines hold; the lines below it
 *    tell the size, the slabs, the full magazines of the depot, the slabs ever given back (reaped), and how
 *    often the magazines (misses) and the depot too (slow) had none.  Hits are not counted: that would be a tenth of the common path.  QUIESCE, and the page
 *    daemon when frames are few, empty this CPU's magazines and the depots and give back every
 *    empty slab.
 *
 * 9. Constructed objects (ZONE_CTOR) keep their state in magazines and in the depot.  In a slab they do
 *    not: the list of free ones is in their first bytes, and poison in the rest.  So the constructor runs
 *    when an object leaves a slab; debug kernels, which poison at once, run it at each allocation.
 *
 * Rejected: colouring (QEMU has no cache, and power-of-two slabs with tails spread well enough), destructors
 * (a constructed state holds nothing outside of the object), resizing magazines.
 *
 * Letters: I immutable, z the zone's lock, c the CPU's own under hold.
 */
#include "vm/zone_impl.h"
#include "kern/assert.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/time.h"
#include "mach/string.h"
#include "vm/kmap.h"
#include "vm/page.h"

#define MAG_ROUNDS	13u
#define MAG_DEPOT	32u	/* full magazines a depot keeps */
#define SLAB_NONE	0xffffu
#define SLAB_ORDER_MAX	3u

#define TAIL_SIZE	(CONFIG_DEBUG ? sizeof(struct tail) : 0)

/* Behind each object of debug kernels. */
struct tail {
	uint64_t mark;			/* TAIL_* */
	struct owner_tag tag;
};

/* 16 words: two cache lines. */
struct magazine {
	struct magazine *next;		/* [z] */
	uint64_t rounds;		/* [c or z] */
	void *round[MAG_ROUNDS];
};

/* page->word of a slab's first frame: its zone, the first free object, how many are used. */
#define SLAB_WORD(z, first, used) ((uint64_t)(z)->index << 32 | (uint64_t)(first) << 16 | (used))
#define SLAB_ZONE(w)		(&zones[(w) >> 32])
#define SLAB_FIRST(w)		((uint32_t)((w) >> 16) & 0xffff)
#define SLAB_USED(w)		((uint32_t)(w) & 0xffff)

extern const struct zone_entry zone_set_start[], zone_set_end[];

LOCK_CLASS(zone_class, "zone", RANK_ZONE);
struct zone zones[ZONE_MAX];
unsigned nzones;
static struct zone *magazine_zone;

/* --- debug --- */

static struct tail *
object_tail(const struct zone *z, void *obj)
{
	return (struct tail *)(void *)((char *)obj + ROUND_UP(z->size, sizeof(uint64_t)));
}

static void
object_born(const struct zone *z, void *obj)
{
	const uint8_t *b = obj;

	if (object_tail(z, obj)->mark != TAIL_FREE)
		panic("zone: %s: free object %p was written past its end", z->name, obj);
	for (size_t i = 0; i < z->size; i++)
		if (b[i] != ZONE_POISON)
			panic("zone: %s: free object %p was written at %zu", z->name, obj, i);
	*object_tail(z, obj) = (struct tail){ .mark = TAIL_LIVE, .tag.maker = owner_self() };
	mach_fill(obj, 0xa5, z->size);
}

static void
object_dies(const struct zone *z, void *obj)
{
	if (object_tail(z, obj)->mark == TAIL_FREE)
		panic("zone: %s: double free of %p", z->name, obj);
	if (object_tail(z, obj)->mark != TAIL_LIVE)
		panic("zone: %s: %p was written past its end, or is of another zone", z->name, obj);
	object_tail(z, obj)->mark = TAIL_FREE;
	mach_fill(obj, ZONE_POISON, z->size);
}

static __attribute__((noinline)) void *
object_ready(const struct zone *z, void *obj, uint32_t flags)
{
	if (CONFIG_DEBUG) {
		object_born(z, obj);
		if (z->ctor != NULL)
			z->ctor(obj);
	}
	if (flags & ZALLOC_ZERO)
		mach_fill(obj, 0, z->size);
	return obj;
}

/* Work waited for the hold to end. */
static __attribute__((noinline)) void *
object_deferred(const struct zone *z, void *obj, uint32_t flags)
{
	deferred_run();
	return object_ready(z, obj, flags);
}

/* --- slabs --- */

/* From one object of the slab to the next. */
static size_t
slab_stride(const struct zone *z, const struct page *p)
{
	return p->flags & PG_GUARDED ? ROUND_UP(z->stride + sizeof(struct owner), z->align) : z->stride;
}

static char *
slab_base(const struct zone *z, void *obj)
{
	return (char *)ROUND_DOWN((uintptr_t)obj, PAGE_SIZE << z->order);
}

static struct page *
slab_grow(struct zone *z, bool guarded)
{
	struct page *p = page_alloc_order(PAGE_SLAB, z->order, 0);
	uint32_t n;
	size_t stride;
	char *base;

	if (p == NULL)
		return NULL;
	if (guarded)
		p->flags |= PG_GUARDED;
	stride = slab_stride(z, p);
	n = (uint32_t)((PAGE_SIZE << z->order) / stride);
	base = frame_map(p);
	if (CONFIG_DEBUG || guarded)
		mach_fill(base, ZONE_POISON, PAGE_SIZE << z->order);
	for (uint32_t i = 0; i < n; i++) {
		char *obj = base + i * stride;

		if (CONFIG_DEBUG)
			object_tail(z, obj)->mark = TAIL_FREE;
		if (guarded)
			*object_owner(z, obj) = (struct owner){ .mark = TAIL_FREE };
		*(uint16_t *)(void *)obj = (uint16_t)(i + 1 < n ? i + 1 : SLAB_NONE);
	}
	p->word = SLAB_WORD(z, 0, 0);
	list_push_front(guarded ? &z->guarded : &z->partial, &p->link);
	z->empty += !guarded;
	z->nslabs++;
	return p;
}

static void *
slab_alloc_locked(struct zone *z, uintptr_t pc)
{
	bool guarded = z->watch != 0;
	struct page *p = list_first(guarded ? &z->guarded : &z->partial, struct page, link);
	uint32_t first, used;
	char *obj;

	z->slow++;
	if (guarded && z->fail_in != 0 && --z->fail_in == 0)
		return NULL;
	if (p == NULL && (p = slab_grow(z, guarded)) == NULL)
		return NULL;
	first = SLAB_FIRST(p->word);
	used = SLAB_USED(p->word);
	ASSERT(first < z->per_slab);
	obj = (char *)frame_map(p) + first * slab_stride(z, p);
	if (used == 0 && !guarded)
		z->empty--;
	first = *(uint16_t *)(void *)obj;
	p->word = SLAB_WORD(z, first, used + 1);
	if (first == SLAB_NONE)
		list_remove(&p->link);
	if (guarded)
		watch_taken(z, obj, pc);
	if (CONFIG_DEBUG)
		mach_fill(obj, ZONE_POISON, MIN(sizeof(uint16_t), z->size));
	else if (z->ctor != NULL)
		z->ctor(obj);
	return obj;
}

static void
slab_free_locked(struct zone *z, void *obj, uint32_t keep, uintptr_t pc)
{
	char *base = slab_base(z, obj);
	struct page *p = frame_page(mmu_kva_to_phys(base));
	bool guarded = p->flags & PG_GUARDED;
	uint32_t number = (uint32_t)(((char *)obj - base) / slab_stride(z, p));
	uint32_t first = SLAB_FIRST(p->word), used = SLAB_USED(p->word);

	ASSERT(p->use == PAGE_SLAB && used > 0 && number < z->per_slab);
	ASSERT((char *)obj == base + number * slab_stride(z, p));
	if (guarded)
		watch_given(z, obj, pc);
	*(uint16_t *)obj = (uint16_t)first;
	p->word = SLAB_WORD(z, number, used - 1);
	/* Slabs with something used are found first, so that others can become empty. */
	if (first == SLAB_NONE)
		list_push_front(guarded ? &z->guarded : &z->partial, &p->link);
	if (used > 1)
		return;
	list_remove(&p->link);
	if (guarded || z->empty >= keep) {
		z->nslabs--;
		z->reaped++;
		page_free_order(p, z->order);
		return;
	}
	z->empty++;
	list_push_back(&z->partial, &p->link);
}

/* --- magazines --- */

static struct magazine **
zone_loaded(const struct zone *z)
{
	return (struct magazine **)(void *)cpu_self()->magazines[z->index];
}

/* A full magazine becomes the loaded one, if there is one.  Hold is up. */
static struct magazine *
depot_get_full(struct zone *z, struct magazine **m)
{
	struct magazine *full;

	if (m[1] != NULL && m[1]->rounds > 0) {
		full = m[1];
		m[1] = m[0];
		return m[0] = full;
	}
	spin_lock(&z->lock);
	full = z->full;
	z->misses++;
	if (full != NULL) {
		z->full = full->next;
		z->nfull--;
		if (m[1] != NULL) {
			m[1]->next = z->none;
			z->none = m[1];
		}
		m[1] = m[0];
		m[0] = full;
	}
	spin_unlock(&z->lock);
	return full;
}

static void *
zone_alloc_slow(struct zone *z, struct magazine **m, uintptr_t pc)
{
	struct magazine *mag;
	void *obj;

	if (z->cap != 0 && (mag = depot_get_full(z, m)) != NULL)
		return mag->round[--mag->rounds];
	spin_lock(&z->lock);
	obj = slab_alloc_locked(z, pc);
	spin_unlock(&z->lock);
	return obj;
}

/* Everything that is not the fast path: hold is up. */
static __attribute__((noinline)) void *
zone_alloc_hard(struct zone *z, uint32_t flags, struct magazine **m)
{
	void *obj = zone_alloc_slow(z, m, (uintptr_t)__builtin_return_address(0));

	hold_leave();
	if (obj == NULL)
		return NULL;
	kstat_add(&z->stat, 1);
	return object_ready(z, obj, flags);
}

/* Without a frame of its own where nothing is called: every path ends in a tail call. */
void *
zone_alloc(struct zone *z, uint32_t flags)
{
	struct magazine **m, *mag;
	void *obj;

	ASSERT(cpu_self()->intr_depth == 0);
	if (!(z->flags & ZONE_NOFAILTEST) && fail_now(FAIL_SLAB))
		return NULL;
	hold_add();
	m = zone_loaded(z);
	mag = m[0];
	if (unlikely(mag == NULL || mag->rounds == 0))
		return zone_alloc_hard(z, flags, m);
	obj = mag->round[--mag->rounds];
	kstat_add(&z->stat, 1);
	if (unlikely(hold_sub_zero()))
		return object_deferred(z, obj, flags);
	if (CONFIG_DEBUG || flags != 0)
		return object_ready(z, obj, flags);
	return obj;
}

/* An empty magazine becomes the loaded one, if there is one or one can be made.  Hold is up. */
static struct magazine *
depot_get_empty(struct zone *z, struct magazine **m)
{
	struct magazine *none;

	if (m[1] != NULL && m[1]->rounds < z->cap) {
		none = m[1];
		m[1] = m[0];
		return m[0] = none;
	}
	spin_lock(&z->lock);
	if (m[1] != NULL && z->nfull >= MAG_DEPOT) {
		spin_unlock(&z->lock);
		return NULL;
	}
	none = z->none;
	if (none != NULL)
		z->none = none->next;
	spin_unlock(&z->lock);
	if (none == NULL) {
		none = zone_alloc(magazine_zone, 0);
		if (none == NULL)
			return NULL;
		none->rounds = 0;
	}
	if (m[1] != NULL) {
		spin_lock(&z->lock);
		m[1]->next = z->full;
		z->full = m[1];
		z->nfull++;
		spin_unlock(&z->lock);
	}
	m[1] = m[0];
	return m[0] = none;
}

static void
zone_free_slow(struct zone *z, struct magazine **m, void *obj, uintptr_t pc)
{
	struct magazine *mag;

	if (z->cap != 0 && (mag = depot_get_empty(z, m)) != NULL) {
		mag->round[mag->rounds++] = obj;
		return;
	}
	spin_lock(&z->lock);
	slab_free_locked(z, obj, 1, pc);
	spin_unlock(&z->lock);
}

void
zone_free(struct zone *z, void *obj)
{
	struct magazine **m, *mag;

	if (CONFIG_DEBUG)
		object_dies(z, obj);
	kstat_add(&z->stat, -1);
	hold_add();
	m = zone_loaded(z);
	mag = m[0];
	if (likely(mag != NULL && mag->rounds < z->cap))
		mag->round[mag->rounds++] = obj;
	else
		zone_free_slow(z, m, obj, (uintptr_t)__builtin_return_address(0));
	if (unlikely(hold_sub_zero()))
		deferred_run();
}

/* --- giving back --- */

static void
magazine_empty(struct zone *z, struct magazine *mag)
{
	spin_lock(&z->lock);
	while (mag->rounds > 0)
		slab_free_locked(z, mag->round[--mag->rounds], 0, 0);
	spin_unlock(&z->lock);
	zone_free(magazine_zone, mag);
}

static void
depot_empty(struct zone *z)
{
	struct magazine *full, *none, *next;

	spin_lock(&z->lock);
	full = z->full;
	none = z->none;
	z->full = z->none = NULL;
	z->nfull = 0;
	spin_unlock(&z->lock);
	for (; full != NULL; full = next) {
		next = full->next;
		magazine_empty(z, full);
	}
	for (; none != NULL; none = next) {
		next = none->next;
		zone_free(magazine_zone, none);
	}
}

static void
slabs_reap(struct zone *z)
{
	struct page *p, *next;

	spin_lock(&z->lock);
	list_for_each_safe(p, next, &z->partial, link) {
		if (SLAB_USED(p->word) != 0)
			continue;
		list_remove(&p->link);
		z->empty--;
		z->nslabs--;
		z->reaped++;
		page_free_order(p, z->order);
	}
	spin_unlock(&z->lock);
}

static void
cpu_magazines_empty(struct zone *z)
{
	struct magazine **m, *two[2];

	hold_add();
	m = zone_loaded(z);
	two[0] = m[0];
	two[1] = m[1];
	m[0] = m[1] = NULL;
	if (unlikely(hold_sub_zero()))
		deferred_run();
	for (unsigned i = 0; i < 2; i++)
		if (two[i] != NULL)
			magazine_empty(z, two[i]);
}

void
zone_drain(struct zone *z)
{
	cpu_magazines_empty(z);
	depot_empty(z);
}

/* The zone of magazines is the first; it comes last here, for the others give theirs back. */
void
zone_reap(void)
{
	for (unsigned i = nzones; i-- > 0;) {
		if (zones[i].cap != 0)
			zone_drain(&zones[i]);
		slabs_reap(&zones[i]);
	}
}
QUIESCE(zone_reap);

uint32_t
zone_cap(const struct zone *z)
{
	return z->flags & ZONE_PLAIN ? 0 : z->size <= 1024 ? MAG_ROUNDS : 4;
}

#define BENCH_PAIRS	10000u
struct bench {
	uint64_t word[8];
};
ZONE(bench_zone, struct bench);

/* Nanoseconds of one allocation and its freeing, times 100; under zrun -i these are instructions. */
static int
bench_get(struct sysctl *s, char *buf, size_t size)
{
	nsec_t start = clock_now();

	for (unsigned i = 0; i < BENCH_PAIRS; i++) {
		void *obj = zone_alloc(bench_zone, 0);

		if (obj == NULL)
			return ENOMEM;
		zone_free(bench_zone, obj);
	}
	snprintf(buf, size, "%llu", (unsigned long long)(clock_now() - start) / (BENCH_PAIRS / 100));
	return 0;
}
SYSCTL_FN(debug_zonebench, "debug.zonebench", bench_get, NULL);

static void
zone_lines(const struct kstat *k, void (*fn)(void *, const char *, uint64_t, bool), void *ctx)
{
	const struct zone *z = container_of(k, struct zone, stat);
	const struct { const char *name; uint64_t value; } lines[] = {
		{ "depot", z->nfull }, { "misses", z->misses }, { "reaped", z->reaped }, { "size", z->size },
		{ "slabs", z->nslabs }, { "slow", z->slow },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char name[48];

		snprintf(name, sizeof(name), "%s.%s", z->name, lines[i].name);
		fn(ctx, name, lines[i].value, true);
	}
}

#if CONFIG_DEBUG
/* --- whose objects are (vm/owner.c) --- */

const char *
zone_name(unsigned index)
{
	return index < nzones ? zones[index].name : NULL;
}

void
zone_each_object(struct page *p, void (*fn)(void *, unsigned, const struct owner_tag *), void *ctx)
{
	struct zone *z = SLAB_ZONE(p->word);
	size_t stride;
	char *base;

	spin_lock(&z->lock);
	if (p->use == PAGE_SLAB && SLAB_ZONE(p->word) == z) {
		stride = slab_stride(z, p);
		base = frame_map(p);
		for (size_t at = 0; at + stride <= PAGE_SIZE << z->order; at += stride) {
			const struct tail *t = object_tail(z, base + at);

			if (t->mark == TAIL_LIVE)
				fn(ctx, z->index, &t->tag);
		}
	}
	spin_unlock(&z->lock);
}

/* The head of the block of frames in which an address is, of what kmem_alloc() and zones gave. */
static struct page *
block_of(const void *va)
{
	struct page *p;
	paddr_t pa;

	if (kmap_owns(va))
		return NULL;
	pa = mmu_kva_to_phys(va);
	for (unsigned order = 0; order <= SLAB_ORDER_MAX; order++) {
		p = page_of(ROUND_DOWN(pa, PAGE_SIZE << order));
		if (p != NULL && (p->use == PAGE_SLAB || p->use == PAGE_KERNEL) && p->order >= order)
			return p;
	}
	return NULL;
}

static struct owner_tag *
tag_of(const void *va)
{
	struct page *p = block_of(va);
	struct zone *z;
	char *base;

	if (p == NULL || p->use != PAGE_SLAB)
		return p != NULL ? page_tag(p) : NULL;
	z = SLAB_ZONE(p->word);
	base = frame_map(p);
	return &object_tail(z, base + (size_t)((const char *)va - base) / slab_stride(z, p) * slab_stride(z, p))->tag;
}

void
owner_give(const void *va, koid_t maker)
{
	struct owner_tag *tag = tag_of(va);

	if (tag != NULL)
		tag->maker = (uint32_t)maker;
}

void
owner_seen(const void *va)
{
	struct owner_tag *tag = va != NULL ? tag_of(va) : NULL;

	if (tag != NULL)
		tag->seen = owner_round;
}
#endif

/* --- making zones --- */

/* The smallest slab that wastes at most an eighth. */
static uint32_t
slab_order(size_t stride)
{
	uint32_t order = 0;

	while (order < SLAB_ORDER_MAX &&
	    ((PAGE_SIZE << order) < stride || (PAGE_SIZE << order) % stride > (PAGE_SIZE << order) / 8))
		order++;
	return order;
}

struct zone *
zone_create(const char *name, size_t size, size_t align, uint32_t flags)
{
	struct zone *z = &zones[nzones];

	VERIFY(nzones < ZONE_MAX);
	VERIFY(size > 0 && align <= PAGE_SIZE && (align & (align - 1)) == 0);
	align = MAX(align, sizeof(uint64_t));
	z->index = nzones++;
	z->flags = flags;
	z->size = size;
	z->stride = ROUND_UP(MAX(size, sizeof(uint64_t)) + TAIL_SIZE, align);
	z->order = slab_order(z->stride);
	z->per_slab = (uint32_t)((PAGE_SIZE << z->order) / z->stride);
	VERIFY(z->per_slab > 0 && z->per_slab < SLAB_NONE);
	z->cap = zone_cap(z);
	z->align = (uint32_t)align;
	list_init(&z->guarded);
	z->stat.more = zone_lines;
	z->stat.event = (flags & ZONE_NOTLIVE) != 0;
	spin_init(&z->lock, &zone_class);
	list_init(&z->partial);
	snprintf(z->name, sizeof(z->name), "zone.%s", strncmp(name, "struct ", 7) == 0 ? name + 7 : name);
	z->stat.name = z->name;
	kstat_register(&z->stat);
	return z;
}

static void
zone_set_init(void)
{
	for (const struct zone_entry *e = zone_set_start; e < zone_set_end; e++) {
		*e->zone = zone_create(e->name, e->size, e->align, 0);
		(*e->zone)->ctor = e->ctor;
	}
}
INIT(zone_set_init, LEVEL_KERN - 1);

static void
zone_init(void)
{
	magazine_zone = zone_create("magazine", sizeof(struct magazine), 64, ZONE_PLAIN | ZONE_NOFAILTEST);
}
INIT(zone_init, LEVEL_VM + 1);
