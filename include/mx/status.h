#pragma once
/* Statuses as text and as errno. */
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

const char	*mx_status_get_string(mx_status_t);
int		mx_status_to_errno(mx_status_t);
mx_status_t	mx_errno_to_status(int);

#ifdef __cplusplus
}
#endif
