/*
 * Streams: bytes without borders over the queue of messages.
 *
 * A write is cut into pieces; a piece is a message, so no allocation is larger than PIECE and a
 * reader starts before a long write has ended.  Descriptors go with the first piece.  A read takes
 * from as many messages as its buffer holds, but never beyond one that carries descriptors, never
 * into one that does, unless it begins there, and with SO_PASSCRED never over a change of sender.
 */
#include "ipc/usock.h"
#include "kern/error.h"
#include "kern/string.h"
#include "kern/uio.h"
#include <abi/sig.h>

#define PIECE	(16384u - (uint32_t)sizeof(struct umsg))

static int
send_piece(struct usock *s, struct usend *tx)
{
	uint32_t n = (uint32_t)MIN(tx->u->resid, PIECE);
	struct usock *to;
	int error = umsg_reserve(s, tx, n, &n, &to);

	return error != 0 ? error : umsg_send(s, to, tx, n);
}

int
stream_send(struct usock *s, struct usend *tx, bool nonblock, nsec_t deadline)
{
	uint64_t total = tx->u->resid;
	int error = 0;

	while (tx->u->resid > 0) {
		error = send_piece(s, tx);
		if (error == ESHOULDWAIT && !nonblock)
			error = usock_wait(s, SIG_WRITABLE | SIG_WRITE_DISABLED | SIG_PEER_CLOSED, deadline);
		if (error != 0)
			break;
	}
	return tx->u->resid < total ? 0 : error;
}

static struct umsg *
next_of(struct usock *s, struct umsg *m)
{
	struct umsg *next;

	spin_lock(s->lock);
	next = m->link.next != &s->queue ? list_entry(m->link.next, struct umsg, link) : NULL;
	spin_unlock(s->lock);
	return next;
}

/* Whether the read that has taken something may go on into m. */
static bool
joins(const struct usock *s, const struct urecv *rx, const struct umsg *m)
{
	return m->nslots == 0 && (!s->passcred || memcmp(&m->cred, &rx->cred, sizeof(m->cred)) == 0);
}

/* Copies from m on; *error is why it ended early. */
static void
copy_from(struct usock *s, struct urecv *rx, struct umsg *m, int *error)
{
	for (;;) {
		*error = uio_move(m->data + m->off, m->len - m->off, rx->u);
		if (*error != 0 || rx->u->resid == 0)
			return;
		if (m->nslots > 0) {
			rx->stop = true;
			return;
		}
		m = next_of(s, m);
		if (m == NULL)
			return;
		if (!joins(s, rx, m)) {
			rx->stop = true;
			return;
		}
	}
}

int
stream_take(struct usock *s, struct urecv *rx)
{
	uint64_t resid = rx->u->resid;
	int error;
	struct umsg *m = resid == 0 ? NULL : umsg_first(s, &error);

	if (resid == 0)
		return 0;
	rx->stop = m == NULL || (rx->told && !joins(s, rx, m));
	if (rx->stop)
		return error;
	error = urecv_prepare(s, rx, m);
	if (error != 0)
		return error;
	copy_from(s, rx, m, &error);
	if (rx->u->resid == resid) {
		urecv_undo(rx, m);
		return error;
	}
	urecv_commit(s, rx, resid - rx->u->resid);
	return error;
}
