/*
 * Sockets of the native API: two ends and, each way, a stream of bytes or a queue of datagrams.
 * (AF_UNIX sockets are another kind.)
 *
 * 1. Room.  A direction takes SOCKET_SIZE bytes.  A stream is a ring of pages that are allocated when
 * bytes first come there.  A datagram is admitted while fewer than SOCKET_SIZE bytes are queued, so the
 * last one may pass the limit; each is a block of its own.
 *
 * 2. Levels of an end.  READABLE: something is queued for it.  WRITABLE: a write would not have to
 * wait, the peer is open and this end may write.  PEER_CLOSED, WRITE_DISABLED and
 * PEER_WRITE_DISABLED say why a call fails; what is queued can be read all the same.  The thresholds
 * are levels for who wants more than one byte (0: never set).
 *
 * 3. A transfer is counted after the copy, so one that faults has moved nothing; its number is told
 * before it is counted, for the same reason.
 *
 * 4. Locking.  The pair's spin lock covers counts, queue links and levels; bytes are copied outside of
 * it.  Each direction has a sleeping lock for its reader and one for its writer: a writer alone
 * moves `tail' and allocates, a reader alone moves `head' and takes datagrams off.
 */
#include "gen/sysproto.h"
#include "kern/account.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/pair.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/kmap.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>
#include <abi/termios.h>

#define SOCKET_SIZE	262144u		/* bytes of one direction */
#define SOCKET_PAGES	(SOCKET_SIZE / PAGE_SIZE)

struct datagram {
	struct list link;		/* [l] */
	struct account *account;	/* [I] the sender's */
	uint32_t len;			/* [I] */
	char bytes[];
};

/* What is on the way to one end. */
struct lane {
	struct mutex rd, wr;
	uint64_t head, tail;		/* [l] bytes taken and put, ever */
	struct list datagrams;		/* [l] */
	bool disabled;			/* [l] nothing more may be put */
	uint64_t rx_threshold, tx_threshold;	/* [l] of its reader, of its writer */
	struct page *pages[SOCKET_PAGES];	/* [wr] */
};

struct socket {
	struct pair pair;		/* l */
	uint32_t options;		/* [I] MX_SOCKET_DATAGRAM */
	struct lane lane[2];		/* to end 0, to end 1 */
	struct node end[2];
};

#define SOCKET_RIGHTS (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_SIGNAL | RIGHT_SIGNAL_PEER | \
    RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY | RIGHT_MANAGE_SOCKET)
#define WRITER_LEVELS	(SIG_WRITABLE | SIG_WRITE_THRESHOLD | SIG_WRITE_DISABLED)
#define READER_LEVELS	(SIG_READABLE | SIG_READ_THRESHOLD | SIG_PEER_WRITE_DISABLED)

LOCK_CLASS(socket_io_class, "socket I/O", RANK_IO);
ZONE(socket_zone, struct socket);
COUNTER(sockets, "node.socket");
COUNTER(datagrams, "socket.datagrams");

static struct socket *
socket_of(struct node *n)
{
	return container_of(n->pair, struct socket, pair);
}

static uint64_t
queued(const struct lane *l)
{
	return l->tail - l->head;
}

static uint64_t
room(const struct lane *l)
{
	return queued(l) < SOCKET_SIZE ? SOCKET_SIZE - queued(l) : 0;
}

/* Brings the levels of a direction's two ends in line with it; the lock is held. */
static void
update(struct socket *s, unsigned to, struct wakelist *w)
{
	const struct lane *l = &s->lane[to];
	struct node *reader = s->pair.end[to], *writer = s->pair.end[1 - to];
	uint32_t rd = 0, wr = 0;

	if (queued(l) > 0)
		rd |= SIG_READABLE;
	if (l->rx_threshold > 0 && queued(l) >= l->rx_threshold)
		rd |= SIG_READ_THRESHOLD;
	if (l->disabled)
		rd |= SIG_PEER_WRITE_DISABLED, wr |= SIG_WRITE_DISABLED;
	else if (reader != NULL && room(l) > 0)
		wr |= SIG_WRITABLE;
	if ((wr & SIG_WRITABLE) != 0 && l->tx_threshold > 0 && room(l) >= l->tx_threshold)
		wr |= SIG_WRITE_THRESHOLD;
	if (reader != NULL)
		sig_change(reader->sig, READER_LEVELS & ~rd, rd, w);
	if (writer != NULL)
		sig_change(writer->sig, WRITER_LEVELS & ~wr, wr, w);
}

