/* Ends of the machine: off, reset, and telling an emulator.  Each falls back to the next way. */
#include "kern/log.h"
#include "mach/cpu.h"
#include "mach/intr.h"
#include "mach/io.h"
#include "vm/kmap.h"
#include "x86/acpi.h"

#define PM1_SCI_EN	0x0001u
#define PM1_SLP_EN	0x2000u
#define SPACE_MEMORY	0
#define SPACE_IO	1
#define EXIT_PORT	0xf4

struct no_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void
pause_ms(unsigned ms)
{
	/* port 80h takes about a microsecond on every machine; time may not work here */
	for (unsigned i = 0; i < ms * 1000; i++)
		io_write8(0x80, 0);
}

static void
register_write8(uint8_t space, uint64_t addr, uint8_t v)
{
	void *p;

	if (addr == 0)
		return;
	if (space == SPACE_IO) {
		io_write8((uint16_t)addr, v);
	} else if (space == SPACE_MEMORY) {
		p = kmap_device(addr, 1, false);
		if (p != NULL)
			mmio_write8(p, v);
	}
}

static void
acpi_enable(const struct acpi_power *pw)
{
	if (pw->smi_cmd == 0 || pw->enable == 0 || (io_read16((uint16_t)pw->pm1a) & PM1_SCI_EN) != 0)
		return;
	io_write8((uint16_t)pw->smi_cmd, pw->enable);
	for (unsigned i = 0; i < 300 && (io_read16((uint16_t)pw->pm1a) & PM1_SCI_EN) == 0; i++)
		pause_ms(10);
}

void
mach_poweroff(void)
{
	const struct acpi_power *pw = &acpi_info.power;

	intr_disable();
	if (pw->reduced && pw->sleep_addr != 0) {
		register_write8(pw->sleep_space, pw->sleep_addr, (uint8_t)(pw->typ_a << 2 | 0x20));
	} else if (pw->found && pw->pm1a != 0) {
		acpi_enable(pw);
		io_write16((uint16_t)pw->pm1a, (uint16_t)(pw->typ_a << 10 | PM1_SLP_EN));
		if (pw->pm1b != 0)
			io_write16((uint16_t)pw->pm1b, (uint16_t)(pw->typ_b << 10 | PM1_SLP_EN));
	}
	pause_ms(100);
	log_last("It is now safe to turn off the computer.\n");
	cpu_halt_forever();
}

void
mach_reset(void)
{
	const struct acpi_power *pw = &acpi_info.power;
	struct no_table none = { 0, 0 };

	intr_disable();
	register_write8(pw->reset_space, pw->reset_addr, pw->reset_value);
	pause_ms(20);
	io_write8(0xcf9, 0x02);
	io_write8(0xcf9, 0x06);
	pause_ms(20);
	for (unsigned i = 0; i < 1000 && (io_read8(0x64) & 2) != 0; i++)
		;
	io_write8(0x64, 0xfe);			/* the keyboard controller's reset line */
	pause_ms(20);
	__asm__ volatile("lidt %0; int3" : : "m"(none));
	cpu_halt_forever();
}

void
mach_exit_emulator(uint32_t code)
{
	io_write32(EXIT_PORT, code);
}

unsigned
cpu_count(void)
{
	return acpi_info.ncpus;
}
