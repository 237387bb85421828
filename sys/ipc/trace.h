#pragma once
/* Call traces, for who makes and ends processes.  See ipc/trace.c. */
#include "kern/types.h"

struct abi_siginfo;
struct proc;

/* A child of a traced process, with its threads, before it runs; proc_tree_lock held. */
void trace_child_locked(struct proc *parent, struct proc *child);
/* The process got credentials by exec that its tracer may not have. */
void trace_setid(struct proc *);
void trace_signal(struct proc *, const struct abi_siginfo *);
/* The current process ends with this wait status. */
void trace_exit(struct proc *, int status);
