/*
 * devfs: /dev.
 *
 * A device is what a driver registered: a name, a type, a number, an open function.  The
 * directory tree around it is a ramfs, so modes and owners can be changed and links made as
 * everywhere.  A vnode of device type finds its device through the inode (made by devfs_add) or by
 * number (made by mknod, in any file system that allows devices).
 *
 * A device lives until its name and its vnodes are gone; after devfs_remove an open is ENXIO, and
 * what is open stays with the driver.
 *
 * The devices without hardware are here: null, zero, full, random, urandom, kmsg.
 */
#include "fs/devfs.h"
#include "fs/mount.h"
#include "fs/ramfs.h"
#include "fs/vnode.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/random.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "vm/vmo.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/stat.h>

struct device {
	struct list link;		/* [d] all devices */
	uint32_t refs;			/* [d] the name's, and one a vnode */
	bool removed;			/* [d] */
	uint32_t mode;			/* [I] type and first permission */
	uint64_t rdev;			/* [I] */
	devfs_open_fn open;		/* [I] */
	void *arg;			/* [I] */
	char name[64];			/* [I] below /dev */
};

LOCK_CLASS(dev_class, "devices", RANK_TREE + 1);
static struct spin dev_lock = SPIN_INIT(&dev_class);	/* d */
static struct list devices = LIST_INIT(devices);	/* [d] */
static struct vnode *dev_root;				/* [I] of the first mount: /dev */
ZONE(device_zone, struct device);
ZONE(devfile_zone, struct devfile);
COUNTER(device_count, "fs.devices");

static struct inode *
inode_of(struct vnode *vn)
{
	return container_of(vn, struct inode, i_vnode);
}

/* --- devices --- */

void
device_put(struct device *d)
{
	bool last;

	spin_lock(&dev_lock);
	last = --d->refs == 0;
	if (last)
		list_remove(&d->link);
	spin_unlock(&dev_lock);
	if (last) {
		kstat_add(&device_count, -1);
		zone_free(device_zone, d);
	}
}

/* The device of a vnode, referenced, or NULL. */
static struct device *
device_of(struct vnode *vn)
{
	struct inode *ip = inode_of(vn);
	struct device *d = ip->i_dev, *e;

	spin_lock(&dev_lock);
	if (d == NULL) {
		list_for_each(e, &devices, link)
			if (!e->removed && e->rdev != 0 &&
			    ((e->mode ^ vn->v_mode) & S_IFMT) == 0 && e->rdev == ip->i_rdev)
				d = e;
	}
	if (d != NULL && d->removed)
		d = NULL;
	if (d != NULL)
		d->refs++;
	spin_unlock(&dev_lock);
	return d;
}

int
devfs_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct device *d = device_of(vn);
	int error;

	if (d == NULL)
		return ENXIO;
	error = d->open(vn, flags, out);
	device_put(d);
	return error;
}

void *
devfs_arg(struct vnode *vn)
{
	struct device *d = vn->v_ops->open == devfs_open ? device_of(vn) : NULL;
	void *arg = NULL;

	if (d != NULL) {
		arg = d->arg;
		device_put(d);
	}
	return arg;
}

/* --- names --- */

/* The directory of `name' below root, made on the way, referenced; *last is the last component. */
static int
dir_for(struct vnode *root, const char *name, struct vnode **out, const char **last)
{
	struct vnode *dir = root, *next;
	const char *slash;
	int error;

	vnode_ref(dir);
	while ((slash = strchr(name, '/')) != NULL) {
		error = ramfs_mkdir(dir, name, (size_t)(slash - name), 0755, &next);
		vnode_unref(dir);
		if (error != 0)
			return error;
		dir = next;
		name = slash + 1;
	}
	*out = dir;
	*last = name;
	return 0;
}

static int
find(const char *name, struct vnode **dir, struct vnode **vn)
{
	const char *last;
	int error = dir_for(dev_root, name, dir, &last);

	if (error != 0)
		return error;
	error = (*dir)->v_ops->lookup(*dir, last, strlen(last), vn);
	if (error != 0)
		vnode_unref(*dir);
	return error;
}

