/*
 * Page tables: four levels, one format.
 *
 * 1. Levels.  The root has 512 entries of which the upper half is the kernel's, the same in every
 *    root and never changed.  Levels count from 3 (root) to 0 (the last level, whose entries name
 *    pages); a last-level table covers a span of 2 MiB.
 *
 * 2. Bookkeeping is in the struct page of each table: word = entries in use, refs = directory entries
 *    that name it.  A table whose last entry goes is given back, but for one empty last-level table a
 *    space (`empty'), which may be wanted again soon.
 *
 * 3. Permissions.  Only leaf entries carry policy (W, NX), with one exception:
 *
 * 4. Sharing.  fork makes parent and child name the same last-level table.  Both directory entries
 *    then lack W and have DIR_SHARED, so whatever the leaves say, nothing below can be written.
 *    Whoever wants to change anything in the span (a write fault, a new page, an unmapping) first
 *    breaks the sharing: it takes a copy, or, when it is the last owner, the table itself.  Either
 *    way W is cleared in every leaf, for the pages may still be shared between the VMOs' trees; the
 *    fault path gives W back page by page.  A table with refs > 1 is never changed.
 *
 * 5. Failure.  Taking away must not fail: if there is no memory to break with, the directory entry is
 *    emptied and faults fill the span again (leaves are only a cache).
 *
 * 6. Flushing.  invlpg of a page also drops cached directory entries, so a break flushes one
 *    address.  Entries that were empty are never cached.  A space that is not active on this CPU needs
 *    nothing, for loading cr3 flushes.  flush_range() is the one place from where other CPUs will be
 *    asked, and waited for, when there are some.
 *
 * Empty tables (all zeros) and empty roots (with the kernel's half) are kept for the next user.
 *
 * Letters: p the pmap's lock, t table_lock, I immutable.
 */
#include "mach/pmap.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "mach/atomic.h"
#include "vm/page.h"

#define PTE_P		0x001ull
#define PTE_W		0x002ull
#define PTE_U		0x004ull
#define PTE_PWT		0x008ull
#define PTE_PCD		0x010ull
#define PTE_A		0x020ull
#define PTE_D		0x040ull
#define PTE_G		0x100ull
#define DIR_SHARED	0x200ull	/* ignored by the CPU */
#define PTE_NX		(1ull << 63)
#define PTE_ADDR	0x000ffffffffff000ull

/* No buffers on the stack of these functions, so no canary. */
#define NO_CANARY	__attribute__((no_stack_protector))
#define ENTRIES		512u
#define TABLE_CACHE	32u
#define ROOT_CACHE	8u
#define PMAP_NO_SPAN	((vaddr_t)-1)
#define FLUSH_PAGES	32u		/* above, flush everything */

LOCK_CLASS(pmap_class, "pmap", RANK_PMAP);
/* Parent, then child; the child is known to nobody yet. */
LOCK_CLASS(pmap_table_class, "pmap tables", RANK_PMAP + 2);
static struct spin table_lock = SPIN_INIT(&pmap_table_class);
static struct page *tables[TABLE_CACHE];	/* [t] */
static struct page *roots[ROOT_CACHE];		/* [t] */
static unsigned ntables, nroots;		/* [t] */

COUNTER_EVENT(stat_break, "pmap.breaks");
COUNTER_EVENT(stat_takeover, "pmap.takeovers");

static inline unsigned
table_index(vaddr_t va, unsigned level)
{
	return (unsigned)(va >> (PAGE_SHIFT + 9 * level)) & (ENTRIES - 1);
}

static inline uint64_t *
table_of(uint64_t entry)
{
	return mmu_phys_map(entry & PTE_ADDR);
}

static inline struct page *
table_page(uint64_t entry)
{
	return frame_page(entry & PTE_ADDR);
}

static inline vaddr_t
span_end(vaddr_t va)
{
	return (va | (PMAP_SPAN - 1)) + 1;
}

/* --- tables --- */

static struct page *
table_alloc(void)
{
	struct page *p = NULL;

	spin_lock(&table_lock);
	if (ntables > 0)
		p = tables[--ntables];
	spin_unlock(&table_lock);
	if (p == NULL)
		return page_alloc(PAGE_TABLE, PAGE_ZERO);
	page_give(p, owner_self());
	return p;
}

