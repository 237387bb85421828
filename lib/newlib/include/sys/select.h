#ifndef _SYS_SELECT_H
#define _SYS_SELECT_H

#include <sys/cdefs.h>
#include <sys/_sigset.h>
#include <sys/_timeval.h>
#include <sys/timespec.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define _SYS_TYPES_FD_SET
#define FD_SETSIZE	1024
#define NFDBITS		64

/* The same bytes as struct abi_fd_set. */
typedef __uint64_t fd_mask;
typedef struct {
	fd_mask	fds_bits[FD_SETSIZE / NFDBITS];
} fd_set;

#define FD_SET(n, p)	((void)((p)->fds_bits[(unsigned)(n) / NFDBITS] |= (fd_mask)1 << ((unsigned)(n) % NFDBITS)))
#define FD_CLR(n, p)	((void)((p)->fds_bits[(unsigned)(n) / NFDBITS] &= ~((fd_mask)1 << ((unsigned)(n) % NFDBITS))))
#define FD_ISSET(n, p)	(((p)->fds_bits[(unsigned)(n) / NFDBITS] >> ((unsigned)(n) % NFDBITS) & 1) != 0)
#define FD_ZERO(p)	do { \
	fd_set *__p = (p); \
	int __i; \
	for (__i = 0; __i < FD_SETSIZE / NFDBITS; __i++) \
		__p->fds_bits[__i] = 0; \
} while (0)

__BEGIN_DECLS
int	select(int, fd_set *__restrict, fd_set *__restrict, fd_set *__restrict,
	    struct timeval *__restrict);
int	pselect(int, fd_set *__restrict, fd_set *__restrict, fd_set *__restrict,
	    const struct timespec *__restrict, const sigset_t *__restrict);
__END_DECLS

#endif
