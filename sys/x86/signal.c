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
#include "mach/frame.h"
#include "mach/intr.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "x86/fpu.h"
#include <abi/signal.h>

#define RED_ZONE	128

/* The head goes through a kernel buffer, the FPU's part between CPU and user memory. */
#define CONTEXT_HEAD	offsetof(struct abi_ucontext, mcontext.fx)
_Static_assert(CONTEXT_HEAD + 512 == sizeof(struct abi_ucontext), "the FPU's part is last");
_Static_assert(CONTEXT_HEAD % 16 == 0, "fxsave needs 16");

#define EACH_REGISTER(do) \
	do(R8, r8) do(R9, r9) do(R10, r10) do(R11, r11) do(R12, r12) do(R13, r13) do(R14, r14) \
	do(R15, r15) do(RDI, rdi) do(RSI, rsi) do(RBP, rbp) do(RBX, rbx) do(RDX, rdx) do(RAX, rax) \
	do(RCX, rcx) do(RSP, rsp) do(RIP, rip)

static void
context_save(const struct trapframe *tf, const struct mach_signal *s, struct abi_mcontext *mc)
{
#define SAVE(reg, member) mc->gregs[ABI_REG_##reg] = tf->member;
	EACH_REGISTER(SAVE)
#undef SAVE
	mc->gregs[ABI_REG_EFL] = tf->rflags;
	mc->gregs[ABI_REG_CSGSFS] = tf->cs;
	mc->gregs[ABI_REG_TRAPNO] = tf->vector;
	mc->gregs[ABI_REG_ERR] = tf_is_call(tf) ? 0 : tf->error;
	mc->gregs[ABI_REG_OLDMASK] = 0;
	mc->gregs[ABI_REG_CR2] = s->info->addr;
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
	if ((error = copyout(s->uc, (void __user *)l.context, CONTEXT_HEAD)) != 0 ||
	    (error = user_fpu_save((void __user *)(l.context + CONTEXT_HEAD))) != 0 ||
	    (error = copyout(s->info, (void __user *)l.info, sizeof(*s->info))) != 0 ||
	    (error = copyout(&restorer, (void __user *)l.sp, sizeof(restorer))) != 0)
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

/* Not through the thread's own area: the copy may sleep, and a switch saves there. */
static int
fpu_take(const void __user *fx)
{
	uint8_t area[512] __attribute__((aligned(16)));
	uint32_t mxcsr;
	int error = copyin(fx, area, 512);

	if (error != 0)
		return error;
	memcpy(&mxcsr, area + FX_MXCSR, sizeof(mxcsr));
	mxcsr &= fpu_mxcsr_mask;
	memcpy(area + FX_MXCSR, &mxcsr, sizeof(mxcsr));
	fpu_restore(area);
	return 0;
}

int
mach_signal_return(struct trapframe *tf, const void __user *context, struct abi_ucontext *uc)
{
	const uint64_t *g = uc->mcontext.gregs;
	int error = copyin(context, uc, CONTEXT_HEAD);

	if (error != 0)
		return error;
	if (g[ABI_REG_RIP] >= USER_MAX || g[ABI_REG_RSP] > USER_MAX)
		return EINVAL;
	if ((uc->mcontext.flags & ABI_MC_FX) != 0) {
		error = fpu_take((const char __user *)context + CONTEXT_HEAD);
		if (error != 0)
			return error;
	}
#define RESTORE(reg, member) tf->member = g[ABI_REG_##reg];
	EACH_REGISTER(RESTORE)
#undef RESTORE
	tf->rflags = (g[ABI_REG_EFL] & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
	tf->cs = SEL_UCODE;
	tf->ss = SEL_UDATA;
	tf->error = 0;
	return 0;
}
