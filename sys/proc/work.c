/*
 * The way out to user mode with something left to do (kern/trap.h).
 */
#include "kern/cpu.h"
#include "kern/thr.h"
#include "kern/trap.h"
#include "mach/atomic.h"
#include "proc/procx.h"

void
user_return_work(struct trapframe *tf)
{
	struct thr *t = thr_self();
	uint32_t work;

	while ((work = atomic_load(&t->t_work)) != 0) {
		if ((work & WORK_TIMES) != 0)
			proc_timers_check();
		if ((work & WORK_SIGNAL) != 0)
			signal_deliver(tf);
		if ((work & WORK_RESCHED) != 0)
			thr_yield();
	}
}
