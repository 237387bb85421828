/* Files and directories: open flags, links, rename, removal, times, modes, sparse files, locks. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include "tap.h"

#define KERNEL_PTR	((void *)0xffffffff80100000ull)

static void
make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static long
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void
opens(void)
{
	char buf[16], longname[400], longpath[5001];
	struct stat st;
	int fd;

	fails(open("none", O_RDONLY), ENOENT, "open of nothing");
	fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
	ok(fd >= 0, "O_CREAT | O_EXCL");
	fails(open("a", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST, "again: EEXIST");
	fstat(fd, &st);
	is_int(st.st_mode, S_IFREG | 0640, "mode");
	is_int(write(fd, "0123456789", 10), 10, "write");
	is_int(lseek(fd, 2, SEEK_SET), 2, "seek");
	is_int(read(fd, buf, 3), 3, "read");
	ok(memcmp(buf, "234", 3) == 0, "what was written");
	is_int(lseek(fd, -1, SEEK_END), 9, "seek from the end");
	fails(lseek(fd, -100, SEEK_SET), EINVAL, "before the start");
	fails(lseek(fd, 0, 55), EINVAL, "an unknown whence");
	is_int(read(fd, buf, 16), 1, "a short read at the end");
	is_int(read(fd, buf, 16), 0, "then end of file");
	close(fd);
	fd = open("a", O_WRONLY | O_APPEND);
	lseek(fd, 0, SEEK_SET);
	write(fd, "x", 1);
	is_int(size_of("a"), 11, "O_APPEND writes at the end");
	fails(read(fd, buf, 1), EBADF, "a write-only descriptor does not read");
	close(fd);
	fd = open("a", O_RDONLY);
	fails(write(fd, buf, 1), EBADF, "a read-only one does not write");
	fails(ftruncate(fd, 0), EBADF, "nor truncate");
	close(fd);
	fd = open("a", O_WRONLY | O_TRUNC);
	is_int(size_of("a"), 0, "O_TRUNC");
	close(fd);
	mkdir("d", 0755);
	fails(open("d", O_WRONLY), EISDIR, "a directory for writing");
	fails(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY on a file");
	fails(open("a/b", O_RDONLY), ENOTDIR, "below a file");
	fails(open("a/", O_RDONLY), ENOTDIR, "a file with a slash");
	fd = open("d", O_RDONLY);
	fails(read(fd, buf, 1), EISDIR, "read of a directory");
	close(fd);
	memset(longname, 'n', 300);
	longname[300] = '\0';
	fails(open(longname, O_RDONLY), ENAMETOOLONG, "a name of 300 bytes");
	for (int i = 0; i < 5000; i++)
		longpath[i] = i % 2 ? '/' : '.';
	longpath[5000] = '\0';
	fails(open(longpath, O_RDONLY), ENAMETOOLONG, "a path of 5000 bytes");
	fails(open("", O_RDONLY), ENOENT, "an empty path");
	fails(open(KERNEL_PTR, O_RDONLY), EFAULT, "a kernel pointer");
	rmdir("d");
	unlink("a");
}

static void
links(void)
{
	char buf[64];
	struct stat a, b;
	int fd;

	make("f", "content");
	is_int(link("f", "g"), 0, "link");
	stat("f", &a), stat("g", &b);
	ok(a.st_ino == b.st_ino && a.st_nlink == 2, "one file, two names");
	fails(link("f", "g"), EEXIST, "link onto a name that is there");
	fails(link("none", "h"), ENOENT, "link to nothing");
	fd = open("f", O_RDONLY);
	unlink("f"), unlink("g");
	is_int(read(fd, buf, 64), 7, "an open file outlives its names");
	fstat(fd, &a);
	is_int(a.st_nlink, 0, "without links");
	close(fd);
	fails(unlink("f"), ENOENT, "unlink again");
	make("f", "content");
	is_int(symlink("f", "s"), 0, "symlink");
	is_int(readlink("s", buf, 64), 1, "readlink");
	is_int(size_of("s"), 7, "is followed");
	lstat("s", &a);
	ok(S_ISLNK(a.st_mode) && a.st_size == 1, "lstat sees the link itself");
	fails(open("s", O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW");
	fails(readlink("f", buf, 64), EINVAL, "readlink of a file");
	fails(symlink("x", "s"), EEXIST, "symlink onto a name");
	symlink("l2", "l1"), symlink("l1", "l2");
	fails(open("l1", O_RDONLY), ELOOP, "a circle of links");
	fails(open("s/x", O_RDONLY), ENOTDIR, "through a link to a file");
	is_int(symlink("new", "dangling"), 0, "a dangling link");
	fd = open("dangling", O_WRONLY | O_CREAT, 0600);
	ok(fd >= 0 && size_of("new") == 0, "O_CREAT through it makes the target");
	close(fd);
	unlink("s"), unlink("l1"), unlink("l2"), unlink("f"), unlink("new"), unlink("dangling");
}

static void
renames(void)
{
	int fd;

	make("f", "1"), make("g", "22");
	is_int(rename("f", "g"), 0, "rename over a file");
	ok(size_of("g") == 1 && size_of("f") == -1, "replaces it");
	is_int(rename("g", "g"), 0, "onto itself does nothing");
	mkdir("d1", 0755), mkdir("d2", 0755), mkdir("d1/sub", 0755);
	fails(rename("d1", "d1/sub/x"), EINVAL, "a directory into itself");
	fails(rename("g", "d1"), EISDIR, "a file over a directory");
	fails(rename("d1", "g"), ENOTDIR, "a directory over a file");
	fails(rename("d2", "d1"), ENOTEMPTY, "over a directory with something in it");
	is_int(rename("d1", "d2"), 0, "over an empty directory");
	is_int(access("d2/sub", F_OK), 0, "moves what is below");
	fails(rename("none", "x"), ENOENT, "rename of nothing");
	fd = open("d2/sub", O_RDONLY | O_DIRECTORY);
	is_int(renameat(AT_FDCWD, "g", fd, "h"), 0, "renameat into a descriptor's directory");
	is_int(size_of("d2/sub/h"), 1, "arrives");
	fails(rmdir("d2"), ENOTEMPTY, "rmdir of a full directory");
	fails(unlink("d2"), EISDIR, "unlink of a directory");
	fails(rmdir("d2/sub/h"), ENOTDIR, "rmdir of a file");
	fails(rmdir("d2/sub/."), EINVAL, "rmdir of .");
	unlinkat(fd, "h", 0);
	close(fd);
	is_int(rmdir("d2/sub"), 0, "rmdir");
	is_int(rmdir("d2"), 0, "rmdir of its parent");
	fails(mkdir("/", 0755), EEXIST, "mkdir of /");
	fails(mkdir("x/y", 0755), ENOENT, "mkdir below nothing");
}

static void
directories(void)
{
	char name[32];
	struct dirent *e;
	int n = 0, dots = 0, fd;
	DIR *d;

	mkdir("many", 0755);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many/file%d", i);
		make(name, "");
	}
	d = opendir("many");
	ok(d != NULL, "opendir");
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			dots++;
		else
			n++;
	}
	ok(n == 300 && dots == 2, "300 entries, once each, and two dots");
	rewinddir(d);
	ok(readdir(d) != NULL, "rewinddir");
	closedir(d);
	d = opendir("many");
	n = 0;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, "file", 4) == 0)
			n += unlinkat(dirfd(d), e->d_name, 0) == 0;
	is_int(n, 300, "all removed while reading");
	closedir(d);
	is_int(rmdir("many"), 0, "and the directory is empty");
	make("f", "");
	fd = open("f", O_RDONLY);
	ok(fdopendir(fd) == NULL && errno == ENOTDIR, "fdopendir of a file");
	close(fd);
	unlink("f");
}

static void
attributes(void)
{
	struct timespec t[2] = { { 1000000000, 123456789 }, { 1500000000, 987654321 } };
	struct stat st;
	mode_t old;
	int fd;

	make("f", "x");
	is_int(chmod("f", 04711), 0, "chmod");
	stat("f", &st);
	is_int(st.st_mode & 07777, 04711, "all twelve bits");
	is_int(utimensat(AT_FDCWD, "f", t, 0), 0, "utimensat");
	stat("f", &st);
	ok(st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 123456789 &&
	    st.st_mtim.tv_sec == 1500000000 && st.st_mtim.tv_nsec == 987654321, "times to the nanosecond");
	t[0].tv_nsec = 1000000000;
	fails(utimensat(AT_FDCWD, "f", t, 0), EINVAL, "a second in nanoseconds");
	is_int(chown("f", 1000, 1001), 0, "chown");
	stat("f", &st);
	ok(st.st_uid == 1000 && st.st_gid == 1001, "owner and group");
	old = umask(027);
	fd = open("u", O_WRONLY | O_CREAT, 0666);
	fstat(fd, &st);
	is_int(st.st_mode & 0777, 0640, "umask");
	umask(old);
	close(fd);
	is_int(access("f", R_OK | W_OK), 0, "access");
	fails(access("u", X_OK), EACCES, "nobody may execute it, not even root");
	fails(chmod("none", 0), ENOENT, "chmod of nothing");
	fails(stat("f", (void *)8), EFAULT, "stat into a bad address");
	unlink("f"), unlink("u");
}

static void
permission_child(void)
{
	setgid(1000), setuid(1000);
	tap_in_child = 1;
	fails(open("/tmp/priv/secret", O_RDONLY), EACCES, "another's file");
	fails(open("/tmp/priv/new", O_WRONLY | O_CREAT, 0600), EACCES, "another's directory");
	fails(unlink("/tmp/priv/secret"), EACCES, "unlink there");
	fails(chmod("/tmp/priv/secret", 0777), EPERM, "chmod of another's file");
	fails(chown("/tmp/priv/secret", 1000, 1000), EPERM, "chown");
	fails(unlink("/tmp/sticky"), EPERM, "another's file in a sticky directory");
	fails(setuid(0), EPERM, "setuid(0)");
	fails(mknod("/tmp/dev", S_IFCHR | 0600, 0), EPERM, "mknod of a device");
	fails(chroot("/tmp"), EPERM, "chroot");
	fails(kill(1, SIGKILL), EPERM, "kill init");
	_exit(tap_bad != 0);
}

static void
permissions(void)
{
	mkdir("/tmp/priv", 0755);
	make("/tmp/priv/secret", "s"), make("/tmp/sticky", "s");
	chmod("/tmp/priv/secret", 0600);
	is_int(in_child(permission_child), 0, "uid 1000 is held to mode bits");
	unlink("/tmp/priv/secret"), rmdir("/tmp/priv"), unlink("/tmp/sticky");
}

static void
sparse(void)
{
	struct stat st;
	char c = 1;
	int fd = open("sparse", O_RDWR | O_CREAT, 0600);

	is_int(pwrite(fd, "end", 3, 5ll << 30), 3, "a write beyond 4 GiB");
	fstat(fd, &st);
	is_int(st.st_size, (5ll << 30) + 3, "the size");
	ok(st.st_blocks < 100, "but few blocks");
	is_int(pread(fd, &c, 1, 3ll << 30), 1, "a hole reads");
	is_int(c, 0, "as zero");
	is_int(ftruncate(fd, 10), 0, "truncate");
	fstat(fd, &st);
	is_int(st.st_size, 10, "shrinks");
	ftruncate(fd, 5000);
	pread(fd, &c, 1, 4999);
	is_int(c, 0, "growing again gives zeros");
	fails(ftruncate(fd, -1), EINVAL, "a negative size");
	close(fd);
	unlink("sparse");
}

static void
locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
	int fd, status;
	pid_t pid;

	make("lock", "0123456789012345678901234567890");
	fd = open("lock", O_RDWR);
	is_int(fcntl(fd, F_SETLK, &fl), 0, "a write lock");
	pid = fork();
	if (pid == 0) {
		struct flock q = fl;
		int bad = 0;

		bad |= fcntl(fd, F_SETLK, &q) != -1 || (errno != EAGAIN && errno != EACCES);
		bad |= (fcntl(fd, F_GETLK, &q) != 0 || q.l_pid != getppid()) << 1;
		q = fl;
		q.l_start = 20;
		bad |= (fcntl(fd, F_SETLK, &q) != 0) << 2;
		_exit(bad);
	}
	status = child_status(pid);
	is_int(WEXITSTATUS(status), 0, "keeps another process out, there and only there");
	fl.l_type = F_UNLCK;
	is_int(fcntl(fd, F_SETLK, &fl), 0, "unlock");
	fails(fcntl(fd, F_SETLK, (void *)8), EFAULT, "a bad address");
	close(fd);
	unlink("lock");
}

static void
places(void)
{
	char buf[256], small[3];
	struct statvfs sv;
	int fd;

	is_int(mkdir("here", 0755), 0, "mkdir");
	is_int(chdir("here"), 0, "chdir");
	ok(getcwd(buf, sizeof(buf)) != NULL && strcmp(buf, "/tmp/filetest/here") == 0, "getcwd");
	ok(getcwd(small, sizeof(small)) == NULL && errno == ERANGE, "into too small a buffer");
	fd = open("..", O_RDONLY | O_DIRECTORY);
	is_int(fchdir(fd), 0, "fchdir");
	is_int(rmdir("here"), 0, "rmdir");
	close(fd);
	fails(chdir("none"), ENOENT, "chdir to nothing");
	is_int(statvfs("/tmp", &sv), 0, "statvfs");
	ok(sv.f_bsize == 4096 && sv.f_namemax == 255, "tells sizes");
	fd = open("/dev/null", O_WRONLY);
	is_int(write(fd, buf, 100), 100, "/dev/null takes all");
	close(fd);
	fd = open("/dev/full", O_WRONLY);
	fails(write(fd, buf, 1), ENOSPC, "/dev/full nothing");
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	buf[0] = 1;
	ok(read(fd, buf, 100) == 100 && buf[0] == 0 && buf[99] == 0, "/dev/zero gives zeros");
	close(fd);
	fd = open("/proc/self/stat", O_RDONLY);
	ok(fd >= 0 && read(fd, buf, 20) == 20 && atoi(buf) == getpid(), "/proc/self is this process");
	close(fd);
}

int
main(void)
{
	mkdir("/tmp/filetest", 0755);
	chdir("/tmp/filetest");
	opens();
	links();
	renames();
	directories();
	attributes();
	permissions();
	sparse();
	locks();
	places();
	chdir("/");
	rmdir("/tmp/filetest");
	return tap_done();
}
