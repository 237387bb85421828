#pragma once
/* Commands of Zero's pctl(cmd, parm, arg): processes. */
#include <abi/resource.h>
#include <abi/types.h>

#define PROC_GETPID	1
#define PROC_GETPGRP	2
#define PROC_SETSID	3
#define PROC_WAIT	4	/* parm: pid, -1, 0 or -group; arg: struct abi_rusage or 0; result: pid */
#define PROC_USLEEP	5	/* parm: microseconds */
#define PROC_NANOSLEEP	6	/* parm: nanoseconds */
#define PROC_SETSCHED	7	/* parm: PROC_SCHED_*; arg: struct abi_syssched */
#define PROC_STAT	8	/* parm: pid, RUSAGE_SELF or RUSAGE_CHILDREN; arg: struct abi_rusage */
#define PROC_GETLIM	9	/* parm: PROC_LIM() bits; arg: a struct abi_rlimit a bit, lowest first */
#define PROC_SETLIM	10	/* the same; all or none */
#define PROC_SYSWAIT	16	/* as PROC_WAIT; arg: struct abi_syswait */

#define PROC_SCHED_CLASS	1
#define PROC_SCHED_NICE		2
struct abi_syssched {
	abi_i32 class;		/* THR_CLASS_*, of all threads */
	abi_i32 nice;
};
struct abi_syswait {
	abi_i32 options;	/* WNOHANG, WUNTRACED, WCONTINUED */
	abi_i32 status;		/* out: <sys/wait.h> */
	struct abi_rusage usage;	/* out */
};
_Static_assert(sizeof(struct abi_syssched) == 8 && sizeof(struct abi_syswait) == 152, "pctl");

#define PROC_LIM(resource)	(1 << (resource))
