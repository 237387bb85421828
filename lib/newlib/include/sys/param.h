#ifndef _SYS_PARAM_H
#define _SYS_PARAM_H

#include <limits.h>
#include <sys/types.h>
#include <machine/endian.h>

#define NBBY		8
#define HZ		100
#define NOFILE		1024
#define NGROUPS		NGROUPS_MAX
#define MAXPATHLEN	PATH_MAX
#define MAXSYMLINKS	SYMLOOP_MAX
#define MAXHOSTNAMELEN	(HOST_NAME_MAX + 1)
#define MAXLOGNAME	LOGIN_NAME_MAX
#define DEV_BSIZE	512
#ifndef MAX
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#endif
#ifndef MIN
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#endif
#ifndef howmany
#define howmany(x, y)	(((x) + ((y) - 1)) / (y))
#endif
#ifndef roundup
#define roundup(x, y)	((((x) + ((y) - 1)) / (y)) * (y))
#endif

#endif
