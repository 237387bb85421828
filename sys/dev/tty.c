/*
 * Terminals.
 *
 * 1. Layers.  dev/disc.c is the line discipline: pure state.  This file adds what the state means
 * to others: levels, waiting reads and writes, sessions and job control, hang-up.  A driver
 * (serial line, screen, pty master) moves bytes in with tty_input() and out with tty_fetch().
 *
 * 2. Levels.  All opens of a terminal share t_sig.  READABLE is set iff a read would find what
 * it needs at once: a line in canonical mode; MIN bytes when TIME is 0, else one byte, in raw mode;
 * or the end after a hang-up.  A non-blocking read answers SHOULD_WAIT exactly when READABLE is
 * clear, also with MIN = TIME = 0 (there a blocking read returns 0 at once).  WRITABLE is set iff
 * one byte of output would be taken.  Readers that collect MIN bytes or run an inter-byte timer
 * wait on t_inner, whose READABLE means any byte, and tcdrain on its SIGNALED.
 *
 * 3. Every critical section ends in tty_leave_lock(): it lets the driver act, brings the levels up
 * to date, unlocks, and only then wakes threads and sends the signals that input asked for: the
 * process tree's lock comes before a tty's.
 *
 * 4. Job control.  t_session and t_pgrp are references.  While a session has the terminal, the
 * tty also holds itself, so that a session's s_tty is never stale; whoever takes t_session out
 * drops that reference.
 *
 * 5. Hang-up is final for a struct tty.  Opens keep their node, reads give the end of file, writes
 * EIO.  A line that can be used again has a ttyport, which makes the next struct tty; output
 * that was written before the hang-up still goes out.
 *
 * Locking: t_read or t_write (sleeping) -> t_lock.  They are held while bytes move, t_write also
 * while a writer waits for room, so that lines of two writers do not mix.
 */
#include "dev/tty_impl.h"
#include "dev/turn.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/sigmask.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "proc/pgrp.h"
#include "proc/signal.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>

LOCK_CLASS(tty_class, "tty", RANK_NODE);
LOCK_CLASS(tty_io_class, "tty.io", RANK_IO);
COUNTER(tty_count, "dev.tty");

struct ttyfile {
	struct devfile f_dev;
	struct tty *f_tty;		/* [I] referenced */
};
ZONE(ttyfile_zone, struct ttyfile);

#define CHUNK		256u
#define TENTH		(NSEC_PER_SEC / 10)

static const struct node_ops tty_ops;
static bool in_use;			/* [a] */

/* --- the critical section --- */

void
tty_enter_lock(struct tty *t, struct tty_after *after)
{
	wakelist_init(&after->wake);
	after->pgid = 0;
	after->signals = 0;
	after->resized = false;
	spin_lock(&t->t_lock);
}

static bool
tty_readable(const struct tty *t)
{
	const struct abi_termios *tio = &t->t_disc.termios;
	size_t need = 1;

	if (t->t_hung)
		return true;
	if ((tio->c_lflag & ICANON) == 0 && tio->c_cc[VTIME] == 0 && tio->c_cc[VMIN] > 1)
		need = tio->c_cc[VMIN];
	return disc_avail(&t->t_disc) >= need;
}

static bool
tty_drained(struct tty *t)
{
	return t->t_hung || (disc_unsent(&t->t_disc) == 0 && t->t_disc.send == 0 && t->t_drv->idle(t));
}

static void
tty_levels(struct tty *t, struct wakelist *w)
{
	uint32_t set = 0, inner = 0;

	if (tty_readable(t))
		set |= SIG_READABLE;
	if (t->t_hung || disc_can_output(&t->t_disc))
		set |= SIG_WRITABLE;
	if (t->t_hung)
		set |= SIG_PEER_CLOSED;
	if (t->t_hung || disc_avail(&t->t_disc) > 0)
		inner |= SIG_READABLE;
	if (tty_drained(t))
		inner |= SIG_SIGNALED;
	sig_change(&t->t_sig, (SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED) & ~set, set, w);
	sig_change(&t->t_inner, (SIG_READABLE | SIG_SIGNALED) & ~inner, inner, w);
}