/* The table is all zeros. */
static void
table_free(struct page *p)
{
	ASSERT(p->word == 0 && p->refs == 1);
	spin_lock(&table_lock);
	if (ntables < TABLE_CACHE) {
		tables[ntables++] = p;
		p = NULL;
	}
	spin_unlock(&table_lock);
	if (p != NULL)
		page_free(p);
}

static struct page *
root_alloc(void)
{
	struct page *p = NULL;
	uint64_t *root;

	spin_lock(&table_lock);
	if (nroots > 0)
		p = roots[--nroots];
	spin_unlock(&table_lock);
	if (p != NULL) {
		page_give(p, owner_self());
		return p;
	}
	if ((p = page_alloc(PAGE_TABLE, 0)) == NULL)
		return NULL;
	root = page_map(p);
	memset(root, 0, PAGE_SIZE / 2);
	memcpy(root + ENTRIES / 2, table_of(mmu_kernel_root) + ENTRIES / 2, PAGE_SIZE / 2);
	page_unmap(root);
	return p;
}

static void
root_free(struct page *p)
{
	ASSERT(p->word == 0);
	spin_lock(&table_lock);
	if (nroots < ROOT_CACHE) {
		roots[nroots++] = p;
		p = NULL;
	}
	spin_unlock(&table_lock);
	if (p != NULL)
		page_free(p);
}

static void
pmap_quiesce(void)
{
	spin_lock(&table_lock);
	while (ntables > 0)
		page_free(tables[--ntables]);
	while (nroots > 0)
		page_free(roots[--nroots]);
	spin_unlock(&table_lock);
}
QUIESCE(pmap_quiesce);

/* --- flushing --- */

static void
flush_page(const struct pmap *pm, vaddr_t va)
{
	if (cpu_self()->pmap == pm)
		mmu_flush_page(va);
}

/* Returns when no CPU uses old entries of the range: request and wait, once there are others. */
static void
flush_range(const struct pmap *pm, vaddr_t start, vaddr_t end)
{
	if (cpu_self()->pmap != pm)
		return;
	if (end - start > FLUSH_PAGES * PAGE_SIZE) {
		mmu_flush_user();
		return;
	}
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		mmu_flush_page(va);
}

/* --- walking --- */

/*
 * The directory (level 1) entry of va, or NULL when there is no directory; *skip is then the
 * first address that another directory serves.
 */
static uint64_t *
dir_find(struct pmap *pm, vaddr_t va, vaddr_t *skip)
{
	uint64_t *table = mmu_phys_map(pm->root);

	if (likely(pm->dir != NULL && pm->dir_span == va / PMAP_SPAN)) {
		*skip = span_end(va);
		return pm->dir;
	}
	for (unsigned level = 3; level > 1; level--) {
		uint64_t entry = table[table_index(va, level)];

		if (!(entry & PTE_P)) {
			vaddr_t size = (vaddr_t)1 << (PAGE_SHIFT + 9 * level);

			*skip = (va | (size - 1)) + 1;
			return NULL;
		}
		table = table_of(entry);
	}
	*skip = span_end(va);
	pm->dir_span = va / PMAP_SPAN;
	return pm->dir = &table[table_index(va, 1)];
}

/* Takes away the upper tables of va that have no entry left; no leaf is below, but a CPU may have
 * cached the way. */
static void
dir_prune(struct pmap *pm, vaddr_t va)
{
	uint64_t *top = (uint64_t *)mmu_phys_map(pm->root) + table_index(va, 3), *middle;
	struct page *p;

	pm->dir = NULL;
	if (!(*top & PTE_P))
		return;
	middle = &table_of(*top)[table_index(va, 2)];
	if ((*middle & PTE_P) && (p = table_page(*middle))->word == 0) {
		*middle = 0;
		table_page(*top)->word--;
		flush_page(pm, va);
		table_free(p);
	}
	if ((p = table_page(*top))->word == 0) {
		*top = 0;
		frame_page(pm->root)->word--;
		flush_page(pm, va);
		table_free(p);
	}
}

/* Makes the directory; NULL when there is no memory. */
static uint64_t *
dir_make(struct pmap *pm, vaddr_t va)
{
	struct page *above = frame_page(pm->root);
	uint64_t *table = mmu_phys_map(pm->root);

	for (unsigned level = 3; level > 1; level--) {
		uint64_t *entry = &table[table_index(va, level)];

		if (!(*entry & PTE_P)) {
			struct page *p = table_alloc();

			if (p == NULL) {
				dir_prune(pm, va);
				return NULL;
			}
			*entry = frame_addr(p) | PTE_P | PTE_W | PTE_U;
			above->word++;
		}
		above = table_page(*entry);
		table = table_of(*entry);
	}
	return &table[table_index(va, 1)];
}

