#pragma once
/* Path walk. */
#include "kern/types.h"

struct vnode;
struct cred;

#define NAME_FOLLOW	1u	/* follow a final symbolic link */
#define NAME_PARENT	2u	/* stop at the parent; the last component is returned */
#define NAME_DIR	4u	/* the result must be a directory */

/* The current process's base for dirfd (AT_FDCWD or a directory descriptor), then the walk. */
struct name_result {
	struct vnode *dir;	/* parent, with NAME_PARENT */
	struct vnode *vn;	/* result, or NULL when the last component does not exist (PARENT) */
	char last[NAME_MAX + 1];
	size_t last_len;
	bool trailing_slash;
	uint32_t base_rights;	/* what may be had below the base (DESIGN.md 4, Directories) */
};
int name_lookup(int dirfd, const char *path, uint32_t flags, struct name_result *) __must_check;
void name_result_done(struct name_result *);
/* Mode-bit check of the current credentials; want: 4 read, 2 write, 1 execute/search. */
int vnode_access(struct vnode *, const struct cred *, unsigned want) __must_check;
/* Absolute path of a vnode for getcwd and /proc; ENOENT when it is gone. */
int vnode_path(struct vnode *, char *buf, size_t size, size_t *len) __must_check;
