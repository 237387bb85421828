/* The counters of /proc/kstat and the quiesce list: both are linker sets. */
#include "kern/kstat.h"
#include "kern/string.h"

extern struct kstat kstat_set_start[], kstat_set_end[];
extern const struct quiesce_entry quiesce_set_start[], quiesce_set_end[];

struct kstat *kstat_made;

void
kstat_register(struct kstat *k)
{
	k->next = kstat_made;
	kstat_made = k;
}

static bool
kstat_between(const struct kstat *k, const char *after, const struct kstat *best)
{
	return (after == NULL || strcmp(k->name, after) > 0) &&
	    (best == NULL || strcmp(k->name, best->name) < 0);
}

/* The smallest name greater than `after': sorted output without a sorted table. */
static struct kstat *
next_by_name(const char *after)
{
	struct kstat *best = NULL;

	for (struct kstat *k = kstat_set_start; k < kstat_set_end; k++)
		if (kstat_between(k, after, best))
			best = k;
	for (struct kstat *k = kstat_made; k != NULL; k = k->next)
		if (kstat_between(k, after, best))
			best = k;
	return best;
}

uint64_t
kstat_value(const char *name)
{
	for (const struct kstat *k = kstat_set_start; k < kstat_set_end; k++)
		if (strcmp(k->name, name) == 0)
			return k->read != NULL ? k->read() : k->value;
	return 0;
}

void
kstat_each(void (*fn)(void *, const char *, uint64_t, bool), void *ctx)
{
	for (struct kstat *k = next_by_name(NULL); k != NULL; k = next_by_name(k->name)) {
		fn(ctx, k->name, k->read != NULL ? k->read() : k->value, k->event);
		if (k->more != NULL)
			k->more(k, fn, ctx);
	}
}

void
quiesce(void)
{
	for (const struct quiesce_entry *q = quiesce_set_start; q < quiesce_set_end; q++)
		q->fn();
}
