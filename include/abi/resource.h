#pragma once
/* Limits, usage and priorities of processes. */
#include <abi/time.h>

struct abi_rlimit {
	abi_u64 cur;
	abi_u64 max;
};
_Static_assert(sizeof(struct abi_rlimit) == 16, "rlimit");

#define RLIM_INFINITY	(~0ull)
#define RLIMIT_CPU	0	/* seconds */
#define RLIMIT_FSIZE	1	/* bytes */
#define RLIMIT_DATA	2	/* bytes */
#define RLIMIT_STACK	3	/* bytes */
#define RLIMIT_CORE	4	/* bytes */
#define RLIMIT_RSS	5	/* bytes; not enforced */
#define RLIMIT_NPROC	6	/* processes of a user */
#define RLIMIT_NOFILE	7	/* one more than the highest descriptor */
#define RLIMIT_MEMLOCK	8	/* bytes */
#define RLIMIT_AS	9	/* bytes */
#define RLIMIT_HANDLES	10	/* native slots in use */
#define RLIMIT_SIGPENDING 11	/* queued signals */
#define RLIMIT_NLIMITS	12

struct abi_rusage {
	struct abi_timeval utime;
	struct abi_timeval stime;
	abi_i64 maxrss;		/* KiB */
	abi_i64 ixrss;
	abi_i64 idrss;
	abi_i64 isrss;
	abi_i64 minflt;
	abi_i64 majflt;
	abi_i64 nswap;
	abi_i64 inblock;
	abi_i64 oublock;
	abi_i64 msgsnd;
	abi_i64 msgrcv;
	abi_i64 nsignals;
	abi_i64 nvcsw;
	abi_i64 nivcsw;
};
_Static_assert(sizeof(struct abi_rusage) == 144, "rusage");

#define RUSAGE_SELF	0	/* newlib's values */
#define RUSAGE_CHILDREN	-1

#define PRIO_PROCESS	0
#define PRIO_PGRP	1
#define PRIO_USER	2
#define PRIO_MIN	(-20)
#define PRIO_MAX	20
#define NZERO		20
