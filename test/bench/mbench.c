/*
 * mbench - microbenchmarks of the native calls, printed as kbench prints.
 *
 *   mbench [-l] [-x N] [name ...]
 *
 * Two processes: the child gets its end of a channel by fork, which MX_CHANNEL_DUPLICABLE allows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <mx/syscalls.h>
#include "kbench.h"

#define WARM 16

static char out[65536], in[65536];

int64_t
kb_now(void)
{
	struct timespec ts;

#ifdef KBENCH_MARK	/* profiling build: a no-op the emulator can watch for */
	__asm__ volatile("xchg %%bx,%%bx" ::: "memory");
#endif
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#define LOOP(n, body) do {						\
	for (long i_ = 0; i_ < WARM; i_++) { body; }			\
	int64_t t0_ = kb_now();						\
	for (long i_ = 0; i_ < (n); i_++) { body; }			\
	el = kb_now() - t0_;						\
} while (0)

static void
must(mx_status_t status)
{
	if (status != MX_OK) {
		fprintf(stderr, "mbench: status %d\n", (int)status);
		exit(1);
	}
}

/* Writes fill the queue, which is emptied without the clock running. */
static int64_t
bm_write(long n)
{
	mx_handle_t a, b;
	int64_t total = 0, el;
	uint32_t got;

	must(mx_channel_create(0, &a, &b));
	for (long done = 0; done < n; done += 1000) {
		int64_t start = kb_now();

		for (long i = 0; i < 1000; i++)
			must(mx_channel_write(a, 0, out, 64, NULL, 0));
		el = kb_now() - start;
		if (done > 0 || n <= 1000)
			total += el;
		for (long i = 0; i < 1000; i++)
			must(mx_channel_read(b, 0, in, NULL, 64, 0, &got, NULL));
	}
	mx_handle_close(a);
	mx_handle_close(b);
	return n <= 1000 ? total : total * n / (n - 1000);
}

static int64_t
bm_read(long n)
{
	mx_handle_t a, b;
	int64_t total = 0, el;
	uint32_t got;

	must(mx_channel_create(0, &a, &b));
	for (long done = 0; done < n; done += 1000) {
		for (long i = 0; i < 1000; i++)
			must(mx_channel_write(a, 0, out, 64, NULL, 0));
		int64_t start = kb_now();

		for (long i = 0; i < 1000; i++)
			must(mx_channel_read(b, 0, in, NULL, 64, 0, &got, NULL));
		el = kb_now() - start;
		if (done > 0 || n <= 1000)
			total += el;
	}
	mx_handle_close(a);
	mx_handle_close(b);
	return n <= 1000 ? total : total * n / (n - 1000);
}

/* Answers calls until the peer closes. */
static void
server(mx_handle_t h)
{
	uint32_t size;

	for (;;) {
		mx_signals_t seen;
		mx_status_t status;

		must(mx_object_wait_one(h, MX_CHANNEL_READABLE | MX_CHANNEL_PEER_CLOSED, MX_TIME_INFINITE, &seen));
		status = mx_channel_read(h, 0, in, NULL, sizeof(in), 0, &size, NULL);
		if (status == MX_ERR_PEER_CLOSED)
			_exit(0);
		must(status);
		must(mx_channel_write(h, 0, in, size, NULL, 0));
	}
}

static int64_t
call(long n, uint32_t size)
{
	mx_channel_call_args_t args = { .wr_bytes = out, .wr_num_bytes = size, .rd_bytes = in,
		.rd_num_bytes = size };
	uint32_t bytes, handles;
	mx_handle_t a, b;
	int64_t el;
	pid_t pid;

	must(mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b));
	pid = fork();
	if (pid == 0) {
		mx_handle_close(a);
		server(b);
	}
	mx_handle_close(b);
	LOOP(n, must(mx_channel_call(a, 0, MX_TIME_INFINITE, &args, &bytes, &handles)));
	mx_handle_close(a);
	waitpid(pid, NULL, 0);
	return el;
}

static int64_t bm_call_64(long n) { return call(n, 64); }
static int64_t bm_call_4k(long n) { return call(n, 4096); }

/* A handle of a pipe goes over a channel and is closed there. */
static int64_t
bm_handle_pass(long n)
{
	mx_handle_t a, b, e, d;
	uint32_t bytes, handles;
	int64_t el;

	must(mx_channel_create(0, &a, &b));
	must(mx_event_create(0, &e));
	LOOP(n, must(mx_handle_duplicate(e, MX_RIGHT_SAME_RIGHTS, &d));
	    must(mx_channel_write(a, 0, out, 1, &d, 1));
	    must(mx_channel_read(b, 0, in, &d, 64, 1, &bytes, &handles));
	    must(mx_handle_close(d)));
	mx_handle_close(a);
	mx_handle_close(b);
	mx_handle_close(e);
	return el;
}

/* A packet to a port of the other process and one back. */
static int64_t
bm_port_rt(long n)
{
	mx_port_packet_t packet = { .type = MX_PKT_TYPE_USER, .key = 1 };
	mx_handle_t there, back;
	int64_t el;
	pid_t pid;

	must(mx_port_create(0, &there));
	must(mx_port_create(0, &back));
	pid = fork();
	if (pid == 0) {
		do {
			must(mx_port_wait(there, MX_TIME_INFINITE, &packet));
			must(mx_port_queue(back, &packet));
		} while (packet.key != 0);
		_exit(0);
	}
	LOOP(n, must(mx_port_queue(there, &packet)); must(mx_port_wait(back, MX_TIME_INFINITE, &packet)));
	packet.key = 0;
	must(mx_port_queue(there, &packet));
	waitpid(pid, NULL, 0);
	mx_handle_close(there);
	mx_handle_close(back);
	return el;
}

static int64_t
bm_event_signal(long n)
{
	mx_handle_t e;
	int64_t el;

	must(mx_event_create(0, &e));
	LOOP(n, must(mx_object_signal(e, 0, MX_EVENT_SIGNALED)));
	mx_handle_close(e);
	return el;
}

static int64_t
bm_wait_ready(long n)
{
	mx_signals_t seen;
	mx_handle_t e;
	int64_t el;

	must(mx_event_create(0, &e));
	must(mx_object_signal(e, 0, MX_EVENT_SIGNALED));
	LOOP(n, must(mx_object_wait_one(e, MX_EVENT_SIGNALED, MX_TIME_INFINITE, &seen)));
	mx_handle_close(e);
	return el;
}

static const struct kbench table[] = {
	{ "chan_write_64", 20000, 0, bm_write },
	{ "chan_read_64", 20000, 0, bm_read },
	{ "chan_call_64", 5000, 0, bm_call_64 },
	{ "chan_call_4k", 3000, 0, bm_call_4k },
	{ "handle_pass", 5000, 0, bm_handle_pass },
	{ "port_rt", 5000, 0, bm_port_rt },
	{ "event_signal", 20000, 0, bm_event_signal },
	{ "wait_ready", 20000, 0, bm_wait_ready },
};

int
main(int argc, char **argv)
{
	long times = 1;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt(argc, argv, "lx:")) != -1) {
		if (c == 'l') {
			for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
				puts(table[i].name);
			return 0;
		}
		times = atol(optarg);
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct kbench *b = &table[i];
		int chosen = optind == argc;

		for (int k = optind; k < argc; k++)
			chosen |= strcmp(argv[k], b->name) == 0;
		if (chosen)
			printf("%s\t%ld\t%.2f\n", b->name, b->n * times, (double)b->fn(b->n * times) /
			    (double)(b->n * times));
	}
	return 0;
}
