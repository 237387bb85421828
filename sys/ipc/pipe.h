#pragma once
/* Pipes and FIFOs: a byte queue of 64 KiB with a reading and a writing side. */
#include "kern/types.h"

struct node;

/* An anonymous pair; each node comes with one use. */
int pipe_create(struct node **rd, struct node **wr) __must_check;
/*
 * Opens the FIFO of a vnode: *slot (v_ipc) names its pipe while anyone has it open, so the vnode
 * must live as long as the node that comes back.  flags: O_*; blocks until the other side is there
 * as POSIX says, ENXIO for O_WRONLY | O_NONBLOCK without a reader.  *out comes with one use.
 */
int fifo_open(void **slot, uint32_t flags, struct node **out) __must_check;
void pipe_seen(struct node *);	/* what is behind an end of one; debug kernels (kern/owner.h) */
