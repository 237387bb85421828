/*
 * Zero's semaphores and message queues.  They are System V's: an id of seminit is a set of one, an id of mqinit a
 * queue, neither with a key, and semctl, msgctl, msgrcv and the rest take them as well.
 *
 * A semaphore begins unlocked, with 1.  mqsend has no type to give; messages get the queue's priority, the
 * lowest of which mqrecv takes first.  mqrecv never waits: 0 says that there is nothing; msgrcv waits.
 */
#include "gen/sysproto.h"
#include "ipc/msg.h"
#include "ipc/sem.h"
#include "kern/error.h"
#include "kern/time.h"
#include <abi/ipc.h>
#include <abi/zipc.h>

/* --- semaphores --- */

int
sys_seminit(long flags, intptr_t *result)
{
	if ((flags & ~(long)ZSEM_MODE) != 0)
		return EINVAL;
	return sem_get(IPC_PRIVATE, 1, flags == 0 ? 0600 : (int)flags, 1, result);
}

static int
by_one(long id, int16_t by, intptr_t *value)
{
	const struct abi_sembuf op = { .op = by };

	return sem_operate(id, &op, 1, NSEC_INFINITE, value);
}

int
sys_semup(long id, intptr_t *result)
{
	return by_one(id, 1, result);
}

int
sys_semdown(long id, intptr_t *result)
{
	return by_one(id, -1, result);
}

int
sys_semop(long id, long cmd, long flags, intptr_t *result)
{
	*result = 0;
	switch (cmd) {
	case IPC_STAT:
		return sem_value(id, result);
	case IPC_SET:
		return (flags & ~(long)ZSEM_MODE) != 0 ? EINVAL : sem_chmod(id, (uint32_t)flags);
	case IPC_RMID:
		return sem_remove(id);
	}
	return EINVAL;
}

/* --- queues --- */

static bool
prio_ok(long prio)
{
	return prio >= 0 && prio <= MQ_PRIO_MOST;
}

int
sys_mqinit(long perm, long prio, size_t nbyte, intptr_t *result)
{
	struct msg_manner manner = { .nowait = (perm & MQASYNC) != 0 };

	if ((perm & ~(long)(0777 | MQASYNC)) != 0 || !prio_ok(prio))
		return EINVAL;
	manner.type = prio + 1;
	return msg_create((uint32_t)perm & 0777, nbyte, &manner, result);
}

int
sys_mqsend(long id, void __user *buf, size_t nbyte, intptr_t *result)
{
	*result = (intptr_t)nbyte;
	return msg_send(id, 0, buf, nbyte, 0);
}

int
sys_mqrecv(long id, void __user *buf, size_t nbyte, intptr_t *result)
{
	int error = nbyte > INTPTR_MAX ? EINVAL :
	    msg_receive(id, buf, nbyte, INT64_MIN, IPC_NOWAIT | MSG_UNTYPED, NULL, result);

	if (error != ENOMSG)
		return error;
	*result = 0;
	return 0;
}

static int
set_prio(long id, long prio, intptr_t *result)
{
	int64_t old;
	int error = prio_ok(prio) ? msg_set_type(id, prio + 1, &old) : EINVAL;

	if (error == 0)
		*result = (intptr_t)old - 1;
	return error;
}

int
sys_mqop(long id, long cmd, uintptr_t arg, intptr_t *result)
{
	*result = 0;
	if (cmd == MQ_SETPRIO)
		return set_prio(id, (long)arg, result);
	if (cmd != IPC_STAT && cmd != IPC_SET && cmd != IPC_RMID)
		return EINVAL;
	return msg_control(id, (int)cmd, (void __user *)arg);
}
