/*
 * Messages: how they come into a queue and out of it, with what they carry; datagrams and records.
 *
 * A message is made in five steps: reserve room (or wait for it), allocate, copy in, link, wake.  It
 * is received in six: look at the first, reserve slots for its descriptors, tell the numbers and all
 * that is known before the bytes move, copy them out, take the message off, publish the
 * slots.  All that can fail comes before the last two, so a receiver whose buffer is bad
 * finds the message where it was.
 *
 * A record (datagram, SEQPACKET) is one message: what does not fit the reader's buffer is lost.
 * A record's limit is the sender's SO_SNDBUF (EMSGSIZE above).
 */
#include "ipc/usock.h"
#include "kern/account.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/sig.h>

COUNTER(umsgs, "ipc.messages");

/* --- making and freeing --- */

void
umsg_slots_free(struct slot *slots, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		slot_drop(&slots[i]);
	kmem_free(slots, n * sizeof(*slots));
}

static int
umsg_make(struct usend *tx, uint32_t len, struct umsg **out)
{
	struct account *whose;
	struct umsg *m = account_block(sizeof(*m) + len, &whose);
	uint64_t resid = tx->u->resid;
	int error;

	if (m == NULL)
		return ENOMEM;
	error = uio_move(m->data, len, tx->u);
	if (error != 0) {
		tx->u->resid = resid;
		account_block_free(m, sizeof(*m) + len, whose);
		return error;
	}
	m->account = whose;
	m->len = len;
	m->off = m->nslots = 0;
	m->slots = NULL;
	m->from = NULL;
	m->cred = tx->cred;
	kstat_add(&umsgs, 1);
	*out = m;
	return 0;
}

void
umsg_free(struct umsg *m)
{
	uaddr_unref(m->from);
	if (m->slots != NULL)
		umsg_slots_free(m->slots, m->nslots);
	account_block_free(m, sizeof(*m) + m->len, m->account);
	kstat_add(&umsgs, -1);
}

void
usock_discard(struct list *msgs)
{
	struct list *l;

	while ((l = list_pop_front(msgs)) != NULL)
		umsg_free(list_entry(l, struct umsg, link));
}

/* --- into the queue --- */

static uint32_t
charge_of(const struct usend *tx, uint32_t len)
{
	return len + UMSG_CHARGE + tx->nslots * UMSG_SLOT_CHARGE;
}

/* Lock held: whose queue it goes to. */
static int
destination(struct usock *s, const struct usend *tx, struct usock **out)
{
	struct usock *to = tx->to != NULL ? tx->to : s->peer;

	*out = to;
	if (s->type != SOCK_DGRAM) {
		if (s->state != USOCK_CONNECTED)
			return ENOTCONN;
		return s->wr_shut || to == NULL || to->rd_shut ? EPEERCLOSED : 0;
	}
	if (s->wr_shut)
		return EPIPE;
	if (to == NULL && !s->lost)
		return EDESTADDRREQ;
	if (to == NULL || to->state == USOCK_CLOSED) {
		s->lost = false;
		return ECONNREFUSED;
	}
	if (to->type != SOCK_DGRAM)
		return EPROTOTYPE;
	if (to->rd_shut)
		return EPIPE;
	return to->peer != NULL && to->peer != s ? EPERM : 0;
}

/* Lock held: whether it is still there, when bytes have been copied meanwhile. */
static bool
still_there(const struct usock *s, const struct usock *to)
{
	return s->type == SOCK_DGRAM ? to->state != USOCK_CLOSED : s->peer == to;
}

int
umsg_reserve(struct usock *s, struct usend *tx, uint32_t want, uint32_t *granted, struct usock **out)
{
	uint32_t limit;
	struct wakelist w;
	struct usock *to;
	int error;

	wakelist_init(&w);
	spin_lock(s->lock);
	error = destination(s, tx, &to);
	if (error == 0) {
		limit = usock_limit(s, to);
		if (to->charge >= limit)
			error = ESHOULDWAIT;
	}
	if (error == 0) {
		*granted = s->type == SOCK_STREAM ? MIN(want, limit - to->charge) : want;
		to->charge += charge_of(tx, *granted);
		if (to->charge >= limit) {
			usock_update(to, &w);
			usock_update_senders(to, &w);
		}
		if (s->type == SOCK_DGRAM)
			node_ref(&to->node);
		*out = to;
	}
	spin_unlock(s->lock);
	wakelist_run(&w);
	return error;
}

