/*
 * The line discipline.
 *
 * Input is a ring of cells: a byte and two marks.  CELL_END says that a line ends with this byte;
 * CELL_EOF marks an end of file without a byte (VEOF on an empty line).  In canonical mode the bytes
 * from in_line to in_w are the line being edited and nobody may read them; in raw mode in_line
 * follows in_w.  A change of mode makes everything readable, so nothing is lost by it.
 *
 * VEOF after some bytes only marks the last of them as the end of a line: the reader gets them
 * without a newline, and there is no second, empty read.
 *
 * The last two cells are kept for what ends a line, so that a full buffer can still be completed;
 * bytes beyond are dropped with a bell (IMAXBEL).  That happens in canonical mode without a complete
 * line only: otherwise disc_room() has told the driver to wait.
 *
 * Output and echo share one ring.  Writers leave DISC_ECHO bytes for echo, which is dropped when
 * even those are used.  Columns are followed so that tabs can be expanded and erased.
 */
#include "dev/disc.h"
#include "kern/string.h"

#define CELL_END	0x100u
#define CELL_EOF	0x200u
#define CELL_SPARE	2u
#define CTRL(c)		((c) & 0x1f)
#define IN(d, pos)	((d)->in[(pos) % DISC_IN])

static bool
iflag(const struct disc *d, uint32_t f)
{
	return (d->termios.c_iflag & f) != 0;
}

static bool
oflag(const struct disc *d, uint32_t f)
{
	return (d->termios.c_oflag & f) != 0;
}

static bool
lflag(const struct disc *d, uint32_t f)
{
	return (d->termios.c_lflag & f) != 0;
}

/* Whether c is the control character at that index, and that one is not switched off. */
static bool
is_cc(const struct disc *d, unsigned which, uint8_t c)
{
	return c == d->termios.c_cc[which] && c != ABI_VDISABLE;
}

static bool
is_continuation(const struct disc *d, uint8_t c)
{
	return iflag(d, IUTF8) && (c & 0xc0) == 0x80;
}

void
disc_init(struct disc *d)
{
	struct abi_termios *t = &d->termios;

	memset(d, 0, sizeof(*d));
	t->c_iflag = ICRNL | IXON | IMAXBEL | BRKINT | IUTF8;
	t->c_oflag = OPOST | ONLCR;
	t->c_cflag = CS8 | CREAD | HUPCL | CLOCAL;
	t->c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
	t->c_ispeed = t->c_ospeed = 115200;
	t->c_cc[VINTR] = CTRL('C');
	t->c_cc[VQUIT] = CTRL('\\');
	t->c_cc[VERASE] = 0x7f;
	t->c_cc[VKILL] = CTRL('U');
	t->c_cc[VEOF] = CTRL('D');
	t->c_cc[VMIN] = 1;
	t->c_cc[VSTART] = CTRL('Q');
	t->c_cc[VSTOP] = CTRL('S');
	t->c_cc[VSUSP] = CTRL('Z');
	t->c_cc[VREPRINT] = CTRL('R');
	t->c_cc[VDISCARD] = CTRL('O');
	t->c_cc[VWERASE] = CTRL('W');
	t->c_cc[VLNEXT] = CTRL('V');
}

/* --- output --- */

static size_t
out_free(const struct disc *d)
{
	return DISC_OUT - (d->out_w - d->out_r);
}

static void
out_put(struct disc *d, uint8_t c)
{
	d->out[d->out_w++ % DISC_OUT] = c;
}

bool
disc_can_output(const struct disc *d)
{
	return out_free(d) >= DISC_ECHO + DISC_EXPAND;
}

/* Where the cursor goes when c is shown. */
static uint32_t
column_after(const struct disc *d, uint32_t column, uint8_t c)
{
	switch (c) {
	case '\b':
		return column > 0 ? column - 1 : 0;
	case '\t':
		return (column | 7) + 1;
	case '\r':
		return 0;
	case '\n':
		return oflag(d, ONLRET) ? 0 : column;
	}
	return c < ' ' || c == 0x7f || is_continuation(d, c) ? column : column + 1;
}

