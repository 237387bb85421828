#pragma once
/*
 * Vnodes: files as file systems know them.  A vnode is never in a descriptor slot; an open makes
 * a `file' node (fs/file.h) over it.  Letters: I immutable, a atomic, v vnode's sleeping lock,
 * m the file system's own lock over names and attributes (ramfs: the tree lock).
 *
 * Locking.  v_lock of a directory is held by whoever changes its names, so that "look, check,
 * change" is one step; a lookup needs no lock.  v_lock of a regular file is held by writers,
 * which makes appends atomic.  Two directories are locked together only by rename, under the
 * rename lock, lower address first; a file's is never held together with a directory's.
 */
#include "kern/assert.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/node.h"
#include "kern/types.h"
#include "mach/atomic.h"

struct abi_stat;
struct cred;
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
 * treats those).  All but lookup, readdir, parent and name are called with the directory's lock
 * held, permissions and mount flags checked.  Found vnodes come referenced, not locked.
 * No slot is NULL but walk, open and target: the vnode_no* defaults are below.
 */
struct vnode_ops {
	/*
	 * Optional: goes down from dir through as many components of *rest as are plain: searchable by
	 * cred, found, no links, nothing mounted on them, not "." or "..", with `parent' not the last.
	 * Moves *rest behind them; consumes the reference on dir and returns one on where it came to.
	 */
	struct vnode *(*walk)(struct vnode *dir, const struct cred *, const char **rest, bool parent);
	int (*lookup)(struct vnode *dir, const char *name, size_t len, struct vnode **);
	/* Any type but link.  ENOENT when dir was removed meanwhile. */
	int (*create)(struct vnode *dir, const char *name, size_t len, uint32_t mode, uint64_t rdev,
	    uint32_t uid, uint32_t gid, struct vnode **);
	int (*symlink)(struct vnode *dir, const char *name, size_t len, const char *target,
	    uint32_t uid, uint32_t gid);
	int (*link)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	int (*unlink)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	int (*rmdir)(struct vnode *dir, const char *name, size_t len, struct vnode *);
	/* Replaces `over', which fits in type; ENOTEMPTY when it is a directory with entries. */
	int (*rename)(struct vnode *fdir, const char *fname, size_t flen, struct vnode *v,
	    struct vnode *tdir, const char *tname, size_t tlen, struct vnode *over);
	/* Entries from *off on (0: the start); "." and ".." included. */
	int (*readdir)(struct vnode *dir, int64_t *off, dirent_fn, void *ctx);
	int (*parent)(struct vnode *dir, struct vnode **);	/* ".."; a root is its own */
	/* The vnode's directory and its (first) name there; ENOENT when it has none. */
	int (*name)(struct vnode *, char *buf, size_t size, size_t *len, struct vnode **dir);
	int (*readlink)(struct vnode *, char *buf, size_t size, size_t *len);	/* no NUL */
	/* A link that names a vnode, not a path (/proc/self/exe), and the rights that who goes through it
	 * has there and below; NULL: an ordinary link. */
	int (*target)(struct vnode *, struct vnode **, uint32_t *rights);
	int (*getattr)(struct vnode *, struct vattr *);
	int (*setattr)(struct vnode *, const struct setattr *);	/* checked before; times filled in */
	int (*read)(struct vnode *, int64_t off, struct uio *);
	int (*write)(struct vnode *, int64_t off, struct uio *);	/* v_lock held; extends */
	int (*vmo)(struct vnode *, struct vmo **);
	/* Start of the next data or hole (SEEK_DATA, SEEK_HOLE) at or after off; ENXIO. */
	int (*seek)(struct vnode *, int64_t off, bool hole, int64_t *result);
	/* Makes the node of an open, with one use (NULL: a plain file node). */
	int (*open)(struct vnode *, uint32_t flags, struct node **);
	void (*inactive)(struct vnode *);	/* last reference gone: free it */
};

