// SOURCES: sys/fs/vnode.c sys/fs/name.c sys/fs/file.c sys/fs/open.c sys/fs/stat.c sys/fs/dir.c sys/fs/fsctx.c sys/fs/ramfs.c sys/fs/ramfs_dir.c sys/fs/ramfs_file.c sys/fs/imgfs.c sys/fs/devfs.c sys/fs/reclock.c sys/kern/cred.c sys/kern/node.c sys/kern/wait.c sys/kern/account.c sys/kern/request.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/uio.c sys/kern/string.c test/host/shim/kernel.c
/*
 * The path walk and what is made of it, through the bodies of the calls: every errno of the walk,
 * links, rights of directory descriptors, rename's rules under random operations, record locks
 * against a byte-by-byte model, and images with every kind of damage.  Every part must give
 * back all that it allocated.
 */
#include <stdlib.h>
#include "../../sys/fs/mount.c"
#include "fs/devfs.h"
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/procfs.h"
#include "fs/ramfs.h"
#include "fs/reclock.h"
#include "host.h"
#include "kern/desctab.h"
#include "kern/proc.h"
#include "kern/random.h"
#include "kern/thr.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/page.h"
#include "vm/vmo.h"
#include <abi/dirent.h>
#include <abi/image.h>
#include <abi/rights.h>
#include "ipc/ev.h"

/* Nobody watches these folders. */
void
ev_post(const void *owner, unsigned type, const struct abi_event *body)
{
}

/* --- what the modules need of the rest of the kernel --- */

struct bootinfo bootinfo;
const struct fs_type procfs_type = { .name = "procfs" };
int (*vmo_path_hook)(struct vmo *, char *, size_t);

struct vmo {
	uint32_t refs;
	uint64_t size;
	char *data;
	const struct vmo_pager *pager;
	void *cookie;
};

int
vmo_create_vnode(uint64_t size, const struct vmo_pager *pager, void *cookie, struct vmo **out)
{
	struct vmo *v = kmem_alloc(sizeof(*v), ZALLOC_ZERO);

	if (v == NULL)
		return ENOMEM;
	*v = (struct vmo){ 1, size, calloc(1, size + 1), pager, cookie };
	*out = v;
	for (uint64_t i = 0; pager != NULL && i < ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE; i++) {
		struct page *p;

		if (pager->get(v, cookie, i, &p) == 0)
			memcpy(v->data + i * PAGE_SIZE, (void *)(uintptr_t)page_addr(p),
			    MIN(PAGE_SIZE, size - i * PAGE_SIZE));
	}
	return 0;
}

struct page *
vmo_page_new(struct vmo *v, uint32_t flags)
{
	return page_alloc(PAGE_VMO, flags);
}

int
vmo_create(uint64_t size, struct vmo **out)
{
	return vmo_create_vnode(0, NULL, NULL, out);
}

void owner_seen(const void *object) {}
void vmo_sync_all(void) {}
void vmo_seen(struct vmo *v) {}

void
vmo_ref(struct vmo *v)
{
	v->refs++;
}

void
vmo_unref(struct vmo *v)
{
	if (--v->refs == 0) {
		free(v->data);
		kmem_free(v, sizeof(*v));
	}
}

uint64_t
vmo_size(struct vmo *v)
{
	return v->size;
}

int
vmo_set_size(struct vmo *v, uint64_t size)
{
	v->data = realloc(v->data, size + 1);
	if (size > v->size)
		memset(v->data + v->size, 0, size - v->size);
	v->size = size;
	return 0;
}

int
vmo_uio(struct vmo *v, uint64_t off, struct uio *u)
{
	if (off >= v->size)
		return (u->flags & UIO_WRITE) != 0 && u->resid != 0 ? EFBIG : 0;
	return uio_move(v->data + off, MIN(v->size - off, u->resid), u);
}

uint64_t
vmo_pages(struct vmo *v)
{
	return (v->size + PAGE_MASK) / PAGE_SIZE;
}

uint64_t
vmo_seek_data(struct vmo *v, uint64_t off)
{
	return off;
}

uint64_t
vmo_seek_hole(struct vmo *v, uint64_t off)
{
	return v->size;
}

struct vmo *
vmo_file(struct vmo *v)
{
	return v;
}

uint32_t
vmo_refs(struct vmo *v)
{
	return v->refs;
}

static struct {
	struct page page;		/* first: as shim/kernel.c's pages are */
	void *data;
} image_pages[64];
static char *image;

struct page *
page_of(paddr_t pa)
{
	size_t i = (size_t)(pa - (uintptr_t)image) / PAGE_SIZE;

	if (i >= ARRAY_SIZE(image_pages))
		return NULL;
	image_pages[i].data = image + i * PAGE_SIZE;
	return &image_pages[i].page;
}

void
page_ref(struct page *p)
{
}

uint64_t
page_total(void)
{
	return 65536;
}

uint64_t
page_free_count(void)
{
	return 32768;
}

int
procfs_fd_get(struct vnode *vn, struct node **out, uint32_t *rights)
{
	return ENOENT;
}

int
fifo_open(void **slot, uint32_t flags, struct node **out)
{
	return ENXIO;
}

void
log_warn(const char *fmt, ...)
{
}

void
log_printf(const char *fmt, ...)
{
}

size_t
log_read(uint64_t *pos, char *buf, size_t size)
{
	return 0;
}

void
random_bytes(void *to, size_t n)
{
	memset(to, 7, n);
}

void
random_add(const void *from, size_t n, unsigned bits)
{
}

bool
random_seeded(void)
{
	return true;
}

struct sigsrc *
random_source(void)
{
	return &sigsrc_ready;
}

int sysarg_path(uint64_t user, char **out);
void sysarg_path_free(char *);

int
sysarg_path(uint64_t user, char **out)
{
	*out = (char *)(uintptr_t)user;
	return 0;
}

