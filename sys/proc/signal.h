#pragma once
/*
 * POSIX signals.
 *
 * struct sigacts is the process's half (actions, process-wide pending signals, the stop), struct
 * sigstate the thread's (mask, own pending signals, alternate stack).  One spin lock, sa_lock (rank
 * SIGNAL), guards both.  Signal sets are 64-bit words, signal n is bit n - 1.
 *
 * Letters: s sa_lock, o the thread itself (others read under s).
 */
#include <abi/signal.h>
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/thr.h"
#include "kern/types.h"
#include "proc/exception.h"

struct proc;
struct trapframe;

#define SIG_LAST	64		/* highest signal number */
#define SIGBIT(n)	((uint64_t)1 << ((n) - 1))
#define SIGS_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
#define SIGS_STOP	(SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define SIGS_IGNORE	(SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGCONT) | SIGBIT(SIGWINCH))
#define SIGS_FAULT	(SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) | SIGBIT(SIGBUS) | \
			 SIGBIT(SIGSEGV) | SIGBIT(SIGSYS))
#define SIGQUEUE_MAX	1024u		/* queued signals of one process, unless RLIMIT_SIGPENDING is less */

/* Actions as in sa_handler: a user address above these. */
#define SIGACT_DFL	((uintptr_t)0)
#define SIGACT_IGN	((uintptr_t)1)

struct sigact {
	uintptr_t handler;
	uintptr_t restorer;
	uint64_t mask;
	uint32_t flags;			/* SA_* */
} __attribute__((packed, aligned(4)));	/* 28 bytes: two processes' actions go into a frame */

/* Signals that wait: a bit each, and what came with them, oldest first. */
struct sigpend {
	uint64_t set;			/* [s] */
	struct list queue;		/* [s] struct sigqueue */
};

struct sigacts {
	struct spin sa_lock;
	uint64_t sa_ignored;		/* [s] signals that would do nothing */
	uint64_t sa_caught;		/* [s] signals with a handler */
	struct sigpend sa_pend;		/* [s] for any thread */
	uint32_t sa_queued;		/* [s] entries in all queues of the process */
	uint32_t sa_conts;		/* [s] SIGCONTs so far: a stop being made notices one */
	bool sa_stopped;		/* [s] threads stop on their way to user mode */
	bool sa_killed;			/* [s] SIGKILL came: nothing stops it */
	struct sigact sa_act[SIG_LAST];	/* [s] */
};

struct sigstate {
	uint64_t ts_mask;		/* [o, s] blocked */
	uint64_t ts_saved;		/* [o] mask to go back to, when ts_has_saved */
	uint64_t ts_wanted;		/* [s] what sigtimedwait waits for */
	struct sigpend ts_pend;		/* [s] for this thread */
	bool ts_has_saved;		/* [o] a temporary mask is in force (sigsuspend, ppoll) */
	bool ts_stopped;		/* [s] asleep because of a stop or a suspension */
	bool ts_no_restart;		/* [o] this call ends with EINTR when a handler ran */
	bool ts_starting;		/* [o] a debugger is to hear of it before its first instruction */
	struct exchannels ts_exchannels;
	struct exception *ts_exception;	/* [p] it waits for the answer */
	struct abi_stack ts_stack;	/* [o] sigaltstack */
	nsec_t ts_deadline;		/* [o] end of an interrupted sleep that will be resumed, or 0 */
};

/*
 * Sending; info NULL means "from the kernel".  No permission checks here.  EAGAIN only when a
 * signal must be queued (info->si_code SI_QUEUE or a realtime signal) and there is no room.
 * May be called from deferred calls, not from interrupts; without node or tty locks held.
 */
int signal_send_proc(struct proc *, int sig, const struct abi_siginfo *info);
int signal_send_proc_locked(struct proc *, int sig, const struct abi_siginfo *info);	/* tree lock */
int signal_send_thr(struct thr *, int sig, const struct abi_siginfo *info);
int signal_send_thr_locked(struct thr *, int sig, const struct abi_siginfo *info);	/* tree lock */

/* SIGKILL from the kernel, in a hurry, with this native code; false when the process was being killed
 * or ended already. */
bool signal_kill_once(struct proc *, int64_t code);

/* kill(2) of p would be allowed to the current process; tree lock. */
/* Zero's: `to' is a pid or SIGOP_*, each signal of the set is sent. */
int signal_send_set(int64_t to, uint64_t set) __must_check;
bool signal_allowed_locked(struct proc *p);
/* The current thread blocks or its process ignores sig (the terminal's SIGTTIN, SIGTTOU rule). */
bool signal_held_or_ignored(int sig);
/* Sends SIGPIPE, SIGXFSZ ... to the current thread. */
void signal_self(int sig);

/* Life cycle, within sys/proc. */
struct sigacts *sigacts_create(void) __must_check;		/* NULL: no memory */
struct sigacts *sigacts_fork(struct sigacts *) __must_check;
void sigacts_exec(struct sigacts *);				/* handlers become default */
void sigacts_destroy(struct sigacts *);
struct sigstate *sigstate_create(const struct sigstate *from) __must_check;
void sigstate_destroy(struct sigstate *, struct sigacts *);
void sigstate_free(struct sigstate *);			/* of a thread that never ran */
/* What a thread that parks was interrupted in is executed again when it goes on; sa_lock held. */
void signal_settle_call(struct thr *);
/*
 * Process-wide signals that the current thread blocks, and that may have been meant for it, find another
 * thread.  After its mask grew, and at its end; tree lock.
 */
void signal_pass_on_locked(struct proc *);
void signal_pass_on(struct thr *);
/* Ends every other thread of the current process and waits until they are gone.  ERESTART: this
 * thread is being ended itself. */
int signal_single_thread(void) __must_check;
/* deliver.c: delivers, stops, kills: the signal part of the way to user mode. */
void signal_deliver(struct trapframe *);
void signal_set_action_locked(struct sigacts *, int sig, const struct sigact *);	/* sa_lock held */
