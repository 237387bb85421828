/*
 * System V message queues.
 *
 * 1. A queue is a list of messages in order of arrival; msgrcv takes the first, the first of a type, or the
 * first of the lowest type.  What a sleeper waits for depends on its type and size, so there is
 * no level for it: it leaves a request with the queue (kern/request.c).  Who changes the queue hands messages to
 * the receivers that want them, oldest receiver first, and lets the senders in whose message fits now.
 *
 * 2. A receiver takes the message off, copies it out, and when that fails puts it back where it was: messages
 * are numbered.  Until it is copied its bytes count as queued.
 *
 * 3. Zero's mqsend (ipc/zipc.c) sends in the queue's own manner: with a type and a way of waiting that the
 * queue has from its making.
 *
 * Locking: the table's lock is over all queues; bytes are copied without it.
 *
 * Limits: sysctl ipc.msgmax (bytes of a message), ipc.msgmnb (of a queue), ipc.msgmni.
 */
#include "ipc/msg.h"
#include "gen/sysproto.h"
#include "ipc/sysv.h"
#include "kern/account.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/proc.h"
#include "kern/request.h"
#include "kern/sigmask.h"
#include "kern/sysctl.h"
#include "mach/user.h"
#include "vm/zone.h"

struct msg {
	struct list link;		/* [table] */
	uint64_t number;		/* [I once queued] */
	int64_t type;			/* [I once queued] */
	size_t len;			/* [I] */
	struct account *account;	/* [I] the sender's */
	char data[];			/* [I] */
};

/* All but sysv: [table]. */
struct queue {
	struct sysv sysv;
	struct list msgs;
	struct list receivers, senders;	/* that sleep */
	uint64_t number;		/* of the next message */
	uint64_t cbytes, qnum, qbytes;
	int64_t stime, rtime, ctime;
	int32_t lspid, lrpid;
	struct msg_manner manner;
};

struct receiver {
	struct request request;
	int64_t type;
	size_t len;
	int flags;
	struct msg *got;
};

struct sender {
	struct request request;
	struct msg *msg;
	int32_t pid;
};

ZONE(queue_zone, struct queue);
COUNTER(queues, "ipc.msgqueues");
static struct sysv_table table = SYSV_TABLE_INIT;
static uint64_t msgmax = 65536, msgmnb = 65536, msgmni = 256;
SYSCTL_U64(ipc_msgmax, "ipc.msgmax", &msgmax);
SYSCTL_U64(ipc_msgmnb, "ipc.msgmnb", &msgmnb);
SYSCTL_U64(ipc_msgmni, "ipc.msgmni", &msgmni);

static void
msg_free(struct msg *m)
{
	account_block_free(m, sizeof(*m) + m->len, m->account);
}

/* --- queues; the table is locked unless said otherwise --- */

/* Locks the table and takes a reference. */
static int
queue_lock(int64_t id, uint32_t want, struct queue **out)
{
	struct sysv *o;
	int error = sysv_lock(&table, id, want, &o);

	if (error == 0)
		*out = (struct queue *)o;
	return error;
}

/* Gives the reference back, unlocks, wakes. */
static void
queue_unlock(struct queue *q, struct wakelist *w)
{
	struct list *l;

	if (sysv_put_unlock(&table, &q->sysv)) {
		while ((l = list_pop_front(&q->msgs)) != NULL)
			msg_free(list_entry(l, struct msg, link));
		zone_free(queue_zone, q);
		kstat_add(&queues, -1);
	}
	wakelist_run(w);
}

/* The table is not locked. */
static struct queue *
queue_make(int32_t key, uint32_t mode)
{
	struct queue *q = zone_alloc(queue_zone, ZALLOC_ZERO);

	if (q == NULL)
		return NULL;
	sysv_init(&q->sysv, key, mode);
	list_init(&q->msgs);
	list_init(&q->receivers);
	list_init(&q->senders);
	q->qbytes = msgmnb;
	q->ctime = sysv_seconds();
	kstat_add(&queues, 1);
	return q;
}

/* Finds the key, or enters q, which is gone when it was not entered. */
static int
find_or_enter(struct queue *q, int32_t key, int flags, intptr_t *result)
{
	struct wakelist w;
	struct sysv *o;
	int error;

	wakelist_init(&w);
	spin_lock(&table.lock);
	error = sysv_get(&table, key, flags, &o);
	if (error == 0)
		*result = o->id;
	if (error == ENOENT && (key == IPC_PRIVATE || (flags & IPC_CREAT) != 0)) {
		error = sysv_enter(&table, msgmni, &q->sysv);
		if (error == 0) {
			*result = q->sysv.id;
			spin_unlock(&table.lock);
			return 0;
		}
	}
	queue_unlock(q, &w);
	return error;
}

int
sys_msgget(int key, int flags, intptr_t *result)
{
	struct queue *q = queue_make(key, (uint32_t)flags);

	return q == NULL ? ENOMEM : find_or_enter(q, key, flags, result);
}

