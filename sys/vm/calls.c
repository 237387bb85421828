/* The memory calls: arguments, rights and limits; the work is in space.c, protect.c, brk.c. */
#include <abi/mman.h>
#include <abi/resource.h>
#include <abi/rights.h>
#include "gen/sysproto.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/policy.h"
#include "kern/proc.h"
#include "mach/user.h"
#include "vm/calls.h"
#include "vm/space.h"
#include "vm/vmo.h"

#define PROT_ALL	(PROT_READ | PROT_WRITE | PROT_EXEC)
#define MAP_KNOWN	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANON | MAP_NORESERVE | MAP_STACK | \
			 MAP_FIXED_NOREPLACE)

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC, "one encoding");

struct map_args {
	vaddr_t addr;
	size_t len;
	uint32_t prot, max;
	uint32_t flags;		/* MAPF_* */
	bool shared;
	uint64_t off;
};

/* Whole pages of user space; addr need not be inside of anything. */
static int
range_args(uintptr_t addr, size_t len, int outside)
{
	if ((addr & PAGE_MASK) != 0)
		return EINVAL;
	return user_range_ok(addr, len) ? 0 : outside;
}

static uint64_t
limit(int which)
{
	return proc_self()->p_limits[which].cur;
}

bool
wx_allowed(void)
{
	return policy_hook != NULL && policy_check(POLICY_VMAR_WX) == 0;
}

/* --- mmap --- */

static int
mmap_check(struct map_args *a, int prot, int flags, int64_t off)
{
	if ((prot & ~PROT_ALL) != 0 || (flags & ~MAP_KNOWN) != 0)
		return EINVAL;
	if (((flags & MAP_SHARED) != 0) == ((flags & MAP_PRIVATE) != 0))
		return EINVAL;
	if (a->len == 0 || off < 0 || (off & (int64_t)PAGE_MASK) != 0)
		return EINVAL;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0 && (a->addr & PAGE_MASK) != 0)
		return EINVAL;
	if ((prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
		if (!wx_allowed())
			return EACCES;
		a->flags |= MAPF_WX;
	}
	if ((flags & MAP_FIXED_NOREPLACE) != 0)
		a->flags |= MAPF_FIXED | MAPF_NOREPLACE;
	else if ((flags & MAP_FIXED) != 0)
		a->flags |= MAPF_FIXED;
	a->shared = (flags & MAP_SHARED) != 0;
	if (a->shared)
		a->flags |= MAPF_SHARED;
	a->prot = (uint32_t)prot;
	a->off = (uint64_t)off;
	return 0;
}

/* What the descriptor's rights allow, now and for later calls of mprotect. */
static int
mmap_rights(struct map_args *a, uint32_t rights)
{
	if ((rights & (RIGHT_READ | RIGHT_MAP)) != (RIGHT_READ | RIGHT_MAP))
		return EACCES;
	a->max = VM_READ;
	if (!a->shared || (rights & RIGHT_WRITE) != 0)
		a->max |= VM_WRITE;
	if ((rights & RIGHT_EXECUTE) != 0)
		a->max |= VM_EXEC;
	return (a->prot & ~a->max) != 0 ? EACCES : 0;
}

static int
mmap_private(struct vmo **vmo)
{
	struct vmo *copy;
	int error = vmo_is_vnode(*vmo) ? vmo_overlay(*vmo, &copy) : vmo_snapshot(*vmo, &copy);

	vmo_unref(*vmo);
	*vmo = error == 0 ? copy : NULL;
	return error;
}

static int
mmap_file(struct map_args *a, int fd, struct vmo **vmo)
{
	uint32_t rights, slot_flags;
	struct node *n;
	int error = desc_get_slot((uint32_t)fd, NODE_ANY, 0, &n, &rights, &slot_flags);

	if (error != 0)
		return error;
	/* What can never be mapped says so before rights are looked at. */
	error = n->ops->vmo == node_novmo ? ENODEV : mmap_rights(a, rights);
	if (error == 0)
		error = n->ops->vmo(n, vmo);
	node_unuse(n);
	if (error == 0 && a->off + a->len > INT64_MAX) {
		vmo_unref(*vmo);
		error = EOVERFLOW;
	}
	if (error == 0 && !a->shared)
		error = mmap_private(vmo);
	return error;
}

