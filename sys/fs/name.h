#pragma once
/* Path walk.  See fs/name.c for the rules. */
#include "kern/types.h"

struct vnode;
struct cred;

#define NAME_FOLLOW	1u	/* follow a final symbolic link */
#define NAME_PARENT	2u	/* stop at the parent; the last component is returned */
#define NAME_DIR	4u	/* the result must be a directory */
#define NAME_KERNEL	16u	/* a path of the kernel's own: job policy is not asked */
#define NAME_MAGIC	8u	/* a final link that is a descriptor (/proc/self/fd/N) is the result */

/*
 * With NAME_PARENT `last' points into the path (or into `buf'), without NUL at its end; it may
 * be "", "." or ".." (see name_last_ok).  With NAME_FOLLOW too, links at the end were followed, and
 * vn is what had that name a moment ago, or NULL.
 */
struct name_result {
	struct vnode *dir;	/* parent, with NAME_PARENT, else NULL */
	struct vnode *vn;	/* result */
	const char *last;
	size_t last_len;
	bool trailing_slash;
	uint32_t base_rights;	/* what may be had below the base (DESIGN.md 4, Directories) */
	char *buf;		/* expanded links, freed by name_result_done */
};

/* From the current process's base for dirfd (AT_FDCWD or a directory descriptor) on.  References
 * in the result belong to it until name_result_done(). */
int name_lookup(int dirfd, const char *path, uint32_t flags, struct name_result *) __must_check;
void name_result_done(struct name_result *);
/* For callers that want nothing but the vnode, referenced. */
int name_vnode(int dirfd, const char *path, uint32_t flags, struct vnode **) __must_check;
/* EPERM when the base, or a descriptor that the path goes through, lacks a right of `need'. */
int name_vnode_for(int dirfd, const char *path, uint32_t flags, uint32_t need, struct vnode **) __must_check;
/* 0 when `last' is a name proper, else `error'. */
int name_last_ok(const struct name_result *, int error) __must_check;

/* Mode-bit check; want: 4 read, 2 write, 1 execute/search.  EACCES, EROFS. */
int vnode_access(struct vnode *, const struct cred *, unsigned want) __must_check;
/* The current thread's credentials; root's in kernel threads. */
const struct cred *cred_current(void);
/* Absolute path from the current process's root; ENOENT when it is gone or outside, ERANGE. */
int vnode_path(struct vnode *, char *buf, size_t size, size_t *len) __must_check;
