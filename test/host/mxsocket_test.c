// SOURCES: sys/ipc/socket.c sys/ipc/fifo.c sys/kern/pair.c sys/kern/node.c sys/kern/wait.c sys/kern/account.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/uio.c sys/kern/string.c test/host/shim/kernel.c
/*
 * Native sockets and fifos against trivially right models, with random operations: bytes, datagrams
 * and elements come out in order, and the levels of both ends are exact at every step.
 */
#include <stdlib.h>
#include "host.h"
#include "transfer.h"
#include "gen/sysproto.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/node.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "mach/user.h"
#include <abi/channel.h>
#include <abi/sig.h>

#define CAP	262144u
#define LEVELS	(SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED | SIG_WRITE_DISABLED | SIG_PEER_WRITE_DISABLED)

static bool good;

bool
user_range_ok(uintptr_t addr, size_t n)
{
	return addr >= 65536;
}

int
info_put(struct info_sink *s, const void *record)
{
	return 0;
}

static void
check(bool cond, const char *what)
{
	if (!cond && good) {
		good = false;
		printf("# %s\n", what);
	}
}

/* One direction: what is queued, by its bytes and by the sizes of its pieces. */
struct lane {
	unsigned char bytes[CAP * 2];
	size_t head, tail;
	size_t sizes[4096], first, last;	/* datagrams */
	bool disabled;
};
static struct lane lane[2];		/* to end 0, to end 1 */
static unsigned char next_byte;
static struct node *end[2];
static bool datagrams;
static unsigned elem;			/* of a fifo, 0: a socket */
static size_t cap;

static size_t
queued(const struct lane *l)
{
	return l->tail - l->head;
}

static void
check_levels(void)
{
	for (int i = 0; i < 2; i++) {
		struct lane *rx = &lane[i], *tx = &lane[1 - i];
		uint32_t bits = sig_read(end[i]->sig) & LEVELS, want = 0;

		want |= queued(rx) > 0 ? SIG_READABLE : 0;
		want |= queued(tx) < cap && !tx->disabled ? SIG_WRITABLE : 0;
		want |= tx->disabled ? SIG_WRITE_DISABLED : 0;
		want |= rx->disabled ? SIG_PEER_WRITE_DISABLED : 0;
		if (bits != want && good)
			printf("# end %d: levels %x, want %x\n", i, bits, want);
		check(bits == want, "levels");
	}
}

static void
step_write(int from, size_t len)
{
	static unsigned char buf[CAP * 2];
	struct lane *l = &lane[1 - from];
	size_t room = queued(l) < cap ? cap - queued(l) : 0, want = len < room ? len : room, done;
	int error;

	if (datagrams)
		want = len <= CAP && room > 0 ? len : 0;
	if (l->disabled)
		want = 0;
	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)(next_byte + i);
	error = transfer(end[from], buf, len, UIO_WRITE, &done);
	check(done == want, "as much is written as there is room");
	if (len > 0 && done == 0)
		check(error == (l->disabled ? EPEERCLOSED : datagrams && len > CAP ? EMSGSIZE : ESHOULDWAIT), "or why not");
	if (done > 0 && datagrams)
		l->sizes[l->last++ % 4096] = done;
	for (size_t i = 0; i < done; i++)
		l->bytes[(l->tail + i) % sizeof(l->bytes)] = buf[i];
	l->tail += done;
	next_byte = (unsigned char)(next_byte + done);
}

static void
step_read(int to, size_t len)
{
	static unsigned char buf[CAP * 2];
	struct lane *l = &lane[to];
	size_t have = queued(l), piece, want, done;
	int error = transfer(end[to], buf, len, 0, &done);

	piece = datagrams && have > 0 ? l->sizes[l->first % 4096] : have;
	want = len < piece ? len : piece;
	check(done == want, "as much is read as there is");
	if (len > 0 && have == 0)
		check(error == (l->disabled ? 0 : ESHOULDWAIT), "or why not");
	for (size_t i = 0; i < done; i++)
		check(buf[i] == l->bytes[(l->head + i) % sizeof(l->bytes)], "bytes in order");
	if (datagrams && have > 0 && len > 0) {
		l->head += piece;
		l->first++;
	} else {
		l->head += done;
	}
}

