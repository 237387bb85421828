#pragma once
/* A program in a new process that starts with exactly the handles it is given. */
#include <abi/task.h>
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mx_spawn_desc {
	mx_handle_t	handle;		/* moved, or duplicated with MX_SPAWN_DUPLICATE */
	int32_t		fd;		/* its number in the child; -1: any */
	uint32_t	startup_info;	/* for mx_take_startup_handle; 0: none */
	uint32_t	flags;		/* MX_SPAWN_DUPLICATE */
} mx_spawn_desc_t;
_Static_assert(sizeof(mx_spawn_desc_t) == sizeof(struct abi_spawn_desc), "mx_spawn_desc_t");

/* `envp' NULL: the caller's environment.  The job MX_HANDLE_INVALID: the caller's own. */
mx_status_t	mx_spawn(mx_handle_t job MX_USE, uint32_t options, const char *path, const char *const argv[],
		    const char *const envp[], const mx_spawn_desc_t *descs, size_t n,
		    mx_handle_t *process MX_ACQUIRE);

#ifdef __cplusplus
}
#endif
