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
#include "vm/zone.h"

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

/*
 * Credentials are looked at without a reference: a thread in the middle of an open would find them freed when
 * another changes them.  So a process of several threads keeps what it had, each set of ids once,
 * until it executes a program or ends; going back to a set it had takes that one again.
 */
struct old_cred {
	struct list link;		/* [p] of px_old_creds */
	struct cred *cred;		/* [I] referenced */
};
ZONE(old_cred_zone, struct old_cred);

static bool
same_ids(const struct cred *a, const struct cred *b)
{
	return memcmp(&a->ruid, &b->ruid, offsetof(struct cred, groups) - offsetof(struct cred, ruid)) == 0 &&
	    memcmp(a->groups, b->groups, a->ngroups * sizeof(a->groups[0])) == 0;
}

/* The kept one that is like c, or NULL. */
static struct cred *
find_old_locked(struct procx *px, const struct cred *c)
{
	struct old_cred *o;

	list_for_each(o, &px->px_old_creds, link)
		if (same_ids(o->cred, c))
			return o->cred;
	return NULL;
}

void
creds_forget(struct procx *px)
{
	struct list *l;

	while ((l = list_pop_front(&px->px_old_creds)) != NULL) {
		struct old_cred *o = list_entry(l, struct old_cred, link);

		cred_unref(o->cred);
		zone_free(old_cred_zone, o);
	}
}

static void
change_locked(struct procx *px, struct cred *new)
{
	px->px_proc.p_cred = new;
	if (new->ruid != px->px_uid)
		proc_charge_uid_locked(px, new->ruid);
}

/* Makes `new' the process's credentials; consumes it.  ENOMEM. */
static int
install(struct cred *new)
{
	struct procx *px = procx_self();
	struct cred *old = px->px_proc.p_cred, *known;
	struct old_cred *keep = NULL;

	if (px->px_proc.p_nthrs > 1 && (keep = zone_alloc(old_cred_zone, 0)) == NULL) {
		cred_unref(new);
		return ENOMEM;
	}
	spin_lock(&proc_tree_lock);
	known = find_old_locked(px, new);
	change_locked(px, known != NULL ? cred_ref(known) : new);
	if (keep != NULL && find_old_locked(px, old) != old) {
		keep->cred = old;
		list_push_back(&px->px_old_creds, &keep->link);
		keep = NULL;
		old = NULL;
	}
	spin_unlock(&proc_tree_lock);
	if (old != NULL)
		cred_unref(old);
	if (known != NULL)
		cred_unref(new);
	if (keep != NULL)
		zone_free(old_cred_zone, keep);
	return 0;
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
	return install(n);
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
	return install(n);
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
	return install(new);
}
