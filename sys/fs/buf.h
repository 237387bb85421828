#pragma once
/*
 * Buffers: blocks of a disk as file systems use them.  See buf.c.
 *
 * Who has a buffer is its only holder, until he gives it back by one of brelse, bdwrite, bawrite, bwrite.
 * A block is `size' bytes, a power of two up to a page, at a multiple of it; one file system uses one size
 * at a time.
 */
#include "kern/list.h"
#include "kern/types.h"

struct blk;
struct page;

struct buf {
	struct list b_link;		/* [h] of its chain */
	struct list b_waiters;		/* [h] */
	struct blk *b_blk;		/* [I] */
	uint64_t b_at;			/* [I] byte on the disk */
	uint32_t b_size;		/* [I] */
	struct page *b_page;		/* [holder] pinned */
	void *b_map;			/* [holder] the page's address */
	char *b_data;			/* [holder] b_size bytes */
};

/* EIO, ENOMEM; ENXIO beyond the end of the disk. */
int bread(struct blk *, uint64_t at, uint32_t size, struct buf **) __must_check;
/* The same for who overwrites all of it: a whole page is not read, and begins as zeros. */
int bnew(struct blk *, uint64_t at, uint32_t size, struct buf **) __must_check;
void brelse(struct buf *);		/* it is as it was */
void bdwrite(struct buf *);		/* it was changed: written some time */
void bawrite(struct buf *);		/* soon */
int bwrite(struct buf *) __must_check;	/* now; EIO: it will be tried again, like all that is dirty */
