/* POSIX threads: every function, its errors, and the races that go with them. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include "tap.h"

static void
msleep(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&t, NULL);
}

static struct timespec
from_now(clockid_t clock, int ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms % 1000 * 1000000l;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void *
same(void *arg)
{
	return arg;
}

static pthread_t
go(void *(*fn)(void *), void *arg)
{
	pthread_t t = 0;

	if (pthread_create(&t, NULL, fn, arg) != 0)
		ok(0, "a thread");
	return t;
}

/* --- create, join, detach, attributes --- */

static _Thread_local int tls_data = 42, tls_zero;
static _Thread_local char tls_aligned[64] __attribute__((aligned(64))) = "aligned";

static void *
own_data(void *arg)
{
	int good = tls_data == 42 && tls_zero == 0 && strcmp(tls_aligned, "aligned") == 0 &&
	    (uintptr_t)tls_aligned % 64 == 0;

	tls_data = tls_zero = 7;
	errno = 0;
	close(-1);
	return (void *)(intptr_t)(good && errno == EBADF && tls_data == 7);
}

static void *
exits(void *arg)
{
	pthread_exit((void *)5);
}

static volatile int detached_ran;

static void *
detached(void *arg)
{
	detached_ran++;
	return NULL;
}

static void *
deep(void *arg)
{
	volatile char big[200 * 1024];

	memset((void *)big, 1, sizeof(big));
	return (void *)(intptr_t)big[sizeof(big) - 1];
}

static void *
wait_on_sem(void *arg)
{
	sem_wait(arg);
	return NULL;
}

static void *no_thread[32];		/* looks like one that has ended */

static void
basics(void)
{
	static char own_stack[65536] __attribute__((aligned(16)));
	pthread_attr_t a;
	pthread_t t;
	void *value = NULL, *addr;
	size_t size;
	char text[32];
	sem_t s;
	int n;

	t = go(same, (void *)17);
	is_int(pthread_join(t, &value), 0, "join");
	is_int((intptr_t)value, 17, "the value returned");
	t = go(exits, NULL);
	pthread_join(t, &value);
	is_int((intptr_t)value, 5, "the value of pthread_exit");
	errno = EPERM;
	tls_data = 1;
	t = go(own_data, NULL);
	pthread_join(t, &value);
	is_int((intptr_t)value, 1, "thread-local storage and errno are the thread's own");
	ok(tls_data == 1 && errno == EPERM, "and of the first too");
	ok(pthread_equal(pthread_self(), pthread_self()) && !pthread_equal(pthread_self(), t), "equal");
	is_int(pthread_join(pthread_self(), NULL), EDEADLK, "join of oneself");
	is_int(pthread_join(0, NULL), ESRCH, "join of no thread");
	sem_init(&s, 0, 0);
	t = go(wait_on_sem, &s);
	is_int(pthread_detach(t), 0, "detach");
	is_int(pthread_join(t, NULL), EINVAL, "join of a detached thread");
	is_int(pthread_detach(t), EINVAL, "detach again");
	sem_post(&s);
	pthread_attr_init(&a);
	is_int(pthread_attr_setdetachstate(&a, 9), EINVAL, "a bad detach state");
	is_int(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED), 0, "created detached");
	for (int i = 0; i < 50; i++)
		if (pthread_create(&t, &a, detached, NULL) != 0)
			ok(0, "detached thread %d", i);
	for (int i = 0; i < 1000 && detached_ran < 50; i++)
		msleep(1);
	is_int(detached_ran, 50, "fifty detached threads");
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_JOINABLE);
	is_int(pthread_attr_setstacksize(&a, 100), EINVAL, "too small a stack");
	is_int(pthread_attr_setstacksize(&a, 256 * 1024), 0, "setstacksize");
	pthread_attr_getstacksize(&a, &size);
	is_int((long)size, 256 * 1024, "getstacksize");
	pthread_create(&t, &a, deep, NULL);
	pthread_join(t, &value);
	is_int((intptr_t)value, 1, "all of it can be used");
	is_int(pthread_attr_setstack(&a, own_stack, sizeof(own_stack)), 0, "setstack");
	is_int(pthread_attr_getstack(&a, &addr, &size), 0, "getstack");
	ok(addr == own_stack && size == sizeof(own_stack), "tells it");
	is_int(pthread_create(&t, &a, own_data, NULL), 0, "a thread on a stack of ours");
	pthread_join(t, &value);
	is_int((intptr_t)value, 1, "works as well");
	is_int(pthread_attr_setguardsize(&a, 8192), 0, "setguardsize");
	pthread_attr_getguardsize(&a, &size);
	is_int((long)size, 8192, "getguardsize");
	is_int(pthread_attr_setscope(&a, PTHREAD_SCOPE_PROCESS), ENOTSUP, "no scope but the system");
	is_int(pthread_attr_getscope(&a, &n), 0, "getscope");
	is_int(n, PTHREAD_SCOPE_SYSTEM, "is the system");
	is_int(pthread_attr_destroy(&a), 0, "attr_destroy");
	is_int(pthread_setname_np(pthread_self(), "named"), 0, "setname_np");
	is_int(pthread_setname_np(pthread_self(), "a name of more than thirty-one characters"), ERANGE, "too long");
	is_int(pthread_getname_np(pthread_self(), text, sizeof(text)), 0, "getname_np");
	ok(strcmp(text, "named") == 0, "tells it");
	is_int(pthread_getname_np(pthread_self(), text, 5), ERANGE, "in too little room");
	is_int(pthread_getname_np((pthread_t)&no_thread, text, sizeof(text)), ESRCH, "of no thread");
	ok(sysconf(_SC_THREADS) > 0 && sysconf(_SC_THREAD_PROCESS_SHARED) > 0, "sysconf says so");
	msleep(5);
	sem_destroy(&s);
}