static void
update_and_wake(struct socket *s, unsigned to)
{
	struct wakelist w;

	wakelist_init(&w);
	update(s, to, &w);
	spin_unlock(&s->pair.lock);
	wakelist_run(&w);
}

static int
tell(void __user *actual, size_t n)
{
	return actual == NULL ? 0 : copyout(&n, actual, sizeof(n));
}

/* Why this end cannot write now, if it cannot; the lock is held. */
static int
write_refusal(struct node *n)
{
	const struct lane *l = &socket_of(n)->lane[1 - n->side];

	if (pair_peer_locked(n) == NULL)
		return EPEERCLOSED;
	return l->disabled ? EBADSTATE : 0;
}

static int
read_refusal(struct node *n)
{
	const struct lane *l = &socket_of(n)->lane[n->side];

	if (queued(l) > 0)
		return 0;
	if (pair_peer_locked(n) == NULL)
		return EPEERCLOSED;
	return l->disabled ? EBADSTATE : ESHOULDWAIT;
}

/* --- streams --- */

/* n bytes between the ring, from position `at' on, and the uio.  All or an error. */
static int
move(struct lane *l, uint64_t at, uint64_t n, struct uio *u)
{
	uint64_t before = u->resid;
	int error = 0;

	while (n > 0 && error == 0) {
		uint32_t off = (uint32_t)(at % PAGE_SIZE);
		size_t piece = (size_t)MIN(n, (uint64_t)PAGE_SIZE - off);
		char *va = page_map(l->pages[at % SOCKET_SIZE / PAGE_SIZE]);

		error = uio_move(va + off, piece, u);
		page_unmap(va);
		at += piece;
		n -= piece;
	}
	if (error != 0)
		u->resid = before;
	return error;
}

static int
pages_ensure(struct lane *l, uint64_t at, uint64_t n)
{
	for (uint64_t i = at / PAGE_SIZE; i <= (at + n - 1) / PAGE_SIZE; i++) {
		struct page **p = &l->pages[i % SOCKET_PAGES];

		if (*p == NULL && (*p = page_alloc_ring()) == NULL)
			return ENOMEM;
	}
	return 0;
}

/* An empty ring begins anew, so that little traffic needs one page; the lock is held. */
static uint64_t
ring_tail(struct lane *l)
{
	if (l->head == l->tail)
		l->head = l->tail = 0;
	return l->tail;
}

static int
stream_put(struct node *node, struct uio *u, void __user *actual)
{
	struct socket *s = socket_of(node);
	struct lane *l = &s->lane[1 - node->side];
	uint64_t n, at;
	int error;

	spin_lock(&s->pair.lock);
	error = write_refusal(node);
	n = MIN(room(l), u->resid);
	if (error == 0 && n == 0 && u->resid > 0)
		error = ESHOULDWAIT;
	at = ring_tail(l);
	spin_unlock(&s->pair.lock);
	if (error == 0 && n > 0) {
		error = pages_ensure(l, at, n);
		if (error == 0)
			error = move(l, at, n, u);
	}
	if (error == 0)
		error = tell(actual, (size_t)n);
	if (error != 0)
		return error;
	spin_lock(&s->pair.lock);
	error = write_refusal(node);
	if (error == 0)
		l->tail += n;
	update_and_wake(s, 1u - node->side);
	return error;
}

static int
stream_take(struct node *node, struct uio *u, bool peek, void __user *actual)
{
	struct socket *s = socket_of(node);
	struct lane *l = &s->lane[node->side];
	uint64_t n, at;
	int error;

	spin_lock(&s->pair.lock);
	error = read_refusal(node);
	n = MIN(queued(l), u->resid);
	at = l->head;
	spin_unlock(&s->pair.lock);
	if (error == 0)
		error = move(l, at, n, u);
	if (error == 0)
		error = tell(actual, (size_t)n);
	if (error != 0 || peek)
		return error;
	spin_lock(&s->pair.lock);
	l->head += n;
	update_and_wake(s, node->side);
	return 0;
}

/* --- datagrams --- */

static void
datagram_free(struct datagram *d)
{
	account_block_free(d, sizeof(*d) + d->len, d->account);
	kstat_add(&datagrams, -1);
}

