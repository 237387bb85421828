#pragma once
/* Processes, threads, exceptions: options and structs of the native calls. */
#include <stdint.h>

/* Pseudo-handles: no slot has these values, what they name is always the caller's own. */
#define MX_HANDLE_PROCESS_SELF		(1u << 18)
#define MX_HANDLE_THREAD_SELF		(2u << 18)
#define MX_HANDLE_VMAR_ROOT_SELF	(3u << 18)
#define MX_HANDLE_JOB_DEFAULT		(4u << 18)

#define MX_PROCESS_CHILD		1u	/* ours: a child of the caller, with SIGCHLD and wait status */
#define MX_TASK_RETCODE_SYSCALL_KILL	(-1024)
#define MX_TASK_RETCODE_OOM_KILL	(-1025)
#define MX_TASK_RETCODE_POLICY_KILL	(-1026)
#define MX_TASK_RETCODE_SIGNAL(n)	(-2048 - (n))

#define MX_THREAD_STATE_GENERAL_REGS	0u
#define MX_THREAD_STATE_FP_REGS		1u
struct abi_thread_regs {		/* x86-64 */
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip,
	    rflags, fs_base, gs_base;
};
struct abi_thread_fp_regs {
	uint8_t fxsave[512];		/* as the instruction stores it; MXCSR without reserved bits */
};

#define MX_EXCEPTION_CHANNEL_DEBUGGER	1u
#define MX_EXCP_GENERAL			0x008u
#define MX_EXCP_FATAL_PAGE_FAULT	0x108u
#define MX_EXCP_UNDEFINED_INSTRUCTION	0x208u
#define MX_EXCP_SW_BREAKPOINT		0x308u
#define MX_EXCP_HW_BREAKPOINT		0x408u
#define MX_EXCP_UNALIGNED_ACCESS	0x508u
#define MX_EXCP_THREAD_STARTING		0x8008u
#define MX_EXCP_THREAD_EXITING		0x8108u
#define MX_EXCP_POLICY_ERROR		0x8208u
#define MX_EXCP_PROCESS_STARTING	0x8308u
#define MX_EXCEPTION_CHANNEL_TYPE_NONE		0u	/* abi_info_thread.wait_exception_channel_type */
#define MX_EXCEPTION_CHANNEL_TYPE_DEBUGGER	1u
#define MX_EXCEPTION_CHANNEL_TYPE_THREAD	2u
#define MX_EXCEPTION_CHANNEL_TYPE_PROCESS	3u
#define MX_EXCEPTION_CHANNEL_TYPE_JOB		4u
#define MX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER	5u
struct abi_exception_info {		/* the message of an exception channel; one handle comes with it */
	uint64_t pid, tid;		/* koids */
	uint32_t type, padding;
};
struct abi_exception_report {
	uint32_t size, type;
	uint64_t code, address, pc;	/* machine vector, faulting address */
};
#define MX_PROP_EXCEPTION_STATE		16u	/* uint32_t, of an exception object */
#define MX_EXCEPTION_STATE_TRY_NEXT	0u
#define MX_EXCEPTION_STATE_HANDLED	1u
#define MX_EXCEPTION_STATE_THREAD_EXIT	2u

/*
 * A program in a new process.  The native call gives it exactly the handles of the list; the POSIX
 * one also the caller's descriptors that have no close-on-exec, its signal mask and ignored signals.
 */
#define MX_SPAWN_DUPLICATE		1u	/* mx_spawn_desc_t.flags */
#define SPAWN_CLOSE			2u	/* POSIX: the child does not get descriptor `fd' */
#define MX_SPAWN_DESCS_MAX		1024u
struct abi_spawn_desc {
	uint32_t handle;
	int32_t fd;			/* number in the child, -1: any */
	uint32_t startup_info, flags;
};
#define MX_SPAWN_NO_PROCESS_SELF	1u	/* options: the child's pseudo-handle is empty */
#define MX_SPAWN_NO_THREAD_SELF		2u
#define MX_SPAWN_NO_VMAR_ROOT_SELF	4u
#define MX_SPAWN_NO_JOB_DEFAULT		8u
#define MX_SPAWN_OPTIONS		15u
#define SPAWN_SETPGROUP			0x100u	/* the POSIX call's: what posix_spawnattr_setflags knows */
#define SPAWN_SETSIGMASK		0x200u
#define SPAWN_SETSIGDEF			0x400u
#define SPAWN_OPTIONS			0x700u
struct abi_spawn {
	uint32_t job, options;
	uintptr_t path, argv, envp, descs;
	uint64_t ndescs;
	uint64_t sigmask, sigdefault;	/* POSIX: with SPAWN_SETSIGMASK, SPAWN_SETSIGDEF */
	int32_t pgroup, reserved;	/* POSIX: with SPAWN_SETPGROUP */
};

/*
 * MX_PROP_PROCESS_SELF_RIGHTS: a process that was not started yet shall have at most these rights through
 * its pseudo-handle number `which' (1 process, 2 thread, 3 root VMAR, 4 job); 0: it is empty.
 */
struct abi_self_rights {
	uint32_t which, rights;
};

/* What AT_MX_STARTUP shows: the handles of mx_spawn that have a startup_info, in its order. */
struct abi_startup_handle {
	uint32_t info, handle;
};
struct abi_startup {
	uint32_t count, reserved;
	struct abi_startup_handle handle[];
};
