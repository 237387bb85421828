#pragma once
/*
 * What pager.c (pages that come from a device and go back there) and flusher.c (when they go back)
 * give to the rest of vm; others use vm/vmo.h.
 */
#include "kern/list.h"
#include "kern/types.h"
#include "vm/vmo_impl.h"

#define FETCH_MOST	16u	/* pages one call of a pager moves */

/*
 * Of a VMO whose pager takes pages back: what is dirty, and what goes on.
 * Letters: v the vmo's lock, r reclaim_lock, a atomic, I immutable.
 */
struct backing {
	struct vmo *vmo;		/* [I] */
	struct list link;		/* [r] all of them */
	uint64_t hand;			/* [r] where the clock goes on */
	uint32_t round[2];		/* [r] of the flusher's and of sync's walk: the last that came by */
	uint32_t hurry;			/* [a] the next round takes it, however young its dirt is */
	uint64_t ndirty, nwriting;	/* [v; read anywhere] pages */
	uint64_t low, high;		/* [v] both are inside of [low, high) */
	nsec_t since;			/* [v; read anywhere] when the oldest became dirty */
	int error;			/* [v] of a write that nobody was told of yet */
	struct list fetches;		/* [v] struct fetch: reads in progress */
	uint64_t fetch_next;		/* [v] where the last one ended */
};

extern struct spin reclaim_lock;
extern struct list reclaim_list;	/* [reclaim_lock] struct backing */

int backing_create(struct vmo *) __must_check;
/* The last reference is gone: forgets. */
void backing_destroy(struct vmo *);
/* The page at index of v is going to be written to, or was just now; v is locked. */
void backing_dirty(struct vmo *, uint64_t index, struct page *);
/* Before pages from `first' on are removed: false, with the lock dropped meanwhile, when it had to wait. */
bool backing_cut(struct vmo *, uint64_t first) __must_check;
/* Writes dirty pages of [first, last) back; `wait': also until those that others write are written.
 * The errors are kept in the backing; EINTR: the caller is to die. */
int backing_write(struct vmo *, uint64_t first, uint64_t last, bool wait) __must_check;

static inline bool
page_tracked(const struct vmo *v)
{
	return v->back != NULL;
}

static inline void
page_dirty(struct vmo *v, uint64_t index, struct page *p)
{
	if (unlikely(v->back != NULL))
		backing_dirty(v, index, p);
}

/* Files without a pager to write to fill memory for good: they leave some to processes. */
static inline uint32_t
page_share(const struct vmo *v)
{
	return v->kind == VMO_VNODE && v->back == NULL ? PAGE_FILE : 0;
}

/* flusher.c */
extern uint64_t dirty_limit;		/* [a] pages: who makes more dirty waits */
extern struct kstat dirty_pages;	/* dirty or being written */
bool dirty_wait(void);			/* false: the caller is to die */
void flusher_wake(void);
void flusher_note(void);		/* one more is dirty */
/* A page was written, or could not be: who waits looks again. */
void flusher_progress(void);

static inline bool
dirty_over(void)
{
	return __atomic_load_n(&dirty_pages.value, __ATOMIC_RELAXED) > __atomic_load_n(&dirty_limit, __ATOMIC_RELAXED);
}
