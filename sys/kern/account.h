#pragma once
/*
 * Accounts: what jobs are charged for.  Each job has one (proc/job.c); what a thing takes is counted in
 * the account of the job whose process made the thing, and in all above it.  See kern/account.c.
 *
 * Letters: I immutable, a atomic, c account_lock.
 */
#include "kern/list.h"
#include "kern/thr.h"
#include "kern/types.h"
#include "mach/atomic.h"

enum charge {
	CHARGE_PAGES,			/* frames of memory objects */
	CHARGE_SLOTS,			/* descriptors and handles in tables */
	CHARGE_BYTES,			/* what waits in queues */
	CHARGE_OBSERVERS,		/* registrations of ports */
	NCHARGE
};

struct account {
	int64_t stock[NCHARGE];		/* [a] had from above and not in use; below 0: the long way */
	uint32_t refs;			/* [a] the job, its tables and objects, the accounts below */
	bool closed;			/* [c] no reference is left: charges only come back */
	koid_t koid;			/* [I once there are processes] of the job */
	struct account *parent;		/* [I] referenced; NULL: the root's */
	struct list children;		/* [c] */
	struct list sibling;		/* [c] */
	uint64_t taken[NCHARGE];	/* [c] in use here and below, stocks included */
	uint64_t max[NCHARGE];		/* [c] as much as there may be */
	bool frozen[NCHARGE];		/* [c] more than a limit is in use: stock is FROZEN lower */
};

extern struct account account_root;

/* Below `parent', with one reference; NULL: no memory. */
struct account *account_create(struct account *parent) __must_check;
void account_last(struct account *) __rare;
__attribute__((noinline, cold)) bool account_more(struct account *, enum charge, uint32_t n) __must_check;
void account_settled(struct account *) __rare;
/* What cannot be refused: it is given back at once, or was there a moment ago. */
void account_force(struct account *, enum charge, uint32_t n);

/* How much is in use in it and below it. */
uint64_t account_used(struct account *, enum charge);
uint64_t account_max(struct account *, enum charge);
/* What is in use stays; nothing is added until it is below. */
void account_limit(struct account *, enum charge, uint64_t max);

static inline void
account_ref(struct account *a)
{
	atomic_add(&a->refs, 1);
}

static inline void
account_unref(struct account *a)
{
	if (unlikely(atomic_sub_return(&a->refs, 1) == 0))
		account_last(a);
}

/* False: a limit is met here or above. */
static inline __attribute__((always_inline)) bool __must_check
account_take(struct account *a, enum charge c, uint32_t n)
{
	/* Of the old value: so it is one instruction and a branch for n = 1. */
	return likely(atomic_sub(&a->stock[c], n) >= (int64_t)n) || account_more(a, c, n);
}

static inline __attribute__((always_inline)) void
account_give(struct account *a, enum charge c, uint32_t n)
{
	if (unlikely(atomic_add_return(&a->stock[c], n) == 0))
		account_settled(a);
}

/* A block that waits in a queue; NULL: no memory, or not for this job.  Its owner remembers *whose. */
void *account_block(size_t, struct account **whose) __must_check;
void account_block_free(void *, size_t, struct account *whose);

/* Whose the things are that the current thread makes. */
static inline struct account *
account_self(void)
{
	return thr_self()->t_account;
}

/* The same, with a reference. */
static inline struct account *
account_get(void)
{
	struct account *a = account_self();

	account_ref(a);
	return a;
}

/* While a process of another job is built; returns what to set again afterwards. */
static inline struct account *
account_set(struct account *a)
{
	struct thr *t = thr_self();
	struct account *was = t->t_account;

	t->t_account = a;
	return was;
}
