/*
 * Constants for the assembler files.  Compiled with `clang -S' for each kind of kernel; the lines
 * that begin with %define become build/obj/KIND/gen/assym.inc (mk/kernel.mk).
 */
#include "kern/cpu.h"
#include "kern/thr.h"
#include "mach/frame.h"
#include "x86/amd64/regs.h"

#define DEFINE(name, value) __asm__ volatile("%%define " #name " %c0" : : "i"((long)(value)))
#define FRAME(name, member) DEFINE(name, offsetof(struct trapframe, member))

void assym(void);

void
assym(void)
{
	DEFINE(CPU_THR, offsetof(struct cpu, thr));
	DEFINE(CPU_KERNEL_SP, offsetof(struct cpu, mach.tss.rsp0));
	DEFINE(CPU_USER_SP, offsetof(struct cpu, mach.user_sp));
	DEFINE(T_WORK, offsetof(struct thr, t_work));
	DEFINE(MT_SP, offsetof(struct mach_thr, sp));

	FRAME(TF_RBP, rbp);
	FRAME(TF_R11, r11);
	FRAME(TF_R10, r10);
	FRAME(TF_R9, r9);
	FRAME(TF_R8, r8);
	FRAME(TF_RAX, rax);
	FRAME(TF_RDX, rdx);
	FRAME(TF_RSI, rsi);
	FRAME(TF_RDI, rdi);
	FRAME(TF_VECTOR, vector);
	FRAME(TF_ERROR, error);
	FRAME(TF_RIP, rip);
	FRAME(TF_CS, cs);
	FRAME(TF_RFLAGS, rflags);
	FRAME(TF_RSP, rsp);
	DEFINE(TF_SIZE, sizeof(struct trapframe));
	DEFINE(TF_DOOR_SYSCALL, TF_DOOR_SYSCALL);

	DEFINE(SEL_UCODE, SEL_UCODE);
	DEFINE(SEL_UDATA, SEL_UDATA);
	DEFINE(VECTOR_CALL, VECTOR_CALL);
	DEFINE(CR0_BOOT, CR0_BOOT);
	DEFINE(CR4_BOOT, CR4_BOOT);
	DEFINE(MSR_EFER, MSR_EFER);
	DEFINE(MSR_GS_BASE, MSR_GS_BASE);
	DEFINE(EFER_LME, EFER_LME);
	DEFINE(EFER_SCE, EFER_SCE);
	DEFINE(EFER_NXE, EFER_NXE);
	DEFINE(RFLAGS_DF, RFLAGS_DF);
	DEFINE(RFLAGS_IF, 0x200);
}
