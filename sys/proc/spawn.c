/*
 * spawn: a program in a new process, without a copy of the caller.
 *
 * Two faces.  The native call gives the child the handles of a list, and nothing else; the POSIX one
 * (under posix_spawn) is fork and exec in one: the caller's descriptors without close-on-exec, changed
 * by the list, its mask and its ignored signals.  Both use the loader of exec.
 *
 * Handles of the list that are moved leave the caller's table first, before anything is looked at,
 * and go with the call, however it ends; those that are duplicated are shared.  Then the process is
 * built in full: table, space, thread; nobody sees it.  What cannot fail comes last, in one step
 * under the tree lock: it is the caller's child, in its group, and runs.
 *
 * Startup handles: for each handle that has a startup_info the stack of the new program has an entry
 * (info, handle value) of a table that AT_MX_STARTUP shows; the library hands them out by number.
 *
 * Budget: spawn + exit + wait of a small program 25,000 instructions.
 */
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "kern/policy.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "gen/sysproto.h"
#include "kern/sysarg.h"
#include "fs/vnode.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "proc/exec.h"
#include "proc/job.h"
#include "proc/procx.h"
#include "proc/thread.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/task.h>

struct spawn {
	const struct abi_spawn *args;
	bool posix;
	struct abi_spawn_desc *desc;	/* NULL: none */
	struct slot *slot;		/* of each; node NULL: none, or the child has it */
	size_t n;
	struct job *job;		/* where the child goes; a use, or NULL: the caller's own */
	uint32_t job_rights;		/* of the pseudo-handle that the child will have */
	struct abi_startup *startup;	/* NULL: none */
	size_t startup_len;
	struct exec x;
	struct procx *px;
	struct thr *thr;
};

/* --- the list --- */

static int
desc_wrong(const struct spawn *s, const struct abi_spawn_desc *d)
{
	uint32_t known = s->posix ? MX_SPAWN_DUPLICATE | SPAWN_CLOSE : MX_SPAWN_DUPLICATE;

	if ((d->flags & ~known) != 0 || d->fd < -1)
		return EINVAL;
	if (s->posix)
		return d->fd < 0 || d->startup_info != 0 ? EINVAL : 0;
	return d->fd >= 0 && (uint32_t)d->fd >= DESC_POSIX_MAX ? ERANGE : 0;
}

/* One of the list.  A moved handle is taken whatever is wrong with it. */
static int
take(struct spawn *s, const struct abi_spawn_desc *d, struct slot *slot)
{
	bool dup = (d->flags & MX_SPAWN_DUPLICATE) != 0;
	int error = desc_wrong(s, d);

	if (s->posix) {
		if ((d->flags & SPAWN_CLOSE) != 0 || error != 0)
			return error;
		return slot_share(d->handle, RIGHT_DUPLICATE, slot);
	}
	if (dup)
		return error != 0 ? error : d->handle <= DESC_INDEX_MASK ? EHANDLE :
		    slot_share(d->handle, RIGHT_DUPLICATE | RIGHT_TRANSFER, slot);
	if (handle_take(d->handle, slot) != 0)
		return desc_is_self(d->handle) ? ERIGHTS : EHANDLE;
	return error != 0 ? error : (slot->rights & RIGHT_TRANSFER) == 0 ? ERIGHTS : 0;
}

/* All of the list, whatever happens to one of them: the first error. */
static int
take_list(struct spawn *s)
{
	size_t n = (size_t)s->args->ndescs;
	int error, first = 0;

	if (s->args->ndescs > MX_SPAWN_DESCS_MAX)
		return ERANGE;
	if (n == 0)
		return 0;
	s->desc = kmem_alloc(n * sizeof(*s->desc), 0);
	s->slot = kmem_alloc(n * sizeof(*s->slot), ZALLOC_ZERO);
	s->n = n;
	if (s->desc == NULL || s->slot == NULL)
		return ENOMEM;
	error = copyin((const void __user *)s->args->descs, s->desc, n * sizeof(*s->desc));
	if (error != 0)
		return error;
	for (size_t i = 0; i < n; i++) {
		error = take(s, &s->desc[i], &s->slot[i]);
		if (first == 0)
			first = error;
	}
	return first;
}

