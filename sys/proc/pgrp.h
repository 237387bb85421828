#pragma once
/*
 * Sessions and process groups.
 *
 * A session is kept by its groups and by the terminal that it controls; a group by its members and
 * by a terminal whose foreground it is.  The numbers of both stay taken (no process gets them as
 * its pid) until the last reference goes.
 *
 * Letters: I immutable, p proc_tree_lock.  proc_tree_lock (rank PROC_TREE) comes before every node,
 * tty and signal lock: functions without _locked take it, so call them with no such lock held.
 */
#include "kern/list.h"
#include "kern/types.h"

struct proc;
struct tty;

struct session {
	uint32_t s_refs;		/* [p] */
	int32_t s_sid;			/* [I] */
	struct list s_link;		/* [p] all sessions */
	struct proc *s_leader;		/* [p] NULL once it ended; not a reference */
	struct tty *s_tty;		/* [p] controlling terminal or NULL; the tty's back pointer */
	/*
	 * The leader ended: the tty forgets the session and sends SIGHUP to its foreground group.
	 * Called without locks, after s_tty was made NULL; consumes the tty's session reference.
	 */
	void (*s_leave)(struct tty *, struct session *);	/* [p] */
};

struct pgrp {
	uint32_t pg_refs;		/* [p] members count one each */
	int32_t pg_id;			/* [I] */
	struct list pg_link;		/* [p] all groups */
	struct session *pg_session;	/* [I] referenced */
	struct list pg_members;		/* [p] struct proc by p_pgrp_link */
};

/* References; the _ref functions take the tree lock themselves. */
void session_ref(struct session *);
void session_unref(struct session *);
void pgrp_ref(struct pgrp *);
void pgrp_unref(struct pgrp *);
/* The group with that id, referenced, or NULL. */
struct pgrp *pgrp_find(int32_t pgid);

/*
 * Makes tty the controlling terminal (TIOCSCTTY, first open by a leader): EPERM unless the current
 * process leads a session without a terminal.  The caller stores *out, referenced, in the tty.
 */
int session_set_tty(struct tty *, void (*leave)(struct tty *, struct session *), struct session **out)
    __must_check;
/* The tty goes (hang-up, TIOCNOTTY by the leader): the session has no terminal any more. */
void session_clear_tty(struct session *, struct tty *);
/* The current process's session and group; not referenced, stable while it runs in a call. */
struct session *session_self(void);
struct pgrp *pgrp_self(void);

/* Sends to every member (kernel origin, no permission check); from any context but interrupts. */
void pgrp_signal(struct pgrp *, int sig);
/*
 * No member has a parent in the same session but another group: nobody would continue it, so
 * terminal stops do not stop it, and background reads fail with EIO.
 */
bool pgrp_orphaned(struct pgrp *);
bool pgrp_orphaned_locked(struct pgrp *);

/* Within sys/proc, tree lock held. */
int pgrp_create_locked(struct proc *leader, bool new_session, struct session *);
void pgrp_join_locked(struct proc *, struct pgrp *);
void pgrp_leave_locked(struct proc *);
struct pgrp *pgrp_lookup_locked(int32_t pgid);
bool session_exists_locked(int32_t sid);
