// SOURCES: sys/kern/account.c sys/kern/uio.c
/*
 * The memory code as it is (frames, zones, page tables, VM objects, spaces, faults) against a
 * trivially right model.  The machine below it is made here: a block of RAM, and an MMU that walks
 * the tables, caches what it found like a CPU would, and forgets only what it is told to forget.
 *
 * One translation unit, because the modules' initialisers and zones are static.
 */
#define HOST_REAL_VM 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "kern/types.h"

struct zone_entry;
#define zone_set_end zone_set_start
#include "../../sys/vm/page.c"
#include "../../sys/vm/zone.c"
#include "../../sys/vm/zonewatch.c"
#include "../../sys/vm/kmem.c"
#include "../../sys/x86/pmap.c"
#include "../../sys/vm/twig.c"
#include "../../sys/vm/vmo.c"
#include "../../sys/vm/rmap.c"
#include "../../sys/vm/snapshot.c"
#include "../../sys/vm/size.c"
#include "../../sys/vm/transfer.c"
#include "../../sys/vm/pager.c"
#include "../../sys/vm/treap.c"
#include "../../sys/vm/space.c"
#include "../../sys/vm/brk.c"
#include "../../sys/vm/fork.c"
#include "../../sys/vm/protect.c"
#include "../../sys/vm/peek.c"
#include "../../sys/vm/region.c"
#include "../../sys/vm/fault.c"
#include "../../sys/vm/advice.c"
#include "../../sys/vm/window.c"
#include "host.h"

/* --- the machine --- */

#define RAM_SIZE	(48ull << 20)
#define IMAGE_PAGES	24u
#define IMAGE_START	(RAM_SIZE - IMAGE_PAGES * PAGE_SIZE)
#include "vm/around.h"

paddr_t mmu_kernel_root;
bool mmu_has_nx = true;
static paddr_t root;
static unsigned long long seed;

bool daemon_wait(unsigned *tries, bool kill) { fail_after = -1; return kill && ++*tries < 100; }
bool daemon_wait_job(unsigned *tries, koid_t job) { return false; }
void thr_yield(void) { }
int thr_pause_work(void) { return 0; }

uint64_t
random_u64(void)
{
	return (uint64_t)host_random(&seed) << 33 ^ (uint64_t)host_random(&seed) << 11 ^ host_random(&seed);
}

/* Locks: order and balance. */
static uint16_t held[16];
static unsigned nheld;

static void
lock_push(const struct lock_class *class)
{
	for (unsigned i = 0; i < nheld; i++)
		if (held[i] >= class->rank)
			panic("%s after rank %u", class->name, held[i]);
	held[nheld++] = class->rank;
}

static void
lock_pop(const struct lock_class *class)
{
	unsigned i = nheld;

	while (i-- > 0 && held[i] != class->rank)
		;
	memmove(&held[i], &held[i + 1], (--nheld - i) * sizeof(held[0]));
}

void spin_lock_checked(struct spin *l) { VERIFY(l->word == 0); l->word = 1; hold_add(); lock_push(l->class); }
void spin_unlock_checked(struct spin *l) { VERIFY(l->word == 1); l->word = 0; hold_sub_zero(); lock_pop(l->class); }
bool spin_held(const struct spin *l) { return l->word != 0; }
void mutex_init(struct mutex *m, const struct lock_class *class) { *m = (struct mutex){ .class = class }; }
void mutex_unlock(struct mutex *m) { VERIFY(m->owner == host_thr); m->owner = NULL; lock_pop(m->class); }

void
mutex_lock(struct mutex *m)
{
	VERIFY(m->owner == NULL && host_hold == HOLD_IDLE);
	m->owner = host_thr;
	lock_push(m->class);
}

bool
mutex_trylock(struct mutex *m)
{
	mutex_lock(m);
	return true;
}

/* The MMU.  Translations and directory entries stay cached until a flush. */
#define TLB_SIZE	4096u
static struct { bool valid; vaddr_t page; uint64_t leaf; } tlb[TLB_SIZE];
static struct { bool valid; vaddr_t span; uint64_t dir; } dirs[64];

void
mmu_flush_page(vaddr_t va)
{
	tlb[(va >> PAGE_SHIFT) % TLB_SIZE].valid = false;
	memset(dirs, 0, sizeof(dirs));
}

void
mmu_flush_user(void)
{
	memset(tlb, 0, sizeof(tlb));
	memset(dirs, 0, sizeof(dirs));
}

void
mmu_set_root(paddr_t pa)
{
	root = pa;
	mmu_flush_user();
}

paddr_t
mmu_root(void)
{
	return root;
}

static bool
leaf_allows(uint64_t leaf, uint32_t access)
{
	if (!(leaf & PTE_P) || !(leaf & PTE_U))
		return false;
	if ((access & VM_WRITE) && !(leaf & PTE_W))
		return false;
	return !((access & VM_EXEC) && (leaf & PTE_NX));
}

static uint64_t
mmu_walk(vaddr_t va)
{
	unsigned slot = (unsigned)(va / PMAP_SPAN % 64);
	uint64_t e, w = PTE_W;

	if (!dirs[slot].valid || dirs[slot].span != va / PMAP_SPAN) {
		e = root;
		for (unsigned level = 3; level > 0; level--) {
			e = ((uint64_t *)mmu_phys_map(e & PTE_ADDR))[table_index(va, level)];
			if (!(e & PTE_P))
				return 0;
			w &= e;
		}
		dirs[slot].valid = true;
		dirs[slot].span = va / PMAP_SPAN;
		dirs[slot].dir = (e & ~PTE_W) | w;
	}
	e = ((uint64_t *)mmu_phys_map(dirs[slot].dir & PTE_ADDR))[table_index(va, 0)];
	return dirs[slot].dir & PTE_W ? e : e & ~PTE_W;
}

static struct space *current;

/* The frame's bytes, or the error the program would be told. */
static int
mmu_access(vaddr_t va, uint32_t access, char **out)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		unsigned slot = (unsigned)((va >> PAGE_SHIFT) % TLB_SIZE);
		int error;

		if (!tlb[slot].valid || tlb[slot].page != va >> PAGE_SHIFT ||
		    !leaf_allows(tlb[slot].leaf, access)) {
			tlb[slot].leaf = mmu_walk(va);
			tlb[slot].page = va >> PAGE_SHIFT;
			tlb[slot].valid = (tlb[slot].leaf & PTE_P) != 0;
		}
		if (tlb[slot].valid && leaf_allows(tlb[slot].leaf, access)) {
			*out = (char *)mmu_phys_map(tlb[slot].leaf & PTE_ADDR) + (va & PAGE_MASK);
			return 0;
		}
		if ((error = space_fault(current, va, access)) != 0)
			return error;
	}
	panic("fault at %#lx is not resolved", (unsigned long)va);
}

static int
user_copy(vaddr_t user, char *kernel, size_t n, bool in)
{
	while (n > 0) {
		size_t piece = MIN(n, PAGE_SIZE - (size_t)(user & PAGE_MASK));
		char *p;

		if (mmu_access(user, in ? VM_READ : VM_WRITE, &p) != 0)
			return EFAULT;
		memcpy(in ? kernel : p, in ? p : kernel, piece);
		user += piece;
		kernel += piece;
		n -= piece;
	}
	return 0;
}

int
copyin(const void __user *from, void *to, size_t n)
{
	return user_copy((vaddr_t)from, to, n, true);
}

int
copyout(const void *from, void __user *to, size_t n)
{
	return user_copy((vaddr_t)to, (char *)(uintptr_t)from, n, false);
}

int
user_zero(void __user *to, size_t n)
{
	static char zeros[PAGE_SIZE];
	int error = 0;

	for (size_t done = 0; done < n && error == 0; done += PAGE_SIZE)
		error = copyout(zeros, (char __user *)to + done, MIN(n - done, sizeof(zeros)));
	return error;
}

/* Nodes: only what regions need of them. */
const struct lock_class node_class = { .name = "node", .rank = RANK_NODE };

void
node_init(struct node *n, const struct node_ops *ops, enum node_kind kind, struct sigsrc *src, uint32_t bits)
{
	*n = (struct node){ .ops = ops, .refs = 1, .kind = (uint16_t)kind, .canary = NODE_CANARY };
	spin_init(&n->lock, &node_class);
}

void node_last_ref(struct node *n) { n->ops->destroy(n); }
void node_last_use(struct node *n) { }

int node_nostream(struct node *n, struct uio *u) { return EINVAL; }
int node_noseek(struct node *n, int64_t off, int whence, int64_t *at) { return ESPIPE; }
int node_nostat(struct node *n, struct abi_stat *st) { return 0; }
int node_nosetattr(struct node *n, const struct setattr *sa) { return EINVAL; }
int node_noioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result) { return ENOTTY; }
int node_novmo(struct node *n, struct vmo **out) { return ENODEV; }
int node_nosync(struct node *n) { return EINVAL; }
void node_nounused(struct node *n) { }
void vmo_id_end(struct vmo_id *id) { panic("an identity"); }

