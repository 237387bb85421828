#pragma once
/*
 * Native values and structs that cross the boundary.  Values are Zircon's where it has them.
 * Times are int64_t nanoseconds of the monotonic clock; deadlines are absolute.
 */
#include <stdint.h>

#define MX_OK			0
#define MX_ERR_INTERNAL		(-1)
#define MX_ERR_NOT_SUPPORTED	(-2)
#define MX_ERR_NO_RESOURCES	(-3)
#define MX_ERR_NO_MEMORY	(-4)
#define MX_ERR_INTERNAL_INTR_RETRY (-6)	/* never leaves the kernel */
#define MX_ERR_INVALID_ARGS	(-10)
#define MX_ERR_BAD_HANDLE	(-11)
#define MX_ERR_WRONG_TYPE	(-12)
#define MX_ERR_BAD_SYSCALL	(-13)
#define MX_ERR_OUT_OF_RANGE	(-14)
#define MX_ERR_BUFFER_TOO_SMALL	(-15)
#define MX_ERR_BAD_STATE	(-20)
#define MX_ERR_TIMED_OUT	(-21)
#define MX_ERR_SHOULD_WAIT	(-22)
#define MX_ERR_CANCELED		(-23)
#define MX_ERR_PEER_CLOSED	(-24)
#define MX_ERR_NOT_FOUND	(-25)
#define MX_ERR_ALREADY_EXISTS	(-26)
#define MX_ERR_ALREADY_BOUND	(-27)
#define MX_ERR_UNAVAILABLE	(-28)
#define MX_ERR_ACCESS_DENIED	(-30)
#define MX_ERR_IO		(-40)

#define MX_TIME_INFINITE	INT64_MAX
#define MX_WAIT_MANY_MAX_ITEMS	1024

struct abi_wait_item {
	uint32_t handle;
	uint32_t waitfor;
	uint32_t pending;
};
_Static_assert(sizeof(struct abi_wait_item) == 12, "wait item");

#define MX_WAIT_ASYNC_ONCE	0u
#define MX_WAIT_ASYNC_TIMESTAMP	1u
#define MX_WAIT_ASYNC_EDGE	2u
#define MX_WAIT_ASYNC_REPEATING	4u

#define MX_PKT_TYPE_USER	0u
#define MX_PKT_TYPE_SIGNAL_ONE	1u
#define MX_PKT_TYPE_SIGNAL_REP	2u

struct abi_port_packet {
	uint64_t key;
	uint32_t type;
	int32_t status;
	union {
		uint8_t user[32];
		struct {
			uint32_t trigger;
			uint32_t observed;
			uint64_t count;
			int64_t timestamp;
			uint64_t reserved;
		} signal;
	};
};
_Static_assert(sizeof(struct abi_port_packet) == 48, "port packet");
