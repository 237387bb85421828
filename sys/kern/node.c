/*
 * The node base: references, uses, the wrappers, the defaults for what a kind cannot do.
 *
 * Uses and references differ because closing and freeing do: the last descriptor of a pipe end
 * closes it for the peer at once, while a thread in the middle of a wait still holds memory.  A
 * call in progress counts as a use, so a peer never sees an end close under a sleeping reader.
 */
#include "kern/node.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/stat.h>

const struct lock_class node_class = { .name = "node", .rank = RANK_NODE, .nest = true };
COUNTER(nodes, "node.total");
static uint64_t next_koid = 1024;	/* [a] */
static struct spin ready_lock = SPIN_INIT(&node_class);
struct sigsrc sigsrc_ready = { .lock = &ready_lock, .bits = SIG_READABLE | SIG_WRITABLE,
	.observers = LIST_INIT(sigsrc_ready.observers) };

koid_t
koid_new(void)
{
	return atomic_add(&next_koid, 1);
}

void
node_init(struct node *n, const struct node_ops *ops, enum node_kind kind, struct sigsrc *src,
    uint32_t bits)
{
	n->ops = ops;
	n->koid = koid_new();
	n->refs = 1;
	n->uses = 0;
	n->handles = 0;
	n->kind = (uint16_t)kind;
	n->canary = NODE_CANARY;
	n->flags = 0;
	n->poll_in = SIG_READABLE;
	n->pair = NULL;
	n->carrier = NULL;
	n->side = 0;
	n->counted = src != NULL ? 0 :
	    kind == NODE_PROCESS || kind == NODE_THREAD || kind == NODE_JOB ? NODE_STAYS : NODE_COUNTED;
	spin_init(&n->lock, &node_class);
	sigsrc_init(&n->own, &n->lock, bits | (n->counted == NODE_COUNTED ? SIG_LAST_HANDLE : 0));
	n->sig = src != NULL ? src : &n->own;
	kstat_add(&nodes, 1);
}

void __rare
node_last_ref(struct node *n)
{
	ASSERT(list_empty(&n->own.observers));
	n->canary = 0;
	kstat_add(&nodes, -1);
	n->ops->destroy(n);
}

/* Two threads may come here in any order: the later one has the last word. */
void __rare
node_last_handle(struct node *n)
{
	struct wakelist w;
	bool last;

	wakelist_init(&w);
	spin_lock(n->sig->lock);
	last = atomic_load(&n->handles) == 1;
	sig_change(n->sig, last ? 0 : SIG_LAST_HANDLE, last ? SIG_LAST_HANDLE : 0, &w);
	spin_unlock(n->sig->lock);
	wakelist_run(&w);
}

static struct node *
unused_next(struct thr *t)
{
	struct node *n = t->t_unused;

	if (n != NULL)
		t->t_unused = n->later;
	return n;
}

/*
 * The last use went.  What a queue carries may be queues in turn: a node whose last use goes while
 * another's `unused' runs waits until that has returned, so ten thousand nested ones take no more
 * stack than one.  Memory goes in the opposite order, so what is held may lean on its holder to
 * the end (a FIFO's pipe on the file).  Deferred calls close nodes on top of any thread: `hold'
 * keeps them out.
 */
void __rare
node_last_use(struct node *n)
{
	struct thr *t = thr_self();
	struct node *done = NULL;

	hold_enter();
	if (t->t_unusing) {
		n->later = t->t_unused;
		t->t_unused = n;
		hold_leave();
		return;
	}
	t->t_unusing = true;
	for (;;) {
		while (n != NULL) {
			hold_leave();
			n->ops->unused(n);
			hold_enter();
			n->later = done;
			done = n;
			n = unused_next(t);
		}
		if (done == NULL)
			break;
		n = done;
		done = n->later;
		hold_leave();
		node_unref(n);
		hold_enter();
		n = unused_next(t);
	}
	t->t_unusing = false;
	hold_leave();
}

int
node_read(struct node *n, struct uio *uio)
{
	ASSERT(n->canary == NODE_CANARY);
	if ((n->flags & O_NONBLOCK) != 0)
		uio->flags |= UIO_NONBLOCK;
	return n->ops->read(n, uio);
}

int
node_write(struct node *n, struct uio *uio)
{
	ASSERT(n->canary == NODE_CANARY);
	if ((n->flags & O_NONBLOCK) != 0)
		uio->flags |= UIO_NONBLOCK;
	if ((n->flags & O_APPEND) != 0)
		uio->flags |= UIO_APPEND;
	return n->ops->write(n, uio);
}

int
node_try(struct node *n, struct uio *u, uint32_t levels,
    int (*try)(struct node *, struct uio *, void __user *))
{
	bool turn = false;
	int error;

	while ((error = try(n, u, NULL)) == ESHOULDWAIT && (u->flags & UIO_NONBLOCK) == 0) {
		error = sig_wait(n->sig, levels, WAIT_INTR | WAIT_TURN, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			break;
		turn = true;
	}
	if (turn)
		sig_pass(n->sig, levels);
	return error;
}

int
node_nowrite(struct node *n, struct uio *uio)
{
	return EBADF;
}

int
node_nostream(struct node *n, struct uio *uio)
{
	return EINVAL;
}

int
node_noseek(struct node *n, int64_t off, int whence, int64_t *result)
{
	return ESPIPE;
}

int
node_nostat(struct node *n, struct abi_stat *st)
{
	st->ino = n->koid;
	st->nlink = 1;
	st->blksize = (int32_t)PAGE_SIZE;
	return 0;
}

int
node_nosetattr(struct node *n, const struct setattr *sa)
{
	return EINVAL;
}

int
node_noioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	return ENOTTY;
}

int
node_novmo(struct node *n, struct vmo **out)
{
	return ENODEV;
}

int
node_nosync(struct node *n)
{
	return EINVAL;
}

void
node_nounused(struct node *n)
{
}
