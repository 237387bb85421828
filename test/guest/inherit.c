/* Mutexes that lend priority: who holds one runs as well as the best who waits for it. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <abi/thread.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

static struct timespec
soon(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms % 1000 * 1000000l;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void
make(pthread_mutex_t *m, int protocol, int robust)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_NORMAL);
	pthread_mutex_init(m, &a);
}

static void
set_class(int class)
{
	struct abi_thrrtop r = { .op = THRRT_SET, .class = class };

	__sys_throp(THR_RTOP, 0, &r);
}

static pthread_t
go(void *(*fn)(void *), void *arg)
{
	pthread_t t = 0;

	if (pthread_create(&t, NULL, fn, arg) != 0)
		ok(0, "a thread");
	return t;
}

/* In shared memory: some of these are processes. */
static struct shared {
	pthread_mutex_t m, m2;
	pthread_cond_t c;
	volatile int held, stop, wanted, woken;
	volatile long work;
	volatile int order[8];
} *s;

static void *
hog(void *arg)
{
	while (!s->stop)
		;
	return NULL;
}

/* Has the mutex, and needs the CPU to come to the end of what it does. */
static void *
batch_holder(void *arg)
{
	pthread_mutex_lock(&s->m);
	s->held = 1;
	set_class(THR_CLASS_BATCH);
	for (int i = 0; i < 200000; i++)
		s->work++;
	pthread_mutex_unlock(&s->m);
	for (;;) {
		s->work++;
		if (s->stop)
			return NULL;
	}
}

static long
progress(void)
{
	long before = s->work;

	msleep(100);
	return s->work - before;
}

/* A holder that does not run, because the hog does. */
static void
starve(int protocol, pthread_t *holder, pthread_t *h)
{
	s->stop = s->held = 0;
	s->work = 0;
	make(&s->m, protocol, PTHREAD_MUTEX_STALLED);
	*holder = go(batch_holder, NULL);
	while (!s->held)
		sched_yield();
	*h = go(hog, NULL);
	msleep(50);
}

static void
over(pthread_t holder, pthread_t h)
{
	s->stop = 1;
	pthread_join(h, NULL);
	pthread_join(holder, NULL);
}

static void
one(void)
{
	pthread_t holder, h;

	starve(PTHREAD_PRIO_NONE, &holder, &h);
	is_int(progress(), 0, "a batch thread starves beside a user thread");
	is_int(pthread_mutex_timedlock(&s->m, &(struct timespec){ 0 }), ETIMEDOUT, "it holds a mutex");
	{
		struct timespec t = soon(300);

		is_int(pthread_mutex_timedlock(&s->m, &t), ETIMEDOUT, "which nobody gets without inheritance");
	}
	over(holder, h);
	starve(PTHREAD_PRIO_INHERIT, &holder, &h);
	is_int(progress(), 0, "with inheritance it starves too, while nobody waits");
	is_int(pthread_mutex_lock(&s->m), 0, "who waits for it gets it");
	ok(s->work >= 200000, "when its holder has done its work");
	is_int(progress(), 0, "what was lent is given back");
	pthread_mutex_unlock(&s->m);
	over(holder, h);
	starve(PTHREAD_PRIO_INHERIT, &holder, &h);
	{
		struct timespec t = soon(1);

		if (pthread_mutex_timedlock(&s->m, &t) == 0)
			pthread_mutex_unlock(&s->m);
		is_int(progress(), 0, "who gives up takes back what he lent");
	}
	over(holder, h);
}

/* Holds m2 and waits for m. */
static void *
link_of_chain(void *arg)
{
	set_class(THR_CLASS_BATCH);
	pthread_mutex_lock(&s->m2);
	s->wanted = 1;
	pthread_mutex_lock(&s->m);
	pthread_mutex_unlock(&s->m);
	pthread_mutex_unlock(&s->m2);
	return NULL;
}

