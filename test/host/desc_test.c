// SOURCES: sys/kern/account.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/node.c sys/kern/wait.c sys/kern/string.c test/host/shim/kernel.c
/* The descriptor table: two ranges, generations, rights, reservation, fork, and a random model. */
#include <stdlib.h>
#include "host.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "vm/zone.h"
#include <abi/rights.h>
#include <abi/sig.h>

static int destroyed, unused;

static void
thing_unused(struct node *n)
{
	unused++;
}

static void
thing_destroy(struct node *n)
{
	destroyed++;
	free(n);
}

/* It has bytes: a missing right is what is said of it. */
static int
thing_move(struct node *n, struct uio *u)
{
	return 0;
}

static const struct node_ops thing_ops = {
	.name = "thing", .read = thing_move, .write = thing_move, .seek = node_noseek,
	.stat = node_nostat, .setattr = node_nosetattr, .ioctl = node_noioctl, .vmo = node_novmo,
	.sync = node_nosync, .unused = thing_unused, .destroy = thing_destroy,
};

static struct node *
thing(void)
{
	struct node *n = calloc(1, sizeof(*n));

	node_init(n, &thing_ops, NODE_EVENT, NULL, 0);
	node_use(n);
	node_unref(n);
	return n;
}

static uint32_t
put(enum desc_range range, uint32_t rights)
{
	uint32_t index = 99999999;

	if (desc_install(thing(), rights, 0, range, &index) != 0)
		abort();
	return index;
}

static void
ranges(void)
{
	uint32_t a = put(DESC_POSIX, RIGHT_READ), b = put(DESC_POSIX, 0), c = put(DESC_POSIX, 0);
	uint32_t n1 = put(DESC_NATIVE, 0), n2 = put(DESC_NATIVE, 0);

	ok(a == 0 && b == 1 && c == 2, "POSIX slots count from 0");
	ok(n1 == 65536 && n2 == 65537, "native slots count from 65536");
	ok(desc_close(b) == 0 && put(DESC_POSIX, 0) == 1, "the lowest free POSIX slot is taken again");
	ok(desc_close(n1) == 0 && put(DESC_NATIVE, 0) == n1, "a freed native slot comes round");
	ok(desc_close(n1) == 0 && desc_close(n2) == 0, "two native slots freed");
	ok(put(DESC_NATIVE, 0) == n1 && put(DESC_NATIVE, 0) == n2, "in the order of freeing");
	ok(desc_close(7) == EHANDLE && desc_close(0xffffffffu) == EHANDLE, "closing what is not there");
}

static void
names(void)
{
	struct node *n;
	uint32_t index = put(DESC_NATIVE, RIGHT_READ | RIGHT_WAIT), h = desc_handle(index), again;

	ok(h != 0 && (h >> 31) == 0 && (h & 0x3ffff) == index + 1, "a handle value holds the index");
	ok(desc_get(h, NODE_ANY, RIGHT_READ, &n) == 0, "lookup by handle value");
	node_unuse(n);
	ok(desc_get(index, NODE_ANY, RIGHT_READ, &n) == 0, "lookup by number");
	node_unuse(n);
	ok(desc_get(h, NODE_ANY, RIGHT_WRITE, &n) == ERIGHTS, "a missing right");
	ok(desc_get(h, NODE_PORT, RIGHT_WRITE, &n) == EWRONGTYPE, "the wrong kind comes before the right");
	ok(desc_get(0, NODE_PORT, 0, &n) == EWRONGTYPE, "fd 0 is a descriptor");
	ok(desc_close(h) == 0, "close by handle value");
	ok(desc_get(h, NODE_ANY, 0, &n) == EHANDLE, "a stale handle");
	again = put(DESC_NATIVE, 0);
	ok(again == index && desc_get(h, NODE_ANY, 0, &n) == EHANDLE, "is stale also when the slot is reused");
	for (int i = 0; i < 8189; i++) {
		if (desc_close(again) != 0)
			abort();
		again = put(DESC_NATIVE, 0);
	}
	ok(desc_get(h, NODE_ANY, 0, &n) == EHANDLE, "for 8190 reuses of that slot");
	ok(desc_close(again) == 0, "close");
}