/* One byte through OPOST; the caller has made sure of DISC_EXPAND bytes of room. */
static void
out_process(struct disc *d, uint8_t c)
{
	uint32_t n;

	if (!oflag(d, OPOST)) {
		d->column = column_after(d, d->column, c);
		out_put(d, c);
		return;
	}
	if (c == '\n' && oflag(d, ONLCR)) {
		out_put(d, '\r');
		d->column = 0;
	} else if (c == '\r') {
		if (oflag(d, ONOCR) && d->column == 0)
			return;
		if (oflag(d, OCRNL)) {
			c = '\n';
			if (oflag(d, ONLRET))
				d->column = 0;
		}
	} else if (c == '\t' && (d->termios.c_oflag & TABDLY) == TAB3) {
		for (n = 8 - d->column % 8; n > 0; n--, d->column++)
			out_put(d, ' ');
		return;
	} else if (oflag(d, OLCUC) && c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	d->column = column_after(d, d->column, c);
	out_put(d, c);
}

size_t
disc_output(struct disc *d, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && disc_can_output(d); i++)
		out_process(d, p[i]);
	return i;
}

bool
disc_pending(const struct disc *d)
{
	return d->send != 0 || (!d->out_stopped && d->out_r != d->out_w);
}

size_t
disc_unsent(const struct disc *d)
{
	return d->out_w - d->out_r;
}

size_t
disc_fetch(struct disc *d, uint8_t *p, size_t n)
{
	size_t done = 0, run;

	if (n > 0 && d->send != 0) {
		p[done++] = d->send;
		d->send = 0;
	}
	if (d->out_stopped)
		return done;
	while (done < n && d->out_r != d->out_w) {
		run = MIN(n - done, d->out_w - d->out_r);
		run = MIN(run, DISC_OUT - d->out_r % DISC_OUT);
		memcpy(p + done, &d->out[d->out_r % DISC_OUT], run);
		d->out_r += run;
		done += run;
	}
	return done;
}

void
disc_flush_out(struct disc *d)
{
	d->out_r = d->out_w;
}

void
disc_stop(struct disc *d, bool stop)
{
	d->out_stopped = stop;
}

/* --- echo --- */

static void
echo_raw(struct disc *d, uint8_t c)
{
	if (out_free(d) >= DISC_EXPAND)
		out_process(d, c);
}

/* As the user sees a control character: ^X, except for tab and newline. */
static bool
is_caret(const struct disc *d, uint8_t c)
{
	return lflag(d, ECHOCTL) && ((c < ' ' && c != '\t' && c != '\n') || c == 0x7f);
}

static void
echo_always(struct disc *d, uint8_t c)
{
	if (is_caret(d, c)) {
		echo_raw(d, '^');
		c ^= 0x40;
	}
	echo_raw(d, c);
}

static void
echo(struct disc *d, uint8_t c)
{
	if (lflag(d, ECHO))
		echo_always(d, c);
}

/* --- input --- */

static size_t
in_free(const struct disc *d)
{
	return DISC_IN - (d->in_w - d->in_r);
}

size_t
disc_room(const struct disc *d)
{
	size_t room = in_free(d);

	/* A byte may take two cells (PARMRK), and the spare ones stay free. */
	room = room > CELL_SPARE ? (room - CELL_SPARE) / 2 : 0;
	/* Nobody can make room by reading while no line is complete: what is too much is dropped, one
	 * by one, until the byte comes that ends the line. */
	if (room == 0 && lflag(d, ICANON) && d->in_line == d->in_r)
		room = 1;
	return room;
}

/* Sends STOP when the input fills up and START when it has been read (IXOFF). */
static void
in_flow(struct disc *d)
{
	uint32_t used = d->in_w - d->in_r;

	if (!iflag(d, IXOFF) && !d->in_stopped)
		return;
	if (!d->in_stopped && used > DISC_IN / 4 * 3) {
		d->in_stopped = true;
		d->send = d->termios.c_cc[VSTOP];
	} else if (d->in_stopped && (used < DISC_IN / 4 || !iflag(d, IXOFF))) {
		d->in_stopped = false;
		d->send = d->termios.c_cc[VSTART];
	}
}

/* Stores a cell; `spare' cells must stay free.  False when it was dropped. */
static bool
in_put(struct disc *d, uint16_t cell, uint32_t spare)
{
	if (in_free(d) <= spare) {
		if (iflag(d, IMAXBEL))
			echo_raw(d, '\a');
		return false;
	}
	if (d->in_w == d->in_line)
		d->line_column = d->column;
	IN(d, d->in_w++) = cell;
	if (!lflag(d, ICANON))
		d->in_line = d->in_w;
	return true;
}

void
disc_flush_in(struct disc *d)
{
	d->in_r = d->in_line = d->in_w;
	d->lnext = false;
	d->flushes++;
	in_flow(d);
}

