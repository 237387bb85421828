/*
 * The mount table.
 *
 * A mount ties the root vnode of a file system to the directory it covers; the walk goes from one
 * to the other in both directions (mount_enter, mount_leave).  The built-in file systems are
 * known by name.  A file system that has a vnode in use besides its own root cannot be unmounted,
 * and since a covered directory is in use, neither can one that carries other mounts.
 *
 * At start the root is made of the image that the loader brought ("root", else "base"), as a
 * ramfs with the image's files in it; without an image it is empty.  /dev and /proc are mounted,
 * /tmp is a directory of the root.
 *
 * Locking: mount_lock (sleeping, RANK_MOUNT) over the table and every v_covered.  The walk reads
 * v_covered without it: on one CPU nothing comes between that and the reference on the root.
 */
#include "fs/mount.h"
#include "fs/file.h"
#include "fs/name.h"
#include "fs/ramfs.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/node.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "vm/zone.h"
#include "vm/vmo.h"
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <abi/statvfs.h>

#define MOUNT_FLAGS	(MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)

LOCK_CLASS(mount_class, "mount", RANK_MOUNT);
static struct mutex mount_lock = MUTEX_INIT(mount_lock, &mount_class);
static struct list mounts = LIST_INIT(mounts);	/* [mount lock] */
static uint32_t next_dev = 1;			/* [mount lock] */
static struct vnode *root_vnode;		/* [I after LEVEL_FS] */
COUNTER(mount_count, "fs.mounts");

static const struct fs_type *const types[] = { &ramfs_type, &imgfs_type, &devfs_type, &procfs_type };

struct vnode *
mount_root(void)
{
	return root_vnode;
}

struct vnode *
mount_enter(struct vnode *vn)
{
	while (vn->v_covered != NULL) {
		struct vnode *root = vn->v_covered->m_root;

		vnode_ref(root);
		vnode_unref(vn);
		vn = root;
	}
	return vn;
}

struct vnode *
mount_leave(struct vnode *vn)
{
	struct vnode *covered;

	if (vn->v_mount->m_root != vn)
		return NULL;
	covered = vn->v_mount->m_covered;
	if (covered != NULL)
		vnode_ref(covered);
	return covered;
}

static const struct fs_type *
type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}

/* Makes a mount that is not in the table yet. */
static int
mount_make(const char *type, const char *from, uint32_t flags, struct mount **out)
{
	const struct fs_type *t = type_find(type);
	struct mount *m;
	int error;

	if (t == NULL)
		return ENODEV;
	m = kmem_alloc(sizeof(*m), ZALLOC_ZERO);
	if (m == NULL)
		return ENOMEM;
	list_init(&m->m_link);
	m->m_type = t;
	m->m_flags = flags;
	m->m_dev = next_dev++;
	strlcpy(m->m_from, from, sizeof(m->m_from));
	error = t->mount(m, from);
	if (error != 0) {
		kmem_free(m, sizeof(*m));
		return error;
	}
	kstat_add(&mount_count, 1);
	*out = m;
	return 0;
}

int
mount_at(const char *type, const char *from, struct vnode *dir, uint32_t flags)
{
	struct mount *m;
	int error;

	if ((dir->v_mode & S_IFMT) != S_IFDIR)
		return ENOTDIR;
	mutex_lock(&mount_lock);
	error = dir->v_covered != NULL || dir == root_vnode ? EBUSY : mount_make(type, from, flags, &m);
	if (error == 0) {
		vnode_ref(dir);
		m->m_covered = dir;
		dir->v_covered = m;
		list_push_back(&mounts, &m->m_link);
	}
	mutex_unlock(&mount_lock);
	return error;
}

static struct mount *
mount_of_root(struct vnode *vn)
{
	return vn->v_mount->m_root == vn ? vn->v_mount : NULL;
}

/* Consumes the caller's reference on the root. */
int
mount_detach(struct vnode *root)
{
	struct mount *m;
	struct vnode *covered;

	mutex_lock(&mount_lock);
	m = mount_of_root(root);
	if (m == NULL || m->m_covered == NULL) {
		mutex_unlock(&mount_lock);
		vnode_unref(root);
		return m == NULL ? EINVAL : EBUSY;
	}
	vnode_unref(root);
	if (m->m_root->v_refs > 1 || m->m_type->busy(m)) {
		mutex_unlock(&mount_lock);
		return EBUSY;
	}
	covered = m->m_covered;
	covered->v_covered = NULL;
	list_remove(&m->m_link);
	m->m_type->unmount(m);
	kmem_free(m, sizeof(*m));
	kstat_add(&mount_count, -1);
	mutex_unlock(&mount_lock);
	vnode_unref(covered);
	return 0;
}