/* The end of sending: a datagram's destination was referenced. */
static void
put_done(struct usock *s, struct usock *to)
{
	if (s->type == SOCK_DGRAM)
		node_unref(&to->node);
}

static void
umsg_cancel(struct usock *s, struct usock *to, uint32_t charge)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(s->lock);
	if (still_there(s, to)) {
		to->charge -= charge;
		usock_update(to, &w);
		usock_update_senders(to, &w);
	}
	spin_unlock(s->lock);
	wakelist_run(&w);
	put_done(s, to);
}

static int
put_locked(struct usock *s, struct usock *to, struct usend *tx, struct umsg *m, struct wakelist *w)
{
	bool first;

	if (!still_there(s, to))
		return s->type == SOCK_DGRAM ? ECONNREFUSED : EPEERCLOSED;
	first = list_empty(&to->queue);
	m->slots = tx->slots;
	m->nslots = tx->nslots;
	if (s->type == SOCK_DGRAM)
		m->from = uaddr_ref(s->name);
	list_push_back(&to->queue, &m->link);
	if (first)
		usock_update(to, w);
	return 0;
}

static int
umsg_put(struct usock *s, struct usock *to, struct usend *tx, struct umsg *m)
{
	uint32_t charge = m->charge = charge_of(tx, m->len);
	struct wakelist w;
	bool locked = false;
	int error = 0;

	if (tx->nslots > 0)
		error = cycle_begin(&to->node, tx->slots, tx->nslots, &locked);
	if (error != 0) {
		umsg_cancel(s, to, charge);
		return EINVAL;
	}
	wakelist_init(&w);
	spin_lock(s->lock);
	error = put_locked(s, to, tx, m, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
	cycle_end(locked);
	if (error == 0) {
		tx->slots = NULL;
		tx->nslots = 0;
	}
	put_done(s, to);
	return error;
}

int
umsg_send(struct usock *s, struct usock *to, struct usend *tx, uint32_t len)
{
	struct umsg *m;
	int error = umsg_make(tx, len, &m);

	if (error != 0) {
		umsg_cancel(s, to, charge_of(tx, len));
		return error;
	}
	error = umsg_put(s, to, tx, m);
	if (error != 0) {
		tx->u->resid += len;
		umsg_free(m);
	}
	return error;
}

/* --- datagrams and records --- */

static int
record_wait(struct usock *s, const struct usend *tx, nsec_t deadline)
{
	struct sig_item items[2] = {
		{ .src = &s->node.own, .mask = SIG_WRITE_DISABLED | (tx->to == NULL ? SIG_WRITABLE : 0) |
		    (s->type != SOCK_DGRAM ? SIG_PEER_CLOSED : 0) },
		{ .mask = SIG_USOCK_ROOM },
	};
	size_t ready;

	if (tx->to != NULL)
		items[1].src = &tx->to->node.own;
	return usock_wait_error(sig_wait_many(items, tx->to != NULL ? 2 : 1, WAIT_INTR | WAIT_EXCL,
	    deadline, &ready));
}

static int
record_send(struct usock *s, struct usend *tx, bool nonblock, nsec_t deadline)
{
	uint32_t len = (uint32_t)tx->u->resid;
	struct usock *to;
	int error;

	if (tx->u->resid > s->sndbuf)
		return EMSGSIZE;
	while ((error = umsg_reserve(s, tx, len, &len, &to)) != 0) {
		if (error != ESHOULDWAIT || nonblock)
			return error;
		if ((error = record_wait(s, tx, deadline)) != 0)
			return error;
	}
	return umsg_send(s, to, tx, len);
}

int
usock_send(struct usock *s, struct usend *tx)
{
	bool nonblock = (tx->flags & MSG_DONTWAIT) != 0 || (tx->u->flags & UIO_NONBLOCK) != 0;
	nsec_t deadline = usock_deadline(s->sndtimeo);

	return usock_end(s->type == SOCK_STREAM ? stream_send(s, tx, nonblock, deadline) :
	    record_send(s, tx, nonblock, deadline), deadline);
}

/* --- out of the queue; the io mutex is held --- */

struct umsg *
umsg_first(struct usock *s, int *error)
{
	struct wakelist w;
	struct umsg *m;

	wakelist_init(&w);
	spin_lock(s->lock);
	m = list_first(&s->queue, struct umsg, link);
	if (m != NULL) {
		*error = 0;
	} else if (s->type != SOCK_DGRAM && s->state != USOCK_CONNECTED) {
		*error = ENOTCONN;
	} else if (s->error != 0) {
		*error = s->error;
		s->error = 0;
		usock_update(s, &w);
	} else if (s->rd_shut || (s->type != SOCK_DGRAM && (s->peer == NULL || s->peer->wr_shut))) {
		*error = 0;
	} else {
		*error = ESHOULDWAIT;
	}
	spin_unlock(s->lock);
	wakelist_run(&w);
	return m;
}

static int
control_put(struct urecv *rx, int type, const void *data, uint32_t len)
{
	struct abi_cmsghdr h = { .len = (uint32_t)sizeof(h) + len, .level = SOL_SOCKET, .type = type };
	char __user *at = (char __user *)rx->control + rx->control_len;
	int error = copyout(&h, at, sizeof(h));

	if (error == 0 && data != NULL)
		error = copyout(data, at + sizeof(h), len);
	rx->control_len += (uint32_t)MIN(ABI_CMSG_ALIGN(h.len), rx->control_size - rx->control_len);
	return error;
}

static uint32_t
control_room(const struct urecv *rx)
{
	uint32_t left = rx->control_size - rx->control_len, head = sizeof(struct abi_cmsghdr);

	return left > head ? left - head : 0;
}

/* As many as there is room for; the index of each waits in its slot's flags. */
static int
rights_put(struct urecv *rx, struct umsg *m)
{
	uint32_t room = MIN(control_room(rx) / 4, m->nslots);
	char __user *at = (char __user *)rx->control + rx->control_len + sizeof(struct abi_cmsghdr);
	int error = 0;

	while (rx->made < room) {
		uint32_t index;

		error = desc_reserve(DESC_POSIX, 0, &index);
		if (error != 0)
			break;
		m->slots[rx->made++].flags = index;
		error = copyout(&index, at, sizeof(index));
		if (error != 0)
			return error;
		at += sizeof(index);
	}
	if (error != 0 && error != ENORES && error != ENFILE)
		return error;
	if (rx->made < m->nslots)
		rx->out_flags |= MSG_CTRUNC;
	return rx->made == 0 ? 0 : control_put(rx, SCM_RIGHTS, NULL, rx->made * 4);
}

void
urecv_undo(struct urecv *rx, struct umsg *m)
{
	for (uint32_t i = 0; i < rx->made; i++)
		desc_unreserve(m->slots[i].flags);
	rx->made = 0;
}

int
urecv_prepare(struct usock *s, struct urecv *rx, struct umsg *m)
{
	int error = 0;

	if (rx->told)
		return 0;
	rx->made = rx->control_len = 0;
	rx->cred = m->cred;
	if (s->passcred) {
		if (control_room(rx) >= sizeof(m->cred))
			error = control_put(rx, SCM_CREDENTIALS, &m->cred, sizeof(m->cred));
		else
			rx->out_flags |= MSG_CTRUNC;
	}
	if (error == 0 && m->nslots > 0 && (rx->flags & MSG_PEEK) == 0)
		error = rights_put(rx, m);
	rx->from = m->from;
	rx->has_from = s->type == SOCK_DGRAM;
	if (error == 0 && rx->tell != NULL)
		error = rx->tell(rx);
	rx->from = NULL;
	if (error != 0)
		urecv_undo(rx, m);
	return error;
}

/* Lock held: whole messages go to `done'. */
static void
take_off(struct usock *s, uint64_t bytes, struct list *done)
{
	struct umsg *m;

	do {
		uint32_t left;

		m = list_first(&s->queue, struct umsg, link);
		left = m->len - m->off;
		if (s->type == SOCK_STREAM && bytes < left) {
			m->off += (uint32_t)bytes;
			return;
		}
		bytes -= left;
		s->charge -= m->charge;
		list_remove(&m->link);
		list_push_back(done, &m->link);
	} while (s->type == SOCK_STREAM && bytes > 0);
}

static void
slots_deliver(struct urecv *rx, struct slot *slots, uint32_t n)
{
	uint32_t flags = (rx->flags & MSG_CMSG_CLOEXEC) != 0 ? DESC_CLOEXEC : 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t index = slots[i].flags;

		slots[i].flags = flags;
		if (i < rx->made)
			slot_publish(index, &slots[i]);
		else
			slot_drop(&slots[i]);
	}
	rx->made = 0;
	kmem_free(slots, n * sizeof(*slots));
}

