#pragma once
/* The n-th failure of a class of things that the kernel is asked for (debug kernels). */
#include <fcntl.h>
#include <sys/sysctl.h>
#include "tap.h"

/* The n-th from now on fails; 0: none.  -1: there are no failures in this kernel. */
static inline int
set(const char *class, int n)
{
	char name[64], text[16];

	snprintf(name, sizeof(name), "debug.failnth.%s", class);
	snprintf(text, sizeof(text), "%d", n);
	return sysctlbyname(name, NULL, NULL, text, strlen(text));
}

static inline int
fired(void)
{
	char text[16] = "";
	size_t len = sizeof(text);

	sysctlbyname("debug.failnth.fired", text, &len, NULL, 0);
	return text[0] == '1';
}

/* Closes; errno and the result of what was done before stay. */
static inline int
closed(int fd, int result)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return result < 0 ? -1 : 0;
}

/* Reads a file, 0 or -1 with errno. */
static inline int
read_file(const char *path, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY);

	return fd == -1 ? -1 : closed(fd, (int)read(fd, buf, size));
}

/* Through a pair of descriptors and away with it. */
static inline int
through(const int p[2], void *buf, size_t size)
{
	int n = (int)write(p[1], buf, size);

	if (n > 0)
		n = (int)read(p[0], buf, size);
	n = closed(p[0], n);
	return closed(p[1], n);
}
