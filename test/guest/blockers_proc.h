#pragma once
/* Blocking calls (blockers.h): poll and select, children, signals, sleeps. */
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <zero/syscall.h>
#include "blockers.h"

#define FOR_EVER	(&(struct timespec){ 1000, 0 })

/* --- poll and select --- */

static inline long
c_poll(struct seat *s)
{
	struct pollfd p = { s->fd[0], POLLIN, 0 };

	return poll(&p, 1, -1);
}

/* The handlers run under this mask only, and the old one is back afterwards. */
static inline long
masked(long (*wait)(struct seat *, const sigset_t *), struct seat *s)
{
	sigset_t some, none, now;
	long r;

	sigemptyset(&none);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGUSR2);
	sigaddset(&some, SIGCONT);
	sigprocmask(SIG_SETMASK, &some, NULL);
	r = wait(s, &none);
	sigprocmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, SIGUSR1) && sigismember(&now, SIGCONT) && !sigismember(&now, SIGWINCH) ? r : -9;
}

static inline long
masked_poll(struct seat *s, const sigset_t *mask)
{
	struct pollfd p = { s->fd[0], POLLIN, 0 };

	return ppoll(&p, 1, FOR_EVER, mask);
}

static inline long
c_ppoll(struct seat *s)
{
	return masked(masked_poll, s);
}

static inline long
c_poll_none(struct seat *s)
{
	return poll(NULL, 0, -1);
}

static inline long
c_select(struct seat *s)
{
	struct timeval t = { 1000, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->fd[0], &set);
	return select(s->fd[0] + 1, &set, NULL, NULL, &t);
}

static inline long
masked_select(struct seat *s, const sigset_t *mask)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->fd[0], &set);
	return pselect(s->fd[0] + 1, &set, NULL, NULL, NULL, mask);
}

static inline long
c_pselect(struct seat *s)
{
	return masked(masked_select, s);
}

/* --- children --- */

/* A child that ends with the byte. */
static inline void
short_life(struct seat *s)
{
	char c;

	if (fork() == 0) {
		signal(SIGUSR1, SIG_IGN);
		read(s->fd[0], &c, 1);
		_exit(0);
	}
}

static inline long
c_wait4(struct seat *s)
{
	int status;

	short_life(s);
	return one(wait4(-1, &status, 0, NULL));
}

static inline long
c_waitid(struct seat *s)
{
	siginfo_t info;

	short_life(s);
	return waitid(P_ALL, 0, &info, WEXITED);
}

static inline long
c_proc_wait(struct seat *s)
{
	short_life(s);
	return one(sys_pctl(PROC_WAIT, -1, NULL));
}

static inline long
c_proc_syswait(struct seat *s)
{
	struct abi_syswait w = { 0 };

	short_life(s);
	return one(sys_pctl(PROC_SYSWAIT, -1, &w));
}

/* --- signals and sleeps --- */

static inline long
c_pause(struct seat *s)
{
	return pause();
}

static inline long
masked_suspend(struct seat *s, const sigset_t *mask)
{
	return sigsuspend(mask);
}

static inline long
c_sigsuspend(struct seat *s)
{
	return masked(masked_suspend, s);
}

static inline long
c_sigop_wait(struct seat *s)
{
	return sys_sigop(SIGOP_WAIT, 0, NULL);
}

static inline long
c_sigop_suspend(struct seat *s)
{
	sigset_t none;

	sigemptyset(&none);
	return sys_sigop(SIGOP_SUSPEND, 0, &none);
}

static inline void
only_usr2(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR2);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static inline long
c_sigwaitinfo(struct seat *s)
{
	sigset_t set;
	siginfo_t info;

	only_usr2(&set);
	return sigwaitinfo(&set, &info);
}

static inline long
c_sigtimedwait(struct seat *s)
{
	sigset_t set;

	only_usr2(&set);
	return sigtimedwait(&set, NULL, FOR_EVER);
}

static inline long
c_sigwait(struct seat *s)
{
	sigset_t set;
	int sig = 0, error;

	only_usr2(&set);
	error = sigwait(&set, &sig);
	errno = error;
	return error != 0 ? -1 : sig;
}

static inline long
c_nanosleep(struct seat *s)
{
	return nanosleep(FOR_EVER, NULL);
}

static inline long
c_sleep_until(struct seat *s)
{
	struct timespec t;
	int error;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 1000;
	error = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
	errno = error;
	return error != 0 ? -1 : 0;
}

static inline long
c_proc_usleep(struct seat *s)
{
	return sys_pctl(PROC_USLEEP, 1000000000l, NULL);
}

static inline long
c_proc_nanosleep(struct seat *s)
{
	return sys_pctl(PROC_NANOSLEEP, 1000000000000l, NULL);
}
