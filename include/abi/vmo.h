#pragma once
/* VMOs and VMARs: options and operations, with Zircon's values. */
#include <stdint.h>

#define MX_VMO_RESIZABLE		2u
#define MX_VMO_CHILD_SNAPSHOT		1u
#define MX_VMO_CHILD_RESIZABLE		4u
#define MX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE 0x10u	/* the same here: a snapshot is no less */
#define MX_VMO_CHILD_NO_WRITE		0x20u
#define MX_VMO_ZERO_CHILDREN		(1u << 3)	/* signal: no child is alive */
#define MX_VMO_OP_COMMIT		1u
#define MX_VMO_OP_DECOMMIT		2u
#define MX_VMO_OP_LOCK			3u
#define MX_VMO_OP_UNLOCK		4u
#define MX_VMO_OP_CACHE_SYNC		6u
#define MX_VMO_OP_CACHE_INVALIDATE	7u
#define MX_VMO_OP_CACHE_CLEAN		8u
#define MX_VMO_OP_CACHE_CLEAN_INVALIDATE 9u
#define MX_VMO_OP_ZERO			10u

#define MX_VM_PERM_READ			(1u << 0)
#define MX_VM_PERM_WRITE		(1u << 1)
#define MX_VM_PERM_EXECUTE		(1u << 2)
#define MX_VM_COMPACT			(1u << 3)
#define MX_VM_SPECIFIC			(1u << 4)
#define MX_VM_SPECIFIC_OVERWRITE	(1u << 5)
#define MX_VM_CAN_MAP_SPECIFIC		(1u << 6)
#define MX_VM_CAN_MAP_READ		(1u << 7)
#define MX_VM_CAN_MAP_WRITE		(1u << 8)
#define MX_VM_CAN_MAP_EXECUTE		(1u << 9)
#define MX_VM_MAP_RANGE			(1u << 10)
#define MX_VM_REQUIRE_NON_RESIZABLE	(1u << 11)
#define MX_VM_ALLOW_FAULTS		(1u << 12)	/* every mapping may fault */
