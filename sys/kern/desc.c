/*
 * The descriptor table.
 *
 * 1. Concepts.  A process has one table; an entry is a *slot*.  A slot holds a node (one use of
 * it), the rights that its holder has, the close-on-exec flag and a generation.  POSIX calls take
 * the lowest free slot of the first range (below 65536 and RLIMIT_NOFILE); native calls take
 * slots from 65536 upward, in the order in which they became free, so that a stale handle is
 * recognised for as long as possible and a library's handles never sit in the way of a shell.
 *
 * 2. Names.  A slot has two spellings: its index (a file descriptor) and its *handle value*, index
 * + 1 in bits 0-17 with the generation in bits 18-30.  Generation is never 0, so an integer
 * below 2^18 is always an index and anything above is always a handle value; both work in every
 * call.  The generation steps at each removal.
 *
 * 3. States.  free -> reserved -> published -> free.  Reserved slots are invisible to every lookup.
 * A creating call reserves, builds its node, copies the number to the caller, then publishes:
 * when something fails before, nothing is visible and nothing leaks.
 *
 * 4. Layout.  Chunks of 64 slots, named by a directory of pages of 64 chunks; on each of the three
 * levels a bitmap says what exists.  fork, exec and exit cost the slots in use, not the directory.  The first
 * chunk of either range is found without the directory (`first'): nearly every lookup ends there.
 *
 * 5. Lookups (lookup.c) are the only place where rights are evaluated.
 *
 * 6. Removal.  A native wait is made through a slot and its generation; whoever empties that slot
 * steps the generation and tells the waiters of it (sig_slot_gone) after the table lock is dropped.
 * kern/REMOVAL says what each way of removal does to each way of waiting.
 *
 * 7. Self.  Four constant values (low 18 bits 0, so no slot has them) name the process, the calling
 * thread, the root VMAR and the job: *pseudo-handles*.  The table keeps only their rights and whether
 * they were closed; what they name is asked for at each use (desc_self_hook), so fork and exec
 * have nothing to re-point and a process does not hold itself.  A lookup tries them when it has
 * found no slot, so the others do not pay.  They cannot be moved.  fork hands rights and emptiness on.
 *
 * 8. Handles.  Each slot, here or in a message, is one of the node's handles (SIG_LAST_HANDLE).  A new one is
 * counted before it is published and uncounted when it is gone; `struct slot' carries its count, so
 * replace and a message on its way make no edge.
 *
 * 9. Locking.  One spin lock a table, held for a few instructions, never over a node's operations.
 */
#include "kern/desc_impl.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/kstat.h"
#include "kern/policy.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/rights.h>
#include <abi/sig.h>

LOCK_CLASS(desc_class, "descriptor table", RANK_DESC);
ZONE(desctab_zone, struct desctab);
ZONE(chunk_zone, struct desc_chunk);
ZONE(dirpage_zone, struct desc_page);
COUNTER_SHARED(desc_slots, "desc.slots");

int (*fcntl_lock_hook)(struct node *, int, uintptr_t);
void (*desc_closed_hook)(struct node *);
int (*desc_self_hook)(enum desc_self, struct node **);

const uint32_t desc_self_rights[DESC_NSELF] = {
	[DESC_SELF_PROCESS] = RIGHTS_PROCESS, [DESC_SELF_THREAD] = RIGHTS_THREAD,
	[DESC_SELF_VMAR] = RIGHTS_VMAR_ROOT, [DESC_SELF_JOB] = RIGHTS_JOB_DEFAULT,
};

static struct desc no_slots[DESC_CHUNK];	/* [I] of a chunk that does not exist yet: no generation is 0 */

