/*
 * Call traces.
 *
 * 1. A trace is a queue of records that read() empties.  Processes are attached to it, by themselves
 * or by who may look into them, and with FOLLOW their children are too.  Each call of an attached
 * process becomes one record when it ends: number, arguments, what they pointed to (strings and small
 * structs: the generated systrace[] says which), result.  Signals and ends are records as well.
 *
 * 2. Who is not traced pays nothing.  The entry compares the call's number with the thread's
 * t_call_max, which is SYS_MAX; for the threads of an attached process it is 0, so that every call
 * takes the path of numbers that do not exist and is found to be traced there (kern/syscall.c).
 * t_call_max is a guess that may be 0 for nothing: a thread that finds no trace puts it right.
 *
 * 3. Nothing is lost as long as the reader reads: a caller whose record finds the queue over
 * LIMIT sleeps until there is room.  Ends and signals never sleep, they have the slack up to SIZE.
 * A signal ends the sleep; what then finds no room is counted as lost in the next record.  A reader
 * that does nothing for PATIENCE (it may be the traced process itself) is not waited for again until
 * it reads.
 *
 * 4. The trace ends, for the reader, when it had processes and has none: read() is 0 then.  When the
 * reader closes it, attached processes run on untraced.
 *
 * 5. A record in the making belongs to its thread (t_trace), so that a call that ends the thread
 * still gets its line.
 *
 * Locking: p_trace is guarded by proc_tree_lock and holds a reference; the queue and the levels by
 * the node's lock (tree before node); one reader at a time by t_read.
 */
#include "ipc/trace.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/status.h"
#include "kern/string.h"
#include "kern/sysarg.h"
#include "kern/systrace.h"
#include "kern/time.h"
#include "kern/trap.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/kmap.h"
#include "vm/zone.h"
#include <abi/mx.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/trace.h>

#define SIZE		65536u		/* bytes of the queue, a power of two */
#define LIMIT		49152u		/* above, callers wait */
#define PATIENCE	(5 * NSEC_PER_SEC)
#define RECORD_MAX	1280u
#define STRING_MAX	256u		/* of a path or an argument list */
#define BUFFER_MAX	64u		/* of what is read or written */
#define ARRAY_MOST	4u		/* elements of an array */
#define TRACE_RIGHTS	(RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE)

struct trace {
	struct node t_node;
	struct mutex t_read;		/* one reader takes records */
	char *t_ring;			/* [I] SIZE bytes */
	uint32_t t_head, t_tail;	/* [n] free running: written, read */
	uint32_t t_attached;		/* [n] processes */
	bool t_began;			/* [n] there was one */
	bool t_closed;			/* [n] nobody reads any more */
	bool t_lost;			/* [n] */
	bool t_stalled;			/* [n] the reader sleeps: nobody waits for it */
	bool t_super;			/* [I] root made it */
	struct sigsrc t_room;		/* [n] WRITABLE: who makes records need not wait */
};

struct record {
	struct trace *trace;		/* referenced */
	struct abi_trace_record r;
	char pieces[RECORD_MAX - sizeof(struct abi_trace_record)];
};

LOCK_CLASS(trace_class, "trace", RANK_NODE);
LOCK_CLASS(trace_read_class, "trace reader", RANK_IO);
ZONE(trace_zone, struct trace);
ZONE(record_zone, struct record);
COUNTER(traces, "node.trace");

static const struct node_ops trace_ops;

static struct trace *
trace_of(struct node *n)
{
	return container_of(n, struct trace, t_node);
}

/* --- the queue --- */

static void
ring_put(struct trace *tr, const void *from, uint32_t n)
{
	uint32_t at = tr->t_head & (SIZE - 1), part = MIN(n, SIZE - at);

	memcpy(tr->t_ring + at, from, part);
	memcpy(tr->t_ring, (const char *)from + part, n - part);
	tr->t_head += n;
}

static void
ring_look(const struct trace *tr, void *to, uint32_t n)
{
	uint32_t at = tr->t_tail & (SIZE - 1), part = MIN(n, SIZE - at);

	memcpy(to, tr->t_ring + at, part);
	memcpy((char *)to + part, tr->t_ring, n - part);
}

