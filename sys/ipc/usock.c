/*
 * AF_UNIX sockets: state, levels, the life of a connection.
 *
 * 1. Concepts.  A socket owns one queue, of what it has not received yet; sending puts a *message* (a
 * struct umsg: bytes, credentials, descriptors) into the queue of the peer.  A stream is a queue
 * whose messages have no borders for the reader.  A listener's queue is of sockets: connect makes
 * the other end at once, wires it to the caller and puts it into the backlog, so a client may
 * write before anybody has accepted.  What waits in a backlog has one use, the backlog's.
 *
 * 2. Locking.  Peers have one lock: the end that connect or socketpair makes second borrows that of
 * the first and keeps its memory.  A datagram socket's level hangs on whatever socket it is
 * connected to, today this, tomorrow that, so all datagram sockets have one lock.  Connect
 * holds the listener's and the caller's, lower address first.  No byte is copied under a spin lock:
 *  - a sender *reserves* room in the queue, copies the bytes into a message of its own, and links
 *    it; so senders need no sleeping lock, and what was admitted is never refused for want of room;
 *  - a receiver has the socket's io mutex, which keeps the first message where it is: it copies
 *    out, and takes the message off when nothing can fail any more.
 * Who sends descriptors of sockets and channels holds the cycle lock (ipc/cycle.h) as well.
 *
 * 3. Levels are exact.  A queue admits a message while it holds less than the limit: SO_RCVBUF of
 * its owner and, of a connection, SO_SNDBUF of the sender.  WRITABLE says that of the peer's queue.
 * READABLE: something is queued, or a read would end at once for another reason (end of file, an
 * error, no connection).  A socket that was never connected is both.  PEER_CLOSED: the peer is
 * gone.  PEER_WRITE_DISABLED: it sends no more.  WRITE_DISABLED: this end may not write (shutdown
 * here, or of reading there).  ROOM, a level of ours, is "the queue admits": who sends to a name or
 * connects waits for it.
 *
 * 4. Ends.  The last use closes: the peer reads what is queued and then end of file, or ECONNRESET
 * once, when this end had not read all.  A datagram socket whose peer went is told
 * ECONNREFUSED by the next send and is unconnected.
 *
 * 5. Descriptors in messages may be sockets and channels: ipc/cycle.c keeps what is in flight a forest.
 *
 * Rejected: one lock for all (a stream is a hot path), a lock a queue (a connection has two, and
 * every level of it looks at both), rings of bytes (descriptors and credentials belong to places
 * in the stream, and a queue of messages serves all three types).
 *
 * Budget: send or receive 64 bytes, 350 instructions each.
 */
#include "ipc/usock.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/sigmask.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>
#include <abi/termios.h>

#define LEVELS	(SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED | SIG_PEER_WRITE_DISABLED | \
		 SIG_WRITE_DISABLED | SIG_ERROR | SIG_USOCK_ROOM)

LOCK_CLASS(io_class, "socket I/O", RANK_IO);
ZONE(usock_zone, struct usock);
COUNTER(usocks, "node.usock");
static struct spin dgram_lock = SPIN_INIT(&node_class);

/* --- names --- */

struct uaddr *
uaddr_ref(struct uaddr *a)
{
	if (a != NULL)
		atomic_add(&a->refs, 1);
	return a;
}

void
uaddr_unref(struct uaddr *a)
{
	if (a != NULL && atomic_sub_return(&a->refs, 1) == 0)
		kmem_free(a, sizeof(*a) + a->len);
}

/* --- levels --- */

uint32_t
usock_limit(const struct usock *from, const struct usock *to)
{
	return from->type == SOCK_DGRAM ? to->rcvbuf : MIN(to->rcvbuf, from->sndbuf);
}

static bool
has_room(const struct usock *from, const struct usock *to)
{
	return to->charge < usock_limit(from, to);
}

static uint32_t
dgram_levels(const struct usock *s)
{
	uint32_t bits = 0;

	if (!list_empty(&s->queue) || s->rd_shut || s->error != 0)
		bits |= SIG_READABLE;
	if (s->wr_shut)
		bits |= SIG_WRITE_DISABLED;
	else if (s->peer == NULL || s->peer->rd_shut || has_room(s, s->peer))
		bits |= SIG_WRITABLE;
	if (s->state == USOCK_CLOSED || s->rd_shut || s->charge < s->rcvbuf)
		bits |= SIG_USOCK_ROOM;
	return bits;
}

