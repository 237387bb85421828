/*
 * virtio-blk: raw disks /dev/vd0, vd1 ...  One request at a time a disk, through a bounce buffer of
 * BOUNCE bytes.  Transfers of any offset and length: a write that does not cover whole sectors
 * reads the ones at its ends first.  fsync flushes the device's cache.  The size is the device's;
 * reads beyond it are end of file, writes ENOSPC.
 *
 * b_io (sleeping) is held over a request; b_lock over the queue.
 */
#include "dev/span.h"
#include "dev/virtio.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "kern/wait.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/stat.h>

#define TYPE_BLOCK	2
#define F_RO		((uint64_t)1 << 5)
#define F_FLUSH		((uint64_t)1 << 9)
#define SECTOR		512u
#define ORDER		4u
#define BOUNCE		((uint32_t)(PAGE_SIZE << ORDER))

enum { REQ_READ = 0, REQ_WRITE = 1, REQ_FLUSH = 4 };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct vblk {
	struct virtio b_dev;
	struct virtq b_queue;		/* [b_lock] */
	struct spin b_lock;
	struct sigsrc b_done;		/* SIGNALED: the request has ended */
	struct mutex b_io;
	struct header *b_header;	/* [b_io] in a page; the status byte follows */
	paddr_t b_header_addr;		/* [I] */
	uint8_t *b_data;		/* [b_io] BOUNCE bytes */
	paddr_t b_data_addr;		/* [I] */
	uint64_t b_sectors;		/* [I] */
};

LOCK_CLASS(vblk_class, "vblk", RANK_NODE);
LOCK_CLASS(vblk_io_class, "vblk.io", RANK_IO);
COUNTER_EVENT(vblk_requests, "dev.vblk.requests");

/* --- requests --- */

static void
vblk_work(struct virtio *dev)
{
	struct vblk *b = container_of(dev, struct vblk, b_dev);
	struct wakelist wake;
	uint32_t token, len;
	bool done = false;

	wakelist_init(&wake);
	spin_lock(&b->b_lock);
	while (virtq_get(&b->b_queue, &token, &len))
		done = true;
	if (done || b->b_queue.q_dead)
		sig_change(&b->b_done, 0, SIG_SIGNALED, &wake);
	spin_unlock(&b->b_lock);
	wakelist_run(&wake);
}

static int
request_start(struct vblk *b, uint32_t type, uint32_t bytes)
{
	struct virtq_seg segs[3];
	unsigned n = 0, out;
	struct wakelist wake;
	int error;

	segs[n++] = (struct virtq_seg){ b->b_header_addr, sizeof(struct header) };
	if (bytes != 0)
		segs[n++] = (struct virtq_seg){ b->b_data_addr, bytes };
	segs[n++] = (struct virtq_seg){ b->b_header_addr + sizeof(struct header), 1 };
	out = type == REQ_READ ? 1 : n - 1;
	wakelist_init(&wake);
	spin_lock(&b->b_lock);
	sig_change(&b->b_done, SIG_SIGNALED, 0, &wake);
	error = virtq_add(&b->b_queue, segs, out, n - out, 0);
	if (error == 0)
		virtq_kick(&b->b_queue);
	spin_unlock(&b->b_lock);
	return error;
}

/* `bytes' of b_data from or to `sector'; b_io held. */
static int
request(struct vblk *b, uint32_t type, uint64_t sector, uint32_t bytes)
{
	uint8_t *status = (uint8_t *)(b->b_header + 1);
	int error;

	if (fail_now(FAIL_BLOCK))
		return EIO;
	*b->b_header = (struct header){ .type = type, .sector = sector };
	*status = 0xff;
	kstat_add(&vblk_requests, 1);
	error = request_start(b, type, bytes);
	if (error == 0)
		error = sig_wait(&b->b_done, SIG_SIGNALED, 0, NSEC_INFINITE, NULL, NULL);
	if (error == 0 && *status != 0)
		error = *status == 2 ? EOPNOTSUPP : EIO;
	return error;
}

/* --- transfers --- */

static uint64_t
vblk_size(const struct vblk *b)
{
	return b->b_sectors * SECTOR;
}

/* Reads the sectors that a write from `skip' of n bytes covers only in part. */
static int
edges_read(struct vblk *b, uint64_t sector, uint32_t skip, uint32_t n)
{
	uint32_t whole = ROUND_UP(skip + n, SECTOR);

	if (skip == 0 && n == whole)
		return 0;
	return request(b, REQ_READ, sector, whole);
}

static int
transfer_chunk(struct vblk *b, uint64_t at, struct uio *uio)
{
	bool writing = (uio->flags & UIO_WRITE) != 0;
	uint32_t skip = (uint32_t)(at % SECTOR), n, whole;
	uint64_t sector = at / SECTOR;
	int error;

	n = (uint32_t)MIN(MIN(uio->resid, (uint64_t)(BOUNCE - skip)), vblk_size(b) - at);
	whole = ROUND_UP(skip + n, SECTOR);
	if (!writing) {
		error = request(b, REQ_READ, sector, whole);
		return error != 0 ? error : uio_move(b->b_data + skip, n, uio);
	}
	error = edges_read(b, sector, skip, n);
	if (error == 0)
		error = uio_move(b->b_data + skip, n, uio);
	return error != 0 ? error : request(b, REQ_WRITE, sector, whole);
}

