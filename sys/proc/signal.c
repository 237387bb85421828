/*
 * POSIX signals: what is pending, and sending.
 *
 * 1. Pending signals are a word of bits and a queue of what came with them, once for the process
 * and once for each thread.  A signal below SIGRTMIN is pending at most once in each; realtime
 * signals queue, oldest first, up to a limit.
 *
 * 2. A sender never runs anything in the target.  It makes the signal pending, chooses a thread
 * that does not block it, sets WORK_SIGNAL there, and ends its sleep if that may be ended.  The
 * target acts on its way to user mode: signal_deliver() takes one pending signal after the other (deliver.c).
 * Under sa_lock WORK_SIGNAL is set whenever something could be delivered; it may be set for
 * nothing, and is then cleared on the way out.
 *
 * 3. SIGCONT acts when it is sent, also when it is blocked or ignored, and takes pending stops away; a stop takes
 * a pending SIGCONT away.
 *
 * 4. Process 1 gets only what it has a handler for; a fault of its own still ends it (and panics).
 *
 * Locking: proc_tree_lock -> sa_lock -> zones, run queue.  Whoever needs the list of threads holds
 * the tree lock.  Two processes' sa_locks are never held together.
 */
#include "proc/signal_impl.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/io.h"
#include "kern/kstat.h"
#include "kern/owner.h"
#include "kern/sched.h"
#include "kern/sigmask.h"
#include "kern/string.h"
#include "kern/trap.h"
#include "fs/file.h"
#include "ipc/mq.h"
#include "mach/atomic.h"
#include "mach/frame.h"
#include "proc/native.h"
#include "vm/zone.h"
#include <abi/wait.h>

struct sigqueue {
	struct list link;
	struct abi_siginfo info;
};

LOCK_CLASS(signal_class, "POSIX signals", RANK_SIGNAL);
ZONE(sigacts_zone, struct sigacts);
ZONE(sigstate_zone, struct sigstate);
ZONE(sigqueue_zone, struct sigqueue);
COUNTER(queued_signals, "proc.signals.queued");

/* --- life --- */

static void
pend_init(struct sigpend *sp)
{
	sp->set = 0;
	list_init(&sp->queue);
}

static void
entry_free(struct sigacts *sa, struct sigqueue *q)
{
	list_remove(&q->link);
	sa->sa_queued--;
	kstat_add(&queued_signals, -1);
	zone_free(sigqueue_zone, q);
}

void
signal_discard_locked(struct sigacts *sa, struct sigpend *sp, uint64_t set)
{
	struct sigqueue *q, *tmp;

	if ((sp->set & set) == 0)
		return;
	sp->set &= ~set;
	list_for_each_safe(q, tmp, &sp->queue, link) {
		if ((SIGBIT(q->info.signo) & set) != 0)
			entry_free(sa, q);
	}
}

struct sigacts *
sigacts_create(void)
{
	struct sigacts *sa = zone_alloc(sigacts_zone, ZALLOC_ZERO);

	if (sa == NULL)
		return NULL;
	spin_init(&sa->sa_lock, &signal_class);
	pend_init(&sa->sa_pend);
	sa->sa_ignored = SIGS_IGNORE;
	return sa;
}

struct sigacts *
sigacts_fork(struct sigacts *from)
{
	struct sigacts *sa = zone_alloc(sigacts_zone, 0);

	if (sa == NULL)
		return NULL;
	memcpy(sa->sa_act, from->sa_act, sizeof(sa->sa_act));
	spin_init(&sa->sa_lock, &signal_class);
	pend_init(&sa->sa_pend);
	sa->sa_ignored = from->sa_ignored;
	sa->sa_caught = from->sa_caught;
	sa->sa_queued = sa->sa_conts = 0;
	sa->sa_stopped = sa->sa_killed = false;
	return sa;
}

void
sigacts_exec(struct sigacts *sa)
{
	static const struct sigact dfl;

	spin_lock(&sa->sa_lock);
	while (sa->sa_caught != 0)
		signal_set_action_locked(sa, __builtin_ctzll(sa->sa_caught) + 1, &dfl);
	spin_unlock(&sa->sa_lock);
}

void
sigacts_destroy(struct sigacts *sa)
{
	signal_discard_locked(sa, &sa->sa_pend, ~0ull);
	ASSERT(sa->sa_queued == 0);
	zone_free(sigacts_zone, sa);
}

