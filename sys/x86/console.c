/* Output by polling: COM1 and QEMU's debug port.  Never waits for ever on a missing UART. */
#include "mach/console.h"
#include "mach/io.h"

void (*early_screen)(const char *text);

#define COM1		0x3f8
#define COM_LSR		5
#define LSR_THRE	0x20
#define DEBUG_PORT	0xe9

static void
serial_put(char c)
{
	for (unsigned spins = 0; (io_read8(COM1 + COM_LSR) & LSR_THRE) == 0 && spins < 100000; spins++)
		;
	io_write8(COM1, (uint8_t)c);
}

void
early_putc(char c)
{
	io_write8(DEBUG_PORT, (uint8_t)c);
	if (c == '\n')
		serial_put('\r');
	serial_put(c);
}

void
early_puts(const char *text)
{
	while (*text != '\0')
		early_putc(*text++);
}
