#pragma once
/* /proc/PID/handles and objects: what a process holds.  See fs/procfs_handles.c. */
#include "kern/types.h"

struct proc;
struct text;

int procfs_handles(struct text *, struct proc *) __must_check;
int procfs_objects(struct text *, struct proc *) __must_check;

/* Of procfs.c: whether the caller may look into the process; the lowest pid >= from, or -1. */
bool procfs_may_inspect(struct proc *);
int32_t procfs_next_pid(int32_t from);