/* The page of the directory that holds `dir'. */
static inline struct page *
dir_page(uint64_t *dir)
{
	return frame_page(mmu_kva_to_phys(dir));
}

/* The last directory entry that named it is gone. */
static void
table_end(struct page *p)
{
	p->refs = 1;
	if (p->word == 0)
		table_free(p);
	else
		page_free(p);
}

/* Empties a directory entry and drops its table, whatever is in it. */
static void
dir_clear(struct pmap *pm, vaddr_t va, uint64_t *dir)
{
	struct page *p = table_page(*dir);

	*dir = 0;
	pm->resident -= p->word;
	if (p->word != 0)
		flush_range(pm, ROUND_DOWN(va, PMAP_SPAN), span_end(va));
	else
		flush_page(pm, va);
	if (atomic_sub_return(&p->refs, 1) == 0)
		table_end(p);
	if (--dir_page(dir)->word == 0)
		dir_prune(pm, va);
}

/* --- sharing --- */

static void
leaves_copy(uint64_t *to, const uint64_t *from)
{
	for (unsigned i = 0; i < ENTRIES; i += 8)
		for (unsigned k = 0; k < 8; k++)
			to[i + k] = from[i + k] & ~PTE_W;
}

/* Makes the table of `dir' this pmap's own.  ENOMEM. */
static int
dir_break(struct pmap *pm, vaddr_t va, uint64_t *dir)
{
	struct page *old = table_page(*dir), *new;

	if (atomic_load_acquire(&old->refs) == 1) {
		leaves_copy(table_of(*dir), table_of(*dir));
		*dir = frame_addr(old) | PTE_P | PTE_W | PTE_U;
		kstat_add(&stat_takeover, 1);
	} else {
		if ((new = page_alloc(PAGE_TABLE, 0)) == NULL)
			return ENOMEM;
		leaves_copy(page_map(new), table_of(*dir));
		new->word = old->word;
		*dir = frame_addr(new) | PTE_P | PTE_W | PTE_U;
		if (atomic_sub_return(&old->refs, 1) == 0)
			page_free(old);
		kstat_add(&stat_break, 1);
	}
	flush_page(pm, va);
	return 0;
}

/* The directory entry of va with a table of its own, for changing: or NULL, nothing there. */
static uint64_t *
dir_own(struct pmap *pm, vaddr_t va, uint64_t *dir)
{
	if (likely(!(*dir & DIR_SHARED)))
		return dir;
	if (dir_break(pm, va, dir) == 0)
		return dir;
	dir_clear(pm, va, dir);
	return NULL;
}

/* How many spans of [va, end) the directory of va serves; *next: the first address behind. */
static inline unsigned
dir_spans(vaddr_t va, vaddr_t end, vaddr_t *next)
{
	vaddr_t first = ROUND_DOWN(va, PMAP_SPAN), behind = (va | (ENTRIES * PMAP_SPAN - 1)) + 1;

	*next = behind;
	return (unsigned)((MIN(behind, end) - first + PMAP_SPAN - 1) / PMAP_SPAN);
}

/* Shares the n tables from va's, all of one directory.  ENOMEM.  Budget: 20 instructions a table. */
static int
dir_fork(struct pmap *child, vaddr_t va, uint64_t *dir, unsigned n)
{
	uint64_t *to = NULL, resident = 0;
	unsigned made = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t entry = dir[i];
		struct page *p = table_page(entry);

		if (!(entry & PTE_P) || p->word == 0)
			continue;
		if (to == NULL && (to = dir_make(child, va)) == NULL)
			return ENOMEM;
		if (to[i] & PTE_P)
			continue;	/* another mapping of this span brought it */
		atomic_add(&p->refs, 1);
		dir[i] = to[i] = (entry & ~PTE_W) | DIR_SHARED;
		made++;
		resident += p->word;
	}
	if (to != NULL)
		dir_page(to)->word += made;
	child->resident += resident;
	return 0;
}

int
pmap_fork(struct pmap *parent, struct pmap *child, vaddr_t start, vaddr_t end)
{
	int error = 0;

	spin_lock(&parent->lock);
	for (vaddr_t va = start, next; va < end && error == 0; va = next) {
		uint64_t *dir = dir_find(parent, va, &next);

		if (dir != NULL)
			error = dir_fork(child, va, dir, dir_spans(va, end, &next));
	}
	spin_unlock(&parent->lock);
	return error;
}