static void
datagrams_free(struct list *list)
{
	struct list *l;

	while ((l = list_pop_front(list)) != NULL)
		datagram_free(list_entry(l, struct datagram, link));
}

static int
datagram_make(struct uio *u, struct datagram **out)
{
	size_t len = (size_t)u->resid;
	struct account *whose;
	struct datagram *d = account_block(sizeof(*d) + len, &whose);
	uint64_t before = u->resid;
	int error;

	if (d == NULL)
		return ENOMEM;
	kstat_add(&datagrams, 1);
	list_init(&d->link);
	d->account = whose;
	d->len = (uint32_t)len;
	error = uio_move(d->bytes, len, u);
	if (error != 0) {
		u->resid = before;
		datagram_free(d);
		return error;
	}
	*out = d;
	return 0;
}

static int
datagram_put(struct node *node, struct uio *u, void __user *actual)
{
	struct socket *s = socket_of(node);
	struct lane *l = &s->lane[1 - node->side];
	struct datagram *d = NULL;
	uint64_t n = u->resid;
	int error;

	spin_lock(&s->pair.lock);
	error = write_refusal(node);
	if (error == 0 && n > SOCKET_SIZE)
		error = ERANGE;
	else if (error == 0 && n > 0 && room(l) == 0)
		error = ESHOULDWAIT;
	spin_unlock(&s->pair.lock);
	if (error == 0 && n > 0)
		error = datagram_make(u, &d);
	if (error == 0)
		error = tell(actual, (size_t)n);
	if (error == 0 && d != NULL) {
		spin_lock(&s->pair.lock);
		error = write_refusal(node);
		if (error == 0) {
			list_push_back(&l->datagrams, &d->link);
			l->tail += d->len;
			d = NULL;
		}
		update_and_wake(s, 1u - node->side);
	}
	if (d != NULL)
		datagram_free(d);
	if (error != 0)
		u->resid = n;
	return error;
}

/* One datagram; what does not fit is lost. */
static int
datagram_take(struct node *node, struct uio *u, bool peek, void __user *actual)
{
	struct socket *s = socket_of(node);
	struct lane *l = &s->lane[node->side];
	uint64_t before = u->resid;
	struct datagram *d;
	size_t n;
	int error;

	spin_lock(&s->pair.lock);
	error = read_refusal(node);
	d = list_first(&l->datagrams, struct datagram, link);
	spin_unlock(&s->pair.lock);
	if (error != 0)
		return error;
	n = (size_t)MIN((uint64_t)d->len, u->resid);
	error = uio_move(d->bytes, n, u);
	if (error == 0)
		error = tell(actual, n);
	if (error != 0)
		u->resid = before;
	if (error != 0 || peek)
		return error;
	spin_lock(&s->pair.lock);
	list_remove(&d->link);
	l->head += d->len;
	update_and_wake(s, node->side);
	datagram_free(d);
	return 0;
}

/* --- both --- */

static int
put(struct node *n, struct uio *u, void __user *actual)
{
	struct socket *s = socket_of(n);
	struct mutex *m = &s->lane[1 - n->side].wr;
	int error = mutex_lock_intr(m);

	if (error != 0)
		return error;
	error = (s->options & MX_SOCKET_DATAGRAM) != 0 ? datagram_put(n, u, actual) : stream_put(n, u, actual);
	mutex_unlock(m);
	return error;
}

static int
take_or_peek(struct node *n, struct uio *u, bool peek, void __user *actual)
{
	struct socket *s = socket_of(n);
	struct mutex *m = &s->lane[n->side].rd;
	int error = mutex_lock_intr(m);

	if (error != 0)
		return error;
	error = (s->options & MX_SOCKET_DATAGRAM) != 0 ? datagram_take(n, u, peek, actual) :
	    stream_take(n, u, peek, actual);
	mutex_unlock(m);
	return error;
}

static int
take(struct node *n, struct uio *u, void __user *actual)
{
	return take_or_peek(n, u, false, actual);
}

/* --- the node --- */

/* A writer that is gone or may not write is end of file; for a write both are EPIPE. */
static int
socket_read(struct node *n, struct uio *u)
{
	int error;

	if (u->resid == 0)
		return 0;
	error = node_try(n, u, SIG_READABLE | SIG_PEER_CLOSED | SIG_PEER_WRITE_DISABLED, take);
	return error == EPEERCLOSED || error == EBADSTATE ? 0 : error;
}

