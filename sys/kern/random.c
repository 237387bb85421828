/*
 * Random numbers.
 *
 * A 256-bit key feeds ChaCha20.  Each request takes the first 32 bytes of the stream as the next
 * key before it hands out the rest ("fast key erasure"), so what was given out cannot be computed
 * from the state afterwards.  Entropy is hashed in by running it through the same function as key
 * material.  The pool counts as seeded after 256 credited bits: RDRAND, the emulator's fw_cfg or a
 * seed on the command line give them at once; otherwise interrupt times do.
 */
#include "kern/random.h"
#include "kern/deferred.h"
#include "kern/init.h"
#include "kern/lock.h"
#include "kern/string.h"
#include "kern/wait.h"
#include "mach/boot.h"
#include "mach/clock.h"
#include "mach/cpu.h"
#include <abi/sig.h>

#define SEED_BITS	256u

LOCK_CLASS(random_class, "random", RANK_LOG - 1);
LOCK_CLASS(source_class, "random source", RANK_NODE);
static struct spin lock = SPIN_INIT(&random_class);
static uint32_t key[8];			/* [lock] */
static unsigned credit;			/* [lock] bits, up to SEED_BITS */
static bool fixed;			/* [I] deterministic: kernel option seed= */
static struct spin source_lock = SPIN_INIT(&source_class);
static struct sigsrc source = { .lock = &source_lock, .observers = LIST_INIT(source.observers) };

static inline uint32_t
rotl(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void
quarter(uint32_t *s, int a, int b, int c, int d)
{
	s[a] += s[b]; s[d] = rotl(s[d] ^ s[a], 16);
	s[c] += s[d]; s[b] = rotl(s[b] ^ s[c], 12);
	s[a] += s[b]; s[d] = rotl(s[d] ^ s[a], 8);
	s[c] += s[d]; s[b] = rotl(s[b] ^ s[c], 7);
}

static void
chacha_block(const uint32_t k[8], uint64_t counter, uint32_t out[16])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k[0], k[1], k[2], k[3],
		k[4], k[5], k[6], k[7], (uint32_t)counter, (uint32_t)(counter >> 32), 0, 0 };

	memcpy(out, in, sizeof(in));
	for (int i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

/* Steps the key and returns a private one for this request. */
static void
request_key(uint32_t mine[8])
{
	uint32_t block[16], state = spin_lock_irq(&lock);

	chacha_block(key, 0, block);
	memcpy(key, block, sizeof(key));
	memcpy(mine, block + 8, sizeof(key));
	spin_unlock_irq(&lock, state);
	memset(block, 0, sizeof(block));
}

void
random_bytes(void *buf, size_t n)
{
	uint32_t mine[8], block[16];
	uint8_t *p = buf;

	request_key(mine);
	for (uint64_t i = 0; n > 0; i++) {
		size_t piece = MIN(n, sizeof(block));

		chacha_block(mine, i, block);
		memcpy(p, block, piece);
		p += piece;
		n -= piece;
	}
	memset(mine, 0, sizeof(mine));
	memset(block, 0, sizeof(block));
}

uint64_t
random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

static void
mix(const void *data, size_t n, unsigned bits)
{
	const uint8_t *p = data;
	uint32_t block[16], state = spin_lock_irq(&lock);

	for (size_t i = 0; i < n; i++) {
		((uint8_t *)key)[i % sizeof(key)] ^= p[i];
		if (i % sizeof(key) == sizeof(key) - 1 || i == n - 1) {
			chacha_block(key, 1, block);
			memcpy(key, block, sizeof(key));
		}
	}
	credit = MIN(credit + bits, SEED_BITS);
	spin_unlock_irq(&lock, state);
}

void
random_add(const void *data, size_t n, unsigned bits)
{
	struct wakelist w;
	bool was = random_seeded();

	if (fixed)
		return;
	mix(data, n, bits);
	if (was || !random_seeded())
		return;
	wakelist_init(&w);
	spin_lock(&source_lock);
	sig_change(&source, 0, SIG_READABLE, &w);
	spin_unlock(&source_lock);
	wakelist_run(&w);
}

bool
random_seeded(void)
{
	return credit >= SEED_BITS;
}

struct sigsrc *
random_source(void)
{
	return &source;
}

static void
random_init(void)
{
	char seed[64];
	uint64_t words[4];
	bool strong = true;

	if (boot_option("seed", seed, sizeof(seed)) != NULL) {
		mix(seed, strlen(seed), SEED_BITS);
		source.bits = SIG_READABLE;
		fixed = true;
		return;
	}
	words[0] = ticks_read();
	mix(words, sizeof(words[0]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strong = strong && cpu_random(&words[i]);
	if (strong)
		random_add(words, sizeof(words), SEED_BITS);
}
INIT(random_init, LEVEL_VM + 1);

/* Without a hardware source: two bits from the time of each tick until there are enough. */
static void
gather(struct deferred *d)
{
	uint64_t now = ticks_read();

	random_add(&now, sizeof(now), 2);
}
static struct deferred gather_deferred = DEFERRED_INIT(gather_deferred, gather);

void
random_tick(void)
{
	if (unlikely(!random_seeded()))
		deferred_queue(&gather_deferred);
}
