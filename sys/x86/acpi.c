/*
 * ACPI tables.
 *
 * Everything here is data of fixed layout, checked by length and checksum: RSDP, RSDT or XSDT, MADT
 * (interrupt controllers), HPET, MCFG, FADT.  The one thing that is only in AML, the value that
 * turns power off, is found by looking for the package named _S5_ in the DSDT's bytes; its
 * encoding is always the same simple one.  Tables that lie outside of the direct map are mapped.
 */
#include "x86/acpi.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "mach/mmu.h"
#include "vm/kmap.h"

struct acpi_info acpi_info = { .lapic = 0xfee00000, .ncpus = 1, .pic = true };

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} __attribute__((packed));

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct gas {
	uint8_t space, width, offset, access;
	uint64_t addr;
} __attribute__((packed));

static void *
table_map(paddr_t pa, size_t n)
{
	return mmu_phys_mapped(pa, n) ? mmu_phys_map(pa) : kmap_device(pa, n, false);
}

static bool
sum_ok(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + b[i]);
	return sum == 0;
}

/* A whole table, checked, or NULL. */
static const struct header *
table_open(paddr_t pa)
{
	const struct header *h = table_map(pa, sizeof(*h));
	uint32_t length;

	if (h == NULL || (length = h->length) < sizeof(*h) || length > (1u << 20))
		return NULL;
	h = table_map(pa, length);
	return h != NULL && sum_ok(h, length) ? h : NULL;
}

/* Reads an unaligned field at `offset', 0 when the table is too short for it. */
static uint64_t
field(const struct header *h, size_t offset, size_t size)
{
	uint64_t v = 0;

	if (offset + size <= h->length)
		memcpy(&v, (const char *)h + offset, size);
	return v;
}

/* --- MADT --- */

enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDR = 5 };

static void
madt_entry(const struct header *h, size_t at, uint8_t type)
{
	struct acpi_info *a = &acpi_info;
	struct acpi_override *o;

	switch (type) {
	case MADT_LAPIC:
		a->ncpus += field(h, at + 4, 4) & 1;
		break;
	case MADT_IOAPIC:
		if (a->nioapics < ARRAY_SIZE(a->ioapics))
			a->ioapics[a->nioapics++] = (struct acpi_ioapic){ field(h, at + 4, 4),
				(uint32_t)field(h, at + 8, 4) };
		break;
	case MADT_OVERRIDE:
		if (a->noverrides == ARRAY_SIZE(a->overrides))
			break;
		o = &a->overrides[a->noverrides++];
		o->isa = (uint8_t)field(h, at + 3, 1);
		o->gsi = (uint32_t)field(h, at + 4, 4);
		o->polarity = field(h, at + 8, 2) & 3;
		o->trigger = field(h, at + 8, 2) >> 2 & 3;
		break;
	case MADT_LAPIC_ADDR:
		a->lapic = field(h, at + 4, 8);
		break;
	}
}

static void
madt_read(const struct header *h)
{
	struct acpi_info *a = &acpi_info;
	size_t at = sizeof(*h) + 8;

	a->madt = true;
	a->ncpus = 0;
	a->lapic = field(h, sizeof(*h), 4);
	a->pic = (field(h, sizeof(*h) + 4, 4) & 1) != 0;
	while (at + 2 <= h->length) {
		uint8_t type = (uint8_t)field(h, at, 1), len = (uint8_t)field(h, at + 1, 1);

		if (len < 2)
			break;
		madt_entry(h, at, type);
		at += len;
	}
	if (a->ncpus == 0)
		a->ncpus = 1;
}

/* --- FADT and what turns the power off --- */

#define FADT_DSDT	40
#define FADT_SMI_CMD	48
#define FADT_ENABLE	52
#define FADT_PM1A_CNT	64
#define FADT_PM1B_CNT	68
#define FADT_CENTURY	108
#define FADT_FLAGS	112
#define FADT_RESET_REG	116
#define FADT_RESET_VALUE 128
#define FADT_SLEEP_REG	244
#define FLAG_RESET	(1u << 10)
#define FLAG_REDUCED	(1u << 20)

/* An AML integer of the simple kinds; moves *p on. */
static uint8_t
aml_integer(const uint8_t **p)
{
	uint8_t v = *(*p)++;

	if (v == 0x0a)			/* byte prefix */
		return *(*p)++;
	return v;			/* zero, one */
}