void
pmap_fork_end(struct pmap *parent)
{
	flush_range(parent, 0, USER_MAX);
}

/* --- entries --- */

static inline uint64_t
leaf_of(paddr_t pa, uint32_t prot)
{
	uint64_t e = pa | PTE_P | PTE_U | PTE_A;

	if (prot & PMAP_WRITE)
		e |= PTE_W | PTE_D;
	if (!(prot & PMAP_EXEC) && mmu_has_nx)
		e |= PTE_NX;
	return e;
}

NO_CANARY static int
enter_locked(struct pmap *pm, vaddr_t va, uint64_t leaf)
{
	vaddr_t next;
	uint64_t *dir = dir_find(pm, va, &next), *pte, entry, old;
	struct page *p;

	if (unlikely(dir == NULL) && (dir = dir_make(pm, va)) == NULL)
		return ENOMEM;
	entry = *dir;
	if (unlikely((entry & (PTE_P | DIR_SHARED)) != PTE_P)) {
		if (!(entry & PTE_P)) {
			if ((p = table_alloc()) == NULL) {
				dir_prune(pm, va);
				return ENOMEM;
			}
			*dir = frame_addr(p) | PTE_P | PTE_W | PTE_U;
			dir_page(dir)->word++;
		} else if (dir_break(pm, va, dir) != 0) {
			return ENOMEM;
		}
		entry = *dir;
	}
	pte = &table_of(entry)[table_index(va, 0)];
	old = *pte;
	*pte = leaf;
	if (old & PTE_P) {
		flush_page(pm, va);
	} else {
		table_page(entry)->word++;
		pm->resident++;
	}
	return 0;
}

int
pmap_enter(struct pmap *pm, vaddr_t va, paddr_t pa, uint32_t prot)
{
	int error;

	ASSERT(va < USER_MAX && ((va | pa) & PAGE_MASK) == 0 && prot != 0);
	spin_lock(&pm->lock);
	error = enter_locked(pm, va, leaf_of(pa, prot));
	spin_unlock(&pm->lock);
	return error;
}

NO_CANARY void
pmap_fill(struct pmap *pm, vaddr_t va, const paddr_t *pa, unsigned n, uint32_t prot)
{
	uint64_t *dir, *pte, flags = leaf_of(0, prot);
	unsigned made = 0;
	vaddr_t next;

	ASSERT(va < USER_MAX && table_index(va, 0) + n <= ENTRIES);
	spin_lock(&pm->lock);
	dir = dir_find(pm, va, &next);
	if (dir != NULL && (*dir & (PTE_P | DIR_SHARED)) == PTE_P) {
		pte = &table_of(*dir)[table_index(va, 0)];
		for (unsigned i = 0; i < n; i++) {
			if (pa[i] == 0 || (pte[i] & PTE_P))
				continue;
			pte[i] = pa[i] | flags;
			made++;
		}
		table_page(*dir)->word += made;
		pm->resident += made;
	}
	spin_unlock(&pm->lock);
}

static bool
leaves_present(const uint64_t *pte, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pte[i] & PTE_P)
			return true;
	return false;
}

/*
 * The table of va's span is empty.  It stays until another one is: memory that comes and goes at one
 * place (a heap's end, a buffer) does not make and break tables.
 */
static void
table_keep(struct pmap *pm, vaddr_t va)
{
	vaddr_t old = pm->empty, next;
	uint64_t *dir;

	va = ROUND_DOWN(va, PMAP_SPAN);
	pm->empty = va;
	if (old == va || old == PMAP_NO_SPAN)
		return;
	dir = dir_find(pm, old, &next);
	if (dir != NULL && (*dir & PTE_P) && table_page(*dir)->word == 0)
		dir_clear(pm, old, dir);
}

/* Part of one span, which has a table. */
static void
remove_in_span(struct pmap *pm, vaddr_t start, vaddr_t end, uint64_t *dir)
{
	unsigned n = (unsigned)((end - start) >> PAGE_SHIFT);
	uint64_t *pte = &table_of(*dir)[table_index(start, 0)];
	unsigned gone = 0;
	struct page *p;

	if (*dir & DIR_SHARED) {
		if (!leaves_present(pte, n))
			return;
		if (dir_own(pm, start, dir) == NULL)
			return;
		pte = &table_of(*dir)[table_index(start, 0)];
	}
	for (unsigned i = 0; i < n; i++) {
		if (!(pte[i] & PTE_P))
			continue;
		pte[i] = 0;
		gone++;
	}
	if (gone == 0)
		return;
	p = table_page(*dir);
	p->word -= gone;
	pm->resident -= gone;
	flush_range(pm, start, end);
	if (p->word == 0)
		table_keep(pm, start);
}

