/*
 * Named semaphores: a sem_t in a file /dev/shm/sem.NAME, mapped shared.
 *
 * Who makes one writes it right after the file is there; who opens an empty file waits for that a moment.
 * A process that opens a semaphore again gets the address that it has, with
 * one more open counted; the list of these is this process's, and a child's from fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "libc.h"

#define PREFIX	"/dev/shm/sem."
#define TRIES	100		/* rounds, or milliseconds */

typedef char path_t[sizeof(PREFIX) + NAME_MAX];

struct named {
	struct named *next;
	sem_t *sem;
	dev_t dev;
	ino_t ino;
	unsigned opens;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct named *list;		/* [lock] */

/* "/name" or "name", without a further slash. */
static int
path_of(const char *name, path_t path)
{
	size_t n;

	while (*name == '/')
		name++;
	n = strlen(name);
	if (n == 0 || strchr(name, '/') != NULL) {
		errno = EINVAL;
		return -1;
	}
	if (n > NAME_MAX - (sizeof("sem.") - 1)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, PREFIX, sizeof(PREFIX) - 1);
	memcpy(path + sizeof(PREFIX) - 1, name, n + 1);
	return 0;
}

/* The name may be gone already, memory may be short: once more, nobody else would remove it. */
static void
forget(const path_t path)
{
	int saved = errno;

	if (unlink(path) != 0 && errno != ENOENT)
		unlink(path);
	errno = saved;
}

/* Makes the file; -1 with errno: EEXIST when somebody else has made it. */
static int
make(const path_t path, mode_t mode, unsigned value)
{
	int fd, saved;
	sem_t s;

	if (sem_init(&s, 1, value) != 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0777);
	if (fd == -1 || write(fd, &s, sizeof(s)) == (ssize_t)sizeof(s))
		return fd;
	saved = errno;
	forget(path);
	close(fd);
	errno = saved;
	return -1;
}

static int
whole(int fd, struct stat *st)
{
	for (int i = 0; i < TRIES; i++) {
		if (fstat(fd, st) != 0)
			return -1;
		if (S_ISREG(st->st_mode) && st->st_size == (off_t)sizeof(sem_t))
			return 0;
		if (st->st_size != 0)
			break;
		usleep(1000);
	}
	errno = EINVAL;
	return -1;
}

/* The lock is held.  The file is closed by the caller. */
static sem_t *
map(int fd)
{
	struct named *n;
	struct stat st;

	if (whole(fd, &st) != 0)
		return SEM_FAILED;
	for (n = list; n != NULL; n = n->next) {
		if (n->dev == st.st_dev && n->ino == st.st_ino) {
			n->opens++;
			return n->sem;
		}
	}
	n = malloc(sizeof(*n));
	if (n == NULL)
		return SEM_FAILED;
	*n = (struct named){ list, MAP_FAILED, st.st_dev, st.st_ino, 1 };
	n->sem = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (n->sem == MAP_FAILED) {
		free(n);
		return SEM_FAILED;
	}
	list = n;
	return n->sem;
}

/* The file, opened or made. */
static int
get(const path_t path, int flags, mode_t mode, unsigned value, int *made)
{
	bool excl = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	int fd;

	for (int i = 0; i < TRIES; i++) {
		*made = 0;
		if (!excl) {
			fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
			if (fd != -1 || errno != ENOENT || (flags & O_CREAT) == 0)
				return fd;
		}
		*made = 1;
		fd = make(path, mode, value);
		if (fd != -1 || errno != EEXIST || excl)
			return fd;
	}
	return -1;
}

sem_t *
sem_open(const char *name, int flags, ...)
{
	unsigned value = 0;
	mode_t mode = 0;
	path_t path;
	int fd, made, saved;
	va_list ap;
	sem_t *s;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		value = va_arg(ap, unsigned);
		va_end(ap);
	}
	if (path_of(name, path) != 0)
		return SEM_FAILED;
	fd = get(path, flags, mode, value, &made);
	if (fd == -1)
		return SEM_FAILED;
	pthread_mutex_lock(&lock);
	s = map(fd);
	pthread_mutex_unlock(&lock);
	if (s == SEM_FAILED && made)
		forget(path);
	saved = errno;
	close(fd);
	errno = saved;
	return s;
}

int
sem_close(sem_t *s)
{
	struct named **at, *n;

	pthread_mutex_lock(&lock);
	for (at = &list; (n = *at) != NULL && n->sem != s; at = &n->next)
		;
	if (n != NULL && --n->opens == 0) {
		*at = n->next;
		munmap(s, sizeof(*s));
		free(n);
	}
	pthread_mutex_unlock(&lock);
	if (n == NULL)
		errno = EINVAL;
	return n == NULL ? -1 : 0;
}

int
sem_unlink(const char *name)
{
	path_t path;

	return path_of(name, path) != 0 ? -1 : unlink(path);
}
