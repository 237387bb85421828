// SOURCES: sys/vm/arena.c sys/kern/account.c test/host/shim/kernel.c
/*
 * Arenas against trivially right models: ranges against a byte a unit, numbers against an array; random
 * operations with several seeds, and memory that runs out while a range comes back.
 */
#include <stdlib.h>
#include <string.h>
#include "host.h"
#include "kern/owner.h"
#include "vm/arena.h"

#define BASE	0x1000u
#define UNITS	4096u
#define HELD	400u
#define STEPS	250000

static unsigned long long seed;
static uint8_t taken[UNITS];
static struct { uint64_t start, size; } held[HELD];
static unsigned nheld, nseen;

void owner_seen(const void *object) { nseen++; }

/* The lowest run of `size' free units, or -1. */
static long
model_alloc(uint64_t size)
{
	uint64_t run = 0;

	for (unsigned i = 0; i < UNITS; i++) {
		run = taken[i] ? 0 : run + 1;
		if (run == size)
			return (long)(i + 1 - size);
	}
	return -1;
}

static unsigned
model_pieces(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < UNITS; i++)
		n += !taken[i] && (i == 0 || taken[i - 1]);
	return n;
}

static void
drop(struct arena *a, unsigned i)
{
	memset(taken + held[i].start, 0, held[i].size);
	arena_free(a, BASE + held[i].start, held[i].size);
	held[i] = held[--nheld];
}

static bool
ranges_step(struct arena *a)
{
	uint64_t size = 1 + host_random(&seed) % (host_random(&seed) % 8 == 0 ? 300 : 12), got;
	long want;

	if (nheld == HELD || (nheld > 0 && host_random(&seed) % 2 == 0)) {
		drop(a, host_random(&seed) % nheld);
		return true;
	}
	want = model_alloc(size);
	got = arena_alloc(a, size);
	if (want < 0)
		return got == 0;
	memset(taken + want, 1, size);
	held[nheld].start = (uint64_t)want;
	held[nheld++].size = size;
	return got == BASE + (uint64_t)want;
}

static void
test_ranges(unsigned long long first)
{
	struct arena a;
	bool good = true;
	long live;

	seed = first;
	printf("# ranges, seed %llu\n", first);
	memset(taken, 0, sizeof(taken));
	live = host_live;
	arena_init(&a, BASE, BASE + UNITS);
	for (int i = 0; i < STEPS && good; i++) {
		good = ranges_step(&a);
		if (i % 1000 == 0) {
			nseen = 0;
			arena_hold(&a);
			good = good && nseen == model_pieces();
		}
	}
	ok(good, "every range is where the model has it, and free pieces are joined");
	while (nheld > 0)
		drop(&a, 0);
	ok(arena_alloc(&a, UNITS) == BASE && arena_alloc(&a, 1) == 0, "all of it comes back, in one piece");
	ok(host_live == live, "and no piece is lost");
}

static void
test_short(void)
{
	struct arena a;
	uint64_t p[5];

	arena_init(&a, BASE, BASE + 5);
	for (int i = 0; i < 5; i++)
		p[i] = arena_alloc(&a, 1);
	ok(p[4] == BASE + 4 && arena_alloc(&a, 1) == 0, "an arena that is used up");
	host_fail_after = 0;
	arena_free(&a, p[1], 1);
	host_fail_after = -1;
	ok(arena_alloc(&a, 1) == 0, "without memory for a piece a range is lost, and nothing else");
	arena_free(&a, p[3], 1);
	host_fail_after = 0;
	arena_free(&a, p[2], 1);
	host_fail_after = -1;
	ok(arena_alloc(&a, 2) == p[2], "one that touches another needs none");
	arena_free(&a, p[2], 2);
	arena_free(&a, p[0], 1);
	arena_free(&a, p[4], 1);
	ok(arena_alloc(&a, 3) == p[2] && arena_alloc(&a, 1) == p[0] && arena_alloc(&a, 1) == 0, "the rest is as it should be");
}

IDS(few, 1, 300);
IDS(from_zero, 0, 63);

/* `next' goes on behind what came last, `lowest' from the start. */
static uint32_t
model_id(const uint8_t *used, uint32_t low, uint32_t high, uint32_t from)
{
	for (uint32_t i = 0; i <= high - low; i++) {
		uint32_t n = from + i > high ? from + i - (high - low + 1) : from + i;

		if (!used[n])
			return n;
	}
	return UINT32_MAX;
}

static void
test_ids(struct ids *s, unsigned long long first, const char *what)
{
	uint8_t used[512] = { 0 };
	uint32_t last = s->last, n, want;
	bool good = true, got;

	seed = first;
	printf("# numbers, seed %llu\n", first);
	for (int i = 0; i < STEPS && good; i++) {
		unsigned how = host_random(&seed) % 100, busy = i / 5000 % 2 ? 60 : 30;

		if (how < busy) {
			n = s->low + host_random(&seed) % (s->high - s->low + 1);
			if (used[n])
				ids_put(s, n);
			used[n] = 0;
		} else if (how < 80) {
			want = model_id(used, s->low, s->high, last == s->high ? s->low : last + 1);
			got = ids_next(s, &n);
			good = got == (want != UINT32_MAX) && (!got || n == want);
			if (got)
				used[last = n] = 1;
		} else {
			want = model_id(used, s->low, s->high, s->low);
			got = ids_lowest(s, &n);
			good = got == (want != UINT32_MAX) && (!got || n == want);
			if (got)
				used[n] = 1;
		}
	}
	ok(good, what);
	while (ids_next(s, &n))
		used[n] = 1;
	for (n = s->low; n <= s->high; n++)
		good = good && used[n];
	ok(good && !ids_lowest(s, &n), "all of them can be had, and then none");
	for (n = s->low; n <= s->high; n++)
		ids_put(s, n);
}

int
main(void)
{
	for (unsigned long long i = 1; i <= 4; i++) {
		test_ranges(i);
		test_ids(&few, i, "1 to 300, as the model has them");
		test_ids(&from_zero, i, "0 to 63, as the model has them");
	}
	test_short();
	return tap_done();
}
