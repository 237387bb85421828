/*
 * Channels: two ends, messages of bytes and handles, calls.
 *
 * 1. An end is a node (channel_node.c); both ends and their lock are one object.  Each end has the queue of what it
 * may read.  A message is admitted while the queue counts less than its limit, so the last one may
 * pass it; then the peer's WRITABLE drops until enough has been read.
 *
 * 2. Levels.  READABLE: a message is queued.  WRITABLE: the peer is open and its queue admits.
 * PEER_CLOSED: the peer has lost its last use.  What was queued before can still be read.
 *
 * 3. A write fetches everything first (ipc/message.c), then looks at the queue.  With handles the
 * queue admits the message, and counts it, before the handles are taken: nothing that can answer
 * SHOULD_WAIT comes after that.
 *
 * 4. A call is a message with an id of ours in its first four bytes and a record among the end's
 * observers.  A message that comes for the end and begins with the id of a record is its reply: it
 * goes straight to the caller, the queue never sees it and nothing else wakes.  A call is
 * a native wait made through the slot: the peer's close or the slot's removal ends it, as it does others.
 *
 * 5. A POSIX signal may interrupt a call past its write, which then waits on after the handler (parked.c).
 *
 * 6. A reply that cannot be written (a bad address, no room in the table) is put where replies go that
 * come too late: at the head of the queue.  One that does not fit is destroyed, as the contract says.
 *
 * 7. Accounts.  A queue is charged to the job that made the channel, in steps of CREDIT bytes when it
 * grows, and gives back all but one when it is empty: a message in little traffic costs a comparison.
 *
 * 8. Locking.  The pair's spin lock covers both ends.  Nothing is copied or allocated under it.
 *
 * Budget of a round trip (channel_call against wait, read, write): 4 entries, 2 switches, 4 lookups,
 * 2 message blocks, 4 copies, 1 pass over a source's observers.  Measured with 64 bytes (-icount): 1,308
 * instructions; 61 of them in user mode, 244 in the doors and the entry, 294 in the call itself, 156 in the
 * wait, 155 in the read, 144 in the write (each with its lookup of 26), 61 in the two wake-ups, 193 in the
 * two sleeps and their switches.  What a message costs is in line down to its block; what is rare is not.
 *
 * Why the short ways are the same as the long ones.  A message that is there and fits is what channel_take() would
 * take; everything else goes there and is looked at again.  A reply is counted in and out again under one
 * lock, so no level of the queue changes by it, and no WRITABLE.  The receiver whom a call wakes is not made
 * ready but run (thr_sleep_to()), unless somebody better is ready.
 *
 * Rejected: a lock for each direction (a call would take both), a ring of bytes (handles need
 * objects anyway), waking the caller through READABLE (every reader would have to look).
 */
#include "gen/sysnum.h"
#include "gen/sysproto.h"
#include "ipc/channel_impl.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/frame.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define CREDIT		8192u		/* step of what is charged for a queue */
#define TXID_KERNEL	0x80000000u

static bool
admits(const struct end *e)
{
	return e->queued < e->limit;
}

void
channel_writable(struct end *e, struct wakelist *w)
{
	struct end *writer = peer_locked(e);

	if (writer == NULL || ((writer->node.own.bits & SIG_WRITABLE) != 0) == admits(e))
		return;
	if (admits(e))
		sig_change(&writer->node.own, 0, SIG_WRITABLE, w);
	else
		sig_change(&writer->node.own, SIG_WRITABLE, 0, w);
}

LEAN_BEGIN

/* --- calls that wait --- */

/* The peer closed, or the slot went. */
static void
call_fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	struct call *c = container_of(o, struct call, ob);

	call_off(end_of(container_of(o->src, struct node, own)), c);
	if (c->waiter.thr != NULL)
		waiter_tell(&c->waiter, w);
	atomic_store_release(&c->error, (bits & SIG_HANDLE_CLOSED) != 0 ? ECLOSED : EPEERCLOSED);
}

static struct call *
call_with(struct end *e, uint32_t txid)
{
	struct observer *o;

	list_for_each(o, &e->node.own.observers, link)
		if (o->fire == call_fire && container_of(o, struct call, ob)->txid == txid)
			return container_of(o, struct call, ob);
	return NULL;
}