static uint32_t
connected_levels(const struct usock *s)
{
	const struct usock *p = s->peer;
	uint32_t bits = 0;

	if (!list_empty(&s->queue) || s->rd_shut || p == NULL || p->wr_shut || s->error != 0)
		bits |= SIG_READABLE;
	if (p == NULL)
		return bits | SIG_PEER_CLOSED | SIG_PEER_WRITE_DISABLED;
	if (p->wr_shut)
		bits |= SIG_PEER_WRITE_DISABLED;
	if (s->wr_shut || p->rd_shut)
		bits |= SIG_WRITE_DISABLED;
	else if (has_room(s, p))
		bits |= SIG_WRITABLE;
	return bits;
}

static uint32_t
levels(const struct usock *s)
{
	if (s->type == SOCK_DGRAM)
		return dgram_levels(s);
	switch (s->state) {
	case USOCK_CONNECTED:
		return connected_levels(s);
	case USOCK_LISTEN:
		return (list_empty(&s->backlog) ? 0 : SIG_READABLE) |
		    (s->nbacklog < s->backlog_max ? SIG_USOCK_ROOM : 0);
	case USOCK_CLOSED:
		return SIG_USOCK_ROOM;
	default:
		return SIG_READABLE | SIG_WRITABLE;
	}
}

void
usock_update(struct usock *s, struct wakelist *w)
{
	uint32_t bits = levels(s) | (s->error != 0 ? SIG_ERROR : 0);

	if (((s->node.own.bits ^ bits) & LEVELS) != 0)
		sig_change(&s->node.own, LEVELS & ~bits, bits, w);
}

/* The queue of s takes more, or less: who sends to it hears of it. */
void
usock_update_senders(struct usock *s, struct wakelist *w)
{
	struct usock *from;

	if (s->type != SOCK_DGRAM) {
		if (s->peer != NULL)
			usock_update(s->peer, w);
		return;
	}
	list_for_each(from, &s->senders, sender_link)
		usock_update(from, w);
}