void
tty_leave_lock(struct tty *t, struct tty_after *after)
{
	struct pgrp *pg;

	t->t_drv->update(t, &after->wake);
	tty_levels(t, &after->wake);
	after->signals = t->t_disc.signals;
	t->t_disc.signals = 0;
	/* By number: a reference would need the tree's lock, which comes before this one. */
	if ((after->signals != 0 || after->resized) && t->t_pgrp != NULL)
		after->pgid = t->t_pgrp->pg_id;
	spin_unlock(&t->t_lock);
	wakelist_run(&after->wake);
	if (after->pgid == 0 || (pg = pgrp_find(after->pgid)) == NULL)
		return;
	if ((after->signals & DISC_SIGINT) != 0)
		pgrp_signal(pg, SIGINT);
	if ((after->signals & DISC_SIGQUIT) != 0)
		pgrp_signal(pg, SIGQUIT);
	if ((after->signals & DISC_SIGTSTP) != 0)
		pgrp_signal(pg, SIGTSTP);
	if (after->resized)
		pgrp_signal(pg, SIGWINCH);
	pgrp_unref(pg);
}

/* --- life --- */

int
tty_create(const struct tty_driver *drv, void *arg, struct tty **out)
{
	struct tty *t = kmem_alloc(sizeof(*t), ZALLOC_ZERO);

	if (t == NULL)
		return ENOMEM;
	spin_init(&t->t_lock, &tty_class);
	sigsrc_init(&t->t_sig, &t->t_lock, SIG_WRITABLE);
	sigsrc_init(&t->t_inner, &t->t_lock, SIG_SIGNALED);
	mutex_init(&t->t_read, &tty_io_class);
	mutex_init(&t->t_write, &tty_io_class);
	t->t_drv = drv;
	t->t_arg = arg;
	t->t_refs = 1;
	disc_init(&t->t_disc);
	kstat_add(&tty_count, 1);
	*out = t;
	return 0;
}

void
tty_ref(struct tty *t)
{
	atomic_add(&t->t_refs, 1);
}

void
tty_unref(struct tty *t)
{
	if (atomic_sub_return(&t->t_refs, 1) > 0)
		return;
	ASSERT(t->t_session == NULL && t->t_opens == 0);
	t->t_drv->gone(t);
	kstat_add(&tty_count, -1);
	kmem_free(t, sizeof(*t));
}

/* Takes session and group out; the caller sends signals and drops the references. */
static void
tty_disown(struct tty *t, struct session **s, struct pgrp **pg)
{
	*s = t->t_session;
	*pg = t->t_pgrp;
	t->t_session = NULL;
	t->t_pgrp = NULL;
}

static void
tty_drop(struct tty *t, struct session *s, struct pgrp *pg)
{
	if (pg != NULL) {
		pgrp_signal(pg, SIGHUP);
		pgrp_signal(pg, SIGCONT);
		pgrp_unref(pg);
	}
	if (s != NULL) {
		session_unref(s);
		tty_unref(t);
	}
}

/* The session's leader ended (proc calls it): the terminal hangs up. */
static void
tty_leader_ended(struct tty *t, struct session *s)
{
	struct tty_after after;
	struct session *mine;
	struct pgrp *pg;

	tty_enter_lock(t, &after);
	if (t->t_session != s) {
		tty_leave_lock(t, &after);
		return;
	}
	tty_disown(t, &mine, &pg);
	t->t_hung = true;
	disc_flush_in(&t->t_disc);
	disc_stop(&t->t_disc, false);
	tty_leave_lock(t, &after);
	tty_drop(t, mine, pg);
}

void
tty_hangup(struct tty *t)
{
	struct tty_after after;
	struct session *s;
	struct pgrp *pg;

	tty_enter_lock(t, &after);
	if (t->t_hung) {
		tty_leave_lock(t, &after);
		return;
	}
	tty_disown(t, &s, &pg);
	t->t_hung = true;
	disc_flush_in(&t->t_disc);
	disc_stop(&t->t_disc, false);
	tty_leave_lock(t, &after);
	if (s != NULL) {
		session_clear_tty(s, t);
		spin_lock(&proc_tree_lock);
		if (s->s_leader != NULL) {
			(void)signal_send_proc_locked(s->s_leader, SIGHUP, NULL);
			(void)signal_send_proc_locked(s->s_leader, SIGCONT, NULL);
		}
		spin_unlock(&proc_tree_lock);
	}
	tty_drop(t, s, pg);
}

