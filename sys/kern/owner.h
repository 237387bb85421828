#pragma once
/*
 * Whose an object or a frame is: what vm/owner.c counts for `kstat -q'.  Debug kernels only; in others all
 * of this is nothing.
 */
#include "kern/cpu.h"
#include "kern/thr.h"
#include "kern/types.h"
#include "mach/percpu.h"

/* Behind each object, and one for each frame. */
struct owner_tag {
	uint32_t maker;		/* the koid (its low half) of the process that took it; 0: the kernel */
	uint32_t seen;		/* the last round in which it was found to be held */
};

extern uint32_t owner_round;	/* [count_lock] */

static inline uint32_t
owner_self(void)
{
	return thr_self() == NULL || cpu_self()->deferred_running ? 0 : thr_self()->t_maker;
}

/* From here to owner_end() the thread allocates for somebody else: a process to be, or 0, the kernel. */
static inline uint32_t
owner_begin(koid_t maker)
{
	struct thr *t = thr_self();
	uint32_t was;

	if (!CONFIG_DEBUG || t == NULL)
		return 0;
	was = t->t_maker;
	t->t_maker = (uint32_t)maker;
	return was;
}

static inline void
owner_end(uint32_t was)
{
	if (CONFIG_DEBUG && thr_self() != NULL)
		thr_self()->t_maker = was;
}

#if CONFIG_DEBUG
struct page;
struct proc;
struct text;
void owner_give(const void *object, koid_t maker);	/* from now on it is that one's */
void page_give(struct page *, koid_t maker);
struct owner_tag *page_tag(const struct page *);

/* Somebody holds it: for functions of HOLDS(), which are asked what they keep in this round. */
void owner_seen(const void *object);
void page_seen(const struct page *);

struct holds_entry { void (*fn)(void); };
#define HOLDS(f) \
	static const struct holds_entry holds_##f __section(".holds_set") = { f }

/* Calls fn for each line: what nobody has, and what the kernel has. */
int owner_count(void (*fn)(void *ctx, const char *name, uint64_t value, bool event), void *ctx) __must_check;
#else
#define owner_give(object, maker)	((void)0)
#define page_give(page, maker)		((void)0)
#endif
