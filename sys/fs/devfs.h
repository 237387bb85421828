#pragma once
/*
 * /dev: device nodes by name, and what an open of one makes.
 *
 * A driver calls devfs_add() at LEVEL_DEV or later; subdirectories ("pts/0", "vport/zenta.in")
 * are made on the way.  A node that mknod() makes elsewhere reaches the driver by its number.
 * An open is a `devfile': a node of the driver's kind and operations that remembers the vnode,
 * so stat, chmod and chown of the descriptor work on the file in /dev.
 */
#include "kern/node.h"
#include "kern/types.h"

struct vnode;

/* Makes the node of an open; `flags' are O_* (access mode, O_NONBLOCK, O_NOCTTY ...).  The node
 * comes with one use.  Permission bits are checked before. */
typedef int (*devfs_open_fn)(struct vnode *, uint32_t flags, struct node **);

/* `mode' is type (S_IFCHR, S_IFBLK, also S_IFREG) and permission; owner 0:0.
 * EEXIST, ENOMEM, ENAMETOOLONG. */
int devfs_add(const char *name, uint32_t mode, uint64_t rdev, devfs_open_fn open, void *arg)
    __must_check;
/* Takes the name away; opens go on living.  Empty subdirectories stay. */
void devfs_remove(const char *name);
int devfs_symlink(const char *name, const char *target) __must_check;
/* Owner and permission bits of a device (grantpt). ENOENT. */
int devfs_set_owner(const char *name, uint32_t uid, uint32_t gid, uint32_t perm) __must_check;
void *devfs_arg(struct vnode *);	/* the `arg' of devfs_add, also through mknod's nodes */

static inline uint64_t
dev_make(uint32_t major, uint32_t minor)
{
	return (uint64_t)major << 32 | minor;
}

/* An open device.  Drivers may embed it first in a struct of their own. */
struct devfile {
	struct node df_node;
	struct vnode *df_vnode;		/* [I] referenced */
	void *df_arg;			/* [I] devfs_arg() */
	int64_t df_off;			/* for seekable devices; the node's lock */
};

/* Sets up the node with the file's status flags and a reference on the vnode.  One use. */
void devfile_init(struct devfile *, struct vnode *, uint32_t flags, const struct node_ops *,
    enum node_kind, struct sigsrc *src, uint32_t bits);
/* Drops the vnode; part of the driver's own destroy. */
void devfile_done(struct devfile *);
/* For drivers without a struct of their own: allocates; its ops->destroy is devfile_destroy. */
int devfile_create(struct vnode *, uint32_t flags, const struct node_ops *, struct sigsrc *src,
    struct node **) __must_check;
void devfile_destroy(struct node *);
/* Slots for a driver's node_ops. */
int devfile_stat(struct node *, struct abi_stat *);
int devfile_setattr(struct node *, const struct setattr *);
int devfile_noseek(struct node *, int64_t, int, int64_t *);	/* succeeds with 0, as for null */
