/*
 * The path walk.
 *
 * 1. A walk starts at the process's root ("/..."), its working directory (AT_FDCWD) or a directory
 * descriptor, and goes down component by component.  It holds one reference, on the vnode
 * it stands on, and no lock: file systems look names up in one step of their own.
 *
 * 2. Each component: at most NAME_MAX bytes (ENAMETOOLONG); what it is looked up in must be a
 * directory (ENOTDIR) that the caller may search (EACCES).  "." stays; ".." goes to the parent,
 * stays at the process's root, and leaves a mounted file system through the directory it covers.
 * What comes from above onto a covered directory continues at the root of the mount.
 *
 * 3. Symbolic links: at most 40 in one walk (ELOOP).  A link's text replaces the component, together
 * with what is left of the path, at most PATH_MAX bytes.  A link that names a vnode instead
 * (procfs) is a jump.  The last component is followed when asked for or when slashes come after
 * it, which also say that it must be a directory.
 *
 * 4. The plain part of a path (nothing but directories that may be searched) a file system may
 * take in one step of its own (the walk operation); what it leaves is done here, one by one.
 *
 * 5. Rights.  What may be had below a descriptor is at most what the descriptor has, also when a
 * link leads out of it.
 *
 * 6. A job may deny opening by path (policy OPEN_PATH).  Then a walk begins at a directory descriptor and
 * stays below it: "/", the working directory, a ".." that leads above the base, a link that does so, and
 * jumps are asked of the policy, once a walk.  Whether ".." led out is seen by going up from where it
 * arrived: the base must be met before the root.
 *
 * Budget: 150 instructions for the walk, 50 a plain component and 8 a byte.
 */
#include "fs/name.h"
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/mount.h"
#include "fs/vnode.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/policy.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

#define LINKS_MAX	40

struct walk {
	const struct cred *cred;
	struct vnode *root;		/* not referenced: the process's */
	struct vnode *vn;		/* where it stands; referenced */
	const char *rest;		/* what is left of the path */
	uint32_t flags;
	unsigned links;
	bool confined;			/* job policy wants to hear of ways out of the base */
	struct vnode *base;		/* referenced, when confined */
	struct name_result *res;
};

const struct cred *
cred_current(void)
{
	struct proc *p = proc_self();

	return p != NULL ? p->p_cred : &cred_root;
}

/* --- permission --- */

static bool
mode_allows(const struct vnode *vn, const struct cred *cred, unsigned want)
{
	uint32_t bits = vn->v_mode;

	if (cred->euid == vn->v_uid)
		bits >>= 6;
	else if (cred_in_group(cred, vn->v_gid))
		bits >>= 3;
	return (bits & want) == want;
}