void
sysarg_path_free(char *path)
{
}

/* The parts of mount_init() that need no other file system. */
static void
root_for_test(void)
{
	struct mount *m;

	VERIFY(mount_make("ramfs", "none", 0, &m) == 0);
	list_push_back(&mounts, &m->m_link);
	root_vnode = m->m_root;
}

/* --- helpers --- */

static struct cred user_cred = { .refs = 1000, .ruid = 1000, .euid = 1000, .suid = 1000,
	.rgid = 1000, .egid = 1000, .sgid = 1000 };

static void
as(struct cred *c)
{
	proc_self()->p_cred = c;
}

static void
is(int got, int want, const char *what)
{
	if (!ok(got == want, what))
		printf("# got %d, want %d\n", got, want);
}

static int
open_at(int dirfd, const char *path, int flags, uint32_t mode, int *fd)
{
	intptr_t r = -1;
	int error = sys_openat(dirfd, path, flags, mode, &r);

	*fd = (int)r;
	return error;
}

static int
try_open(const char *path, int flags)
{
	int fd, error = open_at(AT_FDCWD, path, flags, 0644, &fd);

	if (error == 0)
		(void)!desc_close((uint32_t)fd);
	return error;
}

static int
make_file(const char *path)
{
	return try_open(path, O_CREAT | O_EXCL | O_WRONLY);
}

static int
try_stat(const char *path, struct abi_stat *st)
{
	memset(st, 0, sizeof(*st));
	return sys_fstatat(AT_FDCWD, path, st, 0);
}

static int
exists(const char *path)
{
	struct abi_stat st;

	return try_stat(path, &st);
}

static int
mkdir_(const char *path)
{
	return sys_mkdirat(AT_FDCWD, path, 0755);
}

static int
rename_(const char *a, const char *b)
{
	return sys_renameat(AT_FDCWD, a, AT_FDCWD, b);
}

static int
link_(const char *to, const char *path)
{
	return sys_symlinkat(to, AT_FDCWD, path);
}

static int
remove_(const char *path, int flags)
{
	return sys_unlinkat(AT_FDCWD, path, flags);
}

static const char *
cwd(void)
{
	static char buf[PATH_MAX];
	intptr_t n;

	return sys_getcwd((void __user *)(uintptr_t)buf, sizeof(buf), &n) == 0 ? buf : "?";
}

/* --- the walk --- */

