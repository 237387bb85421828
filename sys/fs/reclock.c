/*
 * Advisory record locks of fcntl.
 *
 * 1. A lock is a range of bytes of a vnode, shared or exclusive, with an owner: a process (F_SETLK;
 * all of a process's locks on a file go when it closes any descriptor of it, and fork's child has
 * none) or an open file description (F_OFD_SETLK; they go with its last descriptor).  Both kinds
 * conflict with each other.  An owner is named by its object id, which is never used again.
 *
 * 2. Setting a range replaces what the owner has there: neighbours of the same type merge, others
 * are cut or split.  That takes at most two new records, which are made before the lock is taken.
 *
 * 3. Waiting.  Who waits leaves a request (kern/request.c) that says whom it waits for.  Before it sleeps, the
 * chain from that owner on is followed; if it leads back, the call is EDEADLK.  Whoever changes the
 * locks of a vnode goes along its requests, oldest first: sets those that nobody is in the way of any more, and
 * looks at the chain of those that wait for somebody else now.
 *
 * Locking: reclock_lock (spin) over all of it; record locks are rare.
 */
#include "fs/reclock.h"
#include "fs/file.h"
#include "fs/vnode.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/request.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>

#define CHAIN_MAX	64		/* owners that a deadlock may go through */

struct reclock {
	struct list link;		/* [r] the vnode's, by start */
	koid_t owner;			/* [I] */
	int32_t pid;			/* [I] -1: of an open file description */
	int16_t type;			/* [I] F_RDLCK, F_WRLCK */
	int64_t start, end;		/* [r] both belong to it */
};

struct lockset {
	struct list locks;		/* [r] */
};

/* Records made beforehand, so that nothing can fail half way, and those that are left over. */
struct spare {
	struct reclock *rec[2];
	struct lockset *set, *gone;
	struct list dead;
};

/* A call that sets a lock. */
struct setting {
	struct request request;		/* among all that sleep */
	struct vnode *vn;
	struct reclock want;
	struct spare spare;
	koid_t blocker;			/* [r] whose lock is in the way */
};

LOCK_CLASS(reclock_class, "record locks", RANK_TREE + 2);
static struct spin reclock_lock = SPIN_INIT(&reclock_class);	/* r */
static struct list sleepers = LIST_INIT(sleepers);		/* [r] struct setting */
ZONE(reclock_zone, struct reclock);
ZONE(lockset_zone, struct lockset);
COUNTER(reclock_count, "fs.reclocks");

static void
spare_free(struct spare *s)
{
	struct list *l;

	for (size_t i = 0; i < ARRAY_SIZE(s->rec); i++)
		if (s->rec[i] != NULL)
			zone_free(reclock_zone, s->rec[i]);
	if (s->set != NULL)
		zone_free(lockset_zone, s->set);
	if (s->gone != NULL)
		zone_free(lockset_zone, s->gone);
	while ((l = list_pop_front(&s->dead)) != NULL)
		zone_free(reclock_zone, list_entry(l, struct reclock, link));
}

static int
spare_fill(struct spare *s)
{
	*s = (struct spare){ .dead = LIST_INIT(s->dead) };
	for (size_t i = 0; i < ARRAY_SIZE(s->rec); i++)
		if ((s->rec[i] = zone_alloc(reclock_zone, 0)) == NULL)
			goto no_memory;
	if ((s->set = zone_alloc(lockset_zone, 0)) == NULL)
		goto no_memory;
	return 0;
no_memory:
	spare_free(s);
	return ENOLCK;
}

static struct reclock *
spare_take(struct spare *s)
{
	size_t i = s->rec[0] != NULL ? 0 : 1;
	struct reclock *r = s->rec[i];

	s->rec[i] = NULL;
	kstat_add(&reclock_count, 1);
	return r;
}

/* --- the set of a vnode; reclock_lock held --- */

static void
record_remove(struct reclock *r, struct list *dead)
{
	list_remove(&r->link);
	list_push_back(dead, &r->link);
	kstat_add(&reclock_count, -1);
}

static void
record_insert(struct lockset *set, struct reclock *new)
{
	struct reclock *r;

	list_for_each(r, &set->locks, link)
		if (r->start > new->start)
			break;
	list_insert_after(r->link.prev, &new->link);
}