static void
list_done(struct spawn *s)
{
	for (size_t i = 0; s->slot != NULL && i < s->n; i++)
		if (s->slot[i].node != NULL)
			slot_drop(&s->slot[i]);
	if (s->slot != NULL)
		kmem_free(s->slot, s->n * sizeof(*s->slot));
	if (s->desc != NULL)
		kmem_free(s->desc, s->n * sizeof(*s->desc));
	if (s->startup != NULL)
		kmem_free(s->startup, s->startup_len);
	if (s->job != NULL)
		node_unuse(&s->job->j_node);
}

/* --- the child's table --- */

static int
give_number(struct spawn *s, struct desctab *t, size_t i)
{
	uint32_t fd = (uint32_t)s->desc[i].fd, rights, flags;
	struct node *n;
	int error;

	if (s->posix && fd >= s->px->px_proc.p_limits[RLIMIT_NOFILE].cur)
		return EBADF;
	if (s->posix && (s->desc[i].flags & SPAWN_CLOSE) != 0) {
		(void)desctab_remove(t, fd);
		return 0;
	}
	if (!s->posix && desctab_peek(t, fd, &n, &rights, &flags) == 0) {
		node_unuse(n);
		return EINVAL;
	}
	s->slot[i].flags = 0;
	error = desctab_set(t, fd, &s->slot[i]);
	if (error == 0)
		s->slot[i].node = NULL;
	return error;
}

static int
give_handle(struct spawn *s, struct desctab *t, size_t i)
{
	const struct abi_spawn_desc *d = &s->desc[i];
	uint32_t index;
	int error;

	s->slot[i].flags = DESC_CLOEXEC;
	error = desctab_put(t, DESC_NATIVE, 0, &s->slot[i], &index);
	if (error != 0)
		return error;
	s->slot[i].node = NULL;
	if (d->startup_info != 0)
		s->startup->handle[s->startup->count++] = (struct abi_startup_handle){
			.info = d->startup_info, .handle = desctab_handle(t, index) };
	return 0;
}

static int
startup_make(struct spawn *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->desc[i].startup_info != 0;
	if (n == 0)
		return 0;
	s->startup_len = sizeof(*s->startup) + n * sizeof(s->startup->handle[0]);
	s->startup = kmem_alloc(s->startup_len, ZALLOC_ZERO);
	return s->startup != NULL ? 0 : ENOMEM;
}

/* A handle that has a number and a startup_info has both: the table names it by the same value. */
static int
fill_table(struct spawn *s, struct desctab *t)
{
	int error = startup_make(s);

	for (size_t i = 0; i < s->n && error == 0; i++) {
		if (s->desc[i].fd < 0) {
			error = give_handle(s, t, i);
			continue;
		}
		error = give_number(s, t, i);
		if (error == 0 && s->desc[i].startup_info != 0)
			s->startup->handle[s->startup->count++] = (struct abi_startup_handle){
				.info = s->desc[i].startup_info,
				.handle = desctab_handle(t, (uint32_t)s->desc[i].fd) };
	}
	return error;
}

static void
weaken(const struct spawn *s, struct desctab *t)
{
	static const uint32_t no[DESC_NSELF] = {
		[DESC_SELF_PROCESS] = MX_SPAWN_NO_PROCESS_SELF, [DESC_SELF_THREAD] = MX_SPAWN_NO_THREAD_SELF,
		[DESC_SELF_VMAR] = MX_SPAWN_NO_VMAR_ROOT_SELF, [DESC_SELF_JOB] = MX_SPAWN_NO_JOB_DEFAULT,
	};

	desctab_weaken(t, DESC_SELF_JOB, s->job_rights);
	for (uint32_t i = 0; i < DESC_NSELF; i++)
		if ((s->args->options & no[i]) != 0)
			desctab_weaken(t, (enum desc_self)i, 0);
}

static int
make_table(struct spawn *s, struct proc *p)
{
	int error = s->posix ? desctab_spawn(proc_self()->p_desc, &p->p_desc) : desctab_create(&p->p_desc);

	if (error != 0)
		return error;
	if (!s->posix)
		weaken(s, p->p_desc);
	return fill_table(s, p->p_desc);
}

