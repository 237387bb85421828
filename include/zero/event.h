#pragma once
/*
 * Zero's events: evreg says what a port shall hear of, evrecv takes an event from it, evsend sends
 * one.  -1 and errno on failure.  Link with -lzero.  The port is made with mx_port_create; what mx_port_wait
 * takes from it is the same bytes.
 */
#include <abi/event.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct abi_event zevent_t;
typedef struct abi_evreg zevreg_t;
typedef struct abi_evunreg zevunreg_t;
typedef struct abi_evstat zevstat_t;

/* EV_* of an event. */
#define ZEV_TYPE(event)	EV_PKT_EVENT((event)->type)

/* The number of the registration, for sys_evop. */
long	sys_evreg(long type, long flags, const zevreg_t *);
/* To a port with WRITE: EV_CMD, EV_MSG, EV_DATA. */
long	sys_evsend(const zevent_t *, long flags, long port);
/* From a port with READ; EV_NOWAIT. */
long	sys_evrecv(zevent_t *, long flags, long port);
long	sys_evop(long command, long flags, void *);

/*
 * A ring of a port: events are taken from memory.  zev_ring_next stores the next one and returns 1,
 * or 0 when there is none: then sys_evrecv waits.  What does not fit into the ring is queued in the kernel
 * behind it, and comes by sys_evrecv.
 */
typedef struct zev_ring {
	struct abi_evring *ring;
	uint32_t mask;
} zev_ring_t;
int	zev_ring_open(zev_ring_t *, int port, uint32_t entries);	/* 0, or -1 and errno */
int	zev_ring_next(zev_ring_t *, zevent_t *, uint32_t *id);		/* id: NULL, or the registration's number */

#ifdef __cplusplus
}
#endif
