/*
 * Locks that outlive their holder: the robust mutexes of POSIX.
 *
 * A thread keeps a list of the locks it holds in its own memory and tells the kernel once where it begins
 * (throp, THR_ROBUST; abi/thread.h).  Taking and letting go of a lock costs no call.  When the thread ends, and when it
 * executes another program, the list is walked in its address space: the word of each lock becomes
 * THR_LOCK_DIED, and one of those who wait is woken and finds out.
 *
 * A thread may end between its writes to the word and to the list.  The lock that it works on is `pending'
 * then: if it holds it, it is treated like one in the list; if nobody does, the thread may have let it
 * go and not yet have woken anybody, or have been woken to take it.  A wake-up too many does no harm.
 *
 * All of this is user memory, which another process may share and write: each word is read once, what is
 * written is written only over the thread's own id, and the walk is bounded.
 */
#include "ipc/futex.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "mach/user.h"
#include <abi/thread.h>

#define TRIES	16			/* at a word that others change at the same time */

int
robust_set(uintptr_t head)
{
	if (head % sizeof(uint64_t) != 0 || !user_range_ok(head, sizeof(struct abi_robust)))
		return EINVAL;
	thr_self()->t_robust = head;
	return 0;
}

static void
give_on(uintptr_t at, bool pending)
{
	const uint32_t me = (uint32_t)thr_self()->t_tid;
	uint32_t word, seen;
	int error = user_load32((const void __user *)at, &word);

	for (int i = 0; i < TRIES && error == 0; i++) {
		uint32_t holder = word & THR_LOCK_TID;

		if (holder != me) {
			if (holder == 0 && pending)
				error = futex_pass(at);
			return;
		}
		seen = word;
		error = user_cas32((void __user *)at, &seen, (word & THR_LOCK_WAITERS) | THR_LOCK_DIED);
		if (error == 0 && seen == word) {
			if ((word & THR_LOCK_WAITERS) != 0)
				error = futex_pass(at);
			return;
		}
		word = seen;
	}
}

void
robust_exit(void)
{
	struct thr *t = thr_self();
	uintptr_t user = t->t_robust;
	struct abi_robust head;
	struct abi_lock lock;
	uint64_t at;

	if (likely(user == 0))
		return;
	t->t_robust = 0;
	if (copyin((const void __user *)user, &head, sizeof(head)) != 0)
		return;
	at = head.first;
	for (int i = 0; i < THR_ROBUST_MAX && at != 0; i++) {
		/* Read before somebody else may link it into his list. */
		if (copyin((const void __user *)(uintptr_t)at, &lock, sizeof(lock)) != 0)
			break;
		if (at != head.pending)
			give_on((uintptr_t)at, false);
		at = lock.next;
	}
	if (head.pending != 0)
		give_on((uintptr_t)head.pending, true);
}
