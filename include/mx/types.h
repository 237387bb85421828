#pragma once
/* The types of the native calls.  Times are nanoseconds of the monotonic clock; deadlines are absolute. */
#include <stddef.h>
#include <stdint.h>
#include <abi/channel.h>
#include <abi/mx.h>
#include <abi/vmo.h>

/*
 * What clang's handle checker (clang --analyze -Xclang -analyzer-checker=fuchsia.HandleChecker) reads: who
 * makes, uses and ends a handle.  It knows the types by Zircon's names only.
 */
#if defined(__clang__) && __has_attribute(acquire_handle)
#define MX_ACQUIRE	__attribute__((acquire_handle("Fuchsia")))
#define MX_RELEASE	__attribute__((release_handle("Fuchsia")))
#define MX_USE		__attribute__((use_handle("Fuchsia")))
#else
#define MX_ACQUIRE
#define MX_RELEASE
#define MX_USE
#endif
#ifdef __clang_analyzer__
#define mx_handle_t	zx_handle_t
#define mx_status_t	zx_status_t
#endif

typedef uint32_t mx_handle_t;
typedef int32_t mx_status_t;
typedef int64_t mx_time_t;
typedef int64_t mx_duration_t;
typedef uint64_t mx_ticks_t;
typedef uint32_t mx_clock_t;
typedef uint32_t mx_signals_t;
typedef uint32_t mx_rights_t;
typedef uint32_t mx_txid_t;
typedef uint64_t mx_koid_t;
typedef uintptr_t mx_vaddr_t;
typedef int32_t mx_futex_t;
typedef uint32_t mx_obj_type_t;
typedef uint32_t mx_vm_option_t;
typedef uint32_t mx_handle_op_t;

#define MX_HANDLE_INVALID	((mx_handle_t)0)
#define MX_KOID_INVALID		((mx_koid_t)0)
#define MX_KOID_KERNEL		((mx_koid_t)1)
#define MX_KOID_FIRST		((mx_koid_t)1024)
#define MX_TIME_INFINITE_PAST	INT64_MIN
#define MX_PAGE_SIZE		4096u
#define MX_PAGE_SHIFT		12u
#define MX_PAGE_MASK		(MX_PAGE_SIZE - 1)

#define MX_NSEC(n)	((mx_duration_t)(n))
#define MX_USEC(n)	((mx_duration_t)(n) * 1000)
#define MX_MSEC(n)	((mx_duration_t)(n) * 1000000)
#define MX_SEC(n)	((mx_duration_t)(n) * 1000000000)
#define MX_MIN(n)	((mx_duration_t)(n) * 60000000000)
#define MX_HOUR(n)	((mx_duration_t)(n) * 3600000000000)

/* The same bytes as struct abi_wait_item. */
typedef struct mx_wait_item {
	mx_handle_t	handle;
	mx_signals_t	waitfor;
	mx_signals_t	pending;
} mx_wait_item_t;
_Static_assert(sizeof(mx_wait_item_t) == sizeof(struct abi_wait_item), "mx_wait_item_t");

/* --- channels ---------------------------------------------------------------------------------- */

typedef struct mx_channel_call_args {
	const void		*wr_bytes;
	const mx_handle_t	*wr_handles;
	void			*rd_bytes;
	mx_handle_t		*rd_handles;
	uint32_t		wr_num_bytes;
	uint32_t		wr_num_handles;
	uint32_t		rd_num_bytes;
	uint32_t		rd_num_handles;
} mx_channel_call_args_t;
_Static_assert(sizeof(mx_channel_call_args_t) == sizeof(struct abi_channel_call), "mx_channel_call_args_t");

/* With MX_CHANNEL_WRITE_USE_IOVEC the message lies in pieces. */
typedef struct mx_channel_iovec {
	const void	*buffer;
	uint32_t	capacity;
	uint32_t	reserved;	/* 0 */
} mx_channel_iovec_t;
_Static_assert(sizeof(mx_channel_iovec_t) == sizeof(struct abi_channel_iovec), "mx_channel_iovec_t");

/* What mx_channel_read_etc tells of a received handle. */
typedef struct mx_handle_info {
	mx_handle_t	handle;
	mx_obj_type_t	type;
	mx_rights_t	rights;
	uint32_t	unused;
} mx_handle_info_t;
_Static_assert(sizeof(mx_handle_info_t) == sizeof(struct abi_handle_info), "mx_handle_info_t");

/* What mx_channel_write_etc is to do with a handle. */
typedef struct mx_handle_disposition {
	mx_handle_op_t	operation;	/* MX_HANDLE_OP_* */
	mx_handle_t	handle;
	mx_obj_type_t	type;		/* that it must have; MX_OBJ_TYPE_NONE: any */
	mx_rights_t	rights;		/* for the receiver: a subset, or MX_RIGHT_SAME_RIGHTS */
	mx_status_t	result;		/* out */
} mx_handle_disposition_t;
_Static_assert(sizeof(mx_handle_disposition_t) == sizeof(struct abi_handle_disposition),
    "mx_handle_disposition_t");

/* --- VMARs -------------------------------------------------------------------------------------- */

#define MX_VM_PERM_READ_IF_XOM_UNSUPPORTED	0u	/* every executable page can be read */
