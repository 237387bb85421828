/* vsnprintf for the kernel: d i u x X o c s p %, flags - 0 + space #, width, precision, h hh l ll z j t. */
#include "kern/log.h"
#include "kern/string.h"

struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, plus, space, alt, upper, is_signed;
	int width, precision;	/* precision -1: none */
	unsigned base;
	int size;		/* -2 hh, -1 h, 0, 1 l, 2 ll and j */
};

static void
put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void
pad(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put(o, c);
}

static void
put_string(struct out *o, const struct spec *s, const char *text)
{
	int len = (int)strnlen(text, s->precision >= 0 ? (size_t)s->precision : SIZE_MAX);

	if (!s->left)
		pad(o, ' ', s->width - len);
	for (int i = 0; i < len; i++)
		put(o, text[i]);
	if (s->left)
		pad(o, ' ', s->width - len);
}

static int
digits_of(uint64_t v, unsigned base, bool upper, char *end)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	do {
		*--end = set[v % base];
		v /= base;
		n++;
	} while (v != 0);
	return n;
}

static void
put_number(struct out *o, const struct spec *s, uint64_t v, char sign)
{
	char digits[24];
	int n = digits_of(v, s->base, s->upper, digits + sizeof(digits)), zeros, total;
	const char *prefix = s->alt && s->base == 16 && v != 0 ? (s->upper ? "0X" : "0x") : "";

	if (s->precision == 0 && v == 0)
		n = 0;
	zeros = s->precision > n ? s->precision - n : 0;
	total = n + zeros + (sign != 0) + (int)strlen(prefix);
	if (s->zero && !s->left && s->precision < 0 && s->width > total) {
		zeros = s->width - total;
		total = s->width;
	}
	if (!s->left)
		pad(o, ' ', s->width - total);
	if (sign != 0)
		put(o, sign);
	while (*prefix != '\0')
		put(o, *prefix++);
	pad(o, '0', zeros);
	for (int i = 0; i < n; i++)
		put(o, digits[sizeof(digits) - (size_t)n + (size_t)i]);
	if (s->left)
		pad(o, ' ', s->width - total);
}

static int
parse_number(const char **f, va_list *ap)
{
	int n = 0;

	if (**f == '*') {
		(*f)++;
		return va_arg(*ap, int);
	}
	for (; **f >= '0' && **f <= '9'; (*f)++)
		n = n * 10 + (**f - '0');
	return n;
}

static void
parse_spec(const char **f, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1, .base = 10 };
	for (;; (*f)++) {
		if (**f == '-')
			s->left = true;
		else if (**f == '0')
			s->zero = true;
		else if (**f == '+')
			s->plus = true;
		else if (**f == ' ')
			s->space = true;
		else if (**f == '#')
			s->alt = true;
		else
			break;
	}
	s->width = parse_number(f, ap);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (**f == '.') {
		(*f)++;
		s->precision = parse_number(f, ap);
	}
	for (;; (*f)++) {
		if (**f == 'l')
			s->size++;
		else if (**f == 'h')
			s->size--;
		else if (**f == 'z' || **f == 't')
			s->size = sizeof(size_t) == 8 ? 2 : 0;
		else if (**f == 'j')
			s->size = 2;
		else
			break;
	}
}

static uint64_t
fetch(const struct spec *s, va_list *ap, bool is_signed)
{
	if (s->size >= 2)
		return va_arg(*ap, uint64_t);
	if (s->size == 1)
		return is_signed ? (uint64_t)(int64_t)va_arg(*ap, long) : va_arg(*ap, unsigned long);
	if (is_signed) {
		int v = va_arg(*ap, int);

		return (uint64_t)(int64_t)(s->size == -1 ? (short)v : s->size == -2 ? (signed char)v : v);
	} else {
		unsigned v = va_arg(*ap, unsigned);

		return s->size == -1 ? (unsigned short)v : s->size == -2 ? (unsigned char)v : v;
	}
}

static void
convert(struct out *o, struct spec *s, char c, va_list *ap)
{
	const char *text;
	int64_t v;

	switch (c) {
	case 'd':
	case 'i':
		v = (int64_t)fetch(s, ap, true);
		put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v,
		    v < 0 ? '-' : s->plus ? '+' : s->space ? ' ' : 0);
		break;
	case 'X':
		s->upper = true;
		/* FALLTHROUGH */
	case 'x':
		s->base = 16;
		put_number(o, s, fetch(s, ap, false), 0);
		break;
	case 'o':
		s->base = 8;
		put_number(o, s, fetch(s, ap, false), 0);
		break;
	case 'u':
		put_number(o, s, fetch(s, ap, false), 0);
		break;
	case 'p':
		s->base = 16;
		s->precision = 2 * sizeof(void *);
		put_number(o, s, (uintptr_t)va_arg(*ap, void *), 0);
		break;
	case 'c':
		s->precision = 1;
		put_string(o, s, (char[]){ (char)va_arg(*ap, int), '\0' });
		break;
	case 's':
		text = va_arg(*ap, const char *);
		put_string(o, s, text != NULL ? text : "(null)");
		break;
	default:
		put(o, c);
	}
}

int
vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec s;
	va_list copy;

	va_copy(copy, ap);
	while (*fmt != '\0') {
		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt++;
		parse_spec(&fmt, &s, &copy);
		if (*fmt == '\0')
			break;
		convert(&o, &s, *fmt++, &copy);
	}
	va_end(copy);
	if (size > 0)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int
snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
