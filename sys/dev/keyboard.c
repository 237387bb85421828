/*
 * The PC keyboard: an i8042 that translates to scan code set 1, US layout.  Keys go to tty0 as
 * terminfo's `linux' has them: arrows as ESC [ A (ESC O A with DECCKM), F1 to F5 as ESC [ [ A and so
 * on, the others as ESC [ n ~, Alt as an ESC before the character.
 *
 * The handler puts scan codes into a ring; the deferred call decodes them.  Decoder state belongs
 * to that call alone.
 */
#include "dev/screen.h"
#include "dev/tty.h"
#include "ipc/ev.h"
#include "kern/cred.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/intr.h"
#include "mach/io.h"
#include "proc/pgrp.h"

#define PORT_DATA	0x60
#define PORT_STATUS	0x64
#define PORT_COMMAND	0x64
#define STATUS_OUT	0x01	/* a byte for us */
#define STATUS_IN	0x02	/* it has not taken our last byte yet */
#define STATUS_AUX	0x20	/* the byte is the mouse's */
#define CMD_READ_CONFIG	0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_AUX_OFF	0xa7
#define CMD_KBD_OFF	0xad
#define CMD_KBD_ON	0xae
#define CONFIG_INTR	0x01
#define CONFIG_CLOCK_OFF 0x10
#define CONFIG_TRANSLATE 0x40
#define KBD_SCAN_ON	0xf4
#define IRQ		1
#define RING		256u

#define RELEASED	0x80
#define EXTENDED	0xe0
#define PAUSE		0xe1

enum { KEY_CTRL = 0x1d, KEY_LSHIFT = 0x2a, KEY_RSHIFT = 0x36, KEY_ALT = 0x38, KEY_CAPS = 0x3a,
	KEY_F1 = 0x3b, KEY_F10 = 0x44, KEY_NUM = 0x45, KEY_PAD = 0x47, KEY_PAD_LAST = 0x53, KEY_F11 = 0x57,
	KEY_F12 = 0x58 };

LOCK_CLASS(keyboard_class, "keyboard", RANK_DRIVER);

static struct spin ring_lock = SPIN_INIT(&keyboard_class);
static uint8_t ring[RING];			/* [ring_lock] */
static uint32_t head, tail;			/* [ring_lock] free-running */
static struct deferred keyboard_call;

/* Decoder. */
static bool shift_left, shift_right, ctrl, alt, caps, num = true, extended;
static uint8_t skip;				/* bytes of the Pause key still to come */

static const char plain[] =
    "\0\033" "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033" "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
static const char pad[] = "789-456+1230.";

/* --- characters and sequences --- */

static void
send(const char *text, size_t n)
{
	struct tty *t = ttyport_tty(screen_port());

	if (alt)
		tty_input(t, (const uint8_t *)"\033", 1);
	tty_input(t, (const uint8_t *)text, n);
	tty_unref(t);
}

static void
send_text(const char *text)
{
	send(text, strlen(text));
}

/* ESC [ or ESC O and a letter. */
static void
send_cursor(char final)
{
	char text[] = "\033[ ";

	if (screen_app_cursor())
		text[1] = 'O';
	text[2] = final;
	send_text(text);
}

static void
send_function(unsigned n)
{
	static const uint8_t code[] = { 17, 18, 19, 20, 21, 23, 24 };	/* F6 to F12 */
	char text[8];

	if (n <= 5)
		snprintf(text, sizeof(text), "\033[[%c", 'A' + n - 1);
	else
		snprintf(text, sizeof(text), "\033[%u~", code[n - 6]);
	send_text(text);
}

/* Keys that move: the grey ones, and the number pad's without Num Lock.  `place' as in pad[]. */
static void
send_motion(unsigned place)
{
	static const char *const sequences[] = {
		[0] = "\033[1~", [2] = "\033[5~", [8] = "\033[4~", [10] = "\033[6~", [11] = "\033[2~",
		[12] = "\033[3~",
	};
	static const char cursors[] = { [1] = 'A', [4] = 'D', [6] = 'C', [9] = 'B' };

	if (place < ARRAY_SIZE(cursors) && cursors[place] != '\0')
		send_cursor(cursors[place]);
	else if (place < ARRAY_SIZE(sequences) && sequences[place] != NULL)
		send_text(sequences[place]);
}

