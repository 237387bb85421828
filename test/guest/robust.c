/* Robust mutexes: the end of their holder in every way; the list that the kernel reads, and what hostile ones do. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <abi/thread.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

static char *self;

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

static void
make(pthread_mutex_t *m, int type, int shared)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setpshared(&a, shared);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

static pthread_t
go(void *(*fn)(void *), void *arg)
{
	pthread_t t = 0;

	if (pthread_create(&t, NULL, fn, arg) != 0)
		ok(0, "a thread");
	return t;
}

static void *
lock_it(void *m)
{
	return (void *)(intptr_t)pthread_mutex_lock(m);
}

/* Locks and ends, which leaves the mutex to others. */
static void
orphan(pthread_mutex_t *m)
{
	pthread_join(go(lock_it, m), NULL);
}

static void *
lock_mend_unlock(void *arg)
{
	pthread_mutex_t *m = arg;
	int error = pthread_mutex_lock(m);

	if (error == EOWNERDEAD)
		pthread_mutex_consistent(m);
	if (error == 0 || error == EOWNERDEAD)
		pthread_mutex_unlock(m);
	return (void *)(intptr_t)error;
}

static intptr_t
joined(pthread_t t)
{
	void *value = NULL;

	pthread_join(t, &value);
	return (intptr_t)value;
}

/* --- attributes and errors --- */

static void *
call_consistent(void *m)
{
	return (void *)(intptr_t)pthread_mutex_consistent(m);
}

static void *
unlock_it(void *m)
{
	return (void *)(intptr_t)pthread_mutex_unlock(m);
}

static void
attributes(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m, plain = PTHREAD_MUTEX_INITIALIZER;
	int v = 9;

	pthread_mutexattr_init(&a);
	is_int(pthread_mutexattr_getrobust(&a, &v), 0, "getrobust");
	is_int(v, PTHREAD_MUTEX_STALLED, "mutexes are stalled");
	is_int(pthread_mutexattr_setrobust(&a, 7), EINVAL, "setrobust of nothing");
	is_int(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0, "setrobust");
	pthread_mutexattr_getrobust(&a, &v);
	is_int(v, PTHREAD_MUTEX_ROBUST, "which is told");
	is_int(pthread_mutex_consistent(&plain), EINVAL, "consistent of one that is not robust");
	make(&m, PTHREAD_MUTEX_NORMAL, 0);
	is_int(pthread_mutex_consistent(&m), EINVAL, "consistent of one that nobody holds");
	is_int(pthread_mutex_unlock(&m), EPERM, "unlock of one that nobody holds, though normal");
	is_int(pthread_mutex_lock(&m), 0, "lock");
	is_int(pthread_mutex_consistent(&m), EINVAL, "consistent of one that is");
	is_int(pthread_mutex_trylock(&m), EBUSY, "trylock of one's own");
	is_int(joined(go(unlock_it, &m)), EPERM, "unlock by another thread");
	is_int(pthread_mutex_destroy(&m), EBUSY, "destroy of one that is held");
	is_int(pthread_mutex_unlock(&m), 0, "unlock");
	is_int(pthread_mutex_destroy(&m), 0, "destroy");
	make(&m, PTHREAD_MUTEX_ERRORCHECK, 0);
	pthread_mutex_lock(&m);
	is_int(pthread_mutex_lock(&m), EDEADLK, "errorcheck");
	pthread_mutex_unlock(&m);
	errno = EPERM;
	pthread_mutex_lock(&m);
	pthread_mutex_unlock(&m);
	is_int(errno, EPERM, "errno stays");
}

/* --- the holder's end, in one process --- */

static void *
hold_and_exit(void *m)
{
	pthread_mutex_lock(m);
	pthread_exit(NULL);
}

static void *
hold_and_wait(void *m)
{
	pthread_mutex_lock(m);
	for (;;)
		pause();
}

static void *
hold_and_leave(void *m)
{
	pthread_mutex_lock(m);
	mx_thread_exit();
}

static void
dies(const char *how, pthread_mutex_t *m)
{
	int error = pthread_mutex_lock(m);

	if (!is_int(error, EOWNERDEAD, how))
		return;
	is_int(pthread_mutex_consistent(m), 0, "consistent");
	is_int(pthread_mutex_unlock(m), 0, "unlock");
	is_int(pthread_mutex_lock(m), 0, "and it is as before");
	pthread_mutex_unlock(m);
}