static inline struct call *
call_of_reply(struct end *e, const struct message *m, const char *bytes)
{
	uint32_t txid;

	if (m->size < sizeof(txid))
		return NULL;
	memcpy(&txid, bytes, sizeof(txid));
	return call_with(e, txid);
}

/* Registers the call; the request's id is in its first bytes afterwards. */
static inline int
call_begin(struct end *e, struct call *c, char *bytes)
{
	if (unlikely(!via_holds(&c->ob.via)))
		return ECLOSED;
	waiter_init(&c->waiter, true);
	c->ob.trigger = SIG_PEER_CLOSED;
	c->ob.flags = 0;
	c->ob.fire = call_fire;
	c->reply = NULL;
	c->error = 0;
	do
		c->txid = ++e->txid | TXID_KERNEL;
	while (unlikely(e->txid >= TXID_KERNEL) && call_with(e, c->txid) != NULL);
	memcpy(bytes, &c->txid, sizeof(c->txid));
	e->ncalls++;
	observer_attach_locked(&e->node.own, &c->ob);
	return 0;
}

/* --- queues --- */

static inline void
enqueue(struct end *e, struct message *m, struct wakelist *w)
{
	bool first = list_empty(&e->queue);

	list_push_back(&e->queue, &m->link);
	e->waiting++;
	if (first)
		sig_raise(&e->node.own, SIG_READABLE, w);
}

/* More is queued than has been charged for. */
static __attribute__((noinline)) bool
credit_more(struct end *e)
{
	uint32_t n = (uint32_t)ROUND_UP(e->queued - e->credit, CREDIT);

	if (!account_take(account_of(e), CHARGE_BYTES, n))
		return false;
	e->credit += n;
	return true;
}

/* The queue is empty: it keeps what little traffic needs. */
static __attribute__((noinline)) void
credit_less(struct end *e)
{
	uint64_t keep = MAX(ROUND_UP(e->queued, (uint64_t)CREDIT), CREDIT);

	if (keep >= e->credit)
		return;
	account_give(account_of(e), CHARGE_BYTES, (uint32_t)(e->credit - keep));
	e->credit = keep;
}

/* Counts a message in; ESHOULDWAIT, ENOMEM. */
static inline __attribute__((always_inline)) int
count(struct end *e, uint32_t charge)
{
	if (unlikely(!admits(e)))
		return ESHOULDWAIT;
	e->queued += charge;
	if (likely(e->queued <= e->credit) || credit_more(e))
		return 0;
	e->queued -= charge;
	return ENOMEM;
}

/* True: channel_writable() is due. */
static inline bool __must_check
dequeue(struct end *e, struct message *m)
{
	bool full = !admits(e);

	list_unlink(&m->link);
	e->waiting--;
	if (list_empty(&e->queue))
		e->node.own.bits &= ~SIG_READABLE;	/* a fall tells nobody */
	e->queued -= message_charge(m);
	if (unlikely(e->credit > CREDIT) && list_empty(&e->queue))
		credit_less(e);
	return unlikely(full);
}

void
channel_put_back(struct end *e, struct message *m)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&e->node.pair->lock);
	list_push_front(&e->queue, &m->link);
	e->waiting++;
	e->queued += message_charge(m);
	if (e->queued > e->credit && !credit_more(e)) {
		account_force(account_of(e), CHARGE_BYTES, (uint32_t)(e->queued - e->credit));
		e->credit = e->queued;
	}
	sig_change(&e->node.own, 0, SIG_READABLE, &w);
	channel_writable(e, &w);
	spin_unlock(&e->node.pair->lock);
	wakelist_run(&w);
}

/* --- sending --- */

/* Room in the peer's queue for a message whose handles come later; EPEERCLOSED, ESHOULDWAIT, ENOMEM. */
static int
admit(struct end *from, const struct message *m)
{
	struct spin *l = &from->node.pair->lock;
	struct wakelist w;
	struct end *to;
	int error;

	wakelist_init(&w);
	spin_lock(l);
	to = peer_locked(from);
	error = to == NULL ? EPEERCLOSED : count(to, message_charge(m));
	if (error == 0)
		channel_writable(to, &w);
	spin_unlock(l);
	wakelist_run(&w);
	return error;
}

