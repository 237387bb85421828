/*
 * pctl: Zero's call on processes (abi/pctl.h).  Each command is another door to what a POSIX call does.
 *
 * The book gives PROC_WAIT no place for the exit status, and PROC_USLEEP milliseconds under the name of a call
 * that takes microseconds: PROC_SYSWAIT has the status, PROC_USLEEP sleeps microseconds.
 */
#include "gen/sysproto.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/sched.h"
#include "kern/time.h"
#include "mach/user.h"
#include "proc/procx.h"
#include "proc/thread.h"
#include <abi/pctl.h>
#include <abi/time.h>
#include <abi/wait.h>

#define LIM_BITS	((1l << RLIMIT_NLIMITS) - 1)

static int
wait_for(long pid, int options, void __user *status, void __user *usage, intptr_t *result)
{
	if (pid != (int32_t)pid)
		return ECHILD;
	return sys_wait4((int32_t)pid, status, options, usage, result);
}

static int
syswait(long pid, void __user *arg, intptr_t *result)
{
	struct abi_syswait __user *w = arg;
	int32_t options;
	int error = copyin(&w->options, &options, sizeof(options));

	return error != 0 ? error : wait_for(pid, options, &w->status, &w->usage, result);
}

static int
sleep_for(long n, int64_t unit)
{
	const int64_t per = NSEC_PER_SEC / unit;
	const struct abi_timespec ts = { .sec = n / per, .nsec = n % per * unit };

	return n < 0 ? EINVAL : sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* --- scheduling --- */

static int
sched_check(long which, const struct abi_syssched *s)
{
	if ((which & PROC_SCHED_NICE) != 0 && (s->nice < PRIO_MIN || s->nice >= PRIO_MAX))
		return EINVAL;
	if ((which & PROC_SCHED_NICE) != 0 && s->nice < procx_self()->px_nice &&
	    !cred_super(proc_self()->p_cred))
		return EPERM;
	return (which & PROC_SCHED_CLASS) != 0 ? thread_class_check(s->class) : 0;
}

static int
setsched(long which, const void __user *arg)
{
	struct proc *p = proc_self();
	struct abi_syssched s;
	struct thr *t;
	int error;

	if (which == 0 || (which & ~(long)(PROC_SCHED_CLASS | PROC_SCHED_NICE)) != 0)
		return EINVAL;
	error = copyin(arg, &s, sizeof(s));
	if (error == 0)
		error = sched_check(which, &s);
	if (error != 0)
		return error;
	spin_lock(&proc_tree_lock);
	if ((which & PROC_SCHED_NICE) != 0)
		procx_of(p)->px_nice = (int8_t)s.nice;
	list_for_each(t, &p->p_thrs, t_proc_link)
		sched_set(t, (which & PROC_SCHED_CLASS) != 0 ? (uint8_t)s.class : t->t_class,
		    (which & PROC_SCHED_NICE) != 0 ? (int8_t)s.nice : t->t_nice);
	spin_unlock(&proc_tree_lock);
	return 0;
}

/* --- what was used, limits --- */

static int
usage_of(long pid, struct abi_rusage *usage)
{
	struct proc *p;
	int error = ESRCH;

	if (pid == RUSAGE_SELF || pid == RUSAGE_CHILDREN)
		return sys_getrusage((int)pid, usage);
	spin_lock(&proc_tree_lock);
	p = pid > 0 && pid == (int32_t)pid ? proc_lookup_locked((int32_t)pid) : NULL;
	if (p != NULL) {
		usage_fill_locked(p, usage);
		error = 0;
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

static int
stat(long pid, void __user *arg)
{
	struct abi_rusage usage = { 0 };
	int error = usage_of(pid, &usage);

	return error != 0 ? error : copyout(&usage, arg, sizeof(usage));
}

/* One after the other in the caller's array, those whose bit is set. */
static int
limits(long which, bool set, void __user *arg)
{
	struct abi_rlimit all[RLIMIT_NLIMITS];
	size_t n = (size_t)__builtin_popcountl((unsigned long)which);
	int error;

	if (which == 0 || (which & ~LIM_BITS) != 0)
		return EINVAL;
	if (!set) {
		limits_get((uint32_t)which, all);
		return copyout(all, arg, n * sizeof(all[0]));
	}
	error = copyin(arg, all, n * sizeof(all[0]));
	return error != 0 ? error : limits_set((uint32_t)which, all);
}

int
sys_pctl(long cmd, long parm, void __user *arg, intptr_t *result)
{
	*result = 0;
	switch (cmd) {
	case PROC_GETPID:
		*result = proc_self()->p_pid;
		return 0;
	case PROC_GETPGRP:
		return sys_getpgid(0, result);
	case PROC_SETSID:
		return sys_setsid(result);
	case PROC_WAIT:
		return wait_for(parm, 0, NULL, arg, result);
	case PROC_SYSWAIT:
		return syswait(parm, arg, result);
	case PROC_USLEEP:
		return sleep_for(parm, 1000);
	case PROC_NANOSLEEP:
		return sleep_for(parm, 1);
	case PROC_SETSCHED:
		return setsched(parm, arg);
	case PROC_STAT:
		return stat(parm, arg);
	case PROC_GETLIM:
	case PROC_SETLIM:
		return limits(parm, cmd == PROC_SETLIM, arg);
	}
	return EINVAL;
}
