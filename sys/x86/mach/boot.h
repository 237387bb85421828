#pragma once
/* What the loader told us, whichever it was (multiboot2, PVH). */
#include "kern/types.h"

struct boot_module {
	paddr_t start, end;
	char cmdline[64];	/* "base", "root", ... last component of the name */
};
struct boot_framebuffer {
	paddr_t addr;
	uint32_t width, height, pitch, bpp;
	uint8_t red_pos, green_pos, blue_pos;
	bool text;		/* VGA text mode instead */
};
struct bootinfo {
	char cmdline[1024];
	struct boot_module modules[8];
	unsigned nmodules;
	struct boot_framebuffer fb;
	bool has_fb;
	paddr_t rsdp;		/* 0: search the BIOS area */
};
extern struct bootinfo bootinfo;
uint64_t boot_image_bytes(void);	/* of the kernel itself */
/* "name=value" or "name" on the kernel command line; NULL if absent, "" if without value. */
const char *boot_option(const char *name, char *buf, size_t size);
