#pragma once
/*
 * Wait statuses, newlib's layout: exit value in bits 8-15 with bits 0-6 zero; or the signal in
 * bits 0-6 and 0x80 with a core dump; or 0x7f with the stop signal in bits 8-15; or 0xffff for
 * continued.
 */
#define WNOHANG		1
#define WUNTRACED	2
#define WSTOPPED	2
#define WEXITED		4
#define WCONTINUED	8
#define WNOWAIT		0x1000000

#define ABI_W_EXITED(value)	(((value) & 0xff) << 8)
#define ABI_W_SIGNALED(sig, core) ((sig) | ((core) ? 0x80 : 0))
#define ABI_W_STOPPED(sig)	((sig) << 8 | 0x7f)
#define ABI_W_CONTINUED		0xffff

/* idtype_t of waitid */
#define ABI_P_ALL	0
#define ABI_P_PID	1
#define ABI_P_PGID	2
