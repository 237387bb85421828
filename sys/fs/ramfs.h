#pragma once
/*
 * The memory file system's insides, for the file systems that are made of it: imgfs fills one
 * from the root image, devfs puts devices into one.
 */
#include "fs/mount.h"
#include "fs/vnode.h"
#include "kern/list.h"

struct device;

/*
 * Pages of the root image that are a file's.  They outlive the inode, for a mapping of an unlinked
 * file may still ask for them: the array of them belongs to the file system.
 */
struct img_extent {
	paddr_t start;			/* [I] */
	uint64_t pages;			/* [v] that still count: truncation takes from them */
};

/* Letters: I immutable, t tree_lock, v the vnode's lock. */
struct inode {
	struct vnode i_vnode;		/* first */
	struct list i_all;		/* [t] the file system's inodes */
	struct list i_names;		/* [t] struct entry by e_names; a directory has one at most */
	uint32_t i_nlink;		/* [t] 0: removed; while not, the tree holds one reference */
	nsec_t i_atime, i_mtime, i_ctime, i_btime;	/* [t] */
	union {
		struct {		/* regular */
			struct vmo *i_vmo;	/* [t] made at the first need */
			uint64_t i_size;	/* [t] while there is no VMO */
			struct img_extent *i_img;	/* [I] its pages in the root image, or NULL */
		};
		struct {		/* directory */
			struct list i_entries;	/* [t] struct entry by e_link, by cookie */
			uint64_t i_cookie;	/* [t] the next */
			uint64_t i_count;	/* [t] */
			struct entry *i_hint;	/* [t] where a readdir will go on */
		};
		struct {		/* symbolic link */
			char *i_target;		/* [I] */
			size_t i_target_len;	/* [I] */
		};
		struct {		/* device */
			struct device *i_dev;	/* [I] of devfs_add, counted; NULL: by i_rdev */
			uint64_t i_rdev;	/* [I] */
		};
	};
};

struct ramfs {
	struct mount *r_mount;
	struct list r_inodes;		/* [t] */
	uint64_t r_next_ino;		/* [t] */
	uint64_t r_count;		/* [t] */
	struct list r_link;		/* [t] all of them */
	struct img_extent *r_extents;	/* [I] r_nextents, or NULL */
	size_t r_nextents;		/* [I] */
};

int ramfs_create(struct mount *, uint64_t first_ino) __must_check;	/* m_data and m_root */
void ramfs_destroy(struct mount *);
bool ramfs_busy(struct mount *);
void ramfs_stats(struct mount *, struct fs_stats *);
/* A new inode without a name, with one reference, which the first name takes over.  ino 0: the next. */
int ramfs_inode(struct ramfs *, uint64_t ino, uint32_t mode, uint32_t uid, uint32_t gid, nsec_t time,
    struct inode **) __must_check;
/* Gives it a name; EEXIST is not checked.  ENOMEM, ENOENT when dir was removed. */
int ramfs_enter(struct inode *dir, const char *name, size_t len, struct inode *) __must_check;
int ramfs_target(struct inode *, const char *, size_t) __must_check;	/* a link's, once */
/* The inode, of whatever type, is a device now; takes over one count of it. */
void ramfs_set_device(struct inode *, struct device *, uint64_t rdev);
/* Directory `name' (no slashes) in dir, made when it is missing; referenced. */
int ramfs_mkdir(struct vnode *dir, const char *name, size_t len, uint32_t perm, struct vnode **)
    __must_check;
/* fs/devfs.c: the open of a device vnode; the end of a vnode that had i_dev. */
int devfs_open(struct vnode *, uint32_t flags, struct node **);
void device_put(struct device *);
