#pragma once
/*
 * The native calls.  Link with -lmx.  A call that fails changes nothing unless its text says so;
 * unknown option bits are MX_ERR_INVALID_ARGS.  Handles that a call moves are consumed whether it
 * succeeds or fails, except by MX_ERR_SHOULD_WAIT, which changes nothing.
 */
#include <mx/errors.h>
#include <mx/exception.h>
#include <mx/object.h>
#include <mx/policy.h>
#include <mx/port.h>
#include <mx/process.h>
#include <mx/rights.h>
#include <mx/signals.h>
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- handles and objects ------------------------------------------------------------------------ */

mx_status_t	mx_handle_close(mx_handle_t handle MX_RELEASE);
mx_status_t	mx_handle_close_many(const mx_handle_t *handles MX_RELEASE, size_t n);
mx_status_t	mx_handle_duplicate(mx_handle_t handle MX_USE, mx_rights_t rights, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_handle_replace(mx_handle_t handle MX_RELEASE, mx_rights_t rights,
		    mx_handle_t *out MX_ACQUIRE);

mx_status_t	mx_object_wait_one(mx_handle_t handle MX_USE, mx_signals_t signals, mx_time_t deadline,
		    mx_signals_t *observed);
mx_status_t	mx_object_wait_many(mx_wait_item_t *items, size_t n, mx_time_t deadline);
mx_status_t	mx_object_wait_async(mx_handle_t handle MX_USE, mx_handle_t port MX_USE, uint64_t key,
		    mx_signals_t signals, uint32_t options);
mx_status_t	mx_object_signal(mx_handle_t handle MX_USE, uint32_t clear_mask, uint32_t set_mask);
mx_status_t	mx_object_signal_peer(mx_handle_t handle MX_USE, uint32_t clear_mask, uint32_t set_mask);
mx_status_t	mx_object_get_info(mx_handle_t handle MX_USE, uint32_t topic, void *buffer, size_t size,
		    size_t *actual, size_t *avail);
mx_status_t	mx_object_get_property(mx_handle_t handle MX_USE, uint32_t property, void *value, size_t size);
mx_status_t	mx_object_set_property(mx_handle_t handle MX_USE, uint32_t property, const void *value,
		    size_t size);
mx_status_t	mx_object_get_child(mx_handle_t handle MX_USE, mx_koid_t koid, mx_rights_t rights,
		    mx_handle_t *out MX_ACQUIRE);

/* --- channels, sockets, fifos --------------------------------------------------------------------- */

mx_status_t	mx_channel_create(uint32_t options, mx_handle_t *out0 MX_ACQUIRE, mx_handle_t *out1 MX_ACQUIRE);
mx_status_t	mx_channel_read(mx_handle_t handle MX_USE, uint32_t options, void *bytes,
		    mx_handle_t *handles MX_ACQUIRE, uint32_t num_bytes, uint32_t num_handles,
		    uint32_t *actual_bytes, uint32_t *actual_handles);
mx_status_t	mx_channel_read_etc(mx_handle_t handle MX_USE, uint32_t options, void *bytes,
		    mx_handle_info_t *handles MX_ACQUIRE, uint32_t num_bytes, uint32_t num_handles,
		    uint32_t *actual_bytes, uint32_t *actual_handles);
mx_status_t	mx_channel_write(mx_handle_t handle MX_USE, uint32_t options, const void *bytes,
		    uint32_t num_bytes, const mx_handle_t *handles MX_RELEASE, uint32_t num_handles);
mx_status_t	mx_channel_write_etc(mx_handle_t handle MX_USE, uint32_t options, const void *bytes,
		    uint32_t num_bytes, mx_handle_disposition_t *handles MX_RELEASE, uint32_t num_handles);
mx_status_t	mx_channel_call(mx_handle_t handle MX_USE, uint32_t options, mx_time_t deadline,
		    const mx_channel_call_args_t *args, uint32_t *actual_bytes, uint32_t *actual_handles);

mx_status_t	mx_socket_create(uint32_t options, mx_handle_t *out0 MX_ACQUIRE, mx_handle_t *out1 MX_ACQUIRE);
mx_status_t	mx_socket_write(mx_handle_t handle MX_USE, uint32_t options, const void *buffer, size_t size,
		    size_t *actual);
mx_status_t	mx_socket_read(mx_handle_t handle MX_USE, uint32_t options, void *buffer, size_t size,
		    size_t *actual);
mx_status_t	mx_socket_set_disposition(mx_handle_t handle MX_USE, uint32_t disposition,
		    uint32_t disposition_peer);

mx_status_t	mx_fifo_create(size_t elem_count, size_t elem_size, uint32_t options,
		    mx_handle_t *out0 MX_ACQUIRE, mx_handle_t *out1 MX_ACQUIRE);
mx_status_t	mx_fifo_write(mx_handle_t handle MX_USE, size_t elem_size, const void *data, size_t count,
		    size_t *actual);
mx_status_t	mx_fifo_read(mx_handle_t handle MX_USE, size_t elem_size, void *data, size_t count,
		    size_t *actual);

/* --- events, ports, timers, futexes --------------------------------------------------------------- */

mx_status_t	mx_event_create(uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_eventpair_create(uint32_t options, mx_handle_t *out0 MX_ACQUIRE,
		    mx_handle_t *out1 MX_ACQUIRE);

mx_status_t	mx_port_create(uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_port_queue(mx_handle_t handle MX_USE, const mx_port_packet_t *packet);
mx_status_t	mx_port_wait(mx_handle_t handle MX_USE, mx_time_t deadline, mx_port_packet_t *packet);
mx_status_t	mx_port_cancel(mx_handle_t handle MX_USE, mx_handle_t source MX_USE, uint64_t key);
/* A REPEATING mx_object_wait_async. */
mx_status_t	mx_port_bind(mx_handle_t port MX_USE, uint64_t key, mx_handle_t source MX_USE,
		    mx_signals_t signals);

mx_status_t	mx_timer_create(uint32_t options, uint32_t clock_id, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_timer_set(mx_handle_t handle MX_USE, mx_time_t deadline, mx_duration_t slack);
mx_status_t	mx_timer_cancel(mx_handle_t handle MX_USE);

mx_status_t	mx_futex_wait(const mx_futex_t *value, mx_futex_t current, mx_handle_t new_owner MX_USE,
		    mx_time_t deadline);
mx_status_t	mx_futex_wake(const mx_futex_t *value, uint32_t count);
mx_status_t	mx_futex_requeue(const mx_futex_t *value, uint32_t wake_count, mx_futex_t current,
		    const mx_futex_t *requeue, uint32_t requeue_count, mx_handle_t new_owner MX_USE);
mx_status_t	mx_futex_wake_single_owner(const mx_futex_t *value);
mx_status_t	mx_futex_get_owner(const mx_futex_t *value, mx_koid_t *koid);

/* --- memory ---------------------------------------------------------------------------------------- */

mx_status_t	mx_vmo_create(uint64_t size, uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_vmo_read(mx_handle_t handle MX_USE, void *buffer, uint64_t offset, size_t size);
mx_status_t	mx_vmo_write(mx_handle_t handle MX_USE, const void *buffer, uint64_t offset, size_t size);
mx_status_t	mx_vmo_get_size(mx_handle_t handle MX_USE, uint64_t *size);
mx_status_t	mx_vmo_set_size(mx_handle_t handle MX_USE, uint64_t size);
mx_status_t	mx_vmo_op_range(mx_handle_t handle MX_USE, uint32_t op, uint64_t offset, uint64_t size,
		    void *buffer, size_t buffer_size);
mx_status_t	mx_vmo_create_child(mx_handle_t handle MX_USE, uint32_t options, uint64_t offset, uint64_t size,
		    mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_vmo_replace_as_executable(mx_handle_t handle MX_RELEASE, mx_handle_t resource MX_USE,
		    mx_handle_t *out MX_ACQUIRE);

mx_status_t	mx_vmar_allocate(mx_handle_t parent MX_USE, mx_vm_option_t options, uint64_t offset,
		    uint64_t size, mx_handle_t *child MX_ACQUIRE, mx_vaddr_t *child_addr);
mx_status_t	mx_vmar_map(mx_handle_t handle MX_USE, mx_vm_option_t options, uint64_t vmar_offset,
		    mx_handle_t vmo MX_USE, uint64_t vmo_offset, uint64_t len, mx_vaddr_t *mapped_addr);
mx_status_t	mx_vmar_unmap(mx_handle_t handle MX_USE, mx_vaddr_t addr, uint64_t len);
mx_status_t	mx_vmar_protect(mx_handle_t handle MX_USE, mx_vm_option_t options, mx_vaddr_t addr,
		    uint64_t len);
mx_status_t	mx_vmar_destroy(mx_handle_t handle MX_USE);

/* --- jobs, processes, threads --------------------------------------------------------------------- */

mx_status_t	mx_job_create(mx_handle_t parent MX_USE, uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_job_set_policy(mx_handle_t handle MX_USE, uint32_t options, uint32_t topic,
		    const void *policy, uint32_t count);

mx_status_t	mx_process_create(mx_handle_t job MX_USE, const char *name, size_t name_size, uint32_t options,
		    mx_handle_t *process MX_ACQUIRE, mx_handle_t *root_vmar MX_ACQUIRE);
mx_status_t	mx_process_start(mx_handle_t handle MX_USE, mx_handle_t thread MX_USE, mx_vaddr_t entry,
		    mx_vaddr_t stack, mx_handle_t arg1 MX_RELEASE, uintptr_t arg2);
__attribute__((noreturn)) void mx_process_exit(int64_t retcode);
mx_status_t	mx_process_read_memory(mx_handle_t handle MX_USE, mx_vaddr_t addr, void *buffer, size_t size,
		    size_t *actual);
mx_status_t	mx_process_write_memory(mx_handle_t handle MX_USE, mx_vaddr_t addr, const void *buffer,
		    size_t size, size_t *actual);

mx_status_t	mx_thread_create(mx_handle_t process MX_USE, const char *name, size_t name_size,
		    uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_thread_start(mx_handle_t handle MX_USE, mx_vaddr_t entry, mx_vaddr_t stack, uintptr_t arg1,
		    uintptr_t arg2);
__attribute__((noreturn)) void mx_thread_exit(void);
mx_status_t	mx_thread_read_state(mx_handle_t handle MX_USE, uint32_t kind, void *buffer, size_t size);
mx_status_t	mx_thread_write_state(mx_handle_t handle MX_USE, uint32_t kind, const void *buffer,
		    size_t size);

mx_status_t	mx_task_kill(mx_handle_t handle MX_USE);
mx_status_t	mx_task_suspend(mx_handle_t handle MX_USE, mx_handle_t *token MX_ACQUIRE);
mx_status_t	mx_task_create_exception_channel(mx_handle_t handle MX_USE, uint32_t options,
		    mx_handle_t *out MX_ACQUIRE);

/* --- call traces --------------------------------------------------------------------------------- */

/* read() on its descriptor gives struct abi_trace_record. */
mx_status_t	mx_trace_create(uint32_t options, mx_handle_t *out MX_ACQUIRE);
mx_status_t	mx_trace_attach(mx_handle_t trace MX_USE, mx_handle_t process MX_USE, uint32_t options);

/* --- time and system ------------------------------------------------------------------------------- */

mx_time_t	mx_clock_get_monotonic(void);
mx_status_t	mx_clock_get(uint32_t clock_id, mx_time_t *out);
mx_time_t	mx_time_get(uint32_t clock_id);			/* 0 for an unknown clock */
mx_status_t	mx_nanosleep(mx_time_t deadline);
mx_time_t	mx_deadline_after(mx_duration_t duration);	/* saturates */
mx_ticks_t	mx_ticks_get(void);
mx_ticks_t	mx_ticks_per_second(void);

uint32_t	mx_system_get_num_cpus(void);
uint64_t	mx_system_get_physmem(void);
uint32_t	mx_system_get_page_size(void);
const char	*mx_system_get_version_string(void);

void		mx_cprng_draw(void *buffer, size_t size);
mx_status_t	mx_cprng_add_entropy(const void *buffer, size_t size);


#ifdef __cplusplus
}
#endif
