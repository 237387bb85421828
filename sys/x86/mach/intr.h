#pragma once
/* Interrupts: the CPU's flag, and handlers for device lines. */
#include "kern/types.h"

#define RFLAGS_IF	0x200u

/* The state to hand to intr_restore: 1 when interrupts were on. */
static inline uint32_t
intr_disable(void)
{
	uintptr_t flags;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
	return (flags & RFLAGS_IF) != 0;
}

/* Where they are known to be on. */
static inline void
intr_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void
intr_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void
intr_restore(uint32_t state)
{
	if (state != 0)
		intr_enable();
}

static inline bool
intr_enabled(void)
{
	uintptr_t flags;

	__asm__ volatile("pushf; pop %0" : "=r"(flags) : : "memory");
	return (flags & RFLAGS_IF) != 0;
}

/* Turns interrupts on and waits for one; nothing can come between the two. */
static inline void
intr_wait(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

/*
 * Handlers run with interrupts off and must not take ordinary spin locks: they read their device,
 * fill a ring, and queue a deferred call.  Registering unmasks the line.  ENOMEM, EINVAL.
 */
/* An ISA line 0-15 (edge triggered unless the firmware's tables say otherwise). */
int intr_register(unsigned isa_line, void (*fn)(void *), void *arg, const char *name) __must_check;
/* A PCI function's line (its interrupt line register): level, active low, shared. */
int intr_register_pci(unsigned line, void (*fn)(void *), void *arg, const char *name) __must_check;
/* A vector of its own for MSI or MSI-X; ENXIO without a local APIC. */
int intr_alloc_msi(void (*fn)(void *), void *arg, const char *name, uint64_t *addr, uint32_t *data)
    __must_check;
/* What has been counted, for /proc: calls fn for each handler. */
