/*
 * ramfs: files in memory.
 *
 * 1. One tree of names for all built-in file systems that have one.  The root is a ramfs filled
 * from the boot image (fs/imgfs.c), /dev one with devices in it (fs/devfs.c), and
 * mount -t ramfs gives empty ones.  So no union of layers is needed for "a writable layer over a
 * read-only image": the inodes are made at mount, the file data stay in the image's
 * frames, which are the pages of the files' VMOs until somebody writes.
 *
 * 2. Objects.  An inode is a vnode with attributes.  An entry is a name in a directory: it is in one
 * hash table of all directories (so the table of names is the name cache, and cannot be stale), in
 * its directory's list by rising cookie (readdir positions survive changes), and in its inode's
 * list of names (getcwd, /proc/PID/exe).  While an inode has names the tree holds one
 * reference on it; open files and walks hold more.  The last one frees the inode and its data.
 *
 * 3. Data are a vnode VMO, made at the first need: nothing is spent on empty files or on those of
 * the image that nobody reads.  Holes cost nothing.  A file system may fill memory up to a reserve
 * (a sixteenth of all), then growing is ENOSPC.
 *
 * 4. Locking.  tree_lock (spin) is over names, link counts and attributes of every ramfs: the
 * critical sections are a few dozen instructions.  Nothing is allocated or freed under it.  Who
 * changes names holds the directory's v_lock too, who writes data the file's.
 *
 * Budgets (instructions): a lookup 60 + 4 a byte, getattr 90.
 */
#include "fs/ramfs.h"
#include "fs/file.h"
#include "fs/name.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "vm/page.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/zone.h"
#include <abi/stat.h>

#define NHASH		2048u		/* chains; a power of two */
#define FIRST_COOKIE	2u		/* 0 is ".", 1 is ".." */
#define LINKS_MAX	65000u
#define WRITE_PIECE	(1u << 20)	/* bytes between two looks at what is free */
#define SIZE_MAX_FILE	((int64_t)1 << 47)	/* what a VMO can hold */

struct entry {
	struct entry *e_chain;		/* [t] */
	struct list e_link;		/* [t] its directory's */
	struct list e_names;		/* [t] its inode's */
	struct inode *e_dir;		/* [t] */
	struct inode *e_inode;		/* [t] */
	uint64_t e_cookie;		/* [t] */
	uint32_t e_hash;		/* [I] */
	uint16_t e_len;			/* [I] */
	char e_name[];			/* [I] */
};

LOCK_CLASS(tree_class, "ramfs tree", RANK_TREE);
static struct spin tree_lock = SPIN_INIT(&tree_class);
static struct entry *hash_table[NHASH];		/* [t] */
static struct list all_ramfs = LIST_INIT(all_ramfs);	/* [t] */
ZONE(inode_zone, struct inode);
COUNTER(inode_count, "fs.inodes");
COUNTER(entry_count, "fs.names");

static const struct vnode_ops file_vops, dir_vops, link_vops, dev_vops, fifo_vops, sock_vops;

static struct inode *
inode_of(struct vnode *vn)
{
	return container_of(vn, struct inode, i_vnode);
}

static bool
is_dir(const struct inode *ip)
{
	return (ip->i_vnode.v_mode & S_IFMT) == S_IFDIR;
}

static bool
is_reg(const struct inode *ip)
{
	return ip->i_vnode.v_ops == &file_vops;
}

/* --- names --- */

static inline uint32_t
hash_start(const struct inode *dir)
{
	return 2166136261u ^ (uint32_t)((uintptr_t)dir >> 6);
}

static inline uint32_t
hash_byte(uint32_t h, char c)
{
	return (h ^ (uint8_t)c) * 16777619u;
}

static inline uint32_t
hash_end(uint32_t h)
{
	return h ^ h >> 15;
}

static uint32_t
name_hash(const struct inode *dir, const char *name, size_t len)
{
	uint32_t h = hash_start(dir);

	for (size_t i = 0; i < len; i++)
		h = hash_byte(h, name[i]);
	return hash_end(h);
}

