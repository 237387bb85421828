/* Writers of a device take turns. */
#include "dev/turn.h"
#include <abi/sig.h>

int
turn_write(struct mutex *turn, struct sigsrc *sig, struct uio *uio, int (*put)(void *, struct uio *), void *arg)
{
	bool nonblock = (uio->flags & UIO_NONBLOCK) != 0;
	uint64_t asked = uio->resid;
	int error = 0;

	if (nonblock) {
		if (!mutex_trylock(turn))
			return ESHOULDWAIT;
	} else if ((error = mutex_lock_intr(turn)) != 0) {
		return error;
	}
	while (error == 0 && uio->resid > 0) {
		error = put(arg, uio);
		if (error == ESHOULDWAIT && !nonblock)
			error = sig_wait(sig, SIG_WRITABLE, WAIT_INTR | WAIT_EXCL, NSEC_INFINITE, NULL, NULL);
	}
	mutex_unlock(turn);
	return uio->resid != asked ? 0 : error;
}
