/*
 * Offsets of sized devices.  df_off is covered by the node's lock; two transfers through one
 * description at the same time may start at the same place, as POSIX allows for devices.
 */
#include "fs/span.h"
#include "kern/error.h"
#include <abi/fcntl.h>

int
span_seek(struct devfile *df, uint64_t size, int64_t off, int whence, int64_t *result)
{
	int64_t base = 0;
	int error = 0;

	spin_lock(&df->df_node.lock);
	if (whence == SEEK_CUR)
		base = df->df_off;
	else if (whence == SEEK_END)
		base = (int64_t)size;
	else if (whence != SEEK_SET)
		error = EINVAL;
	if (error == 0 && __builtin_add_overflow(base, off, &base))
		error = EOVERFLOW;
	if (error == 0 && base < 0)
		error = EINVAL;
	if (error == 0)
		*result = df->df_off = base;
	spin_unlock(&df->df_node.lock);
	return error;
}

uint64_t
span_start(struct devfile *df, const struct uio *uio)
{
	int64_t off;

	if ((uio->flags & UIO_OFFSET) != 0)
		return (uint64_t)uio->off;
	spin_lock(&df->df_node.lock);
	off = df->df_off;
	spin_unlock(&df->df_node.lock);
	return (uint64_t)off;
}

void
span_advance(struct devfile *df, const struct uio *uio, uint64_t n)
{
	if ((uio->flags & UIO_OFFSET) != 0)
		return;
	spin_lock(&df->df_node.lock);
	df->df_off += (int64_t)n;
	spin_unlock(&df->df_node.lock);
}
