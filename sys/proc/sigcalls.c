/*
 * The signal calls: actions, masks, waiting for signals, kill and sigqueue, the alternate stack.
 */
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/sigmask.h"
#include "kern/string.h"
#include "kern/trap.h"
#include "gen/sysproto.h"
#include "mach/atomic.h"
#include "mach/frame.h"
#include "mach/user.h"
#include "proc/job.h"
#include "proc/signal_impl.h"
#include "proc/thread.h"
#include <abi/sigop.h>

/* --- actions and masks --- */

/* Ignored now: what is pending of it goes, for the process and all its threads. */
static void
discard_ignored(struct proc *p, int sig)
{
	struct sigacts *sa = p->p_sig;
	struct thr *t;

	spin_lock(&proc_tree_lock);
	spin_lock(&sa->sa_lock);
	if ((sa->sa_ignored & SIGBIT(sig)) != 0) {
		signal_discard_locked(sa, &sa->sa_pend, SIGBIT(sig));
		list_for_each(t, &p->p_thrs, t_proc_link)
			signal_discard_locked(sa, &t->t_sig->ts_pend, SIGBIT(sig));
	}
	spin_unlock(&sa->sa_lock);
	spin_unlock(&proc_tree_lock);
}

int
sys_sigaction(int sig, const struct abi_sigaction *act, struct abi_sigaction *old)
{
	struct proc *p = proc_self();
	struct sigacts *sa = p->p_sig;
	struct sigact *cur, new;
	bool ignored = false;

	if (sig < 1 || sig > SIG_LAST)
		return EINVAL;
	if (act != NULL && (SIGBIT(sig) & SIGS_UNBLOCKABLE) != 0)
		return EINVAL;
	cur = &sa->sa_act[sig - 1];
	spin_lock(&sa->sa_lock);
	if (old != NULL) {
		old->handler = cur->handler;
		old->mask = cur->mask;
		old->flags = cur->flags;
		old->restorer = cur->restorer;
	}
	if (act != NULL) {
		new = (struct sigact){ .handler = (uintptr_t)act->handler, .flags = act->flags,
			.mask = act->mask & ~SIGS_UNBLOCKABLE, .restorer = (uintptr_t)act->restorer };
		signal_set_action_locked(sa, sig, &new);
		ignored = (sa->sa_ignored & SIGBIT(sig)) != 0;
	}
	spin_unlock(&sa->sa_lock);
	if (ignored)
		discard_ignored(p, sig);
	return 0;
}

int
sys_sigprocmask(int how, const abi_sigset_t *set, abi_sigset_t *old)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	uint64_t mask = t->t_sig->ts_mask;

	if (old != NULL)
		*old = mask;
	if (set == NULL)
		return 0;
	switch (how) {
	case SIG_BLOCK:
		mask |= *set;
		break;
	case SIG_UNBLOCK:
		mask &= ~*set;
		break;
	case SIG_SETMASK:
		mask = *set;
		break;
	default:
		return EINVAL;
	}
	spin_lock(&sa->sa_lock);
	signal_mask_locked(t, mask);
	spin_unlock(&sa->sa_lock);
	signal_pass_on(t);
	return 0;
}

int
sys_sigpending(abi_sigset_t *set)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;

	spin_lock(&sa->sa_lock);
	*set = (sa->sa_pend.set | t->t_sig->ts_pend.set) & t->t_sig->ts_mask;
	spin_unlock(&sa->sa_lock);
	return 0;
}

/* --- waiting --- */

int
sys_sigsuspend(const abi_sigset_t *mask)
{
	(void)sigmask_set_temporary(mask);
	thr_sleep_prepare(true);
	(void)thr_sleep(NSEC_INFINITE);
	return sigmask_end(ERESTART);
}

/* Looks for one of `set', or prepares a sleep that a signal of the set ends too. */
static int
look_or_prepare(struct thr *t, uint64_t set, struct abi_siginfo *info)
{
	struct sigacts *sa = t->t_proc->p_sig;
	int sig;

	spin_lock(&sa->sa_lock);
	sig = signal_look_locked(sa, t->t_sig, set, info);
	t->t_sig->ts_wanted = sig != 0 ? 0 : set;
	signal_update_locked(t);
	if (sig == 0)
		thr_sleep_prepare(true);
	spin_unlock(&sa->sa_lock);
	return sig;
}

/* Takes the signal that was told; false: another thread has it, or one like it. */
static bool
take_told(struct thr *t, const struct abi_siginfo *told)
{
	struct sigacts *sa = t->t_proc->p_sig;
	struct abi_siginfo info;
	bool same;

	spin_lock(&sa->sa_lock);
	same = signal_look_locked(sa, t->t_sig, SIGBIT(told->signo), &info) != 0 &&
	    memcmp(&info, told, sizeof(info)) == 0;
	if (same)
		(void)signal_take_locked(sa, t->t_sig, SIGBIT(told->signo), &info);
	signal_update_locked(t);
	spin_unlock(&sa->sa_lock);
	return same;
}

