#pragma once
/* How many threads ran or wanted to, on average over a minute, five and fifteen. */
#include "kern/types.h"

#define LOAD_ONE	65536u		/* a load of 1 */

void loadavg_tick(nsec_t now);		/* from the clock interrupt, while the CPU is not idle */
void loadavg_read(uint32_t load[3]);	/* in 1/LOAD_ONE */