int
vnode_access(struct vnode *vn, const struct cred *cred, unsigned want)
{
	uint32_t type = vn->v_mode & S_IFMT;

	if ((want & 2) != 0 && vnode_read_only(vn) &&
	    (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		return EROFS;
	if (cred->euid == 0) {
		/* Root passes, but a file that nobody may execute is not a program. */
		if ((want & 1) != 0 && type == S_IFREG && (vn->v_mode & 0111) == 0)
			return EACCES;
		return 0;
	}
	return mode_allows(vn, cred, want) ? 0 : EACCES;
}

/* --- the walk --- */

/* The walk is about to be somewhere that is not below a directory descriptor. */
static __attribute__((noinline)) int
leave_base(struct walk *w)
{
	int error = policy_check(POLICY_OPEN_PATH);

	if (error == 0)
		w->confined = false;		/* allowed, and told once */
	return error;
}

/* After "..": the walk stands on the base or below it, or may be elsewhere. */
static __attribute__((noinline)) int
check_below(struct walk *w)
{
	struct vnode *vn = w->vn;
	bool below = false;
	int error = 0;

	vnode_ref(vn);
	while (error == 0 && !below && vn != w->root) {
		struct vnode *up;

		below = vn == w->base;
		up = mount_leave(vn);
		if (up == NULL) {
			if (vn == mount_root())
				break;
			error = vn->v_ops->parent(vn, &up);
		}
		if (error == 0) {
			vnode_unref(vn);
			vn = up;
		}
	}
	below |= vn == w->base;
	vnode_unref(vn);
	return error != 0 || below ? error : leave_base(w);
}

static int
base_start(int dirfd, struct walk *w)
{
	struct proc *p = proc_self();
	struct node *n;
	struct vnode *vn;
	int error;

	w->root = p->p_fs->root;
	w->res->base_rights = RIGHT_ALL;
	if (unlikely(w->confined) && (*w->rest == '/' || dirfd == AT_FDCWD) && (error = leave_base(w)) != 0)
		return error;
	if (*w->rest == '/') {
		w->vn = w->root;
		vnode_ref(w->vn);
		return 0;
	}
	if (dirfd == AT_FDCWD) {
		w->vn = p->p_fs->cwd;
		vnode_ref(w->vn);
		return 0;
	}
	error = desc_get_slot((uint32_t)dirfd, NODE_ANY, 0, &n, &w->res->base_rights, NULL);
	if (error != 0)
		return EBADF;
	vn = vnode_of(n);
	if (vn == NULL || (vn->v_mode & S_IFMT) != S_IFDIR) {
		error = ENOTDIR;
	} else {
		w->vn = vn;
		vnode_ref(vn);
		if ((w->res->base_rights & RIGHT_READ) != 0 && file_of(n) != NULL && file_of(n)->f_lists)
			w->res->base_rights |= RIGHT_ENUMERATE;
		if (unlikely(w->confined)) {
			w->base = vn;
			vnode_ref(vn);
		}
	}
	node_unuse(n);
	return error;
}

static int
go_up(struct walk *w)
{
	struct vnode *up = w->vn;
	int error;

	for (;;) {
		struct vnode *covered;

		if (up == w->root || (covered = mount_leave(up)) == NULL)
			break;
		vnode_unref(up);
		w->vn = up = covered;
	}
	if (up == w->root)
		return 0;
	error = w->vn->v_ops->parent(w->vn, &up);
	if (error != 0)
		return error;
	vnode_unref(w->vn);
	w->vn = mount_enter(up);
	return 0;
}

static int
step_up(struct walk *w)
{
	int error = go_up(w);

	return likely(!w->confined) || error != 0 ? error : check_below(w);
}

/* The walk goes on with the link's text and the rest of the path, from where the link is. */
static int
follow_text(struct walk *w, struct vnode *link)
{
	size_t len, rest = strlen(w->rest);
	char *buf = kmem_alloc(PATH_MAX, 0);
	int error;

	if (buf == NULL)
		return ENOMEM;
	error = link->v_ops->readlink(link, buf, PATH_MAX, &len);
	if (error == 0 && len == 0)
		error = ENOENT;
	if (error == 0 && len + rest >= PATH_MAX)
		error = ENAMETOOLONG;
	if (error != 0) {
		kmem_free(buf, PATH_MAX);
		return error;
	}
	memcpy(buf + len, w->rest, rest + 1);
	if (w->res->buf != NULL)
		kmem_free(w->res->buf, PATH_MAX);
	w->res->buf = buf;
	w->rest = buf;
	if (*buf == '/') {
		if (w->confined && (error = leave_base(w)) != 0)
			return error;
		w->root = proc_self()->p_fs->root;	/* another thread may have changed it */
		vnode_ref(w->root);
		vnode_unref(w->vn);
		w->vn = w->root;
	}
	return 0;
}

/* Consumes the reference on link. */
static int
follow(struct walk *w, struct vnode *link)
{
	struct vnode *to;
	uint32_t rights;
	int error;

	if (++w->links > LINKS_MAX) {
		error = ELOOP;
	} else if (link->v_ops->target != NULL) {
		error = w->confined ? leave_base(w) : 0;
		if (error == 0)
			error = link->v_ops->target(link, &to, &rights);
		if (error == 0) {
			w->res->base_rights &= rights;
			vnode_unref(w->vn);
			w->vn = to;
		}
	} else {
		error = follow_text(w, link);
	}
	vnode_unref(link);
	return error;
}

/* The component [name, len) that is not the one to stop before. */
static int
step(struct walk *w, const char *name, size_t len, bool last, bool slash)
{
	struct vnode *vn, *from = w->vn;
	int error;

	if (name[0] == '.' && len == 1)
		return 0;
	if (name[0] == '.' && len == 2 && name[1] == '.')
		return step_up(w);
	error = from->v_ops->lookup(from, name, len, &vn);
	if (error != 0)
		return error;
	if (unlikely(vn->v_covered != NULL))
		vn = mount_enter(vn);
	if (unlikely((vn->v_mode & S_IFMT) == S_IFLNK)) {
		bool magic = vn->v_ops->target != NULL && last && (w->flags & NAME_MAGIC) != 0;

		if (!magic && (!last || slash || (w->flags & NAME_FOLLOW) != 0))
			return follow(w, vn);
	}
	vnode_unref(from);
	w->vn = vn;
	return 0;
}

/*
 * The last component with NAME_PARENT and NAME_FOLLOW.  True: it is a link that has to be followed
 * first; false: res->vn is what is there, or NULL.
 */
static bool
last_is_link(struct walk *w, const char *name, size_t len, struct vnode **link)
{
	struct vnode *vn;

	if ((w->flags & NAME_FOLLOW) == 0 || w->vn->v_ops->lookup(w->vn, name, len, &vn) != 0)
		return false;
	if (unlikely((vn->v_mode & S_IFMT) == S_IFLNK) &&
	    (vn->v_ops->target == NULL || (w->flags & NAME_MAGIC) == 0)) {
		*link = vn;
		return true;
	}
	w->res->vn = unlikely(vn->v_covered != NULL) ? mount_enter(vn) : vn;
	return false;
}

/* Up to the end of the path, or to the last component with NAME_PARENT. */
static int
walk(struct walk *w)
{
	struct name_result *res = w->res;
	bool dir = (w->flags & NAME_DIR) != 0;
	int error;

	for (;;) {
		const char *name, *end, *next;
		struct vnode *link;
		bool last;

		if (w->vn->v_ops->walk != NULL)
			w->vn = w->vn->v_ops->walk(w->vn, w->cred, &w->rest,
			    (w->flags & NAME_PARENT) != 0);
		name = w->rest;
		while (*name == '/')
			name++;
		if (*name == '\0')
			break;
		for (end = name; *end != '/' && *end != '\0'; end++)
			continue;
		for (next = end; *next == '/'; next++)
			continue;
		last = *next == '\0';
		w->rest = end;
		if (unlikely((size_t)(end - name) > NAME_MAX))
			return ENAMETOOLONG;
		if (unlikely((w->vn->v_mode & S_IFMT) != S_IFDIR))
			return ENOTDIR;
		if ((error = vnode_access(w->vn, w->cred, 1)) != 0)
			return error;
		if (last && (w->flags & NAME_PARENT) != 0) {
			res->last = name;
			res->last_len = (size_t)(end - name);
			res->trailing_slash = next != end;
			if (!last_is_link(w, name, res->last_len, &link))
				return 0;
			res->last_len = 0;
			error = follow(w, link);
		} else {
			error = step(w, name, (size_t)(end - name), last, next != end);
			dir |= last && next != end;
		}
		if (error != 0)
			return error;
	}
	return dir && (w->vn->v_mode & S_IFMT) != S_IFDIR ? ENOTDIR : 0;
}

int
name_lookup(int dirfd, const char *path, uint32_t flags, struct name_result *res)
{
	struct walk w = { .cred = cred_current(), .rest = path, .flags = flags, .res = res };
	struct proc *p = proc_self();
	int error;

	res->dir = res->vn = NULL;
	res->last = path;
	res->last_len = 0;
	res->trailing_slash = false;
	res->buf = NULL;
	if (*path == '\0')
		return ENOENT;
	w.confined = (p->p_policy & 1u << POLICY_OPEN_PATH) != 0 && (flags & NAME_KERNEL) == 0;
	error = base_start(dirfd, &w);
	if (error != 0)
		return error;
	error = walk(&w);
	if (unlikely(w.base != NULL))
		vnode_unref(w.base);
	if (error != 0) {
		vnode_unref(w.vn);
		if (res->buf != NULL)
			kmem_free(res->buf, PATH_MAX);
		return error;
	}
	if ((flags & NAME_PARENT) != 0)
		res->dir = w.vn;
	else
		res->vn = w.vn;
	return 0;
}

void
name_result_done(struct name_result *res)
{
	if (res->dir != NULL)
		vnode_unref(res->dir);
	if (res->vn != NULL)
		vnode_unref(res->vn);
	if (res->buf != NULL)
		kmem_free(res->buf, PATH_MAX);
}

int
name_vnode_for(int dirfd, const char *path, uint32_t flags, uint32_t need, struct vnode **out)
{
	struct name_result res;
	int error = name_lookup(dirfd, path, flags, &res);

	if (error != 0)
		return error;
	if ((res.base_rights & need) != need) {
		error = EPERM;
	} else {
		*out = res.vn;
		res.vn = NULL;
	}
	name_result_done(&res);
	return error;
}

int
name_vnode(int dirfd, const char *path, uint32_t flags, struct vnode **out)
{
	return name_vnode_for(dirfd, path, flags, 0, out);
}

int
name_last_ok(const struct name_result *res, int error)
{
	if (res->last_len == 0 || (res->last[0] == '.' && (res->last_len == 1 ||
	    (res->last_len == 2 && res->last[1] == '.'))))
		return error;
	return 0;
}

/* --- from a vnode back to its path --- */

/* One step up; the name of vn goes in front of what is at buf + *pos. */
static int
path_step(struct vnode *vn, char *buf, size_t *pos, struct vnode **up)
{
	char name[NAME_MAX];
	size_t len;
	int error = vn->v_ops->name(vn, name, sizeof(name), &len, up);

	if (error != 0)
		return error;
	if (*pos < len + 1) {
		vnode_unref(*up);
		return ERANGE;
	}
	*pos -= len + 1;
	buf[*pos] = '/';
	memcpy(buf + *pos + 1, name, len);
	return 0;
}

int
vnode_path(struct vnode *vn, char *buf, size_t size, size_t *len)
{
	struct proc *p = proc_self();
	struct vnode *root = p != NULL && p->p_fs != NULL ? p->p_fs->root : mount_root(), *up;
	size_t pos = size;
	int error = 0;

	if (size < 2)
		return ERANGE;
	buf[--pos] = '\0';
	vnode_ref(vn);
	while (error == 0 && vn != root) {
		up = mount_leave(vn);
		if (up == NULL && vn == mount_root())
			error = ENOENT;
		else if (up == NULL)
			error = path_step(vn, buf, &pos, &up);
		if (error == 0) {
			vnode_unref(vn);
			vn = up;
		}
	}
	vnode_unref(vn);
	if (error != 0)
		return error;
	if (buf[pos] == '\0')
		buf[--pos] = '/';
	*len = size - 1 - pos;
	memmove(buf, buf + pos, *len + 1);
	return 0;
}
