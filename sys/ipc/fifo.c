/*
 * Fifos: two ends and, each way, a ring of elements of one size, at most a page together.
 * (The named pipes of file systems are in ipc/pipe.c.)
 *
 * 1. Levels of an end: READABLE if and only if an element is queued for it; WRITABLE if and only if
 * there is room for one and the peer is open.
 *
 * 2. A transfer moves as many whole elements as there are, or as fit.  It is counted after the copy, so
 * one that faults has moved nothing.
 *
 * 3. Locking.  The pair's spin lock covers the indices; the bytes are copied outside of it.  Each
 * direction has a sleeping lock for its reader and one for its writer.
 */
#include "gen/sysproto.h"
#include "kern/account.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/pair.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>
#include <abi/termios.h>

/* What is on the way to one end. */
struct lane {
	struct mutex rd, wr;
	uint32_t head, tail;		/* [l] elements taken and put, ever */
	char *buf;
	struct account *account;	/* [I] of buf */
};

struct fifo {
	struct pair pair;		/* l */
	uint32_t count, elem;		/* [I] of a lane; bytes of one */
	struct lane lane[2];		/* to end 0, to end 1 */
	struct node end[2];
};

#define FIFO_RIGHTS (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_SIGNAL | RIGHT_SIGNAL_PEER | \
    RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY)

LOCK_CLASS(fifo_io_class, "fifo I/O", RANK_IO);
ZONE(fifo_zone, struct fifo);
COUNTER(fifos, "node.fifo");

static struct fifo *
fifo_of(struct node *n)
{
	return container_of(n->pair, struct fifo, pair);
}

/* Elements moved towards end `to': both ends' levels follow.  The lock is held. */
static void
update(struct fifo *f, unsigned to, struct wakelist *w)
{
	const struct lane *l = &f->lane[to];
	struct node *rd = f->pair.end[to], *wr = f->pair.end[1 - to];
	bool some = l->tail != l->head, room = l->tail - l->head < f->count;

	if (rd != NULL)
		sig_change(rd->sig, some ? 0 : SIG_READABLE, some ? SIG_READABLE : 0, w);
	if (wr != NULL && rd != NULL)
		sig_change(wr->sig, room ? 0 : SIG_WRITABLE, room ? SIG_WRITABLE : 0, w);
}

/* n elements between the ring, from index `at' on, and the uio.  All or EFAULT. */
static int
move(struct fifo *f, struct lane *l, uint32_t at, uint32_t n, struct uio *u)
{
	uint32_t first = at & (f->count - 1), piece = MIN(n, f->count - first);
	uint64_t before = u->resid;
	int error = uio_move(l->buf + (size_t)first * f->elem, (size_t)piece * f->elem, u);

	if (error == 0 && n > piece)
		error = uio_move(l->buf, (size_t)(n - piece) * f->elem, u);
	if (error != 0)
		u->resid = before;
	return error;
}

static int
tell(void __user *actual, size_t n)
{
	return actual == NULL ? 0 : copyout(&n, actual, sizeof(n));
}

static int
put_locked(struct node *node, struct uio *u, void __user *actual)
{
	struct fifo *f = fifo_of(node);
	struct lane *l = &f->lane[1 - node->side];
	uint64_t want = u->resid / f->elem;
	struct wakelist w;
	uint32_t n, at;
	int error;

	spin_lock(&f->pair.lock);
	at = l->tail;
	n = (uint32_t)MIN(want, (uint64_t)(f->count - (l->tail - l->head)));
	error = pair_peer_locked(node) == NULL ? EPEERCLOSED : n == 0 ? ESHOULDWAIT : 0;
	spin_unlock(&f->pair.lock);
	if (error == 0)
		error = move(f, l, at, n, u);
	if (error == 0)
		error = tell(actual, n);
	if (error != 0)
		return error;
	wakelist_init(&w);
	spin_lock(&f->pair.lock);
	if (pair_peer_locked(node) == NULL)
		error = EPEERCLOSED;
	else
		l->tail += n;
	update(f, 1u - node->side, &w);
	spin_unlock(&f->pair.lock);
	wakelist_run(&w);
	return error;
}

static int
take_locked(struct node *node, struct uio *u, void __user *actual)
{
	struct fifo *f = fifo_of(node);
	struct lane *l = &f->lane[node->side];
	uint64_t want = u->resid / f->elem;
	struct wakelist w;
	uint32_t n, at;
	int error;

	spin_lock(&f->pair.lock);
	at = l->head;
	n = (uint32_t)MIN(want, (uint64_t)(l->tail - l->head));
	error = n > 0 ? 0 : pair_peer_locked(node) == NULL ? EPEERCLOSED : ESHOULDWAIT;
	spin_unlock(&f->pair.lock);
	if (error == 0)
		error = move(f, l, at, n, u);
	if (error == 0)
		error = tell(actual, n);
	if (error != 0)
		return error;
	wakelist_init(&w);
	spin_lock(&f->pair.lock);
	l->head += n;
	update(f, node->side, &w);
	spin_unlock(&f->pair.lock);
	wakelist_run(&w);
	return 0;
}

