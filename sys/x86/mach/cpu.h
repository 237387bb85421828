#pragma once
/* The CPU itself and the machine's power. */
#include "kern/types.h"

/*
 * What is done before kmain(): bootinfo filled, RAM handed to page_add_range(), final page
 * tables, GDT, IDT, and cpu_self() of the boot CPU with self, number, hold and deferred set;
 * thr is NULL until kmain makes a thread of the boot stack.  Interrupts are off.
 * At LEVEL_INTR the interrupt controllers, clocks and the timer are ready.
 */
#define MACH_NAME	"x86_64"	/* uname -m */

void kmain(void) __noreturn;

void cpu_halt_forever(void) __noreturn;
bool cpu_random(uint64_t *value);		/* RDRAND; false when there is none */
unsigned cpu_count(void);			/* CPUs the firmware lists */

void mach_poweroff(void) __noreturn;
void mach_reset(void) __noreturn;
/* Ends an emulator that has an exit device, with a status that means "panic" to zrun; else returns. */
void mach_exit_emulator(uint32_t code);
#define EXIT_CODE_PANIC	0x31

struct trapframe;
/* Writes registers, call chain, thread, process and locks of a panic to the early console. */
void mach_panic_report(const struct trapframe *);
/* The call chain from frame pointer `fp', at most `max' return addresses; the number found. */
size_t mach_backtrace(uintptr_t fp, uintptr_t *pcs, size_t max);
void mach_stop_others(void);
/* The symbol at or before a kernel address, or NULL. */
const char *ksym_find(uintptr_t pc, uintptr_t *offset);