void
mount_each(void (*fn)(void *, struct mount *), void *ctx)
{
	struct mount *m;

	mutex_lock(&mount_lock);
	list_for_each(m, &mounts, m_link)
		fn(ctx, m);
	mutex_unlock(&mount_lock);
}

/* --- calls --- */

static int
remount(struct vnode *vn, uint32_t flags)
{
	struct mount *m = mount_of_root(vn);

	if (m == NULL)
		return EINVAL;
	mutex_lock(&mount_lock);
	m->m_flags = flags;
	mutex_unlock(&mount_lock);
	return 0;
}

int
sys_mount(const char *type, const char *from, const char *path, unsigned long flags)
{
	struct vnode *vn;
	int error;

	if ((flags & ~(unsigned long)(MOUNT_FLAGS | MOUNT_REMOUNT)) != 0)
		return EINVAL;
	if (!cred_super(cred_current()))
		return EPERM;
	error = name_vnode(AT_FDCWD, path, NAME_FOLLOW | NAME_DIR, &vn);
	if (error != 0)
		return error;
	if ((flags & MOUNT_REMOUNT) != 0)
		error = remount(vn, (uint32_t)flags & MOUNT_FLAGS);
	else
		error = mount_at(type, from, vn, (uint32_t)flags);
	vnode_unref(vn);
	return error;
}

int
sys_umount(const char *path, int flags)
{
	struct vnode *vn;
	int error;

	if (flags != 0)
		return EINVAL;
	if (!cred_super(cred_current()))
		return EPERM;
	error = name_vnode(AT_FDCWD, path, NAME_FOLLOW, &vn);
	return error != 0 ? error : mount_detach(vn);
}

static int
fill_statvfs(struct vnode *vn, struct abi_statvfs *st)
{
	struct mount *m = vn->v_mount;
	struct fs_stats s = { 0 };

	m->m_type->stats(m, &s);
	st->bsize = st->frsize = PAGE_SIZE;
	st->blocks = s.blocks;
	st->bfree = st->bavail = s.free;
	st->files = s.files;
	st->ffree = st->favail = s.files_free;
	st->fsid = m->m_dev;
	st->flag = m->m_flags;		/* ST_* are MOUNT_* */
	st->namemax = NAME_MAX;
	strlcpy(st->basetype, m->m_type->name, sizeof(st->basetype));
	return 0;
}
_Static_assert(ST_RDONLY == MOUNT_RDONLY && ST_NOSUID == MOUNT_NOSUID && ST_NODEV == MOUNT_NODEV &&
    ST_NOEXEC == MOUNT_NOEXEC, "statvfs flags are mount flags");

int
sys_statvfs(const char *path, struct abi_statvfs *st)
{
	struct vnode *vn;
	int error = name_vnode(AT_FDCWD, path, NAME_FOLLOW, &vn);

	if (error != 0)
		return error;
	error = fill_statvfs(vn, st);
	vnode_unref(vn);
	return error;
}

int
sys_fstatvfs(struct node *fd, struct abi_statvfs *st)
{
	struct vnode *vn = vnode_of(fd);

	return vn == NULL ? EINVAL : fill_statvfs(vn, st);
}

int
sys_sync(void)
{
	vmo_sync_all();
	return 0;
}

/* --- the first mounts --- */

static void
attach(const char *type, const char *name, uint32_t perm, uint32_t flags)
{
	struct vnode *dir;
	int error = ramfs_mkdir(root_vnode, name, strlen(name), perm, &dir);

	if (error == 0 && type != NULL)
		error = mount_at(type, type, dir, flags);
	if (error != 0)
		panic("/%s: error %d", name, error);
	vnode_unref(dir);
}

static void
mount_init(void)
{
	static const char *const images[] = { "root", "base" };
	struct mount *m = NULL;
	int error = ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(images) && m == NULL; i++) {
		error = mount_make("imgfs", images[i], 0, &m);
		if (error != 0 && error != ENOENT)
			log_warn("image %s: error %d", images[i], error);
	}
	if (m == NULL && (error = mount_make("ramfs", "none", 0, &m)) != 0)
		panic("no root file system: error %d", error);
	list_push_back(&mounts, &m->m_link);
	root_vnode = m->m_root;
	attach("devfs", "dev", 0755, MOUNT_NOSUID | MOUNT_NOEXEC);
	attach("procfs", "proc", 0555, MOUNT_NOSUID | MOUNT_NOEXEC | MOUNT_NODEV);
	attach(NULL, "tmp", 01777, 0);
}
INIT(mount_init, LEVEL_FS);
