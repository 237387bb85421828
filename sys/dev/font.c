/* Lookup in the tables that mk/font makes. */
#include "dev/font.h"
#include "gen/font.h"

#define REPLACEMENT	(ARRAY_SIZE(font_codes) - 1)	/* U+FFFD sorts last */

const uint8_t *
font_glyph(uint32_t code)
{
	size_t low = 0, high = ARRAY_SIZE(font_codes), mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (font_codes[mid] == code)
			return font_rows[mid];
		if (font_codes[mid] < code)
			low = mid + 1;
		else
			high = mid;
	}
	return font_rows[REPLACEMENT];
}

uint8_t
font_text_code(uint32_t code)
{
	size_t i;

	if (code >= ' ' && code < 0x7f)
		return (uint8_t)code;
	for (i = 0; i < ARRAY_SIZE(font_text_mode); i++)
		if (font_text_mode[i] == code)
			return (uint8_t)(128 + i);
	return '?';
}
