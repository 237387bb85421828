#ifndef _SYS_UTIME_H
#define _SYS_UTIME_H

#include <_ansi.h>
#include <sys/types.h>

_BEGIN_STD_C

struct utimbuf {
	time_t	actime;
	time_t	modtime;
};

int	utime(const char *, const struct utimbuf *);

_END_STD_C

#endif
