/*
 * Clocks.
 *
 * Time is the TSC's, scaled by a factor measured at the start against the HPET, or the PIT where
 * there is none: two short windows that must agree.  When they never do, the TSC is unsound and the
 * HPET's own counter is the clock.  The same windows measure the local APIC's timer, which gives
 * the one-shot interrupts; without one the PIT does, and without an HPET either the TSC is
 * believed, for there is nothing better.
 */
#include "mach/clock.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/time.h"
#include "mach/intr.h"
#include "mach/io.h"
#include "vm/kmap.h"
#include "x86/acpi.h"
#include "x86/apic.h"

#define PIT_HZ		1193182u
#define PIT_CH0		0x40
#define PIT_CH2		0x42
#define PIT_MODE	0x43
#define PIT_GATE	0x61
#define HPET_PERIOD	0x04
#define HPET_CONFIG	0x10
#define HPET_COUNTER	0xf0
#define WINDOW_NS	3000000u	/* of one measurement */
#define TRIES		4

static char *hpet;			/* [I] NULL: none */
static uint32_t hpet_fs;		/* [I] femtoseconds a tick */
static uint64_t timer_scale;		/* [I] local APIC ticks a nanosecond << 32; 0: use the PIT */
struct mach_clock mach_clock;
static uint64_t hpet_last, hpet_high;	/* [interrupts off] */

/* --- the references --- */

static void
hpet_init(void)
{
	if (acpi_info.hpet == 0)
		return;
	hpet = kmap_device(acpi_info.hpet, 1024, false);
	if (hpet == NULL)
		return;
	hpet_fs = mmio_read32(hpet + HPET_PERIOD);
	if (hpet_fs == 0 || hpet_fs > 100000000) {
		hpet = NULL;
		return;
	}
	mmio_write32(hpet + HPET_CONFIG, mmio_read32(hpet + HPET_CONFIG) | 1);
}

/* Channel 2 counts down from 65535, without its speaker. */
static void
pit_window_begin(void)
{
	io_write8(PIT_GATE, (uint8_t)((io_read8(PIT_GATE) & ~2u) | 1));
	io_write8(PIT_MODE, 0xb0);
	io_write8(PIT_CH2, 0xff);
	io_write8(PIT_CH2, 0xff);
}

static uint32_t
pit_read(void)
{
	uint32_t lo;

	io_write8(PIT_MODE, 0x80);		/* latch */
	lo = io_read8(PIT_CH2);
	return 0xffff - (lo | (uint32_t)io_read8(PIT_CH2) << 8);
}

static uint32_t
reference_read(void)
{
	return hpet != NULL ? mmio_read32(hpet + HPET_COUNTER) : pit_read();
}

static uint64_t
reference_ns(uint32_t ticks)
{
	if (hpet != NULL)
		return (uint64_t)ticks * hpet_fs / 1000000;
	return (uint64_t)ticks * NSEC_PER_SEC / PIT_HZ;
}

/* --- measuring --- */

struct sample {
	uint64_t tsc;
	uint32_t reference, timer;
};

/* The tightest of a few readings: the host may have interrupted one. */
static struct sample
sample_take(void)
{
	struct sample best = { 0 };
	uint64_t width = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t before = ticks_read(), after;
		uint32_t reference = reference_read();
		uint32_t timer = lapic_present() ? lapic_timer_left() : 0;

		after = ticks_read();
		if (after - before < width) {
			width = after - before;
			best = (struct sample){ before + width / 2, reference, timer };
		}
	}
	return best;
}

struct measure {
	uint64_t tsc_scale, timer_scale;
};

static struct measure
window(void)
{
	struct sample a, b;
	struct measure m = { 0 };
	uint64_t ns, ticks;

	if (hpet == NULL)
		pit_window_begin();
	a = sample_take();
	while (reference_ns(reference_read() - a.reference) < WINDOW_NS)
		;
	b = sample_take();
	ns = reference_ns(b.reference - a.reference);
	ticks = b.tsc - a.tsc;
	if (ticks != 0)
		m.tsc_scale = (ns << 32) / ticks;
	if (lapic_present() && ns != 0)
		m.timer_scale = ((uint64_t)(a.timer - b.timer) << 32) / ns;
	return m;
}

static bool
agree(uint64_t a, uint64_t b)
{
	uint64_t diff = a > b ? a - b : b - a;

	return a != 0 && diff < a / 200;
}

static void
clock_measure(void)
{
	struct measure last, m = { 0 };
	bool sound = false;

	if (lapic_present())
		lapic_timer(UINT32_MAX);
	last = window();
	for (int i = 0; i < TRIES && !sound; i++) {
		m = window();
		sound = agree(last.tsc_scale, m.tsc_scale);
		last = m;
	}
	if (lapic_present())
		lapic_timer(0);
	mach_clock.scale = m.tsc_scale;
	timer_scale = m.timer_scale;
	mach_clock.unsound = hpet != NULL && !sound;
	if (mach_clock.unsound)
		log_printf("clock: the TSC is unsound, using the HPET\n");
}

