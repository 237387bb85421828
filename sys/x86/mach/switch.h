#pragma once
/*
 * The switch between two threads, in line where the scheduler makes it: the compiler then knows that every
 * register is lost and saves those that are in use, once, instead of all by rule.
 *
 * FPU state is switched eagerly and only for threads that have been in user mode: the kernel
 * itself is compiled without FPU instructions.  Lazy switching was rejected: it saves nothing
 * with today's compilers and has leaked registers between processes on real CPUs.
 */
#include "kern/cpu.h"
#include "mach/thread.h"

#define SWITCH_FS_BASE	0xc0000100u	/* the TLS base's MSR */

#ifdef __x86_64__
#define SWITCH_LOST	"rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
#else
#define SWITCH_LOST	"eax", "ebx", "ecx", "edx"
#endif

/* Called with interrupts off; the address space is switched already. */
static inline __attribute__((always_inline)) void
mach_switch(struct mach_thr *from, struct mach_thr *to)
{
	if (likely(from->user))
		__asm__ volatile("fxsave64 %0" : "=m"(from->fpu));
	if (likely(to->user)) {
		__asm__ volatile("fxrstor64 %0" : : "m"(to->fpu));
		__asm__ volatile("wrmsr" : : "c"(SWITCH_FS_BASE), "a"(to->fs_half[0]), "d"(to->fs_half[1]));
	}
	cpu_self()->mach.tss.rsp0 = to->top;
	__asm__ volatile("call thread_switch" : "+D"(from), "+S"(to) : : SWITCH_LOST, "memory", "cc");
}
