#pragma once
/*
 * The calling process's own handles.  The four are constants: they name slots of the process, which
 * fork and exec point elsewhere.  They cannot be moved; their duplicates can.
 */
#include <sys/types.h>
#include <abi/task.h>
#include <mx/types.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline mx_handle_t
mx_process_self(void)
{
	return (mx_handle_t)1 << 18;
}

static inline mx_handle_t
mx_thread_self(void)
{
	return (mx_handle_t)2 << 18;
}

static inline mx_handle_t
mx_vmar_root_self(void)
{
	return (mx_handle_t)3 << 18;
}

static inline mx_handle_t
mx_job_default(void)
{
	return (mx_handle_t)4 << 18;
}

/* Takes the handle that the creator passed under this number (mx_spawn_desc_t.startup_info); each
 * can be taken once, then it is MX_HANDLE_INVALID. */
mx_handle_t	mx_take_startup_handle(uint32_t info) MX_ACQUIRE;

/* A handle of another process, for who could kill(2) it; MX_HANDLE_INVALID and errno else. */
mx_handle_t	mx_pid_handle(int pid) MX_ACQUIRE;

/* fork(2) with the child in this job (MANAGE_PROCESS); no pthread_atfork(3) handlers run. */
pid_t		mx_job_fork(mx_handle_t job MX_USE);

#ifdef __cplusplus
}
#endif