/* Takes the line's last character away (with all of its bytes) and shows it. */
static void
erase_one(struct disc *d, bool show)
{
	uint32_t want, pos;
	uint8_t c;
	int width;

	do
		c = (uint8_t)IN(d, --d->in_w);
	while (d->in_w != d->in_line && is_continuation(d, c));
	if (!show)
		return;
	if (c == '\t') {
		want = d->line_column;
		for (pos = d->in_line; pos != d->in_w; pos++) {
			c = (uint8_t)IN(d, pos);
			want = is_caret(d, c) ? want + 2 : column_after(d, want, c);
		}
		for (width = 0; width < 8 && d->column > want; width++)
			echo_raw(d, '\b');
		return;
	}
	width = is_caret(d, c) ? 2 : c < ' ' || c == 0x7f ? 0 : 1;
	for (; width > 0; width--) {
		echo_raw(d, '\b');
		echo_raw(d, ' ');
		echo_raw(d, '\b');
	}
}

static void
edit_erase(struct disc *d, uint8_t c)
{
	if (d->in_w == d->in_line)
		return;
	erase_one(d, lflag(d, ECHO) && lflag(d, ECHOE));
	if (!lflag(d, ECHOE))
		echo(d, c);
}

static bool
is_blank(uint16_t cell)
{
	uint8_t c = (uint8_t)cell;

	return c == ' ' || c == '\t';
}

static void
edit_werase(struct disc *d, uint8_t c)
{
	bool show = lflag(d, ECHO) && lflag(d, ECHOE);

	if (!lflag(d, ECHOE) && d->in_w != d->in_line)
		echo(d, c);
	while (d->in_w != d->in_line && is_blank(IN(d, d->in_w - 1)))
		erase_one(d, show);
	while (d->in_w != d->in_line && !is_blank(IN(d, d->in_w - 1)))
		erase_one(d, show);
}

static void
edit_kill(struct disc *d, uint8_t c)
{
	bool show = lflag(d, ECHO) && lflag(d, ECHOE) && lflag(d, ECHOK) && lflag(d, ECHOKE);

	if (show) {
		while (d->in_w != d->in_line)
			erase_one(d, true);
		return;
	}
	d->in_w = d->in_line;
	echo(d, c);
	if (lflag(d, ECHOK))
		echo(d, '\n');
}

static void
edit_reprint(struct disc *d, uint8_t c)
{
	uint32_t pos;

	echo(d, c);
	echo(d, '\n');
	d->line_column = d->column;
	for (pos = d->in_line; pos != d->in_w; pos++)
		echo(d, (uint8_t)IN(d, pos));
}

static void
line_end(struct disc *d)
{
	IN(d, d->in_w - 1) |= CELL_END;
	d->in_line = d->in_w;
}

static void
edit_eof(struct disc *d)
{
	if (d->in_w != d->in_line || in_put(d, CELL_EOF, 0))
		line_end(d);
}

static void
store_line_end(struct disc *d, uint8_t c)
{
	if (c == '\n' ? lflag(d, ECHO) || lflag(d, ECHONL) : lflag(d, ECHO))
		echo_always(d, c);
	/* The spare cells: there is always room for one more line's end, unless they too are used. */
	if (in_put(d, c, 0))
		line_end(d);
}

/* Editing characters; true when c was one. */
static bool
edit(struct disc *d, uint8_t c)
{
	if (is_cc(d, VERASE, c))
		edit_erase(d, c);
	else if (is_cc(d, VKILL, c))
		edit_kill(d, c);
	else if (is_cc(d, VEOF, c))
		edit_eof(d);
	else if (c == '\n' || is_cc(d, VEOL, c))
		store_line_end(d, c);
	else if (!lflag(d, IEXTEN))
		return false;
	else if (is_cc(d, VEOL2, c))
		store_line_end(d, c);
	else if (is_cc(d, VWERASE, c))
		edit_werase(d, c);
	else if (is_cc(d, VREPRINT, c))
		edit_reprint(d, c);
	else if (is_cc(d, VLNEXT, c)) {
		d->lnext = true;
		if (lflag(d, ECHO) && lflag(d, ECHOCTL)) {
			echo_raw(d, '^');
			echo_raw(d, '\b');
		}
	} else
		return false;
	return true;
}

static void
store(struct disc *d, uint8_t c)
{
	if (in_put(d, c, lflag(d, ICANON) ? CELL_SPARE : 0))
		echo(d, c);
}

static void
raise_signal(struct disc *d, uint32_t sig, uint8_t c)
{
	d->signals |= sig;
	if (!lflag(d, NOFLSH)) {
		disc_flush_in(d);
		if (sig != DISC_SIGTSTP)
			disc_flush_out(d);
	}
	d->out_stopped = false;
	echo(d, c);
}

