/*
 * imgfs: the root image (include/abi/image.h) as a file system.
 *
 * At mount the image's inode table and directories become a ramfs: vnodes and names are made at
 * once (a few hundred bytes a file), file data stay where the loader put them and serve as the
 * pages of the files' VMOs.  A file is copied page by page only when somebody writes to it.  The
 * root mount is writable in this way; an image that mount(8) adds later is read-only.
 *
 * Nothing in the image is believed: every number is checked before it is used, so a truncated or
 * damaged image is EINVAL at mount, and never an access outside of the module.  Each directory
 * has exactly one name and the parent that it says; what no directory names is an error too.
 */
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/ramfs.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/boot.h"
#include "mach/mmu.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/image.h>
#include <abi/stat.h>

#define INODES_MAX	(1u << 20)

struct image {
	paddr_t start;
	uint64_t size;			/* what the loader delivered */
	struct img_super super;
	struct inode **inodes;		/* [ninodes + 1] */
	struct ramfs *fs;
};

/* Copies from the image, frame by frame: frames need not have addresses. */
static int
image_read(const struct image *img, uint64_t off, void *to, size_t n)
{
	if (off > img->size || n > img->size - off)
		return EINVAL;
	while (n > 0) {
		paddr_t pa = img->start + off;
		size_t in = (size_t)(pa & PAGE_MASK), piece = MIN(n, PAGE_SIZE - in);
		char *va = mmu_phys_map(pa - in);

		memcpy(to, va + in, piece);
		mmu_phys_unmap(va);
		to = (char *)to + piece;
		off += piece;
		n -= piece;
	}
	return 0;
}

static int
inode_read(const struct image *img, uint32_t ino, struct img_inode *di)
{
	if (ino == 0 || ino > img->super.ninodes)
		return EINVAL;
	return image_read(img, img->super.inode_off + (uint64_t)ino * sizeof(*di), di, sizeof(*di));
}

/* The part before the file data, summed with the two sums taken as zero. */
static int
meta_sum(const struct image *img, uint64_t *sum)
{
	static uint64_t words[IMG_PAGE / 8];	/* mounts are made one at a time */
	int error;

	*sum = 0;
	for (uint64_t off = 0; off < img->super.meta_size; off += IMG_PAGE) {
		error = image_read(img, off, words, sizeof(words));
		if (error != 0)
			return error;
		if (off == 0) {
			struct img_super *s = (struct img_super *)words;

			s->meta_sum = s->data_sum = 0;
		}
		*sum = img_sum(*sum, words, sizeof(words));
	}
	return 0;
}

static int
super_check(struct image *img)
{
	struct img_super *s = &img->super;
	uint64_t sum;
	int error = image_read(img, 0, s, sizeof(*s));

	if (error != 0)
		return error;
	if (s->magic != IMG_MAGIC || s->version != IMG_VERSION || (img->start & PAGE_MASK) != 0)
		return EINVAL;
	if (s->total_size > img->size || s->total_size % IMG_PAGE != 0 || s->meta_size % IMG_PAGE != 0 ||
	    s->meta_size == 0 || s->meta_size > s->total_size)
		return EINVAL;
	img->size = s->total_size;
	if (s->ninodes == 0 || s->ninodes > INODES_MAX || s->inode_off % 8 != 0 ||
	    s->inode_off < sizeof(*s) || s->inode_off > s->meta_size ||
	    ((uint64_t)s->ninodes + 1) * sizeof(struct img_inode) > s->meta_size - s->inode_off)
		return EINVAL;
	if ((error = meta_sum(img, &sum)) != 0)
		return error;
	return sum == s->meta_sum ? 0 : EINVAL;
}

static bool
mode_known(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: case S_IFDIR: case S_IFLNK: case S_IFCHR: case S_IFBLK: case S_IFIFO:
		return (mode & ~(uint32_t)(S_IFMT | 07777)) == 0;
	default:
		return false;
	}
}