static inline bool
name_equal(const char *a, const char *b, size_t n)
{
	uint64_t x, y;

	for (; n >= 8; n -= 8, a += 8, b += 8) {
		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		if (x != y)
			return false;
	}
	while (n > 0 && *a == *b)
		n--, a++, b++;
	return n == 0;
}

/* tree_lock held, as in the next. */
static inline struct entry *
entry_find_hash(const struct inode *dir, const char *name, size_t len, uint32_t h)
{
	struct entry *e;

	for (e = hash_table[h % NHASH]; e != NULL; e = e->e_chain)
		if (e->e_hash == h && e->e_dir == dir && e->e_len == len &&
		    name_equal(e->e_name, name, len))
			return e;
	return NULL;
}

static struct entry *
entry_find(const struct inode *dir, const char *name, size_t len)
{
	return entry_find_hash(dir, name, len, name_hash(dir, name, len));
}

static size_t
entry_size(size_t len)
{
	return offsetof(struct entry, e_name) + len;
}

static struct entry *
entry_alloc(const struct inode *dir, const char *name, size_t len)
{
	struct entry *e = kmem_alloc(entry_size(len), 0);

	if (e == NULL)
		return NULL;
	e->e_hash = name_hash(dir, name, len);
	e->e_len = (uint16_t)len;
	memcpy(e->e_name, name, len);
	kstat_add(&entry_count, 1);
	return e;
}

static void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	kstat_add(&entry_count, -1);
	kmem_free(e, entry_size(e->e_len));
}

/* tree_lock held, as in the next two.  Link counts of files are the caller's business. */
static void
entry_insert(struct entry *e, struct inode *dir, struct inode *ip)
{
	e->e_dir = dir;
	e->e_inode = ip;
	e->e_cookie = dir->i_cookie++;
	e->e_chain = hash_table[e->e_hash % NHASH];
	hash_table[e->e_hash % NHASH] = e;
	list_push_back(&dir->i_entries, &e->e_link);
	list_push_back(&ip->i_names, &e->e_names);
	dir->i_count++;
	if (is_dir(ip))
		dir->i_nlink++;
}

static void
entry_remove(struct entry *e)
{
	struct inode *dir = e->e_dir;
	struct entry **p = &hash_table[e->e_hash % NHASH];

	while (*p != e)
		p = &(*p)->e_chain;
	*p = e->e_chain;
	if (dir->i_hint == e)
		dir->i_hint = NULL;
	list_remove(&e->e_link);
	list_remove(&e->e_names);
	dir->i_count--;
	if (is_dir(e->e_inode))
		dir->i_nlink--;
}

static void
touch_dir(struct inode *dir, nsec_t now)
{
	dir->i_mtime = dir->i_ctime = now;
}

/* --- inodes --- */

static const struct vnode_ops *
ops_for(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &file_vops;
	case S_IFDIR:
		return &dir_vops;
	case S_IFLNK:
		return &link_vops;
	case S_IFIFO:
		return &fifo_vops;
	case S_IFSOCK:
		return &sock_vops;
	default:
		return &dev_vops;
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

static void
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
	if (ip->i_vnode.v_ops == &dev_vops && ip->i_dev != NULL)
		device_put(ip->i_dev);
	kstat_add(&inode_count, -1);
	zone_free(inode_zone, ip);
}

static void
ramfs_inactive(struct vnode *vn)
{
	struct inode *ip = inode_of(vn);

	ASSERT(ip->i_nlink == 0 && list_empty(&ip->i_names));
	inode_free(ip);
}

/* Gives ip the name of `e'.  ENOENT, EMLINK: nothing was done. */
static int
enter(struct inode *dir, struct entry *e, struct inode *ip, nsec_t now)
{
	int error = 0;

	spin_lock(&tree_lock);
	if (dir->i_nlink == 0) {
		error = ENOENT;
	} else if (ip->i_nlink >= LINKS_MAX) {
		error = EMLINK;
	} else {
		ip->i_nlink += is_dir(ip) ? 2 : 1;
		entry_insert(e, dir, ip);
		ip->i_ctime = now;
		touch_dir(dir, now);
	}
	spin_unlock(&tree_lock);
	return error;
}

