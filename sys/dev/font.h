#pragma once
/* The console's font: 8 dots wide, FONT_HEIGHT high, the leftmost dot in bit 7 of a row's byte. */
#include "kern/types.h"

#define FONT_WIDTH	8u
#define FONT_HEIGHT	16u

const uint8_t *font_glyph(uint32_t code);	/* the replacement character's for what it lacks */
uint8_t font_text_code(uint32_t code);		/* of the PC's text mode; '?' for what it lacks */
