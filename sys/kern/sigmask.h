#pragma once
/*
 * A signal mask for the length of one call (ppoll, pselect, sigsuspend).  Implemented by
 * proc/signal.c.  After sigmask_set_temporary() the body waits; on the way out the handler of what
 * ended the wait runs under the temporary mask and its return restores the old one.  A body that
 * ends for another reason than a signal calls sigmask_restore().
 */
#include <abi/signal.h>

int sigmask_set_temporary(const abi_sigset_t *mask);	/* always 0 */
void sigmask_restore(void);
