#pragma once
/*
 * What every entry into the kernel saves: all registers of the interrupted code, whichever door
 * was taken.  The frame of a thread's user mode is always the highest thing on its kernel stack.
 */
#include "kern/types.h"

struct trapframe {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector, error;			/* VECTOR_CALL for system calls by either door */
	uint64_t rip, cs, rflags, rsp, ss;
};

#define SEL_KCODE	0x08
#define SEL_KDATA	0x10
#define SEL_UCODE32	0x18			/* not present; sysret counts from here */
#define SEL_UDATA	(0x20 | 3)
#define SEL_UCODE	(0x28 | 3)
#define SEL_TSS		0x30
#define VECTOR_CALL	0x80
/*
 * `error' of a frame that the syscall instruction made and that may leave by sysret: RCX and R11
 * are lost on the way.  Who changes more of the frame than result, carry or restart clears it.
 */
#define TF_DOOR_SYSCALL	1

#define RFLAGS_CF	0x0001u
#define RFLAGS_FIXED	0x0002u
#define RFLAGS_TF	0x0100u
#define RFLAGS_DF	0x0400u
#define RFLAGS_IOPL	0x3000u
#define RFLAGS_NT	0x4000u
#define RFLAGS_AC	0x40000u
/* CF PF AF ZF SF TF DF OF AC ID: all that user mode may choose. */
#define RFLAGS_USER	0x240dd5u

/* The end of user space: the last page is never mapped, see the sysret check. */
#define USER_MAX	((vaddr_t)0x00007fffffffe000)

/* Number and arguments of a call: RAX; RDI RSI RDX R10 R8 R9 R12 R13. */
static inline uint64_t
tf_call(const struct trapframe *tf)
{
	return tf->rax;
}

static inline uint64_t
tf_arg(const struct trapframe *tf, unsigned i)
{
	switch (i) {
	case 0: return tf->rdi;
	case 1: return tf->rsi;
	case 2: return tf->rdx;
	case 3: return tf->r10;
	case 4: return tf->r8;
	case 5: return tf->r9;
	case 6: return tf->r12;
	default: return tf->r13;
	}
}

/* Where the result of a call is. */
static inline intptr_t *
tf_result(struct trapframe *tf)
{
	return (intptr_t *)&tf->rax;
}

static inline void
tf_set_result(struct trapframe *tf, uint64_t value)
{
	tf->rax = value;
}

static inline void
tf_set_carry(struct trapframe *tf, bool error)
{
	if (error)
		tf->rflags |= RFLAGS_CF;
	else
		tf->rflags &= ~(uint64_t)RFLAGS_CF;
}

/* Makes the thread execute the call instruction again (both doors are two bytes long). */
static inline void
tf_restart(struct trapframe *tf, uint64_t number)
{
	tf->rip -= 2;
	tf->rax = number;
}

static inline bool
tf_from_user(const struct trapframe *tf)
{
	return (tf->cs & 3) != 0;
}

static inline uintptr_t
tf_pc(const struct trapframe *tf)
{
	return (uintptr_t)tf->rip;
}

static inline uintptr_t
tf_sp(const struct trapframe *tf)
{
	return (uintptr_t)tf->rsp;
}

/* The frame is that of a device or timer interrupt. */
static inline bool
tf_is_interrupt(const struct trapframe *tf)
{
	return tf->vector >= 32 && tf->vector != VECTOR_CALL;
}

/* The frame is that of a system call. */
static inline bool
tf_is_call(const struct trapframe *tf)
{
	return tf->vector == VECTOR_CALL;
}
