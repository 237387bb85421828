#pragma once
/* Call traces: what read() on a trace gives, whole records (mx_trace_create). */
#include <stdint.h>

#define MX_TRACE_FOLLOW		1u	/* attach: children too */

#define MX_TRACE_CALL		1u	/* a call ended */
#define MX_TRACE_SIGNAL		2u	/* result: the signal; arg[0]: its code */
#define MX_TRACE_EXIT		3u	/* the process ended; result: wait status */

#define MX_TRACE_FAILED		1u	/* result is an errno or a status */
#define MX_TRACE_RESTARTED	2u	/* a signal came; it is made again or ends with EINTR */
#define MX_TRACE_NORETURN	4u
#define MX_TRACE_LOST		8u	/* records before this one found no room */

struct abi_trace_record {
	uint32_t size;			/* with the pieces behind it */
	uint16_t kind;			/* MX_TRACE_CALL ... */
	uint16_t call;			/* number */
	int32_t pid, tid;
	int64_t time;			/* monotonic, at the end */
	int64_t result;
	uint32_t flags, reserved;
	uint64_t arg[8];
};
_Static_assert(sizeof(struct abi_trace_record) == 104, "trace record");

/* What an argument pointed to, or the beginning of it; `size' bytes follow, then 0 to 3 of padding. */
struct abi_trace_piece {
	uint8_t arg;			/* which argument */
	uint8_t more;			/* it was longer */
	uint16_t size;
};
