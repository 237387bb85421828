/*
 * Errors inside of the kernel, as either face sees them.  POSIX's own numbers become statuses by the
 * list that the library has too (abi/mxstatus.h); those above 500 are told below.  Switches, not
 * tables: SHOULD_WAIT and TIMED_OUT are ordinary answers, and the compiler makes them one load.
 */
#include "kern/status.h"
#include "kern/error.h"
#include <abi/mx.h>

int
error_to_errno(int error)
{
	switch (error) {
	case ESHOULDWAIT:
		return EAGAIN;
	case EHANDLE:
	case EWRONGTYPE:
	case ERIGHTS:
	case ECLOSED:
		return EBADF;
	case EPEERCLOSED:
		return EPIPE;
	case ESMALL:
		return ERANGE;
	case ENORES:
		return EMFILE;
	case EBADSTATE:
		return EINVAL;
	default:
		return error < ERESTART ? error : EINVAL;
	}
}

int32_t
error_to_status(int error)
{
	switch (error) {
	case ESHOULDWAIT:
		return MX_ERR_SHOULD_WAIT;
	case EHANDLE:
		return MX_ERR_BAD_HANDLE;
	case EWRONGTYPE:
		return MX_ERR_WRONG_TYPE;
	case ERIGHTS:
		return MX_ERR_ACCESS_DENIED;
	case ECLOSED:
		return MX_ERR_CANCELED;
	case EPEERCLOSED:
		return MX_ERR_PEER_CLOSED;
	case ESMALL:
		return MX_ERR_BUFFER_TOO_SMALL;
	case ENORES:
		return MX_ERR_NO_RESOURCES;
	case EBADSTATE:
		return MX_ERR_BAD_STATE;
#define ERRNO(number, status) \
	case number: \
		return MX_ERR_##status;
	ABI_ERRNO_LIST(ERRNO)
	default:
		return MX_ERR_INTERNAL;
	}
}
