/*
 * Who a process is: user and group ids, supplementary groups, process ids.
 *
 * Credentials are immutable once shared: each change makes a copy, alters it, and puts it in the
 * place of the old one under the tree lock, so that whoever looks at another process's credentials
 * sees all of the old ones or all of the new.
 */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "mach/user.h"
#include "proc/procx.h"

#define UNCHANGED	UINT32_MAX

static const struct cred *
cred(void)
{
	return proc_self()->p_cred;
}

static void
install(struct cred *new)
{
	struct proc *p = proc_self();
	struct cred *old;

	spin_lock(&proc_tree_lock);
	old = p->p_cred;
	p->p_cred = new;
	if (new->ruid != old->ruid)
		proc_charge_uid_locked(procx_of(p), new->ruid);
	spin_unlock(&proc_tree_lock);
	cred_unref(old);
}

static bool
is_own(uint32_t id, uint32_t r, uint32_t e, uint32_t s)
{
	return id == UNCHANGED || id == r || id == e || id == s;
}

static int
change_uids(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *c = cred();
	struct cred *new;
	int error;

	if (!cred_super(c) && !(is_own(r, c->ruid, c->euid, c->suid) &&
	    is_own(e, c->ruid, c->euid, c->suid) && is_own(s, c->ruid, c->euid, c->suid)))
		return EPERM;
	if ((error = cred_copy(c, &new)) != 0)
		return error;
	new->ruid = r == UNCHANGED ? new->ruid : r;
	new->euid = e == UNCHANGED ? new->euid : e;
	new->suid = s == UNCHANGED ? new->suid : s;
	install(new);
	return 0;
}

static int
change_gids(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *c = cred();
	struct cred *new;
	int error;

	if (!cred_super(c) && !(is_own(r, c->rgid, c->egid, c->sgid) &&
	    is_own(e, c->rgid, c->egid, c->sgid) && is_own(s, c->rgid, c->egid, c->sgid)))
		return EPERM;
	if ((error = cred_copy(c, &new)) != 0)
		return error;
	new->rgid = r == UNCHANGED ? new->rgid : r;
	new->egid = e == UNCHANGED ? new->egid : e;
	new->sgid = s == UNCHANGED ? new->sgid : s;
	install(new);
	return 0;
}

int
sys_getresuid(uint32_t *r, uint32_t *e, uint32_t *s)
{
	if (r != NULL)
		*r = cred()->ruid;
	if (e != NULL)
		*e = cred()->euid;
	if (s != NULL)
		*s = cred()->suid;
	return 0;
}

int
sys_getresgid(uint32_t *r, uint32_t *e, uint32_t *s)
{
	if (r != NULL)
		*r = cred()->rgid;
	if (e != NULL)
		*e = cred()->egid;
	if (s != NULL)
		*s = cred()->sgid;
	return 0;
}

int
sys_setresuid(uint32_t r, uint32_t e, uint32_t s)
{
	return change_uids(r, e, s);
}

int
sys_setresgid(uint32_t r, uint32_t e, uint32_t s)
{
	return change_gids(r, e, s);
}

/*
 * The saved id follows the effective one when the real id is set, or the effective one to something
 * other than the old real id (POSIX).
 */
int
sys_setreuid(uint32_t r, uint32_t e)
{
	const struct cred *c = cred();
	uint32_t s = UNCHANGED;

	if (!cred_super(c) && r != UNCHANGED && r != c->ruid && r != c->euid)
		return EPERM;
	if (r != UNCHANGED || (e != UNCHANGED && e != c->ruid))
		s = e == UNCHANGED ? c->euid : e;
	return change_uids(r, e, s);
}

int
sys_setregid(uint32_t r, uint32_t e)
{
	const struct cred *c = cred();
	uint32_t s = UNCHANGED;

	if (!cred_super(c) && r != UNCHANGED && r != c->rgid && r != c->egid)
		return EPERM;
	if (r != UNCHANGED || (e != UNCHANGED && e != c->rgid))
		s = e == UNCHANGED ? c->egid : e;
	return change_gids(r, e, s);
}

int
sys_setuid(uint32_t uid)
{
	if (uid == UNCHANGED)
		return EINVAL;
	if (cred_super(cred()))
		return change_uids(uid, uid, uid);
	if (uid != cred()->ruid && uid != cred()->suid)
		return EPERM;
	return change_uids(UNCHANGED, uid, UNCHANGED);
}

int
sys_setgid(uint32_t gid)
{
	if (gid == UNCHANGED)
		return EINVAL;
	if (cred_super(cred()))
		return change_gids(gid, gid, gid);
	if (gid != cred()->rgid && gid != cred()->sgid)
		return EPERM;
	return change_gids(UNCHANGED, gid, UNCHANGED);
}

int
sys_getgroups(int n, void __user *list, intptr_t *result)
{
	const struct cred *c = cred();

	*result = (intptr_t)c->ngroups;
	if (n == 0)
		return 0;
	if (n < 0 || (uint32_t)n < c->ngroups)
		return EINVAL;
	return copyout(c->groups, list, c->ngroups * sizeof(c->groups[0]));
}

int
sys_setgroups(int n, void __user *list)
{
	struct cred *new;
	int error;

	if (!cred_super(cred()))
		return EPERM;
	if (n < 0 || n > NGROUPS_MAX)
		return EINVAL;
	if ((error = cred_copy(cred(), &new)) != 0)
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
