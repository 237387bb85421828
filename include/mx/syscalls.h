#pragma once
/*
 * The native calls that there are so far.  Link with -lmx.  A call that fails changes nothing
 * unless its text says so; unknown option bits are MX_ERR_INVALID_ARGS.
 */
#include <mx/errors.h>
#include <mx/port.h>
#include <mx/rights.h>
#include <mx/signals.h>
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

mx_status_t	mx_handle_close(mx_handle_t);
mx_status_t	mx_handle_close_many(const mx_handle_t *, size_t);
mx_status_t	mx_handle_duplicate(mx_handle_t, mx_rights_t, mx_handle_t *out);
mx_status_t	mx_handle_replace(mx_handle_t, mx_rights_t, mx_handle_t *out);

mx_status_t	mx_object_wait_one(mx_handle_t, mx_signals_t, mx_time_t deadline, mx_signals_t *observed);
mx_status_t	mx_object_wait_many(mx_wait_item_t *, size_t, mx_time_t deadline);
mx_status_t	mx_object_wait_async(mx_handle_t, mx_handle_t port, uint64_t key, mx_signals_t, uint32_t options);
mx_status_t	mx_object_signal(mx_handle_t, uint32_t clear, uint32_t set);

mx_status_t	mx_event_create(uint32_t options, mx_handle_t *out);

mx_status_t	mx_port_create(uint32_t options, mx_handle_t *out);
mx_status_t	mx_port_queue(mx_handle_t, const mx_port_packet_t *);
mx_status_t	mx_port_wait(mx_handle_t, mx_time_t deadline, mx_port_packet_t *);
mx_status_t	mx_port_cancel(mx_handle_t, mx_handle_t source, uint64_t key);
mx_status_t	mx_port_bind(mx_handle_t port, uint64_t key, mx_handle_t source, mx_signals_t);

mx_time_t	mx_clock_get_monotonic(void);
mx_time_t	mx_deadline_after(mx_duration_t);
mx_status_t	mx_nanosleep(mx_time_t deadline);

uint32_t	mx_system_get_page_size(void);
void		mx_cprng_draw(void *, size_t);

#ifdef __cplusplus
}
#endif
