#pragma once
/* open, fcntl and the *at calls.  Values are newlib's where it has them; offsets are bytes. */
#include <abi/types.h>

#define O_RDONLY	0
#define O_WRONLY	1
#define O_RDWR		2
#define O_ACCMODE	(O_RDONLY|O_WRONLY|O_RDWR)
#define O_APPEND	0x0008
#define O_CREAT		0x0200
#define O_TRUNC		0x0400
#define O_EXCL		0x0800
#define O_SYNC		0x2000
#define O_DSYNC		0x2000
#define O_RSYNC		0x2000
#define O_NONBLOCK	0x4000
#define O_NOCTTY	0x8000
#define O_CLOEXEC	0x40000
#define O_DIRECT	0x80000
#define O_NOFOLLOW	0x100000
#define O_DIRECTORY	0x200000
#define O_EXEC		0x400000
#define O_SEARCH	0x400000
#define O_NOATIME	0x1000000
#define O_PATH		0x2000000
#define O_TTY_INIT	0

#define F_DUPFD		0
#define F_GETFD		1
#define F_SETFD		2
#define F_GETFL		3
#define F_SETFL		4
#define F_GETOWN	5
#define F_SETOWN	6
#define F_GETLK		7
#define F_SETLK		8
#define F_SETLKW	9
#define F_DUPFD_CLOEXEC	14
#define F_OFD_GETLK	15	/* locks owned by the open file description */
#define F_OFD_SETLK	16
#define F_OFD_SETLKW	17
#define FD_CLOEXEC	1

#define F_RDLCK		1
#define F_WRLCK		2
#define F_UNLCK		3

struct abi_flock {
	abi_i16 type;		/* F_RDLCK, F_WRLCK, F_UNLCK */
	abi_i16 whence;		/* SEEK_SET, SEEK_CUR, SEEK_END */
	abi_i32 pid;		/* F_GETLK: the holder; -1 for an OFD lock; 0 in F_OFD_* calls */
	abi_i64 start;
	abi_i64 len;		/* 0: to the end of the file and beyond */
};
_Static_assert(sizeof(struct abi_flock) == 24, "flock");

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2
#define SEEK_DATA	3
#define SEEK_HOLE	4

#define AT_FDCWD		-2
#define AT_EACCESS		1
#define AT_SYMLINK_NOFOLLOW	2
#define AT_SYMLINK_FOLLOW	4
#define AT_REMOVEDIR		8
#define AT_EMPTY_PATH		16

#define F_OK	0
#define X_OK	1
#define W_OK	2
#define R_OK	4

#define POSIX_FADV_NORMAL	0
#define POSIX_FADV_RANDOM	1
#define POSIX_FADV_SEQUENTIAL	2
#define POSIX_FADV_WILLNEED	3
#define POSIX_FADV_DONTNEED	4
#define POSIX_FADV_NOREUSE	5
