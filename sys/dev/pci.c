/*
 * PCI by configuration mechanism 1.  Firmware (SeaBIOS, OVMF) has numbered the buses and placed the
 * BARs; a memory BAR that is still 0 gets a place from POOL, which lies in the hole below 4 GiB
 * that both of QEMU's PC machines leave to PCI.
 *
 * All of this runs while devices attach, on one thread: no lock.
 */
#include "dev/pci.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/log.h"
#include "mach/intr.h"
#include "mach/io.h"
#include "vm/kmap.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define POOL		0xe8000000u
#define POOL_END	0xf0000000u

#define REG_COMMAND	0x04
#define REG_STATUS	0x06
#define REG_CLASS	0x08
#define REG_HEADER	0x0e
#define REG_BAR		0x10
#define REG_SECONDARY	0x19
#define REG_CAPS	0x34
#define REG_LINE	0x3c
#define COMMAND_MEMORY	0x0002
#define COMMAND_MASTER	0x0004
#define COMMAND_NOINTX	0x0400
#define STATUS_CAPS	0x0010
#define BAR_IO		0x1
#define BAR_64		0x4
#define CAP_MSIX	0x11
#define MSIX_ENABLE	0x8000

#define NDEV		64
static struct pci_dev devs[NDEV];
static unsigned ndevs;
static uint32_t pool_next = POOL;

static uint32_t
config_address(const struct pci_dev *d, unsigned reg)
{
	return 0x80000000u | (uint32_t)d->bus << 16 | (uint32_t)d->slot << 11 | (uint32_t)d->fn << 8 |
	    (reg & 0xfc);
}

uint32_t
pci_read32(const struct pci_dev *d, unsigned reg)
{
	io_write32(CONFIG_ADDRESS, config_address(d, reg));
	return io_read32(CONFIG_DATA);
}

uint16_t
pci_read16(const struct pci_dev *d, unsigned reg)
{
	return (uint16_t)(pci_read32(d, reg) >> (reg & 2) * 8);
}

uint8_t
pci_read8(const struct pci_dev *d, unsigned reg)
{
	return (uint8_t)(pci_read32(d, reg) >> (reg & 3) * 8);
}

void
pci_write32(const struct pci_dev *d, unsigned reg, uint32_t v)
{
	io_write32(CONFIG_ADDRESS, config_address(d, reg));
	io_write32(CONFIG_DATA, v);
}

void
pci_write16(const struct pci_dev *d, unsigned reg, uint16_t v)
{
	io_write32(CONFIG_ADDRESS, config_address(d, reg));
	io_write16((uint16_t)(CONFIG_DATA + (reg & 2)), v);
}

struct pci_dev *
pci_get(unsigned i)
{
	return i < ndevs ? &devs[i] : NULL;
}

unsigned
pci_capability(const struct pci_dev *d, uint8_t id, unsigned from)
{
	unsigned pos, steps;

	if ((pci_read16(d, REG_STATUS) & STATUS_CAPS) == 0)
		return 0;
	pos = pci_read8(d, from == 0 ? REG_CAPS : from + 1) & 0xfc;
	/* Bounded: the list could be a circle. */
	for (steps = 0; pos >= 0x40 && steps < 48; steps++) {
		if (pci_read8(d, pos) == id)
			return pos;
		pos = pci_read8(d, pos + 1) & 0xfc;
	}
	return 0;
}

/* --- BARs --- */

/* Size of a BAR: what stays 0 when ones are written.  Decoding is off meanwhile. */
static uint64_t
bar_size(const struct pci_dev *d, unsigned reg, bool wide)
{
	uint32_t low = pci_read32(d, reg), high = wide ? pci_read32(d, reg + 4) : 0;
	uint16_t command = pci_read16(d, REG_COMMAND);
	uint64_t mask;

	pci_write16(d, REG_COMMAND, command & ~COMMAND_MEMORY);
	pci_write32(d, reg, 0xffffffffu);
	mask = pci_read32(d, reg) & ~0xfu;
	if (wide) {
		pci_write32(d, reg + 4, 0xffffffffu);
		mask |= (uint64_t)pci_read32(d, reg + 4) << 32;
		pci_write32(d, reg + 4, high);
	} else
		mask |= 0xffffffff00000000ull;
	pci_write32(d, reg, low);
	pci_write16(d, REG_COMMAND, command);
	return ~mask + 1;
}

static int
bar_place(const struct pci_dev *d, unsigned reg, bool wide, uint64_t size)
{
	uint32_t at;

	if (size > POOL_END - POOL)
		return ENXIO;
	at = ROUND_UP(pool_next, (uint32_t)MAX(size, PAGE_SIZE));
	if (at + size > POOL_END)
		return ENXIO;
	pci_write32(d, reg, at);
	if (wide)
		pci_write32(d, reg + 4, 0);
	pool_next = at + (uint32_t)MAX(size, PAGE_SIZE);
	return 0;
}

