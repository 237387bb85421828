#pragma once
/* How an internal error looks to each face (kern/error.h). */
#include "kern/types.h"

int error_to_errno(int error);
int32_t error_to_status(int error);	/* mx_status_t */
const char *syscall_name(unsigned number);
