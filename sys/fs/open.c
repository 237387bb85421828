/*
 * Opening: flags to checks, checks to a node, flags to rights.
 *
 * The order is: name, type against flags, mode bits, then the open proper (a device's or FIFO's
 * may block or refuse), truncation last.  A file that this very call created is opened whatever its
 * mode says.  Opening a descriptor's own link (/dev/fd/N) is a dup, with at most the slot's
 * rights.
 *
 * Rights (DESIGN.md 4): what the access mode says, MAP with READ, EXECUTE when the caller may
 * execute the file, for directories what may be had below them; never more than the base's.
 *
 * ENUMERATE says of a directory that it can be listed, and whether those below it can.  O_PATH and O_SEARCH
 * give up the first only: such a description remembers (f_lists) that its base let it list.  So tar -C
 * works, and who takes ENUMERATE from a slot takes it for all that is below.
 */
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/procfs.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/policy.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "mach/atomic.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

#define BELOW	(RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_MAP)

/* The access that the flags ask for, as mode bits: 4 read, 2 write, 1 execute or search. */
static int
wanted_access(uint32_t flags, unsigned *want)
{
	static const uint8_t bits[] = { [O_RDONLY] = 4, [O_WRONLY] = 2, [O_RDWR] = 6 };

	*want = 0;
	if ((flags & O_PATH) != 0)
		return 0;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return EINVAL;
	if ((flags & O_SEARCH) != 0) {
		*want = 1;
		return (flags & O_ACCMODE) != O_RDONLY ? EINVAL : 0;
	}
	*want = bits[flags & O_ACCMODE];
	return 0;
}

static uint32_t
rights_for(struct vnode *vn, uint32_t flags, unsigned want)
{
	uint32_t type = vn->v_mode & S_IFMT, rights = RIGHTS_POSIX;

	if (type == S_IFDIR)
		return rights | BELOW | ((want & 4) != 0 ? RIGHT_ENUMERATE : 0);
	if ((want & 4) != 0)
		rights |= RIGHT_READ | RIGHT_MAP;
	if ((want & 2) != 0)
		rights |= RIGHT_WRITE;
	if (type == S_IFREG && (vn->v_mount->m_flags & MOUNT_NOEXEC) == 0 && want != 0 &&
	    vnode_access(vn, cred_current(), 1) == 0)
		rights |= RIGHT_EXECUTE;
	return rights;
}

static int
check_type(struct vnode *vn, uint32_t flags, unsigned want)
{
	uint32_t type = vn->v_mode & S_IFMT;

	if ((flags & O_DIRECTORY) != 0 && type != S_IFDIR)
		return type == S_IFLNK && (flags & O_PATH) == 0 ? ELOOP : ENOTDIR;
	if ((flags & O_PATH) != 0)
		return 0;
	switch (type) {
	case S_IFLNK:
		return ELOOP;
	case S_IFDIR:
		return (want & 2) != 0 ? EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		return (vn->v_mount->m_flags & MOUNT_NODEV) != 0 ? EACCES : 0;
	default:
		return 0;
	}
}

static int
open_checked(struct vnode *vn, uint32_t flags, unsigned want, struct node **out)
{
	bool trunc = (flags & O_TRUNC) != 0 && (vn->v_mode & S_IFMT) == S_IFREG;
	int error;

	if (vn->v_ops->open != NULL && (flags & O_PATH) == 0)
		return vn->v_ops->open(vn, flags, out);
	error = file_create(vn, flags, (want & 2) != 0, out);
	if (error != 0 || !trunc || (flags & O_PATH) != 0)
		return error;
	error = vnode_truncate(vn, 0);
	if (error != 0)
		node_unuse(*out);
	return error;
}

static int
open_vnode(struct vnode *vn, uint32_t flags, bool created, struct node **out, uint32_t *rights)
{
	unsigned want;
	int error = wanted_access(flags, &want);

	if (error == 0)
		error = check_type(vn, flags, want);
	if (error != 0)
		return error;
	if (!created && (flags & O_PATH) == 0) {
		bool trunc = (flags & O_TRUNC) != 0 && (vn->v_mode & S_IFMT) == S_IFREG;

		error = vnode_access(vn, cred_current(), want | (trunc ? 2 : 0));
		if (error != 0)
			return error;
	}
	error = open_checked(vn, flags, want, out);
	if (error == 0)
		*rights = rights_for(vn, flags, want);
	return error;
}

int
vnode_open(struct vnode *vn, uint32_t flags, struct node **out, uint32_t *rights)
{
	return open_vnode(vn, flags, false, out, rights);
}

/* A link that names a descriptor or vnode: the dup, or an open of what it leads to. */
static int
open_magic(struct vnode *vn, uint32_t flags, struct node **out, uint32_t *rights)
{
	struct vnode *to;
	unsigned want;
	uint32_t need, may;
	int error = procfs_fd_get(vn, out, rights);

	if (error == ENOENT && vn->v_ops->target != NULL) {
		error = policy_check(POLICY_OPEN_PATH);		/* a jump out of any base */
		if (error == 0)
			error = vn->v_ops->target(vn, &to, &may);
		if (error == 0) {
			error = vnode_open(to, flags, out, rights);
			if (error == 0)
				*rights &= may;
			vnode_unref(to);
		}
		return error;
	}
	if (error != 0)
		return error;
	error = wanted_access(flags, &want);
	if (error == 0) {
		need = RIGHT_DUPLICATE | ((want & 4) != 0 ? RIGHT_READ : 0) |
		    ((want & 2) != 0 ? RIGHT_WRITE : 0);
		if ((*rights & need) != need)
			error = EACCES;
		if ((want & 4) == 0)
			*rights &= ~(RIGHT_READ | RIGHT_MAP);
		if ((want & 2) == 0)
			*rights &= ~RIGHT_WRITE;
	}
	if (error != 0)
		node_unuse(*out);
	return error;
}