static void
unadmit(struct end *from, const struct message *m)
{
	struct spin *l = &from->node.pair->lock;
	struct wakelist w;
	struct end *to;

	wakelist_init(&w);
	spin_lock(l);
	to = peer_locked(from);
	if (to != NULL) {
		to->queued -= message_charge(m);
		channel_writable(to, &w);
	}
	spin_unlock(l);
	wakelist_run(&w);
}

/* To the caller that waits for it; the lock is dropped.  It has been counted, long since if `charge' is 0. */
static inline __attribute__((always_inline)) struct thr *
reply(struct end *to, struct call *asked, struct message *m, uint32_t charge)
{
	struct thr *caller = asked->waiter.thr;
	struct wakelist w;

	call_off(to, asked);
	atomic_store_release(&asked->reply, m);		/* last: its frame may go from now on */
	if (likely(charge != 0)) {
		to->queued -= charge;
		spin_unlock(to->node.own.lock);
		return caller;
	}
	wakelist_init(&w);
	to->queued -= message_charge(m);
	channel_writable(to, &w);
	spin_unlock(to->node.own.lock);
	wakelist_run(&w);
	return caller;
}

/*
 * Puts the message where it belongs, to the caller that waits for it or into the queue, and begins the call,
 * if it is one.  `bytes' are the message's; `charge' is what it counts, 0 when it has been admitted.
 */
static inline __attribute__((always_inline)) int
post(struct end *from, struct message *m, char *bytes, uint32_t charge, struct call *c)
{
	struct spin *l = &from->node.pair->lock;
	struct call *asked;
	struct thr *caller;
	struct wakelist w;
	struct end *to;
	int error;

	spin_lock(l);
	to = peer_locked(from);
	error = unlikely(to == NULL) ? EPEERCLOSED : charge != 0 ? count(to, charge) : 0;
	if (unlikely(error != 0)) {
		spin_unlock(l);
		return error;
	}
	if (c != NULL && unlikely((error = call_begin(from, c, bytes)) != 0)) {
		to->queued -= charge;
		spin_unlock(l);
		return error;
	}
	if (to->ncalls > 0 && likely((asked = call_of_reply(to, m, bytes)) != NULL)) {
		caller = reply(to, asked, m, charge);
		if (c != NULL)
			c->next = caller;
		else if (likely(caller != NULL))
			thr_wake(caller, 0);
		return 0;
	}
	wakelist_init(&w);
	enqueue(to, m, &w);
	if (unlikely(charge == 0 || !admits(to)))
		channel_writable(to, &w);
	spin_unlock(l);
	if (c != NULL)
		c->next = wakelist_keep_one(&w);
	wakelist_run(&w);
	return 0;
}

/* One that has not been admitted. */
static __attribute__((noinline)) int
post_whole(struct end *from, struct message *m, struct call *c)
{
	return post(from, m, message_bytes(m), message_charge(m), c);
}

/* The second half of a message with handles: it has been admitted. */
static int
post_carrying(struct end *from, struct message *m, struct sending *s, struct call *c)
{
	struct end *to = &container_of(from->node.pair, struct channel, pair)->end[1 - from->node.side];
	bool locked = false;
	int error = message_fill(m, s, &from->node);

	if (error == 0)
		error = cycle_begin(&to->node, m->slots, m->nslots, &locked);
	if (error == 0) {
		error = post(from, m, message_bytes(m), 0, c);
		cycle_end(locked);
	}
	if (error != 0) {
		unadmit(from, m);
		message_free(m);
	}
	return error;
}

static inline __attribute__((always_inline)) int
send_plain(struct end *from, const void __user *bytes, uint32_t size, struct call *c)
{
	struct message *m;
	int error;

	if (unlikely(c != NULL && size < sizeof(c->txid)))
		return EINVAL;
	error = message_fetch(&from->spare, bytes, size, &m);
	if (unlikely(error != 0))
		return error;
	error = post(from, m, (char *)m->slots, message_charge_of(size, 0), c);
	if (unlikely(error != 0))
		message_free(m);
	return error;
}