/* --- the child --- */

/* What exec leaves of the caller's signals, and what the attributes say. */
static void
inherit_signals(struct spawn *s, struct sigacts *sa)
{
	static const struct sigact ign = { .handler = SIGACT_IGN };
	struct sigacts *from = proc_self()->p_sig;
	uint64_t keep = 0;

	spin_lock(&from->sa_lock);
	for (int sig = 1; sig <= SIG_LAST; sig++)
		if (from->sa_act[sig - 1].handler == SIGACT_IGN)
			keep |= SIGBIT(sig);
	spin_unlock(&from->sa_lock);
	if ((s->args->options & SPAWN_SETSIGDEF) != 0)
		keep &= ~s->args->sigdefault;
	spin_lock(&sa->sa_lock);
	for (; keep != 0; keep &= keep - 1)
		signal_set_action_locked(sa, __builtin_ctzll(keep) + 1, &ign);
	spin_unlock(&sa->sa_lock);
}

static int
make_thread(struct spawn *s, struct proc *p)
{
	struct thr *self = thr_self();
	int error = thread_allowed();

	if (error != 0 || (error = thr_create(p, p->p_name, NULL, NULL, &s->thr)) != 0)
		return error;
	s->thr->t_sig = sigstate_create(NULL);
	if (s->thr->t_sig == NULL)
		return ENOMEM;
	if (s->posix)
		s->thr->t_sig->ts_mask = self->t_sig->ts_mask;
	if ((s->args->options & SPAWN_SETSIGMASK) != 0)
		s->thr->t_sig->ts_mask = s->args->sigmask & ~SIGS_UNBLOCKABLE;
	sched_set(s->thr, self->t_class, self->t_nice);
	return mach_thr_user(&s->thr->t_mach, s->x.entry, s->x.sp, 0, 0);
}

/* Consumes vn. */
static int
build_child(struct spawn *s, struct vnode *vn)
{
	struct proc *p = &s->px->px_proc;
	int error = make_table(s, p);

	if (error != 0) {
		vnode_unref(vn);
		return error;
	}
	if (s->posix)
		inherit_signals(s, p->p_sig);
	s->x.job = s->job;
	s->x.extra = s->startup;
	s->x.extra_len = s->startup_len;
	error = exec_build(&s->x, vn, s->x.path);
	if (error == 0 && s->x.setid)
		error = exec_standard(p->p_desc);
	if (error != 0)
		return error;
	exec_give(p, &s->x);
	return make_thread(s, p);
}

/* What the child gets is its job's from the beginning. */
static int
make_child(struct spawn *s, struct vnode *vn)
{
	struct account *mine = account_set(s->job != NULL ? s->job->j_account : account_self());
	int error = proc_make(&s->px);
	uint32_t was;

	if (error == 0) {
		was = owner_begin(s->px->px_proc.p_node.koid);
		error = build_child(s, vn);
		owner_end(was);
	} else {
		vnode_unref(vn);
	}
	account_set(mine);
	return error;
}

/* Its group: the caller's, one of its own, or another of the session. */
static int
join_group_locked(struct spawn *s)
{
	struct proc *self = proc_self(), *p = &s->px->px_proc;
	struct pgrp *pg = self->p_pgrp;

	if ((s->args->options & SPAWN_SETPGROUP) != 0 && s->args->pgroup != pg->pg_id) {
		if (s->args->pgroup == 0)
			return pgrp_create_locked(p, false, pg->pg_session);
		pg = pgrp_lookup_locked(s->args->pgroup);
		if (pg == NULL || pg->pg_session != self->p_pgrp->pg_session)
			return EPERM;
	}
	pgrp_join_locked(p, pg);
	return 0;
}

