#pragma once
/* System V semaphores: what other modules do with them. */
#include "kern/types.h"

struct proc;

/* The process ends: its operations with SEM_UNDO are taken back. */
void sem_exit(struct proc *);
