/*
 * Jobs.
 *
 * 1. Concepts.  Jobs form a tree of at most JOB_DEPTH_MAX levels below the root job, which is made
 * at boot and holds process 1.  Every process is in exactly one job from before its first instruction
 * to its end; fork puts the child beside its parent, native creation where the creator says.  A job is
 * what policy is set on (proc/jobpolicy.c), what can be killed as one, and what its processes are
 * charged to: each counts in its job and in all above it, up to the least of their limits, and so does what
 * they take of pages, slots, queued bytes and observers (kern/account.c).
 *
 * 2. Life.
 *
 *	child --reference--> parent          tree --reference--> each job that is in it
 *	process --reference--> its job       handles: uses
 *
 * A job is in the tree while it has handles, processes or children.  Whatever goes last takes
 * it out and may leave the parent with nothing in turn, so the way leads upwards, in a loop.  A
 * process keeps its job's memory until its own is freed (its koid can still be asked for).
 *
 * 3. Death.  job_kill() marks all jobs of the subtree dead and kills what is in them.  A dead job takes
 * no process, no child and no policy, for good; it leaves the tree when it is empty, handles or not,
 * and has the level TERMINATED from then on.  The root job is not killed: that would end process
 * 1, and the machine with it; who wants that has halt.
 *
 * 4. Levels.  NO_PROCESSES and NO_JOBS follow the lists, direct children only.  A process that ends shows
 * TERMINATED before its job shows NO_PROCESSES.
 *
 * 5. Locking.  proc_tree_lock guards the tree, like all other kinships of processes; levels change under
 * it and the node's lock.  The use count of a job rises from 0 only where the tree is locked
 * (job_child), so "no uses and nothing in it" holds still there.
 *
 * Budget: 25 instructions to enter, 25 to leave at depth 1.
 */
#include "proc/job.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "proc/procx.h"
#include "vm/zone.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/task.h>
#include <abi/wait.h>

#define KOIDS		32u		/* copied aside in one step */
#define EMPTY		(SIG_JOB_NO_PROCESSES | SIG_JOB_NO_JOBS)

ZONE(job_zone, struct job);
COUNTER(jobs, "node.job");
static struct job *root_job;		/* [I] */

/* --- the tree --- */

/* Behind the last with a smaller koid: nearly always the last. */
static void
insert_child(struct job *parent, struct job *j)
{
	struct list *at = parent->j_jobs.prev;

	while (at != &parent->j_jobs && list_entry(at, struct job, j_sibling)->j_node.koid > j->j_node.koid)
		at = at->prev;
	list_insert_after(at, &j->j_sibling);
}

static void
insert_proc(struct job *j, struct procx *px)
{
	struct list *at = j->j_procs.prev;

	while (at != &j->j_procs &&
	    list_entry(at, struct procx, px_job_link)->px_proc.p_node.koid > px->px_proc.p_node.koid)
		at = at->prev;
	list_insert_after(at, &px->px_job_link);
}

static void
level(struct job *j, uint32_t clear, uint32_t set, struct wakelist *w)
{
	spin_lock(&j->j_node.lock);
	sig_change(&j->j_node.own, clear, set, w);
	spin_unlock(&j->j_node.lock);
}

/* The levels as the lists have them; true: nothing held it in the tree, and it may be freed by now. */
static bool
settle_one_locked(struct job *j, struct wakelist *w)
{
	bool procs = !list_empty(&j->j_procs), children = !list_empty(&j->j_jobs);

	ASSERT(spin_held(&proc_tree_lock));
	level(j, 0, (procs ? 0 : SIG_JOB_NO_PROCESSES) | (children ? 0 : SIG_JOB_NO_JOBS) |
	    (j->j_dead && !procs && !children ? SIG_JOB_TERMINATED : 0), w);
	if (procs || children || j->j_parent == NULL || list_empty(&j->j_sibling) ||
	    (!j->j_dead && atomic_load(&j->j_node.uses) != 0))
		return false;
	list_remove(&j->j_sibling);
	node_unref(&j->j_node);
	return true;
}

static void
settle_locked(struct job *j, struct wakelist *w)
{
	struct job *parent;

	do {
		parent = j->j_parent;
	} while (settle_one_locked(j, w) && (j = parent) != NULL);
}

