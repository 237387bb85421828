#pragma once
/* What a host test may reach of the shim, and TAP. */
#include <stdbool.h>
#include <stdio.h>

extern long host_fail_after;	/* this many allocations succeed, then one fails; -1: none */
extern long host_live;		/* allocations that were not freed */
extern long host_wakes;		/* thr_wake calls */

static int tap_n, tap_failed;

static inline bool
ok(bool good, const char *what)
{
	tap_n++;
	tap_failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_n, what);
	return good;
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed != 0;
}

/* A small repeatable generator; the seed is printed by whoever sets it. */
static inline unsigned
host_random(unsigned long long *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(*state >> 33);
}
