#pragma once
/*
 * Signals.  Numbers 1-31 are newlib's, with 29 as SIGSTKFLT where newlib has SIGLOST; 32 is kept
 * for the thread library; 33-64 are the realtime signals.
 */
#include <abi/types.h>

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGIOT		6
#define SIGEMT		7
#define SIGFPE		8
#define SIGKILL		9
#define SIGBUS		10
#define SIGSEGV		11
#define SIGSYS		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGURG		16
#define SIGSTOP		17
#define SIGTSTP		18
#define SIGCONT		19
#define SIGCHLD		20
#define SIGCLD		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGIO		23
#define SIGPOLL		23
#define SIGXCPU		24
#define SIGXFSZ		25
#define SIGVTALRM	26
#define SIGPROF		27
#define SIGWINCH	28
#define SIGSTKFLT	29
#define SIGUSR1		30
#define SIGUSR2		31
#define SIGRTMIN	33
#define SIGRTMAX	64
#define NSIG		65	/* signals are 1 .. NSIG-1 */

#define ABI_SIG_DFL	0u
#define ABI_SIG_IGN	1u

#define SIG_SETMASK	0	/* newlib's values */
#define SIG_BLOCK	1
#define SIG_UNBLOCK	2

#define SA_NOCLDSTOP	0x1
#define SA_SIGINFO	0x2
#define SA_ONSTACK	0x4
#define SA_RESTART	0x8
#define SA_NODEFER	0x10
#define SA_RESETHAND	0x20
#define SA_NOCLDWAIT	0x40

struct abi_sigaction {
	abi_u64 handler;	/* ABI_SIG_DFL, ABI_SIG_IGN or an address */
	abi_sigset_t mask;
	abi_u32 flags;		/* SA_* */
	abi_u32 pad;
	abi_u64 restorer;	/* where a handler returns to; it calls sigreturn */
};
_Static_assert(sizeof(struct abi_sigaction) == 32, "sigaction");

struct abi_siginfo {
	abi_i32 signo;
	abi_i32 code;		/* SI_*, or the signal's own */
	abi_i32 err;
	abi_i32 pid;		/* sender or child */
	abi_u32 uid;
	abi_i32 status;		/* SIGCHLD: exit value or signal */
	abi_u64 addr;		/* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
	abi_u64 value;		/* union sigval */
	abi_i64 band;		/* SIGPOLL */
	abi_i32 timerid;
	abi_i32 overrun;
	abi_i32 trapno;		/* faults: the CPU's vector */
	abi_i32 fd;
	abi_i64 utime;		/* SIGCHLD: the child's, in ABI_CLK_TCK */
	abi_i64 stime;
	abi_u64 spare[6];
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo");

#define SI_USER		1	/* newlib's */
#define SI_QUEUE	2
#define SI_TIMER	3
#define SI_ASYNCIO	4
#define SI_MESGQ	5
#define SI_TKILL	6
#define SI_KERNEL	7	/* sent by the kernel: tty, timers of setitimer ... */

/* The codes of one signal begin above those every signal can have. */
#define ILL_ILLOPC	0x11
#define ILL_ILLOPN	0x12
#define ILL_ILLADR	0x13
#define ILL_ILLTRP	0x14
#define ILL_PRVOPC	0x15
#define ILL_PRVREG	0x16
#define ILL_COPROC	0x17
#define ILL_BADSTK	0x18
#define FPE_INTDIV	0x11
#define FPE_INTOVF	0x12
#define FPE_FLTDIV	0x13
#define FPE_FLTOVF	0x14
#define FPE_FLTUND	0x15
#define FPE_FLTRES	0x16
#define FPE_FLTINV	0x17
#define FPE_FLTSUB	0x18
#define SEGV_MAPERR	0x11
#define SEGV_ACCERR	0x12
#define BUS_ADRALN	0x11
#define BUS_ADRERR	0x12
#define BUS_OBJERR	0x13
#define TRAP_BRKPT	0x11
#define TRAP_TRACE	0x12
#define CLD_EXITED	0x11
#define CLD_KILLED	0x12
#define CLD_DUMPED	0x13
#define CLD_TRAPPED	0x14
#define CLD_STOPPED	0x15
#define CLD_CONTINUED	0x16
#define POLL_IN		0x11
#define POLL_OUT	0x12
#define POLL_MSG	0x13
#define POLL_ERR	0x14
#define POLL_PRI	0x15
#define POLL_HUP	0x16

#define SS_ONSTACK	0x1
#define SS_DISABLE	0x2
#define MINSIGSTKSZ	4096
#define SIGSTKSZ	16384

struct abi_stack {
	abi_u64 sp;		/* lowest address */
	abi_u32 flags;		/* SS_* */
	abi_u32 pad;
	abi_u64 size;		/* bytes */
};
_Static_assert(sizeof(struct abi_stack) == 24, "stack");

/* Places of the registers in gregs; on IA-32 the 64-bit ones are 0. */
#define ABI_REG_R8	0
#define ABI_REG_R9	1
#define ABI_REG_R10	2
#define ABI_REG_R11	3
#define ABI_REG_R12	4
#define ABI_REG_R13	5
#define ABI_REG_R14	6
#define ABI_REG_R15	7
#define ABI_REG_RDI	8
#define ABI_REG_RSI	9
#define ABI_REG_RBP	10
#define ABI_REG_RBX	11
#define ABI_REG_RDX	12
#define ABI_REG_RAX	13
#define ABI_REG_RCX	14
#define ABI_REG_RSP	15
#define ABI_REG_RIP	16
#define ABI_REG_EFL	17
#define ABI_REG_CSGSFS	18	/* cs | gs << 16 | fs << 32 */
#define ABI_REG_ERR	19
#define ABI_REG_TRAPNO	20
#define ABI_REG_OLDMASK	21
#define ABI_REG_CR2	22
#define ABI_NGREG	23

struct abi_mcontext {
	abi_u64 gregs[ABI_NGREG];
	abi_u64 flags;		/* ABI_MC_* */
	abi_u8 fx[512];		/* as FXSAVE wrote it */
};
_Static_assert(sizeof(struct abi_mcontext) == 704, "mcontext");
#define ABI_MC_FX	1	/* fx is valid */

/* The third argument of an SA_SIGINFO handler; sigreturn takes its address. */
struct abi_ucontext {
	abi_u64 flags;
	abi_u64 link;		/* 0 */
	struct abi_stack stack;
	abi_sigset_t sigmask;	/* restored by sigreturn */
	struct abi_mcontext mcontext;
};
_Static_assert(sizeof(struct abi_ucontext) == 752, "ucontext");
_Static_assert(__builtin_offsetof(struct abi_ucontext, mcontext) % 16 == 0, "fxsave needs 16");
