/*
 * procfs: /proc.
 *
 * 1. Nothing is stored.  A vnode here is a pair (process, what) made by a lookup and freed with
 * its last reference; it names the process by pid and object id, so it keeps nobody alive, and says
 * ESRCH when the process is gone.
 *
 * 2. A file's text is made when it is opened, as a whole, into a buffer of the open; reads copy
 * from it.  So what a reader sees is one moment.
 *
 * 3. Privacy.  stat, status, cmdline and the plain files are for everybody; maps, environ, handles,
 * objects, fd, exe, cwd and root for the process's own user and root, and for root alone when the
 * process got its identity from a set-id program.
 *
 * 4. /proc/self/fd/N is a link whose opening is a dup of the caller's own descriptor with at most
 * its rights (fs/open.c).  Other processes' descriptors can be looked at, not opened.
 *
 * 5. The tables below say what exists: root_files, proc_files.  What the files say is made in
 * procfs_machine.c, procfs_process.c and procfs_handles.c.
 */
#include "fs/procfs.h"
#include "fs/devfs.h"
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/procfs_impl.h"
#include "fs/text.h"
#include "fs/vnode.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "vm/vmo.h"
#include "vm/zone.h"
#include <abi/dirent.h>
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/rights.h>
#include <abi/stat.h>

#define PID_OFF		256		/* readdir position of pid 0 in the root */
#define FD_OFF		2

void (*procfs_info_hook)(struct proc *, struct procfs_info *);

/* --- vnodes --- */

enum what {
	W_ROOT, W_PID, W_SELF, W_FD_DIR, W_FD, W_EXE, W_CWD, W_ROOTDIR, W_FILE,
};

struct pfile {
	const char *name;
	enum what what;
	uint32_t mode;			/* type and permission */
	bool own;			/* for the process's user only */
	int (*make)(struct text *, struct proc *);	/* W_FILE */
};

struct pvnode {
	struct vnode pv_vnode;		/* first */
	enum what pv_what;		/* [I] */
	const struct pfile *pv_file;	/* [I] table entry, or NULL */
	int32_t pv_pid;			/* [I] 0: the root's */
	koid_t pv_koid;			/* [I] */
	uint32_t pv_fd;			/* [I] W_FD */
};

ZONE(pvnode_zone, struct pvnode);
COUNTER(pvnode_count, "fs.procfs.vnodes");
static const struct vnode_ops dir_vops, file_vops, link_vops, magic_vops;

static struct pvnode *
pvnode_of(struct vnode *vn)
{
	return container_of(vn, struct pvnode, pv_vnode);
}

/* The process of a vnode with a reference on its node, or NULL. */
static struct proc *
proc_of(const struct pvnode *pv)
{
	struct proc *p = proc_find(pv->pv_pid);

	if (p != NULL && p->p_node.koid != pv->pv_koid) {
		node_unref(&p->p_node);
		p = NULL;
	}
	return p;
}

struct cred *
procfs_cred(struct proc *p)
{
	struct cred *c;

	spin_lock(&proc_tree_lock);
	c = cred_ref(p->p_cred);
	spin_unlock(&proc_tree_lock);
	return c;
}

bool
procfs_may_inspect(struct proc *p)
{
	const struct cred *me = cred_current();
	struct cred *c;
	bool ok;

	if (cred_super(me) || p == proc_self())
		return true;
	c = procfs_cred(p);
	ok = !p->p_setid && me->euid == c->euid && me->euid == c->ruid && me->euid == c->suid;
	cred_unref(c);
	return ok;
}

static uint64_t
ino_for(const struct pvnode *pv)
{
	uint64_t low = pv->pv_what == W_FD ? pv->pv_fd + 256 : 0;

	if (pv->pv_file != NULL)
		low = 16 + (uint64_t)(uint8_t)((uintptr_t)pv->pv_file / sizeof(struct pfile));
	return 1 + ((uint64_t)(uint32_t)pv->pv_pid << 32 | (uint64_t)pv->pv_what << 24 | low);
}

static const struct vnode_ops *
ops_for(enum what what)
{
	switch (what) {
	case W_ROOT:
	case W_PID:
	case W_FD_DIR:
		return &dir_vops;
	case W_SELF:
		return &link_vops;
	case W_FILE:
		return &file_vops;
	default:
		return &magic_vops;
	}
}

