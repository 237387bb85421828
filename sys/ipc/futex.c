/*
 * Futexes: sleeping on a word of user memory.
 *
 * 1. Concepts.  A futex is nothing but an aligned 32-bit word; the kernel knows it only while somebody
 * waits on it.  A *waiter* lives on the stack of the thread that sleeps, in one of NCHAIN chains, under the
 * word's *key*: (VMO, offset) where the mapping is shared, so that processes meet on one page, else
 * (space, address).  The waiter holds a reference on the VMO: while it waits the key names nothing else.
 *
 * 2. No wake-up is lost.  The waiter enters its chain first and looks at the word afterwards, with no lock
 * held (the page may have to be brought).  Who changes the word and then wakes finds either a waiter
 * in the chain or one that has yet to look, and will see the new value.  A waiter that was woken while
 * it looked, or whose deadline came at the same moment, returns OK: it has used the wake-up.
 *
 *	enqueue -> look -> [chain lock] woken? prepare, asleep = true -> sleep -> [chain lock] leave
 *
 * Waiters stand in a chain by what their threads may claim when they come (class, within RT the priority), those
 * of one rank in order of arrival, also after a requeue; wakers take the first.  What is lent to a
 * waiter later does not move it.
 *
 * 3. Owners.  A waiter may say who holds what it waits for.  All waiters of one word name the same
 * owner; the latest word counts.  The owner runs at the best priority of those who wait for it, and if it
 * waits for another word itself, so does that one's owner: boost_update() follows the chain, at most
 * DEPTH steps, for programs can close it to a ring.  A wake-up takes the owner away (wake_single_owner: the
 * woken thread is the new one), and with it what was lent.  Words without owner cost one comparison.
 * The C library's mutexes name the owner by the id in the word (throp, THR_WAIT).
 *
 * 4. Locking.  Chain lock -> owner lock -> run queue.  Two chain locks only in requeue, by address.  A
 * waiter's chain changes only under the locks of both; who finds itself moved tries again.
 *
 * Rejected: a kernel object for each futex (allocation on a path that has to be short), and reading the word
 * under the chain lock (a fault may sleep).
 *
 * Budget: wake with nobody waiting 150 instructions, of them 60 to find the mapping.
 */
#include "ipc/futex.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/sched.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include <abi/sig.h>

#define NCHAIN	256u
#define DEPTH	16			/* owners that wait for owners */

struct chain {
	struct spin lock;		/* c */
	struct list waiters;		/* [c] by rank, then in order of arrival */
};

struct key {
	const void *object;		/* struct vmo or struct space */
	uint64_t at;
};

struct futex_waiter {
	struct list link;		/* [c] */
	struct chain *chain;		/* [c of the old and the new one] */
	struct key key;			/* [c] */
	struct vmo *vmo;		/* [c] referenced, or NULL: a private word */
	struct thr *thr;		/* [I] */
	bool woken;			/* [c] out of the chain, by a waker */
	bool asleep;			/* [c] to be woken; until then `woken' is enough */
	uint8_t prio;			/* [f] of the thread */
	uint8_t rank;			/* [c] place in the chain: less is woken first */
	struct thr *owner;		/* [f] referenced, or NULL */
	struct list lend_link;		/* [f] of owner->t_lenders */
};

LOCK_CLASS_NEST(chain_class, "futex chain", RANK_FUTEX);
LOCK_CLASS(owner_class, "futex owners", RANK_FUTEX_OWNER);
COUNTER(waiting, "futex.waiters");
static struct chain chains[NCHAIN];
static struct spin owner_lock = SPIN_INIT(&owner_class);	/* f */

static void
futex_init(void)
{
	for (unsigned i = 0; i < NCHAIN; i++) {
		spin_init(&chains[i].lock, &chain_class);
		list_init(&chains[i].waiters);
	}
}
INIT(futex_init, LEVEL_PROC - 1);

/* --- keys and chains --- */

static struct chain *
chain_of(const struct key *k)
{
	uint64_t h = ((uint64_t)(uintptr_t)k->object >> 4) + (k->at >> 2);

	return &chains[(h * 0x9e3779b97f4a7c15ull) >> 56];
}
_Static_assert(NCHAIN == 256, "chain_of() takes eight bits");

static bool
same_key(const struct key *a, const struct key *b)
{
	return a->object == b->object && a->at == b->at;
}

