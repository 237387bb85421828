#pragma once
/* What a PS/2 mouse sends, byte by byte.  See dev/mousepkt.c. */
#include "kern/types.h"

struct mousepkt {
	uint8_t size;			/* 3, or 4 with a wheel */
	uint8_t n;			/* bytes there are of the packet that begins */
	uint8_t bytes[4];
	uint8_t buttons;		/* held after the last packet: 1 left, 2 right, 4 middle */
	nsec_t last;			/* when the last byte came */
};

struct mouse_report {
	int32_t x, y, z;		/* right, up and away from the hand positive */
	uint8_t pressed, released;	/* buttons, as above */
};

/* True: a packet is complete, *report says what it tells. */
bool mousepkt_byte(struct mousepkt *, uint8_t byte, nsec_t now, struct mouse_report *report);
