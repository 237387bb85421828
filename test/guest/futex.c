/* Futexes: waiting, waking, order, requeue, owners and what they are lent, across processes. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <abi/errno.h>
#include <abi/info.h>
#include <abi/thread.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

typedef volatile mx_futex_t word;
#define W(p)	((mx_futex_t *)(p))
#define FOREVER	MX_TIME_INFINITE

static void
msleep(int ms)
{
	mx_nanosleep(mx_deadline_after(MX_MSEC(ms)));
}

/* --- threads with a handle: what they run makes native calls only --- */

struct thr {
	mx_handle_t h;
	char *stack;
	int32_t tid;
	uint64_t koid;
	void (*fn)(struct thr *);
	word *at;
	mx_handle_t owner;
	volatile int status, done, began;
	volatile long count;
};
#define STACK	16384

static void
entry(struct thr *t)
{
	t->began = 1;
	t->fn(t);
	t->done = 1;
	__sys_mx_thread_exit();
}

static void
go(struct thr *t, void (*fn)(struct thr *), word *at)
{
	struct abi_info_thread info;
	struct abi_info_handle_basic basic;

	t->fn = fn;
	t->at = at;
	t->done = t->began = 0;
	t->count = 0;
	t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	mx_thread_create(mx_process_self(), "futex", 5, 0, &t->h);
	mx_object_get_info(t->h, MX_INFO_THREAD, &info, sizeof(info), NULL, NULL);
	mx_object_get_info(t->h, MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL);
	t->tid = info.tid;
	t->koid = basic.koid;
	mx_thread_start(t->h, (uintptr_t)entry, (uintptr_t)t->stack + STACK - 8, (uintptr_t)t, 0);
}

static void
end(struct thr *t)
{
	mx_object_wait_one(t->h, 8, FOREVER, NULL);
	mx_handle_close(t->h);
	munmap(t->stack, STACK);
}

static void
wait_zero(struct thr *t)
{
	t->status = mx_futex_wait(W(t->at), 0, t->owner, FOREVER);
}

static void
asleep(struct thr *t)
{
	struct abi_info_thread info;

	do {
		msleep(1);
		mx_object_get_info(t->h, MX_INFO_THREAD, &info, sizeof(info), NULL, NULL);
	} while (info.state != MX_THREAD_STATE_BLOCKED);
}

/* --- waits and wakes --- */

static void
errors(void)
{
	static word w;
	mx_handle_t e;
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);

	is_int(mx_futex_wait(W(&w), 1, 0, FOREVER), MX_ERR_BAD_STATE, "another value");
	is_int(mx_futex_wait(W(&w), 0, 0, 0), MX_ERR_TIMED_OUT, "a deadline that is over");
	is_int(mx_futex_wait(W(&w), 0, 0, mx_deadline_after(MX_MSEC(10))), MX_ERR_TIMED_OUT, "a deadline");
	is_int(mx_futex_wait(W((char *)&w + 1), 0, 0, 0), MX_ERR_INVALID_ARGS, "misaligned");
	is_int(mx_futex_wait(W(8), 0, 0, 0), MX_ERR_INVALID_ARGS, "nothing there");
	is_int(mx_futex_wait(W(none), 0, 0, 0), MX_ERR_INVALID_ARGS, "not readable");
	is_int(mx_futex_wait(W(&w), 0, 77, 0), MX_ERR_BAD_HANDLE, "no such owner");
	is_int(mx_futex_wait(W(&w), 0, mx_process_self(), 0), MX_ERR_WRONG_TYPE, "a process as owner");
	is_int(mx_futex_wait(W(&w), 0, mx_thread_self(), 0), MX_ERR_INVALID_ARGS, "oneself as owner");
	mx_event_create(0, &e);
	is_int(mx_futex_wait(W(&w), 0, e, 0), MX_ERR_WRONG_TYPE, "an event as owner");
	mx_handle_close(e);
	is_int(mx_futex_wake(W(&w), 0), MX_OK, "wake of nobody wanted");
	is_int(mx_futex_wake(W(&w), 5), MX_OK, "wake of nobody there");
	is_int(mx_futex_wake(W((char *)&w + 2), 1), MX_ERR_INVALID_ARGS, "wake misaligned");
	is_int(mx_futex_wake_single_owner(W(&w)), MX_OK, "wake_single_owner of nobody");
	is_int(mx_futex_requeue(W(&w), 1, 0, NULL, 1, 0), MX_ERR_INVALID_ARGS, "requeue to nowhere");
	is_int(mx_futex_requeue(W(&w), 1, 9, W(&w), 1, 0), MX_ERR_BAD_STATE, "requeue: the value comes first");
	is_int(mx_futex_requeue(W(&w), 1, 0, W(&w), 1, 0), MX_ERR_INVALID_ARGS, "requeue to itself");
	is_int(mx_futex_requeue(W(&w), 1, 0, W((char *)&w + 3), 1, 0), MX_ERR_INVALID_ARGS, "requeue misaligned");
	is_int(mx_futex_requeue(W(8), 1, 0, W(&w), 1, 0), MX_ERR_INVALID_ARGS, "requeue from nowhere");
	munmap(none, 4096);
}

