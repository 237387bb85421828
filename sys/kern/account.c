/*
 * Accounts.
 *
 * 1. Concepts.  A *charge* is some of what there is of a thing: pages, slots, bytes in queues, observers.
 * A thing belongs to the job of the process that made it: a page to its memory object's maker (of a file to
 * who wrote it first), bytes in a queue to who sent them (a channel's to who made it), an observer to its port's maker, a slot to the
 * process whose table it is in.  A charge counts in the account of that job and in all above it, up to
 * the least of their limits.
 *
 * 2. Stocks.  To count in all levels at each change would cost a lock and a walk.  An account takes from
 * above in batches and keeps the rest in its *stock*; what is given back goes to the stock:
 *
 *	in use here = taken - stock - what the accounts below have taken
 *
 * The common take and give are one atomic instruction and a branch on its result.  A take that finds the
 * stock too small comes here, as does a give that meets 0, which a live account's never gives.
 *
 * 3. Exact limits.  Stocks are no use: when a limit is met, the stocks of all accounts below it are
 * *collected* first, and only what is in use counts.  Asking how much is in use collects too.
 *
 * 4. A limit below what is in use.  Then what is given back must not be taken again from a stock, so the
 * accounts below the limit are *frozen*: their stocks are lowered by more than can ever come, every take
 * comes here, and the first that finds no limit passed any more thaws its account.
 *
 * 5. Ends.  An account lives for as long as anything names it that may take: the job, tables, objects,
 * accounts below.  Pages and messages only give; they hold no reference and may outlive all these.  The last
 * reference *closes* the account: the stocks become minus what is in use, so that the last that comes
 * back meets 0 and frees it.
 *
 * Locking: account_lock over the tree, taken while locks of objects are held.  A take between its two halves
 * looks like use for a moment, never the other way round.
 *
 * Budget: 2 instructions a take or give, 100 each BATCH.
 */
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "vm/zone.h"

#define FROZEN		((int64_t)1 << 60)
#define UNLIMITED	UINT64_MAX

static const uint32_t batch[NCHARGE] = {
	[CHARGE_PAGES] = 64, [CHARGE_SLOTS] = 32, [CHARGE_BYTES] = 65536, [CHARGE_OBSERVERS] = 32,
};

LOCK_CLASS(account_class, "account", RANK_ACCOUNT);
static struct spin account_lock = SPIN_INIT(&account_class);	/* c */
ZONE(account_zone, struct account);
COUNTER(accounts, "job.accounts");
COUNTER_EVENT(refusals, "job.refused");

struct account account_root = {
	.refs = 1, .children = LIST_INIT(account_root.children), .sibling = LIST_INIT(account_root.sibling),
	.max = { UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED },
};

/* --- the tree; account_lock is held --- */

static void
charge(struct account *a, enum charge c, int64_t n)
{
	for (; a != NULL; a = a->parent)
		a->taken[c] += (uint64_t)n;
}

/* The lowest account that has no room for n more, or NULL. */
static struct account *
full(struct account *a, enum charge c, uint64_t n)
{
	while (a != NULL && a->taken[c] <= a->max[c] && n <= a->max[c] - a->taken[c])
		a = a->parent;
	return a;
}

/* The next of the subtree below top, parents first; NULL after the last. */
static struct account *
next(struct account *top, struct account *a)
{
	if (!list_empty(&a->children))
		return list_first(&a->children, struct account, sibling);
	for (; a != top; a = a->parent)
		if (a->sibling.next != &a->parent->children)
			return list_entry(a->sibling.next, struct account, sibling);
	return NULL;
}

static int64_t
level_frozen(const struct account *a, enum charge c)
{
	return a->frozen[c] ? -FROZEN : 0;
}

/* Its stock goes back to all above. */
static void
return_stock(struct account *a, enum charge c)
{
	int64_t level = level_frozen(a, c);

	if (a->closed)
		charge(a, c, -((int64_t)a->taken[c] + atomic_load(&a->stock[c])));
	else
		charge(a, c, level - atomic_swap(&a->stock[c], level));
}

static void
collect(struct account *top, enum charge c)
{
	for (struct account *a = top; a != NULL; a = next(top, a))
		return_stock(a, c);
}

/* --- taking --- */

/* A frozen account is exact; it thaws when all above are within their limits. */
static void
look_frozen(struct account *a, enum charge c)
{
	return_stock(a, c);
	for (const struct account *up = a; up != NULL; up = up->parent)
		if (up->taken[c] > up->max[c])
			return;
	a->frozen[c] = false;
	atomic_add(&a->stock[c], FROZEN);
}