int
ramfs_enter(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct entry *e = entry_alloc(dir, name, len);
	nsec_t ctime = ip->i_ctime, dtime = dir->i_mtime;
	int error;

	if (e == NULL)
		return ENOMEM;
	error = enter(dir, e, ip, ctime);
	if (error != 0) {
		entry_free(e);
		return error;
	}
	touch_dir(dir, dtime);
	return 0;
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
	ip->i_vnode.v_ops = &dev_vops;
	ip->i_dev = d;
	ip->i_rdev = rdev;
}

/* --- directory operations --- */

static int
ramfs_lookup(struct vnode *dvn, const char *name, size_t len, struct vnode **out)
{
	struct entry *e;
	int error = ENOENT;

	spin_lock(&tree_lock);
	e = entry_find(inode_of(dvn), name, len);
	if (e != NULL) {
		*out = &e->e_inode->i_vnode;
		vnode_ref(*out);
		error = 0;
	}
	spin_unlock(&tree_lock);
	return error;
}

/* One step of the walk; NULL: it is not a plain one.  *rest moves behind the name. */
static inline struct inode *
walk_step(struct inode *dir, const struct cred *cred, const char **rest, bool parent)
{
	const char *name = *rest, *end;
	uint32_t h = hash_start(dir), type;
	struct entry *e;

	if (cred->euid != 0 && vnode_access(&dir->i_vnode, cred, 1) != 0)
		return NULL;
	while (*name == '/')
		name++;
	for (end = name; *end != '/' && *end != '\0'; end++)
		h = hash_byte(h, *end);
	if (*end == '\0' && parent)
		return NULL;
	/* Dots are in no directory: they are not found.  Neither is the empty name. */
	e = entry_find_hash(dir, name, (size_t)(end - name), hash_end(h));
	if (e == NULL || e->e_inode->i_vnode.v_covered != NULL)
		return NULL;
	type = e->e_inode->i_vnode.v_mode & S_IFMT;
	if (type == S_IFLNK)
		return NULL;
	if (*end == '/') {
		const char *next = end;

		while (*next == '/')
			next++;
		if (type != S_IFDIR || *next == '\0')
			return NULL;
	}
	*rest = end;
	return e->e_inode;
}

static struct vnode *
ramfs_walk(struct vnode *dvn, const struct cred *cred, const char **rest, bool parent)
{
	struct inode *dir = inode_of(dvn), *next;

	spin_lock(&tree_lock);
	while (**rest != '\0' && (next = walk_step(dir, cred, rest, parent)) != NULL) {
		dir = next;
		if (!is_dir(dir))
			break;
	}
	if (&dir->i_vnode != dvn)
		vnode_ref(&dir->i_vnode);
	spin_unlock(&tree_lock);
	if (&dir->i_vnode != dvn)
		vnode_unref(dvn);
	return &dir->i_vnode;
}

static bool
space_low(void)
{
	return page_free_count() < page_total() / 16;
}

static int
make(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t uid, uint32_t gid,
    const char *target, uint64_t rdev, struct vnode **out)
{
	struct ramfs *fs = dir->i_vnode.v_mount->m_data;
	nsec_t now = clock_realtime();
	struct entry *e;
	struct inode *ip;
	int error;

	if (space_low())
		return ENOSPC;
	e = entry_alloc(dir, name, len);
	if (e == NULL)
		return ENOSPC;
	error = ramfs_inode(fs, 0, mode, uid, gid, now, &ip);
	if (error != 0)
		goto free_entry;
	if (ip->i_vnode.v_ops == &dev_vops)
		ip->i_rdev = rdev;
	if (target != NULL && (error = ramfs_target(ip, target, strlen(target))) != 0)
		goto free_inode;
	if (out != NULL)
		vnode_ref(&ip->i_vnode);
	error = enter(dir, e, ip, now);
	if (error != 0)
		goto free_inode;
	if (out != NULL)
		*out = &ip->i_vnode;
	return 0;
free_inode:
	inode_free(ip);
free_entry:
	entry_free(e);
	return error;
}