static void
order(void)
{
	enum { N = 6 };
	static struct thr t[N];
	static word w, other;
	int good = 0, woken = 0;

	for (int i = 0; i < N; i++) {
		go(&t[i], wait_zero, &w);
		asleep(&t[i]);
	}
	for (int i = 0; i < 3; i++) {
		mx_futex_wake(W(&w), 1);
		msleep(5);
		good += t[i].done && !t[i + 1].done;
	}
	is_int(good, 3, "wakes in order of arrival");
	is_int(mx_futex_requeue(W(&w), 1, 0, W(&other), 1, 0), MX_OK, "requeue: one wakes, one moves");
	msleep(5);
	ok(t[3].done && !t[4].done && !t[5].done, "one woke");
	mx_futex_wake(W(&w), 1);
	msleep(5);
	ok(t[5].done && !t[4].done, "one stayed");
	mx_futex_wake(W(&other), 10);
	for (int i = 0; i < N; i++) {
		end(&t[i]);
		woken += t[i].status == MX_OK;
	}
	is_int(woken, N, "the moved one wakes where it was moved to; all with OK");
}

static volatile int handled;

static void
on_signal(int sig)
{
	handled++;
}

static void
wait_timed(struct thr *t)
{
	t->status = mx_futex_wait(W(t->at), 0, 0, mx_deadline_after(MX_MSEC(50)));
}

static void
interruption(void)
{
	static word w;
	struct thr t = { 0 };

	signal(SIGUSR1, on_signal);
	go(&t, wait_zero, &w);
	asleep(&t);
	__sys_tgkill(0, t.tid, SIGUSR1);
	msleep(10);
	ok(handled == 1 && !t.done, "a signal is handled and the wait goes on");
	mx_futex_wake(W(&w), 1);
	end(&t);
	is_int(t.status, MX_OK, "until it is woken");
	go(&t, wait_timed, &w);
	asleep(&t);
	__sys_tgkill(0, t.tid, SIGUSR1);
	end(&t);
	is_int(t.status, MX_ERR_TIMED_OUT, "a deadline stays what it was");
	signal(SIGUSR1, SIG_DFL);
}

/* A wake and a time-out that meet: the wake is not lost. */
static void
wait_often(struct thr *t)
{
	for (int i = 0; i < 2000; i++) {
		int s = mx_futex_wait(W(t->at), 0, 0, mx_deadline_after(MX_USEC(i % 50)));

		t->count += s == MX_OK;
		t->status |= s != MX_OK && s != MX_ERR_TIMED_OUT;
	}
}

static void
races(void)
{
	static word w;
	static struct thr t[3];

	for (int i = 0; i < 3; i++)
		go(&t[i], wait_often, &w);
	while (!t[0].done || !t[1].done || !t[2].done) {
		mx_futex_wake(W(&w), 1);
		sched_yield();
	}
	for (int i = 0; i < 3; i++)
		end(&t[i]);
	ok(t[0].status == 0 && t[1].status == 0 && t[2].status == 0, "wakes race with time-outs: OK or TIMED_OUT");
}

/* --- owners --- */

static void
spin(struct thr *t)
{
	while (*t->at == 0)
		t->count++;
}

static void
set_class(struct thr *t, int class)
{
	struct abi_thrrtop r = { .op = THRRT_SET, .class = class };

	__sys_throp(THR_RTOP, t->tid, &r);
}

static uint64_t
owner_of(word *w)
{
	uint64_t koid = 99;

	return mx_futex_get_owner(W(w), &koid) == MX_OK ? koid : 98;
}

