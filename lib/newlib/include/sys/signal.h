#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <abi/signal.h>

_BEGIN_STD_C

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define _NSIG		NSIG

typedef void (*_sig_func_ptr)(int);

union sigval {
	int	sival_int;
	void	*sival_ptr;
};

#define SIGEV_NONE	1
#define SIGEV_SIGNAL	2
#define SIGEV_THREAD	3

struct sigevent {
	int		sigev_notify;
	int		sigev_signo;
	union sigval	sigev_value;
	void		(*sigev_notify_function)(union sigval);
	pthread_attr_t	*sigev_notify_attributes;
};

/* The same bytes as struct abi_siginfo. */
typedef struct {
	int		si_signo;
	int		si_code;
	int		si_errno;
	pid_t		si_pid;
	uid_t		si_uid;
	int		si_status;
	union {
		void		*si_addr;
		__uint64_t	__addr64;
	};
	union {
		union sigval	si_value;
		__uint64_t	__value64;
	};
	__int64_t	si_band;
	int		si_timerid;
	int		si_overrun;
	int		si_trapno;
	int		si_fd;
	__int64_t	si_utime;
	__int64_t	si_stime;
	__uint64_t	__spare[6];
} siginfo_t;

/* sigaction(2) brings it into the form of struct abi_sigaction. */
struct sigaction {
	union {
		void	(*sa_handler)(int);
		void	(*sa_sigaction)(int, siginfo_t *, void *);
	};
	sigset_t	sa_mask;
	int		sa_flags;
};

typedef struct sigaltstack {
	void	*ss_sp;
	int	ss_flags;
	size_t	ss_size;
} stack_t;

int	kill(pid_t, int);
int	raise(int);
int	sigaction(int, const struct sigaction *__restrict, struct sigaction *__restrict);
int	sigaddset(sigset_t *, int);
int	sigdelset(sigset_t *, int);
int	sigemptyset(sigset_t *);
int	sigfillset(sigset_t *);
int	sigismember(const sigset_t *, int);
int	sigpending(sigset_t *);
int	sigprocmask(int, const sigset_t *__restrict, sigset_t *__restrict);
int	sigsuspend(const sigset_t *);
int	sigwait(const sigset_t *__restrict, int *__restrict);
int	sigqueue(pid_t, int, const union sigval);
int	sigtimedwait(const sigset_t *__restrict, siginfo_t *__restrict,
	    const struct timespec *__restrict);
int	sigwaitinfo(const sigset_t *__restrict, siginfo_t *__restrict);
int	pthread_kill(pthread_t, int);
int	pthread_sigmask(int, const sigset_t *__restrict, sigset_t *__restrict);
#if __BSD_VISIBLE || __XSI_VISIBLE >= 4
int	killpg(pid_t, int);
#endif
#if __BSD_VISIBLE || __XSI_VISIBLE >= 4 || __POSIX_VISIBLE >= 200809
int	sigaltstack(const stack_t *__restrict, stack_t *__restrict);
void	psiginfo(const siginfo_t *, const char *);
#endif
#if __XSI_VISIBLE || __MISC_VISIBLE
int	sighold(int);
int	sigignore(int);
int	siginterrupt(int, int);
int	sigpause(int);
int	sigrelse(int);
void	(*sigset(int, void (*)(int)))(int);
#define SIG_HOLD	((_sig_func_ptr)2)
#endif
#if __BSD_VISIBLE
#define sigmask(n)	(1u << ((n) - 1))
int	sigblock(int);
int	sigsetmask(int);
#endif

_END_STD_C

#ifndef _SIGNAL_H_
#include <signal.h>
#endif
#if __XSI_VISIBLE >= 4 || __POSIX_VISIBLE >= 200809
#include <sys/ucontext.h>
#endif

#endif
