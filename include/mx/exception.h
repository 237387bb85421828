#pragma once
/* Exceptions, and the registers of a thread that is suspended or in one. */
#include <abi/task.h>
#include <mx/types.h>

typedef uint32_t mx_excp_type_t;

/* The message of an exception channel; the exception's handle comes with it. */
typedef struct mx_exception_info {
	mx_koid_t	pid;
	mx_koid_t	tid;
	mx_excp_type_t	type;		/* MX_EXCP_* */
	uint32_t	padding1;
} mx_exception_info_t;
_Static_assert(sizeof(mx_exception_info_t) == sizeof(struct abi_exception_info), "mx_exception_info_t");

/* MX_INFO_THREAD_EXCEPTION_REPORT */
typedef struct mx_exception_header {
	uint32_t	size;
	mx_excp_type_t	type;
} mx_exception_header_t;

typedef struct mx_exception_context {
	uint64_t	code;		/* the machine's vector */
	uint64_t	address;	/* that faulted */
	uint64_t	pc;
} mx_exception_context_t;

typedef struct mx_exception_report {
	mx_exception_header_t	header;
	mx_exception_context_t	context;
} mx_exception_report_t;
_Static_assert(sizeof(mx_exception_report_t) == sizeof(struct abi_exception_report),
    "mx_exception_report_t");

/* MX_THREAD_STATE_GENERAL_REGS, x86-64 */
typedef struct mx_thread_state_general_regs {
	uint64_t	rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t	r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t	rip;
	uint64_t	rflags;
	uint64_t	fs_base;
	uint64_t	gs_base;
} mx_thread_state_general_regs_t;
/* x87, MMX and SSE as fxsave stores them. */
typedef struct mx_thread_state_fp_regs {
	uint8_t		fxsave[512];
} mx_thread_state_fp_regs_t;
_Static_assert(sizeof(mx_thread_state_fp_regs_t) == sizeof(struct abi_thread_fp_regs),
    "mx_thread_state_fp_regs_t");
_Static_assert(sizeof(mx_thread_state_general_regs_t) == sizeof(struct abi_thread_regs),
    "mx_thread_state_general_regs_t");
