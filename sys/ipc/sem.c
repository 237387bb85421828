/*
 * System V semaphores: sets of counters that one call changes all or none of.
 *
 * 1. Operations.  semtimedop tries its array from the front, in place; at the first operation that cannot
 * go on it takes back what it did and sleeps on the set.  Every change of a value wakes all who sleep
 * there and each tries its own array again, so an operation that needs several semaphores never holds one of
 * them while it waits for another.
 *
 * 2. Counts.  Who sleeps is on the set's list with the semaphore that it waits for; GETNCNT and GETZCNT count
 * the list, leaving out who was woken and has not run yet.
 *
 * 3. Undo.  The changes of a process with SEM_UNDO add up in one record for each set, made before the first such
 * operation is tried.  A record hangs on the set and on the process: removal of the set drops it, the
 * process's end applies it.  A value cannot leave 0 .. SEMVMX: what would lead outside stops there.
 * SETVAL and SETALL forget what there was to undo.  Children begin with none, exec keeps it.
 *
 * Locking: the table's lock is over all of it, a process's list of records too; bytes are copied and records
 * allocated without it, with a reference on the set.
 *
 * Limits: sysctl ipc.semmni (sets), ipc.semmsl (semaphores in one), ipc.semopm (operations in one call).
 */
#include "ipc/sem.h"
#include "gen/sysproto.h"
#include "ipc/sysv.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"

#define OPS_FEW	8		/* operations that are kept on the stack */

struct sem {
	uint16_t value;
	int32_t pid;			/* who changed it last */
};

/* All but sysv and n: [table]. */
struct set {
	struct sysv sysv;
	uint32_t refs;			/* the table's and those of calls in progress */
	bool removed;
	uint32_t n;			/* [I] */
	struct list sleepers, undos;
	int64_t otime, ctime;
	struct sem sems[];
};

struct undo {
	struct list link;		/* [table] on the set */
	struct undo *next;		/* [table] of the process */
	struct proc *proc;		/* [I] */
	struct set *set;		/* [I] */
	int32_t adjust[];		/* [table] to be added to the values */
};

struct sleeper {
	struct list link;		/* [table] */
	struct thr *thr;
	uint32_t num;			/* the semaphore it waits for */
	bool zero;			/* to be 0 */
	bool woken;
};

/* One call. */
struct job {
	struct set *set;
	struct undo *undo;		/* NULL: no operation asks for it */
	const struct abi_sembuf *ops;
	size_t n, at;			/* at: the operation that could not go on */
	nsec_t deadline;
};

COUNTER(sets, "ipc.semsets");
COUNTER(undos, "ipc.semundos");
static struct sysv_table table = SYSV_TABLE_INIT;
static uint64_t semmni = SYSV_MAX, semmsl = 512, semopm = 512;
SYSCTL_U64(ipc_semmni, "ipc.semmni", &semmni);
SYSCTL_U64(ipc_semmsl, "ipc.semmsl", &semmsl);
SYSCTL_U64(ipc_semopm, "ipc.semopm", &semopm);

/* --- sets; the table is locked unless said otherwise --- */

static size_t
set_bytes(uint32_t n)
{
	return sizeof(struct set) + n * sizeof(struct sem);
}

static size_t
undo_bytes(const struct set *s)
{
	return sizeof(struct undo) + s->n * sizeof(int32_t);
}

/* A reference, if the caller may. */
static int
set_get(int id, uint32_t want, struct set **out)
{
	struct set *s = (struct set *)sysv_find(&table, id);

	if (s == NULL)
		return EINVAL;
	if (sysv_access(&s->sysv, want) != 0)
		return EACCES;
	s->refs++;
	*out = s;
	return 0;
}

/* Unlocks the table. */
static void
set_put_unlock(struct set *s)
{
	bool last = --s->refs == 0;

	spin_unlock(&table.lock);
	if (!last)
		return;
	kmem_free(s, set_bytes(s->n));
	kstat_add(&sets, -1);
}

static void
wake_all(struct set *s)
{
	struct sleeper *w;

	list_for_each(w, &s->sleepers, link) {
		w->woken = true;
		thr_wake(w->thr, 0);
	}
}

/* Until something changes. */
static int
sleep_on(struct set *s, const struct abi_sembuf *op, nsec_t deadline)
{
	struct sleeper w = { .thr = thr_self(), .num = op->num, .zero = op->op == 0 };
	int error;

	thr_sleep_prepare(true);
	list_push_back(&s->sleepers, &w.link);
	spin_unlock(&table.lock);
	error = thr_sleep(deadline);
	spin_lock(&table.lock);
	list_remove(&w.link);
	if (s->removed)
		return EIDRM;
	return error == ERESTART ? EINTR : error == ETIMEDOUT ? EAGAIN : error;
}

