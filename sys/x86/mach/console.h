#pragma once
/* Polled output before and below all drivers: the first serial line, and QEMU's debug port. */
#include "kern/types.h"

void early_putc(char c);
void early_puts(const char *text);
/* A screen driver's way to show a panic: takes no lock and may find its own state half changed. */
extern void (*early_screen)(const char *text);
