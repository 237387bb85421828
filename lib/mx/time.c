/* Clocks, and the calls about time that no row of the call table answers. */
#include <time.h>
#include <mx/syscalls.h>

#define NSEC	1000000000

extern void *__vdso_find(const char *);
static mx_time_t first(void);
static mx_time_t (*monotonic)(void) = first;

/* Without a vDSO. */
static mx_time_t
by_call(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (mx_time_t)now.tv_sec * NSEC + now.tv_nsec;
}

static mx_time_t
first(void)
{
	mx_time_t (*found)(void) = __vdso_find("mx_clock_get_monotonic");

	monotonic = found != NULL ? found : by_call;
	return monotonic();
}

mx_time_t
mx_clock_get_monotonic(void)
{
	return monotonic();
}

mx_time_t
mx_time_get(uint32_t clock)
{
	mx_time_t now;

	return mx_clock_get(clock, &now) == MX_OK ? now : 0;
}

mx_time_t
mx_deadline_after(mx_duration_t d)
{
	mx_time_t now = mx_clock_get_monotonic();

	if (d > 0 && now > MX_TIME_INFINITE - d)
		return MX_TIME_INFINITE;
	return d < 0 && now < INT64_MIN - d ? INT64_MIN : now + d;
}

/* A tick is a nanosecond: what the processor counts is not the same on every machine. */
mx_ticks_t
mx_ticks_get(void)
{
	return (mx_ticks_t)mx_clock_get_monotonic();
}

mx_ticks_t
mx_ticks_per_second(void)
{
	return NSEC;
}
