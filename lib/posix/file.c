/* Files: calls on descriptors and paths. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <reent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <abi/uio.h>
#include "libc.h"

_Static_assert(sizeof(struct stat) == sizeof(struct abi_stat) &&
    offsetof(struct stat, st_size) == offsetof(struct abi_stat, size) &&
    offsetof(struct stat, st_ctim) == offsetof(struct abi_stat, ctim) &&
    offsetof(struct stat, st_blksize) == offsetof(struct abi_stat, blksize), "struct stat");
_Static_assert(sizeof(struct flock) == sizeof(struct abi_flock) &&
    offsetof(struct flock, l_len) == offsetof(struct abi_flock, len), "struct flock");
_Static_assert(sizeof(struct iovec) == sizeof(struct abi_iovec), "struct iovec");

int
openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)CANCELABLE4(openat, dirfd, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)CANCELABLE4(openat, AT_FDCWD, path, flags, mode);
}

int
close(int fd)
{
	return (int)__sys_close(fd);
}

ssize_t
read(int fd, void *buf, size_t len)
{
	return CANCELABLE3(read, fd, buf, len);
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	return CANCELABLE3(write, fd, buf, len);
}

ssize_t
pread(int fd, void *buf, size_t len, off_t off)
{
	return CANCELABLE4(pread, fd, buf, len, off);
}

ssize_t
pwrite(int fd, const void *buf, size_t len, off_t off)
{
	return CANCELABLE4(pwrite, fd, buf, len, off);
}

ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	return CANCELABLE3(readv, fd, iov, n);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	return CANCELABLE3(writev, fd, iov, n);
}

ssize_t
preadv(int fd, const struct iovec *iov, int n, off_t off)
{
	return __sys_preadv(fd, iov, n, off);
}

ssize_t
pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	return __sys_pwritev(fd, iov, n, off);
}

off_t
lseek(int fd, off_t off, int whence)
{
	return __sys_lseek(fd, off, whence);
}

int
fstat(int fd, struct stat *st)
{
	return (int)__sys_fstat(fd, st);
}

int
fstatat(int dirfd, const char *__restrict path, struct stat *__restrict st, int flags)
{
	return (int)__sys_fstatat(dirfd, path, st, flags);
}

int
stat(const char *__restrict path, struct stat *__restrict st)
{
	return (int)__sys_fstatat(AT_FDCWD, path, st, 0);
}

int
lstat(const char *__restrict path, struct stat *__restrict st)
{
	return (int)__sys_fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int
faccessat(int dirfd, const char *path, int mode, int flags)
{
	return (int)__sys_faccessat(dirfd, path, mode, flags);
}

int
access(const char *path, int mode)
{
	return (int)__sys_faccessat(AT_FDCWD, path, mode, 0);
}

int
eaccess(const char *path, int mode)
{
	return (int)__sys_faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

int
euidaccess(const char *path, int mode)
{
	return eaccess(path, mode);
}

int
fchmod(int fd, mode_t mode)
{
	return (int)__sys_fchmod(fd, mode);
}

int
fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	return (int)__sys_fchmodat(dirfd, path, mode, flags);
}

int
chmod(const char *path, mode_t mode)
{
	return (int)__sys_fchmodat(AT_FDCWD, path, mode, 0);
}

int
lchmod(const char *path, mode_t mode)
{
	return (int)__sys_fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)__sys_fchown(fd, uid, gid);
}

int
fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)__sys_fchownat(dirfd, path, uid, gid, flags);
}

int
chown(const char *path, uid_t uid, gid_t gid)
{
	return (int)__sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

int
lchown(const char *path, uid_t uid, gid_t gid)
{
	return (int)__sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int
linkat(int fd1, const char *path1, int fd2, const char *path2, int flags)
{
	return (int)__sys_linkat(fd1, path1, fd2, path2, flags);
}

int
link(const char *path1, const char *path2)
{
	return (int)__sys_linkat(AT_FDCWD, path1, AT_FDCWD, path2, 0);
}

int
symlinkat(const char *target, int dirfd, const char *path)
{
	return (int)__sys_symlinkat(target, dirfd, path);
}

int
symlink(const char *target, const char *path)
{
	return (int)__sys_symlinkat(target, AT_FDCWD, path);
}

ssize_t
readlinkat(int dirfd, const char *__restrict path, char *__restrict buf, size_t len)
{
	return __sys_readlinkat(dirfd, path, buf, len);
}

ssize_t
readlink(const char *__restrict path, char *__restrict buf, size_t len)
{
	return __sys_readlinkat(AT_FDCWD, path, buf, len);
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	return (int)__sys_unlinkat(dirfd, path, flags);
}

int
unlink(const char *path)
{
	return (int)__sys_unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return (int)__sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

/* newlib's tmpfile calls it by this name. */
int
_remove_r(struct _reent *r, const char *path)
{
	return remove(path);
}

int
renameat(int fd1, const char *path1, int fd2, const char *path2)
{
	return (int)__sys_renameat(fd1, path1, fd2, path2);
}

int
rename(const char *path1, const char *path2)
{
	return (int)__sys_renameat(AT_FDCWD, path1, AT_FDCWD, path2);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	return (int)__sys_mkdirat(dirfd, path, mode);
}

int
mkdir(const char *path, mode_t mode)
{
	return (int)__sys_mkdirat(AT_FDCWD, path, mode);
}

