#pragma once
/* Limits the kernel keeps; <limits.h> and sysconf say the same. */
#define ARG_MAX		2097152	/* bytes of arguments and environment, with their pointers */
#define IOV_MAX		1024
#define LINK_MAX	32767
#define MAX_CANON	4095
#define MAX_INPUT	4096
#define NAME_MAX	255
#define NGROUPS_MAX	32
#define PATH_MAX	4096	/* with the terminating NUL */
#define PIPE_BUF	4096
#define SYMLOOP_MAX	40
#define HOST_NAME_MAX	64