static int
recurse(int n)
{
	volatile char frame[512];

	frame[0] = (char)n;
	return n == 0 ? 0 : recurse(n - 1) + frame[0];
}

static void *
too_deep(void *arg)
{
	return (void *)(intptr_t)recurse(100000);
}

static void
overflow_guard(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 65536);
	pthread_create(&t, &a, too_deep, NULL);
	pthread_join(t, NULL);
}

static void
rounds(void)
{
	void *value;
	long good = 0;

	for (long i = 0; i < 1000; i++) {
		pthread_t t = go(same, (void *)i);

		good += pthread_join(t, &value) == 0 && value == (void *)i;
	}
	is_int(good, 1000, "a thousand rounds of create and join");
}

/* --- mutexes --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static void *
count(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		long n;

		pthread_mutex_lock(arg);
		n = counter;
		if (i % 64 == 0)
			sched_yield();
		counter = n + 1;
		pthread_mutex_unlock(arg);
	}
	return NULL;
}

static void *
try_it(void *arg)
{
	return (void *)(intptr_t)pthread_mutex_trylock(arg);
}

static void *
unlock_it(void *arg)
{
	return (void *)(intptr_t)pthread_mutex_unlock(arg);
}

static void *
timed(void *arg)
{
	struct timespec t = from_now(CLOCK_REALTIME, 20);

	return (void *)(intptr_t)pthread_mutex_timedlock(arg, &t);
}

static intptr_t
in_thread(void *(*fn)(void *), void *arg)
{
	void *value;

	pthread_join(go(fn, arg), &value);
	return (intptr_t)value;
}

static void
mutexes(void)
{
	struct timespec bad = { 0, 2000000000 };
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_t t[8];
	int n;

	for (int i = 0; i < 8; i++)
		t[i] = go(count, &mutex);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	is_int(counter, 16000, "a mutex keeps eight threads apart");
	is_int(pthread_mutex_lock(&mutex), 0, "lock");
	is_int(in_thread(try_it, &mutex), EBUSY, "trylock of another's");
	is_int(in_thread(unlock_it, &mutex), EPERM, "unlock of another's");
	is_int(in_thread(timed, &mutex), ETIMEDOUT, "timedlock");
	is_int(pthread_mutex_timedlock(&mutex, &bad), EINVAL, "timedlock with a bad time");
	is_int(pthread_mutex_lock(&mutex), EDEADLK, "a default mutex tells of a deadlock");
	is_int(pthread_mutex_destroy(&mutex), EBUSY, "destroy of a locked one");
	is_int(pthread_mutex_unlock(&mutex), 0, "unlock");
	is_int(pthread_mutex_unlock(&mutex), EPERM, "unlock again");
	pthread_mutexattr_init(&a);
	is_int(pthread_mutexattr_settype(&a, 17), EINVAL, "no such type");
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutexattr_gettype(&a, &n);
	is_int(n, PTHREAD_MUTEX_RECURSIVE, "gettype");
	pthread_mutex_init(&m, &a);
	ok(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0 && pthread_mutex_trylock(&m) == 0,
	    "a recursive one is locked three times");
	ok(pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == 0, "unlocked twice");
	is_int(in_thread(try_it, &m), EBUSY, "is still held");
	pthread_mutex_unlock(&m);
	is_int(in_thread(try_it, &m), 0, "and then free");
	is_int(pthread_mutex_unlock(&m), EPERM, "it is the ended thread's now");
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&m, &a);
	pthread_mutex_lock(&m);
	is_int(pthread_mutex_lock(&m), EDEADLK, "an error-checking one checks");
	pthread_mutex_unlock(&m);
	is_int(pthread_mutex_destroy(&m), 0, "destroy");
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_NORMAL);
	pthread_mutex_init(&m, &a);
	pthread_mutex_lock(&m);
	is_int(timed(&m) == (void *)ETIMEDOUT, 1, "a normal one waits for itself");
	pthread_mutex_unlock(&m);
	is_int(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), ENOTSUP, "no priority ceilings");
	pthread_mutexattr_destroy(&a);
}

/* --- condition variables --- */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int turn, arrived, released;