/* The caller drops *vmo, if there is one. */
static int
key_of(uintptr_t addr, struct key *k, struct vmo **vmo)
{
	struct space *s = proc_self()->p_space;
	int error;

	if (addr % sizeof(uint32_t) != 0)
		return EINVAL;
	error = space_word_key(s, addr, vmo, &k->at);
	k->object = *vmo != NULL ? (const void *)*vmo : s;
	return error;
}

static void
vmo_drop(struct vmo *vmo)
{
	if (vmo != NULL)
		vmo_unref(vmo);
}

/* The waiter's chain, locked. */
static struct chain *
lock_chain(struct futex_waiter *w)
{
	for (;;) {
		struct chain *c = atomic_load_acquire(&w->chain);

		spin_lock(&c->lock);
		if (c == w->chain)
			return c;
		spin_unlock(&c->lock);
	}
}

static void
lock_two(struct chain *a, struct chain *b)
{
	if (a == b) {
		spin_lock(&a->lock);
		return;
	}
	spin_lock(a < b ? &a->lock : &b->lock);
	spin_lock(a < b ? &b->lock : &a->lock);
}

static void
unlock_two(struct chain *a, struct chain *b)
{
	if (a != b)
		spin_unlock(&b->lock);
	spin_unlock(&a->lock);
}

/* --- owners --- */

/* What is lent to t changed: t, whom it waits for, and so on. */
static void
boost_update(struct thr *t)
{
	for (int i = 0; i < DEPTH && t != NULL; i++) {
		struct futex_waiter *w;
		uint8_t best = UINT8_MAX;

		list_for_each(w, &t->t_lenders, lend_link)
			best = MIN(best, w->prio);
		sched_lend(t, best);
		w = t->t_futex;
		if (w == NULL || w->prio == sched_prio_awake(t))
			return;
		w->prio = sched_prio_awake(t);
		t = w->owner;
	}
}

/* Says whom w waits for; the owner lock is held. */
static void
set_owner(struct futex_waiter *w, struct thr *owner)
{
	struct thr *old = w->owner;

	if (old == owner)
		return;
	w->owner = owner;
	if (old != NULL) {
		list_remove(&w->lend_link);
		boost_update(old);
		node_unref(&old->t_node);
	}
	if (owner != NULL) {
		node_ref(&owner->t_node);
		list_push_back(&owner->t_lenders, &w->lend_link);
		boost_update(owner);
	}
}

/* Threads of one class are equals, but for RT's. */
static uint8_t
rank_of(uint8_t prio)
{
	return prio < THRNPRIO ? prio : (uint8_t)(prio / THRNPRIO * THRNPRIO);
}

/* Behind those who go before it. */
static void
insert(struct chain *c, struct futex_waiter *w)
{
	struct list *at = c->waiters.prev;

	while (at != &c->waiters && list_entry(at, struct futex_waiter, link)->rank > w->rank)
		at = at->prev;
	list_insert_after(at, &w->link);
}

static struct futex_waiter *
first_of(struct chain *c, const struct key *k)
{
	struct futex_waiter *w;

	list_for_each(w, &c->waiters, link)
		if (same_key(&w->key, k))
			return w;
	return NULL;
}

static void
set_owner_of_all(struct chain *c, const struct key *k, struct thr *owner)
{
	struct futex_waiter *w = first_of(c, k);

	if (w == NULL || (w->owner == NULL && owner == NULL))
		return;
	spin_lock(&owner_lock);
	list_for_each(w, &c->waiters, link)
		if (same_key(&w->key, k))
			set_owner(w, owner);
	spin_unlock(&owner_lock);
}

/* The owner of a word cannot be one that waits on it. */
static int
check_owner(struct thr *owner, const struct key *k)
{
	int error = 0;

	if (owner == NULL)
		return 0;
	spin_lock(&owner_lock);
	if (owner->t_futex != NULL && same_key(&owner->t_futex->key, k))
		error = EINVAL;
	spin_unlock(&owner_lock);
	return error;
}

/* A thread's handle, or 0: nobody.  The caller drops the use. */
static int
owner_get(uint32_t h, struct thr **out)
{
	struct node *n;
	int error;

	*out = NULL;
	if (h == 0)
		return 0;
	error = handle_get(h, NODE_THREAD, 0, &n);
	if (error == 0)
		*out = thr_of(n);
	return error;
}

static void
owner_put(struct thr *owner)
{
	if (owner != NULL)
		node_unuse(&owner->t_node);
}

/* --- waiting --- */

