#pragma once
/*
 * Zero's semaphores and message queues: -1 and errno on failure.  Link with -lzero.  They are System V's: the
 * calls of <sys/sem.h> and <sys/msg.h> take these ids as well, and <sys/ipc.h> has IPC_STAT, IPC_SET, IPC_RMID.
 */
#include <stddef.h>
#include <abi/zipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A semaphore, unlocked: its value is 1.  flags: permissions, 0 is 0600. */
long	sys_seminit(long flags);
long	sys_semup(long id);		/* the new value */
long	sys_semdown(long id);		/* waits while it is 0; the new value */
long	sys_semop(long id, long cmd, long flags);	/* IPC_STAT: the value; IPC_SET: permissions; IPC_RMID */

/* A queue.  perm: permissions and MQASYNC; nbyte: how much it holds, 0 for the usual. */
long	sys_mqinit(long perm, long prio, size_t nbyte);
long	sys_mqsend(long id, const void *buf, size_t nbyte);	/* nbyte */
long	sys_mqrecv(long id, void *buf, size_t nbyte);		/* bytes of the most urgent; 0: there is none */
/* IPC_STAT, IPC_SET: struct msqid_ds of <sys/msg.h>; IPC_RMID; MQ_SETPRIO: the priority as (void *). */
long	sys_mqop(long id, long cmd, void *arg);

#ifdef __cplusplus
}
#endif
