/*
 * Clocks and sleeping.  CPU-time clocks read the accounts of the process or the thread; the two
 * others come from the machine.  A sleep that a handler interrupts says what is left; it is never
 * restarted by SA_RESTART, as POSIX has it.
 */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/user.h"
#include "proc/procx.h"

static int
clock_read(int clock, nsec_t *now)
{
	nsec_t user, sys;
	struct thr *t = thr_self();

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
		*now = (nsec_t)(t->t_user_ns + t->t_sys_ns) + (clock_now() - (nsec_t)t->t_last);
		return 0;
	}
	return EINVAL;
}

int
sys_clock_gettime(int clock, struct abi_timespec *now)
{
	nsec_t t;
	int error = clock_read(clock, &t);

	if (error == 0)
		nsec_to_timespec(t, now);
	return error;
}

int
sys_clock_settime(int clock, const struct abi_timespec *now)
{
	nsec_t t;
	int error;

	if (clock != CLOCK_REALTIME)
		return EINVAL;
	if ((error = timespec_to_nsec(now, &t)) != 0)
		return error;
	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	clock_set_realtime(t);
	return 0;
}

int
sys_clock_getres(int clock, struct abi_timespec *res)
{
	nsec_t t;
	int error = clock_read(clock, &t);

	if (error == 0 && res != NULL)
		nsec_to_timespec(1, res);
	return error;
}

/* The monotonic time at which `req' is over. */
static int
sleep_deadline(int clock, int flags, nsec_t req, nsec_t *deadline)
{
	nsec_t now;

	if ((flags & TIMER_ABSTIME) == 0) {
		*deadline = deadline_after(req);
		return 0;
	}
	if (clock_read(clock, &now) != 0)
		return EINVAL;
	*deadline = req <= now ? 0 : deadline_after(req - now);
	return 0;
}

static int
remainder_out(nsec_t deadline, void __user *rem)
{
	struct abi_timespec left;
	nsec_t now = clock_now();

	nsec_to_timespec(deadline > now ? deadline - now : 0, &left);
	return copyout(&left, rem, sizeof(left));
}

int
sys_clock_nanosleep(int clock, int flags, const struct abi_timespec *req, void __user *rem)
{
	nsec_t duration, deadline;
	int error;

	if ((flags & ~TIMER_ABSTIME) != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return EINVAL;
	if ((error = timespec_to_nsec(req, &duration)) != 0 ||
	    (error = sleep_deadline(clock, flags, duration, &deadline)) != 0)
		return error;
	if (deadline <= clock_now())
		return 0;
	thr_sleep_prepare(true);
	error = thr_sleep(deadline);
	if (error == ETIMEDOUT || error == 0)
		return 0;
	if ((uintptr_t)rem != 0 && (flags & TIMER_ABSTIME) == 0 && remainder_out(deadline, rem) != 0)
		return EFAULT;
	return EINTR;
}
