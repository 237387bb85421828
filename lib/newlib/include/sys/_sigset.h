#ifndef _SYS__SIGSET_H_
#define _SYS__SIGSET_H_
/* Bit n-1 is signal n; 64 signals on every machine. */
#include <machine/_default_types.h>
typedef __uint64_t __sigset_t;
#endif
