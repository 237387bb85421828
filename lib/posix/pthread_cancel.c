/*
 * Cancellation.
 *
 * pthread_cancel() marks the thread and sends it SIGCANCEL.  A call that is a cancellation point is made by
 * __cancel_asm(), which looks at the mark and makes the call; the signal's handler moves a thread that
 * stands before the call, or in one that has done nothing yet, past it.  So what a call has done is never
 * lost, and nobody sleeps through a cancellation.  With asynchronous cancellation the handler ends the thread.
 *
 * A thread that holds one of newlib's locks is not ended: stdio reads and writes with its FILE locked.
 */
#include <errno.h>
#include <signal.h>
#include <abi/signal.h>
#include "thread.h"

#define CANCELED	(-1000)

extern HIDDEN intptr_t __cancel_asm(const uint32_t *canceled, long number, long, long, long, long, long, long);
extern HIDDEN const char __cancel_begin[], __cancel_end[], __cancel_now[];
extern HIDDEN void __sigreturn(void);

static bool
may_go(const struct __pthread *t)
{
	return !t->cancel_off && !t->exiting && t->locks == 0;
}

static void
on_cancel(int sig, siginfo_t *info, void *context)
{
	struct abi_ucontext *uc = context;
	struct __pthread *t = thread_self();
	uintptr_t pc = (uintptr_t)uc->mcontext.gregs[ABI_REG_RIP];

	if (!LOAD(&t->canceled) || !may_go(t))
		return;
	if (pc >= (uintptr_t)__cancel_begin && pc < (uintptr_t)__cancel_end)
		uc->mcontext.gregs[ABI_REG_RIP] = (uintptr_t)__cancel_now;
	else if (t->cancel_async)
		pthread_exit(PTHREAD_CANCELED);
}

int
pthread_cancel(pthread_t thread)
{
	static const struct abi_sigaction act = { .handler = 0 };
	struct __pthread *t = (struct __pthread *)thread;
	struct abi_sigaction a = act;
	uint32_t tid;
	int saved = errno;

	a.handler = (uintptr_t)on_cancel;
	a.restorer = (uintptr_t)__sigreturn;
	a.flags = SA_SIGINFO | SA_RESTART;
	a.mask = ~0ull;
	(void)__sys_sigaction(SIGCANCEL, &a, NULL);
	STORE(&t->canceled, 1);
	if (t == thread_self()) {
		if (t->cancel_async)
			__cancel_point();
	} else if ((tid = LOAD(&t->tid)) != 0) {
		(void)__sys_tgkill(0, (int)tid, SIGCANCEL);
	}
	errno = saved;
	return 0;
}

void
__cancel_point(void)
{
	struct __pthread *t = thread_self();

	if (LOAD(&t->canceled) && may_go(t))
		pthread_exit(PTHREAD_CANCELED);
}

void
pthread_testcancel(void)
{
	__cancel_point();
}

int
pthread_setcancelstate(int state, int *old)
{
	struct __pthread *t = thread_self();

	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old != NULL)
		*old = t->cancel_off ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
	t->cancel_off = state == PTHREAD_CANCEL_DISABLE;
	if (!t->cancel_off && t->cancel_async)
		__cancel_point();
	return 0;
}

int
pthread_setcanceltype(int type, int *old)
{
	struct __pthread *t = thread_self();

	if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return EINVAL;
	if (old != NULL)
		*old = t->cancel_async ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
	t->cancel_async = type == PTHREAD_CANCEL_ASYNCHRONOUS;
	if (t->cancel_async)
		__cancel_point();
	return 0;
}

/* --- calls --- */

static intptr_t
call(long number, long a, long b, long c, long d, long e, long f)
{
	static const uint32_t never;
	struct __pthread *t = thread_self();

	return __cancel_asm(may_go(t) ? &t->canceled : &never, number, a, b, c, d, e, f);
}

/* A result, or -1 and errno, as the plain stub. */
intptr_t
__cancel_call(long number, long a, long b, long c, long d, long e, long f)
{
	struct __pthread *t = thread_self();
	intptr_t r = call(number, a, b, c, d, e, f);

	if (r == CANCELED)
		pthread_exit(PTHREAD_CANCELED);
	if (r >= 0)
		return r;
	/* Some calls are not made again after a signal (sleeps, poll): it may have been this one. */
	if (r == -EINTR && LOAD(&t->canceled) && may_go(t))
		pthread_exit(PTHREAD_CANCELED);
	errno = (int)-r;
	return -1;
}

int
__futex_wait_cancel(volatile uint32_t *word, uint32_t value, int64_t deadline)
{
	intptr_t r;

	if (!__threaded)
		return futex_wait(word, value, deadline);
	r = call(SYS_mx_futex_wait, (long)(uintptr_t)word, value, 0, deadline, 0, 0);
	return r == CANCELED ? ECANCELED : (int)r;
}

int
__futex_wait_signal(volatile uint32_t *word, uint32_t value, int64_t deadline)
{
	struct abi_thrwait a = { .word = (uintptr_t)word, .value = value, .deadline = deadline };
	intptr_t r = call(SYS_throp, THR_WAIT, 0, (long)(uintptr_t)&a, 0, 0, 0);

	return r == CANCELED ? ECANCELED : r == -ETIMEDOUT ? MX_ERR_TIMED_OUT : r == -EINTR ? EINTR : 0;
}