static void
test_walk(void)
{
	char longname[400], deep[PATH_MAX];
	struct abi_stat a, b;
	long live = host_live;

	is(mkdir_("/a"), 0, "mkdir");
	is(mkdir_("/a/b"), 0, "mkdir below");
	is(make_file("/a/f"), 0, "create");
	is(exists("/a//b/.././f"), 0, "slashes, dot, dot-dot");
	is(exists("/../../a/f"), 0, ".. of the root is the root");
	is(exists("/a/none"), ENOENT, "a name that is not there");
	is(exists("/none/f"), ENOENT, "a directory that is not there");
	is(exists("/a/f/x"), ENOTDIR, "below a file");
	is(exists("/a/f/"), ENOTDIR, "a file with a slash");
	is(exists("/a/f/."), ENOTDIR, "dot of a file");
	is(exists("/a/f/.."), ENOTDIR, "dot-dot of a file");
	is(exists("/a/b/"), 0, "a directory with a slash");
	is(exists(""), ENOENT, "the empty path");
	memset(longname, 'x', sizeof(longname));
	longname[NAME_MAX] = '\0';
	is(make_file(longname), 0, "a name of 255 bytes");
	is(remove_(longname, 0), 0, "goes again");
	longname[NAME_MAX] = 'x';
	longname[NAME_MAX + 1] = '\0';
	is(exists(longname), ENAMETOOLONG, "a name of 256 bytes");
	is(make_file(longname), ENAMETOOLONG, "is not made either");
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = "/a/b/../.."[i % 10];
	deep[10 * 400] = '\0';
	is(exists(deep), 0, "1600 components");
	try_stat("/a", &a), try_stat("/a/b/..", &b);
	ok(a.ino == b.ino && a.nlink == 3, "the parent is itself; its links are counted");
	is(sys_chdir("/a/b"), 0, "chdir");
	ok(strcmp(cwd(), "/a/b") == 0, "getcwd");
	is(exists("../f"), 0, "a relative walk");
	is(remove_("/a/b", AT_REMOVEDIR), 0, "the working directory is removed");
	ok(strcmp(cwd(), "?") == 0, "and has no path");
	is(make_file("x"), ENOENT, "nothing is made in it");
	is(exists(".."), ENOENT, "and it has no parent");
	is(sys_chdir("/"), 0, "back");
	is(remove_("/a", 0), EISDIR, "unlink of a directory");
	is(remove_("/a/f", AT_REMOVEDIR), ENOTDIR, "rmdir of a file");
	is(remove_("/a", AT_REMOVEDIR), ENOTEMPTY, "rmdir of a full directory");
	is(remove_("/a/.", AT_REMOVEDIR), EINVAL, "rmdir of dot");
	is(remove_("/a/..", AT_REMOVEDIR), ENOTEMPTY, "rmdir of dot-dot");
	is(remove_("/", AT_REMOVEDIR), EBUSY, "rmdir of the root");
	is(remove_("/a/f/", 0), ENOTDIR, "unlink with a slash");
	is(mkdir_("/a"), EEXIST, "mkdir of what is there");
	is(mkdir_("/a/."), EEXIST, "mkdir of dot");
	is(mkdir_("/"), EEXIST, "mkdir of the root");
	is(mkdir_("/c/"), 0, "mkdir with a slash");
	is(try_open("/a", O_WRONLY), EISDIR, "a directory for writing");
	is(try_open("/a/f", O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY on a file");
	is(try_open("/a/g/", O_WRONLY | O_CREAT), EISDIR, "creating with a slash");
	is(try_open("/a", O_RDONLY | O_CREAT), 0, "O_CREAT on a directory, to read");
	is(make_file("/a/f"), EEXIST, "O_EXCL on what is there");
	is(remove_("/a/f", 0), 0, "unlink");
	is(remove_("/a", AT_REMOVEDIR), 0, "rmdir");
	is(remove_("/c", AT_REMOVEDIR), 0, "rmdir");
	ok(host_live == live, "the walk leaks nothing");
}

static void
test_links(void)
{
	char name[32], to[32], big[PATH_MAX];
	struct abi_stat st;
	long live = host_live;

	mkdir_("/l"), make_file("/l/f"), mkdir_("/l/d");
	is(link_("f", "/l/s"), 0, "symlink");
	is(exists("/l/s"), 0, "is followed");
	is(try_open("/l/s", O_RDONLY | O_NOFOLLOW), ELOOP, "unless O_NOFOLLOW");
	is(sys_fstatat(AT_FDCWD, "/l/s", &st, AT_SYMLINK_NOFOLLOW), 0, "lstat");
	ok(S_ISLNK(st.mode) && st.size == 1, "sees the link");
	is(exists("/l/s/"), ENOTDIR, "a link to a file, with a slash");
	is(link_("d", "/l/sd"), 0, "a link to a directory");
	is(exists("/l/sd/"), 0, "with a slash");
	is(exists("/l/sd/../f"), 0, "in the middle");
	is(remove_("/l/sd/", AT_REMOVEDIR), ENOTDIR, "rmdir of a link");
	is(link_("/l/f", "/l/abs"), 0, "an absolute link");
	is(exists("/l/abs"), 0, "is followed");
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "/l/n%d", i);
		snprintf(to, sizeof(to), i == 0 ? "f" : "n%d", i - 1);
		link_(to, name);
	}
	is(exists("/l/n39"), 0, "40 links in a row");
	is(exists("/l/n40"), ELOOP, "41 do not go");
	is(link_("self", "/l/self"), 0, "a link to itself");
	is(exists("/l/self"), ELOOP, "has no end");
	is(remove_("/l/self", 0), 0, "but can be removed");
	memset(big, 'y', sizeof(big));
	big[PATH_MAX - 1] = '\0';
	is(link_(big, "/l/big"), 0, "a target of 4095 bytes");
	is(exists("/l/big"), ENAMETOOLONG, "is one long name");
	is(exists("/l/big/x"), ENAMETOOLONG, "too long with the rest");
	is(link_("", "/l/empty"), ENOENT, "an empty target");
	is(link_("new", "/l/dangling"), 0, "a dangling link");
	is(exists("/l/dangling"), ENOENT, "leads nowhere");
	is(make_file("/l/dangling"), EEXIST, "O_EXCL does not go through it");
	is(try_open("/l/dangling", O_CREAT | O_WRONLY), 0, "O_CREAT does");
	is(exists("/l/new"), 0, "and makes the target");
	is(sys_linkat(AT_FDCWD, "/l/s", AT_FDCWD, "/l/hs", 0), 0, "a second name of a link");
	is(sys_linkat(AT_FDCWD, "/l/s", AT_FDCWD, "/l/hf", AT_SYMLINK_FOLLOW), 0, "and of its target");
	try_stat("/l/f", &st);
	is((int)st.nlink, 2, "counts");
	is(sys_linkat(AT_FDCWD, "/l/d", AT_FDCWD, "/l/hd", 0), EPERM, "no second name of a directory");
	is(sys_linkat(AT_FDCWD, "/l/f", AT_FDCWD, "/l/d", 0), EEXIST, "nor over something");
	is(sys_linkat(AT_FDCWD, "/l/f", AT_FDCWD, "/l/hx/", 0), ENOENT, "nor with a slash");
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "/l/n%d", i);
		remove_(name, 0);
	}
	remove_("/l/s", 0), remove_("/l/sd", 0), remove_("/l/abs", 0), remove_("/l/big", 0);
	remove_("/l/dangling", 0), remove_("/l/new", 0), remove_("/l/hs", 0), remove_("/l/hf", 0);
	remove_("/l/f", 0), remove_("/l/d", AT_REMOVEDIR);
	is(remove_("/l", AT_REMOVEDIR), 0, "all of it goes");
	ok(host_live == live, "links leak nothing");
}

/* --- permission and rights --- */

static void
test_permission(void)
{
	struct abi_stat st;
	intptr_t old;
	long live = host_live;

	sys_mkdirat(AT_FDCWD, "/p", 0700), make_file("/p/f");
	sys_umask(0, &old);
	sys_mkdirat(AT_FDCWD, "/t", 01777);
	sys_umask((uint32_t)old, &old);
	make_file("/t/root");
	as(&user_cred);
	is(exists("/p/f"), EACCES, "no search without x");
	is(exists("/p"), 0, "the directory itself can be seen");
	is(make_file("/x"), EACCES, "no entry without w");
	is(make_file("/t/mine"), 0, "in a directory that allows it");
	is(remove_("/t/root", 0), EPERM, "sticky: others' files stay");
	is(rename_("/t/root", "/t/r2"), EPERM, "and keep their names");
	is(rename_("/t/mine", "/t/root"), EPERM, "and are not replaced");
	is(try_open("/t/root", O_WRONLY), EACCES, "mode bits");
	is(try_open("/t/root", O_RDONLY), 0, "allow reading");
	is(sys_fchmodat(AT_FDCWD, "/t/root", 0777, 0), EPERM, "chmod is the owner's");
	is(sys_fchmodat(AT_FDCWD, "/t/mine", 04755, 0), 0, "who may");
	is(sys_fchownat(AT_FDCWD, "/t/mine", 0, 0, 0), EPERM, "chown is not his");
	as(&cred_root);
	is(sys_fchownat(AT_FDCWD, "/t/mine", 5, UINT32_MAX, 0), 0, "but root's");
	try_stat("/t/mine", &st);
	ok(st.uid == 5 && st.gid == 1000 && st.mode == (S_IFREG | 0755), "and the set-id bit falls");
	is(sys_faccessat(AT_FDCWD, "/t/root", X_OK, 0), EACCES, "root executes no file without an x");
	is(sys_faccessat(AT_FDCWD, "/t/mine", X_OK, 0), 0, "but one with");
	remove_("/t/root", 0), remove_("/t/mine", 0), remove_("/p/f", 0);
	remove_("/t", AT_REMOVEDIR), remove_("/p", AT_REMOVEDIR);
	ok(host_live == live, "permission leaks nothing");
}

