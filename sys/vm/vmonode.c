/*
 * VMO nodes: memory objects that handles name.
 *
 * 1. The node is in front of a VMO (vmo.c), which also lives as long as somebody maps it.  What makes
 *    it one object to the outside, koid and name, is in its identity (vmo_id), so that a mapping tells
 *    them after the last handle is closed.  Memory that no native call made has none.
 *
 * 2. As a file: read() and write() use an offset that belongs to the node, as an open file's does:
 *    dup, fork and duplicates share it; mx_vmo_read and mx_vmo_write do not know it.  write() never
 *    makes a VMO longer: at the end it is ENOSPC.  ftruncate needs MX_VMO_RESIZABLE and the
 *    RESIZE right, or is EINVAL.
 *
 * 3. Children are snapshots, whole objects of their own (vmo.c): the parent may be closed first, a
 *    child's child is no dearer than a child, and decommitting in a child leaves zeros, never the
 *    parent's page.  All that is left of the relation are counts: MX_VMO_ZERO_CHILDREN (SIGNALED) is
 *    active while no child is alive.  A child knows its parent's identity, not its VMO.
 *
 * Locking: kin_lock, for who is whose child and which node an identity has now; it is taken before
 * a node's own lock.  The offset has a sleeping lock.
 */
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/policy.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "vm/vmo_impl.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/stat.h>
#include <abi/vmo.h>

#define VMO_RIGHTS	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE | \
			 RIGHT_MAP | RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY | RIGHT_SIGNAL)

struct vmo_id {
	uint32_t refs;			/* [a] its VMO, its children */
	bool resizable;			/* [I] */
	koid_t koid, parent_koid;	/* [I] */
	char name[MX_MAX_NAME_LEN];	/* [k] */
	uint64_t children;		/* [k] that are alive */
	struct vmo_id *parent;		/* [k] while the child is alive */
	struct node *node;		/* [k] NULL once no handle is left */
};

struct vmo_node {
	struct node node;
	struct vmo *vmo;		/* [I] referenced */
	struct mutex lock;		/* o */
	int64_t off;			/* [o] of read() and write() */
};

ZONE(vmo_id_zone, struct vmo_id);
ZONE(vmo_node_zone, struct vmo_node);
COUNTER(vmo_nodes, "node.vmo");
LOCK_CLASS(kin_class, "vmo kin", RANK_NODE - 1);
LOCK_CLASS(offset_class, "vmo offset", RANK_FILE);
static struct spin kin_lock = SPIN_INIT(&kin_class);

static struct vmo_node *
vmo_node_of(struct node *n)
{
	return container_of(n, struct vmo_node, node);
}

static struct vmo *
vmo_of(struct node *n)
{
	return vmo_node_of(n)->vmo;
}

/* --- identity --- */

static void
id_put(struct vmo_id *id)
{
	if (atomic_sub_return(&id->refs, 1) == 0)
		zone_free(vmo_id_zone, id);
}

/* A child came or went. */
static void
children_change(struct vmo_id *id, int by)
{
	struct wakelist w;
	struct node *n;

	wakelist_init(&w);
	spin_lock(&kin_lock);
	id->children += (uint64_t)(int64_t)by;
	if ((n = id->node) != NULL) {
		spin_lock(n->sig->lock);
		sig_change(n->sig, SIG_SIGNALED, id->children == 0 ? SIG_SIGNALED : 0, &w);
		spin_unlock(n->sig->lock);
	}
	spin_unlock(&kin_lock);
	wakelist_run(&w);
}

void
vmo_id_end(struct vmo_id *id)
{
	struct vmo_id *parent = id->parent;

	if (parent != NULL) {
		children_change(parent, -1);
		id_put(parent);
	}
	id_put(id);
}

bool
vmo_resizable(const struct vmo *v)
{
	return v->id == NULL || v->id->resizable;
}

/* --- the node --- */

static int
vmo_node_read(struct node *n, struct uio *uio)
{
	struct vmo_node *vn = vmo_node_of(n);
	uint64_t before = uio->resid;
	int error;

	if ((uio->flags & UIO_OFFSET) != 0)
		return vmo_uio(vn->vmo, (uint64_t)uio->off, uio);
	mutex_lock(&vn->lock);
	error = vmo_uio(vn->vmo, (uint64_t)vn->off, uio);
	vn->off += (int64_t)(before - uio->resid);
	mutex_unlock(&vn->lock);
	return error;
}

