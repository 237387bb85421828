/* Root, working directory and umask of a process, and the calls that change them. */
#include "fs/fsctx.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/proc.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

ZONE(fsctx_zone, struct fsctx);

static int
make(struct vnode *root, struct vnode *cwd, uint32_t umask, struct fsctx **out)
{
	struct fsctx *fs = zone_alloc(fsctx_zone, 0);

	if (fs == NULL)
		return ENOMEM;
	vnode_ref(root);
	vnode_ref(cwd);
	fs->root = root;
	fs->cwd = cwd;
	fs->umask = umask;
	*out = fs;
	return 0;
}

int
fsctx_create(struct fsctx **out)
{
	return make(mount_root(), mount_root(), 022, out);
}

int
fsctx_copy(struct fsctx *from, struct fsctx **out)
{
	return make(from->root, from->cwd, from->umask, out);
}

void
fsctx_destroy(struct fsctx *fs)
{
	vnode_unref(fs->root);
	vnode_unref(fs->cwd);
	zone_free(fsctx_zone, fs);
}

/* --- calls --- */

/* Consumes the reference by success only. */
static int
change(struct vnode **slot, struct vnode *vn)
{
	struct vnode *old = *slot;
	int error;

	if (!S_ISDIR(vn->v_mode))
		return ENOTDIR;
	error = vnode_access(vn, cred_current(), 1);
	if (error != 0)
		return error;
	*slot = vn;
	vnode_unref(old);
	return 0;
}

/*
 * The working directory and the root have no rights of their own, so nobody gets there through a
 * descriptor that lacks one of those that count below it.
 */
#define RIGHTS_BELOW	(RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_MAP)

int
sys_chdir(const char *path)
{
	struct vnode *vn;
	int error = name_vnode_for(AT_FDCWD, path, NAME_FOLLOW | NAME_DIR, RIGHTS_BELOW, &vn);

	if (error != 0)
		return error;
	error = change(&proc_self()->p_fs->cwd, vn);
	if (error != 0)
		vnode_unref(vn);
	return error;
}

int
sys_fchdir(int fd)
{
	struct vnode *vn;
	struct node *n;
	uint32_t rights;
	int error = desc_get_slot((uint32_t)fd, NODE_ANY, 0, &n, &rights, NULL);

	if (error != 0)
		return error;
	vn = vnode_of(n);
	if (vn != NULL)
		vnode_ref(vn);
	node_unuse(n);
	if (vn == NULL)
		return ENOTDIR;
	error = (rights & RIGHTS_BELOW) == RIGHTS_BELOW || !S_ISDIR(vn->v_mode) ? 0 : EPERM;
	if (error == 0)
		error = change(&proc_self()->p_fs->cwd, vn);
	if (error != 0)
		vnode_unref(vn);
	return error;
}

int
sys_chroot(const char *path)
{
	struct vnode *vn;
	int error;

	error = name_vnode_for(AT_FDCWD, path, NAME_FOLLOW | NAME_DIR, RIGHTS_BELOW, &vn);
	if (error != 0)
		return error;
	error = cred_super(cred_current()) ? change(&proc_self()->p_fs->root, vn) : EPERM;
	if (error != 0)
		vnode_unref(vn);
	return error;
}

/* The result counts the NUL. */
int
sys_getcwd(void __user *buf, size_t len, intptr_t *result)
{
	char *path = kmem_alloc(PATH_MAX, 0);
	size_t n;
	int error;

	if (path == NULL)
		return ENOMEM;
	error = vnode_path(proc_self()->p_fs->cwd, path, PATH_MAX, &n);
	if (error == 0 && n + 1 > len)
		error = ERANGE;
	if (error == 0)
		error = copyout(path, buf, n + 1);
	kmem_free(path, PATH_MAX);
	*result = (intptr_t)(n + 1);
	return error;
}

int
sys_umask(uint32_t mask, intptr_t *result)
{
	struct fsctx *fs = proc_self()->p_fs;

	*result = (intptr_t)fs->umask;
	fs->umask = mask & 0777;
	return 0;
}
