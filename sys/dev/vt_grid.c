/*
 * The grid of the terminal emulator: cells, the cursor among them, and what moves and clears.
 *
 * Wrapping is the VT100's: a character in the last column leaves the cursor there and sets wrap_next; the next
 * printable character moves to the next line first.  Every cursor movement clears it.
 */
#include "dev/vt_impl.h"
#include "kern/string.h"

static uint32_t *
grid_row(struct vt *v, unsigned y)
{
	return v->cells + (size_t)y * v->cols;
}

void
grid_touch(struct vt *v)
{
	memset(v->dirty, 1, v->rows);
}

static uint32_t
blank(const struct vt *v)
{
	return ' ' | VT_ATTR(VT_DEFAULT_FG, v->pen.reverse ? v->pen.fg : v->pen.bg);
}

void
grid_fill(struct vt *v, unsigned y, unsigned from, unsigned to)
{
	uint32_t *r = grid_row(v, y), b = blank(v);

	for (; from < to; from++)
		r[from] = b;
	v->dirty[y] = 1;
}

void
grid_scroll(struct vt *v, unsigned from, unsigned n, bool up)
{
	unsigned lines = v->bottom - from + 1u, y;
	size_t bytes;

	n = MIN(n, lines);
	bytes = (size_t)(lines - n) * v->cols * sizeof(uint32_t);
	if (up)
		memmove(grid_row(v, from), grid_row(v, from + n), bytes);
	else
		memmove(grid_row(v, from + n), grid_row(v, from), bytes);
	for (y = 0; y < n; y++)
		grid_fill(v, up ? v->bottom - y : from + y, 0, v->cols);
	memset(v->dirty + from, 1, lines);
}

void
grid_move(struct vt *v, int x, int y)
{
	v->x = (uint16_t)MIN(MAX(x, 0), v->cols - 1);
	v->y = (uint16_t)MIN(MAX(y, 0), v->rows - 1);
	v->wrap_next = false;
}

void
grid_address(struct vt *v, int x, int y)
{
	if (v->origin)
		y = MIN(y + v->top, v->bottom);
	grid_move(v, x, y);
}

void
grid_feed(struct vt *v)
{
	v->wrap_next = false;
	if (v->y == v->bottom)
		grid_scroll(v, v->top, 1, true);
	else if (v->y < v->rows - 1)
		v->y++;
}

void
grid_feed_back(struct vt *v)
{
	v->wrap_next = false;
	if (v->y == v->top)
		grid_scroll(v, v->top, 1, false);
	else if (v->y > 0)
		v->y--;
}

/* DEC special graphics, 0x60-0x7e. */
static uint32_t
graphics(uint32_t c)
{
	static const uint16_t map[] = {
		0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518,
		0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524,
		0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
	};

	return c >= 0x60 && c <= 0x7e ? map[c - 0x60] : c;
}

static bool
is_combining(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0xfeff ||
	    (c >= 0xfe00 && c <= 0xfe0f);
}

static uint32_t
cell_of(const struct vt *v, uint32_t c)
{
	uint32_t fg = v->pen.fg, bg = v->pen.bg;

	if (v->pen.bold)
		fg |= 8;
	if (v->pen.reverse)
		return c | VT_ATTR(bg, fg) | (v->pen.underline ? VT_UNDERLINE : 0);
	return c | VT_ATTR(fg, bg) | (v->pen.underline ? VT_UNDERLINE : 0);
}

void
grid_put(struct vt *v, uint32_t c)
{
	uint32_t *r;

	if (is_combining(c))
		return;
	if (v->charset[v->shift] == '0')
		c = graphics(c);
	if (v->wrap_next && v->autowrap) {
		v->x = 0;
		grid_feed(v);
	}
	v->wrap_next = false;
	r = grid_row(v, v->y);
	if (v->insert)
		memmove(r + v->x + 1, r + v->x, (size_t)(v->cols - 1 - v->x) * sizeof(*r));
	r[v->x] = cell_of(v, c);
	v->dirty[v->y] = 1;
	v->last = c;
	if (v->x == v->cols - 1)
		v->wrap_next = true;
	else
		v->x++;
}

