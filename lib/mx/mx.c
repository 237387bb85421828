/* libmx: the native calls under their names, and what is built on them. */
#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <mx/fd.h>
#include <mx/status.h>
#include <mx/syscalls.h>
#include <gen/sysuser.h>

mx_status_t
mx_handle_close(mx_handle_t h)
{
	return (mx_status_t)__sys_mx_handle_close(h);
}

mx_status_t
mx_handle_close_many(const mx_handle_t *handles, size_t n)
{
	return (mx_status_t)__sys_mx_handle_close_many(handles, n);
}

mx_status_t
mx_handle_duplicate(mx_handle_t h, mx_rights_t rights, mx_handle_t *out)
{
	return (mx_status_t)__sys_mx_handle_duplicate(h, rights, out);
}

mx_status_t
mx_handle_replace(mx_handle_t h, mx_rights_t rights, mx_handle_t *out)
{
	return (mx_status_t)__sys_mx_handle_replace(h, rights, out);
}

mx_status_t
mx_object_wait_one(mx_handle_t h, mx_signals_t signals, mx_time_t deadline, mx_signals_t *observed)
{
	return (mx_status_t)__sys_mx_object_wait_one(h, signals, deadline, observed);
}

mx_status_t
mx_object_wait_many(mx_wait_item_t *items, size_t n, mx_time_t deadline)
{
	return (mx_status_t)__sys_mx_object_wait_many(items, n, deadline);
}

mx_status_t
mx_object_wait_async(mx_handle_t h, mx_handle_t port, uint64_t key, mx_signals_t signals, uint32_t options)
{
	return (mx_status_t)__sys_mx_object_wait_async(h, port, key, signals, options);
}

mx_status_t
mx_object_signal(mx_handle_t h, uint32_t clear, uint32_t set)
{
	return (mx_status_t)__sys_mx_object_signal(h, clear, set);
}

mx_status_t
mx_event_create(uint32_t options, mx_handle_t *out)
{
	return (mx_status_t)__sys_mx_event_create(options, out);
}

mx_status_t
mx_port_create(uint32_t options, mx_handle_t *out)
{
	return (mx_status_t)__sys_mx_port_create(options, out);
}

mx_status_t
mx_port_queue(mx_handle_t port, const mx_port_packet_t *packet)
{
	return (mx_status_t)__sys_mx_port_queue(port, packet);
}

mx_status_t
mx_port_wait(mx_handle_t port, mx_time_t deadline, mx_port_packet_t *packet)
{
	return (mx_status_t)__sys_mx_port_wait(port, deadline, packet);
}

mx_status_t
mx_port_cancel(mx_handle_t port, mx_handle_t source, uint64_t key)
{
	return (mx_status_t)__sys_mx_port_cancel(port, source, key);
}

mx_status_t
mx_port_bind(mx_handle_t port, uint64_t key, mx_handle_t source, mx_signals_t signals)
{
	return mx_object_wait_async(source, port, key, signals, MX_WAIT_ASYNC_REPEATING);
}

/* --- the bridge -------------------------------------------------------------------------------- */

mx_handle_t
mx_fd_handle(int fd)
{
	mx_handle_t h;

	return (mx_status_t)__sys_mx_fd_handle(fd, &h) == MX_OK ? h : MX_HANDLE_INVALID;
}

int
mx_handle_fd(mx_handle_t h)
{
	int fd;

	if ((mx_status_t)__sys_mx_handle_fd(h, &fd) == MX_OK)
		return fd;
	errno = EBADF;
	return -1;
}

/* --- time and system --------------------------------------------------------------------------- */

