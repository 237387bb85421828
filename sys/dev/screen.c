/*
 * The screen: a terminal emulator (dev/vt.c) on a linear framebuffer or on VGA text mode.
 *
 * Output is taken from the tty in chunks; once there is no more, what changed is drawn: the rows
 * the emulator marked, and in them the cells that differ from `shown', the cells as last drawn.  So
 * a burst that scrolls fifty lines moves the dots once.  The cursor is a cell with its colours
 * exchanged.
 *
 * The kernel's log appears here until a program opens a terminal, afterwards only warnings do.  The
 * log calls its sinks with its lock held, so the sink only queues a deferred call, which reads the
 * ring from where it was.
 *
 * All state is covered by the lock of the current tty; a new tty after a hang-up takes over while
 * devices are quiet (ttyport_renew drains the old one first), so the emulator never has two.
 */
#include "dev/screen.h"
#include "dev/font.h"
#include "dev/pci.h"
#include "dev/tty.h"
#include "dev/vt.h"
#include "kern/deferred.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "mach/console.h"
#include "mach/io.h"
#include "vm/kmap.h"
#include "vm/zone.h"

#define CHUNK		512u
#define TEXT_ADDR	0xb8000u
#define TEXT_COLS	80u
#define TEXT_ROWS	25u
#define CLASS_DISPLAY	0x03
#define CRTC_INDEX	0x3d4
#define CRTC_DATA	0x3d5
#define CRTC_CURSOR	0x0a
#define CURSOR_OFF	0x20

struct screen {
	struct ttyport port;
	struct vt vt;			/* [t_lock] */
	uint32_t *shown;		/* [t_lock] cells as drawn */
	void (*draw)(struct screen *, unsigned x, unsigned y, uint32_t cell);
	uint8_t *memory;		/* [I] */
	uint32_t pitch, bytes;		/* [I] of a row, of a dot */
	uint32_t colours[16];		/* [I] in the framebuffer's format */
	char answer[64];		/* [t_lock] to the program */
	size_t answered;		/* [t_lock] */
	uint64_t log_pos;		/* [t_lock] */
	struct deferred log_call;
	bool log_verbose;		/* [I] */
	bool log_showing;		/* [t_lock] the current log line is to be shown */
	bool log_line_start;		/* [t_lock] */
};

static struct screen screen;
static bool attached;

/* --- drawing --- */

/* ANSI colours have red in bit 0, the PC's have blue there. */
static uint8_t
pc_colour(unsigned c)
{
	return (uint8_t)((c & 10) | (c & 1) << 2 | (c & 4) >> 2);
}

static void
text_draw(struct screen *s, unsigned x, unsigned y, uint32_t cell)
{
	/* Bit 7 of the attribute blinks: there are eight backgrounds only. */
	uint8_t attr = (uint8_t)((pc_colour(VT_BG(cell)) & 7) << 4 | pc_colour(VT_FG(cell)));

	mmio_write16(s->memory + (y * TEXT_COLS + x) * 2,
	    (uint16_t)(attr << 8 | font_text_code(VT_CODE(cell))));
}

static void
dot(struct screen *s, uint8_t *p, uint32_t colour)
{
	if (s->bytes == 4)
		mmio_write32(p, colour);
	else {
		p[0] = (uint8_t)colour;
		p[1] = (uint8_t)(colour >> 8);
		p[2] = (uint8_t)(colour >> 16);
	}
}

static void
dots_draw(struct screen *s, unsigned x, unsigned y, uint32_t cell)
{
	const uint8_t *glyph = font_glyph(VT_CODE(cell));
	uint32_t fg = s->colours[VT_FG(cell)], bg = s->colours[VT_BG(cell)];
	uint8_t *line = s->memory + (size_t)y * FONT_HEIGHT * s->pitch + (size_t)x * FONT_WIDTH * s->bytes;
	unsigned i, j;
	uint8_t bits;

	for (i = 0; i < FONT_HEIGHT; i++, line += s->pitch) {
		bits = i == FONT_HEIGHT - 2 && (cell & VT_UNDERLINE) != 0 ? 0xff : glyph[i];
		for (j = 0; j < FONT_WIDTH; j++)
			dot(s, line + j * s->bytes, (bits >> (7 - j) & 1) != 0 ? fg : bg);
	}
}

