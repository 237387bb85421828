#pragma once
/* /proc.  What it cannot know of itself comes through hooks that the process layer sets. */
#include "kern/types.h"
#include <abi/resource.h>

struct node;
struct proc;
struct vnode;

struct procfs_info {
	int32_t ppid, pgid, sid, tpgid;
	uint64_t tty;			/* rdev of the controlling terminal, 0 */
	char state;			/* R S D T Z */
	int8_t nice;
	uint64_t sig_pending, sig_blocked, sig_ignored, sig_caught;
	uint64_t user_ns, sys_ns;	/* CPU time of all its threads, ended ones too */
	uint64_t child_user_ns, child_sys_ns;	/* of reaped children */
	struct abi_rusage usage;
};
/* Fills what is known; called with proc_tree_lock held. */
extern void (*procfs_info_hook)(struct proc *, struct procfs_info *);

int32_t procfs_next_pid(int32_t from);	/* the lowest pid >= from, or -1 */

/* For openat: when vn is /proc/self/fd/N, a use of that descriptor's node and its rights. ENOENT
 * when vn is something else. */
int procfs_fd_get(struct vnode *vn, struct node **, uint32_t *rights) __must_check;
