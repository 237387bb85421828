#ifndef _POLL_H
#define _POLL_H

#include <sys/cdefs.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <abi/poll.h>

typedef unsigned long nfds_t;

/* The same bytes as struct abi_pollfd. */
struct pollfd {
	int	fd;
	short	events;
	short	revents;
};

__BEGIN_DECLS
int	poll(struct pollfd *, nfds_t, int);
#if __GNU_VISIBLE || __BSD_VISIBLE
int	ppoll(struct pollfd *, nfds_t, const struct timespec *, const __sigset_t *);
#endif
__END_DECLS

#endif