void
grid_swap(struct vt *v, bool alternate)
{
	uint32_t *cells = v->cells;

	if (v->alternate == alternate)
		return;
	v->cells = v->other;
	v->other = cells;
	v->alternate = alternate;
	grid_touch(v);
}

void
cursor_save(struct vt *v)
{
	v->saved[v->alternate] = (struct vt_saved){ .x = v->x, .y = v->y, .pen = v->pen,
	    .charset = { v->charset[0], v->charset[1] }, .shift = v->shift, .origin = v->origin,
	    .wrap_next = v->wrap_next };
}

void
cursor_restore(struct vt *v)
{
	const struct vt_saved *s = &v->saved[v->alternate];

	grid_move(v, s->x, s->y);
	v->pen = s->pen;
	v->charset[0] = s->charset[0];
	v->charset[1] = s->charset[1];
	v->shift = s->shift;
	v->origin = s->origin;
	v->wrap_next = s->wrap_next;
}

void
grid_erase_all(struct vt *v)
{
	unsigned y;

	for (y = 0; y < v->rows; y++)
		grid_fill(v, y, 0, v->cols);
}

void
grid_erase(struct vt *v, unsigned how)
{
	unsigned y;

	v->wrap_next = false;
	if (how == 0) {
		grid_fill(v, v->y, v->x, v->cols);
		for (y = v->y + 1u; y < v->rows; y++)
			grid_fill(v, y, 0, v->cols);
	} else if (how == 1) {
		for (y = 0; y < v->y; y++)
			grid_fill(v, y, 0, v->cols);
		grid_fill(v, v->y, 0, v->x + 1u);
	} else if (how == 2)
		grid_erase_all(v);
}

void
grid_erase_line(struct vt *v, unsigned how)
{
	v->wrap_next = false;
	if (how == 0)
		grid_fill(v, v->y, v->x, v->cols);
	else if (how == 1)
		grid_fill(v, v->y, 0, v->x + 1u);
	else if (how == 2)
		grid_fill(v, v->y, 0, v->cols);
}

void
grid_insert(struct vt *v, unsigned n)
{
	uint32_t *r = grid_row(v, v->y);

	n = MIN(n, v->cols - v->x + 0u);
	memmove(r + v->x + n, r + v->x, (v->cols - v->x - n) * sizeof(*r));
	grid_fill(v, v->y, v->x, v->x + n);
	v->wrap_next = false;
}

void
grid_delete(struct vt *v, unsigned n)
{
	uint32_t *r = grid_row(v, v->y);

	n = MIN(n, v->cols - v->x + 0u);
	memmove(r + v->x, r + v->x + n, (v->cols - v->x - n) * sizeof(*r));
	grid_fill(v, v->y, v->cols - n, v->cols);
	v->wrap_next = false;
}

void
grid_shift(struct vt *v, unsigned n, bool up)
{
	if (v->y < v->top || v->y > v->bottom)
		return;
	grid_scroll(v, v->y, n, up);
	grid_move(v, 0, v->y);
}

void
grid_tab(struct vt *v, unsigned n)
{
	while (n-- > 0 && v->x < v->cols - 1)
		do
			v->x++;
		while (v->x < v->cols - 1 && (v->tabs[v->x / 8] >> v->x % 8 & 1) == 0);
}

void
grid_tab_back(struct vt *v, unsigned n)
{
	v->wrap_next = false;
	while (n-- > 0 && v->x > 0)
		do
			v->x--;
		while (v->x > 0 && (v->tabs[v->x / 8] >> v->x % 8 & 1) == 0);
}

void
grid_test(struct vt *v)
{
	size_t i;

	for (i = 0; i < (size_t)v->cols * v->rows; i++)
		v->cells[i] = 'E' | VT_ATTR(VT_DEFAULT_FG, VT_DEFAULT_BG);
	grid_touch(v);
	grid_move(v, 0, 0);
}
