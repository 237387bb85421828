#pragma once
/* The i8042: two lines, a keyboard's and a mouse's, with one data port.  See dev/ps2.c. */
#include "kern/types.h"

enum ps2_line { PS2_KEYBOARD, PS2_MOUSE };

/* Finds the controller and turns both lines off.  False: there is none. */
bool ps2_start(void);
/* Turns a line on, still without interrupts. */
void ps2_open(enum ps2_line);
/* Before ps2_listen(): sends a byte to what is on the line.  False: nobody acknowledged. */
bool ps2_send(enum ps2_line, uint8_t byte);
bool ps2_answer(enum ps2_line, uint8_t *byte);
/* Turns the line's interrupt on; from then on each byte goes to fn, in a deferred call. */
void ps2_listen(enum ps2_line, void (*fn)(uint8_t byte));
