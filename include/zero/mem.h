#pragma once
/* Zero's memory calls.  -1 (map: (void *)-1) and errno on failure.  Link with -lzero. */
#include <stddef.h>
#include <abi/zmem.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sysmem {
	void	*base;
	long	ofs;
	long	len;
	long	perm;
};

void	*sys_map(long desc, long flags, const struct sysmem *);
long	sys_umap(void *addr, size_t size);
/* MEM_* about [base, base + len), or about what was mapped at addr when there is no struct. */
long	sys_mhint(void *addr, long flags, const struct sysmem *);

#ifdef __cplusplus
}
#endif
