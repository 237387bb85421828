#pragma once
/*
 * Terminals.  See dev/tty.c for the theory.  A driver supplies a struct tty_driver, hands input in
 * and fetches output; everything a program sees (termios, job control, waiting) is here.
 *
 * Letters: I immutable, a atomic, t t_lock.
 */
#include "dev/disc.h"
#include "fs/devfs.h"
#include "kern/lock.h"
#include "kern/node.h"
#include "kern/wait.h"

struct pgrp;
struct session;
struct tty;

/* Called with t_lock held; none may sleep. */
struct tty_driver {
	const char *name;
	/* Something changed: output may wait (tty_fetch), input may have room again (tty_room), the
	 * terminal may have hung up or lost its last open. */
	void (*update)(struct tty *, struct wakelist *);
	bool (*idle)(struct tty *);		/* all that was fetched has left the device */
	void (*param)(struct tty *);		/* speed and frame changed */
	void (*send_break)(struct tty *, bool on);
	void (*gone)(struct tty *);		/* last reference; t_lock not held */
};

struct tty {
	struct spin t_lock;
	struct sigsrc t_sig;		/* what programs wait for; shared by all opens */
	struct sigsrc t_inner;		/* READABLE: any byte or end; SIGNALED: output drained */
	struct mutex t_read, t_write;	/* one transfer a direction */
	const struct tty_driver *t_drv;	/* [I] */
	void *t_arg;			/* [t] the driver's */
	uint64_t t_rdev;		/* [I] once a program can open it: the device's number */
	uint32_t t_refs;		/* [a] opens, the port, the session, the master */
	uint32_t t_opens;		/* [t] */
	bool t_hung;			/* [t] never again of use */
	struct session *t_session;	/* [t] referenced, and it holds a reference on the tty */
	struct pgrp *t_pgrp;		/* [t] foreground group, referenced */
	struct abi_winsize t_size;	/* [t] */
	struct disc t_disc;		/* [t] */
};

int tty_create(const struct tty_driver *, void *arg, struct tty **) __must_check;
/* The terminal that an open of it names; NULL for any other node. */
struct tty *tty_of_node(struct node *);
void tty_ref(struct tty *);
void tty_unref(struct tty *);
/* An open of the terminal from devfs; consumes nothing. EIO when it has hung up. */
int tty_open(struct tty *, struct vnode *, uint32_t flags, struct node **) __must_check;
/* For /proc: the device's number and the foreground group's, 0 without one.  proc_tree_lock may be
 * held. */
void tty_job_info(struct tty *, uint64_t *rdev, int32_t *pgid);
/* SIGHUP to the session, end of file for readers, EIO for writers, for ever. */
void tty_hangup(struct tty *);

/* Driver's side, from deferred context or a thread, t_lock not held. */
void tty_input(struct tty *, const uint8_t *, size_t);
void tty_input_error(struct tty *, enum disc_error, uint8_t);
void tty_changed(struct tty *);		/* the device can send again, or has become idle */
size_t tty_take_output(struct tty *, uint8_t *, size_t);
/* Driver's side, within update(). */
size_t tty_fetch(struct tty *, uint8_t *, size_t);
bool tty_pending(const struct tty *);
size_t tty_room(const struct tty *);

/* The calls that a terminal and a pty's master have in common; master: no job-control checks. */
int tty_set_nonblock(struct node *, uintptr_t arg) __must_check;
int tty_ioctl_common(struct tty *, unsigned long cmd, uintptr_t arg, bool master, int *result);

/*
 * A port: a terminal line that outlives hang-ups.  Each hang-up ends its struct tty, the next open
 * makes a new one that takes over the size and the output not yet sent.
 */
struct ttyport {
	const struct tty_driver *drv;	/* [I] */
	void *arg;			/* [I] */
	uint64_t rdev;			/* [I] */
	struct tty *cur;		/* [ttyport_lock] referenced */
};
int ttyport_add(struct ttyport *, const char *name, uint64_t rdev) __must_check;
struct tty *ttyport_tty(struct ttyport *);	/* the current one, referenced */
/* Makes `port' what /dev/console opens; the first caller wins unless `chosen'. */
void ttyport_console(struct ttyport *, bool chosen);
/* A process has opened a terminal: the console is not the boot log's any more. */
bool tty_in_use(void);
