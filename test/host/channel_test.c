// SOURCES: sys/ipc/channel.c sys/ipc/channel_node.c sys/ipc/parked.c sys/ipc/message.c sys/ipc/cycle.c sys/kern/pair.c sys/kern/node.c sys/kern/wait.c sys/kern/account.c sys/kern/desc.c sys/kern/lookup.c sys/kern/inherit.c sys/kern/policy.c sys/kern/status.c sys/kern/uio.c sys/kern/string.c test/host/shim/kernel.c
/*
 * Channels against a trivially right model, with random operations on both ends: messages come out
 * whole and in order with the nodes they carry, levels are exact after every step, and memory that
 * runs out anywhere loses nothing but what the contract consumes.
 */
#include <stdlib.h>
#include "host.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/node.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include "gen/sysproto.h"

#define LIMIT	(4u << 20)
#define DEEP	8192		/* messages that the model can hold */
#define USER(p)	((void __user *)(uintptr_t)(p))

static bool good = true;
static int things;

static void
thing_destroy(struct node *n)
{
	things--;
	free(n);
}

static const struct node_ops thing_ops = {
	.name = "thing", .read = node_nostream, .write = node_nostream, .seek = node_noseek,
	.stat = node_nostat, .setattr = node_nosetattr, .ioctl = node_noioctl, .vmo = node_novmo,
	.sync = node_nosync, .unused = node_nounused, .destroy = thing_destroy,
};

/* A handle of a new node; its koid says later whether it is the one. */
static uint32_t
thing(koid_t *koid)
{
	struct node *n = calloc(1, sizeof(*n));
	uint32_t index;

	things++;
	node_init(n, &thing_ops, NODE_EVENT, NULL, 0);
	node_use(n);
	node_unref(n);
	*koid = n->koid;
	if (desc_install(n, RIGHT_TRANSFER | RIGHT_DUPLICATE, 0, DESC_NATIVE, &index) != 0)
		abort();
	return desc_handle(index);
}

static void
check(bool cond, const char *what)
{
	if (!cond && good) {
		good = false;
		printf("# %s\n", what);
	}
}

/* --- the model --- */

struct sent {
	uint32_t size, nhandles;
	unsigned char first;
	koid_t koid[3];
	bool call;			/* its first four bytes are the kernel's */
};
static struct queue {
	struct sent m[DEEP];
	uint32_t head, tail;
	uint64_t counted;
} queue[2];			/* what waits for end i */
static uint32_t end[2];		/* handles; 0: closed */
static struct node *node[2];	/* a use while the test looks at it */
static unsigned char out[65536], in[65536];

static uint64_t
charge(const struct sent *m)
{
	return m->size + 64 + 16 * m->nhandles;
}

static void
check_levels(void)
{
	for (int i = 0; i < 2; i++) {
		uint32_t bits;

		if (end[i] == 0)
			continue;
		bits = sig_read(node[i]->sig);
		check(((bits & SIG_READABLE) != 0) == (queue[i].head != queue[i].tail), "READABLE");
		check(((bits & SIG_WRITABLE) != 0) == (end[1 - i] != 0 && queue[1 - i].counted < LIMIT), "WRITABLE");
		check(((bits & SIG_PEER_CLOSED) != 0) == (end[1 - i] == 0), "PEER_CLOSED");
	}
}

static void
step_write(int i, uint32_t size, uint32_t nhandles, int how, unsigned char fill)
{
	struct queue *q = &queue[1 - i];
	struct sent *m = &q->m[q->tail % DEEP];
	uint32_t h[3], want;
	struct slot back;
	int error;

	if (q->tail - q->head == DEEP)
		return;
	*m = (struct sent){ .size = size, .nhandles = nhandles, .first = fill };
	memset(out, fill, size);
	for (uint32_t k = 0; k < nhandles; k++)
		h[k] = thing(&m->koid[k]);
	want = end[1 - i] == 0 ? EPEERCLOSED : q->counted >= LIMIT ? ESHOULDWAIT : 0;
	if (how == 0) {
		error = sys_mx_channel_write(end[i], 0, USER(out), size, USER(h), nhandles);
	} else if (how == 1) {
		struct abi_channel_iovec v[2] = { { (uintptr_t)out, size / 2, 0 },
			{ (uintptr_t)out + size / 2, size - size / 2, 0 } };

		error = sys_mx_channel_write(end[i], MX_CHANNEL_WRITE_USE_IOVEC, USER(v), 2, USER(h), nhandles);
	} else {
		/* Nobody answers: it is sent, then times out. */
		struct abi_channel_call a = { .wr_bytes = (uintptr_t)out, .wr_num_bytes = size,
			.wr_handles = (uintptr_t)h, .wr_num_handles = nhandles };

		m->call = true;
		if (size < 4)
			want = EINVAL;
		error = sys_mx_channel_call(end[i], 0, 5, USER(&a), USER(NULL), USER(NULL));
		if (error == ETIMEDOUT)
			error = 0;
	}
	check(error == (int)want, "the result of a write");
	for (uint32_t k = 0; k < nhandles; k++) {
		bool there = handle_take(h[k], &back) == 0;

		check(there == (want == ESHOULDWAIT), "handles stay with SHOULD_WAIT alone");
		if (there)
			slot_drop(&back);
	}
	if (error == 0) {
		q->tail++;
		q->counted += charge(m);
	}
}

