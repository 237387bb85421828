#pragma once
/*
 * Job policy: what the processes of a job may do, and what happens to the one that tries.
 * Conditions, actions and options have Zircon's values; ours count from 32.
 */
#include <stdint.h>

#define MX_POL_BAD_HANDLE		0u
#define MX_POL_WRONG_OBJECT		1u
#define MX_POL_VMAR_WX			2u	/* user memory writable and executable at once */
#define MX_POL_NEW_ANY			3u	/* stands for all MX_POL_NEW_* */
#define MX_POL_NEW_VMO			4u
#define MX_POL_NEW_CHANNEL		5u
#define MX_POL_NEW_EVENT		6u
#define MX_POL_NEW_EVENTPAIR		7u
#define MX_POL_NEW_PORT			8u
#define MX_POL_NEW_SOCKET		9u	/* also socket, socketpair, pipe */
#define MX_POL_NEW_FIFO			10u
#define MX_POL_NEW_TIMER		11u
#define MX_POL_NEW_PROCESS		12u	/* also fork, vfork, posix_spawn */
#define MX_POL_AMBIENT_MARK_VMO_EXEC	15u
#define MX_POL_OPEN_PATH		32u	/* opening by absolute path, working directory or ..; System V keys and ids */
#define MX_POL_SET_ID			33u	/* exec of a set-id program */
#define MX_POL_NETWORK			34u

#define MX_POL_ACTION_ALLOW		0u
#define MX_POL_ACTION_DENY		1u
#define MX_POL_ACTION_ALLOW_EXCEPTION	2u
#define MX_POL_ACTION_DENY_EXCEPTION	3u
#define MX_POL_ACTION_KILL		5u
#define MX_POL_ACTION_AUDIT		8u	/* allowed, and logged as what would be denied */

#define MX_JOB_POL_RELATIVE		0u	/* options: keeps what is set already */
#define MX_JOB_POL_ABSOLUTE		1u	/* a conflict is ALREADY_EXISTS */
#define MX_JOB_POL_BASIC		0u	/* topics */
#define MX_JOB_POL_TIMER_SLACK		1u
#define MX_JOB_POL_AUDIT_PORT		32u	/* ours: who hears of what was audited or killed */
#define MX_JOB_POL_MAX			16u	/* entries a call */

struct abi_policy_basic {
	uint32_t condition;
	uint32_t policy;
};
struct abi_policy_timer_slack {
	int64_t min_slack;		/* ns */
	uint32_t default_mode;		/* MX_TIMER_SLACK_* */
	uint32_t reserved;
};
/*
 * MX_JOB_POL_AUDIT_PORT: a handle of a port with WRITE, and the key of its packets.  Each has the type
 * MX_PKT_TYPE_POLICY and a struct abi_policy_record.
 */
struct abi_policy_audit {
	uint32_t port, reserved;
	uint64_t key;
};
#define MX_PKT_TYPE_POLICY		64u
struct abi_policy_record {
	uint32_t pid;
	uint16_t condition, action;		/* MX_POL_* */
	uint16_t call;				/* number of the call that asked */
	uint16_t lost;				/* records before this one that the port had no room for */
	char name[20];				/* of the program */
};
_Static_assert(sizeof(struct abi_policy_record) == 32, "fits a packet");
