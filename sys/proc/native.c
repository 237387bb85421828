/*
 * Processes made natively: create, start, end, and the memory of another process.
 *
 * 1. Life.  new -> running -> ended.  A new process has a job, a pid, an empty table and an empty space; it is
 * in no list that signals or /proc look at, and goes with its last handle (native_unused).  process_start
 * puts it there with its first thread, in one step under the tree lock; from then on it is a process like
 * any other, and its handles only look at it.
 *
 * 2. Kinship.  Unless it was made with MX_PROCESS_CHILD it is nobody's child: it is on its creator's list
 * (getppid, the way to process 1 when the creator ends), but px_nochild keeps it out of wait, SIGCHLD and
 * zombies.  Session, terminal and group are the creator's when it was made; px_group holds them until
 * it starts.
 *
 * 3. Death before the start.  Who holds the tree lock (job_kill) cannot free a space: it puts the process
 * in the graveyard, and calls proc_bury() once the lock is dropped.
 *
 * 4. Set-id.  Memory of a process that changed its credentials by exec is for callers with euid 0 alone,
 * whatever their handle says, and for the process itself.
 */
#include "proc/native.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "fs/fsctx.h"
#include "gen/sysproto.h"
#include "mach/frame.h"
#include "mach/user.h"
#include "proc/job.h"
#include "proc/thread.h"
#include "vm/space.h"
#include "vm/window.h"
#include "vm/zone.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/task.h>
#include <abi/wait.h>

#define MEMORY_MAX	((size_t)64 << 20)	/* bytes a call */

static struct list graveyard = LIST_INIT(graveyard);	/* [p] procs by p_all, one reference each */

static inline struct proc *
proc_of(struct node *n)
{
	return container_of(n, struct proc, p_node);
}

/* --- the end of a new process --- */

static void
set_terminated(struct proc *p)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&p->p_node.lock);
	sig_change(&p->p_node.own, 0, SIG_SIGNALED, &w);
	spin_unlock(&p->p_node.lock);
	wakelist_run(&w);
}

static struct space *
take_space(struct proc *p)
{
	struct space *s;

	spin_lock(&proc_tree_lock);
	s = p->p_space;
	p->p_space = NULL;
	spin_unlock(&proc_tree_lock);
	return s;
}

/* p is PROC_EXITING and belongs to the caller: nobody starts it any more. */
static void
end_new(struct procx *px)
{
	struct proc *p = &px->px_proc;
	bool settle;

	exchannels_close(&px->px_exchannels);
	thread_drop_all(p);
	desctab_destroy(p->p_desc);
	p->p_desc = NULL;
	fsctx_destroy(p->p_fs);
	p->p_fs = NULL;
	sigacts_destroy(p->p_sig);
	pgrp_unref(px->px_group);
	node_unref(&px->px_creator->p_node);
	space_unref(take_space(p));
	spin_lock(&proc_tree_lock);
	p->p_sig = NULL;
	p->p_state = PROC_ZOMBIE;
	p->p_wait_status = px->px_kill_status;
	p->p_exit_code = px->px_kill_code;
	settle = job_leave_locked(p);
	pid_release_locked(p->p_pid);
	spin_unlock(&proc_tree_lock);
	set_terminated(p);
	if (settle)
		job_settle(p->p_job);
	node_unref(&p->p_node);
}

void
native_unused(struct node *n)
{
	struct proc *p = proc_of(n);
	bool new;

	if (p->p_state != PROC_NEW)
		return;
	spin_lock(&proc_tree_lock);
	new = p->p_state == PROC_NEW && n->uses == 0;
	if (new)
		p->p_state = PROC_EXITING;
	spin_unlock(&proc_tree_lock);
	if (new)
		end_new(procx_of(p));
}

void
native_kill_locked(struct procx *px, int status, int64_t code)
{
	struct proc *p = &px->px_proc;

	ASSERT(spin_held(&proc_tree_lock) && p->p_state == PROC_NEW);
	p->p_state = PROC_EXITING;
	px->px_kill_status = status;
	px->px_kill_code = code;
	list_push_back(&graveyard, &p->p_all);
}

void
proc_bury(void)
{
	struct list *l;

	for (;;) {
		spin_lock(&proc_tree_lock);
		l = list_pop_front(&graveyard);
		spin_unlock(&proc_tree_lock);
		if (l == NULL)
			return;
		end_new(procx_of(list_entry(l, struct proc, p_all)));
	}
}

/* --- create --- */