/* The caller's memory may turn out bad: what is found is told first and taken then. */
int
sys_sigtimedwait(const abi_sigset_t *set, void __user *out, const struct abi_timespec *timeout,
    intptr_t *result)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	uint64_t wanted = *set & ~SIGS_UNBLOCKABLE;
	nsec_t deadline = NSEC_INFINITE, span;
	struct abi_siginfo info;
	int sig, error = 0;

	if (timeout != NULL) {
		error = timespec_to_nsec(timeout, &span);
		if (error != 0)
			return error;
		deadline = span == 0 ? 0 : sigmask_deadline(deadline_after(span));
	}
	do {
		while ((sig = look_or_prepare(t, wanted, &info)) == 0 && error == 0)
			error = thr_sleep(deadline);
		if (sig != 0 && out != NULL && copyout(&info, out, sizeof(info)) != 0)
			return EFAULT;
	} while (sig != 0 && !take_told(t, &info));
	if (sig == 0) {
		thr_sleep_cancel();
		spin_lock(&sa->sa_lock);
		t->t_sig->ts_wanted = 0;
		spin_unlock(&sa->sa_lock);
		return sigmask_end(error == ERESTART ? ERESTART : EAGAIN);
	}
	signal_pass_on(t);
	*result = sig;
	return sigmask_end(0);
}

/* --- kill --- */

/* May the current process send sig to p: no policy keeps it in its job, and a real or effective uid is p's real or saved one. */
static bool
may_signal_locked(struct proc *self, struct proc *p, int sig)
{
	const struct cred *c = self->p_cred, *to = p->p_cred;

	if (!job_reaches_locked(p))
		return false;
	if (cred_super(c) || c->ruid == to->ruid || c->ruid == to->suid || c->euid == to->ruid ||
	    c->euid == to->suid)
		return true;
	return sig == SIGCONT && self->p_pgrp->pg_session == p->p_pgrp->pg_session;
}

bool
signal_allowed_locked(struct proc *p)
{
	return may_signal_locked(proc_self(), p, SIGKILL);
}

static int
kill_one_locked(struct proc *p, int sig, const struct abi_siginfo *info)
{
	if (!may_signal_locked(proc_self(), p, sig))
		return EPERM;
	return sig == 0 ? 0 : signal_send_proc_locked(p, sig, info);
}

/* Any success is success; else EPERM if somebody was there. */
static int
kill_group_locked(int32_t pgid, int sig, const struct abi_siginfo *info)
{
	struct pgrp *pg = pgrp_lookup_locked(pgid);
	struct proc *p;
	int error = ESRCH, e;

	if (pg == NULL)
		return ESRCH;
	list_for_each(p, &pg->pg_members, p_pgrp_link) {
		e = kill_one_locked(p, sig, info);
		if (e == 0 || error == ESRCH)
			error = e;
	}
	return error;
}

/* Everybody but process 1 and the caller. */
static int
kill_all_locked(int sig, const struct abi_siginfo *info)
{
	struct proc *p;
	int error = ESRCH, e;

	list_for_each(p, &proc_list, p_all) {
		if (p == proc_init() || p == proc_self())
			continue;
		e = kill_one_locked(p, sig, info);
		if (e == 0 || error == ESRCH)
			error = e;
	}
	return error;
}

static void
info_from_self(struct abi_siginfo *info, int sig, int code)
{
	*info = (struct abi_siginfo){ .signo = sig, .code = code, .pid = proc_self()->p_pid,
		.uid = proc_self()->p_cred->ruid };
}

