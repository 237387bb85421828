/* Signals: sets, actions, masks, waiting, and the older families on top of them. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ucontext.h>
#include <time.h>
#include <unistd.h>
#include <abi/signal.h>
#include "thread.h"

_Static_assert(sizeof(siginfo_t) == sizeof(struct abi_siginfo) &&
    offsetof(siginfo_t, si_value) == offsetof(struct abi_siginfo, value) &&
    offsetof(siginfo_t, si_stime) == offsetof(struct abi_siginfo, stime), "siginfo_t");
_Static_assert(sizeof(ucontext_t) == sizeof(struct abi_ucontext) &&
    offsetof(ucontext_t, uc_mcontext) == offsetof(struct abi_ucontext, mcontext), "ucontext_t");

extern HIDDEN void __sigreturn(void);

/* 32 is the thread library's. */
static int
valid(int sig)
{
	return sig > 0 && sig < NSIG;
}

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

int
sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int
sigfillset(sigset_t *set)
{
	*set = ~((sigset_t)1 << 31);
	return 0;
}

int
sigaddset(sigset_t *set, int sig)
{
	if (!valid(sig))
		return invalid();
	*set |= (sigset_t)1 << (sig - 1);
	return 0;
}

int
sigdelset(sigset_t *set, int sig)
{
	if (!valid(sig))
		return invalid();
	*set &= ~((sigset_t)1 << (sig - 1));
	return 0;
}

int
sigismember(const sigset_t *set, int sig)
{
	if (!valid(sig))
		return invalid();
	return (int)(*set >> (sig - 1) & 1);
}

int
sigaction(int sig, const struct sigaction *__restrict act, struct sigaction *__restrict old)
{
	struct abi_sigaction new = { 0 }, was;

	if (act != NULL) {
		new.handler = (uintptr_t)act->sa_handler;
		new.mask = act->sa_mask;
		new.flags = (uint32_t)act->sa_flags;
		new.restorer = (uintptr_t)__sigreturn;
	}
	if (__sys_sigaction(sig, act != NULL ? &new : NULL, old != NULL ? &was : NULL) < 0)
		return -1;
	if (old != NULL) {
		old->sa_handler = (void (*)(int))(uintptr_t)was.handler;
		old->sa_mask = was.mask;
		old->sa_flags = (int)was.flags;
	}
	return 0;
}

static sigset_t interrupting;	/* siginterrupt(): signal() leaves SA_RESTART off for these */

_sig_func_ptr
signal(int sig, _sig_func_ptr handler)
{
	struct sigaction act, old;

	if (!valid(sig)) {
		errno = EINVAL;
		return SIG_ERR;
	}
	act.sa_handler = handler;
	act.sa_mask = 0;
	act.sa_flags = sigismember(&interrupting, sig) ? 0 : SA_RESTART;
	return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int
siginterrupt(int sig, int flag)
{
	struct sigaction act;

	if (sigaction(sig, NULL, &act) < 0)
		return -1;
	if (flag) {
		sigaddset(&interrupting, sig);
		act.sa_flags &= ~SA_RESTART;
	} else {
		sigdelset(&interrupting, sig);
		act.sa_flags |= SA_RESTART;
	}
	return sigaction(sig, &act, NULL);
}

/* The signal of cancellation is not the program's to hold back. */
int
sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old)
{
	sigset_t some;

	if (__builtin_expect(__threaded, 0) && set != NULL && how != SIG_UNBLOCK) {
		some = *set & ~((sigset_t)1 << (SIGCANCEL - 1));
		set = &some;
	}
	return (int)__sys_sigprocmask(how, set, old);
}

int
pthread_sigmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old)
{
	int saved = errno, error = RESULT(sigprocmask(how, set, old));

	errno = saved;
	return error;
}

int
sigpending(sigset_t *set)
{
	return (int)__sys_sigpending(set);
}

int
sigsuspend(const sigset_t *mask)
{
	return (int)CANCELABLE(sigsuspend, mask, 0, 0, 0, 0, 0, mask);
}

int
pause(void)
{
	sigset_t mask;

	if (__sys_sigprocmask(SIG_BLOCK, NULL, &mask) < 0)
		return -1;
	return (int)CANCELABLE(sigsuspend, &mask, 0, 0, 0, 0, 0, &mask);
}

int
sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
    const struct timespec *__restrict timeout)
{
	return (int)CANCELABLE3(sigtimedwait, set, info, timeout);
}

int
sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info)
{
	return (int)CANCELABLE3(sigtimedwait, set, info, NULL);
}

