/*
 * cat in a sandbox: it gets one file to read and two descriptors to write to, and can neither open
 * files by path nor make processes.
 *
 *	cc sandboxcat.c -lmx && ./a.out /etc/passwd
 *
 * The program is the unmodified one; sandbox(1) does the same for any command.
 */
#include "check.h"

#include <mx/spawn.h>

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const mx_policy_basic_t policy[] = {
	{ MX_POL_NEW_ANY, MX_POL_ACTION_DENY },
	{ MX_POL_OPEN_PATH, MX_POL_ACTION_DENY },
};

/* Runs a program in the job with `input' as its standard input; its return code. */
static long long
run(mx_handle_t job, int input, const char *path, const char *const argv[])
{
	const mx_spawn_desc_t fds[] = {
		{ .handle = mx_fd_handle(input), .fd = 0, .flags = MX_SPAWN_DUPLICATE },
		{ .handle = mx_fd_handle(1), .fd = 1, .flags = MX_SPAWN_DUPLICATE },
		{ .handle = mx_fd_handle(1), .fd = 2, .flags = MX_SPAWN_DUPLICATE },
	};
	mx_handle_t process;
	mx_info_process_t info;

	fflush(stdout);
	check(mx_spawn(job, 0, path, argv, NULL, fds, 3, &process), "spawn");
	check(mx_object_wait_one(process, MX_PROCESS_TERMINATED, MX_TIME_INFINITE, NULL), "wait_one");
	check(mx_object_get_info(process, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL), "get_info");
	while (wait(NULL) > 0)
		;
	return info.return_code;
}

int
main(int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1] : "/etc/passwd";
	const char *const plain[] = { "cat", NULL }, *const named[] = { "cat", file, NULL },
	    *const forks[] = { "sh", "-c", "(exit 5); exit 6", NULL };
	int fd = open(file, O_RDONLY);
	mx_handle_t job;

	if (fd < 0)
		return 1;
	check(mx_job_create(mx_job_default(), 0, &job), "job_create");
	check(mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, policy,
	    sizeof(policy) / sizeof(policy[0])), "job_set_policy");
	printf("cat of the descriptor ended with %lld\n", run(job, fd, "/bin/cat", plain));
	printf("cat of the path ended with %lld\n", run(job, fd, "/bin/cat", named));
	printf("a shell that forks ended with %lld\n", run(job, fd, "/bin/sh", forks));
	return 0;
}