int
pci_bar(const struct pci_dev *d, unsigned bar, paddr_t *addr, uint64_t *size)
{
	unsigned reg = REG_BAR + bar * 4;
	uint32_t low;
	bool wide;

	if (bar > 5)
		return ENXIO;
	low = pci_read32(d, reg);
	wide = (low & BAR_64) != 0;
	if ((low & BAR_IO) != 0 || (wide && bar == 5))
		return ENXIO;
	*size = bar_size(d, reg, wide);
	if (*size == 0)
		return ENXIO;
	if ((low & ~0xfu) == 0 && (!wide || pci_read32(d, reg + 4) == 0) &&
	    bar_place(d, reg, wide, *size) != 0)
		return ENXIO;
	*addr = pci_read32(d, reg) & ~0xfu;
	if (wide)
		*addr |= (uint64_t)pci_read32(d, reg + 4) << 32;
	return 0;
}

void
pci_enable(const struct pci_dev *d)
{
	pci_write16(d, REG_COMMAND, pci_read16(d, REG_COMMAND) | COMMAND_MEMORY | COMMAND_MASTER);
}

/* --- interrupts --- */

static int
intr_msix(const struct pci_dev *d, unsigned cap, void (*fn)(void *), void *arg, const char *name)
{
	uint32_t where = pci_read32(d, cap + 4), data;
	uint64_t address, size;
	uint8_t *entry;
	paddr_t table;
	int error;

	error = pci_bar(d, where & 7, &table, &size);
	if (error != 0)
		return error;
	where &= ~7u;
	if (where + 16 > size)
		return ENXIO;
	entry = kmap_device(table + where, 16, false);
	if (entry == NULL)
		return ENOMEM;
	error = intr_alloc_msi(fn, arg, name, &address, &data);
	if (error != 0)
		return error;
	mmio_write32(entry, (uint32_t)address);
	mmio_write32(entry + 4, (uint32_t)(address >> 32));
	mmio_write32(entry + 8, data);
	mmio_write32(entry + 12, 0);
	pci_write16(d, cap + 2, (pci_read16(d, cap + 2) | MSIX_ENABLE) & 0xbfff);
	pci_write16(d, REG_COMMAND, pci_read16(d, REG_COMMAND) | COMMAND_NOINTX);
	return 0;
}

int
pci_intr(const struct pci_dev *d, void (*fn)(void *), void *arg, const char *name, bool *msix)
{
	unsigned cap = pci_capability(d, CAP_MSIX, 0);

	*msix = cap != 0 && intr_msix(d, cap, fn, arg, name) == 0;
	if (*msix)
		return 0;
	if (d->line == 0 || d->line == 255)
		return ENXIO;
	return intr_register_pci(d->line, fn, arg, name);
}

/* --- the scan --- */

static void bus_scan(uint8_t bus, unsigned depth);

static void
function_found(struct pci_dev *d, unsigned depth)
{
	uint8_t secondary;

	d->device = pci_read16(d, 2);
	d->class = pci_read32(d, REG_CLASS) >> 8;
	d->line = pci_read8(d, REG_LINE);
	if (ndevs < NDEV)
		devs[ndevs++] = *d;
	if ((pci_read8(d, REG_HEADER) & 0x7f) == 1) {
		secondary = pci_read8(d, REG_SECONDARY);
		if (secondary > d->bus && depth < 8)
			bus_scan(secondary, depth + 1);
	}
}

static void
bus_scan(uint8_t bus, unsigned depth)
{
	struct pci_dev d = { .bus = bus };
	unsigned slot, fn, nfn;

	for (slot = 0; slot < 32; slot++) {
		d.slot = (uint8_t)slot;
		nfn = 1;
		for (fn = 0; fn < nfn; fn++) {
			d.fn = (uint8_t)fn;
			d.vendor = pci_read16(&d, 0);
			if (d.vendor == 0xffff)
				continue;
			if (fn == 0 && (pci_read8(&d, REG_HEADER) & 0x80) != 0)
				nfn = 8;
			function_found(&d, depth);
		}
	}
}

static void
pci_init(void)
{
	io_write32(CONFIG_ADDRESS, 0x80000000u);
	if (io_read32(CONFIG_ADDRESS) != 0x80000000u)
		return;
	bus_scan(0, 0);
	log_printf("pci: %u functions\n", ndevs);
}
INIT(pci_init, LEVEL_DEV + 1);
