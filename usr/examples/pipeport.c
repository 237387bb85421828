/*
 * One port waits for a pipe and for an event: a descriptor and a handle are two spellings of one
 * thing, and one wait serves both.
 *
 *	cc pipeport.c -lmx && ./a.out
 *
 * A child writes three lines into the pipe and ends.  The parent learns of each by a packet; when
 * the pipe's last writer is gone it signals the event, whose packet ends the loop.
 */
#include "check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY_PIPE = 1, KEY_DONE };

static void
child(int fd)
{
	static const char *const words[] = { "one\n", "two\n", "three\n" };

	for (int i = 0; i < 3; i++) {
		write(fd, words[i], strlen(words[i]));
		usleep(10000);
	}
	_exit(0);
}

/* Asks for one packet; each registration is for one. */
static void
watch(mx_handle_t port, int fd)
{
	check(mx_object_wait_async(mx_fd_handle(fd), port, KEY_PIPE,
	    MX_SIGNAL_READABLE | MX_SIGNAL_PEER_CLOSED, 0), "wait_async");
}

int
main(void)
{
	mx_handle_t port, done;
	mx_port_packet_t packet;
	char text[64];
	int fds[2];

	if (pipe(fds) != 0 || fflush(stdout) != 0)
		return 1;
	if (fork() == 0)
		child(fds[1]);
	close(fds[1]);
	check(mx_port_create(0, &port), "port_create");
	check(mx_event_create(0, &done), "event_create");
	check(mx_object_wait_async(done, port, KEY_DONE, MX_EVENT_SIGNALED, 0), "wait_async");
	watch(port, fds[0]);
	do {
		check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
		if (packet.key != KEY_PIPE)
			continue;
		ssize_t n = read(fds[0], text, sizeof(text) - 1);

		if (n > 0) {
			text[n] = 0;
			printf("the pipe said %s", text);
			watch(port, fds[0]);
		} else
			check(mx_object_signal(done, 0, MX_EVENT_SIGNALED), "signal");
	} while (packet.key != KEY_DONE);
	printf("done\n");
	wait(NULL);
	return 0;
}
