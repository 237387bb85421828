#ifndef _SYS_UN_H
#define _SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
	sa_family_t	sun_family;
	char		sun_path[108];
};

/* The length of an address whose path ends with a NUL. */
#define SUN_LEN(sun)	(sizeof(*(sun)) - sizeof((sun)->sun_path) + __builtin_strlen((sun)->sun_path))

#endif
