/*
 * The end of threads and processes.
 *
 * proc_exit() makes the caller the only thread, gives back everything the process holds, then, in
 * one step under the tree lock, hands its children to process 1, turns it into a zombie (or out of
 * the table when the parent does not want to know) and tells the parent.  A zombie is struct procx
 * and a reference on the credentials; all else is free by then.
 *
 * Groups.  A group that loses its last link to its session through this exit, and has a stopped
 * member, gets SIGHUP and SIGCONT: nobody else would ever continue it.  Links are looked at before
 * and after each child moves, so each group hears of it once.
 */
#include "ipc/channel.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/string.h"
#include "kern/wait.h"
#include "fs/fsctx.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "ipc/ev.h"
#include "ipc/futex.h"
#include "ipc/sem.h"
#include "ipc/trace.h"
#include "proc/job.h"
#include "proc/procx.h"
#include "proc/thread.h"
#include "vm/space.h"
#include "vm/zone.h"
#include <abi/sig.h>
#include <abi/task.h>
#include <abi/wait.h>

/* --- telling the parent --- */

void
proc_wake_parent_locked(struct proc *child)
{
	struct child_waiter *w;

	if (child->p_parent == NULL)
		return;
	list_for_each(w, &procx_of(child->p_parent)->px_waiters, link)
		thr_wake(w->thr, 0);
}

static void
send_sigchld(struct proc *child, int code, int status)
{
	struct abi_siginfo info = { .signo = SIGCHLD, .code = code, .pid = child->p_pid,
		.uid = child->p_cred->ruid, .status = status };
	nsec_t user, sys;

	proc_times_locked(child, &user, &sys);
	info.utime = user / (NSEC_PER_SEC / ABI_CLK_TCK);
	info.stime = sys / (NSEC_PER_SEC / ABI_CLK_TCK);
	(void)signal_send_proc_locked(child->p_parent, SIGCHLD, &info);
}

/* A stop or a continue. */
void
proc_child_event_locked(struct proc *child, int code, int status)
{
	struct proc *parent = child->p_parent;

	if (parent == NULL || parent->p_sig == NULL || procx_of(child)->px_nochild)
		return;
	if ((parent->p_sig->sa_act[SIGCHLD - 1].flags & SA_NOCLDSTOP) == 0)
		send_sigchld(child, code, status);
	proc_wake_parent_locked(child);
}

/* The child is a zombie; true when its parent does not want it. */
static bool
report_end_locked(struct proc *child)
{
	struct proc *parent = child->p_parent;
	const struct sigact *act = &parent->p_sig->sa_act[SIGCHLD - 1];
	int status = child->p_wait_status;
	bool nowait = act->handler == SIGACT_IGN || (act->flags & SA_NOCLDWAIT) != 0;

	if ((status & 0x7f) == 0)
		send_sigchld(child, CLD_EXITED, status >> 8 & 0xff);
	else
		send_sigchld(child, CLD_KILLED, status & 0x7f);
	proc_wake_parent_locked(child);
	return nowait;
}

/* --- groups and sessions --- */

static bool
linked(const struct proc *p)
{
	const struct proc *parent = p->p_parent;

	return parent != NULL && parent->p_pgrp != NULL && parent->p_pgrp != p->p_pgrp &&
	    parent->p_pgrp->pg_session == p->p_pgrp->pg_session;
}

/* The group lost a link: if it was the last and somebody in it is stopped, let it go. */
static void
orphan_check(struct pgrp *pg)
{
	struct proc *p;
	bool stopped = false;

	if (!pgrp_orphaned_locked(pg))
		return;
	list_for_each(p, &pg->pg_members, p_pgrp_link)
		stopped |= p->p_state == PROC_ALIVE && p->p_sig->sa_stopped;
	if (!stopped)
		return;
	list_for_each(p, &pg->pg_members, p_pgrp_link) {
		(void)signal_send_proc_locked(p, SIGHUP, NULL);
		(void)signal_send_proc_locked(p, SIGCONT, NULL);
	}
}

/* A session leader's end takes the terminal away from the session. */
static void
leave_session(struct proc *p)
{
	struct session *s;
	struct tty *tty = NULL;
	void (*leave)(struct tty *, struct session *) = NULL;

	spin_lock(&proc_tree_lock);
	s = p->p_pgrp->pg_session;
	if (s->s_leader == p) {
		s->s_leader = NULL;
		tty = s->s_tty;
		leave = s->s_leave;
		s->s_tty = NULL;
	}
	spin_unlock(&proc_tree_lock);
	if (tty != NULL)
		leave(tty, s);
}

/* --- the end --- */

/* Everything but the struct itself. */
static void
release_resources(struct proc *p)
{
	struct desctab *desc = p->p_desc;
	struct fsctx *fs = p->p_fs;
	struct vnode *exe = p->p_exe;
	struct space *space = p->p_space;
	char *cmdline = p->p_cmdline;

	p->p_desc = NULL;
	desctab_destroy(desc);
	p->p_fs = NULL;
	fsctx_destroy(fs);
	p->p_space = NULL;
	space_activate(NULL);
	space_unref(space);
	proc_vfork_done(p);
	p->p_exe = NULL;
	if (exe != NULL) {
		vnode_text_put(exe);
		vnode_unref(exe);
	}
	spin_lock(&proc_tree_lock);		/* /proc copies it under this lock */
	p->p_cmdline = NULL;
	spin_unlock(&proc_tree_lock);
	if (cmdline != NULL)
		kmem_free(cmdline, p->p_cmdline_len);
	p->p_cmdline_len = 0;
}

