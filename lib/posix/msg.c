/* System V message queues: a message in memory is a long, its type, and the bytes. */
#include <stdint.h>
#include <sys/msg.h>
#include "libc.h"

_Static_assert(sizeof(struct msqid_ds) == sizeof(struct abi_msqid_ds), "struct msqid_ds");

int
msgget(key_t key, int flags)
{
	return (int)__sys_msgget(key, flags);
}

int
msgctl(int id, int cmd, struct msqid_ds *ds)
{
	return (int)__sys_msgctl(id, cmd, ds);
}

int
msgsnd(int id, const void *msg, size_t len, int flags)
{
	const long *type = msg;

	return (int)__sys_msgsnd(id, *type, type + 1, len, flags);
}

ssize_t
msgrcv(int id, void *msg, size_t len, long type, int flags)
{
	long *at = msg;
	int64_t got = 0;
	ssize_t n = __sys_msgrcv(id, at + 1, len, type, flags, &got);

	if (n >= 0)
		*at = (long)got;
	return n;
}
