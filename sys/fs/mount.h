#pragma once
/* The mount table and the built-in file systems. */
#include "kern/list.h"
#include "kern/types.h"
#include <abi/mount.h>

struct vnode;
struct mount;

struct fs_stats {
	uint64_t blocks, free, files, files_free;	/* blocks of 4096 bytes */
};

struct fs_type {
	const char *name;
	/* Sets m_root (one reference), m_data; `from' is what mount(8) was given. */
	int (*mount)(struct mount *, const char *from);
	bool (*busy)(struct mount *);		/* something in it besides the root is in use */
	void (*unmount)(struct mount *);	/* frees everything; cannot fail */
	void (*stats)(struct mount *, struct fs_stats *);
};

struct mount {
	struct list m_link;		/* [mount lock] all mounts, in order */
	const struct fs_type *m_type;	/* [I] */
	struct vnode *m_root;		/* [I] referenced */
	struct vnode *m_covered;	/* [I] referenced; NULL for the root file system */
	uint32_t m_flags;		/* [I] MOUNT_* */
	uint32_t m_dev;			/* [I] st_dev */
	char m_from[64];		/* [I] */
	void *m_data;			/* the file system's */
	uint32_t m_live;		/* [a] procfs: vnodes that exist */
};

extern const struct fs_type ramfs_type, imgfs_type, devfs_type, procfs_type;

/* The root of the name space, not referenced for the caller; lives for ever. */
struct vnode *mount_root(void);
/* Where a walk really is that came to `vn' from above: the root of what is mounted there.
 * Consumes and returns a reference. */
struct vnode *mount_enter(struct vnode *vn);
/* The way out: the covered vnode, referenced, if vn is the root of a mount below the root. */
struct vnode *mount_leave(struct vnode *vn);
int mount_at(const char *type, const char *from, struct vnode *dir, uint32_t flags) __must_check;
int mount_detach(struct vnode *root) __must_check;
/* In order, under the mount lock; fn may not mount.  For /proc/mounts. */
void mount_each(void (*fn)(void *ctx, struct mount *), void *ctx);
