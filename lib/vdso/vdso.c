/*
 * The vDSO's code: what the kernel maps into every process.  Clock, machine and random questions are
 * answered here where that is possible; the other calls are doors (build/gen/stubs_vdso.asm).
 *
 * The kernel's own clock (x86/clock.c) is the same counter through the same multiplication, so the
 * two never disagree.  The offset of the real time is one aligned word: no reader sees half of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <abi/mx.h>
#include <abi/time.h>
#include <abi/vdso.h>
#include <gen/sysnum.h>

#define EXPORT	__attribute__((visibility("default")))
#define NSEC	1000000000u

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
#define vdso_data	(*(const volatile struct abi_vdso *)(__ehdr_start - 4096))

/* -1: the kernel must be asked. */
static inline int64_t
monotonic(void)
{
	uint32_t lo, hi;
	uint64_t ticks;

	if (__builtin_expect(vdso_data.use_tsc == 0, 0))
		return -1;
	__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	ticks = ((uint64_t)hi << 32 | lo) - vdso_data.tsc_start;
	return (int64_t)((unsigned __int128)ticks * vdso_data.tsc_scale >> 32);
}

static intptr_t
call2(long nr, uintptr_t a, uintptr_t b)
{
	intptr_t result = nr;

	__asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* 0, or -1 when the kernel must be asked: another clock, no usable counter. */
EXPORT int
__vdso_clock_gettime(int clock, struct abi_timespec *now)
{
	int64_t t = monotonic();

	if (clock == CLOCK_REALTIME && t >= 0)
		t += vdso_data.realtime_offset;
	else if (clock != CLOCK_MONOTONIC)
		return -1;
	if (t < 0)
		return -1;
	now->sec = (int64_t)((uint64_t)t / NSEC);
	now->nsec = (int64_t)((uint64_t)t % NSEC);
	return 0;
}

EXPORT int64_t
mx_clock_get_monotonic(void)
{
	struct abi_timespec now;
	int64_t t = monotonic();

	if (t >= 0)
		return t;
	call2(SYS_clock_gettime, CLOCK_MONOTONIC, (uintptr_t)&now);
	return now.sec * NSEC + now.nsec;
}

EXPORT int64_t
mx_deadline_after(int64_t d)
{
	int64_t now = mx_clock_get_monotonic();

	if (d > 0 && now > MX_TIME_INFINITE - d)
		return MX_TIME_INFINITE;
	return d < 0 && now < INT64_MIN - d ? INT64_MIN : now + d;
}

EXPORT uint64_t
mx_ticks_get(void)
{
	return (uint64_t)mx_clock_get_monotonic();
}

EXPORT uint64_t
mx_ticks_per_second(void)
{
	return NSEC;
}

EXPORT uint32_t
mx_system_get_num_cpus(void)
{
	return vdso_data.num_cpus;
}

EXPORT uint64_t
mx_system_get_physmem(void)
{
	return vdso_data.physmem;
}

EXPORT uint32_t
mx_system_get_page_size(void)
{
	return vdso_data.page_size;
}

EXPORT const char *
mx_system_get_version_string(void)
{
	return (const char *)vdso_data.version;
}
