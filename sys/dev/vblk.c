/*
 * virtio-blk: raw disks /dev/vd0, vd1 ...  One request at a time a disk, straight from and to the
 * pages of fs/block.c.  fsync flushes the device's cache.
 *
 * b_io (sleeping) is held over a request; b_lock over the queue.
 */
#include "dev/virtio.h"
#include "fs/block.h"
#include "fs/devfs.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/wait.h"
#include "mach/string.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/sig.h>
#include <abi/stat.h>

#define TYPE_BLOCK	2
#define F_RO		((uint64_t)1 << 5)
#define F_FLUSH		((uint64_t)1 << 9)
#define PAGES_MOST	(VIRTQ_MAX - 2)		/* beside the header and the status */

enum { REQ_READ = 0, REQ_WRITE = 1, REQ_FLUSH = 4 };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct vblk {
	struct blk b_blk;
	struct virtio b_dev;
	struct virtq b_queue;		/* [b_lock] */
	struct spin b_lock;
	struct sigsrc b_done;		/* SIGNALED: the request has ended */
	struct mutex b_io;
	struct header *b_header;	/* [b_io] in a page; the status byte follows */
	paddr_t b_header_addr;		/* [I] */
	char b_name[16];		/* [I] */
};

LOCK_CLASS(vblk_class, "vblk", RANK_NODE);
LOCK_CLASS(vblk_io_class, "vblk.io", RANK_BLOCK);
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
request_start(struct vblk *b, uint32_t type, struct page **page, unsigned npages, uint32_t bytes)
{
	struct virtq_seg segs[VIRTQ_MAX];
	unsigned n = 0, out;
	struct wakelist wake;
	int error;

	segs[n++] = (struct virtq_seg){ b->b_header_addr, sizeof(struct header) };
	for (unsigned i = 0; i < npages; i++, bytes -= segs[n++].len)
		segs[n] = (struct virtq_seg){ page_addr(page[i]), MIN(bytes, (uint32_t)PAGE_SIZE) };
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

/* `bytes' of the pages from or to `sector'; b_io held. */
static int
request(struct vblk *b, uint32_t type, uint64_t sector, struct page **page, unsigned n, uint32_t bytes)
{
	uint8_t *status = (uint8_t *)(b->b_header + 1);
	int error;

	if (fail_now(FAIL_BLOCK))
		return EIO;
	*b->b_header = (struct header){ .type = type, .sector = sector };
	*status = 0xff;
	kstat_add(&vblk_requests, 1);
	error = request_start(b, type, page, n, bytes);
	if (error == 0)
		error = sig_wait(&b->b_done, SIG_SIGNALED, 0, NSEC_INFINITE, NULL, NULL);
	if (error == 0 && *status != 0)
		error = *status == 2 ? EOPNOTSUPP : EIO;
	return error;
}

static void
clear_tail(struct page *p, uint32_t used)
{
	char *va = page_map(p);

	mach_fill(va + used, 0, PAGE_SIZE - used);
	page_unmap(va);
}

static int
vblk_move(struct blk *d, bool write, uint64_t off, struct page **page, unsigned n)
{
	struct vblk *b = container_of(d, struct vblk, b_blk);
	uint32_t bytes = (uint32_t)MIN((uint64_t)n << PAGE_SHIFT, d->d_size - off), tail = bytes & PAGE_MASK;
	int error;

	if (n > PAGES_MOST)
		return EINVAL;
	if (!write && tail != 0)
		clear_tail(page[n - 1], tail);
	mutex_lock(&b->b_io);
	error = request(b, write ? REQ_WRITE : REQ_READ, off / BLK_SECTOR, page, n, bytes);
	mutex_unlock(&b->b_io);
	return error;
}

static int
vblk_flush(struct blk *d)
{
	struct vblk *b = container_of(d, struct vblk, b_blk);
	int error;

	if ((b->b_dev.v_features & F_FLUSH) == 0)
		return 0;
	mutex_lock(&b->b_io);
	error = request(b, REQ_FLUSH, 0, NULL, 0, 0);
	mutex_unlock(&b->b_io);
	return error;
}

static const struct blk_ops vblk_ops = { .move = vblk_move, .flush = vblk_flush };

/* --- attachment --- */

static int
vblk_memory(struct vblk *b)
{
	struct page *header = page_alloc(PAGE_KERNEL, PAGE_ZERO);

	if (header == NULL)
		return ENOMEM;
	b->b_header = page_map(header);
	b->b_header_addr = page_addr(header);
	return 0;
}

static int
vblk_attach(struct vblk *b, struct pci_dev *d, unsigned unit)
{
	uint64_t sectors;
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
	sectors = virtio_config64(&b->b_dev, 0);
	snprintf(b->b_name, sizeof(b->b_name), "vd%u", unit);
	blk_init(&b->b_blk, &vblk_ops, b->b_name);
	b->b_blk.d_read_only = (b->b_dev.v_features & F_RO) != 0;
	if (sectors > INT64_MAX / BLK_SECTOR)
		return EFBIG;
	if ((error = blk_start(&b->b_blk, sectors * BLK_SECTOR)) != 0)
		return error;
	log_printf("%s: virtio disk, %llu sectors\n", b->b_name, (unsigned long long)sectors);
	return devfs_add(b->b_name, S_IFBLK | 0660, dev_make(254, unit), blk_open, &b->b_blk);
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
