/*
 * The machine's side of the boundary: both call doors, all vectors, flags, forged signal contexts, FPU
 * state, segment selectors, instructions that are the kernel's.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include "tap.h"

#define SYS_SET_TLS	157
#define SYS_GETPID	130

#define FLAG_CF		0x1ull
#define FLAG_TF		0x100ull
#define FLAG_IF		0x200ull
#define FLAG_DF		0x400ull
#define FLAG_IOPL	0x3000ull
#define FLAG_NT		0x4000ull
#define FLAG_AC		0x40000ull

struct call {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9, flags;
};

#define DOOR(name, instruction) \
static void \
name(struct call *c) \
{ \
	register uint64_t r10 __asm__("r10") = c->r10; \
	register uint64_t r8 __asm__("r8") = c->r8; \
	register uint64_t r9 __asm__("r9") = c->r9; \
 \
	__asm__ volatile(instruction "\n\tpushfq\n\tpopq %[flags]" \
	    : "+a"(c->rax), "+D"(c->rdi), "+S"(c->rsi), "+d"(c->rdx), "+r"(r10), "+r"(r8), "+r"(r9), \
	      [flags] "=&r"(c->flags) : : "rcx", "r11", "memory", "cc"); \
	c->r10 = r10; \
	c->r8 = r8; \
	c->r9 = r9; \
}
DOOR(by_syscall, "syscall")
DOOR(by_gate, "int $0x80")

static sigjmp_buf back;
static volatile sig_atomic_t last_sig, last_code, steps;

static void
fault(int sig, siginfo_t *info, void *context)
{
	last_sig = sig;
	last_code = info->si_code;
	siglongjmp(back, 1);
}

static void
catch(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaction(sig, &sa, NULL);
}

/* --- calls --- */

static void
door(void (*enter)(struct call *), const char *name)
{
	struct call c = { .rax = SYS_GETPID, .rdi = 11, .rsi = 12, .rdx = 13, .r10 = 14, .r8 = 15, .r9 = 16 };

	enter(&c);
	ok(c.rax == (uint64_t)getpid() && (c.flags & FLAG_CF) == 0, "%s: the result, CF clear", name);
	ok(c.rdi == 11 && c.rsi == 12 && c.rdx == 13 && c.r10 == 14 && c.r8 == 15 && c.r9 == 16,
	    "%s: arguments are left alone", name);
	c.rax = 511;
	enter(&c);
	ok(c.rax == ENOSYS && (c.flags & FLAG_CF) != 0, "%s: no such call is ENOSYS with CF", name);
	for (uint64_t n = 1ull << 10; n != 0; n <<= 1) {
		c.rax = n;
		enter(&c);
		if (c.rax != ENOSYS || (c.flags & FLAG_CF) == 0)
			break;
		if (n == 1ull << 63)
			ok(true, "%s: huge numbers are ENOSYS", name);
	}
	c.rax = SYS_SET_TLS;
	c.rdi = 0xffffffff80100000ull;
	enter(&c);
	ok(c.rax == EPERM && (c.flags & FLAG_CF) != 0, "%s: a kernel address as TLS pointer is EPERM", name);
	c.rax = SYS_SET_TLS;
	c.rdi = 0x800000000000ull;
	enter(&c);
	ok(c.rax == EPERM, "%s: a non-canonical TLS pointer is EPERM", name);
}

/* The flags a program may set are no danger to the kernel and come back as they were. */
static void
strange_flags(void (*enter)(struct call *), const char *name)
{
	struct call c = { .rax = SYS_GETPID };
	uint64_t set = FLAG_AC | FLAG_DF | FLAG_NT;

	__asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "r"(set) : "memory", "cc");
	enter(&c);
	__asm__ volatile("pushfq; andq %0, (%%rsp); popfq" : : "r"(~set) : "memory", "cc");
	ok(c.rax == (uint64_t)getpid() && (c.flags & set) == set, "%s: with AC, DF and NT set", name);
}

