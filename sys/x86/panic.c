/*
 * The last report.
 *
 * Everything goes straight to the early console: the log, its locks and the drivers may be what is
 * broken.  The call chain is followed by frame pointers and named by the symbol table that the
 * second link put into the image (mk/ksyms): the lengths of all functions from text_start on, then their
 * names.  It is walked from its beginning: who asks has time, and memory is dear.
 */
#include <stdarg.h>
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/status.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "mach/console.h"
#include "mach/cpu.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "mach/mmu.h"
#include "vm/kmap.h"
#include "x86/amd64/regs.h"
#include "x86/trap.h"

#define MAX_DEPTH	24

const struct trapframe *panic_frame;
static unsigned panicking;
extern char text_start[], text_end[], image_start[], image_end[];

static void __printf(1, 2)
say(const char *fmt, ...)
{
	void (*screen)(const char *);
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	early_puts(line);
	/* Off meanwhile: should it fault, the report of that goes to the serial line alone. */
	screen = early_screen;
	early_screen = NULL;
	if (screen != NULL) {
		screen(line);
		early_screen = screen;
	}
}

/* --- symbols --- */

struct ksym_table {
	uint32_t count;
	uint16_t length[];	/* the last is 0; then NUL-terminated names */
};
extern const struct ksym_table ksyms_start[], ksyms_end[];

const char *
ksym_find(uintptr_t pc, uintptr_t *offset)
{
	const struct ksym_table *t = ksyms_start;
	const char *name;
	uintptr_t at = (uintptr_t)text_start;
	uint32_t i = 0;

	if (t == ksyms_end || pc < at || pc >= (uintptr_t)text_end || t->count == 0)
		return NULL;
	name = (const char *)&t->length[t->count];
	for (; i < t->count - 1 && pc >= at + t->length[i]; i++) {
		at += t->length[i];
		name += strlen(name) + 1;
	}
	*offset = pc - at;
	return name;
}

/* `back' is 1 for return addresses: a call that never returns may be its function's last byte. */
static void
say_place(const char *label, uintptr_t pc, uintptr_t back)
{
	uintptr_t offset;
	const char *name = ksym_find(pc - back, &offset);

	if (name != NULL)
		say("%s%016llx %s+0x%llx\n", label, (unsigned long long)pc, name,
		    (unsigned long long)(offset + back));
	else
		say("%s%016llx\n", label, (unsigned long long)pc);
}

/* --- call chain --- */

/* Frame pointers are believed only where stacks are: in the image or the kernel's map region. */
static bool
plausible(uintptr_t fp)
{
	if (fp % 8 != 0 || fp == 0)
		return false;
	if (fp >= (uintptr_t)image_start && fp < (uintptr_t)image_end - 16)
		return true;
	return fp >= MMU_KMAP_BASE && fp < MMU_KMAP_END - 16 && !kstack_guard_hit(fp);
}

size_t
mach_backtrace(uintptr_t fp, uintptr_t *pcs, size_t max)
{
	uintptr_t last = 0;
	size_t n = 0;

	while (n < max && plausible(fp) && fp > last) {
		const uintptr_t *f = (const uintptr_t *)fp;

		if (f[1] < (uintptr_t)text_start || f[1] >= (uintptr_t)text_end)
			break;
		pcs[n++] = f[1];
		last = fp;
		fp = f[0];
	}
	return n;
}

static void
say_chain(uintptr_t fp)
{
	uintptr_t pcs[MAX_DEPTH];
	size_t n = mach_backtrace(fp, pcs, MAX_DEPTH);

	for (size_t i = 0; i < n; i++)
		say_place("  ", pcs[i], 1);
}

static void
say_registers(const struct trapframe *tf)
{
	static const struct {
		const char *name;
		uint8_t offset;
	} regs[] = {
#define REG(m) { #m, offsetof(struct trapframe, m) }
		REG(rax), REG(rbx), REG(rcx), REG(rdx), REG(rsi), REG(rdi), REG(rbp), REG(rsp),
		REG(r8), REG(r9), REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15),
		REG(rflags), REG(cs), REG(ss), REG(error),
#undef REG
	};

	say_place("rip ", tf->rip, 0);
	say("trap %llu, cr2 %016llx, cr3 %016llx\n", (unsigned long long)tf->vector,
	    (unsigned long long)cr2_read(), (unsigned long long)mmu_root());
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		say("%-6s %016llx%s", regs[i].name,
		    (unsigned long long)*(const uint64_t *)((const char *)tf + regs[i].offset),
		    i % 4 == 3 ? "\n" : "  ");
}

static void
say_thread(const struct thr *t)
{
	if (t == NULL)
		return;
	say("thread %d (%s)", (int)t->t_tid, t->t_name);
	if (t->t_proc != NULL)
		say(", process %d (%s), call %u (%s)", (int)t->t_proc->p_pid, t->t_proc->p_name,
		    t->t_call, syscall_name(t->t_call));
	say("\n");
}

#if CONFIG_DEBUG
/* Both kinds of lock begin with a word, then class and place. */
struct any_lock {
	uint64_t word;
	const struct lock_class *class;
	const void *pc;
};
_Static_assert(offsetof(struct spin, class) == offsetof(struct any_lock, class), "lock.h");
_Static_assert(offsetof(struct mutex, class) == offsetof(struct any_lock, class), "lock.h");
_Static_assert(offsetof(struct spin, pc) == offsetof(struct any_lock, pc), "lock.h");
_Static_assert(offsetof(struct mutex, pc) == offsetof(struct any_lock, pc), "lock.h");

static void
say_locks(const struct thr *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->t_lock_depth && i < ARRAY_SIZE(t->t_lock_stack); i++) {
		const struct any_lock *l = t->t_lock_stack[i];

		say("holds %s, ", l->class->name);
		say_place("taken at ", (uintptr_t)l->pc, 1);
	}
}
#else
static void
say_locks(const struct thr *t)
{
}
#endif

void
mach_panic_report(const struct trapframe *tf)
{
	const struct cpu *c = cpu_self();

	say("cpu %u, spin locks %u, interrupt depth %u\n", c->number, c->hold & ~HOLD_IDLE,
	    c->intr_depth);
	say_thread(c->thr);
	if (tf != NULL)
		say_registers(tf);
	say("called from:\n");
	say_chain(tf != NULL ? tf->rbp : (uintptr_t)__builtin_frame_address(0));
	say_locks(c->thr);
}

void
mach_stop_others(void)
{
	/* One CPU runs: interrupts are off, so nobody else does anything. */
}

void
panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	intr_disable();
	mach_stop_others();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say("\nPANIC: %s\n", text);
	if (panicking++ == 0)
		mach_panic_report(panic_frame);
	mach_exit_emulator(EXIT_CODE_PANIC);
	cpu_halt_forever();
}

void
trap_panic(const struct trapframe *tf, const char *what)
{
	panic_frame = tf;
	if (tf->vector == TRAP_PF)
		panic("%s: address %llx, error %llx", what, (unsigned long long)cr2_read(),
		    (unsigned long long)tf->error);
	if (CONFIG_DEBUG && undefined_kind(tf) != NULL)
		panic("undefined behaviour: %s", undefined_kind(tf));
	panic("%s, error %llx", what, (unsigned long long)tf->error);
}
