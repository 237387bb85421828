#pragma once
/* Port and register access for drivers. */
#include "kern/types.h"

static inline uint8_t
io_read8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t
io_read16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t
io_read32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void
io_write8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void
io_write16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void
io_write32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

/* Device registers (kmap_device): one access of exactly this width. */
static inline uint8_t
mmio_read8(const void *p)
{
	return *(const volatile uint8_t *)p;
}

static inline uint16_t
mmio_read16(const void *p)
{
	return *(const volatile uint16_t *)p;
}

static inline uint32_t
mmio_read32(const void *p)
{
	return *(const volatile uint32_t *)p;
}

static inline void
mmio_write8(void *p, uint8_t v)
{
	*(volatile uint8_t *)p = v;
}

static inline void
mmio_write16(void *p, uint16_t v)
{
	*(volatile uint16_t *)p = v;
}

static inline void
mmio_write32(void *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}
