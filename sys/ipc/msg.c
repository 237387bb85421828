/*
 * System V message queues.
 *
 * A queue is a list of messages in order of arrival; msgrcv takes the first, the first of a type, or the
 * first of the lowest type.  What a sleeper waits for depends on its type and size, so there is
 * no level for it: every change wakes all who sleep on the queue, and each looks again.
 *
 * Locking: the table's lock is over all queues; bytes are copied without it.  A receiver takes the
 * message off, copies it out, and when that fails puts it back where it was: messages are numbered.
 * Who sleeps or copies holds a reference, so a queue that is removed meanwhile stays until they
 * have seen it (EIDRM).
 *
 * Limits: sysctl ipc.msgmax (bytes of a message), ipc.msgmnb (of a queue), ipc.msgmni.
 */
#include "gen/sysproto.h"
#include "ipc/sysv.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/proc.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "mach/user.h"
#include "vm/zone.h"

struct msg {
	struct list link;		/* [table] */
	uint64_t number;		/* [I once queued] */
	int64_t type;			/* [I] */
	size_t len;			/* [I] */
	char data[];			/* [I] */
};

/* All but sysv: [table]. */
struct queue {
	struct sysv sysv;
	uint32_t refs;			/* the table's and those of calls in progress */
	bool removed;
	struct list msgs, sleepers;
	uint64_t number;		/* of the next message */
	uint64_t cbytes, qnum, qbytes;
	int64_t stime, rtime, ctime;
	int32_t lspid, lrpid;
};

struct sleeper {
	struct list link;		/* [table] */
	struct thr *thr;
};

ZONE(queue_zone, struct queue);
COUNTER(queues, "ipc.msgqueues");
static struct sysv_table table = SYSV_TABLE_INIT;
static uint64_t msgmax = 65536, msgmnb = 65536, msgmni = SYSV_MAX;
SYSCTL_U64(ipc_msgmax, "ipc.msgmax", &msgmax);
SYSCTL_U64(ipc_msgmnb, "ipc.msgmnb", &msgmnb);
SYSCTL_U64(ipc_msgmni, "ipc.msgmni", &msgmni);

static void
msg_free(struct msg *m)
{
	kmem_free(m, sizeof(*m) + m->len);
}

/* --- queues; the table is locked unless said otherwise --- */

/* A reference, if the caller may. */
static int
queue_get(int id, uint32_t want, struct queue **out)
{
	struct queue *q = (struct queue *)sysv_find(&table, id);

	if (q == NULL)
		return EINVAL;
	if (sysv_access(&q->sysv, want) != 0)
		return EACCES;
	q->refs++;
	*out = q;
	return 0;
}

/* Unlocks the table. */
static void
queue_put_unlock(struct queue *q)
{
	bool last = --q->refs == 0;
	struct list *l;

	spin_unlock(&table.lock);
	if (!last)
		return;
	while ((l = list_pop_front(&q->msgs)) != NULL)
		msg_free(list_entry(l, struct msg, link));
	zone_free(queue_zone, q);
	kstat_add(&queues, -1);
}

static void
wake_all(struct queue *q)
{
	struct sleeper *s;

	list_for_each(s, &q->sleepers, link)
		thr_wake(s->thr, 0);
}

/* Until something changes. */
static int
sleep_on(struct queue *q)
{
	struct sleeper s = { .thr = thr_self() };
	int error;

	thr_sleep_prepare(true);
	list_push_back(&q->sleepers, &s.link);
	spin_unlock(&table.lock);
	error = thr_sleep(NSEC_INFINITE);
	spin_lock(&table.lock);
	list_remove(&s.link);
	if (q->removed)
		return EIDRM;
	return error == ERESTART ? EINTR : error;
}

/* The table is not locked. */
static struct queue *
queue_make(int32_t key, int flags)
{
	struct queue *q = zone_alloc(queue_zone, ZALLOC_ZERO);

	if (q == NULL)
		return NULL;
	sysv_init(&q->sysv, key, (uint32_t)flags);
	q->refs = 1;
	list_init(&q->msgs);
	list_init(&q->sleepers);
	q->qbytes = msgmnb;
	q->ctime = sysv_seconds();
	kstat_add(&queues, 1);
	return q;
}

int
sys_msgget(int key, int flags, intptr_t *result)
{
	struct queue *q = queue_make(key, flags);
	int32_t id;
	int error;

	if (q == NULL)
		return ENOMEM;
	spin_lock(&table.lock);
	error = sysv_get(&table, key, flags, result);
	if (error == ENOENT && (key == IPC_PRIVATE || (flags & IPC_CREAT) != 0)) {
		id = sysv_enter(&table, msgmni, &q->sysv);
		error = id < 0 ? ENOSPC : 0;
		if (error == 0) {
			*result = id;
			spin_unlock(&table.lock);
			return 0;
		}
	}
	queue_put_unlock(q);
	return error;
}

/* --- sending --- */

static bool
fits(const struct queue *q, const struct msg *m)
{
	return q->cbytes + m->len <= q->qbytes && q->qnum < q->qbytes;
}

static int
send_locked(struct queue *q, struct msg *m, int flags, int64_t now)
{
	int error = m->len > q->qbytes ? EINVAL : 0;

	while (error == 0 && !fits(q, m))
		error = (flags & IPC_NOWAIT) != 0 ? EAGAIN : sleep_on(q);
	if (error != 0)
		return error;
	m->number = q->number++;
	list_push_back(&q->msgs, &m->link);
	q->cbytes += m->len;
	q->qnum++;
	q->stime = now;
	q->lspid = proc_self()->p_pid;
	wake_all(q);
	return 0;
}

