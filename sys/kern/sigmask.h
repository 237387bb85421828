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
 * through sigmask_deadline(), which gives the first one back when the call is made again; it
 * returns sigmask_interrupted() for the signal, and else calls sigmask_deadline_done().
 */
nsec_t sigmask_deadline(nsec_t deadline);
int sigmask_interrupted(void);		/* always ERESTART */
void sigmask_deadline_done(void);
