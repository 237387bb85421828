#pragma once
/* What the firmware's tables say; no AML is interpreted, see acpi.c. */
#include "kern/types.h"

struct acpi_ioapic {
	paddr_t addr;
	uint32_t gsi_base;
};
/* An ISA line that is wired elsewhere or differently. */
struct acpi_override {
	uint8_t isa;
	uint8_t polarity, trigger;	/* 0 as the bus, 1 high/edge, 3 low/level */
	uint32_t gsi;
};
struct acpi_power {
	bool found, reduced;
	uint32_t smi_cmd, pm1a, pm1b;
	uint8_t enable, typ_a, typ_b;
	uint8_t reset_space, reset_value;
	uint64_t reset_addr;
	uint8_t sleep_space;
	uint64_t sleep_addr;
};
struct acpi_info {
	bool madt;
	unsigned ncpus;
	paddr_t lapic;
	struct acpi_ioapic ioapics[4];
	unsigned nioapics;
	struct acpi_override overrides[24];
	unsigned noverrides;
	bool pic;			/* an 8259 pair exists */
	paddr_t hpet;			/* 0: none */
	paddr_t ecam;			/* PCI configuration space, segment 0; 0: none */
	uint8_t ecam_bus_first, ecam_bus_last;
	uint8_t century;		/* index of the clock's century register, or 0 */
	struct acpi_power power;
};
extern struct acpi_info acpi_info;