static bool
extent_ok(const struct image *img, const struct img_inode *di)
{
	uint32_t type = di->mode & S_IFMT;
	uint64_t low, high;

	if (di->size == 0)
		return type != S_IFLNK;
	low = type == S_IFREG ? img->super.meta_size : sizeof(struct img_super);
	high = type == S_IFREG ? img->super.total_size : img->super.meta_size;
	if (di->offset < low || di->offset > high || di->size > high - di->offset)
		return false;
	switch (type) {
	case S_IFREG:
		return di->offset % IMG_PAGE == 0;
	case S_IFLNK:
		return di->size < PATH_MAX;
	case S_IFDIR:
		return di->offset % 8 == 0;
	default:
		return false;
	}
}

static int
link_fill(const struct image *img, const struct img_inode *di, struct inode *ip)
{
	char *text = kmem_alloc(PATH_MAX, 0);
	int error;

	if (text == NULL)
		return ENOMEM;
	error = image_read(img, di->offset, text, (size_t)di->size);
	if (error == 0 && memchr(text, '\0', (size_t)di->size) != NULL)
		error = EINVAL;
	if (error == 0)
		error = ramfs_target(ip, text, (size_t)di->size);
	kmem_free(text, PATH_MAX);
	return error;
}

static int
inode_make(struct image *img, uint32_t ino)
{
	struct img_inode di;
	struct inode *ip;
	nsec_t time;
	int error = inode_read(img, ino, &di);

	if (error != 0)
		return error;
	if (!mode_known(di.mode) || !extent_ok(img, &di) || di.mtime < 0 ||
	    di.mtime > INT64_MAX / NSEC_PER_SEC)
		return EINVAL;
	if (ino == IMG_ROOT) {
		/* ramfs_create made the root. */
		ip = img->inodes[ino];
		if (!S_ISDIR(di.mode) || di.parent != IMG_ROOT)
			return EINVAL;
		ip->i_vnode.v_mode = di.mode;
		ip->i_vnode.v_uid = di.uid;
		ip->i_vnode.v_gid = di.gid;
		return 0;
	}
	time = di.mtime * NSEC_PER_SEC;
	error = ramfs_inode(img->fs, ino, di.mode, di.uid, di.gid, time, &ip);
	if (error != 0)
		return error;
	img->inodes[ino] = ip;
	if (S_ISREG(di.mode)) {
		ip->i_size = di.size;
		if (di.size != 0) {
			ip->i_img = &img->fs->r_extents[ino];
			ip->i_img->start = img->start + di.offset;
			ip->i_img->pages = (di.size + PAGE_MASK) >> PAGE_SHIFT;
		}
	} else if (S_ISLNK(di.mode)) {
		return link_fill(img, &di, ip);
	} else if (S_ISCHR(di.mode) || S_ISBLK(di.mode)) {
		ip->i_rdev = di.rdev;
	}
	return 0;
}

/* Names are "." and ".." free, without '/' or NUL, and rise strictly: so none is twice. */
static int
name_check(const char *name, size_t len, const char *before, size_t before_len)
{
	int order;

	if (memchr(name, '/', len) != NULL || memchr(name, '\0', len) != NULL)
		return EINVAL;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return EINVAL;
	order = memcmp(before, name, MIN(before_len, len));
	return order < 0 || (order == 0 && before_len < len) ? 0 : EINVAL;
}

static int
entry_make(struct image *img, uint32_t dir_ino, const struct img_dirent *de, const char *name)
{
	struct img_inode child;
	struct inode *ip;
	int error = inode_read(img, de->ino, &child);

	if (error != 0)
		return error;
	ip = img->inodes[de->ino];
	if (de->ino == IMG_ROOT || de->type != ((child.mode & S_IFMT) >> 12))
		return EINVAL;
	if (S_ISDIR(child.mode) && (child.parent != dir_ino || !list_empty(&ip->i_names)))
		return EINVAL;
	return ramfs_enter(img->inodes[dir_ino], name, de->len, ip);
}

