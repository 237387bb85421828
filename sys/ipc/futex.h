#pragma once
/* Futexes: sleeping on a word of user memory.  See ipc/futex.c for the theory. */
#include "kern/types.h"

struct thr;

/* Sleeps while the word at this address of the current process is `current'; `owner', unless NULL, is who
 * is waited for, and a reference of the caller's.  EBADSTATE: another value; EINVAL, ETIMEDOUT, ERESTART. */
int futex_wait(uintptr_t addr, uint32_t current, struct thr *owner, nsec_t deadline) __must_check;
/* Wakes at most `count' of those who wait on the word at this address of the current process. */
int futex_wake(uintptr_t addr, uint32_t count) __must_check;
/* Wakes one; if the word had an owner, the woken thread is the new one. */
int futex_pass(uintptr_t addr) __must_check;

/* Locks of the current thread that it did not let go: its end gives them on (ipc/robust.c). */
int robust_set(uintptr_t head) __must_check;
void robust_exit(void);