int
msg_create(uint32_t mode, uint64_t qbytes, const struct msg_manner *manner, intptr_t *id)
{
	struct queue *q;

	if (qbytes > msgmnb && !cred_super(proc_self()->p_cred))
		return EPERM;
	q = queue_make(IPC_PRIVATE, mode);
	if (q == NULL)
		return ENOMEM;
	if (qbytes != 0)
		q->qbytes = qbytes;
	q->manner = *manner;
	return find_or_enter(q, IPC_PRIVATE, 0, id);
}

/* --- what a queue gives and takes; the table is locked --- */

static bool
wanted(const struct msg *m, int64_t type, int flags)
{
	if (type == 0)
		return true;
	if (type > 0)
		return ((flags & MSG_EXCEPT) != 0) != (m->type == type);
	return type == INT64_MIN || m->type <= -type;
}

static struct msg *
choose(const struct queue *q, const struct receiver *r)
{
	struct msg *m, *best = NULL;

	list_for_each(m, &q->msgs, link) {
		if (!wanted(m, r->type, r->flags))
			continue;
		if (r->type >= 0)
			return m;
		if (best == NULL || m->type < best->type)
			best = m;
	}
	return best;
}

/* Takes one off.  ENOMSG, E2BIG. */
static int
take(const struct queue *q, struct receiver *r)
{
	struct msg *m = choose(q, r);

	if (m == NULL)
		return ENOMSG;
	if (m->len > r->len && (r->flags & MSG_NOERROR) == 0)
		return E2BIG;
	list_remove(&m->link);
	r->got = m;
	return 0;
}

static bool
enqueue(struct queue *q, struct msg *m, int32_t pid)
{
	if (q->cbytes + m->len > q->qbytes || q->qnum >= q->qbytes)
		return false;
	m->number = q->number++;
	list_push_back(&q->msgs, &m->link);
	q->cbytes += m->len;
	q->qnum++;
	q->stime = sysv_seconds();
	q->lspid = pid;
	return true;
}

/* Something changed: who sleeps and can go on now. */
static void
serve(struct queue *q, struct wakelist *w)
{
	struct receiver *r, *next_r;
	struct sender *s, *next_s;

	list_for_each_safe(s, next_s, &q->senders, request.link)
		if (enqueue(q, s->msg, s->pid))
			request_finish(&s->request, 0, w);
	list_for_each_safe(r, next_r, &q->receivers, request.link) {
		int error = take(q, r);

		if (error != ENOMSG)
			request_finish(&r->request, error, w);
	}
}

static int
wait_in(struct list *list, struct request *r)
{
	request_init(r, &table.lock);
	list_push_back(list, &r->link);
	return sigmask_end(request_wait(r, NSEC_INFINITE));
}

/* --- sending --- */

static int
send_locked(struct queue *q, struct msg *m, int flags, struct wakelist *w)
{
	struct sender s = { .msg = m, .pid = proc_self()->p_pid };

	if (m->type == 0) {
		if (q->manner.type == 0)
			return EINVAL;
		m->type = q->manner.type;
		flags = q->manner.nowait ? IPC_NOWAIT : 0;
	}
	if (m->len > q->qbytes)
		return EINVAL;
	if (!enqueue(q, m, s.pid))
		return (flags & IPC_NOWAIT) != 0 ? EAGAIN : wait_in(&q->senders, &s.request);
	serve(q, w);
	return 0;
}

static int
send(int64_t id, struct msg *m, int flags)
{
	struct wakelist w;
	struct queue *q;
	int error = queue_lock(id, 2, &q);

	if (error != 0)
		return error;
	wakelist_init(&w);
	error = send_locked(q, m, flags, &w);
	queue_unlock(q, &w);
	return error;
}

int
msg_send(int64_t id, int64_t type, const void __user *buf, size_t len, int flags)
{
	struct account *whose;
	struct msg *m;
	int error;

	if (len > msgmax)
		return EINVAL;
	m = account_block(sizeof(*m) + len, &whose);
	if (m == NULL)
		return ENOMEM;
	m->account = whose;
	m->type = type;
	m->len = len;
	error = copyin(buf, m->data, len);
	if (error == 0)
		error = send(id, m, flags);
	if (error != 0)
		msg_free(m);
	return error;
}

int
sys_msgsnd(int id, int64_t type, void __user *buf, size_t len, int flags)
{
	return type < 1 ? EINVAL : msg_send(id, type, buf, len, flags);
}

/* --- receiving --- */

static void
put_back(struct queue *q, struct msg *m)
{
	struct list *at = q->msgs.prev;

	while (at != &q->msgs && list_entry(at, struct msg, link)->number > m->number)
		at = at->prev;
	list_insert_after(at, &m->link);
}

static void
taken(struct queue *q, const struct msg *m)
{
	q->cbytes -= m->len;
	q->qnum--;
	q->rtime = sysv_seconds();
	q->lrpid = proc_self()->p_pid;
}

