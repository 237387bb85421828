/*
 * The native calls on regions (VMARs): arguments, rights and placement; what regions are says
 * region.c.
 *
 * Three things bound what a mapping may ever be used for, and it remembers their conjunction: the
 * rights of the VMO's handle, those of the region's handle, and what the region itself can map.
 * Closing the handles later changes nothing.
 *
 * Whatever can be mapped by mmap can be mapped here: the handle of an open file is taken where a
 * VMO's is.  The mapping is shared, and fork hands it on shared.
 *
 * The address is told before anything is changed when the caller chose it (a pointer that cannot be
 * written to then costs nothing); where the kernel chooses, the mapping is undone instead.
 */
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "mach/user.h"
#include "vm/region.h"
#include "vm/space.h"
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/vmo.h>

#define PERM_ALL	(MX_VM_PERM_READ | MX_VM_PERM_WRITE | MX_VM_PERM_EXECUTE)
#define CAN_ALL		(MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_EXECUTE)
#define CAN_SHIFT	7u		/* CAN_MAP_x is PERM_x << 7 */
#define ALLOCATE_KNOWN	(MX_VM_COMPACT | MX_VM_SPECIFIC | MX_VM_CAN_MAP_SPECIFIC | CAN_ALL)
#define MAP_KNOWN	(PERM_ALL | MX_VM_COMPACT | MX_VM_SPECIFIC | MX_VM_SPECIFIC_OVERWRITE | MX_VM_MAP_RANGE | \
			 MX_VM_REQUIRE_NON_RESIZABLE | MX_VM_ALLOW_FAULTS)
#define CHILD_RIGHTS	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT)

_Static_assert(MX_VM_PERM_READ == VM_READ && MX_VM_PERM_WRITE == VM_WRITE && MX_VM_PERM_EXECUTE == VM_EXEC,
    "one encoding");
_Static_assert(RIGHT_READ == VM_READ << 2 && RIGHT_WRITE == VM_WRITE << 2 && RIGHT_EXECUTE == VM_EXEC << 2,
    "rights have the same order");

/* What rights of a handle let one do with memory, as VM_*. */
static uint32_t
rights_perm(uint32_t rights)
{
	return rights >> 2 & PERM_ALL;
}

static int
vmar_get(uint32_t h, struct region **out, uint32_t *perm)
{
	struct node *n;
	uint32_t rights;
	int error;

	if (h <= DESC_INDEX_MASK)
		return EHANDLE;
	if ((error = desc_get_slot(h, NODE_VMAR, 0, &n, &rights, NULL)) != 0)
		return error;
	*out = container_of(n, struct region, node);
	*perm = rights_perm(rights);
	return 0;
}

/* A range inside of the region; offsets of any size are allowed. */
static bool
range_inside(const struct region *r, uint64_t offset, uint64_t len)
{
	return offset <= r->end - r->base && len <= r->end - r->base - offset;
}

static bool
address_inside(const struct region *r, vaddr_t addr, uint64_t len)
{
	return addr >= r->base && range_inside(r, addr - r->base, len);
}

int
vmar_root(struct space *s, struct node **out)
{
	int error = 0;

	mutex_lock(&s->lock);
	if (s->regions == NULL)
		error = region_create(s, NULL, USER_MIN, USER_MAX, CAN_ALL | MX_VM_CAN_MAP_SPECIFIC, &s->regions);
	if (error == 0) {
		*out = &s->regions->node;
		node_use(*out);
	}
	mutex_unlock(&s->lock);
	return error;
}

/* --- allocate --- */

struct alloc_args {
	uint32_t options;
	uint64_t offset, size;
};

