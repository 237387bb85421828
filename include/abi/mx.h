#pragma once
/*
 * Native values and structs that cross the boundary.  Values are Zircon's where it has them.
 * Times are int64_t nanoseconds of the monotonic clock; deadlines are absolute.
 */
#include <stdint.h>
#include <abi/mxstatus.h>

#define MX_TIME_INFINITE	INT64_MAX
#define MX_WAIT_MANY_MAX_ITEMS	1024
#define MX_CPRNG_ADD_ENTROPY_MAX_LEN 256

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
