/* A descriptor as a handle, and the other way round. */
#include <errno.h>
#include <mx/errors.h>
#include <mx/fd.h>
#include <gen/sysuser.h>

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
