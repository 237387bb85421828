/*
 * Clocks: reading, setting, sleeping.
 *
 * A sleep is made to an absolute monotonic deadline.  A handler ends it with EINTR, and the rest is
 * stored for the program; when the interruption was a stop without a handler, the call is made
 * again and sleeps on to the same deadline (ts_deadline).
 */
#include "kern/error.h"
#include "kern/sigmask.h"
#include "gen/sysproto.h"
#include "mach/user.h"
#include "proc/procx.h"
#include "proc/thread.h"
#include <abi/channel.h>

/* What a thread of the caller's has used; EINVAL when it has ended. */
static int
thread_clock(int32_t tid, nsec_t *now)
{
	nsec_t user, sys;
	struct thr *t;

	spin_lock(&proc_tree_lock);
	t = thread_find_locked(proc_self(), tid);
	if (t != NULL)
		node_ref(&t->t_node);
	spin_unlock(&proc_tree_lock);
	if (t == NULL)
		return EINVAL;
	proc_times_thr(t, &user, &sys);
	node_unref(&t->t_node);
	*now = user + sys;
	return 0;
}

static int
clock_read(int clock, nsec_t *now)
{
	nsec_t user, sys;

	switch (clock) {
	case CLOCK_REALTIME:
		*now = clock_realtime();
		return 0;
	case CLOCK_MONOTONIC:
		*now = clock_now();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		spin_lock(&proc_tree_lock);
		proc_times_locked(proc_self(), &user, &sys);
		spin_unlock(&proc_tree_lock);
		*now = user + sys;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		proc_times_thr(thr_self(), &user, &sys);
		*now = user + sys;
		return 0;
	default:
		return clock < 0 ? thread_clock(clock & INT32_MAX, now) : EINVAL;
	}
}

int
sys_clock_gettime(int clock, struct abi_timespec *out)
{
	nsec_t now;
	int error = clock_read(clock, &now);

	if (error == 0)
		nsec_to_timespec(now, out);
	return error;
}

int
sys_clock_settime(int clock, const struct abi_timespec *ts)
{
	nsec_t t;
	int error;

	if (clock != CLOCK_REALTIME)
		return EINVAL;
	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	error = timespec_to_nsec(ts, &t);
	if (error == 0)
		clock_set_realtime(t);
	return error;
}

int
sys_clock_getres(int clock, struct abi_timespec *res)
{
	if (clock < CLOCK_REALTIME || clock > CLOCK_MONOTONIC)
		return EINVAL;
	if (res != NULL)
		*res = (struct abi_timespec){ .sec = 0, .nsec = 1 };
	return 0;
}

/* The deadline in monotonic time.  A relative sleep that goes on keeps the one it began with. */
static int
sleep_deadline(int clock, bool absolute, const struct abi_timespec *req, nsec_t *deadline)
{
	nsec_t t, now;
	int error = timespec_to_nsec(req, &t);

	if (error != 0)
		return error;
	if (!absolute) {
		*deadline = sigmask_deadline(deadline_after(t));
		return 0;
	}
	error = clock_read(clock, &now);
	if (error == 0)
		*deadline = t <= now ? clock_now() : deadline_after(t - now);
	return error;
}

static int
store_rest(nsec_t deadline, void __user *rem)
{
	struct abi_timespec ts;
	nsec_t left = deadline - clock_now();

	if (rem == NULL)
		return 0;
	nsec_to_timespec(left > 0 ? left : 0, &ts);
	return copyout(&ts, rem, sizeof(ts));
}

int
sys_clock_nanosleep(int clock, int flags, const struct abi_timespec *req, void __user *rem)
{
	bool absolute = (flags & TIMER_ABSTIME) != 0;
	nsec_t deadline;
	int error;

	if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || (flags & ~TIMER_ABSTIME) != 0)
		return EINVAL;
	error = sleep_deadline(clock, absolute, req, &deadline);
	if (error != 0)
		return error;
	thr_sleep_prepare(true);
	error = thr_sleep(deadline);
	if (error == ERESTART && !absolute && store_rest(deadline, rem) != 0)
		error = EFAULT;
	return sigmask_end(error == ETIMEDOUT ? 0 : error);
}

/* --- the native face --- */

int
sys_mx_clock_get(uint32_t clock, int64_t *now)
{
	static const int clocks[] = { [MX_CLOCK_MONOTONIC] = CLOCK_MONOTONIC, [MX_CLOCK_UTC] = CLOCK_REALTIME,
		[MX_CLOCK_THREAD] = CLOCK_THREAD_CPUTIME_ID };

	return clock < ARRAY_SIZE(clocks) ? clock_read(clocks[clock], now) : EINVAL;
}

/* A deadline that is past is a yield. */
int
sys_mx_nanosleep(int64_t deadline)
{
	int error;

	if (deadline <= clock_now()) {
		thr_yield();
		return 0;
	}
	thr_sleep_prepare(true);
	error = thr_sleep(deadline);
	return error == ETIMEDOUT ? 0 : error;
}
