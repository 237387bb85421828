/*
 * Load averages.
 *
 * Every five seconds the number of ready and running threads is mixed into three averages that forget
 * with time constants of 1, 5 and 15 minutes.  There is no tick on an idle CPU: where no tick came at the
 * end of an interval the load was 0 there, so an average only fades, by a power of its factor.
 */
#include "kern/loadavg.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/sched.h"
#include "kern/time.h"

#define INTERVAL	(5 * NSEC_PER_SEC)
#define AT_ONCE		(2 * NSEC_PER_SEC / CONFIG_HZ)	/* a tick so long after the end of an interval is its own */

LOCK_CLASS(loadavg_class, "load averages", RANK_TIMER + 1);
static struct spin loadavg_lock = SPIN_INIT(&loadavg_class);
static nsec_t sampled;			/* [l] */
static uint32_t averages[3];		/* [l] in 1/LOAD_ONE */
static const uint32_t keep[3] = { 60296, 64453, 65173 };	/* exp(-5/60), exp(-5/300), exp(-5/900) */

static uint32_t
times(uint32_t a, uint32_t b)
{
	return (uint32_t)((uint64_t)a * b / LOAD_ONE);
}

static void
fade(uint64_t intervals)
{
	for (unsigned i = 0; i < 3; i++) {
		uint32_t power = keep[i];

		for (uint64_t n = intervals; n > 0; n /= 2) {
			if (n % 2 != 0)
				averages[i] = times(averages[i], power);
			power = times(power, power);
		}
	}
}

static void
catch_up(nsec_t now, uint32_t load)
{
	uint64_t intervals = (uint64_t)(now - sampled) / INTERVAL;

	if (intervals == 0)
		return;
	sampled += (nsec_t)(intervals * INTERVAL);
	fade(intervals);
	for (unsigned i = 0; i < 3 && now - sampled < AT_ONCE; i++)
		averages[i] += load * (LOAD_ONE - keep[i]);
}

void
loadavg_tick(nsec_t now)
{
	if (likely(now - sampled < INTERVAL))
		return;
	spin_lock(&loadavg_lock);
	catch_up(now, (uint32_t)sched_load());
	spin_unlock(&loadavg_lock);
}

void
loadavg_read(uint32_t load[3])
{
	uint32_t state = spin_lock_irq(&loadavg_lock);

	catch_up(clock_now(), 0);
	for (unsigned i = 0; i < 3; i++)
		load[i] = averages[i];
	spin_unlock_irq(&loadavg_lock, state);
}