static struct reclock *
conflict(struct vnode *vn, const struct reclock *want)
{
	struct lockset *set = vn->v_locks;
	struct reclock *r;

	if (set == NULL || want->type == F_UNLCK)
		return NULL;
	list_for_each(r, &set->locks, link)
		if (r->owner != want->owner && r->start <= want->end && r->end >= want->start &&
		    (r->type == F_WRLCK || want->type == F_WRLCK))
			return r;
	return NULL;
}

/* Takes what `new' covers away from the owner's other records; same types melt into it. */
static void
carve(struct lockset *set, struct reclock *new, struct spare *s)
{
	struct reclock *r, *next, *right;

	list_for_each_safe(r, next, &set->locks, link) {
		if (r->owner != new->owner)
			continue;
		if (r->type == new->type) {
			if ((new->end != INT64_MAX && r->start > new->end + 1) ||
			    (r->end != INT64_MAX && r->end + 1 < new->start))
				continue;
			new->start = MIN(new->start, r->start);
			new->end = MAX(new->end, r->end);
			record_remove(r, &s->dead);
		} else if (r->start > new->end || r->end < new->start) {
			continue;
		} else if (r->start < new->start) {
			if (r->end > new->end) {
				right = spare_take(s);
				*right = *r;
				right->start = new->end + 1;
				list_insert_after(&r->link, &right->link);
			}
			r->end = new->start - 1;
		} else if (r->end > new->end) {
			r->start = new->end + 1;
		} else {
			record_remove(r, &s->dead);
		}
	}
}

/* An empty set goes, so a file without locks costs nothing. */
static void
set_trim(struct vnode *vn, struct spare *s)
{
	struct lockset *set = vn->v_locks;

	if (set != NULL && list_empty(&set->locks)) {
		vn->v_locks = NULL;
		s->gone = set;
	}
}

/* EAGAIN: somebody is in the way, blocker says who. */
static int
apply(struct setting *c)
{
	struct reclock *r = conflict(c->vn, &c->want), new = c->want;
	struct spare *s = &c->spare;

	if (r != NULL) {
		c->blocker = r->owner;
		return EAGAIN;
	}
	if (c->vn->v_locks == NULL) {
		list_init(&s->set->locks);
		c->vn->v_locks = s->set;
		s->set = NULL;
	}
	carve(c->vn->v_locks, &new, s);
	if (new.type != F_UNLCK) {
		r = spare_take(s);
		*r = new;
		record_insert(c->vn->v_locks, r);
	}
	set_trim(c->vn, s);
	return 0;
}

/* Whether waiting for `blocker' would close a ring. */
static bool
deadlock(koid_t owner, koid_t blocker)
{
	struct setting *c;

	for (int i = 0; i < CHAIN_MAX; i++) {
		koid_t next = 0;

		if (blocker == owner)
			return true;
		list_for_each(c, &sleepers, request.link)
			if (c->want.owner == blocker)
				next = c->blocker;
		if (next == 0)
			return false;
		blocker = next;
	}
	return true;
}

/* The vnode's locks changed: who sleeps and can go on now.  A lock that is set may make room by replacing a
 * stronger one, so it begins again after each. */
static void
serve(const struct vnode *vn, struct wakelist *w)
{
	struct setting *c, *next;
	bool changed;

	do {
		changed = false;
		list_for_each_safe(c, next, &sleepers, request.link) {
			int error = c->vn != vn ? EAGAIN : apply(c);

			if (error == 0)
				changed = true;
			else if (c->vn == vn && deadlock(c->want.owner, c->blocker))
				error = EDEADLK;
			if (error != EAGAIN)
				request_finish(&c->request, error, w);
			if (changed)
				break;
		}
	} while (changed);
}

/* reclock_lock held before and after. */
static int
wait_for(struct setting *c)
{
	if (deadlock(c->want.owner, c->blocker))
		return EDEADLK;
	request_init(&c->request, &reclock_lock);
	list_push_back(&sleepers, &c->request.link);
	return request_wait(&c->request, NSEC_INFINITE);
}

static int
lock_set(struct vnode *vn, const struct reclock *want, bool wait)
{
	struct setting c = { .vn = vn, .want = *want };
	struct wakelist w;
	int error = spare_fill(&c.spare);

	if (error != 0)
		return error;
	wakelist_init(&w);
	spin_lock(&reclock_lock);
	error = apply(&c);
	if (error == 0)
		serve(vn, &w);
	else if (wait)
		error = wait_for(&c);
	spin_unlock(&reclock_lock);
	wakelist_run(&w);
	spare_free(&c.spare);
	return error;
}

