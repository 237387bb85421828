/*
 * QEMU's firmware configuration device.  Every file named opt/zenta/NAME is /dev/fwcfg/NAME,
 * read-only.  With DMA a request names an item, an offset and a buffer; the device answers before
 * the port write returns.  Without DMA bytes come one by one through the data port.
 */
#include "fs/span.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/io.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

#define PORT_SELECT	0x510
#define PORT_DATA	0x511
#define PORT_DMA	0x514

#define ITEM_SIGNATURE	0x00
#define ITEM_FEATURES	0x01
#define ITEM_DIRECTORY	0x19
#define FEATURE_DMA	0x02

#define DMA_ERROR	0x01
#define DMA_READ	0x02
#define DMA_SKIP	0x04
#define DMA_SELECT	0x08

#define PREFIX		"opt/zenta/"
#define NFILES		4096u	/* entries looked at, whatever the device says */
#define BOUNCE_ORDER	4u	/* at most, while a file is read */
#define BOUNCE_AT	64u	/* the small one, in the request's page */

struct request {
	uint32_t control, length;	/* big endian */
	uint64_t address;		/* big endian */
};

struct entry {
	uint32_t size;			/* big endian */
	uint16_t item;			/* big endian */
	uint16_t reserved;
	char name[56];
};

struct fwfile {
	uint16_t item;
	uint32_t size;
};

LOCK_CLASS(fwcfg_class, "fwcfg", RANK_IO);
static struct mutex fwcfg_lock = MUTEX_INIT(fwcfg_lock, &fwcfg_class);
static bool has_dma;			/* [I] */
static struct page *request_page;	/* [I] */
static struct request *request;		/* [fwcfg_lock] the page's start */
static paddr_t request_addr;		/* [I] */
static uint8_t *bounce;			/* [fwcfg_lock] */
static paddr_t bounce_addr;		/* [fwcfg_lock] */
static size_t bounce_size;		/* [fwcfg_lock] */

/* --- items --- */

static int
dma(uint32_t control, uint32_t length)
{
	unsigned spins;
	uint32_t left;

	request->length = __builtin_bswap32(length);
	request->address = __builtin_bswap64(bounce_addr);
	atomic_store_release(&request->control, __builtin_bswap32(control));
	io_write32(PORT_DMA, __builtin_bswap32((uint32_t)(request_addr >> 32)));
	io_write32(PORT_DMA + 4, __builtin_bswap32((uint32_t)request_addr));
	for (spins = 0; spins < 100000000; spins++) {
		left = __builtin_bswap32(atomic_load_acquire(&request->control));
		if ((left & ~(uint32_t)DMA_ERROR) == 0)
			return (left & DMA_ERROR) != 0 ? EIO : 0;
	}
	return EIO;
}

/* Fills the bounce buffer with n bytes of an item from off; n <= bounce_size. */
static int
item_read(uint16_t item, uint32_t off, uint32_t n)
{
	uint32_t i;
	int error;

	if (has_dma) {
		error = dma((uint32_t)item << 16 | DMA_SELECT | DMA_SKIP, off);
		return error != 0 ? error : dma(DMA_READ, n);
	}
	io_write16(PORT_SELECT, item);
	for (i = 0; i < off; i++)
		(void)io_read8(PORT_DATA);
	for (i = 0; i < n; i++)
		bounce[i] = io_read8(PORT_DATA);
	return 0;
}

/* --- files --- */

static struct fwfile *
file_of_node(struct node *n)
{
	return container_of(n, struct devfile, df_node)->df_arg;
}

static void
bounce_set(struct page *p, size_t at, size_t size)
{
	bounce = (uint8_t *)page_map(p) + at;
	bounce_addr = page_addr(p) + at;
	bounce_size = size;
}

/* For so many bytes a larger bounce buffer is made, if there is memory; its order.  fwcfg_lock held. */
static unsigned
bounce_grow(uint64_t n, struct page **large)
{
	unsigned order = 0;

	*large = NULL;
	if (n <= bounce_size)
		return 0;
	while (order < BOUNCE_ORDER && PAGE_SIZE << order < n)
		order++;
	while ((*large = page_alloc_order(PAGE_KERNEL, order, 0)) == NULL && order > 0)
		order--;
	if (*large != NULL)
		bounce_set(*large, 0, PAGE_SIZE << order);
	return order;
}

