/* The 8259 pair: the fallback where there is no I/O APIC, and silenced where there is one. */
#include "mach/io.h"
#include "x86/amd64/regs.h"
#include "x86/apic.h"

#define MASTER		0x20
#define SLAVE		0xa0
#define CASCADE		2
#define OCW2_EOI	0x20
#define OCW3_READ_ISR	0x0b

static uint16_t mask = 0xffff;		/* [interrupts off] */

static void
mask_write(void)
{
	io_write8(MASTER + 1, (uint8_t)mask);
	io_write8(SLAVE + 1, (uint8_t)(mask >> 8));
}

void
pic_init(void)
{
	io_write8(MASTER, 0x11);
	io_write8(SLAVE, 0x11);
	io_write8(MASTER + 1, VECTOR_IRQ);
	io_write8(SLAVE + 1, VECTOR_IRQ + 8);
	io_write8(MASTER + 1, 1 << CASCADE);
	io_write8(SLAVE + 1, CASCADE);
	io_write8(MASTER + 1, 1);
	io_write8(SLAVE + 1, 1);
	mask_write();
}

void
pic_unmask(unsigned line)
{
	mask &= (uint16_t)~(1u << line | (line >= 8 ? 1u << CASCADE : 0));
	mask_write();
}

bool
pic_spurious(unsigned line)
{
	uint16_t port = line >= 8 ? SLAVE : MASTER;

	if (line % 8 != 7)
		return false;
	io_write8(port, OCW3_READ_ISR);
	if ((io_read8(port) & 0x80) != 0)
		return false;
	if (line >= 8)
		io_write8(MASTER, OCW2_EOI);	/* the cascade was real */
	return true;
}

void
pic_eoi(unsigned line)
{
	if (line >= 8)
		io_write8(SLAVE, OCW2_EOI);
	io_write8(MASTER, OCW2_EOI);
}
