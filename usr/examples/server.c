/*
 * One port serves a hundred clients.
 *
 *	cc server.c -lmx && ./a.out
 *
 * Each client has a channel.  The server registers every channel with one port under a key of its
 * own and sleeps in one place; a packet says whose channel has something to say.  REPEATING means
 * once and for all: nothing is registered again.
 */
#include "check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS	100
#define ROUNDS	5

static mx_handle_t ends[CLIENTS];
static uint32_t served[CLIENTS];

static void
client(mx_handle_t end, uint32_t number)
{
	struct { mx_txid_t txid; uint32_t value; } request = { 0 }, reply;
	mx_channel_call_args_t args = { .wr_bytes = &request, .wr_num_bytes = sizeof(request),
		.rd_bytes = &reply, .rd_num_bytes = sizeof(reply) };
	uint32_t bytes, handles;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		request.value = number * 1000 + i;
		check(mx_channel_call(end, 0, MX_TIME_INFINITE, &args, &bytes, &handles), "channel_call");
		if (reply.value != request.value * 2)
			_exit(1);
	}
	_exit(0);
}

/* Everything that is queued on one channel; false when its client is gone. */
static int
serve(uint32_t key)
{
	struct { mx_txid_t txid; uint32_t value; } message;
	uint32_t bytes, handles;
	mx_status_t status;

	while ((status = mx_channel_read(ends[key], 0, &message, NULL, sizeof(message), 0, &bytes, &handles)) == MX_OK) {
		message.value *= 2;
		served[key]++;
		(void)mx_channel_write(ends[key], 0, &message, sizeof(message), NULL, 0);
	}
	return status != MX_ERR_PEER_CLOSED;
}

int
main(void)
{
	mx_handle_t port, theirs;
	mx_port_packet_t packet;
	int left = CLIENTS, good = 0, status;
	uint32_t total = 0;

	check(mx_port_create(0, &port), "port_create");
	for (uint32_t i = 0; i < CLIENTS; i++) {
		check(mx_channel_create(MX_CHANNEL_DUPLICABLE, &ends[i], &theirs), "channel_create");
		check(mx_object_wait_async(ends[i], port, i, MX_CHANNEL_READABLE | MX_CHANNEL_PEER_CLOSED,
		    MX_WAIT_ASYNC_REPEATING), "wait_async");
		if (fork() == 0) {
			for (uint32_t k = 0; k <= i; k++)
				mx_handle_close(ends[k]);
			client(theirs, i);
		}
		mx_handle_close(theirs);
	}
	while (left > 0) {
		check(mx_port_wait(port, MX_TIME_INFINITE, &packet), "port_wait");
		if (ends[packet.key] != MX_HANDLE_INVALID && !serve((uint32_t)packet.key)) {
			mx_handle_close(ends[packet.key]);
			ends[packet.key] = MX_HANDLE_INVALID;
			left--;
		}
	}
	for (int i = 0; i < CLIENTS; i++) {
		total += served[i];
		wait(&status);
		good += status == 0;
	}
	printf("%u requests served, %d clients content\n", total, good);
	return 0;
}