int
sigwait(const sigset_t *__restrict set, int *__restrict sig)
{
	int saved = errno, error = 0;
	intptr_t n;

	do
		n = CANCELABLE3(sigtimedwait, set, NULL, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		error = errno;
	else
		*sig = (int)n;
	errno = saved;
	return error;
}

int
kill(pid_t pid, int sig)
{
	return (int)__sys_kill(pid, sig);
}

int
killpg(pid_t group, int sig)
{
	if (group < 0)
		return invalid();
	return (int)__sys_kill(group == 0 ? 0 : -group, sig);
}

/* To the calling thread. */
int
raise(int sig)
{
	if (__threaded)
		return (int)__sys_tgkill(0, (int)thread_tid(), sig);
	return (int)__sys_kill((pid_t)__sys_getpid(), sig);
}

int
_raise_r(struct _reent *r, int sig)
{
	return raise(sig);
}

int
sigqueue(pid_t pid, int sig, const union sigval value)
{
	uint64_t word = 0;

	memcpy(&word, &value, sizeof(value));
	return (int)__sys_sigqueue(pid, sig, word);
}

int
sigaltstack(const stack_t *__restrict new, stack_t *__restrict old)
{
	struct abi_stack n, o;

	if (new != NULL)
		n = (struct abi_stack){ .sp = (uintptr_t)new->ss_sp, .flags = (uint32_t)new->ss_flags,
		    .size = new->ss_size };
	if (__sys_sigaltstack(new != NULL ? &n : NULL, old != NULL ? &o : NULL) < 0)
		return -1;
	if (old != NULL) {
		old->ss_sp = (void *)(uintptr_t)o.sp;
		old->ss_flags = (int)o.flags;
		old->ss_size = o.size;
	}
	return 0;
}

/* sigsetjmp's half in C: the mask lies behind the registers and the flag. */
void
__sigjmp_save(sigjmp_buf env)
{
	__sys_sigprocmask(SIG_BLOCK, NULL, &env[_JBLEN + 1]);
}

void
siglongjmp(sigjmp_buf env, int value)
{
	if (env[_JBLEN])
		__sys_sigprocmask(SIG_SETMASK, &env[_JBLEN + 1], NULL);
	longjmp(env, value);
}

/* --- System V and BSD -------------------------------------------------------------------------- */

static int
mask_one(int how, int sig)
{
	sigset_t set = 0;

	if (sigaddset(&set, sig) < 0)
		return -1;
	return sigprocmask(how, &set, NULL);
}

int
sighold(int sig)
{
	return mask_one(SIG_BLOCK, sig);
}

int
sigrelse(int sig)
{
	return mask_one(SIG_UNBLOCK, sig);
}

int
sigignore(int sig)
{
	struct sigaction act = { .sa_handler = SIG_IGN };

	return sigaction(sig, &act, NULL);
}

int
sigpause(int sig)
{
	sigset_t mask;

	if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0 || sigdelset(&mask, sig) < 0)
		return -1;
	return sigsuspend(&mask);
}

void (*
sigset(int sig, void (*handler)(int)))(int)
{
	struct sigaction act = { .sa_handler = handler }, old;
	sigset_t set = 0, was;

	if (sigaddset(&set, sig) < 0)
		return SIG_ERR;
	if (handler == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &set, &was) < 0 || sigaction(sig, NULL, &old) < 0)
			return SIG_ERR;
	} else if (sigaction(sig, &act, &old) < 0 || sigprocmask(SIG_UNBLOCK, &set, &was) < 0)
		return SIG_ERR;
	return sigismember(&was, sig) ? SIG_HOLD : old.sa_handler;
}

int
sigblock(int mask)
{
	sigset_t set = (unsigned)mask, old;

	return sigprocmask(SIG_BLOCK, &set, &old) < 0 ? -1 : (int)old;
}

int
sigsetmask(int mask)
{
	sigset_t set = (unsigned)mask, old;

	return sigprocmask(SIG_SETMASK, &set, &old) < 0 ? -1 : (int)old;
}

/* --- text -------------------------------------------------------------------------------------- */

static const char *const names[] = {
	[0] = "Unknown signal",
	[SIGHUP] = "Hangup", [SIGINT] = "Interrupt", [SIGQUIT] = "Quit",
	[SIGILL] = "Illegal instruction", [SIGTRAP] = "Trace/breakpoint trap",
	[SIGABRT] = "Aborted", [SIGEMT] = "EMT trap", [SIGFPE] = "Arithmetic exception",
	[SIGKILL] = "Killed", [SIGBUS] = "Bus error", [SIGSEGV] = "Segmentation fault",
	[SIGSYS] = "Bad system call", [SIGPIPE] = "Broken pipe", [SIGALRM] = "Alarm clock",
	[SIGTERM] = "Terminated", [SIGURG] = "Urgent data", [SIGSTOP] = "Stopped (signal)",
	[SIGTSTP] = "Stopped", [SIGCONT] = "Continued", [SIGCHLD] = "Child status changed",
	[SIGTTIN] = "Stopped (tty input)", [SIGTTOU] = "Stopped (tty output)",
	[SIGIO] = "I/O possible", [SIGXCPU] = "CPU time limit exceeded",
	[SIGXFSZ] = "File size limit exceeded", [SIGVTALRM] = "Virtual timer expired",
	[SIGPROF] = "Profiling timer expired", [SIGWINCH] = "Window size changed",
	[SIGSTKFLT] = "Stack fault", [SIGUSR1] = "User signal 1", [SIGUSR2] = "User signal 2",
};

char *
strsignal(int sig)
{
	static char text[32];

	if (sig > 0 && sig < (int)(sizeof(names) / sizeof(names[0])))
		return (char *)names[sig];
	if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(text, sizeof(text), "Real-time signal %d", sig - SIGRTMIN);
	else
		snprintf(text, sizeof(text), "Unknown signal %d", sig);
	return text;
}

void
psignal(int sig, const char *msg)
{
	int saved = errno;

	fprintf(stderr, "%s%s%s\n", msg != NULL ? msg : "", msg != NULL && *msg ? ": " : "",
	    strsignal(sig));
	errno = saved;
}

void
psiginfo(const siginfo_t *info, const char *msg)
{
	psignal(info->si_signo, msg);
}

/* --- abort ------------------------------------------------------------------------------------- */

void
abort(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t set = (sigset_t)1 << (SIGABRT - 1);

	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	/* it was caught or ignored: once more without that */
	sigaction(SIGABRT, &act, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	for (;;)
		_exit(127);
}
