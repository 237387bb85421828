#pragma once
/* The screen's terminal, tty0. */
#include "kern/types.h"

struct ttyport;

struct ttyport *screen_port(void);	/* NULL when there is no screen */
bool screen_app_cursor(void);		/* the program wants application cursor keys (DECCKM) */