/* Out of its process; its time stays there.  From here on the thread only gives up the CPU.  Its
 * exception channel is the caller's to close, if it has one. */
static struct node *
thr_leave_locked(struct procx *px, struct thr *t)
{
	struct sigstate *ts = t->t_sig;
	struct node *channel = ts->ts_exchannels.plain;
	nsec_t user, sys;

	proc_times_thr(t, &user, &sys);
	px->px_user_ns += user;
	px->px_sys_ns += sys;
	px->px_given += t->t_given;
	px->px_taken += t->t_taken;
	px->px_faults += t->t_faults;
	px->px_fetches += t->t_fetches;
	list_remove(&t->t_proc_link);
	t->t_sig = NULL;
	sigstate_destroy(ts, px->px_proc.p_sig);
	px->px_proc.p_nthrs--;
	return channel;
}

static void __noreturn
thr_finish(struct thr *t, struct proc *p)
{
	thread_level(t, SIG_THR_RUNNING | SIG_THR_SUSPENDED, SIG_SIGNALED);
	node_unref(&p->p_node);
	thr_exit();
}

void
proc_thr_exit(void)
{
	struct thr *t = thr_self();
	struct procx *px = procx_self();
	struct proc *p = &px->px_proc;
	struct node *channel;

	robust_exit();
	if (!t->t_dying)
		exception_exiting();
	parked_calls_drop(t);
	spin_lock(&proc_tree_lock);
	if (p->p_nthrs == 1) {
		spin_unlock(&proc_tree_lock);
		proc_exit(ABI_W_EXITED(0), 0);
	}
	node_ref(&p->p_node);
	channel = thr_leave_locked(px, t);
	/* What waited for this thread to unblock it waits for another. */
	if (p->p_sig->sa_pend.set != 0)
		signal_pass_on_locked(p);
	if (t->t_joinable) {
		node_ref(&t->t_node);
		list_push_back(&px->px_ended, &t->t_proc_link);
		px->px_nended++;
	}
	t->t_proc = NULL;
	if (px->px_single != NULL)
		thr_wake(px->px_single, 0);
	spin_unlock(&proc_tree_lock);
	if (channel != NULL)
		node_unuse(channel);
	thr_finish(t, p);
}

static void
reparent_locked(struct proc *p)
{
	struct proc *heir = proc_init(), *c, *tmp;

	list_for_each_safe(c, tmp, &p->p_children, p_sibling) {
		bool was_linked = c->p_state != PROC_ZOMBIE && linked(c);

		list_remove(&c->p_sibling);
		list_push_back(&heir->p_children, &c->p_sibling);
		c->p_parent = heir;
		if (was_linked)
			orphan_check(c->p_pgrp);
		if (c->p_state == PROC_ZOMBIE && report_end_locked(c))
			proc_reap_locked(procx_of(c));
	}
}

static void
become_zombie(struct procx *px, int status, int64_t code, struct sigacts **sa, bool *job_empty)
{
	struct proc *p = &px->px_proc;
	struct thr *t = thr_self();
	struct node *channel;
	bool was_linked;

	spin_lock(&proc_tree_lock);
	was_linked = linked(p);
	usage_fill_locked(p, &p->p_usage);
	channel = thr_leave_locked(px, t);
	t->t_proc = NULL;
	*sa = p->p_sig;
	p->p_sig = NULL;
	p->p_wait_status = status;
	p->p_exit_code = code;
	p->p_wait_flags = PW_ENDED;
	p->p_state = PROC_ZOMBIE;
	*job_empty = job_leave_locked(p);
	reparent_locked(p);
	if (was_linked)
		orphan_check(p->p_pgrp);
	if (px->px_nochild || report_end_locked(p))
		proc_reap_locked(px);
	spin_unlock(&proc_tree_lock);
	if (channel != NULL)
		node_unuse(channel);
}

void
proc_exit(int status, int64_t code)
{
	struct procx *px = procx_self();
	struct proc *p = &px->px_proc;
	struct wakelist wl;
	struct sigacts *sa;
	bool job_empty;

	if (signal_single_thread() != 0)
		proc_thr_exit();
	robust_exit();
	if (unlikely(p->p_trace != NULL || thr_self()->t_trace != NULL))
		trace_exit(p, status);
	if (p == proc_init())
		panic("process 1 ended with wait status %#x", (unsigned)status);
	spin_lock(&proc_tree_lock);
	p->p_state = PROC_EXITING;
	spin_unlock(&proc_tree_lock);
	node_ref(&p->p_node);
	exchannels_close(&px->px_exchannels);
	thread_drop_all(p);
	creds_forget(px);
	proc_timers_stop(px);
	leave_session(p);
	usage_sample(p);
	parked_calls_drop(thr_self());
	sem_exit(p);
	release_resources(p);
	become_zombie(px, status, code, &sa, &job_empty);
	proc_event(p, EV_PROCEXIT, code);
	wakelist_init(&wl);
	spin_lock(&p->p_node.lock);
	sig_change(&p->p_node.own, 0, SIG_SIGNALED, &wl);
	spin_unlock(&p->p_node.lock);
	wakelist_run(&wl);
	if (job_empty)
		job_settle(p->p_job);
	sigacts_destroy(sa);
	thr_finish(thr_self(), p);
}

int
sys_exit(long val, long flags)
{
	proc_exit(ABI_W_EXITED((int)val), val);
}

/* Death by SIGABRT, whatever the program has arranged for it. */
int
sys_abort(void)
{
	proc_exit(ABI_W_SIGNALED(SIGABRT, 0), MX_TASK_RETCODE_SIGNAL(SIGABRT));
}