static inline __attribute__((always_inline)) int
do_mmap(uintptr_t addr, size_t len, int prot, int flags, uint32_t more, int fd, int64_t off, intptr_t *result)
{
	struct map_args a = { .addr = addr, .len = len, .flags = more, .max = VM_READ | VM_WRITE | VM_EXEC };
	struct space *s = proc_self()->p_space;
	struct vmo *vmo = NULL;
	int error = mmap_check(&a, prot, flags, off);

	if (error != 0)
		return error;
	if (a.len > SIZE_MAX / 2 || space_size(s) + a.len > limit(RLIMIT_AS))
		return ENOMEM;
	if ((flags & MAP_ANON) != 0)
		a.off = 0;
	error = (flags & MAP_ANON) == 0 ? mmap_file(&a, fd, &vmo) : a.shared ? vmo_create(a.len, &vmo) : 0;
	if (error != 0)
		return error == EFBIG ? ENOMEM : error;
	error = space_map(s, &a.addr, a.len, a.prot, a.max, a.flags, vmo, a.off);
	vmo_unref(vmo);
	if (error == 0)
		*result = (intptr_t)a.addr;
	return error;
}

/* What malloc and thread libraries ask for. */
static inline __attribute__((always_inline)) int
mmap_zeros(size_t len, int prot, intptr_t *result)
{
	const struct proc *p = proc_self();
	struct space *s = p->p_space;

	if (len == 0)
		return EINVAL;
	if (len > SIZE_MAX / 2 || space_size(s) + len > p->p_limits[RLIMIT_AS].cur)
		return ENOMEM;
	return space_map_zeros(s, len, (uint32_t)prot, (vaddr_t *)result);
}

int
sys_mmap(uintptr_t addr, size_t len, int prot, int flags, int fd, int64_t off, intptr_t *result)
{
	if (likely(flags == (MAP_PRIVATE | MAP_ANON) && addr == 0 && off == 0 && (prot & ~(PROT_READ | PROT_WRITE)) == 0))
		return mmap_zeros(len, prot, result);
	return do_mmap(addr, len, prot, flags, 0, fd, off, result);
}

int
vm_mmap(uintptr_t addr, size_t len, int prot, int flags, uint32_t more, int fd, int64_t off, intptr_t *result)
{
	return do_mmap(addr, len, prot, flags, more, fd, off, result);
}

int
sys_munmap(uintptr_t addr, size_t len)
{
	return space_unmap(proc_self()->p_space, addr, len);
}

int
sys_mprotect(uintptr_t addr, size_t len, int prot)
{
	if ((prot & ~PROT_ALL) != 0)
		return EINVAL;
	if ((prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
		if (!wx_allowed())
			return EACCES;
		prot |= VM_WX;
	}
	return space_protect(proc_self()->p_space, addr, len, (uint32_t)prot);
}

/* --- what is mapped --- */

int
sys_msync(uintptr_t addr, size_t len, int flags)
{
	struct space *s = proc_self()->p_space;
	int error;

	if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) != 0 ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return EINVAL;
	if ((error = range_args(addr, len, ENOMEM)) != 0 || (error = space_check(s, addr, len)) != 0)
		return error;
	/* There is one copy of a page: nothing to invalidate, but POSIX wants to know. */
	if ((flags & MS_INVALIDATE) && space_locked_in(s, addr, ROUND_UP(len, PAGE_SIZE)))
		return EBUSY;
	return flags & (MS_SYNC | MS_ASYNC) ? space_sync(s, addr, ROUND_UP(len, PAGE_SIZE), flags & MS_SYNC) : 0;
}