/* A fault, a signal and a clock interrupt with those flags set. */
static void
strange_flags_trap(void)
{
	uint64_t set = FLAG_AC | FLAG_DF | FLAG_NT, got;

	catch(SIGILL, fault);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("pushfq; orq %0, (%%rsp); popfq; ud2" : : "r"(set) : "memory", "cc");
	__asm__ volatile("pushfq; popq %0" : "=r"(got));
	ok(last_sig == SIGILL && (got & FLAG_DF) == 0, "a trap with AC, DF and NT: the handler runs with DF clear");
	__asm__ volatile("pushfq; andq %0, (%%rsp); popfq" : : "r"(~set) : "memory", "cc");
	signal(SIGILL, SIG_DFL);
}

/* --- vectors --- */

/* int n: only 3, 4 and 80h may be raised; everything else is a protection fault. */
static void
vectors(void)
{
	unsigned wrong = 0;

	for (unsigned v = 0; v < 256; v++) {
		int status, want = v == 3 ? SIGTRAP : SIGSEGV;
		pid_t pid;

		if (v == 0x80)
			continue;
		pid = fork();
		if (pid == 0) {
			/* one two-byte instruction for each vector, in a table of code */
			__asm__ volatile(
			    "leaq 1f(%%rip), %%rax\n\t"
			    "leaq (%%rax,%0,4), %%rax\n\t"
			    "jmp *%%rax\n\t"
			    ".balign 4\n"
			    "1:\n\t"
			    ".set vec, 0\n\t"
			    ".rept 256\n\t"
			    ".byte 0xcd, vec, 0x0f, 0x0b\n\t"
			    ".set vec, vec + 1\n\t"
			    ".endr" : : "r"((uint64_t)v) : "rax", "memory");
			_exit(0);
		}
		status = child_status(pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != want) {
			wrong++;
			tap_print("# int %u: status %x\n", v, status);
		}
	}
	ok(wrong == 0, "int 0 to int 255: SIGTRAP for 3, else SIGSEGV");
}

/* --- instructions --- */

static void in_port(void) { __asm__ volatile("inb $0x64, %%al" : : : "rax"); }
static void out_port(void) { __asm__ volatile("outb %%al, $0x80" : : : "rax"); }
static void wrmsr(void) { __asm__ volatile("wrmsr" : : "c"(0xc0000101), "a"(0), "d"(0)); }
static void rdmsr(void) { __asm__ volatile("rdmsr" : : "c"(0xc0000080) : "rax", "rdx"); }
static void read_cr(void) { __asm__ volatile("mov %%cr3, %%rax" : : : "rax"); }
static void write_cr(void) { __asm__ volatile("mov %%rax, %%cr0" : : "a"(0ul)); }
static void read_dr(void) { __asm__ volatile("mov %%db7, %%rax" : : : "rax"); }
static void lgdt(void) { static char t[10]; __asm__ volatile("lgdt %0" : : "m"(t)); }
static void lidt(void) { static char t[10]; __asm__ volatile("lidt %0" : : "m"(t)); }
static void ltr(void) { __asm__ volatile("ltr %%ax" : : "a"(0x30)); }
static void swapgs(void) { __asm__ volatile("swapgs"); }
static void sysret(void) { __asm__ volatile("sysretq" : : "c"(0), "r"(0)); }
static void invlpg(void) { __asm__ volatile("invlpg (%0)" : : "r"(&in_port)); }
static void clts(void) { __asm__ volatile("clts"); }
static void rdpmc(void) { __asm__ volatile("rdpmc" : : "c"(0) : "rax", "rdx"); }
static void sgdt(void) { static char t[10]; __asm__ volatile("sgdt %0" : "=m"(t)); }
static void far_32(void) { __asm__ volatile("pushq $0x1b; pushq $0; lretq"); }
static void far_kernel(void) { __asm__ volatile("pushq $0x08; pushq $0; lretq"); }