static uint32_t
rights_of(int fd)
{
	struct node *n;
	uint32_t rights = 0;

	if (desc_get_slot((uint32_t)fd, NODE_ANY, 0, &n, &rights, NULL) == 0)
		node_unuse(n);
	return rights;
}

static void
test_rights(void)
{
	uint32_t index, below = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_MAP;
	int dir, fd, weak;
	struct node *n;
	long live = host_live;

	mkdir_("/r"), make_file("/r/f");
	is(open_at(AT_FDCWD, "/r", O_RDONLY, 0, &dir), 0, "a directory");
	ok((rights_of(dir) & (below | RIGHT_ENUMERATE)) == (below | RIGHT_ENUMERATE), "gives all five");
	is(open_at(AT_FDCWD, "/r", O_PATH, 0, &fd), 0, "O_PATH");
	ok((rights_of(fd) & (below | RIGHT_ENUMERATE)) == below, "all but ENUMERATE");
	(void)!desc_close((uint32_t)fd);
	is(open_at(dir, "f", O_RDWR, 0, &fd), 0, "O_RDWR below it");
	ok((rights_of(fd) & below) == (RIGHT_READ | RIGHT_WRITE | RIGHT_MAP), "reads, writes, maps");
	(void)!desc_close((uint32_t)fd);
	(void)!desc_get((uint32_t)dir, NODE_ANY, 0, &n);
	is(desc_install(n, RIGHTS_POSIX | RIGHT_READ, 0, DESC_POSIX, &index), 0, "a weaker descriptor");
	weak = (int)index;
	is(open_at(weak, "f", O_RDWR, 0, &fd), EPERM, "no WRITE below it");
	is(open_at(weak, "new", O_RDONLY | O_CREAT, 0644, &fd), EPERM, "nothing is made");
	is(sys_unlinkat(weak, "f", 0), EPERM, "nothing goes");
	is(sys_mkdirat(weak, "d", 0755), EPERM, "no directory either");
	is(sys_renameat(weak, "f", dir, "g"), EPERM, "nothing is renamed out");
	is(sys_linkat(weak, "f", dir, "g", 0), EPERM, "or linked out");
	is(sys_fchmodat(weak, "f", 0777, 0), EPERM, "or changed");
	is(open_at(weak, "f", O_RDONLY, 0, &fd), 0, "reading goes");
	ok((rights_of(fd) & (below | RIGHT_ENUMERATE)) == RIGHT_READ, "with no more than the base has");
	(void)!desc_close((uint32_t)fd);
	is(open_at(weak, ".", O_RDONLY, 0, &fd), 0, "the same directory again");
	ok((rights_of(fd) & RIGHT_WRITE) == 0, "does not give back what was taken");
	(void)!desc_close((uint32_t)fd), (void)!desc_close((uint32_t)weak), (void)!desc_close((uint32_t)dir);
	is(open_at(dir, "f", O_RDONLY, 0, &fd), EBADF, "a closed base");
	is(open_at(999, "/r/f", O_RDONLY, 0, &fd), 0, "is not looked at for an absolute path");
	is(open_at(fd, "f", O_RDONLY, 0, &dir), ENOTDIR, "a file as a base");
	(void)!desc_close((uint32_t)fd);
	remove_("/r/f", 0), remove_("/r", AT_REMOVEDIR);
	ok(host_live == live, "rights leak nothing");
}

/* --- chroot, mounts --- */

static void
test_mounts(void)
{
	struct vnode *root;
	long live = host_live;

	mkdir_("/m"), make_file("/m/under"), mkdir_("/m2");
	is(sys_mount("nofs", "x", "/m", 0), ENODEV, "a file system that does not exist");
	is(sys_mount("ramfs", "x", "/m", 0), 0, "mount");
	is(exists("/m/under"), ENOENT, "what was there is covered");
	is(make_file("/m/f"), 0, "a file in the mount");
	is(exists("/m/.."), 0, "the way out");
	is(exists("/m/../m2"), 0, "leads to the parent");
	is(rename_("/m/f", "/f"), EXDEV, "rename between mounts");
	is(sys_linkat(AT_FDCWD, "/m/f", AT_FDCWD, "/f", 0), EXDEV, "link between mounts");
	is(remove_("/m", AT_REMOVEDIR), EBUSY, "rmdir of a mount point");
	is(rename_("/m", "/m3"), EBUSY, "rename of a mount point");
	is(sys_mount("ramfs", "x", "/m", 0), 0, "a mount on a mount");
	is(exists("/m/f"), ENOENT, "covers it");
	is(sys_umount("/m", 0), 0, "goes");
	is(exists("/m/f"), 0, "uncovers it");
	is(sys_chdir("/m"), 0, "in it");
	ok(strcmp(cwd(), "/m") == 0, "getcwd across the mount");
	is(sys_umount("/m", 0), EBUSY, "is in use");
	is(sys_mount("ramfs", "x", "/m", MOUNT_REMOUNT | MOUNT_RDONLY), 0, "remount read-only");
	is(make_file("/m/g"), EROFS, "no new file");
	is(try_open("/m/f", O_WRONLY), EROFS, "no writing");
	is(remove_("/m/f", 0), EROFS, "no removal");
	is(sys_fchmodat(AT_FDCWD, "/m/f", 0, 0), EROFS, "no chmod");
	is(make_file("/m/f"), EEXIST, "what is there is there");
	is(sys_chdir("/"), 0, "out of it");
	is(sys_umount("/m", 0), 0, "unmount frees all of it");
	is(sys_umount("/m", 0), EINVAL, "not twice");
	is(sys_umount("/", 0), EBUSY, "never the root");
	is(exists("/m/under"), 0, "the covered file is back");
	root = proc_self()->p_fs->root;
	vnode_ref(root);
	is(sys_chroot("/m"), 0, "chroot");
	is(exists("/under"), 0, "the new root");
	is(exists("/../../m2"), ENOENT, "has no way out");
	ok(strcmp(cwd(), "?") == 0, "a working directory outside has no path");
	vnode_unref(proc_self()->p_fs->root);
	proc_self()->p_fs->root = root;
	remove_("/m/under", 0), remove_("/m", AT_REMOVEDIR), remove_("/m2", AT_REMOVEDIR);
	ok(host_live == live, "mounts leak nothing");
}