int
sys_madvise(uintptr_t addr, size_t len, int advice)
{
	const uint32_t order = MAPF_SEQUENTIAL | MAPF_RANDOM_USE;
	struct space *s = proc_self()->p_space;
	int error;

	if ((error = range_args(addr, len, ENOMEM)) != 0)
		return error;
	switch (advice) {
	case MADV_NORMAL:
		return space_advise(s, addr, len, order, 0);
	case MADV_RANDOM:
		return space_advise(s, addr, len, order, MAPF_RANDOM_USE);
	case MADV_SEQUENTIAL:
		return space_advise(s, addr, len, order, MAPF_SEQUENTIAL);
	case MADV_DONTFORK:
		return space_advise(s, addr, len, 0, MAPF_DONTFORK);
	case MADV_DOFORK:
		return space_advise(s, addr, len, MAPF_DONTFORK, 0);
	case MADV_WILLNEED:
		if ((error = space_check(s, addr, len)) == 0)
			space_will_need(s, addr, len);
		return error;
	case POSIX_MADV_DONTNEED:
		return space_check(s, addr, len);
	case MADV_DONTNEED:
	case MADV_FREE:
		if ((error = space_check(s, addr, len)) != 0)
			return error;
		return space_discard(s, addr, len);
	default:
		return EINVAL;
	}
}

/* There is no swap: locked is present, and file pages that reclaiming leaves alone. */
int
sys_mlock(uintptr_t addr, size_t len)
{
	struct space *s = proc_self()->p_space;
	uint64_t most = limit(RLIMIT_MEMLOCK);
	int error;

	if (!user_range_ok(addr, len))
		return ENOMEM;
	if (len == 0)
		return 0;
	if (!cred_super(proc_self()->p_cred) && (len > most || space_locked(s) > most - len))
		return ENOMEM;
	if ((error = space_advise(s, addr, len, 0, MAPF_LOCKED)) != 0)
		return error;
	if (space_populate(s, addr, len) == 0)
		return 0;
	(void)space_advise(s, addr, len, MAPF_LOCKED, 0);
	return ENOMEM;
}

int
sys_munlock(uintptr_t addr, size_t len)
{
	if (!user_range_ok(addr, len))
		return ENOMEM;
	return space_advise(proc_self()->p_space, addr, len, MAPF_LOCKED, 0);
}

int
sys_mlockall(int flags)
{
	struct proc *p = proc_self();
	uint64_t most = cred_super(p->p_cred) ? UINT64_MAX : limit(RLIMIT_MEMLOCK);

	if ((flags & (MCL_CURRENT | MCL_FUTURE)) == 0 ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0)
		return EINVAL;
	return space_lock_all(p->p_space, flags & MCL_CURRENT, flags & MCL_FUTURE, !(flags & MCL_ONFAULT), most);
}

int
sys_munlockall(void)
{
	space_unlock_all(proc_self()->p_space);
	return 0;
}

int
sys_mincore(uintptr_t addr, size_t len, void __user *vec)
{
	struct space *s = proc_self()->p_space;
	uint8_t in_core[128];
	size_t pages, done, n;
	int error;

	if ((error = range_args(addr, len, ENOMEM)) != 0 || (error = space_check(s, addr, len)) != 0)
		return error;
	pages = ROUND_UP(len, PAGE_SIZE) >> PAGE_SHIFT;
	for (done = 0; done < pages; done += n) {
		for (n = 0; n < sizeof(in_core) && done + n < pages; n++) {
			bool in;

			error = space_in_core(s, addr + ((done + n) << PAGE_SHIFT), &in);
			if (error != 0)
				return error;
			in_core[n] = in;
		}
		error = copyout(in_core, (void __user *)((uintptr_t)vec + done), n);
		if (error != 0)
			return error;
	}
	return 0;
}

int
sys_brk(uintptr_t addr, intptr_t *result)
{
	vaddr_t now;
	int error = space_brk(proc_self()->p_space, addr, limit(RLIMIT_DATA), &now);

	if (error == 0)
		*result = (intptr_t)now;
	return error;
}
