/*
 * The `file' node: an open file description over a vnode.
 *
 * It holds what POSIX says that descriptors share: the offset, the status flags, the access
 * mode.  Reads and writes that use the offset take f_lock, so two threads never move it by the
 * same bytes; those that bring their own do not.  A write holds the vnode's lock from "where is
 * the end" to the last byte: appends are atomic, and a size limit cannot be passed by a race.
 *
 * All opens of regular files and directories share the source that is always ready.
 *
 * Budgets (instructions): read of 4 KiB 120 + the copy, seek 40, stat 150.
 */
#include "fs/file.h"
#include "fs/devfs.h"
#include "fs/name.h"
#include "fs/reclock.h"
#include "fs/vnode.h"
#include "ipc/pipe.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <abi/termios.h>

/* What of the open's flags stays with the description. */
#define KEPT_FLAGS	((uint32_t)(O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT | O_PATH | O_SEARCH))

LOCK_CLASS(file_class, "file", RANK_FILE);
ZONE(file_zone, struct file);
COUNTER(file_count, "node.file");
void (*file_sigxfsz_hook)(void);

static const struct node_ops file_ops;

struct file *
file_of(struct node *n)
{
	return n->ops == &file_ops ? container_of(n, struct file, f_node) : NULL;
}

struct vnode *
vnode_of(struct node *n)
{
	if (n->ops == &file_ops)
		return container_of(n, struct file, f_node)->f_vnode;
	if (n->ops->stat == devfile_stat)
		return container_of(n, struct devfile, df_node)->df_vnode;
	return NULL;
}

int
file_create(struct vnode *vn, uint32_t flags, bool writer, struct node **out)
{
	struct file *f = zone_alloc(file_zone, 0);

	if (f == NULL)
		return ENOMEM;
	if (writer) {
		if (vn->v_texts != 0) {
			zone_free(file_zone, f);
			return ETXTBSY;
		}
		atomic_add(&vn->v_writers, 1);
		vn->v_written = true;
	}
	node_init(&f->f_node, &file_ops, NODE_FILE, &sigsrc_ready, 0);
	f->f_node.uses = 1;
	f->f_node.flags = flags & KEPT_FLAGS;
	if ((vn->v_mode & S_IFMT) == S_IFDIR)
		f->f_node.flags |= O_DIRECTORY;
	mutex_init(&f->f_lock, &file_class);
	vnode_ref(vn);
	f->f_vnode = vn;
	f->f_off = 0;
	f->f_open = flags;
	f->f_writer = writer;
	f->f_lists = false;
	kstat_add(&file_count, 1);
	*out = &f->f_node;
	return 0;
}

static void
file_unused(struct node *n)
{
	struct file *f = container_of(n, struct file, f_node);

	if (f->f_vnode->v_locks != NULL)
		reclock_file_gone(f->f_vnode, n);
	if (f->f_writer)
		atomic_sub_return(&f->f_vnode->v_writers, 1);
}

static void
file_destroy(struct node *n)
{
	struct file *f = container_of(n, struct file, f_node);

	kstat_add(&file_count, -1);
	vnode_unref(f->f_vnode);
	zone_free(file_zone, f);
}

/* --- moving bytes --- */

static int
file_read(struct node *n, struct uio *uio)
{
	struct file *f = container_of(n, struct file, f_node);
	struct vnode *vn = f->f_vnode;
	uint64_t before = uio->resid;
	int error;

	if (unlikely((vn->v_mode & S_IFMT) == S_IFDIR))
		return (f->f_open & (O_PATH | O_SEARCH)) != 0 ? EBADF : EISDIR;
	if ((uio->flags & UIO_OFFSET) != 0)
		return vn->v_ops->read(vn, uio->off, uio);
	mutex_lock(&f->f_lock);
	error = vn->v_ops->read(vn, f->f_off, uio);
	f->f_off += (int64_t)(before - uio->resid);
	mutex_unlock(&f->f_lock);
	return error;
}

