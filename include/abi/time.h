#pragma once
/* Times and clocks.  Clock numbers are newlib's. */
#include <abi/types.h>

struct abi_timespec {
	abi_i64 sec;
	abi_i64 nsec;		/* 0 .. 999,999,999 */
};
_Static_assert(sizeof(struct abi_timespec) == 16, "timespec");

struct abi_timeval {
	abi_i64 sec;
	abi_i64 usec;		/* 0 .. 999,999 */
};
_Static_assert(sizeof(struct abi_timeval) == 16, "timeval");

struct abi_itimerval {
	struct abi_timeval interval;
	struct abi_timeval value;
};
_Static_assert(sizeof(struct abi_itimerval) == 32, "itimerval");

#define ITIMER_REAL	0
#define ITIMER_VIRTUAL	1
#define ITIMER_PROF	2

#define CLOCK_REALTIME			1
#define CLOCK_PROCESS_CPUTIME_ID	2
#define CLOCK_THREAD_CPUTIME_ID		3
#define CLOCK_MONOTONIC			4
#define TIMER_ABSTIME			4

/* times(): ticks of a hundredth of a second. */
#define ABI_CLK_TCK	100

struct abi_tms {
	abi_i64 utime;
	abi_i64 stime;
	abi_i64 cutime;
	abi_i64 cstime;
};
_Static_assert(sizeof(struct abi_tms) == 32, "tms");
