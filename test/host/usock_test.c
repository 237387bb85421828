// SOURCES: sys/ipc/usock.c sys/ipc/usock_msg.c sys/ipc/usock_stream.c sys/ipc/usock_option.c sys/ipc/cycle.c sys/kern/node.c sys/kern/wait.c sys/kern/account.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/uio.c sys/kern/string.c test/host/shim/kernel.c
/*
 * AF_UNIX sockets against a simple model, with random operations on streams, datagrams and records:
 * bytes and borders are right, and at every step the levels of both ends are exact: READABLE if and only
 * if a read does not answer SHOULD_WAIT, WRITABLE if and only if a write would not, while it may
 * write at all.
 */
#include <stdlib.h>
#include "host.h"
#include "ipc/usock.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/proc.h"
#include "kern/sigmask.h"
#include "kern/string.h"
#include "kern/uio.h"
#include <abi/sig.h>

#define MAXMSG	70000

/* The names are fs's. */
void
usock_unbind(struct usock *s)
{
}

/* Signals are proc's. */
nsec_t
sigmask_deadline(nsec_t deadline)
{
	return deadline;
}

int
sigmask_end(int error)
{
	return error;
}

struct model {
	unsigned char bytes[4 << 20];	/* stream: [head, tail) */
	size_t head, tail;
	size_t len[4096];		/* records: [first, last) */
	unsigned first, last;
	bool rd_shut, wr_shut;
};

static struct usock *end[2];
static struct model *in;		/* [2]: what end i has not received */
static unsigned type;
static struct cred root = { .refs = 1 };
static unsigned char next_byte;
static bool good;

static void
check(bool cond, const char *what)
{
	if (!cond && good) {
		good = false;
		printf("# %s\n", what);
	}
}

static int
move(struct usock *s, unsigned char *buf, size_t len, uint32_t flags, size_t *done)
{
	struct kiovec one;
	struct uio u;
	int error;

	uio_init(&u, &one, (uintptr_t)buf, len, flags | UIO_KERNEL | UIO_NONBLOCK);
	error = (flags & UIO_WRITE) != 0 ? node_write(&s->node, &u) : node_read(&s->node, &u);
	*done = len - u.resid;
	return error;
}

static bool
queued(int i)
{
	return type == SOCK_STREAM ? in[i].tail > in[i].head : in[i].last > in[i].first;
}

static uint32_t
limit_of(int to)
{
	return type == SOCK_DGRAM ? end[to]->rcvbuf : MIN(end[to]->rcvbuf, end[1 - to]->sndbuf);
}

/* What end i's levels must be, from the model and from what the queue says it holds. */
static void
check_levels(int i)
{
	uint32_t bits = sig_read(&end[i]->node.own);
	bool may_write = !in[i].wr_shut && !in[1 - i].rd_shut;
	bool room = end[1 - i]->charge < limit_of(1 - i);

	check(((bits & SIG_READABLE) != 0) == (queued(i) || in[i].rd_shut ||
	    (type != SOCK_DGRAM && in[1 - i].wr_shut)), "READABLE");
	if (type == SOCK_DGRAM)
		check(((bits & SIG_WRITABLE) != 0) == (!in[i].wr_shut && (in[1 - i].rd_shut || room)),
		    "WRITABLE of datagrams");
	else
		check(((bits & SIG_WRITABLE) != 0) == (may_write && room), "WRITABLE");
	check(((bits & SIG_WRITE_DISABLED) != 0) ==
	    (type == SOCK_DGRAM ? in[i].wr_shut : !may_write), "WRITE_DISABLED");
	if (type != SOCK_DGRAM)
		check(((bits & SIG_PEER_WRITE_DISABLED) != 0) == in[1 - i].wr_shut, "PEER_WRITE_DISABLED");
	check((bits & (SIG_PEER_CLOSED | SIG_ERROR)) == 0, "neither closed nor an error");
}

static void
step_write(int i, size_t len)
{
	static unsigned char buf[MAXMSG];
	struct model *m = &in[1 - i];
	bool writable = (sig_read(&end[i]->node.own) & SIG_WRITABLE) != 0;
	bool may = !in[i].wr_shut && !m->rd_shut;
	size_t done;
	int error;

	for (size_t k = 0; k < len; k++)
		buf[k] = (unsigned char)(next_byte + k);
	error = move(end[i], buf, len, UIO_WRITE, &done);
	if (type == SOCK_STREAM && len == 0) {
		check(error == 0, "a write of nothing");
		return;
	}
	if (type != SOCK_STREAM && len > end[i]->sndbuf) {
		check(error == EMSGSIZE && done == 0, "too long");
		return;
	}
	if (!may) {
		check((error == EPEERCLOSED || error == EPIPE) && done == 0, "a write that may not");
		return;
	}
	check((error == ESHOULDWAIT) == !writable, "a write waits if and only if not WRITABLE");
	check(error == 0 || done == 0, "an error moved nothing");
	if (error != 0)
		return;
	check(type == SOCK_STREAM ? done > 0 : done == len, "bytes written");
	for (size_t k = 0; k < done; k++)
		m->bytes[(m->tail + k) % sizeof(m->bytes)] = buf[k];
	m->tail += done;
	m->len[m->last++ % 4096] = done;
	next_byte = (unsigned char)(next_byte + done);
}

