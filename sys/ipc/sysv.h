#pragma once
/* What System V objects have in common: ids, keys, permissions, references.  See ipc/sysv.c. */
#include "kern/lock.h"
#include "kern/types.h"
#include <abi/ipc.h>

#define SYSV_MAX	32768u		/* objects of a kind, whatever the limits say */
#define SYSV_BUCKETS	128u

/* Embedded first in an object.  All: [table's lock]. */
struct sysv {
	struct abi_ipc_perm perm;
	struct sysv *next_id, *next_key;
	int32_t id;
	uint32_t refs;			/* the table's and those of calls in progress */
	bool removed;
};

struct sysv_table {
	struct spin lock;
	uint32_t n;			/* [lock] */
	int32_t last;			/* [lock] the last id that was given */
	struct sysv *ids[SYSV_BUCKETS];	/* [lock] */
	struct sysv *keys[SYSV_BUCKETS];	/* [lock] those that have a key */
};

extern const struct lock_class sysv_class;
#define SYSV_TABLE_INIT	{ .lock = SPIN_INIT(&sysv_class) }

void sysv_init(struct sysv *, int32_t key, uint32_t mode);	/* the caller's, one reference */
int64_t sysv_seconds(void);			/* now, since 1970 */

/* Locks the table and takes a reference.  want: 4 read, 2 write.  EINVAL, EACCES: not locked then. */
int sysv_lock(struct sysv_table *, int64_t id, uint32_t want, struct sysv **) __must_check;
/* Unlocks the table and gives the reference back; true: it was the last, the caller frees. */
bool sysv_put_unlock(struct sysv_table *, struct sysv *);

/* --- with the table's lock held --- */

struct sysv *sysv_find(struct sysv_table *, int64_t id);	/* NULL */
/* The one that its owner may set and remove: EINVAL, EPERM. */
int sysv_owned(struct sysv_table *, int64_t id, struct sysv **);
/* The object of this key, for the get calls: ENOENT when there is none, EEXIST, EACCES. */
int sysv_get(struct sysv_table *, int32_t key, int flags, struct sysv **);
/* Gives it an id unless there are `most' already: ENOSPC. */
int sysv_enter(struct sysv_table *, uint64_t most, struct sysv *);
/* Its id and key find nothing any more; the table's reference is the caller's now. */
void sysv_remove(struct sysv_table *, struct sysv *);
int sysv_access(const struct sysv *, uint32_t want);
void sysv_set(struct sysv *, const struct abi_ipc_perm *);	/* IPC_SET's part */
/* The first for which match() is true. */
struct sysv *sysv_search(struct sysv_table *, bool (*match)(const struct sysv *, const void *), const void *);