struct sigstate *
sigstate_create(const struct sigstate *from)
{
	struct sigstate *ts = zone_alloc(sigstate_zone, ZALLOC_ZERO);

	if (ts == NULL)
		return NULL;
	pend_init(&ts->ts_pend);
	ts->ts_stack.flags = SS_DISABLE;
	if (from != NULL) {
		ts->ts_mask = from->ts_mask;
		ts->ts_stack = from->ts_stack;
	}
	return ts;
}

void
sigstate_destroy(struct sigstate *ts, struct sigacts *sa)
{
	spin_lock(&sa->sa_lock);
	signal_discard_locked(sa, &ts->ts_pend, ~0ull);
	spin_unlock(&sa->sa_lock);
	zone_free(sigstate_zone, ts);
}

void
sigstate_free(struct sigstate *ts)
{
	ASSERT(list_empty(&ts->ts_pend.queue));
	zone_free(sigstate_zone, ts);
}

/* --- masks and what is deliverable --- */

bool
signal_held_or_ignored(int sig)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	bool yes;

	spin_lock(&sa->sa_lock);
	yes = ((t->t_sig->ts_mask | sa->sa_ignored) & SIGBIT(sig)) != 0;
	spin_unlock(&sa->sa_lock);
	return yes;
}

static void
set_temporary(struct thr *t, uint64_t mask)
{
	struct sigacts *sa = t->t_proc->p_sig;

	spin_lock(&sa->sa_lock);
	if (!t->t_sig->ts_has_saved) {
		t->t_sig->ts_saved = t->t_sig->ts_mask;
		t->t_sig->ts_has_saved = true;
	}
	signal_mask_locked(t, mask);
	spin_unlock(&sa->sa_lock);
}

int
sigmask_set_temporary(const abi_sigset_t *mask)
{
	set_temporary(thr_self(), *mask);
	return 0;
}

void
sigmask_restore(void)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;

	spin_lock(&sa->sa_lock);
	if (t->t_sig->ts_has_saved) {
		t->t_sig->ts_has_saved = false;
		signal_mask_locked(t, t->t_sig->ts_saved);
	}
	spin_unlock(&sa->sa_lock);
}

nsec_t
sigmask_deadline(nsec_t deadline)
{
	struct sigstate *ts = thr_self()->t_sig;

	if (ts->ts_deadline == 0)
		ts->ts_deadline = deadline;
	return ts->ts_deadline;
}

int
sigmask_end(int error)
{
	struct sigstate *ts = thr_self()->t_sig;

	if (error == ERESTART)
		ts->ts_no_restart = true;
	else
		ts->ts_deadline = 0;
	return error;
}

void
signal_set_action_locked(struct sigacts *sa, int sig, const struct sigact *act)
{
	uint64_t bit = SIGBIT(sig);

	sa->sa_act[sig - 1] = *act;
	sa->sa_caught &= ~bit;
	sa->sa_ignored &= ~bit;
	if (act->handler > SIGACT_IGN)
		sa->sa_caught |= bit;
	else if (act->handler == SIGACT_IGN || (SIGS_IGNORE & bit) != 0)
		sa->sa_ignored |= bit;
}

/* --- sending --- */

static struct sigqueue *
entry_make(int sig, const struct abi_siginfo *info)
{
	struct sigqueue *q = zone_alloc(sigqueue_zone, 0);

	if (q == NULL)
		return NULL;
	if (info != NULL)
		q->info = *info;
	else
		q->info = (struct abi_siginfo){ .code = SI_KERNEL };
	q->info.signo = sig;
	return q;
}

static bool
must_queue(int sig, const struct abi_siginfo *info)
{
	return sig >= SIGRTMIN || (info != NULL && info->code == SI_QUEUE);
}

/*
 * Makes sig pending in sp.  A plain signal is never lost: without memory only what came with it
 * is.  EAGAIN: it had to be queued and cannot be.
 */
static int
pend_add_locked(struct proc *p, struct sigpend *sp, int sig, const struct abi_siginfo *info)
{
	struct sigacts *sa = p->p_sig;
	struct sigqueue *q;

	if (sig < SIGRTMIN && (sp->set & SIGBIT(sig)) != 0)
		return 0;
	if (must_queue(sig, info) &&
	    sa->sa_queued >= MIN(p->p_limits[RLIMIT_SIGPENDING].cur, (uint64_t)SIGQUEUE_MAX))
		return EAGAIN;
	q = entry_make(sig, info);
	if (q == NULL && must_queue(sig, info))
		return EAGAIN;
	if (q != NULL) {
		owner_give(q, p->p_node.koid);
		list_push_back(&sp->queue, &q->link);
		sa->sa_queued++;
		kstat_add(&queued_signals, 1);
	}
	sp->set |= SIGBIT(sig);
	return 0;
}