void
urecv_commit(struct usock *s, struct urecv *rx, uint64_t bytes)
{
	struct list done;
	struct wakelist w;
	struct slot *slots;
	struct umsg *m;
	uint32_t nslots;
	bool full;

	rx->told = true;
	if ((rx->flags & MSG_PEEK) != 0)
		return;
	list_init(&done);
	wakelist_init(&w);
	spin_lock(s->lock);
	m = list_first(&s->queue, struct umsg, link);
	slots = m->slots;
	nslots = m->nslots;
	m->slots = NULL;
	m->nslots = 0;
	full = s->type == SOCK_DGRAM ? s->charge >= s->rcvbuf :
	    s->peer != NULL && s->charge >= usock_limit(s->peer, s);
	take_off(s, bytes, &done);
	if (full || list_empty(&s->queue))
		usock_update(s, &w);
	if (full)
		usock_update_senders(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
	if (slots != NULL)
		slots_deliver(rx, slots, nslots);
	usock_discard(&done);
}

static int
record_take(struct usock *s, struct urecv *rx)
{
	uint64_t resid = rx->u->resid;
	int error;
	struct umsg *m = umsg_first(s, &error);

	if (m == NULL)
		return error;
	rx->length = m->len;
	rx->out_flags = m->len > resid ? MSG_TRUNC : s->type == SOCK_SEQPACKET ? MSG_EOR : 0;
	error = urecv_prepare(s, rx, m);
	if (error != 0)
		return error;
	error = uio_move(m->data, m->len, rx->u);
	if (error != 0) {
		rx->u->resid = resid;
		urecv_undo(rx, m);
		return error;
	}
	urecv_commit(s, rx, m->len);
	return 0;
}

/* A stream that shall fill the buffer, and has not, and goes on. */
static bool
wants_more(const struct urecv *rx)
{
	return (rx->flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL && !rx->stop && rx->u->resid > 0;
}

int
usock_recv(struct usock *s, struct urecv *rx)
{
	bool nonblock = (rx->flags & MSG_DONTWAIT) != 0 || (rx->u->flags & UIO_NONBLOCK) != 0;
	nsec_t deadline = usock_deadline(s->rcvtimeo);
	uint64_t total = rx->u->resid;
	int error;

	for (;;) {
		if ((error = mutex_lock_intr(&s->io)) != 0)
			break;
		error = s->type == SOCK_STREAM ? stream_take(s, rx) : record_take(s, rx);
		mutex_unlock(&s->io);
		if (error == 0 && s->type == SOCK_STREAM && wants_more(rx))
			continue;
		if (error != ESHOULDWAIT || nonblock)
			break;
		if ((error = usock_wait(s, SIG_READABLE, deadline)) != 0)
			break;
	}
	return usock_end(rx->u->resid < total ? 0 : error, deadline);
}

uint32_t
usock_bytes(struct usock *s)
{
	uint32_t count = 0;
	struct umsg *m;

	spin_lock(s->lock);
	list_for_each(m, &s->queue, link) {
		count += m->len - m->off;
		if (s->type != SOCK_STREAM)
			break;
	}
	spin_unlock(s->lock);
	return count;
}
