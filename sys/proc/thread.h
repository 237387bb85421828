#pragma once
/*
 * Threads of processes: making, starting, ending, finding.
 *
 * A thread that is made but not started is *unborn*: it belongs to its process, holds a reference on it, and
 * goes with its last handle or with the process.  A thread that ended and can be joined is kept by
 * its process until it is.
 */
#include "proc/procx.h"
#include <abi/info.h>

/*
 * Makes a thread of the process, which may be the caller's, another, or one that has not started; its signal
 * mask is empty.  The caller has the thread's only use: give it to a handle, or start the thread and
 * drop it (node_unuse).  EAGAIN (too many threads), ENOMEM, EBADSTATE (the process ended).
 */
/* EAGAIN: what is left is for root, whose shell must work when somebody else has used up the threads. */
int thread_allowed(void) __must_check;
int thread_class_check(long class) __must_check;	/* EINVAL; EPERM: real time is root's */
int thread_make(struct proc *, const char *name, struct thr **out) __must_check;
/*
 * It begins at entry(arg1, arg2) on this stack.  EBADSTATE: not unborn, or its process does not run.
 * EINVAL: entry or stack is no user address.
 */
int thread_launch(struct thr *, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2) __must_check;
/* The same in two steps: the first with the tree lock held, the second after it is dropped. */
int thread_launch_locked(struct thr *, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2)
    __must_check;
void thread_launched(struct thr *, struct proc *);
/* Ends what is unborn and forgets what is unjoined: the process ends, or executes another program. */
void thread_drop_all(struct proc *);
/* A running thread of the process by its id; tree lock.  Or NULL. */
struct thr *thread_find_locked(struct proc *, int32_t tid);
/* A task's name, cut to what there is room for; EFAULT. */
int task_name(const void __user *, size_t len, char name[MX_MAX_NAME_LEN]) __must_check;
/* Of the process, running, by koid, with one use; ENOENT. */
int thread_child(struct proc *, koid_t, struct node **out) __must_check;
/* Changes levels of the node; no lock of rank node or above is held. */
void thread_level(struct thr *, uint32_t clear, uint32_t set);
