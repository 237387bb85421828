#pragma once
/*
 * Counters: one `name value' a line in /proc/kstat.  COUNTER() defines one beside the code that
 * counts; object counters (live numbers) end quiesced at their baseline exactly.
 */
#include "kern/types.h"

struct kstat {
	const char *name;		/* "vm.pages.free", "node.pipe" ... */
	uint64_t value;			/* [a] */
	uint64_t (*read)(void);		/* computed instead, when not NULL */
	bool event;			/* counts happenings, not live objects: left out by kstat -q */
	struct kstat *next;		/* of kstat_made */
	/* Lines that go with it, of happenings, or NULL; names begin with its own. */
	void (*more)(const struct kstat *, void (*fn)(void *, const char *, uint64_t, bool), void *ctx);
};
/* Counters made at run time (one a zone): registered once, never removed. */
extern struct kstat *kstat_made;
void kstat_register(struct kstat *);

#define COUNTER(var, nm) \
	static struct kstat var __section(".kstat_set") = { .name = nm }
/* One that inline functions of a header count as well: it declares it extern. */
#define COUNTER_SHARED(var, nm) \
	struct kstat var __section(".kstat_set") = { .name = nm }
#define COUNTER_EVENT(var, nm) \
	static struct kstat var __section(".kstat_set") = { .name = nm, .event = true }
#define COUNTER_FN(var, nm, fn, ev) \
	static struct kstat var __section(".kstat_set") = { .name = nm, .read = fn, .event = ev }

static inline void
kstat_add(struct kstat *k, int64_t n)
{
	__atomic_fetch_add(&k->value, (uint64_t)n, __ATOMIC_RELAXED);
}

/* The value of one, by its name; 0 when there is none. */
uint64_t kstat_value(const char *name);
/* Calls fn for each counter, sorted by name. */
void kstat_each(void (*fn)(void *ctx, const char *name, uint64_t value, bool event), void *ctx);

/* Quiesce: each module drops what is only cache, so that live counters are exact. */
struct quiesce_entry { void (*fn)(void); };
#define QUIESCE(f) \
	static const struct quiesce_entry quiesce_##f __section(".quiesce_set") = { f }
void quiesce(void);
