/* <sched.h>: what is asked for a process is the calling thread's; other processes are SCHED_OTHER. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>
#include "thread.h"

static int
sched_result(int error)
{
	if (error != 0)
		errno = error;
	return error != 0 ? -1 : 0;
}

int
sched_get_priority_max(int policy)
{
	if (policy == SCHED_OTHER || policy == SCHED_RR)
		return policy == SCHED_RR ? RR_MAX : 0;
	errno = EINVAL;
	return -1;
}

int
sched_get_priority_min(int policy)
{
	int max = sched_get_priority_max(policy);

	return max > 0 ? RR_MIN : max;
}

/* True: the caller itself; else whether there is such a process. */
static int
sched_self(pid_t pid, int *error)
{
	*error = pid == 0 || pid == getpid() ? 0 : getpgid(pid) < 0 ? ESRCH : 0;
	return pid == 0 || pid == getpid();
}

static int
sched_get(pid_t pid, int *policy, struct sched_param *p)
{
	int error;

	*policy = SCHED_OTHER;
	p->sched_priority = 0;
	return sched_self(pid, &error) ? pthread_getschedparam(pthread_self(), policy, p) : error;
}

int
sched_getscheduler(pid_t pid)
{
	struct sched_param p;
	int policy;

	return sched_result(sched_get(pid, &policy, &p)) < 0 ? -1 : policy;
}

int
sched_getparam(pid_t pid, struct sched_param *p)
{
	int policy;

	return sched_result(sched_get(pid, &policy, p));
}

int
sched_setscheduler(pid_t pid, int policy, const struct sched_param *p)
{
	struct sched_param was;
	int old, error = sched_get(pid, &old, &was);

	if (error == 0)
		error = policy == SCHED_FIFO ? EINVAL : __sched_check(policy, p->sched_priority);
	if (error == 0 && sched_self(pid, &error))
		error = pthread_setschedparam(pthread_self(), policy, p);
	else if (error == 0 && policy != SCHED_OTHER)
		error = EPERM;
	return sched_result(error) < 0 ? -1 : old;
}

int
sched_setparam(pid_t pid, const struct sched_param *p)
{
	int policy = sched_getscheduler(pid);

	return policy < 0 || sched_setscheduler(pid, policy, p) < 0 ? -1 : 0;
}

/* Four ticks of 250 in a second. */
int
sched_rr_get_interval(pid_t pid, struct timespec *t)
{
	int error;

	(void)sched_self(pid, &error);
	if (error == 0)
		*t = (struct timespec){ .tv_nsec = 16000000 };
	return sched_result(error);
}
