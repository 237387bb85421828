/*
 * The terminal emulator.
 *
 * The parser is a small state machine over bytes: controls act at once in every state, escape and
 * control sequences collect parameters, strings (titles and the like) are skipped to their end.
 * Printable bytes are decoded as UTF-8 first; malformed input shows U+FFFD and never hides the
 * byte that broke it.
 *
 * Wrapping is the VT100's: a character in the last column leaves the cursor there and sets
 * wrap_next; the next printable character moves to the next line first.  Every cursor movement
 * clears it.
 *
 * Colours: 16 in a cell.  Those of the 256-colour palette and 24-bit ones become the nearest.  Bold
 * is shown as the bright colour.
 */
#include "dev/vt.h"
#include "kern/string.h"

#define REPLACEMENT	0xfffdu

static void dispatch_csi(struct vt *, uint8_t);

/* --- the grid --- */

static uint32_t *
row(struct vt *v, unsigned y)
{
	return v->cells + (size_t)y * v->cols;
}

static uint32_t
blank(const struct vt *v)
{
	return ' ' | VT_ATTR(VT_DEFAULT_FG, v->pen.reverse ? v->pen.fg : v->pen.bg);
}

static void
fill(struct vt *v, unsigned y, unsigned from, unsigned to)
{
	uint32_t *r = row(v, y), b = blank(v);

	for (; from < to; from++)
		r[from] = b;
	v->dirty[y] = 1;
}

static void
dirty_all(struct vt *v)
{
	memset(v->dirty, 1, v->rows);
}

/* Moves the lines [from, bottom] of the region by n: up (n lines vanish at `from') or down. */
static void
scroll(struct vt *v, unsigned from, unsigned n, bool up)
{
	unsigned lines = v->bottom - from + 1u, y;
	size_t bytes;

	n = MIN(n, lines);
	bytes = (size_t)(lines - n) * v->cols * sizeof(uint32_t);
	if (up)
		memmove(row(v, from), row(v, from + n), bytes);
	else
		memmove(row(v, from + n), row(v, from), bytes);
	for (y = 0; y < n; y++)
		fill(v, up ? v->bottom - y : from + y, 0, v->cols);
	memset(v->dirty + from, 1, lines);
}

static void
move_to(struct vt *v, int x, int y)
{
	v->x = (uint16_t)MIN(MAX(x, 0), v->cols - 1);
	v->y = (uint16_t)MIN(MAX(y, 0), v->rows - 1);
	v->wrap_next = false;
}

/* As programs address it: from the region's top in origin mode. */
static void
move_addressed(struct vt *v, int x, int y)
{
	if (v->origin)
		y = MIN(y + v->top, v->bottom);
	move_to(v, x, y);
}

static void
line_feed(struct vt *v)
{
	v->wrap_next = false;
	if (v->y == v->bottom)
		scroll(v, v->top, 1, true);
	else if (v->y < v->rows - 1)
		v->y++;
}

static void
reverse_feed(struct vt *v)
{
	v->wrap_next = false;
	if (v->y == v->top)
		scroll(v, v->top, 1, false);
	else if (v->y > 0)
		v->y--;
}

/* --- characters --- */

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

