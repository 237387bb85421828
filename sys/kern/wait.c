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
 * 3. Wake-ups are counted.  A rise fires every ordinary observer and the first exclusive one.  An
 * exclusive waiter that leaves while the level is still set passes it on to the next, whether it
 * consumed something or not, so no waiter is forgotten and one byte does not wake a hundred.
 *
 * 4. Locking.  The source's lock (the node's, or the pair's) covers bits and observers.  Firing
 * happens under it, must not take another node's lock (only a port's, which is later in the
 * order), and collects threads on a wakelist; they are made runnable after the lock is dropped.
 *
 * 5. Lifetime.  A source outlives its observers: every waiter holds a use of the node.  A waiter's
 * observers live on its stack; it detaches all of them under the source's lock before it returns.
 *
 * Rejected: one hashed table of sleep channels (no exact levels, thundering herds), and a wait
 * queue beside the observer list (two mechanisms for one thing).
 */
#include "kern/wait.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "vm/zone.h"
#include <abi/sig.h>

COUNTER(observers, "kern.observers");

struct waiter {
	struct list wake_link;		/* on a wakelist */
	struct thr *thr;
	uint32_t fired;			/* [source locks] bits that ended the wait */
	bool queued;			/* on a wakelist: do not queue twice */
};

struct wait_observer {
	struct observer ob;
	struct waiter *waiter;
};

void
sigsrc_init(struct sigsrc *s, struct spin *lock, uint32_t bits)
{
	s->lock = lock;
	s->bits = bits;
	list_init(&s->observers);
}

void
wakelist_init(struct wakelist *w)
{
	list_init(&w->thrs);
}

void
wakelist_run(struct wakelist *w)
{
	struct list *l;

	while ((l = list_pop_front(&w->thrs)) != NULL) {
		struct waiter *waiter = list_entry(l, struct waiter, wake_link);

		/* The waiter's frame is gone once its thread runs: read first, wake last. */
		thr_wake(waiter->thr, 0);
	}
}

static void
fire_risen(struct sigsrc *s, uint32_t risen, struct wakelist *w)
{
	struct observer *o, *tmp;
	bool exclusive_done = false;

	list_for_each_safe(o, tmp, &s->observers, link) {
		if ((o->trigger & risen) == 0)
			continue;
		if ((o->flags & OBSERVE_EXCLUSIVE) != 0) {
			if (exclusive_done)
				continue;
			exclusive_done = true;
		}
		o->fire(o, s->bits, w);
	}
}

void
sig_change(struct sigsrc *s, uint32_t clear, uint32_t set, struct wakelist *w)
{
	uint32_t old = s->bits, risen;

	ASSERT(spin_held(s->lock));
	s->bits = (old & ~clear) | set;
	risen = s->bits & ~old;
	if (risen != 0 && !list_empty(&s->observers))
		fire_risen(s, risen, w);
}

