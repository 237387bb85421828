#pragma once
/* Between sched.c and thr.c only. */
#include "kern/thr.h"

enum { WAKE_NONE, WAKE_PREPARED, WAKE_DONE };	/* t_wake */

bool sched_wake(struct thr *, int error, bool only_intr);	/* false: was not (going) to sleep */
bool sched_sleep_begin(struct thr *);	/* false: woken since prepare */
void sched_reap(void);			/* frees ended threads */
void thr_free(struct thr *);