/* Sends what `s' says; the handles are consumed unless it is ESHOULDWAIT. */
static __attribute__((noinline)) int
send(struct end *from, struct sending *s, struct call *c)
{
	struct message *m;
	int error;

	error = message_make(s, &m);
	if (error == 0 && c != NULL && m->size < sizeof(c->txid)) {
		message_free(m);
		error = EINVAL;
	}
	if (unlikely(error != 0)) {
		sending_consume(s);
		sending_done(s);
		return error;
	}
	if (m->nslots == 0) {
		error = post_whole(from, m, c);
		if (error != 0)
			message_free(m);
		return error;
	}
	error = admit(from, m);
	if (error == 0) {
		error = post_carrying(from, m, s, c);
	} else {
		if (error != ESHOULDWAIT)
			sending_consume(s);
		message_free(m);
	}
	sending_done(s);
	return error;
}

/* --- receiving --- */

/* Takes the first message if there is one and it fits. */
static inline __attribute__((always_inline)) struct message *
take_fitting(struct end *e, const struct receiving *r)
{
	struct message *m;
	struct wakelist w;

	spin_lock(&e->node.pair->lock);
	m = list_entry(e->queue.next, struct message, link);
	if (unlikely(list_empty(&e->queue) || !message_fits(m, r))) {
		spin_unlock(&e->node.pair->lock);
		return NULL;
	}
	if (likely(!dequeue(e, m))) {
		spin_unlock(&e->node.pair->lock);
		return m;
	}
	wakelist_init(&w);
	channel_writable(e, &w);
	spin_unlock(&e->node.pair->lock);
	wakelist_run(&w);
	return m;
}

int
channel_take(struct end *e, const struct receiving *r, bool discard, struct message **out, uint32_t *size,
    uint32_t *nslots)
{
	struct spin *l = &e->node.pair->lock;
	struct message *m;
	struct wakelist w;
	int error = 0;

	*out = NULL;
	wakelist_init(&w);
	spin_lock(l);
	m = list_first(&e->queue, struct message, link);
	if (m == NULL) {
		error = peer_locked(e) != NULL ? ESHOULDWAIT : EPEERCLOSED;
	} else {
		if (!message_fits(m, r)) {
			*size = m->size;
			*nslots = m->nslots;
			error = ESMALL;
		}
		if (error == 0 || discard) {
			if (dequeue(e, m))
				channel_writable(e, &w);
			*out = m;
		}
	}
	spin_unlock(l);
	wakelist_run(&w);
	return error;
}

/* The long way: says why there is nothing, and what does not fit. */
static __attribute__((noinline)) int
receive_other(struct end *e, uint32_t options, const struct receiving *r)
{
	uint32_t size, nslots;
	struct message *m;
	int error = channel_take(e, r, (options & MX_CHANNEL_READ_MAY_DISCARD) != 0, &m, &size, &nslots), bad;

	if (error == 0)
		return deliver(e, m, r);
	if (m != NULL)
		message_free(m);
	if (error == ESMALL && (bad = receiving_tell(r, size, nslots)) != 0)
		error = bad;
	return error;
}

static inline __attribute__((always_inline)) int
receive(struct end *e, uint32_t options, const struct receiving *r)
{
	struct message *m = take_fitting(e, r);
	struct receiving all;

	if (likely(m != NULL))
		return deliver(e, m, r);
	all = *r;			/* so that *r need not be in memory */
	return receive_other(e, options, &all);
}

LEAN_END

/* --- for the layers above --- */

int
channel_post(struct node *from, struct message *m)
{
	return post_whole(end_of(from), m, NULL);
}

/* --- calls of the table: read, write --- */

LEAN_BEGIN

int
sys_mx_channel_read(struct node *h, uint32_t options, void __user *bytes, void __user *handles,
    uint32_t num_bytes, uint32_t num_handles, void __user *actual_bytes, void __user *actual_handles)
{
	struct receiving r = { .bytes = bytes, .handles = handles, .num_bytes = num_bytes,
		.num_handles = num_handles, .actual_bytes = actual_bytes, .actual_handles = actual_handles };

	return receive(end_of(h), options, &r);
}

int
sys_mx_channel_read_etc(struct node *h, uint32_t options, void __user *bytes, void __user *handles,
    uint32_t num_bytes, uint32_t num_handles, void __user *actual_bytes, void __user *actual_handles)
{
	struct receiving r = { .bytes = bytes, .handles = handles, .num_bytes = num_bytes, .etc = true,
		.num_handles = num_handles, .actual_bytes = actual_bytes, .actual_handles = actual_handles };

	return receive(end_of(h), options, &r);
}

