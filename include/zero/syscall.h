#pragma once
/*
 * Zero's calls under their names: -1 and errno on failure.  Link with -lzero.  Structs and commands are in
 * the headers included here.
 */
#include <stddef.h>
#include <abi/pctl.h>
#include <abi/process.h>
#include <abi/reboot.h>
#include <abi/sysctl.h>
#include <abi/thread.h>
#include <zero/event.h>
#include <zero/ipc.h>
#include <zero/mem.h>
#include <zero/signal.h>

#ifdef __cplusplus
extern "C" {
#endif

long	sys_sysctl(long cmd, long parm, void *arg);
long	sys_halt(long flags);
__attribute__((noreturn)) long sys_exit(long value, long flags);
__attribute__((noreturn)) void sys_abort(void);
/*
 * The child's pid, 0 in the child.  FORK_COW, or 0: pages are copied as they are written.  FORK_VFORK: the child uses
 * the parent's memory, stack and all, while the parent sleeps until it calls sys_exec or sys_exit.
 */
__attribute__((returns_twice)) long sys_fork(long flags);
/* The environment after argv may be NULL: the caller's. */
long	sys_exec(const char *path, char *const argv[], char *const envp[]);
/* THR_*: the struct that belongs to the command is in <abi/thread.h>. */
long	sys_throp(long cmd, long parm, void *arg);
/* PROC_*: the struct that belongs to the command is in <abi/pctl.h>. */
long	sys_pctl(long cmd, long parm, void *arg);
long	sys_brk(void *top);		/* 0 */
long	sys_shmget(long key, size_t size, long flags);
void	*sys_shmat(long id, void *addr, long flags);
long	sys_shmdt(void *addr);
long	sys_shmctl(long id, long cmd, void *arg);

#ifdef __cplusplus
}
#endif
