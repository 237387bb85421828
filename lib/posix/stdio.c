/* What newlib's stdio has under other names or not at all. */
#include <errno.h>
#include <stdio.h>
#include <sys/lock.h>

ssize_t
getdelim(char **__restrict line, size_t *__restrict size, int delim, FILE *__restrict f)
{
	return __getdelim(line, size, delim, f);
}

ssize_t
getline(char **__restrict line, size_t *__restrict size, FILE *__restrict f)
{
	return __getdelim(line, size, '\n', f);
}

void
flockfile(FILE *f)
{
	__lock_acquire_recursive(f->_lock);
}

int
ftrylockfile(FILE *f)
{
	return __lock_try_acquire_recursive(f->_lock) ? 0 : -1;
}

void
funlockfile(FILE *f)
{
	__lock_release_recursive(f->_lock);
}
