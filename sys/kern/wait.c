/*
 * The wait engine.
 *
 * 1. Concepts.  A *source* has 32 *level* bits.  Whoever changes the state that a bit stands for
 * changes the bit in the same critical section, so a level is exact: READABLE is set if and only
 * if a read would not have to wait.  An *observer* hangs on a source and is told ("fired") when
 * one of its trigger bits rises.  A *waiter* is a sleeping thread with one observer per source it
 * waits for.  poll, select, blocking read and write, waitpid and mx_object_wait_* are all built on
 * sig_wait() and sig_wait_many(); ports attach observers of their own.
 *
 * 2. The pattern of a blocking call is: try; wait for the level; try.  It cannot miss a wake-up,
 * because attaching looks at the level under the source's lock, and it cannot spin, because the
 * level is exact.
 *
 * 3. Wake-ups are counted.  A rise fires every ordinary observer and one exclusive one, that of the thread with
 * the best priority (of equals who came first), so one byte does not wake a hundred readers.  Who was woken so has a *turn*: it tries, and if the level is
 * still set when it is done, whether it consumed nothing or a part, it passes the turn on
 * (sig_pass), so no waiter is forgotten.  A caller that does not promise to do so (WAIT_EXCL without
 * WAIT_TURN) passes on when it leaves: safe, at the price of one thread woken for nothing.  Passing on
 * tells one exclusive waiter and nobody else: it is no rise.
 *
 * 4. Locking.  The source's lock (the node's, or the pair's) covers bits and observers.  Firing
 * happens under it, must not take another node's lock (only a port's, which is later in the
 * order), and collects threads on a wakelist; they are made runnable after the lock is dropped.
 *
 * 5. Slots.  A native wait is made through a descriptor slot and ends when that slot goes
 * (kern/REMOVAL); its observers carry the slot's generation.  They see pulses, too: a bit that was
 * set and cleared again counts as observed.  A POSIX wait holds the node and looks at levels only.
 *
 * 6. Lifetime.  A source outlives its observers: every waiter holds a use of the node.  A waiter's
 * observers live on its stack; it detaches all of them under the source's lock before it returns.
 *
 * Rejected: one hashed table of sleep channels (no exact levels, thundering herds), and a wait
 * queue beside the observer list (two mechanisms for one thing).
 */
#include "kern/wait.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/sched.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "vm/zone.h"
#include <abi/sig.h>

COUNTER_SHARED(observers_live, "kern.observers");

struct wait_observer {
	struct observer ob;
	struct waiter *waiter;
	uint32_t seen;			/* [source lock] bits it was told of */
};

void
sigsrc_init(struct sigsrc *s, struct spin *lock, uint32_t bits)
{
	s->lock = lock;
	s->bits = bits;
	list_init(&s->observers);
}

void
wakelist_wake(struct wakelist *w)
{
	struct waiter *waiter = w->first, *next;

	/* The waiter's frame is gone once its thread runs: read first, wake last. */
	while ((next = waiter->next) != NULL) {
		thr_wake(waiter->thr, 0);
		waiter = next;
	}
	thr_wake(waiter->thr, 0);
}

static void waiter_fire(struct observer *, uint32_t bits, struct wakelist *);

/* 0 best; of what is no thread worse than any. */
static unsigned
priority_of(const struct observer *o)
{
	if (o->fire != waiter_fire)
		return UINT8_MAX + 1;
	return sched_prio_awake(container_of(o, struct wait_observer, ob)->waiter->thr);
}

/* The exclusive observer of one of the bits whose turn it is, or NULL; lock held. */
static struct observer *
first_exclusive(const struct sigsrc *s, uint32_t bits)
{
	struct observer *o, *best = NULL;

	list_for_each(o, &s->observers, link)
		if ((o->flags & OBSERVE_EXCLUSIVE) != 0 && (o->trigger & bits) != 0 &&
		    (best == NULL || priority_of(o) < priority_of(best)))
			best = o;
	return best;
}

static __attribute__((noinline)) void
fire_several(struct sigsrc *s, uint32_t risen, struct wakelist *w)
{
	struct observer *o, *tmp;

	list_for_each_safe(o, tmp, &s->observers, link)
		if ((o->trigger & risen) != 0 && (o->flags & OBSERVE_EXCLUSIVE) == 0)
			o->fire(o, s->bits, w);
	o = first_exclusive(s, risen);
	if (o != NULL)
		o->fire(o, s->bits, w);
}

