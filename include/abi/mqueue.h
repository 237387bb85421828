#pragma once
/* POSIX message queues. */
#include <abi/types.h>

#define ABI_MQ_PRIO_MAX	32768		/* priorities are below */
#define ABI_SIGEV_NONE	1		/* newlib's values */
#define ABI_SIGEV_SIGNAL 2

struct abi_mqattr {
	abi_i64 flags;			/* O_NONBLOCK */
	abi_i64 maxmsg;			/* messages it takes */
	abi_i64 msgsize;		/* bytes of the longest */
	abi_i64 curmsgs;
};
_Static_assert(sizeof(struct abi_mqattr) == 32, "mqattr");

struct abi_mqevent {
	abi_i32 notify;			/* ABI_SIGEV_* */
	abi_i32 signo;
	abi_u64 value;			/* union sigval */
};
_Static_assert(sizeof(struct abi_mqevent) == 16, "mqevent");