/* s and who sends to it, then unlock. */
static void
update_all_unlock(struct usock *s)
{
	struct wakelist w;

	wakelist_init(&w);
	usock_update(s, &w);
	usock_update_senders(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

nsec_t
usock_deadline(nsec_t timeo)
{
	return timeo == 0 ? NSEC_INFINITE : sigmask_deadline(deadline_after(timeo));
}

int
usock_end(int error, nsec_t deadline)
{
	return deadline == NSEC_INFINITE ? error : sigmask_end(error);
}

int
usock_wait_error(int error)
{
	return error == ETIMEDOUT ? ESHOULDWAIT : error;
}

int
usock_wait(struct usock *s, uint32_t mask, nsec_t deadline)
{
	return usock_wait_error(sig_wait(&s->node.own, mask, WAIT_INTR | WAIT_EXCL, deadline, NULL, NULL));
}

void
usock_self_cred(struct abi_ucred *c)
{
	const struct proc *p = proc_self();

	*c = (struct abi_ucred){ p->p_pid, p->p_cred->euid, p->p_cred->egid };
}

/* --- the node --- */

static int
usock_read(struct node *n, struct uio *u)
{
	struct urecv rx = { .u = u };

	if (u->resid == 0)
		return 0;
	return usock_recv(usock_of(n), &rx);
}

static int
usock_write(struct node *n, struct uio *u)
{
	struct usend tx = { .u = u };

	usock_self_cred(&tx.cred);
	return usock_send(usock_of(n), &tx);
}

static int
usock_stat(struct node *n, struct abi_stat *st)
{
	st->mode = S_IFSOCK | 0777;
	return node_nostat(n, st);
}

static int
usock_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	uint32_t count;

	if (cmd != FIONREAD)
		return ENOTTY;
	count = usock_bytes(usock_of(n));
	return copyout(&count, (void __user *)arg, sizeof(count));
}

/* Lock held: s is no longer anybody's peer. */
static void
part(struct usock *s, bool unread, struct wakelist *w)
{
	struct usock *p = s->peer;

	s->peer = NULL;
	if (p == NULL)
		return;
	if (s->type == SOCK_DGRAM) {
		list_remove(&s->sender_link);
		return;
	}
	p->peer = NULL;
	if (unread)
		p->error = ECONNRESET;
	usock_update(p, w);
}

/* Lock held: datagram sockets that were connected to s are not any more. */
static void
lose_senders(struct usock *s, struct wakelist *w)
{
	struct list *l;

	while ((l = list_pop_front(&s->senders)) != NULL) {
		struct usock *from = list_entry(l, struct usock, sender_link);

		from->peer = NULL;
		from->lost = true;
		usock_update(from, w);
	}
}

static void
usock_unused(struct node *n)
{
	struct usock *s = usock_of(n);
	struct list msgs, backlog, *l;
	struct wakelist w;

	wakelist_init(&w);
	list_init(&msgs);
	list_init(&backlog);
	spin_lock(s->lock);
	list_splice(&msgs, &s->queue);
	list_splice(&backlog, &s->backlog);
	part(s, s->waiting || !list_empty(&msgs), &w);
	lose_senders(s, &w);
	s->state = USOCK_CLOSED;
	s->charge = 0;
	usock_update(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
	usock_unbind(s);
	while ((l = list_pop_front(&backlog)) != NULL)
		node_unuse(&list_entry(l, struct usock, backlog_link)->node);
	usock_discard(&msgs);
}

static void
usock_destroy(struct node *n)
{
	struct usock *s = usock_of(n);
	struct usock *lender = s->lender;

	ASSERT(s->peer == NULL && list_empty(&s->queue));
	uaddr_unref(s->name);
	uaddr_unref(s->peer_name);
	zone_free(usock_zone, s);
	kstat_add(&usocks, -1);
	if (lender != NULL)
		node_unref(&lender->node);
}

static void
carries(struct node *n, struct walk *w)
{
	struct usock *s = usock_of(n), *c;
	struct umsg *m;

	spin_lock(s->lock);
	list_for_each(m, &s->queue, link)
		for (uint32_t i = 0; i < m->nslots; i++)
			cycle_visit(w, m->slots[i].node);
	list_for_each(c, &s->backlog, backlog_link)
		cycle_visit(w, &c->node);
	spin_unlock(s->lock);
}

static struct node *
peer_of(struct node *n)
{
	struct usock *s = usock_of(n);
	struct node *peer = NULL;

	spin_lock(s->lock);
	if (s->peer != NULL) {
		peer = &s->peer->node;
		node_ref(peer);
	}
	spin_unlock(s->lock);
	return peer;
}

static const struct carrier_ops carrier_ops = { .each = carries, .peer = peer_of };

static const struct node_ops usock_ops = {
	.name = "socket", .read = usock_read, .write = usock_write, NODE_OPS_STREAM,
	.stat = usock_stat, .setattr = node_nosetattr, .ioctl = usock_ioctl,
	.unused = usock_unused, .destroy = usock_destroy,
};

/* One reference, no use.  `lender' NULL: a lock of its own, or all datagrams'. */
static struct usock *
usock_make(unsigned type, struct usock *lender)
{
	struct usock *s = zone_alloc(usock_zone, ZALLOC_ZERO);

	if (s == NULL)
		return NULL;
	kstat_add(&usocks, 1);
	node_init(&s->node, &usock_ops, NODE_USOCK, NULL, 0);
	s->carrier = (struct carrier){ .ops = &carrier_ops, .node = &s->node };
	s->node.carrier = &s->carrier;
	s->lock = type == SOCK_DGRAM ? &dgram_lock : lender != NULL ? lender->lock : &s->node.lock;
	if (lender != NULL && type != SOCK_DGRAM) {
		s->lender = lender;
		node_ref(&lender->node);
	}
	s->type = (uint16_t)type;
	list_init(&s->senders);
	list_init(&s->sender_link);
	list_init(&s->queue);
	list_init(&s->backlog);
	list_init(&s->backlog_link);
	mutex_init(&s->io, &io_class);
	s->rcvbuf = s->sndbuf = USOCK_BUF;
	sigsrc_init(&s->node.own, s->lock, levels(s) | SIG_LAST_HANDLE);
	return s;
}

int
usock_create(unsigned type, struct usock **out)
{
	struct usock *s = usock_make(type, NULL);

	if (s == NULL)
		return ENOMEM;
	node_use(&s->node);
	node_unref(&s->node);
	*out = s;
	return 0;
}

/* Lock held: the two are each other's peers from now on. */
static void
wire(struct usock *a, struct usock *b)
{
	a->peer = b;
	b->peer = a;
	a->state = b->state = USOCK_CONNECTED;
	if (a->type == SOCK_DGRAM) {
		list_push_back(&b->senders, &a->sender_link);
		list_push_back(&a->senders, &b->sender_link);
	}
}

int
usock_pair(unsigned type, struct usock *out[2])
{
	struct usock *a, *b;
	int error = usock_create(type, &a);

	if (error != 0)
		return error;
	b = usock_make(type, a);
	if (b == NULL) {
		node_unuse(&a->node);
		return ENOMEM;
	}
	node_use(&b->node);
	node_unref(&b->node);
	usock_self_cred(&a->cred);
	b->cred = a->cred;
	a->has_cred = b->has_cred = true;
	spin_lock(a->lock);
	wire(a, b);
	update_all_unlock(a);
	out[0] = a;
	out[1] = b;
	return 0;
}

/* --- listening, connecting, accepting --- */

int
usock_listen(struct usock *s, int backlog)
{
	int error = 0;

	if (s->type == SOCK_DGRAM)
		return EOPNOTSUPP;
	spin_lock(s->lock);
	if (s->state == USOCK_CONNECTED) {
		error = EINVAL;
	} else if (s->name == NULL) {
		error = EDESTADDRREQ;
	} else {
		s->state = USOCK_LISTEN;
		s->backlog_max = (uint32_t)MIN(MAX(backlog, 1), SOMAXCONN);
		usock_self_cred(&s->own_cred);
	}
	update_all_unlock(s);
	return error;
}

static void
lock_both(struct usock *a, struct usock *b)
{
	if (a->lock == b->lock) {
		spin_lock(a->lock);
		return;
	}
	spin_lock(a->lock < b->lock ? a->lock : b->lock);
	spin_lock(a->lock < b->lock ? b->lock : a->lock);
}

static void
unlock_both(struct usock *a, struct usock *b)
{
	spin_unlock(a->lock);
	if (a->lock != b->lock)
		spin_unlock(b->lock);
}

/* Both locks held: may c be connected to `to' now? */
static int
may_connect(const struct usock *c, const struct usock *to)
{
	if (c->state == USOCK_CONNECTED && c->type != SOCK_DGRAM)
		return EISCONN;
	if (c->state == USOCK_LISTEN)
		return EOPNOTSUPP;
	if (c->type != to->type)
		return EPROTOTYPE;
	if (c->type == SOCK_DGRAM) {
		if (to->state == USOCK_CLOSED)
			return ECONNREFUSED;
		return to->peer != NULL && to->peer != c ? EPERM : 0;
	}
	if (to->state != USOCK_LISTEN)
		return ECONNREFUSED;
	return to->nbacklog < to->backlog_max ? 0 : ESHOULDWAIT;
}

/* `s' becomes c's peer, in the backlog of `to', if that may be. */
static int
connect_try(struct usock *c, struct usock *to, struct usock *s)
{
	struct wakelist w;
	int error;

	wakelist_init(&w);
	lock_both(c, to);
	error = may_connect(c, to);
	if (error == 0) {
		wire(c, s);
		usock_self_cred(&s->cred);
		c->cred = to->own_cred;
		s->has_cred = c->has_cred = true;
		s->passcred = to->passcred;
		s->rcvbuf = to->rcvbuf;
		s->sndbuf = to->sndbuf;
		s->name = uaddr_ref(to->name);
		s->peer_name = uaddr_ref(c->name);
		c->peer_name = uaddr_ref(to->name);
		list_push_back(&to->backlog, &s->backlog_link);
		s->waiting = true;
		to->nbacklog++;
		node_use(&s->node);
		usock_update(s, &w);
		usock_update(c, &w);
		usock_update(to, &w);
	}
	unlock_both(c, to);
	wakelist_run(&w);
	return error;
}

static int
connect_stream(struct usock *c, struct usock *to, bool nonblock)
{
	nsec_t deadline = usock_deadline(c->sndtimeo);
	struct usock *s = usock_make(c->type, c);
	int error;

	if (s == NULL)
		return ENOMEM;
	for (;;) {
		error = connect_try(c, to, s);
		if (error != ESHOULDWAIT || nonblock)
			break;
		error = usock_wait(to, SIG_USOCK_ROOM, deadline);
		if (error != 0)
			break;
	}
	node_unref(&s->node);
	return usock_end(error, deadline);
}

static int
connect_dgram(struct usock *c, struct usock *to)
{
	struct uaddr *old = NULL;
	int error;

	spin_lock(c->lock);
	error = may_connect(c, to);
	if (error == 0) {
		if (c->peer != NULL)
			list_remove(&c->sender_link);
		c->peer = to;
		c->lost = false;
		c->state = USOCK_CONNECTED;
		list_push_back(&to->senders, &c->sender_link);
		old = c->peer_name;
		c->peer_name = uaddr_ref(to->name);
	}
	update_all_unlock(c);
	uaddr_unref(old);
	return error;
}

int
usock_connect(struct usock *c, struct usock *to, bool nonblock)
{
	if (c->type != SOCK_DGRAM && to->type != SOCK_DGRAM)
		return connect_stream(c, to, nonblock);
	if (c->type != to->type)
		return EPROTOTYPE;
	return connect_dgram(c, to);
}

int
usock_disconnect(struct usock *s)
{
	struct uaddr *old;
	struct wakelist w;

	if (s->type != SOCK_DGRAM)
		return EAFNOSUPPORT;
	wakelist_init(&w);
	spin_lock(s->lock);
	part(s, false, &w);
	s->state = USOCK_IDLE;
	s->lost = false;
	old = s->peer_name;
	s->peer_name = NULL;
	usock_update(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
	uaddr_unref(old);
	return 0;
}

static void
backlog_remove(struct usock *s, struct usock *c)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(s->lock);
	list_remove(&c->backlog_link);
	c->waiting = false;
	s->nbacklog--;
	usock_update(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

/* io held: the first of the backlog stays where it is until it is removed here. */
static int
accept_first(struct usock *s, int (*tell)(void *, struct usock *), void *ctx, struct usock **out)
{
	struct usock *c;
	int error;

	spin_lock(s->lock);
	c = list_first(&s->backlog, struct usock, backlog_link);
	error = s->state != USOCK_LISTEN ? EINVAL : c == NULL ? ESHOULDWAIT : 0;
	spin_unlock(s->lock);
	if (error == 0)
		error = tell(ctx, c);
	if (error == 0) {
		backlog_remove(s, c);
		*out = c;
	}
	return error;
}

static int
accept_until(struct usock *s, bool nonblock, int (*tell)(void *, struct usock *), void *ctx,
    struct usock **out, nsec_t deadline)
{
	int error;

	for (;;) {
		if ((error = mutex_lock_intr(&s->io)) != 0)
			return error;
		error = accept_first(s, tell, ctx, out);
		mutex_unlock(&s->io);
		if (error != ESHOULDWAIT || nonblock)
			return error;
		if ((error = usock_wait(s, SIG_READABLE, deadline)) != 0)
			return error;
	}
}

int
usock_accept(struct usock *s, bool nonblock, int (*tell)(void *, struct usock *), void *ctx,
    struct usock **out)
{
	nsec_t deadline;

	if (s->type == SOCK_DGRAM)
		return EOPNOTSUPP;
	deadline = usock_deadline(s->rcvtimeo);
	return usock_end(accept_until(s, nonblock, tell, ctx, out, deadline), deadline);
}

int
usock_shutdown(struct usock *s, int how)
{
	int error = 0;

	spin_lock(s->lock);
	if (s->state != USOCK_CONNECTED || (s->type == SOCK_DGRAM && s->peer == NULL)) {
		error = ENOTCONN;
	} else {
		s->rd_shut |= how != SHUT_WR;
		s->wr_shut |= how != SHUT_RD;
	}
	update_all_unlock(s);
	return error;
}