/* Ends the sleep of a thread that is to look at its signals. */
static void
notify(struct thr *t)
{
	thr_interrupt(t);
	if (t->t_sig->ts_stopped)
		thr_wake(t, 0);
}

/* A thread that will take it, or NULL when all block it. */
static struct thr *
choose_locked(struct proc *p, uint64_t bit)
{
	struct thr *t, *best = NULL;

	list_for_each(t, &p->p_thrs, t_proc_link) {
		if ((t->t_sig->ts_wanted & bit) != 0)
			return t;
		if (best == NULL && (t->t_sig->ts_mask & bit) == 0)
			best = t;
	}
	return best;
}

static void
discard_everywhere_locked(struct proc *p, uint64_t set)
{
	struct thr *t;

	signal_discard_locked(p->p_sig, &p->p_sig->sa_pend, set);
	list_for_each(t, &p->p_thrs, t_proc_link)
		signal_discard_locked(p->p_sig, &t->t_sig->ts_pend, set);
}

/* The part of SIGCONT, stop signals and SIGKILL that does not wait.  True: the process continued. */
static bool
act_at_once_locked(struct proc *p, int sig)
{
	struct sigacts *sa = p->p_sig;
	bool was_stopped = sa->sa_stopped;
	struct thr *t;

	if ((SIGS_STOP & SIGBIT(sig)) != 0)
		discard_everywhere_locked(p, SIGBIT(SIGCONT));
	if (sig == SIGCONT) {
		discard_everywhere_locked(p, SIGS_STOP);
		sa->sa_conts++;
	}
	if (sig == SIGKILL)
		sa->sa_killed = true;
	if (sig != SIGCONT && sig != SIGKILL)
		return false;
	sa->sa_stopped = false;
	list_for_each(t, &p->p_thrs, t_proc_link) {
		if (t->t_sig->ts_stopped)
			thr_wake(t, 0);
		if (sig == SIGKILL) {
			t->t_dying = true;
			notify(t);
		}
	}
	return was_stopped && sig == SIGCONT;
}

void
signal_pass_on_locked(struct proc *p)
{
	struct sigacts *sa = p->p_sig;
	struct thr *t;

	spin_lock(&sa->sa_lock);
	for (uint64_t set = sa->sa_pend.set; set != 0; set &= set - 1) {
		t = choose_locked(p, set & -set);
		if (t != NULL && t != thr_self())
			thr_interrupt(t);
	}
	spin_unlock(&sa->sa_lock);
}

void
signal_pass_on(struct thr *t)
{
	struct proc *p = t->t_proc;

	if (likely(p->p_nthrs == 1 || (p->p_sig->sa_pend.set & t->t_sig->ts_mask) == 0))
		return;
	spin_lock(&proc_tree_lock);
	signal_pass_on_locked(p);
	spin_unlock(&proc_tree_lock);
}

/* Not even pending: the signal would do nothing, and nobody holds it back to look at it later. */
static bool
dropped_locked(struct proc *p, int sig, struct thr *only)
{
	struct sigacts *sa = p->p_sig;
	uint64_t bit = SIGBIT(sig);
	struct thr *t;

	if (p == proc_init() && (sa->sa_caught & bit) == 0 && ((SIGS_FAULT & bit) == 0 || only == NULL))
		return true;
	if ((sa->sa_ignored & bit) == 0)
		return false;
	if (only != NULL)
		return (only->t_sig->ts_mask & bit) == 0;
	list_for_each(t, &p->p_thrs, t_proc_link) {
		if (((t->t_sig->ts_mask | t->t_sig->ts_wanted) & bit) != 0)
			return false;
	}
	return true;
}