uint32_t
chunk_next(const struct desctab *t, uint32_t c)
{
	while (c < DESC_NCHUNK) {
		uint32_t p = c / DESC_PAGE_CHUNKS;
		uint64_t pages = t->pages[p / 64] >> (p % 64), map;

		if (pages == 0) {
			c = (ROUND_DOWN(p, 64u) + 64) * DESC_PAGE_CHUNKS;
			continue;
		}
		if ((pages & 1) == 0) {
			c = (p + (uint32_t)__builtin_ctzll(pages)) * DESC_PAGE_CHUNKS;
			continue;
		}
		map = t->dir[p]->map >> (c % DESC_PAGE_CHUNKS);
		if (map != 0)
			return c + (uint32_t)__builtin_ctzll(map);
		c = (p + 1) * DESC_PAGE_CHUNKS;
	}
	return DESC_NCHUNK;
}

int
chunk_ensure(struct desctab *t, uint32_t index)
{
	uint32_t n = index / DESC_CHUNK, p = n / DESC_PAGE_CHUNKS;
	struct desc_page *page = NULL;
	struct desc_chunk *c;

	if (chunk_at(t, index) != NULL)
		return 0;
	c = zone_alloc(chunk_zone, ZALLOC_ZERO);
	if (c == NULL)
		return ENOMEM;
	if (t->dir[p] == NULL) {
		page = zone_alloc(dirpage_zone, ZALLOC_ZERO);
		if (page == NULL) {
			zone_free(chunk_zone, c);
			return ENOMEM;
		}
	}
	for (unsigned i = 0; i < DESC_CHUNK; i++)
		c->slot[i].gen = 1;
	spin_lock(&t->lock);
	if (t->dir[p] == NULL) {
		t->dir[p] = page;
		t->pages[p / 64] |= 1ull << (p % 64);
		page = NULL;
	}
	if (t->dir[p]->chunk[n % DESC_PAGE_CHUNKS] == NULL) {
		t->dir[p]->chunk[n % DESC_PAGE_CHUNKS] = c;
		t->dir[p]->map |= 1ull << (n % DESC_PAGE_CHUNKS);
		if (n == 0)
			t->first[DESC_POSIX] = c->slot;
		else if (n == DESC_POSIX_MAX / DESC_CHUNK)
			t->first[DESC_NATIVE] = c->slot;
		c = NULL;
	}
	spin_unlock(&t->lock);
	if (page != NULL)
		zone_free(dirpage_zone, page);
	if (c != NULL)
		zone_free(chunk_zone, c);
	return 0;
}

static int
next_locked(struct desctab *t, uint32_t from)
{
	uint32_t index = from;

	while (index < DESC_MAX) {
		struct desc_chunk *c = chunk_at(t, index);
		uint64_t used = c != NULL ? c->used >> (index % DESC_CHUNK) : 0;

		if (used == 0) {
			index = chunk_next(t, index / DESC_CHUNK + 1) * DESC_CHUNK;
			continue;
		}
		index += (uint32_t)__builtin_ctzll(used);
		if (slot_at(t, index)->node != NULL)
			return (int)index;
		index++;
	}
	return -1;
}

int
desctab_next(struct desctab *t, uint32_t from)
{
	int index;

	spin_lock(&t->lock);
	index = next_locked(t, from);
	spin_unlock(&t->lock);
	return index;
}

void
slot_new(struct slot *s)
{
	if (node_handle_more(s->node))
		node_last_handle(s->node);
}

/* --- reservation --- */

/* Lowest free POSIX slot >= min and < limit; a slot whose chunk is missing counts as free. */
static uint32_t
posix_free(struct desctab *t, uint32_t min, uint32_t limit, struct desc_chunk **out)
{
	uint32_t index = MAX(min, t->posix_hint);

	while (index < limit) {
		struct desc_chunk *c = chunk_at(t, index);
		uint64_t unused = c != NULL ? ~c->used >> (index % DESC_CHUNK) : 1;

		*out = c;
		if (unused != 0) {
			index += (uint32_t)__builtin_ctzll(unused);
			return index < limit ? index : DESC_MAX;
		}
		index = ROUND_DOWN(index, DESC_CHUNK) + DESC_CHUNK;
	}
	return DESC_MAX;
}

