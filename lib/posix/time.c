/* Clocks, sleeping, interval timers, file times. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#include <abi/time.h>
#include "libc.h"

_Static_assert(sizeof(struct timespec) == sizeof(struct abi_timespec), "struct timespec");
_Static_assert(sizeof(struct itimerval) == sizeof(struct abi_itimerval), "struct itimerval");
_Static_assert(sizeof(struct tms) == sizeof(struct abi_tms), "struct tms");

/* The vDSO's function answers 0 or leaves it to the call; it is looked up by the first caller. */
static int clock_first(clockid_t, struct timespec *);
static int (*clock_quick)(clockid_t, struct timespec *) = clock_first;

static int
clock_call(clockid_t clock, struct timespec *now)
{
	return -1;
}

static int
clock_first(clockid_t clock, struct timespec *now)
{
	int (*found)(clockid_t, struct timespec *) = __vdso_find("__vdso_clock_gettime");

	clock_quick = found != NULL ? found : clock_call;
	return clock_quick(clock, now);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock_quick(clock, now) == 0)
		return 0;
	return (int)__sys_clock_gettime(clock, now);
}

int
clock_settime(clockid_t clock, const struct timespec *now)
{
	return (int)__sys_clock_settime(clock, now);
}

int
clock_getres(clockid_t clock, struct timespec *res)
{
	return (int)__sys_clock_getres(clock, res);
}

int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem)
{
	int saved = errno, error;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return EINVAL;
	error = RESULT(CANCELABLE4(clock_nanosleep, clock, flags, req, rem));
	errno = saved;
	return error;
}

int
nanosleep(const struct timespec *req, struct timespec *rem)
{
	return (int)CANCELABLE4(clock_nanosleep, CLOCK_REALTIME, 0, req, rem);
}

int
clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
	if (pid != 0 && pid != getpid())
		return kill(pid, 0) < 0 && errno == ESRCH ? ESRCH : EPERM;
	*clock = CLOCK_PROCESS_CPUTIME_ID;
	return 0;
}

int
gettimeofday(struct timeval *__restrict tv, void *__restrict zone)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	tv->tv_sec = now.tv_sec;
	tv->tv_usec = now.tv_nsec / 1000;
	if (zone != NULL)
		*(struct timezone *)zone = (struct timezone){ 0, 0 };
	return 0;
}

int
settimeofday(const struct timeval *tv, const struct timezone *zone)
{
	struct timespec now = { tv->tv_sec, tv->tv_usec * 1000 };

	return clock_settime(CLOCK_REALTIME, &now);
}

time_t
time(time_t *result)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return (time_t)-1;
	if (result != NULL)
		*result = now.tv_sec;
	return now.tv_sec;
}

int
timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

clock_t
clock(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0)
		return (clock_t)-1;
	return used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / (1000000000 / CLOCKS_PER_SEC);
}

clock_t
times(struct tms *t)
{
	return __sys_times(t);
}

int
getitimer(int which, struct itimerval *now)
{
	return (int)__sys_getitimer(which, now);
}

int
setitimer(int which, const struct itimerval *__restrict new, struct itimerval *__restrict old)
{
	return (int)__sys_setitimer(which, new, old);
}

unsigned
alarm(unsigned seconds)
{
	struct itimerval new = { .it_value = { .tv_sec = seconds } }, old;

	if (setitimer(ITIMER_REAL, &new, &old) < 0)
		return 0;
	/* a rest of less than half a second does not make it 0 */
	if (old.it_value.tv_usec >= 500000 || (old.it_value.tv_sec == 0 && old.it_value.tv_usec > 0))
		old.it_value.tv_sec++;
	return (unsigned)old.it_value.tv_sec;
}

useconds_t
ualarm(useconds_t value, useconds_t interval)
{
	struct itimerval new = {
		.it_value = { value / 1000000, value % 1000000 },
		.it_interval = { interval / 1000000, interval % 1000000 },
	}, old;

	if (setitimer(ITIMER_REAL, &new, &old) < 0)
		return 0;
	return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

/* Days since 1970 of a date in the proleptic Gregorian calendar; month from 0. */
static long long
days(long long year, long long month)
{
	static const short before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	long long y, leaps;

	year += month / 12;
	month %= 12;
	if (month < 0) {
		month += 12;
		year--;
	}
	y = month > 1 ? year : year - 1;	/* the last year whose leap day is over */
	leaps = (y >= 0 ? y / 4 - y / 100 + y / 400 : (y - 3) / 4 - (y - 99) / 100 + (y - 399) / 400);
	return (year - 1970) * 365 + before[month] + leaps - 477;
}

time_t
timegm(struct tm *tm)
{
	time_t t = (days(tm->tm_year + 1900LL, tm->tm_mon) + tm->tm_mday - 1) * 86400 +
	    tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec;

	gmtime_r(&t, tm);
	return t;
}

time_t
timelocal(struct tm *tm)
{
	return mktime(tm);
}

/* --- file times -------------------------------------------------------------------------------- */

int
utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	if (path == NULL) {
		errno = EFAULT;
		return -1;
	}
	return (int)__sys_utimensat(dirfd, path, times, flags);
}

int
futimens(int fd, const struct timespec times[2])
{
	return (int)__sys_utimensat(fd, NULL, times, 0);
}

static const struct timespec *
from_timeval(const struct timeval *tv, struct timespec ts[2])
{
	if (tv == NULL)
		return NULL;
	for (int i = 0; i < 2; i++) {
		ts[i].tv_sec = tv[i].tv_sec;
		/* out of range stays out of range: the kernel's EINVAL is the answer */
		ts[i].tv_nsec = tv[i].tv_usec < 0 || tv[i].tv_usec > 999999 ? 1000000000 :
		    tv[i].tv_usec * 1000;
	}
	return ts;
}

int
utimes(const char *path, const struct timeval tv[2])
{
	struct timespec ts[2];

	return utimensat(AT_FDCWD, path, from_timeval(tv, ts), 0);
}

int
lutimes(const char *path, const struct timeval tv[2])
{
	struct timespec ts[2];

	return utimensat(AT_FDCWD, path, from_timeval(tv, ts), AT_SYMLINK_NOFOLLOW);
}

int
futimes(int fd, const struct timeval tv[2])
{
	struct timespec ts[2];

	return futimens(fd, from_timeval(tv, ts));
}

int
futimesat(int dirfd, const char *path, const struct timeval tv[2])
{
	struct timespec ts[2];

	return utimensat(dirfd, path, from_timeval(tv, ts), 0);
}

int
utime(const char *path, const struct utimbuf *t)
{
	struct timespec ts[2];

	if (t != NULL) {
		ts[0] = (struct timespec){ t->actime, 0 };
		ts[1] = (struct timespec){ t->modtime, 0 };
	}
	return utimensat(AT_FDCWD, path, t != NULL ? ts : NULL, 0);
}
