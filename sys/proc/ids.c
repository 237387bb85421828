/*
 * Who a process is: pids, user and group ids.
 *
 * Rules of the set*id calls.  Root (euid 0) may take any id; others may only exchange the real,
 * effective and saved ids they have.  setuid by root sets all three, by others the effective one.
 * setreuid moves the saved id with the effective one when the real id is set, or the effective one
 * becomes something else than the old real id.
 */
#include "kern/error.h"
#include "kern/string.h"
#include "gen/sysproto.h"
#include "mach/user.h"
#include "proc/procx.h"

#define KEEP	UINT32_MAX

/* --- pids --- */

int
sys_getpid(intptr_t *result)
{
	*result = proc_self()->p_pid;
	return 0;
}

int
sys_getppid(intptr_t *result)
{
	struct proc *parent;

	spin_lock(&proc_tree_lock);
	parent = proc_self()->p_parent;
	*result = parent != NULL ? parent->p_pid : 0;
	spin_unlock(&proc_tree_lock);
	return 0;
}

int
sys_gettid(intptr_t *result)
{
	*result = thr_self()->t_tid;
	return 0;
}

/* --- user and group ids --- */

/* Makes `new' the process's credentials; consumes it. */
static void
install(struct cred *new)
{
	struct proc *p = proc_self();
	struct cred *old = p->p_cred;

	spin_lock(&proc_tree_lock);
	p->p_cred = new;
	if (new->ruid != old->ruid)
		proc_charge_uid_locked(procx_of(p), new->ruid);
	spin_unlock(&proc_tree_lock);
	cred_unref(old);
}

int
sys_getresuid(uint32_t *r, uint32_t *e, uint32_t *s)
{
	const struct cred *c = proc_self()->p_cred;

	if (r != NULL)
		*r = c->ruid;
	if (e != NULL)
		*e = c->euid;
	if (s != NULL)
		*s = c->suid;
	return 0;
}

int
sys_getresgid(uint32_t *r, uint32_t *e, uint32_t *s)
{
	const struct cred *c = proc_self()->p_cred;

	if (r != NULL)
		*r = c->rgid;
	if (e != NULL)
		*e = c->egid;
	if (s != NULL)
		*s = c->sgid;
	return 0;
}

static bool
has_uid(const struct cred *c, uint32_t id)
{
	return id == KEEP || id == c->ruid || id == c->euid || id == c->suid;
}

static bool
has_gid(const struct cred *c, uint32_t id)
{
	return id == KEEP || id == c->rgid || id == c->egid || id == c->sgid;
}

static int
set_uids(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *c = proc_self()->p_cred;
	struct cred *n;
	int error;

	if (!cred_super(c) && (!has_uid(c, r) || !has_uid(c, e) || !has_uid(c, s)))
		return EPERM;
	error = cred_copy(c, &n);
	if (error != 0)
		return error;
	if (r != KEEP)
		n->ruid = r;
	if (e != KEEP)
		n->euid = e;
	if (s != KEEP)
		n->suid = s;
	install(n);
	return 0;
}

static int
set_gids(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *c = proc_self()->p_cred;
	struct cred *n;
	int error;

	if (!cred_super(c) && (!has_gid(c, r) || !has_gid(c, e) || !has_gid(c, s)))
		return EPERM;
	error = cred_copy(c, &n);
	if (error != 0)
		return error;
	if (r != KEEP)
		n->rgid = r;
	if (e != KEEP)
		n->egid = e;
	if (s != KEEP)
		n->sgid = s;
	install(n);
	return 0;
}

int
sys_setresuid(uint32_t r, uint32_t e, uint32_t s)
{
	return set_uids(r, e, s);
}

int
sys_setresgid(uint32_t r, uint32_t e, uint32_t s)
{
	return set_gids(r, e, s);
}

int
sys_setreuid(uint32_t r, uint32_t e)
{
	const struct cred *c = proc_self()->p_cred;
	uint32_t s = KEEP;

	/* The real id may become the real or effective one, the effective one any of the three. */
	if (!cred_super(c) && r != KEEP && r != c->ruid && r != c->euid)
		return EPERM;
	if (r != KEEP || (e != KEEP && e != c->ruid))
		s = e != KEEP ? e : c->euid;
	return set_uids(r, e, s);
}

int
sys_setregid(uint32_t r, uint32_t e)
{
	const struct cred *c = proc_self()->p_cred;
	uint32_t s = KEEP;

	if (!cred_super(c) && r != KEEP && r != c->rgid && r != c->egid)
		return EPERM;
	if (r != KEEP || (e != KEEP && e != c->rgid))
		s = e != KEEP ? e : c->egid;
	return set_gids(r, e, s);
}

int
sys_setuid(uint32_t uid)
{
	const struct cred *c = proc_self()->p_cred;

	if (uid == KEEP)
		return EINVAL;
	if (cred_super(c))
		return set_uids(uid, uid, uid);
	return uid == c->ruid || uid == c->suid ? set_uids(KEEP, uid, KEEP) : EPERM;
}

int
sys_setgid(uint32_t gid)
{
	const struct cred *c = proc_self()->p_cred;

	if (gid == KEEP)
		return EINVAL;
	if (cred_super(c))
		return set_gids(gid, gid, gid);
	return gid == c->rgid || gid == c->sgid ? set_gids(KEEP, gid, KEEP) : EPERM;
}

int
sys_getgroups(int n, void __user *list, intptr_t *result)
{
	const struct cred *c = proc_self()->p_cred;

	if (n < 0 || (n > 0 && (uint32_t)n < c->ngroups))
		return EINVAL;
	*result = (intptr_t)c->ngroups;
	return n == 0 ? 0 : copyout(c->groups, list, c->ngroups * sizeof(c->groups[0]));
}

int
sys_setgroups(int n, void __user *list)
{
	const struct cred *c = proc_self()->p_cred;
	struct cred *new;
	int error;

	if (!cred_super(c))
		return EPERM;
	if (n < 0 || n > NGROUPS_MAX)
		return EINVAL;
	error = cred_copy(c, &new);
	if (error != 0)
		return error;
	error = copyin(list, new->groups, (size_t)n * sizeof(new->groups[0]));
	if (error != 0) {
		cred_unref(new);
		return error;
	}
	new->ngroups = (uint32_t)n;
	install(new);
	return 0;
}
