#pragma once
/*
 * Topics of mx_object_get_info and properties.  Records grow only at their end: a buffer of any
 * size published earlier gets that many bytes.
 */
#include <stdint.h>

#define MX_OBJ_TYPE_NONE		0u
#define MX_OBJ_TYPE_PROCESS		1u
#define MX_OBJ_TYPE_THREAD		2u
#define MX_OBJ_TYPE_VMO			3u
#define MX_OBJ_TYPE_CHANNEL		4u
#define MX_OBJ_TYPE_EVENT		5u
#define MX_OBJ_TYPE_PORT		6u
#define MX_OBJ_TYPE_SOCKET		14u
#define MX_OBJ_TYPE_EVENTPAIR		16u
#define MX_OBJ_TYPE_JOB			17u
#define MX_OBJ_TYPE_VMAR		18u
#define MX_OBJ_TYPE_FIFO		19u
#define MX_OBJ_TYPE_TIMER		22u
#define MX_OBJ_TYPE_SUSPEND_TOKEN	27u
#define MX_OBJ_TYPE_EXCEPTION		29u
#define MX_OBJ_TYPE_FILE		64u	/* ours: POSIX nodes */
#define MX_OBJ_TYPE_PIPE		65u
#define MX_OBJ_TYPE_TTY			66u
#define MX_OBJ_TYPE_UNIX_SOCKET		67u
#define MX_OBJ_TYPE_SEM			68u
#define MX_OBJ_TYPE_MQ			69u
#define MX_OBJ_TYPE_SHM			70u
#define MX_OBJ_TYPE_TRACE		71u
#define MX_OBJ_PROP_WAITABLE		1u

#define MX_INFO_HANDLE_VALID		1u
#define MX_INFO_HANDLE_BASIC		2u
#define MX_INFO_PROCESS			3u
#define MX_INFO_PROCESS_THREADS		4u	/* koids */
#define MX_INFO_VMAR			7u
#define MX_INFO_JOB_CHILDREN		8u	/* koids */
#define MX_INFO_JOB_PROCESSES		9u	/* koids */
#define MX_INFO_THREAD			10u
#define MX_INFO_THREAD_EXCEPTION_REPORT	11u
#define MX_INFO_TASK_STATS		12u
#define MX_INFO_PROCESS_MAPS		13u
#define MX_INFO_PROCESS_VMOS		14u
#define MX_INFO_THREAD_STATS		15u
#define MX_INFO_CPU_STATS		16u
#define MX_INFO_KMEM_STATS		17u
#define MX_INFO_HANDLE_COUNT		19u
#define MX_INFO_SOCKET			22u
#define MX_INFO_VMO			23u
#define MX_INFO_JOB			24u
#define MX_INFO_TIMER			25u

#define MX_PROP_NAME			3u	/* 32 bytes with the NUL */
#define MX_PROP_REGISTER_FS		4u
#define MX_PROP_REGISTER_GS		2u
#define MX_PROP_PROCESS_DEBUG_ADDR	5u
#define MX_PROP_PROCESS_VDSO_BASE_ADDRESS 6u
#define MX_PROP_SOCKET_RX_THRESHOLD	12u
#define MX_PROP_SOCKET_TX_THRESHOLD	13u
#define MX_PROP_JOB_KILL_ON_OOM		15u	/* uint64_t 0 or 1: goes first, as a whole, when memory is short */
#define MX_PROP_CHANNEL_LIMIT		64u	/* ours: uint64_t bytes of the receiving end's queue */
#define MX_PROP_JOB_PROCESS_LIMIT	65u	/* ours: uint32_t, processes in the job and below it */
#define MX_PROP_PROCESS_SELF_RIGHTS	66u	/* ours: struct abi_self_rights (abi/task.h), set only */
#define MX_PROP_JOB_MEMORY_LIMIT	67u	/* ours, uint64_t: bytes of pages, */
#define MX_PROP_JOB_HANDLE_LIMIT	68u	/* descriptors and handles, */
#define MX_PROP_JOB_QUEUE_LIMIT		69u	/* bytes in queues, */
#define MX_PROP_JOB_OBSERVER_LIMIT	70u	/* registrations of ports, in the job and below it */
#define MX_MAX_NAME_LEN			32u

