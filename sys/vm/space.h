#pragma once
/*
 * Address spaces: a tree of regions and mappings (VMAR) over one pmap.  mmap, brk, fork, exec and
 * the fault path are fronts over it.  All calls take the space's sleeping lock themselves.
 */
#include "kern/types.h"
#include "mach/pmap.h"

struct space;
struct vmo;

void space_seen(struct space *);	/* all that it is made of and shows; debug kernels (kern/owner.h) */

#define VM_READ		1u
#define VM_WRITE	2u
#define VM_EXEC		4u
#define VM_WX		8u	/* to space_protect: W and X at once are wanted, and policy allows it */

#define MAPF_FIXED	0x01u	/* exactly there, replacing what is there */
#define MAPF_NOREPLACE	0x02u	/* with FIXED: EEXIST when something is there */
#define MAPF_SHARED	0x04u	/* inherited shared by fork; else snapshotted */
#define MAPF_STACK	0x08u	/* grows down inside of its reservation, guard below */
#define MAPF_DONTFORK	0x10u
#define MAPF_WX		0x20u	/* writable and executable at once is wanted, and allowed by policy */

#define MAPF_SEQUENTIAL	0x80u	/* read in order: more is shown ahead */
#define MAPF_RANDOM_USE	0x100u	/* read here and there: nothing is */
#define MAPF_SINGLE	0x200u	/* no other process may have the object mapped meanwhile: EBUSY */
#define MAPF_LOCKED	0x400u	/* its pages stay */
#define MAPF_LOCKING	0x800u	/* mlockall is at work on it */

#define USER_MIN	((vaddr_t)0x10000)	/* nothing below is ever mappable */

int space_create(struct space **out) __must_check;
/* Snapshots private mappings, shares shared ones and the last-level page tables. */
int space_fork(struct space *parent, struct space **out) __must_check;
void space_ref(struct space *);
bool space_try_ref(struct space *) __must_check;	/* false: it is ending */
void space_unref(struct space *);
/* Called by the switch; NULL: kernel only.  A space begins with its pmap. */
static inline void
space_activate(struct space *s)
{
	pmap_activate((struct pmap *)(void *)s);
}

/*
 * Maps `len' bytes (rounded to pages) of vmo from page-aligned `off'; takes its own reference.  vmo NULL:
 * private memory of zeros, whose VMO is made when it is touched (off is 0 then).
 * *addr in: hint or exact place, out: where.  max: what protect may ever give.  Placement is
 * random unless ASLR is off.  W+X together without MAPF_WX: EACCES.
 * EINVAL, ENOMEM, EEXIST, EACCES.
 */
int space_map(struct space *, vaddr_t *addr, size_t len, uint32_t prot, uint32_t max, uint32_t flags,
    struct vmo *, uint64_t off) __must_check;
/* The same for private memory of zeros, anywhere; len is not 0 and at most half of SIZE_MAX. */
int space_map_zeros(struct space *, size_t len, uint32_t prot, vaddr_t *addr) __must_check;
int space_unmap(struct space *, vaddr_t, size_t) __must_check;
int space_protect(struct space *, vaddr_t, size_t, uint32_t prot) __must_check;
/* The heap: exec says where it starts; brk(0) asks.  It grows to `most' bytes. */
void space_set_brk(struct space *, vaddr_t start);
int space_brk(struct space *, vaddr_t want, uint64_t most, vaddr_t *now) __must_check;
/* Makes pages present so that a later access cannot fail for want of memory (exec's stack). */
int space_populate(struct space *, vaddr_t, size_t) __must_check;

/*
 * The fault path.  access is VM_READ/WRITE/EXEC.  0: retry the instruction.  Otherwise an errno:
 * EFAULT (no mapping: SEGV_MAPERR), EACCES (SEGV_ACCERR), ENXIO (beyond the file: SIGBUS BUS_ADRERR),
 * ENOMEM (SIGKILL or SIGBUS by policy), ERESTART.
 */
