/*
 * System V semaphores: making sets, looking at them, setting and removing them.  How they work is told in
 * ipc/sem.c.
 */
#include "gen/sysproto.h"
#include "ipc/sem_impl.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/sysctl.h"
#include "mach/user.h"
#include "vm/zone.h"

static uint64_t semmni = 256, semmsl = 512;
SYSCTL_U64(ipc_semmni, "ipc.semmni", &semmni);
SYSCTL_U64(ipc_semmsl, "ipc.semmsl", &semmsl);

/* --- making; the table is not locked unless said otherwise --- */

static struct semset *
set_make(int32_t key, uint32_t n, int flags, uint16_t value)
{
	struct semset *s = kmem_alloc(semset_bytes(n), ZALLOC_ZERO);

	if (s == NULL)
		return NULL;
	sysv_init(&s->sysv, key, (uint32_t)flags);
	s->n = n;
	list_init(&s->calls);
	list_init(&s->undos);
	s->ctime = sysv_seconds();
	for (uint32_t i = 0; i < n; i++)
		s->sems[i].value = value;
	kstat_add(&semsets_live, 1);
	return s;
}

/* The table is locked. */
static int
get_existing(int32_t key, uint32_t n, int flags, intptr_t *result)
{
	struct sysv *o;
	int error = sysv_get(&sem_table, key, flags, &o);

	if (error != 0)
		return error;
	*result = o->id;
	return n > ((struct semset *)o)->n ? EINVAL : 0;
}

static int
get_new(int32_t key, uint32_t n, int flags, uint16_t value, intptr_t *result)
{
	struct wakelist w;
	struct semset *s;
	int error;

	if (n == 0)
		return EINVAL;
	s = set_make(key, n, flags, value);
	if (s == NULL)
		return ENOMEM;
	wakelist_init(&w);
	spin_lock(&sem_table.lock);
	/* Another thread may have made it meanwhile. */
	error = get_existing(key, n, flags, result);
	if (error == ENOENT) {
		error = sysv_enter(&sem_table, semmni, &s->sysv);
		if (error == 0) {
			*result = s->sysv.id;
			spin_unlock(&sem_table.lock);
			return 0;
		}
	}
	semset_unlock(s, &w);
	return error;
}

int
sem_get(int32_t key, uint32_t n, int flags, uint16_t value, intptr_t *id)
{
	int error;

	spin_lock(&sem_table.lock);
	error = get_existing(key, n, flags, id);
	spin_unlock(&sem_table.lock);
	if (error != ENOENT || (key != IPC_PRIVATE && (flags & IPC_CREAT) == 0))
		return error;
	return get_new(key, n, flags, value, id);
}

int
sys_semget(int key, int n, int flags, intptr_t *result)
{
	if (n < 0 || (uint64_t)n > semmsl)
		return EINVAL;
	return sem_get(key, (uint32_t)n, flags, 0, result);
}

/* --- one value --- */

static int
look(int64_t id, int num, int cmd, intptr_t *result)
{
	const struct sem *m;
	struct wakelist w;
	struct semset *s;
	int error = semset_lock(id, 4, &s);

	if (error != 0)
		return error;
	wakelist_init(&w);
	if (num < 0 || (uint32_t)num >= s->n) {
		error = EINVAL;
	} else {
		m = &s->sems[num];
		*result = cmd == GETVAL ? m->value : cmd == GETPID ? m->pid :
		    (intptr_t)semset_waiting(s, (uint32_t)num, cmd == GETZCNT);
	}
	semset_unlock(s, &w);
	return error;
}

int
sem_value(int64_t id, intptr_t *value)
{
	return look(id, 0, GETVAL, value);
}

/* Values from `first' on are new: the table is locked. */
static int
fill(struct semset *s, uint32_t first, const uint16_t *values, uint32_t n, struct wakelist *w)
{
	for (uint32_t i = 0; i < n; i++)
		if (values[i] > ABI_SEMVMX)
			return ERANGE;
	for (uint32_t i = 0; i < n; i++)
		s->sems[first + i] = (struct sem){ values[i], proc_self()->p_pid };
	undo_forget(s, first, n);
	s->ctime = sysv_seconds();
	semset_serve(s, w);
	return 0;
}

