#ifndef _SYS_STATVFS_H
#define _SYS_STATVFS_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/statvfs.h>

/* The same bytes as struct abi_statvfs. */
struct statvfs {
	__uint64_t	f_bsize;
	__uint64_t	f_frsize;
	fsblkcnt_t	f_blocks;
	fsblkcnt_t	f_bfree;
	fsblkcnt_t	f_bavail;
	fsfilcnt_t	f_files;
	fsfilcnt_t	f_ffree;
	fsfilcnt_t	f_favail;
	__uint64_t	f_fsid;
	__uint64_t	f_flag;
	__uint64_t	f_namemax;
	char		f_basetype[16];
};

__BEGIN_DECLS
int	fstatvfs(int, struct statvfs *);
int	statvfs(const char *__restrict, struct statvfs *__restrict);
__END_DECLS

#endif
