#pragma once
/* The machine's part of a thread: stacks, the switch, FPU state, entry to and from user mode. */
#include "kern/types.h"

struct abi_siginfo;
struct abi_ucontext;
struct trapframe;

struct mach_thr {
	uintptr_t sp;			/* first: saved kernel stack pointer, see switch in entry.asm */
	uintptr_t top;			/* [I] end of the kernel stack; 0: the boot stack, no user mode above it */
	union {
		uint64_t fs_base;	/* [o] TLS pointer of user mode */
		uint32_t fs_half[2];	/* as the switch loads it */
	};
	bool user;			/* [o] has an FPU state */
	uint8_t fpu[512] __attribute__((aligned(16)));	/* [o] fxsave image */
};

/* A thread that starts with entry(arg), interrupts off.  kstack is the low end. */
void mach_thr_init(struct mach_thr *, void *kstack, void (*entry)(void *), void *arg);
/*
 * After mach_thr_init and before thr_start: instead, the thread goes to user mode with a copy of
 * the running thread's frame, FPU state and TLS base, result 0 and CF clear.
 */
void mach_thr_fork(struct mach_thr *child, const struct trapframe *parent);
void mach_thr_destroy(struct mach_thr *);
/* The place of the user frame on a thread's kernel stack. */
struct trapframe *mach_thr_frame(const struct mach_thr *);

/* exec: a fresh user state in the frame of the running thread, fresh FPU state, TLS base 0. */
void mach_frame_exec(struct trapframe *, uintptr_t entry, uintptr_t sp);
/* The running kernel thread goes to user mode for the first time (process 1). */
void mach_user_enter(uintptr_t entry, uintptr_t sp) __noreturn;
/*
 * After mach_thr_init and before thr_start: the thread goes to user mode at entry(arg1, arg2) on stack sp,
 * with TLS base 0.  EPERM when entry or sp is no user address.
 */
int mach_thr_user(struct mach_thr *, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2)
    __must_check;
/* The TLS base of a thread that has not started; EPERM. */
int mach_thr_tls(struct mach_thr *, uint64_t base) __must_check;
/* User registers of a thread that stands in the kernel and does not run.  EINVAL: user mode cannot have those. */
struct abi_thread_regs;
struct abi_thread_fp_regs;
void mach_thr_regs(const struct mach_thr *, struct abi_thread_regs *);
void mach_thr_fpu(const struct mach_thr *, struct abi_thread_fp_regs *);
int mach_thr_set_fpu(struct mach_thr *, const struct abi_thread_fp_regs *) __must_check;
int mach_thr_set_regs(struct mach_thr *, const struct abi_thread_regs *) __must_check;

/* EPERM when base is not a user address.  Only of the running thread. */
int mach_set_tls(struct mach_thr *, uint64_t base) __must_check;

/* Delivery of a POSIX signal to the running thread. */
struct mach_signal {
	int signo;
	uintptr_t handler, restorer;
	uintptr_t stack_top;		/* 0: go on below the current stack pointer */
	const struct abi_siginfo *info;
	/* In: uc_sigmask, uc_stack, uc_flags; the machine fills the registers. */
	struct abi_ucontext *uc;
};
/* Builds the frame on the user stack and points tf at the handler.  EFAULT: nothing is changed. */
int mach_signal_push(struct trapframe *, struct mach_signal *) __must_check;
/* sigreturn: restores registers and FPU from the ucontext at `context', which is copied to *uc for its
 * mask and stack.  EFAULT, EINVAL: nothing is changed (the thread should die of SIGSEGV). */
int mach_signal_return(struct trapframe *, const void __user *context, struct abi_ucontext *uc)
    __must_check;
