/*
 * Zero's memory calls, map, umap and mhint: other spellings of mmap, munmap and madvise, with all
 * twelve flags meaning what include/abi/zmem.h says.
 *
 * MAP_SINGLE is what the others have no word for: as long as the mapping stands no other process
 * may map the object shared, nor may a child have it.
 */
#include <abi/mman.h>
#include <abi/zmem.h>
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "mach/user.h"
#include "vm/calls.h"
#include "vm/space.h"

#define MAP_BITS	(ZMAP_FILE | ZMAP_ANON | ZMAP_SHARED | ZMAP_PRIVATE | ZMAP_FIXED | ZMAP_SINGLE)
#define ORDER_BITS	(MEM_NORMAL | MEM_SEQUENTIAL | MEM_RANDOM)

static bool
one_of(long flags, long a, long b)
{
	return ((flags & a) != 0) != ((flags & b) != 0);
}

static bool
order_ok(long flags)
{
	long order = flags & ORDER_BITS;

	return (order & (order - 1)) == 0 && (flags & (MEM_WILLNEED | MEM_DONTNEED)) != (MEM_WILLNEED | MEM_DONTNEED);
}

static uint32_t
use_flags(long flags)
{
	return (flags & MEM_SEQUENTIAL ? MAPF_SEQUENTIAL : 0) | (flags & MEM_RANDOM ? MAPF_RANDOM_USE : 0) |
	    (flags & MEM_DONTFORK ? MAPF_DONTFORK : 0) |
	    (flags & ZMAP_SINGLE ? MAPF_SINGLE | MAPF_DONTFORK : 0);
}

int
sys_map(long fd, long flags, const struct abi_sysmem *mem, intptr_t *result)
{
	int posix = flags & ZMAP_FIXED ? MAP_FIXED : 0, error;

	if ((flags & ~(MAP_BITS | MEM_ALL)) != 0 || !order_ok(flags) || !one_of(flags, ZMAP_FILE, ZMAP_ANON))
		return EINVAL;
	if (flags & ZMAP_SINGLE ? (flags & ZMAP_PRIVATE) != 0 : !one_of(flags, ZMAP_SHARED, ZMAP_PRIVATE))
		return EINVAL;
	if (mem->len <= 0 || mem->ofs < 0 || mem->base > UINTPTR_MAX || mem->perm < 0 || mem->perm > INT32_MAX)
		return EINVAL;
	posix |= flags & ZMAP_ANON ? MAP_ANON : 0;
	posix |= flags & ZMAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	error = vm_mmap((uintptr_t)mem->base, (size_t)mem->len, (int)mem->perm, posix, use_flags(flags), (int)fd, mem->ofs,
	    result);
	if (error == 0 && (flags & MEM_WILLNEED))
		space_will_need(proc_self()->p_space, (vaddr_t)*result, (size_t)mem->len);
	return error;
}

int
sys_umap(uintptr_t addr, size_t len)
{
	return sys_munmap(addr, len);
}

static int
hint(vaddr_t addr, size_t len, long flags)
{
	struct space *s = proc_self()->p_space;
	uint32_t order = flags & ORDER_BITS ? MAPF_SEQUENTIAL | MAPF_RANDOM_USE : 0;
	int error;

	if ((addr & PAGE_MASK) != 0)
		return EINVAL;
	if (!user_range_ok(addr, len))
		return ENOMEM;
	if ((error = space_advise(s, addr, len, order, use_flags(flags))) != 0)
		return error;
	if (flags & MEM_WILLNEED)
		space_will_need(s, addr, len);
	return flags & MEM_DONTNEED ? space_discard(s, addr, len) : 0;
}

int
sys_mhint(uintptr_t addr, long flags, const struct abi_sysmem *mem)
{
	vaddr_t start;
	size_t len;

	if (flags == 0 || (flags & ~MEM_ALL) != 0 || !order_ok(flags))
		return EINVAL;
	if (mem == NULL)
		return space_mapped_at(proc_self()->p_space, addr, &len) ? hint(addr, len, flags) : ENOMEM;
	if (mem->len <= 0 || mem->base > UINTPTR_MAX || (uint64_t)mem->len > SIZE_MAX)
		return EINVAL;
	start = mem->base != 0 ? (vaddr_t)mem->base : addr;
	return hint(start, (size_t)mem->len, flags);
}