/* --- the call --- */

static int
range_of(struct file *f, const struct abi_flock *fl, struct reclock *r)
{
	struct vattr a;
	int64_t base = 0, start, end;
	int error;

	switch (fl->whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->f_off;
		break;
	case SEEK_END:
		error = vnode_attr(f->f_vnode, &a);
		if (error != 0)
			return error;
		base = (int64_t)a.size;
		break;
	default:
		return EINVAL;
	}
	if (__builtin_add_overflow(base, fl->start, &start))
		return EOVERFLOW;
	end = INT64_MAX;
	if (fl->len > 0 && __builtin_add_overflow(start, fl->len - 1, &end))
		return EOVERFLOW;
	if (fl->len < 0) {
		end = start - 1;
		if (__builtin_add_overflow(start, fl->len, &start))
			return EINVAL;
	}
	if (start < 0)
		return EINVAL;
	r->start = start;
	r->end = end;
	return 0;
}

static int
type_allowed(const struct file *f, int16_t type)
{
	uint32_t mode = f->f_open & O_ACCMODE;

	switch (type) {
	case F_RDLCK:
		return mode == O_WRONLY ? EBADF : 0;
	case F_WRLCK:
		return mode == O_RDONLY ? EBADF : 0;
	case F_UNLCK:
		return 0;
	default:
		return EINVAL;
	}
}

static void
lock_get(struct vnode *vn, const struct reclock *want, struct abi_flock *fl)
{
	struct reclock *r;

	spin_lock(&reclock_lock);
	r = conflict(vn, want);
	if (r == NULL) {
		fl->type = F_UNLCK;
	} else {
		fl->type = r->type;
		fl->whence = SEEK_SET;
		fl->start = r->start;
		fl->len = r->end == INT64_MAX ? 0 : r->end - r->start + 1;
		fl->pid = r->pid;
	}
	spin_unlock(&reclock_lock);
}

int
file_fcntl_lock(struct node *n, int cmd, uintptr_t arg)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct file *f = file_of(n);
	struct abi_flock fl;
	struct reclock want = { .pid = -1 };
	int error;

	if (f == NULL)
		return EINVAL;
	error = copyin((const void __user *)arg, &fl, sizeof(fl));
	if (error != 0)
		return error;
	if ((ofd && fl.pid != 0) || (get && fl.type == F_UNLCK))
		return EINVAL;
	if ((error = range_of(f, &fl, &want)) != 0)
		return error;
	want.type = fl.type;
	want.owner = ofd ? n->koid : proc_self()->p_node.koid;
	if (!ofd)
		want.pid = proc_self()->p_pid;
	if (get) {
		if (fl.type != F_RDLCK && fl.type != F_WRLCK)
			return EINVAL;
		lock_get(f->f_vnode, &want, &fl);
		return copyout(&fl, (void __user *)arg, sizeof(fl));
	}
	if ((error = type_allowed(f, fl.type)) != 0)
		return error;
	return lock_set(f->f_vnode, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

/* --- closing --- */

static void
drop_owner(struct vnode *vn, koid_t owner)
{
	struct spare s = { .dead = LIST_INIT(s.dead) };
	struct reclock *r, *next;
	struct lockset *set;
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&reclock_lock);
	set = vn->v_locks;
	if (set != NULL) {
		list_for_each_safe(r, next, &set->locks, link)
			if (r->owner == owner)
				record_remove(r, &s.dead);
		set_trim(vn, &s);
		if (!list_empty(&s.dead))
			serve(vn, &w);
	}
	spin_unlock(&reclock_lock);
	wakelist_run(&w);
	spare_free(&s);
}

void
reclock_closed(struct node *n)
{
	struct file *f = file_of(n);
	struct proc *p = proc_self();

	if (f != NULL && f->f_vnode->v_locks != NULL && p != NULL)
		drop_owner(f->f_vnode, p->p_node.koid);
}

void
reclock_file_gone(struct vnode *vn, struct node *n)
{
	drop_owner(vn, n->koid);
}

static void
reclock_init(void)
{
	fcntl_lock_hook = file_fcntl_lock;
	desc_closed_hook = reclock_closed;
}
INIT(reclock_init, LEVEL_FS);
