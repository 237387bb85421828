#pragma once
/* System V message queues: what other modules do with them.  See ipc/msg.c. */
#include "kern/types.h"

#define MSG_UNTYPED	0x40000000	/* msg_receive: nobody asks for the type */

/* What a queue of Zero's has beside: how mqsend sends to it. */
struct msg_manner {
	int64_t type;			/* 0: mqsend is not for this queue */
	bool nowait;
};

/* A new queue without a key; qbytes 0: as many as ipc.msgmnb says. */
int msg_create(uint32_t mode, uint64_t qbytes, const struct msg_manner *, intptr_t *id) __must_check;
/* type 0: in the queue's own manner. */
int msg_send(int64_t id, int64_t type, const void __user *, size_t len, int flags) __must_check;
int msg_receive(int64_t id, void __user *, size_t len, int64_t type, int flags, void __user *typep,
    intptr_t *got) __must_check;
/* The owner's: the type of what mqsend sends from now on; *old: until now. */
int msg_set_type(int64_t id, int64_t type, int64_t *old) __must_check;
int msg_control(int64_t id, int cmd, void __user *arg) __must_check;	/* IPC_STAT, IPC_SET, IPC_RMID */
