/*
 * Vnodes: references, attributes with their permission rules, the defaults of what a kind of
 * file cannot do.
 *
 * Who may change what is decided here, once, whatever the call's name was: owner or root changes
 * mode and times, root the owner, an owner the group to one of his.  Set-id bits fall when the owner
 * changes or somebody other than root writes.
 */
#include "fs/vnode.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "vm/vmo.h"
#include <abi/stat.h>

LOCK_CLASS_NEST(vnode_class, "vnode", RANK_VNODE);

void
vnode_init(struct vnode *vn, const struct vnode_ops *ops, struct mount *m, uint64_t ino, uint32_t mode,
    uint32_t uid, uint32_t gid)
{
	vn->v_ops = ops;
	vn->v_mount = m;
	vn->v_covered = NULL;
	vn->v_ino = ino;
	vn->v_refs = 1;
	vn->v_mode = mode;
	vn->v_uid = uid;
	vn->v_gid = gid;
	mutex_init(&vn->v_lock, &vnode_class);
	vn->v_ipc = vn->v_locks = NULL;
	vn->v_writers = vn->v_texts = 0;
	vn->v_written = false;
}

bool
vnode_read_only(struct vnode *vn)
{
	return (vn->v_mount->m_flags & MOUNT_RDONLY) != 0;
}

/* --- attributes --- */

int
vnode_attr(struct vnode *vn, struct vattr *a)
{
	return vn->v_ops->getattr(vn, a);
}

static inline void
split_time(nsec_t t, struct abi_timespec *ts)
{
	/* Unsigned division by a constant is a multiplication; times before 1970 are rare. */
	uint64_t u = (uint64_t)t, sec = u / NSEC_PER_SEC;

	if (unlikely(t < 0)) {
		ts->sec = t / NSEC_PER_SEC - (t % NSEC_PER_SEC != 0);
		ts->nsec = t - ts->sec * NSEC_PER_SEC;
		return;
	}
	ts->sec = (int64_t)sec;
	ts->nsec = (int64_t)(u - sec * NSEC_PER_SEC);
}

int
vnode_stat(struct vnode *vn, struct abi_stat *st)
{
	struct vattr a;
	int error = vn->v_ops->getattr(vn, &a);

	if (error != 0)
		return error;
	st->dev = vn->v_mount->m_dev;
	st->ino = a.ino;
	st->mode = a.mode;
	st->nlink = a.nlink;
	st->uid = a.uid;
	st->gid = a.gid;
	st->rdev = a.rdev;
	st->size = (int64_t)a.size;
	st->blksize = (int32_t)PAGE_SIZE;
	st->blocks = (int64_t)a.blocks;
	split_time(a.atime, &st->atim);
	split_time(a.mtime, &st->mtim);
	split_time(a.ctime, &st->ctim);
	split_time(a.btime, &st->birthtim);
	return 0;
}

static bool
owner_or_root(const struct vnode *vn, const struct cred *cred)
{
	return cred_super(cred) || cred->euid == vn->v_uid;
}

static int
check_mode(struct vnode *vn, const struct cred *cred, struct setattr *sa)
{
	if (!owner_or_root(vn, cred))
		return EPERM;
	sa->mode &= 07777;
	if (!cred_super(cred) && (vn->v_mode & S_IFMT) == S_IFREG && !cred_in_group(cred, vn->v_gid))
		sa->mode &= ~(uint32_t)S_ISGID;
	return 0;
}

/* An owner changes the group to one of his; set-id bits of files fall. */
static int
check_owner(struct vnode *vn, const struct cred *cred, struct setattr *sa)
{
	bool uid = (sa->mask & SETATTR_UID) != 0 && sa->uid != vn->v_uid;
	bool gid = (sa->mask & SETATTR_GID) != 0 && sa->gid != vn->v_gid;

	if (!cred_super(cred)) {
		if (uid || cred->euid != vn->v_uid || (gid && !cred_in_group(cred, sa->gid)))
			return EPERM;
	}
	if ((vn->v_mode & S_IFMT) == S_IFREG && (vn->v_mode & (S_ISUID | S_ISGID)) != 0 &&
	    (sa->mask & SETATTR_MODE) == 0) {
		sa->mask |= SETATTR_MODE;
		sa->mode = vn->v_mode & 07777 & ~(uint32_t)S_ISUID;
		if ((vn->v_mode & S_IXGRP) != 0)
			sa->mode &= ~(uint32_t)S_ISGID;
	}
	return 0;
}

static int
check_times(struct vnode *vn, const struct cred *cred, const struct setattr *sa)
{
	if (owner_or_root(vn, cred))
		return 0;
	if ((sa->mask & SETATTR_NOW) == 0)
		return EPERM;
	return vnode_access(vn, cred, 2);
}

