#pragma once
/* stat and the mode bits (POSIX's and newlib's values). */
#include <abi/time.h>

struct abi_stat {
	abi_u64 dev;
	abi_u64 ino;
	abi_u32 mode;
	abi_u32 nlink;
	abi_u32 uid;
	abi_u32 gid;
	abi_u64 rdev;
	abi_i64 size;			/* bytes */
	struct abi_timespec atim;
	struct abi_timespec mtim;
	struct abi_timespec ctim;
	struct abi_timespec birthtim;
	abi_i64 blocks;			/* of 512 bytes */
	abi_i32 blksize;		/* bytes */
	abi_u32 flags;			/* 0 */
};
_Static_assert(sizeof(struct abi_stat) == 128, "stat");

#define S_IFMT		0170000
#define S_IFIFO		0010000
#define S_IFCHR		0020000
#define S_IFDIR		0040000
#define S_IFBLK		0060000
#define S_IFREG		0100000
#define S_IFLNK		0120000
#define S_IFSOCK	0140000
#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_ISVTX		0001000
#define S_IRWXU		0000700
#define S_IRUSR		0000400
#define S_IWUSR		0000200
#define S_IXUSR		0000100
#define S_IRWXG		0000070
#define S_IRGRP		0000040
#define S_IWGRP		0000020
#define S_IXGRP		0000010
#define S_IRWXO		0000007
#define S_IROTH		0000004
#define S_IWOTH		0000002
#define S_IXOTH		0000001

#define S_ISBLK(m)	(((m) & S_IFMT) == S_IFBLK)
#define S_ISCHR(m)	(((m) & S_IFMT) == S_IFCHR)
#define S_ISDIR(m)	(((m) & S_IFMT) == S_IFDIR)
#define S_ISFIFO(m)	(((m) & S_IFMT) == S_IFIFO)
#define S_ISREG(m)	(((m) & S_IFMT) == S_IFREG)
#define S_ISLNK(m)	(((m) & S_IFMT) == S_IFLNK)
#define S_ISSOCK(m)	(((m) & S_IFMT) == S_IFSOCK)

/* nanosecond values with a meaning of their own in utimensat */
#define UTIME_NOW	(-2L)
#define UTIME_OMIT	(-1L)

/* A device number: 32 bits of major, 32 of minor. */
#define ABI_MAKEDEV(ma, mi)	((abi_u64)(abi_u32)(ma) << 32 | (abi_u32)(mi))
#define ABI_MAJOR(d)		((abi_u32)((abi_u64)(d) >> 32))
#define ABI_MINOR(d)		((abi_u32)(d))
