/*
 * Exceptions.
 *
 * 1. Concepts.  A thread, a process and a job can each have an *exception channel*, a process and a job also
 * one for a debugger.  When a thread faults it sends a message, what happened and the handle of an
 * *exception*, into the channels that concern it, one after the other, and waits in the kernel until that
 * handle is closed.  The exception's state then says what next: TRY_NEXT (as it was made), HANDLED: back to
 * user mode, THREAD_EXIT.  A channel whose reader is gone, or full, is passed over.
 *
 * 2. Order.  Debugger, thread, process; then the signal that the fault is, if the program has a
 * handler that is not blocked; then the channels of the jobs from its own up to the root; then the signal's
 * default action.  So a program that handles its own faults never bothers its job.
 *
 * 3. Debuggers also hear of threads that begin and end (process) and of processes that begin (job): these
 * have no answer but going on.
 *
 * 4. While it waits a thread sleeps as one that is stopped does (deliver.c): death ends the wait, a signal
 * does not.  Its registers can be read and written, its report asked for (ts_exception).
 *
 * 5. Who must not see a process does not hear of it either: set-id exec closes its channels, and makes
 * new ones impossible for callers without euid 0.  A job's channel stays, but is passed over for such a process
 * unless root made it: a user would see addresses, and decide how the program goes on.
 *
 * Locking: proc_tree_lock for which channels there are, which exception a thread has, and the answer.
 */
#include "proc/exception.h"
#include "gen/sysproto.h"
#include "ipc/channel.h"
#include "ipc/message.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "mach/atomic.h"
#include "mach/frame.h"
#include "proc/job.h"
#include "proc/native.h"
#include "proc/thread.h"
#include "vm/zone.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/task.h>

#define VECTOR_DB	1u
#define VECTOR_BP	3u
#define VECTOR_UD	6u
#define VECTOR_PF	14u
#define VECTOR_AC	17u

/* It has one owner; with object_get_child it leads to thread and process with the same rights. */
#define RIGHTS_EXCEPTION (RIGHTS_PROCESS & ~RIGHT_DUPLICATE)

struct exception {
	struct node node;
	struct thr *thr;		/* [p] who waits, referenced; NULL: it died */
	uint32_t state;			/* [p] MX_EXCEPTION_STATE_* */
	bool closed;			/* [p] its last handle is */
	uint32_t channel;		/* [I] MX_EXCEPTION_CHANNEL_TYPE_* it was sent to */
	struct abi_exception_info info;	/* [I] */
	struct abi_exception_report report;	/* [I] */
};

ZONE(exception_zone, struct exception);
COUNTER(exceptions, "node.exception");
COUNTER_EVENT(sent, "exception.sent");

static struct exception *
exception_of(struct node *n)
{
	return container_of(n, struct exception, node);
}

/* --- the object --- */

static void
exception_unused(struct node *n)
{
	struct exception *ex = exception_of(n);

	spin_lock(&proc_tree_lock);
	ex->closed = true;
	if (ex->thr != NULL)
		thr_wake(ex->thr, 0);
	spin_unlock(&proc_tree_lock);
}

static void
exception_destroy(struct node *n)
{
	kstat_add(&exceptions, -1);
	zone_free(exception_zone, exception_of(n));
}

static const struct node_ops exception_ops = {
	.name = "exception", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = exception_unused, .destroy = exception_destroy,
};

static int
state_get(struct node *n, void *value)
{
	memcpy(value, &exception_of(n)->state, sizeof(uint32_t));
	return 0;
}

static int
state_set(struct node *n, const void *value)
{
	uint32_t state;

	memcpy(&state, value, sizeof(state));
	if (state > MX_EXCEPTION_STATE_THREAD_EXIT)
		return EINVAL;
	spin_lock(&proc_tree_lock);
	exception_of(n)->state = state;
	spin_unlock(&proc_tree_lock);
	return 0;
}
PROPERTY(state_prop, MX_PROP_EXCEPTION_STATE, NODE_EXCEPTION, sizeof(uint32_t), state_get, state_set);

static koid_t
exception_related(struct node *n)
{
	return exception_of(n)->info.tid;
}