static int
enter_child(struct spawn *s)
{
	struct proc *p = &s->px->px_proc;
	bool empty = false;
	int error;

	spin_lock(&proc_tree_lock);
	error = job_enter_locked(s->job != NULL ? s->job : proc_self()->p_job, p);
	if (error == 0 && (error = join_group_locked(s)) != 0)
		empty = job_leave_locked(p);
	if (error == 0) {
		exception_watch_locked(p, s->thr);
		proc_enter_locked(s->px, proc_self());
		proc_thr_add_locked(p, s->thr);
	}
	spin_unlock(&proc_tree_lock);
	if (empty)
		job_settle(p->p_job);
	return error;
}

/* The handle is told to the caller before the child exists for anyone; `out' may be null. */
static int
publish(struct spawn *s, void __user *out, intptr_t *pid)
{
	struct node *n = &s->px->px_proc.p_node;
	uint32_t index = 0, h;
	int error = 0;

	if (!s->posix && (uintptr_t)out != 0) {
		error = desc_reserve(DESC_NATIVE, 0, &index);
		if (error != 0)
			return error;
		h = desc_handle(index);
		error = copyout(&h, out, sizeof(h));
	}
	if (error == 0)
		error = enter_child(s);
	if (error != 0) {
		if (index != 0)
			desc_unreserve(index);
		return error;
	}
	*pid = s->px->px_proc.p_pid;
	if (index != 0) {
		node_use(n);
		desc_publish(index, n, RIGHTS_PROCESS, DESC_CLOEXEC);
	}
	thr_start(s->thr);
	return 0;
}

static int
spawn_path(struct spawn *s, const char *path, void __user *out, intptr_t *pid)
{
	struct vnode *vn;
	int error = exec_find(AT_FDCWD, path, 0, &vn);

	if (error != 0)
		return error;
	exec_init(&s->x, path);
	error = args_from_user(&s->x.args, (const void __user *)s->args->argv,
	    (const void __user *)s->args->envp);
	if (error != 0)
		vnode_unref(vn);
	else
		error = make_child(s, vn);
	if (error == 0)
		error = publish(s, out, pid);
	if (error != 0 && s->px != NULL)
		proc_unmake(s->px, s->thr);
	exec_done(&s->x);
	return error;
}

/* --- the calls --- */

static int
spawn(struct spawn *s, void __user *out, intptr_t *pid)
{
	char *path;
	int error = sysarg_path(s->args->path, &path);

	if (error != 0)
		return error;
	error = spawn_path(s, path, out, pid);
	sysarg_path_free(path);
	return error;
}

int
sys_spawn(const struct abi_spawn *args, intptr_t *result)
{
	struct spawn s = { .args = args, .posix = true };
	int error;

	if ((args->options & ~SPAWN_OPTIONS) != 0 || args->job != 0)
		return EINVAL;
	error = take_list(&s);
	if (error == 0)
		error = spawn(&s, NULL, result);
	list_done(&s);
	return error;
}

/* The order of refusals: options, policy, handles, memory; the list is consumed by each of them. */
static int
native_refusal(struct spawn *s, int list_error)
{
	uint32_t job = s->args->job != 0 ? s->args->job : MX_HANDLE_JOB_DEFAULT;
	struct node *n;
	int error;

	if ((s->args->options & ~MX_SPAWN_OPTIONS) != 0)
		return EINVAL;
	if ((error = policy_check(POLICY_NEW_PROCESS)) != 0)
		return error;
	if (job <= DESC_INDEX_MASK)
		return EHANDLE;
	error = desc_get_slot(job, NODE_JOB, RIGHT_MANAGE_PROCESS, &n, &s->job_rights, NULL);
	if (error == ERIGHTS)
		error = desc_get_slot(job, NODE_JOB, RIGHT_WRITE, &n, &s->job_rights, NULL);
	if (error != 0)
		return error;
	s->job = job_of(n);
	if (s->args->job != 0)
		s->job_rights = RIGHT_ALL;
	return list_error;
}

int
sys_mx_process_spawn(const struct abi_spawn *args, void __user *process)
{
	struct spawn s = { .args = args };
	intptr_t pid;
	int error = native_refusal(&s, take_list(&s));

	if (error == 0)
		error = spawn(&s, process, &pid);
	list_done(&s);
	/* The list is gone: no SHOULD_WAIT, which would have changed nothing. */
	return error == ENOEXEC ? EACCES : error == EAGAIN ? ENORES : error;
}
