/* Deferred calls: one list a CPU, drained when no spin lock is held.  See deferred.h and cpu.h. */
#include "kern/deferred.h"
#include "kern/cpu.h"
#include "kern/thr.h"
#include "mach/atomic.h"
#include "mach/intr.h"

void
deferred_queue(struct deferred *d)
{
	uint32_t state = intr_disable();
	struct cpu *c = cpu_self();

	if (!d->queued) {
		d->queued = true;
		list_push_back(&c->deferred, &d->link);
		c->hold &= ~HOLD_IDLE;
	}
	intr_restore(state);
	if (intr_enabled() && c->hold == 0)
		deferred_run();
}

bool
may_sleep(void)
{
	const struct cpu *c = cpu_self();

	return !c->deferred_running && (c->hold & ~HOLD_IDLE) == 0 && intr_enabled();
}

static struct deferred *
deferred_next(struct cpu *c)
{
	uint32_t state = intr_disable();
	struct list *l = list_pop_front(&c->deferred);
	struct deferred *d = NULL;

	if (l == NULL) {
		c->hold |= HOLD_IDLE;
	} else {
		d = list_entry(l, struct deferred, link);
		d->queued = false;
	}
	intr_restore(state);
	return d;
}

void
deferred_run(void)
{
	struct cpu *c = cpu_self();
	struct thr *t = c->thr;
	struct deferred *d;
	uint8_t base;

	if (c->deferred_running || !intr_enabled())
		return;
	c->deferred_running = true;
	base = t->t_lock_base;
	t->t_lock_base = t->t_lock_depth;
	while ((d = deferred_next(c)) != NULL)
		d->fn(d);
	t->t_lock_base = base;
	c->deferred_running = false;
}
