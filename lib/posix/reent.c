/*
 * newlib's per-thread data, and its locks.
 *
 * A lock knows its owner by the control block's address.  Until a second thread is made nothing is atomic: a
 * lock is two stores.  The locks that newlib makes (one a FILE) are in a list, so that the child of a fork
 * can let go of those that other threads held.
 */
#include <reent.h>
#include <stdlib.h>
#include <sys/lock.h>
#include "thread.h"

struct _reent *
__getreent(void)
{
	return thread_self()->reent;
}

struct __lock {
	volatile uint32_t word;		/* 0 free, 1 taken, 2 taken and waited for */
	uint32_t depth;
	struct __pthread *owner;
	struct __lock *next, *prev;	/* [list_lock] of those that were made */
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

static struct __lock spare;		/* for FILEs that found no memory for their own */
static struct __lock *made;		/* [list_lock] */
static volatile uint32_t list_lock;

static void
take(struct __lock *l, struct __pthread *me)
{
	if (__threaded)
		__word_lock(&l->word);
	else
		l->word = 1;
	l->owner = me;
	l->depth = 1;
	me->locks++;
}

static void
give(struct __lock *l)
{
	thread_self()->locks--;
	l->owner = NULL;
	l->depth = 0;
	if (__threaded)
		__word_unlock(&l->word);
	else
		l->word = 0;
}

void
__retarget_lock_init(_LOCK_T *lock)
{
	struct __lock *l = calloc(1, sizeof(struct __lock));

	*lock = l != NULL ? l : &spare;
	if (l == NULL)
		return;
	__word_lock(&list_lock);
	l->next = made;
	if (made != NULL)
		made->prev = l;
	made = l;
	__word_unlock(&list_lock);
}

void
__retarget_lock_init_recursive(_LOCK_T *lock)
{
	__retarget_lock_init(lock);
}

void
__retarget_lock_close(_LOCK_T l)
{
	if (l == &spare)
		return;
	__word_lock(&list_lock);
	if (l->next != NULL)
		l->next->prev = l->prev;
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		made = l->next;
	__word_unlock(&list_lock);
	free(l);
}

void
__retarget_lock_close_recursive(_LOCK_T lock)
{
	__retarget_lock_close(lock);
}

void
__retarget_lock_acquire_recursive(_LOCK_T l)
{
	struct __pthread *me = thread_self();

	if (l->owner == me)
		l->depth++;
	else
		take(l, me);
}

/* One that is taken twice by one thread would wait for ever: newlib never does that. */
void
__retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
}

int
__retarget_lock_try_acquire_recursive(_LOCK_T l)
{
	struct __pthread *me = thread_self();

	if (l->owner == me) {
		l->depth++;
		return 1;
	}
	if (!CAS(&l->word, 0u, 1u))
		return 0;
	l->owner = me;
	l->depth = 1;
	me->locks++;
	return 1;
}

int
__retarget_lock_try_acquire(_LOCK_T l)
{
	return l->owner != thread_self() && __retarget_lock_try_acquire_recursive(l);
}

void
__retarget_lock_release_recursive(_LOCK_T l)
{
	if (l->depth > 1)
		l->depth--;
	else
		give(l);
}

void
__retarget_lock_release(_LOCK_T lock)
{
	__retarget_lock_release_recursive(lock);
}

/* --- fork --- */

/* What the child must find whole, in the order in which newlib nests them. */
static struct __lock *const order[] = {
	&__lock___atexit_recursive_mutex, &__lock___at_quick_exit_mutex, &__lock___tz_mutex,
	&__lock___env_recursive_mutex, &__lock___dd_hash_mutex, &__lock___arc4random_mutex,
	&__lock___sinit_recursive_mutex, &__lock___sfp_recursive_mutex, &__lock___malloc_recursive_mutex,
};
#define NORDER	(sizeof(order) / sizeof(order[0]))

void
__locks_prepare(void)
{
	if (!__threaded)
		return;
	for (size_t i = 0; i < NORDER; i++)
		__retarget_lock_acquire_recursive(order[i]);
	__word_lock(&list_lock);
}

void
__locks_parent(void)
{
	if (!__threaded)
		return;
	__word_unlock(&list_lock);
	for (size_t i = NORDER; i-- > 0; )
		__retarget_lock_release_recursive(order[i]);
}

void
__locks_child(void)
{
	struct __pthread *me = thread_self();

	if (!__threaded)
		return;
	for (struct __lock *l = made; l != NULL; l = l->next)
		if (l->owner != me) {
			l->word = l->depth = 0;
			l->owner = NULL;
		}
	if (spare.owner != me)
		spare = (struct __lock){ 0 };
	__locks_parent();
}
