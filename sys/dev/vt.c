/*
 * The terminal emulator.
 *
 * The parser is a small state machine over bytes: controls act at once in every state, escape and
 * control sequences collect parameters, strings (titles and the like) are skipped to their end.
 * Printable bytes are decoded as UTF-8 first; malformed input shows U+FFFD and never hides the
 * byte that broke it.
 *
 * What they mean is done to the grid (vt_grid.c) and to the pen (vt_pen.c).
 */
#include "dev/vt_impl.h"
#include "kern/string.h"

#define REPLACEMENT	0xfffdu

static void dispatch_csi(struct vt *, uint8_t);

/* --- characters --- */

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
			grid_put(v, v->utf8);
		return;
	}
	if (v->utf8_left > 0) {
		v->utf8_left = 0;
		grid_put(v, REPLACEMENT);
	}
	if (b < 0x80)
		grid_put(v, b);
	else if (b >= 0xc2 && b < 0xf5) {
		v->utf8_left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
		v->utf8 = b & (0x3fu >> v->utf8_left);
		v->utf8_min = b < 0xe0 ? 0x80 : b < 0xf0 ? 0x800 : 0x10000;
	} else
		grid_put(v, REPLACEMENT);
}

/* --- state that is reset --- */

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
full_reset(struct vt *v)
{
	grid_swap(v, false);
	soft_reset(v);
	v->reverse = false;
	tabs_reset(v);
	grid_erase_all(v);
	grid_move(v, 0, 0);
	cursor_save(v);
	v->saved[1] = v->saved[0];
}

/* --- controls --- */

static void
control(struct vt *v, uint8_t c)
{
	switch (c) {
	case '\a':
		v->bell = true;
		break;
	case '\b':
		grid_move(v, v->x - 1, v->y);
		break;
	case '\t':
		grid_tab(v, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		grid_feed(v);
		if (v->newline)
			v->x = 0;
		break;
	case '\r':
		grid_move(v, 0, v->y);
		break;
	case 0x0e:
	case 0x0f:
		v->shift = c == 0x0e;
		break;
	}
}

/* --- escape sequences --- */

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
		grid_feed(v);
		break;
	case 'E':
		v->x = 0;
		grid_feed(v);
		break;
	case 'H':
		v->tabs[v->x / 8] |= (uint8_t)(1u << v->x % 8);
		break;
	case 'M':
		grid_feed_back(v);
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
set_region(struct vt *v)
{
	unsigned top = param(v, 0, 1), bottom = MIN(param(v, 1, v->rows), v->rows + 0u);

	if (top >= bottom)
		return;
	v->top = (uint16_t)(top - 1);
	v->bottom = (uint16_t)(bottom - 1);
	grid_address(v, 0, 0);
}

static void
tab_clear(struct vt *v, unsigned how)
{
	if (how == 0)
		v->tabs[v->x / 8] &= (uint8_t)~(1u << v->x % 8);
	else if (how == 3)
		memset(v->tabs, 0, sizeof(v->tabs));
}

/* --- modes --- */

static void
alternate_screen(struct vt *v, unsigned mode, bool on)
{
	if (mode == 1049 && on)
		cursor_save(v);
	if (on != v->alternate) {
		if (!on && mode == 1047)
			grid_erase_all(v);
		grid_swap(v, on);
		if (on && mode == 1049)
			grid_erase_all(v);
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
		grid_touch(v);
		break;
	case 6:
		v->origin = on;
		grid_address(v, 0, 0);
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
		grid_put(v, v->last);
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
		grid_erase(v, param(v, 0, 0));
	else if (v->private == '?' && c == 'K')
		grid_erase_line(v, param(v, 0, 0));
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
	grid_move(v, v->x, y);
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
		grid_move(v, v->x + n, v->y);
		break;
	case 'D':
		grid_move(v, v->x - n, v->y);
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
		grid_move(v, n - 1, v->y);
		break;
	case 'H': case 'f':
		grid_address(v, (int)param(v, 1, 1) - 1, n - 1);
		break;
	case 'd':
		grid_address(v, v->x, n - 1);
		break;
	case 'I':
		grid_tab(v, (unsigned)n);
		break;
	case 'Z':
		grid_tab_back(v, (unsigned)n);
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
		grid_insert(v, n);
		return true;
	case 'J':
		grid_erase(v, param(v, 0, 0));
		return true;
	case 'K':
		grid_erase_line(v, param(v, 0, 0));
		return true;
	case 'L': case 'M':
		grid_shift(v, n, c == 'M');
		return true;
	case 'P':
		grid_delete(v, n);
		return true;
	case 'S': case 'T':
		grid_scroll(v, v->top, n, c == 'S');
		return true;
	case 'X':
		grid_fill(v, v->y, v->x, MIN(v->x + n, v->cols + 0u));
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
		pen_select(v);
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
			grid_test(v);
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
	grid_swap(v, true);
	grid_erase_all(v);
	full_reset(v);
}