/* The table is not locked. */
static struct set *
set_make(int32_t key, uint32_t n, int flags)
{
	struct set *s = kmem_alloc(set_bytes(n), ZALLOC_ZERO);

	if (s == NULL)
		return NULL;
	sysv_init(&s->sysv, key, (uint32_t)flags);
	s->refs = 1;
	s->n = n;
	list_init(&s->sleepers);
	list_init(&s->undos);
	s->ctime = sysv_seconds();
	kstat_add(&sets, 1);
	return s;
}

static int
set_enter(struct set *s, intptr_t *result)
{
	int32_t id = sysv_enter(&table, semmni, &s->sysv);

	if (id < 0)
		return ENOSPC;
	*result = id;
	return 0;
}

static int
get_existing(int32_t key, uint32_t n, int flags, intptr_t *result)
{
	int error = sysv_get(&table, key, flags, result);

	if (error != 0)
		return error;
	return n > ((struct set *)sysv_find(&table, (int32_t)*result))->n ? EINVAL : 0;
}

static int
get_new(int32_t key, uint32_t n, int flags, intptr_t *result)
{
	struct set *s;
	int error;

	if (n == 0)
		return EINVAL;
	s = set_make(key, n, flags);
	if (s == NULL)
		return ENOMEM;
	spin_lock(&table.lock);
	/* Another thread may have made it meanwhile. */
	error = get_existing(key, n, flags, result);
	if (error == ENOENT) {
		error = set_enter(s, result);
		if (error == 0) {
			spin_unlock(&table.lock);
			return 0;
		}
	}
	set_put_unlock(s);
	return error;
}

int
sys_semget(int key, int n, int flags, intptr_t *result)
{
	int error;

	if (n < 0 || (uint64_t)n > semmsl)
		return EINVAL;
	spin_lock(&table.lock);
	error = get_existing(key, (uint32_t)n, flags, result);
	spin_unlock(&table.lock);
	if (error != ENOENT || (key != IPC_PRIVATE && (flags & IPC_CREAT) == 0))
		return error;
	return get_new(key, (uint32_t)n, flags, result);
}

/* --- what is undone; the table is locked unless said otherwise --- */

static struct undo *
undo_of(const struct set *s, const struct proc *p)
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

static void
undo_free(struct undo *u, size_t bytes)
{
	kmem_free(u, bytes);
	kstat_add(&undos, -1);
}