/* Refusals that come before the message is looked at consume its handles all the same. */
static __attribute__((noinline)) int
write_other(uint32_t h, uint32_t options, void __user *bytes, uint32_t num_bytes, void __user *handles,
    uint32_t num_handles, bool etc)
{
	struct sending s = { .options = options, .bytes = bytes, .num_bytes = num_bytes,
		.handles = handles, .num_handles = num_handles, .etc = etc };
	struct node *n;
	int error = EINVAL;

	if ((options & ~MX_CHANNEL_WRITE_USE_IOVEC) == 0)
		error = handle_get(h, NODE_CHANNEL, RIGHT_WRITE, &n);
	if (error != 0) {
		sending_consume(&s);
		return error;
	}
	error = send(end_of(n), &s, NULL);
	node_unuse(n);
	return error;
}

int
sys_mx_channel_write(uint32_t h, uint32_t options, void __user *bytes, uint32_t num_bytes,
    void __user *handles, uint32_t num_handles)
{
	struct node *n;
	int error;

	if (unlikely(options != 0 || num_handles > 0))
		return write_other(h, options, bytes, num_bytes, handles, num_handles, false);
	error = handle_get(h, NODE_CHANNEL, RIGHT_WRITE, &n);
	if (unlikely(error != 0))
		return error;
	error = send_plain(end_of(n), bytes, num_bytes, NULL);
	node_unuse(n);
	return error;
}

int
sys_mx_channel_write_etc(uint32_t h, uint32_t options, void __user *bytes, uint32_t num_bytes,
    void __user *handles, uint32_t num_handles)
{
	return write_other(h, options, bytes, num_bytes, handles, num_handles, true);
}

/* --- calls of the table: call --- */

void
call_leave(struct end *e, struct call *c, int error)
{
	spin_lock(&e->node.pair->lock);
	if (!call_is_over(c)) {
		call_off(e, c);
		c->error = error;
	}
	spin_unlock(&e->node.pair->lock);
}

static __attribute__((noinline)) int
call_other(struct end *e, uint32_t options, const struct abi_channel_call *a, struct call *c)
{
	struct sending s = { .options = options, .bytes = (void __user *)a->wr_bytes,
		.num_bytes = a->wr_num_bytes, .handles = (void __user *)a->wr_handles,
		.num_handles = a->wr_num_handles };

	if (e != NULL)
		return send(e, &s, c);
	sending_consume(&s);
	return 0;
}

static inline __attribute__((always_inline)) int
call_through(struct node *n, struct call *c, uint32_t options, nsec_t deadline,
    const struct abi_channel_call *a, uintptr_t args)
{
	struct end *e = end_of(n);
	int error;

	if (likely(options == 0 && a->wr_num_handles == 0))
		error = send_plain(e, (const void __user *)a->wr_bytes, a->wr_num_bytes, c);
	else
		error = call_other(e, options, a, c);
	if (unlikely(error != 0))
		return error;
	if (unlikely(call_wait(e, c, deadline) == ERESTART))
		return call_interrupted(e, c, args);
	return 0;
}

int
sys_mx_channel_call(uint32_t h, uint32_t options, int64_t deadline, void __user *args,
    void __user *actual_bytes, void __user *actual_handles)
{
	struct abi_channel_call a;
	struct receiving r;
	struct call c;
	struct node *n;
	int error = EINVAL, bad = user_get(args, &a, sizeof(a));

	if (likely((options & ~MX_CHANNEL_WRITE_USE_IOVEC) == 0))
		error = handle_get_via(h, NODE_CHANNEL, RIGHT_READ | RIGHT_WRITE, &n, &c.ob.via);
	if (unlikely(error != 0)) {
		if (bad == 0)
			(void)call_other(NULL, options, &a, NULL);
		return error;
	}
	error = bad;
	if (likely(error == 0))
		error = call_through(n, &c, options, deadline, &a, (uintptr_t)args);
	if (likely(error == 0)) {
		r = receiving_of(&a, actual_bytes, actual_handles);
		error = call_result(end_of(n), &c, &r);
	}
	node_unuse(n);
	return error;
}

LEAN_END