int
sys_kill(int32_t pid, int sig)
{
	struct abi_siginfo info;
	struct proc *p;
	int error;

	if (sig < 0 || sig > SIG_LAST)
		return EINVAL;
	if (pid == INT32_MIN)
		return ESRCH;
	info_from_self(&info, sig, SI_USER);
	spin_lock(&proc_tree_lock);
	if (pid > 0) {
		p = proc_lookup_locked(pid);
		error = p == NULL ? ESRCH : kill_one_locked(p, sig, &info);
	} else if (pid == -1) {
		error = kill_all_locked(sig, &info);
	} else {
		error = kill_group_locked(pid == 0 ? proc_self()->p_pgrp->pg_id : -pid, sig, &info);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* --- sets of signals: Zero's sigop --- */

/* All of the set or, when one is not allowed, none; of the empty set: only whether they are allowed. */
static int
send_set_locked(struct proc *p, uint64_t set)
{
	struct abi_siginfo info;
	int error = 0;

	for (int sig = 0; sig <= SIG_LAST; sig++)
		if ((sig == 0 ? set == 0 : (set & SIGBIT(sig)) != 0) && !may_signal_locked(proc_self(), p, sig))
			return EPERM;
	for (int sig = 1; sig <= SIG_LAST && error == 0; sig++) {
		if ((set & SIGBIT(sig)) == 0)
			continue;
		info_from_self(&info, sig, SI_USER);
		error = signal_send_proc_locked(p, sig, &info);
	}
	return error;
}

/* Children, or a group: any success is success. */
static int
send_set_each_locked(bool children, uint64_t set)
{
	struct proc *self = proc_self(), *p;
	int error = ESRCH, e;

	list_for_each(p, &proc_list, p_all) {
		if (children ? p->p_parent != self : p->p_pgrp != self->p_pgrp)
			continue;
		e = send_set_locked(p, set);
		if (e == 0 || error == ESRCH)
			error = e;
	}
	return error;
}

int
signal_send_set(int64_t to, uint64_t set)
{
	struct proc *p = NULL;
	int error;

	spin_lock(&proc_tree_lock);
	if (to == SIGOP_CLD || to == SIGOP_GRP) {
		error = send_set_each_locked(to == SIGOP_CLD, set);
	} else {
		if (to == 0 || to == SIGOP_SELF)
			p = proc_self();
		else if (to > 0 && to <= INT32_MAX)
			p = proc_lookup_locked((int32_t)to);
		error = p == NULL ? ESRCH : send_set_locked(p, set);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

int
sys_sigqueue(int32_t pid, int sig, uint64_t value)
{
	struct abi_siginfo info;
	struct proc *p;
	int error;

	if (sig < 0 || sig > SIG_LAST)
		return EINVAL;
	info_from_self(&info, sig, SI_QUEUE);
	info.value = value;
	spin_lock(&proc_tree_lock);
	p = pid > 0 ? proc_lookup_locked(pid) : NULL;
	error = p == NULL ? ESRCH : kill_one_locked(p, sig, &info);
	spin_unlock(&proc_tree_lock);
	return error;
}

/* To one thread; pid 0 is the caller's process. */
int
sys_tgkill(int32_t pid, int32_t tid, int sig)
{
	struct abi_siginfo info;
	struct thr *t = NULL;
	struct proc *p;
	int error = ESRCH;

	if (sig < 0 || sig > SIG_LAST)
		return EINVAL;
	info_from_self(&info, sig, SI_USER);
	spin_lock(&proc_tree_lock);
	p = pid == 0 ? proc_self() : pid > 0 ? proc_lookup_locked(pid) : NULL;
	if (p != NULL)
		t = thread_find_locked(p, tid);
	if (t != NULL) {
		error = may_signal_locked(proc_self(), p, sig) ? 0 : EPERM;
		if (error == 0 && sig != 0)
			error = signal_send_thr_locked(t, sig, &info);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* --- the alternate stack, the return --- */

static bool
on_stack(const struct abi_stack *s, uintptr_t sp)
{
	return (s->flags & SS_DISABLE) == 0 && sp - s->sp < s->size;
}

int
sys_sigaltstack(struct trapframe *frame, const struct abi_stack *new, struct abi_stack *old)
{
	struct abi_stack *cur = &thr_self()->t_sig->ts_stack;
	bool on = on_stack(cur, tf_sp(frame));

	if (old != NULL) {
		*old = *cur;
		old->pad = 0;
		if (on)
			old->flags |= SS_ONSTACK;
	}
	if (new == NULL)
		return 0;
	if (on)
		return EPERM;
	if ((new->flags & ~SS_DISABLE) != 0)
		return EINVAL;
	if ((new->flags & SS_DISABLE) != 0) {
		*cur = (struct abi_stack){ .flags = SS_DISABLE };
		return 0;
	}
	if (new->size < MINSIGSTKSZ)
		return ENOMEM;
	if (!user_range_ok((uintptr_t)new->sp, (size_t)new->size))
		return EINVAL;
	*cur = (struct abi_stack){ .sp = new->sp, .size = new->size };
	return 0;
}

/*
 * The end of a handler.  What the program hands back may be anything: the machine layer takes
 * only what user mode may choose; a frame that cannot be read is a fault of the program.
 */
int
sys_sigreturn(struct trapframe *frame, void __user *context)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	struct abi_ucontext uc;

	if (mach_signal_return(frame, context, &uc) != 0) {
		trap_signal(frame, SIGSEGV, SEGV_MAPERR, tf_sp(frame));
		return EJUSTRETURN;
	}
	spin_lock(&sa->sa_lock);
	signal_mask_locked(t, uc.sigmask);
	spin_unlock(&sa->sa_lock);
	return EJUSTRETURN;
}
