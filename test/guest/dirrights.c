/* Rights of directories (DESIGN.md 4): what is reached below a descriptor has at most the rights of its slot. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include "tap.h"

#define BELOW	(MX_RIGHT_READ | MX_RIGHT_WRITE | MX_RIGHT_EXECUTE | MX_RIGHT_MAP)

static mx_rights_t
rights(int fd)
{
	mx_info_handle_basic_t basic = { 0 };

	mx_object_get_info(mx_fd_handle(fd), MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL);
	return basic.rights;
}

/* Another slot of what fd names, without the rights `drop'. */
static int
without(int fd, mx_rights_t drop)
{
	mx_handle_t weak;

	if (mx_handle_duplicate(mx_fd_handle(fd), rights(fd) & ~drop, &weak) != MX_OK)
		return -1;
	return mx_handle_fd(weak);
}

static const char *
through(int fd, const char *rest)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/fd/%d%s", fd, rest);
	return path;
}

static void
no_write(int dir)
{
	int weak = without(dir, MX_RIGHT_WRITE), fd;

	fails(openat(weak, "f", O_RDWR), EPERM, "no WRITE below: O_RDWR");
	fails(openat(weak, "new", O_CREAT | O_RDONLY, 0600), EPERM, "no WRITE below: O_CREAT");
	fails(openat(weak, "../new", O_CREAT | O_RDONLY, 0600), EPERM, "nor above");
	fails(unlinkat(weak, "f", 0), EPERM, "unlinkat");
	fails(renameat(dir, "f", weak, "g"), EPERM, "renameat into it");
	fails(open(through(weak, "/f"), O_RDWR), EPERM, "nor by a path through /dev/fd/N");
	fails(open(through(weak, "/new"), O_CREAT | O_RDONLY, 0600), EPERM, "O_CREAT through /dev/fd/N");
	fails(open(through(weak, "/../new"), O_CREAT | O_RDONLY, 0600), EPERM, "and up again");
	fails(unlink(through(weak, "/f")), EPERM, "unlink through /dev/fd/N");
	fails(mkdir(through(weak, "/d"), 0700), EPERM, "mkdir through /dev/fd/N");
	fails(truncate(through(weak, "/f"), 0), EPERM, "truncate through /dev/fd/N");
	fails(chmod(through(weak, "/f"), 0600), EPERM, "chmod through /dev/fd/N");
	fd = open(through(weak, "/f"), O_RDONLY);
	ok(fd >= 0 && (rights(fd) & MX_RIGHT_WRITE) == 0, "reading is allowed");
	close(fd);
	fails(fchdir(weak), EPERM, "fchdir: the working directory could not remember it");
	fails(chdir(through(weak, "")), EPERM, "chdir to it");
	fails(chdir(through(weak, "/.")), EPERM, "chdir through it");
	fails(chroot(through(weak, "")), EPERM, "chroot to it");
	close(weak);
}

static void
files(int dir)
{
	int fd = openat(dir, "f", O_RDONLY), weak;
	struct stat st;

	fails(open(through(fd, ""), O_RDWR), EACCES, "/dev/fd/N for more than it has");
	fails(truncate(through(fd, ""), 0), EPERM, "truncate of a descriptor without WRITE by its name");
	fails(chmod(through(fd, ""), 0600), EPERM, "chmod of it");
	is_int(stat(through(fd, ""), &st), 0, "stat of it");
	close(fd);
	fd = openat(dir, "f", O_RDWR);
	is_int(truncate(through(fd, ""), 1), 0, "truncate of one with WRITE");
	close(fd);
	fd = open("/bin/true", O_RDONLY);
	weak = without(fd, MX_RIGHT_EXECUTE);
	fails(execl(through(weak, ""), "true", (char *)NULL), EACCES, "exec of a descriptor without EXECUTE by its name");
	close(weak);
	close(fd);
}

/* A directory in `dir' can be listed or not, opened at once or through another that is only searched. */
static void
below(int dir, int can, const char *what)
{
	char buf[512];
	int sub, path, deep;

	mkdirat(dir, "sub", 0755);
	mkdirat(dir, "sub/deep", 0755);
	sub = openat(dir, "sub", O_RDONLY | O_DIRECTORY);
	path = openat(dir, "sub", O_SEARCH);
	deep = openat(path, "deep", O_RDONLY | O_DIRECTORY);
	ok((getdents(sub, buf, sizeof(buf)) > 0) == can && (getdents(deep, buf, sizeof(buf)) > 0) == can &&
	    (((rights(sub) & rights(deep)) & MX_RIGHT_ENUMERATE) != 0) == can, "%s", what);
	fails(getdents(path, buf, sizeof(buf)), EBADF, "not what is only searched");
	close(deep);
	close(path);
	close(sub);
	unlinkat(dir, "sub/deep", AT_REMOVEDIR);
	unlinkat(dir, "sub", AT_REMOVEDIR);
}

static void
all(int dir)
{
	int fd = open(".", O_PATH), weak = without(dir, MX_RIGHT_ENUMERATE);

	is_int(rights(dir) & (BELOW | MX_RIGHT_ENUMERATE), BELOW | MX_RIGHT_ENUMERATE, "O_RDONLY has all");
	is_int(rights(fd) & (BELOW | MX_RIGHT_ENUMERATE), BELOW, "O_PATH all but ENUMERATE");
	below(fd, 1, "O_PATH: what is below can be listed");
	below(weak, 0, "without ENUMERATE it cannot");
	is_int(fchdir(fd), 0, "which is enough for fchdir");
	is_int(chdir(through(weak, "")), 0, "and for chdir");
	is_int(chdir("/proc/self/cwd"), 0, "chdir to where one is");
	close(weak);
	close(fd);
}

int
main(void)
{
	int dir, fd;

	mkdir("/tmp/dirrights", 0755);
	chdir("/tmp/dirrights");
	dir = open(".", O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "f", O_CREAT | O_RDWR, 0600);
	is_int(write(fd, "text", 4), 4, "a file");
	close(fd);
	all(dir);
	no_write(dir);
	files(dir);
	is_int(unlinkat(dir, "f", 0), 0, "nothing was taken away");
	close(dir);
	is_int(rmdir("/tmp/dirrights"), 0, "and nothing came in");
	return tap_done();
}
