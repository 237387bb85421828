#pragma once
/*
 * Time.  clock_now() is monotonic nanoseconds since boot, from the TSC when it is sound.  Timers
 * call back in deferred context (no sleeping, interrupts on) at or after their deadline.
 */
#include "kern/types.h"

nsec_t clock_now(void);
nsec_t clock_realtime(void);		/* nanoseconds since 1970 */
void clock_set_realtime(nsec_t);
/* Calls fn with realtime - monotonic, now and whenever that changes; interrupts are off. */
void clock_on_realtime(void (*fn)(nsec_t offset));
struct abi_timespec;
/* 0 or EINVAL (negative, nanoseconds out of range); saturates. */
int timespec_to_nsec(const struct abi_timespec *, nsec_t *);
void nsec_to_timespec(nsec_t, struct abi_timespec *);
nsec_t deadline_after(nsec_t duration);	/* saturating now + duration */

struct timer {
	struct timer *child, *next, *prev;	/* [timer lock] pairing heap; prev: parent or left sibling */
	nsec_t deadline;		/* [timer lock] */
	void (*fn)(struct timer *);	/* [I] */
	bool armed;			/* [timer lock] */
};

void timer_init(struct timer *, void (*fn)(struct timer *));
void timer_set(struct timer *, nsec_t deadline);	/* re-arms */
bool timer_cancel(struct timer *);	/* true when it had not fired; afterwards fn does not run */
/* The deadline of an armed timer within [from, to], the one nearest to `ideal'; else `ideal'. */
nsec_t timer_near(nsec_t from, nsec_t to, nsec_t ideal);
void timer_interrupt(void);		/* from the clock interrupt */
void timer_tick_start(void);		/* a thread other than idle runs: the scheduler wants its tick */
