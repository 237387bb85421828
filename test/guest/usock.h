#pragma once
/* What the tests of AF_UNIX sockets share. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static inline struct sockaddr_un
addr_of(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	return a;
}

/* A socket with a name, listening unless it is of datagrams. */
static inline int
listener(const char *path, int type, int backlog)
{
	struct sockaddr_un a = addr_of(path);
	int s = socket(AF_UNIX, type, 0);

	unlink(path);
	if (bind(s, (void *)&a, sizeof(a)) != 0 || ((type & 0xff) != SOCK_DGRAM && listen(s, backlog) != 0)) {
		close(s);
		return -1;
	}
	return s;
}