static void
chain(void)
{
	pthread_t holder, h, l;

	s->stop = s->held = s->wanted = 0;
	make(&s->m, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	make(&s->m2, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	holder = go(batch_holder, NULL);
	while (!s->held)
		sched_yield();
	l = go(link_of_chain, NULL);
	while (!s->wanted)
		msleep(1);
	h = go(hog, NULL);
	msleep(20);
	is_int(pthread_mutex_lock(&s->m2), 0, "what is lent is lent on");
	pthread_mutex_unlock(&s->m2);
	over(holder, h);
	pthread_join(l, NULL);
}

/* --- processes --- */

static void
processes(void)
{
	pthread_t h;
	pid_t pid;

	s->stop = s->held = 0;
	make(&s->m, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST);
	if ((pid = fork()) == 0) {
		pthread_mutex_lock(&s->m);
		s->held = 1;
		set_class(THR_CLASS_BATCH);
		for (int i = 0; i < 200000; i++)
			s->work++;
		pthread_mutex_unlock(&s->m);
		_exit(0);
	}
	while (!s->held)
		sched_yield();
	h = go(hog, NULL);
	msleep(20);
	is_int(pthread_mutex_lock(&s->m), 0, "the holder is in another process");
	pthread_mutex_unlock(&s->m);
	s->stop = 1;
	pthread_join(h, NULL);
	child_status(pid);
	s->stop = s->held = 0;
	if ((pid = fork()) == 0) {
		pthread_mutex_lock(&s->m);
		s->held = 1;
		set_class(THR_CLASS_BATCH);
		for (int i = 0; i < 200000; i++)
			s->work++;
		_exit(0);
	}
	while (!s->held)
		sched_yield();
	h = go(hog, NULL);
	msleep(20);
	is_int(pthread_mutex_lock(&s->m), EOWNERDEAD, "and ends with it, which takes the CPU as well");
	pthread_mutex_consistent(&s->m);
	pthread_mutex_unlock(&s->m);
	s->stop = 1;
	pthread_join(h, NULL);
	child_status(pid);
}

/* --- who is next --- */

static void *
rr_waiter(void *arg)
{
	pthread_mutex_lock(&s->m);
	s->order[s->woken++] = (int)(intptr_t)arg;
	pthread_mutex_unlock(&s->m);
	return NULL;
}

static void
order(int protocol, const char *what)
{
	static const int prios[] = { 10, 30, 20, 0, 30 };
	pthread_t t[5];
	pthread_attr_t a;

	make(&s->m, protocol, PTHREAD_MUTEX_STALLED);
	s->woken = 0;
	pthread_mutex_lock(&s->m);
	for (int i = 0; i < 5; i++) {
		struct sched_param p = { .sched_priority = prios[i] };

		pthread_attr_init(&a);
		pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&a, prios[i] != 0 ? SCHED_RR : SCHED_OTHER);
		pthread_attr_setschedparam(&a, &p);
		pthread_create(&t[i], &a, rr_waiter, (void *)(intptr_t)(prios[i] * 10 + i));
		msleep(10);
	}
	pthread_mutex_unlock(&s->m);
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	ok(s->order[0] == 301 && s->order[1] == 304 && s->order[2] == 202 && s->order[3] == 100 && s->order[4] == 3,
	    "%s: by priority, then in order of arrival", what);
}

/* The one who gets it first has what the others lend. */
static void *
batch_heir(void *arg)
{
	pthread_mutex_lock(&s->m);
	set_class(THR_CLASS_BATCH);
	s->held = 2;
	for (int i = 0; i < 200000; i++)
		s->work++;
	pthread_mutex_unlock(&s->m);
	return NULL;
}

static void *
plain_waiter(void *arg)
{
	pthread_mutex_lock(&s->m);
	pthread_mutex_unlock(&s->m);
	return arg;
}

static void
heir(void)
{
	pthread_t t, w, h;

	s->stop = s->held = 0;
	make(&s->m, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	pthread_mutex_lock(&s->m);
	t = go(batch_heir, NULL);
	msleep(10);
	w = go(plain_waiter, NULL);
	msleep(10);
	h = go(hog, NULL);
	pthread_mutex_unlock(&s->m);
	pthread_join(w, NULL);
	ok(s->held == 2, "the next holder runs for those who go on waiting");
	s->stop = 1;
	pthread_join(h, NULL);
	pthread_join(t, NULL);
}

/* --- the rest --- */

static void *
cond_waiter(void *arg)
{
	int error = 0;

	pthread_mutex_lock(&s->m);
	while (!s->wanted && error == 0)
		error = pthread_cond_wait(&s->c, &s->m);
	s->woken++;
	pthread_mutex_unlock(&s->m);
	return (void *)(intptr_t)error;
}

static void
conditions(void)
{
	pthread_t t[4];
	void *value;
	int bad = 0;

	make(&s->m, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	pthread_cond_init(&s->c, NULL);
	s->wanted = s->woken = 0;
	for (int i = 0; i < 4; i++)
		t[i] = go(cond_waiter, NULL);
	msleep(20);
	pthread_mutex_lock(&s->m);
	s->wanted = 1;
	pthread_cond_broadcast(&s->c);
	pthread_mutex_unlock(&s->m);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &value);
		bad += value != NULL;
	}
	ok(bad == 0 && s->woken == 4, "a broadcast");
}

static void
deadlock(void)
{
	struct timespec t = soon(50);

	make(&s->m, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	pthread_mutex_lock(&s->m);
	errno = EPERM;
	is_int(pthread_mutex_timedlock(&s->m, &t), ETIMEDOUT, "one waits for oneself");
	is_int(errno, EPERM, "errno stays");
	pthread_mutex_unlock(&s->m);
}

static volatile long counter;

static void *
contend(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&s->m);
		long c = counter;
		if (i % 50 == 0)
			sched_yield();
		counter = c + 1;
		pthread_mutex_unlock(&s->m);
	}
	return NULL;
}

