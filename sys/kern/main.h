#pragma once
/* Entered by the machine layer with paging, traps and the boot CPU's per-CPU data set up. */
#include "kern/types.h"

struct cpu;
struct thr;

extern struct cpu cpu_boot;	/* the boot CPU's data; mach points %gs at it before kmain() */
extern struct thr thr_boot;	/* the thread that boots and later idles */
void kmain(void) __noreturn;