static int
pvnode_make(struct mount *m, enum what what, const struct pfile *file, struct proc *p, uint32_t fd,
    uint32_t mode, struct vnode **out)
{
	struct pvnode *pv = zone_alloc(pvnode_zone, ZALLOC_ZERO);
	uint32_t uid = 0, gid = 0;
	struct cred *c;

	if (pv == NULL)
		return ENOMEM;
	pv->pv_what = what;
	pv->pv_file = file;
	pv->pv_fd = fd;
	if (p != NULL) {
		pv->pv_pid = p->p_pid;
		pv->pv_koid = p->p_node.koid;
		c = procfs_cred(p);
		if (!p->p_setid) {
			uid = c->euid;
			gid = c->egid;
		}
		cred_unref(c);
	}
	vnode_init(&pv->pv_vnode, ops_for(what), m, ino_for(pv), mode, uid, gid);
	atomic_add(&m->m_live, 1);
	kstat_add(&pvnode_count, 1);
	*out = &pv->pv_vnode;
	return 0;
}

static void
procfs_inactive(struct vnode *vn)
{
	atomic_sub_return(&vn->v_mount->m_live, 1);
	kstat_add(&pvnode_count, -1);
	zone_free(pvnode_zone, pvnode_of(vn));
}

/* --- the tables --- */

static const struct pfile root_files[] = {
	{ "self", W_SELF, S_IFLNK | 0777, false, NULL },
	{ "meminfo", W_FILE, S_IFREG | 0444, false, procfs_meminfo },
	{ "uptime", W_FILE, S_IFREG | 0444, false, procfs_uptime },
	{ "kstat", W_FILE, S_IFREG | 0444, false, procfs_kstat },
	{ "kstat.live", W_FILE, S_IFREG | 0400, false, procfs_kstat_live },
#if CONFIG_DEBUG
	{ "kstat.lost", W_FILE, S_IFREG | 0400, false, procfs_kstat_lost },
#endif
	{ "mounts", W_FILE, S_IFREG | 0444, false, procfs_mounts },
	{ "version", W_FILE, S_IFREG | 0444, false, procfs_version },
	{ "cpuinfo", W_FILE, S_IFREG | 0444, false, procfs_cpuinfo },
	{ "loadavg", W_FILE, S_IFREG | 0444, false, procfs_loadavg },
	{ "cmdline", W_FILE, S_IFREG | 0400, false, procfs_boot_cmdline },
	{ "filesystems", W_FILE, S_IFREG | 0444, false, procfs_filesystems },
};

static const struct pfile proc_files[] = {
	{ "stat", W_FILE, S_IFREG | 0444, false, procfs_stat },
	{ "status", W_FILE, S_IFREG | 0444, false, procfs_status },
	{ "cmdline", W_FILE, S_IFREG | 0444, false, procfs_cmdline },
	{ "comm", W_FILE, S_IFREG | 0444, false, procfs_comm },
	{ "environ", W_FILE, S_IFREG | 0400, true, procfs_environ },
	{ "maps", W_FILE, S_IFREG | 0400, true, procfs_maps },
	{ "mounts", W_FILE, S_IFREG | 0444, false, procfs_mounts },
	{ "handles", W_FILE, S_IFREG | 0400, true, procfs_handles },
	{ "objects", W_FILE, S_IFREG | 0400, true, procfs_objects },
	{ "fd", W_FD_DIR, S_IFDIR | 0500, true, NULL },
	{ "exe", W_EXE, S_IFLNK | 0777, true, NULL },
	{ "cwd", W_CWD, S_IFLNK | 0777, true, NULL },
	{ "root", W_ROOTDIR, S_IFLNK | 0777, true, NULL },
};

static const struct pfile *
pfile_find(const struct pfile *table, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
			return &table[i];
	return NULL;
}

/* --- directories --- */

