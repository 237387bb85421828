#pragma once
/* The ring that a port's events are taken from without a call: see ipc/evring.c. */
#include "kern/types.h"
#include <abi/event.h>

struct evring;

/* Maps a ring of that many entries (rounded up) into the current process.  EINVAL, ENOMEM. */
int evring_make(uint32_t entries, struct evring **out, vaddr_t *addr) __must_check;
void evring_free(struct evring *);	/* the mapping stays */
size_t evring_size(const struct evring *);	/* bytes mapped */
/* The rest under the lock of the port.  False: no room. */
bool evring_put(struct evring *, const struct abi_event *, uint32_t id) __must_check;
bool evring_empty(const struct evring *);
bool evring_take(struct evring *, struct abi_event *) __must_check;
void evring_untake(struct evring *);