/* The table is locked on entry, and again at the end. */
static int
give(const struct receiver *r, void __user *buf, void __user *typep, intptr_t *result)
{
	const struct msg *m = r->got;
	int error;

	spin_unlock(&table.lock);
	*result = (intptr_t)MIN(r->len, m->len);
	error = copyout(m->data, buf, (size_t)*result);
	if (error == 0 && (r->flags & MSG_UNTYPED) == 0)
		error = copyout(&m->type, typep, sizeof(m->type));
	spin_lock(&table.lock);
	return error;
}

int
msg_receive(int64_t id, void __user *buf, size_t len, int64_t type, int flags, void __user *typep, intptr_t *got)
{
	struct receiver r = { .type = type, .len = len, .flags = flags };
	struct wakelist w;
	struct queue *q;
	int error = queue_lock(id, 4, &q);

	if (error != 0)
		return error;
	wakelist_init(&w);
	error = take(q, &r);
	if (error == ENOMSG && (flags & IPC_NOWAIT) == 0)
		error = wait_in(&q->receivers, &r.request);
	if (error == 0) {
		error = give(&r, buf, typep, got);
		if (error == 0)
			taken(q, r.got);
		else
			put_back(q, r.got);
		serve(q, &w);
	}
	queue_unlock(q, &w);
	if (error == 0)
		msg_free(r.got);
	return error;
}

int
sys_msgrcv(int id, void __user *buf, size_t len, int64_t type, int flags, void __user *typep,
    intptr_t *result)
{
	return len > INTPTR_MAX ? EINVAL : msg_receive(id, buf, len, type, flags & ~MSG_UNTYPED, typep, result);
}

/* --- control --- */

static int
queue_stat(int64_t id, void __user *arg)
{
	struct abi_msqid_ds ds;
	struct wakelist w;
	struct queue *q;
	int error = queue_lock(id, 4, &q);

	if (error != 0)
		return error;
	wakelist_init(&w);
	ds = (struct abi_msqid_ds){ .perm = q->sysv.perm, .stime = q->stime, .rtime = q->rtime,
		.ctime = q->ctime, .cbytes = q->cbytes, .qnum = q->qnum, .qbytes = q->qbytes,
		.lspid = q->lspid, .lrpid = q->lrpid };
	queue_unlock(q, &w);
	return copyout(&ds, arg, sizeof(ds));
}

/* Locks the table when the caller owns the queue. */
static int
owned_lock(int64_t id, struct queue **out)
{
	struct sysv *o;
	int error;

	spin_lock(&table.lock);
	error = sysv_owned(&table, id, &o);
	*out = (struct queue *)o;
	if (error != 0)
		spin_unlock(&table.lock);
	return error;
}

static int
queue_set(int64_t id, const void __user *arg)
{
	struct abi_msqid_ds ds;
	struct wakelist w;
	struct queue *q;
	int error = copyin(arg, &ds, sizeof(ds));

	if (error == 0)
		error = owned_lock(id, &q);
	if (error != 0)
		return error;
	wakelist_init(&w);
	if (ds.qbytes > msgmnb && !cred_super(proc_self()->p_cred)) {
		error = EPERM;
	} else {
		sysv_set(&q->sysv, &ds.perm);
		q->qbytes = ds.qbytes;
		q->ctime = sysv_seconds();
		serve(q, &w);
	}
	spin_unlock(&table.lock);
	wakelist_run(&w);
	return error;
}

static int
queue_remove(int64_t id)
{
	struct receiver *r, *next_r;
	struct sender *s, *next_s;
	struct wakelist w;
	struct queue *q;
	int error = owned_lock(id, &q);

	if (error != 0)
		return error;
	wakelist_init(&w);
	sysv_remove(&table, &q->sysv);
	list_for_each_safe(r, next_r, &q->receivers, request.link)
		request_finish(&r->request, EIDRM, &w);
	list_for_each_safe(s, next_s, &q->senders, request.link)
		request_finish(&s->request, EIDRM, &w);
	queue_unlock(q, &w);
	return 0;
}

int
msg_set_type(int64_t id, int64_t type, int64_t *old)
{
	struct queue *q;
	int error = owned_lock(id, &q);

	if (error != 0)
		return error;
	*old = q->manner.type;
	if (*old == 0)
		error = EINVAL;
	else
		q->manner.type = type;
	spin_unlock(&table.lock);
	return error;
}

int
msg_control(int64_t id, int cmd, void __user *arg)
{
	switch (cmd) {
	case IPC_STAT:
		return queue_stat(id, arg);
	case IPC_SET:
		return queue_set(id, arg);
	case IPC_RMID:
		return queue_remove(id);
	}
	return EINVAL;
}

int
sys_msgctl(int id, int cmd, void __user *arg)
{
	return msg_control(id, cmd, arg);
}
