/* Text that grows in memory; see fs/text.h. */
#include "fs/text.h"
#include "kern/log.h"
#include "kern/string.h"
#include "vm/zone.h"

#define TEXT_MAX	(1024u * 1024u)

bool
text_room(struct text *t, size_t more)
{
	size_t size = MAX(t->size * 2, (size_t)1024);
	char *buf;

	if (t->failed || t->used + more < t->size)
		return !t->failed;
	while (size < t->used + more + 1)
		size *= 2;
	buf = size <= TEXT_MAX ? kmem_alloc(size, 0) : NULL;
	if (buf == NULL) {
		t->failed = true;
		return false;
	}
	if (t->buf != NULL) {
		memcpy(buf, t->buf, t->used);
		kmem_free(t->buf, t->size);
	}
	t->buf = buf;
	t->size = size;
	return true;
}

void
text_bytes(struct text *t, const char *from, size_t n)
{
	if (!text_room(t, n))
		return;
	memcpy(t->buf + t->used, from, n);
	t->used += n;
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_bytes(t, line, MIN((size_t)n, sizeof(line) - 1));
}
