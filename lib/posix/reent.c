/*
 * newlib's per-thread data and its locks.  One thread so far: a lock counts how deep it is held,
 * so that a missing or doubled release shows.
 */
#include <reent.h>
#include <stdlib.h>
#include <sys/lock.h>
#include "libc.h"

static __thread struct _reent *self;

struct _reent *
__getreent(void)
{
	return self != NULL ? self : _impure_ptr;
}

struct __lock {
	int depth;
};

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

static struct __lock spare;

void
__retarget_lock_init(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(struct __lock));
	if (*lock == NULL)
		*lock = &spare;
}

void
__retarget_lock_init_recursive(_LOCK_T *lock)
{
	__retarget_lock_init(lock);
}

void
__retarget_lock_close(_LOCK_T lock)
{
	if (lock != &spare)
		free(lock);
}

void
__retarget_lock_close_recursive(_LOCK_T lock)
{
	__retarget_lock_close(lock);
}

void
__retarget_lock_acquire(_LOCK_T lock)
{
	lock->depth++;
}

void
__retarget_lock_acquire_recursive(_LOCK_T lock)
{
	lock->depth++;
}

int
__retarget_lock_try_acquire(_LOCK_T lock)
{
	if (lock->depth != 0)
		return 0;
	lock->depth++;
	return 1;
}

int
__retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	lock->depth++;
	return 1;
}

void
__retarget_lock_release(_LOCK_T lock)
{
	lock->depth--;
}

void
__retarget_lock_release_recursive(_LOCK_T lock)
{
	lock->depth--;
}
