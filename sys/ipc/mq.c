/*
 * POSIX message queues.
 *
 * 1. A queue has a name, which begins with a slash and has no other: names of queues are a space of their own.  A
 * descriptor names an open of it, a node with its own O_NONBLOCK; all opens share the queue's signal
 * source.  The queue lives as long as its name or an open.
 *
 * 2. Order.  Messages are sorted by priority, equal ones by number, which counts sends.  A receiver takes the
 * first off, copies it out, and when that fails puts it back where it was; until then its place
 * is not free: `used' counts what is queued and what is being copied.
 *
 * 3. Levels.  READABLE if and only if a message is queued, WRITABLE if and only if used < maxmsg.
 *
 * 4. Notification.  One process may ask for a signal; it is sent, and the wish forgotten, when a message comes to
 * an empty queue on which no receiver sleeps.  The wish goes with the open that it was made through, and counts
 * for nothing once its process ends.
 *
 * Locking: the names lock covers the list of queues, names, reference counts and the bytes that all may
 * take together; a queue's lock the rest.  Bytes are copied with neither.
 *
 * Limits: sysctl ipc.mqueues (how many), ipc.mq_maxmsg and ipc.mq_msgsize (of one), ipc.mq_bytes (maxmsg *
 * msgsize of all: what is promised at creation is there).
 */
#include "ipc/mq.h"
#include "fs/fsctx.h"
#include "gen/sysproto.h"
#include "kern/account.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define NAME_BYTES	255u		/* of the longest name, after the slash */
#define OPEN_FLAGS	(O_ACCMODE | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC)

struct message {
	struct list link;		/* [q] */
	uint64_t number;		/* [I once queued] */
	uint32_t prio;			/* [I] */
	uint32_t len;			/* [I] */
	struct account *account;	/* [I] the sender's */
	char data[];			/* [I] */
};

/* Who wants to hear of a message. */
struct wish {
	struct proc *proc;		/* with a reference; NULL: nobody */
	struct node *end;		/* the open it was made through */
	struct abi_mqevent event;
};

/* Letters: I immutable, m names lock, q the queue's lock. */
struct mqueue {
	struct list link;		/* [m] while it has a name */
	uint32_t refs;			/* [m] its name and its opens */
	uint32_t uid, gid, mode;	/* [I] */
	uint32_t maxmsg, msgsize;	/* [I] */
	bool named;			/* [m] */

	struct spin lock;		/* q */
	struct sigsrc src;		/* [q] */
	struct list messages;		/* [q] */
	uint32_t count, used;		/* [q] */
	uint32_t receivers;		/* [q] asleep */
	uint64_t number;		/* [q] of the next message */
	struct wish wish;		/* [q] */
	char name[NAME_BYTES + 1];	/* [I] */
};

struct end {
	struct node node;
	struct mqueue *q;		/* [I] */
};

ZONE(mqueue_zone, struct mqueue);
ZONE(end_zone, struct end);
COUNTER(mqueues, "ipc.mqueues");
COUNTER(ends, "node.mq");
LOCK_CLASS(names_class, "message queue names", RANK_NODE - 1);
static struct spin names_lock = SPIN_INIT(&names_class);
static struct list queues = LIST_INIT(queues);	/* [m] */
static uint64_t nqueues, bytes_used;		/* [m] */
static uint64_t most_queues = 256, most_maxmsg = 1024, most_msgsize = 65536, most_bytes = 16 << 20;
SYSCTL_U64(ipc_mqueues, "ipc.mqueues", &most_queues);
SYSCTL_U64(ipc_mq_maxmsg, "ipc.mq_maxmsg", &most_maxmsg);
SYSCTL_U64(ipc_mq_msgsize, "ipc.mq_msgsize", &most_msgsize);
SYSCTL_U64(ipc_mq_bytes, "ipc.mq_bytes", &most_bytes);

void (*mq_notify_hook)(struct proc *, int, uint64_t, int32_t, uint32_t);

static struct mqueue *
queue_of(struct node *n)
{
	return container_of(n, struct end, node)->q;
}

static void
message_free(struct message *m)
{
	account_block_free(m, sizeof(*m) + m->len, m->account);
}

