#ifndef _SYS_SHM_H
#define _SYS_SHM_H

#include <sys/ipc.h>

typedef __uint64_t	shmatt_t;

struct shmid_ds {
	struct ipc_perm	shm_perm;
	__uint64_t	shm_segsz;
	__int64_t	shm_atime, shm_dtime, shm_ctime;
	pid_t		shm_cpid, shm_lpid;
	shmatt_t	shm_nattch;
};

__BEGIN_DECLS
void	*shmat(int, const void *, int);
int	shmctl(int, int, struct shmid_ds *);
int	shmdt(const void *);
int	shmget(key_t, size_t, int);
__END_DECLS

#endif