/* --- rename, at random --- */

#define DEPTH_MAX	2000

static int count_below(struct vnode *dir, int depth, unsigned *seen);

struct counter {
	char names[64][16];
	int n;
};

static int
count_entry(void *ctx, uint64_t ino, uint8_t type, const char *name, size_t len, int64_t next)
{
	struct counter *c = ctx;

	if (name[0] != '.' && c->n < 64) {
		memcpy(c->names[c->n], name, len);
		c->names[c->n++][len] = '\0';
	}
	return 0;
}

static int
count_below(struct vnode *dir, int depth, unsigned *seen)
{
	struct counter *c = calloc(1, sizeof(*c));
	int total = 0, n;
	int64_t off = 0;

	(void)!dir->v_ops->readdir(dir, &off, count_entry, c);
	n = c->n;
	for (int i = 0; i < n && depth < DEPTH_MAX; i++) {
		struct vnode *vn;

		if (dir->v_ops->lookup(dir, c->names[i], strlen(c->names[i]), &vn) != 0)
			return -100000;
		total++;
		(*seen)++;
		if (S_ISDIR(vn->v_mode))
			total += count_below(vn, depth + 1, seen);
		vnode_unref(vn);
	}
	free(c);
	return depth < DEPTH_MAX ? total : -100000;
}

/* Empties the working directory; true when all went. */
static bool
clear_here(void)
{
	struct counter *c = calloc(1, sizeof(*c));
	struct vnode *dir = proc_self()->p_fs->cwd;
	int64_t off = 0;
	bool good = true;

	(void)!dir->v_ops->readdir(dir, &off, count_entry, c);
	for (int i = 0; i < c->n && good; i++) {
		if (remove_(c->names[i], 0) == 0)
			continue;
		good = sys_chdir(c->names[i]) == 0 && clear_here() && sys_chdir("..") == 0 &&
		    remove_(c->names[i], AT_REMOVEDIR) == 0;
	}
	free(c);
	return good;
}

/* A path of one to four components out of a few names: collisions are the point. */
static void
random_path(unsigned long long *seed, char *buf)
{
	int depth = 1 + (int)(host_random(seed) % 4), at = sprintf(buf, "/w");

	for (int i = 0; i < depth; i++)
		at += sprintf(buf + at, "/%c", 'a' + (int)(host_random(seed) % 4));
}

static void
test_rename(void)
{
	unsigned long long seed = 20260101;
	long live = host_live;
	struct vnode *top;
	int files = 0;
	bool good = true;

	mkdir_("/q"), mkdir_("/q/d"), mkdir_("/q/d/e"), make_file("/q/f"), make_file("/q/g");
	is(rename_("/q/d", "/q/d/e/x"), EINVAL, "a directory into its own child");
	is(rename_("/q/d", "/q/d/x"), EINVAL, "or into itself");
	is(rename_("/q/d/e", "/q/d"), ENOTEMPTY, "over its own parent");
	is(rename_("/q/f", "/q/d"), EISDIR, "a file over a directory");
	is(rename_("/q/d", "/q/f"), ENOTDIR, "a directory over a file");
	is(rename_("/q/f", "/q/h/"), ENOTDIR, "a file to a name with a slash");
	is(rename_("/q/d/.", "/q/z"), EINVAL, "dot");
	is(rename_("/", "/q/z"), EBUSY, "the root");
	is(sys_linkat(AT_FDCWD, "/q/f", AT_FDCWD, "/q/h", 0), 0, "two names of one file");
	is(rename_("/q/f", "/q/h"), 0, "renamed onto one another");
	is(exists("/q/f"), 0, "both stay");
	is(rename_("/q/f", "/q/g"), 0, "over a file");
	is(exists("/q/f"), ENOENT, "moves");
	is(rename_("/q/d", "/q/dd/"), 0, "a directory to a name with a slash");
	is(exists("/q/dd/e"), 0, "takes its children along");
	remove_("/q/g", 0), remove_("/q/h", 0), remove_("/q/dd/e", AT_REMOVEDIR);
	remove_("/q/dd", AT_REMOVEDIR);
	is(remove_("/q", AT_REMOVEDIR), 0, "link counts were right: it is empty");

	printf("# seed %llu\n", seed);
	mkdir_("/w");
	(void)!name_vnode(AT_FDCWD, "/w", 0, &top);
	for (int i = 0; i < 20000 && good; i++) {
		char a[64], b[64];
		unsigned seen = 0;
		int error = 0;

		random_path(&seed, a), random_path(&seed, b);
		switch (host_random(&seed) % 6) {
		case 0:
			files += (error = mkdir_(a)) == 0;
			break;
		case 1:
			files += (error = make_file(a)) == 0;
			break;
		case 2:
			files -= remove_(a, host_random(&seed) % 2 != 0 ? AT_REMOVEDIR : 0) == 0;
			break;
		case 3:
			files += sys_linkat(AT_FDCWD, a, AT_FDCWD, b, 0) == 0;
			break;
		default: {
			bool over = sys_faccessat(AT_FDCWD, b, F_OK, 0) == 0;
			struct abi_stat sa, sb;
			bool same = over && try_stat(a, &sa) == 0 && try_stat(b, &sb) == 0 &&
			    sa.ino == sb.ino;

			if (rename_(a, b) == 0 && over && !same)
				files--;
		}
		}
		if (i % 50 == 0)
			good = count_below(top, 0, &seen) == files;
	}
	ok(good, "20000 random changes: every name is reached once from the top");
	ok(sys_chdir("/w") == 0 && clear_here() && sys_chdir("/") == 0, "and can be removed");
	vnode_unref(top);
	is(remove_("/w", AT_REMOVEDIR), 0, "the top too");
	ok(host_live == live, "rename leaks nothing");
}