static int
socket_write(struct node *n, struct uio *u)
{
	int error = 0;

	while (u->resid > 0 && error == 0)
		error = node_try(n, u, SIG_WRITABLE | SIG_PEER_CLOSED | SIG_WRITE_DISABLED, put);
	return error == EBADSTATE ? EPEERCLOSED : error == ERANGE ? EMSGSIZE : error;
}

static int
socket_stat(struct node *n, struct abi_stat *st)
{
	st->mode = S_IFSOCK | 0600;
	return node_nostat(n, st);
}

/* What the next read finds; the lock is held. */
static uint64_t
available(struct socket *s, struct lane *l)
{
	struct datagram *d = list_first(&l->datagrams, struct datagram, link);

	if ((s->options & MX_SOCKET_DATAGRAM) == 0)
		return queued(l);
	return d != NULL ? d->len : 0;
}

static int
socket_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct socket *s = socket_of(n);
	int bytes;

	if (cmd != FIONREAD)
		return ENOTTY;
	spin_lock(&s->pair.lock);
	bytes = (int)available(s, &s->lane[n->side]);
	spin_unlock(&s->pair.lock);
	return copyout(&bytes, (void __user *)arg, sizeof(bytes));
}

/* Nobody can read what is queued for this end any more. */
static void
socket_unused(struct node *n)
{
	struct socket *s = socket_of(n);
	struct list dead;

	pair_unused(n, SIG_WRITABLE | SIG_WRITE_THRESHOLD);
	list_init(&dead);
	spin_lock(&s->pair.lock);
	list_splice(&dead, &s->lane[n->side].datagrams);
	spin_unlock(&s->pair.lock);
	datagrams_free(&dead);
}

static void
socket_destroy(struct node *n)
{
	struct socket *s = socket_of(n);

	if (!pair_put(n))
		return;
	for (unsigned i = 0; i < 2; i++) {
		datagrams_free(&s->lane[i].datagrams);
		for (unsigned k = 0; k < SOCKET_PAGES; k++)
			if (s->lane[i].pages[k] != NULL)
				page_free_ring(s->lane[i].pages[k]);
	}
	zone_free(socket_zone, s);
	kstat_add(&sockets, -1);
}

static const struct node_ops socket_ops = {
	.name = "socket", .read = socket_read, .write = socket_write, NODE_OPS_STREAM,
	.stat = socket_stat, .setattr = node_nosetattr, .ioctl = socket_ioctl,
	.unused = socket_unused, .destroy = socket_destroy,
};

/* --- properties and information --- */

static int
threshold_set(struct node *n, unsigned to, bool rx, uint64_t value)
{
	struct socket *s = socket_of(n);
	struct lane *l = &s->lane[to];

	if (value > SOCKET_SIZE)
		return EINVAL;
	spin_lock(&s->pair.lock);
	if (rx)
		l->rx_threshold = value;
	else
		l->tx_threshold = value;
	update_and_wake(s, to);
	return 0;
}

static int
rx_threshold_set(struct node *n, const void *value)
{
	return threshold_set(n, n->side, true, *(const uint64_t *)value);
}

static int
rx_threshold_get(struct node *n, void *value)
{
	*(uint64_t *)value = socket_of(n)->lane[n->side].rx_threshold;
	return 0;
}
PROPERTY(rx_threshold, MX_PROP_SOCKET_RX_THRESHOLD, NODE_SOCKET, 8, rx_threshold_get, rx_threshold_set);

static int
tx_threshold_set(struct node *n, const void *value)
{
	return threshold_set(n, 1u - n->side, false, *(const uint64_t *)value);
}

static int
tx_threshold_get(struct node *n, void *value)
{
	*(uint64_t *)value = socket_of(n)->lane[1 - n->side].tx_threshold;
	return 0;
}
PROPERTY(tx_threshold, MX_PROP_SOCKET_TX_THRESHOLD, NODE_SOCKET, 8, tx_threshold_get, tx_threshold_set);

