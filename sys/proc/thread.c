/*
 * Threads of processes, and the native calls on them.
 *
 * 1. Life.  unborn -> running -> ended.  An unborn thread has a stack, signal state and a node, and is on
 * px_unborn; thread_launch() moves it to p_thrs, where signals find it.  At its end it leaves p_thrs
 * (exit.c); a joinable one goes on to px_ended.  The process ends with its last running thread.
 *
 * 2. References.  An unborn thread holds its process, so that a process handle is not needed to keep a
 * thread handle meaningful; a running one is held up by the process table.  The process never holds
 * an unborn thread: without a handle nobody could start it, so it goes with the last one.
 *
 * 3. Suspension.  A suspend token counts in t_suspends; its thread parks in signal_deliver(), on the
 * way to user mode, where stops sleep too (deliver.c).  A call that sleeps interruptibly is interrupted for it
 * and executed again afterwards.  Only a parked thread's registers can be read and written: they are in
 * its frame.  SIGKILL, exec and exit pass a suspension.
 *
 * 4. Set-id.  Threads of a process that changed its credentials by exec are made, started, suspended, read and
 * written by itself and by callers with euid 0 alone, whatever their handle says.
 *
 * Locking: proc_tree_lock -> sa_lock.  Levels are changed with neither held but the tree's.
 */
#include "proc/thread.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "mach/user.h"
#include "proc/exception.h"
#include "proc/signal_impl.h"
#include "vm/zone.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/task.h>

#define ROOT_RESERVE	64		/* threads only root may make */

/* --- levels --- */

void
thread_level(struct thr *t, uint32_t clear, uint32_t set)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&t->t_node.lock);
	sig_change(&t->t_node.own, clear, set, &w);
	spin_unlock(&t->t_node.lock);
	wakelist_run(&w);
}

/* --- unborn threads --- */

/* Frees one that nobody can start any more; it is on no list. */
static void
unborn_end(struct thr *t)
{
	struct proc *p = t->t_proc;

	exchannels_close(&t->t_sig->ts_exchannels);
	sigstate_free(t->t_sig);
	t->t_sig = NULL;
	t->t_proc = NULL;
	thr_discard(t);
	node_unref(&p->p_node);
}

/* The last handle is gone: of an unborn thread that is the end. */
static void
thread_unused(struct node *n)
{
	struct thr *t = thr_of(n);
	bool unborn;

	spin_lock(&proc_tree_lock);
	unborn = t->t_state == THR_NEW && !list_empty(&t->t_proc_link);
	if (unborn)
		list_remove(&t->t_proc_link);
	spin_unlock(&proc_tree_lock);
	if (unborn)
		unborn_end(t);
}

static const struct node_ops thread_ops = {
	.name = "thread", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = thread_unused, .destroy = thr_node_destroy,
};

int
thread_allowed(void)
{
	return thr_count() >= CONFIG_NTHR - ROOT_RESERVE && !cred_super(proc_self()->p_cred) ? EAGAIN : 0;
}

int
thread_make(struct proc *p, const char *name, struct thr **out)
{
	struct procx *px = procx_of(p);
	struct sigstate *ts;
	struct thr *t;
	int error;

	if ((error = thread_allowed()) != 0)
		return error;
	if ((ts = sigstate_create(NULL)) == NULL)
		return ENOMEM;
	if ((error = thr_create(p, name, NULL, NULL, &t)) != 0) {
		sigstate_free(ts);
		return error;
	}
	t->t_sig = ts;
	t->t_node.ops = &thread_ops;
	node_ref(&p->p_node);
	node_use(&t->t_node);
	spin_lock(&proc_tree_lock);
	if (p->p_state <= PROC_ALIVE)
		list_push_back(&px->px_unborn, &t->t_proc_link);
	else
		error = EBADSTATE;
	spin_unlock(&proc_tree_lock);
	if (error != 0) {
		unborn_end(t);
		node_unuse(&t->t_node);
		return error;
	}
	*out = t;
	return 0;
}

/* What happened to the process since applies to the newcomer. */
static void
join_process_locked(struct proc *p, struct thr *t)
{
	exception_watch_locked(p, t);
	list_remove(&t->t_proc_link);
	proc_thr_add_locked(p, t);
	spin_lock(&p->p_sig->sa_lock);
	signal_update_locked(t);
	spin_unlock(&p->p_sig->sa_lock);
}

