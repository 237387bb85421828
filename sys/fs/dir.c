/*
 * Names: the calls that make, remove, link, rename and list them.
 *
 * Each looks its parent up without a lock, locks the parent, looks the last component up again
 * under the lock, checks, and changes.  Checks in this order: rights of the base, the name
 * itself, existence, permission of the directory, the sticky rule, types.
 *
 * Renames of two directories' entries run one at a time (rename_lock), so that "is the target
 * below the source" stays true until the change is made; their locks are taken by address.
 */
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "ipc/ev.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/dirent.h>
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

#define DENTS_CHUNK	4096u

LOCK_CLASS(rename_class, "rename", RANK_RENAME);
static struct mutex rename_lock = MUTEX_INIT(rename_lock, &rename_class);

/* The parent of a name that shall be changed: the base must allow it. */
static int
parent_lookup(int dirfd, const char *path, struct name_result *res)
{
	int error = name_lookup(dirfd, path, NAME_PARENT, res);

	if (error != 0)
		return error;
	if ((res->base_rights & RIGHT_WRITE) == 0) {
		name_result_done(res);
		return EPERM;
	}
	return 0;
}

static int
child_lookup(const struct name_result *res, struct vnode **out)
{
	return res->dir->v_ops->lookup(res->dir, res->last, res->last_len, out);
}

static int
may_change(struct vnode *dir)
{
	return vnode_access(dir, cred_current(), 2 | 1);
}

/* In a sticky directory only the owner of the file or of the directory takes names away. */
static int
may_remove(struct vnode *dir, const struct vnode *vn)
{
	const struct cred *cred = cred_current();
	int error = may_change(dir);

	if (error != 0)
		return error;
	if ((dir->v_mode & S_ISVTX) != 0 && !cred_super(cred) && cred->euid != vn->v_uid &&
	    cred->euid != dir->v_uid)
		return EPERM;
	return 0;
}

/* Owner, group and mode that a new file gets. */
static void
new_owner(const struct vnode *dir, uint32_t *mode, uint32_t *uid, uint32_t *gid)
{
	const struct cred *cred = cred_current();

	*mode &= ~proc_self()->p_fs->umask | S_IFMT | 07000;
	*uid = cred->euid;
	*gid = cred->egid;
	if ((dir->v_mode & S_ISGID) != 0) {
		*gid = dir->v_gid;
		if (S_ISDIR(*mode))
			*mode |= S_ISGID;
	}
	if (!S_ISDIR(*mode) && (*mode & S_ISGID) != 0 && !cred_super(cred) && !cred_in_group(cred, *gid))
		*mode &= ~(uint32_t)S_ISGID;
}

/* Tells who watches the folder; its lock may be held. */
static void
tell(struct vnode *dir, unsigned type, uint64_t ino, uint32_t mode, uint32_t cookie)
{
	struct abi_event e = { .fs = { .dir = dir->v_ino, .node = ino, .mode = mode, .cookie = cookie,
		.time = clock_now() } };

	ev_post(dir, type, &e);
}

static void
tell_made(struct vnode *dir, const struct vnode *vn)
{
	if (unlikely(dir->v_events != 0))
		tell(dir, S_ISDIR(vn->v_mode) ? EV_FSMKDIR : EV_FSCREAT, vn->v_ino, vn->v_mode, 0);
}

static void
tell_removed(struct vnode *dir, const struct vnode *vn)
{
	if (unlikely(dir->v_events != 0))
		tell(dir, S_ISDIR(vn->v_mode) ? EV_FSRMDIR : EV_FSUNLINK, vn->v_ino, vn->v_mode, 0);
}

/* Parent locked: may the name be made? */
static int
check_new(const struct name_result *res)
{
	struct vnode *vn;
	int error = child_lookup(res, &vn);

	if (error == 0) {
		vnode_unref(vn);
		return EEXIST;
	}
	return error == ENOENT ? may_change(res->dir) : error;
}

int
dir_create(struct name_result *res, uint32_t mode, uint64_t rdev, struct vnode **out)
{
	struct vnode *dir = res->dir;
	uint32_t uid, gid;
	int error;

	mutex_lock(&dir->v_lock);
	error = check_new(res);
	if (error == 0) {
		new_owner(dir, &mode, &uid, &gid);
		error = dir->v_ops->create(dir, res->last, res->last_len, mode, rdev, uid, gid, out);
	}
	if (error == 0)
		tell_made(dir, *out);
	mutex_unlock(&dir->v_lock);
	return error;
}

/* --- making --- */

