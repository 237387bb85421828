#pragma once
/* Bits of control registers, MSRs and descriptors that more than one file needs. */
#include "kern/types.h"

#define CR0_PE		0x00000001u
#define CR0_MP		0x00000002u
#define CR0_ET		0x00000010u
#define CR0_NE		0x00000020u
#define CR0_WP		0x00010000u
#define CR0_PG		0x80000000u
/* Alignment checks stay off (AM clear): misaligned access is legal for user programs. */
#define CR0_BOOT	(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG)

#define CR4_PAE		0x00000020u
#define CR4_MCE		0x00000040u
#define CR4_PGE		0x00000080u
#define CR4_OSFXSR	0x00000200u
#define CR4_OSXMMEXCPT	0x00000400u
#define CR4_UMIP	0x00000800u
#define CR4_SMEP	0x00100000u
#define CR4_SMAP	0x00200000u
#define CR4_BOOT	(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

#define MSR_APIC_BASE	0x0000001bu
#define MSR_MCG_STATUS	0x0000017au
#define MSR_EFER	0xc0000080u
#define MSR_STAR	0xc0000081u
#define MSR_LSTAR	0xc0000082u
#define MSR_CSTAR	0xc0000083u
#define MSR_FMASK	0xc0000084u
#define MSR_FS_BASE	0xc0000100u
#define MSR_GS_BASE	0xc0000101u
#define MSR_KERNEL_GS	0xc0000102u
#define EFER_SCE	0x001u
#define EFER_LME	0x100u
#define EFER_NXE	0x800u

/* Cleared by the syscall instruction: TF IF DF IOPL NT AC. */
#define FMASK		0x47700u

#define VECTOR_IRQ	0x20	/* + global interrupt number, up to 95 */
#define VECTOR_MSI	0x90	/* .. 0xdf */
#define NMSI		80
#define VECTOR_TIMER	0xf0
#define VECTOR_ERROR	0xfe
#define VECTOR_SPURIOUS	0xff	/* low four bits set, as old APICs want */


static inline uint64_t
rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void
wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void
cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}

static inline uint64_t
cr2_read(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

static inline uint64_t
cr4_read(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline void
cr4_write(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}
