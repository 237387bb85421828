#pragma once
/* Keyboard and mouse of the console. */
#include "kern/types.h"

struct abi_event;

/* To root's listeners and those of the session that has the screen's terminal now. */
void input_post(unsigned type, const struct abi_event *);
uint32_t keyboard_modifiers(void);	/* EV_MOD_*, held or locked now; of deferred calls */
bool mouse_start(void);			/* dev/mouse.c; false: there is none */
void mouse_byte(uint8_t);		/* a byte from it; of deferred calls */