/* To p, or to its thread `only'.  The tree lock is held. */
static int
send_locked(struct proc *p, struct thr *only, int sig, const struct abi_siginfo *info)
{
	struct sigacts *sa = p->p_sig;
	bool continued = false;
	struct thr *t;
	int error = 0;

	ASSERT(spin_held(&proc_tree_lock) && sig >= 1 && sig <= SIG_LAST);
	if (p->p_state != PROC_ALIVE || sa == NULL)
		return 0;
	if (p == proc_init() && (SIGBIT(sig) & SIGS_UNBLOCKABLE) != 0)
		return 0;
	spin_lock(&sa->sa_lock);
	if (((SIGS_STOP | SIGBIT(SIGCONT) | SIGBIT(SIGKILL)) & SIGBIT(sig)) != 0)
		continued = act_at_once_locked(p, sig);
	if (sig != SIGKILL && !dropped_locked(p, sig, only)) {
		error = pend_add_locked(p, only != NULL ? &only->t_sig->ts_pend : &sa->sa_pend, sig, info);
		t = only;
		if (t == NULL)
			t = choose_locked(p, SIGBIT(sig));
		else if (((t->t_sig->ts_mask & ~t->t_sig->ts_wanted) & SIGBIT(sig)) != 0)
			t = NULL;
		if (t != NULL && error == 0)
			thr_interrupt(t);
	}
	spin_unlock(&sa->sa_lock);
	if (continued) {
		p->p_wait_status = ABI_W_CONTINUED;
		p->p_wait_flags = (p->p_wait_flags & ~PW_STOPPED) | PW_CONTINUED;
		proc_child_event_locked(p, CLD_CONTINUED, SIGCONT);
	}
	return error;
}

int
signal_send_proc_locked(struct proc *p, int sig, const struct abi_siginfo *info)
{
	return send_locked(p, NULL, sig, info);
}

int
signal_send_proc(struct proc *p, int sig, const struct abi_siginfo *info)
{
	int error;

	spin_lock(&proc_tree_lock);
	error = send_locked(p, NULL, sig, info);
	spin_unlock(&proc_tree_lock);
	return error;
}

int
signal_send_thr(struct thr *t, int sig, const struct abi_siginfo *info)
{
	int error;

	spin_lock(&proc_tree_lock);
	error = send_locked(t->t_proc, t, sig, info);
	spin_unlock(&proc_tree_lock);
	return error;
}

bool
proc_kill_locked(struct proc *p, int status, int64_t code)
{
	struct procx *px = procx_of(p);
	struct sigacts *sa = p->p_sig;
	bool first;

	if (p->p_state == PROC_NEW) {
		native_kill_locked(px, status, code);
		return true;
	}
	if (p->p_state != PROC_ALIVE || p == proc_init())
		return false;
	spin_lock(&sa->sa_lock);
	first = !sa->sa_killed;
	if (first) {
		px->px_kill_status = status;
		px->px_kill_code = code;
	}
	spin_unlock(&sa->sa_lock);
	if (first)
		(void)send_locked(p, NULL, SIGKILL, NULL);
	return first;
}

int
signal_send_thr_locked(struct thr *t, int sig, const struct abi_siginfo *info)
{
	return send_locked(t->t_proc, t, sig, info);
}

/* The victim runs before everybody who waits for its memory. */
bool
signal_kill_once(struct proc *p, int64_t code)
{
	struct thr *t;
	bool first;

	spin_lock(&proc_tree_lock);
	first = proc_kill_locked(p, ABI_W_SIGNALED(SIGKILL, 0), code);
	if (first) {
		list_for_each(t, &p->p_thrs, t_proc_link)
			sched_set(t, THRRT, 0);
	}
	spin_unlock(&proc_tree_lock);
	return first;
}

void
signal_self(int sig)
{
	(void)signal_send_thr(thr_self(), sig, NULL);
}

static void
raise_sigpipe(void)
{
	if (proc_self() != NULL)
		signal_self(SIGPIPE);
}

static void
raise_sigxfsz(void)
{
	if (proc_self() != NULL)
		signal_self(SIGXFSZ);
}

static void
message_signal(struct proc *to, int signo, uint64_t value, int32_t from, uint32_t uid)
{
	struct abi_siginfo info = { .signo = signo, .code = SI_MESGQ, .pid = from, .uid = uid, .value = value };

	spin_lock(&proc_tree_lock);
	if (to->p_state == PROC_ALIVE)
		(void)signal_send_proc_locked(to, signo, &info);
	spin_unlock(&proc_tree_lock);
}

static void
signal_init(void)
{
	mq_notify_hook = message_signal;
	io_sigpipe_hook = raise_sigpipe;
	file_sigxfsz_hook = raise_sigxfsz;
}
INIT(signal_init, LEVEL_PROC - 1);