/* Makes the device's vnode in a mounted devfs. */
static int
device_enter(struct vnode *root, struct device *d)
{
	struct vnode *dir, *old;
	struct inode *ip;
	const char *last;
	int error = dir_for(root, d->name, &dir, &last);

	if (error != 0)
		return error;
	mutex_lock(&dir->v_lock);
	error = dir->v_ops->lookup(dir, last, strlen(last), &old);
	if (error == 0) {
		vnode_unref(old);
		error = EEXIST;
	} else if (error == ENOENT) {
		error = ramfs_inode(dir->v_mount->m_data, 0, d->mode, 0, 0, clock_realtime(), &ip);
		if (error == 0) {
			spin_lock(&dev_lock);
			d->refs++;
			spin_unlock(&dev_lock);
			ramfs_set_device(ip, d, d->rdev);
			error = ramfs_enter(inode_of(dir), last, strlen(last), ip);
			if (error != 0)
				vnode_unref(&ip->i_vnode);
		}
	}
	mutex_unlock(&dir->v_lock);
	vnode_unref(dir);
	return error;
}

int
devfs_add(const char *name, uint32_t mode, uint64_t rdev, devfs_open_fn open, void *arg)
{
	struct device *d;
	int error;

	if (strlen(name) >= sizeof(d->name))
		return ENAMETOOLONG;
	d = zone_alloc(device_zone, ZALLOC_ZERO);
	if (d == NULL)
		return ENOMEM;
	d->refs = 1;
	d->mode = mode;
	d->rdev = rdev;
	d->open = open;
	d->arg = arg;
	strlcpy(d->name, name, sizeof(d->name));
	spin_lock(&dev_lock);
	list_push_back(&devices, &d->link);
	spin_unlock(&dev_lock);
	kstat_add(&device_count, 1);
	error = device_enter(dev_root, d);
	if (error != 0)
		device_put(d);
	return error;
}

void
devfs_remove(const char *name)
{
	struct vnode *dir, *vn;
	struct device *d = NULL;
	const char *last = strrchr(name, '/');
	bool mine = false;

	if (find(name, &dir, &vn) != 0)
		return;
	last = last != NULL ? last + 1 : name;
	if (vn->v_ops->open == devfs_open)
		d = inode_of(vn)->i_dev;
	mutex_lock(&dir->v_lock);
	if (dir->v_ops->unlink(dir, last, strlen(last), vn) != 0)
		d = NULL;
	mutex_unlock(&dir->v_lock);
	if (d != NULL) {
		spin_lock(&dev_lock);
		mine = !d->removed;
		d->removed = true;
		spin_unlock(&dev_lock);
		if (mine)
			device_put(d);
	}
	vnode_unref(vn);
	vnode_unref(dir);
}

int
devfs_symlink(const char *name, const char *target)
{
	struct vnode *dir;
	const char *last;
	int error = dir_for(dev_root, name, &dir, &last);

	if (error != 0)
		return error;
	mutex_lock(&dir->v_lock);
	error = dir->v_ops->symlink(dir, last, strlen(last), target, 0, 0);
	mutex_unlock(&dir->v_lock);
	vnode_unref(dir);
	return error;
}

int
devfs_set_owner(const char *name, uint32_t uid, uint32_t gid, uint32_t perm)
{
	struct setattr sa = { .mask = SETATTR_MODE | SETATTR_UID | SETATTR_GID, .mode = perm,
		.uid = uid, .gid = gid };
	struct vnode *dir, *vn;
	int error = find(name, &dir, &vn);

	if (error != 0)
		return error;
	error = vn->v_ops->setattr(vn, &sa);
	vnode_unref(vn);
	vnode_unref(dir);
	return error;
}

/* --- open devices --- */

void
devfile_init(struct devfile *df, struct vnode *vn, uint32_t flags, const struct node_ops *ops,
    enum node_kind kind, struct sigsrc *src, uint32_t bits)
{
	node_init(&df->df_node, ops, kind, src, bits);
	df->df_node.uses = 1;
	df->df_node.flags = flags & (uint32_t)(O_NONBLOCK | O_APPEND | O_SYNC);
	vnode_ref(vn);
	df->df_vnode = vn;
	df->df_arg = devfs_arg(vn);
	df->df_off = 0;
}

void
devfile_done(struct devfile *df)
{
	vnode_unref(df->df_vnode);
}

