/*
 * The PS/2 mouse: Zero's pointer events, to whoever listens to the console's input (ipc/ev.c).  A packet becomes
 * a motion, unless nothing moved, and then a press or a release for each button that changed.
 *
 * Three rates set one after the other are how a mouse with a wheel is told that it may send a fourth byte:
 * its id is 3 then.
 */
#include "dev/keyboard.h"
#include "dev/mousepkt.h"
#include "dev/ps2.h"
#include "ipc/ev.h"
#include "kern/init.h"
#include "kern/time.h"

#define DEFAULTS	0xf6
#define SET_RATE	0xf3
#define GET_ID		0xf2
#define REPORT		0xf4
#define ID_WHEEL	3

static struct mousepkt packet = { .size = 3 };	/* of the deferred call alone */

static void
tell(unsigned type, uint32_t button, const struct mouse_report *r)
{
	struct abi_event e = { .pointer = { .button = button, .state = keyboard_modifiers(), .time = clock_now() } };

	if (type == EV_PNTMOTION) {
		e.pointer.x = r->x;
		e.pointer.y = r->y;
		e.pointer.z = r->z;
	}
	input_post(type, &e);
}

void
mouse_byte(uint8_t byte)
{
	uint32_t held = packet.buttons;
	struct mouse_report r;

	if (!mousepkt_byte(&packet, byte, clock_now(), &r) || ev_input_watched == 0)
		return;
	if (r.x != 0 || r.y != 0 || r.z != 0)
		tell(EV_PNTMOTION, held, &r);
	for (unsigned i = 0; i < 3; i++) {
		if ((r.pressed & 1u << i) != 0)
			tell(EV_BUTTONDOWN, 1u << i, &r);
		if ((r.released & 1u << i) != 0)
			tell(EV_BUTTONUP, 1u << i, &r);
	}
}

static bool
mouse_send(uint8_t byte)
{
	return ps2_send(PS2_MOUSE, byte);
}

static bool
mouse_rate(uint8_t rate)
{
	return mouse_send(SET_RATE) && mouse_send(rate);
}

bool
mouse_start(void)
{
	uint8_t id;

	ps2_open(PS2_MOUSE);
	if (!mouse_send(DEFAULTS))
		return false;
	if (mouse_rate(200) && mouse_rate(100) && mouse_rate(80) && mouse_send(GET_ID) && ps2_answer(PS2_MOUSE, &id) &&
	    id == ID_WHEEL)
		packet.size = 4;
	return mouse_rate(100) && mouse_send(REPORT);
}