int
thread_launch_locked(struct thr *t, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2)
{
	int error = EBADSTATE;

	if (t->t_state == THR_NEW && !list_empty(&t->t_proc_link) && t->t_proc->p_state == PROC_ALIVE &&
	    procx_of(t->t_proc)->px_single == NULL && !t->t_proc->p_sig->sa_killed) {
		error = mach_thr_user(&t->t_mach, entry, sp, arg1, arg2) != 0 ? EINVAL : 0;
	}
	if (error == 0)
		join_process_locked(t->t_proc, t);
	return error;
}

void
thread_launched(struct thr *t, struct proc *p)
{
	node_unref(&p->p_node);
	thread_level(t, 0, SIG_THR_RUNNING);
	sched_ready(t);
}

int
thread_launch(struct thr *t, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2)
{
	struct proc *p;
	int error;

	spin_lock(&proc_tree_lock);
	p = t->t_proc;
	error = thread_launch_locked(t, entry, sp, arg1, arg2);
	spin_unlock(&proc_tree_lock);
	if (error == 0)
		thread_launched(t, p);
	return error;
}

void
thread_drop_all(struct proc *p)
{
	struct procx *px = procx_of(p);
	struct list *l;
	struct thr *t;

	if (list_empty(&px->px_unborn) && list_empty(&px->px_ended))
		return;
	spin_lock(&proc_tree_lock);
	while ((l = list_pop_front(&px->px_ended)) != NULL) {
		t = list_entry(l, struct thr, t_proc_link);
		px->px_nended--;
		t->t_joinable = false;
		node_unref(&t->t_node);
	}
	while ((l = list_pop_front(&px->px_unborn)) != NULL) {
		t = list_entry(l, struct thr, t_proc_link);
		node_ref(&t->t_node);
		spin_unlock(&proc_tree_lock);
		unborn_end(t);
		thread_level(t, 0, SIG_SIGNALED);
		node_unref(&t->t_node);
		spin_lock(&proc_tree_lock);
	}
	spin_unlock(&proc_tree_lock);
}

struct thr *
thread_find_locked(struct proc *p, int32_t tid)
{
	struct thr *t;

	ASSERT(spin_held(&proc_tree_lock));
	list_for_each(t, &p->p_thrs, t_proc_link)
		if (t->t_tid == tid)
			return t;
	return NULL;
}

/* --- native calls --- */

/* Control characters are the reader's problem. */
int
task_name(const void __user *user, size_t len, char name[MX_MAX_NAME_LEN])
{
	size_t n = MIN(len, (size_t)MX_MAX_NAME_LEN - 1);
	int error = copyin(user, name, n);

	name[error == 0 ? n : 0] = '\0';
	return error;
}

int
sys_mx_thread_create(struct node *h, void __user *name, size_t len, uint32_t options, void __user *out)
{
	struct proc *p = container_of(h, struct proc, p_node);
	char text[MX_MAX_NAME_LEN];
	struct thr *t;
	int error = task_name(name, len, text);

	if (error == 0)
		error = proc_protected(p) ? EPERM : thread_make(p, text, &t);
	if (error != 0)
		return error == EAGAIN ? ENORES : error;
	error = handle_install(&t->t_node, RIGHTS_THREAD, out);
	if (error != 0)
		node_unuse(&t->t_node);
	return error;
}

int
sys_mx_thread_start(struct node *h, uintptr_t entry, uintptr_t stack, uintptr_t arg1, uintptr_t arg2)
{
	struct thr *t = thr_of(h);
	int error = 0;

	if (entry >= USER_MAX || stack > USER_MAX)
		return EINVAL;
	/* The first thread of a process is process_start's. */
	spin_lock(&proc_tree_lock);
	if (t->t_proc != NULL && proc_protected(t->t_proc))
		error = EPERM;
	else if (t->t_proc == NULL || t->t_proc->p_state != PROC_ALIVE || t->t_proc->p_nthrs == 0)
		error = EBADSTATE;
	spin_unlock(&proc_tree_lock);
	return error != 0 ? error : thread_launch(t, entry, stack, arg1, arg2);
}

int
sys_mx_thread_exit(void)
{
	proc_thr_exit();
}

/* --- what can be asked --- */