int
sys_msgsnd(int id, int64_t type, void __user *buf, size_t len, int flags)
{
	int64_t now = sysv_seconds();
	struct queue *q;
	struct msg *m;
	int error;

	if (type < 1 || len > msgmax)
		return EINVAL;
	m = kmem_alloc(sizeof(*m) + len, 0);
	if (m == NULL)
		return ENOMEM;
	m->type = type;
	m->len = len;
	error = copyin(buf, m->data, len);
	if (error != 0) {
		msg_free(m);
		return error;
	}
	spin_lock(&table.lock);
	error = queue_get(id, 2, &q);
	if (error == 0) {
		error = send_locked(q, m, flags, now);
		queue_put_unlock(q);
	} else {
		spin_unlock(&table.lock);
	}
	if (error != 0)
		msg_free(m);
	return error;
}

/* --- receiving --- */

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
choose(struct queue *q, int64_t type, int flags)
{
	struct msg *m, *best = NULL;

	list_for_each(m, &q->msgs, link) {
		if (!wanted(m, type, flags))
			continue;
		if (type >= 0)
			return m;
		if (best == NULL || m->type < best->type)
			best = m;
	}
	return best;
}

/* Takes one off. */
static int
take(struct queue *q, size_t len, int64_t type, int flags, struct msg **out)
{
	struct msg *m;

	while ((m = choose(q, type, flags)) == NULL) {
		int error = (flags & IPC_NOWAIT) != 0 ? ENOMSG : sleep_on(q);

		if (error != 0)
			return error;
	}
	if (m->len > len && (flags & MSG_NOERROR) == 0)
		return E2BIG;
	list_remove(&m->link);
	*out = m;
	return 0;
}

static void
put_back(struct queue *q, struct msg *m)
{
	struct list *at = q->msgs.prev;

	while (at != &q->msgs && list_entry(at, struct msg, link)->number > m->number)
		at = at->prev;
	list_insert_after(at, &m->link);
	wake_all(q);
}

static void
taken(struct queue *q, const struct msg *m, int64_t now)
{
	q->cbytes -= m->len;
	q->qnum--;
	q->rtime = now;
	q->lrpid = proc_self()->p_pid;
	wake_all(q);
}

/* The table is locked on entry, and again at the end. */
static int
give(struct queue *q, struct msg *m, void __user *buf, size_t len, void __user *typep, intptr_t *result)
{
	int error;

	spin_unlock(&table.lock);
	*result = (intptr_t)MIN(len, m->len);
	error = copyout(m->data, buf, (size_t)*result);
	if (error == 0)
		error = copyout(&m->type, typep, sizeof(m->type));
	spin_lock(&table.lock);
	if (error != 0)
		put_back(q, m);
	return error;
}

int
sys_msgrcv(int id, void __user *buf, size_t len, int64_t type, int flags, void __user *typep,
    intptr_t *result)
{
	int64_t now = sysv_seconds();
	struct msg *m = NULL;
	struct queue *q;
	int error;

	if (len > INTPTR_MAX)
		return EINVAL;
	spin_lock(&table.lock);
	error = queue_get(id, 4, &q);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	error = take(q, len, type, flags, &m);
	if (error == 0) {
		error = give(q, m, buf, len, typep, result);
		if (error == 0)
			taken(q, m, now);
		else
			m = NULL;
	}
	queue_put_unlock(q);
	if (m != NULL)
		msg_free(m);
	return error;
}

/* --- control --- */

static int
queue_stat(int id, void __user *arg)
{
	struct abi_msqid_ds ds = { 0 };
	struct queue *q;
	int error;

	spin_lock(&table.lock);
	error = queue_get(id, 4, &q);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	ds = (struct abi_msqid_ds){ .perm = q->sysv.perm, .stime = q->stime, .rtime = q->rtime,
		.ctime = q->ctime, .cbytes = q->cbytes, .qnum = q->qnum, .qbytes = q->qbytes,
		.lspid = q->lspid, .lrpid = q->lrpid };
	queue_put_unlock(q);
	return copyout(&ds, arg, sizeof(ds));
}

static int
queue_set(int id, const void __user *arg)
{
	int64_t now = sysv_seconds();
	struct abi_msqid_ds ds;
	struct queue *q;
	int error = copyin(arg, &ds, sizeof(ds));

	if (error != 0)
		return error;
	spin_lock(&table.lock);
	q = (struct queue *)sysv_find(&table, id);
	if (q == NULL)
		error = EINVAL;
	else if (!sysv_owner(&q->sysv) || (ds.qbytes > msgmnb && !cred_super(proc_self()->p_cred)))
		error = EPERM;
	if (error == 0) {
		sysv_set(&q->sysv, &ds.perm);
		q->qbytes = ds.qbytes;
		q->ctime = now;
		wake_all(q);
	}
	spin_unlock(&table.lock);
	return error;
}

static int
queue_remove(int id)
{
	struct queue *q;

	spin_lock(&table.lock);
	q = (struct queue *)sysv_find(&table, id);
	if (q == NULL || !sysv_owner(&q->sysv)) {
		spin_unlock(&table.lock);
		return q == NULL ? EINVAL : EPERM;
	}
	sysv_remove(&table, id);
	q->removed = true;
	wake_all(q);
	queue_put_unlock(q);
	return 0;
}

int
sys_msgctl(int id, int cmd, void __user *arg)
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
