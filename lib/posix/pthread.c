/*
 * Threads: making, joining, ending.
 *
 * 1. A thread gets a mapping (lib/posix/thread.h) and throp(THR_NEW).  The kernel knows it as detached: who
 * joins sleeps on `tid', which the kernel clears when the thread is off its stack, and takes the result
 * from the control block.
 *
 * 2. Mappings are kept, at most KEEP of the usual size, for the next thread.  A detached thread puts its own
 * mapping there before it leaves; whoever takes one looks whether its `tid' is 0 already.
 *
 * 3. The state decides who frees: JOINABLE -> EXITING, the joiner does; DETACHED, the thread itself.
 *
 * The last thread that calls pthread_exit() runs exit(0).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <abi/thread.h>
#include "thread.h"

#define PAGE		4096u
#define STACK_DEFAULT	((size_t)1 << 20)
#define KEEP		8u

extern void __sinit(struct _reent *);

int __threaded;
static volatile uint32_t nthreads = 1;		/* that have not called pthread_exit */
static volatile uint32_t cache_lock;
static struct __pthread *cache;			/* [cache_lock] by next */
static unsigned ncache;				/* [cache_lock] */

static struct __pthread *
of(pthread_t thread)
{
	return (struct __pthread *)thread;
}

uint32_t
__thread_fetch_tid(struct __pthread *t)
{
	return t->tid = (uint32_t)__sys_gettid();
}

pthread_t
pthread_self(void)
{
	return (pthread_t)thread_self();
}

int
pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

/* --- words as locks --- */

void
__word_lock(volatile uint32_t *word)
{
	uint32_t seen = 0;

	if (CAS(word, 0u, 1u))
		return;
	while ((seen = SWAP(word, 2u)) != 0)
		futex_wait(word, 2, FOREVER);
}

void
__word_unlock(volatile uint32_t *word)
{
	if (SWAP(word, 0u) == 2)
		futex_wake(word, 1);
}

/* --- mappings --- */

/* One of the usual size whose thread has left it, or NULL. */
static char *
cache_take(size_t size, size_t guard)
{
	char *map = NULL;

	__word_lock(&cache_lock);
	for (struct __pthread **at = &cache; *at != NULL; at = &(*at)->next) {
		struct __pthread *t = *at;

		if (t->map_size != size || t->guard != guard || LOAD(&t->tid) != 0)
			continue;
		*at = t->next;
		ncache--;
		map = t->map;
		break;
	}
	__word_unlock(&cache_lock);
	return map;
}

static bool
cache_put(struct __pthread *t)
{
	bool kept;

	if (t->stack_size > 2 * STACK_DEFAULT)
		return false;
	__word_lock(&cache_lock);
	kept = ncache < KEEP;
	if (kept) {
		ncache++;
		t->next = cache;
		cache = t;
	}
	__word_unlock(&cache_lock);
	return kept;
}

static char *
map_new(size_t size, size_t guard)
{
	char *map = cache_take(size, guard);

	if (map != NULL)
		return map;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (guard != 0 && mprotect(map, guard, PROT_NONE) != 0) {
		munmap(map, size);
		return NULL;
	}
	return map;
}

static void
map_free(struct __pthread *t)
{
	if (t->map != NULL && !cache_put(t))
		munmap(t->map, t->map_size);
}

/* --- create --- */

/* stdin, stdout and stderr are the process's, all else is the thread's. */
static struct _reent *
make_reent(char *at)
{
	struct _reent *r = (struct _reent *)at;

	_REENT_INIT_PTR(r);
	r->_stdin = _impure_ptr->_stdin;
	r->_stdout = _impure_ptr->_stdout;
	r->_stderr = _impure_ptr->_stderr;
	r->__sdidinit = 1;
	return r;
}

static size_t
top_size(void)
{
	return (__tls_size() + sizeof(struct _reent) + 127) & ~(size_t)63;
}