mx_time_t
mx_clock_get_monotonic(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (mx_time_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

mx_time_t
mx_deadline_after(mx_duration_t d)
{
	mx_time_t now = mx_clock_get_monotonic();

	if (d > 0 && now > MX_TIME_INFINITE - d)
		return MX_TIME_INFINITE;
	return d < 0 && now < INT64_MIN - d ? INT64_MIN : now + d;
}

mx_status_t
mx_nanosleep(mx_time_t deadline)
{
	struct timespec until;

	if (deadline < 0)
		deadline = 0;
	until.tv_sec = deadline / 1000000000;
	until.tv_nsec = deadline % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return MX_OK;
}

uint32_t
mx_system_get_page_size(void)
{
	return (uint32_t)getpagesize();
}

void
mx_cprng_draw(void *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(buf, len, 0);

		if (n > 0) {
			buf = (char *)buf + n;
			len -= (size_t)n;
		}
	}
}

/* --- statuses ---------------------------------------------------------------------------------- */

static const struct {
	mx_status_t status;
	int error;
	const char *name;
} table[] = {
	{ MX_OK, 0, "MX_OK" },
	{ MX_ERR_INTERNAL, EIO, "MX_ERR_INTERNAL" },
	{ MX_ERR_NOT_SUPPORTED, ENOTSUP, "MX_ERR_NOT_SUPPORTED" },
	{ MX_ERR_NO_RESOURCES, EMFILE, "MX_ERR_NO_RESOURCES" },
	{ MX_ERR_NO_MEMORY, ENOMEM, "MX_ERR_NO_MEMORY" },
	{ MX_ERR_INVALID_ARGS, EINVAL, "MX_ERR_INVALID_ARGS" },
	{ MX_ERR_BAD_HANDLE, EBADF, "MX_ERR_BAD_HANDLE" },
	{ MX_ERR_WRONG_TYPE, ENOTTY, "MX_ERR_WRONG_TYPE" },
	{ MX_ERR_BAD_SYSCALL, ENOSYS, "MX_ERR_BAD_SYSCALL" },
	{ MX_ERR_OUT_OF_RANGE, ERANGE, "MX_ERR_OUT_OF_RANGE" },
	{ MX_ERR_BUFFER_TOO_SMALL, ENOBUFS, "MX_ERR_BUFFER_TOO_SMALL" },
	{ MX_ERR_BAD_STATE, EBUSY, "MX_ERR_BAD_STATE" },
	{ MX_ERR_TIMED_OUT, ETIMEDOUT, "MX_ERR_TIMED_OUT" },
	{ MX_ERR_SHOULD_WAIT, EAGAIN, "MX_ERR_SHOULD_WAIT" },
	{ MX_ERR_CANCELED, ECANCELED, "MX_ERR_CANCELED" },
	{ MX_ERR_PEER_CLOSED, EPIPE, "MX_ERR_PEER_CLOSED" },
	{ MX_ERR_NOT_FOUND, ENOENT, "MX_ERR_NOT_FOUND" },
	{ MX_ERR_ALREADY_EXISTS, EEXIST, "MX_ERR_ALREADY_EXISTS" },
	{ MX_ERR_UNAVAILABLE, ENODEV, "MX_ERR_UNAVAILABLE" },
	{ MX_ERR_ACCESS_DENIED, EPERM, "MX_ERR_ACCESS_DENIED" },
	{ MX_ERR_IO, EIO, "MX_ERR_IO" },
	{ MX_ERR_NOT_DIR, ENOTDIR, "MX_ERR_NOT_DIR" },
	{ MX_ERR_NOT_FILE, EISDIR, "MX_ERR_NOT_FILE" },
	{ MX_ERR_FILE_BIG, EFBIG, "MX_ERR_FILE_BIG" },
	{ MX_ERR_NO_SPACE, ENOSPC, "MX_ERR_NO_SPACE" },
};
#define ROWS	(sizeof(table) / sizeof(table[0]))

const char *
mx_status_get_string(mx_status_t status)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].status == status)
			return table[i].name;
	return "(MX_ERR_UNKNOWN)";
}

int
mx_status_to_errno(mx_status_t status)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].status == status)
			return table[i].error;
	return EIO;
}

mx_status_t
mx_errno_to_status(int error)
{
	if (error == EACCES)
		return MX_ERR_ACCESS_DENIED;
	if (error == EIO)
		return MX_ERR_IO;
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].error == error)
			return table[i].status;
	return MX_ERR_INTERNAL;
}
