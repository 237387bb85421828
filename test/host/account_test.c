// SOURCES: sys/kern/account.c sys/kern/string.c test/host/shim/kernel.c
/*
 * Accounts against a trivially right model: a random tree, takes, gives, limits that rise and fall, accounts
 * that lose their last reference with charges left.  What the model allows must be had, and nothing else.
 */
#include "kern/account.h"
#include "host.h"

#define N	24u

static unsigned long long seed = 20261121;

static unsigned
rnd(unsigned n)
{
	return host_random(&seed) % n;
}

static struct model {
	struct account *a;		/* NULL: not there */
	int parent;			/* -1: the root */
	bool open;			/* has our reference */
	uint64_t own[NCHARGE];
	uint64_t max[NCHARGE];
} m[N];

static uint64_t
used(int k, enum charge c)
{
	uint64_t n = m[k].own[c];

	for (unsigned i = 0; i < N; i++)
		if (m[i].a != NULL && m[i].parent == k)
			n += used((int)i, c);
	return n;
}

static bool
allowed(int k, enum charge c, uint64_t n)
{
	for (; k >= 0; k = m[k].parent)
		if (used(k, c) + n > m[k].max[c])
			return false;
	return true;
}

static bool
has_children(unsigned k)
{
	for (unsigned i = 0; i < N; i++)
		if (m[i].a != NULL && m[i].parent == (int)k)
			return true;
	return false;
}

static bool
empty(unsigned k)
{
	for (unsigned c = 0; c < NCHARGE; c++)
		if (m[k].own[c] != 0)
			return false;
	return true;
}

/* Forgets accounts that are gone by now, leaves first. */
static void
sweep(void)
{
	for (bool again = true; again;) {
		again = false;
		for (unsigned k = 0; k < N; k++)
			if (m[k].a != NULL && !m[k].open && !has_children(k) && empty(k)) {
				m[k].a = NULL;
				again = true;
			}
	}
}

static void
add(unsigned k)
{
	int parent = (int)rnd(N + 1) - 1;

	if (parent >= 0 && (m[parent].a == NULL || !m[parent].open))
		parent = -1;
	m[k].a = account_create(parent >= 0 ? m[parent].a : &account_root);
	m[k].parent = parent;
	m[k].open = true;
	for (unsigned c = 0; c < NCHARGE; c++) {
		m[k].own[c] = 0;
		m[k].max[c] = UINT64_MAX;
	}
}

static bool
step(void)
{
	unsigned k = rnd(N), what = rnd(20);
	enum charge c = (enum charge)rnd(NCHARGE);
	uint32_t n = 1 + (rnd(4) == 0 ? rnd(300) : 0);

	if (m[k].a == NULL) {
		add(k);
		return true;
	}
	if (what < 9 && m[k].open) {
		bool may = allowed((int)k, c, n), did = account_take(m[k].a, c, n);

		if (did)
			m[k].own[c] += n;
		return may == did;
	}
	if (what < 16 && m[k].own[c] > 0) {
		n = (uint32_t)MIN((uint64_t)n, m[k].own[c]);
		account_give(m[k].a, c, n);
		m[k].own[c] -= n;
		sweep();
		return true;
	}
	if (what == 16 && m[k].open) {
		m[k].max[c] = rnd(3) == 0 ? UINT64_MAX : rnd(400);
		account_limit(m[k].a, c, m[k].max[c]);
		return account_max(m[k].a, c) == m[k].max[c];
	}
	if (what == 17 && m[k].open && rnd(4) == 0) {
		m[k].open = false;
		account_unref(m[k].a);
		sweep();
		return true;
	}
	return !m[k].open || account_used(m[k].a, c) == used((int)k, c);
}

int
main(void)
{
	bool good = true;
	uint64_t left = 0;
	long live = host_live;

	for (unsigned i = 0; i < 1000000 && good; i++)
		good = step();
	ok(good, "a million steps: what is allowed is had, what is in use is told");
	for (unsigned k = 0; k < N; k++)
		for (unsigned c = 0; m[k].a != NULL && c < NCHARGE; c++)
			if (m[k].own[c] > 0) {
				account_give(m[k].a, (enum charge)c, (uint32_t)m[k].own[c]);
				m[k].own[c] = 0;
			}
	for (unsigned k = 0; k < N; k++)
		if (m[k].a != NULL && m[k].open) {
			m[k].open = false;
			account_unref(m[k].a);
		}
	for (unsigned c = 0; c < NCHARGE; c++)
		left += account_used(&account_root, (enum charge)c);
	ok(left == 0, "nothing is charged any more");
	ok(host_live == live, "and no account is left");
	host_fail_after = 0;
	ok(account_create(&account_root) == NULL && account_root.refs == 1, "without memory there is none");
	return tap_done();
}
