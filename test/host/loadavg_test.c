// SOURCES: sys/kern/string.c sys/kern/account.c test/host/shim/kernel.c
/* The load averages against floating point: random loads, idle times without ticks, reads at any moment. */
#include <math.h>
#include <stdlib.h>
#include "host.h"
#include "kern/time.h"

/* The time is the test's. */
#define clock_now	test_now
nsec_t test_now(void);
#include "../../sys/kern/loadavg.c"

static nsec_t now;
static uint64_t load;
static double model[3], gone;		/* `gone': seconds at which the model was brought up to date */

nsec_t test_now(void) { return now; }
uint64_t sched_load(void) { return load; }

/* Time passes under a load; on an idle CPU nothing ticks. */
static void
pass(double seconds)
{
	static const double minutes[3] = { 1, 5, 15 };
	nsec_t end = now + (nsec_t)(seconds * 1e9);

	while (now < end) {
		now += NSEC_PER_SEC / CONFIG_HZ;
		if (load > 0)
			loadavg_tick(now);
		for (; (double)now / 1e9 >= gone + 5; gone += 5)
			for (int i = 0; i < 3; i++) {
				double k = exp(-5 / (60 * minutes[i]));

				model[i] = model[i] * k + (double)load * (1 - k);
			}
	}
}

static bool
close_to_model(void)
{
	uint32_t got[3];
	bool good = true;

	loadavg_read(got);
	for (int i = 0; i < 3; i++)
		if (fabs(got[i] / (double)LOAD_ONE - model[i]) > 0.02 + model[i] * 0.002) {
			printf("# average %d: %f, want %f\n", i, got[i] / (double)LOAD_ONE, model[i]);
			good = false;
		}
	return good;
}

int
main(int argc, char **argv)
{
	unsigned long long seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t got[3];
	bool good = true;

	loadavg_read(got);
	ok(got[0] == 0 && got[1] == 0 && got[2] == 0, "nothing at first");
	load = 3;
	pass(4.9);
	loadavg_read(got);
	ok(got[0] == 0, "nor before five seconds are over");
	pass(1800);
	ok(close_to_model(), "half an hour of three");
	loadavg_read(got);
	ok(got[0] > 2.9 * LOAD_ONE && got[2] > 2.5 * LOAD_ONE, "is a load of nearly three");
	load = 0;
	pass(60);
	ok(close_to_model(), "a minute of idling");
	pass(86400);
	loadavg_read(got);
	ok(got[0] == 0 && got[1] == 0 && got[2] == 0, "a day of it");
	printf("# seed %llu\n", seed);
	for (int i = 0; i < 2000 && good; i++) {
		load = host_random(&seed) % 3 == 0 ? 0 : host_random(&seed) % 50;
		pass(0.013 + host_random(&seed) % 20000 / 1000.0);
		if (host_random(&seed) % 2 == 0)
			good = close_to_model();
	}
	ok(good, "2000 random spans");
	return tap_done();
}