struct vnode {
	const struct vnode_ops *v_ops;	/* [I] */
	struct mount *v_mount;		/* [I] */
	struct mount *v_covered;	/* [mount lock] mounted here, or NULL */
	uint64_t v_ino;			/* [I] */
	uint32_t v_refs;		/* [a] */
	uint32_t v_mode;		/* [m] type bits are immutable */
	uint32_t v_uid, v_gid;		/* [m] */
	struct mutex v_lock;
	void *v_ipc;			/* the open FIFO (ipc/pipe.h), the bound socket (ipc/usock_name.c) */
	void *v_locks;			/* record locks (fs/reclock.c) */
	uint32_t v_writers;		/* [a] open for writing (ETXTBSY) */
	uint32_t v_texts;		/* [a] running as a program */
	uint32_t v_events;		/* [a] registrations of its events (ipc/ev.h) */
	bool v_written;			/* was open for writing: its pages may differ from the image */
};

void vnode_init(struct vnode *, const struct vnode_ops *, struct mount *, uint64_t ino, uint32_t mode,
    uint32_t uid, uint32_t gid);

static inline void
vnode_ref(struct vnode *vn)
{
	ASSERT(vn->v_refs > 0);
	atomic_add(&vn->v_refs, 1);
}

static inline void
vnode_unref(struct vnode *vn)
{
	ASSERT(vn->v_refs > 0);
	if (unlikely(atomic_sub_return(&vn->v_refs, 1) == 0))
		vn->v_ops->inactive(vn);
}

/* What the layers above ask of a vnode. */
int vnode_attr(struct vnode *, struct vattr *) __must_check;
int vnode_stat(struct vnode *, struct abi_stat *) __must_check;
/* Checks the current credentials (owner, set-id rules, read-only), then changes. */
int vnode_setattr(struct vnode *, const struct setattr *) __must_check;
/* Sets the length of a regular file: EINVAL, EISDIR, EFBIG, EROFS, ETXTBSY.  No mode bits. */
int vnode_truncate(struct vnode *, uint64_t size) __must_check;
int vnode_vmo(struct vnode *, struct vmo **) __must_check;	/* regular files; ENODEV */
/* Reads from kernel space (exec's header): *done may be short at the end of the file. */
int vnode_read_kernel(struct vnode *, int64_t off, void *, size_t, size_t *done) __must_check;
/* A running program: ETXTBSY while it is open for writing, and no open for writing afterwards. */
int vnode_text_get(struct vnode *) __must_check;
void vnode_text_put(struct vnode *);
bool vnode_read_only(struct vnode *);	/* its mount is */
void vnode_seen(struct vnode *);	/* with its data; debug kernels (kern/owner.h) */

int vnode_nolookup(struct vnode *, const char *, size_t, struct vnode **);	/* ENOENT */
int vnode_nocreate(struct vnode *, const char *, size_t, uint32_t, uint64_t, uint32_t, uint32_t,
    struct vnode **);							/* EPERM, as the next five */
int vnode_nosymlink(struct vnode *, const char *, size_t, const char *, uint32_t, uint32_t);
int vnode_nolink(struct vnode *, const char *, size_t, struct vnode *);
int vnode_norename(struct vnode *, const char *, size_t, struct vnode *, struct vnode *, const char *,
    size_t, struct vnode *);
int vnode_nosetattr(struct vnode *, const struct setattr *);
int vnode_noreaddir(struct vnode *, int64_t *, dirent_fn, void *);		/* ENOTDIR */
int vnode_noparent(struct vnode *, struct vnode **);				/* ENOTDIR */
int vnode_noreadlink(struct vnode *, char *, size_t, size_t *);			/* EINVAL */
int vnode_norw(struct vnode *, int64_t, struct uio *);				/* EINVAL */
int vnode_novmo(struct vnode *, struct vmo **);					/* ENODEV */
int vnode_noseek(struct vnode *, int64_t, bool, int64_t *);			/* EINVAL */