/* One mover a direction. */
static int
in_turn(struct mutex *m, int (*step)(struct node *, struct uio *, void __user *), struct node *n,
    struct uio *u, void __user *actual)
{
	int error = mutex_lock_intr(m);

	if (error != 0)
		return error;
	error = step(n, u, actual);
	mutex_unlock(m);
	return error;
}

/* What fits, or ESHOULDWAIT. */
static int
put(struct node *n, struct uio *u, void __user *actual)
{
	return in_turn(&fifo_of(n)->lane[1 - n->side].wr, put_locked, n, u, actual);
}

static int
take(struct node *n, struct uio *u, void __user *actual)
{
	return in_turn(&fifo_of(n)->lane[n->side].rd, take_locked, n, u, actual);
}

/* --- the node --- */

static int
fifo_read(struct node *n, struct uio *u)
{
	int error;

	if (u->resid == 0)
		return 0;
	if (u->resid < fifo_of(n)->elem)
		return EINVAL;
	error = node_try(n, u, SIG_READABLE | SIG_PEER_CLOSED, take);
	return error == EPEERCLOSED ? 0 : error;
}

static int
fifo_write(struct node *n, struct uio *u)
{
	int error = 0;

	if (u->resid % fifo_of(n)->elem != 0)
		return EINVAL;
	while (u->resid > 0 && error == 0)
		error = node_try(n, u, SIG_WRITABLE | SIG_PEER_CLOSED, put);
	return error;
}

static int
fifo_stat(struct node *n, struct abi_stat *st)
{
	struct fifo *f = fifo_of(n);

	st->ino = n->koid;
	st->mode = S_IFIFO | 0600;
	st->nlink = 1;
	st->blksize = (int32_t)f->elem;
	return 0;
}

static int
fifo_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct fifo *f = fifo_of(n);
	struct lane *l = &f->lane[n->side];
	int bytes;

	if (cmd != FIONREAD)
		return ENOTTY;
	spin_lock(&f->pair.lock);
	bytes = (int)((l->tail - l->head) * f->elem);
	spin_unlock(&f->pair.lock);
	return copyout(&bytes, (void __user *)arg, sizeof(bytes));
}

static void
fifo_unused(struct node *n)
{
	pair_unused(n, SIG_WRITABLE);
}

static void
fifo_free(struct fifo *f)
{
	for (unsigned i = 0; i < 2; i++)
		if (f->lane[i].buf != NULL)
			account_block_free(f->lane[i].buf, (size_t)f->count * f->elem, f->lane[i].account);
	zone_free(fifo_zone, f);
	kstat_add(&fifos, -1);
}

static void
fifo_destroy(struct node *n)
{
	struct fifo *f = fifo_of(n);

	if (pair_put(n))
		fifo_free(f);
}

static const struct node_ops fifo_ops = {
	.name = "fifo", .read = fifo_read, .write = fifo_write, NODE_OPS_STREAM,
	.stat = fifo_stat, .setattr = node_nosetattr, .ioctl = fifo_ioctl,
	.unused = fifo_unused, .destroy = fifo_destroy,
};

/* --- calls --- */

int
sys_mx_fifo_create(size_t count, size_t elem, uint32_t options, void __user *out0, void __user *out1)
{
	struct fifo *f;

	if (count == 0 || elem == 0 || (count & (count - 1)) != 0 || count > MX_FIFO_MAX_SIZE_BYTES ||
	    elem > MX_FIFO_MAX_SIZE_BYTES / count)
		return ERANGE;
	f = zone_alloc(fifo_zone, ZALLOC_ZERO);
	if (f == NULL)
		return ENOMEM;
	kstat_add(&fifos, 1);
	f->count = (uint32_t)count;
	f->elem = (uint32_t)elem;
	for (unsigned i = 0; i < 2; i++) {
		mutex_init(&f->lane[i].rd, &fifo_io_class);
		mutex_init(&f->lane[i].wr, &fifo_io_class);
		f->lane[i].buf = account_block(count * elem, &f->lane[i].account);
		if (f->lane[i].buf == NULL) {
			fifo_free(f);
			return ENOMEM;
		}
	}
	pair_init(&f->pair, &fifo_ops, NODE_FIFO, &f->end[0], &f->end[1], SIG_WRITABLE);
	return pair_install(&f->pair, FIFO_RIGHTS, out0, out1);
}

static int
native(struct node *h, size_t elem, void __user *data, size_t count, void __user *actual, uint32_t flags)
{
	struct fifo *f = fifo_of(h);
	struct kiovec one;
	struct uio u;

	if (elem != f->elem || count == 0)
		return ERANGE;
	if (actual != NULL && !user_range_ok((uintptr_t)actual, sizeof(size_t)))
		return EFAULT;
	uio_init(&u, &one, (uintptr_t)data, MIN(count, (size_t)f->count) * elem, flags);
	return (flags & UIO_WRITE) != 0 ? put(h, &u, actual) : take(h, &u, actual);
}

int
sys_mx_fifo_write(struct node *h, size_t elem, void __user *data, size_t count, void __user *actual)
{
	return native(h, elem, data, count, actual, UIO_WRITE);
}

int
sys_mx_fifo_read(struct node *h, size_t elem, void __user *data, size_t count, void __user *actual)
{
	return native(h, elem, data, count, actual, 0);
}
