/*
 * System V semaphores: sets of counters that one call changes all or none of.
 *
 * 1. Operations.  semtimedop tries its array from the front, in place; at the first operation that cannot
 * go on it takes back what it did and leaves a request with the set (kern/request.c).  Whoever
 * changes a value tries the arrays of all requests in the order of their arrival, and from the first again
 * when one went through.  So an operation that needs several semaphores never holds one of them while it
 * waits for another, and what a sleeper was given nobody else can take.
 *
 * 2. Counts.  A request says at which operation it stopped; GETNCNT and GETZCNT count requests.
 *
 * 3. Undo.  The changes of a process with SEM_UNDO add up in one record for each set, made before the first such
 * operation is tried.  A record hangs on the set and on the process: removal of the set drops it, the
 * process's end applies it.  A value cannot leave 0 .. SEMVMX: what would lead outside stops there.
 * SETVAL and SETALL forget what there was to undo.  Children begin with none, exec keeps it.
 *
 * Locking: the table's lock is over all of it, a process's list of records too; bytes are copied and records
 * allocated without it, with a reference on the set.
 *
 * Here are operations and undo; ipc/semctl.c makes, sets and removes.
 * Limits: sysctl ipc.semmni (sets), ipc.semmsl (semaphores in one), ipc.semopm (operations in one call).
 */
#include "gen/sysproto.h"
#include "ipc/sem_impl.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/request.h"
#include "kern/sigmask.h"
#include "kern/sysctl.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"

#define OPS_FEW	8		/* operations that are kept on the stack */

struct undo {
	struct list link;		/* [table] on the set */
	struct undo *next;		/* [table] of the process */
	struct proc *proc;		/* [I] */
	struct semset *set;		/* [I] */
	int32_t adjust[];		/* [table] to be added to the values */
};

/* One call. */
struct semcall {
	struct request request;		/* on the set's list while it sleeps */
	struct semset *set;
	struct undo *undo;		/* NULL: no operation asks for it */
	const struct abi_sembuf *ops;
	size_t n, at;			/* at: the operation that could not go on */
	int32_t pid;
	intptr_t value;			/* of the first one's semaphore, after all of them */
};

struct sysv_table sem_table = SYSV_TABLE_INIT;
COUNTER_SHARED(semsets_live, "ipc.semsets");
COUNTER(undos, "ipc.semundos");
static uint64_t semopm = 512;
SYSCTL_U64(ipc_semopm, "ipc.semopm", &semopm);

int
semset_lock(int64_t id, uint32_t want, struct semset **out)
{
	struct sysv *o;
	int error = sysv_lock(&sem_table, id, want, &o);

	if (error == 0)
		*out = (struct semset *)o;
	return error;
}

void
semset_unlock(struct semset *s, struct wakelist *w)
{
	if (sysv_put_unlock(&sem_table, &s->sysv)) {
		kmem_free(s, semset_bytes(s->n));
		kstat_add(&semsets_live, -1);
	}
	wakelist_run(w);
}

/* --- operations; the table is locked --- */

/* ESHOULDWAIT, ERANGE, or done. */
static int
perform(const struct semcall *c, const struct abi_sembuf *op)
{
	struct sem *m = &c->set->sems[op->num];
	int32_t value = m->value + op->op;

	if (op->op == 0)
		return m->value == 0 ? 0 : ESHOULDWAIT;
	if (value < 0)
		return ESHOULDWAIT;
	if (value > ABI_SEMVMX)
		return ERANGE;
	if ((op->flags & SEM_UNDO) != 0) {
		int32_t adjust = c->undo->adjust[op->num] - op->op;

		if (adjust < -ABI_SEMVMX - 1 || adjust > ABI_SEMVMX)
			return ERANGE;
		c->undo->adjust[op->num] = adjust;
	}
	m->value = (uint16_t)value;
	return 0;
}

static void
take_back(const struct semcall *c, const struct abi_sembuf *op)
{
	if (op->op == 0)		/* changed nothing; there may be no record to undo */
		return;
	c->set->sems[op->num].value = (uint16_t)(c->set->sems[op->num].value - op->op);
	if ((op->flags & SEM_UNDO) != 0)
		c->undo->adjust[op->num] += op->op;
}

