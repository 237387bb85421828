#pragma once
/* Open file descriptions: the `file' node over a vnode, with offset and status flags. */
#include "kern/lock.h"
#include "kern/node.h"

struct vnode;

struct file {
	struct node f_node;
	struct vnode *f_vnode;		/* [I] */
	struct mutex f_lock;		/* offset */
	int64_t f_off;			/* [f_lock] */
	uint32_t f_open;		/* [I] O_* it was opened with */
};

struct file *file_of(struct node *);	/* NULL when the node is not a file */
/* openat's body for the kernel: exec, core, procfs. */
int vnode_open(struct vnode *, uint32_t oflags, struct node **, uint32_t *rights) __must_check;
