/*
 * POSIX signals: delivery, stopping.
 *
 * 1. A thread on its way to user mode takes one pending signal after the other and does what its action says.
 *
 * 2. An interrupted call.  A body that a signal interrupts returns ERESTART and has changed
 * nothing; the frame is still as the program left it.  When a handler runs, the call ends with
 * EINTR, or is executed again afterwards if SA_RESTART is set and the body did not say
 * ts_no_restart.  When no handler runs (a stop and a continue, an ignored signal) it is
 * always executed again: the program notices nothing.  Native calls are always executed again.
 *
 * 3. Stops.  The action "stop" sets sa_stopped; every thread of the process then sleeps in
 * signal_deliver() until SIGCONT clears it, or SIGKILL comes.
 */
#include "proc/signal_impl.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "ipc/trace.h"
#include "mach/frame.h"
#include "proc/thread.h"
#include <abi/task.h>
#include <abi/wait.h>

#define CALL_NATIVE	512		/* calls from here on are restarted whatever happens */

COUNTER_EVENT(delivered, "proc.signals.delivered");

/* What becomes of the call that the signal interrupted. */
static void
finish_call(struct trapframe *tf, struct thr *t, bool handler, bool restart)
{
	if (!t->t_restart)
		return;
	t->t_restart = false;
	if (!handler || t->t_call >= CALL_NATIVE || (restart && !t->t_sig->ts_no_restart)) {
		tf_restart(tf, t->t_call);
	} else {
		tf_set_result(tf, EINTR);
		tf_set_carry(tf, true);
	}
	t->t_sig->ts_no_restart = false;
}

void
signal_settle_call(struct thr *t)
{
	finish_call(mach_thr_frame(&t->t_mach), t, false, false);
}

static bool
on_altstack(const struct sigstate *ts, uintptr_t sp)
{
	return (ts->ts_stack.flags & SS_DISABLE) == 0 && sp - ts->ts_stack.sp < ts->ts_stack.size;
}

/* Runs the handler: a frame on the user stack, the handler's mask. */
static void
call_handler(struct trapframe *tf, struct thr *t, const struct sigact *act, struct abi_siginfo *info)
{
	struct sigstate *ts = t->t_sig;
	struct sigacts *sa = t->t_proc->p_sig;
	struct abi_ucontext uc;
	struct mach_signal ms = { .signo = info->signo, .handler = act->handler,
		.restorer = act->restorer, .info = info, .uc = &uc };
	uint64_t mask = act->mask;

	finish_call(tf, t, true, (act->flags & SA_RESTART) != 0);
	ts->ts_deadline = 0;		/* the handler's own sleeps have their own */
	memset(&uc, 0, offsetof(struct abi_ucontext, mcontext));	/* the rest is the machine's */
	uc.sigmask = ts->ts_has_saved ? ts->ts_saved : ts->ts_mask;
	uc.stack = ts->ts_stack;
	if (on_altstack(ts, tf_sp(tf)))
		uc.stack.flags |= SS_ONSTACK;
	else if ((act->flags & SA_ONSTACK) != 0 && (ts->ts_stack.flags & SS_DISABLE) == 0)
		ms.stack_top = (uintptr_t)(ts->ts_stack.sp + ts->ts_stack.size);
	if (mach_signal_push(tf, &ms) != 0) {
		/* No stack to run on: the only thing left is to die of it. */
		proc_exit(ABI_W_SIGNALED(SIGSEGV, 0), MX_TASK_RETCODE_SIGNAL(SIGSEGV));
	}
	if ((act->flags & SA_NODEFER) == 0)
		mask |= SIGBIT(info->signo);
	spin_lock(&sa->sa_lock);
	signal_mask_locked(t, ts->ts_mask | mask);
	ts->ts_has_saved = false;
	spin_unlock(&sa->sa_lock);
	delivered.value++;
}

/* The action "stop".  A terminal's stop does nothing in a group that nobody could continue. */
static void
stop_process(struct proc *p, int sig, uint32_t conts)
{
	struct sigacts *sa = p->p_sig;
	bool stop = false;
	struct thr *t;

	spin_lock(&proc_tree_lock);
	if (sig == SIGSTOP || !pgrp_orphaned_locked(p->p_pgrp)) {
		spin_lock(&sa->sa_lock);
		stop = sa->sa_conts == conts && !sa->sa_killed && !sa->sa_stopped;
		if (stop) {
			sa->sa_stopped = true;
			list_for_each(t, &p->p_thrs, t_proc_link)
				thr_interrupt(t);
		}
		spin_unlock(&sa->sa_lock);
	}
	if (stop) {
		p->p_wait_status = ABI_W_STOPPED(sig);
		p->p_wait_flags = (p->p_wait_flags & ~PW_CONTINUED) | PW_STOPPED;
		proc_child_event_locked(p, CLD_STOPPED, sig);
	}
	spin_unlock(&proc_tree_lock);
}

