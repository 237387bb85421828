/* Magenta's port_bind. */
#include <mx/syscalls.h>

mx_status_t
mx_port_bind(mx_handle_t port, uint64_t key, mx_handle_t source, mx_signals_t signals)
{
	return mx_object_wait_async(source, port, key, signals, MX_WAIT_ASYNC_REPEATING);
}
