#pragma once
/* Channels, sockets, FIFOs, timers: options and structs of their calls. */
#include <stdint.h>

#define MX_CHANNEL_MAX_MSG_BYTES	65536u
#define MX_CHANNEL_MAX_MSG_HANDLES	1024u
#define MX_CHANNEL_MAX_MSG_IOVECS	8192u
#define MX_CHANNEL_DUPLICABLE		1u	/* create: both ends have the DUPLICATE right */
#define MX_CHANNEL_READ_MAY_DISCARD	1u
#define MX_CHANNEL_WRITE_USE_IOVEC	2u

#define MX_HANDLE_OP_MOVE		0u
#define MX_HANDLE_OP_DUPLICATE		1u

struct abi_handle_disposition {
	uint32_t operation;		/* MX_HANDLE_OP_* */
	uint32_t handle;
	uint32_t type;			/* MX_OBJ_TYPE_*, or NONE: any */
	uint32_t rights;		/* a subset, or RIGHT_SAME */
	int32_t result;			/* out */
};
struct abi_handle_info {
	uint32_t handle, type, rights, unused;
};

/* The pointers are as wide as the program's: struct of its own width, 64 bits here. */
struct abi_channel_iovec {
	uintptr_t buffer;
	uint32_t capacity, reserved;
};
struct abi_channel_call {
	uintptr_t wr_bytes, wr_handles, rd_bytes, rd_handles;
	uint32_t wr_num_bytes, wr_num_handles, rd_num_bytes, rd_num_handles;
};

#define MX_FIFO_MAX_SIZE_BYTES		4096u	/* of one direction */

#define MX_SOCKET_STREAM		0u
#define MX_SOCKET_DATAGRAM		1u
#define MX_SOCKET_PEEK			8u	/* read */
#define MX_SOCKET_DISPOSITION_WRITE_DISABLED	1u
#define MX_SOCKET_DISPOSITION_WRITE_ENABLED	2u

#define MX_TIMER_SLACK_CENTER		0u
#define MX_TIMER_SLACK_EARLY		1u
#define MX_TIMER_SLACK_LATE		2u

#define MX_CLOCK_MONOTONIC		0u
#define MX_CLOCK_UTC			1u
#define MX_CLOCK_THREAD			2u