/* --- directories are listed whole, whatever happens meanwhile --- */

static int
list_count(int fd, size_t bufsize, bool removing)
{
	char buf[4096], path[300];
	intptr_t n;
	struct node *node;
	int count = 0;

	(void)!desc_get((uint32_t)fd, NODE_ANY, 0, &node);
	while (sys_getdents(node, (void __user *)(uintptr_t)buf, bufsize, &n) == 0 && n > 0) {
		for (intptr_t at = 0; at < n;) {
			struct abi_dirent *de = (struct abi_dirent *)(buf + at);

			count++;
			if (removing && de->name[0] != '.') {
				snprintf(path, sizeof(path), "/dir/%s", de->name);
				remove_(path, 0);
			}
			at += de->reclen;
		}
	}
	node_unuse(node);
	return count;
}

static void
test_list(void)
{
	char path[64], small[24];
	struct node *n;
	intptr_t r;
	int64_t pos;
	int fd;
	long live = host_live;

	mkdir_("/dir");
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/dir/file-%d", i);
		make_file(path);
	}
	(void)!open_at(AT_FDCWD, "/dir", O_RDONLY, 0, &fd);
	is(list_count(fd, 4096, false), 302, "every entry once");
	(void)!desc_get((uint32_t)fd, NODE_ANY, 0, &n);
	(void)!n->ops->seek(n, 0, SEEK_SET, &pos);
	is(list_count(fd, 64, false), 302, "in small pieces");
	(void)!n->ops->seek(n, 0, SEEK_SET, &pos);
	is(sys_getdents(n, (void __user *)(uintptr_t)small, 16, &r), EINVAL, "too small for a record");
	is(list_count(fd, 200, true), 302, "removing each while listing");
	(void)!n->ops->seek(n, 0, SEEK_SET, &pos);
	is(list_count(fd, 4096, false), 2, "nothing is left");
	node_unuse(n);
	(void)!desc_close((uint32_t)fd);
	remove_("/dir", AT_REMOVEDIR);
	ok(host_live == live, "listing leaks nothing");
}

/* --- data --- */

static int
write_(int fd, const char *text, uint32_t flags, int64_t off)
{
	struct node *n;
	struct kiovec one;
	struct uio u;
	int error;

	(void)!desc_get((uint32_t)fd, NODE_ANY, 0, &n);
	uio_init(&u, &one, (uintptr_t)text, strlen(text), UIO_KERNEL | UIO_WRITE | flags);
	u.off = off;
	error = node_write(n, &u);
	node_unuse(n);
	return error != 0 ? -error : (int)(strlen(text) - u.resid);
}

static const char *
read_(const char *path)
{
	static char buf[256];
	struct vnode *vn;
	size_t done = 0;

	if (name_vnode(AT_FDCWD, path, NAME_FOLLOW, &vn) != 0)
		return "?";
	(void)!vnode_read_kernel(vn, 0, buf, sizeof(buf) - 1, &done);
	buf[done] = '\0';
	vnode_unref(vn);
	return buf;
}

static void
test_data(void)
{
	struct vnode *vn;
	struct abi_stat st;
	int a, b;
	long live = host_live;

	(void)!open_at(AT_FDCWD, "/data", O_CREAT | O_RDWR, 0644, &a);
	(void)!open_at(AT_FDCWD, "/data", O_WRONLY | O_APPEND, 0, &b);
	is(write_(a, "hello", 0, 0), 5, "write");
	is(write_(b, " you", 0, 0), 4, "append");
	is(write_(a, "!", 0, 0), 1, "each has its own offset");
	ok(strcmp(read_("/data"), "hello!you") == 0, "as written");
	is(write_(b, "H", UIO_OFFSET, 0), 1, "pwrite through an appending descriptor");
	ok(strcmp(read_("/data"), "Hello!you") == 0, "goes where it says");
	is(sys_truncate("/data", 5), 0, "truncate");
	is(sys_truncate("/data", 7), 0, "and longer");
	try_stat("/data", &st);
	ok(st.size == 7 && strcmp(read_("/data"), "Hello") == 0, "zeros follow");
	is(sys_truncate("/data", -1), EINVAL, "a negative length");
	proc_self()->p_limits[RLIMIT_FSIZE].cur = 10;
	is(write_(b, "123456", 0, 0), 3, "a write up to the limit");
	is(write_(b, "1", 0, 0), -EFBIG, "none beyond");
	is(sys_truncate("/data", 11), EFBIG, "nor truncate");
	proc_self()->p_limits[RLIMIT_FSIZE].cur = RLIM_INFINITY;
	(void)!name_vnode(AT_FDCWD, "/data", 0, &vn);
	is(vnode_text_get(vn), ETXTBSY, "a file open for writing is no program");
	(void)!desc_close((uint32_t)a), (void)!desc_close((uint32_t)b);
	is(vnode_text_get(vn), 0, "afterwards it is");
	is(try_open("/data", O_WRONLY), ETXTBSY, "and is not written while it runs");
	is(sys_truncate("/data", 0), ETXTBSY, "or cut");
	is(try_open("/data", O_RDONLY), 0, "but read");
	vnode_text_put(vn);
	vnode_unref(vn);
	is(try_open("/data", O_WRONLY | O_TRUNC), 0, "O_TRUNC");
	try_stat("/data", &st);
	ok(st.size == 0, "empties it");
	remove_("/data", 0);
	ok(host_live == live, "data leak nothing");
}