static void
ends_of_threads(void)
{
	pthread_mutex_t m;
	pthread_attr_t a;
	pthread_t t;

	make(&m, PTHREAD_MUTEX_NORMAL, 0);
	orphan(&m);
	dies("the holder returned", &m);
	pthread_join(go(hold_and_exit, &m), NULL);
	dies("the holder called pthread_exit", &m);
	t = go(hold_and_wait, &m);
	msleep(10);
	pthread_cancel(t);
	pthread_join(t, NULL);
	dies("the holder was cancelled", &m);
	/* Nobody frees the stack of this one, nor knows when it ends. */
	t = go(hold_and_leave, &m);
	msleep(30);
	dies("the holder called mx_thread_exit", &m);
	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&a, 4 << 20);		/* not kept: unmapped with the list on it */
	pthread_create(&t, &a, lock_it, &m);
	msleep(30);
	dies("the holder was detached", &m);
	orphan(&m);
	is_int(pthread_mutex_trylock(&m), EOWNERDEAD, "trylock");
	pthread_mutex_consistent(&m);
	pthread_mutex_unlock(&m);
	orphan(&m);
	is_int(pthread_mutex_timedlock(&m, &(struct timespec){ 0 }), EOWNERDEAD, "timedlock, late");
	pthread_mutex_consistent(&m);
	pthread_mutex_unlock(&m);
}

static void
waiters(void)
{
	pthread_mutex_t m;
	pthread_t holder, t[5];
	int dead = 0, good = 0;

	make(&m, PTHREAD_MUTEX_NORMAL, 0);
	holder = go(hold_and_wait, &m);
	msleep(10);
	for (int i = 0; i < 5; i++)
		t[i] = go(lock_mend_unlock, &m);
	msleep(10);
	pthread_cancel(holder);
	pthread_join(holder, NULL);
	for (int i = 0; i < 5; i++) {
		intptr_t e = joined(t[i]);

		dead += e == EOWNERDEAD;
		good += e == 0;
	}
	ok(dead == 1 && good == 4, "five wait: one hears of the death, four get it mended");
	/* One after the other dies with it. */
	for (int i = 0; i < 5; i++)
		t[i] = go(lock_it, &m);
	dead = good = 0;
	for (int i = 0; i < 5; i++) {
		intptr_t e = joined(t[i]);

		dead += e == EOWNERDEAD;
		good += e == 0;
	}
	ok(dead == 4 && good == 1, "a chain of deaths");
	is_int(pthread_mutex_lock(&m), EOWNERDEAD, "a second death before it was made consistent");
	is_int(joined(go(call_consistent, &m)), EINVAL, "consistent by another than the holder");
	for (int i = 0; i < 5; i++)
		t[i] = go(lock_it, &m);
	msleep(10);
	is_int(pthread_mutex_unlock(&m), 0, "unlock of what was not mended");
	dead = 0;
	for (int i = 0; i < 5; i++)
		dead += joined(t[i]) == ENOTRECOVERABLE;
	is_int(dead, 5, "all who wait hear that it is lost");
	is_int(pthread_mutex_lock(&m), ENOTRECOVERABLE, "lock");
	is_int(pthread_mutex_trylock(&m), ENOTRECOVERABLE, "trylock");
	is_int(pthread_mutex_timedlock(&m, &(struct timespec){ 0 }), ENOTRECOVERABLE, "timedlock");
	is_int(pthread_mutex_unlock(&m), EPERM, "unlock");
	is_int(pthread_mutex_consistent(&m), EINVAL, "consistent");
	is_int(pthread_mutex_destroy(&m), 0, "it can be destroyed");
	make(&m, PTHREAD_MUTEX_NORMAL, 0);
	is_int(pthread_mutex_lock(&m), 0, "and made anew");
	pthread_mutex_unlock(&m);
}

static void *
lock_thrice(void *m)
{
	for (int i = 0; i < 3; i++)
		pthread_mutex_lock(m);
	return NULL;
}

