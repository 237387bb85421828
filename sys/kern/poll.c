/*
 * poll and select: thin fronts over the wait engine.  Each descriptor becomes one item with the
 * levels that its events stand for; the engine scans first and registers only when nothing is
 * ready.  They are never restarted after a signal.
 */
#include "gen/sysproto.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/sigmask.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/poll.h>
#include <abi/rights.h>
#include <abi/sig.h>

#define FEW	32
#define RARE	(SIG_PRIORITY | SIG_ERROR | SIG_PEER_CLOSED | SIG_PEER_WRITE_DISABLED)

struct pollset {
	size_t n;
	struct abi_pollfd *fds;
	struct node **nodes;
	struct sig_item *items;
	struct abi_pollfd few_fds[FEW];
	struct node *few_nodes[FEW];
	struct sig_item few_items[FEW];
};

static int
pollset_init(struct pollset *ps, size_t n)
{
	ps->n = n;
	ps->fds = ps->few_fds;
	ps->nodes = ps->few_nodes;
	ps->items = ps->few_items;
	if (n <= FEW)
		return 0;
	ps->fds = kmem_alloc(n * sizeof(*ps->fds), 0);
	ps->nodes = kmem_alloc(n * sizeof(*ps->nodes), 0);
	ps->items = kmem_alloc(n * sizeof(*ps->items), 0);
	return ps->fds != NULL && ps->nodes != NULL && ps->items != NULL ? 0 : ENOMEM;
}

static void
pollset_done(struct pollset *ps)
{
	if (ps->n <= FEW)
		return;
	if (ps->fds != NULL)
		kmem_free(ps->fds, ps->n * sizeof(*ps->fds));
	if (ps->nodes != NULL)
		kmem_free(ps->nodes, ps->n * sizeof(*ps->nodes));
	if (ps->items != NULL)
		kmem_free(ps->items, ps->n * sizeof(*ps->items));
}

/* What has no stream uses other bits for what it likes: of those only the level for POLLIN counts. */
static uint32_t
meant(const struct node *n, uint32_t bits)
{
	return likely(n->poll_in == SIG_READABLE) ? bits : bits & (n->poll_in | SIG_PEER_CLOSED | SIG_ERROR);
}

/* Levels that the events of a descriptor stand for; hang-ups and errors always count. */
static uint32_t
levels_of(const struct node *n, int events)
{
	uint32_t mask = SIG_PEER_CLOSED | SIG_ERROR;

	if ((events & (POLLIN | POLLRDNORM)) != 0)
		mask |= n->poll_in;
	if ((events & (POLLOUT | POLLWRNORM)) != 0)
		mask |= SIG_WRITABLE | SIG_WRITE_DISABLED;
	if ((events & (POLLPRI | POLLRDBAND)) != 0)
		mask |= SIG_PRIORITY;
	if ((events & (POLLIN | POLLRDNORM | POLLRDHUP)) != 0)
		mask |= SIG_PEER_WRITE_DISABLED;
	return meant(n, mask);
}

static int
events_of(const struct node *n, uint32_t rights, int events, uint32_t bits)
{
	int got = 0;

	bits = meant(n, bits);
	if ((bits & (n->poll_in | SIG_WRITABLE | SIG_WRITE_DISABLED | RARE)) == 0)
		return 0;
	if ((bits & n->poll_in) != 0)
		got |= POLLIN | POLLRDNORM;
	/* A write that fails does not wait either. */
	if ((bits & (SIG_WRITABLE | SIG_WRITE_DISABLED)) != 0)
		got |= POLLOUT | POLLWRNORM;
	if (likely((bits & RARE) == 0))
		return got & events;
	if ((bits & SIG_PRIORITY) != 0)
		got |= POLLPRI;
	/* The end of the file does not wait either. */
	if ((bits & SIG_PEER_WRITE_DISABLED) != 0)
		got |= POLLIN | POLLRDNORM | POLLRDHUP;
	got &= events;
	if ((bits & SIG_ERROR) != 0)
		got |= POLLERR;
	if ((bits & SIG_PEER_CLOSED) != 0)
		got |= (rights & RIGHT_READ) != 0 ? POLLHUP : POLLERR;
	return got;
}

/*
 * The scan: one pass over the slots under the table's lock, no references, levels read as they
 * are.  Sets every revents and returns how many are news; most polls end here.
 */
