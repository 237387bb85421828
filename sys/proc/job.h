#pragma once
/*
 * Jobs: the tree that every process is in.  See proc/job.c for the theory, proc/jobpolicy.c for what
 * a job may forbid.
 */
#include "kern/account.h"
#include "kern/node.h"
#include "kern/policy.h"
#include "kern/proc.h"
#include "proc/exception.h"

#define JOB_DEPTH_MAX	32u	/* below the root */

/* What a job says of one condition. */
struct job_action {
	uint8_t action;			/* MX_POL_ACTION_* */
	bool set;			/* explicitly, here or above: it only becomes stricter */
};

/* Changes only while nothing is in the job: whoever is in it reads it without a lock. */
struct job_policy {
	struct job_action action[NPOLICY];
	uint32_t word;			/* p_policy of whoever comes in */
	bool unprivileged;		/* somebody other than root set a part of it: no set-id */
	nsec_t min_slack;
	uint32_t slack_mode;		/* MX_TIMER_SLACK_* */
	struct node *audit;		/* referenced: the port that hears of what was audited, or NULL */
	uint64_t audit_key;
};

struct job {
	struct node j_node;		/* NO_PROCESSES, NO_JOBS, TERMINATED */
	struct job *j_parent;		/* [I] one reference; NULL: the root */
	struct account *j_account;	/* [I] referenced: what it is charged for */
	uint32_t j_depth;		/* [I] below the root */
	struct list j_sibling;		/* [p] */
	struct list j_jobs;		/* [p] children, by rising koid */
	struct list j_procs;		/* [p] struct procx by px_job_link, by rising koid */
	uint32_t j_nprocs;		/* [p] processes in it and below it */
	uint32_t j_max_procs;		/* [p] as many as there may be */
	bool j_dead;			/* [p] killed */
	bool j_kill_on_oom;		/* [p] goes first, as a whole, when memory is short */
	int64_t j_code;			/* [p] of a dead one: MX_TASK_RETCODE_* */
	char j_name[32];		/* [p] */
	struct job_policy j_policy;
	struct exchannels j_exchannels;
	uint32_t j_audits_lost;		/* [a] since the last that was told */
};

static inline struct job *
job_of(struct node *n)
{
	return container_of(n, struct job, j_node);
}

struct job *job_root(void);
/* The job that a native handle names, with a use of j_node.  EHANDLE, EWRONGTYPE, ERIGHTS. */
int job_get(uint32_t h, uint32_t rights, struct job **out) __must_check;
/*
 * A new process goes into the job, before any of its threads runs and before anybody else can see
 * it; p_job and p_policy are set.  EBADSTATE: the job is dead.  EAGAIN: it is full.  proc_tree_lock held.
 */
int job_enter_locked(struct job *, struct proc *) __must_check;
/* It ended, or was not made after all.  True: call job_settle() once its TERMINATED is set and
 * the lock dropped. */
bool job_leave_locked(struct proc *) __must_check;
void job_settle(struct job *);
/* Everything in it and below it ends with MX_TASK_RETCODE_SYSCALL_KILL, and nothing comes into it any
 * more.  EPERM for the root job. */
int job_kill(struct job *) __must_check;
void job_kill_for(struct job *, int64_t code);	/* the same with another code, and not for the root job */
/* In the job with that koid, or below it. */
bool job_within(const struct job *, koid_t);
/* The job itself or the nearest above that goes first when memory is short, or NULL. */
struct job *job_marked_locked(struct job *);
/* Whether the caller may act on the process by its number, for all his credentials say: nobody leaves his job's policy
 * through a process that has less of it. */
bool job_reaches_locked(const struct proc *);
/* Set-id bits count in the job; NULL: the caller's own. */
bool job_knows_setid(const struct job *);
/* The condition SET_ID, of a program that will run in the job; EPERM. */
int job_setid(const struct job *) __must_check;

/* jobpolicy.c: what a new job starts with, and what it leaves. */
void job_policy_init(struct job_policy *, const struct job_policy *parent);
void job_policy_done(struct job_policy *);