static void
check_message(const struct sent *m, uint32_t bytes, uint32_t handles, uint32_t *h)
{
	struct slot s;

	check(bytes == m->size && handles == m->nhandles, "sizes");
	for (uint32_t k = m->call ? 4 : 0; k < m->size; k++)
		check(in[k] == m->first, "bytes");
	check(!m->call || in[3] >= 0x80, "the kernel's id");
	for (uint32_t k = 0; k < handles; k++) {
		check(handle_take(h[k], &s) == 0 && s.node->koid == m->koid[k], "the node that was sent");
		slot_drop(&s);
	}
}

static void
step_read(int i, uint32_t room, uint32_t hroom, uint32_t options)
{
	struct queue *q = &queue[i];
	struct sent *m = &q->m[q->head % DEEP];
	uint32_t h[3] = { 0 }, bytes = 0, handles = 0;
	struct node *n;
	int error, want = 0;

	if (q->head == q->tail)
		want = end[1 - i] == 0 ? EPEERCLOSED : ESHOULDWAIT;
	else if (m->size > room || m->nhandles > hroom)
		want = ESMALL;
	if (handle_get(end[i], NODE_CHANNEL, RIGHT_READ, &n) != 0)
		abort();
	error = sys_mx_channel_read(n, options, USER(in), USER(h), room, hroom, USER(&bytes), USER(&handles));
	node_unuse(n);
	check(error == want, "the result of a read");
	if (error == 0)
		check_message(m, bytes, handles, h);
	if (error == ESMALL)
		check(bytes == m->size && handles == m->nhandles, "sizes of what does not fit");
	if (error == 0 || (error == ESMALL && options != 0)) {
		q->counted -= charge(m);
		q->head++;
	}
}

/* read(2): the message, or it stays. */
static void
step_posix(int i, uint32_t room)
{
	struct queue *q = &queue[i];
	struct sent *m = &q->m[q->head % DEEP];
	struct kiovec one;
	struct uio u;
	int error, want = 0;

	uio_init(&u, &one, (uintptr_t)in, room, UIO_KERNEL | UIO_NONBLOCK);
	error = node_read(node[i], &u);
	if (q->head == q->tail)
		want = end[1 - i] == 0 ? 0 : ESHOULDWAIT;
	else if (m->size > room || m->nhandles > 0)
		want = EMSGSIZE;
	check(error == want, "the result of read(2)");
	if (error == 0 && q->head != q->tail) {
		check(room - u.resid == m->size, "the size of read(2)");
		q->counted -= charge(m);
		q->head++;
	}
}

static void
open_ends(void)
{
	uint32_t h[2];

	if (sys_mx_channel_create(0, USER(&h[0]), USER(&h[1])) != 0)
		abort();
	for (int i = 0; i < 2; i++) {
		end[i] = h[i];
		if (handle_get(h[i], NODE_CHANNEL, 0, &node[i]) != 0)
			abort();
		node_ref(node[i]);
		node_unuse(node[i]);
		queue[i].head = queue[i].tail = 0;
		queue[i].counted = 0;
	}
}

static void
close_end(int i)
{
	if (end[i] == 0)
		return;
	check(desc_close(end[i]) == 0, "close");
	end[i] = 0;
}

static void
close_ends(void)
{
	for (int i = 0; i < 2; i++) {
		close_end(i);
		node_unref(node[i]);
	}
}

