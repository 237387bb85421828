#pragma once
/* Ports, for those that put packets into them: see ipc/port.c. */
#include "kern/list.h"
#include "kern/node.h"
#include <abi/mx.h>

struct abi_event;
struct evring;
struct registration;

struct packet {
	struct list link;		/* [p] queue of the port */
	bool queued;			/* [p] */
	struct registration *reg;	/* [I] NULL: not that of a registration with a source */
	struct account *account;	/* [I] of a program's: whose job sent it */
	void (*home)(struct packet *);	/* [I] takes it back after use; NULL: it is freed */
	struct abi_port_packet body;	/* [p] */
};

struct port {
	struct node node;
	struct account *account;	/* [I] whose its registrations are, referenced */
	struct list queue;		/* [p] struct packet */
	struct list regs;		/* [p] struct registration */
	uint32_t nuser;			/* [p] user packets queued */
	struct list inner, outer;	/* [g] registrations: of ports in this one, of this one in ports */
	uint64_t walk;			/* [g] the walk that was here last, and what it found */
	uint32_t depth;			/* [g] */
	struct list events;		/* [e] registrations of events (ipc/ev.c) */
	uint32_t last_event;		/* [e] number of the last one */
	struct evring *ring;		/* [p] set once */
};

static inline struct port *
port_of(struct node *n)
{
	return container_of(n, struct port, node);
}

/* As mx_port_queue and mx_port_wait; `type' is what the packet gets. */
int port_send(struct port *, const struct abi_port_packet *, uint32_t type) __must_check;
/* via: ends with ECLOSED when that slot goes; NULL: through none. */
int port_receive(struct port *, nsec_t deadline, const struct via *, void __user *packet) __must_check;
/* Into the ring, when the port has one with room; false: it must be queued. */
bool port_post_ring(struct port *, const struct abi_event *, uint32_t id, struct wakelist *) __must_check;
/* EEXIST: it has one. */
int port_set_ring(struct port *, struct evring *) __must_check;
/* Queues a packet that has a home and is not queued; takes the port's lock. */
void port_post(struct port *, struct packet *, struct wakelist *);
