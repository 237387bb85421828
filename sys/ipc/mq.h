#pragma once
/* POSIX message queues: what other modules do for them. */
#include "kern/types.h"

struct proc;

/* A message came to an empty queue: the process gets its signal; proc sets it. */
extern void (*mq_notify_hook)(struct proc *to, int signo, uint64_t value, int32_t from, uint32_t uid);
