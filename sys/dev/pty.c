/*
 * Pseudo terminals.  An open of /dev/ptmx makes a pair: a master (the node returned) and a tty,
 * /dev/pts/N, whose "device" is the master: what the tty sends can be read from the master, what is
 * written to the master is the tty's input.
 *
 * Levels of the master: READABLE iff the tty has something to send, or its last open went away (a
 * read then gives EIO, as a line does whose far end is unplugged) until it is opened again; WRITABLE
 * iff the tty takes a byte.  Both follow from the tty's state, so they are set in its update()
 * under its lock, which the pair shares.
 *
 * The tty starts locked; TIOCSPTLCK unlocks it.  When the master goes, the tty hangs up and its
 * number is free again once its last open is gone as well.
 *
 * The number and the name in /dev are covered by pty_lock (sleeping).  The name is taken away by
 * a kernel thread: the last use of the master may end in places that cannot sleep.
 */
#include "dev/tty.h"
#include "dev/turn.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/thr.h"
#include "kern/uio.h"
#include "kern/wait.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/arena.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/stat.h>

#define NPTY	256u
#define CHUNK	512u

struct pty {
	struct tty *y_tty;		/* [I] referenced by the master */
	struct sigsrc y_sig;		/* the master's; under the tty's lock */
	struct mutex y_write;		/* one writer at a time: room is found, then used */
	uint32_t y_unit;		/* [I] */
	bool y_locked;			/* [state_lock] */
	bool y_closed;			/* [state_lock] master gone; before that it holds the tty */
	bool y_unnamed;			/* [I] it never got a number */
	bool y_was_open;		/* [t_lock] */
	struct list y_link;		/* [state_lock] on `gone' */
};

struct ptmx {
	struct devfile m_dev;
	struct pty *m_pty;		/* [I] */
};
ZONE(ptmx_zone, struct ptmx);
ZONE(pty_zone, struct pty);

LOCK_CLASS(pty_class, "pty", RANK_FILE - 2);	/* devfs makes names under it */
LOCK_CLASS(pty_write_class, "pty.write", RANK_IO);
LOCK_CLASS(state_class, "pty.state", RANK_NODE);
static struct mutex pty_lock = MUTEX_INIT(pty_lock, &pty_class);
IDS(units, 0, NPTY - 1);				/* [pty_lock] */
static struct spin state_lock = SPIN_INIT(&state_class);
static struct list gone = LIST_INIT(gone);		/* [state_lock] ptys to be freed */
static struct sigsrc reap_work;				/* [state_lock] SIGNALED: gone is not empty */

static const struct node_ops ptmx_ops;

/* --- the tty's side --- */

static bool
slave_gone(const struct pty *y)
{
	return y->y_was_open && y->y_tty->t_opens == 0;
}

static void
pty_update(struct tty *t, struct wakelist *w)
{
	const uint32_t all = SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED;
	struct pty *y = t->t_arg;
	uint32_t set = 0;

	if (t->t_opens > 0)
		y->y_was_open = true;
	if (tty_pending(t) || slave_gone(y))
		set |= SIG_READABLE;
	if (tty_room(t) > 0)
		set |= SIG_WRITABLE;
	if (slave_gone(y))
		set |= SIG_PEER_CLOSED;
	sig_change(&y->y_sig, all & ~set, set, w);
}

static bool
pty_idle(struct tty *t)
{
	(void)t;
	return true;
}

static void
pty_param(struct tty *t)
{
	(void)t;
}

static void
pty_break(struct tty *t, bool on)
{
	(void)t;
	(void)on;
}

/* Neither side is open any more: the thread frees it. */
static void
pty_gone(struct tty *t)
{
	struct pty *y = t->t_arg;
	struct wakelist wake;

	wakelist_init(&wake);
	spin_lock(&state_lock);
	list_push_back(&gone, &y->y_link);
	sig_change(&reap_work, 0, SIG_SIGNALED, &wake);
	spin_unlock(&state_lock);
	wakelist_run(&wake);
}

static const struct tty_driver pty_driver = {
	.name = "pty",
	.update = pty_update,
	.idle = pty_idle,
	.param = pty_param,
	.send_break = pty_break,
	.gone = pty_gone,
};