static void
step_read(int i, size_t len)
{
	static unsigned char buf[MAXMSG];
	struct model *m = &in[i];
	bool readable = (sig_read(&end[i]->node.own) & SIG_READABLE) != 0, had = queued(i);
	size_t want = MIN(len, m->tail - m->head), record = m->len[m->first % 4096], done;
	int error;

	if (len == 0)
		return;
	error = move(end[i], buf, len, 0, &done);
	check((error == ESHOULDWAIT) == !readable, "a read waits if and only if not READABLE");
	if (!had) {
		check(done == 0, "nothing to read");
		return;
	}
	if (type != SOCK_STREAM)
		want = MIN(len, record);
	check(error == 0 && done == want, "bytes read");
	for (size_t k = 0; k < done; k++)
		check(buf[k] == m->bytes[(m->head + k) % sizeof(m->bytes)], "byte order");
	m->head += type == SOCK_STREAM ? done : record;
	m->first++;
}

static void
step_option(int i, unsigned r)
{
	int n = (int)(r % 100000);

	check(usock_setopt(end[i], r & 1 ? SO_SNDBUF : SO_RCVBUF, &n, sizeof(n)) == 0, "a limit");
}

static void
step_shut(int i, unsigned r)
{
	int how = (int)(r % 3);

	check(usock_shutdown(end[i], how) == 0, "shutdown");
	in[i].rd_shut |= how != SHUT_WR;
	in[i].wr_shut |= how != SHUT_RD;
}

static void
random_ops(unsigned kind, unsigned long long seed)
{
	printf("# type %u, seed %llu\n", kind, seed);
	type = kind;
	memset(in, 0, 2 * sizeof(*in));
	good = usock_pair(type, end) == 0;
	for (int k = 0; k < 4000 && good; k++) {
		unsigned r = host_random(&seed), what = host_random(&seed) % 1000;
		int i = (int)(host_random(&seed) % 2);
		size_t len = r % 5 == 0 ? r % MAXMSG : r % 11 == 0 ? 0 : r % 3000;

		if (what < 500)
			step_write(i, len);
		else if (what < 985)
			step_read(i, len);
		else if (what < 998 || k < 2000)
			step_option(i, r);
		else
			step_shut(i, r);
		check_levels(0);
		check_levels(1);
	}
	ok(good, "random operations: bytes, borders and levels");
	node_unuse(&end[0]->node);
	node_unuse(&end[1]->node);
}

static void
ends(void)
{
	unsigned char buf[8] = "unread";
	struct usock *p[2];
	uint32_t bits;
	size_t done;

	ok(usock_pair(SOCK_STREAM, p) == 0, "a pair");
	move(p[0], buf, 6, UIO_WRITE, &done);
	move(p[1], buf, 3, UIO_WRITE, &done);
	node_unuse(&p[1]->node);
	bits = sig_read(&p[0]->node.own);
	ok(bits == (SIG_READABLE | SIG_PEER_CLOSED | SIG_PEER_WRITE_DISABLED | SIG_ERROR | SIG_LAST_HANDLE),
	    "the peer closed with unread bytes: levels");
	ok(move(p[0], buf, 8, 0, &done) == 0 && done == 3, "what is queued comes first");
	ok(move(p[0], buf, 8, 0, &done) == ECONNRESET, "then ECONNRESET");
	ok(move(p[0], buf, 8, 0, &done) == 0 && done == 0, "once");
	ok((sig_read(&p[0]->node.own) & SIG_ERROR) == 0, "the level goes with it");
	ok(move(p[0], buf, 8, UIO_WRITE, &done) == EPEERCLOSED, "a write fails");
	node_unuse(&p[0]->node);

	ok(usock_pair(SOCK_DGRAM, p) == 0, "datagrams");
	node_unuse(&p[1]->node);
	ok(sig_read(&p[0]->node.own) == (SIG_WRITABLE | SIG_USOCK_ROOM | SIG_LAST_HANDLE), "the peer went: no hang-up");
	ok(move(p[0], buf, 8, UIO_WRITE, &done) == ECONNREFUSED, "ECONNREFUSED");
	ok(move(p[0], buf, 8, UIO_WRITE, &done) == EDESTADDRREQ, "then no destination");
	node_unuse(&p[0]->node);
}

static void
failures(void)
{
	unsigned char buf[100] = { 0 };
	struct usock *p[2];
	bool clean = true;
	size_t done;
	int n;

	for (n = 0; n < 10; n++) {
		long before = host_live;

		host_fail_after = n;
		if (usock_pair(SOCK_STREAM, p) == 0)
			break;
		clean = clean && host_live == before;
	}
	host_fail_after = -1;
	ok(clean && n == 2, "each of the two allocations of a pair may fail");
	host_fail_after = 0;
	ok(move(p[0], buf, 100, UIO_WRITE, &done) == ENOMEM && done == 0, "no memory for a message");
	host_fail_after = -1;
	ok(p[1]->charge == 0 && sig_read(&p[1]->node.own) == (SIG_WRITABLE | SIG_LAST_HANDLE), "leaves the queue as it was");
	ok(move(p[0], buf, 100, UIO_WRITE, &done) == 0, "the next one goes");
	node_unuse(&p[0]->node);
	node_unuse(&p[1]->node);
}

int
main(void)
{
	static const unsigned kinds[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	in = calloc(2, sizeof(*in));
	proc_self()->p_cred = &root;
	for (unsigned long long seed = 1; seed <= 8; seed++)
		for (unsigned k = 0; k < 3; k++)
			random_ops(kinds[k], seed * 7919 + k);
	ends();
	failures();
	ok(host_live == 0, "nothing is left");
	free(in);
	return tap_done();
}
