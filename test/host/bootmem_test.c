// SOURCES: sys/x86/bootmem.c sys/kern/string.c sys/kern/account.c test/host/shim/kernel.c
/* RAM at the start: memory maps in any order, overlapping, and what is cut out of them. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host.h"
#include "kern/string.h"
#include "x86/bootmem.h"

#define NPAGES	512		/* of the small model machine */

static struct added {
	paddr_t start, end;
} added[128];
static unsigned nadded;
static bool in_order;

static void
add_range(paddr_t start, paddr_t end)
{
	if (start >= end || ((start | end) & PAGE_MASK) != 0)
		in_order = false;
	if (nadded > 0 && start < added[nadded - 1].end)
		in_order = false;
	added[nadded++] = (struct added){ start, end };
}

static bool
usable(unsigned page)
{
	for (unsigned i = 0; i < nadded; i++)
		if (page >= added[i].start >> PAGE_SHIFT && page < added[i].end >> PAGE_SHIFT)
			return true;
	return false;
}

/* A random map against one bit a page: usable is what some RAM entry covers wholly and nothing else
 * touches. */
static bool
random_map(unsigned long long seed)
{
	static bool ram[NPAGES], other[NPAGES];
	struct e820 map[16];
	paddr_t mod;
	unsigned n = 1 + host_random(&seed) % 16;

	memset(ram, 0, sizeof(ram));
	memset(other, 0, sizeof(other));
	for (unsigned i = 0; i < n; i++) {
		uint64_t a = host_random(&seed) % (NPAGES * PAGE_SIZE), s = host_random(&seed) % (64 * PAGE_SIZE);

		if (host_random(&seed) % 2 != 0) {
			a &= ~(uint64_t)PAGE_MASK;
			s &= ~(uint64_t)PAGE_MASK;
		}
		if (a + s > NPAGES * PAGE_SIZE)
			s = NPAGES * PAGE_SIZE - a;
		map[i] = (struct e820){ a, s, host_random(&seed) % 3 != 0 ? 1 : 2 + host_random(&seed) % 3, 0 };
	}
	mod = (host_random(&seed) % NPAGES) * PAGE_SIZE;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned p = 0; p < NPAGES; p++) {
			uint64_t from = (uint64_t)p * PAGE_SIZE, to = from + PAGE_SIZE;

			if (map[i].type == 1)
				ram[p] |= map[i].addr <= from && map[i].addr + map[i].size >= to;
			else if (map[i].size != 0)
				other[p] |= map[i].addr < to && map[i].addr + map[i].size > from;
		}
	}
	bootmem_map(map, sizeof(map[0]), n);
	bootmem_remove(mod, mod + 5000);
	in_order = true;
	bootmem_each(add_range);
	for (unsigned p = 0; p < NPAGES; p++) {
		bool module = p >= mod >> PAGE_SHIFT && p < (mod + 5000 + PAGE_MASK) >> PAGE_SHIFT;

		if (usable(p) != (ram[p] && !other[p] && !module && p >= 1))
			return false;
	}
	return in_order;
}

static bool
all_taken(unsigned long long seed)
{
	struct e820 map[] = { { 0xfffff000, 0x3000, 1, 0 }, { 0x10000, 0x2800, 1, 0 } };
	paddr_t got[4];

	bootmem_map(map, sizeof(map[0]), 2);
	for (unsigned i = 0; i < 4; i++)
		got[i] = bootmem_take_page();
	bootmem_each(add_range);
	return got[0] == 0xfffff000 && got[1] == 0x11000 && got[2] == 0x10000 && got[3] == 0 &&
	    nadded == 1 && added[0].start == 0x100000000 && added[0].end == 0x100002000;
}

/* The kernel starts once; a process for each case keeps the static lists fresh. */
static bool
isolated(bool (*fn)(unsigned long long), unsigned long long seed)
{
	int status;

	fflush(stdout);
	if (fork() == 0)
		_exit(fn(seed) ? 0 : 1);
	wait(&status);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(void)
{
	unsigned bad = 0;

	for (unsigned seed = 1; seed <= 400; seed++)
		bad += !isolated(random_map, seed * 7919ull);
	ok(bad == 0, "400 random memory maps, seeds 7919 n");
	ok(isolated(all_taken, 0), "single pages come from below 4 GiB until none is left");
	return tap_done();
}
