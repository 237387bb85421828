/* A program in a new process. */
#include <unistd.h>
#include <mx/errors.h>
#include <mx/spawn.h>
#include <gen/sysnum.h>
#include <gen/sysuser.h>

#ifdef SYS_mx_process_spawn
extern char **environ;

mx_status_t
mx_spawn(mx_handle_t job, uint32_t options, const char *path, const char *const argv[],
    const char *const envp[], const mx_spawn_desc_t *descs, size_t n, mx_handle_t *process)
{
	const struct abi_spawn args = {
		.job = job, .options = options, .path = (uintptr_t)path, .argv = (uintptr_t)argv,
		.envp = envp != NULL ? (uintptr_t)envp : (uintptr_t)environ,
		.descs = (uintptr_t)descs, .ndescs = n,
	};

	return (mx_status_t)__sys_mx_process_spawn(&args, process);
}
#endif
