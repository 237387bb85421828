/*
 * System V objects are found by a key and used by an id.  An id is an index into a table of its kind and
 * a number that steps at every removal, so that the id of an object that is gone finds nothing:
 * never an address of the kernel.  They belong to no process and live until they are removed.
 */
#include "ipc/sysv.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/time.h"

#define SEQ_MAX	(INT32_MAX / SYSV_MAX)

const struct lock_class sysv_class = { .name = "System V table", .rank = RANK_NODE - 2 };

struct sysv *
sysv_find(struct sysv_table *t, int32_t id)
{
	struct sysv *o = id < 0 ? NULL : t->slot[(uint32_t)id % SYSV_MAX];

	return o != NULL && o->perm.seq == (uint32_t)id / SYSV_MAX ? o : NULL;
}

static int32_t
id_at(const struct sysv_table *t, uint32_t i)
{
	return (int32_t)(t->slot[i]->perm.seq * SYSV_MAX + i);
}

int32_t
sysv_by_key(struct sysv_table *t, int32_t key)
{
	for (uint32_t i = 0; i < SYSV_MAX && key != IPC_PRIVATE; i++)
		if (t->slot[i] != NULL && t->slot[i]->perm.key == key)
			return id_at(t, i);
	return -1;
}

int32_t
sysv_enter(struct sysv_table *t, uint64_t most, struct sysv *o)
{
	for (uint32_t i = 0; i < SYSV_MAX && i < most; i++) {
		if (t->slot[i] == NULL) {
			o->perm.seq = t->seq;
			t->slot[i] = o;
			return id_at(t, i);
		}
	}
	return -1;
}

void
sysv_remove(struct sysv_table *t, int32_t id)
{
	t->slot[(uint32_t)id % SYSV_MAX] = NULL;
	t->seq = t->seq == SEQ_MAX - 1 ? 0 : t->seq + 1;
}

int
sysv_access(const struct sysv *o, uint32_t want)
{
	const struct cred *c = proc_self()->p_cred;
	uint32_t mode = o->perm.mode;

	if (cred_super(c))
		return 0;
	if (c->euid == o->perm.uid || c->euid == o->perm.cuid)
		mode >>= 6;
	else if (cred_in_group(c, o->perm.gid) || cred_in_group(c, o->perm.cgid))
		mode >>= 3;
	return (mode & want) == want ? 0 : EACCES;
}

bool
sysv_owner(const struct sysv *o)
{
	const struct cred *c = proc_self()->p_cred;

	return cred_super(c) || c->euid == o->perm.uid || c->euid == o->perm.cuid;
}

void
sysv_init(struct sysv *o, int32_t key, uint32_t mode)
{
	const struct cred *c = proc_self()->p_cred;

	o->perm = (struct abi_ipc_perm){ .uid = c->euid, .gid = c->egid, .cuid = c->euid, .cgid = c->egid,
		.mode = mode & 0777, .key = key };
}

void
sysv_set(struct sysv *o, const struct abi_ipc_perm *p)
{
	o->perm.uid = p->uid;
	o->perm.gid = p->gid;
	o->perm.mode = p->mode & 0777;
}

int
sysv_get(struct sysv_table *t, int32_t key, int flags, intptr_t *result)
{
	uint32_t mode = (uint32_t)flags, want = (mode >> 6 | mode >> 3 | mode) & 6;
	int32_t id = sysv_by_key(t, key);

	if (id < 0)
		return ENOENT;
	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return EEXIST;
	if (sysv_access(sysv_find(t, id), want) != 0)
		return EACCES;
	*result = id;
	return 0;
}

int64_t
sysv_seconds(void)
{
	return clock_realtime() / NSEC_PER_SEC;
}
