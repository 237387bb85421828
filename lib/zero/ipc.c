/* Semaphores and message queues: nothing but the call. */
#include <stdint.h>
#include <zero/ipc.h>
#include <gen/sysuser.h>

long
sys_seminit(long flags)
{
	return __sys_seminit(flags);
}

long
sys_semup(long id)
{
	return __sys_semup(id);
}

long
sys_semdown(long id)
{
	return __sys_semdown(id);
}

long
sys_semop(long id, long cmd, long flags)
{
	return __sys_semop(id, cmd, flags);
}

long
sys_mqinit(long perm, long prio, size_t nbyte)
{
	return __sys_mqinit(perm, prio, nbyte);
}

long
sys_mqsend(long id, const void *buf, size_t nbyte)
{
	return __sys_mqsend(id, (void *)buf, nbyte);
}

long
sys_mqrecv(long id, void *buf, size_t nbyte)
{
	return __sys_mqrecv(id, buf, nbyte);
}

long
sys_mqop(long id, long cmd, void *arg)
{
	return __sys_mqop(id, cmd, (uintptr_t)arg);
}