void
job_settle(struct job *j)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&proc_tree_lock);
	settle_locked(j, &w);
	spin_unlock(&proc_tree_lock);
	wakelist_run(&w);
}

/* The next job of the subtree below top, parents first; NULL after the last. */
static struct job *
next_locked(struct job *top, struct job *j)
{
	if (!list_empty(&j->j_jobs))
		return list_first(&j->j_jobs, struct job, j_sibling);
	for (; j != top; j = j->j_parent)
		if (j->j_sibling.next != &j->j_parent->j_jobs)
			return list_entry(j->j_sibling.next, struct job, j_sibling);
	return NULL;
}

static struct job *
leaf_locked(struct job *j)
{
	while (!list_empty(&j->j_jobs))
		j = list_first(&j->j_jobs, struct job, j_sibling);
	return j;
}

/* --- the node --- */

static void
job_unused(struct node *n)
{
	job_settle(job_of(n));
}

static void
job_destroy(struct node *n)
{
	struct job *j = job_of(n);

	ASSERT(list_empty(&j->j_sibling) && list_empty(&j->j_jobs) && list_empty(&j->j_procs));
	job_policy_done(&j->j_policy);
	if (j->j_exchannels.plain != NULL)
		node_unuse(j->j_exchannels.plain);
	if (j->j_exchannels.debugger != NULL)
		node_unuse(j->j_exchannels.debugger);
	account_unref(j->j_account);
	node_unref(&j->j_parent->j_node);
	zone_free(job_zone, j);
	kstat_add(&jobs, -1);
}

static const struct node_ops job_ops = {
	.name = "job", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = job_unused, .destroy = job_destroy,
};

/* One reference, which becomes the tree's. */
static struct job *
job_alloc(struct job *parent)
{
	struct job *j = zone_alloc(job_zone, ZALLOC_ZERO);

	if (j == NULL)
		return NULL;
	j->j_account = parent != NULL ? account_create(parent->j_account) : &account_root;
	if (j->j_account == NULL) {
		zone_free(job_zone, j);
		return NULL;
	}
	node_init(&j->j_node, &job_ops, NODE_JOB, NULL, EMPTY);
	j->j_account->koid = j->j_node.koid;
	j->j_node.poll_in = SIG_SIGNALED;
	list_init(&j->j_sibling);
	list_init(&j->j_jobs);
	list_init(&j->j_procs);
	j->j_max_procs = NPROC;
	j->j_parent = parent;
	if (parent != NULL) {
		node_ref(&parent->j_node);
		j->j_depth = parent->j_depth + 1;
	}
	kstat_add(&jobs, 1);
	return j;
}

/* --- processes --- */

/* One more, or one less, here and in all above. */
static void
charge_locked(struct job *j, int n)
{
	for (; j != NULL; j = j->j_parent)
		j->j_nprocs += (uint32_t)n;
}

static bool
full_locked(const struct job *j)
{
	for (; j != NULL; j = j->j_parent)
		if (j->j_nprocs >= j->j_max_procs)
			return true;
	return false;
}

int
job_enter_locked(struct job *j, struct proc *p)
{
	struct wakelist w;

	ASSERT(spin_held(&proc_tree_lock) && p->p_job == NULL && p->p_account == j->j_account);
	if (unlikely(j->j_dead))
		return EBADSTATE;
	if (unlikely(full_locked(j)))
		return EAGAIN;
	charge_locked(j, 1);
	if (unlikely(list_empty(&j->j_procs))) {
		/* A level that falls wakes nobody. */
		wakelist_init(&w);
		level(j, SIG_JOB_NO_PROCESSES, 0, &w);
	}
	node_ref(&j->j_node);
	insert_proc(j, procx_of(p));
	p->p_job = j;
	p->p_policy = j->j_policy.word;
	p->p_min_slack = j->j_policy.min_slack;
	return 0;
}

bool
job_leave_locked(struct proc *p)
{
	ASSERT(spin_held(&proc_tree_lock));
	list_remove(&procx_of(p)->px_job_link);
	charge_locked(p->p_job, -1);
	return list_empty(&p->p_job->j_procs);
}