/* All of them went through; whether a value changed. */
static bool
performed(struct semcall *c)
{
	bool changed = false;

	for (size_t i = 0; i < c->n; i++) {
		c->set->sems[c->ops[i].num].pid = c->pid;
		changed |= c->ops[i].op != 0;
	}
	c->set->otime = sysv_seconds();
	c->value = c->set->sems[c->ops[0].num].value;
	return changed;
}

/* All or none.  ESHOULDWAIT: not now. */
static int
attempt(struct semcall *c, bool *changed)
{
	size_t i = 0;
	int error = 0;

	while (i < c->n && (error = perform(c, &c->ops[i])) == 0)
		i++;
	if (error == 0) {
		*changed = performed(c);
		return 0;
	}
	c->at = i;
	while (i > 0)
		take_back(c, &c->ops[--i]);
	return error == ESHOULDWAIT && (c->ops[c->at].flags & IPC_NOWAIT) != 0 ? EAGAIN : error;
}

void
semset_serve(struct semset *s, struct wakelist *w)
{
	struct semcall *c, *next;
	bool changed;

	do {
		changed = false;
		list_for_each_safe(c, next, &s->calls, request.link) {
			int error = attempt(c, &changed);

			if (error != ESHOULDWAIT)
				request_finish(&c->request, error, w);
			if (changed)
				break;
		}
	} while (changed);
}

uint32_t
semset_waiting(const struct semset *s, uint32_t num, bool zero)
{
	const struct semcall *c;
	uint32_t n = 0;

	list_for_each(c, &s->calls, request.link)
		n += c->ops[c->at].num == num && (c->ops[c->at].op == 0) == zero;
	return n;
}

static int
run(struct semcall *c, nsec_t deadline, struct wakelist *w)
{
	bool changed = false;
	int error = attempt(c, &changed);

	if (changed)
		semset_serve(c->set, w);
	if (error != ESHOULDWAIT)
		return error;
	request_init(&c->request, &sem_table.lock);
	list_push_back(&c->set->calls, &c->request.link);
	error = request_wait(&c->request, deadline);
	return error == ETIMEDOUT ? EAGAIN : error;
}

/* --- what is undone; the table is locked unless said otherwise --- */

static size_t
undo_bytes(const struct semset *s)
{
	return sizeof(struct undo) + s->n * sizeof(int32_t);
}

static struct undo *
undo_of(const struct semset *s, const struct proc *p)
{
	struct undo *u = p->p_undos;

	while (u != NULL && u->set != s)
		u = u->next;
	return u;
}

/* From both lists; the caller frees it. */
static void
undo_unlink(struct undo *u)
{
	struct undo **at = &u->proc->p_undos;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	list_remove(&u->link);
}

/* The process's record for the set; unlocks and locks again when there is none. */
static int
undo_ensure(struct semset *s, struct undo **out)
{
	struct proc *p = proc_self();
	struct undo *u, *there = undo_of(s, p);

	if (there != NULL) {
		*out = there;
		return 0;
	}
	spin_unlock(&sem_table.lock);
	u = kmem_alloc(undo_bytes(s), ZALLOC_ZERO);
	spin_lock(&sem_table.lock);
	if (u == NULL)
		return ENOMEM;
	there = undo_of(s, p);
	if (there != NULL || s->sysv.removed) {
		kmem_free(u, undo_bytes(s));
		*out = there;
		return s->sysv.removed ? EIDRM : 0;
	}
	kstat_add(&undos, 1);
	u->proc = p;
	u->set = s;
	u->next = p->p_undos;
	p->p_undos = u;
	list_push_back(&s->undos, &u->link);
	*out = u;
	return 0;
}

void
undo_forget(struct semset *s, uint32_t first, uint32_t n)
{
	struct undo *u;

	list_for_each(u, &s->undos, link)
		for (uint32_t i = first; i < first + n; i++)
			u->adjust[i] = 0;
}