static void *
ping(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !me;
		pthread_cond_signal(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *
herd(void *arg)
{
	pthread_mutex_lock(&mutex);
	arrived++;
	while (!released)
		pthread_cond_wait(&cond, &mutex);
	arrived--;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void
conditions(void)
{
	struct timespec until;
	pthread_condattr_t a;
	pthread_cond_t c;
	pthread_t t[20];
	clockid_t clock;

	t[0] = go(ping, (void *)0);
	t[1] = go(ping, (void *)1);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	ok(1, "a thousand turns");
	for (int round = 0; round < 2; round++) {
		released = 0;
		for (int i = 0; i < 20; i++)
			t[i] = go(herd, NULL);
		while (arrived < 20)
			msleep(1);
		pthread_mutex_lock(&mutex);
		released = 1;
		if (round == 0)
			pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
		if (round == 1)
			pthread_cond_broadcast(&cond);
		for (int i = 0; i < 20; i++)
			pthread_join(t[i], NULL);
		is_int(arrived, 0, round == 0 ? "broadcast with the mutex held wakes all" : "and without");
	}
	is_int(pthread_cond_wait(&cond, &mutex), EPERM, "wait without the mutex");
	pthread_mutex_lock(&mutex);
	until = from_now(CLOCK_REALTIME, 20);
	is_int(pthread_cond_timedwait(&cond, &mutex, &until), ETIMEDOUT, "timedwait");
	until.tv_nsec = -1;
	is_int(pthread_cond_timedwait(&cond, &mutex, &until), EINVAL, "with a bad time");
	is_int(pthread_mutex_unlock(&mutex), 0, "the mutex is held afterwards");
	pthread_condattr_init(&a);
	is_int(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID), EINVAL, "no such clock");
	is_int(pthread_condattr_setclock(&a, CLOCK_MONOTONIC), 0, "the monotonic clock");
	pthread_condattr_getclock(&a, &clock);
	is_int((long)clock, CLOCK_MONOTONIC, "getclock");
	pthread_cond_init(&c, &a);
	pthread_mutex_lock(&mutex);
	until = from_now(CLOCK_MONOTONIC, 20);
	is_int(pthread_cond_timedwait(&c, &mutex, &until), ETIMEDOUT, "times by it");
	pthread_mutex_unlock(&mutex);
	is_int(pthread_cond_destroy(&c), 0, "destroy");
	pthread_condattr_destroy(&a);
}

/* --- reader-writer locks, barriers, spin locks, once, keys --- */

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static volatile long pair[2];
static volatile int torn;

static void *
reader(void *arg)
{
	for (int i = 0; i < 500; i++) {
		pthread_rwlock_rdlock(&rw);
		if (i % 16 == 0)
			sched_yield();
		torn += pair[0] != pair[1];
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static void *
writer(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_rwlock_wrlock(&rw);
		pair[0]++;
		sched_yield();
		pair[1]++;
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static void *
try_write(void *arg)
{
	return (void *)(intptr_t)pthread_rwlock_trywrlock(&rw);
}

static void *
try_read(void *arg)
{
	int error = pthread_rwlock_tryrdlock(&rw);

	if (error == 0)
		pthread_rwlock_unlock(&rw);
	return (void *)(intptr_t)error;
}

static void *
timed_write(void *arg)
{
	struct timespec t = from_now(CLOCK_REALTIME, 10);

	return (void *)(intptr_t)pthread_rwlock_timedwrlock(&rw, &t);
}

static void
rwlocks(void)
{
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		t[i] = go(i % 3 == 0 ? writer : reader, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	ok(torn == 0 && pair[0] == 400 && pair[1] == 400, "readers never see half a write");
	is_int(pthread_rwlock_rdlock(&rw), 0, "rdlock");
	is_int(in_thread(try_read, NULL), 0, "another reads too");
	is_int(in_thread(try_write, NULL), EBUSY, "nobody writes");
	is_int(in_thread(timed_write, NULL), ETIMEDOUT, "timedwrlock");
	pthread_rwlock_unlock(&rw);
	is_int(pthread_rwlock_wrlock(&rw), 0, "wrlock");
	is_int(in_thread(try_read, NULL), EBUSY, "nobody reads");
	is_int(pthread_rwlock_wrlock(&rw), EDEADLK, "wrlock again");
	is_int(pthread_rwlock_rdlock(&rw), EDEADLK, "rdlock of the writer");
	is_int(pthread_rwlock_destroy(&rw), EBUSY, "destroy of a locked one");
	is_int(pthread_rwlock_unlock(&rw), 0, "unlock");
	is_int(pthread_rwlock_unlock(&rw), EPERM, "unlock again");
	is_int(pthread_rwlock_destroy(&rw), 0, "destroy");
}

static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static volatile int serial, phase[4], early;

static void *
phases(void *arg)
{
	for (int i = 0; i < 4; i++) {
		__atomic_add_fetch(&phase[i], 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
		early += phase[i] != 5;
	}
	return NULL;
}

static void *
spinning(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		pthread_spin_lock(&spin);
		counter++;
		pthread_spin_unlock(&spin);
	}
	return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static volatile int once_ran;

static void
once_fn(void)
{
	msleep(10);
	once_ran++;
}

static void *
call_once(void *arg)
{
	pthread_once(&once, once_fn);
	return (void *)(intptr_t)once_ran;
}

static pthread_key_t key;
static volatile int destroyed;

static void
destructor(void *value)
{
	destroyed += (int)(intptr_t)value;
	if ((intptr_t)value > 1)
		pthread_setspecific(key, (void *)((intptr_t)value - 1));
}

static void *
use_key(void *arg)
{
	int clean = pthread_getspecific(key) == NULL;

	pthread_setspecific(key, arg);
	return (void *)(intptr_t)(clean && pthread_getspecific(key) == arg);
}

static void
others(void)
{
	pthread_t t[5];
	pthread_key_t more;
	int good = 0, n = 0;

	is_int(pthread_barrier_init(&barrier, NULL, 0), EINVAL, "a barrier for nobody");
	pthread_barrier_init(&barrier, NULL, 5);
	for (int i = 0; i < 5; i++)
		t[i] = go(phases, NULL);
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	ok(early == 0 && serial == 4, "a barrier holds all, and one is told");
	is_int(pthread_barrier_destroy(&barrier), 0, "barrier_destroy");
	pthread_spin_init(&spin, 0);
	counter = 0;
	for (int i = 0; i < 5; i++)
		t[i] = go(spinning, NULL);
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	is_int(counter, 5000, "a spin lock");
	pthread_spin_lock(&spin);
	is_int(pthread_spin_trylock(&spin), EBUSY, "spin_trylock");
	pthread_spin_unlock(&spin);
	for (int i = 0; i < 5; i++)
		t[i] = go(call_once, NULL);
	for (int i = 0; i < 5; i++) {
		void *v;

		pthread_join(t[i], &v);
		good += v == (void *)1;
	}
	is_int(good, 5, "once is once, and all wait for it");
	is_int(pthread_key_create(&key, destructor), 0, "key_create");
	is_int(in_thread(use_key, (void *)3), 1, "a value of the thread's own");
	is_int(destroyed, 6, "its destructor runs again for what it stored");
	ok(pthread_getspecific(key) == NULL, "nothing here");
	pthread_setspecific(key, (void *)9);
	pthread_key_delete(key);
	is_int(pthread_setspecific(key, NULL), EINVAL, "a deleted key");
	is_int(pthread_key_delete(key), EINVAL, "deleted again");
	pthread_key_create(&key, NULL);
	ok(pthread_getspecific(key) == NULL, "a new key of that number has no value");
	while (n < 200 && pthread_key_create(&more, NULL) == 0)
		n++;
	is_int(n, PTHREAD_KEYS_MAX - 1, "as many keys as promised");
}

/* --- semaphores --- */

static sem_t sem;

static void *
post_later(void *arg)
{
	msleep(10);
	sem_post(&sem);
	return NULL;
}

static void
semaphores(void)
{
	struct timespec until;
	pthread_t t;
	int v;

	fails(sem_init(&sem, 0, (unsigned)INT_MAX + 1), EINVAL, "sem_init with too much");
	is_int(sem_init(&sem, 0, 2), 0, "sem_init");
	ok(sem_wait(&sem) == 0 && sem_trywait(&sem) == 0, "two units");
	fails(sem_trywait(&sem), EAGAIN, "no third");
	sem_getvalue(&sem, &v);
	is_int(v, 0, "getvalue");
	until = from_now(CLOCK_REALTIME, 20);
	fails(sem_timedwait(&sem, &until), ETIMEDOUT, "sem_timedwait");
	until.tv_nsec = 1000000000;
	fails(sem_timedwait(&sem, &until), EINVAL, "with a bad time");
	t = go(post_later, NULL);
	is_int(sem_wait(&sem), 0, "sem_wait");
	pthread_join(t, NULL);
	sem_init(&sem, 0, INT_MAX);
	fails(sem_post(&sem), EOVERFLOW, "too many units");
	is_int(sem_destroy(&sem), 0, "destroy");
}

/* --- between processes --- */

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t sem;
	int ready, count;
};

static void
shared_child(struct shared *s)
{
	pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < 500; i++) {
		int n;

		pthread_mutex_lock(&s->mutex);
		n = s->count;
		if (i % 20 == 0)
			sched_yield();
		s->count = n + 1;
		pthread_mutex_unlock(&s->mutex);
	}
	pthread_mutex_lock(&s->mutex);
	while (!s->ready)
		pthread_cond_wait(&s->cond, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	sem_post(&s->sem);
	_exit(0);
}

static void
between_processes(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pid_t pid[4];
	int good = 0;

	pthread_mutexattr_init(&ma);
	is_int(pthread_mutexattr_setpshared(&ma, 7), EINVAL, "setpshared of nonsense");
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->barrier, &ba, 5);
	sem_init(&s->sem, 1, 0);
	for (int i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0)
			shared_child(s);
	pthread_barrier_wait(&s->barrier);
	msleep(30);
	pthread_mutex_lock(&s->mutex);
	s->ready = 1;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->mutex);
	for (int i = 0; i < 4; i++)
		sem_wait(&s->sem);
	for (int i = 0; i < 4; i++)
		good += child_status(pid[i]) == 0;
	is_int(good, 4, "barrier, condition and semaphore between five processes");
	is_int(s->count, 2000, "and the mutex");
	munmap(s, sizeof(*s));
}

/* --- cancellation --- */

static volatile int cleaned, stage;
static int fds[2];

static void
cleanup(void *arg)
{
	cleaned = cleaned * 10 + (int)(intptr_t)arg;
}

static void *
in_read(void *arg)
{
	char c;

	pthread_cleanup_push(cleanup, (void *)1);
	pthread_cleanup_push(cleanup, (void *)2);
	stage = 1;
	read(fds[0], &c, 1);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *
in_sleep(void *arg)
{
	stage = 1;
	sleep(1000);
	return NULL;
}

static void *
in_poll(void *arg)
{
	stage = 1;
	poll(NULL, 0, -1);
	return NULL;
}

static void *
in_sem(void *arg)
{
	stage = 1;
	sem_wait(&sem);
	return NULL;
}

static void *
in_join(void *arg)
{
	stage = 1;
	pthread_join(*(pthread_t *)arg, NULL);
	return NULL;
}

static void
unlock_mutex(void *arg)
{
	cleaned = pthread_mutex_unlock(arg) == 0;
}

static void *
in_cond(void *arg)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock_mutex, &mutex);
	stage = 1;
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(1);
	return NULL;
}

static void *
computing(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	stage = 1;
	for (;;)
		;
}

static void *
testing(void *arg)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	stage = 1;
	msleep(30);
	pthread_testcancel();
	stage = 2;
	pthread_setcancelstate(old, NULL);
	for (;;)
		pthread_testcancel();
}

static void *
printing(void *arg)
{
	FILE *f = arg;

	stage = 1;
	for (;;) {
		fprintf(f, "%d\n", 1);
		fflush(f);
		pthread_testcancel();
	}
}

static int
cancels(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	void *v = NULL;

	stage = cleaned = 0;
	t = go(fn, arg);
	while (stage == 0)
		msleep(1);
	msleep(10);
	if (pthread_cancel(t) != 0 || pthread_join(t, &v) != 0)
		return 0;
	return v == PTHREAD_CANCELED;
}

static void
cancellation(void)
{
	pthread_t waiter;
	sem_t never;
	FILE *f = fopen("/tmp/cancel", "w");

	pipe(fds);
	ok(cancels(in_read, NULL), "cancel in read");
	is_int(cleaned, 21, "cleanup handlers run, the last first");
	ok(cancels(in_sleep, NULL), "in sleep");
	ok(cancels(in_poll, NULL), "in poll");
	sem_init(&sem, 0, 0);
	ok(cancels(in_sem, NULL), "in sem_wait");
	sem_init(&never, 0, 0);
	waiter = go(wait_on_sem, &never);
	ok(cancels(in_join, &waiter), "in join");
	sem_post(&never);
	is_int(pthread_join(waiter, NULL), 0, "who was joined can be joined again");
	ok(cancels(in_cond, NULL), "in cond_wait");
	is_int(cleaned, 1, "which held the mutex in its cleanup handler");
	is_int(pthread_mutex_trylock(&mutex), 0, "and let it go");
	pthread_mutex_unlock(&mutex);
	ok(cancels(computing, NULL), "asynchronously");
	ok(cancels(testing, NULL), "not while disabled, then in testcancel");
	is_int(stage, 2, "after it was enabled");
	ok(cancels(printing, f), "in a loop of fprintf");
	is_int(fclose(f), 0, "its FILE is not locked");
	remove("/tmp/cancel");
	close(fds[0]);
	close(fds[1]);
}

/* --- stdio, malloc, atexit, fork with threads --- */

static void *
allocate(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	char *p[50] = { 0 };
	long bad = 0;

	for (int i = 0; i < 3000; i++) {
		unsigned k = (seed = seed * 1103515245 + 12345) / 65536 % 50, n = 1 + seed / 7 % 900;

		if (p[k] != NULL)
			bad += p[k][0] != (char)k;
		free(p[k]);
		p[k] = malloc(n);
		p[k][0] = (char)k;
		if (i % 100 == 0)
			sched_yield();
	}
	for (int k = 0; k < 50; k++)
		free(p[k]);
	return (void *)bad;
}

static void *
print_lines(void *arg)
{
	for (int i = 0; i < 200; i++) {
		fprintf(arg, "abcdefghijklmnopqrstuvwxyz\n");
		if (i % 10 == 0)
			sched_yield();
	}
	return NULL;
}

static volatile int stop;

static void *
churn(void *arg)
{
	while (!stop) {
		free(malloc(100));
		fflush(stdout);
		setenv("CHURN", "1", 1);
	}
	return NULL;
}

static volatile int prepared, in_parent, in_the_child;

static void
prepare(void)
{
	prepared++;
}

static void
parent(void)
{
	in_parent++;
}

static void
child(void)
{
	in_the_child++;
}

static void *
forks(void *arg)
{
	pid_t pid = fork();
	pthread_t t;
	void *v;

	if (pid == 0) {
		/* The child has one thread, and may make more. */
		free(malloc(1000));
		v = NULL;
		if (pthread_create(&t, NULL, same, (void *)3) != 0 || pthread_join(t, &v) != 0)
			_exit(2);
		exit(v == (void *)3 && in_the_child == 1 ? 9 : 1);
	}
	return (void *)(intptr_t)child_status(pid);
}

static void
library(void)
{
	pthread_t t[4];
	char line[64];
	long bad = 0;
	int lines = 0, st, good = 0;
	FILE *f;

	for (long i = 0; i < 4; i++)
		t[i] = go(allocate, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		void *v;

		pthread_join(t[i], &v);
		bad += (long)v;
	}
	is_int(bad, 0, "malloc by four threads");
	f = fopen("/tmp/lines", "w+");
	for (int i = 0; i < 4; i++)
		t[i] = go(print_lines, f);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		lines++;
		good += strcmp(line, "abcdefghijklmnopqrstuvwxyz\n") == 0;
	}
	fclose(f);
	remove("/tmp/lines");
	ok(lines == 800 && good == 800, "stdio by four threads keeps lines whole");
	pthread_atfork(prepare, parent, child);
	t[0] = go(churn, NULL);
	t[1] = go(churn, NULL);
	good = 0;
	for (int i = 0; i < 20; i++) {
		st = (int)in_thread(forks, NULL);
		good += WIFEXITED(st) && WEXITSTATUS(st) == 9;
	}
	stop = 1;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	is_int(good, 20, "fork beside threads that allocate and print");
	ok(prepared == 20 && in_parent == 20, "atfork");
}

/* --- signals --- */

static volatile pthread_t hit;

static void
on_usr1(int sig)
{
	hit = pthread_self();
}

static void *
take_signal(void *arg)
{
	sigset_t set;
	int sig = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &sig);
	return (void *)(intptr_t)sig;
}