/* The levels as the queue has them: READABLE also at the end. */
static void
levels_locked(struct trace *tr, struct wakelist *wl)
{
	bool end = tr->t_began && tr->t_attached == 0;
	bool room = tr->t_closed || tr->t_stalled || tr->t_head - tr->t_tail <= LIMIT;
	uint32_t on = tr->t_head != tr->t_tail || end ? SIG_READABLE : 0;

	if (end)
		on |= SIG_PEER_CLOSED;
	sig_change(&tr->t_node.own, (SIG_READABLE | SIG_PEER_CLOSED) & ~on, on, wl);
	sig_change(&tr->t_room, room ? 0 : SIG_WRITABLE, room ? SIG_WRITABLE : 0, wl);
}

/* Until there is room, but not for ever. */
static void
wait_room(struct trace *tr)
{
	struct wakelist wl;
	int error = 0;

	while (error == 0 && (atomic_load(&tr->t_room.bits) & SIG_WRITABLE) == 0)
		error = sig_wait(&tr->t_room, SIG_WRITABLE, WAIT_INTR, deadline_after(PATIENCE), NULL, NULL);
	if (error != ETIMEDOUT)
		return;
	wakelist_init(&wl);
	spin_lock(&tr->t_node.lock);
	tr->t_stalled = tr->t_head - tr->t_tail > LIMIT;
	levels_locked(tr, &wl);
	spin_unlock(&tr->t_node.lock);
	wakelist_run(&wl);
}

static void
trace_put(struct trace *tr, struct abi_trace_record *r, bool wait)
{
	struct wakelist wl;

	if (wait)
		wait_room(tr);
	wakelist_init(&wl);
	r->time = clock_now();
	spin_lock(&tr->t_node.lock);
	if (!tr->t_closed && SIZE - (tr->t_head - tr->t_tail) >= r->size) {
		if (tr->t_lost)
			r->flags |= MX_TRACE_LOST;
		tr->t_lost = false;
		ring_put(tr, r, r->size);
		levels_locked(tr, &wl);
	} else {
		tr->t_lost = true;
	}
	spin_unlock(&tr->t_node.lock);
	wakelist_run(&wl);
}

/* The next record, copied; 0: there is none, or it does not fit. */
static uint32_t
record_look(struct trace *tr, void *to, size_t room, bool *end)
{
	uint32_t size = 0;

	spin_lock(&tr->t_node.lock);
	*end = tr->t_head == tr->t_tail && tr->t_began && tr->t_attached == 0;
	if (tr->t_head != tr->t_tail) {
		ring_look(tr, &size, sizeof(size));
		if (size <= room)
			ring_look(tr, to, size);
		else
			size = 0;
	}
	spin_unlock(&tr->t_node.lock);
	return size;
}

static void
record_taken(struct trace *tr, uint32_t size)
{
	struct wakelist wl;

	wakelist_init(&wl);
	spin_lock(&tr->t_node.lock);
	tr->t_tail += size;
	tr->t_stalled = false;
	levels_locked(tr, &wl);
	spin_unlock(&tr->t_node.lock);
	wakelist_run(&wl);
}

/* Whole records, as many as there are and fit. */
static int
take_records(struct trace *tr, struct uio *uio, char *buf, bool *end)
{
	uint64_t before = uio->resid;
	uint32_t size;
	int error = 0;

	mutex_lock(&tr->t_read);
	while (error == 0 &&
	    (size = record_look(tr, buf, (size_t)MIN(uio->resid, (uint64_t)RECORD_MAX), end)) != 0) {
		uint64_t left = uio->resid;

		error = uio_move(buf, size, uio);
		if (error == 0)
			record_taken(tr, size);
		else
			uio->resid = left;
	}
	mutex_unlock(&tr->t_read);
	return uio->resid != before ? 0 : error;
}