static int
vmo_node_write(struct node *n, struct uio *uio)
{
	struct vmo_node *vn = vmo_node_of(n);
	uint64_t before = uio->resid;
	int error;

	if ((uio->flags & UIO_OFFSET) != 0) {
		error = vmo_uio(vn->vmo, (uint64_t)uio->off, uio);
		return error == EFBIG ? ENOSPC : error;
	}
	mutex_lock(&vn->lock);
	if ((uio->flags & UIO_APPEND) != 0)
		vn->off = (int64_t)vmo_size(vn->vmo);
	error = vmo_uio(vn->vmo, (uint64_t)vn->off, uio);
	vn->off += (int64_t)(before - uio->resid);
	mutex_unlock(&vn->lock);
	return error == EFBIG ? ENOSPC : error;
}

static int
seek_to(struct vmo_node *vn, int64_t off, int whence, int64_t *at)
{
	int64_t size = (int64_t)vmo_size(vn->vmo), base = 0;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = vn->off;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0 || off >= size)
			return ENXIO;
		*at = (int64_t)(whence == SEEK_DATA ? vmo_seek_data(vn->vmo, (uint64_t)off) :
		    vmo_seek_hole(vn->vmo, (uint64_t)off));
		return whence == SEEK_DATA && *at == size ? ENXIO : 0;
	default:
		return EINVAL;
	}
	if (__builtin_add_overflow(base, off, at))
		return EOVERFLOW;
	return *at < 0 ? EINVAL : 0;
}

static int
vmo_node_seek(struct node *n, int64_t off, int whence, int64_t *result)
{
	struct vmo_node *vn = vmo_node_of(n);
	int64_t at;
	int error;

	mutex_lock(&vn->lock);
	if ((error = seek_to(vn, off, whence, &at)) == 0)
		*result = vn->off = at;
	mutex_unlock(&vn->lock);
	return error;
}

static int
vmo_node_stat(struct node *n, struct abi_stat *st)
{
	struct vmo *v = vmo_of(n);
	int error = node_nostat(n, st);

	st->mode = S_IRUSR | S_IWUSR;
	st->size = (int64_t)vmo_size(v);
	st->blocks = (int64_t)(vmo_pages(v) * (PAGE_SIZE / 512));
	return error;
}

static int
set_size(struct vmo *v, uint64_t size)
{
	return size > VMO_SIZE_MAX ? ERANGE : vmo_set_size(v, size);
}

static int
vmo_node_setattr(struct node *n, const struct setattr *sa)
{
	struct vmo *v = vmo_of(n);
	int error;

	if (sa->mask != SETATTR_SIZE || !v->id->resizable)
		return EINVAL;
	error = set_size(v, sa->size);
	return error == ERANGE ? EFBIG : error;
}

static int
vmo_node_vmo(struct node *n, struct vmo **out)
{
	vmo_ref(*out = vmo_of(n));
	return 0;
}

static void
vmo_node_destroy(struct node *n)
{
	struct vmo *v = vmo_of(n);

	spin_lock(&kin_lock);
	v->id->node = NULL;
	spin_unlock(&kin_lock);
	vmo_unref(v);
	zone_free(vmo_node_zone, vmo_node_of(n));
	kstat_add(&vmo_nodes, -1);
}

static const struct node_ops vmo_node_ops = {
	.name = "vmo",
	.read = vmo_node_read,
	.write = vmo_node_write,
	.seek = vmo_node_seek,
	.stat = vmo_node_stat,
	.setattr = vmo_node_setattr,
	.ioctl = node_noioctl,
	.vmo = vmo_node_vmo,
	.sync = node_nosync,
	.unused = node_nounused,
	.destroy = vmo_node_destroy,
};

