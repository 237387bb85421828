/*
 * System V shared memory: an id over a VMO.
 *
 * The table has one reference on the VMO, every attachment (a mapping) its own: so removal takes the
 * id and the key away at once, and the memory goes with the last attachment, without any
 * count of ours.  nattch is the number of the VMO's mappings: fork, exec and exit keep it right.
 *
 * Limits: sysctl ipc.shmmax (bytes of one segment), ipc.shmall (pages of all), ipc.shmmni.
 */
#include "gen/sysproto.h"
#include "ipc/sysv.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/sysctl.h"
#include "mach/user.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/zone.h"
#include <abi/resource.h>

struct segment {
	struct sysv sysv;
	struct vmo *vmo;		/* [I] */
	uint64_t size;			/* [I] as asked for */
	int64_t atime, dtime, ctime;	/* [table] */
	int32_t cpid, lpid;		/* [table] */
};

ZONE(segment_zone, struct segment);
COUNTER(segments, "ipc.segments");
static struct sysv_table table = SYSV_TABLE_INIT;
static uint64_t pages_used;		/* [table] */
static uint64_t shmmax = 1ull << 30, shmall = 1ull << 20, shmmni = 256;
SYSCTL_U64(ipc_shmmax, "ipc.shmmax", &shmmax);
SYSCTL_U64(ipc_shmall, "ipc.shmall", &shmall);
SYSCTL_U64(ipc_shmmni, "ipc.shmmni", &shmmni);

static void
segment_free(struct segment *g)
{
	vmo_unref(g->vmo);
	zone_free(segment_zone, g);
	kstat_add(&segments, -1);
}

static int
segment_make(int32_t key, size_t size, long flags, struct segment **out)
{
	struct segment *g = zone_alloc(segment_zone, ZALLOC_ZERO);
	int error;

	if (g == NULL)
		return ENOMEM;
	error = vmo_create(size, &g->vmo);
	if (error != 0) {
		zone_free(segment_zone, g);
		return ENOMEM;
	}
	vmo_set_segment(g->vmo);
	sysv_init(&g->sysv, key, (uint32_t)flags);
	g->size = size;
	g->ctime = sysv_seconds();
	g->cpid = proc_self()->p_pid;
	kstat_add(&segments, 1);
	*out = g;
	return 0;
}

/* Table locked.  ENOENT: there is none of this key. */
static int
get_existing(int32_t key, size_t size, long flags, intptr_t *result)
{
	struct sysv *o;
	int error = sysv_get(&table, key, (int)flags, &o);

	if (error != 0)
		return error;
	if (size > ((struct segment *)o)->size)
		return EINVAL;
	*result = o->id;
	return 0;
}

/* Table locked: somebody else may have made one of this key meanwhile. */
static int
enter(struct segment *g, size_t size, long flags, intptr_t *result)
{
	uint64_t pages = ROUND_UP(g->size, PAGE_SIZE) / PAGE_SIZE;
	int error = get_existing(g->sysv.perm.key, size, flags, result);

	if (error != ENOENT)
		return error == 0 ? EEXIST : error;
	if (pages_used + pages > shmall)
		return ENOSPC;
	error = sysv_enter(&table, shmmni, &g->sysv);
	if (error != 0)
		return error;
	pages_used += pages;
	*result = g->sysv.id;
	return 0;
}

static int
get_new(int32_t key, size_t size, long flags, intptr_t *result)
{
	struct segment *g;
	int error;

	if (size == 0 || size > shmmax)
		return EINVAL;
	error = segment_make(key, size, flags, &g);
	if (error != 0)
		return error;
	*result = -1;
	spin_lock(&table.lock);
	error = enter(g, size, flags, result);
	spin_unlock(&table.lock);
	if (error != 0)
		segment_free(g);
	/* Made by another thread between the look and the making: then that one is meant. */
	return error == EEXIST && *result >= 0 ? 0 : error;
}

int
sys_shmget(long key, size_t size, long flags, intptr_t *result)
{
	int error;

	if (key < INT32_MIN || key > INT32_MAX)
		return EINVAL;
	spin_lock(&table.lock);
	error = get_existing((int32_t)key, size, flags, result);
	spin_unlock(&table.lock);
	if (error != ENOENT || (key != IPC_PRIVATE && (flags & IPC_CREAT) == 0))
		return error;
	return get_new((int32_t)key, size, flags, result);
}

/* Where the segment shall go. */
static int
place(uintptr_t addr, long flags, vaddr_t *at)
{
	if ((flags & ~(SHM_RDONLY | SHM_RND | SHM_REMAP)) != 0 || ((flags & SHM_REMAP) != 0 && addr == 0))
		return EINVAL;
	if ((addr & PAGE_MASK) != 0 && (flags & SHM_RND) == 0)
		return EINVAL;
	*at = addr & ~(uintptr_t)PAGE_MASK;
	return addr != 0 && *at < USER_MIN ? EINVAL : 0;
}

