#pragma once
/* What vt.c (the parser), vt_grid.c and vt_pen.c share. */
#include "dev/vt.h"

/* The rows that change are marked dirty by all of these. */
void grid_touch(struct vt *);		/* all rows */
void grid_put(struct vt *, uint32_t c);	/* a character at the cursor */
void grid_fill(struct vt *, unsigned y, unsigned from, unsigned to);	/* with blanks */
void grid_erase(struct vt *, unsigned how);	/* ED: 0 from the cursor on, 1 up to it, 2 all */
void grid_erase_line(struct vt *, unsigned how);
void grid_erase_all(struct vt *);
void grid_insert(struct vt *, unsigned n);	/* blanks at the cursor */
void grid_delete(struct vt *, unsigned n);
/* Moves the lines [from, bottom] of the region by n: up (n lines vanish at `from') or down. */
void grid_scroll(struct vt *, unsigned from, unsigned n, bool up);
void grid_shift(struct vt *, unsigned n, bool up);	/* from the cursor's line on, if it is in the region */
void grid_swap(struct vt *, bool alternate);
void grid_test(struct vt *);			/* DECALN */

void grid_move(struct vt *, int x, int y);	/* the cursor */
/* As programs address it: from the region's top in origin mode. */
void grid_address(struct vt *, int x, int y);
void grid_feed(struct vt *);
void grid_feed_back(struct vt *);
void grid_tab(struct vt *, unsigned n);
void grid_tab_back(struct vt *, unsigned n);
void cursor_save(struct vt *);
void cursor_restore(struct vt *);

void pen_reset(struct vt *);
void pen_select(struct vt *);		/* SGR, by the parameters of the sequence */