/* A decimal number without leading zeros; false: it is none. */
static bool
number(const char *name, size_t len, uint32_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > 9 || (len > 1 && name[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(name[i] - '0');
	}
	*out = (uint32_t)n;
	return true;
}

static int
lookup_root(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	const struct pfile *f = pfile_find(root_files, ARRAY_SIZE(root_files), name, len);
	struct proc *p;
	uint32_t pid;
	int error;

	if (f != NULL)
		return pvnode_make(dir->v_mount, f->what, f, NULL, 0, f->mode, out);
	if (!number(name, len, &pid) || (p = proc_find((int32_t)pid)) == NULL)
		return ENOENT;
	error = pvnode_make(dir->v_mount, W_PID, NULL, p, 0, S_IFDIR | 0555, out);
	node_unref(&p->p_node);
	return error;
}

/* A descriptor of the process: a use of its node and its rights.  ENOENT. */
static int
fd_peek(struct proc *p, uint32_t fd, struct node **out, uint32_t *rights)
{
	uint32_t flags;
	struct desctab *table = p->p_desc;

	if (table == NULL || desctab_peek(table, fd, out, rights, &flags) != 0)
		return ENOENT;
	return 0;
}

static int
lookup_fd(struct vnode *dir, struct proc *p, const char *name, size_t len, struct vnode **out)
{
	struct node *n;
	uint32_t fd, rights;

	if (!number(name, len, &fd) || fd_peek(p, fd, &n, &rights) != 0)
		return ENOENT;
	node_unuse(n);
	return pvnode_make(dir->v_mount, W_FD, NULL, p, fd, S_IFLNK | 0700, out);
}

static int
procfs_lookup(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	struct pvnode *pv = pvnode_of(dir);
	const struct pfile *f;
	struct proc *p;
	int error = ENOENT;

	if (pv->pv_what == W_ROOT)
		return lookup_root(dir, name, len, out);
	p = proc_of(pv);
	if (p == NULL)
		return ENOENT;
	if (pv->pv_what == W_FD_DIR)
		error = procfs_may_inspect(p) ? lookup_fd(dir, p, name, len, out) : EACCES;
	else if ((f = pfile_find(proc_files, ARRAY_SIZE(proc_files), name, len)) != NULL)
		error = pvnode_make(dir->v_mount, f->what, f, p, 0, f->mode, out);
	node_unref(&p->p_node);
	return error;
}

/* The entries of a table; true when the buffer is full. */
static bool
list_table(const struct pfile *table, size_t n, int64_t *off, dirent_fn fn, void *ctx)
{
	for (size_t i = (size_t)*off - 2; i < n; i++) {
		const struct pfile *f = &table[i];

		if (fn(ctx, 1 + i, (uint8_t)((f->mode & S_IFMT) >> 12), f->name, strlen(f->name),
		    (int64_t)i + 3) != 0)
			return true;
		*off = (int64_t)i + 3;
	}
	return false;
}

int32_t
procfs_next_pid(int32_t from)
{
	struct proc *p;
	int32_t best = -1;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all)
		if (p->p_pid >= from && (best < 0 || p->p_pid < best))
			best = p->p_pid;
	spin_unlock(&proc_tree_lock);
	return best;
}

static void
list_pids(int64_t *off, dirent_fn fn, void *ctx)
{
	char name[16];
	int32_t pid;

	*off = MAX(*off, (int64_t)PID_OFF);
	while ((pid = procfs_next_pid((int32_t)(*off - PID_OFF))) >= 0) {
		int n = snprintf(name, sizeof(name), "%d", (int)pid);

		if (fn(ctx, 1 + ((uint64_t)pid << 32 | (uint64_t)W_PID << 24), DT_DIR, name, (size_t)n,
		    PID_OFF + pid + 1) != 0)
			return;
		*off = PID_OFF + pid + 1;
	}
}

static void
list_fds(struct proc *p, int64_t *off, dirent_fn fn, void *ctx)
{
	char name[16];
	int fd;

	while (p->p_desc != NULL && (fd = desctab_next(p->p_desc, (uint32_t)(*off - FD_OFF))) >= 0) {
		int n = snprintf(name, sizeof(name), "%d", fd);

		if (fn(ctx, 1 + (uint64_t)fd, S_IFLNK >> 12, name, (size_t)n, FD_OFF + fd + 1) != 0)
			return;
		*off = FD_OFF + fd + 1;
	}
}