/* Most have one observer: whoever reads here, asleep. */
void
sig_fire(struct sigsrc *s, uint32_t risen, struct wakelist *w)
{
	struct observer *o = list_first(&s->observers, struct observer, link);

	if (unlikely(o->link.next != &s->observers))
		fire_several(s, risen, w);
	else if (likely((o->trigger & risen) != 0))
		o->fire(o, s->bits, w);
}

/* One exclusive observer of what is active; lock held. */
static void
pass_locked(struct sigsrc *s, uint32_t mask, struct wakelist *w)
{
	struct observer *o = first_exclusive(s, mask & s->bits);

	if (o != NULL)
		o->fire(o, s->bits, w);
}

void
sig_pass(struct sigsrc *s, uint32_t mask)
{
	struct wakelist w;

	/* Who attaches from now on looks at the level itself. */
	if (list_empty(&s->observers))
		return;
	wakelist_init(&w);
	spin_lock(s->lock);
	pass_locked(s, mask, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

void
sig_slot_gone(struct sigsrc *s, const struct via *via, struct wakelist *w)
{
	struct observer *o, *tmp;

	ASSERT(spin_held(s->lock));
	list_for_each_safe(o, tmp, &s->observers, link)
		if (o->via.gen == via->gen && o->via.was == via->was)
			o->fire(o, s->bits | SIG_HANDLE_CLOSED, w);
}

uint32_t
sig_read(struct sigsrc *s)
{
	uint32_t bits;

	spin_lock(s->lock);
	bits = s->bits;
	spin_unlock(s->lock);
	return bits;
}

void
observer_detach(struct observer *o)
{
	struct sigsrc *s = o->src;

	if (s == NULL)
		return;
	spin_lock(s->lock);
	if (o->src != NULL)
		observer_detach_locked(o);
	spin_unlock(s->lock);
}

/* --- waits --- */

LEAN_BEGIN

static void
waiter_fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	struct wait_observer *wo = container_of(o, struct wait_observer, ob);

	wo->seen |= bits;
	waiter_tell(wo->waiter, w);
}

/* What there is to see of a source by now; lock held. */
static inline uint32_t
look_locked(const struct sigsrc *s, struct via via)
{
	return likely(via_holds(&via)) ? s->bits : s->bits | SIG_HANDLE_CLOSED;
}

static inline void
attach_locked(struct wait_observer *wo, struct sigsrc *s, uint32_t mask, uint32_t flags, struct via via,
    struct waiter *waiter)
{
	wo->waiter = waiter;
	wo->ob.trigger = mask;
	wo->ob.flags = (flags & (WAIT_EXCL | WAIT_TURN)) != 0 ? OBSERVE_EXCLUSIVE : 0;
	wo->ob.fire = waiter_fire;
	wo->ob.via = via;
	observer_attach_locked(s, &wo->ob);
}

/* Attaches unless there is nothing to wait for: a bit of mask is active, or the slot is gone. */
static bool
wait_attach(struct wait_observer *wo, struct sigsrc *s, uint32_t mask, uint32_t flags, struct via via,
    struct waiter *waiter)
{
	bool wait;

	spin_lock(s->lock);
	wo->seen = look_locked(s, via);
	wait = (wo->seen & (mask | SIG_HANDLE_CLOSED)) == 0;
	if (wait)
		attach_locked(wo, s, mask, flags, via, waiter);
	spin_unlock(s->lock);
	return wait;
}

/*
 * Leaves the source.  An exclusive waiter that makes no promise passes on what is active: it may
 * leave without consuming (a signal, a time-out), or consume only a part.
 */
static inline void
wait_leave(struct wait_observer *wo, struct sigsrc *s, uint32_t flags)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(s->lock);
	list_unlink(&wo->ob.link);
	kstat_add(&observers_live, -1);
	wo->seen |= s->bits;
	if (unlikely((flags & WAIT_EXCL) != 0))
		pass_locked(s, wo->ob.trigger, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

static bool
is_past(nsec_t deadline)
{
	return deadline != NSEC_INFINITE && (deadline <= 0 || deadline <= clock_now());
}

static inline __attribute__((always_inline)) int
wait(struct sigsrc *s, uint32_t mask, uint32_t flags, nsec_t deadline, struct via via, uint32_t *observed)
{
	struct wait_observer wo;
	struct waiter waiter;
	int error = 0;

	spin_lock(s->lock);
	wo.seen = look_locked(s, via);
	if ((wo.seen & (mask | SIG_HANDLE_CLOSED)) != 0) {
		spin_unlock(s->lock);
	} else if (unlikely(is_past(deadline))) {
		spin_unlock(s->lock);
		error = ETIMEDOUT;
	} else {
		waiter_init(&waiter, (flags & WAIT_INTR) != 0);
		attach_locked(&wo, s, mask, flags, via, &waiter);
		spin_unlock(s->lock);
		error = thr_sleep(deadline);
		wait_leave(&wo, s, flags);
	}
	*observed = wo.seen;
	if (unlikely((wo.seen & SIG_HANDLE_CLOSED) != 0))
		return ECLOSED;
	if (likely((wo.seen & mask) != 0))
		return 0;
	return error == 0 ? ETIMEDOUT : error;
}

int
sig_wait(struct sigsrc *s, uint32_t mask, uint32_t flags, nsec_t deadline, const struct via *via,
    uint32_t *observed)
{
	uint32_t seen;

	return wait(s, mask, flags, deadline, via != NULL ? *via : (struct via){ .gen = NULL },
	    observed != NULL ? observed : &seen);
}

/* Budget: 30 instructions when the level is there, 82 around a sleep. */
int
sig_wait_via(struct sigsrc *s, uint32_t mask, nsec_t deadline, struct via via, uint32_t *seen)
{
	return wait(s, mask, WAIT_INTR, deadline, via, seen);
}

LEAN_END

static size_t
scan(struct sig_item *items, size_t n)
{
	size_t ready = 0;

	for (size_t i = 0; i < n; i++) {
		items[i].observed = items[i].src != NULL ? atomic_load_acquire(&items[i].src->bits) : 0;
		ready += (items[i].observed & items[i].mask) != 0;
	}
	return ready;
}

static int
wait_registered(struct sig_item *items, size_t n, struct wait_observer *wos, uint32_t flags,
    nsec_t deadline, size_t *ready)
{
	struct waiter waiter;
	size_t attached;
	bool wait = true, closed = false;
	int error = 0;

	waiter_init(&waiter, (flags & WAIT_INTR) != 0);
	for (attached = 0; attached < n && wait; attached++) {
		struct sig_item *it = &items[attached];

		wos[attached].ob.src = NULL;
		if (it->src != NULL)
			wait = wait_attach(&wos[attached], it->src, it->mask, flags, it->via, &waiter);
	}
	if (wait)
		error = thr_sleep(deadline);
	else
		thr_sleep_cancel();
	for (size_t i = 0; i < attached; i++)
		if (wos[i].ob.src != NULL)
			wait_leave(&wos[i], items[i].src, flags);
	*ready = scan(items, n);
	for (size_t i = 0; i < attached; i++) {
		if (items[i].via.gen == NULL)
			continue;
		*ready += (items[i].observed & items[i].mask) == 0 && (wos[i].seen & items[i].mask) != 0;
		items[i].observed |= wos[i].seen;
		closed = closed || (wos[i].seen & SIG_HANDLE_CLOSED) != 0;
	}
	if (closed)
		return ECLOSED;
	return *ready > 0 ? 0 : error;
}

#define WAIT_ON_STACK	16

int
sig_wait_many(struct sig_item *items, size_t n, uint32_t flags, nsec_t deadline, size_t *ready)
{
	struct wait_observer few[WAIT_ON_STACK], *wos = few;
	int error;

	*ready = scan(items, n);
	if (*ready > 0)
		return 0;
	if (is_past(deadline))
		return ETIMEDOUT;
	if (n > WAIT_ON_STACK && (wos = kmem_alloc(n * sizeof(*wos), 0)) == NULL)
		return ENOMEM;
	do
		error = wait_registered(items, n, wos, flags, deadline, ready);
	while (error == 0 && *ready == 0);
	if (wos != few)
		kmem_free(wos, n * sizeof(*wos));
	return error;
}