int
devfile_create(struct vnode *vn, uint32_t flags, const struct node_ops *ops, struct sigsrc *src,
    struct node **out)
{
	struct devfile *df = zone_alloc(devfile_zone, 0);

	if (df == NULL)
		return ENOMEM;
	devfile_init(df, vn, flags, ops, NODE_FILE, src, SIG_READABLE | SIG_WRITABLE);
	*out = &df->df_node;
	return 0;
}

void
devfile_destroy(struct node *n)
{
	struct devfile *df = container_of(n, struct devfile, df_node);

	devfile_done(df);
	zone_free(devfile_zone, df);
}

int
devfile_stat(struct node *n, struct abi_stat *st)
{
	return vnode_stat(container_of(n, struct devfile, df_node)->df_vnode, st);
}

int
devfile_setattr(struct node *n, const struct setattr *sa)
{
	if ((sa->mask & SETATTR_SIZE) != 0)
		return EINVAL;
	return vnode_setattr(container_of(n, struct devfile, df_node)->df_vnode, sa);
}

int
devfile_noseek(struct node *n, int64_t off, int whence, int64_t *result)
{
	*result = 0;
	return 0;
}

/* --- null, zero, full, random, kmsg --- */

static int
null_read(struct node *n, struct uio *uio)
{
	return 0;
}

static int
null_write(struct node *n, struct uio *uio)
{
	uio->resid = 0;
	return 0;
}

#define ZERO_PIECE	65536		/* before others may run */

static int
zero_read(struct node *n, struct uio *uio)
{
	int error = 0;

	while (unlikely(uio->resid > ZERO_PIECE) && error == 0)
		if ((error = uio_zero(ZERO_PIECE, uio)) == 0)
			error = thr_pause();
	return error != 0 ? error : uio_zero((size_t)uio->resid, uio);
}

/* mmap of /dev/zero: fresh memory, as large as anybody may map. */
static int
zero_vmo(struct node *n, struct vmo **out)
{
	return vmo_create(UINT64_C(1) << 46, out);
}

static int
full_write(struct node *n, struct uio *uio)
{
	return uio->resid == 0 ? 0 : ENOSPC;
}

static int
urandom_read(struct node *n, struct uio *uio)
{
	uint8_t buf[256];
	int error = 0;

	while (error == 0 && uio->resid != 0) {
		size_t len = (size_t)MIN(uio->resid, (uint64_t)sizeof(buf));

		random_bytes(buf, len);
		error = uio_move(buf, len, uio);
		if (error == 0)
			error = thr_pause();
	}
	memset(buf, 0, sizeof(buf));
	return error;
}

static int
random_read(struct node *n, struct uio *uio)
{
	int error;

	if (!random_seeded()) {
		if ((uio->flags & UIO_NONBLOCK) != 0)
			return ESHOULDWAIT;
		error = sig_wait(random_source(), SIG_READABLE, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			return error;
	}
	return urandom_read(n, uio);
}

/* Stirred in, but believed to hold no entropy. */
static int
random_write(struct node *n, struct uio *uio)
{
	uint8_t buf[256];
	int error = 0;

	while (error == 0 && uio->resid != 0) {
		size_t len = (size_t)MIN(uio->resid, (uint64_t)sizeof(buf));

		error = uio_move(buf, len, uio);
		if (error == 0) {
			random_add(buf, len, 0);
			error = thr_pause();
		}
	}
	return error;
}

/* The log from the descriptor's position on; the end of it is the end of the file. */
static int
kmsg_read(struct node *n, struct uio *uio)
{
	struct devfile *df = container_of(n, struct devfile, df_node);
	char buf[256];
	int error = 0;

	while (error == 0 && uio->resid != 0) {
		uint64_t pos = (uint64_t)df->df_off;
		size_t len = log_read(&pos, buf, (size_t)MIN(uio->resid, (uint64_t)sizeof(buf)));

		if (len == 0)
			break;
		error = uio_move(buf, len, uio);
		if (error == 0)
			df->df_off = (int64_t)pos;
	}
	return error;
}

static int
kmsg_write(struct node *n, struct uio *uio)
{
	char buf[256];
	int error = 0;

	while (error == 0 && uio->resid != 0) {
		size_t len = (size_t)MIN(uio->resid, (uint64_t)sizeof(buf) - 1);

		error = uio_move(buf, len, uio);
		buf[len] = '\0';
		if (error == 0)
			log_printf("%s", buf);
	}
	return error;
}

static int
kmsg_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	if (off != 0 || whence != SEEK_SET)
		return EINVAL;
	container_of(n, struct devfile, df_node)->df_off = 0;
	*result = 0;
	return 0;
}

