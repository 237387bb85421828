/*
 * fork and vfork.
 *
 * Everything is built before the child can be seen: pid, tables, space, thread.  Until
 * proc_enter_locked() a failure undoes it and nobody has noticed.  The child gets one thread, a copy
 * of the caller: result 0, the same mask and alternate stack, no pending signals, no timers.
 *
 * vfork: the child borrows the parent's space (a reference, not a copy), and the parent's thread
 * sleeps until the child has a space of its own (exec) or none (exit).  Only SIGKILL ends that
 * sleep early.
 *
 * job_fork is fork into another job: what a program like sandbox(1) does before exec.
 *
 * Budget: fork + exit + wait of a small process 30,000 instructions; here about 4,000 beside the
 * space and the descriptor table.
 */
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "fs/fsctx.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "ipc/ev.h"
#include "mach/frame.h"
#include "proc/job.h"
#include "proc/procx.h"
#include "proc/thread.h"
#include "vm/space.h"
#include "vm/zone.h"
#include <abi/process.h>
#include <abi/rights.h>

/* Everything that was not made is NULL. */
void
proc_unmake(struct procx *px, struct thr *t)
{
	struct proc *p = &px->px_proc;

	if (t != NULL && t->t_sig != NULL)
		sigstate_destroy(t->t_sig, p->p_sig);
	if (t != NULL)
		thr_discard(t);
	if (p->p_sig != NULL)
		sigacts_destroy(p->p_sig);
	if (p->p_space != NULL)
		space_unref(p->p_space);
	if (p->p_desc != NULL)
		desctab_destroy(p->p_desc);
	if (p->p_fs != NULL)
		fsctx_destroy(p->p_fs);
	if (p->p_exe != NULL) {
		vnode_text_put(p->p_exe);
		vnode_unref(p->p_exe);
	}
	if (p->p_cmdline != NULL)
		kmem_free(p->p_cmdline, p->p_cmdline_len);
	proc_free_new(px);
}

/* What is only copied. */
static void
fork_inherit(struct proc *parent, struct proc *p)
{
	p->p_cred = cred_ref(parent->p_cred);
	memcpy(p->p_limits, parent->p_limits, sizeof(p->p_limits));
	memcpy(p->p_name, parent->p_name, sizeof(p->p_name));
	p->p_setid = parent->p_setid;
	p->p_envp = parent->p_envp;
	p->p_envp_end = parent->p_envp_end;
	procx_of(p)->px_nice = procx_of(parent)->px_nice;
}

static int
fork_program(struct proc *parent, struct proc *p)
{
	int error;

	if (parent->p_cmdline != NULL) {
		p->p_cmdline = kmem_alloc(parent->p_cmdline_len, 0);
		if (p->p_cmdline == NULL)
			return ENOMEM;
		p->p_cmdline_len = parent->p_cmdline_len;
		memcpy(p->p_cmdline, parent->p_cmdline, p->p_cmdline_len);
	}
	if (parent->p_exe != NULL) {
		error = vnode_text_get(parent->p_exe);
		if (error != 0)
			return error;
		vnode_ref(parent->p_exe);
		p->p_exe = parent->p_exe;
	}
	return 0;
}

static int
fork_space(struct proc *parent, struct proc *p, bool vfork)
{
	if (!vfork)
		return space_fork(parent->p_space, &p->p_space);
	space_ref(parent->p_space);
	p->p_space = parent->p_space;
	return 0;
}

static int
fork_thread(struct proc *p, const struct trapframe *frame, struct thr **out)
{
	struct thr *self = thr_self(), *t;
	int error = thread_allowed();

	if (error != 0 || (error = thr_create(p, self->t_name, NULL, NULL, &t)) != 0)
		return error;
	*out = t;
	t->t_sig = sigstate_create(self->t_sig);
	if (t->t_sig == NULL)
		return ENOMEM;
	sched_set(t, self->t_class, self->t_nice);
	mach_thr_fork(&t->t_mach, frame);
	return 0;
}