struct abi_info_handle_basic {
	uint64_t koid;
	uint32_t rights, type;
	uint64_t related_koid;
	uint32_t props, reserved;
};
#define MX_INFO_PROCESS_STARTED		1u
#define MX_INFO_PROCESS_EXITED		2u
#define MX_INFO_PROCESS_DEBUGGER	4u
struct abi_info_process {
	int64_t return_code, start_time;
	uint32_t flags, pid;
};
#define MX_THREAD_STATE_NEW		0u
#define MX_THREAD_STATE_RUNNING		1u
#define MX_THREAD_STATE_SUSPENDED	2u
#define MX_THREAD_STATE_BLOCKED		3u
#define MX_THREAD_STATE_DYING		4u
#define MX_THREAD_STATE_DEAD		5u
struct abi_info_thread {
	uint32_t state, wait_exception_channel_type;
	int32_t tid;
	uint32_t reserved;
};
struct abi_info_thread_stats {
	int64_t total_runtime;
};
struct abi_info_vmar {
	uint64_t base, len;
};
struct abi_info_task_stats {
	uint64_t mem_mapped_bytes, mem_private_bytes, mem_shared_bytes, mem_scaled_shared_bytes;
};
#define MX_INFO_MAPS_TYPE_ASPACE	1u
#define MX_INFO_MAPS_TYPE_VMAR		2u
#define MX_INFO_MAPS_TYPE_MAPPING	3u
struct abi_info_maps {
	char name[32];
	uint64_t base, size, depth;
	uint32_t type, mmu_flags;
	uint64_t vmo_koid, vmo_offset, committed_pages;
};
#define MX_INFO_VMO_TYPE_PAGED		(1u << 0)
#define MX_INFO_VMO_RESIZABLE		(1u << 1)
#define MX_INFO_VMO_IS_COW_CLONE	(1u << 2)
#define MX_INFO_VMO_VIA_HANDLE		(1u << 3)
#define MX_INFO_VMO_VIA_MAPPING		(1u << 4)
struct abi_info_vmo {
	uint64_t koid;
	char name[32];
	uint64_t size_bytes, parent_koid, num_children, num_mappings, share_count;
	uint32_t flags, handle_rights;
	uint64_t committed_bytes;
};
struct abi_job_charge {
	uint64_t used, max;		/* in it and below it; UINT64_MAX: no limit of its own */
};
struct abi_info_job {
	int64_t return_code;
	uint32_t exited, kill_on_oom;
	uint32_t processes, max_processes;	/* ours: in it and below it; as many as there may be */
	struct abi_job_charge memory;		/* bytes of pages */
	struct abi_job_charge handles;		/* slots of descriptor tables */
	struct abi_job_charge queued;		/* bytes in queues */
	struct abi_job_charge observers;	/* registrations of ports */
};
struct abi_info_socket {
	uint32_t options, padding;
	uint64_t rx_buf_max, rx_buf_size, rx_buf_available, tx_buf_max, tx_buf_size;
};
struct abi_info_timer {
	uint32_t options, clock_id;
	int64_t deadline, slack;
};
struct abi_info_handle_count {
	uint32_t handle_count;
};
#define MX_INFO_CPU_STATS_FLAG_ONLINE	1u
struct abi_info_cpu_stats {
	uint32_t cpu_number, flags;
	int64_t idle_time;
	uint64_t context_switches, ints, timers, syscalls;
};
struct abi_info_kmem_stats {
	uint64_t total_bytes, free_bytes, wired_bytes, total_heap_bytes, vmo_bytes, mmu_overhead_bytes,
	    other_bytes;
};
