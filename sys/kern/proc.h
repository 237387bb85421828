#pragma once
/*
 * The process: what its threads share.  Life and death are in sys/proc; this is the struct that
 * the lower layers reach the current process's table, space and credentials through.
 * Letters: I immutable, a atomic, p proc tree lock, s signal lock, o own threads only.
 */
#include "kern/cred.h"
#include "kern/list.h"
#include "kern/node.h"
#include "kern/thr.h"
#include "kern/types.h"
#include "mach/percpu.h"
#include <abi/resource.h>

struct account;
struct desctab;
struct fsctx;
struct job;
struct pgrp;
struct sigacts;
struct space;
struct undo;

#define NPROC	CONFIG_NPROC

enum proc_state { PROC_NEW, PROC_ALIVE, PROC_EXITING, PROC_ZOMBIE };

struct proc {
	struct node p_node;		/* TERMINATED level; its waiters are waitpid's and ports */
	int32_t p_pid;			/* [I] */
	uint8_t p_state;		/* [p] enum proc_state */
	bool p_did_exec;		/* [p] setpgid rule */
	bool p_setid;			/* [I after exec] ids changed by exec: not inspectable */
	struct job *p_job;		/* [I] */
	struct account *p_account;	/* [I] the job's */
	nsec_t p_min_slack;		/* [I once it runs] of its timers, by job policy */
	uint32_t p_policy;		/* [I once it runs] conditions that need a look: kern/policy.h */
	struct proc *p_parent;		/* [p] */
	struct list p_children;		/* [p] by p_sibling */
	struct list p_sibling;		/* [p] */
	struct list p_all;		/* [p] all processes */
	struct pgrp *p_pgrp;		/* [p] */
	struct list p_pgrp_link;	/* [p] */
	struct list p_thrs;		/* [p] struct thr by t_proc_link */
	uint32_t p_nthrs;		/* [p] */
	struct cred *p_cred;		/* [o; replaced under p] */
	struct space *p_space;		/* [o] address space */
	struct desctab *p_desc;		/* [o] */
	struct fsctx *p_fs;		/* [o] root, cwd, umask: fs/fsctx.h */
	struct sigacts *p_sig;		/* [s] proc/signal.h */
	struct abi_rlimit p_limits[RLIMIT_NLIMITS];	/* [o; read anywhere] */
	nsec_t p_start;			/* [I] */
	struct abi_rusage p_usage;	/* [p] of its ended threads */
	struct abi_rusage p_child_usage;	/* [p] of reaped children */
	int32_t p_wait_status;		/* [p] wait(2) status once ended, stopped or continued */
	int64_t p_exit_code;		/* [p] int64 code of the native face */
	uint32_t p_wait_flags;		/* [p] PW_* (proc/wait.c) */
	char p_name[32];		/* [o] last component of the program */
	char *p_cmdline;		/* [o] argv block for /proc, NUL separated */
	size_t p_cmdline_len;
	void *p_exe;			/* [o] vnode of the program (struct vnode *) */
	uintptr_t p_envp, p_envp_end;	/* [o] user addresses for /proc/PID/environ */
	struct undo *p_undos;		/* [System V table of semaphores] what its end takes back */
	uint32_t p_events;		/* [a] registrations of its events (ipc/ev.h) */
	struct node *p_trace;		/* [p] its call trace, referenced, or NULL (ipc/trace.c) */
	bool p_trace_follow;		/* [p] children are traced too */
	bool p_watch_cpu;		/* [o] an itimer or limit looks at its CPU time (sys/proc) */
};

static inline struct proc *
proc_self(void)
{
	return thr_self()->t_proc;
}

/* Its ids were changed by exec and the caller is not root: memory and threads are out of reach, whatever
 * the handle says.  One that was not started yet is its maker's. */
static inline bool
proc_protected(const struct proc *p)
{
	return p->p_setid && p->p_state != PROC_NEW && p != proc_self() &&
	    !cred_super(proc_self()->p_cred);
}

extern struct spin proc_tree_lock;
/* [proc_tree_lock] all processes, by p_all, in order of creation */
extern struct list proc_list;
/* By pid, with a reference on p_node, or NULL. */
struct proc *proc_find(int32_t pid);
