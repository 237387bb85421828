/* The calls about a file's attributes: stat, access, chmod, chown, times, length. */
#include "fs/file.h"
#include "fs/name.h"
#include "fs/procfs.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "kern/cred.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/proc.h"
#include "kern/sysarg.h"
#include "kern/time.h"
#include "mach/user.h"
#include "vm/page.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

/* "" with AT_EMPTY_PATH is the descriptor itself. */
static bool
is_empty(int dirfd, const char *path, int flags)
{
	return *path == '\0' && (flags & AT_EMPTY_PATH) != 0 && dirfd != AT_FDCWD;
}

static uint32_t
follow_flag(int flags)
{
	return (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : NAME_FOLLOW;
}

int
sys_fstat(struct node *fd, struct abi_stat *st)
{
	return fd->ops->stat(fd, st);
}

static int
stat_node(int fd, struct abi_stat *st)
{
	struct node *n;
	int error = desc_get((uint32_t)fd, NODE_ANY, 0, &n);

	if (error != 0)
		return error;
	error = n->ops->stat(n, st);
	node_unuse(n);
	return error;
}

/* A link that is a descriptor or a vnode: what it stands for. */
static int
stat_magic(struct vnode *vn, struct abi_stat *st)
{
	struct node *n;
	struct vnode *to;
	uint32_t rights;
	int error = procfs_fd_get(vn, &n, &rights);

	if (error == 0) {
		error = n->ops->stat(n, st);
		node_unuse(n);
		return error;
	}
	if (error != ENOENT || vn->v_ops->target == NULL)
		return error;
	error = vn->v_ops->target(vn, &to, &rights);
	if (error == 0) {
		error = vnode_stat(to, st);
		vnode_unref(to);
	}
	return error;
}

int
sys_fstatat(int dirfd, const char *path, struct abi_stat *st, int flags)
{
	struct vnode *vn;
	uint32_t follow = follow_flag(flags);
	int error;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return EINVAL;
	if (is_empty(dirfd, path, flags))
		return stat_node(dirfd, st);
	error = name_vnode(dirfd, path, follow != 0 ? NAME_FOLLOW | NAME_MAGIC : 0, &vn);
	if (error != 0)
		return error;
	if (follow != 0 && unlikely(S_ISLNK(vn->v_mode)))
		error = stat_magic(vn, st);
	else
		error = vnode_stat(vn, st);
	vnode_unref(vn);
	return error;
}

int
sys_faccessat(int dirfd, const char *path, int mode, int flags)
{
	const struct cred *cred = cred_current();
	struct cred real;
	struct vnode *vn;
	int error;

	if ((mode & ~(R_OK | W_OK | X_OK)) != 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW)) != 0)
		return EINVAL;
	error = name_vnode(dirfd, path, follow_flag(flags), &vn);
	if (error != 0)
		return error;
	if ((flags & AT_EACCESS) == 0 && (cred->ruid != cred->euid || cred->rgid != cred->egid)) {
		real = *cred;
		real.euid = cred->ruid;
		real.egid = cred->rgid;
		cred = &real;
	}
	if (mode != F_OK)
		error = vnode_access(vn, cred, (unsigned)mode);
	vnode_unref(vn);
	return error;
}

/* --- changing --- */

static int
setattr_at(int dirfd, const char *path, const struct setattr *sa, int flags)
{
	struct name_result res;
	int error;

	if ((flags & ~AT_SYMLINK_NOFOLLOW) != 0)
		return EINVAL;
	error = name_lookup(dirfd, path, follow_flag(flags), &res);
	if (error != 0)
		return error;
	if ((res.base_rights & (RIGHT_WRITE | RIGHT_SET_PROPERTY)) != (RIGHT_WRITE | RIGHT_SET_PROPERTY))
		error = EPERM;
	else if (S_ISLNK(res.vn->v_mode) && (sa->mask & SETATTR_MODE) != 0)
		error = EOPNOTSUPP;
	else
		error = vnode_setattr(res.vn, sa);
	name_result_done(&res);
	return error;
}

/* The right is not one of those whose lack means "not open for": EPERM. */
static int
setattr_fd(int fd, const struct setattr *sa)
{
	struct node *n;
	int error = desc_get((uint32_t)fd, NODE_ANY, RIGHT_SET_PROPERTY, &n);

	if (error != 0)
		return error == ERIGHTS ? EPERM : error;
	error = n->ops->setattr(n, sa);
	node_unuse(n);
	return error;
}

int
sys_fchmod(int fd, uint32_t mode)
{
	struct setattr sa = { .mask = SETATTR_MODE, .mode = mode };

	return setattr_fd(fd, &sa);
}

int
sys_fchmodat(int dirfd, const char *path, uint32_t mode, int flags)
{
	struct setattr sa = { .mask = SETATTR_MODE, .mode = mode };

	return setattr_at(dirfd, path, &sa, flags);
}

static struct setattr
owner_change(uint32_t uid, uint32_t gid)
{
	struct setattr sa = { .uid = uid, .gid = gid };

	if (uid != UINT32_MAX)
		sa.mask |= SETATTR_UID;
	if (gid != UINT32_MAX)
		sa.mask |= SETATTR_GID;
	return sa;
}

int
sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
	struct setattr sa = owner_change(uid, gid);

	return setattr_fd(fd, &sa);
}