/* How many of the bytes may be written at `off'; EFBIG, with SIGXFSZ, when none. */
static int
size_limit(int64_t off, uint64_t want, uint64_t *allowed)
{
	struct proc *p = proc_self();
	uint64_t limit = p != NULL ? p->p_limits[RLIMIT_FSIZE].cur : RLIM_INFINITY;

	*allowed = want;
	if (limit > INT64_MAX || (uint64_t)off + want <= limit)
		return 0;
	if ((uint64_t)off >= limit) {
		if (file_sigxfsz_hook != NULL)
			file_sigxfsz_hook();
		return EFBIG;
	}
	*allowed = limit - (uint64_t)off;
	return 0;
}

/* Somebody other than root wrote: the file is no longer what its owner gave his rights to. */
static void
drop_setid(struct vnode *vn)
{
	struct setattr sa = { .mask = SETATTR_MODE };

	sa.mode = vn->v_mode & 07777 & ~(uint32_t)(S_ISUID | S_ISGID);
	(void)vn->v_ops->setattr(vn, &sa);
}

/* v_lock held.  Bytes beyond the limit stay in the uio. */
static int
write_locked(struct vnode *vn, int64_t off, struct uio *uio)
{
	uint64_t allowed, beyond;
	int error;

	if (off < 0)
		return EFBIG;
	error = size_limit(off, uio->resid, &allowed);
	if (error != 0)
		return error;
	if (unlikely((vn->v_mode & (S_ISUID | S_ISGID)) != 0) && !cred_super(cred_current()))
		drop_setid(vn);
	beyond = uio->resid - allowed;
	uio->resid = allowed;
	error = vn->v_ops->write(vn, off, uio);
	uio->resid += beyond;
	return error;
}

static int
write_at(struct vnode *vn, int64_t *off, struct uio *uio)
{
	uint64_t before = uio->resid;
	struct vattr a;
	int error = 0;

	mutex_lock(&vn->v_lock);
	if ((uio->flags & (UIO_APPEND | UIO_OFFSET)) == UIO_APPEND) {
		error = vn->v_ops->getattr(vn, &a);
		*off = (int64_t)a.size;
	}
	if (error == 0)
		error = write_locked(vn, *off, uio);
	*off += (int64_t)(before - uio->resid);
	mutex_unlock(&vn->v_lock);
	return error;
}

static int
file_write(struct node *n, struct uio *uio)
{
	struct file *f = container_of(n, struct file, f_node);
	struct vnode *vn = f->f_vnode;
	int error;

	if (unlikely((vn->v_mode & S_IFMT) == S_IFDIR))
		return EBADF;
	if (uio->resid == 0)
		return 0;
	if ((uio->flags & UIO_OFFSET) != 0)
		return write_at(vn, &uio->off, uio);
	mutex_lock(&f->f_lock);
	error = write_at(vn, &f->f_off, uio);
	mutex_unlock(&f->f_lock);
	return error;
}

/* --- position --- */

static int
seek_base(struct file *f, int64_t off, int whence, int64_t *base)
{
	struct vnode *vn = f->f_vnode;
	struct vattr a;
	int error;

	*base = 0;
	switch (whence) {
	case SEEK_SET:
		return 0;
	case SEEK_CUR:
		*base = f->f_off;
		return 0;
	case SEEK_END:
		if ((vn->v_mode & S_IFMT) == S_IFDIR)
			return EINVAL;
		error = vn->v_ops->getattr(vn, &a);
		*base = (int64_t)a.size;
		return error;
	default:
		return EINVAL;
	}
}

static int
file_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	struct file *f = container_of(n, struct file, f_node);
	int64_t base, at;
	int error;

	mutex_lock(&f->f_lock);
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		error = f->f_vnode->v_ops->seek(f->f_vnode, off, whence == SEEK_HOLE, &at);
	} else {
		error = seek_base(f, off, whence, &base);
		if (error == 0 && __builtin_add_overflow(base, off, &at))
			error = EOVERFLOW;
		else if (error == 0 && at < 0)
			error = EINVAL;
	}
	if (error == 0)
		*result = f->f_off = at;
	mutex_unlock(&f->f_lock);
	return error;
}

