/* Memory: mappings and the break. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "libc.h"

void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)__sys_mmap((uintptr_t)addr, len, prot, flags, fd, off);
}

int
munmap(void *addr, size_t len)
{
	return (int)__sys_munmap((uintptr_t)addr, len);
}

int
mprotect(void *addr, size_t len, int prot)
{
	return (int)__sys_mprotect((uintptr_t)addr, len, prot);
}

int
msync(void *addr, size_t len, int flags)
{
	return (int)__sys_msync((uintptr_t)addr, len, flags);
}

int
madvise(void *addr, size_t len, int advice)
{
	return (int)__sys_madvise((uintptr_t)addr, len, advice);
}

int
posix_madvise(void *addr, size_t len, int advice)
{
	int saved = errno, error;

	/* here it is a hint, and must not empty the memory as madvise does */
	if (advice == POSIX_MADV_DONTNEED)
		advice = POSIX_MADV_NORMAL;
	error = RESULT(__sys_madvise((uintptr_t)addr, len, advice));
	errno = saved;
	return error;
}

int
mlock(const void *addr, size_t len)
{
	return (int)__sys_mlock((uintptr_t)addr, len);
}

int
munlock(const void *addr, size_t len)
{
	return (int)__sys_munlock((uintptr_t)addr, len);
}

int
mlockall(int flags)
{
	return (int)__sys_mlockall(flags);
}

int
munlockall(void)
{
	return (int)__sys_munlockall();
}

int
mincore(void *addr, size_t len, unsigned char *vec)
{
	return (int)__sys_mincore((uintptr_t)addr, len, vec);
}

static uintptr_t current;	/* the break, once it is known */

int
brk(void *addr)
{
	intptr_t now = __sys_brk((uintptr_t)addr);

	if (now == -1)
		return -1;
	current = (uintptr_t)now;
	return 0;
}

void *
sbrk(ptrdiff_t increment)
{
	uintptr_t old;
	intptr_t now;

	if (current == 0) {
		now = __sys_brk(0);
		if (now == -1)
			return (void *)-1;
		current = (uintptr_t)now;
	}
	old = current;
	if (increment == 0)
		return (void *)old;
	if (increment > 0 ? old + (uintptr_t)increment < old : (uintptr_t)-increment > old) {
		errno = ENOMEM;
		return (void *)-1;
	}
	now = __sys_brk(old + (uintptr_t)increment);
	if (now == -1)
		return (void *)-1;
	current = old + (uintptr_t)increment;
	return (void *)old;
}

int
posix_memalign(void **result, size_t align, size_t size)
{
	int saved = errno;
	void *p;

	if (align < sizeof(void *) || (align & (align - 1)) != 0)
		return EINVAL;
	p = memalign(align, size);
	errno = saved;
	if (p == NULL)
		return ENOMEM;
	*result = p;
	return 0;
}
