/* Transfers between kernel buffers and user (or kernel) memory; each byte is touched once. */
#include "kern/uio.h"
#include "kern/error.h"
#include "kern/string.h"
#include "mach/user.h"

void
uio_init(struct uio *u, struct kiovec *one, uint64_t base, size_t len, uint32_t flags)
{
	*one = (struct kiovec){ base, len };
	*u = (struct uio){ .iov = one, .n = 1, .flags = flags, .resid = len };
}

static int
move_piece(void *buf, size_t n, struct uio *u)
{
	uintptr_t base = (uintptr_t)u->iov->base;

	if ((u->flags & UIO_KERNEL) != 0) {
		if ((u->flags & UIO_WRITE) != 0)
			memcpy(buf, (const void *)base, n);
		else
			memcpy((void *)base, buf, n);
		return 0;
	}
	if ((u->flags & UIO_WRITE) != 0)
		return copyin((const void __user *)base, buf, n);
	return copyout(buf, (void __user *)base, n);
}

static void
advance(struct uio *u, size_t n)
{
	u->iov->base += n;
	u->iov->len -= n;
	u->resid -= n;
	while (u->n > 1 && u->iov->len == 0) {
		u->iov++;
		u->n--;
	}
}

int
uio_move(void *buf, size_t n, struct uio *u)
{
	char *p = buf;

	n = MIN(n, u->resid);
	while (n > 0) {
		size_t piece;
		int error;

		while (u->iov->len == 0 && u->n > 1) {
			u->iov++;
			u->n--;
		}
		piece = MIN(n, u->iov->len);
		error = move_piece(p, piece, u);
		if (error != 0)
			return error;
		advance(u, piece);
		p += piece;
		n -= piece;
	}
	return 0;
}

int
uio_zero(size_t n, struct uio *u)
{
	static const char zeros[512];

	for (n = MIN(n, u->resid); n > 0;) {
		size_t piece = MIN(n, sizeof(zeros));
		int error = uio_move((void *)(uintptr_t)zeros, piece, u);

		if (error != 0)
			return error;
		n -= piece;
	}
	return 0;
}
