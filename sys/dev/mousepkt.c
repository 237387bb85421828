/*
 * Packets of PS/2 mice: three bytes, four with a wheel.  The first holds the buttons, the signs of the two
 * movements, whether they overflowed, and a bit that is always set.
 *
 * Nothing marks the beginning of a packet for sure, so a lost byte would shift all that follow.  Two things bring
 * them back: a first byte without the bit that is always set is dropped, and so is a packet whose next byte does
 * not come within PAUSE: a mouse sends the bytes of one packet without a pause.
 */
#include "dev/mousepkt.h"

#define PAUSE		(100 * 1000000ll)
#define BUTTONS		0x07u
#define ALWAYS		0x08u
#define X_SIGN		0x10u
#define Y_SIGN		0x20u
#define X_OVERFLOW	0x40u
#define Y_OVERFLOW	0x80u

/* Nine bits with a sign; what overflowed is as far as it can tell. */
static int32_t
movement(uint8_t low, bool negative, bool overflow)
{
	if (overflow)
		return negative ? -256 : 255;
	return negative ? (int32_t)low - 256 : low;
}

static void
decode(struct mousepkt *m, struct mouse_report *r)
{
	const uint8_t *b = m->bytes;
	uint8_t buttons = b[0] & BUTTONS;

	r->x = movement(b[1], (b[0] & X_SIGN) != 0, (b[0] & X_OVERFLOW) != 0);
	r->y = movement(b[2], (b[0] & Y_SIGN) != 0, (b[0] & Y_OVERFLOW) != 0);
	/* The wheel counts towards the hand. */
	r->z = m->size == 4 ? -(int32_t)(int8_t)b[3] : 0;
	r->pressed = (uint8_t)(buttons & ~m->buttons);
	r->released = (uint8_t)(m->buttons & ~buttons);
	m->buttons = buttons;
}

bool
mousepkt_byte(struct mousepkt *m, uint8_t byte, nsec_t now, struct mouse_report *report)
{
	if (m->n > 0 && now - m->last > PAUSE)
		m->n = 0;
	m->last = now;
	if (m->n == 0 && (byte & ALWAYS) == 0)
		return false;
	m->bytes[m->n++] = byte;
	if (m->n < m->size)
		return false;
	m->n = 0;
	decode(m, report);
	return true;
}
