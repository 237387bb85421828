/* Waiting for descriptors. */
#include <errno.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <abi/poll.h>
#include <abi/select.h>
#include "libc.h"

_Static_assert(sizeof(struct pollfd) == sizeof(struct abi_pollfd), "struct pollfd");
_Static_assert(sizeof(fd_set) == sizeof(struct abi_fd_set), "fd_set");

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	return (int)CANCELABLE4(ppoll, fds, n, timeout, mask);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	return (int)CANCELABLE4(ppoll, fds, n, timeout >= 0 ? &ts : NULL, NULL);
}

int
pselect(int n, fd_set *__restrict rd, fd_set *__restrict wr, fd_set *__restrict ex,
    const struct timespec *__restrict timeout, const sigset_t *__restrict mask)
{
	return (int)CANCELABLE6(pselect, n, rd, wr, ex, timeout, mask);
}

int
select(int n, fd_set *__restrict rd, fd_set *__restrict wr, fd_set *__restrict ex,
    struct timeval *__restrict timeout)
{
	struct timespec ts;

	if (timeout != NULL) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
			errno = EINVAL;
			return -1;
		}
		ts.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
		ts.tv_nsec = timeout->tv_usec % 1000000 * 1000;
	}
	return (int)CANCELABLE6(pselect, n, rd, wr, ex, timeout != NULL ? &ts : NULL, NULL);
}