int space_fault(struct space *, vaddr_t, uint32_t access) __must_check;

/* Other processes' memory (procfs, core): through the VMOs, never through page tables. */
int space_read(struct space *, vaddr_t, void *, size_t, size_t *done) __must_check;
/* EACCES where the mapping may never be written: program text is the file's own pages. */
int space_write(struct space *, vaddr_t, const void *, size_t, size_t *done) __must_check;

/*
 * What the word at an address is known by, in whichever process it is looked at: shared memory by its
 * VMO (*shared, referenced) and the offset there, all else by the space and the address (*shared NULL).
 * EFAULT where nothing can be read.
 */
int space_word_key(struct space *, vaddr_t, struct vmo **shared, uint64_t *off) __must_check;
/* Whether the caller's job lets memory be writable and executable at once. */
bool wx_allowed(void);
/*
 * The root region, with a use for the caller: what a handle to the whole space names.  A space that
 * was just created has nothing in it but this.
 */
struct node;
int vmar_root(struct space *, struct node **out) __must_check;

struct space_info {
	vaddr_t start, end;
	uint32_t prot, max, flags;
	struct vmo *vmo;	/* referenced; the caller unrefs */
	uint64_t off;
	const char *what;	/* "[heap]", "[stack]", "" */
};
/* The first mapping that ends above `from'; ENOENT at the end. */
int space_next(struct space *, vaddr_t from, struct space_info *) __must_check;
uint64_t space_size(struct space *);	/* bytes mapped, for RLIMIT_AS */
uint64_t space_resident(struct space *);	/* bytes its page tables show */
/* Bytes that its end would free; a page of k users counts as a k-th.  Walks all it has. */
uint64_t space_charged(struct space *);
/* A random distance in pages * PAGE_SIZE for exec's placements: 28 bits, or 0 with ASLR off. */
vaddr_t space_random(void);
/* Bytes below the end of a stack that may be touched: RLIMIT_STACK, set by exec and setrlimit. */
void space_set_limits(struct space *, uint64_t as, uint64_t stack);
/* msync, madvise, mlock, mincore.  ENOMEM where something is not mapped. */
int space_check(struct space *, vaddr_t, size_t) __must_check;
/* Writes back what is dirty of the files there; without `wait' it only starts. */
int space_sync(struct space *, vaddr_t, size_t, bool wait) __must_check;
bool space_locked_in(struct space *, vaddr_t, size_t);	/* anything in it has MAPF_LOCKED */
/* Changes MAPF_* of what is mapped in the range; ENOMEM where nothing is. */
int space_advise(struct space *, vaddr_t, size_t, uint32_t clear, uint32_t set) __must_check;
/* Bytes from addr to the end of the mapping that shows it; false: none does. */
bool space_mapped_at(struct space *, vaddr_t, size_t *len);
uint64_t space_locked(struct space *);	/* bytes with MAPF_LOCKED */
/*
 * mlockall: `now' what is mapped, `future' what will be, at most `most' bytes together; `present': and
 * makes all pages present.  ENOMEM: too much; EAGAIN: no memory for it.  Nothing is changed then.
 */
int space_lock_all(struct space *, bool now, bool future, bool present, uint64_t most) __must_check;
void space_unlock_all(struct space *);
/* Of a new range under mlockall: makes its pages present; EAGAIN. */
int space_lock_new(struct space *, vaddr_t, size_t) __must_check;
/* Makes present what can be; a help, so nothing fails. */
void space_will_need(struct space *, vaddr_t, size_t);
int space_discard(struct space *, vaddr_t, size_t) __must_check;
int space_in_core(struct space *, vaddr_t, bool *) __must_check;
/* Name of the file behind a VMO for /proc/PID/maps: set by fs. */
extern int (*vmo_path_hook)(struct vmo *, char *buf, size_t size);
