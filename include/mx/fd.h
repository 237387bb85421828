#pragma once
/* A descriptor and a handle are two spellings of one slot. */
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* MX_HANDLE_INVALID when nothing is open there; nothing is created. */
mx_handle_t	mx_fd_handle(int fd);
/* -1 and EBADF when the handle is stale. */
int		mx_handle_fd(mx_handle_t handle MX_USE);

#ifdef __cplusplus
}
#endif