static int
ramfs_make(struct vnode *dvn, const char *name, size_t len, uint32_t mode, uint64_t rdev,
    uint32_t uid, uint32_t gid, struct vnode **out)
{
	return make(inode_of(dvn), name, len, mode, uid, gid, NULL, rdev, out);
}

static int
ramfs_symlink(struct vnode *dvn, const char *name, size_t len, const char *target, uint32_t uid,
    uint32_t gid)
{
	return make(inode_of(dvn), name, len, S_IFLNK | 0777, uid, gid, target, 0, NULL);
}

static int
ramfs_link(struct vnode *dvn, const char *name, size_t len, struct vnode *vn)
{
	struct inode *dir = inode_of(dvn), *ip = inode_of(vn);
	struct entry *e = entry_alloc(dir, name, len);
	int error;

	if (e == NULL)
		return ENOSPC;
	/* A file whose last name went is not brought back: its tree reference is gone. */
	error = ip->i_nlink == 0 ? ENOENT : enter(dir, e, ip, clock_realtime());
	if (error != 0)
		entry_free(e);
	return error;
}

/* Takes a name away; tree_lock held.  True when the tree's reference has to be dropped. */
static bool
drop_name(struct entry *e, nsec_t now)
{
	struct inode *ip = e->e_inode;

	touch_dir(e->e_dir, now);
	entry_remove(e);
	ip->i_ctime = now;
	ip->i_nlink -= is_dir(ip) ? 2 : 1;
	return ip->i_nlink == 0;
}

static int
ramfs_unlink(struct vnode *dvn, const char *name, size_t len, struct vnode *vn)
{
	nsec_t now = clock_realtime();
	struct entry *e;
	bool last = false;
	int error = 0;

	spin_lock(&tree_lock);
	e = entry_find(inode_of(dvn), name, len);
	if (e == NULL || &e->e_inode->i_vnode != vn) {
		e = NULL;
		error = ENOENT;
	} else if (is_dir(e->e_inode) && e->e_inode->i_count != 0) {
		e = NULL;
		error = ENOTEMPTY;
	} else {
		last = drop_name(e, now);
	}
	spin_unlock(&tree_lock);
	entry_free(e);
	if (last)
		vnode_unref(vn);
	return error;
}

static int
ramfs_rename(struct vnode *fdir, const char *fname, size_t flen, struct vnode *v, struct vnode *tdir,
    const char *tname, size_t tlen, struct vnode *over)
{
	struct inode *ip = inode_of(v), *to = inode_of(tdir);
	struct entry *e = entry_alloc(to, tname, tlen), *from, *old;
	nsec_t now = clock_realtime();
	bool last = false;
	int error = 0;

	if (e == NULL)
		return ENOSPC;
	spin_lock(&tree_lock);
	from = entry_find(inode_of(fdir), fname, flen);
	old = entry_find(to, tname, tlen);
	if (from == NULL || from->e_inode != ip || to->i_nlink == 0 ||
	    (old != NULL ? &old->e_inode->i_vnode : NULL) != over)
		error = ENOENT;
	else if (old != NULL && is_dir(old->e_inode) && old->e_inode->i_count != 0)
		error = ENOTEMPTY;
	if (error == 0) {
		if (old != NULL)
			last = drop_name(old, now);
		entry_remove(from);
		entry_insert(e, to, ip);
		ip->i_ctime = now;
		touch_dir(inode_of(fdir), now);
		touch_dir(to, now);
	}
	spin_unlock(&tree_lock);
	if (error != 0) {
		entry_free(e);
		return error;
	}
	entry_free(from);
	entry_free(old);
	if (last)
		vnode_unref(over);
	return 0;
}

static uint64_t
parent_ino(const struct inode *dir)
{
	if (list_empty(&dir->i_names))
		return dir->i_vnode.v_ino;
	return list_first(&dir->i_names, struct entry, e_names)->e_dir->i_vnode.v_ino;
}

