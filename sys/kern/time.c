/*
 * Timers and clocks.
 *
 * Armed timers stand in a pairing heap by deadline: arming is O(1), the links are in the timer, so
 * nothing is ever allocated.  The clock interrupt only queues a deferred call, which pops what is
 * due and calls back.  The hardware timer is one-shot; it is armed for the earlier of the first
 * deadline and, unless the CPU idles, the scheduler's tick (HZ).
 */
#include "kern/time.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/loadavg.h"
#include "kern/lock.h"
#include "kern/random.h"
#include "kern/sched.h"
#include "mach/clock.h"
#include "mach/intr.h"
#include <abi/time.h>

#define TICK	(NSEC_PER_SEC / CONFIG_HZ)

LOCK_CLASS(timer_class, "timer", RANK_TIMER);
COUNTER(armed_timers, "kern.timers");
COUNTER_EVENT(fired, "kern.timers.fired");
static struct spin timer_lock = SPIN_INIT(&timer_class);
static struct timer *root;		/* [timer_lock] the heap */
static nsec_t next_tick;		/* [timer_lock] 0: no tick wanted */
static nsec_t realtime_offset;		/* [timer_lock] realtime - monotonic */
static void (*realtime_fn)(nsec_t);	/* [timer_lock] */

/* --- pairing heap --- */

static struct timer *
heap_meld(struct timer *a, struct timer *b)
{
	struct timer *t;

	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	if (b->deadline < a->deadline) {
		t = a;
		a = b;
		b = t;
	}
	b->next = a->child;
	if (a->child != NULL)
		a->child->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* Melds a list of siblings, first in pairs from the left, then the pairs from the right. */
static struct timer *
heap_pairs(struct timer *first)
{
	struct timer *pairs = NULL, *result = NULL;

	while (first != NULL) {
		struct timer *a = first, *b = first->next, *pair;

		first = b != NULL ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b != NULL)
			b->next = b->prev = NULL;
		pair = heap_meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs != NULL) {
		struct timer *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		result = heap_meld(result, pair);
	}
	return result;
}

static void
heap_remove(struct timer *t)
{
	struct timer *below = heap_pairs(t->child);

	t->child = NULL;
	if (t == root) {
		root = below;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next != NULL)
			t->next->prev = t->prev;
		root = heap_meld(root, below);
	}
	if (root != NULL)
		root->prev = root->next = NULL;
	t->next = t->prev = NULL;
}

/* --- timers --- */

static void
arm_hardware(void)
{
	nsec_t when = root != NULL ? root->deadline : NSEC_INFINITE;

	if (next_tick != 0 && next_tick < when)
		when = next_tick;
	if (when != NSEC_INFINITE)
		mach_timer_arm(when);
}

void
timer_init(struct timer *t, void (*fn)(struct timer *))
{
	*t = (struct timer){ .fn = fn };
}

void
timer_set(struct timer *t, nsec_t deadline)
{
	uint32_t state = spin_lock_irq(&timer_lock);

	if (t->armed)
		heap_remove(t);
	else
		kstat_add(&armed_timers, 1);
	t->armed = true;
	t->deadline = deadline;
	root = heap_meld(root, t);
	if (root == t)
		arm_hardware();
	spin_unlock_irq(&timer_lock, state);
}

bool
timer_cancel(struct timer *t)
{
	uint32_t state = spin_lock_irq(&timer_lock);
	bool was = t->armed;

	if (was) {
		heap_remove(t);
		t->armed = false;
		kstat_add(&armed_timers, -1);
	}
	spin_unlock_irq(&timer_lock, state);
	return was;
}

/* How much of the heap a search looks at: slack is a favour, not a promise. */
#define NEAR_LOOKS	64

/* The next in a walk over the heap, below t if `down'. */
static struct timer *
heap_next(struct timer *t, bool down)
{
	if (down && t->child != NULL)
		return t->child;
	while (t != NULL && t->next == NULL) {
		while (t->prev != NULL && t->prev->child != t)
			t = t->prev;
		t = t->prev;
	}
	return t != NULL ? t->next : NULL;
}

