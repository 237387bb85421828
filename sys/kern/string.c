/* Memory and string functions; copies go by machine words through the string instructions. */
#include "kern/string.h"
#include "mach/string.h"

#undef memcpy
#undef memmove
#undef memset

void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	mach_copy(to, from, n);
	return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n) {
		mach_copy(to, from, n);
		return to;
	}
	while (n-- > 0)
		t[n] = f[n];
	return to;
}

void *
memset(void *to, int c, size_t n)
{
	mach_fill(to, (uint8_t)c, n);
	return to;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *
memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (; n > 0; n--, p++)
		if (*p == (uint8_t)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

size_t
strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (*a == '\0')
			return 0;
	}
	return 0;
}

int
strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *
strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}

char *
strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (*s == '\0')
			return (char *)(uintptr_t)last;
	}
}

size_t
strlcpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	if (size > 0) {
		size_t n = MIN(len, size - 1);

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}