/* The first entry whose cookie is at least `off'; tree_lock held. */
static struct list *
readdir_start(struct inode *dir, uint64_t off)
{
	struct entry *e;

	if (dir->i_hint != NULL && dir->i_hint->e_cookie == off)
		return &dir->i_hint->e_link;
	if (off >= dir->i_cookie)
		return &dir->i_entries;
	list_for_each(e, &dir->i_entries, e_link)
		if (e->e_cookie >= off)
			return &e->e_link;
	return &dir->i_entries;
}

static int
ramfs_readdir(struct vnode *dvn, int64_t *off, dirent_fn fn, void *ctx)
{
	struct inode *dir = inode_of(dvn);
	struct list *l;
	int full = 0;

	spin_lock(&tree_lock);
	if (*off <= 0 && (full = fn(ctx, dvn->v_ino, S_IFDIR >> 12, ".", 1, 1)) == 0)
		*off = 1;
	if (full == 0 && *off == 1 &&
	    (full = fn(ctx, parent_ino(dir), S_IFDIR >> 12, "..", 2, FIRST_COOKIE)) == 0)
		*off = FIRST_COOKIE;
	l = full != 0 ? &dir->i_entries : readdir_start(dir, (uint64_t)*off);
	for (; l != &dir->i_entries; l = l->next) {
		struct entry *e = list_entry(l, struct entry, e_link);
		struct vnode *vn = &e->e_inode->i_vnode;

		if (fn(ctx, vn->v_ino, (uint8_t)((vn->v_mode & S_IFMT) >> 12), e->e_name, e->e_len,
		    (int64_t)e->e_cookie + 1) != 0) {
			*off = (int64_t)e->e_cookie;
			dir->i_hint = e;
			break;
		}
		*off = (int64_t)e->e_cookie + 1;
	}
	dir->i_atime = clock_realtime();
	spin_unlock(&tree_lock);
	return 0;
}

static int
ramfs_parent(struct vnode *dvn, struct vnode **out)
{
	struct inode *dir = inode_of(dvn);
	int error = 0;

	spin_lock(&tree_lock);
	if (!list_empty(&dir->i_names))
		dir = list_first(&dir->i_names, struct entry, e_names)->e_dir;
	if (dir->i_nlink == 0)
		error = ENOENT;
	else
		vnode_ref(&dir->i_vnode);
	spin_unlock(&tree_lock);
	*out = &dir->i_vnode;
	return error;
}