static void
put(struct vt *v, uint32_t c)
{
	uint32_t *r;

	if (is_combining(c))
		return;
	if (v->charset[v->shift] == '0')
		c = graphics(c);
	if (v->wrap_next && v->autowrap) {
		v->x = 0;
		line_feed(v);
	}
	v->wrap_next = false;
	r = row(v, v->y);
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

/* Sequences of 2 to 4 bytes; whatever cannot go on is U+FFFD. */
static void
put_byte(struct vt *v, uint8_t b)
{
	if (v->utf8_left > 0 && (b & 0xc0) == 0x80) {
		v->utf8 = v->utf8 << 6 | (b & 0x3f);
		if (--v->utf8_left > 0)
			return;
		if (v->utf8 < v->utf8_min || v->utf8 > 0x10ffff || (v->utf8 >= 0xd800 && v->utf8 < 0xe000))
			v->utf8 = REPLACEMENT;
		if (v->utf8 >= 0xa0)
			put(v, v->utf8);
		return;
	}
	if (v->utf8_left > 0) {
		v->utf8_left = 0;
		put(v, REPLACEMENT);
	}
	if (b < 0x80)
		put(v, b);
	else if (b >= 0xc2 && b < 0xf5) {
		v->utf8_left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
		v->utf8 = b & (0x3fu >> v->utf8_left);
		v->utf8_min = b < 0xe0 ? 0x80 : b < 0xf0 ? 0x800 : 0x10000;
	} else
		put(v, REPLACEMENT);
}

/* --- state that is saved and reset --- */

static void
pen_reset(struct vt *v)
{
	v->pen = (struct vt_pen){ .fg = VT_DEFAULT_FG, .bg = VT_DEFAULT_BG };
}

static void
cursor_save(struct vt *v)
{
	v->saved[v->alternate] = (struct vt_saved){ .x = v->x, .y = v->y, .pen = v->pen,
	    .charset = { v->charset[0], v->charset[1] }, .shift = v->shift, .origin = v->origin,
	    .wrap_next = v->wrap_next };
}

static void
cursor_restore(struct vt *v)
{
	const struct vt_saved *s = &v->saved[v->alternate];

	move_to(v, s->x, s->y);
	v->pen = s->pen;
	v->charset[0] = s->charset[0];
	v->charset[1] = s->charset[1];
	v->shift = s->shift;
	v->origin = s->origin;
	v->wrap_next = s->wrap_next;
}

static void
tabs_reset(struct vt *v)
{
	memset(v->tabs, 0x01, sizeof(v->tabs));
}

static void
soft_reset(struct vt *v)
{
	v->top = 0;
	v->bottom = v->rows - 1;
	v->autowrap = true;
	v->origin = v->insert = v->newline = v->app_cursor = v->app_keypad = v->cursor_hidden = false;
	v->charset[0] = v->charset[1] = 'B';
	v->shift = 0;
	pen_reset(v);
}

static void
erase_all(struct vt *v)
{
	unsigned y;

	for (y = 0; y < v->rows; y++)
		fill(v, y, 0, v->cols);
}

static void
screen_swap(struct vt *v, bool alternate)
{
	uint32_t *cells = v->cells;

	if (v->alternate == alternate)
		return;
	v->cells = v->other;
	v->other = cells;
	v->alternate = alternate;
	dirty_all(v);
}

static void
full_reset(struct vt *v)
{
	screen_swap(v, false);
	soft_reset(v);
	v->reverse = false;
	tabs_reset(v);
	erase_all(v);
	move_to(v, 0, 0);
	cursor_save(v);
	v->saved[1] = v->saved[0];
}

/* --- controls --- */

static void
tab(struct vt *v, unsigned n)
{
	while (n-- > 0 && v->x < v->cols - 1)
		do
			v->x++;
		while (v->x < v->cols - 1 && (v->tabs[v->x / 8] >> v->x % 8 & 1) == 0);
}

static void
tab_back(struct vt *v, unsigned n)
{
	v->wrap_next = false;
	while (n-- > 0 && v->x > 0)
		do
			v->x--;
		while (v->x > 0 && (v->tabs[v->x / 8] >> v->x % 8 & 1) == 0);
}

static void
control(struct vt *v, uint8_t c)
{
	switch (c) {
	case '\a':
		v->bell = true;
		break;
	case '\b':
		move_to(v, v->x - 1, v->y);
		break;
	case '\t':
		tab(v, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		line_feed(v);
		if (v->newline)
			v->x = 0;
		break;
	case '\r':
		move_to(v, 0, v->y);
		break;
	case 0x0e:
	case 0x0f:
		v->shift = c == 0x0e;
		break;
	}
}

/* --- escape sequences --- */

static void
alignment_test(struct vt *v)
{
	size_t i;

	for (i = 0; i < (size_t)v->cols * v->rows; i++)
		v->cells[i] = 'E' | VT_ATTR(VT_DEFAULT_FG, VT_DEFAULT_BG);
	dirty_all(v);
	move_to(v, 0, 0);
}

static void
csi_begin(struct vt *v)
{
	v->state = VT_CSI;
	v->private = v->intermediate = 0;
	v->nparams = 0;
	v->param_given = false;
	memset(v->params, 0, sizeof(v->params));
}

static void
escape(struct vt *v, uint8_t c)
{
	v->state = VT_GROUND;
	switch (c) {
	case '[':
		csi_begin(v);
		break;
	case ']':
		v->state = VT_OSC;
		break;
	case 'P': case 'X': case '^': case '_':
		v->state = VT_STRING;
		break;
	case '(': case ')':
		v->charset_slot = c == ')';
		v->state = VT_CHARSET;
		break;
	case '*': case '+': case '-': case '.': case '/': case '%': case ' ':
		v->state = VT_ESC_SKIP;
		break;
	case '#':
		v->state = VT_HASH;
		break;
	case '7':
		cursor_save(v);
		break;
	case '8':
		cursor_restore(v);
		break;
	case 'D':
		line_feed(v);
		break;
	case 'E':
		v->x = 0;
		line_feed(v);
		break;
	case 'H':
		v->tabs[v->x / 8] |= (uint8_t)(1u << v->x % 8);
		break;
	case 'M':
		reverse_feed(v);
		break;
	case 'Z':
		csi_begin(v);
		v->state = VT_GROUND;
		dispatch_csi(v, 'c');
		break;
	case 'c':
		full_reset(v);
		break;
	case '=': case '>':
		v->app_keypad = c == '=';
		break;
	}
}

/* --- control sequences --- */

/* Parameter i, or `def' when it is missing or 0. */
static unsigned
param(const struct vt *v, unsigned i, unsigned def)
{
	return i < v->nparams && v->params[i] != 0 ? v->params[i] : def;
}

static size_t
put_number(char *p, unsigned n)
{
	char digits[8];
	size_t len = 0, i;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	for (i = 0; i < len; i++)
		p[i] = digits[len - 1 - i];
	return len;
}

static void
reply_numbers(struct vt *v, const char *prefix, unsigned a, unsigned b, char final)
{
	char buf[40];
	size_t n = strlen(prefix);

	memcpy(buf, prefix, n);
	n += put_number(buf + n, a);
	buf[n++] = ';';
	n += put_number(buf + n, b);
	buf[n++] = final;
	v->reply(v->arg, buf, n);
}

static void
reply_text(struct vt *v, const char *text)
{
	v->reply(v->arg, text, strlen(text));
}

static void
erase_display(struct vt *v, unsigned how)
{
	unsigned y;

	v->wrap_next = false;
	if (how == 0) {
		fill(v, v->y, v->x, v->cols);
		for (y = v->y + 1u; y < v->rows; y++)
			fill(v, y, 0, v->cols);
	} else if (how == 1) {
		for (y = 0; y < v->y; y++)
			fill(v, y, 0, v->cols);
		fill(v, v->y, 0, v->x + 1u);
	} else if (how == 2)
		erase_all(v);
}

static void
erase_line(struct vt *v, unsigned how)
{
	v->wrap_next = false;
	if (how == 0)
		fill(v, v->y, v->x, v->cols);
	else if (how == 1)
		fill(v, v->y, 0, v->x + 1u);
	else if (how == 2)
		fill(v, v->y, 0, v->cols);
}

static void
insert_chars(struct vt *v, unsigned n)
{
	uint32_t *r = row(v, v->y);

	n = MIN(n, v->cols - v->x + 0u);
	memmove(r + v->x + n, r + v->x, (v->cols - v->x - n) * sizeof(*r));
	fill(v, v->y, v->x, v->x + n);
	v->wrap_next = false;
}

static void
delete_chars(struct vt *v, unsigned n)
{
	uint32_t *r = row(v, v->y);

	n = MIN(n, v->cols - v->x + 0u);
	memmove(r + v->x, r + v->x + n, (v->cols - v->x - n) * sizeof(*r));
	fill(v, v->y, v->cols - n, v->cols);
	v->wrap_next = false;
}

static void
shift_lines(struct vt *v, unsigned n, bool up)
{
	if (v->y < v->top || v->y > v->bottom)
		return;
	scroll(v, v->y, n, up);
	move_to(v, 0, v->y);
}

static void
set_region(struct vt *v)
{
	unsigned top = param(v, 0, 1), bottom = MIN(param(v, 1, v->rows), v->rows + 0u);

	if (top >= bottom)
		return;
	v->top = (uint16_t)(top - 1);
	v->bottom = (uint16_t)(bottom - 1);
	move_addressed(v, 0, 0);
}

static void
tab_clear(struct vt *v, unsigned how)
{
	if (how == 0)
		v->tabs[v->x / 8] &= (uint8_t)~(1u << v->x % 8);
	else if (how == 3)
		memset(v->tabs, 0, sizeof(v->tabs));
}

/* --- colours --- */

static uint8_t
nearest(unsigned r, unsigned g, unsigned b)
{
	unsigned top = MAX(MAX(r, g), b), c;

	if (top < 64)
		return 0;
	if (top - MIN(MIN(r, g), b) < 32)
		return top < 96 ? 0 : top < 150 ? 8 : top < 220 ? 7 : 15;
	c = (r * 2 > top ? 1u : 0) | (g * 2 > top ? 2u : 0) | (b * 2 > top ? 4u : 0);
	return (uint8_t)(c | (top > 191 ? 8 : 0));
}

static uint8_t
palette(unsigned n)
{
	static const uint8_t level[] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return (uint8_t)n;
	if (n >= 232)
		return nearest((n - 232) * 10 + 8, (n - 232) * 10 + 8, (n - 232) * 10 + 8);
	n -= 16;
	return nearest(level[n / 36], level[n / 6 % 6], level[n % 6]);
}

/* 38 and 48: 5;INDEX or 2;R;G;B.  Returns the parameters used. */
static unsigned
extended(const struct vt *v, unsigned i, uint8_t *colour)
{
	if (i + 1 < v->nparams && v->params[i] == 5) {
		*colour = palette(v->params[i + 1] & 0xff);
		return 2;
	}
	if (i + 3 < v->nparams && v->params[i] == 2) {
		*colour = nearest(v->params[i + 1] & 0xff, v->params[i + 2] & 0xff, v->params[i + 3] & 0xff);
		return 4;
	}
	return v->nparams;
}

static unsigned
rendition(struct vt *v, unsigned i)
{
	unsigned p = v->params[i];

	if (p >= 30 && p <= 37)
		v->pen.fg = (uint8_t)(p - 30);
	else if (p >= 40 && p <= 47)
		v->pen.bg = (uint8_t)(p - 40);
	else if (p >= 90 && p <= 97)
		v->pen.fg = (uint8_t)(p - 90 + 8);
	else if (p >= 100 && p <= 107)
		v->pen.bg = (uint8_t)(p - 100 + 8);
	else if (p == 38)
		return extended(v, i + 1, &v->pen.fg);
	else if (p == 48)
		return extended(v, i + 1, &v->pen.bg);
	else
		switch (p) {
		case 0:
			pen_reset(v);
			break;
		case 1:
			v->pen.bold = true;
			break;
		case 4:
			v->pen.underline = true;
			break;
		case 7:
			v->pen.reverse = true;
			break;
		case 22:
			v->pen.bold = false;
			break;
		case 24:
			v->pen.underline = false;
			break;
		case 27:
			v->pen.reverse = false;
			break;
		case 39:
			v->pen.fg = VT_DEFAULT_FG;
			break;
		case 49:
			v->pen.bg = VT_DEFAULT_BG;
			break;
		}
	return 0;
}

static void
select_rendition(struct vt *v)
{
	unsigned i;

	if (v->nparams == 0)
		pen_reset(v);
	for (i = 0; i < v->nparams; i++)
		i += rendition(v, i);
}

/* --- modes --- */

static void
alternate_screen(struct vt *v, unsigned mode, bool on)
{
	if (mode == 1049 && on)
		cursor_save(v);
	if (on != v->alternate) {
		if (!on && mode == 1047)
			erase_all(v);
		screen_swap(v, on);
		if (on && mode == 1049)
			erase_all(v);
	}
	if (mode == 1049 && !on)
		cursor_restore(v);
}

static void
private_mode(struct vt *v, unsigned mode, bool on)
{
	switch (mode) {
	case 1:
		v->app_cursor = on;
		break;
	case 5:
		v->reverse = on;
		dirty_all(v);
		break;
	case 6:
		v->origin = on;
		move_addressed(v, 0, 0);
		break;
	case 7:
		v->autowrap = on;
		break;
	case 25:
		v->cursor_hidden = !on;
		v->dirty[v->y] = 1;
		break;
	case 47: case 1047: case 1049:
		alternate_screen(v, mode, on);
		break;
	case 1048:
		if (on)
			cursor_save(v);
		else
			cursor_restore(v);
		break;
	}
}

static void
set_modes(struct vt *v, bool on)
{
	unsigned i;

	for (i = 0; i < v->nparams; i++) {
		if (v->private == '?')
			private_mode(v, v->params[i], on);
		else if (v->params[i] == 4)
			v->insert = on;
		else if (v->params[i] == 20)
			v->newline = on;
	}
}

static void
report(struct vt *v, unsigned what)
{
	if (what == 5)
		reply_text(v, "\033[0n");
	else if (what == 6)
		reply_numbers(v, v->private == '?' ? "\033[?" : "\033[", v->y + 1u - (v->origin ? v->top : 0),
		    v->x + 1u, 'R');
}

static void
repeat(struct vt *v, unsigned n)
{
	uint8_t shift = v->shift, set = v->charset[shift];

	/* `last' has been through the character set already. */
	v->charset[shift] = 'B';
	for (n = MIN(n, (unsigned)v->cols * v->rows); n > 0 && v->last != 0; n--)
		put(v, v->last);
	v->charset[shift] = set;
}

static void
dispatch_private(struct vt *v, uint8_t c)
{
	if (v->private == '?' && (c == 'h' || c == 'l'))
		set_modes(v, c == 'h');
	else if (v->private == '?' && c == 'n')
		report(v, param(v, 0, 0));
	else if (v->private == '?' && c == 'J')
		erase_display(v, param(v, 0, 0));
	else if (v->private == '?' && c == 'K')
		erase_line(v, param(v, 0, 0));
	else if (v->private == '>' && c == 'c')
		reply_text(v, "\033[>0;0;0c");
}

/* Cursor up and down stop at the region's edge when they start inside of it. */
static void
move_vertical(struct vt *v, int n)
{
	int y = v->y + n;

	if (n < 0 && v->y >= v->top)
		y = MAX(y, v->top);
	else if (n > 0 && v->y <= v->bottom)
		y = MIN(y, v->bottom);
	move_to(v, v->x, y);
}

static bool
dispatch_cursor(struct vt *v, uint8_t c)
{
	int n = (int)param(v, 0, 1);

	switch (c) {
	case 'A':
		move_vertical(v, -n);
		break;
	case 'B': case 'e':
		move_vertical(v, n);
		break;
	case 'C': case 'a':
		move_to(v, v->x + n, v->y);
		break;
	case 'D':
		move_to(v, v->x - n, v->y);
		break;
	case 'E':
		v->x = 0;
		move_vertical(v, n);
		break;
	case 'F':
		v->x = 0;
		move_vertical(v, -n);
		break;
	case 'G': case '`':
		move_to(v, n - 1, v->y);
		break;
	case 'H': case 'f':
		move_addressed(v, (int)param(v, 1, 1) - 1, n - 1);
		break;
	case 'd':
		move_addressed(v, v->x, n - 1);
		break;
	case 'I':
		tab(v, (unsigned)n);
		break;
	case 'Z':
		tab_back(v, (unsigned)n);
		break;
	default:
		return false;
	}
	return true;
}

/* What changes cells; false: it is something else. */
static bool
dispatch_edit(struct vt *v, uint8_t c, unsigned n)
{
	switch (c) {
	case '@':
		insert_chars(v, n);
		return true;
	case 'J':
		erase_display(v, param(v, 0, 0));
		return true;
	case 'K':
		erase_line(v, param(v, 0, 0));
		return true;
	case 'L': case 'M':
		shift_lines(v, n, c == 'M');
		return true;
	case 'P':
		delete_chars(v, n);
		return true;
	case 'S': case 'T':
		scroll(v, v->top, n, c == 'S');
		return true;
	case 'X':
		fill(v, v->y, v->x, MIN(v->x + n, v->cols + 0u));
		return true;
	case 'b':
		repeat(v, n);
		return true;
	}
	return false;
}

/* Modes, and what is asked. */
static void
dispatch_state(struct vt *v, uint8_t c)
{
	switch (c) {
	case 'c':
		reply_text(v, "\033[?1;2c");
		break;
	case 'g':
		tab_clear(v, param(v, 0, 0));
		break;
	case 'h': case 'l':
		set_modes(v, c == 'h');
		break;
	case 'm':
		select_rendition(v);
		break;
	case 'n':
		report(v, param(v, 0, 0));
		break;
	case 'r':
		set_region(v);
		break;
	case 's':
		cursor_save(v);
		break;
	case 'u':
		cursor_restore(v);
		break;
	case 't':
		if (param(v, 0, 0) == 18)
			reply_numbers(v, "\033[8;", v->rows, v->cols, 't');
		break;
	}
}

static void
dispatch_csi(struct vt *v, uint8_t c)
{
	if (v->intermediate != 0) {
		if (v->intermediate == '!' && c == 'p')
			soft_reset(v);
	} else if (v->private != 0) {
		dispatch_private(v, c);
	} else if (!dispatch_cursor(v, c) && !dispatch_edit(v, c, param(v, 0, 1))) {
		dispatch_state(v, c);
	}
}

static void
csi_byte(struct vt *v, uint8_t c)
{
	if (c >= '0' && c <= '9') {
		if (v->nparams == 0)
			v->nparams = 1;
		/* Values beyond what any sequence means are all the same. */
		if (v->params[v->nparams - 1] < 6000)
			v->params[v->nparams - 1] = (uint16_t)(v->params[v->nparams - 1] * 10 + (c - '0'));
	} else if (c == ';' || c == ':') {
		if (v->nparams == 0)
			v->nparams = 1;
		if (v->nparams < VT_PARAMS)
			v->nparams++;
	} else if (c >= '<' && c <= '?')
		v->private = c;
	else if (c >= 0x20 && c <= 0x2f)
		v->intermediate = c;
	else if (c >= 0x40 && c <= 0x7e) {
		v->state = VT_GROUND;
		dispatch_csi(v, c);
	} else
		v->state = VT_GROUND;
}

/* --- bytes --- */

/* Titles and other strings end with BEL or ESC \. */
static void
string_byte(struct vt *v, uint8_t c)
{
	if (v->state == VT_STRING_ESC && c != '\\') {
		v->state = VT_ESC;
		escape(v, c);
	} else if (c == 0x1b)
		v->state = VT_STRING_ESC;
	else if (c == '\a' || c == 0x18 || c == 0x1a || v->state == VT_STRING_ESC)
		v->state = VT_GROUND;
}

/*
 * ESC ] begins a string, with two exceptions that have no end mark: R (colours as they were) and P
 * with seven digits (set a colour), which terminfo's `linux' sends.  Neither does anything here.
 */
static void
osc_byte(struct vt *v, uint8_t c)
{
	if (v->skip > 0) {
		if (--v->skip == 0)
			v->state = VT_GROUND;
	} else if (c == 'R')
		v->state = VT_GROUND;
	else if (c == 'P')
		v->skip = 7;
	else {
		v->state = VT_STRING;
		string_byte(v, c);
	}
}

static void
vt_byte(struct vt *v, uint8_t c)
{
	if (v->state == VT_OSC && c >= 0x20) {
		osc_byte(v, c);
		return;
	}
	v->skip = 0;
	if (v->state == VT_STRING || v->state == VT_STRING_ESC || v->state == VT_OSC) {
		string_byte(v, c);
		return;
	}
	if (v->state != VT_GROUND && c >= 0x80)
		v->state = VT_GROUND;
	if (c == 0x1b)
		v->state = VT_ESC;
	else if (c == 0x18 || c == 0x1a)
		v->state = VT_GROUND;
	else if (c < 0x20)
		control(v, c);
	else if (c == 0x7f)
		return;
	else if (v->state == VT_GROUND)
		put_byte(v, c);
	else if (v->state == VT_ESC)
		escape(v, c);
	else if (v->state == VT_CSI)
		csi_byte(v, c);
	else {
		if (v->state == VT_CHARSET)
			v->charset[v->charset_slot] = c == '0' ? '0' : 'B';
		else if (v->state == VT_HASH && c == '8')
			alignment_test(v);
		v->state = VT_GROUND;
	}
	/* A control or escape in the middle of a character ends it. */
	if (c < 0x80 && v->utf8_left > 0)
		v->utf8_left = 0;
}

void
vt_write(struct vt *v, const uint8_t *p, size_t n)
{
	v->dirty[v->y] = 1;		/* the cursor leaves, and arrives below */
	while (n-- > 0)
		vt_byte(v, *p++);
	v->dirty[v->y] = 1;
}

void
vt_init(struct vt *v, uint16_t cols, uint16_t rows, uint32_t *memory,
    void (*reply)(void *, const char *, size_t), void *arg)
{
	memset(v, 0, sizeof(*v));
	v->cols = MIN(cols, VT_COLS);
	v->rows = MIN(rows, VT_ROWS);
	v->cells = memory;
	v->other = memory + (size_t)v->cols * v->rows;
	v->reply = reply;
	v->arg = arg;
	pen_reset(v);
	screen_swap(v, true);
	erase_all(v);
	full_reset(v);
}