static void
owners(void)
{
	static word w, other, stop;
	static struct thr owner, hog, a, b;
	long before;

	is_int((long)owner_of(&w), 0, "nobody waits: no owner");
	go(&owner, spin, &stop);
	set_class(&owner, THR_CLASS_BATCH);
	go(&hog, spin, &stop);
	msleep(20);
	before = owner.count;
	msleep(100);
	is_int(owner.count - before, 0, "a batch thread starves beside a user thread");
	a.owner = owner.h;
	go(&a, wait_zero, &w);
	asleep(&a);
	ok(owner_of(&w) == owner.koid, "get_owner");
	before = owner.count;
	msleep(100);
	ok(owner.count > before, "it runs while a user thread waits for it");
	b.owner = a.h;
	go(&b, wait_zero, &w);
	msleep(20);
	is_int(b.done && b.status == MX_ERR_INVALID_ARGS, 1, "a waiter of the word is no owner of it");
	end(&b);
	ok(owner_of(&w) == owner.koid, "and nothing changed");
	b.owner = owner.h;
	go(&b, wait_zero, &w);
	asleep(&b);
	is_int(mx_futex_wake_single_owner(W(&w)), MX_OK, "wake_single_owner");
	ok(owner_of(&w) == a.koid || owner_of(&w) == 0, "the woken thread owns it, while it lives");
	end(&a);
	is_int((long)owner_of(&w), 0, "a dead thread owns nothing");
	msleep(20);
	before = owner.count;
	msleep(100);
	is_int(owner.count - before, 0, "nothing is lent any more");
	is_int(mx_futex_requeue(W(&w), 0, 0, W(&other), 1, owner.h), MX_OK, "requeue names the owner there");
	ok(owner_of(&other) == owner.koid && owner_of(&w) == 0, "there, not here");
	before = owner.count;
	msleep(100);
	ok(owner.count > before, "which runs again");
	mx_futex_wake(W(&other), 1);
	end(&b);
	is_int((long)owner_of(&other), 0, "wake takes the owner away");
	stop = 1;
	end(&hog);
	end(&owner);
}

/* Each waits for the next: a ring of owners must not hang the kernel. */
static void
ring(void)
{
	static word w[3];
	static struct thr t[3];

	for (int i = 0; i < 3; i++) {
		t[i].owner = 0;
		go(&t[i], wait_zero, &w[i]);
		asleep(&t[i]);
	}
	for (int i = 0; i < 3; i++)	/* a wait of ours that only says who owns it */
		mx_futex_wait(W(&w[i]), 0, t[(i + 1) % 3].h, mx_deadline_after(MX_MSEC(1)));
	for (int i = 0; i < 3; i++)
		mx_futex_wake(W(&w[i]), 10);
	for (int i = 0; i < 3; i++)
		end(&t[i]);
	ok(1, "a ring of owners");
}

/* --- processes --- */

static void
processes(void)
{
	word *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	static word private;
	pid_t pid = fork();
	int st;

	if (pid == 0) {
		st = mx_futex_wait(W(shared), 0, 0, mx_deadline_after(MX_SEC(20)));
		_exit(st == MX_OK ? 3 : 4);
	}
	msleep(30);
	mx_futex_wake(W(shared), 1);
	st = child_status(pid);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 3, "a word of shared memory is one futex in two processes");
	pid = fork();
	if (pid == 0) {
		st = mx_futex_wait(W(&private), 0, 0, mx_deadline_after(MX_MSEC(100)));
		_exit(st == MX_ERR_TIMED_OUT ? 3 : 4);
	}
	msleep(30);
	mx_futex_wake(W(&private), 1);
	st = child_status(pid);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 3, "one of private memory is another's");
	/* The memory goes while somebody waits on it. */
	pid = fork();
	if (pid == 0) {
		static struct thr t;

		go(&t, wait_zero, shared);
		asleep(&t);
		munmap((void *)shared, 4096);
		msleep(10);
		_exit(t.done ? 4 : 3);
	}
	st = child_status(pid);
	ok(WIFEXITED(st) && WEXITSTATUS(st) == 3, "unmapped under a waiter: it sleeps on");
	munmap((void *)shared, 4096);
}

int
main(void)
{
	errors();
	order();
	interruption();
	races();
	owners();
	ring();
	processes();
	return tap_done();
}
