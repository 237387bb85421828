#pragma once
/* Natively made processes (proc/native.c), and what is asked of any process by handle. */
#include "proc/procx.h"

struct space;

/* ops->unused of a process: one that was never started ends. */
void native_unused(struct node *);
/* One that was never started is killed; the tree lock is held, proc_bury() follows. */
void native_kill_locked(struct procx *, int wait_status, int64_t code);
/* Frees processes that were killed before their start; no lock is held. */
void proc_bury(void);
/* Its space, referenced.  EPERM: protected; EBADSTATE: it ended. */
int proc_space(struct proc *, struct space **out) __must_check;