static size_t
pollset_scan(struct pollset *ps)
{
	const struct abi_pollfd *end = ps->fds + ps->n;
	struct desc_scan scan;
	size_t count = 0;

	desc_scan_begin(&scan);
	for (struct abi_pollfd *p = ps->fds; p < end; p++) {
		struct node *n = NULL;
		uint32_t rights;
		int got = 0;

		if (p->fd >= 0) {
			n = desc_scan_find(&scan, (uint32_t)p->fd, RIGHT_WAIT, &rights);
			got = n == NULL ? POLLNVAL : events_of(n, rights, p->events, atomic_load_acquire(&n->sig->bits));
		}
		p->revents = (int16_t)got;
		count += got != 0;
	}
	desc_scan_end(&scan);
	return count;
}

/* Looks all descriptors up; returns how many are ready as POLLNVAL. */
static size_t
pollset_lookup(struct pollset *ps, uint32_t *rights)
{
	size_t bad = 0;

	for (size_t i = 0; i < ps->n; i++) {
		struct abi_pollfd *p = &ps->fds[i];
		struct node *n = NULL;

		p->revents = 0;
		ps->nodes[i] = NULL;
		ps->items[i] = (struct sig_item){ 0 };
		if (p->fd < 0)
			continue;
		if (desc_get_slot((uint32_t)p->fd, NODE_ANY, RIGHT_WAIT, &n, rights, NULL) != 0) {
			p->revents = POLLNVAL;
			bad++;
			continue;
		}
		ps->nodes[i] = n;
		ps->items[i] = (struct sig_item){ .src = n->sig, .mask = levels_of(n, p->events),
			/* The rights decide how a hang-up looks; keep them until then. */
			.observed = *rights };
	}
	return bad;
}

static int
pollset_wait(struct pollset *ps, nsec_t deadline, size_t *count)
{
	uint32_t rights = 0, *kept;
	size_t ready = 0, bad;
	uint32_t few_kept[FEW];
	int error = 0;

	*count = pollset_scan(ps);
	if (*count > 0 || deadline == 0)
		return sigmask_end(0);
	deadline = sigmask_deadline(deadline);
	bad = pollset_lookup(ps, &rights);
	kept = ps->n <= FEW ? few_kept : kmem_alloc(ps->n * sizeof(*kept), 0);
	if (kept == NULL)
		error = ENOMEM;
	for (size_t i = 0; error == 0 && i < ps->n; i++)
		kept[i] = ps->items[i].observed;
	if (error == 0)
		error = sig_wait_many(ps->items, ps->n, WAIT_INTR, bad > 0 ? 0 : deadline, &ready);
	*count = 0;
	for (size_t i = 0; i < ps->n; i++) {
		struct abi_pollfd *p = &ps->fds[i];

		if (ps->nodes[i] != NULL) {
			if (kept != NULL)
				p->revents = (int16_t)events_of(ps->nodes[i], kept[i], p->events,
				    ps->items[i].observed);
			node_unuse(ps->nodes[i]);
		}
		*count += kept != NULL && p->revents != 0;
	}
	if (kept != NULL && kept != few_kept)
		kmem_free(kept, ps->n * sizeof(*kept));
	return sigmask_end(error == ETIMEDOUT || *count > 0 ? 0 : error);
}

/* The end of a wait under a mask: a signal that waited for it comes, however short the mask was there. */
static int
masked_end(int error, size_t count)
{
	if (error == 0 && count == 0 && (atomic_load(&thr_self()->t_work) & WORK_SIGNAL) != 0)
		error = sigmask_end(ERESTART);
	if (error != ERESTART)
		sigmask_restore();
	return error;
}

static int
deadline_of(const struct abi_timespec *timeout, nsec_t *deadline)
{
	nsec_t d;
	int error;

	*deadline = NSEC_INFINITE;
	if (timeout == NULL)
		return 0;
	error = timespec_to_nsec(timeout, &d);
	if (error == 0)
		*deadline = d == 0 ? 0 : deadline_after(d);
	return error;
}