static int
vblk_transfer(struct node *n, struct uio *uio)
{
	struct devfile *df = container_of(n, struct devfile, df_node);
	struct vblk *b = df->df_arg;
	uint64_t at = span_start(df, uio), asked = uio->resid, done = 0;
	int error = 0;

	if (asked == 0)
		return 0;
	if (at >= vblk_size(b))
		return (uio->flags & UIO_WRITE) != 0 ? ENOSPC : 0;
	if ((uio->flags & UIO_WRITE) != 0 && (b->b_dev.v_features & F_RO) != 0)
		return EROFS;
	error = mutex_lock_intr(&b->b_io);
	if (error != 0)
		return error;
	while (error == 0 && uio->resid > 0 && at + done < vblk_size(b)) {
		error = transfer_chunk(b, at + done, uio);
		if (error == 0)
			done = asked - uio->resid;
	}
	mutex_unlock(&b->b_io);
	uio->resid = asked - done;
	span_advance(df, uio, done);
	return done != 0 ? 0 : error;
}

static int
vblk_sync(struct node *n)
{
	struct vblk *b = container_of(n, struct devfile, df_node)->df_arg;
	int error;

	if ((b->b_dev.v_features & F_FLUSH) == 0)
		return 0;
	error = mutex_lock_intr(&b->b_io);
	if (error != 0)
		return error;
	error = request(b, REQ_FLUSH, 0, 0);
	mutex_unlock(&b->b_io);
	return error;
}

static int
vblk_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	struct devfile *df = container_of(n, struct devfile, df_node);

	return span_seek(df, vblk_size(df->df_arg), off, whence, result);
}

static int
vblk_stat(struct node *n, struct abi_stat *st)
{
	struct vblk *b = container_of(n, struct devfile, df_node)->df_arg;
	int error = devfile_stat(n, st);

	st->size = (int64_t)vblk_size(b);
	st->blocks = (int64_t)b->b_sectors;
	return error;
}

static const struct node_ops vblk_ops = {
	.name = "vblk",
	.read = vblk_transfer,
	.write = vblk_transfer,
	.seek = vblk_seek,
	.stat = vblk_stat,
	.setattr = devfile_setattr,
	.ioctl = node_noioctl,
	.vmo = node_novmo,
	.sync = vblk_sync,
	.unused = node_nounused,
	.destroy = devfile_destroy,
};

static int
vblk_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct vblk *b = devfs_arg(vn);

	if ((flags & O_ACCMODE) != O_RDONLY && (b->b_dev.v_features & F_RO) != 0)
		return EROFS;
	return devfile_create(vn, flags, &vblk_ops, &sigsrc_ready, out);
}

/* --- attachment --- */

static int
vblk_memory(struct vblk *b)
{
	struct page *header = page_alloc(PAGE_KERNEL, PAGE_ZERO), *data;

	if (header == NULL)
		return ENOMEM;
	data = page_alloc_order(PAGE_KERNEL, ORDER, 0);
	if (data == NULL) {
		page_free(header);
		return ENOMEM;
	}
	b->b_header = page_map(header);
	b->b_header_addr = page_addr(header);
	b->b_data = page_map(data);
	b->b_data_addr = page_addr(data);
	return 0;
}

static int
vblk_attach(struct vblk *b, struct pci_dev *d, unsigned unit)
{
	char name[16];
	int error;

	spin_init(&b->b_lock, &vblk_class);
	sigsrc_init(&b->b_done, &b->b_lock, 0);
	mutex_init(&b->b_io, &vblk_io_class);
	error = virtio_open(&b->b_dev, d, F_RO | F_FLUSH);
	if (error == 0)
		error = vblk_memory(b);
	if (error == 0)
		error = virtio_intr(&b->b_dev, "vblk", vblk_work);
	if (error == 0)
		error = virtio_queue(&b->b_dev, 0, &b->b_queue);
	if (error != 0)
		return error;
	virtio_start(&b->b_dev);
	b->b_sectors = virtio_config64(&b->b_dev, 0);
	snprintf(name, sizeof(name), "vd%u", unit);
	log_printf("%s: virtio disk, %llu sectors\n", name, (unsigned long long)b->b_sectors);
	return devfs_add(name, S_IFBLK | 0660, dev_make(254, unit), vblk_open, b);
}

static void
vblk_init(void)
{
	unsigned i, unit = 0;
	struct pci_dev *d;
	struct vblk *b;
	int error;

	for (i = 0; (d = pci_get(i)) != NULL; i++) {
		if (!virtio_match(d, TYPE_BLOCK))
			continue;
		b = kmem_alloc(sizeof(*b), ZALLOC_ZERO);
		error = b == NULL ? ENOMEM : vblk_attach(b, d, unit++);
		if (error != 0)
			log_warn("vblk: not attached, error %d\n", error);
	}
}
INIT(vblk_init, LEVEL_DEV + 3);