static void
begin(uint32_t h[2])
{
	memset(lane, 0, sizeof(lane));
	for (int i = 0; i < 2; i++) {
		good = good && handle_get(h[i], NODE_ANY, 0, &end[i]) == 0;
		node_unuse(end[i]);
	}
	check_levels();
}

static void
finish(uint32_t h[2], const char *what)
{
	struct node *n;

	ok(good, what);
	(void)!desc_close(h[0]);
	ok((sig_read(end[1]->sig) & (SIG_PEER_CLOSED | SIG_WRITABLE)) == SIG_PEER_CLOSED &&
	    ((sig_read(end[1]->sig) & SIG_READABLE) != 0) == (queued(&lane[1]) > 0), "levels after a close");
	ok(desc_close(h[1]) == 0 && handle_get(h[1], NODE_ANY, 0, &n) == EHANDLE, "closed");
}

static void
sockets(unsigned long long seed, uint32_t options)
{
	uint32_t h[2];

	printf("# seed %llu\n", seed);
	datagrams = options == MX_SOCKET_DATAGRAM;
	elem = 0;
	cap = CAP;
	good = sys_mx_socket_create(options, (void __user *)&h[0], (void __user *)&h[1]) == 0;
	begin(h);
	for (int i = 0; i < 3000 && good; i++) {
		unsigned r = host_random(&seed), side = host_random(&seed) % 2, what = host_random(&seed) % 41;
		size_t len = r % 11 == 0 ? r % (CAP + 3) : r % 3 == 0 ? r % 20 : r % 9000;

		if (what == 0 && sys_mx_socket_set_disposition(end[side], 1 + r % 2, 0) == 0)
			lane[1 - side].disabled = r % 2 == 0;
		else if (what % 2 == 0)
			step_write((int)side, len);
		else
			step_read((int)side, len);
		check_levels();
	}
	finish(h, datagrams ? "random datagrams" : "random stream");
}

static void
fifos(unsigned long long seed, size_t count, unsigned size)
{
	uint32_t h[2];

	printf("# seed %llu\n", seed);
	datagrams = false;
	elem = size;
	cap = count * size;
	good = sys_mx_fifo_create(count, size, 0, (void __user *)&h[0], (void __user *)&h[1]) == 0;
	begin(h);
	for (int i = 0; i < 3000 && good; i++) {
		unsigned r = host_random(&seed), side = host_random(&seed) % 2;
		size_t len = (r % (count + 2) + 1) * size;

		if (host_random(&seed) % 2 == 0)
			step_write((int)side, len);
		else
			step_read((int)side, len);
		check_levels();
	}
	finish(h, "random elements");
}

/* Each allocation of a creation may fail, and nothing is left of it. */
static void
failures(int (*create)(uint32_t *))
{
	bool clean = true;
	uint32_t h[2];
	int n, error;

	for (n = 0;; n++) {
		long before = host_live;

		host_fail_after = n;
		error = create(h);
		host_fail_after = -1;
		if (error == 0)
			break;
		clean = clean && error == ENOMEM && host_live == before;
	}
	ok(clean && n >= 3, "each allocation may fail and nothing leaks");
	ok(desc_close(h[0]) == 0 && desc_close(h[1]) == 0, "closed");
}

static int
make_socket(uint32_t *h)
{
	return sys_mx_socket_create(0, (void __user *)&h[0], (void __user *)&h[1]);
}

static int
make_fifo(uint32_t *h)
{
	return sys_mx_fifo_create(4, 8, 0, (void __user *)&h[0], (void __user *)&h[1]);
}

int
main(void)
{
	struct desctab *t;
	uint32_t h[2];
	long before;

	if (desctab_create(&t) != 0)
		abort();
	proc_self()->p_desc = t;
	if (make_fifo(h) == 0)		/* the table's chunks come with its first handles */
		(void)!desc_close(h[0]), (void)!desc_close(h[1]);
	before = host_live;
	for (unsigned long long seed = 1; seed <= 6; seed++) {
		sockets(seed * 7919, MX_SOCKET_STREAM);
		sockets(seed * 104729, MX_SOCKET_DATAGRAM);
		fifos(seed * 1299709, 1u << (seed % 5), 1 + (unsigned)(seed * 5 % 32));
	}
	failures(make_socket);
	failures(make_fifo);
	ok(host_live == before, "nothing is left");
	desctab_destroy(t);
	ok(host_live == 0, "at all");
	return tap_done();
}
