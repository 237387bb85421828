#pragma once
/* Flags of halt (Zero's HALT_REBOOT keeps its value). */
#define HALT_HALT	0	/* stop the CPU, power stays on */
#define HALT_REBOOT	1
#define HALT_POWEROFF	2
#define HALT_NOSYNC	4	/* do not write files back first */
