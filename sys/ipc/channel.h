#pragma once
/* Channels, for the layers above. */
#include "kern/types.h"

struct message;
struct node;
struct thr;

/* Two ends with one use each, which the caller has. */
int channel_make(struct node *end[2]) __must_check;
/* Queues a message of the kernel for the other end; consumes it by success.  EPEERCLOSED, ESHOULDWAIT. */
int channel_post(struct node *from, struct message *) __must_check;
bool channel_peer_closed(struct node *);
/* Messages that can be read from it; its lock is held. */
uint32_t channel_waiting_locked(const struct node *);

/* parked.c: gives up the calls of the running thread that a signal handler interrupted: it ends, or exec. */
void parked_calls_drop(struct thr *);
