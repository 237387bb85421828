/*
 * Block devices: files whose bytes are a disk's.
 *
 * The pages of such a device are those of one VMO (vm/pager.c), so read, write, mmap and the buffers of
 * a file system (fs/buf.c) see the same bytes at once, of any offset and length.  Writes are delayed;
 * fsync, O_SYNC, sync, msync and the last close wait for them.  An error of a delayed write is told
 * once, to the next fsync or msync of any descriptor.
 *
 * Reads beyond the end are end of file, writes ENOSPC.
 */
#include "fs/block.h"
#include "fs/span.h"
#include "kern/assert.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/owner.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "vm/vmo.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

LOCK_CLASS(blk_class, "disk", RANK_BLOCK - 1);
static struct list disks = LIST_INIT(disks);	/* [I after boot] */

/* --- the pager --- */

static int
blk_fill(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	struct blk *d = cookie;

	return d->d_ops->move(d, false, index << PAGE_SHIFT, page, n);
}

static int
blk_put(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	struct blk *d = cookie;

	return d->d_ops->move(d, true, index << PAGE_SHIFT, page, n);
}

static int
blk_flush(struct vmo *v, void *cookie)
{
	struct blk *d = cookie;

	return d->d_ops->flush(d);
}

static const struct vmo_pager blk_pager = { .fill = blk_fill, .put = blk_put, .flush = blk_flush };

/* --- devices --- */

void
blk_init(struct blk *d, const struct blk_ops *ops, const char *name)
{
	d->d_ops = ops;
	d->d_name = name;
	mutex_init(&d->d_lock, &blk_class);
	list_push_back(&disks, &d->d_link);
}

#if CONFIG_DEBUG
static void
disks_hold(void)
{
	struct blk *d;

	list_for_each(d, &disks, d_link) {
		mutex_lock(&d->d_lock);
		if (d->d_vmo != NULL)
			vmo_seen(d->d_vmo);
		mutex_unlock(&d->d_lock);
	}
}
HOLDS(disks_hold);
#endif

int
blk_start(struct blk *d, uint64_t size)
{
	ASSERT(d->d_vmo == NULL && size % BLK_SECTOR == 0);
	d->d_size = size;
	return vmo_create_vnode(size, &blk_pager, d, &d->d_vmo);
}

int
blk_stop(struct blk *d)
{
	if (d->d_vmo == NULL)
		return 0;
	if (atomic_load(&d->d_opens) != 0 || vmo_refs(d->d_vmo) != 1)
		return EBUSY;
	vmo_unref(d->d_vmo);
	d->d_vmo = NULL;
	return 0;
}

/* --- opens --- */

static struct blk *
blk_of(struct node *n)
{
	return container_of(n, struct devfile, df_node)->df_arg;
}

static int
blk_transfer(struct node *n, struct uio *uio)
{
	struct devfile *df = container_of(n, struct devfile, df_node);
	bool writing = (uio->flags & UIO_WRITE) != 0;
	uint64_t at = span_start(df, uio), asked = uio->resid, beyond, done;
	struct blk *d = df->df_arg;
	int error;

	if (asked == 0)
		return 0;
	if (at >= d->d_size)
		return writing ? ENOSPC : 0;
	beyond = asked - MIN(asked, d->d_size - at);
	uio->resid -= beyond;
	error = vmo_uio(d->d_vmo, at, uio);
	done = asked - beyond - uio->resid;
	if (done != 0)
		error = writing && (n->flags & O_SYNC) != 0 ? vmo_sync_range(d->d_vmo, at, done) : 0;
	if (error != 0)
		done = 0;		/* nothing of it is promised */
	uio->resid = asked - done;
	span_advance(df, uio, done);
	return error;
}

static int
blk_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	return span_seek(container_of(n, struct devfile, df_node), blk_of(n)->d_size, off, whence, result);
}

static int
blk_stat(struct node *n, struct abi_stat *st)
{
	int error = devfile_stat(n, st);

	st->size = (int64_t)blk_of(n)->d_size;
	st->blocks = (int64_t)(blk_of(n)->d_size / BLK_SECTOR);
	return error;
}

static int
blk_vmo(struct node *n, struct vmo **out)
{
	vmo_ref(*out = blk_of(n)->d_vmo);
	return 0;
}

static int
blk_sync(struct node *n)
{
	return vmo_sync(blk_of(n)->d_vmo);
}

/*
 * The last close writes back; nobody hears of an error now, so it is kept.  A descriptor that goes with
 * the message it was in may end where nobody can wait: then it is only begun.
 */
static void
blk_unused(struct node *n)
{
	struct blk *d = blk_of(n);
	struct vmo *v = d->d_vmo;

	vmo_ref(v);
	if (atomic_sub_return(&d->d_opens, 1) == 0) {
		if (may_sleep())
			vmo_settle(v);
		else
			vmo_sync_soon(v);
	}
	vmo_unref(v);
}

static const struct node_ops blk_node_ops = {
	.name = "block",
	.read = blk_transfer,
	.write = blk_transfer,
	.seek = blk_seek,
	.stat = blk_stat,
	.setattr = devfile_setattr,
	.ioctl = node_noioctl,
	.vmo = blk_vmo,
	.sync = blk_sync,
	.unused = blk_unused,
	.destroy = devfile_destroy,
};

int
blk_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct blk *d = devfs_arg(vn);
	int error;

	if (d == NULL)
		return ENXIO;
	if ((flags & O_ACCMODE) != O_RDONLY && d->d_read_only)
		return EROFS;
	mutex_lock(&d->d_lock);
	error = d->d_vmo == NULL ? ENXIO : devfile_create(vn, flags, &blk_node_ops, &sigsrc_ready, out);
	if (error == 0)
		atomic_add(&d->d_opens, 1);
	mutex_unlock(&d->d_lock);
	return error;
}
