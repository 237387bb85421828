#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <sys/types.h>
#include <sys/cdefs.h>
#include <sys/syslimits.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In shared memory it works between processes; sem_open's is in a mapped file of /dev/shm. */
typedef struct {
	__uint32_t __value, __waiters, __spare[2];
} sem_t;
#define SEM_FAILED	((sem_t *)0)
#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX	0x7fffffff
#endif

sem_t	*sem_open(const char *, int, ...);	/* O_CREAT: mode_t, unsigned __value */
int	sem_close(sem_t *);
int	sem_unlink(const char *);
int	sem_init(sem_t *, int __shared, unsigned __value);
int	sem_destroy(sem_t *);
int	sem_wait(sem_t *);
int	sem_trywait(sem_t *);
int	sem_timedwait(sem_t *__restrict, const struct timespec *__restrict);
int	sem_post(sem_t *);
int	sem_getvalue(sem_t *__restrict, int *__restrict);

#ifdef __cplusplus
}
#endif
#endif