static void
reservation(void)
{
	struct node *n;
	uint32_t index, rights, flags;

	ok(desc_reserve(DESC_POSIX, 10, &index) == 0 && index == 10, "reserve from a minimum");
	ok(desc_get(index, NODE_ANY, 0, &n) == EHANDLE, "a reserved slot is invisible");
	n = thing();
	ok(desc_replace(index, n, 0, 0) == EBUSY, "and dup2 does not take it away");
	node_unuse(n);
	desc_unreserve(index);
	ok(desc_reserve(DESC_POSIX, 10, &index) == 0 && index == 10, "given back and taken again");
	desc_publish(index, thing(), RIGHT_READ, DESC_CLOEXEC);
	ok(desc_get_slot(index, NODE_ANY, 0, &n, &rights, &flags) == 0 && rights == RIGHT_READ &&
	    flags == DESC_CLOEXEC, "published with rights and flags");
	node_unuse(n);
	ok(desc_set_flags(index, 0) == 0, "flags change");
	ok(desc_reserve(DESC_POSIX, 1024, &index) == ENORES, "the soft limit holds");
}

static void
inheritance(void)
{
	struct desctab *child;
	struct node *n;
	uint32_t rights, flags, keep = put(DESC_NATIVE, RIGHT_DUPLICATE), drop = put(DESC_NATIVE, 0);
	int before = unused;

	ok(desctab_fork(proc_self()->p_desc, &child) == 0, "fork");
	ok(desctab_peek(child, keep, &n, &rights, &flags) == 0 && rights == RIGHT_DUPLICATE,
	    "a slot with DUPLICATE is inherited at its number");
	node_unuse(n);
	ok(desctab_peek(child, drop, &n, &rights, &flags) == EHANDLE, "one without is not");
	ok(desc_close(keep) == 0 && unused == before, "the parent's close is not the last");
	desctab_destroy(child);
	ok(unused == before + 1, "the child's is");
	ok(desc_close(drop) == 0, "close");
}

static void
exec_closes(void)
{
	uint32_t a = put(DESC_POSIX, 0), b;
	struct node *n;

	ok(desc_install(thing(), 0, DESC_CLOEXEC, DESC_POSIX, &b) == 0, "close-on-exec slot");
	desctab_exec(proc_self()->p_desc);
	ok(desc_get(b, NODE_ANY, 0, &n) == EHANDLE, "exec closes it");
	ok(desc_get(a, NODE_ANY, 0, &n) == 0, "and keeps the other");
	node_unuse(n);
}

#define MODEL	700

static void
model(unsigned long long seed)
{
	static bool used[MODEL];
	bool good = true;

	printf("# seed %llu\n", seed);
	for (int i = 0; i < MODEL; i++)
		used[i] = desctab_next(proc_self()->p_desc, (uint32_t)i) == i;
	for (int step = 0; step < 20000 && good; step++) {
		uint32_t pick = host_random(&seed) % MODEL;

		if (host_random(&seed) % 2 == 0) {
			uint32_t want = 0;

			while (want < MODEL && used[want])
				want++;
			if (want >= MODEL - 1)
				continue;
			good = put(DESC_POSIX, 0) == want;
			used[want] = true;
		} else {
			good = desc_close(pick) == (used[pick] ? 0 : EHANDLE);
			used[pick] = false;
		}
	}
	for (int i = 0; i < MODEL && good; i++)
		good = !used[i] || desctab_next(proc_self()->p_desc, (uint32_t)i) == i;
	ok(good, "20000 random opens and closes: always the lowest free number");
}

/* A slot's removal ends native waits made through it. */
static uint32_t fired;

static void
fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	fired |= bits;
}

static void
removal(void)
{
	uint32_t a = put(DESC_POSIX, RIGHT_DUPLICATE | RIGHT_WAIT);
	struct node *n;
	struct observer ob = { .fire = fire, .trigger = SIG_SIGNALED };

	if (handle_get_wait(desc_handle(a), &n, &ob.via) != 0)
		abort();
	spin_lock(n->sig->lock);
	observer_attach_locked(n->sig, &ob);
	spin_unlock(n->sig->lock);
	ok(desc_replace(a, thing(), 0, 0) == 0 && (fired & SIG_HANDLE_CLOSED) != 0,
	    "dup2 over a slot tells its native waiters");
	observer_detach(&ob);
	node_unuse(n);
}

