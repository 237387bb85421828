#pragma once
/*
 * Zero's calls under their names: -1 and errno on failure.  Link with -lzero.  Structs and commands are in
 * the headers included here; what is missing of the book's calls the README tells.
 */
#include <stddef.h>
#include <abi/process.h>
#include <abi/reboot.h>
#include <abi/sysctl.h>
#include <abi/thread.h>
#include <zero/event.h>
#include <zero/mem.h>

#ifdef __cplusplus
extern "C" {
#endif

long	sys_sysctl(long cmd, long parm, void *arg);
long	sys_halt(long flags);
__attribute__((noreturn)) long sys_exit(long value, long flags);
__attribute__((noreturn)) void sys_abort(void);
/* The child's pid, 0 in the child; pages are copied as they are written.  FORK_VFORK is ENOTSUP here: vfork(2). */
long	sys_fork(long flags);
/* The environment after argv may be NULL: the caller's. */
long	sys_exec(const char *path, char *const argv[], char *const envp[]);
/* THR_*: the struct that belongs to the command is in <abi/thread.h>. */
long	sys_throp(long cmd, long parm, void *arg);
long	sys_brk(void *top);		/* 0 */
long	sys_shmget(long key, size_t size, long flags);
void	*sys_shmat(long id, void *addr, long flags);
long	sys_shmdt(void *addr);
long	sys_shmctl(long id, long cmd, void *arg);

#ifdef __cplusplus
}
#endif
