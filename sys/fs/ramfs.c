/*
 * ramfs: files in memory.
 *
 * 1. One tree of names for all built-in file systems that have one.  The root is a ramfs filled
 * from the boot image (fs/imgfs.c), /dev one with devices in it (fs/devfs.c), and
 * mount -t ramfs gives empty ones.  So no union of layers is needed for "a writable layer over a
 * read-only image": the inodes are made at mount, the file data stay in the image's
 * frames, which are the pages of the files' VMOs until somebody writes.
 *
 * 2. Objects.  An inode is a vnode with attributes.  An entry is a name in a directory (ramfs_dir.c).
 * While an inode has names the tree holds one reference on it; open files and walks hold more.  The last
 * one frees the inode and its data.
 *
 * 3. Data are a vnode VMO, made at the first need (ramfs_file.c).  A file system may fill memory up to
 * a reserve (a sixteenth of all), then growing is ENOSPC.
 *
 * 4. Locking.  tree_lock (spin) is over names, link counts and attributes of every ramfs: the
 * critical sections are a few dozen instructions.  Nothing is allocated or freed under it.  Who
 * changes names holds the directory's v_lock too, who writes data the file's.
 *
 * Budget (instructions): getattr 90.
 */
#include "fs/ramfs_impl.h"
#include "fs/file.h"
#include "fs/name.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "kern/time.h"
#include "vm/space.h"
#include "vm/zone.h"

LOCK_CLASS(tree_class, "ramfs tree", RANK_TREE);
struct spin tree_lock = SPIN_INIT(&tree_class);
static struct list all_ramfs = LIST_INIT(all_ramfs);	/* [t] */
ZONE(inode_zone, struct inode);
COUNTER(inode_count, "fs.inodes");

static const struct vnode_ops link_vops, fifo_vops, sock_vops;

/* --- inodes --- */

static const struct vnode_ops *
ops_for(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &ramfs_file_vops;
	case S_IFDIR:
		return &ramfs_dir_vops;
	case S_IFLNK:
		return &link_vops;
	case S_IFIFO:
		return &fifo_vops;
	case S_IFSOCK:
		return &sock_vops;
	default:
		return &ramfs_dev_vops;
	}
}

int
ramfs_inode(struct ramfs *fs, uint64_t ino, uint32_t mode, uint32_t uid, uint32_t gid, nsec_t now,
    struct inode **out)
{
	struct inode *ip = zone_alloc(inode_zone, ZALLOC_ZERO);

	if (ip == NULL)
		return ENOSPC;
	if (ino == 0) {
		spin_lock(&tree_lock);
		ino = fs->r_next_ino++;
		spin_unlock(&tree_lock);
	}
	vnode_init(&ip->i_vnode, ops_for(mode), fs->r_mount, ino, mode, uid, gid);
	list_init(&ip->i_names);
	ip->i_atime = ip->i_mtime = ip->i_ctime = ip->i_btime = now;
	if (is_dir(ip)) {
		list_init(&ip->i_entries);
		ip->i_cookie = FIRST_COOKIE;
	}
	spin_lock(&tree_lock);
	list_push_back(&fs->r_inodes, &ip->i_all);
	fs->r_count++;
	spin_unlock(&tree_lock);
	kstat_add(&inode_count, 1);
	*out = ip;
	return 0;
}

void
inode_free(struct inode *ip)
{
	struct ramfs *fs = ip->i_vnode.v_mount->m_data;

	spin_lock(&tree_lock);
	list_remove(&ip->i_all);
	fs->r_count--;
	spin_unlock(&tree_lock);
	if (is_reg(ip) && ip->i_vmo != NULL)
		vmo_unref(ip->i_vmo);
	if ((ip->i_vnode.v_mode & S_IFMT) == S_IFLNK && ip->i_target != NULL)
		kmem_free(ip->i_target, ip->i_target_len + 1);
	if (ip->i_vnode.v_ops == &ramfs_dev_vops && ip->i_dev != NULL)
		device_put(ip->i_dev);
	kstat_add(&inode_count, -1);
	zone_free(inode_zone, ip);
}

void
ramfs_inactive(struct vnode *vn)
{
	struct inode *ip = inode_of(vn);

	ASSERT(ip->i_nlink == 0 && list_empty(&ip->i_names));
	inode_free(ip);
}

int
ramfs_target(struct inode *ip, const char *target, size_t len)
{
	char *copy = kmem_alloc(len + 1, 0);

	if (copy == NULL)
		return ENOSPC;
	memcpy(copy, target, len);
	copy[len] = '\0';
	ip->i_target = copy;
	ip->i_target_len = len;
	return 0;
}

void
ramfs_set_device(struct inode *ip, struct device *d, uint64_t rdev)
{
	ip->i_vnode.v_ops = &ramfs_dev_vops;
	ip->i_dev = d;
	ip->i_rdev = rdev;
}

static int
ramfs_readlink(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	struct inode *ip = inode_of(vn);

	*len = MIN(size, ip->i_target_len);
	memcpy(buf, ip->i_target, *len);
	return 0;
}

/* --- attributes --- */

