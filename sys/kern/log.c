/*
 * The log ring.  Positions count bytes since boot, so a reader that fell behind notices.  The
 * text goes to the sinks at once; sinks must work with interrupts off.
 */
#include "kern/log.h"
#include "kern/lock.h"
#include "kern/string.h"
#include "mach/console.h"
#include "mach/intr.h"

#define LOG_SIZE	(16 * 1024)
#define LINE_SIZE	512

LOCK_CLASS(log_class, "log", RANK_LOG);
static struct spin log_lock = SPIN_INIT(&log_class);
static char ring[LOG_SIZE];		/* [log_lock] */
static uint64_t written;		/* [log_lock] bytes since boot */
static struct log_sink *sinks;		/* [log_lock] */

static void
log_write(const char *text, size_t n)
{
	uint32_t state = spin_lock_irq(&log_lock);

	for (size_t i = 0; i < n; i++)
		ring[written++ % LOG_SIZE] = text[i];
	if (sinks == NULL) {
		for (size_t i = 0; i < n; i++)
			early_putc(text[i]);
	}
	for (struct log_sink *s = sinks; s != NULL; s = s->next)
		s->write(text, n);
	spin_unlock_irq(&log_lock, state);
}

void
log_vprintf(const char *fmt, va_list ap)
{
	char line[LINE_SIZE];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	log_write(line, MIN((size_t)n, sizeof(line) - 1));
}

void
log_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	log_write("WARN: ", 6);
	va_start(ap, fmt);
	log_vprintf(fmt, ap);
	va_end(ap);
	log_write("\n", 1);
}

void
log_last(const char *text)
{
	bool early = sinks != NULL;

	intr_disable();
	log_write(text, strlen(text));
	if (early)
		early_puts(text);
}

void
log_sink_add(struct log_sink *s)
{
	uint32_t state = spin_lock_irq(&log_lock);

	s->next = sinks;
	sinks = s;
	spin_unlock_irq(&log_lock, state);
}

size_t
log_read(uint64_t *pos, char *buf, size_t size)
{
	uint32_t state = spin_lock_irq(&log_lock);
	size_t n = 0;

	if (written > LOG_SIZE && *pos < written - LOG_SIZE)
		*pos = written - LOG_SIZE;
	while (n < size && *pos < written)
		buf[n++] = ring[(*pos)++ % LOG_SIZE];
	spin_unlock_irq(&log_lock, state);
	return n;
}
