/*
 * The local APIC and the I/O APICs, by memory-mapped registers.  Interrupts go to the boot CPU; the
 * vector of global interrupt n is VECTOR_IRQ + n.
 */
#include "x86/apic.h"
#include "kern/log.h"
#include "mach/cpu.h"
#include "mach/io.h"
#include "vm/kmap.h"
#include "x86/acpi.h"
#include "x86/amd64/regs.h"
#include "x86/cpu.h"

enum {
	LAPIC_ID = 0x20, LAPIC_TPR = 0x80, LAPIC_EOI = 0xb0, LAPIC_SVR = 0xf0, LAPIC_ESR = 0x280,
	LAPIC_TIMER = 0x320, LAPIC_LINT0 = 0x350, LAPIC_LINT1 = 0x360, LAPIC_LVT_ERROR = 0x370,
	LAPIC_INITIAL = 0x380, LAPIC_CURRENT = 0x390, LAPIC_DIVIDE = 0x3e0,
};
#define SVR_ENABLE	0x100u
#define LVT_MASKED	0x10000u
#define LVT_NMI		0x400u
#define LVT_EXTINT	0x700u
#define DIVIDE_16	0x3u
#define APIC_BASE_ON	0x800u

static char *lapic;			/* [I] NULL: none */

static uint32_t
lapic_read(unsigned reg)
{
	return mmio_read32(lapic + reg);
}

static void
lapic_write(unsigned reg, uint32_t v)
{
	mmio_write32(lapic + reg, v);
}

bool
lapic_init(void)
{
	if (!cpu_features.apic)
		return false;
	lapic = kmap_device(acpi_info.lapic, 4096, false);
	if (lapic == NULL)
		return false;
	wrmsr(MSR_APIC_BASE, (rdmsr(MSR_APIC_BASE) & 0xfff) | acpi_info.lapic | APIC_BASE_ON);
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LINT1, LVT_NMI);
	lapic_write(LAPIC_LVT_ERROR, VECTOR_ERROR);
	lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_ESR, 0);
	lapic_write(LAPIC_DIVIDE, DIVIDE_16);
	lapic_write(LAPIC_TIMER, VECTOR_TIMER);
	return true;
}

bool
lapic_present(void)
{
	return lapic != NULL;
}

void
lapic_accept_pic(void)
{
	if (lapic != NULL)
		lapic_write(LAPIC_LINT0, LVT_EXTINT);
}

void
lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

uint32_t
lapic_id(void)
{
	return lapic_read(LAPIC_ID) >> 24;
}

void
lapic_timer(uint32_t count)
{
	lapic_write(LAPIC_INITIAL, count);
}

uint32_t
lapic_timer_left(void)
{
	return lapic_read(LAPIC_CURRENT);
}

/* --- I/O APICs --- */

#define IOAPIC_SELECT	0x00
#define IOAPIC_WINDOW	0x10
#define IOAPIC_VERSION	1
#define IOAPIC_ENTRY(n)	(0x10 + 2 * (n))
#define ENTRY_MASKED	0x10000u
#define ENTRY_LEVEL	0x8000u
#define ENTRY_LOW	0x2000u
#define MAX_GSI		96

struct ioapic {
	char *regs;
	unsigned base, lines;
};
static struct ioapic ioapics[4];
static unsigned nioapics;

static uint32_t
ioapic_read(struct ioapic *io, uint32_t reg)
{
	mmio_write32(io->regs + IOAPIC_SELECT, reg);
	return mmio_read32(io->regs + IOAPIC_WINDOW);
}

static void
ioapic_write(struct ioapic *io, uint32_t reg, uint32_t v)
{
	mmio_write32(io->regs + IOAPIC_SELECT, reg);
	mmio_write32(io->regs + IOAPIC_WINDOW, v);
}

unsigned
ioapic_init(void)
{
	unsigned lines = 0;

	for (unsigned i = 0; i < acpi_info.nioapics; i++) {
		struct ioapic *io = &ioapics[nioapics];

		io->regs = kmap_device(acpi_info.ioapics[i].addr, 32, false);
		if (io->regs == NULL)
			continue;
		io->base = acpi_info.ioapics[i].gsi_base;
		io->lines = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (unsigned n = 0; n < io->lines; n++)
			ioapic_write(io, IOAPIC_ENTRY(n), ENTRY_MASKED);
		lines = MAX(lines, MIN(io->base + io->lines, MAX_GSI));
		nioapics++;
	}
	return lines;
}

void
ioapic_route(unsigned gsi, bool level, bool low)
{
	uint32_t bits = (VECTOR_IRQ + gsi) | (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0);

	for (unsigned i = 0; i < nioapics; i++) {
		struct ioapic *io = &ioapics[i];

		if (gsi < io->base || gsi >= io->base + io->lines)
			continue;
		ioapic_write(io, IOAPIC_ENTRY(gsi - io->base) + 1, lapic_id() << 24);
		ioapic_write(io, IOAPIC_ENTRY(gsi - io->base), bits);
	}
}
