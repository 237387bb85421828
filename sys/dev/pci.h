#pragma once
/*
 * PCI: configuration space through the two ports, a scan of all buses, BARs, interrupts.
 */
#include "kern/types.h"

struct pci_dev {
	uint8_t bus, slot, fn;
	uint8_t line;			/* interrupt line as the firmware set it; 0 or 255: none */
	uint16_t vendor, device;
	uint32_t class;			/* class, subclass, interface */
};

uint8_t pci_read8(const struct pci_dev *, unsigned reg);
uint16_t pci_read16(const struct pci_dev *, unsigned reg);
uint32_t pci_read32(const struct pci_dev *, unsigned reg);
void pci_write16(const struct pci_dev *, unsigned reg, uint16_t);
void pci_write32(const struct pci_dev *, unsigned reg, uint32_t);
/* The i-th function found, or NULL. */
struct pci_dev *pci_get(unsigned i);
/* Offset of the next capability with that id after `from' (0: the first), or 0. */
unsigned pci_capability(const struct pci_dev *, uint8_t id, unsigned from);
/* Memory BAR: address (given one if the firmware did not) and size.  ENXIO. */
int pci_bar(const struct pci_dev *, unsigned bar, paddr_t *, uint64_t *size) __must_check;
/* Memory decoding and bus mastering. */
void pci_enable(const struct pci_dev *);
/*
 * One handler for the whole function: through MSI-X entry 0 when there is a local APIC and the
 * device can (*msix set), else through its line.  ENXIO.
 */
int pci_intr(const struct pci_dev *, void (*fn)(void *), void *arg, const char *name, bool *msix)
    __must_check;
