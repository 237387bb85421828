#ifndef _SYS_STAT_H
#define _SYS_STAT_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/_timespec.h>
#include <abi/stat.h>

_BEGIN_STD_C

/* The same bytes as struct abi_stat. */
struct stat {
	dev_t		st_dev;
	ino_t		st_ino;
	mode_t		st_mode;
	nlink_t		st_nlink;
	uid_t		st_uid;
	gid_t		st_gid;
	dev_t		st_rdev;
	off_t		st_size;
	struct timespec	st_atim;
	struct timespec	st_mtim;
	struct timespec	st_ctim;
	struct timespec	st_birthtim;
	blkcnt_t	st_blocks;
	blksize_t	st_blksize;
	__uint32_t	st_flags;
};
#define st_atime	st_atim.tv_sec
#define st_mtime	st_mtim.tv_sec
#define st_ctime	st_ctim.tv_sec
#define st_birthtime	st_birthtim.tv_sec

#if __BSD_VISIBLE
#define S_IREAD		S_IRUSR
#define S_IWRITE	S_IWUSR
#define S_IEXEC		S_IXUSR
#define S_BLKSIZE	512
#define ACCESSPERMS	(S_IRWXU | S_IRWXG | S_IRWXO)
#define ALLPERMS	(S_ISUID | S_ISGID | S_ISVTX | ACCESSPERMS)
#define DEFFILEMODE	(S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)
#endif

int	chmod(const char *, mode_t);
int	fchmod(int, mode_t);
int	fstat(int, struct stat *);
int	lstat(const char *__restrict, struct stat *__restrict);
int	mkdir(const char *, mode_t);
int	mkfifo(const char *, mode_t);
int	mknod(const char *, mode_t, dev_t);
int	stat(const char *__restrict, struct stat *__restrict);
mode_t	umask(mode_t);
#if __ATFILE_VISIBLE
int	fchmodat(int, const char *, mode_t, int);
int	fstatat(int, const char *__restrict, struct stat *__restrict, int);
int	mkdirat(int, const char *, mode_t);
int	mkfifoat(int, const char *, mode_t);
int	mknodat(int, const char *, mode_t, dev_t);
int	utimensat(int, const char *, const struct timespec *, int);
#endif
#if __POSIX_VISIBLE >= 200809
int	futimens(int, const struct timespec *);
#endif
#if __BSD_VISIBLE
int	lchmod(const char *, mode_t);
#endif

_END_STD_C

#endif
