/* ioctl of terminals: attributes, size, flow, breaks, the foreground group, the controlling terminal. */
#include "dev/tty_impl.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "proc/pgrp.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/signal.h>

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
	thr_sleep_prepare(true);
	error = thr_sleep(deadline_after(NSEC_PER_SEC / 4));
	tty_break_set(t, false);
	return error == ETIMEDOUT ? 0 : error;
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
		error = id <= 0 ? EINVAL : tty_check_write(t);
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
	if (!master && changes_terminal(cmd) && (error = tty_check_write(t)) != 0)
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

int
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
		error = tty_check_write(t);
		return error != 0 ? error : arg == 0 ? tty_break(t) : tty_drain(t);
	case TCXONC:
		error = tty_check_write(t);
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