/* A node with one use and an identity over a VMO that nobody else knows; the reference is consumed always. */
static int
vmo_node_make(struct vmo *v, bool resizable, struct vmo_id *parent, struct node **out)
{
	struct vmo_id *id = zone_alloc(vmo_id_zone, ZALLOC_ZERO);
	struct vmo_node *vn = id != NULL ? zone_alloc(vmo_node_zone, 0) : NULL;

	if (vn == NULL) {
		if (id != NULL)
			zone_free(vmo_id_zone, id);
		vmo_unref(v);
		return ENOMEM;
	}
	kstat_add(&vmo_nodes, 1);
	node_init(&vn->node, &vmo_node_ops, NODE_VMO, NULL, SIG_SIGNALED);
	vn->node.poll_in = SIG_SIGNALED;
	node_use(&vn->node);
	node_unref(&vn->node);
	mutex_init(&vn->lock, &offset_class);
	vn->off = 0;
	vn->vmo = v;
	id->refs = 1;
	id->resizable = resizable;
	id->koid = vn->node.koid;
	id->node = &vn->node;
	if (parent != NULL) {
		atomic_add(&parent->refs, 1);
		id->parent = parent;
		id->parent_koid = parent->koid;
		children_change(parent, 1);
	}
	vmo_set_id(v, id);
	*out = &vn->node;
	return 0;
}

static int
install(struct node *n, uint32_t rights, void __user *out)
{
	int error = handle_install(n, rights, out);

	if (error != 0)
		node_unuse(n);
	return error;
}

/* --- calls --- */

int
sys_mx_vmo_create(uint64_t size, uint32_t options, void __user *out)
{
	bool resizable = (options & MX_VMO_RESIZABLE) != 0;
	struct node *n;
	struct vmo *v;
	int error = size > VMO_SIZE_MAX ? ERANGE : vmo_create(size, &v);

	if (error != 0)
		return error;
	if ((error = vmo_node_make(v, resizable, NULL, &n)) != 0)
		return error;
	return install(n, VMO_RIGHTS | (resizable ? RIGHT_RESIZE : 0), out);
}

static int
range_check(struct vmo *v, uint64_t off, uint64_t len)
{
	uint64_t size = vmo_size(v);

	return off > size || len > size - off ? ERANGE : 0;
}

static int
transfer(struct node *h, void __user *buf, uint64_t off, size_t len, uint32_t flags)
{
	struct kiovec one;
	struct uio u;
	int error = range_check(vmo_of(h), off, len);

	if (error != 0)
		return error;
	uio_init(&u, &one, (uintptr_t)buf, len, flags);
	error = vmo_uio(vmo_of(h), off, &u);
	/* It became shorter meanwhile. */
	return error == EFBIG || (error == 0 && u.resid != 0) ? ERANGE : error;
}

int
sys_mx_vmo_read(struct node *h, void __user *buf, uint64_t off, size_t len)
{
	return transfer(h, buf, off, len, 0);
}

int
sys_mx_vmo_write(struct node *h, void __user *buf, uint64_t off, size_t len)
{
	return transfer(h, buf, off, len, UIO_WRITE);
}

int
sys_mx_vmo_get_size(struct node *h, uint64_t *size)
{
	*size = vmo_size(vmo_of(h));
	return 0;
}

/* Any VMO handle, with its rights. */
static int
vmo_get(uint32_t h, struct node **out, uint32_t *rights)
{
	return h <= DESC_INDEX_MASK ? EHANDLE : desc_get_slot(h, NODE_VMO, 0, out, rights, NULL);
}

int
sys_mx_vmo_set_size(uint32_t h, uint64_t size)
{
	struct node *n;
	uint32_t rights;
	int error = vmo_get(h, &n, &rights);

	if (error != 0)
		return error;
	if (!(rights & RIGHT_WRITE))
		error = ERIGHTS;
	else if (!vmo_of(n)->id->resizable)
		error = EBUSY;		/* UNAVAILABLE */
	else if (!(rights & RIGHT_RESIZE))
		error = ERIGHTS;
	else
		error = set_size(vmo_of(n), size);
	node_unuse(n);
	return error;
}

/* COMMIT and DECOMMIT are about whole pages, all that the range touches. */
static int
op_pages(struct vmo *v, uint32_t op, uint64_t off, uint64_t len)
{
	uint64_t first = ROUND_DOWN(off, (uint64_t)PAGE_SIZE), end = ROUND_UP(off + len, (uint64_t)PAGE_SIZE);
	int error;

	if (len == 0)
		return 0;
	error = op == MX_VMO_OP_COMMIT ? vmo_commit(v, first, end - first) : vmo_decommit(v, first, end - first);
	return error == ENXIO ? ERANGE : error;
}