/* y itself stays while its name can be found: pty_lock keeps the two together. */
static struct tty *
pts_tty(struct vnode *vn)
{
	struct tty *t = NULL;
	struct pty *y;

	mutex_lock(&pty_lock);
	y = devfs_arg(vn);
	if (y != NULL) {
		spin_lock(&state_lock);
		if (!y->y_locked && !y->y_closed) {
			t = y->y_tty;
			tty_ref(t);
		}
		spin_unlock(&state_lock);
	}
	mutex_unlock(&pty_lock);
	return t;
}

static int
pts_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct tty *t = pts_tty(vn);
	int error;

	if (t == NULL)
		return EIO;
	error = tty_open(t, vn, flags, out);
	tty_unref(t);
	return error;
}

/* --- numbers and names --- */

static void
pts_path(char *path, size_t size, uint32_t unit)
{
	snprintf(path, size, "pts/%u", unit);
}

/* Gives y a number and a name. */
static int
pty_name(struct pty *y)
{
	char path[16];
	uint32_t i;
	int error = EAGAIN;

	mutex_lock(&pty_lock);
	if (ids_lowest(&units, &i)) {
		y->y_unit = i;
		pts_path(path, sizeof(path), i);
		y->y_tty->t_rdev = dev_make(136, i);
		error = devfs_add(path, S_IFCHR | 0620, dev_make(136, i), pts_open, y);
		if (error != 0)
			ids_put(&units, i);
	}
	mutex_unlock(&pty_lock);
	return error;
}

static void
pty_unname(struct pty *y)
{
	char path[16];

	pts_path(path, sizeof(path), y->y_unit);
	mutex_lock(&pty_lock);
	devfs_remove(path);
	ids_put(&units, y->y_unit);
	mutex_unlock(&pty_lock);
}

static bool
reap_one(void)
{
	struct wakelist wake;
	struct pty *y = NULL;
	struct list *l;

	wakelist_init(&wake);
	spin_lock(&state_lock);
	l = list_pop_front(&gone);
	if (l == NULL)
		sig_change(&reap_work, SIG_SIGNALED, 0, &wake);
	else
		y = list_entry(l, struct pty, y_link);
	spin_unlock(&state_lock);
	wakelist_run(&wake);
	if (y == NULL)
		return false;
	if (!y->y_unnamed)
		pty_unname(y);
	zone_free(pty_zone, y);
	return true;
}

static void
reap_thread(void *arg)
{
	(void)arg;
	for (;;) {
		(void)!sig_wait(&reap_work, SIG_SIGNALED, 0, NSEC_INFINITE, NULL, NULL);
		while (reap_one())
			;
	}
}

static void
pty_quiesce(void)
{
	while (reap_one())
		;
}
QUIESCE(pty_quiesce);

/* --- the master --- */

static struct pty *
pty_of(struct node *n)
{
	return container_of(n, struct ptmx, m_dev.df_node)->m_pty;
}

