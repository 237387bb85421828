/*
 * Arenas of integers.
 *
 * 1. Ranges.  What is free is a list of pieces, sorted by place and joined when they meet, so it is a handful
 *    long however much was taken and given back.  Allocation is first fit from the low end: what is
 *    returned is used again first, and the rest stays whole.
 *
 * 2. A range that comes back between two that are in use needs a piece of its own, and so memory.  Giving
 *    back cannot fail: without memory the range is lost, which the kernel's one user can afford (there
 *    is 1 TiB of addresses).
 *
 * 3. Numbers.  A bitmap, searched a word at a time.  ids_lowest() is for what people see as small
 *    numbers (pts/0); ids_next() goes round and round, so that a stale number finds nothing for as long as can be.
 *
 * Rejected: Bonwick's boundary tags and hash (vmem, 2001): they pay when thousands of pieces are free.
 *
 * Letters: lock the arena's own.
 */
#include "vm/arena.h"
#include "kern/assert.h"
#include "kern/owner.h"
#include "vm/zone.h"

struct piece {
	struct list link;
	uint64_t start, end;		/* [lock] */
};

LOCK_CLASS(arena_class, "arena", RANK_PMAP + 4);
static struct zone *piece_zone;

/* --- ranges --- */

void
arena_init(struct arena *a, uint64_t start, uint64_t end)
{
	struct piece *all;

	if (piece_zone == NULL)
		piece_zone = zone_create("arena_piece", sizeof(*all), _Alignof(struct piece), ZONE_NOFAILTEST | ZONE_NOTLIVE);
	VERIFY(start > 0 && start < end && (all = zone_alloc(piece_zone, 0)) != NULL);
	spin_init(&a->lock, &arena_class);
	list_init(&a->pieces);
	all->start = start;
	all->end = end;
	list_push_back(&a->pieces, &all->link);
}

uint64_t
arena_alloc(struct arena *a, uint64_t size)
{
	struct piece *p, *gone = NULL;
	uint64_t at = 0;

	ASSERT(size > 0);
	spin_lock(&a->lock);
	list_for_each(p, &a->pieces, link) {
		if (p->end - p->start < size)
			continue;
		at = p->start;
		p->start += size;
		if (p->start == p->end) {
			list_remove(&p->link);
			gone = p;
		}
		break;
	}
	spin_unlock(&a->lock);
	if (gone != NULL)
		zone_free(piece_zone, gone);
	return at;
}

/* Joins [start, end) with what touches it, else takes `new'; returns a piece that is left over, or NULL. */
static struct piece *
join_locked(struct arena *a, uint64_t start, uint64_t end, struct piece **new)
{
	struct piece *p, *prev = NULL, *next = NULL;

	list_for_each(p, &a->pieces, link) {
		if (p->start >= end) {
			next = p;
			break;
		}
		prev = p;
	}
	ASSERT(prev == NULL || prev->end <= start);
	if (prev != NULL && prev->end == start) {
		prev->end = end;
		if (next == NULL || next->start != end)
			return NULL;
		prev->end = next->end;
		list_remove(&next->link);
		return next;
	}
	if (next != NULL && next->start == end) {
		next->start = start;
	} else if (*new != NULL) {
		(*new)->start = start;
		(*new)->end = end;
		list_insert_after(prev != NULL ? &prev->link : &a->pieces, &(*new)->link);
		*new = NULL;
	}
	return NULL;
}

void
arena_free(struct arena *a, uint64_t start, uint64_t size)
{
	struct piece *new = zone_alloc(piece_zone, 0), *gone;

	spin_lock(&a->lock);
	gone = join_locked(a, start, start + size, &new);
	spin_unlock(&a->lock);
	if (new != NULL)
		zone_free(piece_zone, new);
	if (gone != NULL)
		zone_free(piece_zone, gone);
}

#if CONFIG_DEBUG
/* How an arena is cut is nobody's leak. */
void
arena_hold(struct arena *a)
{
	struct piece *p;

	spin_lock(&a->lock);
	list_for_each(p, &a->pieces, link)
		owner_seen(p);
	spin_unlock(&a->lock);
}
#endif

/* --- numbers --- */

/* The first that is free from `from' to `to', both included. */
static bool
ids_find(struct ids *s, uint32_t from, uint32_t to, uint32_t *out)
{
	while (from <= to) {
		uint64_t free = ~s->taken[from / 64] >> from % 64;

		if (free == 0) {
			from = (from / 64 + 1) * 64;
			continue;
		}
		from += (uint32_t)__builtin_ctzll(free);
		if (from > to)
			return false;
		s->taken[from / 64] |= 1ull << from % 64;
		*out = from;
		return true;
	}
	return false;
}

bool
ids_lowest(struct ids *s, uint32_t *out)
{
	return ids_find(s, s->low, s->high, out);
}

bool
ids_next(struct ids *s, uint32_t *out)
{
	if (!ids_find(s, s->last + 1, s->high, &s->last) && !ids_find(s, s->low, s->last, &s->last))
		return false;
	*out = s->last;
	return true;
}

void
ids_put(struct ids *s, uint32_t n)
{
	ASSERT(n >= s->low && n <= s->high && (s->taken[n / 64] >> n % 64 & 1) != 0);
	s->taken[n / 64] &= ~(1ull << n % 64);
}
