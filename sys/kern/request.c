/*
 * Requests.
 *
 * Some calls wait for more than a level can say: semop for several counters at once, msgrcv for a message
 * of its type, fcntl for a range of bytes that nobody has.  Such a call puts itself, as a request, on a list
 * of the object and waits until its request is finished.  Who changes the object goes along the list,
 * carries out under the object's lock what has become possible, and finishes it: the oldest goes first,
 * nobody who came later takes away what a sleeper was woken for, and nobody is woken for nothing.
 *
 * "Finished" is a level of the request's own source, so the sleep is sig_wait() like every other.  A
 * request that was finished counts, even if a signal or the deadline came before its thread ran.
 */
#include "kern/request.h"
#include "kern/assert.h"
#include <abi/sig.h>

void
request_init(struct request *r, struct spin *lock)
{
	list_init(&r->link);
	sigsrc_init(&r->done, lock, 0);
	r->error = 0;
}

void
request_finish(struct request *r, int error, struct wakelist *w)
{
	ASSERT((r->done.bits & SIG_SIGNALED) == 0);
	list_remove(&r->link);
	r->error = error;
	sig_change(&r->done, 0, SIG_SIGNALED, w);
}

int
request_wait(struct request *r, nsec_t deadline)
{
	struct spin *lock = r->done.lock;
	int error;

	ASSERT(spin_held(lock));
	spin_unlock(lock);
	error = sig_wait(&r->done, SIG_SIGNALED, WAIT_INTR, deadline, NULL, NULL);
	spin_lock(lock);
	if ((r->done.bits & SIG_SIGNALED) != 0)
		return r->error;
	list_remove(&r->link);
	return error;
}
