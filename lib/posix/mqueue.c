/* POSIX message queues. */
#include <errno.h>
#include <mqueue.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
#include <abi/mqueue.h>
#include "libc.h"

_Static_assert(sizeof(struct mq_attr) == sizeof(struct abi_mqattr), "struct mq_attr");

mqd_t
mq_open(const char *name, int flags, ...)
{
	const struct mq_attr *attr = NULL;
	mode_t mode = 0;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		attr = va_arg(ap, const struct mq_attr *);
		va_end(ap);
	}
	return (mqd_t)__sys_mq_open(name, flags, mode, attr);
}

int
mq_unlink(const char *name)
{
	return (int)__sys_mq_unlink(name);
}

/* Other descriptors of the open may be left: what this process wished to hear goes now. */
int
mq_close(mqd_t q)
{
	return __sys_mq_notify(q, NULL) != 0 ? -1 : close(q);
}

int
mq_timedsend(mqd_t q, const char *msg, size_t len, unsigned prio, const struct timespec *until)
{
	return (int)__sys_mq_timedsend(q, msg, len, prio, until);
}

int
mq_send(mqd_t q, const char *msg, size_t len, unsigned prio)
{
	return mq_timedsend(q, msg, len, prio, NULL);
}

ssize_t
mq_timedreceive(mqd_t q, char *__restrict msg, size_t len, unsigned *__restrict prio,
    const struct timespec *__restrict until)
{
	return __sys_mq_timedreceive(q, msg, len, prio, until);
}

ssize_t
mq_receive(mqd_t q, char *msg, size_t len, unsigned *prio)
{
	return mq_timedreceive(q, msg, len, prio, NULL);
}

int
mq_getattr(mqd_t q, struct mq_attr *attr)
{
	return (int)__sys_mq_attr(q, NULL, attr);
}

int
mq_setattr(mqd_t q, const struct mq_attr *__restrict new, struct mq_attr *__restrict old)
{
	return (int)__sys_mq_attr(q, new, old);
}

int
mq_notify(mqd_t q, const struct sigevent *ev)
{
	struct abi_mqevent event;

	if (ev == NULL)
		return (int)__sys_mq_notify(q, NULL);
	event = (struct abi_mqevent){ ev->sigev_notify, ev->sigev_signo, (uintptr_t)ev->sigev_value.sival_ptr };
	return (int)__sys_mq_notify(q, &event);
}
