#pragma once
/*
 * A signal mask for the length of one call (ppoll, pselect, sigsuspend).  Implemented by
 * proc/signal.c.  After sigmask_set_temporary() the body waits; on the way out the handler of what
 * ended the wait runs under the temporary mask and its return restores the old one.  A body that
 * ends for another reason than a signal calls sigmask_restore().
 */
#include <abi/signal.h>
#include "kern/types.h"

int sigmask_set_temporary(const abi_sigset_t *mask);	/* always 0 */
void sigmask_restore(void);

/*
 * Waits that a handler ends with EINTR even if it was installed with SA_RESTART, but that are made
 * again when no handler runs (a stop and a continue).  The body takes its relative deadline
 * through sigmask_deadline(), which gives the first one back when the call is made again, and
 * returns sigmask_end(error): after ERESTART no handler lets it go on, after 0 the deadline is
 * forgotten.  (Every other error forgets it too, whoever refused the call: kern/syscall.c.)
 */
nsec_t sigmask_deadline(nsec_t deadline);
int sigmask_end(int error);		/* the same error */