/* What a base that lacks a right makes of an access mode. */
static int
base_allows(uint32_t base, uint32_t flags)
{
	unsigned want;
	int error = wanted_access(flags, &want);

	if (error != 0)
		return error;
	if (((want & 4) != 0 && (base & RIGHT_READ) == 0) ||
	    ((want & 2) != 0 && (base & RIGHT_WRITE) == 0) ||
	    ((flags & (O_CREAT | O_TRUNC)) != 0 && (base & RIGHT_WRITE) == 0))
		return EPERM;
	return 0;
}

static int
open_found(struct vnode *vn, uint32_t base, uint32_t flags, struct node **out, uint32_t *rights)
{
	int error = base_allows(base, flags);

	if (error != 0)
		return error;
	if (unlikely((vn->v_mode & S_IFMT) == S_IFLNK) && (flags & O_NOFOLLOW) == 0)
		error = open_magic(vn, flags, out, rights);
	else
		error = vnode_open(vn, flags, out, rights);
	if (error != 0)
		return error;
	*rights &= base;
	if ((flags & (O_PATH | O_SEARCH)) != 0 && S_ISDIR(vn->v_mode) && file_of(*out) != NULL)
		file_of(*out)->f_lists = (base & RIGHT_ENUMERATE) != 0;
	return 0;
}

static int
open_existing(int dirfd, const char *path, uint32_t flags, struct node **out, uint32_t *rights)
{
	struct name_result res;
	int error = name_lookup(dirfd, path,
	    (flags & O_NOFOLLOW) != 0 ? 0 : NAME_FOLLOW | NAME_MAGIC, &res);

	if (error != 0)
		return error;
	error = open_found(res.vn, res.base_rights, flags, out, rights);
	name_result_done(&res);
	return error;
}

/* The name was not there.  EEXIST: now it is. */
static int
open_new(struct name_result *res, uint32_t flags, uint32_t mode, struct node **out, uint32_t *rights)
{
	struct vnode *vn;
	int error = base_allows(res->base_rights, flags);

	if (error == 0 && res->trailing_slash)
		error = EISDIR;
	if (error == 0)
		error = dir_create(res, S_IFREG | (mode & 07777), 0, &vn);
	if (error != 0)
		return error;
	error = open_vnode(vn, flags & ~(uint32_t)O_TRUNC, true, out, rights);
	*rights &= res->base_rights;
	vnode_unref(vn);
	return error;
}

/* O_CREAT.  With O_EXCL and O_NOFOLLOW a link at the end is not followed. */
static int
open_create(int dirfd, const char *path, uint32_t flags, uint32_t mode, struct node **out,
    uint32_t *rights)
{
	struct name_result res;
	bool follow = (flags & (O_NOFOLLOW | O_EXCL)) == 0;
	int error = name_lookup(dirfd, path, NAME_PARENT | (follow ? NAME_FOLLOW | NAME_MAGIC : 0), &res);

	if (error != 0)
		return error;
	if (name_last_ok(&res, 1) != 0)
		error = (flags & O_EXCL) != 0 ? EEXIST : open_existing(dirfd, path, flags, out, rights);
	else if (res.vn == NULL)
		error = open_new(&res, flags, mode, out, rights);
	else if (res.trailing_slash && !S_ISDIR(res.vn->v_mode))
		error = ENOTDIR;
	else
		error = open_found(res.vn, res.base_rights, flags, out, rights);
	name_result_done(&res);
	return error;
}

static int
open_path(int dirfd, const char *path, uint32_t flags, uint32_t mode, struct node **out,
    uint32_t *rights)
{
	int error;

	if ((flags & O_PATH) != 0)
		flags &= ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC);
	if ((flags & O_CREAT) == 0)
		return open_existing(dirfd, path, flags, out, rights);
	if ((flags & O_DIRECTORY) != 0)
		return EINVAL;
	do {
		error = open_create(dirfd, path, flags, mode, out, rights);
		/* O_NOFOLLOW did not look; or somebody made it between the look and the lock. */
		if (error == EEXIST && (flags & O_NOFOLLOW) != 0 && (flags & O_EXCL) == 0)
			error = open_existing(dirfd, path, flags, out, rights);
	} while (error == EEXIST && (flags & O_EXCL) == 0);
	return error;
}

int
sys_openat(int dirfd, const char *path, int flags, uint32_t mode, intptr_t *result)
{
	struct node *n;
	uint32_t index, rights = 0;
	int error = desc_reserve(DESC_POSIX, 0, &index);

	if (error != 0)
		return error;
	error = open_path(dirfd, path, (uint32_t)flags, mode, &n, &rights);
	if (error != 0) {
		desc_unreserve(index);
		return error;
	}
	desc_publish(index, n, rights, (flags & O_CLOEXEC) != 0 ? DESC_CLOEXEC : 0);
	*result = (intptr_t)index;
	return 0;
}
