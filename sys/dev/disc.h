#pragma once
/*
 * The line discipline: what happens to each byte between a terminal and its programs.  Pure state
 * without locks or waits; dev/tty.c owns one a tty and calls it under the tty's lock.
 */
#include <abi/termios.h>
#include "kern/types.h"

#define DISC_IN		4096u	/* cells of unread input; also the longest line (MAX_CANON) */
#define DISC_OUT	4096u	/* bytes of processed output not yet taken by the driver */
#define DISC_EXPAND	8u	/* most bytes that one byte of output can become (a tab) */
#define DISC_ECHO	256u	/* room that writes leave for echo */

/* Signals that input asked for; tty.c sends them to the foreground group. */
#define DISC_SIGINT	1u
#define DISC_SIGQUIT	2u
#define DISC_SIGTSTP	4u

enum disc_error { DISC_BREAK, DISC_PARITY };

struct disc {
	struct abi_termios termios;
	/* Free-running positions: in_r <= in_line <= in_w <= in_r + DISC_IN. */
	uint32_t in_r;		/* next cell to read */
	uint32_t in_line;	/* end of what may be read: complete lines, or all in raw mode */
	uint32_t in_w;
	uint32_t out_r, out_w;
	uint32_t column;	/* of the cursor, as far as output tells */
	uint32_t line_column;	/* where the line that is being edited began */
	uint32_t flushes;	/* steps whenever unread input is discarded */
	uint32_t signals;	/* DISC_SIG*, taken by tty.c */
	uint8_t send;		/* START or STOP to be sent before all other output; 0 none */
	bool lnext;		/* the next byte is literal */
	bool out_stopped;
	bool in_stopped;	/* we sent STOP because of IXOFF */
	uint16_t in[DISC_IN];	/* byte, with CELL_* */
	uint8_t out[DISC_OUT];
};

void disc_init(struct disc *);
void disc_set(struct disc *, const struct abi_termios *);
/* How many bytes disc_input() takes now without losing one for want of room. */
size_t disc_room(const struct disc *);
void disc_input(struct disc *, const uint8_t *, size_t);
void disc_input_error(struct disc *, enum disc_error, uint8_t c);
/* Bytes a read would give, at least what a read needs not to wait: avail is 0 iff nothing, not even
 * an end of file, can be read; count leaves end-of-file marks out. */
size_t disc_avail(const struct disc *);
size_t disc_count(const struct disc *);
/* Copies at most n bytes of at most one line; *cells is what disc_consume() must be told;
 * *end: the line (or end of file) is complete. */
size_t disc_peek(const struct disc *, uint8_t *, size_t n, uint32_t *cells, bool *end);
void disc_consume(struct disc *, uint32_t cells);
/* Processes output; returns the bytes used, fewer than n when the ring is full. */
size_t disc_output(struct disc *, const uint8_t *, size_t n);
bool disc_can_output(const struct disc *);	/* disc_output() would use at least one byte */
/* The driver's side: what may be sent now. */
bool disc_pending(const struct disc *);
size_t disc_fetch(struct disc *, uint8_t *, size_t n);
size_t disc_unsent(const struct disc *);	/* also while stopped */
void disc_flush_in(struct disc *);
void disc_flush_out(struct disc *);
void disc_stop(struct disc *, bool stop);	/* tcflow's TCOOFF and TCOON */