bool
job_knows_setid(const struct job *j)
{
	return !(j != NULL ? j : proc_self()->p_job)->j_policy.unprivileged;
}

bool
job_reaches_locked(const struct proc *p)
{
	const struct proc *self = proc_self();

	return (self->p_policy & ~root_job->j_policy.word) == 0 || job_within(p->p_job, self->p_job->j_node.koid);
}

bool
job_within(const struct job *j, koid_t koid)
{
	while (j != NULL && j->j_node.koid != koid)
		j = j->j_parent;
	return j != NULL;
}

struct job *
job_marked_locked(struct job *j)
{
	while (j != NULL && (!j->j_kill_on_oom || j == root_job))
		j = j->j_parent;
	return j;
}

int
job_kill(struct job *top)
{
	if (top == root_job)
		return EPERM;
	job_kill_for(top, MX_TASK_RETCODE_SYSCALL_KILL);
	return 0;
}

void
job_kill_for(struct job *top, int64_t code)
{
	struct wakelist w;
	struct procx *px;

	ASSERT(top != root_job);
	wakelist_init(&w);
	spin_lock(&proc_tree_lock);
	for (struct job *j = top; j != NULL; j = next_locked(top, j)) {
		if (!j->j_dead)
			j->j_code = code;
		j->j_dead = true;
		list_for_each(px, &j->j_procs, px_job_link)
			(void)proc_kill_locked(&px->px_proc, ABI_W_SIGNALED(SIGKILL, 0), code);
	}
	/* Those that are empty leave, children first. */
	for (struct job *j = leaf_locked(top), *next; j != top; j = next) {
		next = j->j_sibling.next == &j->j_parent->j_jobs ? j->j_parent :
		    leaf_locked(list_entry(j->j_sibling.next, struct job, j_sibling));
		(void)settle_one_locked(j, &w);
	}
	settle_locked(top, &w);
	spin_unlock(&proc_tree_lock);
	wakelist_run(&w);
	exchannels_close(&top->j_exchannels);
}

/* --- calls --- */

int
job_get(uint32_t h, uint32_t rights, struct job **out)
{
	struct node *n;
	int error = handle_get(h, NODE_JOB, rights, &n);

	if (error == 0)
		*out = job_of(n);
	return error;
}

