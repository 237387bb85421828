/*
 * Names of AF_UNIX sockets: bind makes a vnode of type socket, connect finds it.
 *
 * The vnode names the socket (v_ipc) while that is open; the socket keeps the vnode.  So a name that was
 * unlinked leads nowhere but the socket lives on, and a socket that is closed leaves a name to
 * which nobody answers (ECONNREFUSED) until somebody unlinks it.  There are no names but in
 * files: job policy, rights of the root directory and mode bits say who may meet whom.
 */
#include "fs/dir.h"
#include "fs/name.h"
#include "fs/vnode.h"
#include "ipc/usock.h"
#include "kern/error.h"
#include "kern/string.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/stat.h>

LOCK_CLASS(names_class, "socket names", RANK_NODE - 1);
static struct spin names_lock = SPIN_INIT(&names_class);

static int
make_vnode(const char *path, struct vnode **out)
{
	struct name_result res;
	int error = name_lookup(AT_FDCWD, path, NAME_PARENT, &res);

	if (error != 0)
		return error;
	if ((res.base_rights & RIGHT_WRITE) == 0)
		error = EPERM;
	if (error == 0)
		error = name_last_ok(&res, EEXIST);
	if (error == 0 && res.trailing_slash)
		error = ENOENT;
	if (error == 0)
		error = dir_create(&res, S_IFSOCK | 0777, 0, out);
	name_result_done(&res);
	return error == EEXIST ? EADDRINUSE : error;
}

/* The name is taken before the vnode is made, so that two binds of one socket make one. */
static int
set_name(struct usock *s, struct uaddr *a)
{
	int error = 0;

	spin_lock(s->lock);
	if (s->name != NULL)
		error = EINVAL;
	else
		s->name = a;
	spin_unlock(s->lock);
	return error;
}

static void
clear_name(struct usock *s)
{
	struct uaddr *a;

	spin_lock(s->lock);
	a = s->name;
	s->name = NULL;
	spin_unlock(s->lock);
	uaddr_unref(a);
}

int
usock_bind(struct usock *s, const char *path, size_t len)
{
	struct uaddr *a = kmem_alloc(sizeof(*a) + len, 0);
	struct vnode *vn;
	int error;

	if (a == NULL)
		return ENOMEM;
	a->refs = 1;
	a->len = (uint32_t)len;
	memcpy(a->path, path, len);
	error = set_name(s, a);
	if (error != 0) {
		uaddr_unref(a);
		return error;
	}
	error = make_vnode(path, &vn);
	if (error != 0) {
		clear_name(s);
		return error;
	}
	spin_lock(&names_lock);
	vn->v_ipc = s;
	s->vnode = vn;
	spin_unlock(&names_lock);
	return 0;
}

void
usock_unbind(struct usock *s)
{
	struct vnode *vn;

	spin_lock(&names_lock);
	vn = s->vnode;
	s->vnode = NULL;
	if (vn != NULL)
		vn->v_ipc = NULL;
	spin_unlock(&names_lock);
	if (vn != NULL)
		vnode_unref(vn);
}

static int
may_reach(const struct name_result *res)
{
	int error;

	if ((res->base_rights & RIGHT_WRITE) == 0)
		return EPERM;
	error = vnode_access(res->vn, cred_current(), 2);
	if (error == 0 && (res->vn->v_mode & S_IFMT) != S_IFSOCK)
		error = ECONNREFUSED;
	return error;
}

int
usock_find(const char *path, struct usock **out)
{
	struct name_result res;
	int error = name_lookup(AT_FDCWD, path, NAME_FOLLOW, &res);

	if (error != 0)
		return error;
	error = may_reach(&res);
	if (error == 0) {
		spin_lock(&names_lock);
		*out = res.vn->v_ipc;
		if (*out != NULL)
			node_ref(&(*out)->node);
		else
			error = ECONNREFUSED;
		spin_unlock(&names_lock);
	}
	name_result_done(&res);
	return error;
}
