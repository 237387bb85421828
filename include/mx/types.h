#pragma once
/* The types of the native calls.  Times are nanoseconds of the monotonic clock. */
#include <stddef.h>
#include <stdint.h>
#include <abi/mx.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t mx_handle_t;
typedef int32_t mx_status_t;
typedef int64_t mx_time_t;
typedef int64_t mx_duration_t;
typedef uint32_t mx_signals_t;
typedef uint32_t mx_rights_t;
typedef uint32_t mx_txid_t;
typedef uint64_t mx_koid_t;
typedef uintptr_t mx_vaddr_t;
typedef int32_t mx_futex_t;

#define MX_HANDLE_INVALID	((mx_handle_t)0)

#define MX_NSEC(n)	((mx_duration_t)(n))
#define MX_USEC(n)	((mx_duration_t)(n) * 1000)
#define MX_MSEC(n)	((mx_duration_t)(n) * 1000000)
#define MX_SEC(n)	((mx_duration_t)(n) * 1000000000)

/* The same bytes as struct abi_wait_item. */
typedef struct mx_wait_item {
	mx_handle_t	handle;
	mx_signals_t	waitfor;
	mx_signals_t	pending;
} mx_wait_item_t;
_Static_assert(sizeof(mx_wait_item_t) == sizeof(struct abi_wait_item), "mx_wait_item_t");

#ifdef __cplusplus
}
#endif