int
vnode_setattr(struct vnode *vn, const struct setattr *wanted)
{
	const struct cred *cred = cred_current();
	struct setattr sa = *wanted;
	int error = 0;

	if (vnode_read_only(vn))
		return EROFS;
	if ((sa.mask & SETATTR_SIZE) != 0)
		return vnode_truncate(vn, sa.size);
	if ((sa.mask & SETATTR_MODE) != 0)
		error = check_mode(vn, cred, &sa);
	if (error == 0 && (sa.mask & (SETATTR_UID | SETATTR_GID)) != 0)
		error = check_owner(vn, cred, &sa);
	if (error == 0 && (sa.mask & (SETATTR_ATIME | SETATTR_MTIME)) != 0)
		error = check_times(vn, cred, &sa);
	return error != 0 ? error : vn->v_ops->setattr(vn, &sa);
}

int
vnode_truncate(struct vnode *vn, uint64_t size)
{
	struct setattr sa = { .mask = SETATTR_SIZE, .size = size };
	uint32_t type = vn->v_mode & S_IFMT;
	int error;

	if (type == S_IFDIR)
		return EISDIR;
	if (type != S_IFREG)
		return EINVAL;
	if (vnode_read_only(vn))
		return EROFS;
	if (vn->v_texts != 0)
		return ETXTBSY;
	if ((vn->v_mode & (S_ISUID | S_ISGID)) != 0 && !cred_super(cred_current())) {
		sa.mask |= SETATTR_MODE;
		sa.mode = vn->v_mode & 07777 & ~(uint32_t)(S_ISUID | S_ISGID);
	}
	mutex_lock(&vn->v_lock);
	vn->v_written = true;
	error = vn->v_ops->setattr(vn, &sa);
	mutex_unlock(&vn->v_lock);
	return error;
}

/* --- data --- */

int
vnode_vmo(struct vnode *vn, struct vmo **out)
{
	return vn->v_ops->vmo(vn, out);
}

int
vnode_read_kernel(struct vnode *vn, int64_t off, void *buf, size_t len, size_t *done)
{
	struct kiovec one;
	struct uio uio;
	int error;

	uio_init(&uio, &one, (uintptr_t)buf, len, UIO_KERNEL);
	error = vn->v_ops->read(vn, off, &uio);
	*done = len - (size_t)uio.resid;
	return error;
}

int
vnode_text_get(struct vnode *vn)
{
	if (vn->v_writers != 0)
		return ETXTBSY;
	atomic_add(&vn->v_texts, 1);
	return 0;
}

void
vnode_text_put(struct vnode *vn)
{
	ASSERT(vn->v_texts > 0);
	atomic_sub_return(&vn->v_texts, 1);
}

#if CONFIG_DEBUG
void
vnode_seen(struct vnode *vn)
{
	struct vattr a;
	struct vmo *vmo;

	owner_seen(vn);
	/* With a name it is seen anyway. */
	if (!S_ISREG(vn->v_mode) || vnode_attr(vn, &a) != 0 || a.nlink != 0 || vnode_vmo(vn, &vmo) != 0)
		return;
	vmo_seen(vmo);
	vmo_unref(vmo);
}
#endif

/* --- defaults --- */

int
vnode_nolookup(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	return ENOENT;
}

int
vnode_nocreate(struct vnode *dir, const char *name, size_t len, uint32_t mode, uint64_t rdev,
    uint32_t uid, uint32_t gid, struct vnode **out)
{
	return EPERM;
}

int
vnode_nosymlink(struct vnode *dir, const char *name, size_t len, const char *target, uint32_t uid,
    uint32_t gid)
{
	return EPERM;
}

int
vnode_nolink(struct vnode *dir, const char *name, size_t len, struct vnode *vn)
{
	return EPERM;
}

int
vnode_norename(struct vnode *fdir, const char *fname, size_t flen, struct vnode *v, struct vnode *tdir,
    const char *tname, size_t tlen, struct vnode *over)
{
	return EPERM;
}

int
vnode_nosetattr(struct vnode *vn, const struct setattr *sa)
{
	return EPERM;
}

int
vnode_noreaddir(struct vnode *dir, int64_t *off, dirent_fn fn, void *ctx)
{
	return ENOTDIR;
}

int
vnode_noparent(struct vnode *dir, struct vnode **out)
{
	return ENOTDIR;
}

int
vnode_noreadlink(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	return EINVAL;
}

int
vnode_norw(struct vnode *vn, int64_t off, struct uio *uio)
{
	return EINVAL;
}

int
vnode_novmo(struct vnode *vn, struct vmo **out)
{
	return ENODEV;
}

int
vnode_noseek(struct vnode *vn, int64_t off, bool hole, int64_t *result)
{
	return EINVAL;
}
