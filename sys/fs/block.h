#pragma once
/* Block devices: what drivers of disks fill in, and the open of one.  See block.c. */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"

struct blk;
struct node;
struct page;
struct vmo;
struct vnode;

struct blk_ops {
	/*
	 * Moves n whole pages (FETCH_MOST at most) from or to the device, from byte `off' on, which is a
	 * page's first.  What lies beyond the end is not written, and read as zeros.  Sleeps without
	 * regard to signals, needs no memory.  EIO.
	 */
	int (*move)(struct blk *, bool write, uint64_t off, struct page **, unsigned n);
	int (*flush)(struct blk *);	/* empties the device's own cache */
};

struct blk {
	const struct blk_ops *d_ops;	/* [I] */
	const char *d_name;		/* [I] */
	uint64_t d_size;		/* [I while d_vmo is there] bytes, whole sectors */
	bool d_read_only;		/* [I] */
	struct list d_link;		/* [I after boot] all of them */
	struct mutex d_lock;
	struct vmo *d_vmo;		/* [d_lock; I while it is open] its pages; NULL: nothing is there */
	uint32_t d_opens;		/* [a; raised under d_lock] */
};
#define BLK_SECTOR	512u

void blk_init(struct blk *, const struct blk_ops *, const char *name);
/* The device is there, or (nobody has it open or mapped: else EBUSY) no more.  Locked by the caller. */
int blk_start(struct blk *, uint64_t size) __must_check;
int blk_stop(struct blk *) __must_check;
/* For devfs_add(), whose arg is the struct blk.  ENXIO, EROFS. */
int blk_open(struct vnode *, uint32_t flags, struct node **) __must_check;
