#pragma once
/*
 * Arenas: where integers come from that are given out and taken back.  Two shapes of one idea:
 *
 *	struct arena	ranges of a large space (addresses): any length, first fit
 *	struct ids	single numbers of a small one (pids, units): a bit each, no memory is ever needed
 *
 * Numbers that are never given out again (koids, thread ids) are counters and no arenas.
 */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"

struct arena {
	struct spin lock;
	struct list pieces;		/* [lock] what is free: sorted, no two touch */
};
/* Of [start, end), start > 0. */
void arena_init(struct arena *, uint64_t start, uint64_t end);
uint64_t arena_alloc(struct arena *, uint64_t size) __must_check;	/* the lowest place; 0: none is left */
void arena_free(struct arena *, uint64_t start, uint64_t size);
void arena_hold(struct arena *);	/* debug: for functions of HOLDS() */

/* No lock: the owner's covers it. */
struct ids {
	uint64_t *taken;		/* a bit a number */
	uint32_t low, high;		/* [I] the first and the last */
	uint32_t last;			/* what ids_next() gave */
};
#define IDS(var, first, end) \
	static uint64_t var##_bits[(end) / 64 + 1]; \
	static struct ids var = { .taken = var##_bits, .low = (first), .high = (end), .last = (end) }

bool ids_lowest(struct ids *, uint32_t *out) __must_check;	/* false: all are taken */
bool ids_next(struct ids *, uint32_t *out) __must_check;	/* what was given back comes again as late as can be */
void ids_put(struct ids *, uint32_t);
