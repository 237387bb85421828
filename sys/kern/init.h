#pragma once
/*
 * Initialisation by level: INIT(vm_init, LEVEL_VM) beside the code it starts.  kmain() runs the
 * set in order of level (ties: link order), all on the boot CPU's first thread.
 */
#include "kern/types.h"

enum {
	LEVEL_MACH = 100,	/* early console, traps, boot information are there before */
	LEVEL_VM = 200,		/* frames, zones, kernel maps; allocation works afterwards */
	LEVEL_KERN = 300,	/* threads, timers, nodes, descriptors, random numbers */
	LEVEL_INTR = 400,	/* interrupt controllers, clocks; interrupts on afterwards */
	LEVEL_FS = 500,		/* file systems register, root mounted */
	LEVEL_DEV = 600,	/* drivers attach, device nodes appear */
	LEVEL_PROC = 700,	/* process 1 is made */
};

struct init_entry {
	void (*fn)(void);
	const char *name;
	int level;
};

#define INIT(f, lev) \
	static const struct init_entry init_##f __section(".init_set") = \
	    { .fn = f, .name = #f, .level = lev }
