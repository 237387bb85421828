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
#include "dev/tty.h"
#include "kern/assert.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "mach/atomic.h"
#include "mach/boot.h"
#include "mach/user.h"
#include "proc/pgrp.h"
#include "proc/signal.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/signal.h>
#include <abi/stat.h>

LOCK_CLASS(tty_class, "tty", RANK_NODE);
LOCK_CLASS(tty_io_class, "tty.io", RANK_IO);
LOCK_CLASS(ttyport_class, "ttyport", RANK_IO - 1);
COUNTER(tty_count, "dev.tty");

struct ttyfile {
	struct devfile f_dev;
	struct tty *f_tty;		/* [I] referenced */
};
ZONE(ttyfile_zone, struct ttyfile);

#define CHUNK		256u
#define TENTH		(NSEC_PER_SEC / 10)

/* What is to be done once the lock is free. */
struct tty_after {
	struct wakelist wake;
	int32_t pgid;			/* of the group that gets the signals, or 0 */
	uint32_t signals;
	bool resized;
};

static const struct node_ops tty_ops;
static struct mutex ttyport_lock = MUTEX_INIT(ttyport_lock, &ttyport_class);
static struct ttyport *console_port;	/* [ttyport_lock] */
static bool in_use;			/* [a] */

/* --- the critical section --- */

static void
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

static void
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

/* Makes t the current session's terminal; EPERM when it cannot be. */
static int
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

/* Takes the terminal away from its session, which lives on without. */
static void
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

static bool
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
job_check_read(struct tty *t)
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

/* Before a change of the terminal, and a write with TOSTOP. */
static int
job_check_write(struct tty *t)
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

static struct tty *
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
		*deadline = start + time * TENTH;
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
		error = job_check_read(t);
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
		if (error == ETIMEDOUT)
			return 0;
		if (error != 0)
			break;
	}
	return uio->resid != asked ? 0 : error;
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
tty_write_chunk(struct tty *t, struct uio *uio)
{
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
	uint64_t asked = uio->resid;
	int error = 0;

	if ((t->t_disc.termios.c_lflag & TOSTOP) != 0)
		error = job_check_write(t);
	if (error != 0 || asked == 0)
		return error;
	if ((uio->flags & UIO_NONBLOCK) != 0) {
		if (!mutex_trylock(&t->t_write))
			return ESHOULDWAIT;
	} else if ((error = mutex_lock_intr(&t->t_write)) != 0)
		return error;
	while (error == 0 && uio->resid > 0) {
		error = tty_write_chunk(t, uio);
		if (error == ESHOULDWAIT && (uio->flags & UIO_NONBLOCK) == 0)
			error = sig_wait(&t->t_sig, SIG_WRITABLE, WAIT_INTR | WAIT_EXCL, NSEC_INFINITE,
			    NULL, NULL);
	}
	mutex_unlock(&t->t_write);
	return uio->resid != asked ? 0 : error;
}

/* --- control --- */

