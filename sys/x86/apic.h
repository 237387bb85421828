#pragma once
/* Interrupt controllers; intr.c decides which of them serve. */
#include "kern/types.h"

bool lapic_init(void);			/* false: this CPU has none */
bool lapic_present(void);
void lapic_accept_pic(void);		/* the 8259 pair speaks through it */
void lapic_eoi(void);
uint32_t lapic_id(void);
/* One-shot timer, `count' ticks of the bus clock / 16; 0 stops it. */
void lapic_timer(uint32_t count);
uint32_t lapic_timer_left(void);

unsigned ioapic_init(void);		/* number of lines in all */
/* Routes a global interrupt to vector VECTOR_IRQ + gsi of the boot CPU, and unmasks it. */
void ioapic_route(unsigned gsi, bool level, bool low);

void pic_init(void);			/* remapped to VECTOR_IRQ .. + 15, all masked */
void pic_unmask(unsigned line);
bool pic_spurious(unsigned line);	/* not a real interrupt; acknowledged as far as needed */
void pic_eoi(unsigned line);
