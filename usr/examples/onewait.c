/*
 * One port waits for a file, a child process and a timer.
 *
 *	cc onewait.c -lmx && ./a.out
 *
 * A regular file is always ready, a process is signaled when it ends, a timer at its deadline.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_READY = 1, CHILD_ENDED, TIME_UP };

int
main(void)
{
	mx_handle_t port, timer, child;
	mx_port_packet_t packet;
	mx_info_process_t info;
	pid_t pid;
	int fd = open("/etc/passwd", O_RDONLY);

	check(mx_port_create(0, &port), "port_create");
	check(mx_object_wait_async(mx_fd_handle(fd), port, FILE_READY, MX_SIGNAL_READABLE, 0), "wait_async");
	check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
	printf("key %llu: the file can be read\n", (unsigned long long)packet.key);

	check(mx_timer_create(0, MX_CLOCK_MONOTONIC, &timer), "timer_create");
	check(mx_object_wait_async(timer, port, TIME_UP, MX_TIMER_SIGNALED, 0), "wait_async");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(7);
	child = mx_pid_handle(pid);
	check(mx_object_wait_async(child, port, CHILD_ENDED, MX_PROCESS_TERMINATED, 0), "wait_async");
	check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
	check(mx_object_get_info(child, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL), "get_info");
	printf("key %llu: the child ended with %lld\n", (unsigned long long)packet.key, (long long)info.return_code);
	waitpid(pid, NULL, 0);

	check(mx_timer_set(timer, mx_deadline_after(MX_MSEC(20)), 0), "timer_set");
	check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
	printf("key %llu: the time is up\n", (unsigned long long)packet.key);
	return 0;
}