static int
op_range(struct vmo *v, uint32_t op, uint64_t off, uint64_t len)
{
	int error = range_check(v, off, len);

	if (error != 0)
		return error;
	switch (op) {
	case MX_VMO_OP_COMMIT:
	case MX_VMO_OP_DECOMMIT:
		return op_pages(v, op, off, len);
	case MX_VMO_OP_ZERO:
		return vmo_decommit(v, off, len);
	default:
		return len == 0 ? EINVAL : 0;	/* caches: the machine keeps them coherent */
	}
}

/* The right that an operation needs; false: there is no such operation. */
static bool
op_right(uint32_t op, uint32_t *right)
{
	switch (op) {
	case MX_VMO_OP_COMMIT:
	case MX_VMO_OP_DECOMMIT:
	case MX_VMO_OP_ZERO:
	case MX_VMO_OP_CACHE_INVALIDATE:
		*right = RIGHT_WRITE;
		return true;
	case MX_VMO_OP_CACHE_SYNC:
	case MX_VMO_OP_CACHE_CLEAN:
	case MX_VMO_OP_CACHE_CLEAN_INVALIDATE:
		*right = RIGHT_READ;
		return true;
	case MX_VMO_OP_LOCK:
	case MX_VMO_OP_UNLOCK:
		*right = 0;
		return true;
	}
	return false;
}

int
sys_mx_vmo_op_range(uint32_t h, uint32_t op, uint64_t off, uint64_t len, void __user *buf, size_t size)
{
	struct node *n;
	uint32_t rights, right;
	int error;

	if (!op_right(op, &right))
		return EINVAL;
	if ((error = vmo_get(h, &n, &rights)) != 0)
		return error;
	if ((rights & right) != right)
		error = ERIGHTS;
	else if (op == MX_VMO_OP_LOCK || op == MX_VMO_OP_UNLOCK)
		error = ENOTSUP;
	else
		error = op_range(vmo_of(n), op, off, len);
	node_unuse(n);
	return error;
}

#define CHILD_SNAPSHOT	(MX_VMO_CHILD_SNAPSHOT | MX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE)
#define CHILD_KNOWN	(CHILD_SNAPSHOT | MX_VMO_CHILD_RESIZABLE | MX_VMO_CHILD_NO_WRITE)

static int
child_check(uint32_t options, uint64_t off, uint64_t size)
{
	uint32_t way = options & CHILD_SNAPSHOT;

	if ((options & ~CHILD_KNOWN) != 0 || way == 0 || way == CHILD_SNAPSHOT)
		return EINVAL;
	if ((options & MX_VMO_CHILD_RESIZABLE) && (options & MX_VMO_CHILD_NO_WRITE))
		return EINVAL;
	if ((off & PAGE_MASK) != 0)
		return EINVAL;
	return 0;
}

/* What may be executed is never writable by the same handle. */
static uint32_t
child_rights(uint32_t rights, uint32_t options)
{
	rights = (rights & ~RIGHT_RESIZE) | RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY;
	if (options & MX_VMO_CHILD_NO_WRITE)
		return rights & ~RIGHT_WRITE;
	rights = (rights & ~RIGHT_EXECUTE) | RIGHT_WRITE;
	return options & MX_VMO_CHILD_RESIZABLE ? rights | RIGHT_RESIZE : rights;
}

static int
create_child(struct node *n, uint32_t rights, uint32_t options, uint64_t off, uint64_t size, void __user *out)
{
	struct vmo_id *id = vmo_of(n)->id;
	struct node *child;
	struct vmo *v;
	int error;

	if (off > VMO_SIZE_MAX || size > VMO_SIZE_MAX - off)
		return ERANGE;
	error = vmo_snapshot_range(vmo_of(n), off, ROUND_UP(size, (uint64_t)PAGE_SIZE), &v);
	if (error == 0)
		error = vmo_node_make(v, (options & MX_VMO_CHILD_RESIZABLE) != 0, id, &child);
	if (error != 0)
		return error;
	if (rights & RIGHT_GET_PROPERTY) {
		spin_lock(&kin_lock);
		memcpy(v->id->name, id->name, sizeof(id->name));
		spin_unlock(&kin_lock);
	}
	return install(child, child_rights(rights, options), out);
}

