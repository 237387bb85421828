/* Statuses as text and as errno: the lists of <abi/mxstatus.h>. */
#include <errno.h>
#include <mx/errors.h>
#include <mx/status.h>

const char *
mx_status_get_string(mx_status_t status)
{
	switch (status) {
	case MX_OK:
		return "MX_OK";
#define STATUS(name, error) \
	case MX_ERR_##name: \
		return "MX_ERR_" #name;
	ABI_STATUS_LIST(STATUS)
#undef STATUS
	default:
		return "(MX_ERR_UNKNOWN)";
	}
}

int
mx_status_to_errno(mx_status_t status)
{
	switch (status) {
	case MX_OK:
		return 0;
#define STATUS(name, error) \
	case MX_ERR_##name: \
		return error;
	ABI_STATUS_LIST(STATUS)
#undef STATUS
	default:
		return EIO;
	}
}

mx_status_t
mx_errno_to_status(int error)
{
	switch (error) {
	case 0:
		return MX_OK;
#define ERRNO(number, status) \
	case number: \
		return MX_ERR_##status;
	ABI_ERRNO_LIST(ERRNO)
#undef ERRNO
	default:
		return MX_ERR_INTERNAL;
	}
}
