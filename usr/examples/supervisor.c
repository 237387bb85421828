/*
 * A supervisor runs workers in a job of their own, learns of each one's end, and ends those that
 * are left with one call.
 *
 *	cc supervisor.c -lmx && ./a.out
 */
#include "check.h"

#include <mx/spawn.h>

#include <sys/wait.h>
#include <unistd.h>

#define WORKERS	3

static const char *const commands[WORKERS] = { "exit 3", "kill -TERM $$", "sleep 1000" };

static void
report(int worker, mx_handle_t process)
{
	mx_info_process_t info;

	check(mx_object_get_info(process, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL), "get_info");
	printf("worker %d ended with %lld\n", worker, (long long)info.return_code);
}

int
main(void)
{
	mx_handle_t job, process[WORKERS];
	mx_port_packet_t packet;
	mx_handle_t port;

	check(mx_port_create(0, &port), "port_create");
	check(mx_job_create(mx_job_default(), 0, &job), "job_create");
	for (int i = 0; i < WORKERS; i++) {
		const char *const argv[] = { "sh", "-c", commands[i], NULL };
		mx_spawn_desc_t fds[3];

		for (int fd = 0; fd < 3; fd++)
			fds[fd] = (mx_spawn_desc_t){ .handle = mx_fd_handle(fd), .fd = fd, .flags = MX_SPAWN_DUPLICATE };
		check(mx_spawn(job, 0, "/bin/sh", argv, NULL, fds, 3, &process[i]), "spawn");
		check(mx_object_wait_async(process[i], port, (uint64_t)i, MX_PROCESS_TERMINATED, 0), "wait_async");
		/* The third one never ends: it stays in the job. */
		if (i < 2) {
			check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
			report((int)packet.key, process[packet.key]);
		}
	}
	check(mx_task_kill(job), "task_kill");
	check(mx_object_wait_one(job, MX_JOB_NO_PROCESSES, MX_TIME_INFINITE, NULL), "wait_one");
	report(2, process[2]);
	printf("a killed job stays dead: %s\n", mx_status_get_string(mx_job_create(job, 0, &port)));
	while (wait(NULL) > 0)
		;
	return 0;
}
