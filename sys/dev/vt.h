#pragma once
/*
 * A terminal emulator, compatible with VT100 and what programs use of xterm: bytes in, a grid of
 * cells out.  Pure state: the screen that shows the grid and the lock around it are the caller's.
 */
#include "kern/types.h"

#define VT_COLS		240
#define VT_ROWS		128
#define VT_PARAMS	16

/* A cell: character, colours (ANSI order, 8-15 bright), marks. */
#define VT_CODE(c)	((c) & 0x1fffffu)
#define VT_FG(c)	((c) >> 21 & 15)
#define VT_BG(c)	((c) >> 25 & 15)
#define VT_UNDERLINE	(1u << 29)
#define VT_ATTR(fg, bg)	((uint32_t)(fg) << 21 | (uint32_t)(bg) << 25)
#define VT_DEFAULT_FG	7u
#define VT_DEFAULT_BG	0u

struct vt_pen {
	uint8_t fg, bg;
	bool bold, underline, reverse;
};

struct vt_saved {
	uint16_t x, y;
	struct vt_pen pen;
	uint8_t charset[2], shift;
	bool origin, wrap_next;
};

enum vt_state { VT_GROUND, VT_ESC, VT_ESC_SKIP, VT_CSI, VT_OSC, VT_STRING, VT_STRING_ESC, VT_CHARSET, VT_HASH };

struct vt {
	uint16_t cols, rows;
	uint32_t *cells;		/* the grid shown: row * cols + column */
	uint32_t *other;		/* the other of main and alternate grid */
	uint16_t x, y;
	uint16_t top, bottom;		/* scroll region, both inclusive */
	struct vt_pen pen;
	struct vt_saved saved[2];	/* main, alternate */
	bool alternate;
	bool wrap_next;			/* the last column was written; the next character wraps first */
	bool autowrap, origin, insert, newline, app_cursor, app_keypad, cursor_hidden, reverse;
	uint8_t charset[2], shift;	/* 'B' or '0' for G0 and G1, and which is in use */
	uint8_t charset_slot;
	uint32_t last;			/* character that REP repeats */
	/* Parser. */
	uint8_t state;			/* enum vt_state */
	uint8_t private, intermediate;
	uint8_t skip;			/* bytes of a sequence without an end mark */
	bool param_given;
	uint8_t nparams;
	uint16_t params[VT_PARAMS];
	uint32_t utf8, utf8_min;
	uint8_t utf8_left;
	bool bell;			/* rung; the caller clears it */
	uint8_t tabs[VT_COLS / 8];
	uint8_t dirty[VT_ROWS];		/* rows that changed; the caller clears them */
	/* Answers to the program (status and attribute requests). */
	void (*reply)(void *arg, const char *text, size_t n);
	void *arg;
};

/* memory: 2 * cols * rows words. */
void vt_init(struct vt *, uint16_t cols, uint16_t rows, uint32_t *memory,
    void (*reply)(void *, const char *, size_t), void *arg);
void vt_write(struct vt *, const uint8_t *, size_t);
