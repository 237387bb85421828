#pragma once
/*
 * The layout of the descriptor table, and the lookups that nearly every call makes: inline, so that kind and
 * rights are constants in them.  See kern/desc.c and kern/lookup.c for the theory.
 *
 * Budget of a lookup: 26 instructions by handle value, 20 by index, of which 3 are the lock, 1 the count of the
 * node; more for a process that has had more than DESC_CHUNK slots of the range at a time.
 */
#include "kern/desc.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/thr.h"
#include <abi/rights.h>

#define DESC_CHUNK		64u
#define DESC_NCHUNK		(DESC_MAX / DESC_CHUNK + 1)
#define DESC_PAGE_CHUNKS	64u		/* chunk pointers a directory page */
#define DESC_NPAGE		(DESC_NCHUNK / DESC_PAGE_CHUNKS + 1)
#define DESC_GEN_SHIFT	18
#define DESC_GEN_MAX		8191u

struct desc {
	struct node *node;		/* [t] NULL: free or reserved */
	uint32_t rights;		/* [t] */
	uint16_t flags;			/* [t] DESC_CLOEXEC */
	uint16_t gen;			/* [t] 1..DESC_GEN_MAX */
	uint32_t next_free;		/* [t] native FIFO */
};

struct desc_chunk {
	uint64_t used;			/* [t] reserved or published */
	struct desc slot[DESC_CHUNK];
};

struct desc_page {
	uint64_t map;			/* [t] chunks that exist */
	struct desc_chunk *chunk[DESC_PAGE_CHUNKS];	/* [t] */
};

struct desc_selfslot {
	uint32_t rights;		/* [t] */
	bool empty;			/* [t] closed: for good */
	bool waited;			/* [t] a wait was made through it */
	uint16_t gen;			/* [t] what such a wait looks at */
};

struct desctab {
	struct spin lock;		/* t */
	struct account *account;	/* [I] whose the slots are, referenced */
	uint32_t posix_hint;		/* [t] no free POSIX slot below */
	uint32_t native_top;		/* [t] native slots ever used */
	uint32_t native_used;		/* [t] */
	uint32_t free_head, free_tail;	/* [t] FIFO of freed native slots */
	struct desc *first[2];		/* [t] the first chunk of either range, or an empty one: most slots are there */
	struct desc *far;		/* [t] what desc_far() found */
	uint64_t pages[(DESC_NPAGE + 63) / 64];	/* [t] directory pages that exist */
	struct desc_selfslot self[DESC_NSELF];	/* [t] */
	struct desc_page *dir[DESC_NPAGE];	/* [t] */
};
_Static_assert(DESC_INDEX_MASK < DESC_NPAGE * DESC_PAGE_CHUNKS * DESC_CHUNK, "any index is in the directory");

static inline struct desctab *
desctab_mine(void)
{
	return proc_self()->p_desc;
}

void desc_far(struct desctab *, uint32_t h) __rare;	/* t->far: the slot wherever it is, or NULL */

static inline struct desc *
desc_find_handle(struct desctab *t, uint32_t h)
{
	uint32_t at = h - 1 - DESC_POSIX_MAX;	/* in the native range; the generation stands above */
	struct desc *d;

	if (likely((at & DESC_INDEX_MASK & ~(DESC_CHUNK - 1)) == 0)) {
		d = &t->first[DESC_NATIVE][at % DESC_CHUNK];
	} else {
		desc_far(t, h);
		if ((d = t->far) == NULL)
			return NULL;
	}
	/* Bit 31 and an index without a generation match none. */
	return likely(d->gen == h >> DESC_GEN_SHIFT && d->node != NULL) ? d : NULL;
}

/* The slot's node, if it is of that kind and the slot has those rights; the lock is held. */
static inline __attribute__((always_inline)) struct node *
desc_node(const struct desc *d, enum node_kind kind, uint32_t rights)
{
	if (unlikely((kind != NODE_ANY && d->node->kind != kind) || (d->rights & rights) != rights))
		return NULL;
	return d->node;
}

/* The node of a live slot of that kind and with those rights, with a use; NULL: the long way. */
static inline __attribute__((always_inline)) struct node *
desc_use(uint32_t num, enum node_kind kind, uint32_t rights)
{
	struct desctab *t = desctab_mine();
	const struct desc *d;
	struct node *n;

	if (unlikely(num >= DESC_CHUNK))
		return NULL;
	spin_lock(&t->lock);
	d = &t->first[DESC_POSIX][num];
	n = likely(d->node != NULL) ? desc_node(d, kind, rights) : NULL;
	if (likely(n != NULL))
		node_use_more(n);
	spin_unlock(&t->lock);
	return n;
}