/* The process's record for the set; unlocks and locks again when there is none. */
static int
undo_ensure(struct set *s, struct undo **out)
{
	struct proc *p = proc_self();
	struct undo *u, *there = undo_of(s, p);

	if (there != NULL) {
		*out = there;
		return 0;
	}
	spin_unlock(&table.lock);
	u = kmem_alloc(undo_bytes(s), ZALLOC_ZERO);
	spin_lock(&table.lock);
	if (u == NULL)
		return ENOMEM;
	there = undo_of(s, p);
	if (there != NULL || s->removed) {
		kmem_free(u, undo_bytes(s));
		*out = there;
		return s->removed ? EIDRM : 0;
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

static void
undo_forget(struct set *s, uint32_t first, uint32_t n)
{
	struct undo *u;

	list_for_each(u, &s->undos, link)
		for (uint32_t i = first; i < first + n; i++)
			u->adjust[i] = 0;
}

static void
undo_apply(const struct undo *u, int32_t pid)
{
	struct set *s = u->set;

	for (uint32_t i = 0; i < s->n; i++) {
		int32_t value = s->sems[i].value + u->adjust[i];

		if (u->adjust[i] == 0)
			continue;
		s->sems[i].value = (uint16_t)(value < 0 ? 0 : MIN(value, ABI_SEMVMX));
		s->sems[i].pid = pid;
	}
	wake_all(s);
}

/* Not locked.  The process has one thread left, and no call of it is in progress. */
void
sem_exit(struct proc *p)
{
	struct undo *u;
	size_t bytes;

	if (likely(p->p_undos == NULL))
		return;
	for (;;) {
		spin_lock(&table.lock);
		u = p->p_undos;
		if (u != NULL) {
			undo_apply(u, p->p_pid);
			undo_unlink(u);
			bytes = undo_bytes(u->set);
		}
		spin_unlock(&table.lock);
		if (u == NULL)
			return;
		undo_free(u, bytes);
	}
}

/* --- operations; the table is locked unless said otherwise --- */

/* ESHOULDWAIT, ERANGE, or done. */
static int
perform(const struct job *j, const struct abi_sembuf *op)
{
	struct sem *m = &j->set->sems[op->num];
	int32_t value = m->value + op->op;

	if (op->op == 0)
		return m->value == 0 ? 0 : ESHOULDWAIT;
	if (value < 0)
		return ESHOULDWAIT;
	if (value > ABI_SEMVMX)
		return ERANGE;
	if ((op->flags & SEM_UNDO) != 0) {
		int32_t adjust = j->undo->adjust[op->num] - op->op;

		if (adjust < -ABI_SEMVMX - 1 || adjust > ABI_SEMVMX)
			return ERANGE;
		j->undo->adjust[op->num] = adjust;
	}
	m->value = (uint16_t)value;
	return 0;
}

static void
take_back(const struct job *j, const struct abi_sembuf *op)
{
	j->set->sems[op->num].value = (uint16_t)(j->set->sems[op->num].value - op->op);
	if ((op->flags & SEM_UNDO) != 0)
		j->undo->adjust[op->num] += op->op;
}

/* All or none. */
static int
attempt(struct job *j)
{
	size_t i = 0;
	int error = 0;

	while (i < j->n && (error = perform(j, &j->ops[i])) == 0)
		i++;
	j->at = i;
	while (error != 0 && i > 0)
		take_back(j, &j->ops[--i]);
	return error;
}

static void
done(const struct job *j, int64_t now)
{
	int32_t pid = proc_self()->p_pid;
	bool changed = false;

	for (size_t i = 0; i < j->n; i++) {
		j->set->sems[j->ops[i].num].pid = pid;
		changed |= j->ops[i].op != 0;
	}
	j->set->otime = now;
	if (changed)
		wake_all(j->set);
}

static int
run(struct job *j, int64_t now)
{
	int error;

	while ((error = attempt(j)) == ESHOULDWAIT) {
		const struct abi_sembuf *op = &j->ops[j->at];

		error = (op->flags & IPC_NOWAIT) != 0 ? EAGAIN : sleep_on(j->set, op, j->deadline);
		if (error != 0)
			return error;
	}
	if (error == 0)
		done(j, now);
	return error;
}

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

/* The table is not locked. */
static int
operate(int id, const struct abi_sembuf *ops, size_t n, nsec_t deadline)
{
	struct job j = { .ops = ops, .n = n, .deadline = deadline };
	int64_t now = sysv_seconds();
	uint32_t most, want;
	bool undo;
	int error;

	want = needs(ops, n, &most, &undo);
	spin_lock(&table.lock);
	error = set_get(id, want, &j.set);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	error = most >= j.set->n ? EFBIG : 0;
	if (error == 0 && undo)
		error = undo_ensure(j.set, &j.undo);
	if (error == 0)
		error = run(&j, now);
	set_put_unlock(j.set);
	return error;
}

int
sys_semtimedop(int id, void __user *user_ops, size_t n, const struct abi_timespec *timeout)
{
	struct abi_sembuf few[OPS_FEW], *ops = few;
	nsec_t deadline = NSEC_INFINITE;
	int error = n == 0 ? EINVAL : n > semopm ? E2BIG : 0;

	if (error == 0 && timeout != NULL) {
		error = timespec_to_nsec(timeout, &deadline);
		deadline = deadline_after(deadline);
	}
	if (error != 0)
		return error;
	if (n > OPS_FEW && (ops = kmem_alloc(n * sizeof(*ops), 0)) == NULL)
		return ENOMEM;
	error = copyin(user_ops, ops, n * sizeof(*ops));
	if (error == 0)
		error = operate(id, ops, n, deadline);
	if (ops != few)
		kmem_free(ops, n * sizeof(*ops));
	return error;
}

/* --- control --- */

static uint32_t
waiting(const struct set *s, uint32_t num, bool zero)
{
	const struct sleeper *w;
	uint32_t n = 0;

	list_for_each(w, &s->sleepers, link)
		n += w->num == num && w->zero == zero && !w->woken;
	return n;
}

static int
sem_get(int id, int num, int cmd, intptr_t *result)
{
	const struct sem *m;
	struct set *s;
	int error;

	spin_lock(&table.lock);
	error = set_get(id, 4, &s);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	if (num < 0 || (uint32_t)num >= s->n) {
		error = EINVAL;
	} else {
		m = &s->sems[num];
		*result = cmd == GETVAL ? m->value : cmd == GETPID ? m->pid :
		    (intptr_t)waiting(s, (uint32_t)num, cmd == GETZCNT);
	}
	set_put_unlock(s);
	return error;
}

static int
sem_set(int id, int num, int value)
{
	int64_t now = sysv_seconds();
	struct set *s;
	int error;

	spin_lock(&table.lock);
	error = set_get(id, 2, &s);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	if (num < 0 || (uint32_t)num >= s->n)
		error = EINVAL;
	else if (value < 0 || value > ABI_SEMVMX)
		error = ERANGE;
	if (error == 0) {
		s->sems[num] = (struct sem){ (uint16_t)value, proc_self()->p_pid };
		undo_forget(s, (uint32_t)num, 1);
		s->ctime = now;
		wake_all(s);
	}
	set_put_unlock(s);
	return error;
}

/* Fills the set from values; the table is locked. */
static int
fill(struct set *s, const uint16_t *values, int64_t now)
{
	if (s->removed)
		return EIDRM;
	for (uint32_t i = 0; i < s->n; i++)
		if (values[i] > ABI_SEMVMX)
			return ERANGE;
	for (uint32_t i = 0; i < s->n; i++)
		s->sems[i] = (struct sem){ values[i], proc_self()->p_pid };
	undo_forget(s, 0, s->n);
	s->ctime = now;
	wake_all(s);
	return 0;
}

/* GETALL and SETALL; the table is not locked, the caller has a reference. */
static int
move_all(struct set *s, bool in, void __user *arg)
{
	int64_t now = sysv_seconds();
	size_t bytes = s->n * sizeof(uint16_t);
	uint16_t *values = kmem_alloc(bytes, 0);
	int error;

	if (values == NULL)
		return ENOMEM;
	error = in ? copyin(arg, values, bytes) : 0;
	if (error == 0) {
		spin_lock(&table.lock);
		if (in)
			error = fill(s, values, now);
		for (uint32_t i = 0; !in && i < s->n; i++)
			values[i] = s->sems[i].value;
		spin_unlock(&table.lock);
	}
	if (error == 0 && !in)
		error = copyout(values, arg, bytes);
	kmem_free(values, bytes);
	return error;
}

static int
set_all(int id, bool in, void __user *arg)
{
	struct set *s;
	int error;

	spin_lock(&table.lock);
	error = set_get(id, in ? 2 : 4, &s);
	spin_unlock(&table.lock);
	if (error != 0)
		return error;
	error = move_all(s, in, arg);
	spin_lock(&table.lock);
	set_put_unlock(s);
	return error;
}

static int
set_stat(int id, void __user *arg)
{
	struct abi_semid_ds ds = { 0 };
	struct set *s;
	int error;

	spin_lock(&table.lock);
	error = set_get(id, 4, &s);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	ds = (struct abi_semid_ds){ .perm = s->sysv.perm, .otime = s->otime, .ctime = s->ctime, .nsems = s->n };
	set_put_unlock(s);
	return copyout(&ds, arg, sizeof(ds));
}

/* Locked: what only the owner may. */
static int
owned(int id, struct set **out)
{
	*out = (struct set *)sysv_find(&table, id);
	return *out == NULL ? EINVAL : sysv_owner(&(*out)->sysv) ? 0 : EPERM;
}

static int
set_set(int id, const void __user *arg)
{
	int64_t now = sysv_seconds();
	struct abi_semid_ds ds;
	struct set *s;
	int error = copyin(arg, &ds, sizeof(ds));

	if (error != 0)
		return error;
	spin_lock(&table.lock);
	error = owned(id, &s);
	if (error == 0) {
		sysv_set(&s->sysv, &ds.perm);
		s->ctime = now;
	}
	spin_unlock(&table.lock);
	return error;
}

static int
set_remove(int id)
{
	struct list gone;
	struct list *l;
	struct set *s;
	size_t bytes;
	int error;

	list_init(&gone);
	spin_lock(&table.lock);
	error = owned(id, &s);
	if (error != 0) {
		spin_unlock(&table.lock);
		return error;
	}
	sysv_remove(&table, id);
	s->removed = true;
	bytes = undo_bytes(s);
	while (!list_empty(&s->undos)) {
		struct undo *u = list_entry(s->undos.next, struct undo, link);

		undo_unlink(u);
		list_push_back(&gone, &u->link);
	}
	wake_all(s);
	set_put_unlock(s);
	while ((l = list_pop_front(&gone)) != NULL)
		undo_free(list_entry(l, struct undo, link), bytes);
	return 0;
}

int
sys_semctl(int id, int num, int cmd, uintptr_t arg, intptr_t *result)
{
	*result = 0;
	switch (cmd) {
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return sem_get(id, num, cmd, result);
	case SETVAL:
		return sem_set(id, num, (int)arg);
	case GETALL:
	case SETALL:
		return set_all(id, cmd == SETALL, (void __user *)arg);
	case IPC_STAT:
		return set_stat(id, (void __user *)arg);
	case IPC_SET:
		return set_set(id, (void __user *)arg);
	case IPC_RMID:
		return set_remove(id);
	}
	return EINVAL;
}
