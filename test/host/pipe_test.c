// SOURCES: sys/ipc/pipe.c sys/kern/node.c sys/kern/wait.c sys/kern/account.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/uio.c sys/kern/string.c test/host/shim/kernel.c
/*
 * Pipes against a trivially right model, with random operations: bytes come out in order, and the
 * levels are exact at every step.
 */
#include <stdlib.h>
#include "host.h"
#include "transfer.h"
#include "ipc/pipe.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "kern/proc.h"
#include "kern/desc.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include "gen/sysproto.h"

struct page;
void owner_seen(const void *object) {}
void page_seen(const struct page *p) {}

#define CAP	65536
#define ATOMIC	4096

static unsigned char queue[1 << 20];	/* model: bytes [head, tail) modulo its size */
static size_t head, tail;
static unsigned char next_byte;
static bool good = true;

static void
check(bool cond, const char *what)
{
	if (!cond && good) {
		good = false;
		printf("# %s: queued %zu\n", what, tail - head);
	}
}

static void
check_levels(struct node *rd, struct node *wr)
{
	uint32_t r = sig_read(rd->sig), w = sig_read(wr->sig);

	check(((r & SIG_READABLE) != 0) == (tail > head), "READABLE");
	check(((w & SIG_WRITABLE) != 0) == (CAP - (tail - head) >= ATOMIC), "WRITABLE");
	check((r & SIG_PEER_CLOSED) == 0 && (w & SIG_PEER_CLOSED) == 0, "PEER_CLOSED");
}

static void
step_write(struct node *wr, size_t len)
{
	static unsigned char buf[CAP * 2];
	size_t room = CAP - (tail - head), want, done;
	int error;

	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)(next_byte + i);
	error = transfer(wr, buf, len, UIO_WRITE, &done);
	want = len <= ATOMIC ? (len <= room ? len : 0) : (len < room ? len : room);
	check(done == want, "bytes written");
	check(len == 0 || (error == ESHOULDWAIT) == (done < len), "write waits when not all went");
	for (size_t i = 0; i < done; i++)
		queue[(tail + i) % sizeof(queue)] = buf[i];
	tail += done;
	next_byte = (unsigned char)(next_byte + done);
}

static void
step_read(struct node *rd, size_t len)
{
	static unsigned char buf[CAP * 2];
	size_t have = tail - head, done;
	int error = transfer(rd, buf, len, 0, &done);

	check(done == (len < have ? len : have), "bytes read");
	check(len == 0 || (error == ESHOULDWAIT) == (have == 0), "read waits when empty");
	for (size_t i = 0; i < done; i++)
		check(buf[i] == queue[(head + i) % sizeof(queue)], "byte order");
	head += done;
}

static void
random_ops(unsigned long long seed)
{
	struct node *rd, *wr;

	printf("# seed %llu\n", seed);
	head = tail = 0;
	good = pipe_create(&rd, &wr) == 0;
	check_levels(rd, wr);
	for (int i = 0; i < 4000 && good; i++) {
		unsigned r = host_random(&seed);
		size_t len = r % 5 == 0 ? r % (CAP + 100) : r % 7 == 0 ? ATOMIC + r % 3 - 1 : r % 3000;

		if (host_random(&seed) % 2 == 0)
			step_write(wr, len);
		else
			step_read(rd, len);
		check_levels(rd, wr);
	}
	ok(good, "random reads and writes: bytes in order, levels exact");
	node_unuse(rd);
	node_unuse(wr);
}

static void
ends(void)
{
	struct node *rd, *wr;
	unsigned char byte = 1;
	size_t done;

	ok(pipe_create(&rd, &wr) == 0, "create");
	transfer(wr, &byte, 1, UIO_WRITE, &done);
	node_unuse(wr);
	ok((sig_read(rd->sig) & SIG_PEER_CLOSED) != 0, "last writer gone: PEER_CLOSED");
	ok(transfer(rd, &byte, 1, 0, &done) == 0 && done == 1, "what is queued can still be read");
	ok((sig_read(rd->sig) & SIG_READABLE) != 0, "end of file does not wait: READABLE stays");
	ok(transfer(rd, &byte, 1, 0, &done) == 0 && done == 0, "then end of file");
	node_unuse(rd);

	ok(pipe_create(&rd, &wr) == 0, "create again");
	node_unuse(rd);
	ok((sig_read(wr->sig) & (SIG_PEER_CLOSED | SIG_WRITABLE)) == SIG_PEER_CLOSED,
	    "last reader gone: PEER_CLOSED, not WRITABLE");
	ok(transfer(wr, &byte, 1, UIO_WRITE, &done) == EPEERCLOSED, "a write fails");
	ok(transfer(wr, &byte, 0, UIO_WRITE, &done) == 0, "a write of nothing does not");
	node_unuse(wr);
}

static void
fifos(void)
{
	struct node *rd, *wr;
	void *slot = NULL;

	ok(fifo_open(&slot, O_WRONLY | O_NONBLOCK, &wr) == ENXIO && slot == NULL,
	    "FIFO: a writer without a reader is ENXIO and leaves nothing");
	ok(fifo_open(&slot, O_RDONLY, &rd) != 0 && slot == NULL,
	    "FIFO: a wait that ends leaves nothing");
	ok(fifo_open(&slot, O_RDONLY | O_NONBLOCK, &rd) == 0 && slot != NULL,
	    "FIFO: a reader may come first with O_NONBLOCK");
	ok(fifo_open(&slot, O_WRONLY, &wr) == 0, "FIFO: a writer then does not wait");
	ok((sig_read(rd->sig) & SIG_PEER_CLOSED) == 0, "FIFO: the reader sees the writer");
	node_unuse(wr);
	node_unuse(rd);
	ok(slot == NULL, "FIFO: the last close frees it");
}

static void
failures(void)
{
	struct node *rd, *wr;
	bool clean = true;
	int n;

	for (n = 0; n < 10; n++) {
		long before = host_live;

		host_fail_after = n;
		if (pipe_create(&rd, &wr) == 0) {
			host_fail_after = -1;
			node_unuse(rd);
			node_unuse(wr);
			break;
		}
		clean = clean && host_live == before;
	}
	host_fail_after = -1;
	ok(clean && n == 3, "each of the three allocations may fail and nothing leaks");
}

int
main(void)
{
	for (unsigned long long seed = 1; seed <= 10; seed++)
		random_ops(seed * 7919);
	ends();
	fifos();
	failures();
	ok(host_live == 0, "nothing is left");
	return tap_done();
}
