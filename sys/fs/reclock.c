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
 * 3. Waiting.  A waiter notes whom it waits for.  Before a process sleeps, the chain from that
 * owner on is followed; if it leads back, the call is EDEADLK.  Whoever gives a range up wakes the
 * vnode's waiters, and each tries again.
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
#include "kern/thr.h"
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

struct lock_waiter {
	struct list link;		/* [r] all waiters */
	struct vnode *vn;
	struct thr *thr;
	koid_t owner, blocker;		/* [r] */
};

LOCK_CLASS(reclock_class, "record locks", RANK_TREE + 2);
static struct spin reclock_lock = SPIN_INIT(&reclock_class);	/* r */
static struct list waiters = LIST_INIT(waiters);		/* [r] */
ZONE(reclock_zone, struct reclock);
ZONE(lockset_zone, struct lockset);
COUNTER(reclock_count, "fs.reclocks");

/* Records made beforehand, so that nothing can fail half way. */
struct spare {
	struct reclock *rec[2];
	struct lockset *set;
};

static void
spare_free(struct spare *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->rec); i++)
		if (s->rec[i] != NULL)
			zone_free(reclock_zone, s->rec[i]);
	if (s->set != NULL)
		zone_free(lockset_zone, s->set);
}

static int
spare_fill(struct spare *s, const struct vnode *vn)
{
	*s = (struct spare){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(s->rec); i++)
		if ((s->rec[i] = zone_alloc(reclock_zone, 0)) == NULL)
			goto no_memory;
	if (vn->v_locks == NULL && (s->set = zone_alloc(lockset_zone, 0)) == NULL)
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
records_free(struct list *dead)
{
	struct list *l;

	while ((l = list_pop_front(dead)) != NULL)
		zone_free(reclock_zone, list_entry(l, struct reclock, link));
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
carve(struct lockset *set, struct reclock *new, struct spare *s, struct list *dead)
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
			record_remove(r, dead);
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
			record_remove(r, dead);
		}
	}
}

static void
wake_waiters(struct vnode *vn)
{
	struct lock_waiter *w;

	list_for_each(w, &waiters, link)
		if (w->vn == vn)
			thr_wake(w->thr, 0);
}

/* An empty set goes, so a file without locks costs nothing. */
static void
set_trim(struct vnode *vn, struct lockset **gone)
{
	struct lockset *set = vn->v_locks;

	if (set != NULL && list_empty(&set->locks)) {
		vn->v_locks = NULL;
		*gone = set;
	}
}

/* EAGAIN: somebody is in the way, *blocker says who. */
static int
apply(struct vnode *vn, const struct reclock *want, struct spare *s, koid_t *blocker)
{
	struct list dead = LIST_INIT(dead);
	struct lockset *set, *gone = NULL;
	struct reclock *r = conflict(vn, want), new = *want;

	if (r != NULL) {
		*blocker = r->owner;
		return EAGAIN;
	}
	if (vn->v_locks == NULL) {
		if (want->type == F_UNLCK)
			return 0;
		list_init(&s->set->locks);
		vn->v_locks = s->set;
		s->set = NULL;
	}
	set = vn->v_locks;
	carve(set, &new, s, &dead);
	if (new.type != F_UNLCK) {
		r = spare_take(s);
		*r = new;
		record_insert(set, r);
	}
	set_trim(vn, &gone);
	wake_waiters(vn);
	spin_unlock(&reclock_lock);
	records_free(&dead);
	if (gone != NULL)
		zone_free(lockset_zone, gone);
	spin_lock(&reclock_lock);
	return 0;
}

/* Whether waiting for `blocker' would close a ring. */
static bool
deadlock(koid_t owner, koid_t blocker)
{
	struct lock_waiter *w;

	for (int i = 0; i < CHAIN_MAX; i++) {
		koid_t next = 0;

		if (blocker == owner)
			return true;
		list_for_each(w, &waiters, link)
			if (w->owner == blocker)
				next = w->blocker;
		if (next == 0)
			return false;
		blocker = next;
	}
	return true;
}

/* reclock_lock held before and after. */
static int
wait_for(struct vnode *vn, koid_t owner, koid_t blocker)
{
	struct lock_waiter w = { .vn = vn, .thr = thr_self(), .owner = owner, .blocker = blocker };
	int error;

	if (deadlock(owner, blocker))
		return EDEADLK;
	thr_sleep_prepare(true);
	list_push_back(&waiters, &w.link);
	spin_unlock(&reclock_lock);
	error = thr_sleep(NSEC_INFINITE);
	spin_lock(&reclock_lock);
	list_remove(&w.link);
	return error;
}

static int
lock_set(struct vnode *vn, const struct reclock *want, bool wait)
{
	struct spare s;
	koid_t blocker;
	int error;

	for (;;) {
		error = spare_fill(&s, vn);
		if (error != 0)
			return error;
		spin_lock(&reclock_lock);
		if (vn->v_locks == NULL && s.set == NULL) {
			/* The set went between the look and the lock. */
			spin_unlock(&reclock_lock);
			spare_free(&s);
			continue;
		}
		error = apply(vn, want, &s, &blocker);
		if (error == EAGAIN && wait) {
			error = wait_for(vn, want->owner, blocker);
			spin_unlock(&reclock_lock);
			spare_free(&s);
			if (error == 0)
				continue;
			return error;
		}
		spin_unlock(&reclock_lock);
		spare_free(&s);
		return error;
	}
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
	struct list dead = LIST_INIT(dead);
	struct lockset *gone = NULL, *set;
	struct reclock *r, *next;

	spin_lock(&reclock_lock);
	set = vn->v_locks;
	if (set != NULL) {
		list_for_each_safe(r, next, &set->locks, link)
			if (r->owner == owner)
				record_remove(r, &dead);
		if (!list_empty(&dead))
			wake_waiters(vn);
		set_trim(vn, &gone);
	}
	spin_unlock(&reclock_lock);
	records_free(&dead);
	if (gone != NULL)
		zone_free(lockset_zone, gone);
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
