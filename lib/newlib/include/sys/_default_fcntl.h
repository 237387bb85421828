#ifndef _SYS__DEFAULT_FCNTL_H_
#define _SYS__DEFAULT_FCNTL_H_

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/fcntl.h>
#include <sys/stat.h>

_BEGIN_STD_C

/* The same bytes as struct abi_flock. */
struct flock {
	short	l_type;
	short	l_whence;
	pid_t	l_pid;
	off_t	l_start;
	off_t	l_len;
};

#if __MISC_VISIBLE
#define FAPPEND		O_APPEND
#define FNONBIO		O_NONBLOCK
#define FNDELAY		O_NONBLOCK
#define FREAD		1
#define FWRITE		2
#define S_IREAD		S_IRUSR
#define S_IWRITE	S_IWUSR
#define S_IEXEC		S_IXUSR
#define LOCK_SH		1
#define LOCK_EX		2
#define LOCK_NB		4
#define LOCK_UN		8
int	flock(int, int);
#endif

int	open(const char *, int, ...);
int	creat(const char *, mode_t);
int	fcntl(int, int, ...);
#if __ATFILE_VISIBLE
int	openat(int, const char *, int, ...);
#endif
#if __POSIX_VISIBLE >= 200112
int	posix_fadvise(int, off_t, off_t, int);
int	posix_fallocate(int, off_t, off_t);
#endif
#if __GNU_VISIBLE
#include <sys/time.h>
int	futimesat(int, const char *, const struct timeval *);
#endif

_END_STD_C

#endif