/* A slot was charged for and cannot be had. */
static int
unreserved(struct desctab *t, int error)
{
	account_give(t->account, CHARGE_SLOTS, 1);
	return error;
}

static int
reserve_posix(struct desctab *t, uint32_t min, uint32_t *out)
{
	uint32_t limit = (uint32_t)MIN(proc_self()->p_limits[RLIMIT_NOFILE].cur,
	    (uint64_t)DESC_POSIX_MAX);
	struct desc_chunk *c = NULL;
	uint32_t index;
	int error;

	for (;;) {
		spin_lock(&t->lock);
		index = posix_free(t, min, limit, &c);
		if (index != DESC_MAX && c != NULL) {
			take(t, c, index);
			if (min <= t->posix_hint)
				t->posix_hint = index + 1;
			spin_unlock(&t->lock);
			*out = index;
			return 0;
		}
		spin_unlock(&t->lock);
		if (index == DESC_MAX)
			return unreserved(t, ENORES);
		if ((error = chunk_ensure(t, index)) != 0)
			return unreserved(t, error);
	}
}

static int
reserve_native(struct desctab *t, uint32_t *out)
{
	uint64_t limit = proc_self()->p_limits[RLIMIT_HANDLES].cur;
	uint32_t index;
	int error;

	for (;;) {
		spin_lock(&t->lock);
		if (t->native_used >= limit || t->native_used >= DESC_NATIVE_MAX) {
			spin_unlock(&t->lock);
			return unreserved(t, ENORES);
		}
		index = t->free_head;
		if (index != FREE_END) {
			t->free_head = slot_at(t, index)->next_free;
			if (t->free_head == FREE_END)
				t->free_tail = FREE_END;
		} else {
			index = DESC_POSIX_MAX + t->native_top;
			if (chunk_at(t, index) == NULL) {
				spin_unlock(&t->lock);
				if ((error = chunk_ensure(t, index)) != 0)
					return unreserved(t, error);
				continue;
			}
			t->native_top++;
		}
		take(t, chunk_at(t, index), index);
		spin_unlock(&t->lock);
		*out = index;
		return 0;
	}
}

static int
reserve(struct desctab *t, enum desc_range range, uint32_t min, uint32_t *out)
{
	if (fail_now(FAIL_SLOT))
		return ENOMEM;
	if (unlikely(!account_take(t->account, CHARGE_SLOTS, 1)))
		return ENFILE;
	return range == DESC_POSIX ? reserve_posix(t, min, out) : reserve_native(t, out);
}

int
desc_reserve(enum desc_range range, uint32_t min, uint32_t *out)
{
	return reserve(desctab_mine(), range, min, out);
}

/* Gives the slot back to its range; the lock is held and the node is gone. */
static inline __attribute__((always_inline)) void
release(struct desctab *t, struct desc *d, uint32_t index)
{
	d->gen = d->gen == DESC_GEN_MAX ? 1 : d->gen + 1;
	chunk_of(d, index)->used &= ~(1ull << (index % DESC_CHUNK));
	kstat_add(&desc_slots, -1);
	account_give(t->account, CHARGE_SLOTS, 1);
	if (index < DESC_POSIX_MAX) {
		t->posix_hint = MIN(t->posix_hint, index);
		return;
	}
	t->native_used--;
	free_append(t, d, index);
}

void
desc_unreserve(uint32_t index)
{
	struct desctab *t = desctab_mine();
	struct desc *d;

	spin_lock(&t->lock);
	d = slot_at(t, index);
	ASSERT(d->node == NULL);
	release(t, d, index);
	spin_unlock(&t->lock);
}

static void
publish_locked(struct desctab *t, uint32_t index, struct node *n, uint32_t rights, uint32_t flags)
{
	struct desc *d = slot_at(t, index);

	ASSERT(d->node == NULL);
	d->node = n;
	d->rights = rights;
	d->flags = (uint16_t)flags;
}