static int
tty_drain(struct tty *t)
{
	return sig_wait(&t->t_inner, SIG_SIGNALED, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
}

static int
tty_set_termios(struct tty *t, unsigned long cmd, uintptr_t arg)
{
	struct abi_termios tio;
	struct tty_after after;
	int error;

	error = copyin((const void __user *)arg, &tio, sizeof(tio));
	if (error == 0 && cmd != TCSETS)
		error = tty_drain(t);
	if (error != 0)
		return error;
	tty_enter_lock(t, &after);
	if (cmd == TCSETSF)
		disc_flush_in(&t->t_disc);
	disc_set(&t->t_disc, &tio);
	t->t_drv->param(t);
	tty_leave_lock(t, &after);
	return 0;
}

static int
tty_flush(struct tty *t, uintptr_t what)
{
	struct tty_after after;

	if (what > TCIOFLUSH)
		return EINVAL;
	tty_enter_lock(t, &after);
	if (what != TCOFLUSH)
		disc_flush_in(&t->t_disc);
	if (what != TCIFLUSH)
		disc_flush_out(&t->t_disc);
	tty_leave_lock(t, &after);
	return 0;
}

static int
tty_flow(struct tty *t, uintptr_t what)
{
	struct disc *d = &t->t_disc;
	struct tty_after after;

	if (what > TCION)
		return EINVAL;
	tty_enter_lock(t, &after);
	if (what == TCOOFF || what == TCOON)
		disc_stop(d, what == TCOOFF);
	else
		d->send = d->termios.c_cc[what == TCIOFF ? VSTOP : VSTART];
	tty_leave_lock(t, &after);
	return 0;
}

static void
tty_break_set(struct tty *t, bool on)
{
	spin_lock(&t->t_lock);
	t->t_drv->send_break(t, on);
	spin_unlock(&t->t_lock);
}

static int
tty_break(struct tty *t)
{
	int error = tty_drain(t);

	if (error != 0)
		return error;
	tty_break_set(t, true);
	thr_sleep_prepare(false);
	(void)thr_sleep(deadline_after(NSEC_PER_SEC / 4));
	tty_break_set(t, false);
	return 0;
}

static int
tty_get_size(struct tty *t, uintptr_t arg)
{
	struct abi_winsize size;

	spin_lock(&t->t_lock);
	size = t->t_size;
	spin_unlock(&t->t_lock);
	return copyout(&size, (void __user *)arg, sizeof(size));
}

static int
tty_set_size(struct tty *t, uintptr_t arg)
{
	struct abi_winsize size;
	struct tty_after after;
	int error = copyin((const void __user *)arg, &size, sizeof(size));

	if (error != 0)
		return error;
	tty_enter_lock(t, &after);
	after.resized = memcmp(&size, &t->t_size, sizeof(size)) != 0;
	t->t_size = size;
	tty_leave_lock(t, &after);
	return 0;
}

static int
tty_get_termios(struct tty *t, uintptr_t arg)
{
	struct abi_termios tio;

	spin_lock(&t->t_lock);
	tio = t->t_disc.termios;
	spin_unlock(&t->t_lock);
	return copyout(&tio, (void __user *)arg, sizeof(tio));
}

static int
tty_out_int(uintptr_t arg, size_t value)
{
	int32_t v = (int32_t)value;

	return copyout(&v, (void __user *)arg, sizeof(v));
}

static int
tty_get_ids(struct tty *t, unsigned long cmd, uintptr_t arg, bool master)
{
	int32_t id = 0;

	if (!master && !tty_controls_me(t))
		return ENOTTY;
	spin_lock(&t->t_lock);
	if (cmd == TIOCGSID)
		id = t->t_session != NULL ? t->t_session->s_sid : 0;
	else
		id = t->t_pgrp != NULL ? t->t_pgrp->pg_id : 0;
	spin_unlock(&t->t_lock);
	if (id == 0 && cmd == TIOCGSID)
		return ENOTTY;
	return copyout(&id, (void __user *)arg, sizeof(id));
}

static int
tty_set_pgrp(struct tty *t, uintptr_t arg)
{
	struct pgrp *pg, *old = NULL;
	int32_t id;
	int error;

	if (!tty_controls_me(t))
		return ENOTTY;
	error = copyin((const void __user *)arg, &id, sizeof(id));
	if (error == 0)
		error = id <= 0 ? EINVAL : job_check_write(t);
	if (error != 0)
		return error;
	pg = pgrp_find(id);
	if (pg == NULL)
		return EPERM;
	error = pg->pg_session == session_self() ? 0 : EPERM;
	spin_lock(&t->t_lock);
	if (error == 0 && t->t_session != pg->pg_session)
		error = ENOTTY;
	if (error == 0) {
		old = t->t_pgrp;
		t->t_pgrp = pg;
	}
	spin_unlock(&t->t_lock);
	if (error != 0)
		old = pg;
	if (old != NULL)
		pgrp_unref(old);
	return error;
}

/* TIOCSCTTY; root may take a terminal away from another session with arg 1. */
static int
tty_set_controlling(struct tty *t, uintptr_t arg)
{
	bool taken;

	if (tty_controls_me(t))
		return 0;
	spin_lock(&t->t_lock);
	taken = t->t_session != NULL;
	spin_unlock(&t->t_lock);
	if (taken) {
		if (arg != 1 || !cred_super(proc_self()->p_cred))
			return EPERM;
		tty_release(t);
	}
	return tty_acquire(t);
}

static int
tty_give_up(struct tty *t)
{
	struct session *s = session_self();

	if (!tty_controls_me(t))
		return ENOTTY;
	/* The terminal belongs to the session as a whole: only its leader can give it up. */
	if (s->s_leader != proc_self())
		return EPERM;
	tty_release(t);
	return 0;
}

static bool
changes_terminal(unsigned long cmd)
{
	return cmd == TCSETS || cmd == TCSETSW || cmd == TCSETSF || cmd == TCSBRK || cmd == TCXONC ||
	    cmd == TCFLSH;
}

int
tty_ioctl_common(struct tty *t, unsigned long cmd, uintptr_t arg, bool master, int *result)
{
	size_t count;
	int error;

	*result = 0;
	if (!master && changes_terminal(cmd) && (error = job_check_write(t)) != 0)
		return error;
	switch (cmd) {
	case TCGETS:
		return tty_get_termios(t, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return tty_set_termios(t, master ? TCSETS : cmd, arg);
	case TCFLSH:
		return tty_flush(t, arg);
	case TIOCGWINSZ:
		return tty_get_size(t, arg);
	case TIOCSWINSZ:
		return tty_set_size(t, arg);
	case TIOCOUTQ:
		spin_lock(&t->t_lock);
		count = disc_unsent(&t->t_disc);
		spin_unlock(&t->t_lock);
		return tty_out_int(arg, count);
	case TIOCGPGRP:
	case TIOCGSID:
		return tty_get_ids(t, cmd, arg, master);
	}
	return ENOTTY;
}

int
tty_set_nonblock(struct node *n, uintptr_t arg)
{
	uint32_t on;
	int error = copyin((const void __user *)arg, &on, sizeof(on));

	if (error != 0)
		return error;
	if (on != 0)
		atomic_or(&n->flags, (uint32_t)O_NONBLOCK);
	else
		atomic_and(&n->flags, ~(uint32_t)O_NONBLOCK);
	return 0;
}

static int
tty_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct tty *t = tty_of(n);
	size_t count;
	int error;

	*result = 0;
	if (t->t_hung)
		return EIO;
	switch (cmd) {
	case TCSBRK:
		error = job_check_write(t);
		return error != 0 ? error : arg == 0 ? tty_break(t) : tty_drain(t);
	case TCXONC:
		error = job_check_write(t);
		return error != 0 ? error : tty_flow(t, arg);
	case FIONREAD:
		spin_lock(&t->t_lock);
		count = disc_count(&t->t_disc);
		spin_unlock(&t->t_lock);
		return tty_out_int(arg, count);
	case FIONBIO:
		return tty_set_nonblock(n, arg);
	case TIOCSPGRP:
		return tty_set_pgrp(t, arg);
	case TIOCSCTTY:
		return tty_set_controlling(t, arg);
	case TIOCNOTTY:
		return tty_give_up(t);
	}
	return tty_ioctl_common(t, cmd, arg, false, result);
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

/* --- ports, /dev/console, /dev/tty --- */

struct tty *
ttyport_tty(struct ttyport *p)
{
	struct tty *t = atomic_load_acquire(&p->cur);

	tty_ref(t);
	return t;
}

/* A hung-up terminal is replaced; the new one goes on with the old one's output. */
static int
ttyport_renew(struct ttyport *p)
{
	struct tty *old = p->cur, *new;
	struct tty_after after;
	int error;

	if (!old->t_hung)
		return 0;
	error = tty_create(p->drv, p->arg, &new);
	if (error != 0)
		return error;
	new->t_rdev = p->rdev;
	tty_enter_lock(old, &after);
	new->t_size = old->t_size;
	new->t_disc.column = old->t_disc.column;
	new->t_disc.out_w = (uint32_t)disc_fetch(&old->t_disc, new->t_disc.out, DISC_OUT);
	tty_leave_lock(old, &after);
	atomic_store_release(&p->cur, new);
	tty_changed(new);
	tty_unref(old);
	return 0;
}

static int
ttyport_open(struct ttyport *p, struct vnode *vn, uint32_t flags, struct node **out)
{
	int error;

	mutex_lock(&ttyport_lock);
	error = ttyport_renew(p);
	if (error == 0)
		error = tty_open(p->cur, vn, flags, out);
	mutex_unlock(&ttyport_lock);
	return error;
}

static int
ttyport_devfs_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	return ttyport_open(devfs_arg(vn), vn, flags, out);
}

int
ttyport_add(struct ttyport *p, const char *name, uint64_t rdev)
{
	int error = tty_create(p->drv, p->arg, &p->cur);

	if (error != 0)
		return error;
	p->rdev = p->cur->t_rdev = rdev;
	return devfs_add(name, S_IFCHR | 0620, rdev, ttyport_devfs_open, p);
}

void
ttyport_console(struct ttyport *p, bool chosen)
{
	mutex_lock(&ttyport_lock);
	if (console_port == NULL || chosen)
		console_port = p;
	mutex_unlock(&ttyport_lock);
}

/* Never becomes a session's terminal by opening alone: init writes there. */
static int
console_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct ttyport *p;

	mutex_lock(&ttyport_lock);
	p = console_port;
	mutex_unlock(&ttyport_lock);
	return p == NULL ? ENXIO : ttyport_open(p, vn, flags | O_NOCTTY, out);
}

static int
devtty_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct session *s = session_self();
	struct tty *t = NULL;
	int error;

	spin_lock(&proc_tree_lock);
	if (s != NULL && s->s_tty != NULL) {
		t = s->s_tty;
		tty_ref(t);
	}
	spin_unlock(&proc_tree_lock);
	if (t == NULL)
		return ENXIO;
	error = tty_open(t, vn, flags, out);
	tty_unref(t);
	return error;
}

static void
tty_init(void)
{
	if (devfs_add("tty", S_IFCHR | 0666, dev_make(5, 0), devtty_open, NULL) != 0 ||
	    devfs_add("console", S_IFCHR | 0600, dev_make(5, 1), console_open, NULL) != 0)
		log_warn("tty: no /dev/tty or /dev/console\n");
}
INIT(tty_init, LEVEL_DEV);
