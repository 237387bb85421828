#pragma once
/* Between sched.c and thr.c only. */
#include "kern/thr.h"

enum { WAKE_NONE, WAKE_PREPARED, WAKE_DONE };	/* t_wake */

bool sched_wake(struct thr *, int error, bool only_intr);	/* false: was not (going) to sleep */
void sched_sleep(void);			/* returns at once when woken since prepare */
void sched_sleep_to(struct thr *);	/* wakes that one, which runs next if it may */
void sched_reap(void);			/* frees ended threads */
void thr_free(struct thr *);