void
desc_publish(uint32_t index, struct node *n, uint32_t rights, uint32_t flags)
{
	struct desctab *t = desctab_mine();

	if (node_handle_more(n))
		node_last_handle(n);
	spin_lock(&t->lock);
	publish_locked(t, index, n, rights, flags);
	spin_unlock(&t->lock);
}

void
slot_publish(uint32_t index, const struct slot *s)
{
	struct desctab *t = desctab_mine();

	spin_lock(&t->lock);
	publish_locked(t, index, s->node, s->rights, s->flags);
	spin_unlock(&t->lock);
}

/* The handle value of a slot that is in use; it holds still while the slot does. */
static uint32_t
value_of(struct desctab *t, uint32_t index)
{
	return (index + 1) | ((uint32_t)slot_at(t, index)->gen << DESC_GEN_SHIFT);
}

static uint32_t
index_of(uint32_t num)
{
	return num > DESC_INDEX_MASK ? (num & DESC_INDEX_MASK) - 1 : num;
}

uint32_t
desctab_handle(struct desctab *t, uint32_t index)
{
	uint32_t h = 0;

	spin_lock(&t->lock);
	if (index < DESC_MAX && chunk_at(t, index) != NULL &&
	    (chunk_at(t, index)->used >> (index % DESC_CHUNK) & 1) != 0)
		h = value_of(t, index);
	spin_unlock(&t->lock);
	return h;
}

uint32_t
desc_handle(uint32_t index)
{
	return desctab_handle(desctab_mine(), index);
}

int
desc_index(uint32_t num, uint32_t *index)
{
	struct desctab *t = desctab_mine();
	int error = EHANDLE;

	spin_lock(&t->lock);
	if (find(t, num) != NULL) {
		*index = index_of(num);
		error = 0;
	} else if (self_of(num) != DESC_NSELF && !t->self[self_of(num)].empty) {
		*index = DESC_MAX + self_of(num);
		error = 0;
	}
	spin_unlock(&t->lock);
	return error;
}

int
desc_install(struct node *n, uint32_t rights, uint32_t flags, enum desc_range range, uint32_t *index)
{
	int error = desc_reserve(range, 0, index);

	if (error == 0)
		desc_publish(*index, n, rights, flags);
	return error;
}

/* A place for a handle, whose value the caller has been told. */
static inline int
reserve_told(void __user *out, uint32_t *index)
{
	int error = desc_reserve(DESC_NATIVE, 0, index);
	uint32_t h;

	if (error != 0)
		return error;
	h = value_of(desctab_mine(), *index);
	error = copyout(&h, out, sizeof(h));
	if (error != 0)
		desc_unreserve(*index);
	return error;
}

int
handle_install(struct node *n, uint32_t rights, void __user *out)
{
	uint32_t index;
	int error = reserve_told(out, &index);

	if (error == 0)
		desc_publish(index, n, rights, DESC_CLOEXEC);
	return error;
}

int
handle_install_slot(struct slot *s, void __user *out)
{
	uint32_t index;
	int error = reserve_told(out, &index);

	if (error == 0)
		slot_publish(index, s);
	return error;
}

int
handle_install_new(struct node *n, uint32_t rights, void __user *out)
{
	int error;

	node_use(n);
	node_unref(n);
	error = handle_install(n, rights, out);
	if (error != 0)
		node_unuse(n);
	return error;
}

/* --- removal --- */

/* Ends the waits made through what is empty now; the lock is dropped. */
static void
via_gone(const struct via *via, struct node *n)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(n->sig->lock);
	if (!list_empty(&n->sig->observers))
		sig_slot_gone(n->sig, via, &w);
	spin_unlock(n->sig->lock);
	wakelist_run(&w);
}

/* After the slot is empty and the lock dropped: the waits made through it end. */
static void
slot_left(const struct via *via, struct node *n)
{
	via_gone(via, n);
	if (n->kind == NODE_FILE && desc_closed_hook != NULL)
		desc_closed_hook(n);
}