static void
instructions(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} all[] = { { "in", in_port }, { "out", out_port }, { "wrmsr", wrmsr }, { "rdmsr", rdmsr },
		{ "mov from cr3", read_cr }, { "mov to cr0", write_cr }, { "mov from dr7", read_dr },
		{ "lgdt", lgdt }, { "lidt", lidt }, { "ltr", ltr }, { "swapgs", swapgs },
		{ "sysret", sysret }, { "invlpg", invlpg }, { "clts", clts }, { "rdpmc", rdpmc },
		{ "far return to 32-bit code", far_32 }, { "far return to the kernel's segment", far_kernel } };

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int status = in_child(all[i].fn);

		ok(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL),
		    "%s is refused", all[i].name);
	}
}

/* UMIP hides the tables' addresses, where the CPU has it. */
static void
table_addresses(void)
{
	uint32_t a = 7, b, c = 0, d;
	int status;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	status = in_child(sgdt);
	ok((c & 4) != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV : status == 0,
	    "sgdt is refused by a CPU with UMIP");
}

/* Every selector into DS and GS; those that load must not be the kernel's. */
static void
selectors(void)
{
	unsigned bad = 0;

	catch(SIGSEGV, fault);
	for (unsigned s = 0; s < 0x10000; s++) {
		unsigned index = s >> 3;

		if (sigsetjmp(back, 0) != 0)
			continue;
		__asm__ volatile("movl %0, %%ds" : : "r"(s) : "memory");
		if ((s & 4) != 0 || !(index == 0 || index == 4 || index == 5))
			bad++;
	}
	__asm__ volatile("movl %0, %%ds" : : "r"(0x23) : "memory");
	signal(SIGSEGV, SIG_DFL);
	ok(bad == 0, "65536 selectors: only the user's own load");
}

/* --- single steps --- */

static void
step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	last_code = info->si_code;
	if (++steps >= 10)
		uc->uc_mcontext.gregs[REG_EFL] &= ~(long long)FLAG_TF;
}

static void
single_step(void)
{
	catch(SIGTRAP, step);
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t"
	    ".rept 20\n\tnop\n\t.endr" : : : "memory", "cc");
	ok(steps == 10 && last_code == TRAP_TRACE, "TF steps ten instructions, until the handler clears it");
	signal(SIGTRAP, SIG_DFL);
}

/* --- forged contexts --- */

static int forge_reg;
static uint64_t forge_value;

static void
forge(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	if (forge_reg >= 0)
		uc->uc_mcontext.gregs[forge_reg] = (greg_t)forge_value;
	else
		memset(uc->uc_mcontext.fpregs, 0xff, sizeof(uc->uc_mcontext.fpregs));
}

static uint64_t
flags_now(void)
{
	uint64_t f;

	__asm__ volatile("pushfq; popq %0" : "=r"(f));
	return f;
}

static void
forge_child(void)
{
	catch(SIGUSR1, forge);
	raise(SIGUSR1);
	_exit((flags_now() & FLAG_IOPL) != 0 ? 1 : 42);
}

static void
forged(void)
{
	static const struct {
		int reg;
		uint64_t value;
		bool dies;
		const char *what;
	} all[] = {
		{ REG_RIP, 0x0000800000000000ull, true, "non-canonical RIP" },
		{ REG_RIP, 0x00007fffffffffffull, true, "RIP at the very end of user space" },
		{ REG_RIP, 0xffffffff80110000ull, true, "kernel RIP" },
		{ REG_RIP, 0, true, "RIP 0" },
		{ REG_RSP, 0x8000000000000000ull, true, "non-canonical RSP" },
		{ REG_RSP, 0xffff800000100000ull, true, "kernel RSP" },
		{ REG_CSGSFS, 0x08, false, "kernel CS (ignored)" },
		{ REG_CSGSFS, 0, false, "null CS (ignored)" },
		{ -1, 0, false, "MXCSR with every reserved bit (masked)" },
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int status;

		forge_reg = all[i].reg;
		forge_value = all[i].value;
		status = in_child(forge_child);
		ok(all[i].dies ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV :
		    WIFEXITED(status) && WEXITSTATUS(status) == 42, "a context with %s", all[i].what);
	}
}

static void
forge_flags(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_EFL] = (greg_t)(FLAG_IOPL | FLAG_NT | FLAG_AC | 0x1a8000);
}