/* n for the caller, and what else a batch has for the stock. */
static struct account *
draw(struct account *a, enum charge c, uint32_t n)
{
	uint32_t want = a->frozen[c] ? n : n + batch[c];
	struct account *limit, *last = NULL;

	if (full(a, c, want) != NULL)
		want = n;
	/* Stocks below one that is full are collected, then those below the next. */
	for (; (limit = full(a, c, want)) != NULL; last = limit) {
		if (limit == last)
			return limit;
		collect(limit, c);
	}
	charge(a, c, want);
	atomic_add(&a->stock[c], want - n);
	return NULL;
}

bool
account_more(struct account *a, enum charge c, uint32_t n)
{
	struct account *limit;

	spin_lock(&account_lock);
	ASSERT(!a->closed);
	atomic_add(&a->stock[c], n);
	if (a->frozen[c])
		look_frozen(a, c);
	limit = draw(a, c, n);
	if (limit != NULL && c == CHARGE_PAGES)
		thr_self()->t_over = limit->koid;
	spin_unlock(&account_lock);
	if (limit != NULL)
		kstat_add(&refusals, 1);
	return limit == NULL;
}

void *
account_block(size_t n, struct account **whose)
{
	struct account *a = *whose = account_self();
	void *p;

	if (!account_take(a, CHARGE_BYTES, (uint32_t)n))
		return NULL;
	p = kmem_alloc(n, 0);
	if (p == NULL)
		account_give(a, CHARGE_BYTES, (uint32_t)n);
	return p;
}

void
account_block_free(void *p, size_t n, struct account *whose)
{
	kmem_free(p, n);
	account_give(whose, CHARGE_BYTES, (uint32_t)n);
}

void
account_force(struct account *a, enum charge c, uint32_t n)
{
	atomic_sub(&a->stock[c], n);
}

/* --- limits --- */

uint64_t
account_used(struct account *a, enum charge c)
{
	uint64_t n;

	spin_lock(&account_lock);
	collect(a, c);
	n = a->taken[c];
	spin_unlock(&account_lock);
	return n;
}

uint64_t
account_max(struct account *a, enum charge c)
{
	uint64_t n;

	spin_lock(&account_lock);
	n = a->max[c];
	spin_unlock(&account_lock);
	return n;
}

void
account_limit(struct account *top, enum charge c, uint64_t max)
{
	spin_lock(&account_lock);
	top->max[c] = max;
	collect(top, c);
	if (top->taken[c] > max) {
		for (struct account *a = top; a != NULL; a = next(top, a)) {
			if (a->frozen[c] || a->closed)
				continue;
			a->frozen[c] = true;
			atomic_sub(&a->stock[c], FROZEN);
		}
	}
	spin_unlock(&account_lock);
}

/* --- life --- */

struct account *
account_create(struct account *parent)
{
	struct account *a = zone_alloc(account_zone, ZALLOC_ZERO);

	if (a == NULL)
		return NULL;
	a->refs = 1;
	a->parent = parent;
	account_ref(parent);
	list_init(&a->children);
	for (unsigned c = 0; c < NCHARGE; c++)
		a->max[c] = UNLIMITED;
	spin_lock(&account_lock);
	list_push_back(&parent->children, &a->sibling);
	spin_unlock(&account_lock);
	kstat_add(&accounts, 1);
	return a;
}

/* Nothing names it.  True, once: nothing is in use any more, and it is out of the tree. */
static bool
ended(struct account *a)
{
	if (list_empty(&a->sibling))
		return false;
	for (unsigned c = 0; c < NCHARGE; c++)
		if (atomic_load(&a->stock[c]) != 0)
			return false;
	ASSERT(list_empty(&a->children));
	for (unsigned c = 0; c < NCHARGE; c++)
		charge(a, (enum charge)c, -(int64_t)a->taken[c]);
	list_remove(&a->sibling);
	return true;
}

static void
account_free(struct account *a)
{
	struct account *parent = a->parent;

	zone_free(account_zone, a);
	kstat_add(&accounts, -1);
	account_unref(parent);
}

void
account_last(struct account *a)
{
	bool over;

	spin_lock(&account_lock);
	for (unsigned c = 0; c < NCHARGE; c++) {
		if (a->frozen[c])
			atomic_add(&a->stock[c], FROZEN);
		a->frozen[c] = false;
		return_stock(a, (enum charge)c);
		atomic_sub(&a->stock[c], (int64_t)a->taken[c]);
	}
	a->closed = true;
	over = ended(a);
	spin_unlock(&account_lock);
	if (over)
		account_free(a);
}

void
account_settled(struct account *a)
{
	bool over;

	spin_lock(&account_lock);
	over = a->closed && ended(a);
	spin_unlock(&account_lock);
	if (over)
		account_free(a);
}