static void
slot_gone(const struct via *via, struct node *n)
{
	slot_left(via, n);
	node_handle_less(n);
	node_unuse(n);
}

/* Empties the slot; its use is the caller's, and so is slot_left(). */
static bool
slot_empty(struct desctab *t, uint32_t num, struct slot *out, struct via *via)
{
	struct desc *d;

	spin_lock(&t->lock);
	d = find(t, num);
	if (d != NULL) {
		*out = (struct slot){ .node = d->node, .rights = d->rights, .flags = d->flags };
		*via = (struct via){ .gen = &d->gen, .was = d->gen };
		d->node = NULL;
		release(t, d, index_of(num));
	}
	spin_unlock(&t->lock);
	return d != NULL;
}

static void
self_gone(struct desctab *t, uint32_t which)
{
	struct via via = { .gen = &t->self[which].gen, .was = t->self[which].gen++ };
	struct node *n;

	if (!t->self[which].waited || desc_self_hook((enum desc_self)which, &n) != 0)
		return;
	via_gone(&via, n);
	node_unuse(n);
}

static int
self_close(struct desctab *t, uint32_t which)
{
	bool was = true;

	if (which == DESC_NSELF)
		return EHANDLE;
	spin_lock(&t->lock);
	was = t->self[which].empty;
	t->self[which].empty = true;
	spin_unlock(&t->lock);
	if (was)
		return EHANDLE;
	self_gone(t, which);
	return 0;
}

bool
desc_is_self(uint32_t num)
{
	return self_of(num) != DESC_NSELF;
}

void
desctab_grant(struct desctab *t, enum desc_self which, uint32_t rights)
{
	t->self[which].rights |= rights;
}

void
desctab_weaken(struct desctab *t, enum desc_self which, uint32_t rights)
{
	spin_lock(&t->lock);
	t->self[which].rights &= rights;
	t->self[which].empty |= t->self[which].rights == 0;
	spin_unlock(&t->lock);
}

int
desc_close(uint32_t num)
{
	struct slot s;
	struct via via;

	if (!slot_empty(desctab_mine(), num, &s, &via))
		return self_close(desctab_mine(), self_of(num));
	slot_gone(&via, s.node);
	return 0;
}

int
handle_take(uint32_t h, struct slot *out)
{
	struct via via;

	if (h <= DESC_INDEX_MASK || !slot_empty(desctab_mine(), h, out, &via))
		return desc_is_self(h) && !desctab_mine()->self[self_of(h)].empty ? ERIGHTS : desc_refused(EHANDLE);
	slot_left(&via, out->node);
	return 0;
}

int
desctab_set(struct desctab *t, uint32_t index, struct slot *s)
{
	struct desc *d;
	struct node *old;
	struct via via;
	int error = chunk_ensure(t, index);

	if (error != 0)
		return error;
	spin_lock(&t->lock);
	d = slot_at(t, index);
	old = d->node;
	via = (struct via){ .gen = &d->gen, .was = d->gen };
	if (old == NULL) {
		if ((chunk_of(d, index)->used >> (index % DESC_CHUNK) & 1) != 0) {
			/* Another thread's open is between reserve and publish. */
			spin_unlock(&t->lock);
			return EBUSY;
		}
		if (!account_take(t->account, CHARGE_SLOTS, 1)) {
			spin_unlock(&t->lock);
			return ENFILE;
		}
		take(t, chunk_of(d, index), index);
	} else {
		d->gen = d->gen == DESC_GEN_MAX ? 1 : d->gen + 1;
	}
	d->node = s->node;
	d->rights = s->rights;
	d->flags = (uint16_t)s->flags;
	spin_unlock(&t->lock);
	if (old != NULL)
		slot_gone(&via, old);
	return 0;
}

int
desc_replace(uint32_t index, struct node *n, uint32_t rights, uint32_t flags)
{
	struct slot s = { .node = n, .rights = rights, .flags = flags };
	int error;

	slot_new(&s);
	error = desctab_set(desctab_mine(), index, &s);
	if (error != 0)
		node_handle_less(n);
	return error;
}

