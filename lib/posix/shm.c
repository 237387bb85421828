/* Shared memory: System V's calls; POSIX's objects are files of the memory file system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>
#include "libc.h"

#define DIR	"/dev/shm/"

_Static_assert(sizeof(struct shmid_ds) == sizeof(struct abi_shmid_ds), "struct shmid_ds");

int
shmget(key_t key, size_t size, int flags)
{
	return (int)__sys_shmget(key, size, flags);
}

void *
shmat(int id, const void *addr, int flags)
{
	return (void *)__sys_shmat(id, (uintptr_t)addr, flags);
}

int
shmdt(const void *addr)
{
	return (int)__sys_shmdt((uintptr_t)addr);
}

int
shmctl(int id, int cmd, struct shmid_ds *ds)
{
	return (int)__sys_shmctl(id, cmd, ds);
}

key_t
ftok(const char *path, int id)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return -1;
	return (key_t)((unsigned)(id & 0xff) << 24 | (unsigned)(st.st_dev & 0xff) << 16 |
	    (unsigned)(st.st_ino & 0xffff));
}

/* "/name" or "name", without a further slash. */
static int
path_of(const char *name, char path[sizeof(DIR) + NAME_MAX])
{
	size_t n;

	while (*name == '/')
		name++;
	n = strlen(name);
	if (n == 0 || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, DIR, sizeof(DIR) - 1);
	memcpy(path + sizeof(DIR) - 1, name, n + 1);
	return 0;
}

int
shm_open(const char *name, int flags, mode_t mode)
{
	char path[sizeof(DIR) + NAME_MAX];

	if (path_of(name, path) != 0)
		return -1;
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int
shm_unlink(const char *name)
{
	char path[sizeof(DIR) + NAME_MAX];

	return path_of(name, path) != 0 ? -1 : unlink(path);
}