static void
signals(void)
{
	sigset_t set, old;
	sem_t s;
	pthread_t t;
	void *v;

	sem_init(&s, 0, 0);
	signal(SIGUSR1, on_usr1);
	t = go(wait_on_sem, &s);
	msleep(5);
	is_int(pthread_kill(t, SIGUSR1), 0, "pthread_kill");
	msleep(5);
	ok(hit == t, "that thread handles it");
	is_int(pthread_kill(t, 1000), EINVAL, "no such signal");
	is_int(pthread_kill(t, 0), 0, "signal 0");
	sem_post(&s);
	pthread_join(t, NULL);
	raise(SIGUSR1);
	ok(hit == pthread_self(), "raise is for the caller");
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	is_int(pthread_sigmask(SIG_BLOCK, &set, &old), 0, "pthread_sigmask");
	is_int(pthread_sigmask(99, &set, NULL), EINVAL, "with nonsense");
	t = go(take_signal, NULL);
	msleep(5);
	kill(getpid(), SIGUSR2);
	pthread_join(t, &v);
	is_int((intptr_t)v, SIGUSR2, "sigwait in a thread takes the process's signal");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- scheduling and clocks --- */

static volatile int order[3], norder;
static sem_t nobody, begin;

static void *
tell_order(void *arg)
{
	sem_wait(&begin);
	order[norder++] = (int)(intptr_t)arg;
	return NULL;
}

static void *
own_policy(void *arg)
{
	struct sched_param p;
	int policy = -1;

	pthread_getschedparam(pthread_self(), &policy, &p);
	return (void *)(intptr_t)(policy * 100 + p.sched_priority);
}

static void
scheduling_as_user(void)
{
	struct sched_param p = { 5 };
	pthread_attr_t a;
	pthread_t t;

	if (setuid(1000) != 0 || pthread_setschedparam(pthread_self(), SCHED_RR, &p) != EPERM)
		_exit(1);
	pthread_attr_init(&a);
	pthread_attr_setschedpolicy(&a, SCHED_RR);
	pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
	if (pthread_create(&t, &a, same, NULL) != EPERM)
		_exit(2);
	if (sched_setscheduler(0, SCHED_RR, &p) != -1 || errno != EPERM)
		_exit(3);
}

static void
scheduling(void)
{
	struct sched_param p = { 0 }, q;
	struct timespec ts, before;
	pthread_attr_t a;
	pthread_t t, u;
	clockid_t clock;
	void *v;
	int n;

	is_int(sched_get_priority_min(SCHED_RR), 1, "SCHED_RR from 1");
	is_int(sched_get_priority_max(SCHED_RR), 40, "to 40");
	is_int(sched_get_priority_max(SCHED_OTHER), 0, "SCHED_OTHER has none");
	fails(sched_get_priority_max(SCHED_FIFO), EINVAL, "there is no SCHED_FIFO");
	is_int(sched_rr_get_interval(0, &ts), 0, "sched_rr_get_interval");
	ok(ts.tv_sec == 0 && ts.tv_nsec == 16000000, "a slice");
	fails(sched_rr_get_interval(31999, &ts), ESRCH, "of nobody");
	is_int(pthread_getschedparam(pthread_self(), &n, &p), 0, "getschedparam");
	ok(n == SCHED_OTHER && p.sched_priority == 0, "SCHED_OTHER at first");
	p.sched_priority = 1;
	is_int(pthread_setschedparam(pthread_self(), SCHED_OTHER, &p), EINVAL, "which has no priorities");
	is_int(pthread_setschedparam(pthread_self(), SCHED_FIFO, &p), ENOTSUP, "setschedparam: SCHED_FIFO");
	is_int(pthread_setschedparam(pthread_self(), 77, &p), EINVAL, "no policy");
	p.sched_priority = 41;
	is_int(pthread_setschedparam(pthread_self(), SCHED_RR, &p), EINVAL, "beyond the best");
	p.sched_priority = 40;
	is_int(pthread_setschedparam(pthread_self(), SCHED_RR, &p), 0, "SCHED_RR");
	pthread_getschedparam(pthread_self(), &n, &q);
	ok(n == SCHED_RR && q.sched_priority == 40, "is told");
	is_int(sched_getscheduler(0), SCHED_RR, "by sched_getscheduler too");
	pthread_join(go(own_policy, NULL), &v);
	is_int((intptr_t)v / 100, SCHED_RR, "who is made inherits it");
	pthread_attr_init(&a);
	is_int(pthread_attr_setschedpolicy(&a, SCHED_FIFO), ENOTSUP, "attr: SCHED_FIFO");
	is_int(pthread_attr_setschedpolicy(&a, SCHED_RR), 0, "attr: SCHED_RR");
	p.sched_priority = 7;
	is_int(pthread_attr_setschedparam(&a, &p), 0, "attr: priority 7");
	is_int(pthread_attr_setinheritsched(&a, 9), EINVAL, "attr: neither inherited nor explicit");
	is_int(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED), 0, "attr: explicit");
	ok(pthread_attr_getinheritsched(&a, &n) == 0 && n == PTHREAD_EXPLICIT_SCHED, "getinheritsched");
	pthread_create(&t, &a, own_policy, NULL);
	pthread_join(t, &v);
	is_int((intptr_t)v, SCHED_RR * 100 + 7, "a thread begins with it");
	/* Both become ready while the first thread, which is better, runs. */
	norder = 0;
	sem_init(&begin, 0, 0);
	p.sched_priority = 3;
	t = go(tell_order, (void *)1);
	pthread_setschedparam(t, SCHED_RR, &p);
	u = go(tell_order, (void *)2);
	is_int(pthread_setschedprio(u, 9), 0, "setschedprio");
	msleep(5);
	sem_post(&begin), sem_post(&begin);
	pthread_join(t, NULL);
	pthread_join(u, NULL);
	ok(order[0] == 2 && order[1] == 1, "the better one runs first");
	p.sched_priority = 0;
	is_int(sched_setscheduler(0, SCHED_OTHER, &p), SCHED_RR, "sched_setscheduler tells the old one");
	is_int(pthread_getschedparam((pthread_t)&no_thread, &n, &p), ESRCH, "getschedparam of no thread");
	is_int(in_child(scheduling_as_user), 0, "SCHED_RR is root's");
	is_int(pthread_getcpuclockid(pthread_self(), &clock), 0, "getcpuclockid");
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	is_int(clock_gettime(clock, &ts), 0, "can be read");
	ok(ts.tv_sec == before.tv_sec && ts.tv_nsec >= before.tv_nsec, "is this thread's");
	sem_init(&nobody, 0, 0);
	t = go(wait_on_sem, &nobody);
	msleep(2);
	pthread_getcpuclockid(t, &clock);
	is_int(clock_gettime(clock, &ts), 0, "of another thread");
	ok(ts.tv_sec == 0 && ts.tv_nsec < 20000000, "which used little");
	sem_post(&nobody);
	pthread_join(t, NULL);
	fails(clock_gettime(clock, &ts), EINVAL, "it has ended");
	is_int(pthread_getcpuclockid((pthread_t)&no_thread, &clock), ESRCH, "getcpuclockid of no thread");
}

