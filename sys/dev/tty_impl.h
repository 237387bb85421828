#pragma once
/* What the files of the terminal share: tty.c, tty_ioctl.c, ttyport.c. */
#include "dev/tty.h"

/* What is to be done once the lock is free. */
struct tty_after {
	struct wakelist wake;
	int32_t pgid;			/* of the group that gets the signals, or 0 */
	uint32_t signals;
	bool resized;
};

/* Everything that changes a terminal is between these two: levels, signals and the driver follow. */
void tty_enter_lock(struct tty *, struct tty_after *);
void tty_leave_lock(struct tty *, struct tty_after *);
/* Of a node whose operations are a terminal's. */
struct tty *tty_of(struct node *);
int tty_ioctl(struct node *, unsigned long cmd, uintptr_t arg, int *result) __must_check;

/* Makes it the current session's terminal; EPERM when it cannot be. */
int tty_acquire(struct tty *) __must_check;
/* Takes it away from its session, which lives on without. */
void tty_release(struct tty *);
bool tty_controls_me(struct tty *);
/* Before a change of the terminal, and a write with TOSTOP: ERESTART after SIGTTOU was sent, EIO where that
 * would not help. */
int tty_check_write(struct tty *) __must_check;
