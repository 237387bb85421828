#pragma once
/* What the files of vm share: VMOs, mappings, spaces; nobody else includes this. */
#include "kern/account.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"
#include "mach/atomic.h"
#include "mach/pmap.h"
#include "vm/page.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/window.h"

enum vmo_kind { VMO_ANON, VMO_VNODE, VMO_OVERLAY };

/* Functions of the fault path, without buffers on their stack, do without a canary. */
#define NO_CANARY	__attribute__((no_stack_protector))

#define TWIG_BITS	5u
#define TWIG_SLOTS	(1u << TWIG_BITS)

struct backing;

struct twig {
	uint32_t refs;			/* [a] */
	uint32_t used;			/* [v] slots that are not NULL */
	void *slot[TWIG_SLOTS];		/* [v] twigs, in the lowest level pages */
};

/* The largest object: what 7 levels of the tree and half of an address space can hold. */
#define VMO_SIZE_MAX	((uint64_t)1 << 47)

/* Letters: I immutable, a atomic, v the vmo's lock, s the space's lock, f the forking space's. */
struct vmo {
	struct spin lock;
	struct account *account;	/* [I] whose its pages are, but a file's; referenced */
	uint32_t refs;			/* [a] */
	uint8_t kind;			/* [I] enum vmo_kind */
	uint8_t height;			/* [v] levels of twigs; 0: root is the page of index 0 */
	bool zero_mapped;		/* [v] the page of zeros may be mapped for a hole */
	bool segment;			/* [I] of System V shared memory: what shmdt may detach */
	void *root;			/* [v] struct twig or struct page, or NULL */
	uint64_t size;			/* [v; read anywhere] bytes */
	uint64_t npages;		/* [v] in the tree */
	struct twig *leaf;		/* [v] the last one that was written through, or NULL */
	uint64_t leaf_number;		/* [v] index / 32 of it */

	struct list maps;		/* [v] mappings of it, by vmo_link */
	struct list over_maps;		/* [v] of a vnode's: mappings of its overlays, by under_link */
	uint32_t nmaps;			/* [v] length of maps */
	uint32_t nsingle;		/* [v] of them, with MAPF_SINGLE */
	struct space *single;		/* [v] whose they are */

	struct vmo *under;		/* [I] of an overlay: the vnode's, referenced */
	const struct vmo_pager *pager;	/* [I] */
	void *cookie;			/* [I] */
	struct vmo_id *id;		/* [I] what makes it an object with a koid: vmonode.c; or NULL */
	struct vmo *clone;		/* [f] the child's, while fork goes on */
	struct backing *back;		/* [I] with a pager that takes pages back: pager.c */
};

/*
 * A mapping: [start, end) of a space shows vmo from off.  A stack may grow down to lo + STACK_GUARD;
 * for all others lo == start.  The geometry changes under the space's lock and the locks of vmo and
 * vmo->under, so that either is enough to read it.
 */
struct mapping {
	struct mapping *left, *right, *parent;	/* [s] the tree, by address */
	uint32_t weight;			/* [s] heap order: a treap */
	uint8_t prot, max;			/* [s] VM_* now, and at most */
	uint16_t flags;				/* [s] MAPF_SHARED, STACK, DONTFORK */
	vaddr_t lo, start, end;			/* [s + v] */
	vaddr_t gap, max_gap;			/* [s] free bytes below lo; a bound of the subtree's */
	struct list link;			/* [s] all mappings by address */
	struct space *space;			/* [I] */
	struct vmo *vmo;			/* [I] referenced */
	uint64_t off;				/* [s + v] of start */
	struct list vmo_link;			/* [vmo's lock] */
	struct list under_link;			/* [under's lock] */
};
#define STACK_GUARD	((vaddr_t)1 << 20)
#define STACK_FIRST	((vaddr_t)128 << 10)	/* mapped at once; the rest by growing */

struct space {
	struct pmap pmap;		/* first: space_activate() */
	uint32_t refs;			/* [a] */
	struct mutex lock;
	struct mapping *root;		/* [s] */
	struct mapping *hint;		/* [s] found last */
	struct mapping *fit;		/* [s] below it was the last place, or NULL ... */
	vaddr_t fit_len;		/* [s] ... and no gap between it and mmap_top has that many bytes */
	struct list maps;		/* [s] */
	uint32_t nmaps;			/* [s] */
	uint64_t size;			/* [s] bytes mapped */
	vaddr_t mmap_top;		/* [I] mappings are placed below */
	vaddr_t brk_start, brk;		/* [s] */
	struct vmo *heap;		/* [s] what the next brk extends; not referenced */
	vaddr_t window;			/* [I once it runs] start, or 0: window.c */
	bool window_seen;		/* [s] its page tables may show it */
	uint64_t limit_as, limit_stack;	/* [s] bytes: RLIMIT_AS, RLIMIT_STACK */
	uint16_t lock_future;		/* [s] MAPF_LOCKED for new mappings (mlockall), or 0 */
	bool lock_present;		/* [s] and their pages are made present */
	uint64_t limit_lock;		/* [s] bytes that mlockall may lock: its RLIMIT_MEMLOCK */
	struct region *regions;		/* [s] the root, once somebody asked for it */
	uint32_t nregions;		/* [s] below the root */
};

