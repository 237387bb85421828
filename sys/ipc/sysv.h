#pragma once
/* What System V objects have in common: permissions, tables of ids. */
#include "kern/lock.h"
#include "kern/types.h"
#include <abi/ipc.h>

#define SYSV_MAX	256u		/* objects of a kind */

/* Embedded first in an object. */
struct sysv {
	struct abi_ipc_perm perm;	/* [table's lock] */
};

struct sysv_table {
	struct spin lock;
	uint32_t seq;			/* [lock] steps at every removal: a stale id finds nothing */
	struct sysv *slot[SYSV_MAX];	/* [lock] */
};

extern const struct lock_class sysv_class;
#define SYSV_TABLE_INIT	{ .lock = SPIN_INIT(&sysv_class) }

/* All with the table's lock held. */
struct sysv *sysv_find(struct sysv_table *, int32_t id);	/* NULL */
int32_t sysv_by_key(struct sysv_table *, int32_t key);		/* the id, or -1 */
/* Takes a free slot below `most'; -1: there is none. */
int32_t sysv_enter(struct sysv_table *, uint64_t most, struct sysv *);
void sysv_remove(struct sysv_table *, int32_t id);
/* The id of the object of this key, for the get calls: ENOENT when there is none, EEXIST, EACCES. */
int sysv_get(struct sysv_table *, int32_t key, int flags, intptr_t *id);
/* want: 4 read, 2 write.  EACCES. */
int sysv_access(const struct sysv *, uint32_t want);
bool sysv_owner(const struct sysv *);		/* owner, creator or root: may set and remove */
void sysv_init(struct sysv *, int32_t key, uint32_t mode);	/* the caller's */
int64_t sysv_seconds(void);			/* now, since 1970 */
void sysv_set(struct sysv *, const struct abi_ipc_perm *);	/* IPC_SET's part */