static int
make_node(int dirfd, const char *path, uint32_t mode, uint64_t rdev)
{
	struct name_result res;
	struct vnode *vn;
	int error = parent_lookup(dirfd, path, &res);

	if (error != 0)
		return error;
	error = name_last_ok(&res, EEXIST);
	if (error == 0 && res.trailing_slash && !S_ISDIR(mode))
		error = child_lookup(&res, &vn) == 0 ? (vnode_unref(vn), EEXIST) : ENOENT;
	if (error == 0)
		error = dir_create(&res, mode, rdev, &vn);
	if (error == 0)
		vnode_unref(vn);
	name_result_done(&res);
	return error;
}

int
sys_mkdirat(int dirfd, const char *path, uint32_t mode)
{
	return make_node(dirfd, path, S_IFDIR | (mode & 01777), 0);
}

int
sys_mknodat(int dirfd, const char *path, uint32_t mode, uint64_t dev)
{
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!cred_super(cred_current()))
			return EPERM;
		return make_node(dirfd, path, mode & (S_IFMT | 07777), dev);
	default:
		return EINVAL;
	}
	return make_node(dirfd, path, mode & (S_IFMT | 07777), 0);
}

int
sys_symlinkat(const char *target, int dirfd, const char *path)
{
	struct name_result res;
	struct vnode *vn;
	uint32_t mode = S_IFLNK | 0777, uid, gid;
	int error;

	if (*target == '\0')
		return ENOENT;
	error = parent_lookup(dirfd, path, &res);
	if (error != 0)
		return error;
	error = name_last_ok(&res, EEXIST);
	if (error == 0) {
		mutex_lock(&res.dir->v_lock);
		error = check_new(&res);
		if (error == 0 && res.trailing_slash)
			error = ENOENT;
		if (error == 0) {
			new_owner(res.dir, &mode, &uid, &gid);
			error = res.dir->v_ops->symlink(res.dir, res.last, res.last_len, target, uid, gid);
		}
		if (error == 0 && res.dir->v_events != 0 && child_lookup(&res, &vn) == 0) {
			tell_made(res.dir, vn);
			vnode_unref(vn);
		}
		mutex_unlock(&res.dir->v_lock);
	}
	name_result_done(&res);
	return error;
}

static int
link_source(int dirfd, const char *path, int flags, struct name_result *res)
{
	int error;

	error = name_lookup(dirfd, path, (flags & AT_SYMLINK_FOLLOW) != 0 ? NAME_FOLLOW : 0, res);
	if (error != 0)
		return error;
	/* A second name below another base would have that base's rights. */
	error = (res->base_rights & RIGHT_WRITE) == 0 || S_ISDIR(res->vn->v_mode) ? EPERM : 0;
	if (error != 0)
		name_result_done(res);
	return error;
}

static int
link_locked(struct name_result *to, struct vnode *vn)
{
	struct vnode *dir = to->dir;
	int error = check_new(to);

	if (error == 0 && to->trailing_slash)
		error = ENOENT;
	if (error == 0 && dir->v_mount != vn->v_mount)
		error = EXDEV;
	return error != 0 ? error : dir->v_ops->link(dir, to->last, to->last_len, vn);
}

int
sys_linkat(int fd1, const char *path1, int fd2, const char *path2, int flags)
{
	struct name_result from, to;
	int error;

	if ((flags & ~AT_SYMLINK_FOLLOW) != 0)
		return EINVAL;
	error = link_source(fd1, path1, flags, &from);
	if (error != 0)
		return error;
	error = parent_lookup(fd2, path2, &to);
	if (error == 0) {
		error = name_last_ok(&to, EEXIST);
		if (error == 0) {
			mutex_lock(&to.dir->v_lock);
			error = link_locked(&to, from.vn);
			if (error == 0)
				tell_made(to.dir, from.vn);
			mutex_unlock(&to.dir->v_lock);
		}
		name_result_done(&to);
	}
	name_result_done(&from);
	return error;
}

int
sys_readlinkat(int dirfd, const char *path, void __user *buf, size_t len, intptr_t *result)
{
	struct vnode *vn;
	size_t n;
	char *text;
	int error = name_vnode(dirfd, path, 0, &vn);

	if (error != 0)
		return error;
	text = kmem_alloc(PATH_MAX, 0);
	if (text == NULL) {
		vnode_unref(vn);
		return ENOMEM;
	}
	error = len == 0 ? EINVAL : vn->v_ops->readlink(vn, text, PATH_MAX, &n);
	if (error == 0) {
		n = MIN(n, len);
		error = copyout(text, buf, n);
		*result = (intptr_t)n;
	}
	kmem_free(text, PATH_MAX);
	vnode_unref(vn);
	return error;
}

