#pragma once
/*
 * What mx_object_get_info tells.  Records grow only at their end: a buffer of any size published
 * earlier gets that many bytes.
 */
#include <abi/info.h>
#include <mx/types.h>

#define MX_SAME_BYTES(T, A)	_Static_assert(sizeof(T) == sizeof(A), #T)

typedef struct mx_info_handle_basic {
	mx_koid_t	koid;
	mx_rights_t	rights;
	mx_obj_type_t	type;		/* MX_OBJ_TYPE_* */
	mx_koid_t	related_koid;	/* peer; process of a thread, job of a process, parent of a job */
	uint32_t	props;		/* MX_OBJ_PROP_WAITABLE */
	uint32_t	reserved;
} mx_info_handle_basic_t;

typedef struct mx_info_handle_count {
	uint32_t	handle_count;
} mx_info_handle_count_t;

typedef struct mx_info_process {
	int64_t		return_code;
	mx_time_t	start_time;
	uint32_t	flags;		/* MX_INFO_PROCESS_* */
	uint32_t	pid;
} mx_info_process_t;

typedef struct mx_job_charge {
	uint64_t	used;		/* in the job and below it */
	uint64_t	max;		/* UINT64_MAX: no limit of its own */
} mx_job_charge_t;

typedef struct mx_info_job {
	int64_t		return_code;
	uint32_t	exited;
	uint32_t	kill_on_oom;
	uint32_t	processes, max_processes;	/* ours, all below: in it and below it */
	mx_job_charge_t	memory;		/* bytes of pages */
	mx_job_charge_t	handles;	/* slots of descriptor tables */
	mx_job_charge_t	queued;		/* bytes in queues */
	mx_job_charge_t	observers;	/* registrations of ports */
} mx_info_job_t;

typedef struct mx_info_thread {
	uint32_t	state;		/* MX_THREAD_STATE_* */
	uint32_t	wait_exception_channel_type;
	int32_t		tid;
	uint32_t	reserved;
} mx_info_thread_t;

typedef struct mx_info_thread_stats {
	mx_duration_t	total_runtime;
} mx_info_thread_stats_t;

typedef struct mx_info_task_stats {
	uint64_t	mem_mapped_bytes;
	uint64_t	mem_private_bytes;
	uint64_t	mem_shared_bytes;
	uint64_t	mem_scaled_shared_bytes;
} mx_info_task_stats_t;

typedef struct mx_info_vmar {
	uint64_t	base;
	uint64_t	len;
} mx_info_vmar_t;

typedef uint32_t mx_info_maps_type_t;

typedef struct mx_info_maps_mapping {
	uint32_t	reserved;	/* the record's type lies here */
	mx_vm_option_t	mmu_flags;
	mx_koid_t	vmo_koid;
	uint64_t	vmo_offset;
	uint64_t	committed_pages;
} mx_info_maps_mapping_t;

typedef struct mx_info_maps {
	char		name[MX_MAX_NAME_LEN];
	uint64_t	base;
	uint64_t	size;
	uint64_t	depth;
	union {
		mx_info_maps_type_t	type;	/* MX_INFO_MAPS_TYPE_* */
		union {
			mx_info_maps_mapping_t	mapping;
		} u;
	};
} mx_info_maps_t;

typedef struct mx_info_vmo {
	mx_koid_t	koid;
	char		name[MX_MAX_NAME_LEN];
	uint64_t	size_bytes;
	mx_koid_t	parent_koid;
	uint64_t	num_children;
	uint64_t	num_mappings;
	uint64_t	share_count;
	uint32_t	flags;
	mx_rights_t	handle_rights;
	uint64_t	committed_bytes;
} mx_info_vmo_t;

typedef struct mx_info_socket {
	uint32_t	options;
	uint32_t	padding1;
	uint64_t	rx_buf_max;
	uint64_t	rx_buf_size;
	uint64_t	rx_buf_available;
	uint64_t	tx_buf_max;
	uint64_t	tx_buf_size;
} mx_info_socket_t;

typedef struct mx_info_timer {
	uint32_t	options;
	mx_clock_t	clock_id;
	mx_time_t	deadline;
	mx_duration_t	slack;
} mx_info_timer_t;

typedef struct mx_info_cpu_stats {
	uint32_t	cpu_number;
	uint32_t	flags;
	mx_duration_t	idle_time;
	uint64_t	context_switches;
	uint64_t	ints;
	uint64_t	timers;
	uint64_t	syscalls;
} mx_info_cpu_stats_t;

typedef struct mx_info_kmem_stats {
	uint64_t	total_bytes;
	uint64_t	free_bytes;
	uint64_t	wired_bytes;
	uint64_t	total_heap_bytes;
	uint64_t	vmo_bytes;
	uint64_t	mmu_overhead_bytes;
	uint64_t	other_bytes;
} mx_info_kmem_stats_t;

MX_SAME_BYTES(mx_info_handle_basic_t, struct abi_info_handle_basic);
MX_SAME_BYTES(mx_info_handle_count_t, struct abi_info_handle_count);
MX_SAME_BYTES(mx_info_process_t, struct abi_info_process);
MX_SAME_BYTES(mx_info_job_t, struct abi_info_job);
MX_SAME_BYTES(mx_info_thread_t, struct abi_info_thread);
MX_SAME_BYTES(mx_info_thread_stats_t, struct abi_info_thread_stats);
MX_SAME_BYTES(mx_info_task_stats_t, struct abi_info_task_stats);
MX_SAME_BYTES(mx_info_vmar_t, struct abi_info_vmar);
MX_SAME_BYTES(mx_info_maps_t, struct abi_info_maps);
MX_SAME_BYTES(mx_info_vmo_t, struct abi_info_vmo);
MX_SAME_BYTES(mx_info_socket_t, struct abi_info_socket);
MX_SAME_BYTES(mx_info_timer_t, struct abi_info_timer);
MX_SAME_BYTES(mx_info_cpu_stats_t, struct abi_info_cpu_stats);
MX_SAME_BYTES(mx_info_kmem_stats_t, struct abi_info_kmem_stats);
#undef MX_SAME_BYTES
