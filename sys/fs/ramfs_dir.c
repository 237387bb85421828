/*
 * ramfs: names and directories.
 *
 * A name is in one hash table of all directories (so the table of names is the name cache, and cannot be
 * stale), in its directory's list by rising cookie (readdir positions survive changes), and in its inode's list
 * of names (getcwd, /proc/PID/exe).  While an inode has names the tree holds one reference on it.
 *
 * tree_lock is held over all of these; nothing is allocated or freed under it.  Who changes names holds the
 * directory's v_lock too.
 *
 * Budget (instructions): a lookup 60 + 4 a byte.
 */
#include "fs/ramfs_impl.h"
#include "fs/name.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "kern/time.h"
#include "vm/zone.h"

#define NHASH		2048u		/* chains; a power of two */
#define LINKS_MAX	65000u

static struct entry *hash_table[NHASH];		/* [t] */
COUNTER(entry_count, "fs.names");

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

void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	kstat_add(&entry_count, -1);
	kmem_free(e, entry_size(e->e_len));
}

/* tree_lock held, as in the next two. */
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

void
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
	if (ip->i_vnode.v_ops == &ramfs_dev_vops)
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

int
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

const struct vnode_ops ramfs_dir_vops = {
	.walk = ramfs_walk, .lookup = ramfs_lookup, .create = ramfs_make, .symlink = ramfs_symlink, .link = ramfs_link,
	.unlink = ramfs_unlink, .rmdir = ramfs_unlink, .rename = ramfs_rename,
	.readdir = ramfs_readdir, .parent = ramfs_parent, .name = ramfs_name,
	.readlink = vnode_noreadlink, .getattr = ramfs_getattr, .setattr = ramfs_setattr,
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek,
	.inactive = ramfs_inactive,
};