static void
wish_drop(struct wish *w)
{
	if (w->proc != NULL)
		node_unref(&w->proc->p_node);
}

/* --- queues --- */

static uint64_t
bytes_of(const struct mqueue *q)
{
	return (uint64_t)q->maxmsg * q->msgsize;
}

static void
queue_free(struct mqueue *q)
{
	struct list *l;

	ASSERT(q->wish.proc == NULL);
	while ((l = list_pop_front(&q->messages)) != NULL)
		message_free(list_entry(l, struct message, link));
	zone_free(mqueue_zone, q);
	kstat_add(&mqueues, -1);
}

/* One reference less; unlocks the names. */
static void
queue_put_unlock(struct mqueue *q)
{
	bool last = --q->refs == 0;

	if (last)
		bytes_used -= bytes_of(q);
	spin_unlock(&names_lock);
	if (last)
		queue_free(q);
}

static int
queue_make(const char *name, uint32_t mode, const struct abi_mqattr *a, struct mqueue **out)
{
	const struct cred *c = proc_self()->p_cred;
	struct mqueue *q;

	if (a != NULL && (a->maxmsg <= 0 || (uint64_t)a->maxmsg > most_maxmsg || a->msgsize <= 0 ||
	    (uint64_t)a->msgsize > most_msgsize))
		return EINVAL;
	q = zone_alloc(mqueue_zone, ZALLOC_ZERO);
	if (q == NULL)
		return ENOMEM;
	kstat_add(&mqueues, 1);
	q->uid = c->euid;
	q->gid = c->egid;
	q->mode = mode & ~proc_self()->p_fs->umask & 0777;
	q->maxmsg = a != NULL ? (uint32_t)a->maxmsg : 10;
	q->msgsize = a != NULL ? (uint32_t)a->msgsize : 8192;
	spin_init(&q->lock, &node_class);
	sigsrc_init(&q->src, &q->lock, SIG_WRITABLE);
	list_init(&q->messages);
	strlcpy(q->name, name, sizeof(q->name));
	*out = q;
	return 0;
}

/* Names locked. */
static struct mqueue *
queue_find(const char *name)
{
	struct mqueue *q;

	list_for_each(q, &queues, link)
		if (strcmp(q->name, name) == 0)
			return q;
	return NULL;
}

/* Names locked: the new queue's name, with a reference for it and one for the first open. */
static int
queue_enter(struct mqueue *q)
{
	if (nqueues >= most_queues || bytes_used + bytes_of(q) > most_bytes)
		return ENOSPC;
	nqueues++;
	bytes_used += bytes_of(q);
	list_push_back(&queues, &q->link);
	q->named = true;
	q->refs = 2;
	return 0;
}

/* The name is "/x"; what counts is behind the slash. */
static int
name_check(const char **name)
{
	if (**name != '/' || (*name)[1] == '\0' || strchr(*name + 1, '/') != NULL)
		return EINVAL;
	(*name)++;
	return strlen(*name) > NAME_BYTES ? ENAMETOOLONG : 0;
}

/* want: 4 read, 2 write. */
static int
access_check(const struct mqueue *q, uint32_t want)
{
	const struct cred *c = proc_self()->p_cred;
	uint32_t mode = q->mode;

	if (cred_super(c))
		return 0;
	if (c->euid == q->uid)
		mode >>= 6;
	else if (cred_in_group(c, q->gid))
		mode >>= 3;
	return (mode & want) == want ? 0 : EACCES;
}

/* --- the state; the queue is locked --- */

static void
levels(struct mqueue *q, struct wakelist *w)
{
	uint32_t set = (q->count > 0 ? SIG_READABLE : 0) | (q->used < q->maxmsg ? SIG_WRITABLE : 0);

	sig_change(&q->src, (SIG_READABLE | SIG_WRITABLE) & ~set, set, w);
}

static void
unlock_and_wake(struct mqueue *q)
{
	struct wakelist w;

	wakelist_init(&w);
	levels(q, &w);
	spin_unlock(&q->lock);
	wakelist_run(&w);
}

