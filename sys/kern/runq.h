#pragma once
/* Between sched.c and thr.c only. */
#include "kern/thr.h"

bool sched_wake(struct thr *, int error, bool only_intr);	/* false: was not (going) to sleep */
void sched_reap(void);			/* frees ended threads */
void thr_free(struct thr *);