static void
random_ops(unsigned long long seed)
{
	printf("# seed %llu\n", seed);
	good = true;
	open_ends();
	/* The balance of writing and reading swings, so that queues fill and empty. */
	for (int step = 0; step < 3000 && good; step++) {
		int i = (int)(host_random(&seed) % 2), fill = step / 300 % 2 == 0 ? 7 : 3;
		unsigned r = host_random(&seed) % 10, kind = host_random(&seed) % 16;
		uint32_t size = kind < 4 ? host_random(&seed) % 8 : kind < 8 ? host_random(&seed) % 200 :
		    kind < 12 ? host_random(&seed) % 5000 : host_random(&seed) % 65537;

		if (step > 2900 && end[1] != 0)
			close_end(1);
		if (end[i] == 0)
			i = 1 - i;
		if (r < (unsigned)fill)
			step_write(i, size, host_random(&seed) % 8 == 0 ? host_random(&seed) % 4 : 0,
			    (int)(host_random(&seed) % 3), (unsigned char)step);
		else if (r == 9)
			step_posix(i, host_random(&seed) % 2 == 0 ? size : 65536);
		else
			step_read(i, host_random(&seed) % 4 == 0 ? size : 65536, host_random(&seed) % 4, r == 8);
		check_levels();
	}
	close_ends();
	ok(good, "random writes, calls and reads: messages whole and in order, levels exact");
	ok(things == 0, "no node is left in a queue");
}

/* The n-th allocation fails, for every n: the handles are consumed, nothing else happens. */
static void
failures(void)
{
	bool clean = true, all = false;
	int n = 0;

	open_ends();
	while (!all && n < 100) {
		koid_t koid[2];
		uint32_t h[2] = { thing(&koid[0]), thing(&koid[1]) }, got[2], bytes, handles;
		struct node *rd;
		struct slot s;
		int error;

		host_fail_after = n;
		error = sys_mx_channel_write(end[0], 0, USER(out), 5000, USER(h), 2);
		all = error == 0;
		if (error == 0 && handle_get(end[1], NODE_CHANNEL, RIGHT_READ, &rd) == 0) {
			error = sys_mx_channel_read(rd, 0, USER(in), USER(got), 5000, 2, USER(&bytes), USER(&handles));
			all = error == 0;
			if (error != 0) {
				/* It stayed, and can be had. */
				host_fail_after = -1;
				clean = clean && (sig_read(rd->sig) & SIG_READABLE) != 0;
				error = sys_mx_channel_read(rd, 0, USER(in), USER(got), 5000, 2, USER(&bytes),
				    USER(&handles));
			}
			clean = clean && error == 0 && handle_take(got[0], &s) == 0;
			slot_drop(&s);
			clean = clean && handle_take(got[1], &s) == 0;
			slot_drop(&s);
			node_unuse(rd);
		}
		host_fail_after = -1;
		clean = clean && handle_take(h[0], &s) == EHANDLE && handle_take(h[1], &s) == EHANDLE && things == 0;
		clean = clean && (sig_read(node[1]->sig) & SIG_READABLE) == 0;
		n++;
	}
	ok(clean && all && n > 4, "a write and a read may fail at each allocation");
	close_ends();
	ok(sys_mx_channel_create(0, USER(8), USER(&n)) == EFAULT, "create with a bad address");
	host_fail_after = 0;
	ok(sys_mx_channel_create(0, USER(end), USER(end)) == ENOMEM, "create without memory");
	host_fail_after = -1;
}

/* Random sends of ends into random queues: whatever is refused, closing all handles frees all. */
static int refused, sent;

static void
forest(unsigned long long seed)
{
	enum { N = 12 };
	static uint32_t h[2 * N];
	long before = host_live;

	for (int i = 0; i < N; i++)
		if (sys_mx_channel_create(0, USER(&h[2 * i]), USER(&h[2 * i + 1])) != 0)
			abort();
	for (int i = 0; i < 60; i++) {
		uint32_t *w = &h[host_random(&seed) % (2 * N)], *c = &h[host_random(&seed) % (2 * N)];
		int error;

		if (*w == 0 || *c == 0)
			continue;
		error = sys_mx_channel_write(*w, 0, USER(NULL), 0, USER(c), 1);
		refused += error == ENOTSUP;
		sent += error == 0;
		if (w == c)
			*w = 0;
		*c = 0;
	}
	for (int i = 0; i < 2 * N; i++)
		if (h[i] != 0 && desc_close(h[i]) != 0)
			abort();
	check(host_live == before, "memory is left");
}

int
main(void)
{
	uint32_t warm[2];

	list_init(&host_thr->t_parked);
	if (desctab_create(&proc_self()->p_desc) != 0)
		abort();
	/* Chunks of the table stay: make them before anything is counted. */
	if (sys_mx_channel_create(0, USER(&warm[0]), USER(&warm[1])) != 0)
		abort();
	for (unsigned long long seed = 1; seed <= 6; seed++)
		random_ops(seed * 7919);
	failures();
	good = true;
	for (unsigned long long seed = 1; seed <= 300; seed++)
		forest(seed * 104729);
	printf("# %d ends sent, %d refused\n", sent, refused);
	ok(good && sent > 1000 && refused > 100, "300 random forests: no island is left");
	desctab_destroy(proc_self()->p_desc);
	ok(host_live == 0, "nothing is left");
	return tap_done();
}