/* Among the others, by priority and number. */
static void
insert(struct mqueue *q, struct message *m)
{
	struct list *at = q->messages.prev;

	while (at != &q->messages) {
		const struct message *before = list_entry(at, struct message, link);

		if (before->prio > m->prio || (before->prio == m->prio && before->number < m->number))
			break;
		at = at->prev;
	}
	list_insert_after(at, &m->link);
	q->count++;
}

/* Takes the wish if this message fulfils it: the caller sends the signal and drops it. */
static struct wish
wish_take(struct mqueue *q)
{
	struct wish w = { .proc = NULL };

	if (q->count == 1 && q->used == 1 && q->receivers == 0) {
		w = q->wish;
		q->wish.proc = NULL;
	}
	return w;
}

static void
notify(struct wish *w)
{
	if (w->proc != NULL && w->event.notify == ABI_SIGEV_SIGNAL)
		mq_notify_hook(w->proc, w->event.signo, w->event.value, proc_self()->p_pid,
		    proc_self()->p_cred->ruid);
	wish_drop(w);
}

/* --- waiting --- */

/* until: since 1970, NULL: for ever.  Looked at by who has to wait only. */
static int
wait_for(struct node *n, uint32_t level, const struct abi_timespec *until)
{
	struct mqueue *q = queue_of(n);
	nsec_t deadline = NSEC_INFINITE, at;
	int error;

	if ((atomic_load(&n->flags) & (uint32_t)O_NONBLOCK) != 0)
		return EAGAIN;
	if (until != NULL) {
		error = timespec_to_nsec(until, &at);
		if (error != 0)
			return error;
		at -= clock_realtime();
		deadline = at <= 0 ? 0 : deadline_after(at);
	}
	return sig_wait(&q->src, level, WAIT_INTR | WAIT_TURN, deadline, NULL, NULL);
}

static bool
put(struct mqueue *q, struct message *m)
{
	struct wish w;

	spin_lock(&q->lock);
	if (q->used == q->maxmsg) {
		spin_unlock(&q->lock);
		return false;
	}
	m->number = q->number++;
	q->used++;
	insert(q, m);
	w = wish_take(q);
	unlock_and_wake(q);
	notify(&w);
	return true;
}

static int
send(struct node *n, struct message *m, const struct abi_timespec *until)
{
	struct mqueue *q = queue_of(n);
	bool turn = false;
	int error = 0;

	while (!put(q, m)) {
		error = wait_for(n, SIG_WRITABLE, until);
		if (error != 0)
			break;
		turn = true;
	}
	if (turn)
		sig_pass(&q->src, SIG_WRITABLE);
	return error;
}

int
sys_mq_timedsend(struct node *n, void __user *buf, size_t len, uint32_t prio, const struct abi_timespec *until)
{
	struct mqueue *q = queue_of(n);
	struct account *whose;
	struct message *m;
	int error;

	if (prio >= ABI_MQ_PRIO_MAX)
		return EINVAL;
	if (len > q->msgsize)
		return EMSGSIZE;
	m = account_block(sizeof(*m) + len, &whose);
	if (m == NULL)
		return ENOMEM;
	m->account = whose;
	m->prio = prio;
	m->len = (uint32_t)len;
	error = copyin(buf, m->data, len);
	if (error == 0)
		error = send(n, m, until);
	if (error != 0)
		message_free(m);
	return error;
}

/* The first message, or NULL; its place stays taken. */
static struct message *
take(struct mqueue *q)
{
	struct message *m = NULL;
	struct list *l;

	spin_lock(&q->lock);
	l = list_pop_front(&q->messages);
	if (l != NULL) {
		m = list_entry(l, struct message, link);
		q->count--;
	}
	unlock_and_wake(q);
	return m;
}

static void
settle(struct mqueue *q, struct message *m, bool taken)
{
	spin_lock(&q->lock);
	if (taken)
		q->used--;
	else
		insert(q, m);
	unlock_and_wake(q);
}

static void
receivers(struct mqueue *q, uint32_t by)
{
	spin_lock(&q->lock);
	q->receivers += by;
	spin_unlock(&q->lock);
}