int
mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	return (int)__sys_mknodat(dirfd, path, mode, dev);
}

int
mknod(const char *path, mode_t mode, dev_t dev)
{
	return (int)__sys_mknodat(AT_FDCWD, path, mode, dev);
}

int
mkfifoat(int dirfd, const char *path, mode_t mode)
{
	return (int)__sys_mknodat(dirfd, path, (mode & ~S_IFMT) | S_IFIFO, 0);
}

int
mkfifo(const char *path, mode_t mode)
{
	return mkfifoat(AT_FDCWD, path, mode);
}

int
ftruncate(int fd, off_t len)
{
	return (int)__sys_ftruncate(fd, len);
}

int
truncate(const char *path, off_t len)
{
	return (int)__sys_truncate(path, len);
}

int
fsync(int fd)
{
	return (int)__sys_fsync(fd);
}

int
fdatasync(int fd)
{
	return (int)__sys_fsync(fd);
}

void
sync(void)
{
	__sys_sync();
}

mode_t
umask(mode_t mask)
{
	return (mode_t)__sys_umask(mask);
}

int
dup(int fd)
{
	return (int)__sys_dup(fd);
}

int
dup3(int old, int new, int flags)
{
	return (int)__sys_dup3(old, new, flags);
}

/* Unlike dup3, a dup2 of a descriptor to itself is good if it is open. */
int
dup2(int old, int new)
{
	if (old == new)
		return __sys_fcntl(old, F_GETFD, 0) < 0 ? -1 : new;
	return (int)__sys_dup3(old, new, 0);
}

int
fcntl(int fd, int cmd, ...)
{
	uintptr_t arg = 0;
	va_list ap;

	va_start(ap, cmd);
	switch (cmd) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		arg = (uintptr_t)va_arg(ap, void *);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETFD:
	case F_SETFL:
	case F_SETOWN:
		arg = (uintptr_t)(intptr_t)va_arg(ap, int);
		break;
	}
	va_end(ap);
	return (int)__sys_fcntl(fd, cmd, arg);
}

int
ioctl(int fd, unsigned long cmd, ...)
{
	uintptr_t arg;
	va_list ap;

	va_start(ap, cmd);
	arg = (uintptr_t)va_arg(ap, void *);
	va_end(ap);
	return (int)__sys_ioctl(fd, cmd, arg);
}

int
pipe2(int fds[2], int flags)
{
	return (int)__sys_pipe(fds, flags);
}

int
pipe(int fds[2])
{
	return (int)__sys_pipe(fds, 0);
}

int
chdir(const char *path)
{
	return (int)__sys_chdir(path);
}

int
fchdir(int fd)
{
	return (int)__sys_fchdir(fd);
}

int
chroot(const char *path)
{
	return (int)__sys_chroot(path);
}

char *
getcwd(char *buf, size_t size)
{
	char local[PATH_MAX];

	if (buf != NULL) {
		if (size == 0) {
			errno = EINVAL;
			return NULL;
		}
		return __sys_getcwd(buf, size) < 0 ? NULL : buf;
	}
	if (__sys_getcwd(local, sizeof(local)) < 0)
		return NULL;
	if (size == 0)
		return strdup(local);
	if (strlen(local) >= size) {
		errno = ERANGE;
		return NULL;
	}
	buf = malloc(size);
	return buf != NULL ? strcpy(buf, local) : NULL;
}

char *
getwd(char *buf)
{
	return getcwd(buf, PATH_MAX);
}

char *
get_current_dir_name(void)
{
	return getcwd(NULL, 0);
}

int
lockf(int fd, int cmd, off_t len)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len };

	switch (cmd) {
	case F_TEST:
		if (fcntl(fd, F_GETLK, &l) < 0)
			return -1;
		if (l.l_type == F_UNLCK || l.l_pid == getpid())
			return 0;
		errno = EACCES;
		return -1;
	case F_ULOCK:
		l.l_type = F_UNLCK;
		return fcntl(fd, F_SETLK, &l);
	case F_TLOCK:
		return fcntl(fd, F_SETLK, &l);
	case F_LOCK:
		return fcntl(fd, F_SETLKW, &l);
	}
	errno = EINVAL;
	return -1;
}

/* BSD's locks on top of those that belong to the open file description. */
int
flock(int fd, int op)
{
	struct flock l = { .l_whence = SEEK_SET };

	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		l.l_type = F_RDLCK;
		break;
	case LOCK_EX:
		l.l_type = F_WRLCK;
		break;
	case LOCK_UN:
		l.l_type = F_UNLCK;
		break;
	default:
		errno = EINVAL;
		return -1;
	}
	return fcntl(fd, op & LOCK_NB ? F_OFD_SETLK : F_OFD_SETLKW, &l);
}

/* Advice has no effect; what POSIX says of bad arguments holds. */
int
posix_fadvise(int fd, off_t off, off_t len, int advice)
{
	struct stat st;
	int saved = errno, error = 0;

	if (fstat(fd, &st) < 0)
		error = EBADF;
	else if (S_ISFIFO(st.st_mode))
		error = ESPIPE;
	else if (len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		error = EINVAL;
	errno = saved;
	return error;
}

int
posix_fallocate(int fd, off_t off, off_t len)
{
	int saved = errno, error = RESULT(__sys_fallocate(fd, off, len));

	errno = saved;
	return error;
}