static int
procfs_readdir(struct vnode *dir, int64_t *off, dirent_fn fn, void *ctx)
{
	struct pvnode *pv = pvnode_of(dir);
	struct proc *p = NULL;
	int error = 0;

	if (*off < 0)
		return EINVAL;
	if (pv->pv_what != W_ROOT && (p = proc_of(pv)) == NULL)
		return ENOENT;
	while (*off < 2) {
		if (fn(ctx, dir->v_ino, DT_DIR, "..", (size_t)*off + 1, *off + 1) != 0)
			goto done;
		++*off;
	}
	if (pv->pv_what == W_ROOT) {
		if (*off >= PID_OFF || !list_table(root_files, ARRAY_SIZE(root_files), off, fn, ctx))
			list_pids(off, fn, ctx);
	} else if (pv->pv_what == W_PID) {
		list_table(proc_files, ARRAY_SIZE(proc_files), off, fn, ctx);
	} else if (procfs_may_inspect(p)) {
		list_fds(p, off, fn, ctx);
	} else {
		error = EACCES;
	}
done:
	if (p != NULL)
		node_unref(&p->p_node);
	return error;
}

static int
procfs_parent(struct vnode *dir, struct vnode **out)
{
	struct pvnode *pv = pvnode_of(dir);
	struct proc *p;
	int error;

	if (pv->pv_what != W_FD_DIR) {
		*out = dir->v_mount->m_root;
		vnode_ref(*out);
		return 0;
	}
	p = proc_of(pv);
	if (p == NULL)
		return ENOENT;
	error = pvnode_make(dir->v_mount, W_PID, NULL, p, 0, S_IFDIR | 0555, out);
	node_unref(&p->p_node);
	return error;
}

static int
procfs_name(struct vnode *vn, char *buf, size_t size, size_t *len, struct vnode **dir)
{
	struct pvnode *pv = pvnode_of(vn);
	struct proc *p;
	char name[32];
	int n, error = 0;

	if (pv->pv_file != NULL)
		n = snprintf(name, sizeof(name), "%s", pv->pv_file->name);
	else
		n = snprintf(name, sizeof(name), "%d", pv->pv_what == W_FD ? (int)pv->pv_fd : (int)pv->pv_pid);
	if ((size_t)n > size)
		return ERANGE;
	if (pv->pv_pid == 0 || pv->pv_what == W_PID) {
		*dir = vn->v_mount->m_root;
		vnode_ref(*dir);
	} else if ((p = proc_of(pv)) != NULL) {
		const struct pfile *fd = pfile_find(proc_files, ARRAY_SIZE(proc_files), "fd", 2);

		error = pvnode_make(vn->v_mount, pv->pv_what == W_FD ? W_FD_DIR : W_PID,
		    pv->pv_what == W_FD ? fd : NULL, p, 0, S_IFDIR | 0555, dir);
		node_unref(&p->p_node);
	} else {
		error = ENOENT;
	}
	memcpy(buf, name, (size_t)n);
	*len = (size_t)n;
	return error;
}

static int
procfs_getattr(struct vnode *vn, struct vattr *a)
{
	nsec_t now = clock_realtime();

	memset(a, 0, sizeof(*a));
	a->mode = vn->v_mode;
	a->nlink = S_ISDIR(vn->v_mode) ? 2 : 1;
	a->uid = vn->v_uid;
	a->gid = vn->v_gid;
	a->ino = vn->v_ino;
	a->atime = a->mtime = a->ctime = a->btime = now;
	return 0;
}

/* --- links --- */

static int
self_readlink(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	int n = snprintf(buf, size, "%d", proc_self() != NULL ? (int)proc_self()->p_pid : 0);

	*len = MIN((size_t)n, size);
	return 0;
}

/* The vnode that exe, cwd, root or a descriptor's link stands for, referenced.  What may be had through a
 * descriptor's is what its slot has. */