static uint64_t
file_blocks(const struct inode *ip, uint64_t size)
{
	if (ip->i_img != NULL)
		return ROUND_UP(size, (uint64_t)PAGE_SIZE) / 512;
	return ip->i_vmo != NULL ? vmo_pages(ip->i_vmo) * (PAGE_SIZE / 512) : 0;
}

int
ramfs_getattr(struct vnode *vn, struct vattr *a)
{
	struct inode *ip = inode_of(vn);

	a->size = a->blocks = a->rdev = 0;
	if (is_reg(ip)) {
		a->size = file_size(ip);
		a->blocks = file_blocks(ip, a->size);
	} else if (is_dir(ip)) {
		a->size = ip->i_count * 32;
	} else if (vn->v_ops == &link_vops) {
		a->size = ip->i_target_len;
	} else if (vn->v_ops == &ramfs_dev_vops) {
		a->rdev = ip->i_rdev;
	}
	a->ino = vn->v_ino;
	spin_lock(&tree_lock);
	a->mode = vn->v_mode;
	a->uid = vn->v_uid;
	a->gid = vn->v_gid;
	a->nlink = ip->i_nlink;
	a->atime = ip->i_atime;
	a->mtime = ip->i_mtime;
	a->ctime = ip->i_ctime;
	a->btime = ip->i_btime;
	spin_unlock(&tree_lock);
	return 0;
}

int
ramfs_setattr(struct vnode *vn, const struct setattr *sa)
{
	struct inode *ip = inode_of(vn);
	nsec_t now = clock_realtime();
	int error;

	if ((sa->mask & SETATTR_SIZE) != 0 && (error = file_resize(ip, sa->size)) != 0)
		return error;
	spin_lock(&tree_lock);
	if ((sa->mask & SETATTR_MODE) != 0)
		vn->v_mode = (vn->v_mode & S_IFMT) | (sa->mode & 07777);
	if ((sa->mask & SETATTR_UID) != 0)
		vn->v_uid = sa->uid;
	if ((sa->mask & SETATTR_GID) != 0)
		vn->v_gid = sa->gid;
	if ((sa->mask & SETATTR_ATIME) != 0)
		ip->i_atime = sa->atime;
	if ((sa->mask & SETATTR_SIZE) != 0)
		ip->i_mtime = now;
	if ((sa->mask & SETATTR_MTIME) != 0)
		ip->i_mtime = sa->mtime;
	ip->i_ctime = now;
	spin_unlock(&tree_lock);
	return 0;
}

static int
ramfs_noopen(struct vnode *vn, uint32_t flags, struct node **out)
{
	return ENXIO;
}

