#pragma once
/* Zero's semaphores and message queues: what <abi/ipc.h> does not have. */

#define ZSEM_MODE	0777	/* seminit: permissions; 0 is 0600 */
#define MQASYNC		01000	/* mqinit, with the permissions: mqsend does not wait for room */
#define MQ_SETPRIO	16	/* mqop: arg: priority of what mqsend sends from now on; result: until now */
#define MQ_PRIO_MOST	0x7ffffffe	/* 0 is the most urgent; a message's System V type is its priority + 1 */
