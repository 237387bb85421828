/*
 * wait4, waitid: what became of children.
 *
 * All of it happens under the tree lock: a child's report is taken in the same step in which it is
 * found, so with any number of waiting threads each is reported exactly once.  A thread that finds
 * nothing puts itself on the parent's list of waiters and sleeps; any change of a child wakes all of
 * them, and each looks again.  A child that can be reported goes before a signal that came.
 *
 * The caller's memory may turn out bad, so what is found is told first and taken then, in a second
 * step that finds the same change again; if another thread was quicker, the search goes on.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "gen/sysproto.h"
#include "mach/user.h"
#include "proc/procx.h"
#include <abi/wait.h>

/* Which children, and which of their changes. */
struct want {
	int idtype;			/* ABI_P_* */
	int32_t id;
	int options;			/* WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT */
};

/* What is reported of one. */
struct report {
	int32_t pid;
	uint32_t uid;
	uint32_t change;		/* PW_ flag */
	int status;
	struct abi_rusage usage;
};

void
proc_reap_locked(struct procx *px)
{
	struct proc *p = &px->px_proc;
	struct procx *parent = procx_of(p->p_parent);
	nsec_t user, sys;

	ASSERT(p->p_state == PROC_ZOMBIE);
	if (!px->px_nochild) {
		proc_times_locked(p, &user, &sys);
		parent->px_child_user_ns += user + px->px_child_user_ns;
		parent->px_child_sys_ns += sys + px->px_child_sys_ns;
		usage_add(&parent->px_proc.p_child_usage, &p->p_usage);
		usage_add(&parent->px_proc.p_child_usage, &p->p_child_usage);
	}
	pgrp_leave_locked(p);
	proc_remove_locked(px);
	node_unref(&p->p_node);
}

static bool
matches(struct proc *c, const struct want *w)
{
	if (procx_of(c)->px_nochild)
		return false;
	switch (w->idtype) {
	case ABI_P_PID:
		return c->p_pid == w->id;
	case ABI_P_PGID:
		return c->p_pgrp->pg_id == w->id;
	default:
		return true;
	}
}

/* The change of c that is asked for and not reported yet, as a PW_ flag. */
static uint32_t
change_of(const struct proc *c, int options)
{
	if (c->p_state == PROC_ZOMBIE)
		return (options & WEXITED) != 0 ? PW_ENDED : 0;
	if ((options & WSTOPPED) != 0 && (c->p_wait_flags & PW_STOPPED) != 0)
		return PW_STOPPED;
	if ((options & WCONTINUED) != 0 && (c->p_wait_flags & PW_CONTINUED) != 0)
		return PW_CONTINUED;
	return 0;
}

static void
take_report(struct proc *c, uint32_t change, int options, struct report *r)
{
	r->pid = c->p_pid;
	r->uid = c->p_cred->ruid;
	r->change = change;
	r->status = c->p_wait_status;
	usage_fill_locked(c, &r->usage);
	usage_add(&r->usage, &c->p_child_usage);
	if ((options & WNOWAIT) != 0)
		return;
	c->p_wait_flags &= ~change;
	if (change == PW_ENDED)
		proc_reap_locked(procx_of(c));
}

/* 0 with r->pid, ECHILD, or EAGAIN: there are such children, and nothing to report. */
static int
scan_locked(struct proc *self, const struct want *w, struct report *r)
{
	int error = ECHILD;
	struct proc *c;

	list_for_each(c, &self->p_children, p_sibling) {
		uint32_t change;

		if (!matches(c, w))
			continue;
		error = EAGAIN;
		change = change_of(c, w->options);
		if (change != 0) {
			take_report(c, change, w->options, r);
			return 0;
		}
	}
	return error;
}

