#pragma once
/* CPU exceptions and interrupts, see trap.c.  The names are Zero's. */
#include "kern/types.h"

enum {
	TRAP_DE = 0, TRAP_DB = 1, TRAP_NMI = 2, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5, TRAP_UD = 6,
	TRAP_NM = 7, TRAP_DF = 8, TRAP_TS = 10, TRAP_NP = 11, TRAP_SS = 12, TRAP_GP = 13,
	TRAP_PF = 14, TRAP_MF = 16, TRAP_AC = 17, TRAP_MC = 18, TRAP_XF = 19, TRAP_COUNT = 32,
};

struct trapframe;

/* From entry.asm, interrupts off. */
void trap_user(struct trapframe *);
void trap_kernel(struct trapframe *);
void trap_paranoid(struct trapframe *);
struct trapframe *trap_bad_iret(struct trapframe *);
void sysret_check(const struct trapframe *);
/* An interrupt vector (intr.c). */
void intr_dispatch(struct trapframe *);

/* Ends the system with a report; tf: registers at the fault, or NULL. */
void trap_panic(const struct trapframe *, const char *what) __noreturn;
/* Debug kernel: what was undefined, if a check of the compiler's made this trap; else NULL. */
const char *undefined_kind(const struct trapframe *);
/* Frame that the report shows instead of the caller's own registers. */
extern const struct trapframe *panic_frame;
