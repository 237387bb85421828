#pragma once
/* Hooks of the byte-moving calls that the layers above set. */

/* Raises SIGPIPE in the calling thread (sys/proc/signal.c). */
extern void (*io_sigpipe_hook)(void);
