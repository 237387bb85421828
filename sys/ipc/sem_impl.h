#pragma once
/* What the files of System V semaphores share: ipc/sem.c, ipc/semctl.c. */
#include "ipc/sem.h"
#include "ipc/sysv.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/wait.h"

struct sem {
	uint16_t value;
	int32_t pid;			/* who changed it last */
};

/* All but sysv and n: [table]. */
struct semset {
	struct sysv sysv;
	uint32_t n;			/* [I] */
	struct list calls;		/* that sleep: struct semcall */
	struct list undos;
	int64_t otime, ctime;
	struct sem sems[];
};

extern struct sysv_table sem_table;
extern struct kstat semsets_live;

/* Locks the table and takes a reference: EINVAL, EACCES and not locked. */
int semset_lock(int64_t id, uint32_t want, struct semset **) __must_check;
/* Unlocks the table, gives the reference back, wakes. */
void semset_unlock(struct semset *, struct wakelist *);

/* --- the table is locked --- */

/* Values changed: carries out what can go on now. */
void semset_serve(struct semset *, struct wakelist *);
/* How many calls wait for this semaphore; zero: to be 0. */
uint32_t semset_waiting(const struct semset *, uint32_t num, bool zero);
/* The set goes: who sleeps gets EIDRM; `gone' gets the records of what was to be undone. */
void semset_end(struct semset *, struct list *gone, struct wakelist *);
void undo_forget(struct semset *, uint32_t first, uint32_t n);

/* --- it is not --- */

void undos_free(const struct semset *, struct list *gone);

static inline size_t
semset_bytes(uint32_t n)
{
	return sizeof(struct semset) + n * sizeof(struct sem);
}
