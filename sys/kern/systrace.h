#pragma once
/*
 * What the entry of calls and the traces (ipc/trace.c) have to do with each other.  systrace[] is
 * generated from conf/syscalls: what each argument points to.
 */
#include "gen/sysnum.h"
#include "kern/types.h"

struct thr;
struct trapframe;

enum { SYSTRACE_NONE, SYSTRACE_STRING, SYSTRACE_VECTOR, SYSTRACE_IN, SYSTRACE_OUT,
	SYSTRACE_IN_BUFFER,		/* as long as the next argument says, in bytes or elements of that size */
	SYSTRACE_OUT_BUFFER,		/* as long as the result says */
};
struct systrace {
	uint16_t what : 3;
	uint16_t size : 13;		/* IN, OUT; of an element: IN_BUFFER */
};
extern const struct systrace systrace[SYS_MAX + 1][8];

/* A call of a thread whose t_call_max is 0; makes it by syscall_run(), so it returns 0.  Set by ipc/trace.c. */
extern int (*syscall_trace_hook)(struct trapframe *, unsigned nr);
/* The thread ends inside of a call that is traced (t_trace). */
extern void (*thr_trace_hook)(struct thr *);
/* Makes the call and puts what comes of it into the frame; nr exists.  The body's error. */
int syscall_run(struct trapframe *, unsigned nr);
