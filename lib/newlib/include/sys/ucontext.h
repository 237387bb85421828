#ifndef _SYS_UCONTEXT_H
#define _SYS_UCONTEXT_H

#include <sys/signal.h>

/* Registers at the interrupted instruction; the same bytes as struct abi_ucontext. */
typedef __int64_t greg_t;
typedef greg_t gregset_t[ABI_NGREG];

typedef struct {
	gregset_t	gregs;
	__uint64_t	__flags;
	unsigned char	fpregs[512];
} mcontext_t;

typedef struct __zenta_ucontext {
	__uint64_t	uc_flags;
	union {
		struct __zenta_ucontext *uc_link;
		__uint64_t __link64;
	};
	struct {
		union {
			void		*ss_sp;
			__uint64_t	__sp64;
		};
		int		ss_flags;
		int		__pad;
		union {
			size_t		ss_size;
			__uint64_t	__size64;
		};
	} uc_stack;
	sigset_t	uc_sigmask;
	mcontext_t	uc_mcontext;
} ucontext_t;

#if __GNU_VISIBLE || __BSD_VISIBLE
enum {
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	REG_RDI, REG_RSI, REG_RBP, REG_RBX, REG_RDX, REG_RAX, REG_RCX, REG_RSP,
	REG_RIP, REG_EFL, REG_CSGSFS, REG_ERR, REG_TRAPNO, REG_OLDMASK, REG_CR2
};
#define REG_EIP	REG_RIP
#define REG_EBP	REG_RBP
#define REG_ESP	REG_RSP
#endif

#endif
