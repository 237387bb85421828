/*
 * A channel between a parent and its forked child, which echoes what it gets.
 *
 *	cc echo.c -lmx && ./a.out
 *
 * An end of a channel has one owner unless it is made MX_CHANNEL_DUPLICABLE, as here, so that
 * it survives fork.  mx_channel_call matches request and reply; the child uses read() and write():
 * a channel is a descriptor too, and both move whole messages.
 */
#include "check.h"

#include <ctype.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
child(int fd)
{
	char message[256];
	ssize_t n;

	/* The first four bytes are the transaction id: the reply must begin with the same. */
	while ((n = read(fd, message, sizeof(message))) > 0) {
		for (ssize_t i = 4; i < n; i++)
			message[i] = (char)toupper((unsigned char)message[i]);
		write(fd, message, (size_t)n);
	}
	printf("child: the other end is closed\n");
}

int
main(void)
{
	static const char *const words[] = { "....one", "....two", "....three" };
	mx_handle_t ends[2];
	char reply[256];
	uint32_t bytes, handles;

	check(mx_channel_create(MX_CHANNEL_DUPLICABLE, &ends[0], &ends[1]), "channel_create");
	fflush(stdout);
	if (fork() == 0) {
		mx_handle_close(ends[0]);
		child(mx_handle_fd(ends[1]));
		return 0;
	}
	mx_handle_close(ends[1]);
	for (int i = 0; i < 3; i++) {
		mx_channel_call_args_t args = { .wr_bytes = words[i], .wr_num_bytes = (uint32_t)strlen(words[i]),
			.rd_bytes = reply, .rd_num_bytes = sizeof(reply) };

		check(mx_channel_call(ends[0], 0, MX_TIME_INFINITE, &args, &bytes, &handles), "channel_call");
		printf("reply: %.*s\n", (int)bytes - 4, reply + 4);
	}
	fflush(stdout);
	mx_handle_close(ends[0]);
	wait(NULL);
	return 0;
}
