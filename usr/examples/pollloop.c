/*
 * One poll() for a pipe, a channel, a terminal and a port.
 *
 *	cc pollloop.c -lmx && ./a.out
 *
 * All four are descriptors.  The terminal is the slave of a pseudo-terminal whose master the program holds
 * itself; the port has an event registered with it.
 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIPE, CHANNEL, TERMINAL, PORT, KINDS };
static const char *const name[] = { "pipe", "channel", "terminal", "port" };

static struct pollfd fds[KINDS];

/* Takes what is there; for all but the port it is text. */
static void
take(int which)
{
	mx_port_packet_t packet;
	char text[64];
	ssize_t n;

	if (which == PORT) {
		n = read(fds[which].fd, &packet, sizeof(packet));
		printf("port: a packet with key %llu\n", (unsigned long long)packet.key);
		return;
	}
	n = read(fds[which].fd, text, sizeof(text));
	if (n > 0 && text[n - 1] == '\n')
		n--;
	printf("%s: %.*s\n", name[which], (int)n, text);
}

int
main(void)
{
	mx_handle_t ends[2], port, event;
	int pipes[2], master = posix_openpt(O_RDWR | O_NOCTTY);

	if (pipe(pipes) != 0 || master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return 1;
	check(mx_channel_create(0, &ends[0], &ends[1]), "channel_create");
	check(mx_port_create(0, &port), "port_create");
	check(mx_event_create(0, &event), "event_create");
	check(mx_object_wait_async(event, port, 42, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_ONCE), "wait_async");
	fds[PIPE].fd = pipes[0];
	fds[CHANNEL].fd = mx_handle_fd(ends[0]);
	fds[TERMINAL].fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	fds[PORT].fd = mx_handle_fd(port);
	for (int i = 0; i < KINDS; i++)
		fds[i].events = POLLIN;
	printf("nothing yet: %d ready\n", poll(fds, KINDS, 0));

	for (int round = 0; round < KINDS; round++) {
		if (round == PIPE)
			write(pipes[1], "through the pipe", 16);
		else if (round == CHANNEL)
			check(mx_channel_write(ends[1], 0, "through the channel", 19, NULL, 0), "channel_write");
		else if (round == TERMINAL)
			write(master, "typed at the terminal\n", 22);
		else
			check(mx_object_signal(event, 0, MX_EVENT_SIGNALED), "signal");
		int n = poll(fds, KINDS, -1);

		for (int i = 0; i < KINDS; i++)
			if (fds[i].revents & POLLIN) {
				printf("%d ready: ", n);
				take(i);
			}
	}
	return 0;
}
