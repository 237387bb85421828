#pragma once
/* Pipes and FIFOs: a byte queue of 64 KiB with a reading and a writing side. */
#include "kern/types.h"

struct node;

/* An anonymous pair; each node comes with one use. */
int pipe_create(struct node **rd, struct node **wr) __must_check;
/* What a FIFO asks of the file it belongs to. */
struct abi_stat;
struct setattr;
struct fifo_owner {
	int (*stat)(void *arg, struct abi_stat *);
	int (*setattr)(void *arg, const struct setattr *);
	void (*put)(void *arg);		/* drops the reference that an open holds */
};
/*
 * Opens the FIFO of a vnode: *slot (v_fifo) names its pipe while anyone has it open.  flags: O_*;
 * blocks until the other side is there as POSIX says, ENXIO for O_WRONLY | O_NONBLOCK without a
 * reader.  On success the open keeps the caller's reference on `arg' (the vnode) and gives it back
 * through owner->put; on failure it stays with the caller.  *out comes with one use.
 */
int fifo_open(void **slot, uint32_t flags, const struct fifo_owner *owner, void *arg,
    struct node **out) __must_check;
