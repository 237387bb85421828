/* What every example begins with: a native call that must succeed. */
#include <mx/fd.h>
#include <mx/status.h>
#include <mx/syscalls.h>

#include <stdio.h>
#include <stdlib.h>

static inline void
check(mx_status_t status, const char *what)
{
	if (status == MX_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, mx_status_get_string(status));
	exit(1);
}