static uint32_t
exchanged(uint32_t cell)
{
	return (cell & ~VT_ATTR(15, 15)) | VT_ATTR(VT_BG(cell), VT_FG(cell));
}

static void
row_draw(struct screen *s, unsigned y)
{
	struct vt *v = &s->vt;
	uint32_t *cells = v->cells + (size_t)y * v->cols, *shown = s->shown + (size_t)y * v->cols, cell;
	unsigned x;

	for (x = 0; x < v->cols; x++) {
		cell = v->reverse ? exchanged(cells[x]) : cells[x];
		if (!v->cursor_hidden && x == v->x && y == v->y)
			cell = exchanged(cell);
		if (cell == shown[x])
			continue;
		shown[x] = cell;
		s->draw(s, x, y, cell);
	}
}

static void
screen_flush(struct screen *s)
{
	unsigned y;

	for (y = 0; y < s->vt.rows; y++)
		if (s->vt.dirty[y] != 0) {
			s->vt.dirty[y] = 0;
			row_draw(s, y);
		}
}

/* --- the tty's driver --- */

static void
screen_reply(void *arg, const char *text, size_t n)
{
	struct screen *s = arg;

	if (n <= sizeof(s->answer) - s->answered) {
		memcpy(s->answer + s->answered, text, n);
		s->answered += n;
	}
}

static void
screen_update(struct tty *t, struct wakelist *w)
{
	struct screen *s = t->t_arg;
	uint8_t buf[CHUNK];
	bool any = false;
	size_t n;

	(void)w;
	while ((n = tty_fetch(t, buf, sizeof(buf))) > 0) {
		vt_write(&s->vt, buf, n);
		any = true;
		/* Answers are input like keys; their echo, if any, is fetched in the next round. */
		if (s->answered > 0 && !t->t_hung)
			disc_input(&t->t_disc, (const uint8_t *)s->answer, s->answered);
		s->answered = 0;
	}
	if (any)
		screen_flush(s);
}

static bool
screen_idle(struct tty *t)
{
	(void)t;
	return true;
}

static void
screen_param(struct tty *t)
{
	(void)t;
}

static void
screen_break(struct tty *t, bool on)
{
	(void)t;
	(void)on;
}

static void
screen_gone(struct tty *t)
{
	(void)t;
}

static const struct tty_driver screen_driver = {
	.name = "screen",
	.update = screen_update,
	.idle = screen_idle,
	.param = screen_param,
	.send_break = screen_break,
	.gone = screen_gone,
};

/* --- the log --- */

static void
log_show(struct screen *s, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s->log_line_start)
			s->log_showing = s->log_verbose || !tty_in_use() ||
			    (n - i >= 5 && memcmp(p + i, "WARN:", 5) == 0);
		s->log_line_start = p[i] == '\n';
		if (!s->log_showing)
			continue;
		if (p[i] == '\n')
			vt_write(&s->vt, (const uint8_t *)"\r", 1);
		vt_write(&s->vt, (const uint8_t *)p + i, 1);
	}
}

static void
log_deferred(struct deferred *d)
{
	struct screen *s = container_of(d, struct screen, log_call);
	struct tty *t = ttyport_tty(&s->port);
	char buf[CHUNK];
	size_t n;

	spin_lock(&t->t_lock);
	while ((n = log_read(&s->log_pos, buf, sizeof(buf))) > 0)
		log_show(s, buf, n);
	screen_flush(s);
	spin_unlock(&t->t_lock);
	tty_unref(t);
}

static void
screen_log(const char *text, size_t n)
{
	(void)text;
	(void)n;
	deferred_queue(&screen.log_call);
}

/* Nothing else will draw any more, so whatever was half done is only painted over. */
static void
screen_panic(const char *text)
{
	struct screen *s = &screen;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			vt_write(&s->vt, (const uint8_t *)"\r", 1);
		vt_write(&s->vt, (const uint8_t *)text, 1);
	}
	screen_flush(s);
}

static struct log_sink screen_sink = { .write = screen_log };

/* --- attachment --- */