static int
fork_build(struct procx *px, const struct trapframe *frame, bool vfork, struct thr **t)
{
	struct proc *parent = proc_self(), *p = &px->px_proc;
	int error;

	if ((error = fork_program(parent, p)) != 0 ||
	    (error = desctab_fork(parent->p_desc, &p->p_desc)) != 0 ||
	    (error = fsctx_copy(parent->p_fs, &p->p_fs)) != 0)
		return error;
	p->p_sig = sigacts_fork(parent->p_sig);
	if (p->p_sig == NULL)
		return ENOMEM;
	if ((error = fork_space(parent, p, vfork)) != 0)
		return error;
	return fork_thread(p, frame, t);
}

/* Sleeps until the child lets go of the space.  SIGKILL ends it too. */
static void
vfork_wait(struct procx *child)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;

	spin_lock(&proc_tree_lock);
	t->t_sig->ts_stopped = true;
	while (child->px_vfork_thr != NULL && !sa->sa_killed && !t->t_dying) {
		thr_sleep_prepare(false);
		spin_unlock(&proc_tree_lock);
		(void)thr_sleep(NSEC_INFINITE);
		spin_lock(&proc_tree_lock);
	}
	t->t_sig->ts_stopped = false;
	child->px_vfork_thr = NULL;
	spin_unlock(&proc_tree_lock);
}

void
proc_vfork_done(struct proc *p)
{
	struct procx *px = procx_of(p);

	if (px->px_vfork_thr == NULL)
		return;
	spin_lock(&proc_tree_lock);
	if (px->px_vfork_thr != NULL) {
		thr_wake(px->px_vfork_thr, 0);
		px->px_vfork_thr = NULL;
	}
	spin_unlock(&proc_tree_lock);
}

/* What the child gets is its own job's from the beginning. */
static int
fork_make(struct trapframe *frame, struct job *job, bool vfork, struct procx **px, struct thr **t)
{
	struct account *mine = account_set(job->j_account);
	int error = proc_alloc(proc_self(), px);
	uint32_t was;

	*t = NULL;
	if (error == 0) {
		fork_inherit(proc_self(), &(*px)->px_proc);
		was = owner_begin((*px)->px_proc.p_node.koid);
		error = fork_build(*px, frame, vfork, t);
		owner_end(was);
		if (error != 0)
			proc_unmake(*px, *t);
	}
	account_set(mine);
	return error;
}

static int
fork_into(struct trapframe *frame, struct job *job, bool vfork, intptr_t *result)
{
	struct proc *parent = proc_self(), *p;
	struct procx *px;
	struct thr *t;
	int error = fork_make(frame, job, vfork, &px, &t);

	if (error != 0)
		return error;
	p = &px->px_proc;
	spin_lock(&proc_tree_lock);
	error = job_enter_locked(job, p);
	if (unlikely(error != 0)) {
		spin_unlock(&proc_tree_lock);
		proc_unmake(px, t);
		return error;
	}
	if (vfork) {
		px->px_vfork_thr = thr_self();
		node_ref(&p->p_node);
	}
	*result = p->p_pid;
	exception_watch_locked(p, t);
	proc_enter_locked(px, parent);
	pgrp_join_locked(p, parent->p_pgrp);
	proc_thr_add_locked(p, t);
	spin_unlock(&proc_tree_lock);
	proc_event(parent, EV_PROCFORK, p->p_pid);
	thr_start(t);
	if (vfork) {
		vfork_wait(px);
		node_unref(&p->p_node);
	}
	return 0;
}

int
sys_fork(struct trapframe *frame, long flags, intptr_t *result)
{
	int error;

	if (flags != 0 && flags != FORK_VFORK && flags != FORK_COW)
		return EINVAL;
	error = fork_into(frame, proc_self()->p_job, flags == FORK_VFORK, result);
	return error == EBADSTATE ? EAGAIN : error;		/* its own job: it is being killed too */
}

/* A child in another job, as far as the caller may put processes there. */
int
sys_job_fork(struct trapframe *frame, uint32_t job, intptr_t *result)
{
	struct job *j;
	int error = job_get(job, RIGHT_MANAGE_PROCESS, &j);

	if (error != 0)
		return error == ERIGHTS ? EPERM : error;
	error = fork_into(frame, j, false, result);
	node_unuse(&j->j_node);
	return error == EBADSTATE ? ESRCH : error;
}