void
sig_notify_owner(struct sigsrc *s, const void *owner, uint32_t bits, struct wakelist *w)
{
	struct observer *o, *tmp;

	ASSERT(spin_held(s->lock));
	list_for_each_safe(o, tmp, &s->observers, link)
		if (o->owner == owner)
			o->fire(o, s->bits | bits, w);
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
observer_attach_locked(struct sigsrc *s, struct observer *o)
{
	ASSERT(spin_held(s->lock));
	o->src = s;
	list_push_back(&s->observers, &o->link);
	kstat_add(&observers, 1);
}

void
observer_detach_locked(struct observer *o)
{
	list_remove(&o->link);
	o->src = NULL;
	kstat_add(&observers, -1);
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

static void
waiter_fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	struct waiter *waiter = container_of(o, struct wait_observer, ob)->waiter;

	waiter->fired |= bits;
	if (!waiter->queued) {
		waiter->queued = true;
		list_push_back(&w->thrs, &waiter->wake_link);
	}
}

static void
waiter_init(struct waiter *waiter, uint32_t flags)
{
	waiter->thr = thr_self();
	waiter->fired = 0;
	waiter->queued = false;
	list_init(&waiter->wake_link);
	thr_sleep_prepare((flags & WAIT_INTR) != 0);
}

/* Attaches unless a bit of mask is active already; returns the levels. */
static uint32_t
wait_attach(struct wait_observer *wo, struct sigsrc *s, uint32_t mask, uint32_t flags,
    const void *owner, struct waiter *waiter)
{
	uint32_t bits;

	wo->waiter = waiter;
	wo->ob = (struct observer){ .trigger = mask, .fire = waiter_fire, .owner = owner,
	    .flags = (flags & WAIT_EXCL) != 0 ? OBSERVE_EXCLUSIVE : 0 };
	spin_lock(s->lock);
	bits = s->bits;
	if ((bits & mask) == 0)
		observer_attach_locked(s, &wo->ob);
	spin_unlock(s->lock);
	return bits;
}

/*
 * Leaves the source.  An exclusive waiter that was told while the level stays set passes the news
 * on: it may leave without consuming (a signal, a time-out), or consume only a part.
 */
static uint32_t
wait_leave(struct wait_observer *wo, struct sigsrc *s)
{
	struct wakelist w;
	uint32_t bits;

	wakelist_init(&w);
	spin_lock(s->lock);
	bits = s->bits;
	if (wo->ob.src != NULL) {
		list_remove(&wo->ob.link);
		wo->ob.src = NULL;
		kstat_add(&observers, -1);
		if ((wo->ob.flags & OBSERVE_EXCLUSIVE) != 0 && (bits & wo->ob.trigger) != 0)
			fire_risen(s, bits & wo->ob.trigger, &w);
	}
	spin_unlock(s->lock);
	wakelist_run(&w);
	return bits;
}

int
sig_wait(struct sigsrc *s, uint32_t mask, uint32_t flags, nsec_t deadline, const void *owner,
    uint32_t *observed)
{
	struct waiter waiter;
	struct wait_observer wo;
	uint32_t bits;
	int error = 0;

	waiter_init(&waiter, flags);
	bits = wait_attach(&wo, s, mask, flags, owner, &waiter);
	if ((bits & mask) == 0) {
		error = thr_sleep(deadline);
		bits = wait_leave(&wo, s) | waiter.fired;
		if ((bits & mask) != 0)
			error = 0;
		else if (owner != NULL && (waiter.fired & SIG_HANDLE_CLOSED) != 0)
			error = ECLOSED;
		else if (error == 0)
			error = ETIMEDOUT;
	} else {
		thr_sleep_cancel();
	}
	if (observed != NULL)
		*observed = bits;
	return error;
}

static size_t
scan(struct sig_item *items, size_t n)
{
	size_t ready = 0;

	for (size_t i = 0; i < n; i++) {
		items[i].observed = items[i].src != NULL ? __atomic_load_n(&items[i].src->bits, __ATOMIC_ACQUIRE) : 0;
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
	bool active = false;
	int error = 0;

	waiter_init(&waiter, flags);
	for (attached = 0; attached < n && !active; attached++) {
		struct sig_item *it = &items[attached];

		wos[attached].ob.src = NULL;
		if (it->src != NULL)
			active = (wait_attach(&wos[attached], it->src, it->mask, flags, it->owner, &waiter)
			    & it->mask) != 0;
	}
	if (!active)
		error = thr_sleep(deadline);
	else
		thr_sleep_cancel();
	for (size_t i = 0; i < attached; i++)
		if (items[i].src != NULL)
			wait_leave(&wos[i], items[i].src);
	*ready = scan(items, n);
	if (*ready > 0)
		return 0;
	if ((waiter.fired & SIG_HANDLE_CLOSED) != 0)
		return ECLOSED;
	return error;
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
	if (deadline <= clock_now())
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
