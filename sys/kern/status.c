/* One table: internal error -> errno and mx_status_t. */
#include "kern/status.h"
#include "kern/error.h"
#include <abi/mx.h>

static const struct {
	int error, posix;
	int32_t status;
} table[] = {
	{ ESHOULDWAIT, EAGAIN, MX_ERR_SHOULD_WAIT },
	{ EHANDLE, EBADF, MX_ERR_BAD_HANDLE },
	{ EWRONGTYPE, EBADF, MX_ERR_WRONG_TYPE },
	{ ERIGHTS, EBADF, MX_ERR_ACCESS_DENIED },
	{ ECLOSED, EBADF, MX_ERR_CANCELED },
	{ EPEERCLOSED, EPIPE, MX_ERR_PEER_CLOSED },
	{ ESMALL, ERANGE, MX_ERR_BUFFER_TOO_SMALL },
	{ ENORES, EMFILE, MX_ERR_NO_RESOURCES },
	{ EBADSTATE, EINVAL, MX_ERR_BAD_STATE },
	{ EBADF, EBADF, MX_ERR_BAD_HANDLE },
	{ EINVAL, EINVAL, MX_ERR_INVALID_ARGS },
	{ EFAULT, EFAULT, MX_ERR_INVALID_ARGS },
	{ ENOMEM, ENOMEM, MX_ERR_NO_MEMORY },
	{ EPERM, EPERM, MX_ERR_ACCESS_DENIED },
	{ EACCES, EACCES, MX_ERR_ACCESS_DENIED },
	{ EAGAIN, EAGAIN, MX_ERR_SHOULD_WAIT },
	{ ETIMEDOUT, ETIMEDOUT, MX_ERR_TIMED_OUT },
	{ ENOENT, ENOENT, MX_ERR_NOT_FOUND },
	{ EEXIST, EEXIST, MX_ERR_ALREADY_EXISTS },
	{ ENOTSUP, ENOTSUP, MX_ERR_NOT_SUPPORTED },
	{ ENOSYS, ENOSYS, MX_ERR_NOT_SUPPORTED },
	{ ERANGE, ERANGE, MX_ERR_OUT_OF_RANGE },
	{ EOVERFLOW, EOVERFLOW, MX_ERR_OUT_OF_RANGE },
	{ EMFILE, EMFILE, MX_ERR_NO_RESOURCES },
	{ EPIPE, EPIPE, MX_ERR_PEER_CLOSED },
	{ ECANCELED, ECANCELED, MX_ERR_CANCELED },
	{ EIO, EIO, MX_ERR_IO },
};

int
error_to_errno(int error)
{
	if (error < ERESTART)
		return error;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].error == error)
			return table[i].posix;
	return EINVAL;
}

int32_t
error_to_status(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].error == error)
			return table[i].status;
	return MX_ERR_INTERNAL;
}
