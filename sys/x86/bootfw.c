/*
 * Options from QEMU beside the loader's: the fw_cfg file opt/zenta/append is added to the command
 * line, so that mk/zrun -b can say what it says to a kernel it starts directly.  Read byte by byte
 * through the ports, long before dev/fwcfg.c; no other machine answers with the signature.
 */
#include "x86/bootfw.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "mach/io.h"

#define PORT_SELECT	0x510
#define PORT_DATA	0x511
#define ITEM_SIGNATURE	0x00
#define ITEM_DIRECTORY	0x19
#define NFILES		4096u	/* entries looked at, whatever the device says */
#define FILE_NAME	"opt/zenta/append"

static uint32_t
read_be(unsigned bytes)
{
	uint32_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | io_read8(PORT_DATA);
	return v;
}

static void
append(unsigned item, uint32_t size)
{
	size_t used = strlen(bootinfo.cmdline), room = sizeof(bootinfo.cmdline) - 1;

	io_write16(PORT_SELECT, (uint16_t)item);
	if (used < room)
		bootinfo.cmdline[used++] = ' ';
	while (size-- > 0 && used < room)
		bootinfo.cmdline[used++] = (char)io_read8(PORT_DATA);
	bootinfo.cmdline[used] = '\0';
}

void
bootfw_append(void)
{
	uint32_t n;

	io_write16(PORT_SELECT, ITEM_SIGNATURE);
	if (read_be(4) != 0x51454d55)		/* "QEMU" */
		return;
	io_write16(PORT_SELECT, ITEM_DIRECTORY);
	n = read_be(4);
	for (uint32_t i = 0; i < n && i < NFILES; i++) {
		char name[56];
		uint32_t size = read_be(4), item = read_be(4) >> 16;

		for (size_t k = 0; k < sizeof(name); k++)
			name[k] = (char)io_read8(PORT_DATA);
		if (strncmp(name, FILE_NAME, sizeof(name)) == 0) {
			append(item, size);
			return;
		}
	}
}