int
sys_fchownat(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
	struct setattr sa = owner_change(uid, gid);

	return setattr_at(dirfd, path, &sa, flags);
}

/* One of the two times: what the caller gave, now, or left alone. */
static int
one_time(const struct abi_timespec *ts, nsec_t now, uint32_t bit, uint32_t *mask, nsec_t *out,
    unsigned *nows)
{
	*out = now;
	if (ts->nsec == UTIME_OMIT)
		return 0;
	*mask |= bit;
	if (ts->nsec == UTIME_NOW) {
		(*nows)++;
		return 0;
	}
	if (ts->nsec < 0 || ts->nsec >= NSEC_PER_SEC)
		return EINVAL;
	if (__builtin_mul_overflow(ts->sec, NSEC_PER_SEC, out) ||
	    __builtin_add_overflow(*out, ts->nsec, out))
		return EINVAL;
	return 0;
}

static int
times_in(const void __user *user, struct setattr *sa)
{
	struct abi_timespec ts[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	nsec_t now = clock_realtime();
	unsigned nows = 0;
	int error = user != NULL ? copyin(user, ts, sizeof(ts)) : 0;

	sa->mask = 0;
	if (error == 0)
		error = one_time(&ts[0], now, SETATTR_ATIME, &sa->mask, &sa->atime, &nows);
	if (error == 0)
		error = one_time(&ts[1], now, SETATTR_MTIME, &sa->mask, &sa->mtime, &nows);
	if (nows == 2)
		sa->mask |= SETATTR_NOW;
	return error;
}

/* Both times left alone: only that the descriptor is one counts. */
static int
times_fd(int fd, const struct setattr *sa)
{
	struct node *n;
	int error;

	if (sa->mask != 0)
		return setattr_fd(fd, sa);
	error = desc_get((uint32_t)fd, NODE_ANY, 0, &n);
	if (error == 0)
		node_unuse(n);
	return error;
}

int
sys_utimensat(int dirfd, void __user *upath, void __user *times, int flags)
{
	struct setattr sa;
	struct vnode *vn;
	char *path;
	int error = times_in(times, &sa);

	if (error != 0)
		return error;
	if (upath == NULL)
		return dirfd == AT_FDCWD ? EFAULT : times_fd(dirfd, &sa);
	error = sysarg_path((uintptr_t)upath, &path);
	if (error != 0)
		return error;
	if (is_empty(dirfd, path, flags)) {
		error = times_fd(dirfd, &sa);
	} else if (sa.mask == 0) {
		error = name_vnode(dirfd, path, follow_flag(flags), &vn);
		if (error == 0)
			vnode_unref(vn);
	} else {
		error = setattr_at(dirfd, path, &sa, flags);
	}
	sysarg_path_free(path);
	return error;
}

/* --- length --- */

static int
size_ok(int64_t len)
{
	uint64_t limit = proc_self()->p_limits[RLIMIT_FSIZE].cur;

	if (len < 0)
		return EINVAL;
	if ((uint64_t)len <= limit)
		return 0;
	if (file_sigxfsz_hook != NULL)
		file_sigxfsz_hook();
	return EFBIG;
}

int
sys_ftruncate(int fd, int64_t len)
{
	struct setattr sa = { .mask = SETATTR_SIZE, .size = (uint64_t)len };
	struct node *n;
	uint32_t rights;
	int error = desc_get_slot((uint32_t)fd, NODE_ANY, RIGHT_WRITE, &n, &rights, NULL);

	if (error != 0)
		return error;
	/* A VMO's size is a right of its own. */
	if (n->kind == NODE_VMO && !(rights & RIGHT_RESIZE))
		error = EINVAL;
	if (error == 0 && (error = size_ok(len)) == 0)
		error = n->ops->setattr(n, &sa);
	node_unuse(n);
	return error;
}

int
sys_truncate(const char *path, int64_t len)
{
	struct vnode *vn;
	int error = size_ok(len);

	if (error != 0)
		return error;
	error = name_vnode_for(AT_FDCWD, path, NAME_FOLLOW, RIGHT_WRITE, &vn);
	if (error != 0)
		return error;
	if (S_ISDIR(vn->v_mode))
		error = EISDIR;
	else
		error = vnode_access(vn, cred_current(), 2);
	if (error == 0)
		error = vnode_truncate(vn, (uint64_t)len);
	vnode_unref(vn);
	return error;
}

int
sys_fallocate(struct node *fd, int64_t off, int64_t len)
{
	struct vnode *vn = vnode_of(fd);
	struct vattr a;
	int64_t end;
	int error;

	if (off < 0 || len <= 0)
		return EINVAL;
	if (__builtin_add_overflow(off, len, &end))
		return EFBIG;
	if (vn == NULL || fd->kind == NODE_PIPE)
		return ESPIPE;
	if (!S_ISREG(vn->v_mode))
		return ENODEV;
	if ((error = size_ok(end)) != 0 || (error = vnode_attr(vn, &a)) != 0)
		return error;
	if ((uint64_t)len / PAGE_SIZE > page_free_count())
		return ENOSPC;
	return (uint64_t)end > a.size ? vnode_truncate(vn, (uint64_t)end) : 0;
}

int
sys_fsync(struct node *fd)
{
	return fd->ops->sync(fd);
}