static void
forged_flags(void)
{
	uint64_t f;

	catch(SIGUSR1, forge_flags);
	raise(SIGUSR1);
	f = flags_now();
	ok((f & FLAG_IF) != 0 && (f & FLAG_IOPL) == 0, "a context with IF clear and IOPL 3: neither is taken");
	signal(SIGUSR1, SIG_DFL);
}

/* --- FPU --- */

struct fpu {
	uint64_t xmm[16][2];
	uint32_t mxcsr;
	uint16_t fcw;
};

static void
fpu_load(uint64_t seed, uint32_t mxcsr, uint16_t fcw)
{
	uint64_t v[32];

	for (unsigned i = 0; i < 32; i++)
		v[i] = seed * (i + 1);
	__asm__ volatile("ldmxcsr %0; fldcw %1\n\t"
	    "movups (%2), %%xmm0; movups 16(%2), %%xmm1; movups 128(%2), %%xmm8; movups 240(%2), %%xmm15"
	    : : "m"(mxcsr), "m"(fcw), "r"(v) : "xmm0", "xmm1", "xmm8", "xmm15", "memory");
}

static bool
fpu_holds(uint64_t seed, uint32_t mxcsr, uint16_t fcw, int rounds)
{
	uint64_t v[32], got[8];
	uint32_t m;
	uint16_t c;

	for (unsigned i = 0; i < 32; i++)
		v[i] = seed * (i + 1);
	for (int r = 0; r < rounds; r++) {
		struct call yield = { .rax = SYS_GETPID };

		/* load, give others a chance, look again: no compiler code between */
		__asm__ volatile("ldmxcsr %[m]; fldcw %[c]\n\t"
		    "movups (%[v]), %%xmm0; movups 16(%[v]), %%xmm1\n\t"
		    "movups 128(%[v]), %%xmm8; movups 240(%[v]), %%xmm15\n\t"
		    "movl $20000, %%ecx\n"
		    "1:\tdecl %%ecx\n\tjnz 1b\n\t"
		    "movups %%xmm0, (%[got]); movups %%xmm1, 16(%[got])\n\t"
		    "movups %%xmm8, 32(%[got]); movups %%xmm15, 48(%[got])\n\t"
		    : : [m] "m"(mxcsr), [c] "m"(fcw), [v] "r"(v), [got] "r"(got)
		    : "rcx", "xmm0", "xmm1", "xmm8", "xmm15", "memory", "cc");
		__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(m), "=m"(c));
		by_syscall(&yield);
		if (memcmp(got, v, 32) != 0 || memcmp(got + 4, v + 16, 16) != 0 ||
		    memcmp(got + 6, v + 30, 16) != 0 || (m & 0xffc0) != (mxcsr & 0xffc0) || c != fcw)
			return false;
		if (r % 16 == 0)
			sched_yield();
	}
	return true;
}

static void
fpu_isolation(void)
{
	static const struct { uint64_t seed; uint32_t mxcsr; uint16_t fcw; } who[3] = {
		{ 0x1111111111111111ull, 0x1f80, 0x37f }, { 0x0123456789abcdefull, 0x3f80, 0x27f },
		{ 0xfedcba9876543211ull, 0x7f80, 0xf7f } };
	pid_t pid[3];
	bool good = true;

	for (unsigned i = 0; i < 3; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(fpu_holds(who[i].seed, who[i].mxcsr, who[i].fcw, 600) ? 0 : 1);
	}
	for (unsigned i = 0; i < 3; i++)
		good &= child_status(pid[i]) == 0;
	ok(good, "three processes keep their own SSE and x87 state");
}

static volatile uint32_t handler_mxcsr;
static volatile uint16_t handler_fcw;

static void
look_at_fpu(int sig, siginfo_t *info, void *context)
{
	uint32_t m;
	uint16_t c;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(m), "=m"(c));
	handler_mxcsr = m;
	handler_fcw = c;
	fpu_load(99, 0x1f80, 0x37f);
}