static void
recursive(void)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_RECURSIVE, 0);
	pthread_join(go(lock_thrice, &m), NULL);
	is_int(pthread_mutex_lock(&m), EOWNERDEAD, "a recursive one");
	is_int(pthread_mutex_lock(&m), 0, "again by its new holder");
	pthread_mutex_consistent(&m);
	is_int(pthread_mutex_unlock(&m), 0, "one level");
	is_int(pthread_mutex_unlock(&m), 0, "the other: the dead one's levels are gone");
	is_int(pthread_mutex_unlock(&m), EPERM, "no more");
}

/* --- condition variables --- */

static struct {
	pthread_mutex_t m;
	pthread_cond_t c;
	volatile int ready;
} cond;

static void *
wait_cond(void *arg)
{
	int error;

	pthread_mutex_lock(&cond.m);
	while (!cond.ready)
		if ((error = pthread_cond_wait(&cond.c, &cond.m)) != 0)
			break;
	if (error == EOWNERDEAD && arg != NULL)
		pthread_mutex_consistent(&cond.m);
	if (error != ENOTRECOVERABLE)
		pthread_mutex_unlock(&cond.m);
	return (void *)(intptr_t)error;
}

static void *
broadcast_and_end(void *arg)
{
	pthread_mutex_lock(&cond.m);
	pthread_cond_broadcast(&cond.c);
	return NULL;
}

static void
conditions(void)
{
	pthread_t t[3];
	int dead = 0, lost = 0;

	make(&cond.m, PTHREAD_MUTEX_NORMAL, 0);
	pthread_cond_init(&cond.c, NULL);
	t[0] = go(wait_cond, "mends");
	msleep(10);
	pthread_join(go(broadcast_and_end, NULL), NULL);
	is_int(joined(t[0]), EOWNERDEAD, "cond_wait takes the mutex of a dead one");
	is_int(pthread_mutex_trylock(&cond.m), 0, "which was mended");
	pthread_mutex_unlock(&cond.m);
	for (int i = 0; i < 3; i++)
		t[i] = go(wait_cond, NULL);
	msleep(10);
	pthread_join(go(broadcast_and_end, NULL), NULL);
	for (int i = 0; i < 3; i++) {
		intptr_t e = joined(t[i]);

		dead += e == EOWNERDEAD;
		lost += e == ENOTRECOVERABLE;
	}
	ok(dead == 1 && lost == 2, "cond_wait tells the others that it is lost");
	pthread_mutex_destroy(&cond.m);
}

/* --- processes --- */

#define MANY	5
static struct shared {
	pthread_mutex_t m[MANY];
	volatile int step;
	uint32_t word;
	struct abi_lock lock[4];
	struct abi_robust head;
} *shared;

static void
hold_all(void)
{
	for (int i = 0; i < MANY; i++)
		pthread_mutex_lock(&shared->m[i]);
	/* Out of the middle, the first and the last of the list, and in again. */
	pthread_mutex_unlock(&shared->m[2]);
	pthread_mutex_unlock(&shared->m[4]);
	pthread_mutex_unlock(&shared->m[0]);
	pthread_mutex_lock(&shared->m[0]);
	pthread_mutex_lock(&shared->m[4]);
}

static void
by_exit(void)
{
	hold_all();
	_exit(0);
}

static void
by_kill(void)
{
	hold_all();
	kill(getpid(), SIGKILL);
	pause();
}

static void
by_fault(void)
{
	hold_all();
	*(volatile int *)8 = 1;
}

static void
by_exec(void)
{
	hold_all();
	execl(self, self, "true", NULL);
	_exit(1);
}

static void
by_task_kill(void)
{
	hold_all();
	mx_task_kill(mx_process_self());
	pause();
}

static void *
hold_second(void *arg)
{
	pthread_mutex_lock(&shared->m[1]);
	shared->step = 1;
	for (;;)
		pause();
}

static void
by_exit_of_another(void)
{
	hold_all();
	pthread_mutex_unlock(&shared->m[1]);
	shared->step = 0;
	go(hold_second, NULL);
	while (shared->step == 0)
		sched_yield();
	_exit(0);
}

static void
dead_process(const char *how, void (*fn)(void))
{
	int dead = 0;

	for (int i = 0; i < MANY; i++)
		make(&shared->m[i], PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED);
	in_child(fn);
	for (int i = 0; i < MANY; i++)
		dead += pthread_mutex_trylock(&shared->m[i]) == (i == 2 ? 0 : EOWNERDEAD);
	is_int(dead, MANY, how);
	for (int i = 0; i < MANY; i++) {
		pthread_mutex_consistent(&shared->m[i]);
		pthread_mutex_unlock(&shared->m[i]);
	}
}