static int
set_value(int id, int num, int value)
{
	uint16_t to = (uint16_t)value;
	struct wakelist w;
	struct semset *s;
	int error = semset_lock(id, 2, &s);

	if (error != 0)
		return error;
	wakelist_init(&w);
	if (num < 0 || (uint32_t)num >= s->n)
		error = EINVAL;
	else if (value < 0 || value > ABI_SEMVMX)
		error = ERANGE;
	else
		error = fill(s, (uint32_t)num, &to, 1, &w);
	semset_unlock(s, &w);
	return error;
}

/* --- all of them --- */

/* The table is not locked, the caller has a reference. */
static int
move_all(struct semset *s, bool in, void __user *arg, struct wakelist *w)
{
	size_t bytes = s->n * sizeof(uint16_t);
	uint16_t *values = kmem_alloc(bytes, 0);
	int error;

	if (values == NULL)
		return ENOMEM;
	error = in ? copyin(arg, values, bytes) : 0;
	if (error == 0) {
		spin_lock(&sem_table.lock);
		if (in)
			error = s->sysv.removed ? EIDRM : fill(s, 0, values, s->n, w);
		for (uint32_t i = 0; !in && i < s->n; i++)
			values[i] = s->sems[i].value;
		spin_unlock(&sem_table.lock);
	}
	if (error == 0 && !in)
		error = copyout(values, arg, bytes);
	kmem_free(values, bytes);
	return error;
}

static int
all(int id, bool in, void __user *arg)
{
	struct wakelist w;
	struct semset *s;
	int error = semset_lock(id, in ? 2 : 4, &s);

	if (error != 0)
		return error;
	wakelist_init(&w);
	spin_unlock(&sem_table.lock);
	error = move_all(s, in, arg, &w);
	spin_lock(&sem_table.lock);
	semset_unlock(s, &w);
	return error;
}

/* --- the set --- */

static int
set_stat(int id, void __user *arg)
{
	struct abi_semid_ds ds;
	struct wakelist w;
	struct semset *s;
	int error = semset_lock(id, 4, &s);

	if (error != 0)
		return error;
	wakelist_init(&w);
	ds = (struct abi_semid_ds){ .perm = s->sysv.perm, .otime = s->otime, .ctime = s->ctime, .nsems = s->n };
	semset_unlock(s, &w);
	return copyout(&ds, arg, sizeof(ds));
}

/* The owner's: perm NULL, only the mode. */
static int
set_perm(int64_t id, const struct abi_ipc_perm *perm, uint32_t mode)
{
	struct sysv *o;
	int error;

	spin_lock(&sem_table.lock);
	error = sysv_owned(&sem_table, id, &o);
	if (error == 0) {
		if (perm != NULL)
			sysv_set(o, perm);
		else
			o->perm.mode = mode;
		((struct semset *)o)->ctime = sysv_seconds();
	}
	spin_unlock(&sem_table.lock);
	return error;
}

int
sem_chmod(int64_t id, uint32_t mode)
{
	return set_perm(id, NULL, mode);
}

static int
set_set(int id, const void __user *arg)
{
	struct abi_semid_ds ds;
	int error = copyin(arg, &ds, sizeof(ds));

	return error != 0 ? error : set_perm(id, &ds.perm, 0);
}

int
sem_remove(int64_t id)
{
	struct list gone = LIST_INIT(gone);
	struct wakelist w;
	struct semset *s;
	struct sysv *o;
	int error;

	wakelist_init(&w);
	spin_lock(&sem_table.lock);
	error = sysv_owned(&sem_table, id, &o);
	if (error != 0) {
		spin_unlock(&sem_table.lock);
		return error;
	}
	s = (struct semset *)o;
	sysv_remove(&sem_table, o);
	semset_end(s, &gone, &w);
	spin_unlock(&sem_table.lock);
	undos_free(s, &gone);
	spin_lock(&sem_table.lock);
	semset_unlock(s, &w);
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
		return look(id, num, cmd, result);
	case SETVAL:
		return set_value(id, num, (int)arg);
	case GETALL:
	case SETALL:
		return all(id, cmd == SETALL, (void __user *)arg);
	case IPC_STAT:
		return set_stat(id, (void __user *)arg);
	case IPC_SET:
		return set_set(id, (void __user *)arg);
	case IPC_RMID:
		return sem_remove(id);
	}
	return EINVAL;
}