/* The thread, or its process: what a handler looks at. */
static int
exception_child(struct node *n, koid_t koid, struct node **out)
{
	struct exception *ex = exception_of(n);
	int error = ENOENT;

	spin_lock(&proc_tree_lock);
	if (ex->thr != NULL && ex->thr->t_proc != NULL) {
		struct proc *p = ex->thr->t_proc;

		if (koid == ex->info.tid) {
			*out = &ex->thr->t_node;
			error = 0;
		} else if (koid == ex->info.pid) {
			*out = &p->p_node;
			error = proc_protected(p) ? EPERM : 0;
		}
		if (error == 0)
			node_use(*out);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}
RELATIVES(exception_relatives, NODE_EXCEPTION, exception_related, exception_child);

/* --- sending --- */

static uint32_t
type_of(const struct fault *f)
{
	switch (f->vector) {
	case VECTOR_DB:
		return MX_EXCP_HW_BREAKPOINT;
	case VECTOR_BP:
		return MX_EXCP_SW_BREAKPOINT;
	case VECTOR_UD:
		return MX_EXCP_UNDEFINED_INSTRUCTION;
	case VECTOR_PF:
		return MX_EXCP_FATAL_PAGE_FAULT;
	case VECTOR_AC:
		return MX_EXCP_UNALIGNED_ACCESS;
	default:
		return MX_EXCP_GENERAL;
	}
}

static struct exception *
exception_make(uint32_t type, uint32_t channel, const struct fault *f)
{
	struct thr *t = thr_self();
	struct exception *ex = zone_alloc(exception_zone, ZALLOC_ZERO);

	if (ex == NULL)
		return NULL;
	node_init(&ex->node, &exception_ops, NODE_EXCEPTION, NULL, 0);
	kstat_add(&exceptions, 1);
	ex->thr = t;
	ex->channel = channel;
	ex->info = (struct abi_exception_info){ .pid = t->t_proc->p_node.koid, .tid = t->t_node.koid,
		.type = type };
	ex->report = (struct abi_exception_report){ .size = sizeof(ex->report), .type = type };
	if (f != NULL) {
		ex->report.code = f->vector;
		ex->report.address = f->addr;
		ex->report.pc = f->pc;
	}
	return ex;
}

/* The message, which owns a use of the exception. */
static struct message *
message_of(struct exception *ex)
{
	struct message *m = message_alloc(sizeof(ex->info), 1);

	if (m == NULL)
		return NULL;
	memcpy(message_bytes(m), &ex->info, sizeof(ex->info));
	node_use(&ex->node);
	m->slots[0] = (struct slot){ .node = &ex->node, .rights = RIGHTS_EXCEPTION, .flags = DESC_CLOEXEC };
	slot_new(&m->slots[0]);
	return m;
}

uint32_t
exception_channel_locked(const struct thr *t)
{
	if (t->t_sig == NULL || t->t_sig->ts_exception == NULL)
		return MX_EXCEPTION_CHANNEL_TYPE_NONE;
	return t->t_sig->ts_exception->channel;
}

/* Until the handle is closed, or this thread dies; the answer. */
static uint32_t
wait_answer(struct exception *ex)
{
	struct thr *t = thr_self();
	struct sigacts *sa = t->t_proc->p_sig;
	uint32_t state;

	spin_lock(&proc_tree_lock);
	t->t_sig->ts_exception = ex;
	t->t_sig->ts_stopped = true;
	while (!ex->closed && !sa->sa_killed && !t->t_dying) {
		thr_sleep_prepare(false);
		spin_unlock(&proc_tree_lock);
		(void)thr_sleep(NSEC_INFINITE);
		spin_lock(&proc_tree_lock);
	}
	t->t_sig->ts_stopped = false;
	t->t_sig->ts_exception = NULL;
	ex->thr = NULL;
	state = ex->closed ? ex->state : MX_EXCEPTION_STATE_HANDLED;	/* dead: nobody else is asked */
	spin_unlock(&proc_tree_lock);
	return state;
}

/* Asks one channel, whose use is consumed; NULL: there is none. */
static uint32_t
ask(struct node *end, uint32_t type, uint32_t channel, const struct fault *f)
{
	uint32_t state = MX_EXCEPTION_STATE_TRY_NEXT;
	struct exception *ex;
	struct message *m;

	if (end == NULL)
		return state;
	ex = exception_make(type, channel, f);
	m = ex != NULL ? message_of(ex) : NULL;
	if (m != NULL && channel_post(end, m) == 0) {
		sent.value++;
		state = wait_answer(ex);
	} else if (m != NULL) {
		message_free(m);
	}
	if (ex != NULL)
		node_unref(&ex->node);
	node_unuse(end);
	return state;
}

/* --- who is asked --- */

/* One of the channels, with a use; a reader that is gone counts as none. */
static struct node *
take_locked(struct node *end)
{
	if (end != NULL)
		node_use(end);
	return end;
}

/* A job's, for the process that runs: not a user's when its ids were changed. */
static struct node *
take_job_locked(struct job *j, bool debugger)
{
	const struct exchannels *x = &j->j_exchannels;

	if (unlikely(proc_self()->p_setid) && (debugger ? x->debugger_user : x->plain_user))
		return NULL;
	return take_locked(debugger ? x->debugger : x->plain);
}

static struct node *
channel_for(uint32_t type)
{
	struct procx *px = procx_self();
	struct node *end;

	spin_lock(&proc_tree_lock);
	end = type == MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER ? px->px_exchannels.debugger :
	    type == MX_EXCEPTION_CHANNEL_TYPE_THREAD ? thr_self()->t_sig->ts_exchannels.plain :
	    px->px_exchannels.plain;
	end = take_locked(end);
	spin_unlock(&proc_tree_lock);
	return end;
}

/* The answer takes effect: true when nobody else is asked. */
static bool
decided(uint32_t state)
{
	struct thr *t = thr_self();

	if (state == MX_EXCEPTION_STATE_THREAD_EXIT) {
		t->t_dying = true;
		atomic_or(&t->t_work, WORK_SIGNAL);
	}
	return state != MX_EXCEPTION_STATE_TRY_NEXT;
}

static bool
ask_own(uint32_t type, const struct fault *f)
{
	static const uint32_t order[] = { MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER, MX_EXCEPTION_CHANNEL_TYPE_THREAD,
		MX_EXCEPTION_CHANNEL_TYPE_PROCESS };

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		if (decided(ask(channel_for(order[i]), type, order[i], f)))
			return true;
	return false;
}

/* A job holds its parent, so the way up needs no references of its own. */
static bool
ask_jobs(uint32_t type, const struct fault *f)
{
	for (struct job *j = proc_self()->p_job; j != NULL; j = j->j_parent) {
		struct node *end;

		spin_lock(&proc_tree_lock);
		end = take_job_locked(j, false);
		spin_unlock(&proc_tree_lock);
		if (decided(ask(end, type, MX_EXCEPTION_CHANNEL_TYPE_JOB, f)))
			return true;
	}
	return false;
}

bool
exception_fault(const struct fault *f)
{
	struct procx *px = procx_self();

	if (likely(px->px_exchannels.debugger == NULL && px->px_exchannels.plain == NULL &&
	    thr_self()->t_sig->ts_exchannels.plain == NULL))
		return false;
	return ask_own(type_of(f), f);
}

bool
exception_jobs(const struct fault *f)
{
	return ask_jobs(type_of(f), f);
}

void
exception_policy(enum policy cond)
{
	struct fault f = { .vector = cond, .pc = tf_pc(mach_thr_frame(&thr_self()->t_mach)) };

	if (!ask_own(MX_EXCP_POLICY_ERROR, &f))
		(void)ask_jobs(MX_EXCP_POLICY_ERROR, &f);
}

/* --- debuggers --- */

void
exception_watch_locked(struct proc *p, struct thr *t)
{
	bool watched = procx_of(p)->px_exchannels.debugger != NULL;

	for (struct job *j = p->p_job; j != NULL && p->p_nthrs == 0; j = j->j_parent)
		watched |= j->j_exchannels.debugger != NULL;
	if (likely(!watched))
		return;
	t->t_sig->ts_starting = true;
	atomic_or(&t->t_work, WORK_SIGNAL);
}

/* The nearest job that has a debugger; only for a process's first thread. */
static struct node *
job_debugger(struct procx *px)
{
	struct node *end = NULL;

	spin_lock(&proc_tree_lock);
	for (struct job *j = px->px_proc.p_job; j != NULL && end == NULL && !px->px_announced; j = j->j_parent)
		end = take_job_locked(j, true);
	px->px_announced = true;
	spin_unlock(&proc_tree_lock);
	return end;
}

void
exception_starting(void)
{
	struct thr *t = thr_self();

	t->t_sig->ts_starting = false;
	(void)decided(ask(job_debugger(procx_self()), MX_EXCP_PROCESS_STARTING,
	    MX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER, NULL));
	if (!t->t_dying)
		(void)decided(ask(channel_for(MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER), MX_EXCP_THREAD_STARTING,
		    MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER, NULL));
}

void
exception_exiting(void)
{
	if (procx_self()->px_exchannels.debugger != NULL && !proc_self()->p_sig->sa_killed)
		(void)ask(channel_for(MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER), MX_EXCP_THREAD_EXITING,
		    MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER, NULL);
}

/* --- channels of tasks --- */

void
exchannels_close(struct exchannels *x)
{
	struct node *plain, *debugger;

	if (likely(x->plain == NULL && x->debugger == NULL))
		return;
	spin_lock(&proc_tree_lock);
	plain = x->plain;
	debugger = x->debugger;
	x->plain = x->debugger = NULL;
	spin_unlock(&proc_tree_lock);
	if (plain != NULL)
		node_unuse(plain);
	if (debugger != NULL)
		node_unuse(debugger);
}

/* Where the task keeps its channels; EBADSTATE once it ended. */
static int
place_locked(struct node *task, struct exchannels **x)
{

	if (task->kind == NODE_THREAD) {
		struct thr *t = thr_of(task);

		if (t->t_proc == NULL || t->t_sig == NULL)
			return EBADSTATE;
		if (proc_protected(t->t_proc))
			return EPERM;
		*x = &t->t_sig->ts_exchannels;
	} else if (task->kind == NODE_PROCESS) {
		struct proc *p = container_of(task, struct proc, p_node);

		if (proc_protected(p))
			return EPERM;
		if (p->p_state > PROC_ALIVE)
			return EBADSTATE;
		*x = &procx_of(p)->px_exchannels;
	} else {
		if (job_of(task)->j_dead)
			return EBADSTATE;
		*x = &job_of(task)->j_exchannels;
	}
	return 0;
}

static struct node **
place_of(struct exchannels *x, bool debugger)
{
	return debugger ? &x->debugger : &x->plain;
}

/* Ours goes into the task; one whose reader is gone makes room. */
static int
bind(struct node *task, bool debugger, struct node *ours)
{
	struct node *old = NULL;
	struct exchannels *x;
	int error;

	spin_lock(&proc_tree_lock);
	error = place_locked(task, &x);
	if (error == 0 && (old = *place_of(x, debugger)) != NULL && !channel_peer_closed(old)) {
		error = EISCONN;
		old = NULL;
	}
	if (error == 0) {
		*place_of(x, debugger) = ours;
		*(debugger ? &x->debugger_user : &x->plain_user) = !cred_super(proc_self()->p_cred);
	}
	spin_unlock(&proc_tree_lock);
	if (old != NULL)
		node_unuse(old);
	return error;
}

static void
unbind(struct node *task, bool debugger, struct node *ours)
{
	struct node *found = NULL;
	struct exchannels *x;

	spin_lock(&proc_tree_lock);
	if (place_locked(task, &x) == 0 && *place_of(x, debugger) == ours) {
		found = ours;
		*place_of(x, debugger) = NULL;
	}
	spin_unlock(&proc_tree_lock);
	if (found != NULL)
		node_unuse(found);
}

static int
create_channel(struct node *task, bool debugger, void __user *out)
{
	struct node *end[2];
	int error = channel_make(end);

	if (error != 0)
		return error;
	error = bind(task, debugger, end[1]);
	if (error != 0) {
		node_unuse(end[1]);
		node_unuse(end[0]);
		return error;
	}
	error = handle_install(end[0], RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_READ | RIGHT_INSPECT, out);
	if (error != 0) {
		unbind(task, debugger, end[1]);
		node_unuse(end[0]);
	}
	return error;
}

/* The rights of a handle through which a task is watched. */
static int
task_rights(const struct node *n, uint32_t *need)
{
	*need = RIGHT_INSPECT | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_MANAGE_THREAD;
	if (n->kind == NODE_JOB)
		*need |= RIGHT_ENUMERATE;
	return n->kind == NODE_THREAD || n->kind == NODE_PROCESS || n->kind == NODE_JOB ? 0 : EWRONGTYPE;
}

int
sys_mx_task_create_exception_channel(uint32_t h, uint32_t options, void __user *out)
{
	bool debugger = (options & MX_EXCEPTION_CHANNEL_DEBUGGER) != 0;
	uint32_t rights, need;
	struct node *n;
	int error = h <= DESC_INDEX_MASK ? EHANDLE : desc_get_slot(h, NODE_ANY, 0, &n, &rights, NULL);

	if (error != 0)
		return error;
	error = task_rights(n, &need);
	if (error == 0 && debugger && n->kind == NODE_THREAD)
		error = EINVAL;
	if (error == 0 && (rights & need) != need)
		error = ERIGHTS;
	if (error == 0)
		error = create_channel(n, debugger, out);
	node_unuse(n);
	return error;
}

/* --- the report --- */

static int
report_get(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct abi_exception_report report;
	struct thr *t = thr_of(n);
	int error = EBADSTATE;

	spin_lock(&proc_tree_lock);
	if (t->t_proc != NULL && proc_protected(t->t_proc)) {
		error = EPERM;
	} else if (t->t_proc != NULL && t->t_sig != NULL && t->t_sig->ts_exception != NULL) {
		report = t->t_sig->ts_exception->report;
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error != 0 ? error : info_put(s, &report);
}
INFO_TOPIC(report_topic, MX_INFO_THREAD_EXCEPTION_REPORT, NODE_THREAD, RIGHT_INSPECT,
    sizeof(struct abi_exception_report), report_get);