static void
wait_in_child(void)
{
	shared->step = 1;
	int e = pthread_mutex_lock(&shared->m[0]);
	_exit(e == EOWNERDEAD ? 17 : 18);
}

static void
ends_of_processes(void)
{
	pid_t holder, waiter;
	int st;

	dead_process("_exit", by_exit);
	dead_process("SIGKILL", by_kill);
	dead_process("a fault", by_fault);
	dead_process("exec", by_exec);
	dead_process("mx_task_kill", by_task_kill);
	dead_process("the exit of another thread", by_exit_of_another);
	shared->step = 0;
	if ((holder = fork()) == 0) {
		pthread_mutex_lock(&shared->m[0]);
		shared->step = -1;
		for (;;)
			pause();
	}
	while (shared->step != -1)
		sched_yield();
	if ((waiter = fork()) == 0)
		wait_in_child();
	while (shared->step != 1)
		sched_yield();
	msleep(10);
	kill(holder, SIGKILL);
	child_status(holder);
	st = child_status(waiter);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 17, "who sleeps in another process wakes");
	ok(pthread_mutex_lock(&shared->m[0]) == EOWNERDEAD, "and it died too, without a word");
	pthread_mutex_consistent(&shared->m[0]);
	pthread_mutex_unlock(&shared->m[0]);
}

/* What a parent holds is not the child's, and its list is the child's own. */
static void
forks(void)
{
	static pthread_mutex_t private;
	int st;
	pid_t pid;

	make(&private, PTHREAD_MUTEX_NORMAL, 0);
	pthread_mutex_lock(&shared->m[1]);
	pthread_mutex_lock(&private);
	if ((pid = fork()) == 0) {
		int good = pthread_mutex_trylock(&shared->m[1]) == EBUSY &&
		    pthread_mutex_unlock(&shared->m[1]) == EPERM && pthread_mutex_lock(&shared->m[3]) == 0;

		_exit(good ? 5 : 6);
	}
	st = child_status(pid);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 5, "a child does not hold what its parent holds");
	is_int(pthread_mutex_trylock(&shared->m[3]), EOWNERDEAD, "what it held itself died with it");
	pthread_mutex_consistent(&shared->m[3]);
	is_int(pthread_mutex_unlock(&shared->m[3]), 0, "it leaves the list");
	is_int(pthread_mutex_unlock(&private), 0, "the parent's stays the parent's");
	is_int(pthread_mutex_unlock(&shared->m[1]), 0, "so does the shared one");
}

static pthread_mutex_t *lots;

static void *
hold_lots(void *arg)
{
	for (int i = 0; i < THR_ROBUST_MAX + 2; i++)
		pthread_mutex_lock(&lots[i]);
	return NULL;
}

static void
bound(void)
{
	int dead = 0;

	lots = calloc(THR_ROBUST_MAX + 2, sizeof(*lots));
	for (int i = 0; i < THR_ROBUST_MAX + 2; i++)
		make(&lots[i], PTHREAD_MUTEX_NORMAL, 0);
	pthread_join(go(hold_lots, NULL), NULL);
	for (int i = 0; i < THR_ROBUST_MAX + 2; i++)
		dead += pthread_mutex_trylock(&lots[i]) == EOWNERDEAD;
	is_int(dead, THR_ROBUST_MAX, "as many as the kernel looks at");
	for (int i = 0; i < THR_ROBUST_MAX + 2; i++)
		pthread_mutex_unlock(&lots[i]);
	free(lots);
}

/* --- the list, by hand --- */

static uint32_t
my_tid(void)
{
	return (uint32_t)__sys_gettid();
}

static long
set_list(void *head)
{
	return __sys_throp(THR_ROBUST, 0, head);
}

static void
pending_held(void)
{
	shared->lock[0].word = my_tid() | THR_LOCK_WAITERS;
	shared->head = (struct abi_robust){ .pending = (uintptr_t)&shared->lock[0] };
	set_list(&shared->head);
}

static void
pending_in_list(void)
{
	shared->lock[0].word = my_tid();
	shared->lock[0].next = 0;
	shared->head = (struct abi_robust){ .first = (uintptr_t)&shared->lock[0], .pending = (uintptr_t)&shared->lock[0] };
	set_list(&shared->head);
}

