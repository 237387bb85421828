/*
 * Sessions and process groups: life, terminals, and the calls setpgid, setsid, getpgid, getsid.
 *
 * References are plain counts under proc_tree_lock.  A member counts once for its group, a group
 * once for its session; terminals hold what they name.  There are few groups, so a list is searched.
 */
#include "proc/pgrp.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "proc/procx.h"
#include "vm/zone.h"
#include "gen/sysproto.h"

ZONE(session_zone, struct session);
ZONE(pgrp_zone, struct pgrp);
COUNTER(sessions, "proc.sessions");
COUNTER(pgrps, "proc.groups");
static struct list session_list = LIST_INIT(session_list);	/* [p] */
static struct list pgrp_list = LIST_INIT(pgrp_list);		/* [p] */

/* --- references --- */

static void
session_unref_locked(struct session *s)
{
	ASSERT(s->s_refs > 0);
	if (--s->s_refs != 0)
		return;
	list_remove(&s->s_link);
	pid_release_locked(s->s_sid);
	kstat_add(&sessions, -1);
	zone_free(session_zone, s);
}

static void
pgrp_unref_locked(struct pgrp *pg)
{
	struct session *s = pg->pg_session;

	ASSERT(pg->pg_refs > 0);
	if (--pg->pg_refs != 0)
		return;
	list_remove(&pg->pg_link);
	pid_release_locked(pg->pg_id);
	kstat_add(&pgrps, -1);
	zone_free(pgrp_zone, pg);
	session_unref_locked(s);
}

void
session_ref(struct session *s)
{
	spin_lock(&proc_tree_lock);
	s->s_refs++;
	spin_unlock(&proc_tree_lock);
}

void
session_unref(struct session *s)
{
	spin_lock(&proc_tree_lock);
	session_unref_locked(s);
	spin_unlock(&proc_tree_lock);
}

void
pgrp_ref(struct pgrp *pg)
{
	spin_lock(&proc_tree_lock);
	pg->pg_refs++;
	spin_unlock(&proc_tree_lock);
}

void
pgrp_unref(struct pgrp *pg)
{
	spin_lock(&proc_tree_lock);
	pgrp_unref_locked(pg);
	spin_unlock(&proc_tree_lock);
}

struct pgrp *
pgrp_lookup_locked(int32_t pgid)
{
	struct pgrp *pg;

	list_for_each(pg, &pgrp_list, pg_link) {
		if (pg->pg_id == pgid)
			return pg;
	}
	return NULL;
}

bool
session_exists_locked(int32_t sid)
{
	struct session *s;

	list_for_each(s, &session_list, s_link) {
		if (s->s_sid == sid)
			return true;
	}
	return false;
}

struct pgrp *
pgrp_find(int32_t pgid)
{
	struct pgrp *pg;

	spin_lock(&proc_tree_lock);
	pg = pgrp_lookup_locked(pgid);
	if (pg != NULL)
		pg->pg_refs++;
	spin_unlock(&proc_tree_lock);
	return pg;
}

/* --- membership --- */

/* No job-control parent: the member does not keep its group from being an orphan. */
static bool
links_to_session(struct proc *p)
{
	struct proc *parent = p->p_parent;

	return parent != NULL && parent->p_pgrp != NULL && p->p_pgrp != NULL &&
	    parent->p_pgrp != p->p_pgrp && parent->p_pgrp->pg_session == p->p_pgrp->pg_session;
}

bool
pgrp_orphaned_locked(struct pgrp *pg)
{
	struct proc *p;

	list_for_each(p, &pg->pg_members, p_pgrp_link) {
		if (p->p_state != PROC_ZOMBIE && links_to_session(p))
			return false;
	}
	return true;
}

bool
pgrp_orphaned(struct pgrp *pg)
{
	bool yes;

	spin_lock(&proc_tree_lock);
	yes = pgrp_orphaned_locked(pg);
	spin_unlock(&proc_tree_lock);
	return yes;
}

void
pgrp_join_locked(struct proc *p, struct pgrp *pg)
{
	ASSERT(p->p_pgrp == NULL);
	pg->pg_refs++;
	list_push_back(&pg->pg_members, &p->p_pgrp_link);
	p->p_pgrp = pg;
}

void
pgrp_leave_locked(struct proc *p)
{
	struct pgrp *pg = p->p_pgrp;

	list_remove(&p->p_pgrp_link);
	p->p_pgrp = NULL;
	pgrp_unref_locked(pg);
}

/*
 * Puts p, in no group yet or in another, into a new group of its own; in `s', or in a new session.
 * ENOMEM changes nothing.
 */
