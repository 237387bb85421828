#pragma once
/* Reads or writes a node, without waiting. */
#include "kern/node.h"
#include "kern/uio.h"

static inline int
transfer(struct node *n, unsigned char *buf, size_t len, uint32_t flags, size_t *done)
{
	struct kiovec one;
	struct uio u;
	int error;

	uio_init(&u, &one, (uintptr_t)buf, len, flags | UIO_KERNEL | UIO_NONBLOCK);
	error = (flags & UIO_WRITE) != 0 ? node_write(n, &u) : node_read(n, &u);
	*done = len - u.resid;
	return error;
}
