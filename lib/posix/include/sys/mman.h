#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/mman.h>

#define MAP_FAILED	((void *)-1)
#define MAP_FILE	0

__BEGIN_DECLS
int	shm_open(const char *, int, mode_t);
int	shm_unlink(const char *);
void	*mmap(void *, size_t, int, int, int, off_t);
int	mprotect(void *, size_t, int);
int	msync(void *, size_t, int);
int	munmap(void *, size_t);
int	mlock(const void *, size_t);
int	munlock(const void *, size_t);
int	mlockall(int);
int	munlockall(void);
int	posix_madvise(void *, size_t, int);
#if __BSD_VISIBLE
int	madvise(void *, size_t, int);
int	mincore(void *, size_t, unsigned char *);
#endif
__END_DECLS

#endif