static int
ramfs_name(struct vnode *vn, char *buf, size_t size, size_t *len, struct vnode **dir)
{
	struct entry *e;
	int error = ENOENT;

	spin_lock(&tree_lock);
	e = list_first(&inode_of(vn)->i_names, struct entry, e_names);
	if (e != NULL && e->e_len > size) {
		error = ERANGE;
	} else if (e != NULL) {
		memcpy(buf, e->e_name, e->e_len);
		*len = e->e_len;
		*dir = &e->e_dir->i_vnode;
		vnode_ref(*dir);
		error = 0;
	}
	spin_unlock(&tree_lock);
	return error;
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
file_size(const struct inode *ip)
{
	return ip->i_vmo != NULL ? vmo_size(ip->i_vmo) : ip->i_size;
}

static uint64_t
file_blocks(const struct inode *ip, uint64_t size)
{
	if (ip->i_img != NULL)
		return ROUND_UP(size, (uint64_t)PAGE_SIZE) / 512;
	return ip->i_vmo != NULL ? vmo_pages(ip->i_vmo) * (PAGE_SIZE / 512) : 0;
}

static int
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
	} else if (vn->v_ops == &dev_vops) {
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

static int file_resize(struct inode *, uint64_t);

static int
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

/* --- data --- */

/*
 * A page of the image is the file's page as it is; the VMO copies it before a write.  Where the
 * image's part was cut off and the file grew again there are zeros.
 */
static int
image_get(struct vmo *vmo, void *cookie, uint64_t index, struct page **out)
{
	const struct img_extent *ext = cookie;
	struct page *p;

	if (index < ext->pages) {
		p = page_of(ext->start + (index << PAGE_SHIFT));
		VERIFY(p != NULL);
		page_ref(p);
	} else {
		p = vmo_page_new(vmo, PAGE_ZERO);
		if (p == NULL)
			return ENOMEM;
	}
	*out = p;
	return 0;
}

static const struct vmo_pager image_pager = { .get = image_get, .direct = true };

/* The file's VMO, not referenced for the caller (the inode keeps it). */
static int
file_vmo(struct inode *ip, struct vmo **out)
{
	struct vmo *vmo = ip->i_vmo;
	int error;

	if (vmo == NULL) {
		error = vmo_create_vnode(ip->i_size, ip->i_img != NULL ? &image_pager : NULL, ip->i_img, &vmo);
		if (error != 0)
			return error;
		spin_lock(&tree_lock);
		if (ip->i_vmo == NULL) {
			ip->i_vmo = vmo;
			vmo = NULL;
		}
		spin_unlock(&tree_lock);
		if (vmo != NULL)
			vmo_unref(vmo);
		vmo = ip->i_vmo;
	}
	*out = vmo;
	return 0;
}

static int
ramfs_vmo(struct vnode *vn, struct vmo **out)
{
	int error = file_vmo(inode_of(vn), out);

	if (error == 0)
		vmo_ref(*out);
	return error;
}

/* v_lock held. */
static int
file_resize(struct inode *ip, uint64_t size)
{
	struct vmo *vmo;
	uint64_t old = file_size(ip);
	int error;

	if (size > (uint64_t)SIZE_MAX_FILE)
		return EFBIG;
	if (size == old)
		return 0;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error;
	if ((error = vmo_set_size(vmo, size)) != 0)
		return error;
	if (ip->i_img != NULL)
		ip->i_img->pages = MIN(ip->i_img->pages, (size + PAGE_MASK) >> PAGE_SHIFT);
	return 0;
}

static int
ramfs_read(struct vnode *vn, int64_t off, struct uio *uio)
{
	struct inode *ip = inode_of(vn);
	struct vmo *vmo;
	int error;

	if (ip->i_vmo == NULL && (uint64_t)off >= ip->i_size)
		return 0;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error;
	error = vmo_uio(vmo, (uint64_t)off, uio);
	ip->i_atime = clock_realtime();
	return error;
}

/* Whether a write up to `end' may have to find pages. */
static bool
needs_pages(const struct inode *ip, struct vmo *vmo, uint64_t end)
{
	return end > vmo_size(vmo) || ip->i_img != NULL ||
	    vmo_pages(vmo) < (end + PAGE_MASK) >> PAGE_SHIFT;
}

/*
 * The size is set first, so that the copy goes straight into the file's pages; what a fault in
 * the middle left unwritten is taken back.
 */
static int
write_piece(struct inode *ip, struct vmo *vmo, uint64_t start, struct uio *uio)
{
	uint64_t resid = uio->resid, end = start + resid, old = vmo_size(vmo), reached;
	int error, undo;

	if (space_low() && needs_pages(ip, vmo, end))
		return ENOSPC;
	if (end > old && (error = vmo_set_size(vmo, end)) != 0)
		return error;
	error = vmo_uio(vmo, start, uio);
	reached = start + (resid - uio->resid);
	if (end > old && reached < end) {
		undo = vmo_set_size(vmo, uio->resid == resid ? old : MAX(old, reached));
		if (undo != 0 && error == 0)
			error = undo;
	}
	return error;
}

/* v_lock held.  In pieces, so that a large write stops at the reserve and does not eat it. */
static int
ramfs_write(struct vnode *vn, int64_t off, struct uio *uio)
{
	struct inode *ip = inode_of(vn);
	uint64_t left, moved = 0, keep;
	struct vmo *vmo;
	int error;

	if (off < 0 || off >= SIZE_MAX_FILE)
		return EFBIG;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error == ENOMEM ? ENOSPC : error;
	left = MIN(uio->resid, (uint64_t)SIZE_MAX_FILE - (uint64_t)off);
	while (left > 0 && error == 0) {
		uint64_t piece = MIN(left, (uint64_t)WRITE_PIECE);

		keep = uio->resid - piece;
		uio->resid = piece;
		error = write_piece(ip, vmo, (uint64_t)off + moved, uio);
		piece -= uio->resid;
		uio->resid += keep;
		moved += piece;
		left -= piece;
		if (piece == 0)
			break;
	}
	if (moved != 0) {
		nsec_t now = clock_realtime();

		spin_lock(&tree_lock);
		ip->i_mtime = ip->i_ctime = now;
		spin_unlock(&tree_lock);
	}
	return error == ENOMEM ? ENOSPC : error;
}

static int
ramfs_seek(struct vnode *vn, int64_t off, bool hole, int64_t *result)
{
	struct inode *ip = inode_of(vn);
	uint64_t size = file_size(ip), at;

	if (off < 0 || (uint64_t)off >= size)
		return ENXIO;
	if (ip->i_img != NULL)
		at = hole ? size : (uint64_t)off;
	else if (ip->i_vmo == NULL)
		at = hole ? (uint64_t)off : size;
	else
		at = hole ? vmo_seek_hole(ip->i_vmo, (uint64_t)off) :
		    vmo_seek_data(ip->i_vmo, (uint64_t)off);
	if (!hole && at >= size)
		return ENXIO;
	*result = (int64_t)MIN(at, size);
	return 0;
}

static int
ramfs_noopen(struct vnode *vn, uint32_t flags, struct node **out)
{
	return ENXIO;
}

#define COMMON_VOPS \
	.create = vnode_nocreate, .symlink = vnode_nosymlink, .link = vnode_nolink, \
	.unlink = vnode_nolink, .rmdir = vnode_nolink, .rename = vnode_norename, \
	.lookup = vnode_nolookup, .readdir = vnode_noreaddir, .parent = vnode_noparent, \
	.name = ramfs_name, .getattr = ramfs_getattr, .setattr = ramfs_setattr, \
	.inactive = ramfs_inactive

static const struct vnode_ops dir_vops = {
	.walk = ramfs_walk, .lookup = ramfs_lookup, .create = ramfs_make, .symlink = ramfs_symlink, .link = ramfs_link,
	.unlink = ramfs_unlink, .rmdir = ramfs_unlink, .rename = ramfs_rename,
	.readdir = ramfs_readdir, .parent = ramfs_parent, .name = ramfs_name,
	.readlink = vnode_noreadlink, .getattr = ramfs_getattr, .setattr = ramfs_setattr,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
	.inactive = ramfs_inactive,
};
static const struct vnode_ops file_vops = {
	COMMON_VOPS, .readlink = vnode_noreadlink,
	.read = ramfs_read, .write = ramfs_write, .vmo = ramfs_vmo, .seek = ramfs_seek,
};
static const struct vnode_ops link_vops = {
	COMMON_VOPS, .readlink = ramfs_readlink,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
static const struct vnode_ops dev_vops = {
	COMMON_VOPS, .readlink = vnode_noreadlink, .open = devfs_open,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
static const struct vnode_ops fifo_vops = {
	COMMON_VOPS, .readlink = vnode_noreadlink, .open = fifo_file_open,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
};
static const struct vnode_ops sock_vops = {
	COMMON_VOPS, .readlink = vnode_noreadlink, .open = ramfs_noopen,
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

int
ramfs_mkdir(struct vnode *dvn, const char *name, size_t len, uint32_t perm, struct vnode **out)
{
	int error;

	mutex_lock(&dvn->v_lock);
	error = ramfs_lookup(dvn, name, len, out);
	if (error == ENOENT)
		error = ramfs_make(dvn, name, len, S_IFDIR | perm, 0, 0, 0, out);
	mutex_unlock(&dvn->v_lock);
	return error;
}