int
sys_ppoll(void __user *fds, unsigned long n, const struct abi_timespec *timeout,
    const abi_sigset_t *mask, intptr_t *result)
{
	struct pollset ps;
	nsec_t deadline;
	size_t count = 0;
	int error = deadline_of(timeout, &deadline);

	if (error == 0 && n > proc_self()->p_limits[RLIMIT_NOFILE].cur)
		error = EINVAL;
	if (error != 0)
		return error;
	error = pollset_init(&ps, n);
	if (error == 0)
		error = copyin(fds, ps.fds, n * sizeof(*ps.fds));
	if (error == 0 && mask != NULL)
		error = sigmask_set_temporary(mask);
	if (error == 0) {
		error = pollset_wait(&ps, deadline, &count);
		if (mask != NULL)
			error = masked_end(error, count);
	}
	if (error == 0)
		error = copyout(ps.fds, fds, n * sizeof(*ps.fds));
	pollset_done(&ps);
	*result = (intptr_t)count;
	return error;
}

/* --- select --- */

#define SELECT_MAX	1024
#define SELECT_WORDS	(SELECT_MAX / 64)

struct selectset {
	uint64_t in[3][SELECT_WORDS];
	uint64_t out[3][SELECT_WORDS];
};

static const int select_events[3] = { POLLIN, POLLOUT, POLLPRI };
static const int select_ready[3] = { POLLIN | POLLHUP | POLLERR, POLLOUT | POLLHUP | POLLERR, POLLPRI };

static void
select_to_poll(const struct selectset *s, int n, struct pollset *ps)
{
	size_t k = 0;

	for (int fd = 0; fd < n; fd++) {
		int events = 0;

		for (int set = 0; set < 3; set++)
			if ((s->in[set][fd / 64] >> (fd % 64) & 1) != 0)
				events |= select_events[set];
		if (events != 0)
			ps->fds[k++] = (struct abi_pollfd){ .fd = fd, .events = (int16_t)events };
	}
}

static size_t
select_count(const struct selectset *s, int n)
{
	size_t k = 0;

	for (int w = 0; w * 64 < n; w++) {
		uint64_t any = s->in[0][w] | s->in[1][w] | s->in[2][w];

		if (n - w * 64 < 64)
			any &= (1ull << (n - w * 64)) - 1;
		k += (size_t)__builtin_popcountll(any);
	}
	return k;
}

static int
select_result(struct selectset *s, const struct pollset *ps, intptr_t *result)
{
	*result = 0;
	memset(s->out, 0, sizeof(s->out));
	for (size_t i = 0; i < ps->n; i++) {
		const struct abi_pollfd *p = &ps->fds[i];

		if ((p->revents & POLLNVAL) != 0)
			return EBADF;
		for (int set = 0; set < 3; set++) {
			if ((s->in[set][p->fd / 64] >> (p->fd % 64) & 1) == 0 ||
			    (p->revents & select_ready[set]) == 0)
				continue;
			s->out[set][p->fd / 64] |= 1ull << (p->fd % 64);
			(*result)++;
		}
	}
	return 0;
}

static int
select_wait(struct selectset *s, int n, nsec_t deadline, const abi_sigset_t *mask, intptr_t *result)
{
	struct pollset ps;
	size_t count;
	int error = pollset_init(&ps, select_count(s, n));

	if (error == 0 && mask != NULL)
		error = sigmask_set_temporary(mask);
	if (error == 0) {
		select_to_poll(s, n, &ps);
		error = pollset_wait(&ps, deadline, &count);
		if (mask != NULL)
			error = masked_end(error, count);
	}
	if (error == 0)
		error = select_result(s, &ps, result);
	pollset_done(&ps);
	return error;
}

int
sys_pselect(int n, void __user *rd, void __user *wr, void __user *ex,
    const struct abi_timespec *timeout, const abi_sigset_t *mask, intptr_t *result)
{
	void __user *user[3] = { rd, wr, ex };
	struct selectset *s;
	size_t bytes = ((size_t)n + 63) / 64 * 8;
	nsec_t deadline;
	int error = deadline_of(timeout, &deadline);

	if (error != 0)
		return error;
	if (n < 0 || n > SELECT_MAX)
		return EINVAL;
	s = kmem_alloc(sizeof(*s), ZALLOC_ZERO);
	if (s == NULL)
		return ENOMEM;
	for (int i = 0; error == 0 && i < 3; i++)
		if ((uintptr_t)user[i] != 0)
			error = copyin(user[i], s->in[i], bytes);
	if (error == 0)
		error = select_wait(s, n, deadline, mask, result);
	for (int i = 0; error == 0 && i < 3; i++)
		if ((uintptr_t)user[i] != 0)
			error = copyout(s->out[i], user[i], bytes);
	kmem_free(s, sizeof(*s));
	return error;
}
