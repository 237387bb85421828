#pragma once
/* /proc.  What it cannot know of itself comes through hooks that the process layer sets. */
#include "kern/types.h"

struct node;
struct proc;
struct vnode;

struct procfs_info {
	int32_t ppid, pgid, sid, tpgid;
	uint64_t tty;			/* rdev of the controlling terminal, 0 */
	char state;			/* R S D T Z */
	int8_t nice;
	uint64_t sig_pending, sig_blocked, sig_ignored, sig_caught;
};
/* Fills what is known; proc_tree_lock is not held. */
extern void (*procfs_info_hook)(struct proc *, struct procfs_info *);

/* For openat: when vn is /proc/self/fd/N, a use of that descriptor's node and its rights. ENOENT
 * when vn is something else. */
int procfs_fd_get(struct vnode *vn, struct node **, uint32_t *rights) __must_check;
