#pragma once
/*
 * The kernel's log: a ring that /dev/kmsg and dmesg read, copied to the console while it is
 * early or verbose.  Callable from any context, also with locks held and from interrupts.
 */
#include <stdarg.h>
#include "kern/types.h"

void log_printf(const char *fmt, ...) __printf(1, 2);
void log_vprintf(const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* A report that the quiet log check must see: starts the line with "WARN: ". */
void log_warn(const char *fmt, ...) __printf(1, 2);

/* The last words before the CPU halts for ever: a driver that waits for interrupts would keep them to itself. */
void log_last(const char *text);

/* Console output sinks (serial, screen); called with the text, from any context. */
struct log_sink {
	void (*write)(const char *text, size_t n);
	struct log_sink *next;
};
void log_sink_add(struct log_sink *);
/* Copies log text from position *pos (bytes since boot; moved forward) into buf; returns the bytes. */
size_t log_read(uint64_t *pos, char *buf, size_t size);
