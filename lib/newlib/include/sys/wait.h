#ifndef _SYS_WAIT_H
#define _SYS_WAIT_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/resource.h>
#include <signal.h>
#include <abi/wait.h>

_BEGIN_STD_C

#define WIFEXITED(w)	(((w) & 0xff) == 0)
#define WIFSIGNALED(w)	(((w) & 0x7f) > 0 && ((w) & 0x7f) < 0x7f)
#define WIFSTOPPED(w)	(((w) & 0xff) == 0x7f)
#define WIFCONTINUED(w)	((w) == 0xffff)
#define WEXITSTATUS(w)	(((w) >> 8) & 0xff)
#define WTERMSIG(w)	((w) & 0x7f)
#define WSTOPSIG(w)	WEXITSTATUS(w)
#define WCOREDUMP(w)	(((w) & 0x80) != 0)

typedef enum {
	P_ALL,
	P_PID,
	P_PGID
} idtype_t;

pid_t	wait(int *);
pid_t	waitpid(pid_t, int *, int);
int	waitid(idtype_t, id_t, siginfo_t *, int);
#if __MISC_VISIBLE
pid_t	wait3(int *, int, struct rusage *);
pid_t	wait4(pid_t, int *, int, struct rusage *);
#define WAIT_ANY	(-1)
#define WAIT_MYPGRP	0
#define W_EXITCODE(ret, sig)	((ret) << 8 | (sig))
#define W_STOPCODE(sig)	((sig) << 8 | 0x7f)
#endif

_END_STD_C

#endif