static void
fpu_signals(void)
{
	uint32_t mxcsr = 0x7f80;
	uint16_t fcw = 0xf7f;
	uint64_t in = 0x1234567812345678ull, out = 0;

	catch(SIGUSR1, look_at_fpu);
	raise(SIGUSR1);		/* everything is resolved and mapped from here on */
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(fcw));
	__asm__ volatile("movq %1, %%xmm5\n\tud2\n\tmovq %%xmm5, %0" : "=r"(out) : "r"(in) : "xmm5");
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	ok(handler_mxcsr == 0x1f80 && handler_fcw == 0x37f, "a handler starts with a fresh FPU state");
	ok(out == in && (mxcsr & 0xffc0) == 0x7f80 && fcw == 0xf7f, "and leaves the interrupted one alone");
	fpu_load(0, 0x1f80, 0x37f);
}

/* ud2 in fpu_signals: the handler goes on after it. */
static void
skip_and_look(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RIP] += 2;
	look_at_fpu(sig, info, context);
}

static void
x87_error(void)
{
	uint16_t fcw = 0x37b;	/* zero divide unmasked */

	catch(SIGFPE, fault);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp %%st, %%st(1); fwait" : : "m"(fcw));
	__asm__ volatile("fninit");
	ok(last_sig == SIGFPE && last_code == FPE_FLTDIV, "an unmasked x87 division by zero: FPE_FLTDIV");
	signal(SIGFPE, SIG_DFL);
}

/* --- the red zone --- */

static void
count(int sig, siginfo_t *info, void *context)
{
	steps++;
}

/* A leaf that keeps values below its stack pointer while timer signals arrive. */
static void
red_zone(void)
{
	struct itimerval on = { { 0, 2000 }, { 0, 2000 } }, off = { 0 };
	uint64_t bad = 0;

	steps = 0;
	catch(SIGALRM, count);
	setitimer(ITIMER_REAL, &on, NULL);
	for (int i = 0; i < 2000 && steps < 5; i++)
		__asm__ volatile(
		    "movq %%rsp, %%rdx\n\t"
		    "movabsq $0x5a5a5a5a5a5a5a5a, %%rax\n\t"
		    "movq %%rax, -8(%%rsp); movq %%rax, -64(%%rsp); movq %%rax, -128(%%rsp)\n\t"
		    "movl $100000, %%ecx\n"
		    "1:\tdecl %%ecx\n\tjnz 1b\n\t"
		    "cmpq %%rax, -8(%%rsp); jne 2f; cmpq %%rax, -64(%%rsp); jne 2f\n\t"
		    "cmpq %%rax, -128(%%rsp); jne 2f; cmpq %%rsp, %%rdx; je 3f\n"
		    "2:\tincq %0\n3:" : "+r"(bad) : : "rax", "rcx", "rdx", "memory", "cc");
	setitimer(ITIMER_REAL, &off, NULL);
	ok(steps >= 5 && bad == 0, "signals leave the 128 bytes below the stack pointer alone");
	signal(SIGALRM, SIG_DFL);
}

int
main(int argc, char **argv)
{
	if (argc > 1) {		/* executed by fresh_exec() */
		uint32_t m;
		uint16_t c;

		__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(m), "=m"(c));
		return (m & 0xffc0) == 0x1f80 && c == 0x37f ? 42 : 1;
	}
	door(by_syscall, "syscall");
	door(by_gate, "int 0x80");
	strange_flags(by_syscall, "syscall");
	strange_flags(by_gate, "int 0x80");
	strange_flags_trap();
	vectors();
	instructions();
	table_addresses();
	selectors();
	single_step();
	forged();
	forged_flags();
	fpu_isolation();
	catch(SIGILL, skip_and_look);
	fpu_signals();
	x87_error();
	red_zone();
	{
		pid_t pid = fork();

		if (pid == 0) {
			fpu_load(5, 0x7f80, 0xf7f);
			execl(argv[0], argv[0], "fresh", NULL);
			_exit(1);
		}
		is_int(WEXITSTATUS(child_status(pid)), 42, "a new program starts with a fresh FPU state");
	}
	return tap_done();
}
