#pragma once
/* What traps and calls need from above; implemented in kern/syscall.c and sys/proc. */
#include "kern/types.h"

struct trapframe;

/* A system call: number and arguments in the frame (mach/frame.h).  Not 0: syscall_failed() has to tell
 * the caller. */
int syscall_enter(struct trapframe *);
void syscall_failed(struct trapframe *, int error);
/* Before returning to user mode with t_work != 0: reschedule, signals, death. */
void user_return_work(struct trapframe *);
/* A user-mode fault that nothing resolved becomes a POSIX signal (forced when blocked). */
void trap_signal(struct trapframe *, int signo, int code, vaddr_t addr);