static void
undo_apply(const struct undo *u, int32_t pid, struct wakelist *w)
{
	struct semset *s = u->set;

	for (uint32_t i = 0; i < s->n; i++) {
		int32_t value = s->sems[i].value + u->adjust[i];

		if (u->adjust[i] == 0)
			continue;
		s->sems[i].value = (uint16_t)(value < 0 ? 0 : MIN(value, ABI_SEMVMX));
		s->sems[i].pid = pid;
	}
	semset_serve(s, w);
}

/* Not locked.  The process has one thread left, and no call of it is in progress. */
void
sem_exit(struct proc *p)
{
	struct wakelist w;
	struct undo *u;
	size_t bytes = 0;

	if (likely(p->p_undos == NULL))
		return;
	wakelist_init(&w);
	do {
		spin_lock(&sem_table.lock);
		u = p->p_undos;
		if (u != NULL) {
			undo_apply(u, p->p_pid, &w);
			undo_unlink(u);
			bytes = undo_bytes(u->set);
		}
		spin_unlock(&sem_table.lock);
		if (u != NULL) {
			kmem_free(u, bytes);
			kstat_add(&undos, -1);
		}
	} while (u != NULL);
	wakelist_run(&w);
}

void
semset_end(struct semset *s, struct list *gone, struct wakelist *w)
{
	struct semcall *c, *next;

	list_for_each_safe(c, next, &s->calls, request.link)
		request_finish(&c->request, EIDRM, w);
	while (!list_empty(&s->undos)) {
		struct undo *u = list_entry(s->undos.next, struct undo, link);

		undo_unlink(u);
		list_push_back(gone, &u->link);
	}
}

/* Not locked. */
void
undos_free(const struct semset *s, struct list *gone)
{
	struct list *l;

	while ((l = list_pop_front(gone)) != NULL) {
		kmem_free(list_entry(l, struct undo, link), undo_bytes(s));
		kstat_add(&undos, -1);
	}
}

/* --- the calls --- */

/* What the operations want: 2 alter, else 4; whether one is to be undone. */
static uint32_t
needs(const struct abi_sembuf *ops, size_t n, uint32_t *most, bool *undo)
{
	uint32_t want = 4;

	*most = 0;
	*undo = false;
	for (size_t i = 0; i < n; i++) {
		*most = MAX(*most, (uint32_t)ops[i].num);
		if (ops[i].op != 0)
			want = 2;
		if (ops[i].op != 0 && (ops[i].flags & SEM_UNDO) != 0)
			*undo = true;
	}
	return want;
}

int
sem_operate(int64_t id, const struct abi_sembuf *ops, size_t n, nsec_t deadline, intptr_t *value)
{
	struct semcall c = { .ops = ops, .n = n, .pid = proc_self()->p_pid };
	struct wakelist w;
	uint32_t most, want;
	bool undo;
	int error;

	wakelist_init(&w);
	want = needs(ops, n, &most, &undo);
	error = semset_lock(id, want, &c.set);
	if (error != 0)
		return error;
	error = most >= c.set->n ? EFBIG : 0;
	if (error == 0 && undo)
		error = undo_ensure(c.set, &c.undo);
	if (error == 0)
		error = run(&c, deadline, &w);
	*value = c.value;
	semset_unlock(c.set, &w);
	return sigmask_end(error);
}

int
sys_semtimedop(int id, void __user *user_ops, size_t n, const struct abi_timespec *timeout)
{
	struct abi_sembuf few[OPS_FEW], *ops = few;
	nsec_t deadline = NSEC_INFINITE;
	intptr_t value;
	int error = n == 0 ? EINVAL : n > semopm ? E2BIG : 0;

	if (error == 0 && timeout != NULL) {
		error = timespec_to_nsec(timeout, &deadline);
		deadline = sigmask_deadline(deadline_after(deadline));
	}
	if (error != 0)
		return error;
	if (n > OPS_FEW && (ops = kmem_alloc(n * sizeof(*ops), 0)) == NULL)
		return ENOMEM;
	error = copyin(user_ops, ops, n * sizeof(*ops));
	if (error == 0)
		error = sem_operate(id, ops, n, deadline, &value);
	if (ops != few)
		kmem_free(ops, n * sizeof(*ops));
	return error;
}
