/*
 * CPU time and usage of processes; interval timers; the CPU limit.
 *
 * A thread's time is charged at the clock tick, to user or system by where the tick met it, and at
 * each switch (kern/sched.c); a system call charges nothing, so it costs nothing.  What is
 * running is counted up to now.
 *
 * ITIMER_REAL is a kernel timer.  ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU are compared with the
 * process's CPU time on the way to user mode after a tick, when p_watch_cpu says that there is one.
 */
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/string.h"
#include "gen/sysproto.h"
#include "mach/atomic.h"
#include "proc/procx.h"
#include "vm/space.h"

enum { CPU_VIRTUAL, CPU_PROF };

/* --- time --- */

void
proc_times_thr(struct thr *t, nsec_t *user, nsec_t *sys)
{
	*user = (nsec_t)t->t_user_ns;
	*sys = (nsec_t)t->t_sys_ns;
	if (t == thr_self() && t->t_last != 0)
		*sys += clock_now() - (nsec_t)t->t_last;
}

void
proc_times_locked(struct proc *p, nsec_t *user, nsec_t *sys)
{
	nsec_t u, s;
	struct thr *t;

	*user = procx_of(p)->px_user_ns;
	*sys = procx_of(p)->px_sys_ns;
	list_for_each(t, &p->p_thrs, t_proc_link) {
		proc_times_thr(t, &u, &s);
		*user += u;
		*sys += s;
	}
}

static struct abi_timeval
to_timeval(nsec_t n)
{
	return (struct abi_timeval){ .sec = n / NSEC_PER_SEC, .usec = n % NSEC_PER_SEC / 1000 };
}

static int
from_timeval(const struct abi_timeval *tv, nsec_t *out)
{
	if (tv->sec < 0 || tv->usec < 0 || tv->usec >= 1000000)
		return EINVAL;
	if (tv->sec > NSEC_INFINITE / NSEC_PER_SEC - 1)
		*out = NSEC_INFINITE;
	else
		*out = tv->sec * NSEC_PER_SEC + tv->usec * 1000;
	return 0;
}

/* --- usage --- */

void
usage_sample(struct proc *p)
{
	int64_t kib;

	if (p->p_space == NULL)
		return;
	kib = (int64_t)(space_resident(p->p_space) / 1024);
	if (kib > p->p_usage.maxrss)
		p->p_usage.maxrss = kib;
}

void
usage_fill_locked(struct proc *p, struct abi_rusage *ru)
{
	const struct procx *px = procx_of(p);
	uint64_t faults = px->px_faults, fetches = px->px_fetches, given = px->px_given, taken = px->px_taken;
	nsec_t user, sys;
	struct thr *t;

	*ru = p->p_usage;
	if (p->p_state == PROC_ZOMBIE)
		return;
	proc_times_locked(p, &user, &sys);
	ru->utime = to_timeval(user);
	ru->stime = to_timeval(sys);
	list_for_each(t, &p->p_thrs, t_proc_link) {
		faults += t->t_faults;
		fetches += t->t_fetches;
		given += t->t_given;
		taken += t->t_taken;
	}
	ru->nvcsw = (int64_t)given;
	ru->nivcsw = (int64_t)taken;
	ru->minflt = (int64_t)(faults - fetches);
	ru->majflt = (int64_t)fetches;
}

static void
timeval_add(struct abi_timeval *to, const struct abi_timeval *from)
{
	to->sec += from->sec;
	to->usec += from->usec;
	if (to->usec >= 1000000) {
		to->usec -= 1000000;
		to->sec++;
	}
}

void
usage_add(struct abi_rusage *to, const struct abi_rusage *from)
{
	timeval_add(&to->utime, &from->utime);
	timeval_add(&to->stime, &from->stime);
	to->maxrss = MAX(to->maxrss, from->maxrss);
	to->minflt += from->minflt;
	to->majflt += from->majflt;
	to->inblock += from->inblock;
	to->oublock += from->oublock;
	to->nsignals += from->nsignals;
	to->nvcsw += from->nvcsw;
	to->nivcsw += from->nivcsw;
}

int
sys_getrusage(int who, struct abi_rusage *usage)
{
	struct proc *p = proc_self();

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN)
		return EINVAL;
	if (who == RUSAGE_SELF)
		usage_sample(p);
	spin_lock(&proc_tree_lock);
	if (who == RUSAGE_SELF)
		usage_fill_locked(p, usage);
	else
		*usage = p->p_child_usage;
	spin_unlock(&proc_tree_lock);
	return 0;
}

int
sys_times(struct abi_tms *buf, intptr_t *result)
{
	const nsec_t tick = NSEC_PER_SEC / ABI_CLK_TCK;
	struct procx *px = procx_self();
	nsec_t user, sys;

	if (buf != NULL) {
		spin_lock(&proc_tree_lock);
		proc_times_locked(&px->px_proc, &user, &sys);
		buf->utime = user / tick;
		buf->stime = sys / tick;
		buf->cutime = px->px_child_user_ns / tick;
		buf->cstime = px->px_child_sys_ns / tick;
		spin_unlock(&proc_tree_lock);
	}
	*result = (intptr_t)(clock_now() / tick);
	return 0;
}

/* --- interval timers --- */