int
pgrp_create_locked(struct proc *p, bool new_session, struct session *s)
{
	struct pgrp *pg = zone_alloc(pgrp_zone, 0);

	if (pg == NULL)
		return ENOMEM;
	if (new_session) {
		s = zone_alloc(session_zone, ZALLOC_ZERO);
		if (s == NULL) {
			zone_free(pgrp_zone, pg);
			return ENOMEM;
		}
		s->s_sid = p->p_pid;
		s->s_leader = p;
		list_push_back(&session_list, &s->s_link);
		kstat_add(&sessions, 1);
	}
	*pg = (struct pgrp){ .pg_id = p->p_pid, .pg_session = s };
	s->s_refs++;
	list_init(&pg->pg_members);
	list_push_back(&pgrp_list, &pg->pg_link);
	kstat_add(&pgrps, 1);
	if (p->p_pgrp != NULL)
		pgrp_leave_locked(p);
	pgrp_join_locked(p, pg);
	return 0;
}

/* --- terminals --- */

int
session_set_tty(struct tty *tty, void (*leave)(struct tty *, struct session *), struct session **out)
{
	struct session *s;
	int error = EPERM;

	spin_lock(&proc_tree_lock);
	s = proc_self()->p_pgrp->pg_session;
	if (s->s_leader == proc_self() && s->s_tty == NULL) {
		s->s_tty = tty;
		s->s_leave = leave;
		s->s_refs++;
		*out = s;
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

void
session_clear_tty(struct session *s, struct tty *tty)
{
	spin_lock(&proc_tree_lock);
	if (s->s_tty == tty)
		s->s_tty = NULL;
	spin_unlock(&proc_tree_lock);
}

struct session *
session_self(void)
{
	struct proc *p = proc_self();

	return p->p_pgrp != NULL ? p->p_pgrp->pg_session : NULL;
}

struct pgrp *
pgrp_self(void)
{
	return proc_self()->p_pgrp;
}

void
pgrp_signal(struct pgrp *pg, int sig)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &pg->pg_members, p_pgrp_link)
		(void)signal_send_proc_locked(p, sig, NULL);
	spin_unlock(&proc_tree_lock);
}

/* --- calls --- */

/* The group's number of a process, or its session's; 0: of the caller. */
static int
id_of(int32_t pid, bool session, intptr_t *result)
{
	struct proc *p;
	int error = 0;

	spin_lock(&proc_tree_lock);
	p = pid == 0 ? proc_self() : proc_lookup_locked(pid);
	if (p == NULL || p->p_pgrp == NULL)
		error = ESRCH;
	else
		*result = session ? p->p_pgrp->pg_session->s_sid : p->p_pgrp->pg_id;
	spin_unlock(&proc_tree_lock);
	return error;
}

int
sys_getpgid(int32_t pid, intptr_t *result)
{
	return id_of(pid, false, result);
}

int
sys_getsid(int32_t pid, intptr_t *result)
{
	return id_of(pid, true, result);
}

/* Who may be moved: oneself, or a child of one's session that has not executed a program. */
static int
setpgid_check(struct proc *self, struct proc *p)
{
	if (p == NULL || p->p_state == PROC_ZOMBIE || p->p_pgrp == NULL)
		return ESRCH;
	if (p != self) {
		if (p->p_parent != self)
			return ESRCH;
		if (p->p_pgrp->pg_session != self->p_pgrp->pg_session)
			return EPERM;
		if (p->p_did_exec)
			return EACCES;
	}
	return p->p_pgrp->pg_session->s_leader == p ? EPERM : 0;
}

static int
setpgid_locked(struct proc *self, int32_t pid, int32_t pgid)
{
	struct proc *p = pid == 0 ? self : proc_lookup_locked(pid);
	int error = setpgid_check(self, p);
	struct pgrp *pg;

	if (error != 0)
		return error;
	if (pgid == 0)
		pgid = p->p_pid;
	if (p->p_pgrp->pg_id == pgid)
		return 0;
	pg = pgrp_lookup_locked(pgid);
	if (pg == NULL)
		return pgid == p->p_pid ? pgrp_create_locked(p, false, p->p_pgrp->pg_session) : EPERM;
	if (pg->pg_session != self->p_pgrp->pg_session)
		return EPERM;
	pg->pg_refs++;
	pgrp_leave_locked(p);
	pgrp_join_locked(p, pg);
	pgrp_unref_locked(pg);
	return 0;
}

int
sys_setpgid(int32_t pid, int32_t pgid)
{
	int error;

	if (pid < 0 || pgid < 0)
		return EINVAL;
	spin_lock(&proc_tree_lock);
	error = setpgid_locked(proc_self(), pid, pgid);
	spin_unlock(&proc_tree_lock);
	return error;
}

int
sys_setsid(intptr_t *result)
{
	struct proc *p = proc_self();
	int error;

	spin_lock(&proc_tree_lock);
	/* A group with our number, ours or left behind, would end up in two sessions. */
	if (pgrp_lookup_locked(p->p_pid) != NULL)
		error = EPERM;
	else
		error = pgrp_create_locked(p, true, NULL);
	spin_unlock(&proc_tree_lock);
	*result = p->p_pid;
	return error;
}
