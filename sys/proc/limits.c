/*
 * Resource limits and priorities.
 */
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/sched.h"
#include "gen/sysproto.h"
#include "proc/job.h"
#include "proc/procx.h"
#include "vm/space.h"

/* --- limits --- */

/* Another process's limits: its owner, in every sense, or root. */
static bool
may_limit_locked(struct proc *self, struct proc *p)
{
	const struct cred *c = self->p_cred, *to = p->p_cred;

	if (p == self)
		return true;
	if (!job_reaches_locked(p))
		return false;
	if (cred_super(c))
		return true;
	return !p->p_setid && c->ruid == to->ruid && c->ruid == to->euid && c->ruid == to->suid &&
	    c->rgid == to->rgid && c->rgid == to->egid && c->rgid == to->sgid;
}

static int
check_new(const struct abi_rlimit *old, const struct abi_rlimit *new, int resource)
{
	if (new->cur > new->max)
		return EINVAL;
	if (new->max > old->max && !cred_super(proc_self()->p_cred))
		return EPERM;
	if (resource == RLIMIT_NOFILE && new->max > DESC_POSIX_MAX)
		return EPERM;
	if (resource == RLIMIT_HANDLES && new->max > DESC_NATIVE_MAX)
		return EPERM;
	return 0;
}

/* What stands on a limit hears of it. */
static void
set_locked(struct proc *p, int resource, const struct abi_rlimit *new)
{
	p->p_limits[resource] = *new;
	if (resource == RLIMIT_CPU)
		proc_watch_cpu(p);
}

/* The space keeps copies of its two limits. */
static void
update_space(struct space *space, const struct proc *p)
{
	space_set_limits(space, p->p_limits[RLIMIT_AS].cur, p->p_limits[RLIMIT_STACK].cur);
}

int
sys_rlimit(int32_t pid, int resource, const struct abi_rlimit *new, struct abi_rlimit *old)
{
	struct proc *self = proc_self(), *p;
	struct space *space = NULL;
	int error = 0;

	if (resource < 0 || resource >= RLIMIT_NLIMITS)
		return EINVAL;
	spin_lock(&proc_tree_lock);
	p = pid == 0 ? self : proc_lookup_locked(pid);
	if (p == NULL || p->p_state == PROC_ZOMBIE)
		error = ESRCH;
	else if (!may_limit_locked(self, p))
		error = EPERM;
	if (error == 0 && old != NULL)
		*old = p->p_limits[resource];
	if (error == 0 && new != NULL) {
		error = check_new(&p->p_limits[resource], new, resource);
		if (error == 0)
			set_locked(p, resource, new);
		if (error == 0 && p->p_space != NULL) {
			space = p->p_space;
			space_ref(space);
			node_ref(&p->p_node);
		}
	}
	spin_unlock(&proc_tree_lock);
	if (space != NULL) {
		update_space(space, p);
		space_unref(space);
		node_unref(&p->p_node);
	}
	return error;
}

void
limits_get(uint32_t which, struct abi_rlimit *out)
{
	spin_lock(&proc_tree_lock);
	for (int i = 0; i < RLIMIT_NLIMITS; i++)
		if ((which & 1u << i) != 0)
			*out++ = proc_self()->p_limits[i];
	spin_unlock(&proc_tree_lock);
}

int
limits_set(uint32_t which, const struct abi_rlimit *new)
{
	struct proc *p = proc_self();
	const struct abi_rlimit *at = new;
	int error = 0;

	spin_lock(&proc_tree_lock);
	for (int i = 0; i < RLIMIT_NLIMITS && error == 0; i++)
		if ((which & 1u << i) != 0)
			error = check_new(&p->p_limits[i], at++, i);
	for (int i = 0; i < RLIMIT_NLIMITS && error == 0; i++)
		if ((which & 1u << i) != 0)
			set_locked(p, i, new++);
	spin_unlock(&proc_tree_lock);
	if (error == 0)
		update_space(p->p_space, p);
	return error;
}

/* --- priorities --- */

/* Calls fn for each process that (which, who) names; ESRCH when there is none. */
static int
each_locked(int which, int32_t who, int (*fn)(struct proc *, int *), int *arg)
{
	struct proc *self = proc_self(), *p;
	int error = ESRCH, e;

	list_for_each(p, &proc_list, p_all) {
		if (p->p_state == PROC_ZOMBIE)
			continue;
		if (which == PRIO_PROCESS && p->p_pid != (who == 0 ? self->p_pid : who))
			continue;
		if (which == PRIO_PGRP && p->p_pgrp->pg_id != (who == 0 ? self->p_pgrp->pg_id : who))
			continue;
		if (which == PRIO_USER && p->p_cred->ruid != (who == 0 ? self->p_cred->ruid : (uint32_t)who))
			continue;
		e = fn(p, arg);
		if (error == ESRCH || e != 0)
			error = e;
	}
	return error;
}

static int
lowest(struct proc *p, int *nice)
{
	if (procx_of(p)->px_nice < *nice)
		*nice = procx_of(p)->px_nice;
	return 0;
}

static int
renice(struct proc *p, int *nice)
{
	const struct cred *c = proc_self()->p_cred;
	struct thr *t;

	if (!job_reaches_locked(p))
		return EPERM;
	if (!cred_super(c)) {
		if (c->euid != p->p_cred->ruid && c->euid != p->p_cred->euid)
			return EPERM;
		if (*nice < procx_of(p)->px_nice)
			return EACCES;
	}
	procx_of(p)->px_nice = (int8_t)*nice;
	list_for_each(t, &p->p_thrs, t_proc_link)
		sched_set(t, t->t_class, (int8_t)*nice);
	return 0;
}

int
sys_getpriority(int which, int32_t who, intptr_t *result)
{
	int nice = PRIO_MAX, error;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return EINVAL;
	spin_lock(&proc_tree_lock);
	error = each_locked(which, who, lowest, &nice);
	spin_unlock(&proc_tree_lock);
	*result = nice;
	return error;
}

int
sys_setpriority(int which, int32_t who, int value)
{
	int nice = value < PRIO_MIN ? PRIO_MIN : value > PRIO_MAX - 1 ? PRIO_MAX - 1 : value;
	int error;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return EINVAL;
	spin_lock(&proc_tree_lock);
	error = each_locked(which, who, renice, &nice);
	spin_unlock(&proc_tree_lock);
	return error;
}