static void
machine_init(void)
{
	host_ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cpu0.self = &cpu0;
	page_add_range(0x1000, 0x9f000);
	page_add_range(0x100000, IMAGE_START);
	page_init();
	zone_init();
	kmem_init();
	mmu_kernel_root = page_addr(page_alloc(PAGE_TABLE, PAGE_ZERO));
	vmo_init();
	zone_entry_make(&zone_entry_vmo_zone);
	zone_entry_make(&zone_entry_twig_zone);
	zone_entry_make(&zone_entry_backing_zone);
	zone_entry_make(&zone_entry_space_zone);
	zone_entry_make(&zone_entry_mapping_zone);
	zone_entry_make(&zone_entry_region_zone);
	space_init();
}

static void
quiet(void)
{
	pmap_quiesce();
	zone_reap();
	page_drain();
}

static uint64_t
live_objects(void)
{
	uint64_t n = 0;

	for (struct kstat *k = kstat_made; k != NULL; k = k->next)
		n += k->value;
	return n;
}

/* --- the model --- */

#define WORDS	4u
static const unsigned word_at[WORDS] = { 0, 8, 2048, 4088 };

#define NFILES	3u
#define FPAGES	80u
#define NSPACES	6u
#define WINDOW	0x40000000ull
#define WPAGES	1400u		/* almost three spans */
#define HEAP	0x50000000ull
#define HPAGES	64u
#define NSHM	8u
#define SHMPAGES 48u

struct words { uint64_t w[WORDS]; };
struct file {
	struct vmo *vmo;
	uint64_t size;
	struct words page[FPAGES];
	uint64_t backing[FPAGES][WORDS];	/* what the slow pager has */
} files[NFILES];
struct shm {
	int refs;
	struct words page[SHMPAGES];
} shms[NSHM];
enum what { NOTHING, PRIVATE, SHARED, FILE_SHARED, FILE_PRIVATE };
struct mpage {
	uint8_t what, prot, max;
	uint8_t object;		/* file or shm */
	bool own;		/* FILE_PRIVATE: written to */
	uint16_t index;
	struct words words;
};
struct mspace {
	struct space *s;
	struct mpage page[WPAGES];
	struct words heap[HPAGES];
	uint64_t brk;		/* bytes above HEAP */
} spaces[NSPACES];

static bool good = true;
static unsigned step;

static void
check(bool cond, const char *what, ...)
{
	va_list ap;

	if (cond || !good)
		return;
	good = false;
	printf("# step %u: ", step);
	va_start(ap, what);
	vprintf(what, ap);
	va_end(ap);
	printf("\n");
}

static unsigned
rnd(unsigned n)
{
	return host_random(&seed) % n;
}