/*
 * What private anonymous mappings show that nobody touched: see 5 of space.c.  Not in its lists, and
 * no reference of theirs.
 */
extern struct vmo vmo_blank;
extern struct page *zero_page;		/* [I] mapped read-only for what was never written */

static inline uint64_t
vmo_page_count(const struct vmo *v)
{
	return (__atomic_load_n(&v->size, __ATOMIC_RELAXED) + PAGE_MASK) >> PAGE_SHIFT;
}

static inline uint64_t
mapping_index(const struct mapping *m, vaddr_t va)
{
	return (m->off + (va - m->start)) >> PAGE_SHIFT;
}

/* A frame that is charged to the account. */
static inline __attribute__((always_inline)) struct page *
vmo_page_make(struct account *a, uint32_t flags)
{
	struct page *p;

	if (unlikely(!account_take(a, CHARGE_PAGES, 1)))
		return NULL;
	p = page_alloc(PAGE_VMO, flags);
	if (unlikely(p == NULL))
		account_give(a, CHARGE_PAGES, 1);
	else
		p->account = a;
	return p;
}

/*
 * vmo_commit_locked() for the commonest case, a first write beside the last one: the page of zeros
 * that it makes, or NULL when the case is another.
 */
static inline struct page *
vmo_commit_quick(struct vmo *v, uint64_t index)
{
	struct twig *leaf = v->leaf;
	struct page *p;
	void **slot;

	if (leaf == NULL || v->leaf_number != index >> TWIG_BITS || v->kind != VMO_ANON || v->zero_mapped ||
	    index >= vmo_page_count(v))
		return NULL;
	slot = &leaf->slot[index & (TWIG_SLOTS - 1)];
	if (*slot != NULL || (p = vmo_page_make(v->account, PAGE_ZERO)) == NULL)
		return NULL;
	*slot = p;
	leaf->used++;
	v->npages++;
	return p;
}

/* The page at index in its own tree, or NULL.  *shared: writing needs a copy of it or of the way. */
struct page *vmo_page_locked(struct vmo *, uint64_t index, bool *shared);
/* The same for a vnode's, asking a direct pager.  *fetch: it must be fetched without the lock. */
int vmo_vnode_page_locked(struct vmo *, uint64_t index, struct page **, bool *shared);
/*
 * A page of its own at index, for writing.  Other mappings than `by' forget what they saw there.
 * ENOMEM, ENXIO, EAGAIN: vmo_fetch() first (of the vnode's).
 */
int vmo_commit_locked(struct vmo *, uint64_t index, const struct mapping *by, struct page **)
    __must_check;
/* vmo_pin(), for one who will ask for `want' pages from there on. */
int vmo_pin_ahead(struct vmo *, uint64_t index, unsigned want, struct page **) __must_check;
/*
 * There was no memory.  For pages of a disk it is worth to be patient: what is clean can be taken, what is
 * dirty becomes clean, and who eats the rest is killed.  False: give up.  *tries: 0 at first.
 */
bool vmo_disk_wait(struct vmo *, unsigned *tries) __must_check;
/* Asks the pager, for up to `want' pages from there on if that costs little.  No locks. */
int vmo_fetch(struct vmo *vnode, uint64_t index, unsigned want) __must_check;
/* Puts a page that the pager gave (with its reference) into the tree, unless one is there. */
int vmo_insert_locked(struct vmo *, uint64_t index, struct page *) __must_check;
/* pager.c: vmo_fetch() of a pager that fills pages. */
int backing_fetch(struct vmo *vnode, uint64_t index, unsigned want) __must_check;
/* The first page at or after *index; moves *index there. */
struct page *vmo_next_page(struct vmo *, uint64_t *index);
/* Forgets the pages [first, last), which nobody may see any more. */
int vmo_remove_locked(struct vmo *, uint64_t first, uint64_t last) __must_check;
/* A new one of this kind, without pages.  EFBIG, ENOMEM. */
int vmo_make(enum vmo_kind, uint64_t size, struct vmo **out) __must_check;

static inline void
vmo_page_pin(struct page *p)		/* in the tree of a locked vmo */
{
	if (p->use == PAGE_VMO)
		atomic_add(&p->word, 1);
	page_ref(p);
}