static int
socket_info(struct node *n, uint32_t rights, struct info_sink *sink)
{
	struct socket *s = socket_of(n);
	struct lane *rx = &s->lane[n->side], *tx = &s->lane[1 - n->side];
	struct abi_info_socket info = { .options = s->options, .rx_buf_max = SOCKET_SIZE };

	spin_lock(&s->pair.lock);
	info.rx_buf_size = queued(rx);
	info.rx_buf_available = available(s, rx);
	if (pair_peer_locked(n) != NULL) {
		info.tx_buf_max = SOCKET_SIZE;
		info.tx_buf_size = queued(tx);
	}
	spin_unlock(&s->pair.lock);
	return info_put(sink, &info);
}
INFO_TOPIC(socket_topic, MX_INFO_SOCKET, NODE_SOCKET, RIGHT_INSPECT, sizeof(struct abi_info_socket),
    socket_info);

/* --- calls --- */

int
sys_mx_socket_create(uint32_t options, void __user *out0, void __user *out1)
{
	struct socket *s = zone_alloc(socket_zone, ZALLOC_ZERO);

	if (s == NULL)
		return ENOMEM;
	kstat_add(&sockets, 1);
	s->options = options;
	for (unsigned i = 0; i < 2; i++) {
		mutex_init(&s->lane[i].rd, &socket_io_class);
		mutex_init(&s->lane[i].wr, &socket_io_class);
		list_init(&s->lane[i].datagrams);
	}
	pair_init(&s->pair, &socket_ops, NODE_SOCKET, &s->end[0], &s->end[1], SIG_WRITABLE);
	return pair_install(&s->pair, SOCKET_RIGHTS, out0, out1);
}

static int
check_actual(void __user *actual)
{
	return actual == NULL || user_range_ok((uintptr_t)actual, sizeof(size_t)) ? 0 : EFAULT;
}

int
sys_mx_socket_write(struct node *h, uint32_t options, void __user *buf, size_t size, void __user *actual)
{
	struct kiovec one;
	struct uio u;
	int error = check_actual(actual);

	if (error != 0)
		return error;
	uio_init(&u, &one, (uintptr_t)buf, size, UIO_WRITE);
	return put(h, &u, actual);
}

int
sys_mx_socket_read(struct node *h, uint32_t options, void __user *buf, size_t size, void __user *actual)
{
	struct socket *s = socket_of(h);
	struct kiovec one;
	struct uio u;
	uint64_t bytes;
	int error = check_actual(actual);

	if (error != 0)
		return error;
	if (buf == NULL && size == 0) {
		spin_lock(&s->pair.lock);
		bytes = queued(&s->lane[h->side]);
		spin_unlock(&s->pair.lock);
		return tell(actual, (size_t)bytes);
	}
	uio_init(&u, &one, (uintptr_t)buf, size, 0);
	return take_or_peek(h, &u, (options & MX_SOCKET_PEEK) != 0, actual);
}

/* A reader that was told of the end reads all before there is more; the lock is held. */
static bool
may_dispose(const struct lane *l, uint32_t disposition)
{
	return disposition != MX_SOCKET_DISPOSITION_WRITE_ENABLED || !l->disabled || queued(l) == 0;
}

/* What the writer of a direction may do from now on; the lock is held. */
static void
dispose(struct socket *s, unsigned to, uint32_t disposition, struct wakelist *w)
{
	if (disposition == 0)
		return;
	s->lane[to].disabled = disposition == MX_SOCKET_DISPOSITION_WRITE_DISABLED;
	update(s, to, w);
}

int
sys_mx_socket_set_disposition(struct node *h, uint32_t mine, uint32_t peers)
{
	struct socket *s = socket_of(h);
	struct wakelist w;
	int error = 0;

	if (mine > MX_SOCKET_DISPOSITION_WRITE_ENABLED || peers > MX_SOCKET_DISPOSITION_WRITE_ENABLED)
		return EINVAL;
	wakelist_init(&w);
	spin_lock(&s->pair.lock);
	if (peers != 0 && pair_peer_locked(h) == NULL) {
		error = EPEERCLOSED;
	} else if (!may_dispose(&s->lane[1 - h->side], mine) || !may_dispose(&s->lane[h->side], peers)) {
		error = EBADSTATE;
	} else {
		dispose(s, 1u - h->side, mine, &w);
		dispose(s, h->side, peers, &w);
	}
	spin_unlock(&s->pair.lock);
	wakelist_run(&w);
	return error;
}
