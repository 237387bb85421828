/* Directory streams over getdents. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "libc.h"

_Static_assert(offsetof(struct dirent, d_name) == ABI_DIRENT_NAME &&
    offsetof(struct dirent, d_type) == offsetof(struct abi_dirent, type), "struct dirent");

struct __zenta_dir {
	int fd;
	off_t tell;		/* cookie of the entry that readdir gives next */
	size_t pos, len;	/* in buf */
	char buf[4096] __attribute__((aligned(8)));
};

ssize_t
getdents(int fd, void *buf, size_t len)
{
	return __sys_getdents(fd, buf, len);
}

static DIR *
dir_make(int fd)
{
	DIR *d = malloc(sizeof(*d));

	if (d != NULL) {
		d->fd = fd;
		d->tell = lseek(fd, 0, SEEK_CUR);
		d->pos = d->len = 0;
	}
	return d;
}

DIR *
opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d;

	if (fd < 0)
		return NULL;
	d = dir_make(fd);
	if (d == NULL)
		close(fd);
	return d;
}

DIR *
fdopendir(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
		errno = EBADF;
		return NULL;
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return NULL;
	return dir_make(fd);
}

int
closedir(DIR *d)
{
	int fd = d->fd;

	free(d);
	return close(fd);
}

int
dirfd(DIR *d)
{
	return d->fd;
}

struct dirent *
readdir(DIR *d)
{
	struct dirent *e;

	if (d->pos >= d->len) {
		ssize_t n = __sys_getdents(d->fd, d->buf, sizeof(d->buf));

		/* a directory that is gone has no entries */
		if (n <= 0) {
			if (n < 0 && errno == ENOENT)
				errno = 0;
			return NULL;
		}
		d->pos = 0;
		d->len = (size_t)n;
	}
	e = (struct dirent *)(d->buf + d->pos);
	d->pos += e->d_reclen;
	d->tell = e->d_off;
	return e;
}

int
readdir_r(DIR *__restrict d, struct dirent *__restrict buf, struct dirent **__restrict result)
{
	int saved = errno, error;
	struct dirent *e;

	errno = 0;
	e = readdir(d);
	error = errno;
	errno = saved;
	*result = NULL;
	if (e == NULL)
		return error;
	memcpy(buf, e, e->d_reclen < sizeof(*buf) ? e->d_reclen : sizeof(*buf));
	*result = buf;
	return 0;
}

void
seekdir(DIR *d, long where)
{
	lseek(d->fd, where, SEEK_SET);
	d->tell = where;
	d->pos = d->len = 0;
}

void
rewinddir(DIR *d)
{
	seekdir(d, 0);
}

long
telldir(DIR *d)
{
	return (long)d->tell;
}

int
alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcoll((*a)->d_name, (*b)->d_name);
}

static void
free_list(struct dirent **list, size_t n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

int
scandir(const char *path, struct dirent ***result, int (*select)(const struct dirent *),
    int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **list = NULL, *e, *copy;
	size_t n = 0, room = 0;
	int saved = errno, error;
	DIR *d = opendir(path);

	if (d == NULL)
		return -1;
	while (errno = 0, (e = readdir(d)) != NULL) {
		if (select != NULL && !select(e))
			continue;
		if (n == room) {
			struct dirent **more = realloc(list, (room = room * 2 + 32) * sizeof(*list));

			if (more == NULL)
				break;
			list = more;
		}
		if ((copy = malloc(e->d_reclen)) == NULL)
			break;
		list[n++] = memcpy(copy, e, e->d_reclen);
	}
	error = errno;
	closedir(d);
	if (error != 0) {
		free_list(list, n);
		errno = error;
		return -1;
	}
	errno = saved;
	if (n > 0 && compare != NULL)
		qsort(list, n, sizeof(*list), (int (*)(const void *, const void *))compare);
	*result = list;
	return (int)n;
}
