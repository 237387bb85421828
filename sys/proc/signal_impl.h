#pragma once
/* What signal.c, deliver.c, sigcalls.c and thread.c share; sa_lock is held. */
#include "kern/proc.h"
#include "mach/atomic.h"
#include "proc/signal.h"

int signal_take_locked(struct sigacts *, struct sigstate *, uint64_t wanted, struct abi_siginfo *);
/* What it would take. */
int signal_look_locked(struct sigacts *, struct sigstate *, uint64_t wanted, struct abi_siginfo *);
void signal_discard_locked(struct sigacts *, struct sigpend *, uint64_t set);

static inline uint64_t
deliverable(struct sigacts *sa, struct sigstate *ts)
{
	return (sa->sa_pend.set | ts->ts_pend.set) & ~ts->ts_mask;
}

/* WORK_SIGNAL as the masks say. */
static inline void
signal_update_locked(struct thr *t)
{
	struct sigacts *sa = t->t_proc->p_sig;

	if (deliverable(sa, t->t_sig) != 0 || sa->sa_stopped || sa->sa_killed || t->t_dying ||
	    t->t_suspends > 0 || t->t_sig->ts_starting)
		atomic_or(&t->t_work, WORK_SIGNAL);
	else
		atomic_and(&t->t_work, ~WORK_SIGNAL);
}

/* The mask, and what follows for WORK_SIGNAL. */
static inline void
signal_mask_locked(struct thr *t, uint64_t mask)
{
	t->t_sig->ts_mask = mask & ~SIGS_UNBLOCKABLE;
	signal_update_locked(t);
}

/* The thread has something to act on: a deliverable signal, a stop or death. */
static inline bool
signal_pending(struct thr *t)
{
	return (atomic_load(&t->t_work) & WORK_SIGNAL) != 0;
}