/* --- ends --- */

static void *
late_exit(void *arg)
{
	msleep(10);
	exit(12);
}

static void
main_leaves(void)
{
	go(late_exit, NULL);
	pthread_exit(NULL);
}

static void
at_exit_fn(void)
{
	_exit(13);
}

static void
last_leaves(void)
{
	atexit(at_exit_fn);
	pthread_join(go(same, NULL), NULL);
	pthread_exit(NULL);
}

static void *
forever(void *arg)
{
	for (;;)
		pause();
}

static void
exit_with_threads(void)
{
	for (int i = 0; i < 50; i++)
		go(forever, NULL);
	exit(14);
}

static void
exec_with_threads(void)
{
	for (int i = 0; i < 50; i++)
		go(forever, NULL);
	execl("/bin/sh", "sh", "-c", "exit 15", NULL);
}

static void
ends(void)
{
	int st;

	st = in_child(main_leaves);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 12, "pthread_exit of main: the others go on");
	st = in_child(last_leaves);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 13, "the last thread's end is exit(0), with its handlers");
	st = in_child(exit_with_threads);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 14, "exit with fifty threads");
	st = in_child(exec_with_threads);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 15, "exec with fifty threads");
	st = in_child(overflow_guard);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV, "a stack that overflows meets its guard");
}

int
main(void)
{
	basics();
	rounds();
	mutexes();
	conditions();
	rwlocks();
	others();
	semaphores();
	between_processes();
	cancellation();
	library();
	signals();
	scheduling();
	ends();
	return tap_done();
}