static void
pending_free(void)
{
	shared->lock[0].word = 0;
	shared->head = (struct abi_robust){ .pending = (uintptr_t)&shared->lock[0] };
	set_list(&shared->head);
}

static void
ring_of_locks(void)
{
	for (int i = 0; i < 3; i++)
		shared->lock[i] = (struct abi_lock){ .word = i == 1 ? 12345 : my_tid(),
		    .next = (uintptr_t)&shared->lock[(i + 1) % 3] };
	shared->head = (struct abi_robust){ .first = (uintptr_t)&shared->lock[0] };
	set_list(&shared->head);
}

static uint64_t bad_address;

static void
bad_next(void)
{
	shared->lock[0] = (struct abi_lock){ .word = my_tid(), .next = bad_address };
	shared->head = (struct abi_robust){ .first = (uintptr_t)&shared->lock[0], .pending = bad_address };
	set_list(&shared->head);
}

static void
bad_head(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	set_list(page);
	munmap(page, 4096);
}

static void
read_only(void)
{
	struct abi_lock *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	page->word = my_tid();
	page->next = (uintptr_t)&shared->lock[0];
	mprotect(page, 4096, PROT_READ);
	shared->lock[0] = (struct abi_lock){ .word = my_tid() };
	shared->head = (struct abi_robust){ .first = (uintptr_t)page };
	set_list(&shared->head);
}

static void
forgotten(void)
{
	pending_held();
	set_list(NULL);
}

static void *
sleep_on_lock(void *arg)
{
	return (void *)(intptr_t)mx_futex_wait((mx_futex_t *)&shared->lock[0].word, 0, 0, mx_deadline_after(MX_SEC(10)));
}

static int
runs(void (*fn)(void))
{
	int st = in_child(fn);

	return WIFEXITED(st) && WEXITSTATUS(st) == 0;
}

static void
by_hand(void)
{
	static const struct {
		const char *name;
		uint64_t at;
	} bad[] = {
		{ "nothing", 8 }, { "the kernel", 0xffff800000000000 }, { "no address", 0x8000000000000000 >> 8 },
		{ "the end", UINT64_MAX }, { "the end of user space", 0x00007ffffffff000 - 8 },
	};
	pthread_t t;

	fails(set_list((char *)&shared->head + 4), EINVAL, "a misaligned list");
	fails(set_list((void *)0xffff800000000000), EINVAL, "a list in the kernel");
	is_int(set_list(NULL), 0, "no list");
	ok(runs(pending_held), "a pending lock that is held");
	is_int(shared->lock[0].word, (long)(THR_LOCK_DIED | THR_LOCK_WAITERS), "died; who waits is remembered");
	ok(runs(pending_in_list) && shared->lock[0].word == THR_LOCK_DIED, "one that is in the list as well");
	ok(runs(forgotten) && (shared->lock[0].word & THR_LOCK_DIED) == 0, "a list that was taken back");
	shared->lock[0].word = 0;
	t = go(sleep_on_lock, NULL);
	msleep(20);
	ok(runs(pending_free), "a pending lock that nobody holds");
	is_int(joined(t), MX_OK, "somebody who waits for it is woken");
	ok(runs(ring_of_locks), "a ring ends");
	ok(shared->lock[0].word == THR_LOCK_DIED && shared->lock[1].word == 12345 &&
	    shared->lock[2].word == THR_LOCK_DIED, "another's lock stays");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bad_address = bad[i].at;
		ok(runs(bad_next) && shared->lock[0].word == THR_LOCK_DIED, "a list that leads to %s", bad[i].name);
	}
	bad_address = (uintptr_t)&shared->lock[1] + 2;
	ok(runs(bad_next) && shared->lock[0].word == THR_LOCK_DIED, "a list that leads to a misaligned lock");
	ok(runs(bad_head), "a list that is gone");
	ok(runs(read_only) && shared->lock[0].word == THR_LOCK_DIED, "a lock that cannot be written, and the next");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	self = argv[0];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	attributes();
	ends_of_threads();
	waiters();
	recursive();
	conditions();
	ends_of_processes();
	forks();
	bound();
	by_hand();
	return tap_done();
}