bool
desctab_remove(struct desctab *t, uint32_t index)
{
	struct slot s;
	struct via via;

	if (!slot_empty(t, index, &s, &via))
		return false;
	slot_gone(&via, s.node);
	return true;
}

int
desc_set_flags(uint32_t num, uint32_t flags)
{
	struct desctab *t = desctab_mine();
	struct desc *d;
	int error = EHANDLE;

	spin_lock(&t->lock);
	d = find(t, num);
	if (d != NULL) {
		d->flags = (uint16_t)flags;
		error = 0;
	}
	spin_unlock(&t->lock);
	return error;
}

/* --- moves between tables --- */

int
slot_share(uint32_t num, uint32_t need, struct slot *out)
{
	int error = desc_get_slot(num, NODE_ANY, need, &out->node, &out->rights, &out->flags);

	if (error == 0)
		slot_new(out);
	return error;
}

void
slot_drop(struct slot *s)
{
	node_handle_less(s->node);
	node_unuse(s->node);
}

int
slots_reserve(enum desc_range range, size_t n, uint32_t *num)
{
	struct desctab *t = desctab_mine();

	for (size_t i = 0; i < n; i++) {
		int error = reserve(t, range, 0, &num[i]);

		if (error != 0) {
			slots_unreserve(num, i);
			return error;
		}
		if (range == DESC_NATIVE)
			num[i] = value_of(t, num[i]);
	}
	return 0;
}

void
slots_unreserve(const uint32_t *num, size_t n)
{
	for (size_t i = 0; i < n; i++)
		desc_unreserve(index_of(num[i]));
}

void
slots_publish(const uint32_t *num, struct slot *s, size_t n)
{
	struct desctab *t = desctab_mine();

	if (n == 0)
		return;
	spin_lock(&t->lock);
	for (size_t i = 0; i < n; i++)
		publish_locked(t, index_of(num[i]), s[i].node, s[i].rights, s[i].flags);
	spin_unlock(&t->lock);
}

int
desctab_put(struct desctab *t, enum desc_range range, uint32_t min, struct slot *s, uint32_t *index)
{
	int error = reserve(t, range, min, index);

	if (error != 0)
		return error;
	spin_lock(&t->lock);
	publish_locked(t, *index, s->node, s->rights, s->flags);
	spin_unlock(&t->lock);
	return 0;
}

/* --- whole tables --- */

int
desctab_create(struct desctab **out)
{
	struct desctab *t = zone_alloc(desctab_zone, ZALLOC_ZERO);

	if (t == NULL)
		return ENOMEM;
	spin_init(&t->lock, &desc_class);
	t->account = account_get();
	t->free_head = t->free_tail = FREE_END;
	t->first[DESC_POSIX] = t->first[DESC_NATIVE] = no_slots;
	for (uint32_t i = 0; i < DESC_NSELF; i++)
		t->self[i].rights = desc_self_rights[i];
	*out = t;
	return 0;
}

void
desctab_destroy(struct desctab *t)
{
	for (int i = desctab_next(t, 0); i >= 0; i = desctab_next(t, (uint32_t)i + 1))
		(void)desctab_remove(t, (uint32_t)i);
	for (uint32_t i = 0; i < DESC_NSELF; i++)
		self_gone(t, i);
	for (uint32_t c = chunk_next(t, 0); c < DESC_NCHUNK; c = chunk_next(t, c + 1))
		zone_free(chunk_zone, chunk_at(t, c * DESC_CHUNK));
	for (unsigned w = 0; w < ARRAY_SIZE(t->pages); w++)
		for (uint64_t map = t->pages[w]; map != 0; map &= map - 1)
			zone_free(dirpage_zone, t->dir[w * 64 + (unsigned)__builtin_ctzll(map)]);
	account_unref(t->account);
	zone_free(desctab_zone, t);
}
