/*
 * System V objects are found by a key and used by an id.  Ids are counted: one that is gone comes back after
 * two billion others, so a stale id finds nothing, and no id is an address of the kernel.
 * Objects belong to no process and live until they are removed; a call that sleeps or copies bytes holds
 * a reference, so an object that is removed meanwhile stays until the call has seen it.
 */
#include "ipc/sysv.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/time.h"

const struct lock_class sysv_class = { .name = "System V table", .rank = RANK_NODE - 2 };

static struct sysv **
id_bucket(struct sysv_table *t, int32_t id)
{
	return &t->ids[(uint32_t)id % SYSV_BUCKETS];
}

static struct sysv **
key_bucket(struct sysv_table *t, int32_t key)
{
	return &t->keys[((uint32_t)key * 2654435761u >> 16) % SYSV_BUCKETS];
}

struct sysv *
sysv_find(struct sysv_table *t, int64_t id)
{
	struct sysv *o = id < 0 || id > INT32_MAX ? NULL : *id_bucket(t, (int32_t)id);

	while (o != NULL && o->id != id)
		o = o->next_id;
	return o;
}

int
sysv_enter(struct sysv_table *t, uint64_t most, struct sysv *o)
{
	struct sysv **at;

	if (t->n >= MIN(most, (uint64_t)SYSV_MAX))
		return ENOSPC;
	do
		t->last = t->last == INT32_MAX ? 1 : t->last + 1;
	while (sysv_find(t, t->last) != NULL);
	o->id = t->last;
	o->perm.seq = (uint32_t)o->id;
	at = id_bucket(t, o->id);
	o->next_id = *at;
	*at = o;
	if (o->perm.key != IPC_PRIVATE) {
		at = key_bucket(t, o->perm.key);
		o->next_key = *at;
		*at = o;
	}
	t->n++;
	return 0;
}

void
sysv_remove(struct sysv_table *t, struct sysv *o)
{
	struct sysv **at = id_bucket(t, o->id);

	while (*at != o)
		at = &(*at)->next_id;
	*at = o->next_id;
	if (o->perm.key != IPC_PRIVATE) {
		at = key_bucket(t, o->perm.key);
		while (*at != o)
			at = &(*at)->next_key;
		*at = o->next_key;
	}
	o->removed = true;
	t->n--;
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

int
sysv_owned(struct sysv_table *t, int64_t id, struct sysv **out)
{
	const struct cred *c = proc_self()->p_cred;
	struct sysv *o = sysv_find(t, id);

	*out = o;
	if (o == NULL)
		return EINVAL;
	return cred_super(c) || c->euid == o->perm.uid || c->euid == o->perm.cuid ? 0 : EPERM;
}

int
sysv_lock(struct sysv_table *t, int64_t id, uint32_t want, struct sysv **out)
{
	struct sysv *o;
	int error;

	spin_lock(&t->lock);
	o = sysv_find(t, id);
	error = o == NULL ? EINVAL : sysv_access(o, want);
	if (error != 0) {
		spin_unlock(&t->lock);
		return error;
	}
	o->refs++;
	*out = o;
	return 0;
}

bool
sysv_put_unlock(struct sysv_table *t, struct sysv *o)
{
	bool last = --o->refs == 0;

	spin_unlock(&t->lock);
	return last;
}

void
sysv_init(struct sysv *o, int32_t key, uint32_t mode)
{
	const struct cred *c = proc_self()->p_cred;

	o->perm = (struct abi_ipc_perm){ .uid = c->euid, .gid = c->egid, .cuid = c->euid, .cgid = c->egid,
		.mode = mode & 0777, .key = key };
	o->refs = 1;
}

void
sysv_set(struct sysv *o, const struct abi_ipc_perm *p)
{
	o->perm.uid = p->uid;
	o->perm.gid = p->gid;
	o->perm.mode = p->mode & 0777;
}

int
sysv_get(struct sysv_table *t, int32_t key, int flags, struct sysv **out)
{
	uint32_t mode = (uint32_t)flags, want = (mode >> 6 | mode >> 3 | mode) & 6;
	struct sysv *o = key == IPC_PRIVATE ? NULL : *key_bucket(t, key);

	while (o != NULL && o->perm.key != key)
		o = o->next_key;
	if (o == NULL)
		return ENOENT;
	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return EEXIST;
	*out = o;
	return sysv_access(o, want);
}

struct sysv *
sysv_search(struct sysv_table *t, bool (*match)(const struct sysv *, const void *), const void *arg)
{
	for (uint32_t i = 0; i < SYSV_BUCKETS; i++)
		for (struct sysv *o = t->ids[i]; o != NULL; o = o->next_id)
			if (match(o, arg))
				return o;
	return NULL;
}

int64_t
sysv_seconds(void)
{
	return clock_realtime() / NSEC_PER_SEC;
}