static int
dir_fill(struct image *img, uint32_t ino)
{
	struct img_inode di;
	struct img_dirent de;
	char names[2][NAME_MAX + 1];
	size_t before = 0;
	int error = inode_read(img, ino, &di);

	if (error != 0 || !S_ISDIR(di.mode))
		return error;
	if (di.count > di.size / sizeof(de))
		return EINVAL;
	for (uint32_t i = 0; i < di.count; i++) {
		char *name = names[i & 1];

		error = image_read(img, di.offset + (uint64_t)i * sizeof(de), &de, sizeof(de));
		if (error != 0)
			return error;
		if (de.len == 0 || de.len > NAME_MAX || de.name > di.size || de.len > di.size - de.name)
			return EINVAL;
		error = image_read(img, di.offset + de.name, name, de.len);
		if (error == 0)
			error = name_check(name, de.len, names[~i & 1], before);
		if (error == 0)
			error = entry_make(img, ino, &de, name);
		if (error != 0)
			return error;
		before = de.len;
	}
	return 0;
}

/*
 * Everything must hang together: each inode has a name, and each directory leads up to the root
 * (a ring of directories that name one another would pass the other checks).
 */
static int
tree_check(const struct image *img)
{
	struct img_inode di;

	for (uint32_t ino = IMG_ROOT + 1; ino <= img->super.ninodes; ino++) {
		uint32_t up = ino, steps = 0;

		if (list_empty(&img->inodes[ino]->i_names) || inode_read(img, ino, &di) != 0 ||
		    (!S_ISDIR(di.mode) && di.nlink != img->inodes[ino]->i_nlink))
			return EINVAL;
		while (S_ISDIR(di.mode) && up != IMG_ROOT) {
			up = di.parent;
			if (++steps > PATH_MAX / 2 || inode_read(img, up, &di) != 0)
				return EINVAL;
		}
	}
	return 0;
}

static int
image_fill(struct image *img)
{
	size_t n = (size_t)img->super.ninodes + 1, bytes = n * sizeof(*img->inodes);
	int error = 0;

	img->inodes = kmem_alloc(bytes, ZALLOC_ZERO);
	if (img->inodes == NULL)
		return ENOMEM;
	img->fs->r_extents = kmem_alloc(n * sizeof(*img->fs->r_extents), ZALLOC_ZERO);
	if (img->fs->r_extents == NULL) {
		kmem_free(img->inodes, bytes);
		return ENOMEM;
	}
	img->fs->r_nextents = n;
	img->inodes[IMG_ROOT] = container_of(img->fs->r_mount->m_root, struct inode, i_vnode);
	for (uint32_t ino = 1; error == 0 && ino <= img->super.ninodes; ino++)
		error = inode_make(img, ino);
	for (uint32_t ino = 1; error == 0 && ino <= img->super.ninodes; ino++)
		error = dir_fill(img, ino);
	if (error == 0)
		error = tree_check(img);
	kmem_free(img->inodes, bytes);
	return error;
}

static const struct boot_module *
module_find(const char *name)
{
	for (unsigned i = 0; i < bootinfo.nmodules; i++)
		if (strcmp(bootinfo.modules[i].cmdline, name) == 0)
			return &bootinfo.modules[i];
	return NULL;
}

static int
imgfs_mount(struct mount *m, const char *from)
{
	const struct boot_module *mod = module_find(from);
	struct image img = { 0 };
	int error;

	if (mod == NULL)
		return ENOENT;
	img.start = mod->start;
	img.size = mod->end - mod->start;
	if ((error = super_check(&img)) != 0)
		return error;
	if ((error = ramfs_create(m, (uint64_t)img.super.ninodes + 1)) != 0)
		return error;
	img.fs = m->m_data;
	error = image_fill(&img);
	if (error != 0) {
		ramfs_destroy(m);
		return error;
	}
	if (mount_root() != NULL)
		m->m_flags |= MOUNT_RDONLY;
	return 0;
}

const struct fs_type imgfs_type = {
	.name = "imgfs", .mount = imgfs_mount, .busy = ramfs_busy, .unmount = ramfs_destroy,
	.stats = ramfs_stats,
};