static size_t
pages(size_t n)
{
	return (n + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* The control block, at the top of the program's memory or of a mapping of ours. */
static struct __pthread *
make_block(const pthread_attr_t *a)
{
	size_t top = top_size(), guard = 0, size;
	struct __pthread *t;
	char *map, *high;

	if (a->stackaddr != NULL) {
		map = a->stackaddr;
		size = a->stacksize;
		if (size < top + PAGE)
			return NULL;
	} else {
		guard = pages(a->guardsize);
		size = guard + pages(a->stacksize + top);
		if ((map = map_new(size, guard)) == NULL)
			return NULL;
	}
	high = (char *)((uintptr_t)(map + size) & ~(uintptr_t)63) - ((sizeof(struct _reent) + 63) & ~(size_t)63);
	t = __tls_make(map + guard, high);
	t->reent = make_reent(high);
	t->canary = thread_self()->canary;
	t->map = a->stackaddr != NULL ? NULL : map;
	t->map_size = size;
	t->guard = guard;
	t->stack = map + guard;
	t->stack_size = (size_t)(map + size - t->stack) - top;
	return t;
}

static void
thread_main(struct __pthread *t)
{
	if (t->explicit)
		(void)__thread_sched(t, t->rt, t->nice);
	pthread_exit(t->fn(t->arg));
}

static long
start(struct __pthread *t, const pthread_attr_t *a)
{
	struct abi_thrarg na = {
		.entry = (uintptr_t)thread_main, .arg = (uintptr_t)t, .stack = (uintptr_t)t->stack,
		.stack_size = t->stack_size, .guard = t->guard, .tls = (uintptr_t)t, .tid = (uintptr_t)&t->tid,
		.flags = THR_DETACHED,
	};

	return (long)__sys_throp(THR_NEW, t->rt ? THR_CLASS_RT : THR_CLASS_USER, &na);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	int saved = errno, error = 0;
	struct __pthread *t;
	pthread_attr_t a;

	if (attr != NULL)
		a = *attr;
	else
		pthread_attr_init(&a);
	if (!__threaded) {
		__sinit(_impure_ptr);
		(void)thread_tid();
		__threaded = 1;
	}
	t = make_block(&a);
	if (t == NULL) {
		errno = saved;
		return a.stackaddr != NULL ? EINVAL : EAGAIN;
	}
	t->fn = fn;
	t->arg = arg;
	t->rt = thread_self()->rt;
	if (a.inheritsched == PTHREAD_EXPLICIT_SCHED) {
		t->explicit = 1;
		t->rt = a.schedpolicy == SCHED_RR;
		t->nice = t->rt ? RR_NICE(a.schedparam.sched_priority) : 0;
	}
	t->state = a.detachstate == PTHREAD_CREATE_DETACHED ? DETACHED : JOINABLE;
	*thread = (pthread_t)t;
	(void)ADD(&nthreads, 1u);
	if (start(t, &a) < 0) {
		error = errno == ENOMEM ? EAGAIN : errno;
		(void)ADD(&nthreads, -1u);
		t->tid = 0;
		map_free(t);
	}
	errno = saved;
	return error;
}

/* --- the end --- */

void
_pthread_cleanup_push(struct _pthread_cleanup_context *c, void (*routine)(void *), void *arg)
{
	struct __pthread *t = thread_self();

	c->_routine = routine;
	c->_arg = arg;
	c->_previous = t->cleanup;
	t->cleanup = c;
}

void
_pthread_cleanup_pop(struct _pthread_cleanup_context *c, int execute)
{
	thread_self()->cleanup = c->_previous;
	if (execute)
		c->_routine(c->_arg);
}

void
_pthread_cleanup_push_defer(struct _pthread_cleanup_context *c, void (*routine)(void *), void *arg)
{
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &c->_canceltype);
	_pthread_cleanup_push(c, routine, arg);
}

void
_pthread_cleanup_pop_restore(struct _pthread_cleanup_context *c, int execute)
{
	int type = c->_canceltype;

	_pthread_cleanup_pop(c, execute);
	(void)pthread_setcanceltype(type, NULL);
}

/* Off the stack: no signal may need it any more. */
static void __attribute__((noreturn))
leave(struct __pthread *t)
{
	const uint64_t all = ~0ull;
	struct abi_threxit x = { .clear = (uintptr_t)&t->tid };

	__sys_sigprocmask(SIG_SETMASK, &all, NULL);
	if (!CAS(&t->state, (uint32_t)JOINABLE, (uint32_t)EXITING) && t->map != NULL && !cache_put(t))
		x = (struct abi_threxit){ .stack = (uintptr_t)t->map, .stack_size = t->map_size };
	for (;;)
		__sys_throp(THR_EXIT, 0, &x);
}

void
pthread_exit(void *value)
{
	struct __pthread *t = thread_self();

	t->cancel_off = 1;
	t->exiting = 1;
	t->result = value;
	while (t->cleanup != NULL)
		_pthread_cleanup_pop(t->cleanup, 1);
	__run_key_destructors(t);
	if (ADD(&nthreads, -1u) == 0)
		exit(0);
	if (t->reent != _impure_ptr) {
		t->reent->__sdidinit = 0;	/* the streams stay */
		_reclaim_reent(t->reent);
	}
	leave(t);
}

int
pthread_join(pthread_t thread, void **value)
{
	struct __pthread *t = of(thread);
	uint32_t tid;

	if (t == NULL)
		return ESRCH;
	if (t == thread_self())
		return EDEADLK;
	if (LOAD(&t->state) == DETACHED)
		return EINVAL;
	while ((tid = LOAD(&t->tid)) != 0)
		if (__futex_wait_cancel(&t->tid, tid, FOREVER) == ECANCELED)
			pthread_exit(PTHREAD_CANCELED);
	if (value != NULL)
		*value = t->result;
	map_free(t);
	return 0;
}

int
pthread_detach(pthread_t thread)
{
	struct __pthread *t = of(thread);

	if (t == NULL)
		return ESRCH;
	if (CAS(&t->state, (uint32_t)JOINABLE, (uint32_t)DETACHED))
		return 0;
	if (LOAD(&t->state) == DETACHED)
		return EINVAL;
	return pthread_join(thread, NULL);
}

/* In the child of a fork there is one thread: this one. */
void
__thread_forked(void)
{
	struct __pthread *t = thread_self();

	/* Each page that is written here is copied: write what must change only. */
	if (t->tid != 0)
		t->tid = 0;
	if (t->robust_known) {
		t->robust_known = 0;
		t->robust = (struct abi_robust){ 0 };
	}
	if (!__threaded)
		return;
	nthreads = 1;
	cache_lock = 0;
	(void)thread_tid();
}
