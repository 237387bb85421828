#ifndef _THREADS_H
#define _THREADS_H
/* Threads of C11: the types are pthreads'. */
#include <sys/types.h>
#include <time.h>
#include <limits.h>

#ifdef __cplusplus
extern "C" {
#else
#define thread_local _Thread_local
#endif

#define ONCE_FLAG_INIT		_PTHREAD_ONCE_INIT
#define TSS_DTOR_ITERATIONS	PTHREAD_DESTRUCTOR_ITERATIONS

typedef pthread_t thrd_t;
typedef pthread_mutex_t mtx_t;
typedef pthread_cond_t cnd_t;
typedef pthread_key_t tss_t;
typedef pthread_once_t once_flag;
typedef int (*thrd_start_t)(void *);
typedef void (*tss_dtor_t)(void *);

enum { mtx_plain = 0, mtx_recursive = 1, mtx_timed = 2 };
enum { thrd_success, thrd_busy, thrd_error, thrd_nomem, thrd_timedout };

int	thrd_create(thrd_t *, thrd_start_t, void *);
int	thrd_equal(thrd_t, thrd_t);
thrd_t	thrd_current(void);
int	thrd_sleep(const struct timespec *, struct timespec *);
void	thrd_exit(int) __attribute__((__noreturn__));
int	thrd_detach(thrd_t);
int	thrd_join(thrd_t, int *);
void	thrd_yield(void);

int	mtx_init(mtx_t *, int);
void	mtx_destroy(mtx_t *);
int	mtx_lock(mtx_t *);
int	mtx_timedlock(mtx_t *__restrict, const struct timespec *__restrict);
int	mtx_trylock(mtx_t *);
int	mtx_unlock(mtx_t *);

int	cnd_init(cnd_t *);
void	cnd_destroy(cnd_t *);
int	cnd_signal(cnd_t *);
int	cnd_broadcast(cnd_t *);
int	cnd_wait(cnd_t *, mtx_t *);
int	cnd_timedwait(cnd_t *__restrict, mtx_t *__restrict, const struct timespec *__restrict);

void	call_once(once_flag *, void (*)(void));

int	tss_create(tss_t *, tss_dtor_t);
void	tss_delete(tss_t);
void	*tss_get(tss_t);
int	tss_set(tss_t, void *);

#ifdef __cplusplus
}
#endif
#endif