static int
create(const char *name, bool child, struct procx **out)
{
	struct procx *px;
	struct proc *p;
	int error = proc_make(&px);

	if (error != 0)
		return error;
	p = &px->px_proc;
	strlcpy(p->p_name, name, sizeof(p->p_name));
	if ((error = desctab_create(&p->p_desc)) != 0 || (error = space_create(&p->p_space)) != 0) {
		proc_unmake(px, NULL);
		return error;
	}
	window_open(p->p_space);
	space_set_limits(p->p_space, p->p_limits[RLIMIT_AS].cur, p->p_limits[RLIMIT_STACK].cur);
	px->px_native = true;
	px->px_nochild = !child;
	*out = px;
	return 0;
}

/* From here on it ends by end_new(). */
static int
settle_in(struct procx *px, struct job *job)
{
	int error;

	spin_lock(&proc_tree_lock);
	error = job_enter_locked(job, &px->px_proc);
	if (error == 0) {
		px->px_creator = proc_self();
		node_ref(&px->px_creator->p_node);
		px->px_group = px->px_creator->p_pgrp;
		px->px_group->pg_refs++;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* Both handles are told to the caller before the process exists for anyone. */
static int
create_publish(struct procx *px, struct job *job, void __user *process, void __user *vmar)
{
	struct slot slot[2] = { { .node = &px->px_proc.p_node, .rights = RIGHTS_PROCESS, .flags = DESC_CLOEXEC },
		{ .rights = RIGHTS_VMAR_ROOT, .flags = DESC_CLOEXEC } };
	uint32_t num[2];
	int error;

	if ((error = vmar_root(px->px_proc.p_space, &slot[1].node)) != 0)
		return error;
	error = slots_reserve(DESC_NATIVE, 2, num);
	if (error == 0) {
		if ((error = copyout(&num[0], process, sizeof(num[0]))) != 0 ||
		    (error = copyout(&num[1], vmar, sizeof(num[1]))) != 0 ||
		    (error = settle_in(px, job)) != 0)
			slots_unreserve(num, 2);
	}
	if (error != 0) {
		node_unuse(slot[1].node);
		return error;
	}
	node_use(slot[0].node);
	slot_new(&slot[0]);
	slot_new(&slot[1]);
	slots_publish(num, slot, 2);
	return 0;
}

int
sys_mx_process_create(uint32_t job, void __user *name, size_t len, uint32_t options, void __user *process,
    void __user *vmar)
{
	char text[MX_MAX_NAME_LEN];
	struct procx *px;
	struct job *j;
	int error = job_get(job, RIGHT_MANAGE_PROCESS, &j);

	if (error == ERIGHTS)
		error = job_get(job, RIGHT_WRITE, &j);
	if (error != 0)
		return error;
	error = task_name(name, len, text);
	if (error == 0) {
		struct account *mine = account_set(j->j_account);

		error = create(text, (options & MX_PROCESS_CHILD) != 0, &px);
		account_set(mine);
	}
	if (error == 0) {
		error = create_publish(px, j, process, vmar);
		if (error != 0)
			proc_unmake(px, NULL);
	}
	node_unuse(&j->j_node);
	return error == EAGAIN ? ENORES : error;
}

/* --- start --- */

/* Its creator, while that can have children; else process 1. */
static struct proc *
parent_locked(struct procx *px)
{
	return px->px_creator->p_state == PROC_ALIVE ? px->px_creator : proc_init();
}

static int
enter(struct procx *px, struct thr *t, uintptr_t entry, uintptr_t stack, uintptr_t arg1, uintptr_t arg2)
{
	struct proc *p = &px->px_proc, *creator = px->px_creator;
	struct pgrp *group = px->px_group;
	int error = EBADSTATE;

	spin_lock(&proc_tree_lock);
	if (p->p_state == PROC_NEW) {
		p->p_state = PROC_ALIVE;
		error = thread_launch_locked(t, entry, stack, arg1, arg2);
		if (error != 0)
			p->p_state = PROC_NEW;
	}
	if (error == 0) {
		proc_enter_locked(px, parent_locked(px));
		pgrp_join_locked(p, group);
		px->px_creator = NULL;
		px->px_group = NULL;
		p->p_did_exec = true;
		p->p_start = clock_now();
	}
	spin_unlock(&proc_tree_lock);
	if (error != 0)
		return error;
	pgrp_unref(group);
	node_unref(&creator->p_node);
	sched_set(t, t->t_class, px->px_nice);
	thread_launched(t, p);
	return 0;
}

/* The caller holds uses of both; `boot' is empty or consumed. */
static int
start(struct proc *p, struct thr *t, uintptr_t entry, uintptr_t stack, struct slot *boot, uintptr_t arg2)
{
	uint32_t index, value = 0;
	int error;

	if (p->p_state != PROC_NEW || t->t_state != THR_NEW)
		return EBADSTATE;
	if (t->t_proc != p)
		return t->t_proc == NULL ? EBADSTATE : EPERM;
	if (boot->node != NULL) {
		error = desctab_put(p->p_desc, DESC_NATIVE, 0, boot, &index);
		if (error != 0)
			return error;
		boot->node = NULL;
		value = desctab_handle(p->p_desc, index);
	}
	error = enter(procx_of(p), t, entry, stack, value, arg2);
	if (error != 0 && value != 0)
		(void)desctab_remove(p->p_desc, index);
	return error;
}

/* The bootstrap handle, which is consumed whatever else is wrong; 0 is none. */
static int
take_boot(uint32_t h, struct slot *boot)
{
	int error = h == 0 ? 0 : handle_take(h, boot);

	if (error == 0 && h != 0 && (boot->rights & RIGHT_TRANSFER) == 0)
		error = ERIGHTS;
	return error;
}

static int
task_get(uint32_t h, enum node_kind kind, uint32_t manage, struct node **out)
{
	int error = handle_get(h, kind, RIGHT_WRITE, out);

	return error == ERIGHTS ? handle_get(h, kind, manage, out) : error;
}

int
sys_mx_process_start(uint32_t h, uint32_t thread, uintptr_t entry, uintptr_t stack, uint32_t arg1,
    uintptr_t arg2)
{
	struct slot boot = { .node = NULL };
	struct node *p = NULL, *t = NULL;
	int boot_error = take_boot(arg1, &boot);
	int error = task_get(h, NODE_PROCESS, RIGHT_MANAGE_PROCESS, &p);

	if (error == 0)
		error = task_get(thread, NODE_THREAD, RIGHT_MANAGE_THREAD, &t);
	if (error == 0)
		error = boot_error;
	if (error == 0 && (entry >= USER_MAX || stack > USER_MAX))
		error = EINVAL;
	if (error == 0)
		error = start(proc_of(p), thr_of(t), entry, stack, &boot, arg2);
	if (boot.node != NULL)
		slot_drop(&boot);
	if (t != NULL)
		node_unuse(t);
	if (p != NULL)
		node_unuse(p);
	return error;
}

/* --- end, kill --- */

int
sys_mx_process_exit(int64_t code)
{
	proc_exit(ABI_W_EXITED((int)code), code);
}

static int
kill_process(struct proc *p)
{
	if (p == proc_init())
		return EPERM;
	spin_lock(&proc_tree_lock);
	(void)proc_kill_locked(p, ABI_W_SIGNALED(SIGKILL, 0), MX_TASK_RETCODE_SYSCALL_KILL);
	spin_unlock(&proc_tree_lock);
	return 0;
}

int
sys_mx_task_kill(uint32_t h)
{
	uint32_t rights = 0;
	struct node *n;
	int error = h <= DESC_INDEX_MASK ? EHANDLE : desc_get_slot(h, NODE_ANY, 0, &n, &rights, NULL);

	if (error != 0)
		return error;
	if (n->kind != NODE_PROCESS && n->kind != NODE_JOB && n->kind != NODE_THREAD)
		error = EWRONGTYPE;
	else if ((rights & RIGHT_DESTROY) == 0)
		error = ERIGHTS;
	else if (n->kind == NODE_THREAD)
		error = ENOTSUP;
	else
		error = n->kind == NODE_JOB ? job_kill(job_of(n)) : kill_process(proc_of(n));
	proc_bury();
	node_unuse(n);
	return error;
}

/* --- handles of processes --- */

int
sys_mx_pid_handle(int32_t pid, void __user *out)
{
	struct proc *p;
	int error = ENOENT;

	spin_lock(&proc_tree_lock);
	p = pid > 0 ? proc_lookup_locked(pid) : NULL;
	if (p != NULL) {
		error = signal_allowed_locked(p) ? 0 : EPERM;
		if (error == 0)
			node_use(&p->p_node);
	}
	spin_unlock(&proc_tree_lock);
	if (error != 0)
		return error;
	error = handle_install(&p->p_node, RIGHTS_PROCESS, out);
	if (error != 0)
		node_unuse(&p->p_node);
	return error;
}

static int
process_info(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct proc *p = proc_of(n);
	struct abi_info_process info = { .start_time = p->p_start, .pid = (uint32_t)p->p_pid };

	spin_lock(&proc_tree_lock);
	if (p->p_state == PROC_ALIVE || p->p_did_exec || !procx_of(p)->px_native)
		info.flags |= MX_INFO_PROCESS_STARTED;
	if (p->p_state == PROC_ZOMBIE) {
		info.flags |= MX_INFO_PROCESS_EXITED;
		info.return_code = p->p_exit_code;
	}
	spin_unlock(&proc_tree_lock);
	return info_put(s, &info);
}
INFO_TOPIC(process_topic, MX_INFO_PROCESS, NODE_PROCESS, RIGHT_INSPECT, sizeof(struct abi_info_process),
    process_info);

static int
debug_addr_get(struct node *n, void *value)
{
	memcpy(value, &procx_of(proc_of(n))->px_debug_addr, sizeof(uint64_t));
	return 0;
}

/* Once for a program: debuggers rely on it. */
static int
debug_addr_set(struct node *n, const void *value)
{
	struct procx *px = procx_of(proc_of(n));

	if (proc_protected(&px->px_proc) || px->px_debug_addr != 0)
		return EPERM;
	memcpy(&px->px_debug_addr, value, sizeof(uint64_t));
	return 0;
}
PROPERTY(debug_addr, MX_PROP_PROCESS_DEBUG_ADDR, NODE_PROCESS, sizeof(uint64_t), debug_addr_get,
    debug_addr_set);

/* What a new process will have of itself: less than everybody has. */
static int
self_rights_set(struct node *n, const void *value)
{
	struct proc *p = proc_of(n);
	struct abi_self_rights v;

	memcpy(&v, value, sizeof(v));
	if (v.which == 0 || v.which > DESC_NSELF || (v.rights & ~RIGHT_ALL) != 0)
		return EINVAL;
	if (p->p_state != PROC_NEW)
		return EBADSTATE;
	desctab_weaken(p->p_desc, (enum desc_self)(v.which - 1), v.rights);
	return 0;
}
PROPERTY(self_rights, MX_PROP_PROCESS_SELF_RIGHTS, NODE_PROCESS, sizeof(struct abi_self_rights), NULL,
    self_rights_set);

/* --- memory of another process --- */

int
proc_space(struct proc *p, struct space **out)
{
	int error = EBADSTATE;

	if (proc_protected(p))
		return EPERM;
	spin_lock(&proc_tree_lock);
	if (p->p_space != NULL) {
		space_ref(*out = p->p_space);
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

struct transfer {
	struct space *space;
	vaddr_t addr;
	uintptr_t user;
	size_t len, done;
	bool write;
	char *buf;			/* a page */
};

/* At most a page; t->done grows by what went over. */
static int
transfer_some(struct transfer *t)
{
	size_t n = MIN(t->len - t->done, PAGE_SIZE - (size_t)((t->addr + t->done) & PAGE_MASK)), done = 0;
	void __user *user = (void __user *)(t->user + t->done);
	int error = t->write ? copyin(user, t->buf, n) : 0, e;

	if (error != 0)
		return error;
	error = t->write ? space_write(t->space, t->addr + t->done, t->buf, n, &done) :
	    space_read(t->space, t->addr + t->done, t->buf, n, &done);
	if (!t->write && done > 0 && (e = copyout(t->buf, user, done)) != 0)
		return e;
	t->done += done;
	return error == EFAULT ? ENOENT : error;
}

/* Stops where nothing is mapped: that is success once something went over.  The count is stored before
 * anything is, so that a bad address for it changes nothing. */
static int
transfer(struct proc *p, struct transfer *t, void __user *actual)
{
	int error = 0;

	if (t->len == 0 || t->len > MEMORY_MAX || !user_range_ok(t->user, t->len))
		return EINVAL;
	if ((uintptr_t)actual != 0 && (error = copyout(&t->done, actual, sizeof(t->done))) != 0)
		return error;
	if ((error = proc_space(p, &t->space)) != 0)
		return error;
	t->buf = kmem_alloc(PAGE_SIZE, 0);
	if (t->buf == NULL)
		error = ENOMEM;
	while (error == 0 && t->done < t->len)
		error = transfer_some(t);
	if (t->buf != NULL)
		kmem_free(t->buf, PAGE_SIZE);
	space_unref(t->space);
	if (t->done > 0 && (error == ENOENT || error == EACCES))
		error = 0;
	if (error == 0 && (uintptr_t)actual != 0)
		error = copyout(&t->done, actual, sizeof(t->done));
	return error;
}

int
sys_mx_process_read_memory(struct node *h, uintptr_t addr, void __user *buf, size_t len, void __user *actual)
{
	struct transfer t = { .addr = addr, .user = (uintptr_t)buf, .len = len };

	return transfer(proc_of(h), &t, actual);
}

int
sys_mx_process_write_memory(struct node *h, uintptr_t addr, void __user *buf, size_t len, void __user *actual)
{
	struct transfer t = { .addr = addr, .user = (uintptr_t)buf, .len = len, .write = true };

	return transfer(proc_of(h), &t, actual);
}