/* The same by a handle value. */
static inline __attribute__((always_inline)) struct node *
handle_use(uint32_t h, enum node_kind kind, uint32_t rights, struct via *via)
{
	struct desctab *t = desctab_mine();
	struct node *n;
	struct desc *d;

	spin_lock(&t->lock);
	d = desc_find_handle(t, h);
	n = likely(d != NULL) ? desc_node(d, kind, rights) : NULL;
	if (unlikely(n == NULL)) {
		spin_unlock(&t->lock);
		return NULL;
	}
	node_use_more(n);
	if (via != NULL) {
		via->gen = &d->gen;
		via->was = (uint16_t)(h >> DESC_GEN_SHIFT);
	}
	spin_unlock(&t->lock);
	return n;
}

/* The long ways; what they fill in is not the caller's own, which need not be in memory then. */
int handle_get_other(uint32_t h, enum node_kind, uint32_t rights, struct node **) __must_check;
int handle_get_via_other(uint32_t h, enum node_kind, uint32_t rights, struct node **, struct via *) __must_check;
int handle_get_wait_other(uint32_t h, struct node **, struct via *) __must_check;

/* The POSIX face: the current process's slot `num', index or handle value, with a use the caller must drop
 * by node_unuse().  EHANDLE, EWRONGTYPE, ERIGHTS. */
static inline __attribute__((always_inline)) int __must_check
desc_get(uint32_t num, enum node_kind kind, uint32_t rights, struct node **out)
{
	struct node *n = desc_use(num, kind, rights);

	if (unlikely(n == NULL)) {
		struct node *other = NULL;
		int error = desc_get_slot(num, kind, rights, &other, NULL, NULL);

		*out = other;
		return error;
	}
	*out = n;
	return 0;
}

/*
 * A look at many slots without references (poll's scan): between desc_scan_begin and desc_scan_end the
 * table's spin lock is held, and what desc_scan_find returns is good until then.  NULL: no such
 * slot, or a right is missing.
 */
struct desc_scan {
	struct desctab *table;
	const struct desc *slots;	/* the chunk that was looked into last */
	uint32_t base;			/* index of its first slot */
};

static inline void
desc_scan_begin(struct desc_scan *s)
{
	struct desctab *t = desctab_mine();

	spin_lock(&t->lock);
	*s = (struct desc_scan){ .table = t, .slots = t->first[DESC_POSIX] };
}

const struct desc *desc_scan_other(struct desc_scan *, uint32_t num);	/* not in the last chunk */

static inline struct node *
desc_scan_find(struct desc_scan *s, uint32_t num, uint32_t rights, uint32_t *slot_rights)
{
	uint32_t at = num - s->base;
	const struct desc *d = likely(at < DESC_CHUNK) ? &s->slots[at] : desc_scan_other(s, num);

	if (d == NULL || d->node == NULL || (d->rights & rights) != rights)
		return NULL;
	*slot_rights = d->rights;
	return d->node;
}

static inline void
desc_scan_end(struct desc_scan *s)
{
	spin_unlock(&s->table->lock);
}

/* The native face: only a handle value names a slot, so 0 and small integers never do. */
static inline __attribute__((always_inline)) int __must_check
handle_get(uint32_t h, enum node_kind kind, uint32_t rights, struct node **out)
{
	struct node *n = handle_use(h, kind, rights, NULL);

	if (unlikely(n == NULL)) {
		struct node *other = NULL;
		int error = handle_get_other(h, kind, rights, &other);

		*out = other;
		return error;
	}
	*out = n;
	return 0;
}

/* Of one kind, for a call that is a native wait as well. */
static inline __attribute__((always_inline)) int __must_check
handle_get_via(uint32_t h, enum node_kind kind, uint32_t rights, struct node **out, struct via *via)
{
	struct node *n = handle_use(h, kind, rights, via);

	if (unlikely(n == NULL)) {
		struct node *other = NULL;
		struct via slot = { .gen = NULL };
		int error = handle_get_via_other(h, kind, rights, &other, &slot);

		*out = other;
		*via = slot;
		return error;
	}
	*out = n;
	return 0;
}

/* For a native wait: the node with a use, and the slot that the wait is made through.  ENOTSUP for a
 * kind that cannot be waited for, before ERIGHTS. */
static inline __attribute__((always_inline)) int __must_check
handle_get_wait(uint32_t h, struct node **out, struct via *via)
{
	struct node *n = handle_use(h, NODE_ANY, RIGHT_WAIT, via);

	if (unlikely(n == NULL)) {
		struct node *other = NULL;
		struct via slot = { .gen = NULL };
		int error = handle_get_wait_other(h, &other, &slot);

		*out = other;
		*via = slot;
		return error;
	}
	if (unlikely(!node_waitable(n))) {
		node_unuse(n);
		return ENOTSUP;
	}
	*out = n;
	return 0;
}