static int
fwcfg_read(struct node *n, struct uio *uio)
{
	struct devfile *df = container_of(n, struct devfile, df_node);
	struct fwfile *f = df->df_arg;
	uint64_t at = span_start(df, uio), moved = 0, before;
	struct page *large;
	unsigned order;
	uint32_t len;
	int error;

	if (uio->resid == 0)
		return 0;
	error = mutex_lock_intr(&fwcfg_lock);
	if (error != 0)
		return error;
	order = bounce_grow(MIN(f->size - MIN(at, f->size), uio->resid), &large);
	while (error == 0 && uio->resid > 0 && at + moved < f->size) {
		len = (uint32_t)MIN(MIN(f->size - (at + moved), uio->resid), (uint64_t)bounce_size);
		error = item_read(f->item, (uint32_t)(at + moved), len);
		before = uio->resid;
		if (error == 0)
			error = uio_move(bounce, len, uio);
		moved += before - uio->resid;
	}
	if (large != NULL) {
		page_free_order(large, order);
		bounce_set(request_page, BOUNCE_AT, PAGE_SIZE - BOUNCE_AT);
	}
	mutex_unlock(&fwcfg_lock);
	span_advance(df, uio, moved);
	return moved != 0 ? 0 : error;
}

static int
fwcfg_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	return span_seek(container_of(n, struct devfile, df_node), file_of_node(n)->size, off, whence,
	    result);
}

static int
fwcfg_stat(struct node *n, struct abi_stat *st)
{
	int error = devfile_stat(n, st);

	st->size = file_of_node(n)->size;
	return error;
}

static const struct node_ops fwcfg_ops = {
	.name = "fwcfg",
	.read = fwcfg_read,
	.write = node_nowrite,
	.seek = fwcfg_seek,
	.stat = fwcfg_stat,
	.setattr = devfile_setattr,
	.ioctl = node_noioctl,
	.vmo = node_novmo,
	.sync = node_nosync,
	.unused = node_nounused,
	.destroy = devfile_destroy,
};

static int
fwcfg_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	if ((flags & O_ACCMODE) != O_RDONLY)
		return EROFS;
	return devfile_create(vn, flags, &fwcfg_ops, &sigsrc_ready, out);
}

/* --- attachment --- */

static void
entry_add(const struct entry *e)
{
	char path[64];
	struct fwfile *f;
	size_t len = strnlen(e->name, sizeof(e->name)), skip = sizeof(PREFIX) - 1;

	if (len <= skip || len == sizeof(e->name) || strncmp(e->name, PREFIX, skip) != 0)
		return;
	f = kmem_alloc(sizeof(*f), 0);
	if (f == NULL)
		return;
	f->item = __builtin_bswap16(e->item);
	f->size = __builtin_bswap32(e->size);
	snprintf(path, sizeof(path), "fwcfg/%s", e->name + skip);
	if (devfs_add(path, S_IFCHR | 0400, dev_make(251, f->item), fwcfg_open, f) != 0) {
		log_warn("fwcfg: cannot make /dev/%s\n", path);
		kmem_free(f, sizeof(*f));
	}
}

static int
directory_read(void)
{
	struct entry e;
	uint32_t count, i;
	int error;

	error = item_read(ITEM_DIRECTORY, 0, sizeof(count));
	if (error != 0)
		return error;
	memcpy(&count, bounce, sizeof(count));
	count = MIN(__builtin_bswap32(count), NFILES);
	for (i = 0; i < count && error == 0; i++) {
		error = item_read(ITEM_DIRECTORY, (uint32_t)(sizeof(count) + i * sizeof(e)), sizeof(e));
		memcpy(&e, bounce, sizeof(e));
		if (error == 0)
			entry_add(&e);
	}
	return error;
}

static bool
fwcfg_present(void)
{
	char sign[4];
	unsigned i;

	io_write16(PORT_SELECT, ITEM_SIGNATURE);
	for (i = 0; i < sizeof(sign); i++)
		sign[i] = (char)io_read8(PORT_DATA);
	return memcmp(sign, "QEMU", sizeof(sign)) == 0;
}

static bool
fwcfg_memory(void)
{
	request_page = page_alloc(PAGE_KERNEL, PAGE_ZERO);
	if (request_page == NULL)
		return false;
	request = page_map(request_page);
	request_addr = page_addr(request_page);
	bounce_set(request_page, BOUNCE_AT, PAGE_SIZE - BOUNCE_AT);
	return true;
}

static void
fwcfg_init(void)
{
	if (!fwcfg_present())
		return;
	if (!fwcfg_memory()) {
		log_warn("fwcfg: no memory\n");
		return;
	}
	if (item_read(ITEM_FEATURES, 0, 4) == 0)
		has_dma = (bounce[0] & FEATURE_DMA) != 0;
	if (directory_read() != 0)
		log_warn("fwcfg: directory cannot be read\n");
}
INIT(fwcfg_init, LEVEL_DEV + 2);
