/*
 * Traps.
 *
 * A trap of user mode is resolved (page faults by the address space) or becomes a POSIX signal by
 * the table below, with interrupts on.  A trap of the kernel is a page or protection fault at an
 * instruction that the exception table names (copies to and from user memory), or a panic.
 *
 * The exception table pairs the addresses of instructions that may touch user memory with the
 * address to go on at.  A fault there goes through space_fault() first, for the page may just not
 * be present yet.  Vector 13 counts too: a non-canonical address is not a page fault.
 */
#include "x86/trap.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/trap.h"
#include "mach/console.h"
#include "mach/cpu.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "mach/thread.h"
#include "vm/kmap.h"
#include "vm/space.h"
#include "x86/amd64/regs.h"
#include "x86/stacks.h"
#include <abi/signal.h>

#define PF_PRESENT	1u
#define PF_WRITE	2u
#define PF_USER		4u
#define PF_FETCH	16u

COUNTER_EVENT(page_faults, "trap.pagefaults");
COUNTER_EVENT(user_traps, "trap.user");
COUNTER_EVENT(bad_returns, "trap.badreturns");

struct trap_signal_row {
	const char *name;
	uint8_t signo;			/* 0: no signal, a panic if the kernel did it */
	uint8_t code;
};

/* Zero's table (its TRAP* names with their descriptions), and the codes POSIX wants. */
static const struct trap_signal_row rows[TRAP_COUNT] = {
	[TRAP_DE] = { "divide error", SIGFPE, FPE_INTDIV },
	[TRAP_DB] = { "debug", SIGTRAP, TRAP_TRACE },
	[TRAP_NMI] = { "non-maskable interrupt", 0, 0 },
	[TRAP_BP] = { "breakpoint", SIGTRAP, TRAP_BRKPT },
	[TRAP_OF] = { "overflow", SIGSEGV, SI_KERNEL },
	[TRAP_BR] = { "bound range", SIGBUS, SI_KERNEL },
	[TRAP_UD] = { "invalid opcode", SIGILL, ILL_ILLOPC },
	[TRAP_NM] = { "no FPU", SIGILL, ILL_COPROC },
	[TRAP_DF] = { "double fault", 0, 0 },
	[TRAP_TS] = { "invalid TSS", SIGSEGV, SI_KERNEL },
	[TRAP_NP] = { "segment not present", SIGSEGV, SI_KERNEL },
	[TRAP_SS] = { "stack segment fault", SIGSTKFLT, SI_KERNEL },
	[TRAP_GP] = { "general protection", SIGSEGV, SI_KERNEL },
	[TRAP_PF] = { "page fault", SIGSEGV, SEGV_MAPERR },
	[TRAP_MF] = { "FPU error", SIGFPE, FPE_FLTINV },
	[TRAP_AC] = { "alignment check", SIGBUS, BUS_ADRALN },
	[TRAP_MC] = { "machine check", SIGABRT, SI_KERNEL },
	[TRAP_XF] = { "SIMD exception", SIGFPE, FPE_FLTINV },
};

static const char *
trap_name(uint64_t vector)
{
	return vector < TRAP_COUNT && rows[vector].name != NULL ? rows[vector].name : "trap";
}

struct extable_entry {
	uintptr_t at, fixup;
};
extern const struct extable_entry extable_start[], extable_end[];

static uintptr_t
fixup_find(uintptr_t pc)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++)
		if (e->at == pc)
			return e->fixup;
	return 0;
}

/* --- page faults --- */

static uint32_t
fault_access(uint64_t error)
{
	if ((error & PF_FETCH) != 0)
		return VM_EXEC;
	return (error & PF_WRITE) != 0 ? VM_WRITE : VM_READ;
}

static int
fault_resolve(vaddr_t addr, uint64_t error)
{
	struct thr *t = thr_self();
	struct proc *p = t->t_proc;

	page_faults.value++;
	t->t_faults++;
	if (p == NULL || p->p_space == NULL || addr < USER_MIN || addr >= USER_MAX)
		return EFAULT;
	return space_fault(p->p_space, addr, fault_access(error));
}

/*
 * A protection fault without the user bit is the CPU's own access on behalf of user mode; the
 * emulator reads the stack of a far return like that and meets SMAP.  Retrying would fault forever.
 */
static void
user_page_fault(struct trapframe *tf, vaddr_t addr)
{
	if ((tf->error & (PF_PRESENT | PF_USER)) == PF_PRESENT) {
		trap_signal(tf, SIGSEGV, SEGV_ACCERR, addr);
		return;
	}
	switch (fault_resolve(addr, tf->error)) {
	case 0:
	case ERESTART:
		break;
	case EACCES:
		trap_signal(tf, SIGSEGV, SEGV_ACCERR, addr);
		break;
	case ENXIO:
		trap_signal(tf, SIGBUS, BUS_ADRERR, addr);
		break;
	case ENOMEM:
	case EIO:
		trap_signal(tf, SIGBUS, BUS_OBJERR, addr);
		break;
	default:
		trap_signal(tf, SIGSEGV, SEGV_MAPERR, addr);
	}
}