static void
pit_interrupt(void *arg)
{
	timer_interrupt();
}

static void
mach_clock_init(void)
{
	hpet_init();
	mach_clock.start = ticks_read();
	clock_measure();
	if (timer_scale == 0 && intr_register(0, pit_interrupt, NULL, "pit") != 0)
		log_warn("no timer");
}
INIT(mach_clock_init, LEVEL_INTR);

/* --- the contract --- */

nsec_t
mach_clock_other(void)
{
	uint32_t state = intr_disable();
	uint32_t low = mmio_read32(hpet + HPET_COUNTER);
	uint64_t ticks;

	if (low < hpet_last)
		hpet_high += 1ull << 32;
	hpet_last = low;
	ticks = hpet_high | low;
	intr_restore(state);
	return (nsec_t)mach_scale(ticks, ((uint64_t)hpet_fs << 32) / 1000000);
}

bool
mach_clock_scale(uint64_t *start, uint64_t *by)
{
	*start = mach_clock.start;
	*by = mach_clock.scale;
	return !mach_clock.unsound;
}

static void
pit_arm(uint64_t ns)
{
	uint64_t ticks = MIN(ns, (uint64_t)50000000) * PIT_HZ / NSEC_PER_SEC + 1;

	io_write8(PIT_MODE, 0x30);		/* channel 0, one interrupt at the end */
	io_write8(PIT_CH0, (uint8_t)ticks);
	io_write8(PIT_CH0, (uint8_t)(ticks >> 8));
}

void
mach_timer_arm(nsec_t deadline)
{
	nsec_t now = mach_clock_now();
	uint64_t ns = deadline > now ? (uint64_t)(deadline - now) : 0, ticks;

	ns += ns / 2048;	/* an interrupt that comes early has to come twice */
	if (timer_scale == 0) {
		pit_arm(ns);
		return;
	}
	ticks = mach_scale(MIN(ns, (uint64_t)NSEC_PER_SEC * 3600), timer_scale) + 1;
	lapic_timer((uint32_t)MIN(ticks, (uint64_t)UINT32_MAX));
}

/* --- the hardware clock --- */

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71

struct rtc {
	uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t
cmos_read(uint8_t reg)
{
	io_write8(CMOS_INDEX, reg);
	return io_read8(CMOS_DATA);
}

static struct rtc
rtc_sample(void)
{
	for (unsigned spins = 0; (cmos_read(0x0a) & 0x80) != 0 && spins < 1000000; spins++)
		;			/* being updated */
	return (struct rtc){ cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7), cmos_read(8),
		cmos_read(9), acpi_info.century != 0 ? cmos_read(acpi_info.century) : 0 };
}

static uint8_t
from_bcd(uint8_t v)
{
	return (uint8_t)((v >> 4) * 10 + (v & 15));
}

static bool
rtc_same(const struct rtc *a, const struct rtc *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	    a->day == b->day && a->month == b->month && a->year == b->year;
}

static void
rtc_decode(struct rtc *t)
{
	uint8_t mode = cmos_read(0x0b);
	bool pm = (mode & 2) == 0 && (t->hour & 0x80) != 0;

	t->hour &= 0x7f;
	if ((mode & 4) == 0) {
		t->second = from_bcd(t->second);
		t->minute = from_bcd(t->minute);
		t->hour = from_bcd(t->hour);
		t->day = from_bcd(t->day);
		t->month = from_bcd(t->month);
		t->year = from_bcd(t->year);
		t->century = from_bcd(t->century);
	}
	if ((mode & 2) == 0)
		t->hour = (uint8_t)(t->hour % 12 + (pm ? 12 : 0));
}

/* Days since 1970-01-01 of a Gregorian date; the year begins in March, so leap days come last. */
static int64_t
days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t era, in_era;
	unsigned in_year;

	year -= month <= 2;
	era = year / 400;
	in_era = year - era * 400;
	in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

int64_t
mach_rtc_read(void)
{
	struct rtc a, b = rtc_sample();
	int64_t year;

	for (int i = 0; i < 10; i++) {
		a = b;
		b = rtc_sample();
		if (rtc_same(&a, &b))
			break;
	}
	rtc_decode(&b);
	year = b.century >= 19 && b.century <= 22 ? b.century * 100 + b.year :
	    b.year + (b.year < 70 ? 2000 : 1900);
	if (b.month < 1 || b.month > 12 || b.day < 1)
		return 0;
	return ((days_of(year, b.month, b.day) * 24 + b.hour) * 60 + b.minute) * 60 + b.second;
}