static int
attach(struct vmo *vmo, vaddr_t *at, bool fixed, long how)
{
	struct proc *p = proc_self();
	uint32_t prot = how & SHM_RDONLY ? VM_READ : VM_READ | VM_WRITE;
	uint32_t flags = MAPF_SHARED | (fixed ? MAPF_FIXED : 0) | (how & SHM_REMAP ? 0 : MAPF_NOREPLACE);
	int error;

	if (space_size(p->p_space) + vmo_size(vmo) > p->p_limits[RLIMIT_AS].cur)
		return ENOMEM;
	error = space_map(p->p_space, at, vmo_size(vmo), prot, prot, flags, vmo, 0);
	return error == EEXIST ? EINVAL : error;
}

static bool
has_vmo(const struct sysv *o, const void *vmo)
{
	return ((const struct segment *)o)->vmo == vmo;
}

static void
stamp(const struct vmo *vmo, bool attached)
{
	struct segment *g;

	spin_lock(&table.lock);
	g = (struct segment *)sysv_search(&table, has_vmo, vmo);
	if (g != NULL) {
		*(attached ? &g->atime : &g->dtime) = sysv_seconds();
		g->lpid = proc_self()->p_pid;
	}
	spin_unlock(&table.lock);
}

int
sys_shmat(long id, uintptr_t addr, long flags, intptr_t *result)
{
	struct vmo *vmo = NULL;
	struct segment *g;
	vaddr_t at;
	int error = place(addr, flags, &at);

	if (error != 0)
		return error;
	spin_lock(&table.lock);
	g = (struct segment *)sysv_find(&table, id);
	error = g == NULL ? EINVAL : sysv_access(&g->sysv, (flags & SHM_RDONLY) != 0 ? 4 : 6);
	if (error == 0) {
		vmo = g->vmo;
		vmo_ref(vmo);
	}
	spin_unlock(&table.lock);
	if (error != 0)
		return error;
	error = attach(vmo, &at, addr != 0, flags);
	if (error == 0) {
		stamp(vmo, true);
		*result = (intptr_t)at;
	}
	vmo_unref(vmo);
	return error;
}

/* All that is left of the attachment that began at addr: a program may have unmapped a part. */
static int
detach(struct space *s, vaddr_t addr, struct vmo *vmo)
{
	vaddr_t at = addr, end = addr + vmo_size(vmo);
	struct space_info info;
	int error = 0;

	while (error == 0 && at < end && space_next(s, at, &info) == 0) {
		bool part = info.vmo == vmo && info.start >= at && info.start - addr == info.off;

		vmo_unref(info.vmo);
		if (info.start >= end)
			break;
		if (part)
			error = space_unmap(s, info.start, info.end - info.start);
		at = info.end;
	}
	return error;
}

int
sys_shmdt(uintptr_t addr)
{
	struct space *s = proc_self()->p_space;
	struct space_info info;
	int error;

	if ((addr & PAGE_MASK) != 0 || space_next(s, addr, &info) != 0)
		return EINVAL;
	error = info.start == addr && info.off == 0 && vmo_is_segment(info.vmo) ? detach(s, addr, info.vmo) :
	    EINVAL;
	if (error == 0)
		stamp(info.vmo, false);
	vmo_unref(info.vmo);
	return error;
}

/* --- control --- */

static int
segment_stat(long id, void __user *arg)
{
	struct abi_shmid_ds ds = { 0 };
	struct segment *g;
	int error;

	spin_lock(&table.lock);
	g = (struct segment *)sysv_find(&table, id);
	error = g == NULL ? EINVAL : sysv_access(&g->sysv, 4);
	if (error == 0)
		ds = (struct abi_shmid_ds){ .perm = g->sysv.perm, .segsz = g->size, .atime = g->atime,
			.dtime = g->dtime, .ctime = g->ctime, .cpid = g->cpid, .lpid = g->lpid,
			.nattch = vmo_mappings(g->vmo) };
	spin_unlock(&table.lock);
	return error != 0 ? error : copyout(&ds, arg, sizeof(ds));
}

static int
segment_set(long id, const void __user *arg)
{
	struct abi_shmid_ds ds;
	struct sysv *o;
	int error = copyin(arg, &ds, sizeof(ds));

	if (error != 0)
		return error;
	spin_lock(&table.lock);
	error = sysv_owned(&table, id, &o);
	if (error == 0) {
		sysv_set(o, &ds.perm);
		((struct segment *)o)->ctime = sysv_seconds();
	}
	spin_unlock(&table.lock);
	return error;
}

static int
segment_remove(long id)
{
	struct segment *g;
	struct sysv *o;
	int error;

	spin_lock(&table.lock);
	error = sysv_owned(&table, id, &o);
	g = (struct segment *)o;
	if (error == 0) {
		sysv_remove(&table, o);
		pages_used -= ROUND_UP(g->size, PAGE_SIZE) / PAGE_SIZE;
	}
	spin_unlock(&table.lock);
	if (error == 0)
		segment_free(g);
	return error;
}

int
sys_shmctl(long id, long cmd, void __user *arg, intptr_t *result)
{
	*result = 0;
	switch (cmd) {
	case IPC_STAT:
		return segment_stat(id, arg);
	case IPC_SET:
		return segment_set(id, arg);
	case IPC_RMID:
		return segment_remove(id);
	}
	return EINVAL;
}