static void
kernel_page_fault(struct trapframe *tf, vaddr_t addr)
{
	uintptr_t fixup = fixup_find(tf->rip);

	if (fixup == 0) {
		if (addr < PAGE_SIZE)
			trap_panic(tf, "null pointer");
		trap_panic(tf, trap_name(tf->vector));
	}
	VERIFY((tf->rflags & RFLAGS_IF) != 0);
	intr_enable();
	if (fault_resolve(addr, tf->error) != 0)
		tf->rip = fixup;
	intr_disable();
}

/* --- FPU errors: which of the exceptions it was --- */

static int
fpu_code(unsigned status, unsigned mask)
{
	unsigned pending = status & ~mask;

	if ((pending & 0x01) != 0)
		return FPE_FLTINV;
	if ((pending & 0x04) != 0)
		return FPE_FLTDIV;
	if ((pending & 0x08) != 0)
		return FPE_FLTOVF;
	if ((pending & 0x12) != 0)
		return FPE_FLTUND;
	return FPE_FLTRES;
}

static int
x87_code(void)
{
	uint16_t status, control;

	__asm__ volatile("fnstsw %0; fnstcw %1" : "=a"(status), "=m"(control));
	return fpu_code(status, control);
}

static int
simd_code(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpu_code(mxcsr & 0x3f, mxcsr >> 7 & 0x3f);
}

/* --- entries from entry.asm --- */

static void
user_exception(struct trapframe *tf, vaddr_t fault_addr)
{
	const struct trap_signal_row *r = &rows[tf->vector];
	vaddr_t addr = tf_pc(tf);
	int code = r->code;

	user_traps.value++;
	if (r->signo == 0) {
		log_warn("%s in user mode", trap_name(tf->vector));
		return;
	}
	switch (tf->vector) {
	case TRAP_PF:
		user_page_fault(tf, fault_addr);
		return;
	case TRAP_MC:
		wrmsr(MSR_MCG_STATUS, 0);	/* a second one would shut the CPU down */
		break;
	case TRAP_MF:
		code = x87_code();
		break;
	case TRAP_XF:
		code = simd_code();
		break;
	case TRAP_GP:
	case TRAP_SS:
		addr = 0;
		break;
	}
	trap_signal(tf, r->signo, code, addr);
}

void
trap_user(struct trapframe *tf)
{
	vaddr_t addr;

	ASSERT(tf == mach_thr_frame(&thr_self()->t_mach));
	if (tf->vector >= TRAP_COUNT) {
		intr_dispatch(tf);
		return;
	}
	addr = cr2_read();		/* before anything else can fault */
	intr_enable();
	user_exception(tf, addr);
}

void
trap_kernel(struct trapframe *tf)
{
	uintptr_t fixup;

	if (tf->vector >= TRAP_COUNT) {
		intr_dispatch(tf);
		return;
	}
	if (tf->vector == TRAP_PF) {
		kernel_page_fault(tf, cr2_read());
		return;
	}
	fixup = fixup_find(tf->rip);
	if (tf->vector == TRAP_GP && fixup != 0) {
		tf->rip = fixup;
		return;
	}
	trap_panic(tf, trap_name(tf->vector));
}

static bool
in_guard(vaddr_t a)
{
	for (unsigned i = 0; i < NGUARDED; i++)
		if (a - GUARD_OF(i) < GUARD)
			return true;
	return kstack_guard_hit(a);
}

/* On an emergency stack, the interrupted kernel code may hold anything. */
void
trap_paranoid(struct trapframe *tf)
{
	struct thr *t = thr_self();

	if (tf->vector == TRAP_NMI) {
		early_puts("WARN: non-maskable interrupt\n");	/* the log may be locked */
		return;
	}
	if (tf->vector == TRAP_DF && (in_guard(cr2_read()) || in_guard(tf->rsp - 8))) {
		panic_frame = tf;
		panic("stack overflow in %s", t != NULL ? t->t_name : "boot");
	}
	trap_panic(tf, trap_name(tf->vector));
}

/*
 * iretq refused the frame it was to leave by.  `tf' has the user's general registers; what was
 * refused lies where its stack pointer shows.  The whole becomes a user frame at its usual place.
 */
struct trapframe *
trap_bad_iret(struct trapframe *tf)
{
	struct trapframe *user = mach_thr_frame(&thr_self()->t_mach);
	struct trapframe copy = *tf;
	const uint64_t *refused = (const uint64_t *)tf->rsp;

	bad_returns.value++;
	copy.rip = refused[0];
	copy.cs = refused[1];
	copy.rflags = refused[2];
	copy.rsp = refused[3];
	copy.ss = refused[4];
	*user = copy;
	return user;
}

/* Debug kernels, before each sysret: what the emulator would forgive. */
void
sysret_check(const struct trapframe *tf)
{
	VERIFY(tf->rip < USER_MAX);
	VERIFY(tf->cs == SEL_UCODE && tf->ss == SEL_UDATA);
	VERIFY((tf->rflags & RFLAGS_IOPL) == 0 && (tf->rflags & RFLAGS_IF) != 0);
	VERIFY((cpu_self()->hold & ~HOLD_IDLE) == 0 && !intr_enabled());
}