/* Makes the region; the space is locked. */
static int
allocate_locked(struct space *s, struct region *parent, const struct alloc_args *a, struct region **out)
{
	vaddr_t base;

	if (a->offset != 0 && !(a->options & MX_VM_SPECIFIC))
		return EINVAL;
	if (a->size == 0 || ((a->size | a->offset) & PAGE_MASK) != 0 || !range_inside(parent, a->offset, a->size))
		return EINVAL;
	if (a->options & MX_VM_SPECIFIC) {
		base = parent->base + (vaddr_t)a->offset;
		if (region_hit(parent, base, base + a->size) != NULL || window_hits(s, base, base + a->size) ||
		    !space_range_free(s, base, base + a->size))
			return EEXIST;
	} else {
		base = space_place(s, parent, (vaddr_t)a->size, a->options & MX_VM_COMPACT ? 0 : MAPF_RANDOM);
		if (base == 0)
			return ENOMEM;
	}
	return region_create(s, parent, base, base + (vaddr_t)a->size,
	    a->options & (CAN_ALL | MX_VM_CAN_MAP_SPECIFIC), out);
}

static int
allocate(struct region *parent, uint32_t perm, const struct alloc_args *a, void __user *child, void __user *addr)
{
	uint32_t want = (a->options & CAN_ALL) >> CAN_SHIFT;
	struct region *r;
	struct space *s;
	uint64_t base;
	int error;

	if ((want & ~perm) != 0)
		return ERIGHTS;
	if ((error = region_enter(parent, &s)) != 0)
		return error;
	if ((want & ~(parent->can >> CAN_SHIFT)) != 0 ||
	    ((a->options & MX_VM_SPECIFIC) && !(parent->can & MX_VM_CAN_MAP_SPECIFIC)))
		error = EACCES;
	if (error == 0 && (error = allocate_locked(s, parent, a, &r)) == 0)
		node_use(&r->node);
	region_leave(s);
	if (error != 0)
		return error;
	base = r->base;
	if ((error = copyout(&base, addr, sizeof(vaddr_t))) == 0)
		error = handle_install(&r->node, CHILD_RIGHTS | want << 2, child);
	if (error == 0)
		return 0;
	if (region_enter(r, &s) == 0) {
		region_kill(s, r);
		region_leave(s);
	}
	node_unuse(&r->node);
	return error;
}

int
sys_mx_vmar_allocate(uint32_t h, uint32_t options, uint64_t off, uint64_t size, void __user *child,
    void __user *addr)
{
	const struct alloc_args a = { .options = options, .offset = off, .size = size };
	struct region *parent;
	uint32_t perm;
	int error;

	if ((options & ~ALLOCATE_KNOWN) != 0)
		return EINVAL;
	if ((error = vmar_get(h, &parent, &perm)) != 0)
		return error;
	error = allocate(parent, perm, &a, child, addr);
	node_unuse(&parent->node);
	return error;
}

/* --- map --- */

struct vmar_map_args {
	uint32_t options, prot, max;
	uint64_t offset, vmo_off, len;
	struct vmo *vmo;
};

static bool
is_specific(const struct vmar_map_args *a)
{
	return (a->options & (MX_VM_SPECIFIC | MX_VM_SPECIFIC_OVERWRITE)) != 0;
}

/* Numbers that are wrong whatever the state is. */
static int
map_check(struct vmar_map_args *a, const struct region *r)
{
	if (a->len == 0 || a->len > r->end - r->base || ((a->vmo_off | a->offset) & PAGE_MASK) != 0)
		return EINVAL;
	a->len = ROUND_UP(a->len, (uint64_t)PAGE_SIZE);
	if (!range_inside(r, a->offset, a->len) || (a->offset != 0 && !is_specific(a)))
		return EINVAL;
	if (a->vmo_off + a->len < a->vmo_off || a->vmo_off + a->len > VMO_SIZE_MAX)
		return EINVAL;
	return 0;
}

static uint32_t
map_flags(const struct vmar_map_args *a)
{
	uint32_t flags = MAPF_SHARED;

	if (is_specific(a))
		flags |= MAPF_FIXED;
	else if (!(a->options & MX_VM_COMPACT))
		flags |= MAPF_RANDOM;
	if (!(a->options & MX_VM_SPECIFIC_OVERWRITE))
		flags |= MAPF_NOREPLACE;
	return flags;
}

