/*
 * Signal frames.
 *
 * What a handler interrupts is saved as an abi_ucontext on the user's stack, below the red zone,
 * with the siginfo under it and the restorer as return address, so that at the handler's entry the
 * stack looks as after a call.  sigreturn takes the context back.  The user may have changed all
 * of it: segment registers are never taken from there, flags are cut down to what user mode may
 * set itself, and MXCSR to the bits the CPU has (restoring others would fault in the kernel).
 */
#include "kern/error.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "x86/fpu.h"
#include <abi/signal.h>

#define RED_ZONE	128
#define MXCSR_DEFAULT_MASK 0xffbfu

static const struct {
	uint8_t reg;
	uint8_t offset;
} gregs[] = {
#define GREG(name, member) { ABI_REG_##name, offsetof(struct trapframe, member) }
	GREG(R8, r8), GREG(R9, r9), GREG(R10, r10), GREG(R11, r11), GREG(R12, r12), GREG(R13, r13),
	GREG(R14, r14), GREG(R15, r15), GREG(RDI, rdi), GREG(RSI, rsi), GREG(RBP, rbp), GREG(RBX, rbx),
	GREG(RDX, rdx), GREG(RAX, rax), GREG(RCX, rcx), GREG(RSP, rsp), GREG(RIP, rip),
#undef GREG
};

static uint64_t *
greg(struct trapframe *tf, size_t i)
{
	return (uint64_t *)((char *)tf + gregs[i].offset);
}

static void
context_save(struct trapframe *tf, const struct mach_signal *s, struct abi_mcontext *mc)
{
	struct mach_thr *m = &thr_self()->t_mach;

	for (size_t i = 0; i < ARRAY_SIZE(gregs); i++)
		mc->gregs[gregs[i].reg] = *greg(tf, i);
	mc->gregs[ABI_REG_EFL] = tf->rflags;
	mc->gregs[ABI_REG_CSGSFS] = tf->cs;
	mc->gregs[ABI_REG_TRAPNO] = tf->vector;
	mc->gregs[ABI_REG_ERR] = tf_is_call(tf) ? 0 : tf->error;
	mc->gregs[ABI_REG_CR2] = s->info->addr;
	fpu_save(m->fpu);
	memcpy(mc->fx, m->fpu, sizeof(mc->fx));
	mc->flags = ABI_MC_FX;
}

struct layout {
	uintptr_t context, info, sp;
};

static int
layout(const struct trapframe *tf, const struct mach_signal *s, struct layout *l)
{
	uintptr_t top = s->stack_top != 0 ? s->stack_top : tf->rsp - RED_ZONE;
	size_t total = sizeof(struct abi_ucontext) + sizeof(struct abi_siginfo) + 3 * sizeof(uint64_t);

	if (top > USER_MAX || top < total)
		return EFAULT;
	l->context = ROUND_DOWN(top - sizeof(struct abi_ucontext), (uintptr_t)16);
	l->info = l->context - sizeof(struct abi_siginfo);
	l->sp = l->info - sizeof(uint64_t);
	return 0;
}

int
mach_signal_push(struct trapframe *tf, struct mach_signal *s)
{
	uint64_t restorer = s->restorer;
	struct layout l;
	int error;

	if (s->handler >= USER_MAX || (error = layout(tf, s, &l)) != 0)
		return EFAULT;
	context_save(tf, s, &s->uc->mcontext);
	error = copyout(s->uc, (void __user *)l.context, sizeof(*s->uc));
	if (error == 0)
		error = copyout(s->info, (void __user *)l.info, sizeof(*s->info));
	if (error == 0)
		error = copyout(&restorer, (void __user *)l.sp, sizeof(restorer));
	if (error != 0)
		return error;
	tf->rip = s->handler;
	tf->rsp = l.sp;
	tf->rdi = (uint64_t)s->signo;
	tf->rsi = l.info;
	tf->rdx = l.context;
	tf->rax = 0;
	tf->error = 0;
	tf->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_TF | RFLAGS_AC | RFLAGS_NT);
	fpu_restore(fpu_fresh);
	return 0;
}

static void
fpu_take(const uint8_t *fx)
{
	uint8_t *area = thr_self()->t_mach.fpu;
	uint32_t mask, mxcsr;

	fpu_save(area);
	memcpy(&mask, area + FX_MXCSR_MASK, sizeof(mask));
	if (mask == 0)
		mask = MXCSR_DEFAULT_MASK;
	memcpy(&mxcsr, fx + FX_MXCSR, sizeof(mxcsr));
	mxcsr &= mask;
	/* the area is also where a switch saves to: nothing here sleeps */
	memcpy(area, fx, 512);
	memcpy(area + FX_MXCSR, &mxcsr, sizeof(mxcsr));
	fpu_restore(area);
}

int
mach_signal_return(struct trapframe *tf, const void __user *context, struct abi_ucontext *uc)
{
	const uint64_t *g = uc->mcontext.gregs;
	int error = copyin(context, uc, sizeof(*uc));

	if (error != 0)
		return error;
	if (g[ABI_REG_RIP] >= USER_MAX || g[ABI_REG_RSP] > USER_MAX)
		return EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(gregs); i++)
		*greg(tf, i) = g[gregs[i].reg];
	tf->rflags = (g[ABI_REG_EFL] & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
	tf->cs = SEL_UCODE;
	tf->ss = SEL_UDATA;
	tf->error = 0;
	if ((uc->mcontext.flags & ABI_MC_FX) != 0)
		fpu_take(uc->mcontext.fx);
	return 0;
}
