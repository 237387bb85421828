/* The memory calls under Zero's names. */
#include <zero/mem.h>
#include <gen/sysuser.h>

static struct abi_sysmem
wide(const struct sysmem *m)
{
	return (struct abi_sysmem){ .base = (uintptr_t)m->base, .ofs = m->ofs, .len = m->len, .perm = m->perm };
}

void *
sys_map(long desc, long flags, const struct sysmem *mem)
{
	struct abi_sysmem m = wide(mem);

	return (void *)__sys_map(desc, flags, &m);
}

long
sys_umap(void *addr, size_t size)
{
	return __sys_umap((uintptr_t)addr, size);
}

long
sys_mhint(void *addr, long flags, const struct sysmem *mem)
{
	struct abi_sysmem m;

	if (mem == NULL)
		return __sys_mhint((uintptr_t)addr, flags, NULL);
	m = wide(mem);
	return __sys_mhint((uintptr_t)addr, flags, &m);
}
