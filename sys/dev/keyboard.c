/*
 * The PC keyboard: an i8042 that translates to scan code set 1, US layout.  Keys go to tty0 as
 * terminfo's `linux' has them: arrows as ESC [ A (ESC O A with DECCKM), F1 to F5 as ESC [ [ A and so
 * on, the others as ESC [ n ~, Alt as an ESC before the character.
 *
 * What the controller is and does: dev/ps2.c, which gives the scan codes one by one, in a deferred call.
 */
#include "dev/keyboard.h"
#include "dev/ps2.h"
#include "dev/screen.h"
#include "dev/tty.h"
#include "ipc/ev.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/time.h"
#include "proc/pgrp.h"

#define SCAN_ON		0xf4

#define RELEASED	0x80
#define EXTENDED	0xe0
#define PAUSE		0xe1

enum { KEY_CTRL = 0x1d, KEY_LSHIFT = 0x2a, KEY_RSHIFT = 0x36, KEY_ALT = 0x38, KEY_CAPS = 0x3a,
	KEY_F1 = 0x3b, KEY_F10 = 0x44, KEY_NUM = 0x45, KEY_PAD = 0x47, KEY_PAD_LAST = 0x53, KEY_F11 = 0x57,
	KEY_F12 = 0x58 };

/* Decoder: of the deferred call alone. */
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

uint32_t
keyboard_modifiers(void)
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
	struct abi_event e = { .kbd = { .sym = grey ? 0 : symbol(key), .state = keyboard_modifiers(),
		.code = key | (grey ? 0x100u : 0), .time = clock_now() } };

	input_post(down ? EV_KEYDOWN : EV_KEYUP, &e);
}

void
input_post(unsigned type, const struct abi_event *e)
{
	struct tty *screen = ttyport_tty(screen_port());
	const struct session *s = screen->t_session;	/* compared, and never looked into */

	ev_post(&ev_input, type, e);
	if (s != NULL)
		ev_post(s, type, e);
	tty_unref(screen);
}

static void
release_session(const void *owner)
{
	session_unref((struct session *)(uintptr_t)owner);
}

/* Input belongs to the session that the screen's terminal belongs to: who listens keeps his, so that no later one
 * has its address. */
static int
may_listen(struct node *n, struct ev_target *target)
{
	struct tty *t = tty_of_node(n), *screen;
	struct session *self = session_self();
	int error;

	if (t == NULL || screen_port() == NULL)
		return EINVAL;
	screen = ttyport_tty(screen_port());
	error = screen != t ? EINVAL : 0;
	if (error == 0 && !cred_super(proc_self()->p_cred)) {
		if (t->t_session == self) {
			session_ref(self);
			target->owner = self;
			target->release = release_session;
		} else {
			error = EPERM;
		}
	}
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

static void
keyboard_init(void)
{
	bool mouse;

	if (screen_port() == NULL || !ps2_start())
		return;
	ev_tty_hook = may_listen;
	mouse = mouse_start();
	ps2_open(PS2_KEYBOARD);
	(void)ps2_send(PS2_KEYBOARD, SCAN_ON);	/* or there is no keyboard: nothing will come */
	ps2_listen(PS2_KEYBOARD, scan_code);
	if (mouse)
		ps2_listen(PS2_MOUSE, mouse_byte);
}
INIT(keyboard_init, LEVEL_DEV + 3);
