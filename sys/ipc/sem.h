#pragma once
/* Semaphores: what other modules do with them.  See ipc/sem.c. */
#include "kern/types.h"
#include <abi/ipc.h>

struct proc;

/* The process ends: its operations with SEM_UNDO are taken back. */
void sem_exit(struct proc *);

/* All or none of the operations, waiting until `deadline'.  *value: of the first one's semaphore, after them. */
int sem_operate(int64_t id, const struct abi_sembuf *, size_t n, nsec_t deadline, intptr_t *value) __must_check;
/* A new set, or an existing one's id by its key. */
int sem_get(int32_t key, uint32_t n, int flags, uint16_t value, intptr_t *id) __must_check;
int sem_value(int64_t id, intptr_t *value) __must_check;	/* of the first of the set */
int sem_chmod(int64_t id, uint32_t mode) __must_check;
int sem_remove(int64_t id) __must_check;
