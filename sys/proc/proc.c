/*
 * The process table.
 *
 * A pid is a number of 1..32767 that is handed out in turn.  It stays taken while a process, a
 * group or a session has it, so a signal to a group never reaches a newcomer: one bit a number says
 * "taken", and whoever lets go of a number asks whether the other two still hold it.
 *
 * Limits: CONFIG_NPROC processes in all, the last PID_ROOT_RESERVE of them for root, so that a shell
 * of root's works when somebody else has used the table up; RLIMIT_NPROC for one real uid.
 *
 * Locking: proc_tree_lock guards everything here; order in kern/LOCKS.
 */
#include "ipc/ev.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/owner.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "ipc/trace.h"
#include "mach/boot.h"
#include "fs/fsctx.h"
#include "fs/procfs.h"
#include "fs/vnode.h"
#include "proc/job.h"
#include "proc/native.h"
#include "proc/thread.h"
#include "vm/arena.h"
#include "vm/page.h"
#include "vm/space.h"
#include "vm/zone.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define HASH	256u

LOCK_CLASS(proc_tree_class, "process tree", RANK_PROC_TREE);
struct spin proc_tree_lock = SPIN_INIT(&proc_tree_class);
struct list proc_list = LIST_INIT(proc_list);

ZONE(procx_zone, struct procx);
COUNTER(procs, "proc.processes");
COUNTER_EVENT(forks, "proc.made");
static struct procx *hash[HASH];		/* [p] */
IDS(pids, 1, PID_MAX);				/* [p] */
static struct proc *init_proc;			/* [I] */

/* --- the process node --- */

static void
proc_node_destroy(struct node *n)
{
	struct procx *px = container_of(n, struct procx, px_proc.p_node);

	if (px->px_proc.p_cred != NULL)
		cred_unref(px->px_proc.p_cred);
	if (px->px_proc.p_job != NULL)
		node_unref(&px->px_proc.p_job->j_node);
	kstat_add(&procs, -1);
	zone_free(procx_zone, px);
}

static const struct node_ops proc_node_ops = {
	.name = "process", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = native_unused, .destroy = proc_node_destroy,
};

static koid_t
proc_related(struct node *n)
{
	struct job *j = container_of(n, struct proc, p_node)->p_job;

	return j != NULL ? j->j_node.koid : 0;
}

static int
proc_child(struct node *n, koid_t koid, struct node **out)
{
	return thread_child(container_of(n, struct proc, p_node), koid, out);
}
RELATIVES(proc_relatives, NODE_PROCESS, proc_related, proc_child);

static int
proc_name_get(struct node *n, void *value)
{
	spin_lock(&proc_tree_lock);
	strlcpy(value, container_of(n, struct proc, p_node)->p_name, MX_MAX_NAME_LEN);
	spin_unlock(&proc_tree_lock);
	return 0;
}

static int
proc_name_set(struct node *n, const void *value)
{
	spin_lock(&proc_tree_lock);
	strlcpy(container_of(n, struct proc, p_node)->p_name, value, MX_MAX_NAME_LEN);
	spin_unlock(&proc_tree_lock);
	return 0;
}
PROPERTY(proc_name, MX_PROP_NAME, NODE_PROCESS, MX_MAX_NAME_LEN, proc_name_get, proc_name_set);

/* --- pids --- */

static int
pid_get_locked(int32_t *out)
{
	uint32_t pid;

	if (!ids_next(&pids, &pid))
		return EAGAIN;
	*out = (int32_t)pid;
	return 0;
}

struct proc *
proc_lookup_locked(int32_t pid)
{
	ASSERT(spin_held(&proc_tree_lock));
	for (struct procx *px = hash[(uint32_t)pid % HASH]; px != NULL; px = px->px_hash) {
		if (px->px_proc.p_pid == pid)
			return &px->px_proc;
	}
	return NULL;
}

void
pid_release_locked(int32_t pid)
{
	ASSERT(spin_held(&proc_tree_lock));
	if (proc_lookup_locked(pid) == NULL && pgrp_lookup_locked(pid) == NULL &&
	    !session_exists_locked(pid))
		ids_put(&pids, (uint32_t)pid);
}

struct proc *
proc_find(int32_t pid)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	p = proc_lookup_locked(pid);
	if (p != NULL)
		node_ref(&p->p_node);
	spin_unlock(&proc_tree_lock);
	return p;
}

struct proc *
proc_init(void)
{
	return init_proc;
}

/* --- making and removing --- */

static uint32_t
count_uid_locked(uint32_t uid)
{
	struct proc *p;
	uint32_t n = 0;

	list_for_each(p, &proc_list, p_all)
		n += procx_of(p)->px_uid == uid;
	return n;
}

/* Whether the parent may have one more child; both limits. */
static int
check_limits_locked(struct proc *parent)
{
	const struct cred *c = parent->p_cred;

	if (procs.value >= NPROC)
		return EAGAIN;
	if (cred_super(c))
		return 0;
	if (procs.value >= NPROC - PID_ROOT_RESERVE)
		return EAGAIN;
	if (parent->p_limits[RLIMIT_NPROC].cur < NPROC &&
	    count_uid_locked(c->ruid) >= parent->p_limits[RLIMIT_NPROC].cur)
		return EAGAIN;
	return 0;
}

