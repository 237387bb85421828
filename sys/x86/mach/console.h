#pragma once
/* Polled output before and below all drivers: the first serial line, and QEMU's debug port. */
#include "kern/types.h"

void early_putc(char c);
void early_puts(const char *text);
