/* System V semaphores. */
#include <stdarg.h>
#include <stdint.h>
#include <time.h>
#include <sys/sem.h>
#include "libc.h"

_Static_assert(sizeof(struct semid_ds) == sizeof(struct abi_semid_ds), "struct semid_ds");
_Static_assert(sizeof(struct sembuf) == sizeof(struct abi_sembuf), "struct sembuf");

int
semget(key_t key, int n, int flags)
{
	return (int)__sys_semget(key, n, flags);
}

int
semtimedop(int id, struct sembuf *ops, size_t n, const struct timespec *timeout)
{
	return (int)__sys_semtimedop(id, ops, n, timeout);
}

int
semop(int id, struct sembuf *ops, size_t n)
{
	return semtimedop(id, ops, n, NULL);
}

/* A union passed in full is one word, as its members are. */
int
semctl(int id, int num, int cmd, ...)
{
	uintptr_t arg = 0;
	va_list ap;

	va_start(ap, cmd);
	if (cmd == SETVAL || cmd == GETALL || cmd == SETALL || cmd == IPC_STAT || cmd == IPC_SET)
		arg = va_arg(ap, uintptr_t);
	va_end(ap);
	return (int)__sys_semctl(id, num, cmd, arg);
}
