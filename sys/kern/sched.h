#pragma once
/* The scheduler: Zero's classes and priorities; one set of queues a CPU. */
#include "kern/thr.h"

void sched_ready(struct thr *);		/* makes it runnable; may set WORK_RESCHED */
void sched_switch(void);		/* gives up the CPU; the caller has set its own state */
void sched_tick(void);			/* from the timer interrupt */
void sched_set(struct thr *, uint8_t class, int8_t nice);
/* The best priority of those who wait for what the thread holds; 255: nobody does. */
void sched_lend(struct thr *, uint8_t prio);
/* The priority it has when it next becomes ready after a sleep. */
uint8_t sched_prio_awake(const struct thr *);
uint64_t sched_load(void);		/* runnable threads */
/* The priority Zero's thradjprio() is meant to give: 64*class + clamp(32+step+nice, 0, 63). */
uint8_t sched_prio(uint8_t class, uint8_t step, int8_t nice);