static void
enter(struct futex_waiter *w, struct thr *owner)
{
	struct chain *c = w->chain;

	spin_lock(&c->lock);
	spin_lock(&owner_lock);
	w->prio = sched_prio_awake(w->thr);
	w->rank = rank_of(w->prio);
	w->thr->t_futex = w;
	spin_unlock(&owner_lock);
	insert(c, w);
	set_owner_of_all(c, &w->key, owner);
	spin_unlock(&c->lock);
	kstat_add(&waiting, 1);
}

/* Out of the chain, if no waker did it; true: a waker did. */
static bool
leave(struct futex_waiter *w)
{
	struct chain *c = lock_chain(w);
	bool woken = w->woken;

	if (!woken)
		list_remove(&w->link);
	spin_lock(&owner_lock);
	w->thr->t_futex = NULL;
	set_owner(w, NULL);
	spin_unlock(&owner_lock);
	spin_unlock(&c->lock);
	kstat_add(&waiting, -1);
	vmo_drop(w->vmo);
	return woken;
}

static int
sleep_on(struct futex_waiter *w, nsec_t deadline)
{
	struct chain *c = lock_chain(w);

	if (w->woken) {
		spin_unlock(&c->lock);
		return 0;
	}
	thr_sleep_prepare(true);
	w->asleep = true;
	spin_unlock(&c->lock);
	return thr_sleep(deadline);
}

static int
wait_on(struct futex_waiter *w, uintptr_t addr, uint32_t current, struct thr *owner, nsec_t deadline)
{
	uint32_t value;
	int error;

	enter(w, owner);
	error = user_load32((const void __user *)addr, &value);
	if (error == 0 && value != current)
		error = EBADSTATE;
	if (error == 0 && deadline != NSEC_INFINITE && deadline <= clock_now())
		error = ETIMEDOUT;
	if (error == 0)
		error = sleep_on(w, deadline);
	return leave(w) ? 0 : error;
}

int
futex_wait(uintptr_t addr, uint32_t current, struct thr *owner, nsec_t deadline)
{
	struct futex_waiter w = { .thr = thr_self() };
	int error;

	list_init(&w.link);
	list_init(&w.lend_link);
	error = key_of(addr, &w.key, &w.vmo);
	if (error == 0 && (error = owner == w.thr ? EINVAL : check_owner(owner, &w.key)) != 0)
		vmo_drop(w.vmo);
	if (error != 0)
		return error;
	w.chain = chain_of(&w.key);
	return wait_on(&w, addr, current, owner, deadline);
}

int
sys_mx_futex_wait(void __user *addr, uint32_t current, uint32_t owner_handle, int64_t deadline)
{
	struct thr *owner;
	int error = owner_get(owner_handle, &owner);

	if (error != 0)
		return error;
	error = futex_wait((uintptr_t)addr, current, owner, deadline);
	owner_put(owner);
	return error;
}

/* --- waking --- */

/* Takes w out of its chain, locked, and lets its thread run. */
static void
wake_one(struct futex_waiter *w)
{
	list_remove(&w->link);
	w->woken = true;
	spin_lock(&owner_lock);
	w->thr->t_futex = NULL;
	set_owner(w, NULL);
	spin_unlock(&owner_lock);
	/* Its frame stays until it has had the chain's lock. */
	if (w->asleep)
		thr_wake(w->thr, 0);
}

static uint32_t
wake_locked(struct chain *c, const struct key *k, uint32_t count)
{
	struct futex_waiter *w, *tmp;
	uint32_t n = 0;

	list_for_each_safe(w, tmp, &c->waiters, link) {
		if (n == count)
			break;
		if (same_key(&w->key, k)) {
			wake_one(w);
			n++;
		}
	}
	return n;
}

int
futex_wake(uintptr_t addr, uint32_t count)
{
	struct chain *c;
	struct vmo *vmo;
	struct key k;
	int error = key_of(addr, &k, &vmo);

	if (error != 0)
		return error;
	c = chain_of(&k);
	spin_lock(&c->lock);
	if (!list_empty(&c->waiters)) {
		(void)wake_locked(c, &k, count);
		set_owner_of_all(c, &k, NULL);
	}
	spin_unlock(&c->lock);
	vmo_drop(vmo);
	return 0;
}

int
sys_mx_futex_wake(void __user *addr, uint32_t count)
{
	return count == 0 ? 0 : futex_wake((uintptr_t)addr, count);
}

