#pragma once
/* The page daemon: what happens when frames are short.  See daemon.c. */
#include "kern/types.h"

/* Frames are few.  From any context that may allocate. */
void daemon_wake(void);
/*
 * An allocation for user memory failed: sleeps until trying again makes sense.  False: the caller
 * gives up.  *tries is 0 the first time.  `kill': the caller would rather see a process die than
 * fail.  No spin lock is held.
 */
bool daemon_wait(unsigned *tries, bool kill) __must_check;

enum oom { OOM_NOBODY, OOM_COMING, OOM_KILLED };
/* sys/proc: ends the process with the most charged pages, unless the last victim is still on its way. */
extern enum oom (*vm_oom_kill)(void);
/* The same in a job and below it; `late': somebody who is not on the way yet. */
extern enum oom (*vm_oom_kill_in)(koid_t job, bool late);
/*
 * A job has no page more for who faulted: its largest process is ended, and the caller sleeps until
 * trying again makes sense.  As daemon_wait().
 */
bool daemon_wait_job(unsigned *tries, koid_t job) __must_check;
