#pragma once
/* poll: one record a descriptor. */
#include <abi/types.h>

struct abi_pollfd {
	abi_i32 fd;		/* negative: ignored */
	abi_i16 events;
	abi_i16 revents;
};
_Static_assert(sizeof(struct abi_pollfd) == 8, "pollfd");

#define POLLIN		0x001
#define POLLPRI		0x002
#define POLLOUT		0x004
#define POLLERR		0x008
#define POLLHUP		0x010
#define POLLNVAL	0x020
#define POLLRDNORM	0x040
#define POLLRDBAND	0x080
#define POLLWRNORM	0x100
#define POLLWRBAND	0x200
#define POLLRDHUP	0x2000