static bool
attach_dots(struct screen *s, uint16_t *cols, uint16_t *rows)
{
	static const uint32_t rgb[16] = {
		0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
		0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
	};
	const struct boot_framebuffer *fb = &bootinfo.fb;
	unsigned i;

	if (fb->bpp != 32 && fb->bpp != 24)
		return false;
	*cols = (uint16_t)MIN(fb->width / FONT_WIDTH, (uint32_t)VT_COLS);
	*rows = (uint16_t)MIN(fb->height / FONT_HEIGHT, (uint32_t)VT_ROWS);
	if (*cols < 2 || *rows < 2)
		return false;
	s->pitch = fb->pitch;
	s->bytes = fb->bpp / 8;
	s->memory = kmap_device(fb->addr, (size_t)fb->pitch * fb->height, true);
	for (i = 0; i < 16; i++)
		s->colours[i] = (rgb[i] >> 16 & 255) << fb->red_pos | (rgb[i] >> 8 & 255) << fb->green_pos |
		    (rgb[i] & 255) << fb->blue_pos;
	s->draw = dots_draw;
	return s->memory != NULL;
}

/* A display adapter shows text unless the loader has set up a framebuffer. */
static bool
has_adapter(void)
{
	const struct pci_dev *d;
	unsigned i;

	for (i = 0; (d = pci_get(i)) != NULL; i++)
		if (d->class >> 16 == CLASS_DISPLAY)
			return true;
	return bootinfo.has_fb;
}

static bool
attach_text(struct screen *s, uint16_t *cols, uint16_t *rows)
{
	if (!has_adapter())
		return false;
	s->memory = kmap_device(TEXT_ADDR, TEXT_COLS * TEXT_ROWS * 2, false);
	if (s->memory == NULL)
		return false;
	io_write8(CRTC_INDEX, CRTC_CURSOR);
	io_write8(CRTC_DATA, CURSOR_OFF);
	*cols = TEXT_COLS;
	*rows = TEXT_ROWS;
	s->draw = text_draw;
	return true;
}

static bool
screen_memory(struct screen *s, uint16_t cols, uint16_t rows)
{
	size_t cells = (size_t)cols * rows, i;
	uint32_t *grid = kmap_alloc(ROUND_UP(3 * cells * sizeof(uint32_t), PAGE_SIZE));

	if (grid == NULL)
		return false;
	vt_init(&s->vt, cols, rows, grid, screen_reply, s);
	s->shown = grid + 2 * cells;
	/* No cell looks like this: the first flush draws all. */
	for (i = 0; i < cells; i++)
		s->shown[i] = 0;
	screen_flush(s);
	return true;
}

static void
screen_init(void)
{
	struct screen *s = &screen;
	uint16_t cols, rows;
	char option[16];
	bool dots = bootinfo.has_fb && !bootinfo.fb.text;

	if (dots ? !attach_dots(s, &cols, &rows) : !attach_text(s, &cols, &rows))
		return;
	s->port.drv = &screen_driver;
	s->port.arg = s;
	s->log_line_start = true;
	s->log_call = (struct deferred)DEFERRED_INIT(s->log_call, log_deferred);
	s->log_verbose = boot_option("loglevel", option, sizeof(option)) != NULL &&
	    strcmp(option, "verbose") == 0;
	if (!screen_memory(s, cols, rows) || ttyport_add(&s->port, "tty0", dev_make(4, 0)) != 0) {
		log_warn("screen: no memory\n");
		return;
	}
	s->port.cur->t_size = (struct abi_winsize){ .ws_row = rows, .ws_col = cols,
	    .ws_xpixel = (uint16_t)(cols * FONT_WIDTH), .ws_ypixel = (uint16_t)(rows * FONT_HEIGHT) };
	ttyport_console(&s->port, boot_option("console", option, sizeof(option)) != NULL &&
	    strcmp(option, "tty0") == 0);
	attached = true;
	log_printf("tty0: %s, %u by %u\n", dots ? "framebuffer" : "text mode", cols, rows);
	log_sink_add(&screen_sink);
	early_screen = screen_panic;
	deferred_queue(&s->log_call);
}
INIT(screen_init, LEVEL_DEV + 2);

struct ttyport *
screen_port(void)
{
	return attached ? &screen.port : NULL;
}

bool
screen_app_cursor(void)
{
	return screen.vt.app_cursor;
}
