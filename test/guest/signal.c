/* Signals: actions, masks, pending, queueing, alternate stack, faults, waiting for them. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include "tap.h"

static volatile sig_atomic_t hits, last_sig, last_code, nested, depth, calls;
static void *volatile last_addr;
static volatile int last_value;

static void
plain(int sig)
{
	hits++;
	last_sig = sig;
}

static void
with_info(int sig, siginfo_t *info, void *context)
{
	hits++;
	last_sig = sig;
	last_code = info->si_code;
	last_addr = info->si_addr;
	last_value = info->si_value.sival_int;
}

static void
install(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void
actions(void)
{
	struct sigaction sa, old;

	install(SIGUSR1, plain, 0);
	hits = 0;
	is_int(kill(getpid(), SIGUSR1), 0, "kill oneself");
	ok(hits == 1 && last_sig == SIGUSR1, "the handler has run when kill returns");
	is_int(sigaction(SIGUSR1, NULL, &old), 0, "sigaction asks");
	ok(old.sa_handler == plain, "and tells the handler");
	install(SIGUSR1, plain, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	ok(old.sa_handler == SIG_DFL, "SA_RESETHAND");
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = plain;
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL, "SIGKILL cannot be caught");
	fails(sigaction(SIGSTOP, &sa, NULL), EINVAL, "SIGSTOP cannot be caught");
	fails(sigaction(0, &sa, NULL), EINVAL, "signal 0");
	fails(sigaction(1000, &sa, NULL), EINVAL, "signal 1000");
	fails(kill(getpid(), 1000), EINVAL, "kill with signal 1000");
	fails(kill(999999, SIGTERM), ESRCH, "kill nobody");
	is_int(kill(getpid(), 0), 0, "kill with 0 only asks");
	signal(SIGUSR2, SIG_IGN);
	is_int(raise(SIGUSR2), 0, "an ignored signal does nothing");
}

static void
masks(void)
{
	sigset_t set, old, pend;

	install(SIGUSR1, plain, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	is_int(sigprocmask(SIG_BLOCK, &set, &old), 0, "block");
	hits = 0;
	raise(SIGUSR1);
	raise(SIGUSR1);
	is_int(hits, 0, "a blocked signal waits");
	sigpending(&pend);
	ok(sigismember(&pend, SIGUSR1) == 1, "and is pending");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	is_int(hits, 1, "unblocking delivers it, once");
	fails(sigprocmask(99, &set, NULL), EINVAL, "an unknown way");
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigprocmask(SIG_SETMASK, NULL, &pend);
	ok(!sigismember(&pend, SIGKILL) && !sigismember(&pend, SIGSTOP), "KILL and STOP are never blocked");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
inner(int sig)
{
	if (depth++ == 0 && calls++ == 0)
		raise(sig);
	if (depth == 2)
		nested = 1;
	depth--;
}

static void
nodefer(void)
{
	nested = depth = calls = 0;
	install(SIGUSR1, inner, 0);
	raise(SIGUSR1);
	is_int(nested, 0, "a signal is blocked in its own handler");
	nested = depth = calls = 0;
	install(SIGUSR1, inner, SA_NODEFER);
	raise(SIGUSR1);
	is_int(nested, 1, "unless SA_NODEFER");
}

static void
queueing(void)
{
	struct sigaction sa = { .sa_sigaction = with_info, .sa_flags = SA_SIGINFO };
	struct timespec zero = { 0, 0 };
	union sigval v;
	siginfo_t info;
	sigset_t set, old;
	int sum = 0;

	sigaction(SIGRTMIN, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	hits = 0;
	for (int i = 1; i <= 3; i++) {
		v.sival_int = i;
		is_int(sigqueue(getpid(), SIGRTMIN, v), 0, "sigqueue");
	}
	is_int(sigwaitinfo(&set, &info), SIGRTMIN, "sigwaitinfo takes one");
	ok(info.si_value.sival_int == 1 && info.si_code == SI_QUEUE && info.si_pid == getpid(),
	    "the first, with its value and sender");
	sum = sigtimedwait(&set, &info, &zero);
	ok(sum == SIGRTMIN && info.si_value.sival_int == 2, "then the second");
	sigprocmask(SIG_SETMASK, &old, NULL);
	ok(hits == 1 && last_value == 3, "the third is delivered");
	fails(sigtimedwait(&set, &info, &zero), EAGAIN, "none is left");
}

static void
suspend(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } }, left;
	sigset_t set, old;

	install(SIGALRM, plain, SA_RESTART);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, &old);
	hits = 0;
	is_int(setitimer(ITIMER_REAL, &it, NULL), 0, "setitimer");
	is_int(getitimer(ITIMER_REAL, &left), 0, "getitimer");
	ok(left.it_value.tv_usec > 0 && left.it_value.tv_usec <= 50000, "tells what is left");
	sigset_t none;
	sigemptyset(&none);
	fails(sigsuspend(&none), EINTR, "sigsuspend returns after the handler");
	is_int(hits, 1, "which ran once");
	sigprocmask(SIG_SETMASK, NULL, &none);
	ok(sigismember(&none, SIGALRM) == 1, "and the mask is back");
	sigprocmask(SIG_SETMASK, &old, NULL);
	it.it_value.tv_usec = 2000000;
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL, "a second in microseconds");
}

static sigjmp_buf back;

static void
fault(int sig, siginfo_t *info, void *context)
{
	with_info(sig, info, context);
	siglongjmp(back, 1);
}

static void
expect_fault(void (*fn)(void), int sig, int code, const char *what)
{
	struct sigaction sa = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaction(sig, &sa, NULL);
	last_sig = last_code = 0;
	if (sigsetjmp(back, 1) == 0)
		fn();
	if (!ok(last_sig == sig && last_code == code, "%s", what))
		tap_print("# signal %d code %d, want %d %d\n", (int)last_sig, (int)last_code, sig, code);
	signal(sig, SIG_DFL);
}

static void null_read(void) { *(volatile int *)8; }
static void kernel_read(void) { *(volatile int *)0xffffffff80100000ull; }
static void noncanonical(void) { *(volatile int *)0x0000900000000000ull; }
static void text_write(void) { *(volatile char *)(uintptr_t)&text_write = 0; }
static void divide(void) { volatile int z = 0; volatile int q = 100 / z; (void)q; }
static void undefined(void) { __asm__ volatile("ud2"); }
static void privileged(void) { __asm__ volatile("cli"); }
static void halt(void) { __asm__ volatile("hlt"); }
static void breakpoint(void) { __asm__ volatile("int3"); }
static void forged(void) { __asm__ volatile("int $0x20"); }
static void data_run(void) { static unsigned char code[] = { 0xc3 }; ((void (*)(void))(uintptr_t)code)(); }

static void
faults(void)
{
	expect_fault(null_read, SIGSEGV, SEGV_MAPERR, "a null pointer: SIGSEGV, SEGV_MAPERR");
	ok(last_addr == (void *)8, "si_addr is the address");
	expect_fault(kernel_read, SIGSEGV, SEGV_MAPERR, "a kernel address: SIGSEGV");
	expect_fault(text_write, SIGSEGV, SEGV_ACCERR, "writing text: SIGSEGV, SEGV_ACCERR");
	expect_fault(data_run, SIGSEGV, SEGV_ACCERR, "running data: SIGSEGV, SEGV_ACCERR");
	expect_fault(divide, SIGFPE, FPE_INTDIV, "dividing by zero: SIGFPE, FPE_INTDIV");
	expect_fault(undefined, SIGILL, ILL_ILLOPC, "ud2: SIGILL, ILL_ILLOPC");
	expect_fault(breakpoint, SIGTRAP, TRAP_BRKPT, "int3: SIGTRAP, TRAP_BRKPT");
	signal(SIGSEGV, SIG_DFL);
	{
		static void (*const kills[])(void) = { noncanonical, privileged, halt, forged };

		for (unsigned i = 0; i < 4; i++) {
			int status = in_child(kills[i]);

			ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "privileged deed %u: SIGSEGV", i);
		}
	}
}

static void
blocked_fault(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	null_read();
}

static char alt[SIGSTKSZ * 2] __attribute__((aligned(16)));
static volatile int on_alt;

static void
check_stack(int sig)
{
	char here;

	on_alt = &here >= alt && &here < alt + sizeof(alt);
}

static int
overflow(int n)
{
	volatile char big[4096];

	big[0] = (char)n;
	return overflow(n + 1) + big[0];
}

static void
run_overflow(void)
{
	overflow(0);
}

static void
altstack(void)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;
	int status = in_child(blocked_fault);

	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a blocked fault kills all the same");
	is_int(sigaltstack(&st, NULL), 0, "sigaltstack");
	install(SIGUSR1, check_stack, SA_ONSTACK);
	raise(SIGUSR1);
	is_int(on_alt, 1, "SA_ONSTACK runs on the alternate stack");
	install(SIGUSR1, check_stack, 0);
	raise(SIGUSR1);
	is_int(on_alt, 0, "without it not");
	is_int(sigaltstack(NULL, &old), 0, "sigaltstack asks");
	ok(old.ss_sp == alt && old.ss_size == sizeof(alt), "and tells");
	expect_fault(run_overflow, SIGSEGV, SEGV_MAPERR, "a stack overflow is caught on the alternate stack");
	st.ss_size = 100;
	fails(sigaltstack(&st, NULL), ENOMEM, "too small a stack");
	st.ss_flags = SS_DISABLE;
	is_int(sigaltstack(&st, NULL), 0, "SS_DISABLE");
}

/* Registers survive a handler. */
static void
registers(void)
{
	unsigned long a = 1, b = 2, c = 3;
	double d = 1.5;

	install(SIGUSR1, plain, 0);
	__asm__ volatile("mov $0x1111, %%r12\n mov $0x2222, %%r13\n mov $0x3333, %%rbx" : : : "r12", "r13", "rbx");
	register unsigned long r12 __asm__("r12") = 0x1234, r15 __asm__("r15") = 0x5678;
	__asm__ volatile("" : "+r"(r12), "+r"(r15), "+x"(d));
	raise(SIGUSR1);
	__asm__ volatile("" : "+r"(r12), "+r"(r15), "+x"(d));
	ok(r12 == 0x1234 && r15 == 0x5678 && d == 1.5 && a + b + c == 6, "registers survive a handler");
}

int
main(void)
{
	actions();
	masks();
	nodefer();
	queueing();
	suspend();
	faults();
	altstack();
	registers();
	return tap_done();
}
