/*
 * Pipes.
 *
 * 1. A pipe is a ring of PIPE_SIZE bytes shared by two sides; each side is a node (READ or WRITE
 * right).  A FIFO is the same ring with any number of opens a side; all opens of a side share its
 * signal source, so one change reaches all.
 *
 * 2. Levels.  Reader: READABLE if and only if bytes are queued or no writer is left (end of file
 * does not wait); PEER_CLOSED when no writer is left.  Writer: WRITABLE if and only if PIPE_BUF
 * bytes are free, which is the largest atomic write; PEER_CLOSED when no reader is left, then a
 * write does not wait either: it fails.
 *
 * 3. Atomic writes.  At most PIPE_BUF bytes go in one piece: the writer waits until they all fit.
 * Longer ones go in pieces as room appears.
 *
 * 4. Locking.  The pair's spin lock covers counts, ends and sources.  Bytes are copied outside of it:
 * each direction has a sleeping I/O lock (IO), so one reader and one writer move bytes at a time
 * and the ring's ends cannot move under the copy.  The I/O lock is not kept while asleep.
 *
 * The buffer is whole pages, allocated with the pipe: a write never fails for want of memory.
 */
#include "ipc/pipe.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/node.h"
#include "kern/owner.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/string.h"
#include "mach/user.h"
#include "vm/kmap.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>
#include <abi/termios.h>

#define PIPE_SIZE	65536u
#define PIPE_PAGES	(PIPE_SIZE / PAGE_SIZE)
#define PIPE_BUF	4096u

/* A level of ours: the other side is open; what the open of a FIFO waits for. */
#define PEER_OPEN	SIG_PRIVATE
#define LEVELS		(SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED | PEER_OPEN)

enum { RD, WR };

struct pipe {
	struct spin lock;		/* l */
	uint32_t refs;			/* [l] nodes, and the FIFO slot's user */
	uint32_t head, count;		/* [l] first byte, bytes queued */
	uint32_t open[2];		/* [l] open ends a side */
	uint64_t opened[2];		/* [l] opens ever, for the FIFO rendezvous */
	struct sigsrc src[2];		/* [l] what each side waits for */
	struct mutex io[2];		/* one mover a direction */
	struct page *pages[PIPE_PAGES];	/* [io] allocated at first use */
	void **slot;			/* [fifo_lock] FIFO: where the vnode names us */
	koid_t koid;			/* [I] inode number of both ends */
};

struct pipe_end {
	struct node node;
	struct pipe *pipe;		/* [I] */
	bool side[2];			/* [I] O_RDWR on a FIFO is both */
};

LOCK_CLASS(io_class, "pipe I/O", RANK_IO);
LOCK_CLASS(fifo_class, "fifo", RANK_IO - 1);
static void
pipe_construct(void *obj)
{
	struct pipe *p = obj;

	mach_fill(p, 0, sizeof(*p));
	spin_init(&p->lock, &node_class);
	for (int s = RD; s <= WR; s++) {
		sigsrc_init(&p->src[s], &p->lock, 0);
		mutex_init(&p->io[s], &io_class);
	}
}

ZONE_CTOR(pipe_zone, struct pipe, pipe_construct);
ZONE(end_zone, struct pipe_end);
COUNTER(pipes, "node.pipe");
static struct mutex fifo_lock = MUTEX_INIT(fifo_lock, &fifo_class);

static struct pipe_end *
end_of(struct node *n)
{
	return container_of(n, struct pipe_end, node);
}

/* Brings the levels of both sides in line with the state; the lock is held. */
static void
update(struct pipe *p, struct wakelist *w)
{
	uint32_t rd = 0, wr = 0;

	if (p->count > 0 || p->open[WR] == 0)
		rd |= SIG_READABLE;
	rd |= p->open[WR] == 0 ? SIG_PEER_CLOSED : PEER_OPEN;
	wr |= p->open[RD] == 0 ? SIG_PEER_CLOSED : PEER_OPEN;
	if (p->open[RD] > 0 && PIPE_SIZE - p->count >= PIPE_BUF)
		wr |= SIG_WRITABLE;
	sig_change(&p->src[RD], LEVELS & ~rd, rd, w);
	sig_change(&p->src[WR], LEVELS & ~wr, wr, w);
}

