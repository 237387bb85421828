#pragma once
/* Zero's call on signals: -1 and errno on failure.  Link with -lzero. */
#include <stddef.h>
#include <abi/sigop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sigarg {
	long	sig;			/* the signal again, or 0 */
	long	flg;			/* SIGARG_* */
	void	*func;			/* void (*)(int); with SIGARG_SIGINFO also siginfo_t *, void * */
};

struct sigstk {
	void	*base;			/* lowest address */
	size_t	size;
	long	flg;			/* 0, or SS_DISABLE of <signal.h> */
};

/* SIGOP_*.  arg: struct sigarg, struct sigstk or sigset_t.  SIGOP_SETFUNC: what was set before. */
long	sys_sigop(long cmd, long parm, void *arg);

#ifdef __cplusplus
}
#endif