static uint64_t
file_pages(const struct file *f)
{
	return (f->size + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* File 1: pages of an image, mapped in place.  File 2: a pager that must be asked without locks. */
static int
image_get(struct vmo *v, void *cookie, uint64_t index, struct page **out)
{
	if (index < IMAGE_PAGES) {
		*out = page_of(IMAGE_START + index * PAGE_SIZE);
		page_ref(*out);
		return 0;
	}
	*out = vmo_page_new(v, PAGE_ZERO);
	return *out != NULL ? 0 : ENOMEM;
}

static int
slow_get(struct vmo *v, void *cookie, uint64_t index, struct page **out)
{
	struct file *f = cookie;
	char *p;

	VERIFY(nheld == 0 && host_hold == HOLD_IDLE);
	if ((*out = vmo_page_new(v, PAGE_ZERO)) == NULL)
		return ENOMEM;
	p = page_map(*out);
	for (unsigned i = 0; i < WORDS && index < FPAGES; i++)
		memcpy(p + word_at[i], &f->backing[index][i], 8);
	return 0;
}

static int
slow_put(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	struct file *f = cookie;

	VERIFY(nheld == 0 && index + n <= FPAGES);
	for (; n > 0; n--, page++, index++)
		for (unsigned i = 0; i < WORDS; i++)
			memcpy(&f->backing[index][i], (char *)page_map(*page) + word_at[i], 8);
	return 0;
}

static char image_copy[IMAGE_PAGES * PAGE_SIZE];

static const struct vmo_pager image_pager = { .get = image_get, .direct = true };
static const struct vmo_pager slow_pager = { .get = slow_get, .put = slow_put };

static void
files_make(void)
{
	for (unsigned f = 0; f < NFILES; f++) {
		struct file *file = &files[f];
		const struct vmo_pager *pager[] = { NULL, &image_pager, &slow_pager };

		memset(file, 0, sizeof(*file));
		file->size = (f == 1 ? IMAGE_PAGES : 40) * PAGE_SIZE - (f == 2 ? 1000 : 0);
		VERIFY(vmo_create_vnode(file->size, pager[f], file, &file->vmo) == 0);
		for (unsigned i = 0; f > 0 && i < file_pages(file); i++)
			for (unsigned k = 0; k < WORDS; k++) {
				uint64_t w = word_at[k] + 8 <= file->size - i * PAGE_SIZE ? random_u64() : 0;

				file->page[i].w[k] = file->backing[i][k] = w;
				if (f == 1)
					memcpy(host_ram + IMAGE_START + i * PAGE_SIZE + word_at[k], &w, 8);
			}
	}
	for (unsigned i = 0; i < IMAGE_PAGES; i++)
		page_of(IMAGE_START + i * PAGE_SIZE)->use = PAGE_IMAGE;
	memcpy(image_copy, host_ram + IMAGE_START, sizeof(image_copy));
}

static void
page_forget(struct mpage *p)
{
	if (p->what == SHARED)
		shms[p->object].refs--;
	memset(p, 0, sizeof(*p));
}

/* The words a reader sees, or NULL: beyond the end of the file. */
static struct words *
page_words(struct mpage *p)
{
	switch (p->what) {
	case SHARED:
		return &shms[p->object].page[p->index];
	case FILE_SHARED:
	case FILE_PRIVATE:
		if (p->index >= file_pages(&files[p->object]))
			return NULL;
		return p->own ? &p->words : &files[p->object].page[p->index];
	default:
		return &p->words;
	}
}

static int
model_access(struct mpage *p, uint32_t access, struct words **out)
{
	if (p->what == NOTHING)
		return EFAULT;
	if (p->prot == 0 || (access & (VM_WRITE | VM_EXEC) & ~p->prot) != 0)
		return EACCES;
	if ((*out = page_words(p)) == NULL)
		return ENXIO;
	if ((access & VM_WRITE) && p->what == FILE_PRIVATE && !p->own) {
		p->words = **out;
		p->own = true;
		*out = &p->words;
	}
	return 0;
}

static void
use(struct mspace *ms)
{
	current = ms->s;
	space_activate(ms->s);
}

static void
compare(struct mspace *ms, unsigned i, uint32_t access)
{
	struct words *w = NULL;
	int want = model_access(&ms->page[i], access, &w), got;
	unsigned k = rnd(WORDS);
	char *p;

	got = mmu_access(WINDOW + i * PAGE_SIZE + word_at[k], access, &p);
	check(got == want, "space %ld page %u (kind %u prot %u) access %u: %d, not %d", ms - spaces, i,
	    ms->page[i].what, ms->page[i].prot, access, got, want);
	if (got != 0 || want != 0 || (access & VM_WRITE))
		return;
	check(memcmp(p, &w->w[k], 8) == 0, "space %ld page %u (kind %u own %d index %u) word %u: %llx, not %llx",
	    ms - spaces, i, ms->page[i].what, ms->page[i].own, ms->page[i].index, k,
	    (unsigned long long)*(uint64_t *)(void *)p, (unsigned long long)w->w[k]);
}

static void
store(struct mspace *ms, unsigned i)
{
	struct words *w = NULL;
	uint64_t value = random_u64();
	unsigned k = rnd(WORDS);
	char *p;
	int want = model_access(&ms->page[i], VM_WRITE, &w), got;

	got = mmu_access(WINDOW + i * PAGE_SIZE + word_at[k], VM_WRITE, &p);
	check(got == want, "space %ld page %u: write %d, not %d", ms - spaces, i, got, want);
	if (got != 0 || want != 0)
		return;
	/* Bytes behind the end of a file are nobody's: they vanish when it grows. */
	if (ms->page[i].what == FILE_SHARED &&
	    (uint64_t)ms->page[i].index * PAGE_SIZE + word_at[k] >= files[ms->page[i].object].size)
		return;
	memcpy(p, &value, 8);
	w->w[k] = value;
}

static void
range(unsigned most, unsigned limit, unsigned *first, unsigned *n)
{
	*n = 1 + rnd(most);
	*first = rnd(limit - *n);
	/* Often where others are. */
	if (rnd(3) > 0)
		*first = *first % 64 + 512 - 32;
}

/* Allocation number `after' of the next call fails, in one of four calls. */
static void
fail_maybe(void)
{
	failed = false;
	fail_after = rnd(4) == 0 ? (long)rnd(12) : -1;
}

static bool
fail_done(int error)
{
	fail_after = -1;
	if (error == ENOMEM && failed)
		return true;
	return false;
}

static void
op_map(struct mspace *ms)
{
	static const uint8_t prots[] = { 0, 1, 3, 3, 3, 5, 1 };
	struct mpage m = { .prot = prots[rnd(7)], .max = 7, .what = (uint8_t)(1 + rnd(4)) };
	struct vmo *vmo, *file;
	uint32_t flags = MAPF_FIXED;
	unsigned first, n, base = 0;
	vaddr_t va;
	int error;

	range(40, WPAGES, &first, &n);
	va = WINDOW + first * PAGE_SIZE;
	if (m.what == SHARED) {
		for (m.object = 0; m.object < NSHM && shms[m.object].refs > 0; m.object++)
			;
		if (m.object == NSHM)
			return;
		memset(&shms[m.object], 0, sizeof(shms[0]));
	}
	fail_maybe();
	if (m.what >= FILE_SHARED) {
		m.object = (uint8_t)rnd(NFILES);
		base = rnd(FPAGES - 40);
		file = files[m.object].vmo;
		error = 0;
		if (m.what == FILE_SHARED)
			vmo_ref(vmo = file);
		else
			error = vmo_overlay(file, &vmo);
	} else if (m.what == PRIVATE && rnd(2) == 0) {
		vmo = NULL;		/* made by the first fault */
		error = 0;
	} else {
		error = vmo_create(n * PAGE_SIZE, &vmo);
	}
	if (m.what == SHARED || m.what == FILE_SHARED)
		flags |= MAPF_SHARED;
	if (error == 0) {
		error = space_map(ms->s, &va, n * PAGE_SIZE, m.prot, m.max, flags, vmo, base * PAGE_SIZE);
		vmo_unref(vmo);
	}
	if (fail_done(error))
		return;
	check(error == 0 && va == WINDOW + first * PAGE_SIZE, "map: %d", error);
	for (unsigned i = 0; i < n; i++) {
		page_forget(&ms->page[first + i]);
		m.index = (uint16_t)(base + i);
		ms->page[first + i] = m;
		if (m.what == SHARED)
			shms[m.object].refs++;
	}
}

static void
op_unmap(struct mspace *ms)
{
	unsigned first, n;
	int error;

	range(30, WPAGES, &first, &n);
	fail_maybe();
	error = space_unmap(ms->s, WINDOW + first * PAGE_SIZE, n * PAGE_SIZE);
	if (fail_done(error))
		return;
	check(error == 0, "unmap: %d", error);
	for (unsigned i = 0; i < n; i++)
		page_forget(&ms->page[first + i]);
}

static void
op_protect(struct mspace *ms)
{
	static const uint8_t prots[] = { 0, 1, 3, 3, 5, 7 };
	uint32_t prot = prots[rnd(6)];
	unsigned first, n;
	int want = 0, error;

	range(20, WPAGES, &first, &n);
	for (unsigned i = 0; i < n; i++)
		if (ms->page[first + i].what == NOTHING)
			want = ENOMEM;
	if (prot == 7)
		want = EACCES;
	fail_maybe();
	error = space_protect(ms->s, WINDOW + first * PAGE_SIZE, n * PAGE_SIZE, prot);
	if (fail_done(error))
		return;
	check(error == want, "protect %u: %d, not %d", prot, error, want);
	for (unsigned i = 0; i < n && error == 0; i++)
		ms->page[first + i].prot = (uint8_t)prot;
}

static void
op_discard(struct mspace *ms)
{
	unsigned first, n;
	int error;

	range(20, WPAGES, &first, &n);
	error = space_discard(ms->s, WINDOW + first * PAGE_SIZE, n * PAGE_SIZE);
	check(error == 0, "discard: %d", error);
	for (unsigned i = 0; i < n; i++) {
		struct mpage *p = &ms->page[first + i];

		if (p->what == PRIVATE || p->what == FILE_PRIVATE) {
			memset(&p->words, 0, sizeof(p->words));
			p->own = false;
		}
	}
}

static void
space_new(struct mspace *ms)
{
	memset(ms, 0, sizeof(*ms));
	VERIFY(space_create(&ms->s) == 0);
	space_set_brk(ms->s, HEAP);
}

static void
space_end(struct mspace *ms)
{
	for (unsigned i = 0; i < WPAGES; i++)
		page_forget(&ms->page[i]);
	space_unref(ms->s);
	memset(ms, 0, sizeof(*ms));
}

static void
op_fork(struct mspace *ms)
{
	struct mspace *to = &spaces[rnd(NSPACES)];
	struct space *child;
	int error;

	if (to == ms)
		return;
	if (to->s != NULL)
		space_end(to);
	fail_maybe();
	error = space_fork(ms->s, &child);
	if (fail_done(error))
		return;
	check(error == 0, "fork: %d", error);
	if (error != 0)
		return;
	*to = *ms;
	to->s = child;
	for (unsigned i = 0; i < WPAGES; i++)
		if (to->page[i].what == SHARED)
			shms[to->page[i].object].refs++;
}

static void
op_brk(struct mspace *ms)
{
	uint64_t want = rnd(HPAGES * PAGE_SIZE), pages, old;
	vaddr_t now = 0;
	int error;

	fail_maybe();
	error = space_brk(ms->s, HEAP + want, UINT64_MAX, &now);
	if (fail_done(error))
		return;
	check(error == 0 && now == HEAP + want, "brk: %d", error);
	pages = ROUND_UP(want, PAGE_SIZE) / PAGE_SIZE;
	old = ROUND_UP(ms->brk, PAGE_SIZE) / PAGE_SIZE;
	for (uint64_t i = MIN(pages, old); i < HPAGES; i++)
		memset(&ms->heap[i], 0, sizeof(ms->heap[i]));
	ms->brk = want;
}

static void
op_heap(struct mspace *ms)
{
	unsigned i = rnd(HPAGES), k = rnd(WORDS);
	bool write = rnd(2), mapped = i < ROUND_UP(ms->brk, PAGE_SIZE) / PAGE_SIZE;
	uint64_t value = random_u64();
	char *p;
	int error = mmu_access(HEAP + i * PAGE_SIZE + word_at[k], write ? VM_WRITE : VM_READ, &p);

	check(error == (mapped ? 0 : EFAULT), "heap page %u: %d", i, error);
	if (error != 0 || !mapped)
		return;
	if (write) {
		memcpy(p, &value, 8);
		ms->heap[i].w[k] = value;
	} else {
		check(memcmp(p, &ms->heap[i].w[k], 8) == 0, "heap page %u word %u", i, k);
	}
}

/* read(2) and write(2) of the file's page from and to a page of the space. */
static void
op_file_io(struct mspace *ms)
{
	struct file *f = &files[rnd(NFILES)];
	unsigned i = rnd(FPAGES), u = rnd(WPAGES), k = rnd(WORDS);
	uint64_t off = i * PAGE_SIZE, value = random_u64(), old;
	struct words *w = NULL;
	struct kiovec one;
	struct uio uio;
	int error;

	if (off + PAGE_SIZE > f->size)
		return;
	if (rnd(2) == 0) {
		error = vmo_read(f->vmo, off + word_at[k], &old, 8);
		check(error == 0 && old == f->page[i].w[k], "file read");
		error = vmo_write(f->vmo, off + word_at[k], &value, 8);
		check(error == 0, "file write: %d", error);
		f->page[i].w[k] = value;
		return;
	}
	/* Into itself would be a model of memcpy's order. */
	if (ms->page[u].what == NOTHING || ms->page[u].what >= FILE_SHARED)
		return;
	if (rnd(2) == 0) {
		uio_init(&uio, &one, WINDOW + u * PAGE_SIZE, PAGE_SIZE, UIO_WRITE);
		error = vmo_uio(f->vmo, off, &uio);
		if (model_access(&ms->page[u], VM_READ, &w) == 0)
			f->page[i] = *w;
		check(error == (w != NULL ? 0 : EFAULT), "write from the space: %d", error);
	} else {
		uio_init(&uio, &one, WINDOW + u * PAGE_SIZE, PAGE_SIZE, 0);
		error = vmo_uio(f->vmo, off, &uio);
		if (model_access(&ms->page[u], VM_WRITE, &w) == 0)
			*w = f->page[i];
		check(error == (w != NULL ? 0 : EFAULT), "read into the space: %d", error);
	}
}

static void
op_truncate(void)
{
	struct file *f = &files[rnd(NFILES)];
	uint64_t size = rnd(FPAGES * PAGE_SIZE);
	int error;

	if (rnd(2) == 0)
		size = ROUND_DOWN(size, PAGE_SIZE);
	/* What a pager has comes back when the file grows again: a file system's business. */
	if (f != &files[0] && size < f->size) {
		if (f == &files[1])
			return;
		for (uint64_t i = 0; i < FPAGES; i++)
			for (unsigned k = 0; k < WORDS; k++)
				if (i * PAGE_SIZE + word_at[k] >= size && i >= size / PAGE_SIZE + 1)
					f->backing[i][k] = 0;
	}
	fail_maybe();
	error = vmo_set_size(f->vmo, size);
	if (fail_done(error)) {
		/* The slow file's backing was cut already; do it again. */
		error = vmo_set_size(f->vmo, size);
	}
	check(error == 0 && vmo_size(f->vmo) == size, "set_size: %d", error);
	for (uint64_t i = 0; i < FPAGES; i++)
		for (unsigned k = 0; k < WORDS; k++)
			if (i * PAGE_SIZE + word_at[k] >= size) {
				f->page[i].w[k] = 0;
				f->backing[i][k] = 0;
			}
	f->size = size;
}

static void
op_hole(void)
{
	unsigned i = rnd(FPAGES), n = 1 + rnd(4);
	struct file *f = &files[0];
	uint64_t off = i * PAGE_SIZE, end = MIN(off + n * PAGE_SIZE, f->size);

	if (off >= f->size)
		return;
	check(vmo_decommit(f->vmo, off, n * PAGE_SIZE) == 0, "decommit");
	for (; off < end; off += PAGE_SIZE)
		memset(&f->page[off / PAGE_SIZE], 0, sizeof(struct words));
}

static void
op_any(void)
{
	static unsigned now;
	struct mspace *ms;

	if (rnd(8) == 0 || spaces[now].s == NULL)
		now = rnd(NSPACES);
	ms = &spaces[now];
	if (ms->s == NULL)
		space_new(ms);
	use(ms);
	switch (rnd(40)) {
	case 0: case 1: case 2:
		op_map(ms);
		break;
	case 3:
		op_unmap(ms);
		break;
	case 4: case 5:
		op_protect(ms);
		break;
	case 6:
		if (rnd(3) == 0)
			op_fork(ms);
		break;
	case 17:
		/* Entries may vanish at any time. */
		pmap_remove(&ms->s->pmap, WINDOW + 480 * PAGE_SIZE, WINDOW + (490 + rnd(80)) * PAGE_SIZE);
		break;
	case 7:
		if (rnd(20) == 0)
			space_end(ms);
		break;
	case 8:
		op_brk(ms);
		break;
	case 9:
		op_truncate();
		break;
	case 10: case 11:
		op_file_io(ms);
		break;
	case 12:
		if (rnd(4) == 0)
			op_discard(ms);
		else
			op_hole();
		break;
	case 13:
		if (rnd(4) == 0)
			check(vmo_sync(files[2].vmo) == 0, "sync");
		if (rnd(8) == 0)
			(void)vmo_reclaim(1 + rnd(40));
		if (rnd(8) == 0)
			check(backing_write(files[2].vmo, rnd(20), 20 + rnd(40), true) == 0, "write-back");
		break;
	case 14: case 15: case 16:
		op_heap(ms);
		break;
	case 18:
		for (unsigned i = rnd(20); i > 0 && page_zero_ahead(); i--)
			;
		break;
	default: {
		unsigned i = rnd(4) == 0 ? rnd(WPAGES) : 480 + rnd(96);

		fail_maybe();
		if (rnd(2) == 0)
			store(ms, i);
		else
			compare(ms, i, rnd(8) == 0 ? VM_EXEC : VM_READ);
		fail_after = -1;
	}
	}
	check(nheld == 0 && host_hold == HOLD_IDLE, "a lock is left");
}

static void
compare_all(void)
{
	for (unsigned s = 0; s < NSPACES; s++) {
		if (spaces[s].s == NULL)
			continue;
		use(&spaces[s]);
		for (unsigned i = 0; i < WPAGES && good; i++)
			if (spaces[s].page[i].what != NOTHING)
				compare(&spaces[s], i, VM_READ);
	}
}

/* The treap: order, heap, gaps. */
static vaddr_t
tree_check(const struct mapping *m, unsigned *n)
{
	vaddr_t gap, left, right;

	if (m == NULL)
		return 0;
	++*n;
	left = tree_check(m->left, n);
	right = tree_check(m->right, n);
	check(m->left == NULL || (m->left->parent == m && m->left->end <= m->lo), "tree: left");
	check(m->right == NULL || (m->right->parent == m && m->right->lo >= m->end), "tree: right");
	gap = MAX(m->gap, MAX(left, right));
	check(m->max_gap >= gap, "tree: gap");
	return m->max_gap;
}

/* No gap above the remembered place is large enough. */
static void
fit_check(const struct space *s)
{
	const struct mapping *m;

	if (s->fit == NULL)
		return;
	list_for_each(m, &s->maps, link)
		if (m->lo > s->fit->lo && m->lo - m->gap < s->mmap_top)
			check(MIN(m->lo, s->mmap_top) - (m->lo - m->gap) < s->fit_len, "fit: a gap above");
}

static void
spaces_check(void)
{
	for (unsigned i = 0; i < NSPACES; i++) {
		struct space *s = spaces[i].s;
		struct mapping *m;
		vaddr_t below = USER_MIN;
		uint64_t size = 0;
		unsigned n = 0;

		if (s == NULL)
			continue;
		tree_check(s->root, &n);
		check(n == s->nmaps, "tree: %u of %u mappings", n, s->nmaps);
		list_for_each(m, &s->maps, link) {
			check(m->lo >= below && m->gap == m->lo - below, "list: gap");
			below = m->end;
			size += m->end - m->start;
		}
		check(size == s->size, "size");
		fit_check(s);
	}
}

static void
test_random(unsigned long long first, unsigned steps)
{
	uint64_t pages, objects;
	char what[80];

	quiet();
	pages = page_free_count();
	objects = live_objects();
	seed = first;
	good = true;
	files_make();
	for (step = 0; step < steps && good; step++) {
		op_any();
		if (step % 500 == 0)
			spaces_check();
		if (step % 4000 == 3999)
			compare_all();
	}
	for (unsigned i = 0; i < NSPACES; i++)
		if (spaces[i].s != NULL)
			space_end(&spaces[i]);
	for (unsigned i = 0; i < NFILES; i++)
		vmo_unref(files[i].vmo);
	quiet();
	check(live_objects() == objects, "objects left: %llu", (unsigned long long)(live_objects() - objects));
	check(page_free_count() == pages, "pages lost: %lld", (long long)(pages - page_free_count()));
	check(memcmp(image_copy, host_ram + IMAGE_START, sizeof(image_copy)) == 0, "the image was written to");
	for (unsigned i = 0; i < IMAGE_PAGES; i++)
		check(page_of(IMAGE_START + i * PAGE_SIZE)->refs == 1, "image page %u keeps references", i);
	snprintf(what, sizeof(what), "random operations, seed %llu", first);
	ok(good, what);
}

/* --- single promises --- */

static void
test_placement(void)
{
	struct { vaddr_t va; size_t len; } got[400];
	struct space *s;
	struct vmo *v;
	bool apart = true, stack;
	vaddr_t va;
	char *p;

	VERIFY(space_create(&s) == 0 && vmo_create(VMO_SIZE_MAX, &v) == 0);
	for (unsigned i = 0; i < 400; i++) {
		got[i].va = 0;
		got[i].len = (1 + rnd(64)) * PAGE_SIZE;
		VERIFY(space_map(s, &got[i].va, got[i].len, VM_READ, 7, 0, v, 0) == 0);
		if (i % 3 == 2) {
			VERIFY(space_unmap(s, got[i - 1].va, got[i - 1].len) == 0);
			got[i - 1].len = 0;
		}
		for (unsigned k = 0; k < i; k++)
			if (got[k].len != 0 && got[i].va < got[k].va + got[k].len &&
			    got[k].va < got[i].va + got[i].len)
				apart = false;
	}
	ok(apart, "placements do not overlap");
	ok(got[399].va > got[0].va - (1ull << 26), "gaps are used again");
	va = 0;
	VERIFY(space_map(s, &va, 8ull << 20, 3, 3, MAPF_STACK, v, 0) == 0);
	current = s;
	space_activate(s);
	stack = mmu_access(va + (8ull << 20) - 8, VM_WRITE, &p) == 0 && mmu_access(va, VM_WRITE, &p) == 0;
	ok(stack, "a stack grows down to its low end");
	ok(mmu_access(va - 8, VM_WRITE, &p) == EFAULT && mmu_access(va - STACK_GUARD, VM_READ, &p) == EFAULT,
	    "the guard below it stays");
	space_set_limits(s, UINT64_MAX, 1 << 20);
	va = 0;
	VERIFY(space_map(s, &va, 8ull << 20, 3, 3, MAPF_STACK, v, 0) == 0);
	ok(mmu_access(va + (7ull << 20) + 4096, VM_WRITE, &p) == 0 &&
	    mmu_access(va + (7ull << 20) - 4096, VM_WRITE, &p) == EFAULT, "the stack limit holds");
	vmo_unref(v);
	space_unref(s);
}

/* Where len bytes belong: the highest gap below mmap_top that has them. */
static vaddr_t
place_slowly(const struct space *s, size_t len)
{
	const struct mapping *m;
	vaddr_t best = 0;

	list_for_each(m, &s->maps, link)
		if (m->lo - m->gap + len <= MIN(m->lo, s->mmap_top))
			best = MIN(m->lo, s->mmap_top) - len;
	return best;
}

static void
test_places(void)
{
	struct { vaddr_t va; size_t len; } got[64] = { 0 };
	struct space *s;
	vaddr_t va = 0, want;
	struct vmo *v;

	VERIFY(space_create(&s) == 0 && vmo_create(VMO_SIZE_MAX, &v) == 0);
	VERIFY(space_map(s, &va, 8ull << 20, 3, 3, MAPF_STACK, v, 0) == 0);
	good = true;
	for (step = 0; step < 20000 && good; step++) {
		unsigned i = rnd(64);
		size_t part;

		if (got[i].len == 0) {
			got[i].len = (1 + rnd(rnd(4) == 0 ? 64 : 4)) * PAGE_SIZE;
			want = place_slowly(s, got[i].len);
			if (rnd(2) == 0) {
				VERIFY(space_map_zeros(s, got[i].len, 3, &got[i].va) == 0);
			} else {
				got[i].va = 0;
				VERIFY(space_map(s, &got[i].va, got[i].len, 3, 7, 0, rnd(2) ? v : NULL, 0) == 0);
			}
			check(got[i].va == want, "placed at %#llx, not %#llx", (unsigned long long)got[i].va,
			    (unsigned long long)want);
		} else {
			/* All of it, or an end. */
			part = rnd(3) > 0 ? got[i].len : PAGE_SIZE;
			VERIFY(space_unmap(s, got[i].va + (rnd(2) ? got[i].len - part : 0), part) == 0);
			if (part != got[i].len)
				VERIFY(space_unmap(s, got[i].va, got[i].len) == 0);
			got[i].len = 0;
		}
		fit_check(s);
	}
	ok(good, "the highest place that fits, always");
	vmo_unref(v);
	space_unref(s);
}

/* Memory that nobody touches has no object; the first touch gives it one. */
static void
test_blank(void)
{
	struct space *s, *child;
	vaddr_t va;
	uint64_t objects;
	char *p;

	quiet();
	objects = live_objects();
	VERIFY(space_create(&s) == 0);
	va = WINDOW;
	VERIFY(space_map(s, &va, 64 * PAGE_SIZE, 3, 7, MAPF_FIXED, NULL, 0) == 0);
	VERIFY(space_protect(s, va + 8 * PAGE_SIZE, 8 * PAGE_SIZE, 0) == 0 && s->nmaps == 3);
	VERIFY(space_protect(s, va + 8 * PAGE_SIZE, 8 * PAGE_SIZE, 3) == 0);
	ok(s->nmaps == 1 && list_entry(s->maps.next, struct mapping, link)->vmo == &vmo_blank, "split and joined again without an object");
	VERIFY(space_fork(s, &child) == 0);
	current = child;
	space_activate(child);
	ok(mmu_access(va, VM_WRITE, &p) == 0 && list_entry(child->maps.next, struct mapping, link)->vmo != &vmo_blank,
	    "the first touch makes one");
	*p = 1;
	ok(list_entry(s->maps.next, struct mapping, link)->vmo == &vmo_blank, "and none for the parent");
	VERIFY(space_unmap(child, va + 4 * PAGE_SIZE, 4 * PAGE_SIZE) == 0);
	ok(mmu_access(va + 8 * PAGE_SIZE, VM_READ, &p) == 0 && *p == 0 && mmu_access(va, VM_READ, &p) == 0 && *p == 1,
	    "pieces show what they did");
	current = NULL;
	space_activate(NULL);
	space_unref(child);
	space_unref(s);
	quiet();
	ok(live_objects() == objects && vmo_blank.refs == 1 && vmo_blank.nmaps == 0, "nothing stays");
}

static void
test_refusals(void)
{
	struct space *s;
	struct vmo *v;
	vaddr_t va = WINDOW;

	VERIFY(space_create(&s) == 0 && vmo_create(1 << 20, &v) == 0);
	ok(space_map(s, &va, PAGE_SIZE, 7, 7, MAPF_FIXED, v, 0) == EACCES, "W+X: EACCES");
	ok(space_map(s, &va, PAGE_SIZE, 3, 1, MAPF_FIXED, v, 0) == EACCES, "more than max: EACCES");
	ok(space_map(s, &va, 0, 3, 3, MAPF_FIXED, v, 0) == EINVAL, "no bytes: EINVAL");
	ok(space_map(s, &va, PAGE_SIZE, 3, 3, MAPF_FIXED, v, 1) == EINVAL, "odd offset: EINVAL");
	va = 0x1000;
	ok(space_map(s, &va, PAGE_SIZE, 3, 3, MAPF_FIXED, v, 0) == ENOMEM, "below USER_MIN: ENOMEM");
	va = WINDOW;
	ok(space_map(s, &va, PAGE_SIZE, 3, 7, MAPF_FIXED, v, 0) == 0, "map");
	ok(space_map(s, &va, PAGE_SIZE, 3, 3, MAPF_FIXED | MAPF_NOREPLACE, v, 0) == EEXIST, "taken: EEXIST");
	ok(space_protect(s, va, PAGE_SIZE, 7) == EACCES, "protect to W+X: EACCES");
	ok(space_protect(s, va, PAGE_SIZE, 5) == 0, "RW to RX");
	ok(space_protect(s, va, 2 * PAGE_SIZE, 1) == ENOMEM, "protect a hole: ENOMEM");
	ok(space_protect(s, va, SIZE_MAX, 1) == ENOMEM, "protect everything: ENOMEM");
	ok(space_unmap(s, va + 1, PAGE_SIZE) == EINVAL, "unmap odd: EINVAL");
	ok(space_unmap(s, va, SIZE_MAX) == EINVAL, "unmap everything: EINVAL");
	vmo_unref(v);
	space_unref(s);
}

static void
test_dontfork(void)
{
	struct space *s, *child;
	struct vmo *v;
	vaddr_t a = WINDOW, b = WINDOW + PAGE_SIZE;
	char *p;

	VERIFY(space_create(&s) == 0 && vmo_create(PAGE_SIZE, &v) == 0);
	VERIFY(space_map(s, &a, PAGE_SIZE, 3, 3, MAPF_FIXED, v, 0) == 0);
	vmo_unref(v);
	VERIFY(vmo_create(PAGE_SIZE, &v) == 0);
	VERIFY(space_map(s, &b, PAGE_SIZE, 3, 3, MAPF_FIXED | MAPF_DONTFORK, v, 0) == 0);
	vmo_unref(v);
	current = s;
	space_activate(s);
	VERIFY(mmu_access(a, VM_WRITE, &p) == 0 && mmu_access(b, VM_WRITE, &p) == 0);
	VERIFY(space_fork(s, &child) == 0);
	current = child;
	space_activate(child);
	ok(mmu_access(a, VM_READ, &p) == 0, "the child has what was forked");
	ok(mmu_access(b, VM_READ, &p) == EFAULT, "and not what was not");
	space_unref(child);
	space_unref(s);
}

/* A page that is read again after fork may not be written through that entry. */
static void
test_fork_refault(void)
{
	struct space *s, *child;
	struct vmo *v;
	vaddr_t a = WINDOW;
	char *p;

	VERIFY(space_create(&s) == 0 && vmo_create(4 * PAGE_SIZE, &v) == 0);
	VERIFY(space_map(s, &a, 4 * PAGE_SIZE, 3, 3, MAPF_FIXED, v, 0) == 0);
	vmo_unref(v);
	current = s;
	space_activate(s);
	for (unsigned i = 0; i < 4; i++) {
		VERIFY(mmu_access(a + i * PAGE_SIZE, VM_WRITE, &p) == 0);
		*p = 1;
	}
	VERIFY(space_fork(s, &child) == 0);
	pmap_remove(&s->pmap, a, a + 4 * PAGE_SIZE);
	VERIFY(mmu_access(a, VM_READ, &p) == 0 && mmu_access(a, VM_WRITE, &p) == 0);
	*p = 2;
	current = child;
	space_activate(child);
	ok(mmu_access(a, VM_READ, &p) == 0 && *p == 1, "the child keeps what was there at fork");
	space_unref(child);
	space_unref(s);
}

/* Reading one page of a file maps its neighbours that are in memory. */
static void
test_around(void)
{
	struct space *s;
	struct vmo *v;
	vaddr_t a = WINDOW + 100 * PAGE_SIZE;
	unsigned seen = 0;
	uint32_t prot;
	paddr_t pa;
	char *p;

	VERIFY(space_create(&s) == 0 && vmo_create_vnode(32 * PAGE_SIZE, NULL, NULL, &v) == 0);
	for (unsigned i = 0; i < 32; i++)
		VERIFY(vmo_write(v, i * PAGE_SIZE, &i, sizeof(i)) == 0);
	VERIFY(space_map(s, &a, 32 * PAGE_SIZE, 3, 3, MAPF_FIXED | MAPF_SHARED, v, 0) == 0);
	vmo_unref(v);
	current = s;
	space_activate(s);
	VERIFY(mmu_access(a + 5 * PAGE_SIZE, VM_READ, &p) == 0);
	for (unsigned i = 0; i < 32; i++)
		seen += pmap_query(&s->pmap, a + i * PAGE_SIZE, &pa, &prot);
	ok(seen == AROUND, "a fault maps the pages around it");
	space_unref(s);
}

/* Objects of all sizes: distinct, aligned, keeping their contents, and gone at the end. */
static void
test_kmem(void)
{
	static struct { unsigned char *p; size_t n; unsigned char c; } o[600];
	uint64_t pages, objects;
	bool kept = true, zero = true;

	quiet();
	pages = page_free_count();
	objects = live_objects();
	for (unsigned i = 0; i < 200000; i++) {
		unsigned k = rnd(600);

		if (o[k].p != NULL) {
			for (size_t b = 0; b < o[k].n; b += 1 + o[k].n / 16)
				kept = kept && o[k].p[b] == o[k].c;
			kmem_free(o[k].p, o[k].n);
			o[k].p = NULL;
			continue;
		}
		o[k].n = 1 + (rnd(50) == 0 ? rnd(32768) : rnd(2) ? rnd(200) : rnd(3000));
		o[k].c = (unsigned char)rnd(256);
		o[k].p = kmem_alloc(o[k].n, ZALLOC_ZERO);
		VERIFY(o[k].p != NULL && ((uintptr_t)o[k].p & 15) == 0);
		for (size_t b = 0; b < o[k].n; b++)
			zero = zero && o[k].p[b] == 0;
		memset(o[k].p, o[k].c, o[k].n);
	}
	for (unsigned k = 0; k < 600; k++)
		if (o[k].p != NULL)
			kmem_free(o[k].p, o[k].n);
	quiet();
	ok(kept, "objects keep their bytes");
	ok(zero, "ZALLOC_ZERO gives zeros");
	ok(live_objects() == objects && page_free_count() == pages, "nothing is left of them");
}

/* All frames that such a caller gets; how many are left. */
static uint64_t
take_all(struct list *all, enum page_use use, uint32_t flags)
{
	struct page *p;

	while ((p = page_alloc(use, flags)) != NULL)
		list_push_back(all, &p->link);
	return page_free_count();
}

static void
give_all(struct list *all)
{
	for (struct list *l; (l = list_pop_front(all)) != NULL;) {
		struct page *f = list_entry(l, struct page, link);

		if (f->use == PAGE_VMO) {
			f->account = &account_root;
			account_force(f->account, CHARGE_PAGES, 1);
		}
		page_free(f);
	}
}

/* Blocks: aligned, disjoint, and everything joins again. */
static void
test_buddies(void)
{
	static struct { struct page *p; unsigned order; } b[300];
	static uint8_t taken[RAM_SIZE / 4096];
	bool apart = true, aligned = true;
	uint64_t pages;

	quiet();
	pages = page_free_count();
	for (unsigned i = 0; i < 50000; i++) {
		unsigned k = rnd(300);
		uint64_t pfn;

		if (b[k].p != NULL) {
			pfn = page_addr(b[k].p) >> 12;
			memset(&taken[pfn], 0, 1u << b[k].order);
			page_free_order(b[k].p, b[k].order);
			b[k].p = NULL;
			continue;
		}
		b[k].order = rnd(7) ? rnd(3) : rnd(11);
		if ((b[k].p = page_alloc_order(PAGE_KERNEL, b[k].order, 0)) == NULL)
			continue;
		pfn = page_addr(b[k].p) >> 12;
		aligned = aligned && (pfn & ((1u << b[k].order) - 1)) == 0;
		for (unsigned j = 0; j < 1u << b[k].order; j++) {
			apart = apart && !taken[pfn + j];
			taken[pfn + j] = 1;
		}
	}
	for (unsigned k = 0; k < 300; k++)
		if (b[k].p != NULL)
			page_free_order(b[k].p, b[k].order);
	quiet();
	ok(apart && aligned, "blocks are aligned and disjoint");
	ok(page_free_count() == pages, "all frames come back");
	for (unsigned k = 0; k < 8; k++)
		VERIFY((b[k].p = page_alloc_order(PAGE_KERNEL, 10, 0)) != NULL);
	ok(true, "and join to the largest blocks");
	for (unsigned k = 0; k < 8; k++)
		page_free_order(b[k].p, 10);
	/* Down to the marks, one after the other; the rest for who gives memory back. */
	struct list all = LIST_INIT(all);
	ok(take_all(&all, PAGE_VMO, PAGE_FILE) == page_marks.high, "files in memory stop at the mark high");
	ok(take_all(&all, PAGE_VMO, 0) == page_marks.low, "user pages at the mark low");
	ok(take_all(&all, PAGE_TABLE, 0) == page_marks.reserve, "the kernel at the reserve");
	host_thr->t_frees = true;
	ok(take_all(&all, PAGE_KERNEL, 0) == 0, "and who gives memory back may have the last frame");
	host_thr->t_frees = false;
	give_all(&all);
	quiet();
	ok(page_free_count() == pages, "running out leaves nothing behind");
}

/* What the idle thread clears: zeros, free in every respect, and back among the buddies when they run low. */
static void
test_zeroed(void)
{
	static const struct { enum page_use use; uint32_t flags; const char *what; } callers[] = {
		{ PAGE_VMO, PAGE_FILE, "a file's page finds all of them" }, { PAGE_VMO, PAGE_ZERO, "and user memory" },
		{ PAGE_TABLE, PAGE_ZERO, "and a page table" }, { PAGE_KERNEL, 0, "and the kernel" },
	};
	struct list all = LIST_INIT(all);
	struct page *p[600];
	uint64_t pages, hits = stat_hits.value, kept;
	unsigned n = 0;
	bool zero = true;

	quiet();
	pages = page_free_count();
	for (unsigned i = 0; i < 600; i++) {
		VERIFY((p[i] = page_alloc(PAGE_KERNEL, 0)) != NULL);
		memset(page_map(p[i]), 0xff, PAGE_SIZE);
	}
	for (unsigned i = 0; i < 600; i++)
		page_free(p[i]);
	quiet();
	while (page_zero_ahead())
		n++;
	ok(n == zeroed_most && n == total / 64 && page_free_count() == pages, "so many are cleared, and count as free");
	for (unsigned i = 0; i < n + 10; i++) {
		VERIFY((p[i] = page_alloc(PAGE_KERNEL, PAGE_ZERO)) != NULL);
		zero = zero && page_is_zero(p[i]);
	}
	ok(zero && stat_hits.value == hits + n && page_left() + PAGE_BATCH >= pages - n - 10, "they go first, and all are zeros");
	for (unsigned i = 0; i < n + 10; i++)
		page_free(p[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(callers); i++) {
		quiet();
		kept = take_all(&all, callers[i].use, callers[i].flags);
		give_all(&all);
		quiet();
		while (page_zero_ahead())
			;
		ok(page_left() == pages - n && take_all(&all, callers[i].use, callers[i].flags) == kept, callers[i].what);
		ok(!page_zero_ahead() && cache_mine()->nzeroed == 0, "none is cleared then");
		give_all(&all);
	}
	quiet();
	while (page_zero_ahead())
		;
	while (n > 0 && (p[--n] = page_alloc_order(PAGE_KERNEL, 10, 0)) != NULL)
		list_push_back(&all, &p[n]->link);
	ok(cache_mine()->nzeroed == 0, "who looks for a block gets them too");
	for (struct list *l; (l = list_pop_front(&all)) != NULL;)
		page_free_order(list_entry(l, struct page, link), 10);
	quiet();
	ok(page_free_count() == pages && page_left() == pages, "all are back");
}

/* --- the clock --- */

static void
test_clock(void)
{
	struct file *f = &files[2];
	struct vmo *v;
	uint64_t w = 0;
	bool same = true;

	for (unsigned i = 0; i < FPAGES; i++)
		f->backing[i][0] = i + 1;
	VERIFY(vmo_create_vnode(20 * PAGE_SIZE, &slow_pager, f, &v) == 0);
	for (unsigned i = 0; i < 20; i++)
		same = same && vmo_read(v, i * PAGE_SIZE + word_at[0], &w, 8) == 0 && w == i + 1;
	ok(same && vmo_pages(v) == 20, "pages come from the pager");
	ok(clock_visit(v->back, 5) == 0 && vmo_pages(v) == 20, "used since the clock came by: they stay");
	same = vmo_read(v, 3 * PAGE_SIZE, &w, 8) == 0;
	w = 77;
	same = same && vmo_write(v, 4 * PAGE_SIZE + word_at[0], &w, 8) == 0;
	ok(same && clock_visit(v->back, 5) == 5 && vmo_pages(v) == 15, "as many as are wanted go");
	ok(clock_visit(v->back, 100) == 13 && vmo_pages(v) == 2, "all but the one that was used and the dirty one");
	ok(f->backing[4][0] == 5 && vmo_sync(v) == 0 && f->backing[4][0] == 77, "the dirty one is written back");
	ok(v->back->ndirty == 0 && v->back->nwriting == 0 && dirty_pages.value == 0, "and counted as clean");
	ok(vmo_reclaim(100) == 2 && vmo_pages(v) == 0, "then both go");
	for (unsigned i = 0; i < 20; i++)
		same = same && vmo_read(v, i * PAGE_SIZE + word_at[0], &w, 8) == 0 && w == (i == 4 ? 77 : i + 1);
	ok(same, "and all come again");
	vmo_unref(v);
	quiet();
}

/* --- snapshots of snapshots --- */

#define NVMOS	10u
#define VPAGES	90u
static struct {
	struct vmo *v;
	unsigned pages;
	uint64_t word[VPAGES];		/* of each page; 0 in what was never written */
} vmos[NVMOS];

static void
vmo_compare(unsigned k)
{
	for (unsigned i = 0; i < vmos[k].pages && good; i++) {
		uint64_t w = ~0ull;

		check(vmo_read(vmos[k].v, (uint64_t)i * PAGE_SIZE + 16, &w, 8) == 0 && w == vmos[k].word[i],
		    "vmo %u page %u: %llx, not %llx", k, i, (unsigned long long)w, (unsigned long long)vmos[k].word[i]);
	}
}

static void
vmo_op_snapshot(unsigned k)
{
	unsigned to = rnd(NVMOS), off = rnd(3) == 0 ? rnd(VPAGES) : 0, n = rnd(VPAGES);
	struct vmo *v;
	int error;

	if (to == k || vmos[to].v != NULL)
		return;
	fail_maybe();
	error = vmo_snapshot_range(vmos[k].v, (uint64_t)off * PAGE_SIZE, (uint64_t)n * PAGE_SIZE, &v);
	fail_done(error);
	if (error != 0)
		return;
	vmos[to].v = v;
	vmos[to].pages = n;
	for (unsigned i = 0; i < VPAGES; i++)
		vmos[to].word[i] = i < n && off + i < vmos[k].pages ? vmos[k].word[off + i] : 0;
}

static void
vmo_op(unsigned k)
{
	unsigned i = vmos[k].pages > 0 ? rnd(vmos[k].pages) : 0, n = vmos[k].pages > 0 ? rnd(vmos[k].pages - i) + 1 : 0;
	uint64_t w = random_u64() | 1;
	int error;

	switch (rnd(8)) {
	case 0:
		vmo_op_snapshot(k);
		break;
	case 1:
		error = vmo_decommit(vmos[k].v, (uint64_t)i * PAGE_SIZE, (uint64_t)n * PAGE_SIZE);
		check(error == 0, "decommit: %d", error);
		memset(&vmos[k].word[i], 0, n * sizeof(vmos[k].word[0]));
		break;
	case 2:
		n = rnd(VPAGES);
		check(vmo_set_size(vmos[k].v, (uint64_t)n * PAGE_SIZE) == 0, "set_size");
		for (unsigned j = n; j < VPAGES; j++)
			vmos[k].word[j] = 0;
		vmos[k].pages = n;
		break;
	case 3:
		if (n == 0)
			break;
		fail_maybe();
		error = vmo_commit(vmos[k].v, (uint64_t)i * PAGE_SIZE, (uint64_t)n * PAGE_SIZE);
		fail_done(error);
		check(error != 0 || vmo_pages_in(vmos[k].v, (uint64_t)i * PAGE_SIZE, (uint64_t)n * PAGE_SIZE) == n, "commit");
		break;
	case 4:
		if (rnd(6) == 0) {
			vmo_compare(k);
			vmo_unref(vmos[k].v);
			vmos[k].v = NULL;
		}
		break;
	default:
		if (n == 0)
			break;
		fail_maybe();
		error = vmo_write(vmos[k].v, (uint64_t)i * PAGE_SIZE + 16, &w, 8);
		fail_done(error);
		if (error == 0)
			vmos[k].word[i] = w;
	}
}

static void
test_snapshots(unsigned long long first, unsigned steps)
{
	uint64_t pages, objects;
	char what[80];

	quiet();
	pages = page_free_count();
	objects = live_objects();
	seed = first;
	good = true;
	for (step = 0; step < steps && good; step++) {
		unsigned k = rnd(NVMOS);

		if (vmos[k].v == NULL && rnd(10) == 0) {
			memset(&vmos[k], 0, sizeof(vmos[k]));
			vmos[k].pages = rnd(VPAGES);
			VERIFY(vmo_create((uint64_t)vmos[k].pages * PAGE_SIZE, &vmos[k].v) == 0);
		} else if (vmos[k].v != NULL) {
			vmo_op(k);
		}
		if (step % 512 == 0)
			for (unsigned i = 0; i < NVMOS; i++)
				if (vmos[i].v != NULL)
					vmo_compare(i);
	}
	for (unsigned i = 0; i < NVMOS; i++) {
		if (vmos[i].v != NULL)
			vmo_compare(i), vmo_unref(vmos[i].v);
		vmos[i].v = NULL;
	}
	quiet();
	check(live_objects() == objects, "objects left");
	check(page_free_count() == pages, "pages lost: %lld", (long long)(pages - page_free_count()));
	snprintf(what, sizeof(what), "snapshots of snapshots, seed %llu", first);
	ok(good, what);
}

/* --- regions --- */

#define RPAGES	192u
#define RBASE	0x60000000ull
#define NREGIONS 24u
static struct {
	struct region *r;		/* with a reference of ours; NULL: free */
	int parent;
	unsigned first, last;
	bool alive;
} tree[NREGIONS];
static struct { bool mapped; uint8_t prot; } rpage[RPAGES];

static bool
below(int k, int top)
{
	while (k >= 0 && k != top)
		k = tree[k].parent;
	return k == top;
}

/* The innermost living region around a page. */
static int
region_of(unsigned page)
{
	int best = -1;

	for (unsigned i = 0; i < NREGIONS; i++)
		if (tree[i].r != NULL && tree[i].alive && page >= tree[i].first && page < tree[i].last &&
		    (best < 0 || below((int)i, best)))
			best = (int)i;
	return best;
}

static bool
page_free_in(int k, unsigned page)
{
	return region_of(page) == k && !rpage[page].mapped;
}

static bool
run_exists(int k, unsigned n)
{
	unsigned run = 0;

	for (unsigned i = tree[k].first; i < tree[k].last; i++) {
		run = page_free_in(k, i) ? run + 1 : 0;
		if (run == n)
			return true;
	}
	return false;
}

static bool
pages_free(int k, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (!page_free_in(k, i))
			return false;
	return true;
}

static bool
range_own(int k, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (region_of(i) != k)
			return false;
	return true;
}

static unsigned
page_index(vaddr_t va)
{
	return (unsigned)((va - RBASE) >> PAGE_SHIFT);
}

static void
model_region(struct region *r, int parent, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < NREGIONS; i++)
		if (tree[i].r == NULL) {
			tree[i].r = r;
			tree[i].parent = parent;
			tree[i].first = first;
			tree[i].last = first + n;
			tree[i].alive = true;
			node_ref(&r->node);
			return;
		}
	panic("no slot");
}

static void
region_op_allocate(struct space *s, int k)
{
	unsigned width = tree[k].last - tree[k].first, n = rnd(width) / 2 + 1, first;
	struct region *r;
	vaddr_t at;
	unsigned used = 0;

	for (unsigned i = 0; i < NREGIONS; i++)
		used += tree[i].r != NULL;
	if (used == NREGIONS)
		return;
	if (rnd(2)) {
		at = space_place(s, tree[k].r, (vaddr_t)n << PAGE_SHIFT, rnd(2) ? MAPF_RANDOM : 0);
		check((at != 0) == run_exists(k, n), "a place for %u pages: %#lx", n, (unsigned long)at);
		if (at == 0)
			return;
		first = page_index(at);
		check(first >= tree[k].first && first + n <= tree[k].last && pages_free(k, first, n), "a bad place");
	} else {
		first = tree[k].first + rnd(width - n + 1);
		at = RBASE + ((vaddr_t)first << PAGE_SHIFT);
		check((region_hit(tree[k].r, at, at + ((vaddr_t)n << PAGE_SHIFT)) == NULL &&
		    space_range_free(s, at, at + ((vaddr_t)n << PAGE_SHIFT))) == pages_free(k, first, n), "what is free");
		if (!pages_free(k, first, n))
			return;
	}
	VERIFY(region_create(s, tree[k].r, at, at + ((vaddr_t)n << PAGE_SHIFT), 0, &r) == 0);
	model_region(r, k, first, n);
}

static void
region_op_map(struct space *s, int k, struct vmo *v)
{
	unsigned width = tree[k].last - tree[k].first, n = rnd(MIN(width, 9u)) + 1, first = tree[k].first + rnd(width - MIN(n, width) + 1);
	uint32_t flags = MAPF_SHARED, prot = rnd(2) ? 1 : 3;
	vaddr_t at = RBASE + ((vaddr_t)first << PAGE_SHIFT);
	struct mapping *m;
	int want = 0, error;

	if (n > width)
		return;
	switch (rnd(3)) {
	case 0:
		flags |= MAPF_FIXED | MAPF_NOREPLACE;
		want = pages_free(k, first, n) ? 0 : EEXIST;
		break;
	case 1:
		flags |= MAPF_FIXED;
		want = range_own(k, first, n) ? 0 : EINVAL;
		break;
	default:
		flags |= rnd(2) ? MAPF_RANDOM : 0;
		want = run_exists(k, n) ? 0 : ENOMEM;
	}
	m = space_mapping(s, prot, 3, flags);
	error = space_map_locked(s, tree[k].r, m, &at, (size_t)n << PAGE_SHIFT, v, (uint64_t)first << PAGE_SHIFT);
	check(error == want, "map of %u pages: %d, not %d", n, error, want);
	if (error != 0) {
		space_mapping_free(m);
		return;
	}
	first = page_index(at);
	check(range_own(k, first, n) && ((flags & MAPF_FIXED) || pages_free(k, first, n)), "mapped at a bad place");
	for (unsigned i = first; i < first + n; i++) {
		rpage[i].mapped = true;
		rpage[i].prot = (uint8_t)prot;
	}
}

static void
model_gone(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		rpage[i].mapped = false;
}

static void
region_op_unmap(struct space *s, int k)
{
	unsigned width = tree[k].last - tree[k].first, n = rnd(width) + 1, first = tree[k].first + rnd(width - n + 1);
	vaddr_t at = RBASE + ((vaddr_t)first << PAGE_SHIFT);
	int want = 0, error;

	for (unsigned i = 0; i < NREGIONS; i++)
		if (tree[i].r != NULL && tree[i].alive && tree[i].parent == k && tree[i].first < first + n &&
		    tree[i].last > first && (tree[i].first < first || tree[i].last > first + n))
			want = EINVAL;
	error = space_unmap_locked(s, tree[k].r, at, at + ((vaddr_t)n << PAGE_SHIFT));
	check(error == want, "unmap: %d, not %d", error, want);
	if (error != 0)
		return;
	for (unsigned i = 0; i < NREGIONS; i++)
		if (tree[i].r != NULL && (int)i != k && below((int)i, k) && tree[i].first >= first && tree[i].last <= first + n)
			tree[i].alive = false;
	model_gone(first, n);
}

static void
region_op_protect(struct space *s, int k)
{
	unsigned width = tree[k].last - tree[k].first, n = rnd(MIN(width, 12u)) + 1, first;
	uint32_t prot = rnd(4);
	vaddr_t at;
	int want = 0, error;

	n = MIN(n, width);
	first = tree[k].first + rnd(width - n + 1);
	at = RBASE + ((vaddr_t)first << PAGE_SHIFT);
	for (unsigned i = first; i < first + n; i++)
		if (!rpage[i].mapped)
			want = ENOENT;
	if (!range_own(k, first, n))
		want = EINVAL;
	error = space_protect_locked(s, tree[k].r, at, at + ((vaddr_t)n << PAGE_SHIFT), prot);
	check(error == want, "protect: %d, not %d", error, want);
	for (unsigned i = first; error == 0 && i < first + n; i++)
		rpage[i].prot = (uint8_t)prot;
}

static void
region_op_kill(struct space *s, int k)
{
	if (k == 0)
		return;
	check(space_unmap_locked(s, tree[k].r, tree[k].r->base, tree[k].r->end) == 0, "the end of a region");
	region_kill(s, tree[k].r);
	for (unsigned i = 0; i < NREGIONS; i++)
		if (tree[i].r != NULL && below((int)i, k))
			tree[i].alive = false;
	model_gone(tree[k].first, tree[k].last - tree[k].first);
}

static void
regions_compare(struct space *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RPAGES; i++) {
		vaddr_t va = RBASE + ((vaddr_t)i << PAGE_SHIFT);
		struct mapping *m = space_find(s, va);

		check((m != NULL) == rpage[i].mapped && (m == NULL || m->prot == rpage[i].prot), "page %u", i);
	}
	for (unsigned i = 0; i < NREGIONS; i++) {
		if (tree[i].r == NULL)
			continue;
		check((tree[i].r->space != NULL) == tree[i].alive, "region %u is not what it should be", i);
		n += tree[i].alive;
	}
	check(n == s->nregions, "%u regions, not %u", s->nregions, n);
}

/* A dead region's slot is free again once no dead or living one names it as parent. */
static void
regions_sweep(void)
{
	for (unsigned i = 1; i < NREGIONS; i++) {
		bool named = false;

		if (tree[i].r == NULL || tree[i].alive)
			continue;
		for (unsigned j = 0; j < NREGIONS; j++)
			named |= tree[j].r != NULL && tree[j].parent == (int)i;
		if (!named) {
			node_unref(&tree[i].r->node);
			tree[i].r = NULL;
		}
	}
}

static void
test_regions(unsigned long long first, unsigned steps)
{
	struct region *top;
	struct space *s;
	struct vmo *v;
	uint64_t objects;
	char what[80];

	quiet();
	objects = live_objects();
	seed = first;
	good = true;
	memset(rpage, 0, sizeof(rpage));
	VERIFY(space_create(&s) == 0 && vmo_create(RPAGES * PAGE_SIZE, &v) == 0);
	mutex_lock(&s->lock);
	VERIFY(region_create(s, NULL, USER_MIN, USER_MAX, 0, &s->regions) == 0);
	VERIFY(region_create(s, s->regions, RBASE, RBASE + RPAGES * PAGE_SIZE, 0, &top) == 0);
	model_region(top, -1, 0, RPAGES);
	for (step = 0; step < steps && good; step++) {
		int k = (int)rnd(NREGIONS);

		if (tree[k].r == NULL || !tree[k].alive)
			continue;
		switch (rnd(8)) {
		case 0: case 1: region_op_allocate(s, k); break;
		case 2: case 3: case 4: region_op_map(s, k, v); break;
		case 5: region_op_unmap(s, k); break;
		case 6: region_op_protect(s, k); break;
		default: if (rnd(4) == 0) region_op_kill(s, k); break;
		}
		regions_sweep();
		if (step % 64 == 0)
			regions_compare(s);
	}
	regions_compare(s);
	mutex_unlock(&s->lock);
	space_unref(s);
	for (unsigned i = 0; i < NREGIONS; i++) {
		if (tree[i].r == NULL)
			continue;
		check(tree[i].r->space == NULL, "the space's end leaves a region alive");
		node_unref(&tree[i].r->node);
		tree[i].r = NULL;
	}
	vmo_unref(v);
	quiet();
	check(live_objects() == objects, "objects left");
	snprintf(what, sizeof(what), "random regions, seed %llu", first);
	ok(good, what);
}

int
main(int argc, char **argv)
{
	unsigned long long first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 12;

	/* Three kinds of steps in twelve rounds: 10^6 together.  VM_STEPS=300000 is the long run (test/slow). */
	unsigned steps = getenv("VM_STEPS") != NULL ? (unsigned)strtoul(getenv("VM_STEPS"), NULL, 0) : 30000;

	seed = first;
	machine_init();
	test_buddies();
	test_zeroed();
	test_kmem();
	test_refusals();
	test_clock();
	test_placement();
	test_places();
	test_blank();
	test_dontfork();
	test_fork_refault();
	test_around();
	for (unsigned i = 0; i < rounds; i++) {
		test_random(first + i, steps);
		test_snapshots(first + i, steps);
		test_regions(first + i, steps);
	}
	return tap_done();
}
