/* Transfers between kernel buffers and user (or kernel) memory; each byte is touched once. */
#include "kern/uio.h"
#include "kern/error.h"
#include "kern/string.h"
#include "mach/user.h"

/* NULL is as many zeros. */
static inline int
move_piece(void *buf, size_t n, struct uio *u)
{
	uintptr_t base = (uintptr_t)u->iov->base;

	if ((u->flags & UIO_KERNEL) != 0) {
		if ((u->flags & UIO_WRITE) != 0)
			memcpy(buf, (const void *)base, n);
		else if (buf == NULL)
			memset((void *)base, 0, n);
		else
			memcpy((void *)base, buf, n);
		return 0;
	}
	if ((u->flags & UIO_WRITE) != 0)
		return copyin((const void __user *)base, buf, n);
	if (buf == NULL)
		return user_zero((void __user *)base, n);
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

/* More than one piece, or none. */
static __attribute__((noinline)) int
move_pieces(char *p, size_t n, struct uio *u)
{
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
		p = p != NULL ? p + piece : NULL;
		n -= piece;
	}
	return 0;
}

int
uio_move(void *buf, size_t n, struct uio *u)
{
	int error;

	n = MIN(n, u->resid);
	if (unlikely(n - 1 >= u->iov->len))
		return move_pieces(buf, n, u);
	error = move_piece(buf, n, u);
	if (likely(error == 0))
		advance(u, n);
	return error;
}