/* --- the controlling terminal --- */

void
tty_job_info(struct tty *t, uint64_t *rdev, int32_t *pgid)
{
	spin_lock(&t->t_lock);
	*rdev = t->t_rdev;
	*pgid = t->t_pgrp != NULL ? t->t_pgrp->pg_id : 0;
	spin_unlock(&t->t_lock);
}

int
tty_acquire(struct tty *t)
{
	struct tty_after after;
	struct session *s;
	struct pgrp *pg;
	int error;

	error = session_set_tty(t, tty_leader_ended, &s);
	if (error != 0)
		return error;
	pg = pgrp_self();
	pgrp_ref(pg);
	tty_enter_lock(t, &after);
	if (t->t_session == NULL && !t->t_hung) {
		t->t_session = s;
		t->t_pgrp = pg;
		tty_ref(t);
		tty_leave_lock(t, &after);
		return 0;
	}
	tty_leave_lock(t, &after);
	session_clear_tty(s, t);
	session_unref(s);
	pgrp_unref(pg);
	return EPERM;
}

void
tty_release(struct tty *t)
{
	struct tty_after after;
	struct session *s;
	struct pgrp *pg;

	tty_enter_lock(t, &after);
	tty_disown(t, &s, &pg);
	tty_leave_lock(t, &after);
	if (s != NULL)
		session_clear_tty(s, t);
	tty_drop(t, s, pg);
}

bool
tty_controls_me(struct tty *t)
{
	struct session *mine = session_self();
	bool yes;

	spin_lock(&t->t_lock);
	yes = mine != NULL && t->t_session == mine;
	spin_unlock(&t->t_lock);
	return yes;
}

/* Whether the current process is in a background group of t's session; t's own group in *pg. */
static bool
tty_in_background(struct tty *t)
{
	struct pgrp *mine = pgrp_self();
	struct session *s = session_self();
	bool yes;

	spin_lock(&t->t_lock);
	yes = s != NULL && t->t_session == s && t->t_pgrp != mine;
	spin_unlock(&t->t_lock);
	return yes;
}

/* Before a read: ERESTART after SIGTTIN was sent, EIO where that would not help. */
static int
check_read(struct tty *t)
{
	struct pgrp *mine;

	if (!tty_in_background(t))
		return 0;
	mine = pgrp_self();
	if (signal_held_or_ignored(SIGTTIN) || pgrp_orphaned(mine))
		return EIO;
	pgrp_signal(mine, SIGTTIN);
	return ERESTART;
}

int
tty_check_write(struct tty *t)
{
	struct pgrp *mine;

	if (!tty_in_background(t) || signal_held_or_ignored(SIGTTOU))
		return 0;
	mine = pgrp_self();
	if (pgrp_orphaned(mine))
		return EIO;
	pgrp_signal(mine, SIGTTOU);
	return ERESTART;
}

/* --- opens --- */

bool
tty_in_use(void)
{
	return atomic_load(&in_use);
}

struct tty *
tty_of(struct node *n)
{
	return container_of(n, struct ttyfile, f_dev.df_node)->f_tty;
}

int
tty_open(struct tty *t, struct vnode *vn, uint32_t flags, struct node **out)
{
	struct ttyfile *f = zone_alloc(ttyfile_zone, ZALLOC_ZERO);
	struct tty_after after;
	bool hung, owned;

	if (f == NULL)
		return ENOMEM;
	tty_enter_lock(t, &after);
	hung = t->t_hung;
	owned = t->t_session != NULL;
	if (!hung)
		t->t_opens++;
	tty_leave_lock(t, &after);
	if (hung) {
		zone_free(ttyfile_zone, f);
		return EIO;
	}
	tty_ref(t);
	f->f_tty = t;
	devfile_init(&f->f_dev, vn, flags, &tty_ops, NODE_TTY, &t->t_sig, 0);
	if (proc_self() != NULL)
		atomic_store(&in_use, true);
	/* A session leader without a terminal gets the first one that it opens. */
	if ((flags & O_NOCTTY) == 0 && !owned && proc_self() != NULL)
		(void)!tty_acquire(t);
	*out = &f->f_dev.df_node;
	return 0;
}

