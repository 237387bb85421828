#pragma once
/* Channels, for the layers above. */
struct thr;

/* Gives up the calls of the running thread that a signal handler interrupted: it ends, or exec. */
void parked_calls_drop(struct thr *);
