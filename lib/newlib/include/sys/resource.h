#ifndef _SYS_RESOURCE_H_
#define _SYS_RESOURCE_H_

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/_timeval.h>
#include <abi/resource.h>

_BEGIN_STD_C

typedef __uint64_t rlim_t;
#undef RLIM_INFINITY
#define RLIM_INFINITY	(~(rlim_t)0)
#define RLIM_SAVED_MAX	RLIM_INFINITY
#define RLIM_SAVED_CUR	RLIM_INFINITY
#define RLIM_NLIMITS	RLIMIT_NLIMITS

/* The same bytes as struct abi_rlimit and struct abi_rusage. */
struct rlimit {
	rlim_t	rlim_cur;
	rlim_t	rlim_max;
};

struct rusage {
	struct timeval	ru_utime;
	struct timeval	ru_stime;
	__int64_t	ru_maxrss, ru_ixrss, ru_idrss, ru_isrss;
	__int64_t	ru_minflt, ru_majflt, ru_nswap;
	__int64_t	ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv;
	__int64_t	ru_nsignals, ru_nvcsw, ru_nivcsw;
};

int	getpriority(int, id_t);
int	setpriority(int, id_t, int);
int	getrlimit(int, struct rlimit *);
int	setrlimit(int, const struct rlimit *);
int	getrusage(int, struct rusage *);

_END_STD_C

#endif