/* Name (_S5_, Package () { a, b, ... }) */
static void
s5_find(const struct header *dsdt)
{
	struct acpi_power *pw = &acpi_info.power;
	const uint8_t *p = (const uint8_t *)(dsdt + 1), *end = (const uint8_t *)dsdt + dsdt->length - 16;

	for (; p < end; p++) {
		if (memcmp(p, "_S5_", 4) != 0 || p[4] != 0x12)
			continue;
		p += 5;
		p += 1 + (*p >> 6);	/* package length */
		p++;			/* number of elements */
		pw->typ_a = aml_integer(&p);
		pw->typ_b = aml_integer(&p);
		pw->found = true;
		return;
	}
}

static void
fadt_read(const struct header *h)
{
	struct acpi_power *pw = &acpi_info.power;
	const struct header *dsdt = table_open(field(h, FADT_DSDT, 4));
	uint32_t flags = (uint32_t)field(h, FADT_FLAGS, 4);

	pw->smi_cmd = (uint32_t)field(h, FADT_SMI_CMD, 4);
	pw->enable = (uint8_t)field(h, FADT_ENABLE, 1);
	pw->pm1a = (uint32_t)field(h, FADT_PM1A_CNT, 4);
	pw->pm1b = (uint32_t)field(h, FADT_PM1B_CNT, 4);
	acpi_info.century = (uint8_t)field(h, FADT_CENTURY, 1);
	if ((flags & FLAG_RESET) != 0) {
		pw->reset_space = (uint8_t)field(h, FADT_RESET_REG, 1);
		pw->reset_addr = field(h, FADT_RESET_REG + 4, 8);
		pw->reset_value = (uint8_t)field(h, FADT_RESET_VALUE, 1);
	}
	if ((flags & FLAG_REDUCED) != 0) {
		pw->reduced = true;
		pw->sleep_space = (uint8_t)field(h, FADT_SLEEP_REG, 1);
		pw->sleep_addr = field(h, FADT_SLEEP_REG + 4, 8);
	}
	if (dsdt != NULL)
		s5_find(dsdt);
}

/* --- the table of tables --- */

static void
table_read(paddr_t pa)
{
	const struct header *h = table_open(pa);

	if (h == NULL)
		return;
	if (memcmp(h->signature, "APIC", 4) == 0) {
		madt_read(h);
	} else if (memcmp(h->signature, "FACP", 4) == 0) {
		fadt_read(h);
	} else if (memcmp(h->signature, "HPET", 4) == 0) {
		acpi_info.hpet = field(h, 44, 8);
	} else if (memcmp(h->signature, "MCFG", 4) == 0) {
		acpi_info.ecam = field(h, 44, 8);
		acpi_info.ecam_bus_first = (uint8_t)field(h, 54, 1);
		acpi_info.ecam_bus_last = (uint8_t)field(h, 55, 1);
	}
}

static const struct rsdp *
rsdp_search(paddr_t from, paddr_t to)
{
	for (paddr_t pa = from; pa + sizeof(struct rsdp) <= to; pa += 16) {
		const struct rsdp *r = mmu_phys_map(pa);

		if (memcmp(r->signature, "RSD PTR ", 8) == 0 && sum_ok(r, 20))
			return r;
	}
	return NULL;
}

static const struct rsdp *
rsdp_find(void)
{
	const struct rsdp *r;
	paddr_t ebda;

	if (bootinfo.rsdp != 0) {
		r = table_map(bootinfo.rsdp, sizeof(*r));
		if (r != NULL && memcmp(r->signature, "RSD PTR ", 8) == 0 && sum_ok(r, 20))
			return r;
	}
	ebda = (paddr_t)*(const uint16_t *)mmu_phys_map(0x40e) << 4;
	r = ebda >= 0x80000 && ebda < 0xa0000 ? rsdp_search(ebda, ebda + 1024) : NULL;
	return r != NULL ? r : rsdp_search(0xe0000, 0x100000);
}

static void
acpi_init(void)
{
	const struct rsdp *r = rsdp_find();
	const struct header *h = NULL;
	size_t size = 4;

	if (r == NULL)
		return;
	if (r->revision >= 2 && r->xsdt != 0) {
		size = 8;
		h = table_open(r->xsdt);
	}
	if (h == NULL) {
		size = 4;
		h = table_open(r->rsdt);
	}
	if (h == NULL) {
		log_warn("ACPI: bad root table");
		return;
	}
	for (size_t at = sizeof(*h); at + size <= h->length; at += size)
		table_read(field(h, at, size));
}
INIT(acpi_init, LEVEL_INTR - 2);