NO_CANARY void
pmap_remove(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	spin_lock(&pm->lock);
	for (vaddr_t va = start, next; va < end; va = next) {
		uint64_t *dir = dir_find(pm, va, &next);

		if (dir == NULL || !(*dir & PTE_P))
			continue;
		if (va + PMAP_SPAN == next && next <= end && (*dir & DIR_SHARED)) {
			dir_clear(pm, va, dir);
		} else {
			remove_in_span(pm, va, MIN(next, end), dir);
		}
	}
	spin_unlock(&pm->lock);
}

/* Whether leaves of a shared table lack these bits; W is not theirs to give as it is. */
static bool
protect_needed(const uint64_t *pte, unsigned n, uint64_t set)
{
	for (unsigned i = 0; i < n; i++)
		if ((pte[i] & PTE_P) && (pte[i] & set) != set)
			return true;
	return false;
}

static void
protect_in_span(struct pmap *pm, vaddr_t start, vaddr_t end, uint64_t *dir, uint32_t prot)
{
	unsigned n = (unsigned)((end - start) >> PAGE_SHIFT);
	uint64_t clear = prot & PMAP_WRITE ? 0 : PTE_W;
	uint64_t set = !(prot & PMAP_EXEC) && mmu_has_nx ? PTE_NX : 0;
	uint64_t *pte = &table_of(*dir)[table_index(start, 0)], changed = 0;

	if (unlikely(*dir & DIR_SHARED)) {
		if (!protect_needed(pte, n, set) || dir_own(pm, start, dir) == NULL)
			return;
		pte = &table_of(*dir)[table_index(start, 0)];
	}
	for (unsigned i = 0; i < n; i++) {
		uint64_t leaf = (pte[i] & ~clear) | set;

		if (!(pte[i] & PTE_P))
			continue;
		changed |= pte[i] ^ leaf;
		pte[i] = leaf;
	}
	if (changed != 0)
		flush_range(pm, start, end);
}

NO_CANARY void
pmap_protect(struct pmap *pm, vaddr_t start, vaddr_t end, uint32_t prot)
{
	if (prot == 0) {
		pmap_remove(pm, start, end);
		return;
	}
	spin_lock(&pm->lock);
	for (vaddr_t va = start, next; va < end; va = next) {
		uint64_t *dir = dir_find(pm, va, &next);

		if (dir != NULL && (*dir & PTE_P))
			protect_in_span(pm, va, MIN(next, end), dir, prot);
	}
	spin_unlock(&pm->lock);
}

bool
pmap_query(struct pmap *pm, vaddr_t va, paddr_t *pa, uint32_t *prot)
{
	uint64_t *dir, pte = 0, w = 0;
	vaddr_t next;

	spin_lock(&pm->lock);
	dir = dir_find(pm, va, &next);
	if (dir != NULL && (*dir & PTE_P)) {
		pte = table_of(*dir)[table_index(va, 0)];
		w = *dir & pte & PTE_W;
	}
	spin_unlock(&pm->lock);
	if (!(pte & PTE_P))
		return false;
	*pa = pte & PTE_ADDR;
	*prot = PMAP_READ | (w ? PMAP_WRITE : 0) | (pte & PTE_NX ? 0 : PMAP_EXEC);
	return true;
}

/* --- whole spaces --- */

int
pmap_create(struct pmap *pm)
{
	struct page *p = root_alloc();

	if (p == NULL)
		return ENOMEM;
	spin_init(&pm->lock, &pmap_class);
	pm->root = frame_addr(p);
	pm->resident = 0;
	pm->dir = NULL;
	pm->empty = PMAP_NO_SPAN;
	return 0;
}