static int
map_in(struct space *s, struct region *r, const struct vmar_map_args *a, vaddr_t *at)
{
	struct mapping *m;
	int error;

	if (is_specific(a) && !(r->can & MX_VM_CAN_MAP_SPECIFIC))
		return EACCES;
	if (s->size + a->len > s->limit_as)
		return ENOMEM;
	if ((m = space_mapping(s, a->prot, a->max, map_flags(a))) == NULL)
		return ENOMEM;
	error = space_map_locked(s, r, m, at, (size_t)a->len, a->vmo, a->vmo_off);
	if (error != 0)
		space_mapping_free(m);
	return error == EAGAIN ? ENOMEM : error;	/* mlockall's limit */
}

/* MAP_RANGE: what the VMO has is mapped now; what it has not stays for faults. */
static void
map_range(struct space *s, const struct vmar_map_args *a, vaddr_t at)
{
	uint64_t end = a->vmo_off + a->len;

	if (a->prot == 0)
		return;
	for (uint64_t off = a->vmo_off; (off = vmo_seek_data(a->vmo, off)) < MIN(end, vmo_size(a->vmo));
	    off = ROUND_DOWN(off, PAGE_SIZE) + PAGE_SIZE) {
		vaddr_t va = at + (vaddr_t)(ROUND_DOWN(off, PAGE_SIZE) - a->vmo_off);
		int error;

		do
			error = space_fault_once(s, va, VM_READ);
		while (error == EAGAIN);
		if (error != 0)
			return;
	}
}

/* A mapping whose address could not be told: unless the region went meanwhile, and all in it. */
static void
unmap_again(struct region *r, vaddr_t at, vaddr_t len)
{
	struct space *s;

	if (region_enter(r, &s) != 0)
		return;
	if (space_unmap_locked(s, r, at, at + len) != 0)
		log_warn("vmar: a mapping stays that was not told");
	region_leave(s);
}

static int
map_and_tell(struct region *r, struct vmar_map_args *a, void __user *addr)
{
	vaddr_t at = r->base + (vaddr_t)a->offset;
	struct space *s;
	int error;

	if (is_specific(a) && (error = copyout(&at, addr, sizeof(at))) != 0)
		return error;
	if ((error = region_enter(r, &s)) != 0)
		return error;
	if ((error = map_in(s, r, a, &at)) == 0)
		space_ref(s);
	region_leave(s);
	if (error != 0)
		return error;
	if (!is_specific(a) && (error = copyout(&at, addr, sizeof(at))) != 0)
		unmap_again(r, at, (vaddr_t)a->len);
	else if (unlikely(s->lock_present))
		error = space_lock_new(s, at, (size_t)a->len) != 0 ? ENOMEM : 0;
	else if (a->options & MX_VM_MAP_RANGE)
		map_range(s, a, at);
	space_unref(s);
	return error;
}

/* The VMO behind a handle of any kind that has one. */
static int
map_vmo(uint32_t h, struct vmar_map_args *a, uint32_t perm)
{
	struct node *n;
	uint32_t rights;
	int error = handle_get_slot(h, &n, &rights);

	if (error != 0)
		return error;
	a->max = perm & rights_perm(rights);
	if (n->ops->vmo == node_novmo)
		error = EWRONGTYPE;
	else if (!(rights & RIGHT_MAP) || (a->prot & ~a->max) != 0)
		error = ERIGHTS;
	else if ((error = n->ops->vmo(n, &a->vmo)) == ENODEV)
		error = EWRONGTYPE;
	else if (error == 0 && (a->options & MX_VM_REQUIRE_NON_RESIZABLE) && vmo_resizable(a->vmo)) {
		vmo_unref(a->vmo);
		error = ENOTSUP;
	}
	node_unuse(n);
	return error;
}

