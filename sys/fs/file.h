#pragma once
/* Open file descriptions: the `file' node over a vnode, with offset and status flags. */
#include "kern/lock.h"
#include "kern/node.h"

struct vnode;

struct file {
	struct node f_node;
	struct vnode *f_vnode;		/* [I] referenced */
	struct mutex f_lock;		/* one read or write at a time moves the offset */
	int64_t f_off;			/* [f_lock] */
	uint32_t f_open;		/* [I] O_* it was opened with */
	bool f_writer;			/* [I] counted in v_writers */
	bool f_lists;			/* [I] a directory that itself cannot be listed; those below can (open.c) */
};

struct file *file_of(struct node *);	/* NULL when the node is not a file */
/* The vnode behind any open of a name (file, device, FIFO), or NULL; not referenced. */
struct vnode *vnode_of(struct node *);
/* Opens: permission and type checks, the device's or FIFO's own open; what it returns has one
 * use.  *rights is what the flags give, to be masked by the base's. */
int vnode_open(struct vnode *, uint32_t oflags, struct node **, uint32_t *rights) __must_check;
/* The node alone, with one use, no checks but ETXTBSY for a writer. */
int file_create(struct vnode *, uint32_t oflags, bool writer, struct node **) __must_check;
/* The open of a S_IFIFO vnode; the pipe's end behind such a node, or NULL. */
int fifo_file_open(struct vnode *, uint32_t flags, struct node **) __must_check;
struct node *fifo_file_end(struct node *);
/* Called when a write would pass RLIMIT_FSIZE: sends SIGXFSZ to the caller (set by proc). */
extern void (*file_sigxfsz_hook)(void);