static void
update_and_wake(struct pipe *p)
{
	struct wakelist w;

	wakelist_init(&w);
	update(p, &w);
	spin_unlock(&p->lock);
	wakelist_run(&w);
}

/* --- moving bytes; the direction's I/O lock is held --- */

static int
move(struct pipe *p, uint32_t at, uint32_t n, struct uio *u)
{
	while (n > 0) {
		uint32_t off = at % PAGE_SIZE, piece = MIN(n, (uint32_t)PAGE_SIZE - off);
		struct page *page = p->pages[at / PAGE_SIZE];
		char *va = page_map(page);
		int error = uio_move(va + off, piece, u);

		page_unmap(va);
		if (error != 0)
			return error;
		at = (at + piece) % PIPE_SIZE;
		n -= piece;
	}
	return 0;
}

static int
pages_ensure(struct pipe *p, uint32_t at, uint32_t n)
{
	uint32_t first = at / PAGE_SIZE, last = (at + n - 1) / PAGE_SIZE;

	for (uint32_t i = first; i <= last; i++) {
		uint32_t k = i % PIPE_PAGES;

		if (p->pages[k] == NULL && (p->pages[k] = page_alloc_ring()) == NULL)
			return ENOMEM;
	}
	return 0;
}

static int
read_some(struct pipe *p, struct uio *u)
{
	uint64_t before = u->resid;
	uint32_t n, at;
	int error;

	spin_lock(&p->lock);
	n = (uint32_t)MIN((uint64_t)p->count, u->resid);
	at = p->head;
	if (n == 0) {
		error = p->open[WR] == 0 ? 0 : ESHOULDWAIT;
		spin_unlock(&p->lock);
		return error;
	}
	spin_unlock(&p->lock);
	error = move(p, at, n, u);
	n = (uint32_t)(before - u->resid);
	spin_lock(&p->lock);
	p->count -= n;
	p->head = p->count == 0 ? 0 : (p->head + n) % PIPE_SIZE;
	update_and_wake(p);
	return error;
}

static int
pipe_read(struct node *node, struct uio *u)
{
	struct pipe *p = end_of(node)->pipe;
	bool turn = false;
	int error;

	if (!end_of(node)->side[RD])
		return EBADF;
	if (u->resid == 0)
		return 0;
	for (;;) {
		if ((error = mutex_lock_intr(&p->io[RD])) != 0)
			break;
		error = read_some(p, u);
		mutex_unlock(&p->io[RD]);
		if (error != ESHOULDWAIT || (u->flags & UIO_NONBLOCK) != 0)
			break;
		error = sig_wait(&p->src[RD], SIG_READABLE, WAIT_INTR | WAIT_TURN, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			break;
		turn = true;
	}
	if (turn)
		sig_pass(&p->src[RD], SIG_READABLE);
	return error;
}

/* Writes what may go now.  `least': how much must fit before anything goes. */
static int
write_some(struct pipe *p, uint32_t least, struct uio *u)
{
	uint64_t before = u->resid;
	uint32_t room, n, at;
	int error;

	spin_lock(&p->lock);
	room = PIPE_SIZE - p->count;
	if (p->open[RD] == 0 || room < least) {
		error = p->open[RD] == 0 ? EPEERCLOSED : ESHOULDWAIT;
		spin_unlock(&p->lock);
		return error;
	}
	/* A reader may reset head to 0 when it empties the ring: count it in as ours first. */
	at = (p->head + p->count) % PIPE_SIZE;
	n = (uint32_t)MIN((uint64_t)room, u->resid);
	spin_unlock(&p->lock);
	error = pages_ensure(p, at, n);
	if (error == 0)
		error = move(p, at, n, u);
	n = (uint32_t)(before - u->resid);
	spin_lock(&p->lock);
	if (p->count == 0)
		p->head = at;
	p->count += n;
	update_and_wake(p);
	return error;
}

static int
pipe_write(struct node *node, struct uio *u)
{
	struct pipe *p = end_of(node)->pipe;
	uint32_t least = u->resid <= PIPE_BUF ? (uint32_t)u->resid : 1;
	uint64_t total = u->resid;
	bool turn = false;
	int error = 0;

	if (!end_of(node)->side[WR])
		return EBADF;
	while (u->resid > 0) {
		if ((error = mutex_lock_intr(&p->io[WR])) != 0)
			break;
		error = write_some(p, least, u);
		mutex_unlock(&p->io[WR]);
		if (error == ESHOULDWAIT && (u->flags & UIO_NONBLOCK) == 0) {
			error = sig_wait(&p->src[WR], SIG_WRITABLE | SIG_PEER_CLOSED, WAIT_INTR | WAIT_TURN,
			    NSEC_INFINITE, NULL, NULL);
			turn = true;
		}
		if (error != 0)
			break;
	}
	if (turn)
		sig_pass(&p->src[WR], SIG_WRITABLE | SIG_PEER_CLOSED);
	return error == ERESTART && u->resid < total ? 0 : error;
}

/* --- the node --- */

static int
pipe_stat(struct node *n, struct abi_stat *st)
{
	struct pipe *p = end_of(n)->pipe;

	st->ino = p->koid;
	st->mode = S_IFIFO | 0600;
	st->nlink = 1;
	st->size = p->count;
	st->blksize = PIPE_BUF;
	return 0;
}

static int
pipe_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	int count = (int)end_of(n)->pipe->count;

	if (cmd != FIONREAD)
		return ENOTTY;
	return copyout(&count, (void __user *)arg, sizeof(count));
}