/* --- record locks against a model: one owner's bytes --- */

#define BYTES	32

static int
lock_(struct node *n, int cmd, int type, int start, int len)
{
	struct abi_flock fl = { .type = (int16_t)type, .whence = SEEK_SET, .start = start, .len = len };

	return file_fcntl_lock(n, cmd, (uintptr_t)&fl);
}

static void
test_reclocks(void)
{
	unsigned long long seed = 42;
	char model[2][BYTES] = { { 0 } };
	struct node *n[2];
	bool good = true;
	int fd[2];
	long live = host_live, mid;

	for (int i = 0; i < 2; i++) {
		(void)!open_at(AT_FDCWD, "/locks", O_CREAT | O_RDWR, 0644, &fd[i]);
		(void)!desc_get((uint32_t)fd[i], NODE_ANY, 0, &n[i]);
	}
	mid = host_live;
	printf("# seed %llu\n", seed);
	for (int k = 0; k < 20000 && good; k++) {
		int who = (int)(host_random(&seed) % 2), type = 1 + (int)(host_random(&seed) % 3);
		int start = (int)(host_random(&seed) % BYTES), end, error, clash = 0;

		end = start + (int)(host_random(&seed) % (unsigned)(BYTES - start));
		for (int i = start; i <= end; i++)
			if (type != F_UNLCK && (model[!who][i] == F_WRLCK ||
			    (model[!who][i] == F_RDLCK && type == F_WRLCK)))
				clash = 1;
		error = lock_(n[who], F_OFD_SETLK, type, start, end == BYTES - 1 ? 0 : end - start + 1);
		good = error == (clash ? EAGAIN : 0);
		for (int i = start; i <= end && !clash; i++)
			model[who][i] = type == F_UNLCK ? 0 : (char)type;
		for (int i = 0; i < BYTES && good; i++) {
			struct abi_flock fl = { .type = F_WRLCK, .whence = SEEK_SET, .start = i, .len = 1 };

			(void)!file_fcntl_lock(n[who], F_OFD_GETLK, (uintptr_t)&fl);
			good = (fl.type != F_UNLCK) == (model[!who][i] != 0);
		}
	}
	ok(good, "20000 random OFD locks agree with the model, byte by byte");
	(void)!lock_(n[0], F_OFD_SETLK, F_UNLCK, 0, 0), (void)!lock_(n[1], F_OFD_SETLK, F_UNLCK, 0, 0);
	ok(host_live == mid, "no record is left");
	is(lock_(n[0], F_SETLK, F_WRLCK, 0, 10), 0, "a POSIX lock");
	is(lock_(n[1], F_SETLK, F_WRLCK, 5, 10), 0, "is the process's, whatever the descriptor");
	is(lock_(n[1], F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN, "and keeps a description's out");
	reclock_closed(n[1]);
	is(lock_(n[1], F_OFD_SETLK, F_RDLCK, 5, 1), 0, "until the process closes any of them");
	is(lock_(n[0], F_SETLK, F_WRLCK, -1, 10), EINVAL, "before the start");
	is(lock_(n[0], F_SETLK, 77, 0, 10), EINVAL, "an unknown type");
	for (int i = 0; i < 2; i++) {
		node_unuse(n[i]);
		(void)!desc_close((uint32_t)fd[i]);
	}
	remove_("/locks", 0);
	ok(host_live == live, "record locks leak nothing");
}

/* --- images --- */

/* A small image: /, /bin/prog (two pages), /etc, /etc/motd, /link. */
static size_t
image_make(char *at)
{
	static const struct img_inode inodes[] = {
		{ 0 },
		{ .mode = S_IFDIR | 0755, .nlink = 4, .size = 3 * 12 + 10, .offset = 1024, .parent = 1, .count = 3 },
		{ .mode = S_IFDIR | 0755, .nlink = 2, .size = 12 + 4, .offset = 1280, .parent = 1, .count = 1 },
		{ .mode = S_IFREG | 0755, .nlink = 1, .size = 5000, .offset = 4096 },
		{ .mode = S_IFDIR | 0755, .nlink = 2, .size = 12 + 4, .offset = 1536, .parent = 1, .count = 1 },
		{ .mode = S_IFREG | 0644, .nlink = 1, .size = 6, .offset = 12288 },
		{ .mode = S_IFLNK | 0777, .nlink = 1, .size = 8, .offset = 1792 },
	};
	static const struct img_dirent root[] = { { 2, 36, 3, 4, 0 }, { 4, 39, 3, 4, 0 }, { 6, 42, 4, 10, 0 } };
	static const struct img_dirent bin[] = { { 3, 12, 4, 8, 0 } }, etc[] = { { 5, 12, 4, 8, 0 } };
	struct img_super *s = (struct img_super *)at;

	memset(at, 0, 4 * PAGE_SIZE);
	memcpy(at + 96, inodes, sizeof(inodes));
	memcpy(at + 1024, root, sizeof(root)), memcpy(at + 1024 + 36, "binetclink", 10);
	memcpy(at + 1280, bin, sizeof(bin)), memcpy(at + 1280 + 12, "prog", 4);
	memcpy(at + 1536, etc, sizeof(etc)), memcpy(at + 1536 + 12, "motd", 4);
	memcpy(at + 1792, "etc/motd", 9);
	memset(at + 4096, 'P', 5000);
	memcpy(at + 12288, "hello\n", 6);
	*s = (struct img_super){ .magic = IMG_MAGIC, .version = IMG_VERSION, .ninodes = 6,
	    .total_size = 4 * PAGE_SIZE, .meta_size = PAGE_SIZE, .inode_off = 96, .name = "test" };
	s->meta_sum = img_sum(0, (const uint64_t *)at, PAGE_SIZE);
	return 4 * PAGE_SIZE;
}

static void
image_sum(char *at)
{
	struct img_super *s = (struct img_super *)at;

	s->meta_sum = s->data_sum = 0;
	s->meta_sum = img_sum(0, (const uint64_t *)at, PAGE_SIZE);
}

static void
test_image(void)
{
	unsigned long long seed = 7;
	size_t size = image_make(image);
	int accepted = 0;
	bool good = true;
	char *keep = malloc(4 * PAGE_SIZE);
	long live;

	mkdir_("/i");
	live = host_live;
	memcpy(keep, image, size);
	bootinfo.nmodules = 1;
	bootinfo.modules[0] = (struct boot_module){ (uintptr_t)image, (uintptr_t)image + size, "test" };
	is(sys_mount("imgfs", "none", "/i", 0), ENOENT, "an image that is not there");
	is(sys_mount("imgfs", "test", "/i", 0), 0, "an image");
	ok(strcmp(read_("/i/link"), "hello\n") == 0, "a file through a link");
	is((int)strlen(read_("/i/bin/prog")), 255, "a longer one");
	is(make_file("/i/x"), EROFS, "is read-only");
	is(sys_umount("/i", 0), 0, "unmount");
	ok(host_live == live, "and all is freed");
	bootinfo.modules[0].end -= PAGE_SIZE;
	is(sys_mount("imgfs", "test", "/i", 0), EINVAL, "a truncated image");
	bootinfo.modules[0].end += PAGE_SIZE;
	image[1030] ^= 1;
	is(sys_mount("imgfs", "test", "/i", 0), EINVAL, "a wrong sum");
	printf("# seed %llu\n", seed);
	for (int i = 0; i < 20000 && good; i++) {
		int error;

		memcpy(image, keep, size);
		for (unsigned k = 0; k <= host_random(&seed) % 3; k++) {
			size_t at = host_random(&seed) % 1900;

			image[at] = host_random(&seed) % 4 == 0 ? (char)0xff : (char)host_random(&seed);
		}
		image_sum(image);
		error = sys_mount("imgfs", "test", "/i", 0);
		if (error == 0) {
			unsigned seen = 0;
			struct vnode *top;

			accepted++;
			(void)!name_vnode(AT_FDCWD, "/i", 0, &top);
			good = count_below(top, 0, &seen) >= 0;
			vnode_unref(top);
			(void)read_("/i/link"), (void)read_("/i/bin/prog");
			good = good && sys_umount("/i", 0) == 0;
		} else {
			good = error == EINVAL;
		}
		good = good && host_live == live;
	}
	ok(good, "20000 damaged images: refused or sound, never a fault, nothing lost");
	ok(accepted > 0 && accepted < 20000, "some were refused and some were not");
	free(keep);
	remove_("/i", AT_REMOVEDIR);
}

/* --- running out of memory in the middle --- */

static void
test_memory(void)
{
	long live;
	bool good = true, some = false;

	mkdir_("/n"), make_file("/n/f");
	live = host_live;
	for (long at = 0; at < 12; at++) {
		int e[6];

		host_fail_after = at;
		e[0] = mkdir_("/n/d");
		host_fail_after = at;
		e[1] = make_file("/n/new");
		host_fail_after = at;
		e[2] = link_("target", "/n/s");
		host_fail_after = at;
		e[3] = sys_linkat(AT_FDCWD, "/n/f", AT_FDCWD, "/n/h", 0);
		host_fail_after = at;
		e[4] = rename_("/n/f", "/n/g");
		host_fail_after = at;
		e[5] = try_open("/n/f", O_RDONLY);
		host_fail_after = -1;
		for (int i = 0; i < 5; i++) {
			good = good && (e[i] == 0 || e[i] == ENOSPC || e[i] == ENOMEM);
			some = some || e[i] != 0;
		}
		if (e[0] == 0)
			remove_("/n/d", AT_REMOVEDIR);
		if (e[1] == 0 || exists("/n/new") == 0)
			remove_("/n/new", 0);
		if (e[2] == 0)
			remove_("/n/s", 0);
		if (e[3] == 0)
			remove_("/n/h", 0);
		if (e[4] == 0)
			(void)!rename_("/n/g", "/n/f");
		good = good && host_live == live;
	}
	ok(good && some, "each allocation failing in turn: an errno, and nothing half done");
	remove_("/n/f", 0), remove_("/n", AT_REMOVEDIR);
}

int
main(void)
{
	struct proc *p = proc_self();

	image = aligned_alloc(PAGE_SIZE, ARRAY_SIZE(image_pages) * PAGE_SIZE);
	p->p_limits[RLIMIT_FSIZE].cur = RLIM_INFINITY;
	as(&cred_root);
	VERIFY(desctab_create(&p->p_desc) == 0);
	root_for_test();
	VERIFY(fsctx_create(&p->p_fs) == 0);
	/* The first descriptor makes the table's chunk, which stays. */
	(void)try_open("/", O_RDONLY);
	test_walk();
	test_links();
	test_permission();
	test_rights();
	test_mounts();
	test_rename();
	test_list();
	test_data();
	test_reclocks();
	test_image();
	test_memory();
	return tap_done();
}