/* --- removing --- */

static int
remove_locked(const struct name_result *res, struct vnode *vn, bool dir)
{
	struct vnode *parent = res->dir;
	int error = may_remove(parent, vn);

	if (error != 0)
		return error;
	if (S_ISDIR(vn->v_mode) != dir)
		return dir ? ENOTDIR : EISDIR;
	if (!dir && res->trailing_slash)
		return ENOTDIR;
	if (vn->v_covered != NULL)
		return EBUSY;
	if (dir)
		return parent->v_ops->rmdir(parent, res->last, res->last_len, vn);
	return parent->v_ops->unlink(parent, res->last, res->last_len, vn);
}

/* rmdir of "." and "..", and what unlink says of them. */
static int
check_dots(const struct name_result *res, bool dir)
{
	if (name_last_ok(res, EINVAL) == 0)
		return 0;
	if (!dir)
		return EISDIR;
	return res->last_len == 0 ? EBUSY : res->last_len == 1 ? EINVAL : ENOTEMPTY;
}

int
sys_unlinkat(int dirfd, const char *path, int flags)
{
	bool dir = (flags & AT_REMOVEDIR) != 0;
	struct name_result res;
	struct vnode *vn;
	int error;

	if ((flags & ~AT_REMOVEDIR) != 0)
		return EINVAL;
	error = parent_lookup(dirfd, path, &res);
	if (error != 0)
		return error;
	error = check_dots(&res, dir);
	if (error == 0) {
		mutex_lock(&res.dir->v_lock);
		error = child_lookup(&res, &vn);
		if (error == 0) {
			error = remove_locked(&res, vn, dir);
			if (error == 0)
				tell_removed(res.dir, vn);
			mutex_unlock(&res.dir->v_lock);
			vnode_unref(vn);
		} else {
			mutex_unlock(&res.dir->v_lock);
		}
	}
	name_result_done(&res);
	return error;
}

/* --- renaming --- */

/* Whether `dir' is `top' or lies below it (within one file system).  EINVAL: it does. */
static int
not_below(struct vnode *dir, struct vnode *top)
{
	struct vnode *up;
	int error = 0;

	vnode_ref(dir);
	while (dir != top && dir != dir->v_mount->m_root) {
		error = dir->v_ops->parent(dir, &up);
		if (error != 0)
			break;
		vnode_unref(dir);
		dir = up;
	}
	if (dir == top)
		error = EINVAL;
	vnode_unref(dir);
	return error;
}

static int
rename_types(const struct name_result *from, struct vnode *v, const struct name_result *to,
    struct vnode *over)
{
	bool dir = S_ISDIR(v->v_mode);

	if (!dir && (from->trailing_slash || to->trailing_slash))
		return ENOTDIR;
	if (over != NULL && dir && !S_ISDIR(over->v_mode))
		return ENOTDIR;
	if (over != NULL && !dir && S_ISDIR(over->v_mode))
		return EISDIR;
	if (v->v_covered != NULL || (over != NULL && over->v_covered != NULL))
		return EBUSY;
	return 0;
}

/* Both parents locked; over may be NULL. */
static int
rename_locked(const struct name_result *from, struct vnode *v, const struct name_result *to,
    struct vnode *over)
{
	int error = may_remove(from->dir, v);

	if (error == 0)
		error = over != NULL ? may_remove(to->dir, over) : may_change(to->dir);
	if (error == 0 && v != over)
		error = rename_types(from, v, to, over);
	/* A directory that moves gets another "..": that is a write to it. */
	if (error == 0 && S_ISDIR(v->v_mode) && from->dir != to->dir) {
		error = not_below(to->dir, v);
		if (error == 0)
			error = vnode_access(v, cred_current(), 2);
	}
	if (error != 0 || v == over)
		return error;
	return from->dir->v_ops->rename(from->dir, from->last, from->last_len, v, to->dir, to->last,
	    to->last_len, over);
}

static void
lock_both(struct vnode *a, struct vnode *b)
{
	if (a != b) {
		mutex_lock(&rename_lock);
		mutex_lock(a < b ? &a->v_lock : &b->v_lock);
		mutex_lock(a < b ? &b->v_lock : &a->v_lock);
	} else {
		mutex_lock(&a->v_lock);
	}
}

static void
unlock_both(struct vnode *a, struct vnode *b)
{
	mutex_unlock(&a->v_lock);
	if (a != b) {
		mutex_unlock(&b->v_lock);
		mutex_unlock(&rename_lock);
	}
}

