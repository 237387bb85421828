#pragma once
/* What a port delivers: packets that a program queued, and packets about signals. */
#include <mx/types.h>

typedef union mx_packet_user {
	uint64_t	u64[4];
	uint32_t	u32[8];
	uint16_t	u16[16];
	uint16_t	c16[16];
	uint8_t		c8[32];
} mx_packet_user_t;

typedef struct mx_packet_signal {
	mx_signals_t	trigger;	/* what was asked for */
	mx_signals_t	observed;
	uint64_t	count;		/* REPEATING: how often it became active since the last packet */
	mx_time_t	timestamp;	/* with MX_WAIT_ASYNC_TIMESTAMP */
	uint64_t	reserved1;
} mx_packet_signal_t;

/* The same bytes as struct abi_port_packet. */
typedef struct mx_port_packet {
	uint64_t	key;
	uint32_t	type;		/* MX_PKT_TYPE_* */
	mx_status_t	status;
	union {
		mx_packet_user_t	user;
		mx_packet_signal_t	signal;
	};
} mx_port_packet_t;
_Static_assert(sizeof(mx_port_packet_t) == sizeof(struct abi_port_packet), "mx_port_packet_t");

#define MX_PKT_TYPE_MASK		0xffu
#define MX_PKT_IS_USER(type)		((type) == MX_PKT_TYPE_USER)
#define MX_PKT_IS_SIGNAL_ONE(type)	((type) == MX_PKT_TYPE_SIGNAL_ONE)
#define MX_PKT_IS_SIGNAL_REP(type)	((type) == MX_PKT_TYPE_SIGNAL_REP)