static void
tty_unused(struct node *n)
{
	struct tty *t = tty_of(n);
	struct tty_after after;

	tty_enter_lock(t, &after);
	t->t_opens--;
	tty_leave_lock(t, &after);
}

static void
tty_destroy(struct node *n)
{
	struct ttyfile *f = container_of(n, struct ttyfile, f_dev.df_node);

	tty_unref(f->f_tty);
	devfile_done(&f->f_dev);
	zone_free(ttyfile_zone, f);
}

/* --- reading --- */

/* Moves what is there: at most a line in canonical mode.  *line: a line or end of file was taken. */
static int
tty_take(struct tty *t, struct uio *uio, bool *line)
{
	struct disc *d = &t->t_disc;
	struct tty_after after;
	uint8_t buf[CHUNK];
	uint32_t cells, flushes;
	uint64_t before;
	bool more = true;
	int error = 0;
	size_t n;

	*line = false;
	while (error == 0 && more && uio->resid > 0) {
		spin_lock(&t->t_lock);
		n = disc_peek(d, buf, MIN(uio->resid, CHUNK), &cells, line);
		flushes = d->flushes;
		spin_unlock(&t->t_lock);
		if (cells == 0)
			break;
		before = uio->resid;
		if (n > 0)
			error = uio_move(buf, n, uio);
		tty_enter_lock(t, &after);
		if (flushes == d->flushes)
			disc_consume(d, error == 0 ? cells : (uint32_t)(before - uio->resid));
		more = !*line && disc_avail(d) > 0;
		tty_leave_lock(t, &after);
	}
	return error;
}

/* How long a read that has `got' bytes may wait for more; false: it is complete. */
static bool
read_goes_on(struct tty *t, size_t got, bool line, nsec_t start, nsec_t last, nsec_t *deadline)
{
	const struct abi_termios *tio = &t->t_disc.termios;
	uint8_t min = tio->c_cc[VMIN], time = tio->c_cc[VTIME];

	*deadline = NSEC_INFINITE;
	if ((tio->c_lflag & ICANON) != 0)
		return !line && got == 0;
	if (got >= min && (got > 0 || time == 0))
		return false;
	if (time != 0 && min == 0)
		*deadline = sigmask_deadline(start + time * TENTH);
	else if (time != 0 && got > 0)
		*deadline = last + time * TENTH;
	return true;
}

static int
tty_read(struct node *n, struct uio *uio)
{
	struct tty *t = tty_of(n);
	uint64_t asked = uio->resid, before;
	nsec_t start = clock_now(), last = start, deadline;
	bool line, more, ready, hung;
	int error;

	if (asked == 0)
		return 0;
	for (;;) {
		error = check_read(t);
		if (error != 0)
			break;
		spin_lock(&t->t_lock);
		ready = (t->t_sig.bits & SIG_READABLE) != 0;
		hung = t->t_hung;
		spin_unlock(&t->t_lock);
		if (hung)
			break;
		if ((uio->flags & UIO_NONBLOCK) != 0 && !ready) {
			error = ESHOULDWAIT;
			break;
		}
		mutex_lock(&t->t_read);
		before = uio->resid;
		error = tty_take(t, uio, &line);
		mutex_unlock(&t->t_read);
		if (error != 0 || uio->resid == 0 || line)
			break;
		if (uio->resid != before)
			last = clock_now();
		spin_lock(&t->t_lock);
		more = read_goes_on(t, asked - uio->resid, line, start, last, &deadline);
		spin_unlock(&t->t_lock);
		if (!more || ((uio->flags & UIO_NONBLOCK) != 0 && uio->resid != asked))
			break;
		error = sig_wait(&t->t_inner, SIG_READABLE, WAIT_INTR | WAIT_EXCL, deadline, NULL, NULL);
		if (error != 0)
			break;
	}
	if (uio->resid != asked || error == ETIMEDOUT)
		error = 0;
	return error == ERESTART ? error : sigmask_end(error);	/* SA_RESTART counts here */
}