static int
magic_target(struct vnode *vn, struct vnode **out, uint32_t *rights)
{
	struct pvnode *pv = pvnode_of(vn);
	struct proc *p = proc_of(pv);
	struct vnode *to = NULL;
	struct node *n;
	int error = 0;

	*rights = RIGHT_ALL;
	if (p == NULL)
		return ENOENT;
	if (!procfs_may_inspect(p)) {
		error = EACCES;
	} else if (pv->pv_what == W_FD) {
		error = fd_peek(p, pv->pv_fd, &n, rights);
		if (error == 0) {
			to = vnode_of(n);
			if (to != NULL)
				vnode_ref(to);
			node_unuse(n);
		}
	} else {
		if (pv->pv_what == W_EXE)
			to = p->p_exe;
		else if (p->p_fs != NULL)
			to = pv->pv_what == W_CWD ? p->p_fs->cwd : p->p_fs->root;
		if (to != NULL)
			vnode_ref(to);
	}
	node_unref(&p->p_node);
	if (error == 0 && to == NULL)
		error = ENOENT;
	*out = to;
	return error;
}

/* A descriptor without a file: "pipe:[koid]". */
static int
fd_describe(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	struct pvnode *pv = pvnode_of(vn);
	struct proc *p = proc_of(pv);
	struct node *n;
	uint32_t rights;
	int error;

	if (p == NULL)
		return ENOENT;
	error = fd_peek(p, pv->pv_fd, &n, &rights);
	if (error == 0) {
		int k = snprintf(buf, size, "%s:[%llu]", n->ops->name, (unsigned long long)n->koid);

		*len = MIN((size_t)k, size);
		node_unuse(n);
	}
	node_unref(&p->p_node);
	return error;
}

static int
magic_readlink(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	struct vnode *to;
	uint32_t rights;
	int error = magic_target(vn, &to, &rights);

	if (error == ENOENT && pvnode_of(vn)->pv_what == W_FD)
		return fd_describe(vn, buf, size, len);
	if (error != 0)
		return error;
	error = vnode_path(to, buf, size, len);
	if (error == ENOENT && size > 10) {
		*len = (size_t)snprintf(buf, size, "(deleted)");
		error = 0;
	}
	vnode_unref(to);
	return error;
}

int
procfs_fd_get(struct vnode *vn, struct node **out, uint32_t *rights)
{
	struct pvnode *pv = pvnode_of(vn);
	struct proc *me = proc_self();

	if (vn->v_ops != &magic_vops || pv->pv_what != W_FD)
		return ENOENT;
	if (pv->pv_pid != me->p_pid || pv->pv_koid != me->p_node.koid)
		return EACCES;
	return fd_peek(me, pv->pv_fd, out, rights) == 0 ? 0 : ENXIO;
}

/* --- open files --- */

struct proc_file {
	struct devfile pf_file;		/* first; df_off under pf_lock */
	struct mutex pf_lock;
	struct text pf_text;		/* [I] */
};

LOCK_CLASS(proc_file_class, "proc file", RANK_FILE);
ZONE(proc_file_zone, struct proc_file);
static const struct node_ops proc_file_ops;

static struct proc_file *
proc_file_of(struct node *n)
{
	return container_of(n, struct proc_file, pf_file.df_node);
}

static int
proc_file_make(struct pvnode *pv, struct text *t)
{
	struct proc *p = NULL;
	int error = 0;

	if (pv->pv_pid != 0) {
		p = proc_of(pv);
		if (p == NULL)
			return ESRCH;
		if (pv->pv_file->own && !procfs_may_inspect(p))
			error = EACCES;
	}
	if (error == 0)
		error = pv->pv_file->make(t, p);
	if (p != NULL)
		node_unref(&p->p_node);
	return error == 0 && t->failed ? ENOMEM : error;
}

static int
procfs_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct proc_file *pf;
	struct text t = { 0 };
	int error;

	if ((flags & O_ACCMODE) != O_RDONLY)
		return EACCES;
	error = proc_file_make(pvnode_of(vn), &t);
	pf = error == 0 ? zone_alloc(proc_file_zone, ZALLOC_ZERO) : NULL;
	if (pf == NULL) {
		if (t.buf != NULL)
			kmem_free(t.buf, t.size);
		return error != 0 ? error : ENOMEM;
	}
	mutex_init(&pf->pf_lock, &proc_file_class);
	pf->pf_text = t;
	devfile_init(&pf->pf_file, vn, flags, &proc_file_ops, NODE_FILE, &sigsrc_ready, 0);
	*out = &pf->pf_file.df_node;
	return 0;
}

