#pragma once
/* Writers of a device take turns: one has it until all its bytes went, or it gives up. */
#include "kern/error.h"
#include "kern/lock.h"
#include "kern/uio.h"
#include "kern/wait.h"

/*
 * Calls put(arg, uio) until there is nothing left.  It moves some, or says ESHOULDWAIT: SIG_WRITABLE of the
 * source tells when it may be tried again.  An error after some bytes is none.
 */
int turn_write(struct mutex *, struct sigsrc *, struct uio *, int (*put)(void *, struct uio *), void *arg)
    __must_check;
