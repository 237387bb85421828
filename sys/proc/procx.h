#pragma once
/*
 * The process as sys/proc sees it: struct proc, which the lower layers know, and what only this
 * layer touches.
 *
 * Life.  proc_alloc() makes a process that is PROC_NEW: it has a pid and is in no list.  proc_enter()
 * makes it visible.  Its last thread to end turns it into a zombie: everything but this struct is
 * freed, the parent is told, and proc_reap() takes it out of the table; the memory goes with the
 * last reference on p_node.
 *
 * Letters as in kern/proc.h: I immutable, p proc_tree_lock, s signal lock, o own threads.
 */
#include "kern/proc.h"
#include "kern/time.h"
#include "proc/exception.h"
#include "proc/pgrp.h"
#include "proc/signal.h"

#define PID_MAX		32767
#define PID_ROOT_RESERVE 8	/* processes only root may make */

/* p_wait_flags: what wait has not reported yet. */
#define PW_STOPPED	0x01u
#define PW_CONTINUED	0x02u
#define PW_ENDED	0x04u

struct procx {
	struct proc px_proc;		/* first */
	struct procx *px_hash;		/* [p] next of the same bucket */
	struct list px_job_link;	/* [p] of p_job */
	struct list px_waiters;		/* [p] struct child_waiter: threads in wait */
	uint32_t px_uid;		/* [p] real uid it counts for (RLIMIT_NPROC) */
	struct list px_unborn;		/* [p] struct thr by t_proc_link: made, not started */
	struct list px_ended;		/* [p] the same: ended, to be joined; one reference each */
	uint32_t px_nended;		/* [p] */
	struct list px_old_creds;	/* [p] struct old_cred: replaced, perhaps still looked at (ids.c) */
	struct thr *px_single;		/* [p] thread that waits to be the only one */
	struct thr *px_vfork_thr;	/* [p] parent's thread asleep in vfork, of the child */
	struct timer px_real;		/* ITIMER_REAL */
	nsec_t px_real_interval;	/* [s] */
	nsec_t px_cpu_next[2];		/* [o] ITIMER_VIRTUAL, ITIMER_PROF: CPU time they fire at, 0 off */
	nsec_t px_cpu_interval[2];	/* [o] */
	uint64_t px_cpu_warned;		/* [o] RLIMIT_CPU: seconds at the last SIGXCPU */
	nsec_t px_user_ns, px_sys_ns;	/* [p] of ended threads */
	uint64_t px_given, px_taken;	/* [p] theirs, as t_given and t_taken */
	uint64_t px_faults, px_fetches;	/* [p] theirs, as t_faults and t_fetches */
	nsec_t px_child_user_ns, px_child_sys_ns;	/* [p] of reaped children */
	int8_t px_nice;			/* [p] */
	bool px_nochild;		/* [I once it runs] its parent neither waits for it nor hears of it */
	bool px_native;			/* [I] made by process_create */
	bool px_announced;		/* [p] the debugger of its job heard of it */
	struct proc *px_creator;	/* [p] until it starts: who made it, referenced */
	struct pgrp *px_group;		/* [p] until it starts: its group, referenced */
	uint64_t px_debug_addr;		/* [o] MX_PROP_PROCESS_DEBUG_ADDR */
	struct exchannels px_exchannels;
	int px_kill_status;		/* [s] wait status when sa_killed, unless 0: killed by SIGKILL */
	int64_t px_kill_code;		/* [s] its native exit code */
};

static inline struct procx *
procx_of(struct proc *p)
{
	return (struct procx *)p;
}

static inline struct procx *
procx_self(void)
{
	return procx_of(proc_self());
}

/* proc.c */
int proc_alloc(struct proc *parent, struct procx **out) __must_check;	/* EAGAIN, ENOMEM */
void proc_free_new(struct procx *);		/* undoes proc_alloc */
void proc_thr_add_locked(struct proc *, struct thr *);
void proc_enter_locked(struct procx *, struct proc *parent);
void proc_remove_locked(struct procx *);	/* out of the table; then drop the reference */
struct proc *proc_lookup_locked(int32_t pid);
void pid_release_locked(int32_t pid);		/* if nothing uses the number any more */
int proc_limits_default(struct proc *);
void proc_charge_uid_locked(struct procx *, uint32_t uid);
struct proc *proc_init(void);			/* process 1 */

/* make.c */
/* A process that is no copy: the caller's credentials, limits, root, folder, umask; default signal
 * actions; neither table nor space; in no list.  EAGAIN, ENOMEM. */
int proc_make(struct procx **out) __must_check;
/* Undoes proc_make(), proc_alloc() and all that was put into the process since; t may be NULL. */
void proc_unmake(struct procx *, struct thr *t);

/* Zero's events of a process: for who watches it. */
void proc_event(struct proc *, unsigned type, int64_t code);

/* ids.c: credentials that threads may still have looked at; there is one thread now */
void creds_forget(struct procx *);

/* exec.c */
/* Process 1's first program: the calling kernel thread becomes its user thread. */
int exec_first(const char *path, uintptr_t *entry, uintptr_t *sp) __must_check;

/* exit.c */
/* The current thread ends; the process with its last one. */
void proc_thr_exit(void) __noreturn;
/* The current process ends with this wait status and native code. */
void proc_exit(int wait_status, int64_t code) __noreturn;
/* Tells whoever waits for its children; parent's SIGCHLD. */
void proc_wake_parent_locked(struct proc *child);
void proc_child_event_locked(struct proc *child, int code, int status);
void proc_vfork_done(struct proc *child);

/* signal.c */
/* Kills p from the kernel: it ends with this wait status and native code.  False when it was being
 * killed or ended already, and for process 1. */
bool proc_kill_locked(struct proc *, int wait_status, int64_t code);

/* wait.c */
struct child_waiter {
	struct list link;		/* [p] */
	struct thr *thr;
};
void proc_reap_locked(struct procx *child);

/* ids.c, clock.c and system.c (cred calls, clocks, uname, halt, set_tls, sched_yield) are written, by the lead. */

/* times.c */
void proc_times_thr(struct thr *, nsec_t *user, nsec_t *sys);	/* CPU time of one thread */
void proc_times_locked(struct proc *, nsec_t *user, nsec_t *sys);	/* of all, ended ones too */
void usage_sample(struct proc *);		/* notes the size of the space before it goes */
/* Limits of the current process, those whose bit is set, one after the other; all are set or none. */
void limits_get(uint32_t which, struct abi_rlimit *);
int limits_set(uint32_t which, const struct abi_rlimit *) __must_check;
void usage_fill_locked(struct proc *, struct abi_rusage *);
void usage_add(struct abi_rusage *to, const struct abi_rusage *from);
void proc_timers_init(struct procx *);
void proc_timers_stop(struct procx *);
void proc_timers_check(void);			/* WORK_TIMES */
void proc_watch_cpu(struct proc *);		/* after a CPU timer or limit changed */
