#pragma once
/* Zero's events: see ipc/ev.c.  What can be watched has a flag that says whether anybody does. */
#include "kern/list.h"
#include "kern/types.h"
#include <abi/event.h>

struct port;

/* Tells the watchers of `owner' (a vnode, a process, or ev_input).  Callers test the owner's flag first; no
 * lock of rank RANK_EVENT or above is held. */
void ev_post(const void *owner, unsigned type, const struct abi_event *body);
/* The port has no handle left: its registrations end. */
void ev_port_closed(struct port *);

/* The console's keyboard and pointer. */
extern const char ev_input;
extern uint32_t ev_input_watched;	/* [a] */

/* What is watched. */
struct ev_target {
	const void *owner;
	uint32_t *watched;		/* [a] registrations of it: the flag */
	uint32_t mask;			/* events it can have */
	void (*release)(const void *owner);	/* gives back the reference taken; NULL: none was */
};
struct node;
/* Terminals, which are in a layer above: fills in owner and release.  Root's owner is ev_input, others have their
 * session: they hear as long as the console is its.  EINVAL: another terminal; EPERM: another's session. */
extern int (*ev_tty_hook)(struct node *, struct ev_target *);
