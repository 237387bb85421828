/* The calls of <zero/syscall.h> that are nothing but the call. */
#include <errno.h>
#include <unistd.h>
#include <zero/syscall.h>
#include <gen/sysuser.h>

extern char **environ;

long
sys_sysctl(long cmd, long parm, void *arg)
{
	return __sys_sysctl(cmd, parm, arg);
}

long
sys_halt(long flags)
{
	return __sys_halt(flags);
}

long
sys_exit(long value, long flags)
{
	for (;;)
		__sys_exit(value, flags);
}

void
sys_abort(void)
{
	for (;;)
		__sys_abort();
}

/* What the program had registered for fork runs. */
__attribute__((used)) static long
fork_copy(long flags)
{
	if (flags == 0 || flags == FORK_COW)
		return fork();
	errno = EINVAL;
	return -1;
}

/* A child of vfork uses its parent's stack, so no frame of ours may be on it: vfork returns to our caller. */
__attribute__((naked)) long
sys_fork(long flags)
{
#ifdef __x86_64__
	__asm__("cmp $%c0, %%rdi\n\tje vfork\n\tjmp fork_copy" : : "i"(FORK_VFORK));
#else
	__asm__("cmpl $%c0, 4(%%esp)\n\tje vfork\n\tjmp fork_copy" : : "i"(FORK_VFORK));
#endif
}

long
sys_exec(const char *path, char *const argv[], char *const envp[])
{
	return __sys_exec(path, argv, envp != NULL ? envp : environ);
}

long
sys_throp(long cmd, long parm, void *arg)
{
	return __sys_throp(cmd, parm, arg);
}

long
sys_pctl(long cmd, long parm, void *arg)
{
	return __sys_pctl(cmd, parm, arg);
}

long
sys_brk(void *top)
{
	return __sys_brk((uintptr_t)top) == -1 ? -1 : 0;
}

long
sys_shmget(long key, size_t size, long flags)
{
	return __sys_shmget(key, size, flags);
}

void *
sys_shmat(long id, void *addr, long flags)
{
	return (void *)__sys_shmat(id, (uintptr_t)addr, flags);
}

long
sys_shmdt(void *addr)
{
	return __sys_shmdt((uintptr_t)addr);
}

long
sys_shmctl(long id, long cmd, void *arg)
{
	return __sys_shmctl(id, cmd, arg);
}