/* Back to what pipe_construct() makes. */
static void
pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < PIPE_PAGES; i++) {
		if (p->pages[i] != NULL)
			page_free_ring(p->pages[i]);
		p->pages[i] = NULL;
	}
	ASSERT(p->refs == 0 && p->open[RD] == 0 && p->open[WR] == 0);
	p->head = p->count = 0;
	p->opened[RD] = p->opened[WR] = 0;
	p->src[RD].bits = p->src[WR].bits = 0;
	p->slot = NULL;
	zone_free(pipe_zone, p);
	kstat_add(&pipes, -1);
}

/* The last use of an end goes: the other side hears of it. */
static void
pipe_unused(struct node *n)
{
	struct pipe_end *e = end_of(n);
	struct pipe *p = e->pipe;

	spin_lock(&p->lock);
	for (int s = RD; s <= WR; s++)
		if (e->side[s])
			p->open[s]--;
	update_and_wake(p);
}

static void
pipe_destroy(struct node *n)
{
	struct pipe_end *e = end_of(n);
	struct pipe *p = e->pipe;
	bool last;

	spin_lock(&p->lock);
	last = --p->refs == 0;
	if (last && p->slot != NULL)
		*p->slot = NULL;
	spin_unlock(&p->lock);
	zone_free(end_zone, e);
	if (last)
		pipe_free(p);
}

static const struct node_ops pipe_ops = {
	.name = "pipe", .read = pipe_read, .write = pipe_write, NODE_OPS_STREAM,
	.stat = pipe_stat, .setattr = node_nosetattr, .ioctl = pipe_ioctl,
	.unused = pipe_unused, .destroy = pipe_destroy,
};

static struct pipe *
pipe_make(void)
{
	struct pipe *p = zone_alloc(pipe_zone, 0);

	if (p == NULL)
		return NULL;
	kstat_add(&pipes, 1);
	p->koid = koid_new();
	return p;
}

/* A node for one side (or both) with one use; counts itself in. */
static struct node *
end_make(struct pipe *p, bool rd, bool wr, uint32_t flags)
{
	struct pipe_end *e = zone_alloc(end_zone, ZALLOC_ZERO);

	if (e == NULL)
		return NULL;
	e->pipe = p;
	e->side[RD] = rd;
	e->side[WR] = wr;
	node_init(&e->node, &pipe_ops, NODE_PIPE, &p->src[rd ? RD : WR], 0);
	e->node.flags = flags & (uint32_t)O_NONBLOCK;
	node_use(&e->node);
	node_unref(&e->node);
	spin_lock(&p->lock);
	p->refs++;
	p->open[RD] += rd;
	p->open[WR] += wr;
	p->opened[RD] += rd;
	p->opened[WR] += wr;
	update_and_wake(p);
	return &e->node;
}

