#pragma once
/* Futexes: sleeping on a word of user memory.  See ipc/futex.c for the theory. */
#include "kern/types.h"

/* Wakes at most `count' of those who wait on the word at this address of the current process. */
int futex_wake(uintptr_t addr, uint32_t count) __must_check;