/* Job-control characters; true when c was one. */
static bool
signal_char(struct disc *d, uint8_t c)
{
	if (!lflag(d, ISIG))
		return false;
	if (is_cc(d, VINTR, c))
		raise_signal(d, DISC_SIGINT, c);
	else if (is_cc(d, VQUIT, c))
		raise_signal(d, DISC_SIGQUIT, c);
	else if (is_cc(d, VSUSP, c))
		raise_signal(d, DISC_SIGTSTP, c);
	else
		return false;
	return true;
}

/* STOP and START; true when c was one. */
static bool
flow_char(struct disc *d, uint8_t c)
{
	if (!iflag(d, IXON))
		return false;
	if (is_cc(d, VSTART, c)) {
		d->out_stopped = is_cc(d, VSTOP, c) && !d->out_stopped;
		return true;
	}
	if (is_cc(d, VSTOP, c)) {
		d->out_stopped = true;
		return true;
	}
	if (iflag(d, IXANY))
		d->out_stopped = false;
	return false;
}

static void
input_byte(struct disc *d, uint8_t c)
{
	if (iflag(d, ISTRIP))
		c &= 0x7f;
	if (iflag(d, IUCLC) && lflag(d, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (d->lnext) {
		d->lnext = false;
		store(d, c);
		return;
	}
	if (flow_char(d, c) || signal_char(d, c))
		return;
	if (c == '\r') {
		if (iflag(d, IGNCR))
			return;
		if (iflag(d, ICRNL))
			c = '\n';
	} else if (c == '\n' && iflag(d, INLCR))
		c = '\r';
	if (lflag(d, ICANON) && edit(d, c))
		return;
	if (c == 0xff && iflag(d, PARMRK) && !iflag(d, ISTRIP))
		(void)in_put(d, c, lflag(d, ICANON) ? CELL_SPARE + 1 : 1);
	store(d, c);
}

void
disc_input(struct disc *d, const uint8_t *p, size_t n)
{
	if ((d->termios.c_cflag & CREAD) == 0)
		return;
	while (n-- > 0)
		input_byte(d, *p++);
	in_flow(d);
}

static void
store_marked(struct disc *d, uint8_t c)
{
	uint32_t spare = lflag(d, ICANON) ? CELL_SPARE : 0;

	if (iflag(d, PARMRK)) {
		if (in_free(d) < spare + 3)
			return;
		(void)in_put(d, 0xff, spare);
		(void)in_put(d, 0, spare);
		(void)in_put(d, c, spare);
	} else
		(void)in_put(d, 0, spare);
}

void
disc_input_error(struct disc *d, enum disc_error error, uint8_t c)
{
	if ((d->termios.c_cflag & CREAD) == 0)
		return;
	if (error == DISC_BREAK) {
		if (iflag(d, IGNBRK))
			return;
		if (iflag(d, BRKINT)) {
			disc_flush_in(d);
			disc_flush_out(d);
			d->signals |= DISC_SIGINT;
			return;
		}
		store_marked(d, 0);
	} else if (!iflag(d, INPCK))
		input_byte(d, c);
	else if (!iflag(d, IGNPAR))
		store_marked(d, c);
	in_flow(d);
}

/* --- reading --- */

size_t
disc_avail(const struct disc *d)
{
	return d->in_line - d->in_r;
}

size_t
disc_count(const struct disc *d)
{
	size_t n = 0;
	uint32_t pos;

	for (pos = d->in_r; pos != d->in_line; pos++)
		n += (IN(d, pos) & CELL_EOF) == 0;
	return n;
}

size_t
disc_peek(const struct disc *d, uint8_t *p, size_t n, uint32_t *cells, bool *end)
{
	bool canon = lflag(d, ICANON);
	uint32_t pos = d->in_r;
	size_t done = 0;
	uint16_t cell;

	*end = false;
	while (pos != d->in_line && done < n && !*end) {
		cell = IN(d, pos);
		if ((cell & CELL_EOF) == 0)
			p[done++] = (uint8_t)cell;
		*end = canon && (cell & CELL_END) != 0;
		pos++;
	}
	*cells = pos - d->in_r;
	return done;
}

void
disc_consume(struct disc *d, uint32_t cells)
{
	d->in_r += cells;
	in_flow(d);
}

void
disc_set(struct disc *d, const struct abi_termios *t)
{
	bool canon = lflag(d, ICANON), ixon = iflag(d, IXON);

	d->termios = *t;
	if (canon != lflag(d, ICANON)) {
		if (d->in_w != d->in_line || (!canon && d->in_w != d->in_r))
			line_end(d);
		d->lnext = false;
	}
	if (ixon && !iflag(d, IXON))
		d->out_stopped = false;
	in_flow(d);
}
