#pragma once
/*
 * Threads as Zero's throp call knows them: throp(cmd, parm, arg).
 *
 * What a kernel can know of a thread is here.  Cleanup handlers and keys (CLEANUP, KEYOP) and fork
 * handlers are functions of the program: they belong to the C library (pthread_cleanup_push,
 * pthread_key_create, pthread_atfork), and the kernel refuses them with ENOTSUP.
 */
#include <stdint.h>

#define THR_NEW		1	/* parm: class; arg: struct abi_thrarg; result: the new thread's id */
#define THR_JOIN	2	/* parm: thread id; arg: struct abi_thrjoin or 0 */
#define THR_DETACH	3	/* parm: thread id, 0: the caller */
#define THR_EXIT	4	/* parm: value for THR_JOIN; arg: struct abi_threxit or 0 */
#define THR_CLEANUP	5	/* the library's: ENOTSUP */
#define THR_KEYOP	6	/* the library's: ENOTSUP */
#define THR_SYSOP	7	/* parm: THRSYS_*; arg: struct abi_thrsys */
#define THR_STKOP	8	/* parm: thread id, 0: the caller; arg: struct abi_thrstk to be filled */
#define THR_RTOP	9	/* parm: thread id, 0: the caller; arg: struct abi_thrrtop */
#define THR_SETATR	10	/* parm: thread id, 0: the caller; arg: struct abi_thratr */
#define THR_GETATR	11	/* the same, to be filled */
#define THR_WAIT	12	/* arg: struct abi_thrwait; ours: a futex wait on a lock (below) */
#define THR_ROBUST	13	/* arg: struct abi_robust or 0; ours: what the caller's end gives on */

/* Scheduling classes, best first. */
#define THR_CLASS_RT	0
#define THR_CLASS_USER	1
#define THR_CLASS_BATCH	2
#define THR_CLASS_IDLE	3

#define THR_DETACHED	1u	/* abi_thrarg.flags: its end is not kept for THR_JOIN */

/* The thread begins at entry(arg) with the stack pointer at the end of its stack, as after a call. */
struct abi_thrarg {
	uint64_t entry, arg;
	uint64_t stack, stack_size;	/* low end, without the guard */
	uint64_t guard;			/* bytes below; what THR_STKOP tells */
	uint64_t tls;			/* TLS base, or 0 */
	uint64_t tid;			/* 0, or where its id is stored before it runs */
	uint32_t flags;
	uint32_t reserved;		/* 0 */
};
struct abi_thrjoin {
	int64_t value;			/* out */
};
/*
 * What the end leaves behind, in this order: the memory is unmapped, the word becomes 0, and who waits on
 * the word as a futex is woken.  A joiner that sees 0 may reuse the thread's stack.
 */
struct abi_threxit {
	uint64_t clear;			/* address of a 32-bit word, or 0 */
	uint64_t stack, stack_size;	/* 0: nothing is unmapped */
};

#define THRSYS_ATFORK	0	/* the library's: ENOTSUP */
#define THRSYS_SIGMASK	1	/* value: how (SIG_BLOCK ...), set, old out */
#define THRSYS_SCHED	2	/* gives up the CPU */
#define THRSYS_SCOPE	3	/* old out: 0, the system; setting another: ENOTSUP */
struct abi_thrsys {
	int64_t value;
	uint64_t set, old;
};
struct abi_thrstk {
	uint64_t addr, size, guard;
};
#define THRRT_GET	0
#define THRRT_SET	1	/* class RT, and a better nice value than now, are root's */
struct abi_thrrtop {
	int32_t op, class, nice, reserved;
};
struct abi_thratr {
	char name[32];			/* with its NUL */
};

/*
 * Locks.  Bits 0-29 of a lock's word are the id of the thread that holds it, 0: it is free.
 *
 * THR_WAIT sleeps while the word has this value, as mx_futex_wait does; the holder that the value names runs at the
 * caller's priority meanwhile, if the caller may signal its process.
 *
 * THR_ROBUST tells where the calling thread keeps the list of the locks it holds, which it writes without a call:
 * addresses of struct abi_lock, by `next', at most THR_ROBUST_MAX; `pending' is the one it is about to
 * take or let go.  At the thread's end, whatever ends it, or when it executes another program, the word of each that
 * names it becomes THR_LOCK_DIED, with THR_LOCK_WAITERS kept, and one waiter is woken; one waiter of
 * a pending lock that nobody holds is woken too.  The list is never trusted: a word that does not name the
 * thread stays as it is, and the walk ends at the first address that cannot be read.
 */
#define THR_LOCK_TID		0x3fffffffu
#define THR_LOCK_DIED		0x40000000u
#define THR_LOCK_WAITERS	0x80000000u
#define THR_ROBUST_MAX		4096

struct abi_thrwait {
	uint64_t word;			/* address */
	uint32_t value, reserved;	/* 0 */
	int64_t deadline;		/* of the monotonic clock */
};
struct abi_lock {
	uint32_t word;
	uint32_t lib[3];
	uint64_t next;
};
struct abi_robust {
	uint64_t first, pending;
};
_Static_assert(sizeof(struct abi_thrarg) == 64 && sizeof(struct abi_threxit) == 24, "layout");
