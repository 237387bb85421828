#ifndef _SYS_SEM_H
#define _SYS_SEM_H

#include <sys/ipc.h>

struct timespec;

struct sembuf {
	unsigned short	sem_num;
	short		sem_op;
	short		sem_flg;
};

struct semid_ds {
	struct ipc_perm	sem_perm;
	__int64_t	sem_otime, sem_ctime;
	__uint64_t	sem_nsems;
};

__BEGIN_DECLS
/* The fourth argument: int of SETVAL, struct semid_ds * of IPC_STAT and IPC_SET, unsigned short * of
 * GETALL and SETALL, or a union of these. */
int	semctl(int, int, int, ...);
int	semget(key_t, int, int);
int	semop(int, struct sembuf *, size_t);
int	semtimedop(int, struct sembuf *, size_t, const struct timespec *);
__END_DECLS

#endif