static int
proc_file_read(struct node *n, struct uio *uio)
{
	struct proc_file *pf = proc_file_of(n);
	bool own = (uio->flags & UIO_OFFSET) == 0;
	uint64_t off, before = uio->resid;
	int error = 0;

	mutex_lock(&pf->pf_lock);
	off = (uint64_t)(own ? pf->pf_file.df_off : uio->off);
	if (off < pf->pf_text.used)
		error = uio_move(pf->pf_text.buf + off,
		    MIN(pf->pf_text.used - (size_t)off, (size_t)uio->resid), uio);
	if (own)
		pf->pf_file.df_off += (int64_t)(before - uio->resid);
	mutex_unlock(&pf->pf_lock);
	return error;
}

static int
proc_file_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	struct proc_file *pf = proc_file_of(n);
	int64_t base, at;
	int error = 0;

	mutex_lock(&pf->pf_lock);
	base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? pf->pf_file.df_off :
	    (int64_t)pf->pf_text.used;
	if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow(base, off, &at) || at < 0)
		error = EINVAL;
	else
		*result = pf->pf_file.df_off = at;
	mutex_unlock(&pf->pf_lock);
	return error;
}

static void
proc_file_destroy(struct node *n)
{
	struct proc_file *pf = proc_file_of(n);

	if (pf->pf_text.buf != NULL)
		kmem_free(pf->pf_text.buf, pf->pf_text.size);
	devfile_done(&pf->pf_file);
	zone_free(proc_file_zone, pf);
}

static const struct node_ops proc_file_ops = {
	.name = "proc", .read = proc_file_read, .write = node_nowrite, .seek = proc_file_seek,
	.stat = devfile_stat, .setattr = devfile_setattr, .ioctl = node_noioctl, .vmo = node_novmo,
	.sync = node_nosync, .unused = node_nounused, .destroy = proc_file_destroy,
};

/* --- operations --- */

#define COMMON_VOPS \
	.create = vnode_nocreate, .symlink = vnode_nosymlink, .link = vnode_nolink, \
	.unlink = vnode_nolink, .rmdir = vnode_nolink, .rename = vnode_norename, \
	.name = procfs_name, .getattr = procfs_getattr, .setattr = vnode_nosetattr, \
	.read = vnode_norw, .write = vnode_norw, .vmo = vnode_novmo, .seek = vnode_noseek, \
	.inactive = procfs_inactive

static const struct vnode_ops dir_vops = {
	COMMON_VOPS, .lookup = procfs_lookup, .readdir = procfs_readdir, .parent = procfs_parent,
	.readlink = vnode_noreadlink,
};
static const struct vnode_ops file_vops = {
	COMMON_VOPS, .lookup = vnode_nolookup, .readdir = vnode_noreaddir, .parent = vnode_noparent,
	.readlink = vnode_noreadlink, .open = procfs_open,
};
static const struct vnode_ops link_vops = {
	COMMON_VOPS, .lookup = vnode_nolookup, .readdir = vnode_noreaddir, .parent = vnode_noparent,
	.readlink = self_readlink,
};
static const struct vnode_ops magic_vops = {
	COMMON_VOPS, .lookup = vnode_nolookup, .readdir = vnode_noreaddir, .parent = vnode_noparent,
	.readlink = magic_readlink, .target = magic_target,
};

static int
procfs_mount(struct mount *m, const char *from)
{
	return pvnode_make(m, W_ROOT, NULL, NULL, 0, S_IFDIR | 0555, &m->m_root);
}

static bool
procfs_busy(struct mount *m)
{
	return atomic_load(&m->m_live) > 1;
}

static void
procfs_unmount(struct mount *m)
{
	vnode_unref(m->m_root);
}

static void
procfs_stats(struct mount *m, struct fs_stats *st)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all)
		st->files++;
	spin_unlock(&proc_tree_lock);
}

const struct fs_type procfs_type = {
	.name = "procfs", .mount = procfs_mount, .busy = procfs_busy, .unmount = procfs_unmount,
	.stats = procfs_stats,
};