/* Into the tree, below a parent that is alive. */
static int
job_link(struct job *j)
{
	struct job *parent = j->j_parent;
	struct wakelist w;
	int error = EBADSTATE;

	wakelist_init(&w);
	spin_lock(&proc_tree_lock);
	if (!parent->j_dead) {
		if (list_empty(&parent->j_jobs))
			level(parent, SIG_JOB_NO_JOBS, 0, &w);
		insert_child(parent, j);
		job_policy_init(&j->j_policy, &parent->j_policy);
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* The number is told before the job is in the tree, which can be the last thing to fail. */
static int
job_create(struct job *parent, void __user *out)
{
	uint32_t index, h;
	struct job *j;
	int error;

	if (parent->j_depth == JOB_DEPTH_MAX)
		return ERANGE;
	j = job_alloc(parent);
	if (j == NULL)
		return ENOMEM;
	error = desc_reserve(DESC_NATIVE, 0, &index);
	if (error == 0) {
		h = desc_handle(index);
		error = copyout(&h, out, sizeof(h));
		if (error == 0)
			error = job_link(j);
		if (error == 0) {
			node_use(&j->j_node);
			desc_publish(index, &j->j_node, RIGHTS_JOB, DESC_CLOEXEC);
			return 0;
		}
		desc_unreserve(index);
	}
	node_unref(&j->j_node);
	return error;
}

int
sys_mx_job_create(uint32_t h, uint32_t options, void __user *out)
{
	struct job *parent;
	int error = job_get(h, RIGHT_MANAGE_JOB, &parent);

	if (error != 0)
		return error;
	error = job_create(parent, out);
	node_unuse(&parent->j_node);
	return error;
}

/* --- information --- */

static uint64_t
max_of(const struct job *j, enum charge c, uint64_t unit)
{
	uint64_t max = account_max(j->j_account, c);

	return max > UINT64_MAX / unit ? UINT64_MAX : max * unit;
}

static void
tell_charge(const struct job *j, enum charge c, uint64_t unit, struct abi_job_charge *out)
{
	out->used = account_used(j->j_account, c) * unit;
	out->max = max_of(j, c, unit);
}

static int
job_info(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct job *j = job_of(n);
	struct abi_info_job info = { .return_code = 0 };

	spin_lock(&proc_tree_lock);
	if (j->j_dead) {
		info.return_code = j->j_code;
		info.exited = list_empty(&j->j_procs) && list_empty(&j->j_jobs);
	}
	info.processes = j->j_nprocs;
	info.max_processes = j->j_max_procs;
	info.kill_on_oom = j->j_kill_on_oom;
	spin_unlock(&proc_tree_lock);
	tell_charge(j, CHARGE_PAGES, PAGE_SIZE, &info.memory);
	tell_charge(j, CHARGE_SLOTS, 1, &info.handles);
	tell_charge(j, CHARGE_BYTES, 1, &info.queued);
	tell_charge(j, CHARGE_OBSERVERS, 1, &info.observers);
	return info_put(s, &info);
}
INFO_TOPIC(job_topic, MX_INFO_JOB, NODE_JOB, RIGHT_INSPECT, sizeof(struct abi_info_job), job_info);
INFO_TOPIC(job_topic_second, MX_INFO_JOB, NODE_JOB, RIGHT_INSPECT, offsetof(struct abi_info_job, memory), job_info);
INFO_TOPIC(job_topic_first, MX_INFO_JOB, NODE_JOB, RIGHT_INSPECT, offsetof(struct abi_info_job, processes),
    job_info);

/* Koids above `after', in order, as many as fit; both lists are sorted. */
static size_t
child_koids(struct job *j, koid_t after, koid_t *koid)
{
	struct job *c;
	size_t n = 0;

	spin_lock(&proc_tree_lock);
	list_for_each(c, &j->j_jobs, j_sibling)
		if (c->j_node.koid > after && n < KOIDS)
			koid[n++] = c->j_node.koid;
	spin_unlock(&proc_tree_lock);
	return n;
}

static size_t
proc_koids(struct job *j, koid_t after, koid_t *koid)
{
	struct procx *px;
	size_t n = 0;

	spin_lock(&proc_tree_lock);
	list_for_each(px, &j->j_procs, px_job_link)
		if (px->px_proc.p_node.koid > after && n < KOIDS)
			koid[n++] = px->px_proc.p_node.koid;
	spin_unlock(&proc_tree_lock);
	return n;
}

static int
put_koids(struct job *j, size_t (*list)(struct job *, koid_t, koid_t *), struct info_sink *s)
{
	koid_t koid[KOIDS], after = 0;
	int error = 0;
	size_t n;

	while (error == 0 && (n = list(j, after, koid)) > 0) {
		for (size_t i = 0; i < n && error == 0; i++)
			error = info_put(s, &koid[i]);
		after = koid[n - 1];
	}
	return error;
}

static int
job_children(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	return put_koids(job_of(n), child_koids, s);
}
INFO_TOPIC_MANY(children_topic, MX_INFO_JOB_CHILDREN, NODE_JOB, RIGHT_ENUMERATE, sizeof(koid_t), job_children);

static int
job_processes(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	return put_koids(job_of(n), proc_koids, s);
}
INFO_TOPIC_MANY(processes_topic, MX_INFO_JOB_PROCESSES, NODE_JOB, RIGHT_ENUMERATE, sizeof(koid_t),
    job_processes);

/* --- relatives, names, limits --- */

static koid_t
job_related(struct node *n)
{
	struct job *parent = job_of(n)->j_parent;

	return parent != NULL ? parent->j_node.koid : 0;
}

static int
job_child(struct node *n, koid_t koid, struct node **out)
{
	struct job *j = job_of(n), *c;
	struct procx *px;

	*out = NULL;
	spin_lock(&proc_tree_lock);
	list_for_each(c, &j->j_jobs, j_sibling)
		if (c->j_node.koid == koid)
			*out = &c->j_node;
	list_for_each(px, &j->j_procs, px_job_link)
		if (px->px_proc.p_node.koid == koid)
			*out = &px->px_proc.p_node;
	if (*out != NULL)
		node_use(*out);
	spin_unlock(&proc_tree_lock);
	return *out != NULL ? 0 : ENOENT;
}
RELATIVES(job_relatives, NODE_JOB, job_related, job_child);

static int
job_name_get(struct node *n, void *value)
{
	spin_lock(&proc_tree_lock);
	memcpy(value, job_of(n)->j_name, MX_MAX_NAME_LEN);
	spin_unlock(&proc_tree_lock);
	return 0;
}

static int
job_name_set(struct node *n, const void *value)
{
	spin_lock(&proc_tree_lock);
	memcpy(job_of(n)->j_name, value, MX_MAX_NAME_LEN);
	spin_unlock(&proc_tree_lock);
	return 0;
}
PROPERTY(job_name, MX_PROP_NAME, NODE_JOB, MX_MAX_NAME_LEN, job_name_get, job_name_set);

static int
job_limit_get(struct node *n, void *value)
{
	spin_lock(&proc_tree_lock);
	*(uint32_t *)value = job_of(n)->j_max_procs;
	spin_unlock(&proc_tree_lock);
	return 0;
}

/* Those that are in it stay. */
static int
job_limit_set(struct node *n, const void *value)
{
	spin_lock(&proc_tree_lock);
	job_of(n)->j_max_procs = *(const uint32_t *)value;
	spin_unlock(&proc_tree_lock);
	return 0;
}
PROPERTY(job_limit, MX_PROP_JOB_PROCESS_LIMIT, NODE_JOB, sizeof(uint32_t), job_limit_get, job_limit_set);

/* What is more than the new limit stays: see kern/account.c. */
#define CHARGE_LIMIT(what, property, charge, unit) \
static int \
max_##what##_get(struct node *n, void *value) \
{ \
	*(uint64_t *)value = max_of(job_of(n), charge, unit); \
	return 0; \
} \
static int \
max_##what##_set(struct node *n, const void *value) \
{ \
	uint64_t max = *(const uint64_t *)value; \
\
	account_limit(job_of(n)->j_account, charge, max == UINT64_MAX ? max : max / (unit)); \
	return 0; \
} \
PROPERTY(max_##what, property, NODE_JOB, sizeof(uint64_t), max_##what##_get, max_##what##_set)

CHARGE_LIMIT(memory, MX_PROP_JOB_MEMORY_LIMIT, CHARGE_PAGES, PAGE_SIZE);
CHARGE_LIMIT(handle, MX_PROP_JOB_HANDLE_LIMIT, CHARGE_SLOTS, 1u);
CHARGE_LIMIT(queue, MX_PROP_JOB_QUEUE_LIMIT, CHARGE_BYTES, 1u);
CHARGE_LIMIT(observer, MX_PROP_JOB_OBSERVER_LIMIT, CHARGE_OBSERVERS, 1u);

static int
job_oom_get(struct node *n, void *value)
{
	spin_lock(&proc_tree_lock);
	*(uint64_t *)value = job_of(n)->j_kill_on_oom;
	spin_unlock(&proc_tree_lock);
	return 0;
}

static int
job_oom_set(struct node *n, const void *value)
{
	uint64_t yes = *(const uint64_t *)value;

	if (yes > 1)
		return EINVAL;
	if (job_of(n) == root_job)
		return EPERM;
	spin_lock(&proc_tree_lock);
	job_of(n)->j_kill_on_oom = yes != 0;
	spin_unlock(&proc_tree_lock);
	return 0;
}
PROPERTY(job_oom, MX_PROP_JOB_KILL_ON_OOM, NODE_JOB, sizeof(uint64_t), job_oom_get, job_oom_set);

/* --- the root --- */

static void
job_start(void)
{
	VERIFY((root_job = job_alloc(NULL)) != NULL);
	strlcpy(root_job->j_name, "root", sizeof(root_job->j_name));
	job_policy_init(&root_job->j_policy, NULL);
}
INIT(job_start, LEVEL_PROC - 1);

struct job *
job_root(void)
{
	return root_job;
}
