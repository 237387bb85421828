/*
 * Terminal lines that outlive hang-ups, and the two names that stand for one of them: /dev/console is
 * the port that was chosen at boot, /dev/tty the terminal of the caller's session.
 */
#include "dev/tty_impl.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "mach/atomic.h"
#include "proc/pgrp.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

LOCK_CLASS(ttyport_class, "ttyport", RANK_IO - 1);
static struct mutex ttyport_lock = MUTEX_INIT(ttyport_lock, &ttyport_class);
static struct ttyport *console_port;	/* [ttyport_lock] */

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
