#pragma once
/* statvfs (POSIX) and the name of the file system's type. */
#include <abi/types.h>

struct abi_statvfs {
	abi_u64 bsize;		/* bytes */
	abi_u64 frsize;		/* bytes; the unit of the three below */
	abi_u64 blocks;
	abi_u64 bfree;
	abi_u64 bavail;
	abi_u64 files;
	abi_u64 ffree;
	abi_u64 favail;
	abi_u64 fsid;
	abi_u64 flag;		/* ST_*, the values of MOUNT_* */
	abi_u64 namemax;
	char basetype[16];	/* NUL terminated */
};
_Static_assert(sizeof(struct abi_statvfs) == 104, "statvfs");

#define ST_RDONLY	1
#define ST_NOSUID	2
#define ST_NOEXEC	4
#define ST_NODEV	8