int
thread_child(struct proc *p, koid_t koid, struct node **out)
{
	struct thr *t;
	int error = ENOENT;

	spin_lock(&proc_tree_lock);
	list_for_each(t, &p->p_thrs, t_proc_link) {
		if (t->t_node.koid == koid) {
			node_use(*out = &t->t_node);
			error = 0;
			break;
		}
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

static koid_t
thread_related(struct node *n)
{
	return thr_of(n)->t_proc_koid;
}
RELATIVES(thread_relatives, NODE_THREAD, thread_related, NULL);

static uint32_t
state_of(const struct thr *t)
{
	if (t->t_state == THR_NEW)
		return MX_THREAD_STATE_NEW;
	if (t->t_proc == NULL)
		return MX_THREAD_STATE_DEAD;
	if (t->t_dying)
		return MX_THREAD_STATE_DYING;
	if (t->t_held)
		return MX_THREAD_STATE_SUSPENDED;
	return t->t_state == THR_SLEEPING ? MX_THREAD_STATE_BLOCKED : MX_THREAD_STATE_RUNNING;
}

static int
thread_info(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct thr *t = thr_of(n);
	struct abi_info_thread info = { .tid = t->t_tid };

	spin_lock(&proc_tree_lock);
	info.state = state_of(t);
	info.wait_exception_channel_type = exception_channel_locked(t);
	spin_unlock(&proc_tree_lock);
	return info_put(s, &info);
}
INFO_TOPIC(thread_topic, MX_INFO_THREAD, NODE_THREAD, RIGHT_INSPECT, sizeof(struct abi_info_thread),
    thread_info);

static int
thread_stats(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct abi_info_thread_stats info;
	nsec_t user, sys;

	proc_times_thr(thr_of(n), &user, &sys);
	info.total_runtime = user + sys;
	return info_put(s, &info);
}
INFO_TOPIC(stats_topic, MX_INFO_THREAD_STATS, NODE_THREAD, RIGHT_INSPECT,
    sizeof(struct abi_info_thread_stats), thread_stats);

/* The koids of at most `max' threads, and how many there are. */
static size_t
collect_koids(struct proc *p, koid_t *koids, size_t max)
{
	struct thr *t;
	size_t n = 0;

	spin_lock(&proc_tree_lock);
	list_for_each(t, &p->p_thrs, t_proc_link) {
		if (n < max)
			koids[n] = t->t_node.koid;
		n++;
	}
	spin_unlock(&proc_tree_lock);
	return n;
}

static int
process_threads(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct proc *p = container_of(n, struct proc, p_node);
	size_t max = collect_koids(p, NULL, 0), found;
	koid_t *koids;
	int error = 0;

	if (max == 0)
		return 0;
	koids = kmem_alloc(max * sizeof(*koids), 0);
	if (koids == NULL)
		return ENOMEM;
	found = MIN(collect_koids(p, koids, max), max);
	for (size_t i = 0; i < found && error == 0; i++)
		error = info_put(s, &koids[i]);
	kmem_free(koids, max * sizeof(*koids));
	return error;
}
INFO_TOPIC_MANY(threads_topic, MX_INFO_PROCESS_THREADS, NODE_PROCESS, RIGHT_ENUMERATE, sizeof(koid_t),
    process_threads);

static int
name_get(struct node *n, void *value)
{
	strlcpy(value, thr_of(n)->t_name, MX_MAX_NAME_LEN);
	return 0;
}

static int
name_set(struct node *n, const void *value)
{
	memcpy(thr_of(n)->t_name, value, MX_MAX_NAME_LEN);
	return 0;
}
PROPERTY(name_prop, MX_PROP_NAME, NODE_THREAD, MX_MAX_NAME_LEN, name_get, name_set);

/* The TLS base, of the calling thread only. */
static int
fs_set(struct node *n, const void *value)
{
	uint64_t base;

	if (thr_of(n) != thr_self())
		return EPERM;
	memcpy(&base, value, sizeof(base));
	return mach_set_tls(&thr_self()->t_mach, base) != 0 ? EINVAL : 0;
}
PROPERTY(fs_prop, MX_PROP_REGISTER_FS, NODE_THREAD, sizeof(uint64_t), NULL, fs_set);

/* --- registers --- */

/* Runs fn on the frame of a thread that is parked or in an exception; EBADSTATE when it is neither; EPERM. */
static int
with_parked(struct thr *t, int (*fn)(struct thr *, void *), void *arg)
{
	struct sigacts *sa;
	int error = EBADSTATE;

	spin_lock(&proc_tree_lock);
	if (t->t_proc != NULL && proc_protected(t->t_proc)) {
		error = EPERM;
	} else if (t->t_proc != NULL && t->t_sig != NULL && (sa = t->t_proc->p_sig) != NULL) {
		spin_lock(&sa->sa_lock);
		if (((t->t_held && t->t_suspends > 0) || t->t_sig->ts_exception != NULL) && t != thr_self()) {
			signal_settle_call(t);
			error = fn(t, arg);
		}
		spin_unlock(&sa->sa_lock);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

static int
regs_get(struct thr *t, void *arg)
{
	mach_thr_regs(&t->t_mach, arg);
	return 0;
}

static int
regs_set(struct thr *t, void *arg)
{
	return mach_thr_set_regs(&t->t_mach, arg);
}

static int
fpu_get(struct thr *t, void *arg)
{
	mach_thr_fpu(&t->t_mach, arg);
	return 0;
}

static int
fpu_set(struct thr *t, void *arg)
{
	return mach_thr_set_fpu(&t->t_mach, arg);
}

union state {
	struct abi_thread_regs regs;
	struct abi_thread_fp_regs fpu;
};
static const struct {
	size_t size;
	int (*get)(struct thr *, void *), (*set)(struct thr *, void *);
} states[] = {
	[MX_THREAD_STATE_GENERAL_REGS] = { sizeof(struct abi_thread_regs), regs_get, regs_set },
	[MX_THREAD_STATE_FP_REGS] = { sizeof(struct abi_thread_fp_regs), fpu_get, fpu_set },
};

int
sys_mx_thread_read_state(struct node *h, uint32_t kind, void __user *buf, size_t size)
{
	union state state;
	int error;

	if (kind >= ARRAY_SIZE(states))
		return ENOTSUP;
	if (size < states[kind].size)
		return ESMALL;
	error = with_parked(thr_of(h), states[kind].get, &state);
	return error != 0 ? error : copyout(&state, buf, states[kind].size);
}

int
sys_mx_thread_write_state(struct node *h, uint32_t kind, void __user *buf, size_t size)
{
	union state state;
	int error;

	if (kind >= ARRAY_SIZE(states))
		return ENOTSUP;
	if (size != states[kind].size)
		return EINVAL;
	error = copyin(buf, &state, size);
	return error != 0 ? error : with_parked(thr_of(h), states[kind].set, &state);
}

/* --- suspension --- */

struct token {
	struct node node;
	struct thr *thr;		/* [I] referenced */
	uint32_t gen;			/* [I] t_suspend_gen when it was made */
};
ZONE(token_zone, struct token);
COUNTER(tokens, "node.suspend_token");

/* EBADSTATE when the thread does not run; EPERM. */
static int
suspend(struct thr *t, uint32_t *gen)
{
	struct sigacts *sa;
	int error = EBADSTATE;

	spin_lock(&proc_tree_lock);
	if (t->t_proc != NULL && proc_protected(t->t_proc)) {
		error = EPERM;
	} else if (t->t_state != THR_NEW && t->t_proc != NULL && t->t_sig != NULL && (sa = t->t_proc->p_sig) != NULL) {
		spin_lock(&sa->sa_lock);
		t->t_suspends++;
		*gen = t->t_suspend_gen;
		thr_interrupt(t);
		spin_unlock(&sa->sa_lock);
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

static void
resume(struct thr *t, uint32_t gen)
{
	struct sigacts *sa;

	spin_lock(&proc_tree_lock);
	if (t->t_proc != NULL && t->t_sig != NULL && (sa = t->t_proc->p_sig) != NULL) {
		spin_lock(&sa->sa_lock);
		if (gen == t->t_suspend_gen && --t->t_suspends == 0 && t->t_sig->ts_stopped)
			thr_wake(t, 0);
		spin_unlock(&sa->sa_lock);
	}
	spin_unlock(&proc_tree_lock);
}

static void
token_unused(struct node *n)
{
	struct token *k = container_of(n, struct token, node);

	resume(k->thr, k->gen);
}

static void
token_destroy(struct node *n)
{
	struct token *k = container_of(n, struct token, node);

	node_unref(&k->thr->t_node);
	kstat_add(&tokens, -1);
	zone_free(token_zone, k);
}

static const struct node_ops token_ops = {
	.name = "suspend token", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = token_unused, .destroy = token_destroy,
};

int
sys_mx_task_suspend(struct node *h, void __user *out)
{
	struct thr *t = thr_of(h);
	struct token *k;
	int error;

	k = zone_alloc(token_zone, 0);
	if (k == NULL)
		return ENOMEM;
	error = suspend(t, &k->gen);
	if (error != 0) {
		zone_free(token_zone, k);
		return error;
	}
	node_init(&k->node, &token_ops, NODE_SUSPEND_TOKEN, NULL, 0);
	k->thr = t;
	node_ref(&t->t_node);
	kstat_add(&tokens, 1);
	node_use(&k->node);
	node_unref(&k->node);
	error = handle_install(&k->node, RIGHT_TRANSFER | RIGHT_INSPECT, out);
	if (error != 0)
		node_unuse(&k->node);
	return error;
}
