#pragma once
/*
 * Per-CPU data.  %gs (amd64) points at the CPU's struct while in the kernel; the offsets of the
 * first members are used by assembler through the generated assym.inc.
 *
 * `hold' counts spin locks held by this CPU.  Bit 31 is set while no deferred call waits, so a
 * decrement that yields zero means at once "no lock held and work pending".
 */
#include "kern/list.h"
#include "kern/types.h"
#include "mach/percpu.h"	/* struct mach_cpu, cpu_self(), thr_self() */

struct pmap;
struct runq;
struct thr;

#define HOLD_IDLE	0x80000000u	/* nothing held, nothing pending */

struct cpu {
	struct cpu *self;		/* [I] first: read through %gs:0 */
	struct thr *thr;		/* [cpu] running thread */
	uint32_t hold;			/* [cpu] see above */
	uint32_t intr_depth;		/* [cpu] interrupt nesting */
	uint32_t number;		/* [I] 0 .. NCPU-1 */
	bool deferred_running;		/* [cpu] */
	struct list deferred;		/* [cpu, interrupts off] struct deferred */
	struct runq *runq;		/* [I] */
	struct thr *idle;		/* [I] */
	struct pmap *pmap;		/* [cpu] whose root is loaded; NULL: the kernel's own */
	uint64_t magazines[96][2];	/* [cpu] zone allocator: loaded and previous magazine */
	struct mach_cpu mach;
};
