#pragma once
/* What ramfs.c, ramfs_dir.c and ramfs_file.c share. */
#include "fs/ramfs.h"
#include "kern/lock.h"
#include "vm/page.h"
#include "vm/vmo.h"
#include <abi/stat.h>

/* A name in a directory. */
struct entry {
	struct entry *e_chain;		/* [t] */
	struct list e_link;		/* [t] its directory's */
	struct list e_names;		/* [t] its inode's */
	struct inode *e_dir;		/* [t] */
	struct inode *e_inode;		/* [t] */
	uint64_t e_cookie;		/* [t] */
	uint32_t e_hash;		/* [I] */
	uint16_t e_len;			/* [I] */
	char e_name[];			/* [I] */
};

#define FIRST_COOKIE	2u		/* 0 is ".", 1 is ".." */

extern struct spin tree_lock;		/* t */

static inline struct inode *
inode_of(struct vnode *vn)
{
	return container_of(vn, struct inode, i_vnode);
}

static inline bool
is_dir(const struct inode *ip)
{
	return (ip->i_vnode.v_mode & S_IFMT) == S_IFDIR;
}

/* Little memory is left: what may fill it for good is refused. */
static inline bool
space_low(void)
{
	return page_free_count() < page_total() / 16;
}

/* ramfs.c */
extern const struct vnode_ops ramfs_dev_vops;
int ramfs_getattr(struct vnode *, struct vattr *) __must_check;
int ramfs_setattr(struct vnode *, const struct setattr *) __must_check;
void ramfs_inactive(struct vnode *);
void inode_free(struct inode *);	/* one without a name */

/* ramfs_dir.c; tree_lock is held for the first. */
extern const struct vnode_ops ramfs_dir_vops;
void entry_remove(struct entry *);	/* link counts of files are the caller's business */
void entry_free(struct entry *);
int ramfs_name(struct vnode *, char *buf, size_t size, size_t *len, struct vnode **dir) __must_check;

/* ramfs_file.c */
extern const struct vnode_ops ramfs_file_vops;
int file_resize(struct inode *, uint64_t) __must_check;	/* v_lock is held */

static inline bool
is_reg(const struct inode *ip)
{
	return ip->i_vnode.v_ops == &ramfs_file_vops;
}

static inline uint64_t
file_size(const struct inode *ip)
{
	return ip->i_vmo != NULL ? vmo_size(ip->i_vmo) : ip->i_size;
}

/* Operations of all that is no directory. */
#define RAMFS_VOPS \
	.create = vnode_nocreate, .symlink = vnode_nosymlink, .link = vnode_nolink, \
	.unlink = vnode_nolink, .rmdir = vnode_nolink, .rename = vnode_norename, \
	.lookup = vnode_nolookup, .readdir = vnode_noreaddir, .parent = vnode_noparent, \
	.name = ramfs_name, .getattr = ramfs_getattr, .setattr = ramfs_setattr, \
	.inactive = ramfs_inactive
