#pragma once
/*
 * Vnodes: files as file systems know them.  A vnode is never in a descriptor slot; an open makes
 * a `file' node (fs/file.h) over it.  Letters: I immutable, a atomic, v vnode's sleeping lock.
 */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/node.h"
#include "kern/types.h"

struct mount;
struct uio;
struct vmo;
struct vnode;

struct vattr {
	uint32_t mode;		/* type and permission bits */
	uint32_t nlink, uid, gid;
	uint64_t ino, size, rdev, blocks;
	nsec_t atime, mtime, ctime, btime;	/* since 1970 */
};

/* readdir calls this for each entry; non-zero stops it (the buffer is full). */
typedef int (*dirent_fn)(void *ctx, uint64_t ino, uint8_t type, const char *name, size_t len,
    int64_t next_off);

/*
 * Directory operations get names of 1..255 bytes without '/', never "." or ".." (the name walk
 * treats those).  The directory's lock is held; found vnodes come referenced, not locked.
 */
struct vnode_ops {
	int (*lookup)(struct vnode *dir, const char *name, size_t len, struct vnode **);
	int (*create)(struct vnode *dir, const char *name, size_t len, uint32_t mode, uint64_t rdev,
	    uint32_t uid, uint32_t gid, struct vnode **);	/* any type but link */
	int (*symlink)(struct vnode *dir, const char *name, size_t len, const char *target,
	    uint32_t uid, uint32_t gid);
	int (*link)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	int (*unlink)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	int (*rmdir)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	int (*rename)(struct vnode *fdir, const char *fname, size_t flen, struct vnode *v,
	    struct vnode *tdir, const char *tname, size_t tlen, struct vnode *over);
	int (*readdir)(struct vnode *dir, int64_t *off, dirent_fn, void *ctx);
	int (*parent)(struct vnode *dir, struct vnode **);	/* ".." */
	int (*readlink)(struct vnode *, char *buf, size_t size, size_t *len);
	int (*getattr)(struct vnode *, struct vattr *);
	int (*setattr)(struct vnode *, const struct setattr *);
	/* Regular files: most file systems use the VMO versions (vnode_vmo_read ...). */
	int (*read)(struct vnode *, int64_t off, struct uio *);
	int (*write)(struct vnode *, int64_t off, struct uio *);	/* extends */
	int (*vmo)(struct vnode *, struct vmo **);
	/* Device nodes, FIFOs, ttys: makes the node an open returns (NULL: a plain file node). */
	int (*open)(struct vnode *, uint32_t flags, struct node **);
	int (*sync)(struct vnode *);
	void (*inactive)(struct vnode *);	/* last reference gone: free, and the data if nlink is 0 */
};

struct vnode {
	const struct vnode_ops *v_ops;	/* [I] */
	struct mount *v_mount;		/* [I] */
	struct mount *v_covered;	/* [mount lock] mounted here, or NULL */
	uint64_t v_ino;			/* [I] */
	uint32_t v_refs;		/* [a] */
	uint32_t v_mode;		/* [v] type bits are immutable */
	struct mutex v_lock;
	void *v_data;			/* [I] the file system's */
	void *v_fifo;			/* [v] ipc: the open FIFO of a S_IFIFO vnode */
	void *v_locks;			/* [v] record locks (fs/reclock.c) */
	uint32_t v_writers;		/* [a] open for writing (ETXTBSY) */
	uint32_t v_texts;		/* [a] running as a program */
};

void vnode_ref(struct vnode *);
void vnode_unref(struct vnode *);
