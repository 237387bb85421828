/* What /proc/PID/stat and status say that only this layer knows. */
#include "dev/tty.h"
#include "fs/procfs.h"
#include "kern/init.h"
#include "kern/sched.h"
#include "proc/pgrp.h"
#include "proc/procx.h"
#include "proc/signal.h"

static void
signal_info(struct proc *p, struct procfs_info *info)
{
	struct sigacts *sa = p->p_sig;
	struct thr *t = list_first(&p->p_thrs, struct thr, t_proc_link);

	if (sa == NULL)
		return;
	spin_lock(&sa->sa_lock);
	info->sig_pending = sa->sa_pend.set;
	info->sig_caught = sa->sa_caught;
	for (unsigned i = 0; i < SIG_LAST; i++)
		if (sa->sa_act[i].handler == SIGACT_IGN)
			info->sig_ignored |= SIGBIT(i + 1);
	if (t != NULL && t->t_sig != NULL) {
		info->sig_pending |= t->t_sig->ts_pend.set;
		info->sig_blocked = t->t_sig->ts_mask;
	}
	if (sa->sa_stopped)
		info->state = 'T';
	spin_unlock(&sa->sa_lock);
}

/* proc_tree_lock held. */
static void
proc_info(struct proc *p, struct procfs_info *info)
{
	struct procx *px = procx_of(p);
	nsec_t user, sys;

	proc_times_locked(p, &user, &sys);
	info->user_ns = (uint64_t)user;
	info->sys_ns = (uint64_t)sys;
	info->child_user_ns = (uint64_t)px->px_child_user_ns;
	info->child_sys_ns = (uint64_t)px->px_child_sys_ns;
	usage_fill_locked(p, &info->usage);
	info->nice = px->px_nice;
	if (p->p_pgrp != NULL) {
		info->pgid = p->p_pgrp->pg_id;
		info->sid = p->p_pgrp->pg_session->s_sid;
		if (p->p_pgrp->pg_session->s_tty != NULL)
			tty_job_info(p->p_pgrp->pg_session->s_tty, &info->tty, &info->tpgid);
	}
	if (p->p_state != PROC_ZOMBIE)
		signal_info(p, info);
}

static void
info_init(void)
{
	procfs_info_hook = proc_info;
}
INIT(info_init, LEVEL_PROC - 1);