/* --- the rest --- */

static int
file_stat(struct node *n, struct abi_stat *st)
{
	return vnode_stat(container_of(n, struct file, f_node)->f_vnode, st);
}

static int
file_setattr(struct node *n, const struct setattr *sa)
{
	return vnode_setattr(container_of(n, struct file, f_node)->f_vnode, sa);
}

static int
file_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct file *f = container_of(n, struct file, f_node);
	struct vattr a;
	int left, error;

	if (cmd != FIONREAD || (f->f_vnode->v_mode & S_IFMT) != S_IFREG)
		return ENOTTY;
	error = vnode_attr(f->f_vnode, &a);
	if (error != 0)
		return error;
	left = (int)MIN(a.size - MIN((uint64_t)f->f_off, a.size), (uint64_t)INT32_MAX);
	return copyout(&left, (void __user *)arg, sizeof(left));
}

static int
file_vmo(struct node *n, struct vmo **out)
{
	return vnode_vmo(container_of(n, struct file, f_node)->f_vnode, out);
}

static int
file_sync(struct node *n)
{
	return 0;		/* memory is as safe as this file gets */
}

static const struct node_ops file_ops = {
	.name = "file",
	.read = file_read,
	.write = file_write,
	.seek = file_seek,
	.stat = file_stat,
	.setattr = file_setattr,
	.ioctl = file_ioctl,
	.vmo = file_vmo,
	.sync = file_sync,
	.unused = file_unused,
	.destroy = file_destroy,
};

/* --- FIFOs by name --- */

/*
 * The open of a FIFO vnode: the pipe's own node does the work, the one around it knows the file
 * (fstat, fchmod) and keeps the vnode, whose v_ipc names the pipe, until the last open is gone.
 */
struct fifo_file {
	struct devfile ff_file;
	struct node *ff_pipe;		/* [I] a use */
};
ZONE(fifo_file_zone, struct fifo_file);

static struct node *
pipe_of(struct node *n)
{
	return container_of(n, struct fifo_file, ff_file.df_node)->ff_pipe;
}

static int
fifo_read(struct node *n, struct uio *uio)
{
	return node_read(pipe_of(n), uio);
}

static int
fifo_write(struct node *n, struct uio *uio)
{
	return node_write(pipe_of(n), uio);
}

static int
fifo_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct node *pipe = pipe_of(n);

	return pipe->ops->ioctl(pipe, cmd, arg, result);
}

static void
fifo_unused(struct node *n)
{
	struct node *pipe = pipe_of(n);

	/* A reference stays: the source of this node is the pipe's. */
	node_ref(pipe);
	node_unuse(pipe);
}

static void
fifo_destroy(struct node *n)
{
	struct fifo_file *ff = container_of(n, struct fifo_file, ff_file.df_node);

	node_unref(ff->ff_pipe);
	devfile_done(&ff->ff_file);
	zone_free(fifo_file_zone, ff);
}

static const struct node_ops fifo_ops = {
	.name = "fifo", .read = fifo_read, .write = fifo_write, NODE_OPS_STREAM,
	.stat = devfile_stat, .setattr = devfile_setattr, .ioctl = fifo_ioctl,
	.unused = fifo_unused, .destroy = fifo_destroy,
};

struct node *
fifo_file_end(struct node *n)
{
	return n->ops == &fifo_ops ? pipe_of(n) : NULL;
}

int
fifo_file_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct fifo_file *ff = zone_alloc(fifo_file_zone, ZALLOC_ZERO);
	int error;

	if (ff == NULL)
		return ENOMEM;
	error = fifo_open(&vn->v_ipc, flags, &ff->ff_pipe);
	if (error != 0) {
		zone_free(fifo_file_zone, ff);
		return error;
	}
	ff->ff_pipe->flags = 0;		/* O_NONBLOCK is this node's, where F_SETFL finds it */
	devfile_init(&ff->ff_file, vn, flags, &fifo_ops, NODE_PIPE, ff->ff_pipe->sig, 0);
	*out = &ff->ff_file.df_node;
	return 0;
}
