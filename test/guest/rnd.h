#pragma once
/* A small repeatable generator; the seed is printed by whoever sets it. */
#include <stdint.h>

static __thread uint64_t rnd_seed = 20260101;

static inline uint32_t
rnd(uint32_t n)
{
	rnd_seed = rnd_seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(rnd_seed >> 33) % n;
}