/* Wakes one, who owns the word for those who go on waiting: always, or if it had an owner. */
static int
wake_heir(uintptr_t addr, bool always)
{
	struct futex_waiter *w;
	struct chain *c;
	struct vmo *vmo;
	struct thr *t = NULL;
	struct key k;
	int error = key_of(addr, &k, &vmo);

	if (error != 0)
		return error;
	c = chain_of(&k);
	spin_lock(&c->lock);
	w = first_of(c, &k);
	if (w != NULL) {
		bool owned = always || w->owner != NULL;

		t = w->thr;
		node_ref(&t->t_node);
		wake_one(w);
		set_owner_of_all(c, &k, owned ? t : NULL);
	}
	spin_unlock(&c->lock);
	if (t != NULL)
		node_unref(&t->t_node);
	vmo_drop(vmo);
	return 0;
}

int
futex_pass(uintptr_t addr)
{
	return wake_heir(addr, false);
}

int
sys_mx_futex_wake_single_owner(void __user *addr)
{
	return wake_heir((uintptr_t)addr, true);
}

int
sys_mx_futex_get_owner(void __user *addr, uint64_t *koid)
{
	struct futex_waiter *w;
	struct chain *c;
	struct vmo *vmo;
	struct key k;
	int error = key_of((uintptr_t)addr, &k, &vmo);

	*koid = 0;
	if (error != 0)
		return error;
	c = chain_of(&k);
	spin_lock(&c->lock);
	spin_lock(&owner_lock);
	w = first_of(c, &k);
	if (w != NULL && w->owner != NULL && (atomic_load(&w->owner->t_node.own.bits) & SIG_SIGNALED) == 0)
		*koid = w->owner->t_node.koid;
	spin_unlock(&owner_lock);
	spin_unlock(&c->lock);
	vmo_drop(vmo);
	return 0;
}

/* --- requeue --- */

struct word {
	struct key key;
	struct vmo *vmo;		/* referenced, or NULL */
	struct chain *chain;
};

static int
word_of(uintptr_t addr, struct word *w)
{
	int error = key_of(addr, &w->key, &w->vmo);

	if (error == 0)
		w->chain = chain_of(&w->key);
	return error;
}

/* The first `count' waiters of `from' become the last of `to'; how many.  Both chains are locked. */
static uint32_t
move_locked(struct word *from, struct word *to, uint32_t count)
{
	struct futex_waiter *w, *tmp;
	uint32_t n = 0;

	list_for_each_safe(w, tmp, &from->chain->waiters, link) {
		if (n == count)
			break;
		if (!same_key(&w->key, &from->key))
			continue;
		list_remove(&w->link);
		spin_lock(&owner_lock);
		set_owner(w, NULL);
		w->key = to->key;
		spin_unlock(&owner_lock);
		if ((w->vmo = to->vmo) != NULL)
			vmo_ref(to->vmo);
		atomic_store_release(&w->chain, to->chain);
		insert(to->chain, w);
		n++;
	}
	return n;
}

static void
requeue(struct word *from, uint32_t wake, struct word *to, uint32_t move, struct thr *owner)
{
	uint32_t moved;

	lock_two(from->chain, to->chain);
	(void)wake_locked(from->chain, &from->key, wake);
	set_owner_of_all(from->chain, &from->key, NULL);
	moved = move_locked(from, to, move);
	set_owner_of_all(to->chain, &to->key, owner);
	unlock_two(from->chain, to->chain);
	while (moved-- > 0)
		vmo_drop(from->vmo);	/* the moved waiters' references */
}

int
sys_mx_futex_requeue(void __user *addr, uint32_t wake, uint32_t current, void __user *to_addr, uint32_t move,
    uint32_t owner_handle)
{
	struct word from, to;
	struct thr *owner;
	uint32_t value;
	int error;

	if ((uintptr_t)to_addr == 0 && move > 0)
		return EINVAL;
	if ((error = owner_get(owner_handle, &owner)) != 0)
		return error;
	if ((error = user_load32(addr, &value)) == 0 && value != current)
		error = EBADSTATE;
	if (error == 0 && addr == to_addr)
		error = EINVAL;
	if (error == 0 && (error = word_of((uintptr_t)addr, &from)) == 0) {
		if ((error = word_of((uintptr_t)to_addr, &to)) == 0) {
			if (same_key(&from.key, &to.key))
				error = EINVAL;
			else if ((error = check_owner(owner, &from.key)) == 0 &&
			    (error = check_owner(owner, &to.key)) == 0)
				requeue(&from, wake, &to, move, owner);
			vmo_drop(to.vmo);
		}
		vmo_drop(from.vmo);
	}
	owner_put(owner);
	return error;
}