int
pipe_create(struct node **rd, struct node **wr)
{
	struct pipe *p = pipe_make();

	if (p == NULL)
		return ENOMEM;
	*rd = end_make(p, true, false, 0);
	if (*rd == NULL) {
		pipe_free(p);
		return ENOMEM;
	}
	*wr = end_make(p, false, true, 0);
	if (*wr == NULL) {
		node_unuse(*rd);
		return ENOMEM;
	}
	return 0;
}

/* --- FIFOs --- */

/* Waits until the other side has been opened since `before' or is open. */
static int
fifo_meet(struct pipe *p, int other, uint64_t before)
{
	for (;;) {
		bool there;
		int error;

		spin_lock(&p->lock);
		there = p->open[other] > 0 || p->opened[other] != before;
		spin_unlock(&p->lock);
		if (there)
			return 0;
		error = sig_wait(&p->src[other == WR ? RD : WR], PEER_OPEN, WAIT_INTR, NSEC_INFINITE,
		    NULL, NULL);
		if (error != 0)
			return error;
	}
}

static int
fifo_attach(void **slot, uint32_t flags, struct node **out, struct pipe **pipe)
{
	uint32_t mode = flags & (uint32_t)O_ACCMODE;
	bool rd = mode != (uint32_t)O_WRONLY, wr = mode != (uint32_t)O_RDONLY;
	struct pipe *p = *slot;

	if (!rd && (flags & (uint32_t)O_NONBLOCK) != 0 && (p == NULL || p->open[RD] == 0))
		return ENXIO;
	if (p == NULL) {
		p = pipe_make();
		if (p == NULL)
			return ENOMEM;
	}
	*out = end_make(p, rd, wr, flags);
	if (*out == NULL) {
		if (p->refs == 0)
			pipe_free(p);
		return ENOMEM;
	}
	p->slot = slot;
	*slot = *pipe = p;
	return 0;
}

int
fifo_open(void **slot, uint32_t flags, struct node **out)
{
	uint32_t mode = flags & (uint32_t)O_ACCMODE;
	uint64_t before = 0;
	struct pipe *p;
	int error, other = mode == (uint32_t)O_RDONLY ? WR : RD;

	mutex_lock(&fifo_lock);
	error = fifo_attach(slot, flags, out, &p);
	if (error == 0)
		before = p->opened[other];
	mutex_unlock(&fifo_lock);
	if (error != 0 || mode == (uint32_t)O_RDWR || (flags & (uint32_t)O_NONBLOCK) != 0)
		return error;
	error = fifo_meet(p, other, before);
	if (error != 0)
		node_unuse(*out);
	return error;
}

/* --- the call --- */

static int
pipe_install(struct node *rd, struct node *wr, uint32_t slot_flags, void __user *fds)
{
	uint32_t index[2];
	int error = desc_reserve(DESC_POSIX, 0, &index[0]);

	if (error != 0)
		return error;
	error = desc_reserve(DESC_POSIX, 0, &index[1]);
	if (error != 0) {
		desc_unreserve(index[0]);
		return error;
	}
	error = copyout(index, fds, sizeof(index));
	if (error != 0) {
		desc_unreserve(index[0]);
		desc_unreserve(index[1]);
		return error;
	}
	desc_publish(index[0], rd, RIGHTS_POSIX | RIGHT_READ, slot_flags);
	desc_publish(index[1], wr, RIGHTS_POSIX | RIGHT_WRITE, slot_flags);
	return 0;
}

int
sys_pipe(void __user *fds, int flags)
{
	struct node *rd, *wr;
	int error;

	if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0)
		return EINVAL;
	error = pipe_create(&rd, &wr);
	if (error != 0)
		return error;
	rd->flags = wr->flags = (uint32_t)(flags & O_NONBLOCK);
	error = pipe_install(rd, wr, (flags & O_CLOEXEC) != 0 ? DESC_CLOEXEC : 0, fds);
	if (error != 0) {
		node_unuse(rd);
		node_unuse(wr);
	}
	return error;
}

#if CONFIG_DEBUG
void
pipe_seen(struct node *n)
{
	struct pipe *p = end_of(n)->pipe;

	owner_seen(p);
	for (unsigned i = 0; i < PIPE_PAGES; i++)
		if (p->pages[i] != NULL)
			page_seen(p->pages[i]);
}
#endif
