#ifndef _MQUEUE_H
#define _MQUEUE_H

#include <fcntl.h>
#include <signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

/* A descriptor: poll works on it, and it is closed by exec. */
typedef int	mqd_t;
#ifndef MQ_PRIO_MAX
#define MQ_PRIO_MAX	32768
#endif

struct mq_attr {
	__int64_t	mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs;
};

__BEGIN_DECLS
int	mq_close(mqd_t);
int	mq_getattr(mqd_t, struct mq_attr *);
/* SIGEV_SIGNAL or SIGEV_NONE. */
int	mq_notify(mqd_t, const struct sigevent *);
mqd_t	mq_open(const char *, int, ...);	/* O_CREAT: mode_t, struct mq_attr * */
ssize_t	mq_receive(mqd_t, char *, size_t, unsigned *);
int	mq_send(mqd_t, const char *, size_t, unsigned);
int	mq_setattr(mqd_t, const struct mq_attr *__restrict, struct mq_attr *__restrict);
ssize_t	mq_timedreceive(mqd_t, char *__restrict, size_t, unsigned *__restrict, const struct timespec *__restrict);
int	mq_timedsend(mqd_t, const char *, size_t, unsigned, const struct timespec *);
int	mq_unlink(const char *);
__END_DECLS

#endif