int
proc_alloc(struct proc *parent, struct procx **out)
{
	struct procx *px = zone_alloc(procx_zone, ZALLOC_ZERO);
	struct proc *p;
	int error = 0;

	if (px == NULL)
		return ENOMEM;
	p = &px->px_proc;
	spin_lock(&proc_tree_lock);
	if (parent != NULL)
		error = check_limits_locked(parent);
	if (error == 0)
		error = pid_get_locked(&p->p_pid);
	if (error == 0)
		kstat_add(&procs, 1);
	spin_unlock(&proc_tree_lock);
	if (error != 0) {
		zone_free(procx_zone, px);
		return error;
	}
	node_init(&p->p_node, &proc_node_ops, NODE_PROCESS, NULL, 0);
	owner_give(px, p->p_node.koid);
	p->p_node.poll_in = SIG_SIGNALED;
	p->p_state = PROC_NEW;
	p->p_start = clock_now();
	p->p_account = account_self();
	list_init(&p->p_children);
	list_init(&p->p_sibling);
	list_init(&p->p_all);
	list_init(&p->p_pgrp_link);
	list_init(&p->p_thrs);
	list_init(&px->px_waiters);
	list_init(&px->px_unborn);
	list_init(&px->px_ended);
	list_init(&px->px_old_creds);
	list_init(&px->px_job_link);
	proc_timers_init(px);
	*out = px;
	return 0;
}

void
proc_free_new(struct procx *px)
{
	spin_lock(&proc_tree_lock);
	pid_release_locked(px->px_proc.p_pid);
	spin_unlock(&proc_tree_lock);
	node_unref(&px->px_proc.p_node);
}

void
proc_thr_add_locked(struct proc *p, struct thr *t)
{
	list_push_back(&p->p_thrs, &t->t_proc_link);
	p->p_nthrs++;
}

void
proc_enter_locked(struct procx *px, struct proc *parent)
{
	struct proc *p = &px->px_proc;
	struct procx **bucket = &hash[(uint32_t)p->p_pid % HASH];

	px->px_hash = *bucket;
	*bucket = px;
	list_push_back(&proc_list, &p->p_all);
	p->p_parent = parent;
	if (parent != NULL)
		list_push_back(&parent->p_children, &p->p_sibling);
	px->px_uid = p->p_cred->ruid;
	p->p_state = PROC_ALIVE;
	if (proc_self() != NULL && proc_self()->p_trace != NULL)
		trace_child_locked(proc_self(), p);
	forks.value++;
}

void
proc_remove_locked(struct procx *px)
{
	struct procx **at = &hash[(uint32_t)px->px_proc.p_pid % HASH];

	while (*at != px)
		at = &(*at)->px_hash;
	*at = px->px_hash;
	list_remove(&px->px_proc.p_all);
	list_remove(&px->px_proc.p_sibling);
	pid_release_locked(px->px_proc.p_pid);
}

void
proc_charge_uid_locked(struct procx *px, uint32_t uid)
{
	px->px_uid = uid;
}

int
proc_limits_default(struct proc *p)
{
	for (unsigned i = 0; i < RLIMIT_NLIMITS; i++)
		p->p_limits[i] = (struct abi_rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	p->p_limits[RLIMIT_NOFILE] = (struct abi_rlimit){ 1024, DESC_POSIX_MAX };
	p->p_limits[RLIMIT_HANDLES] = (struct abi_rlimit){ 16384, DESC_NATIVE_MAX };
	p->p_limits[RLIMIT_STACK].cur = 8 << 20;
	p->p_limits[RLIMIT_CORE].cur = 0;
	p->p_limits[RLIMIT_NPROC] = (struct abi_rlimit){ NPROC, NPROC };
	p->p_limits[RLIMIT_SIGPENDING] = (struct abi_rlimit){ SIGQUEUE_MAX, SIGQUEUE_MAX };
	return 0;
}

/* --- process 1 --- */

static void
init_thread(void *arg)
{
	char buf[128];
	const char *path = boot_option("init", buf, sizeof(buf));
	uintptr_t entry = 0, sp = 0;
	int error;

	if (path == NULL || *path == '\0')
		path = "/sbin/init";
	error = exec_first(path, &entry, &sp);
	if (error != 0)
		panic("cannot execute %s: error %d", path, error);
	mach_user_enter(entry, sp);
}

static void
proc_start_init(void)
{
	struct procx *px;
	struct proc *p;
	struct thr *t;

	VERIFY(proc_alloc(NULL, &px) == 0);
	p = &px->px_proc;
	VERIFY(p->p_pid == 1);
	p->p_cred = cred_ref(&cred_root);
	(void)proc_limits_default(p);
	strlcpy(p->p_name, "init", sizeof(p->p_name));
	VERIFY(desctab_create(&p->p_desc) == 0 && fsctx_create(&p->p_fs) == 0);
	desctab_grant(p->p_desc, DESC_SELF_JOB, RIGHTS_JOB);
	VERIFY(space_create(&p->p_space) == 0);
	VERIFY((p->p_sig = sigacts_create()) != NULL);
	VERIFY(thr_create(p, "init", init_thread, NULL, &t) == 0);
	VERIFY((t->t_sig = sigstate_create(NULL)) != NULL);
	spin_lock(&proc_tree_lock);
	VERIFY(pgrp_create_locked(p, true, NULL) == 0);
	VERIFY(job_enter_locked(job_root(), p) == 0);
	proc_enter_locked(px, NULL);
	proc_thr_add_locked(p, t);
	spin_unlock(&proc_tree_lock);
	init_proc = p;
	thr_start(t);
}
INIT(proc_start_init, LEVEL_PROC);

void
proc_event(struct proc *p, unsigned type, int64_t code)
{
	struct abi_event e = { .proc = { .pid = p->p_pid, .code = code, .koid = p->p_node.koid } };

	if (likely(p->p_events == 0))
		return;
	e.proc.time = clock_now();
	spin_lock(&proc_tree_lock);
	e.proc.parent = p->p_parent != NULL ? p->p_parent->p_pid : 0;
	spin_unlock(&proc_tree_lock);
	ev_post(p, type, &e);
}
