#pragma once
/* A transfer in progress: where bytes come from or go to, and how many are left. */
#include "kern/types.h"

struct kiovec {
	uint64_t base;		/* user address, or kernel address when UIO_KERNEL */
	uint64_t len;
};

#define UIO_WRITE	1u	/* bytes flow from the uio into the node (write) */
#define UIO_KERNEL	2u	/* bases are kernel addresses */
#define UIO_NONBLOCK	4u
#define UIO_OFFSET	8u	/* off is given (pread, pwrite): do not use the file's own */
#define UIO_APPEND	16u
#define UIO_IOV_MAX	1024

struct uio {
	struct kiovec *iov;	/* current element; base and len move on as bytes do */
	uint32_t n;		/* elements left */
	uint32_t flags;
	uint64_t resid;		/* bytes left */
	int64_t off;
};

/* One buffer; `one' is storage that lives as long as the uio. */
static inline void
uio_init(struct uio *u, struct kiovec *one, uint64_t base, size_t len, uint32_t flags)
{
	*one = (struct kiovec){ base, len };
	*u = (struct uio){ .iov = one, .n = 1, .flags = flags, .resid = len };
}

/* Moves up to n bytes between buf and the uio (direction by UIO_WRITE).  EFAULT: *what moved stays
 * counted in resid*. */
int uio_move(void *buf, size_t n, struct uio *) __must_check;
/* Moves zeros out. */
static inline int __must_check
uio_zero(size_t n, struct uio *u)
{
	return uio_move(NULL, n, u);
}