/* The part of a mapping that shows pages [first, last). */
static inline bool
vmo_mapping_part(const struct mapping *m, uint64_t first, uint64_t last, vaddr_t *start, vaddr_t *end)
{
	uint64_t low = m->off >> PAGE_SHIFT, high = low + ((m->end - m->start) >> PAGE_SHIFT);

	first = MAX(first, low);
	last = MIN(last, high);
	if (first >= last)
		return false;
	*start = m->start + (vaddr_t)((first - low) << PAGE_SHIFT);
	*end = m->start + (vaddr_t)((last - low) << PAGE_SHIFT);
	return true;
}

/* snapshot.c: a clone for fork, whose page tables write-protect the source; `space' is the forking one. */
int vmo_clone(struct vmo *, const struct space *, struct vmo **) __must_check;

/* rmap.c */
void vmo_attach(struct mapping *);
void vmo_detach(struct mapping *);
/* Whether a space may map it beside those who do; `single': and be the only one. */
bool vmo_admits(struct vmo *, const struct space *, bool single);
/* The mapping moves its borders. */
void vmo_reshape(struct mapping *, vaddr_t lo, vaddr_t start, vaddr_t end);
/* Nobody but `by' sees pages [first, last) any more, until they fault. */
void vmo_unmap_locked(struct vmo *, uint64_t first, uint64_t last, const struct mapping *by);
/* Nobody writes to its pages any more, until they fault. */
void vmo_protect_locked(struct vmo *);

/* No page table can have an entry from it. */
static inline bool
vmo_unseen(const struct vmo *v)
{
	return v->kind == VMO_ANON && v->npages == 0 && !v->zero_mapped;
}
/* Nobody else can reach the vmo: forgets the pages of a range that is not mapped any more. */
int vmo_forget(struct vmo *, uint64_t off, uint64_t len) __must_check;

/* window.c for space.c and fault.c */
static inline bool
window_hits(const struct space *s, vaddr_t start, vaddr_t end)
{
	return s->window != 0 && start < s->window + window_len && end > s->window;
}
int window_fault(struct space *, vaddr_t, uint32_t access) __must_check;
void window_drop(struct space *);	/* at the end */
struct vmo *window_vmo(const struct space *, vaddr_t, uint64_t *index);	/* referenced, or NULL */
bool window_info(const struct space *, struct space_info *);
/* vmonode.c: the last reference on a VMO with an identity is gone. */
void vmo_id_end(struct vmo_id *);
/* Gives a VMO that nobody else has seen its identity. */
void vmo_set_id(struct vmo *, struct vmo_id *);
/* Whether a program can change its size; a file's can be. */
bool vmo_resizable(const struct vmo *);

/* treap.c */
struct mapping *space_find_from(const struct space *, vaddr_t);	/* the first that ends above */
struct mapping *space_find(struct space *, vaddr_t);	/* holds it between lo and end */

/* space.c for fault.c and advice.c */
int space_grow_stack(struct space *, struct mapping *, vaddr_t) __must_check;
/* A blank mapping gets a VMO.  ENOMEM. */
int mapping_back(struct mapping *) __must_check;
/* fault.c for advice.c and vmar.c: no killing. */
int space_fault_once(struct space *, vaddr_t, uint32_t access) __must_check;

/* More of space.c, for vmar.c; the space's lock is held.  region NULL: the root. */
#define MAPF_RANDOM	0x40u	/* anywhere in the region, not as high as possible */
int space_map_locked(struct space *, struct region *, struct mapping *, vaddr_t *addr, size_t len, struct vmo *,
    uint64_t off) __must_check;
struct mapping *space_mapping(struct space *, uint32_t prot, uint32_t max, uint32_t flags) __must_check;
void space_mapping_free(struct mapping *);	/* one that was not mapped */
/* EINVAL when a region below is touched in part; those inside are destroyed. */
int space_unmap_locked(struct space *, struct region *, vaddr_t start, vaddr_t end) __must_check;
/* EINVAL when a region below is touched; ENOENT where nothing is mapped; EACCES. */
int space_protect_locked(struct space *, struct region *, vaddr_t start, vaddr_t end, uint32_t prot)
    __must_check;	/* protect.c */
/* advice.c: whether so much more may be locked, under mlockall; the space's lock is held. */
bool space_lock_room(const struct space *, size_t);
/* Of new heap: makes present what can be. */
void space_lock_heap(struct space *, vaddr_t, size_t);
/* A free place inside of the region; flags: MAPF_RANDOM.  0: none. */
vaddr_t space_place(const struct space *, const struct region *, vaddr_t len, uint32_t flags);
bool space_range_free(const struct space *, vaddr_t start, vaddr_t end);	/* of mappings */