static int
ptmx_read(struct node *n, struct uio *uio)
{
	struct pty *y = pty_of(n);
	uint64_t asked = uio->resid;
	uint8_t buf[CHUNK];
	size_t got;
	bool cut;
	int error;

	while (asked != 0) {
		/* First whether the far end is gone: what it sent before must be seen after that. */
		spin_lock(&y->y_tty->t_lock);
		cut = slave_gone(y);
		spin_unlock(&y->y_tty->t_lock);
		got = tty_take_output(y->y_tty, buf, MIN(uio->resid, (uint64_t)CHUNK));
		if (got > 0) {
			error = uio_move(buf, got, uio);
			if (error != 0)
				return error;
			if (got == CHUNK && uio->resid > 0)
				continue;
		}
		if (uio->resid != asked)
			return 0;
		if (cut)
			return EIO;
		if ((uio->flags & UIO_NONBLOCK) != 0)
			return ESHOULDWAIT;
		error = sig_wait(&y->y_sig, SIG_READABLE, WAIT_INTR | WAIT_EXCL, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			return error;
	}
	return 0;
}

/* Moves as much as the tty has room for; y_write held, so the room stays. */
static int
ptmx_put(void *arg, struct uio *uio)
{
	struct pty *y = arg;
	uint8_t buf[CHUNK];
	uint64_t before = uio->resid;
	size_t n;
	int error;

	spin_lock(&y->y_tty->t_lock);
	n = tty_room(y->y_tty);
	spin_unlock(&y->y_tty->t_lock);
	if (n == 0)
		return ESHOULDWAIT;
	n = MIN(MIN(uio->resid, (uint64_t)CHUNK), (uint64_t)n);
	error = uio_move(buf, n, uio);
	tty_input(y->y_tty, buf, before - uio->resid);
	return error;
}

static int
ptmx_write(struct node *n, struct uio *uio)
{
	struct pty *y = pty_of(n);

	return turn_write(&y->y_write, &y->y_sig, uio, ptmx_put, y);
}

static int
ptmx_set_lock(struct pty *y, uintptr_t arg)
{
	int32_t lock;
	int error = copyin((const void __user *)arg, &lock, sizeof(lock));

	if (error != 0)
		return error;
	spin_lock(&state_lock);
	y->y_locked = lock != 0;
	spin_unlock(&state_lock);
	return 0;
}

static int
ptmx_ioctl(struct node *n, unsigned long cmd, uintptr_t arg, int *result)
{
	struct pty *y = pty_of(n);

	*result = 0;
	switch (cmd) {
	case TIOCGPTN:
		return copyout(&y->y_unit, (void __user *)arg, sizeof(y->y_unit));
	case TIOCSPTLCK:
		return ptmx_set_lock(y, arg);
	case FIONREAD:
		return tty_ioctl_common(y->y_tty, TIOCOUTQ, arg, true, result);
	case FIONBIO:
		return tty_set_nonblock(n, arg);
	}
	return tty_ioctl_common(y->y_tty, cmd, arg, true, result);
}

static void
ptmx_unused(struct node *n)
{
	struct pty *y = pty_of(n);

	spin_lock(&state_lock);
	y->y_closed = true;
	spin_unlock(&state_lock);
	tty_hangup(y->y_tty);
}

static void
ptmx_destroy(struct node *n)
{
	struct ptmx *m = container_of(n, struct ptmx, m_dev.df_node);

	tty_unref(m->m_pty->y_tty);
	devfile_done(&m->m_dev);
	zone_free(ptmx_zone, m);
}

static const struct node_ops ptmx_ops = {
	.name = "ptmx", .read = ptmx_read, .write = ptmx_write, NODE_OPS_STREAM,
	.stat = devfile_stat, .setattr = devfile_setattr, .ioctl = ptmx_ioctl,
	.unused = ptmx_unused, .destroy = ptmx_destroy,
};

static int
pty_create(struct pty **out)
{
	struct pty *y = zone_alloc(pty_zone, ZALLOC_ZERO);
	int error;

	if (y == NULL)
		return ENOMEM;
	y->y_locked = true;
	mutex_init(&y->y_write, &pty_write_class);
	error = tty_create(&pty_driver, y, &y->y_tty);
	if (error != 0) {
		zone_free(pty_zone, y);
		return error;
	}
	sigsrc_init(&y->y_sig, &y->y_tty->t_lock, SIG_WRITABLE);
	error = pty_name(y);
	if (error != 0) {
		y->y_unnamed = true;
		tty_unref(y->y_tty);
		return error;
	}
	*out = y;
	return 0;
}

static int
ptmx_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct ptmx *m = zone_alloc(ptmx_zone, ZALLOC_ZERO);
	struct pty *y;
	char path[16];
	int error;

	if (m == NULL)
		return ENOMEM;
	error = pty_create(&y);
	if (error != 0) {
		zone_free(ptmx_zone, m);
		return error;
	}
	/* What grantpt is for: the terminal belongs to whoever made it. */
	pts_path(path, sizeof(path), y->y_unit);
	if (proc_self() != NULL)
		error = devfs_set_owner(path, proc_self()->p_cred->ruid, proc_self()->p_cred->rgid, 0620);
	if (error != 0)
		log_warn("pty: /dev/%s keeps its owner\n", path);
	m->m_pty = y;
	devfile_init(&m->m_dev, vn, flags, &ptmx_ops, NODE_TTY, &y->y_sig, 0);
	*out = &m->m_dev.df_node;
	return 0;
}

static void
pty_init(void)
{
	struct thr *t;

	sigsrc_init(&reap_work, &state_lock, 0);
	if (thr_create(NULL, "pty", reap_thread, NULL, &t) != 0 ||
	    devfs_add("ptmx", S_IFCHR | 0666, dev_make(5, 2), ptmx_open, NULL) != 0) {
		log_warn("pty: not there\n");
		return;
	}
	thr_start(t);
}
INIT(pty_init, LEVEL_DEV + 1);