/* In deferred context. */
static void
real_fired(struct timer *timer)
{
	struct procx *px = container_of(timer, struct procx, px_real);
	nsec_t now = clock_now(), next;

	if (px->px_real_interval != 0) {
		/* Periods that were missed are skipped; the phase stays. */
		next = timer->deadline + px->px_real_interval;
		if (next <= now)
			next = now + px->px_real_interval - (now - timer->deadline) % px->px_real_interval;
		timer_set(timer, next);
	}
	(void)signal_send_proc(&px->px_proc, SIGALRM, NULL);
}

void
proc_timers_init(struct procx *px)
{
	timer_init(&px->px_real, real_fired);
}

void
proc_timers_stop(struct procx *px)
{
	px->px_real_interval = 0;
	timer_cancel(&px->px_real);
	px->px_proc.p_watch_cpu = false;
}

static nsec_t
cpu_time(struct proc *p, int which)
{
	nsec_t user, sys;

	spin_lock(&proc_tree_lock);
	proc_times_locked(p, &user, &sys);
	spin_unlock(&proc_tree_lock);
	return which == CPU_VIRTUAL ? user : user + sys;
}

void
proc_watch_cpu(struct proc *p)
{
	struct procx *px = procx_of(p);

	p->p_watch_cpu = px->px_cpu_next[CPU_VIRTUAL] != 0 || px->px_cpu_next[CPU_PROF] != 0 ||
	    p->p_limits[RLIMIT_CPU].cur != RLIM_INFINITY;
}

static void
check_cpu_timer(struct procx *px, int which, int sig)
{
	nsec_t now, next = px->px_cpu_next[which];

	if (next == 0)
		return;
	now = cpu_time(&px->px_proc, which);
	if (now < next)
		return;
	if (px->px_cpu_interval[which] == 0)
		px->px_cpu_next[which] = 0;
	else
		px->px_cpu_next[which] = now + px->px_cpu_interval[which];
	(void)signal_send_proc(&px->px_proc, sig, NULL);
}

/* SIGXCPU once a second over the soft limit, SIGKILL at the hard one. */
static void
check_cpu_limit(struct procx *px)
{
	struct abi_rlimit lim = px->px_proc.p_limits[RLIMIT_CPU];
	uint64_t sec;

	if (lim.cur == RLIM_INFINITY)
		return;
	sec = (uint64_t)(cpu_time(&px->px_proc, CPU_PROF) / NSEC_PER_SEC);
	if (sec >= lim.max) {
		(void)signal_send_proc(&px->px_proc, SIGKILL, NULL);
	} else if (sec >= lim.cur && sec > px->px_cpu_warned) {
		px->px_cpu_warned = sec;
		(void)signal_send_proc(&px->px_proc, SIGXCPU, NULL);
	}
}

void
proc_timers_check(void)
{
	struct procx *px = procx_self();

	atomic_and(&thr_self()->t_work, ~WORK_TIMES);
	check_cpu_timer(px, CPU_VIRTUAL, SIGVTALRM);
	check_cpu_timer(px, CPU_PROF, SIGPROF);
	check_cpu_limit(px);
	proc_watch_cpu(&px->px_proc);
}

/* What is left and the period. */
static void
itimer_read(struct procx *px, int which, nsec_t *left, nsec_t *interval)
{
	nsec_t now;

	if (which == ITIMER_REAL) {
		*left = px->px_real.armed ? MAX(px->px_real.deadline - clock_now(), (nsec_t)1000) : 0;
		*interval = px->px_real_interval;
		return;
	}
	*left = 0;
	*interval = px->px_cpu_interval[which - 1];
	if (px->px_cpu_next[which - 1] != 0) {
		now = cpu_time(&px->px_proc, which - 1);
		*left = MAX(px->px_cpu_next[which - 1] - now, (nsec_t)1000);
	}
}

static void
itimer_write(struct procx *px, int which, nsec_t value, nsec_t interval)
{
	if (which == ITIMER_REAL) {
		timer_cancel(&px->px_real);
		px->px_real_interval = value != 0 ? interval : 0;
		if (value != 0)
			timer_set(&px->px_real, deadline_after(value));
		return;
	}
	px->px_cpu_next[which - 1] = value != 0 ? cpu_time(&px->px_proc, which - 1) + value : 0;
	px->px_cpu_interval[which - 1] = interval;
	proc_watch_cpu(&px->px_proc);
}

int
sys_getitimer(int which, struct abi_itimerval *now)
{
	nsec_t left, interval;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return EINVAL;
	itimer_read(procx_self(), which, &left, &interval);
	now->value = to_timeval(left);
	now->interval = to_timeval(interval);
	return 0;
}

int
sys_setitimer(int which, const struct abi_itimerval *new, struct abi_itimerval *old)
{
	nsec_t value = 0, interval = 0;
	int error;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return EINVAL;
	if (new != NULL) {
		error = from_timeval(&new->value, &value);
		if (error == 0)
			error = from_timeval(&new->interval, &interval);
		if (error != 0)
			return error;
	}
	if (old != NULL && (error = sys_getitimer(which, old)) != 0)
		return error;
	if (new != NULL)
		itimer_write(procx_self(), which, value, interval);
	return 0;
}
