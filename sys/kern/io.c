/*
 * The calls that move bytes through a descriptor, whatever the node: read, write, their vector
 * and offset forms, seek and ioctl.
 *
 * A transfer that moved something is a success with a short count; the error that stopped it
 * shows at the next call.  EPIPE raises SIGPIPE through a hook, for signals live above.
 */
#include "kern/io.h"
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/zone.h"

void (*io_sigpipe_hook)(void);

/* Turns what happened into the call's result. */
static int
finish(struct uio *u, uint64_t total, int error, intptr_t *result)
{
	*result = (intptr_t)(total - u->resid);
	if (error == EPEERCLOSED && (u->flags & UIO_WRITE) != 0 && io_sigpipe_hook != NULL)
		io_sigpipe_hook();
	return u->resid < total ? 0 : error;
}

static int
transfer(struct node *n, struct uio *u, intptr_t *result)
{
	uint64_t total = u->resid;

	return finish(u, total,
	    (u->flags & UIO_WRITE) != 0 ? node_write(n, u) : node_read(n, u), result);
}

static int
transfer_one(struct node *n, void __user *buf, size_t len, uint32_t flags, int64_t off,
    intptr_t *result)
{
	struct kiovec one;
	struct uio u;

	if (len > INTPTR_MAX)
		return EINVAL;
	uio_init(&u, &one, (uintptr_t)buf, len, flags);
	u.off = off;
	return transfer(n, &u, result);
}

/* Copies and checks the vector: n elements whose sum fits ssize_t. */
static int
vector_in(void __user *iov, int n, struct kiovec **out, uint64_t *total)
{
	struct kiovec *v;
	int error;

	if (n <= 0 || n > UIO_IOV_MAX)
		return EINVAL;
	v = kmem_alloc((size_t)n * sizeof(*v), 0);
	if (v == NULL)
		return ENOMEM;
	error = copyin(iov, v, (size_t)n * sizeof(*v));
	*total = 0;
	for (int i = 0; error == 0 && i < n; i++) {
		if (v[i].len > INTPTR_MAX - *total)
			error = EINVAL;
		*total += v[i].len;
	}
	if (error != 0)
		kmem_free(v, (size_t)n * sizeof(*v));
	else
		*out = v;
	return error;
}

static int
transfer_vector(struct node *fd, void __user *iov, int n, uint32_t flags, int64_t off,
    intptr_t *result)
{
	struct kiovec *v;
	struct uio u;
	uint64_t total;
	int error = vector_in(iov, n, &v, &total);

	if (error != 0)
		return error;
	u = (struct uio){ .iov = v, .n = (uint32_t)n, .flags = flags, .resid = total, .off = off };
	error = transfer(fd, &u, result);
	kmem_free(v, (size_t)n * sizeof(*v));
	return error;
}

/* The offset forms are for what can seek; of what has no bytes they say what the others do. */
static int
check_offset(struct node *n, int64_t off)
{
	if (n->ops->seek == node_noseek)
		return n->ops->read == node_nostream ? EINVAL : ESPIPE;
	return off < 0 ? EINVAL : 0;
}

int
sys_read(struct node *fd, void __user *buf, size_t len, intptr_t *result)
{
	return transfer_one(fd, buf, len, 0, 0, result);
}

int
sys_write(struct node *fd, void __user *buf, size_t len, intptr_t *result)
{
	return transfer_one(fd, buf, len, UIO_WRITE, 0, result);
}

int
sys_readv(struct node *fd, void __user *iov, int n, intptr_t *result)
{
	return transfer_vector(fd, iov, n, 0, 0, result);
}

int
sys_writev(struct node *fd, void __user *iov, int n, intptr_t *result)
{
	return transfer_vector(fd, iov, n, UIO_WRITE, 0, result);
}

int
sys_pread(struct node *fd, void __user *buf, size_t len, int64_t off, intptr_t *result)
{
	int error = check_offset(fd, off);

	return error != 0 ? error : transfer_one(fd, buf, len, UIO_OFFSET, off, result);
}

int
sys_pwrite(struct node *fd, void __user *buf, size_t len, int64_t off, intptr_t *result)
{
	int error = check_offset(fd, off);

	return error != 0 ? error : transfer_one(fd, buf, len, UIO_WRITE | UIO_OFFSET, off, result);
}

int
sys_preadv(struct node *fd, void __user *iov, int n, int64_t off, intptr_t *result)
{
	int error = check_offset(fd, off);

	return error != 0 ? error : transfer_vector(fd, iov, n, UIO_OFFSET, off, result);
}

int
sys_pwritev(struct node *fd, void __user *iov, int n, int64_t off, intptr_t *result)
{
	int error = check_offset(fd, off);

	return error != 0 ? error : transfer_vector(fd, iov, n, UIO_WRITE | UIO_OFFSET, off, result);
}

int
sys_lseek(struct node *fd, int64_t off, int whence, intptr_t *result)
{
	int64_t at;
	int error = fd->ops->seek(fd, off, whence, &at);

	*result = (intptr_t)at;
	return error;
}