int
sys_mx_vmo_create_child(uint32_t h, uint32_t options, uint64_t off, uint64_t size, void __user *out)
{
	struct node *n;
	uint32_t rights;
	int error = child_check(options, off, size);

	/* Options before policy before the handle; a snapshot is a new object. */
	if (error != 0 || (error = policy_check(POLICY_NEW_VMO)) != 0)
		return error;
	if ((error = handle_get_slot(h, &n, &rights)) != 0)
		return error;
	if (n->kind != NODE_VMO)
		error = n->kind == NODE_FILE ? ENOTSUP : EWRONGTYPE;
	else if ((rights & (RIGHT_DUPLICATE | RIGHT_READ)) != (RIGHT_DUPLICATE | RIGHT_READ))
		error = ERIGHTS;
	else
		error = create_child(n, rights, options, off, size, out);
	node_unuse(n);
	return error;
}

/* A resource gives leave to make memory executable; no object is one yet. */
static int
resource_check(uint32_t h)
{
	struct node *n;
	uint32_t rights;
	int error;

	if (h == 0)
		return 0;
	if ((error = handle_get_slot(h, &n, &rights)) != 0)
		return error;
	node_unuse(n);
	return EWRONGTYPE;
}

/* Consumes h, by success and failure alike.  Without a resource the job's policy gives leave. */
int
sys_mx_vmo_replace_as_executable(uint32_t h, uint32_t resource, void __user *out)
{
	struct slot slot;
	int error = resource == 0 ? policy_check(POLICY_MARK_VMO_EXEC) : 0, taken = handle_take(h, &slot);

	if (taken != 0)
		return error != 0 ? error : taken;
	if (error == 0)
		error = slot.node->kind == NODE_VMO ? resource_check(resource) : EWRONGTYPE;
	if (error != 0) {
		slot_drop(&slot);
		return error;
	}
	slot.rights |= RIGHT_EXECUTE;
	slot.flags = DESC_CLOEXEC;
	error = handle_install_slot(&slot, out);
	if (error != 0)
		slot_drop(&slot);
	return error;
}

/* --- information --- */

void
vmo_info(struct vmo *v, struct abi_info_vmo *out)
{
	*out = (struct abi_info_vmo){ .size_bytes = vmo_size(v), .num_mappings = v->nmaps,
		.share_count = v->nmaps, .committed_bytes = vmo_pages(v) << PAGE_SHIFT,
		.flags = MX_INFO_VMO_TYPE_PAGED };
	if (v->id == NULL)
		return;
	out->koid = v->id->koid;
	out->parent_koid = v->id->parent_koid;
	if (v->id->resizable)
		out->flags |= MX_INFO_VMO_RESIZABLE;
	if (v->id->parent != NULL)
		out->flags |= MX_INFO_VMO_IS_COW_CLONE;
	spin_lock(&kin_lock);
	out->num_children = v->id->children;
	memcpy(out->name, v->id->name, sizeof(out->name));
	spin_unlock(&kin_lock);
}

static int
vmo_topic_get(struct node *n, uint32_t slot_rights, struct info_sink *to)
{
	struct abi_info_vmo record;

	vmo_info(vmo_of(n), &record);
	record.flags |= MX_INFO_VMO_VIA_HANDLE;
	record.handle_rights = slot_rights;
	return info_put(to, &record);
}
INFO_TOPIC(vmo_topic, MX_INFO_VMO, NODE_VMO, RIGHT_INSPECT, sizeof(struct abi_info_vmo), vmo_topic_get);

static koid_t
vmo_related(struct node *n)
{
	return vmo_of(n)->id->parent_koid;
}
RELATIVES(vmo_relatives, NODE_VMO, vmo_related, NULL);

static int
name_get(struct node *n, void *value)
{
	spin_lock(&kin_lock);
	memcpy(value, vmo_of(n)->id->name, MX_MAX_NAME_LEN);
	spin_unlock(&kin_lock);
	return 0;
}

static int
name_set(struct node *n, const void *value)
{
	struct vmo_id *id = vmo_of(n)->id;

	spin_lock(&kin_lock);
	memset(id->name, 0, sizeof(id->name));
	memcpy(id->name, value, strnlen(value, MX_MAX_NAME_LEN - 1));
	spin_unlock(&kin_lock);
	return 0;
}
PROPERTY(vmo_name, MX_PROP_NAME, NODE_VMO, MX_MAX_NAME_LEN, name_get, name_set);