static int
wait_child(const struct want *w, struct report *r)
{
	struct procx *self = procx_self();
	struct child_waiter me = { .thr = thr_self() };
	int error, woken = 0;

	r->pid = 0;
	spin_lock(&proc_tree_lock);
	while ((error = scan_locked(&self->px_proc, w, r)) == EAGAIN) {
		if ((w->options & WNOHANG) != 0) {
			error = 0;
			break;
		}
		if (woken != 0) {
			error = woken;
			break;
		}
		thr_sleep_prepare(true);
		list_push_back(&self->px_waiters, &me.link);
		spin_unlock(&proc_tree_lock);
		woken = thr_sleep(NSEC_INFINITE);
		spin_lock(&proc_tree_lock);
		list_remove(&me.link);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* Takes the change that was told; false: another thread has. */
static bool
take_told(const struct want *w, struct report *told)
{
	struct proc *self = proc_self(), *c;
	bool found = false;

	spin_lock(&proc_tree_lock);
	list_for_each(c, &self->p_children, p_sibling) {
		if (c->p_pid != told->pid)
			continue;
		found = change_of(c, w->options) == told->change && c->p_wait_status == told->status;
		if (found)
			take_report(c, told->change, w->options, told);
		break;
	}
	spin_unlock(&proc_tree_lock);
	return found;
}

/* Waits, tells, takes; `tell' is NULL when there is nothing to tell. */
static int
wait_and_tell(const struct want *w, struct report *r, int (*tell)(const struct report *, void *), void *arg)
{
	struct want look = *w;
	int error;

	if (tell == NULL)
		return wait_child(w, r);
	look.options |= WNOWAIT;
	do {
		error = wait_child(&look, r);
		if (error == 0 && r->pid != 0)
			error = tell(r, arg);
		if (error != 0 || r->pid == 0)
			return error;
	} while ((w->options & WNOWAIT) == 0 && !take_told(w, r));
	return 0;
}

/* The group is named by number, so it is fixed before the wait. */
static int
want_from_pid(int32_t pid, struct want *w)
{
	if (pid == INT32_MIN)
		return ESRCH;
	if (pid == -1) {
		w->idtype = ABI_P_ALL;
	} else if (pid > 0) {
		w->idtype = ABI_P_PID;
		w->id = pid;
	} else {
		w->idtype = ABI_P_PGID;
		w->id = pid == 0 ? pgrp_self()->pg_id : -pid;
	}
	return 0;
}

struct wait4_out {
	void __user *status, *usage;
};

static int
wait4_tell(const struct report *r, void *arg)
{
	struct wait4_out *out = arg;
	int error = 0;

	if (out->status != NULL)
		error = copyout(&r->status, out->status, sizeof(r->status));
	if (error == 0 && out->usage != NULL)
		error = copyout(&r->usage, out->usage, sizeof(r->usage));
	return error;
}

int
sys_wait4(int32_t pid, void __user *status, int options, void __user *usage, intptr_t *result)
{
	struct wait4_out out = { status, usage };
	bool tell = status != NULL || usage != NULL;
	struct want w = { .options = options | WEXITED };
	struct report r = { .pid = 0 };
	int error;

	if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED)) != 0)
		return EINVAL;
	error = want_from_pid(pid, &w);
	if (error == 0)
		error = wait_and_tell(&w, &r, tell ? wait4_tell : NULL, &out);
	*result = r.pid;
	return error;
}

static void
report_to_info(const struct report *r, struct abi_siginfo *info)
{
	info->signo = SIGCHLD;
	info->pid = r->pid;
	info->uid = r->uid;
	info->utime = r->usage.utime.sec * ABI_CLK_TCK + r->usage.utime.usec / (1000000 / ABI_CLK_TCK);
	info->stime = r->usage.stime.sec * ABI_CLK_TCK + r->usage.stime.usec / (1000000 / ABI_CLK_TCK);
	if (r->status == ABI_W_CONTINUED) {
		info->code = CLD_CONTINUED;
		info->status = SIGCONT;
	} else if ((r->status & 0xff) == 0x7f) {
		info->code = CLD_STOPPED;
		info->status = r->status >> 8 & 0xff;
	} else if ((r->status & 0x7f) == 0) {
		info->code = CLD_EXITED;
		info->status = r->status >> 8 & 0xff;
	} else {
		info->code = (r->status & 0x80) != 0 ? CLD_DUMPED : CLD_KILLED;
		info->status = r->status & 0x7f;
	}
}

static int
waitid_tell(const struct report *r, void *to)
{
	struct abi_siginfo info = { 0 };

	report_to_info(r, &info);
	return copyout(&info, (void __user *)to, sizeof(info));
}

int
sys_waitid(int idtype, int32_t id, void __user *info, int options)
{
	struct want w = { .idtype = idtype, .id = id, .options = options };
	struct report r = { .pid = 0 };
	int error;

	if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED)) != 0 ||
	    (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0)
		return EINVAL;
	if (idtype != ABI_P_ALL && idtype != ABI_P_PID && idtype != ABI_P_PGID)
		return EINVAL;
	if (idtype == ABI_P_PGID && id == 0)
		w.id = pgrp_self()->pg_id;
	else if (idtype != ABI_P_ALL && id <= 0)
		return EINVAL;
	error = wait_and_tell(&w, &r, info != NULL ? waitid_tell : NULL, (void *)(uintptr_t)info);
	/* Nothing to report with WNOHANG: all zeros. */
	if (error == 0 && r.pid == 0 && info != NULL)
		error = user_zero(info, sizeof(struct abi_siginfo));
	return error;
}