nsec_t
timer_near(nsec_t from, nsec_t to, nsec_t ideal)
{
	uint32_t state = spin_lock_irq(&timer_lock);
	struct timer *t = root;
	uint64_t distance = UINT64_MAX;		/* of two deadlines, the whole range of them apart */
	nsec_t best = ideal;

	for (unsigned i = 0; t != NULL && i < NEAR_LOOKS; i++) {
		bool within = t->deadline <= to;
		uint64_t d = t->deadline > ideal ? (uint64_t)t->deadline - (uint64_t)ideal : (uint64_t)ideal - (uint64_t)t->deadline;

		if (within && t->deadline >= from && d < distance) {
			best = t->deadline;
			distance = d;
		}
		t = heap_next(t, within);
	}
	spin_unlock_irq(&timer_lock, state);
	return best;
}

static struct timer *
take_due(nsec_t now)
{
	uint32_t state = spin_lock_irq(&timer_lock);
	struct timer *t = root;

	if (t != NULL && t->deadline <= now) {
		heap_remove(t);
		t->armed = false;
		kstat_add(&armed_timers, -1);
	} else {
		t = NULL;
		arm_hardware();
	}
	spin_unlock_irq(&timer_lock, state);
	return t;
}

static void
run_due(struct deferred *d)
{
	nsec_t now = clock_now();
	struct timer *t;

	while ((t = take_due(now)) != NULL) {
		fired.value++;
		t->fn(t);
	}
}
static struct deferred timer_deferred = DEFERRED_INIT(timer_deferred, run_due);

void
timer_interrupt(void)
{
	nsec_t now = clock_now();
	bool tick = false;

	spin_lock(&timer_lock);
	if (next_tick != 0 && now >= next_tick) {
		tick = true;
		next_tick = thr_self() == cpu_self()->idle ? 0 : now + TICK;
	}
	if (root == NULL || root->deadline > now)
		arm_hardware();
	else
		deferred_queue(&timer_deferred);
	spin_unlock(&timer_lock);
	if (tick) {
		random_tick();
		sched_tick();
		loadavg_tick(now);
	}
}

void
timer_tick_start(void)
{
	uint32_t state = spin_lock_irq(&timer_lock);

	if (next_tick == 0) {
		next_tick = clock_now() + TICK;
		arm_hardware();
	}
	spin_unlock_irq(&timer_lock, state);
}

/* --- clocks --- */

nsec_t
clock_now(void)
{
	return mach_clock_now();
}

nsec_t
clock_realtime(void)
{
	return clock_now() + realtime_offset;
}

void
clock_set_realtime(nsec_t t)
{
	uint32_t state = spin_lock_irq(&timer_lock);

	realtime_offset = t - clock_now();
	if (realtime_fn != NULL)
		realtime_fn(realtime_offset);
	spin_unlock_irq(&timer_lock, state);
}

void
clock_on_realtime(void (*fn)(nsec_t))
{
	uint32_t state = spin_lock_irq(&timer_lock);

	realtime_fn = fn;
	fn(realtime_offset);
	spin_unlock_irq(&timer_lock, state);
}

static void
clock_init(void)
{
	clock_set_realtime((nsec_t)mach_rtc_read() * NSEC_PER_SEC);
}
INIT(clock_init, LEVEL_INTR + 1);

nsec_t
deadline_after(nsec_t d)
{
	nsec_t now = clock_now();

	if (d <= 0)
		return now;
	return d > NSEC_INFINITE - now ? NSEC_INFINITE : now + d;
}

int
timespec_to_nsec(const struct abi_timespec *ts, nsec_t *out)
{
	if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= NSEC_PER_SEC)
		return EINVAL;
	if (ts->sec > NSEC_INFINITE / NSEC_PER_SEC - 1)
		*out = NSEC_INFINITE;
	else
		*out = ts->sec * NSEC_PER_SEC + ts->nsec;
	return 0;
}

void
nsec_to_timespec(nsec_t t, struct abi_timespec *ts)
{
	ts->sec = t / NSEC_PER_SEC;
	ts->nsec = t % NSEC_PER_SEC;
}