static int
receive(struct node *n, const struct abi_timespec *until, struct message **out)
{
	struct mqueue *q = queue_of(n);
	bool turn = false;
	int error = 0;

	while ((*out = take(q)) == NULL) {
		receivers(q, 1);
		error = wait_for(n, SIG_READABLE, until);
		receivers(q, -1u);
		if (error != 0)
			break;
		turn = true;
	}
	if (turn)
		sig_pass(&q->src, SIG_READABLE);
	return error;
}

int
sys_mq_timedreceive(struct node *n, void __user *buf, size_t len, void __user *prio,
    const struct abi_timespec *until, intptr_t *result)
{
	struct mqueue *q = queue_of(n);
	struct message *m;
	int error;

	if (len < q->msgsize)
		return EMSGSIZE;
	error = receive(n, until, &m);
	if (error != 0)
		return error;
	error = copyout(m->data, buf, m->len);
	if (error == 0 && prio != NULL)
		error = copyout(&m->prio, prio, sizeof(m->prio));
	*result = (intptr_t)m->len;
	settle(q, m, error == 0);
	if (error == 0)
		message_free(m);
	return error;
}

/* --- the node --- */

static int
mq_stat(struct node *n, struct abi_stat *st)
{
	const struct mqueue *q = queue_of(n);

	st->ino = n->koid;
	st->mode = q->mode;
	st->uid = q->uid;
	st->gid = q->gid;
	st->nlink = q->named;
	st->size = q->count;
	st->blksize = (int32_t)q->msgsize;
	return 0;
}

static void
mq_unused(struct node *n)
{
	struct mqueue *q = queue_of(n);
	struct wish gone = { .proc = NULL };

	spin_lock(&q->lock);
	if (q->wish.proc != NULL && q->wish.end == n) {
		gone = q->wish;
		q->wish.proc = NULL;
	}
	spin_unlock(&q->lock);
	wish_drop(&gone);
}

static void
mq_destroy(struct node *n)
{
	struct end *e = container_of(n, struct end, node);
	struct mqueue *q = e->q;

	zone_free(end_zone, e);
	kstat_add(&ends, -1);
	spin_lock(&names_lock);
	queue_put_unlock(q);
}

static const struct node_ops mq_ops = {
	.name = "mq",
	.read = node_nostream,
	.write = node_nostream,
	.seek = node_noseek,
	.stat = mq_stat,
	.setattr = node_nosetattr,
	.ioctl = node_noioctl,
	.vmo = node_novmo,
	.sync = node_nosync,
	.unused = mq_unused,
	.destroy = mq_destroy,
};

/* --- opening --- */

/* Names locked.  Finds or enters; the result has a reference for the open.  `made' stays the caller's if it is
 * not the result. */
static int
find_or_enter(const char *name, int flags, uint32_t want, struct mqueue *made, struct mqueue **out)
{
	struct mqueue *q = queue_find(name);
	int error;

	if (q == NULL) {
		error = made == NULL ? ENOENT : queue_enter(made);
		*out = made;
		return error;
	}
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return EEXIST;
	error = access_check(q, want);
	if (error == 0)
		q->refs++;
	*out = q;
	return error;
}

static int
queue_open(const char *name, int flags, uint32_t mode, const struct abi_mqattr *a, struct mqueue **out)
{
	uint32_t want = (flags & O_ACCMODE) == O_RDONLY ? 4 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 6;
	struct mqueue *made = NULL;
	int error;

	for (;;) {
		spin_lock(&names_lock);
		error = find_or_enter(name, flags, want, made, out);
		spin_unlock(&names_lock);
		if (error != ENOENT || (flags & O_CREAT) == 0)
			break;
		/* Attributes count only now that there is no such queue. */
		error = queue_make(name, mode, a, &made);
		if (error != 0)
			return error;
	}
	if (made != NULL && (error != 0 || *out != made))
		queue_free(made);
	return error;
}