/* Slots leave the table and come back: what messages carry. */
static void
moves(void)
{
	uint32_t a = put(DESC_NATIVE, RIGHT_READ | RIGHT_WAIT), h = desc_handle(a), num[3], index;
	int before = unused;
	struct slot s, t, three[3];
	struct desctab *other;
	struct node *n;

	ok(handle_take(a, &s) == EHANDLE, "an index is no handle");
	ok(handle_take(2u << 18, &s) == ERIGHTS, "a pseudo-handle cannot be moved");
	ok(slot_share(h, RIGHT_WRITE, &t) == ERIGHTS, "share asks for rights");
	ok(slot_share(h, RIGHT_READ, &t) == 0 && t.rights == (RIGHT_READ | RIGHT_WAIT), "share");
	fired = 0;
	struct observer ob = { .fire = fire, .trigger = SIG_SIGNALED };
	if (handle_get_wait(h, &n, &ob.via) != 0)
		abort();
	node_unuse(n);
	spin_lock(t.node->sig->lock);
	observer_attach_locked(t.node->sig, &ob);
	spin_unlock(t.node->sig->lock);
	ok(handle_take(h, &s) == 0 && s.node == t.node && s.rights == t.rights, "take");
	ok((fired & SIG_HANDLE_CLOSED) != 0, "taking ends native waits");
	observer_detach(&ob);
	ok(handle_take(h, &s) == EHANDLE && unused == before, "it is gone, its node is not");
	slot_drop(&t);
	ok(desctab_create(&other) == 0 && desctab_put(other, DESC_POSIX, 7, &s, &index) == 0 && index == 7,
	    "into another table");
	desctab_destroy(other);
	ok(unused == before + 1, "which closes it");

	ok(slots_reserve(DESC_NATIVE, 3, num) == 0 && num[0] > DESC_INDEX_MASK, "three handle values");
	ok(desc_get(num[0], NODE_ANY, 0, &n) == EHANDLE, "invisible until published");
	for (int i = 0; i < 3; i++)
		three[i] = (struct slot){ thing(), RIGHT_READ, DESC_CLOEXEC };
	slots_publish(num, three, 3);
	ok(desc_get(num[2], NODE_ANY, RIGHT_READ, &n) == 0 && n == three[2].node, "then there");
	node_unuse(n);
	for (int i = 0; i < 3; i++)
		ok(desc_close(num[i]) == 0, "close");
	host_fail_after = 1;
	ok(slots_reserve(DESC_POSIX, 3, num) == ENOMEM, "all or none");
	host_fail_after = -1;
	ok(slots_reserve(DESC_POSIX, 2, num) == 0 && num[0] <= DESC_INDEX_MASK, "indices of the POSIX range");
	slots_unreserve(num, 2);
	ok(desc_get(num[0], NODE_ANY, 0, &n) == EHANDLE, "given back");
}

/* A node that holds the next one: a chain of last uses must not go down the stack. */
struct holder {
	struct node node;
	struct node *held;
};
static size_t deepest;
static char *shallow;

static void
holder_unused(struct node *n)
{
	char here;
	struct holder *h = container_of(n, struct holder, node);

	if (shallow == NULL)
		shallow = &here;
	if ((size_t)(shallow - &here) > deepest && shallow > &here)
		deepest = (size_t)(shallow - &here);
	unused++;
	if (h->held != NULL)
		node_unuse(h->held);
}

static void
nested(void)
{
	static const struct node_ops ops = { .name = "holder", .unused = holder_unused, .destroy = thing_destroy };
	struct node *inner = NULL;

	for (int i = 0; i < 10000; i++) {
		struct holder *h = calloc(1, sizeof(*h));

		node_init(&h->node, &ops, NODE_EVENT, NULL, 0);
		node_use(&h->node);
		node_unref(&h->node);
		h->held = inner;
		inner = &h->node;
	}
	int before = unused;
	node_unuse(inner);
	ok(unused == before + 10000 && deepest < 4096, "10000 nested last uses take one frame of stack");
}

static void
failures(void)
{
	bool clean = true;
	int n = 0, error;
	uint32_t index;

	do {
		long before = host_live;
		struct desctab *t;

		host_fail_after = n++;
		error = desctab_fork(proc_self()->p_desc, &t);
		host_fail_after = -1;
		if (error == 0)
			desctab_destroy(t);
		clean = clean && host_live == before;
	} while (error != 0);
	ok(clean && n > 2, "fork may fail at each allocation and leaks nothing");
	host_fail_after = 0;
	error = desc_reserve(DESC_POSIX, 900, &index);
	host_fail_after = -1;
	ok(error == ENOMEM, "a reservation may fail for want of memory");
}

int
main(void)
{
	if (desctab_create(&proc_self()->p_desc) != 0)
		abort();
	ranges();
	names();
	reservation();
	inheritance();
	exec_closes();
	removal();
	moves();
	nested();
	for (unsigned long long seed = 1; seed <= 5; seed++)
		model(seed * 104729);
	failures();
	desctab_destroy(proc_self()->p_desc);
	ok(unused == destroyed, "every node that lost its last use was freed");
	ok(host_live == 0, "nothing is left");
	return tap_done();
}
