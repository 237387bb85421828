/*
 * What a process holds, as text.
 *
 *	/proc/PID/handles	NUMBER HANDLE KIND KOID RIGHTS PEER OWNER, a line a slot
 *	/proc/PID/objects	KOID KIND REFS PEER SIGNALS, a line a slot
 *
 * Who owns the peer of a channel end is written down nowhere: slots are moved, copied and sent, and
 * keeping count would burden every one of these.  It is looked for instead.  The koids of the peers go
 * into a hash table, then every table that the caller may look into is walked once; the first
 * process that has such a koid is the owner.  A peer in a message, gone, or of another user's process
 * is "-".
 *
 * A table is looked at slot by slot: what changes meanwhile is seen or not, but each line is true.
 */
#include "fs/procfs_impl.h"
#include "fs/procfs.h"
#include "fs/text.h"
#include "ipc/cycle.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/pair.h"
#include "kern/proc.h"
#include "mach/atomic.h"
#include "vm/zone.h"
#include <abi/sig.h>

struct row {
	uint32_t index, handle, rights;
	const char *kind;
	koid_t koid, peer;
	int32_t owner;			/* of the peer, 0: not found */
};

struct rows {
	struct row *row;
	uint32_t *hash;			/* row + 1 by peer, 0: empty; `slots' of them */
	size_t n, room, slots;
};

/* The koid of the other end: of a pair's also when it is gone, of an AF_UNIX socket's while it is there. */
static koid_t
peer_koid(struct node *n)
{
	struct node *peer = n->pair == NULL && n->carrier != NULL ? n->carrier->ops->peer(n) : NULL;
	koid_t koid;

	if (peer == NULL)
		return node_related_koid(n);
	koid = peer->koid;
	node_unref(peer);
	return koid;
}

/* The next slot of p from *index on: a use of its node, and *index.  NULL: there is none. */
static struct node *
slot_next(struct proc *p, uint32_t *index, uint32_t *rights)
{
	struct node *n;
	uint32_t flags;
	int i;

	while (p->p_desc != NULL && (i = desctab_next(p->p_desc, *index)) >= 0) {
		*index = (uint32_t)i;
		if (desctab_peek(p->p_desc, *index, &n, rights, &flags) == 0)
			return n;
		++*index;
	}
	return NULL;
}

static size_t
slots_used(struct proc *p)
{
	size_t n = 0;

	for (int i = -1; p->p_desc != NULL && (i = desctab_next(p->p_desc, (uint32_t)i + 1)) >= 0;)
		n++;
	return n;
}

static int
rows_make(struct rows *r, size_t room)
{
	r->n = 0;
	r->room = room;
	for (r->slots = 16; r->slots < 2 * room; r->slots *= 2)
		;
	r->row = kmem_alloc(MAX(room, (size_t)1) * sizeof(*r->row), 0);
	r->hash = kmem_alloc(r->slots * sizeof(*r->hash), ZALLOC_ZERO);
	return r->row != NULL && r->hash != NULL ? 0 : ENOMEM;
}

static void
rows_free(struct rows *r)
{
	if (r->row != NULL)
		kmem_free(r->row, MAX(r->room, (size_t)1) * sizeof(*r->row));
	if (r->hash != NULL)
		kmem_free(r->hash, r->slots * sizeof(*r->hash));
}

/* Where the search for a koid begins. */
static size_t
rows_place(const struct rows *r, koid_t koid)
{
	return (size_t)(koid * 0x9e3779b97f4a7c15ull >> 32) & (r->slots - 1);
}

static void
rows_fill(struct rows *r, struct proc *p)
{
	struct node *n;
	uint32_t index = 0, rights;

	for (; r->n < r->room && (n = slot_next(p, &index, &rights)) != NULL; index++) {
		struct row *row = &r->row[r->n++];
		size_t at;

		*row = (struct row){ .index = index, .handle = desctab_handle(p->p_desc, index),
		    .rights = rights, .kind = n->ops->name, .koid = n->koid, .peer = peer_koid(n) };
		node_unuse(n);
		if (row->peer == 0)
			continue;
		for (at = rows_place(r, row->peer); r->hash[at] != 0; at = (at + 1) & (r->slots - 1))
			;
		r->hash[at] = (uint32_t)r->n;
	}
}

/* p has koid: it owns the peer of every row that says so. */
static void
rows_found(struct rows *r, koid_t koid, const struct proc *p)
{
	for (size_t at = rows_place(r, koid); r->hash[at] != 0; at = (at + 1) & (r->slots - 1)) {
		struct row *row = &r->row[r->hash[at] - 1];

		if (row->peer == koid && row->owner == 0)
			row->owner = p->p_pid;
	}
}

static void
rows_search(struct rows *r)
{
	struct proc *p;
	struct node *n;
	uint32_t rights;

	for (int32_t pid = 0; (pid = procfs_next_pid(pid)) >= 0; pid++) {
		if ((p = proc_find(pid)) == NULL)
			continue;
		if (procfs_may_inspect(p))
			for (uint32_t i = 0; (n = slot_next(p, &i, &rights)) != NULL; i++) {
				rows_found(r, n->koid, p);
				node_unuse(n);
			}
		node_unref(&p->p_node);
	}
}

int
procfs_handles(struct text *t, struct proc *p)
{
	struct rows r = { 0 };
	int error = rows_make(&r, slots_used(p));

	if (error == 0) {
		rows_fill(&r, p);
		rows_search(&r);
		text_printf(t, "NUMBER HANDLE KIND KOID RIGHTS PEER OWNER\n");
	}
	for (size_t i = 0; error == 0 && i < r.n; i++) {
		const struct row *row = &r.row[i];

		text_printf(t, "%u %#x %s %llu %#x ", row->index, row->handle, row->kind,
		    (unsigned long long)row->koid, row->rights);
		if (row->peer != 0)
			text_printf(t, "%llu ", (unsigned long long)row->peer);
		else
			text_bytes(t, "- ", 2);
		if (row->owner != 0)
			text_printf(t, "%d\n", (int)row->owner);
		else
			text_bytes(t, "-\n", 2);
	}
	rows_free(&r);
	return error;
}

/* One use is the look itself. */
int
procfs_objects(struct text *t, struct proc *p)
{
	struct node *n;
	uint32_t index = 0, rights;

	text_printf(t, "KOID KIND REFS PEER SIGNALS\n");
	for (; (n = slot_next(p, &index, &rights)) != NULL; index++) {
		text_printf(t, "%llu %s %u %llu %#x\n", (unsigned long long)n->koid, n->ops->name,
		    atomic_load(&n->uses) - 1, (unsigned long long)peer_koid(n), sig_read(n->sig) & ~SIG_PRIVATE);
		node_unuse(n);
	}
	return 0;
}