/* W+X is asked of the policy; without R it is nonsense. */
static int
perm_check(uint32_t prot)
{
	if (prot != 0 && !(prot & VM_READ))
		return EINVAL;
	if ((prot & (VM_WRITE | VM_EXEC)) == (VM_WRITE | VM_EXEC) && !wx_allowed())
		return EACCES;
	return 0;
}

int
sys_mx_vmar_map(uint32_t h, uint32_t options, uint64_t off, uint32_t vmo, uint64_t vmo_off, uint64_t len,
    void __user *addr)
{
	struct vmar_map_args a = { .options = options, .prot = options & PERM_ALL, .offset = off,
		.vmo_off = vmo_off, .len = len };
	struct region *r;
	uint32_t perm;
	int error;

	if ((options & ~MAP_KNOWN) != 0)
		return EINVAL;
	if ((error = perm_check(a.prot)) != 0 || (error = vmar_get(h, &r, &perm)) != 0)
		return error;
	error = map_vmo(vmo, &a, perm);
	if (error == 0) {
		a.max &= r->can >> CAN_SHIFT;
		if ((a.prot & ~a.max) != 0)
			error = EACCES;
		if (error == 0 && (error = map_check(&a, r)) == 0)
			error = map_and_tell(r, &a, addr);
		vmo_unref(a.vmo);
	}
	node_unuse(&r->node);
	return error;
}

/* --- unmap, protect, destroy --- */

int
sys_mx_vmar_unmap(struct node *h, uintptr_t addr, uint64_t len)
{
	struct region *r = container_of(h, struct region, node);
	struct space *s;
	int error;

	if ((addr & PAGE_MASK) != 0 || len == 0 || len > USER_MAX)
		return EINVAL;
	len = ROUND_UP(len, (uint64_t)PAGE_SIZE);
	if (!address_inside(r, addr, len))
		return EINVAL;
	if ((error = region_enter(r, &s)) != 0)
		return error;
	error = space_unmap_locked(s, r, addr, addr + (vaddr_t)len);
	region_leave(s);
	return error;
}

int
sys_mx_vmar_protect(uint32_t h, uint32_t options, uintptr_t addr, uint64_t len)
{
	struct region *r;
	struct space *s;
	uint32_t perm;
	int error;

	if ((options & ~PERM_ALL) != 0)
		return EINVAL;
	if ((error = perm_check(options)) != 0 || (error = vmar_get(h, &r, &perm)) != 0)
		return error;
	if ((options & ~perm) != 0)
		error = ERIGHTS;
	else if ((addr & PAGE_MASK) != 0 || len == 0 || len > USER_MAX ||
	    !address_inside(r, addr, ROUND_UP(len, (uint64_t)PAGE_SIZE)))
		error = EINVAL;
	else if ((error = region_enter(r, &s)) == 0) {
		error = space_protect_locked(s, r, addr, addr + (vaddr_t)ROUND_UP(len, (uint64_t)PAGE_SIZE),
		    options);
		region_leave(s);
	}
	node_unuse(&r->node);
	return error;
}

int
sys_mx_vmar_destroy(struct node *h)
{
	struct region *r = container_of(h, struct region, node);
	struct space *s;
	int error;

	if ((error = region_enter(r, &s)) != 0)
		return error;
	/* No mapping lies across its borders, so nothing is split and nothing can fail. */
	error = space_unmap_locked(s, r, r->base, r->end);
	VERIFY(error == 0);
	region_kill(s, r);
	region_leave(s);
	return 0;
}

/* --- information --- */

static int
vmar_info(struct node *n, uint32_t slot_rights, struct info_sink *to)
{
	struct region *r = container_of(n, struct region, node);
	struct abi_info_vmar record = { .base = r->base, .len = r->end - r->base };
	struct space *s;
	int error = region_enter(r, &s);

	if (error != 0)
		return error;
	region_leave(s);
	return info_put(to, &record);
}
INFO_TOPIC(vmar_topic, MX_INFO_VMAR, NODE_VMAR, RIGHT_INSPECT, sizeof(struct abi_info_vmar), vmar_info);