static void
tell_renamed(struct vnode *from, struct vnode *to, const struct vnode *v, const struct vnode *over)
{
	static uint32_t last;		/* [a] */
	uint32_t cookie;

	if (likely(from->v_events == 0 && to->v_events == 0) || v == over)
		return;
	cookie = atomic_add(&last, 1) + 1;
	if (over != NULL)
		tell_removed(to, over);
	tell(from, EV_FSRENAME, v->v_ino, v->v_mode, cookie);
	if (to != from)
		tell(to, EV_FSRENAME, v->v_ino, v->v_mode, cookie);
}

static int
rename_in(const struct name_result *from, const struct name_result *to)
{
	struct vnode *v, *over = NULL;
	int error = name_last_ok(from, from->last_len == 0 ? EBUSY : EINVAL);

	if (error == 0)
		error = name_last_ok(to, to->last_len == 0 ? EBUSY : EINVAL);
	if (error == 0 && from->dir->v_mount != to->dir->v_mount)
		error = EXDEV;
	if (error != 0)
		return error;
	lock_both(from->dir, to->dir);
	error = child_lookup(from, &v);
	if (error == 0) {
		error = child_lookup(to, &over);
		if (error == 0 || error == ENOENT)
			error = rename_locked(from, v, to, over);
		if (error == 0)
			tell_renamed(from->dir, to->dir, v, over);
	} else {
		v = NULL;
	}
	unlock_both(from->dir, to->dir);
	if (over != NULL)
		vnode_unref(over);
	if (v != NULL)
		vnode_unref(v);
	return error;
}

int
sys_renameat(int fd1, const char *path1, int fd2, const char *path2)
{
	struct name_result from, to;
	int error = parent_lookup(fd1, path1, &from);

	if (error != 0)
		return error;
	error = parent_lookup(fd2, path2, &to);
	if (error == 0) {
		error = rename_in(&from, &to);
		name_result_done(&to);
	}
	name_result_done(&from);
	return error;
}

/* --- listing --- */

struct dents {
	char *buf;
	size_t size, used;
};

static int
dents_add(void *ctx, uint64_t ino, uint8_t type, const char *name, size_t len, int64_t next)
{
	struct dents *d = ctx;
	size_t n = ABI_DIRENT_SIZE(len);
	struct abi_dirent *de = (struct abi_dirent *)(d->buf + d->used);

	if (n > d->size - d->used)
		return 1;
	memset((char *)de + n - 8, 0, 8);
	de->ino = ino;
	de->off = next;
	de->reclen = (uint16_t)n;
	de->type = type;
	memcpy(de->name, name, len);
	de->name[len] = '\0';
	d->used += n;
	return 0;
}

/* f_lock held.  Whole records, a chunk at a time. */
static int
dents_copy(struct file *f, char *chunk, void __user *buf, size_t len, size_t *done)
{
	struct vnode *vn = f->f_vnode;
	int error;

	*done = 0;
	for (;;) {
		struct dents d = { chunk, MIN(len - *done, (size_t)DENTS_CHUNK), 0 };
		int64_t off = f->f_off;

		error = vn->v_ops->readdir(vn, &off, dents_add, &d);
		if (error != 0 || d.used == 0)
			return error;
		error = copyout(chunk, (char __user *)buf + *done, d.used);
		if (error != 0)
			return error;
		f->f_off = off;
		*done += d.used;
	}
}

int
sys_getdents(struct node *fd, void __user *buf, size_t len, intptr_t *result)
{
	struct file *f = file_of(fd);
	size_t done;
	char *chunk;
	int error;

	if (f == NULL || !S_ISDIR(f->f_vnode->v_mode))
		return ENOTDIR;
	chunk = kmem_alloc(DENTS_CHUNK, 0);
	if (chunk == NULL)
		return ENOMEM;
	mutex_lock(&f->f_lock);
	error = dents_copy(f, chunk, buf, len, &done);
	/* Nothing fitted though something is left: the buffer is too small for a record. */
	if (error == 0 && done == 0 && len < ABI_DIRENT_SIZE(NAME_MAX)) {
		struct dents d = { chunk, DENTS_CHUNK, 0 };
		int64_t off = f->f_off;

		error = f->f_vnode->v_ops->readdir(f->f_vnode, &off, dents_add, &d);
		if (error == 0 && d.used != 0)
			error = EINVAL;
	}
	mutex_unlock(&f->f_lock);
	kmem_free(chunk, DENTS_CHUNK);
	*result = (intptr_t)done;
	return done != 0 ? 0 : error;
}