/*
 * A fault of the program itself.  It cannot be put off: when the signal is blocked or ignored the
 * default action, death, is forced.
 */
void
trap_signal(struct trapframe *tf, int sig, int code, vaddr_t addr)
{
	static const struct sigact dfl;
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	struct abi_siginfo info = { .signo = sig, .code = code, .addr = addr,
		.trapno = (int32_t)tf->vector };
	struct fault fault = { .vector = (uint32_t)tf->vector, .addr = addr, .pc = tf_pc(tf) };

	if (exception_fault(&fault))
		return;
	spin_lock(&sa->sa_lock);
	if (((t->t_sig->ts_mask | sa->sa_ignored) & SIGBIT(sig)) != 0) {
		signal_set_action_locked(sa, sig, &dfl);
		t->t_sig->ts_mask &= ~SIGBIT(sig);
	}
	(void)pend_add_locked(t->t_proc, &t->t_sig->ts_pend, sig, &info);
	signal_update_locked(t);
	spin_unlock(&sa->sa_lock);
}

/* --- taking --- */

static bool
pend_take(struct sigacts *sa, struct sigpend *sp, int sig, struct abi_siginfo *info)
{
	struct sigqueue *q, *tmp;
	bool found = false;

	if ((sp->set & SIGBIT(sig)) == 0)
		return false;
	sp->set &= ~SIGBIT(sig);
	list_for_each_safe(q, tmp, &sp->queue, link) {
		if (q->info.signo != sig)
			continue;
		if (found) {
			sp->set |= SIGBIT(sig);
			break;
		}
		found = true;
		*info = q->info;
		entry_free(sa, q);
		if (sig < SIGRTMIN)
			break;
	}
	if (!found)
		*info = (struct abi_siginfo){ .signo = sig, .code = SI_KERNEL };
	return true;
}

static bool
pend_look(const struct sigpend *sp, int sig, struct abi_siginfo *info)
{
	const struct sigqueue *q;

	if ((sp->set & SIGBIT(sig)) == 0)
		return false;
	*info = (struct abi_siginfo){ .signo = sig, .code = SI_KERNEL };
	list_for_each(q, &sp->queue, link) {
		if (q->info.signo == sig) {
			*info = q->info;
			break;
		}
	}
	return true;
}

/* The next of `wanted' that is pending for the thread, or 0.  Its own faults go first. */
static int
next_of(const struct sigacts *sa, const struct sigstate *ts, uint64_t wanted)
{
	uint64_t set = ts->ts_pend.set & wanted & SIGS_FAULT;

	if (set == 0)
		set = (ts->ts_pend.set | sa->sa_pend.set) & wanted;
	return set == 0 ? 0 : __builtin_ctzll(set) + 1;
}

int
signal_look_locked(struct sigacts *sa, struct sigstate *ts, uint64_t wanted, struct abi_siginfo *info)
{
	int sig = next_of(sa, ts, wanted);

	if (sig != 0 && !pend_look(&ts->ts_pend, sig, info))
		(void)pend_look(&sa->sa_pend, sig, info);
	return sig;
}

int
signal_take_locked(struct sigacts *sa, struct sigstate *ts, uint64_t wanted, struct abi_siginfo *info)
{
	int sig = next_of(sa, ts, wanted);

	if (sig == 0)
		return 0;
	if (!pend_take(sa, &ts->ts_pend, sig, info))
		(void)pend_take(sa, &sa->sa_pend, sig, info);
	return sig;
}

/* --- ending threads --- */

int
signal_single_thread(void)
{
	struct thr *self = thr_self(), *t;
	struct procx *px = procx_self();
	struct proc *p = &px->px_proc;

	if (p->p_nthrs == 1)
		return 0;
	spin_lock(&proc_tree_lock);
	if (px->px_single != NULL) {
		spin_unlock(&proc_tree_lock);
		return ERESTART;
	}
	px->px_single = self;
	list_for_each(t, &p->p_thrs, t_proc_link) {
		if (t != self) {
			t->t_dying = true;
			notify(t);
		}
	}
	while (p->p_nthrs > 1) {
		thr_sleep_prepare(false);
		spin_unlock(&proc_tree_lock);
		(void)thr_sleep(NSEC_INFINITE);
		spin_lock(&proc_tree_lock);
	}
	px->px_single = NULL;
	spin_unlock(&proc_tree_lock);
	return 0;
}
