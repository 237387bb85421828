/*
 * Threads: their stacks, the switch, the FPU.
 *
 * A kernel stack, from the top: the user frame, the C frames of the call or trap in progress, and
 * while the thread does not run the frame pointer and return address that thread_switch saved
 * (mach/switch.h).  A new thread gets such a picture by hand.
 */
#include "mach/thread.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "vm/kmap.h"
#include "x86/amd64/regs.h"
#include "x86/fpu.h"
#include <abi/task.h>

extern void thread_begin(void);
extern void frame_leave(struct trapframe *) __noreturn;

/* FCW 37Fh, MXCSR 1F80h, everything else zero. */
const uint8_t fpu_fresh[512] __attribute__((aligned(16))) = { [0] = 0x7f, [1] = 0x03, [24] = 0x80,
	[25] = 0x1f };

#define MXCSR_DEFAULT_MASK 0xffbfu	/* of CPUs that do not say */
uint32_t fpu_mxcsr_mask;

void
fpu_init(void)
{
	static uint8_t area[512] __attribute__((aligned(16)));

	fpu_save(area);
	memcpy(&fpu_mxcsr_mask, area + FX_MXCSR_MASK, sizeof(fpu_mxcsr_mask));
	if (fpu_mxcsr_mask == 0)
		fpu_mxcsr_mask = MXCSR_DEFAULT_MASK;
}

struct switch_frame {
	uint64_t rbp, pc;
	uint64_t fn, arg;		/* of thread_begin */
};

struct trapframe *
mach_thr_frame(const struct mach_thr *m)
{
	return (struct trapframe *)(m->top - sizeof(struct trapframe));
}

static void
first_run(struct mach_thr *m, uintptr_t fn, uintptr_t arg)
{
	struct switch_frame *f = (struct switch_frame *)mach_thr_frame(m) - 1;

	*f = (struct switch_frame){ .pc = (uintptr_t)thread_begin, .fn = fn, .arg = arg };
	m->sp = (uintptr_t)f;
}

void
mach_thr_init(struct mach_thr *m, void *kstack, void (*entry)(void *), void *arg)
{
	m->top = (uintptr_t)kstack + KSTACK_SIZE;
	m->fs_base = 0;
	m->user = false;
	first_run(m, (uintptr_t)entry, (uintptr_t)arg);
}

/* The thread's first run leaves for user mode by the frame at its place. */
static void
start_in_user(struct mach_thr *m)
{
	struct trapframe *tf = mach_thr_frame(m);

	tf->error = 0;
	m->user = true;
	first_run(m, (uintptr_t)frame_leave, (uintptr_t)tf);
}

void
mach_thr_fork(struct mach_thr *child, const struct trapframe *parent)
{
	struct trapframe *tf = mach_thr_frame(child);

	*tf = *parent;
	tf_set_result(tf, 0);
	tf_set_carry(tf, false);
	child->fs_base = thr_self()->t_mach.fs_base;
	fpu_save(child->fpu);
	start_in_user(child);
}

static void
frame_fresh(struct trapframe *tf, uintptr_t entry, uintptr_t sp)
{
	*tf = (struct trapframe){ .vector = VECTOR_CALL, .rip = entry, .cs = SEL_UCODE,
		.rflags = RFLAGS_IF | RFLAGS_FIXED, .rsp = sp, .ss = SEL_UDATA };
}

int
mach_thr_user(struct mach_thr *m, uintptr_t entry, uintptr_t sp, uintptr_t arg1, uintptr_t arg2)
{
	struct trapframe *tf = mach_thr_frame(m);

	if (entry >= USER_MAX || sp > USER_MAX)
		return EPERM;
	frame_fresh(tf, entry, sp);
	tf->rdi = arg1;
	tf->rsi = arg2;
	memcpy(m->fpu, fpu_fresh, sizeof(m->fpu));
	start_in_user(m);
	return 0;
}

int
mach_thr_tls(struct mach_thr *m, uint64_t base)
{
	if (base >= USER_MAX)
		return EPERM;
	m->fs_base = base;
	return 0;
}

#define EACH_REGISTER(do) \
	do(rax) do(rbx) do(rcx) do(rdx) do(rsi) do(rdi) do(rbp) do(rsp) do(r8) do(r9) do(r10) do(r11) \
	do(r12) do(r13) do(r14) do(r15) do(rip) do(rflags)

void
mach_thr_regs(const struct mach_thr *m, struct abi_thread_regs *r)
{
	const struct trapframe *tf = mach_thr_frame(m);

	memset(r, 0, sizeof(*r));
#define GET(reg) r->reg = tf->reg;
	EACH_REGISTER(GET)
#undef GET
	r->fs_base = m->fs_base;
}

int
mach_thr_set_regs(struct mach_thr *m, const struct abi_thread_regs *r)
{
	struct trapframe *tf = mach_thr_frame(m);

	if (r->rip >= USER_MAX || r->rsp > USER_MAX || r->fs_base >= USER_MAX || r->gs_base != 0 ||
	    (r->rflags & ~(uint64_t)(RFLAGS_USER | RFLAGS_IF | RFLAGS_FIXED)) != 0)
		return EINVAL;
#define SET(reg) tf->reg = r->reg;
	EACH_REGISTER(SET)
#undef SET
	tf->rflags = (r->rflags & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
	tf->error = 0;
	m->fs_base = r->fs_base;
	return 0;
}

/* A thread that does not run: mach_switch() has saved it. */
void
mach_thr_fpu(const struct mach_thr *m, struct abi_thread_fp_regs *r)
{
	memcpy(r->fxsave, m->fpu, sizeof(r->fxsave));
}

int
mach_thr_set_fpu(struct mach_thr *m, const struct abi_thread_fp_regs *r)
{
	uint32_t mxcsr;

	memcpy(&mxcsr, r->fxsave + FX_MXCSR, sizeof(mxcsr));
	if ((mxcsr & ~fpu_mxcsr_mask) != 0)
		return EINVAL;
	memcpy(m->fpu, r->fxsave, sizeof(m->fpu));
	return 0;
}

void
mach_thr_destroy(struct mach_thr *m)
{
	ASSERT(m != &thr_self()->t_mach);
	m->sp = 0;
}

void
mach_frame_exec(struct trapframe *tf, uintptr_t entry, uintptr_t sp)
{
	struct mach_thr *m = &thr_self()->t_mach;

	ASSERT(entry < USER_MAX && sp <= USER_MAX);
	frame_fresh(tf, entry, sp);
	m->fs_base = 0;
	m->user = true;
	wrmsr(MSR_FS_BASE, 0);
	fpu_restore(fpu_fresh);
}

void
mach_user_enter(uintptr_t entry, uintptr_t sp)
{
	struct trapframe *tf = mach_thr_frame(&thr_self()->t_mach);

	intr_disable();
	mach_frame_exec(tf, entry, sp);
	frame_leave(tf);
}

int
mach_set_tls(struct mach_thr *m, uint64_t base)
{
	if (base >= USER_MAX)
		return EPERM;
	ASSERT(m == &thr_self()->t_mach);
	m->fs_base = base;
	wrmsr(MSR_FS_BASE, base);
	return 0;
}
