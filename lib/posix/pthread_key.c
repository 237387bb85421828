/*
 * Once, and keys.  A key that is made anew has another generation than the values that threads stored under
 * its number before.
 */
#include <errno.h>
#include "thread.h"

enum { ONCE_NEW, ONCE_RUNNING, ONCE_DONE, ONCE_WAITED };

/* The routine was canceled: it has never been called. */
static void
once_undo(void *word)
{
	if (SWAP((uint32_t *)word, (uint32_t)ONCE_NEW) == ONCE_WAITED)
		futex_wake(word, UINT32_MAX);
}

int
pthread_once(pthread_once_t *once, void (*init)(void))
{
	uint32_t *word = (uint32_t *)&once->init_executed, seen;

	if (once->is_initialized != 1)
		return EINVAL;
	while ((seen = LOAD(word)) != ONCE_DONE) {
		if (seen == ONCE_NEW && CAS(word, (uint32_t)ONCE_NEW, (uint32_t)ONCE_RUNNING)) {
			pthread_cleanup_push(once_undo, word);
			init();
			pthread_cleanup_pop(0);
			if (SWAP(word, (uint32_t)ONCE_DONE) == ONCE_WAITED)
				futex_wake(word, UINT32_MAX);
			return 0;
		}
		if (seen == ONCE_WAITED || (seen == ONCE_RUNNING &&
		    CAS(word, (uint32_t)ONCE_RUNNING, (uint32_t)ONCE_WAITED)))
			futex_wait(word, ONCE_WAITED, FOREVER);
	}
	return 0;
}

static struct {
	uint32_t generation;		/* odd while the key exists */
	void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];
static volatile uint32_t keys_lock;

int
pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	int error = EAGAIN;

	__word_lock(&keys_lock);
	for (unsigned i = 0; i < PTHREAD_KEYS_MAX && error != 0; i++)
		if (keys[i].generation % 2 == 0) {
			keys[i].destructor = destructor;
			keys[i].generation++;
			*key = i;
			error = 0;
		}
	__word_unlock(&keys_lock);
	return error;
}

int
pthread_key_delete(pthread_key_t key)
{
	int error = EINVAL;

	__word_lock(&keys_lock);
	if (key < PTHREAD_KEYS_MAX && keys[key].generation % 2 != 0) {
		keys[key].generation++;
		error = 0;
	}
	__word_unlock(&keys_lock);
	return error;
}

int
pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key >= PTHREAD_KEYS_MAX || keys[key].generation % 2 == 0)
		return EINVAL;
	thread_self()->specific[key] = (struct specific){ value, keys[key].generation };
	return 0;
}

void *
pthread_getspecific(pthread_key_t key)
{
	const struct specific *s;

	if (key >= PTHREAD_KEYS_MAX)
		return NULL;
	s = &thread_self()->specific[key];
	return s->generation == keys[key].generation ? (void *)s->value : NULL;
}

void
__run_key_destructors(struct __pthread *t)
{
	int again = 1;

	for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		again = 0;
		for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
			void *v = pthread_getspecific(i);

			if (v == NULL)
				continue;
			t->specific[i].value = NULL;
			if (keys[i].destructor != NULL) {
				keys[i].destructor(v);
				again = 1;
			}
		}
	}
}