static void
contention(int robust, const char *what)
{
	pthread_t t[4];

	make(&s->m, PTHREAD_PRIO_INHERIT, robust);
	counter = 0;
	for (int i = 0; i < 4; i++)
		t[i] = go(contend, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	is_int(counter, 20000, what);
}

/* --- throp(THR_WAIT) --- */

static void
on_signal(int sig)
{
}

static long
thr_wait(volatile uint32_t *word, uint32_t value, int64_t deadline)
{
	struct abi_thrwait w = { .word = (uintptr_t)word, .value = value, .deadline = deadline };

	return __sys_throp(THR_WAIT, 0, &w);
}

static void
calls(void)
{
	static volatile uint32_t word;
	struct abi_thrwait w = { .word = (uintptr_t)&word, .reserved = 1 };
	uint32_t me = (uint32_t)__sys_gettid();
	struct sigaction sa = { .sa_handler = on_signal };

	fails(__sys_throp(THR_WAIT, 0, NULL), EFAULT, "no argument");
	fails(__sys_throp(THR_WAIT, 0, &w), EINVAL, "the reserved word");
	fails(thr_wait((volatile uint32_t *)((uintptr_t)&word + 2), 0, 0), EINVAL, "misaligned");
	fails(thr_wait((volatile uint32_t *)8, 0, 0), EFAULT, "nothing there");
	fails(thr_wait(&word, 5, 0), EAGAIN, "another value");
	fails(thr_wait(&word, 0, 0), ETIMEDOUT, "a deadline that is over");
	word = me;
	fails(thr_wait(&word, me, 0), EINVAL, "oneself");
	word = 1;
	fails(thr_wait(&word, 1, mx_deadline_after(MX_MSEC(5))), ETIMEDOUT, "a holder that is not there");
	sigaction(SIGALRM, &sa, NULL);
	ualarm(20000, 0);
	fails(thr_wait(&word, 1, MX_TIME_INFINITE), EINTR, "a signal");
	signal(SIGALRM, SIG_DFL);
}

static void
attributes(void)
{
	pthread_mutexattr_t a;
	int v = 9;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_getprotocol(&a, &v);
	is_int(v, PTHREAD_PRIO_NONE, "nothing is lent if nobody asks");
	is_int(pthread_mutexattr_setprotocol(&a, 77), EINVAL, "no protocol");
	is_int(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), ENOTSUP, "no priority ceilings");
	is_int(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0, "inheritance");
	pthread_mutexattr_getprotocol(&a, &v);
	is_int(v, PTHREAD_PRIO_INHERIT, "which is told");
	ok(sysconf(_SC_THREAD_PRIO_INHERIT) == _POSIX_THREAD_PRIO_INHERIT && _POSIX_THREAD_PRIO_INHERIT > 0 &&
	    sysconf(_SC_THREAD_ROBUST_PRIO_INHERIT) > 0 && sysconf(_SC_THREAD_PRIO_PROTECT) == -1 &&
	    sysconf(_SC_TIMEOUTS) == _POSIX_TIMEOUTS && _POSIX_TIMEOUTS > 0 &&
	    sysconf(_SC_SEMAPHORES) == _POSIX_SEMAPHORES && _POSIX_SEMAPHORES > 0 &&
	    sysconf(_SC_SHARED_MEMORY_OBJECTS) == _POSIX_SHARED_MEMORY_OBJECTS &&
	    sysconf(_SC_MESSAGE_PASSING) == _POSIX_MESSAGE_PASSING && _POSIX_MESSAGE_PASSING > 0,
	    "sysconf and the macros say what there is");
}

int
main(void)
{
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	attributes();
	calls();
	one();
	chain();
	processes();
	order(PTHREAD_PRIO_NONE, "a mutex");
	order(PTHREAD_PRIO_INHERIT, "one that lends");
	heir();
	conditions();
	deadlock();
	contention(PTHREAD_MUTEX_STALLED, "four threads count under one that lends");
	contention(PTHREAD_MUTEX_ROBUST, "and is robust");
	return tap_done();
}