static const struct vnode_ops link_vops = {
	RAMFS_VOPS, .readlink = ramfs_readlink,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
const struct vnode_ops ramfs_dev_vops = {
	RAMFS_VOPS, .readlink = vnode_noreadlink, .open = devfs_open,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
static const struct vnode_ops fifo_vops = {
	RAMFS_VOPS, .readlink = vnode_noreadlink, .open = fifo_file_open,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
static const struct vnode_ops sock_vops = {
	RAMFS_VOPS, .readlink = vnode_noreadlink, .open = ramfs_noopen,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};

/* --- file systems --- */

int
ramfs_create(struct mount *m, uint64_t first_ino)
{
	struct ramfs *fs = kmem_alloc(sizeof(*fs), ZALLOC_ZERO);
	struct inode *root;
	int error;

	if (fs == NULL)
		return ENOMEM;
	fs->r_mount = m;
	fs->r_next_ino = first_ino;
	list_init(&fs->r_inodes);
	m->m_data = fs;
	error = ramfs_inode(fs, 1, S_IFDIR | 0755, 0, 0, clock_realtime(), &root);
	if (error != 0) {
		kmem_free(fs, sizeof(*fs));
		return ENOMEM;
	}
	spin_lock(&tree_lock);
	list_push_back(&all_ramfs, &fs->r_link);
	spin_unlock(&tree_lock);
	root->i_nlink = 2;
	m->m_root = &root->i_vnode;
	return 0;
}

bool
ramfs_busy(struct mount *m)
{
	struct ramfs *fs = m->m_data;
	struct inode *ip;
	bool busy = false;

	spin_lock(&tree_lock);
	list_for_each(ip, &fs->r_inodes, i_all)
		if (ip->i_nlink == 0 || ip->i_vnode.v_refs > 1 ||
		    (is_reg(ip) && ip->i_vmo != NULL && vmo_refs(ip->i_vmo) > 1))
			busy = true;
	spin_unlock(&tree_lock);
	return busy;
}

void
ramfs_destroy(struct mount *m)
{
	struct ramfs *fs = m->m_data;
	struct inode *ip;
	struct entry *e;

	for (;;) {
		spin_lock(&tree_lock);
		ip = list_first(&fs->r_inodes, struct inode, i_all);
		e = ip != NULL ? list_first(&ip->i_names, struct entry, e_names) : NULL;
		if (e != NULL)
			entry_remove(e);
		spin_unlock(&tree_lock);
		if (ip == NULL)
			break;
		if (e != NULL) {
			entry_free(e);
			continue;
		}
		/* Entries of a directory name inodes that come later: take those names first. */
		while (is_dir(ip)) {
			spin_lock(&tree_lock);
			e = list_first(&ip->i_entries, struct entry, e_link);
			if (e != NULL)
				entry_remove(e);
			spin_unlock(&tree_lock);
			if (e == NULL)
				break;
			entry_free(e);
		}
		inode_free(ip);
	}
	spin_lock(&tree_lock);
	list_remove(&fs->r_link);
	spin_unlock(&tree_lock);
	if (fs->r_extents != NULL)
		kmem_free(fs->r_extents, fs->r_nextents * sizeof(*fs->r_extents));
	kmem_free(fs, sizeof(*fs));
}

void
ramfs_stats(struct mount *m, struct fs_stats *st)
{
	struct ramfs *fs = m->m_data;
	uint64_t free = page_free_count(), reserve = page_total() / 16;

	st->blocks = page_total();
	st->free = free > reserve ? free - reserve : 0;
	st->files = fs->r_count + st->free;
	st->files_free = st->free;
}

static int
ramfs_mount(struct mount *m, const char *from)
{
	return ramfs_create(m, 2);
}

const struct fs_type ramfs_type = {
	.name = "ramfs", .mount = ramfs_mount, .busy = ramfs_busy, .unmount = ramfs_destroy,
	.stats = ramfs_stats,
};

/* --- cached objects, and the way from a VMO back to its file --- */

/*
 * The page trees of image files that nobody changed and nobody has mapped are a cache: they
 * come again from the image.  One is taken at a time, for freeing wants no lock.
 */
static struct vmo *
cached_take(void)
{
	struct ramfs *fs;
	struct inode *ip;
	struct vmo *vmo = NULL;

	spin_lock(&tree_lock);
	list_for_each(fs, &all_ramfs, r_link) {
		if (fs->r_extents == NULL)
			continue;
		list_for_each(ip, &fs->r_inodes, i_all) {
			if (!is_reg(ip) || ip->i_vmo == NULL || ip->i_img == NULL ||
			    ip->i_vnode.v_written || vmo_refs(ip->i_vmo) > 1)
				continue;
			vmo = ip->i_vmo;
			ip->i_vmo = NULL;
			goto out;
		}
	}
out:
	spin_unlock(&tree_lock);
	return vmo;
}

static void
ramfs_quiesce(void)
{
	struct vmo *vmo;

	while ((vmo = cached_take()) != NULL)
		vmo_unref(vmo);
}
QUIESCE(ramfs_quiesce);

#if CONFIG_DEBUG
/* What has a name, but for the data: those are collected, for their locks come before the tree's. */
static size_t
names_seen(struct vmo **vmos, size_t room)
{
	struct ramfs *fs;
	struct inode *ip;
	struct entry *e;
	size_t n = 0;

	spin_lock(&tree_lock);
	list_for_each(fs, &all_ramfs, r_link) {
		owner_seen(fs);
		owner_seen(fs->r_mount);
		list_for_each(ip, &fs->r_inodes, i_all) {
			if (ip->i_nlink == 0)
				continue;
			owner_seen(ip);
			list_for_each(e, &ip->i_names, e_names)
				owner_seen(e);
			if ((ip->i_vnode.v_mode & S_IFMT) == S_IFLNK)
				owner_seen(ip->i_target);
			if (!is_reg(ip) || ip->i_vmo == NULL || n == room)
				continue;
			vmo_ref(ip->i_vmo);
			vmos[n++] = ip->i_vmo;
		}
	}
	spin_unlock(&tree_lock);
	return n;
}

static void
ramfs_holds(void)
{
	size_t room = inode_count.value;
	struct vmo **vmos = kmem_alloc(room * sizeof(*vmos), 0);

	if (vmos == NULL)
		return;
	for (size_t n = names_seen(vmos, room); n-- > 0; vmo_unref(vmos[n]))
		vmo_seen(vmos[n]);
	kmem_free(vmos, room * sizeof(*vmos));
}
HOLDS(ramfs_holds);
#endif

static int
ramfs_vmo_path(struct vmo *vmo, char *buf, size_t size)
{
	struct vnode *vn = NULL;
	struct ramfs *fs;
	struct inode *ip;
	size_t len;
	int error;

	vmo = vmo_file(vmo);
	if (vmo == NULL)
		return ENOENT;
	spin_lock(&tree_lock);
	list_for_each(fs, &all_ramfs, r_link)
		list_for_each(ip, &fs->r_inodes, i_all)
			if (vn == NULL && is_reg(ip) && ip->i_vmo == vmo) {
				vn = &ip->i_vnode;
				vnode_ref(vn);
			}
	spin_unlock(&tree_lock);
	if (vn == NULL)
		return ENOENT;
	error = vnode_path(vn, buf, size, &len);
	vnode_unref(vn);
	return error;
}

static void
ramfs_init(void)
{
	vmo_path_hook = ramfs_vmo_path;
}
INIT(ramfs_init, LEVEL_FS);