static int
trace_read(struct node *n, struct uio *uio)
{
	struct trace *tr = trace_of(n);
	uint64_t before = uio->resid;
	char *buf;
	bool end = false;
	int error;

	if (uio->resid < RECORD_MAX)
		return EINVAL;
	buf = kmem_alloc(RECORD_MAX, 0);
	if (buf == NULL)
		return ENOMEM;
	while ((error = take_records(tr, uio, buf, &end)) == 0 && uio->resid == before && !end) {
		error = (uio->flags & UIO_NONBLOCK) != 0 ? ESHOULDWAIT :
		    sig_wait(&n->own, SIG_READABLE, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			break;
	}
	kmem_free(buf, RECORD_MAX);
	return error;
}

static void
trace_unused(struct node *n)
{
	struct trace *tr = trace_of(n);
	struct wakelist wl;

	wakelist_init(&wl);
	spin_lock(&n->lock);
	tr->t_closed = true;
	levels_locked(tr, &wl);
	spin_unlock(&n->lock);
	wakelist_run(&wl);
}

static void
trace_destroy(struct node *n)
{
	struct trace *tr = trace_of(n);

	kmap_free(tr->t_ring, SIZE);
	zone_free(trace_zone, tr);
	kstat_add(&traces, -1);
}

static const struct node_ops trace_ops = {
	.name = "trace", .read = trace_read, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = trace_unused, .destroy = trace_destroy,
};

int
sys_mx_trace_create(uint32_t options, void __user *out)
{
	struct trace *tr = zone_alloc(trace_zone, ZALLOC_ZERO);

	if (tr == NULL)
		return ENOMEM;
	tr->t_ring = kmap_alloc(SIZE);
	if (tr->t_ring == NULL) {
		zone_free(trace_zone, tr);
		return ENOMEM;
	}
	kstat_add(&traces, 1);
	node_init(&tr->t_node, &trace_ops, NODE_TRACE, NULL, 0);
	spin_set_class(&tr->t_node.lock, &trace_class);
	mutex_init(&tr->t_read, &trace_read_class);
	sigsrc_init(&tr->t_room, &tr->t_node.lock, SIG_WRITABLE);
	tr->t_super = cred_super(proc_self()->p_cred);
	return handle_install_new(&tr->t_node, TRACE_RIGHTS, out);
}

/* --- who is traced --- */

static void
attach_locked(struct trace *tr, struct proc *p)
{
	struct wakelist wl;
	struct thr *t;

	node_ref(&tr->t_node);
	p->p_trace = &tr->t_node;
	list_for_each(t, &p->p_thrs, t_proc_link)
		atomic_store(&t->t_call_max, 0ull);
	wakelist_init(&wl);
	spin_lock(&tr->t_node.lock);
	tr->t_attached++;
	tr->t_began = true;
	levels_locked(tr, &wl);		/* only the end may go: nobody wakes */
	spin_unlock(&tr->t_node.lock);
}

static void
trace_leave(struct proc *p)
{
	struct wakelist wl;
	struct node *n;

	spin_lock(&proc_tree_lock);
	n = p->p_trace;
	p->p_trace = NULL;
	p->p_trace_follow = false;
	spin_unlock(&proc_tree_lock);
	if (n == NULL)
		return;
	wakelist_init(&wl);
	spin_lock(&n->lock);
	trace_of(n)->t_attached--;
	levels_locked(trace_of(n), &wl);
	spin_unlock(&n->lock);
	wakelist_run(&wl);
	node_unref(n);
}

/* Reference on the trace of a process that somebody reads, or NULL. */
static struct trace *
trace_get(struct proc *p)
{
	struct node *n;

	if (p->p_trace == NULL)
		return NULL;
	spin_lock(&proc_tree_lock);
	n = p->p_trace;
	if (n != NULL)
		node_ref(n);
	spin_unlock(&proc_tree_lock);
	if (n != NULL && trace_of(n)->t_closed) {
		node_unref(n);
		trace_leave(p);
		n = NULL;
	}
	return n != NULL ? trace_of(n) : NULL;
}

void
trace_setid(struct proc *p)
{
	struct trace *tr = trace_get(p);

	if (tr == NULL)
		return;
	if (!tr->t_super)
		trace_leave(p);
	node_unref(&tr->t_node);
}

void
trace_child_locked(struct proc *parent, struct proc *child)
{
	if (!parent->p_trace_follow)
		return;
	child->p_trace_follow = true;
	attach_locked(trace_of(parent->p_trace), child);
}

/* Whom the caller may trace: root anyone, others what is wholly their own and no set-id program. */
static bool
may_trace_locked(const struct proc *p)
{
	const struct cred *me = proc_self()->p_cred, *c = p->p_cred;

	if (cred_super(me))
		return true;
	return !p->p_setid && me->euid == c->euid && me->euid == c->ruid && me->euid == c->suid;
}

int
sys_mx_trace_attach(struct node *n, struct node *process, uint32_t options)
{
	struct proc *p = container_of(process, struct proc, p_node);
	int error = 0;

	spin_lock(&proc_tree_lock);
	if (!may_trace_locked(p))
		error = EACCES;
	else if (p->p_trace != NULL)
		error = EISCONN;
	else if (p->p_state != PROC_ALIVE)
		error = EBADSTATE;
	if (error == 0) {
		p->p_trace_follow = (options & MX_TRACE_FOLLOW) != 0;
		attach_locked(trace_of(n), p);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

/* --- making records --- */

static void
record_init(struct abi_trace_record *r, unsigned kind)
{
	struct thr *t = thr_self();

	memset(r, 0, sizeof(*r));
	r->size = sizeof(*r);
	r->kind = (uint16_t)kind;
	r->pid = t->t_proc->p_pid;
	r->tid = t->t_tid;
}

/* Room for a piece of n bytes, or NULL. */
static char *
piece_begin(struct record *rec, size_t n)
{
	size_t used = rec->r.size - sizeof(rec->r);

	if (used + sizeof(struct abi_trace_piece) + n + 3 > sizeof(rec->pieces))
		return NULL;
	return rec->pieces + used + sizeof(struct abi_trace_piece);
}

static void
piece_end(struct record *rec, unsigned arg, size_t n, bool more)
{
	const struct abi_trace_piece piece = { .arg = (uint8_t)arg, .more = more, .size = (uint16_t)n };
	char *at = rec->pieces + (rec->r.size - sizeof(rec->r));
	size_t all = ROUND_UP(sizeof(piece) + n, (size_t)4);

	memcpy(at, &piece, sizeof(piece));
	memset(at + sizeof(piece) + n, 0, all - sizeof(piece) - n);
	rec->r.size += (uint32_t)all;
}

static void
take_bytes(struct record *rec, unsigned arg, size_t n, size_t most)
{
	size_t part = MIN(n, most);
	char *to = piece_begin(rec, part);

	if (to != NULL && copyin((const void __user *)(uintptr_t)rec->r.arg[arg], to, part) == 0)
		piece_end(rec, arg, part, part < n);
}

static void
take_string(struct record *rec, unsigned arg, uint64_t from)
{
	char *to = piece_begin(rec, STRING_MAX);
	size_t len;
	int error;

	if (to == NULL || from == 0)
		return;
	error = copyinstr((const void __user *)(uintptr_t)from, to, STRING_MAX, &len);
	if (error == 0)
		piece_end(rec, arg, strlen(to), false);
	else if (error == ENAMETOOLONG)
		piece_end(rec, arg, STRING_MAX, true);
}

/* argv: a piece a string. */
static void
take_vector(struct record *rec, unsigned arg)
{
	uint64_t at = rec->r.arg[arg];
	uintptr_t word;

	for (unsigned i = 0; i < 8 && at != 0; i++, at += sizeof(word)) {
		if (copyin((const void __user *)(uintptr_t)at, &word, sizeof(word)) != 0 || word == 0)
			return;
		take_string(rec, arg, word);
	}
}

static void
take_inputs(struct record *rec)
{
	for (unsigned i = 0; i < 8; i++) {
		const struct systrace *s = &systrace[rec->r.call][i];

		switch (s->what) {
		case SYSTRACE_STRING:
			take_string(rec, i, rec->r.arg[i]);
			break;
		case SYSTRACE_VECTOR:
			take_vector(rec, i);
			break;
		case SYSTRACE_IN:
			if (rec->r.arg[i] != 0)
				take_bytes(rec, i, s->size, BUFFER_MAX);
			break;
		case SYSTRACE_IN_BUFFER:
			take_bytes(rec, i, MIN((size_t)rec->r.arg[i + 1], (size_t)UINT16_MAX) * MAX(s->size, 1u),
			    s->size > 1 ? s->size * ARRAY_MOST : BUFFER_MAX);
			break;
		default:
			break;
		}
	}
}

static void
take_outputs(struct record *rec)
{
	for (unsigned i = 0; i < 8; i++) {
		const struct systrace *s = &systrace[rec->r.call][i];

		if (s->what == SYSTRACE_OUT && rec->r.arg[i] != 0)
			take_bytes(rec, i, s->size, BUFFER_MAX * 2);
		else if (s->what == SYSTRACE_OUT_BUFFER && rec->r.result > 0)
			take_bytes(rec, i, (size_t)rec->r.result, BUFFER_MAX);
	}
}

static struct record *
record_begin(struct trace *tr, const struct trapframe *tf, unsigned nr)
{
	struct record *rec = zone_alloc(record_zone, 0);

	if (rec == NULL)
		return NULL;
	record_init(&rec->r, MX_TRACE_CALL);
	rec->trace = tr;
	rec->r.call = (uint16_t)nr;
	for (unsigned i = 0; i < sysent[nr].nargs; i++)
		rec->r.arg[i] = tf_arg(tf, i);
	take_inputs(rec);
	return rec;
}

static void
record_result(struct record *rec, int error, intptr_t result)
{
	if (error == ERESTART) {
		rec->r.flags = MX_TRACE_RESTARTED;
	} else if (error != 0 && error != EJUSTRETURN) {
		rec->r.flags = MX_TRACE_FAILED;
		rec->r.result = rec->r.call >= SYS_NATIVE ? error_to_status(error) : error_to_errno(error);
	} else {
		rec->r.result = error == 0 ? result : 0;
		take_outputs(rec);
	}
}

static void
record_end(struct record *rec, bool wait)
{
	trace_put(rec->trace, &rec->r, wait);
	node_unref(&rec->trace->t_node);
	zone_free(record_zone, rec);
}

/* A call that does not come back. */
static void
trace_thread_end(struct thr *t)
{
	struct record *rec = t->t_trace;

	t->t_trace = NULL;
	rec->r.flags = MX_TRACE_NORETURN;
	record_end(rec, false);
}

/* kern/syscall.c: a call of a thread whose t_call_max is 0. */
static int
trace_call(struct trapframe *tf, unsigned nr)
{
	struct thr *t = thr_self();
	struct trace *tr = trace_get(t->t_proc);
	struct record *rec = tr != NULL ? record_begin(tr, tf, nr) : NULL;
	int error;

	if (tr == NULL)
		atomic_store(&t->t_call_max, (uint64_t)SYS_MAX);
	else if (rec == NULL)
		node_unref(&tr->t_node);
	t->t_trace = rec;
	error = syscall_run(tf, nr);
	if (rec == NULL)
		return 0;
	t->t_trace = NULL;
	record_result(rec, error, *tf_result(tf));
	record_end(rec, true);
	return 0;
}

void
trace_signal(struct proc *p, const struct abi_siginfo *info)
{
	struct trace *tr = trace_get(p);
	struct abi_trace_record r;

	if (tr == NULL)
		return;
	record_init(&r, MX_TRACE_SIGNAL);
	r.result = info->signo;
	r.arg[0] = (uint64_t)(int64_t)info->code;
	trace_put(tr, &r, false);
	node_unref(&tr->t_node);
}

void
trace_exit(struct proc *p, int status)
{
	struct trace *tr = trace_get(p);
	struct abi_trace_record r;

	if (thr_self()->t_trace != NULL)
		trace_thread_end(thr_self());
	if (tr == NULL)
		return;
	record_init(&r, MX_TRACE_EXIT);
	r.result = status;
	trace_put(tr, &r, false);
	node_unref(&tr->t_node);
	trace_leave(p);
}

static void
trace_init(void)
{
	syscall_trace_hook = trace_call;
	thr_trace_hook = trace_thread_end;
}
INIT(trace_init, LEVEL_KERN + 5);
