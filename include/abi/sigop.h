#pragma once
/* Commands of Zero's sigop(cmd, parm, arg): signals.  (SIG_SETMASK, Zero's name, means something else in C.) */
#include <abi/types.h>

#define SIGOP_WAIT	1	/* sleeps until a handler ran */
#define SIGOP_SETFUNC	2	/* parm: signal; arg: struct abi_sigarg; result: what was set before */
#define SIGOP_SETMASK	3	/* arg: the set that is blocked from now on */
#define SIGOP_SEND	4	/* parm: to whom; arg: a set: each signal in it is sent */
#define SIGOP_SETSTK	5	/* arg: struct abi_stack, as sigaltstack */
#define SIGOP_SUSPEND	6	/* arg: the set that is blocked while it sleeps */

/* SIGOP_SEND: a process's id, or */
#define SIGOP_SELF	-1	/* 0 as well */
#define SIGOP_CLD	-2	/* the caller's children */
#define SIGOP_GRP	-3	/* its process group */

#define SIGARG_NOCLDSTOP	0x01
#define SIGARG_ONSTACK		0x02
#define SIGARG_RESETHAND	0x04
#define SIGARG_RESTART		0x08
#define SIGARG_SIGINFO		0x10	/* func(int, siginfo_t *, void *) */

struct abi_sigarg {
	abi_i64 sig;		/* parm again, or 0 */
	abi_i64 flg;		/* SIGARG_* */
	abi_u64 func;		/* ABI_SIG_DFL, ABI_SIG_IGN or an address */
	abi_u64 restorer;	/* where func returns to; the library's business */
};
_Static_assert(sizeof(struct abi_sigarg) == 32, "sigarg");
