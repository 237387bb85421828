/* Handles of other processes, and what the creator of this one passed. */
#include <errno.h>
#include <mx/errors.h>
#include <mx/process.h>
#include <mx/status.h>
#include <gen/sysnum.h>
#include <gen/sysuser.h>

#ifdef SYS_mx_pid_handle
mx_handle_t
mx_pid_handle(int pid)
{
	mx_handle_t h = MX_HANDLE_INVALID;
	mx_status_t status = (mx_status_t)__sys_mx_pid_handle(pid, &h);

	if (status == MX_OK)
		return h;
	errno = status == MX_ERR_NOT_FOUND ? ESRCH : mx_status_to_errno(status);
	return MX_HANDLE_INVALID;
}
#endif
