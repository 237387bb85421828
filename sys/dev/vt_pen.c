/*
 * The pen of the terminal emulator: SGR.
 *
 * A cell has one of 16 colours.  Those of the 256-colour palette and 24-bit ones become the nearest.  Bold is
 * shown as the bright colour.
 */
#include "dev/vt_impl.h"

void
pen_reset(struct vt *v)
{
	v->pen = (struct vt_pen){ .fg = VT_DEFAULT_FG, .bg = VT_DEFAULT_BG };
}

static uint8_t
nearest(unsigned r, unsigned g, unsigned b)
{
	unsigned top = MAX(MAX(r, g), b), c;

	if (top < 64)
		return 0;
	if (top - MIN(MIN(r, g), b) < 32)
		return top < 96 ? 0 : top < 150 ? 8 : top < 220 ? 7 : 15;
	c = (r * 2 > top ? 1u : 0) | (g * 2 > top ? 2u : 0) | (b * 2 > top ? 4u : 0);
	return (uint8_t)(c | (top > 191 ? 8 : 0));
}

static uint8_t
palette(unsigned n)
{
	static const uint8_t level[] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return (uint8_t)n;
	if (n >= 232)
		return nearest((n - 232) * 10 + 8, (n - 232) * 10 + 8, (n - 232) * 10 + 8);
	n -= 16;
	return nearest(level[n / 36], level[n / 6 % 6], level[n % 6]);
}

/* 38 and 48: 5;INDEX or 2;R;G;B.  Returns the parameters used. */
static unsigned
extended(const struct vt *v, unsigned i, uint8_t *colour)
{
	if (i + 1 < v->nparams && v->params[i] == 5) {
		*colour = palette(v->params[i + 1] & 0xff);
		return 2;
	}
	if (i + 3 < v->nparams && v->params[i] == 2) {
		*colour = nearest(v->params[i + 1] & 0xff, v->params[i + 2] & 0xff, v->params[i + 3] & 0xff);
		return 4;
	}
	return v->nparams;
}

static unsigned
rendition(struct vt *v, unsigned i)
{
	unsigned p = v->params[i];

	if (p >= 30 && p <= 37)
		v->pen.fg = (uint8_t)(p - 30);
	else if (p >= 40 && p <= 47)
		v->pen.bg = (uint8_t)(p - 40);
	else if (p >= 90 && p <= 97)
		v->pen.fg = (uint8_t)(p - 90 + 8);
	else if (p >= 100 && p <= 107)
		v->pen.bg = (uint8_t)(p - 100 + 8);
	else if (p == 38)
		return extended(v, i + 1, &v->pen.fg);
	else if (p == 48)
		return extended(v, i + 1, &v->pen.bg);
	else
		switch (p) {
		case 0:
			pen_reset(v);
			break;
		case 1:
			v->pen.bold = true;
			break;
		case 4:
			v->pen.underline = true;
			break;
		case 7:
			v->pen.reverse = true;
			break;
		case 22:
			v->pen.bold = false;
			break;
		case 24:
			v->pen.underline = false;
			break;
		case 27:
			v->pen.reverse = false;
			break;
		case 39:
			v->pen.fg = VT_DEFAULT_FG;
			break;
		case 49:
			v->pen.bg = VT_DEFAULT_BG;
			break;
		}
	return 0;
}

void
pen_select(struct vt *v)
{
	unsigned i;

	if (v->nparams == 0)
		pen_reset(v);
	for (i = 0; i < v->nparams; i++)
		i += rendition(v, i);
}