static void
send_key(uint8_t key)
{
	bool shift = shift_left || shift_right;
	char c = plain[key];

	if (c >= 'a' && c <= 'z')
		shift ^= caps;
	if (shift)
		c = shifted[key];
	if (c == '\0')
		return;
	if (ctrl) {
		if (c == ' ' || c == '2')
			c = '\0';
		else if (c == '/' || c == '-')
			c = 0x1f;
		else if (c >= '@' && c <= 0x7e)
			c &= 0x1f;
	}
	send(&c, 1);
}

static void
pad_key(unsigned place)
{
	if (pad[place] == '-' || pad[place] == '+' || num != (shift_left || shift_right))
		send(&pad[place], 1);
	else
		send_motion(place);
}

/* --- scan codes --- */

static bool
modifier(uint8_t key, bool down)
{
	switch (key) {
	case KEY_LSHIFT:
		shift_left = down;
		break;
	case KEY_RSHIFT:
		shift_right = down;
		break;
	case KEY_CTRL:
		ctrl = down;
		break;
	case KEY_ALT:
		alt = down;
		break;
	case KEY_CAPS:
		caps ^= down;
		break;
	case KEY_NUM:
		num ^= down;
		break;
	default:
		return false;
	}
	return true;
}

static void
extended_key(uint8_t key, bool down)
{
	/* E0 2A and the like are shifts that the keyboard invents around grey keys. */
	if (key == KEY_LSHIFT || key == KEY_RSHIFT)
		return;
	if (key == KEY_CTRL || key == KEY_ALT)
		(void)modifier(key, down);
	else if (!down)
		return;
	else if (key == 0x1c)
		send_text("\r");
	else if (key == 0x35)
		send_text("/");
	else if (key >= KEY_PAD && key <= KEY_PAD_LAST)
		send_motion(key - KEY_PAD + 0u);
}

/* --- events (ipc/ev.c) --- */

static uint32_t
modifiers(void)
{
	return (shift_left || shift_right ? EV_MOD_SHIFT : 0) | (caps ? EV_MOD_CAPS : 0) | (ctrl ? EV_MOD_CTRL : 0) |
	    (alt ? EV_MOD_ALT : 0) | (num ? EV_MOD_NUMLK : 0);
}

/* The character on the key, with Shift and Caps Lock; 0: none. */
static uint32_t
symbol(uint8_t key)
{
	bool shift = shift_left || shift_right;
	char c = key < sizeof(plain) - 1 ? plain[key] : '\0';

	if (c >= 'a' && c <= 'z')
		shift ^= caps;
	if (shift && c != '\0')
		c = shifted[key];
	return c == '\r' ? '\n' : (unsigned char)c;
}

static void
tell(uint8_t key, bool grey, bool down)
{
	struct abi_event e = { .kbd = { .sym = grey ? 0 : symbol(key), .state = modifiers(),
		.code = key | (grey ? 0x100u : 0), .time = clock_now() } };

	ev_post(&ev_input, down ? EV_KEYDOWN : EV_KEYUP, &e);
}

/* Input belongs to the session that the screen's terminal belongs to. */
static int
may_listen(struct node *n)
{
	struct tty *t = tty_of_node(n), *screen;
	int error;

	if (t == NULL || screen_port() == NULL)
		return EINVAL;
	screen = ttyport_tty(screen_port());
	error = screen != t ? EINVAL : 0;
	if (error == 0 && t->t_session != session_self() && !cred_super(proc_self()->p_cred))
		error = EPERM;
	tty_unref(screen);
	return error;
}