/* Empties n entries of a directory.  No CPU uses the space, so nothing is flushed. */
static void
dir_drop(struct pmap *pm, vaddr_t va, uint64_t *dir, unsigned n)
{
	uint64_t resident = 0;
	unsigned gone = 0;

	for (unsigned i = 0; i < n; i++) {
		struct page *p = table_page(dir[i]);

		if (!(dir[i] & PTE_P))
			continue;
		dir[i] = 0;
		gone++;
		resident += p->word;
		if (atomic_sub_return(&p->refs, 1) == 0)
			table_end(p);
	}
	pm->resident -= resident;
	if (gone != 0 && (dir_page(dir)->word -= gone) == 0)
		dir_prune(pm, va);
}

void
pmap_drop(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	ASSERT(cpu_self()->pmap != pm);
	spin_lock(&pm->lock);
	for (vaddr_t va = start, next; va < end; va = next) {
		uint64_t *dir = dir_find(pm, va, &next);

		if (dir != NULL)
			dir_drop(pm, va, dir, dir_spans(va, end, &next));
	}
	spin_unlock(&pm->lock);
}

void
pmap_leave(struct pmap *pm)
{
	hold_add();
	if (cpu_self()->pmap == pm) {
		cpu_self()->pmap = NULL;
		mmu_set_root(mmu_kernel_root);
	}
	hold_leave();
}

void
pmap_destroy(struct pmap *pm)
{
	struct page *p = frame_page(pm->root);

	if (pm->empty != PMAP_NO_SPAN)
		pmap_drop(pm, pm->empty, pm->empty + PMAP_SPAN);
	VERIFY(p->word == 0 && pm->resident == 0);
	root_free(p);
	pm->root = 0;
}

/* --- the kernel's range --- */

static uint64_t *
kernel_entry(vaddr_t va, bool make)
{
	uint64_t *table = table_of(mmu_kernel_root);

	for (unsigned level = 3; level > 0; level--) {
		uint64_t *entry = &table[table_index(va, level)];

		if (!(*entry & PTE_P)) {
			struct page *p;

			/* The root's entries are all there: mach/mmu.h. */
			VERIFY(level < 3);
			if (!make || (p = table_alloc()) == NULL)
				return NULL;
			page_give(p, 0);
			*entry = frame_addr(p) | PTE_P | PTE_W;
		}
		table = table_of(*entry);
	}
	return &table[table_index(va, 0)];
}

int
pmap_kernel_enter(vaddr_t va, paddr_t pa, uint32_t cache)
{
	uint64_t *pte, e = pa | PTE_P | PTE_W | PTE_A | PTE_D | PTE_G;

	if (cache & PMAP_UNCACHED)
		e |= PTE_PCD | PTE_PWT;
	if (cache & PMAP_COMBINE)
		e |= PTE_PCD;	/* an MTRR may make it write-combining */
	if (mmu_has_nx)
		e |= PTE_NX;
	if ((pte = kernel_entry(va, true)) == NULL)
		return ENOMEM;
	ASSERT(!(*pte & PTE_P));
	*pte = e;
	return 0;
}

paddr_t
pmap_kernel_remove(vaddr_t va)
{
	uint64_t *pte = kernel_entry(va, false);
	paddr_t pa;

	if (pte == NULL || !(*pte & PTE_P))
		return 0;
	pa = *pte & PTE_ADDR;
	*pte = 0;
	mmu_flush_page(va);
	return pa;
}

struct page *
pmap_kernel_page(vaddr_t va)
{
	uint64_t *pte = kernel_entry(va, false);

	return pte != NULL && (*pte & PTE_P) ? page_of(*pte & PTE_ADDR) : NULL;
}

#if CONFIG_DEBUG
static void
table_seen(paddr_t pa, unsigned level)
{
	const uint64_t *table = table_of(pa);

	page_seen(frame_page(pa));
	for (unsigned i = 0; level > 0 && i < (level == 3 ? ENTRIES / 2 : ENTRIES); i++)
		if (table[i] & PTE_P)
			table_seen(table[i] & PTE_ADDR, level - 1);
}

/* Those of the kernel's range, which are kept for ever. */
static void
pmap_holds(void)
{
	const uint64_t *root = table_of(mmu_kernel_root);

	for (vaddr_t va = MMU_KMAP_BASE; va < MMU_KMAP_END; va += (vaddr_t)1 << 39)
		if (root[table_index(va, 3)] & PTE_P)
			table_seen(root[table_index(va, 3)] & PTE_ADDR, 2);
}
HOLDS(pmap_holds);

void
pmap_seen(struct pmap *pm)
{
	spin_lock(&pm->lock);
	table_seen(pm->root, 3);
	spin_unlock(&pm->lock);
}
#endif