/* --- writing --- */

/* Puts up to n bytes into the discipline; *used tells how many. */
static int
tty_put(struct tty *t, const uint8_t *buf, size_t n, size_t *used)
{
	struct tty_after after;
	int error = 0;

	*used = 0;
	tty_enter_lock(t, &after);
	if (t->t_hung)
		error = EIO;
	else
		*used = disc_output(&t->t_disc, buf, n);
	tty_leave_lock(t, &after);
	return error;
}

/* One chunk, of the first vector only, so that what is not used can be given back. */
static int
tty_write_chunk(void *arg, struct uio *uio)
{
	struct tty *t = arg;
	struct kiovec *v;
	uint64_t base, len, resid, n;
	uint32_t vectors;
	uint8_t buf[CHUNK];
	size_t used;
	int error;

	while (uio->iov->len == 0) {
		uio->iov++;
		uio->n--;
	}
	v = uio->iov;
	base = v->base;
	len = v->len;
	vectors = uio->n;
	resid = uio->resid;
	n = MIN(MIN(len, resid), CHUNK);
	error = uio_move(buf, n, uio);
	if (error != 0) {
		/* Nothing of a chunk that faulted is written. */
		used = 0;
	} else
		error = tty_put(t, buf, n, &used);
	if (used < n) {
		uio->iov = v;
		uio->n = vectors;
		v->base = base + used;
		v->len = len - used;
		uio->resid = resid - used;
		if (error == 0)
			error = ESHOULDWAIT;
	}
	return error;
}

static int
tty_write(struct node *n, struct uio *uio)
{
	struct tty *t = tty_of(n);
	int error = 0;

	if ((t->t_disc.termios.c_lflag & TOSTOP) != 0)
		error = tty_check_write(t);
	if (error != 0 || uio->resid == 0)
		return error;
	return turn_write(&t->t_write, &t->t_sig, uio, tty_write_chunk, t);
}

static const struct node_ops tty_ops = {
	.name = "tty", .read = tty_read, .write = tty_write, NODE_OPS_STREAM,
	.stat = devfile_stat, .setattr = devfile_setattr, .ioctl = tty_ioctl,
	.unused = tty_unused, .destroy = tty_destroy,
};

/* --- the driver's side --- */

void
tty_input(struct tty *t, const uint8_t *p, size_t n)
{
	struct tty_after after;

	tty_enter_lock(t, &after);
	if (!t->t_hung)
		disc_input(&t->t_disc, p, n);
	tty_leave_lock(t, &after);
}

void
tty_input_error(struct tty *t, enum disc_error error, uint8_t c)
{
	struct tty_after after;

	tty_enter_lock(t, &after);
	if (!t->t_hung)
		disc_input_error(&t->t_disc, error, c);
	tty_leave_lock(t, &after);
}

void
tty_changed(struct tty *t)
{
	struct tty_after after;

	tty_enter_lock(t, &after);
	tty_leave_lock(t, &after);
}

size_t
tty_fetch(struct tty *t, uint8_t *p, size_t n)
{
	ASSERT(spin_held(&t->t_lock));
	return disc_fetch(&t->t_disc, p, n);
}

size_t
tty_take_output(struct tty *t, uint8_t *p, size_t n)
{
	struct tty_after after;

	tty_enter_lock(t, &after);
	n = disc_fetch(&t->t_disc, p, n);
	tty_leave_lock(t, &after);
	return n;
}

bool
tty_pending(const struct tty *t)
{
	return disc_pending(&t->t_disc);
}

size_t
tty_room(const struct tty *t)
{
	return t->t_hung ? DISC_IN : disc_room(&t->t_disc);
}

struct tty *
tty_of_node(struct node *n)
{
	return n->ops == &tty_ops ? tty_of(n) : NULL;
}