/* The levels say whether it is suspended; sa_lock held, and again afterwards. */
static void
park_locked(struct thr *t, struct sigacts *sa, bool parked)
{
	spin_unlock(&sa->sa_lock);
	if (parked)
		thread_level(t, SIG_THR_RUNNING, SIG_THR_SUSPENDED);
	else
		thread_level(t, SIG_THR_SUSPENDED, SIG_THR_RUNNING);
	spin_lock(&sa->sa_lock);
	t->t_held = parked;
}

/*
 * Sleeps while the process is stopped or the thread suspended, unless they die; sa_lock held, and again
 * afterwards.
 */
static void
wait_stopped_locked(struct thr *t, struct sigacts *sa)
{
	while ((sa->sa_stopped || t->t_suspends > 0) && !sa->sa_killed && !t->t_dying) {
		if (t->t_held != (t->t_suspends > 0)) {
			park_locked(t, sa, !t->t_held);
			continue;
		}
		t->t_sig->ts_stopped = true;
		thr_sleep_prepare(false);
		spin_unlock(&sa->sa_lock);
		(void)thr_sleep(NSEC_INFINITE);
		spin_lock(&sa->sa_lock);
		t->t_sig->ts_stopped = false;
	}
	if (t->t_held)
		park_locked(t, sa, false);
}

static void __noreturn
die_killed(struct procx *px)
{
	if (px->px_kill_status != 0)
		proc_exit(px->px_kill_status, px->px_kill_code);
	proc_exit(ABI_W_SIGNALED(SIGKILL, 0), MX_TASK_RETCODE_SIGNAL(SIGKILL));
}

/*
 * The next signal to act on, with a copy of its action; 0 when there is none.  Stops are waited
 * out here; death does not return.
 */
static int
next_signal(struct thr *t, struct abi_siginfo *info, struct sigact *act, uint32_t *conts)
{
	static const struct sigact dfl;
	struct sigacts *sa = t->t_proc->p_sig;
	struct sigstate *ts = t->t_sig;
	int sig;

	spin_lock(&sa->sa_lock);
	while (unlikely(sa->sa_stopped || t->t_suspends > 0 || t->t_held) && !sa->sa_killed && !t->t_dying)
		wait_stopped_locked(t, sa);
	if (t->t_dying || sa->sa_killed) {
		bool killed = sa->sa_killed;

		spin_unlock(&sa->sa_lock);
		if (killed)
			die_killed(procx_of(t->t_proc));
		proc_thr_exit();
	}
	sig = signal_take_locked(sa, ts, ~ts->ts_mask, info);
	if (sig == 0 && ts->ts_has_saved) {
		/* No handler ran under the temporary mask: it ends here. */
		ts->ts_has_saved = false;
		ts->ts_mask = ts->ts_saved;
		sig = signal_take_locked(sa, ts, ~ts->ts_mask, info);
	}
	if (sig != 0) {
		*act = sa->sa_act[sig - 1];
		*conts = sa->sa_conts;
		if ((act->flags & SA_RESETHAND) != 0 && act->handler > SIGACT_IGN)
			signal_set_action_locked(sa, sig, &dfl);
	}
	signal_update_locked(t);
	spin_unlock(&sa->sa_lock);
	return sig;
}

/* The machine sent it, for what this very thread did. */
static bool
is_fault(int sig, const struct abi_siginfo *info)
{
	return (SIGS_FAULT & SIGBIT(sig)) != 0 && (info->code > SI_KERNEL ||
	    (info->code == SI_KERNEL && info->trapno != 0));
}

/* No handler of the program's takes the fault: the jobs may. */
static bool
ask_jobs(const struct trapframe *tf, const struct abi_siginfo *info)
{
	struct fault f = { .vector = (uint32_t)info->trapno, .addr = (vaddr_t)info->addr, .pc = tf_pc(tf) };

	return exception_jobs(&f);
}

void
signal_deliver(struct trapframe *tf)
{
	struct thr *t = thr_self();
	struct abi_siginfo info;
	struct sigact act;
	uint32_t conts;
	int sig;

	if (unlikely(t->t_sig->ts_starting))
		exception_starting();
	while ((sig = next_signal(t, &info, &act, &conts)) != 0) {
		if (unlikely(t->t_proc->p_trace != NULL))
			trace_signal(t->t_proc, &info);
		if (act.handler > SIGACT_IGN) {
			call_handler(tf, t, &act, &info);
			if (!signal_pending(t)) {
				signal_pass_on(t);
				return;
			}
		} else if (act.handler == SIGACT_IGN || (SIGS_IGNORE & SIGBIT(sig)) != 0) {
			continue;
		} else if ((SIGS_STOP & SIGBIT(sig)) != 0) {
			stop_process(t->t_proc, sig, conts);
		} else if (!is_fault(sig, &info) || !ask_jobs(tf, &info)) {
			proc_exit(ABI_W_SIGNALED(sig, 0), MX_TASK_RETCODE_SIGNAL(sig));
		}
	}
	finish_call(tf, t, false, false);
	signal_pass_on(t);
}