#define DEV_OPS(nm, rd, wr, sk, vm) { \
	.name = nm, .read = rd, .write = wr, .seek = sk, .stat = devfile_stat, \
	.setattr = devfile_setattr, .ioctl = node_noioctl, .vmo = vm, .sync = node_nosync, \
	.unused = node_nounused, .destroy = devfile_destroy }

static const struct node_ops null_ops = DEV_OPS("null", null_read, null_write, devfile_noseek, node_novmo);
static const struct node_ops zero_ops = DEV_OPS("zero", zero_read, null_write, devfile_noseek, zero_vmo);
static const struct node_ops full_ops = DEV_OPS("full", zero_read, full_write, devfile_noseek, node_novmo);
static const struct node_ops random_ops =
    DEV_OPS("random", random_read, random_write, devfile_noseek, node_novmo);
static const struct node_ops urandom_ops =
    DEV_OPS("urandom", urandom_read, random_write, devfile_noseek, node_novmo);
static const struct node_ops kmsg_ops = DEV_OPS("kmsg", kmsg_read, kmsg_write, kmsg_seek, node_novmo);

static const struct {
	const char *name;
	uint32_t mode, major, minor;
	const struct node_ops *ops;
} plain[] = {
	{ "null", 0666, 1, 3, &null_ops },
	{ "zero", 0666, 1, 5, &zero_ops },
	{ "full", 0666, 1, 7, &full_ops },
	{ "random", 0666, 1, 8, &random_ops },
	{ "urandom", 0666, 1, 9, &urandom_ops },
	{ "kmsg", 0600, 1, 11, &kmsg_ops },
};

static int
plain_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	const struct node_ops *ops = devfs_arg(vn);

	return devfile_create(vn, flags, ops, ops == &random_ops ? random_source() : &sigsrc_ready, out);
}

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static void
plain_init(void)
{
	struct vnode *dir;
	/* Here from the start, so that the first pty does not change what is live. */
	int error = ramfs_mkdir(dev_root, "pts", 3, 0755, &dir);

	if (error == 0) {
		vnode_unref(dir);
		error = ramfs_mkdir(dev_root, "shm", 3, 01777, &dir);	/* shm_open */
	}
	if (error == 0)
		vnode_unref(dir);
	for (size_t i = 0; i < ARRAY_SIZE(plain) && error == 0; i++)
		error = devfs_add(plain[i].name, S_IFCHR | plain[i].mode,
		    dev_make(plain[i].major, plain[i].minor), plain_open, (void *)(uintptr_t)plain[i].ops);
	for (size_t i = 0; i < ARRAY_SIZE(links) && error == 0; i++)
		error = devfs_symlink(links[i].name, links[i].target);
	if (error != 0)
		panic("/dev: error %d", error);
}
INIT(plain_init, LEVEL_FS + 10);

/* --- the file system --- */

/* A later mount starts with the devices that are there. */
static int
devfs_mount(struct mount *m, const char *from)
{
	struct device *d, *next;
	int error = ramfs_create(m, 2);

	if (error != 0)
		return error;
	if (dev_root == NULL) {
		dev_root = m->m_root;
		return 0;
	}
	for (d = list_first(&devices, struct device, link); d != NULL; d = next) {
		if (!d->removed && (error = device_enter(m->m_root, d)) != 0) {
			ramfs_destroy(m);
			return error;
		}
		spin_lock(&dev_lock);
		next = d->link.next == &devices ? NULL : list_entry(d->link.next, struct device, link);
		spin_unlock(&dev_lock);
	}
	return 0;
}

/* The first /dev belongs to the drivers: it is never unmounted. */
static bool
devfs_busy(struct mount *m)
{
	return m->m_root == dev_root || ramfs_busy(m);
}

const struct fs_type devfs_type = {
	.name = "devfs", .mount = devfs_mount, .busy = devfs_busy, .unmount = ramfs_destroy,
	.stats = ramfs_stats,
};
