// SOURCES: sys/kern/status.c
/*
 * The kernel's idea of errors and the library's are one: every errno becomes the same status in both, and
 * what a native caller learns as a status is, as errno, what a POSIX caller learns.
 */
#define _ERRNO_H 1	/* Zenta's numbers, not the host's */
#include <abi/errno.h>
#include <string.h>
#include "../../lib/mx/status.c"
#include "host.h"
#include "kern/error.h"
#include "kern/status.h"

static const struct {
	const char *name;
	int value;
} all[] = {
#define STATUS(name, error) { "MX_ERR_" #name, MX_ERR_##name },
	ABI_STATUS_LIST(STATUS)
};
#define COUNT	(sizeof(all) / sizeof(all[0]))

/* As the reference gives them; a number that another has too would be a slip of the list. */
static void
values(void)
{
	bool distinct = true, named = true, negative = true;

	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < i; j++)
			distinct &= all[i].value != all[j].value;
		named &= strcmp(mx_status_get_string(all[i].value), all[i].name) == 0;
		negative &= all[i].value < 0 && mx_status_to_errno(all[i].value) > 0;
	}
	ok(distinct, "no two statuses have one number");
	ok(named, "every status has its name");
	ok(negative, "every status is negative and has an errno");
	ok(COUNT == 46, "the number of statuses");
	ok(strcmp(mx_status_get_string(MX_OK), "MX_OK") == 0 && mx_status_to_errno(MX_OK) == 0 &&
	    mx_errno_to_status(0) == MX_OK, "MX_OK");
	ok(strcmp(mx_status_get_string(-9999), "(MX_ERR_UNKNOWN)") == 0 && mx_status_to_errno(-9999) == EIO &&
	    mx_errno_to_status(9999) == MX_ERR_INTERNAL, "what is not known");
	ok(MX_ERR_NEXT == -61 && MX_ERR_STOP == -60 && MX_ERR_NOT_EMPTY == -55 && MX_ERR_NO_SPACE == -54 &&
	    MX_ERR_FILE_BIG == -53 && MX_ERR_NOT_FILE == -52 && MX_ERR_NOT_DIR == -51 &&
	    MX_ERR_BAD_PATH == -50, "files' statuses");
	ok(MX_ERR_CONNECTION_ABORTED == -76 && MX_ERR_IO_MISSED_DEADLINE == -46 && MX_ERR_ACCESS_DENIED == -30 &&
	    MX_ERR_UNAVAILABLE == -28 && MX_ERR_BUFFER_TOO_SMALL == -15, "others");
}

static void
both(void)
{
	static const int inner[] = { ESHOULDWAIT, EHANDLE, EWRONGTYPE, EPEERCLOSED, ESMALL, ENORES, EBADSTATE };
	bool same = true, round = true, faces = true;

	for (int e = 1; e < 200; e++) {
		same &= error_to_status(e) == mx_errno_to_status(e);
		round &= error_to_errno(e) == e;
	}
	ok(same, "an errno is the same status in kernel and library");
	ok(round, "an errno stays what it is for POSIX callers");
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if (mx_status_to_errno(error_to_status(inner[i])) != error_to_errno(inner[i])) {
			printf("# %d: %d as a status is errno %d, POSIX callers get %d\n", inner[i],
			    error_to_status(inner[i]), mx_status_to_errno(error_to_status(inner[i])),
			    error_to_errno(inner[i]));
			faces = false;
		}
	ok(faces, "both faces say the same");
	ok(error_to_errno(ERIGHTS) == EBADF && error_to_status(ERIGHTS) == MX_ERR_ACCESS_DENIED &&
	    error_to_errno(ECLOSED) == EBADF && error_to_status(ECLOSED) == MX_ERR_CANCELED,
	    "a missing right and a closed slot are EBADF where POSIX asks for it");
	ok(error_to_status(EFAULT) == MX_ERR_INVALID_ARGS && error_to_status(ENOSYS) == MX_ERR_NOT_SUPPORTED &&
	    error_to_status(EINTR) != MX_ERR_INTERNAL_INTR_RETRY, "some that matter");
}

int
main(void)
{
	values();
	both();
	return tap_done();
}
