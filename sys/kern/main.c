/*
 * The portable start: runs the init set by level, then becomes the idle thread.
 */
#include "kern/main.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/version.h"
#include "mach/intr.h"
#include "vm/page.h"

extern const struct init_entry init_set_start[], init_set_end[];

struct thr thr_boot = { .t_state = THR_RUNNING, .t_class = THRIDLE, .t_prio = 255, .t_account = &account_root,
	.t_link = LIST_INIT(thr_boot.t_link), .t_wait_link = LIST_INIT(thr_boot.t_wait_link),
	.t_proc_link = LIST_INIT(thr_boot.t_proc_link), .t_name = "idle" };
struct cpu cpu_boot = { .self = &cpu_boot, .thr = &thr_boot, .hold = HOLD_IDLE, .idle = &thr_boot,
	.deferred = LIST_INIT(cpu_boot.deferred) };

/* The next entry in order after (level, address) of the last one; the set is small. */
static const struct init_entry *
next_entry(const struct init_entry *last)
{
	const struct init_entry *best = NULL;

	for (const struct init_entry *e = init_set_start; e < init_set_end; e++) {
		if (last != NULL && (e->level < last->level || (e->level == last->level && e <= last)))
			continue;
		if (best == NULL || e->level < best->level)
			best = e;
	}
	return best;
}

static void __noreturn
idle(void)
{
	for (;;) {
		while (sched_load() == 0 && page_zero_ahead())
			;
		intr_disable();
		if (sched_load() != 0) {
			intr_enable();
			sched_switch();
			continue;
		}
		intr_wait();
	}
}

void
kmain(void)
{
	bool on = false;

	log_printf("Zenta %s\n", ZENTA_VERSION);
	for (const struct init_entry *e = next_entry(NULL); e != NULL; e = next_entry(e)) {
		if (!on && e->level > LEVEL_INTR) {
			intr_enable();
			on = true;
		}
		e->fn();
	}
	idle();
}