static void
scan_code(uint8_t code)
{
	uint8_t key = code & 0x7f;
	bool down = (code & RELEASED) == 0, was_extended = extended;

	if (skip > 0) {
		skip--;
		return;
	}
	extended = code == EXTENDED;
	if (extended)
		return;
	if (code == PAUSE) {
		skip = 2;
		return;
	}
	if (unlikely(ev_input_watched != 0) && !(was_extended && (key == KEY_LSHIFT || key == KEY_RSHIFT)))
		tell(key, was_extended, down);
	if (was_extended)
		extended_key(key, down);
	else if (modifier(key, down) || !down)
		return;
	else if (key >= KEY_F1 && key <= KEY_F10)
		send_function(key - KEY_F1 + 1u);
	else if (key == KEY_F11 || key == KEY_F12)
		send_function(key - KEY_F11 + 11u);
	else if (key >= KEY_PAD && key <= KEY_PAD_LAST)
		pad_key(key - KEY_PAD + 0u);
	else if (key < sizeof(plain) - 1)
		send_key(key);
}

/* --- interrupts --- */

static void
keyboard_interrupt(void *arg)
{
	uint32_t state = spin_lock_irq(&ring_lock);
	uint8_t status, code;
	unsigned n;

	(void)arg;
	for (n = 0; n < 16 && ((status = io_read8(PORT_STATUS)) & STATUS_OUT) != 0; n++) {
		code = io_read8(PORT_DATA);
		if ((status & STATUS_AUX) == 0 && head - tail < RING)
			ring[head++ % RING] = code;
	}
	spin_unlock_irq(&ring_lock, state);
	deferred_queue(&keyboard_call);
}

static bool
ring_take(uint8_t *code)
{
	uint32_t state = spin_lock_irq(&ring_lock);
	bool any = head != tail;

	if (any)
		*code = ring[tail++ % RING];
	spin_unlock_irq(&ring_lock, state);
	return any;
}

static void
keyboard_deferred(struct deferred *d)
{
	uint8_t code;

	(void)d;
	while (ring_take(&code))
		scan_code(code);
}

/* --- attachment --- */

static bool
can_write(void)
{
	unsigned spins;

	for (spins = 0; spins < 100000; spins++)
		if ((io_read8(PORT_STATUS) & STATUS_IN) == 0)
			return true;
	return false;
}

static bool
command(uint8_t c)
{
	if (!can_write())
		return false;
	io_write8(PORT_COMMAND, c);
	return true;
}

static bool
read_answer(uint8_t *v)
{
	unsigned spins;

	for (spins = 0; spins < 100000; spins++)
		if ((io_read8(PORT_STATUS) & STATUS_OUT) != 0) {
			*v = io_read8(PORT_DATA);
			return true;
		}
	return false;
}

static bool
controller_setup(void)
{
	uint8_t config;
	unsigned n;

	if (io_read8(PORT_STATUS) == 0xff)
		return false;
	if (!command(CMD_KBD_OFF) || !command(CMD_AUX_OFF))
		return false;
	for (n = 0; n < 64 && (io_read8(PORT_STATUS) & STATUS_OUT) != 0; n++)
		(void)io_read8(PORT_DATA);
	if (!command(CMD_READ_CONFIG) || !read_answer(&config))
		return false;
	config = (uint8_t)((config | CONFIG_INTR | CONFIG_TRANSLATE) & ~CONFIG_CLOCK_OFF);
	if (!command(CMD_WRITE_CONFIG) || !can_write())
		return false;
	io_write8(PORT_DATA, config);
	if (!command(CMD_KBD_ON) || !can_write())
		return false;
	io_write8(PORT_DATA, KBD_SCAN_ON);
	(void)read_answer(&config);	/* acknowledged, or there is no keyboard: nothing will come */
	return true;
}

static void
keyboard_init(void)
{
	if (screen_port() == NULL || !controller_setup())
		return;
	keyboard_call = (struct deferred)DEFERRED_INIT(keyboard_call, keyboard_deferred);
	ev_tty_hook = may_listen;
	if (intr_register(IRQ, keyboard_interrupt, NULL, "keyboard") != 0)
		log_warn("keyboard: no interrupt\n");
}
INIT(keyboard_init, LEVEL_DEV + 3);