static int
open_slot(const char *name, int flags, uint32_t mode, const struct abi_mqattr *a, uint32_t index)
{
	uint32_t rights = RIGHTS_POSIX, access = (uint32_t)(flags & O_ACCMODE);
	struct end *e = zone_alloc(end_zone, ZALLOC_ZERO);
	int error;

	if (e == NULL)
		return ENOMEM;
	error = queue_open(name, flags, mode, a, &e->q);
	if (error != 0) {
		zone_free(end_zone, e);
		return error;
	}
	kstat_add(&ends, 1);
	node_init(&e->node, &mq_ops, NODE_MQ, &e->q->src, 0);
	e->node.flags = (uint32_t)(flags & O_NONBLOCK);
	node_use(&e->node);
	node_unref(&e->node);
	rights |= access != (uint32_t)O_WRONLY ? RIGHT_READ : 0;
	rights |= access != (uint32_t)O_RDONLY ? RIGHT_WRITE : 0;
	desc_publish(index, &e->node, rights, DESC_CLOEXEC);
	return 0;
}

int
sys_mq_open(const char *name, int flags, uint32_t mode, const struct abi_mqattr *attr, intptr_t *result)
{
	uint32_t index;
	int error = name_check(&name);

	if (error == 0 && ((flags & ~OPEN_FLAGS) != 0 || (flags & O_ACCMODE) == O_ACCMODE))
		error = EINVAL;
	if (error == 0)
		error = desc_reserve(DESC_POSIX, 0, &index);
	if (error != 0)
		return error;
	error = open_slot(name, flags, mode, attr, index);
	if (error != 0)
		desc_unreserve(index);
	*result = (intptr_t)index;
	return error;
}

int
sys_mq_unlink(const char *name)
{
	const struct cred *c = proc_self()->p_cred;
	struct mqueue *q;
	int error = name_check(&name);

	if (error != 0)
		return error == EINVAL ? ENOENT : error;
	spin_lock(&names_lock);
	q = queue_find(name);
	if (q == NULL || (!cred_super(c) && c->euid != q->uid)) {
		spin_unlock(&names_lock);
		return q == NULL ? ENOENT : EACCES;
	}
	list_remove(&q->link);
	q->named = false;
	nqueues--;
	queue_put_unlock(q);
	return 0;
}

/* --- attributes, notification --- */

int
sys_mq_attr(struct node *n, const struct abi_mqattr *new, void __user *old)
{
	struct mqueue *q = queue_of(n);
	uint32_t was = atomic_load(&n->flags), nonblock = (uint32_t)O_NONBLOCK;
	struct abi_mqattr a = { was & nonblock, q->maxmsg, q->msgsize, q->count };
	int error = 0;

	if (new != NULL && (new->flags & ~(int64_t)O_NONBLOCK) != 0)
		return EINVAL;
	if (old != NULL)
		error = copyout(&a, old, sizeof(a));
	if (error != 0 || new == NULL)
		return error;
	while (!atomic_cas(&n->flags, was, (was & ~nonblock) | (uint32_t)new->flags))
		was = atomic_load(&n->flags);
	return 0;
}

/* Under the queue's lock: the wish of a process that lives. */
static bool
wished(const struct mqueue *q)
{
	return q->wish.proc != NULL && q->wish.proc->p_state < PROC_EXITING;
}

int
sys_mq_notify(struct node *n, const struct abi_mqevent *event)
{
	struct mqueue *q = queue_of(n);
	struct proc *self = proc_self();
	struct wish gone = { .proc = NULL };
	int error = 0;

	if (event != NULL && event->notify != ABI_SIGEV_NONE && event->notify != ABI_SIGEV_SIGNAL)
		return EINVAL;
	if (event != NULL && event->notify == ABI_SIGEV_SIGNAL && (event->signo < 1 || event->signo >= NSIG))
		return EINVAL;
	spin_lock(&q->lock);
	if (event != NULL && wished(q)) {
		error = EBUSY;
	} else if (event != NULL || q->wish.proc == self) {
		gone = q->wish;
		q->wish = (struct wish){ .proc = NULL };
		if (event != NULL) {
			node_ref(&self->p_node);
			q->wish = (struct wish){ self, n, *event };
		}
	}
	spin_unlock(&q->lock);
	wish_drop(&gone);
	return error;
}
