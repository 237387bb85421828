#pragma once
/*
 * Errors inside of the kernel: 0 or a positive errno.  The numbers above 500 never leave it:
 * kern/syscall.c turns them into what the caller's face (POSIX or native) knows.
 */
#include <abi/errno.h>

#define ERESTART	512	/* interrupted by a signal before anything was done */
#define ESHOULDWAIT	513	/* would block; POSIX: EAGAIN, native: SHOULD_WAIT */
#define EHANDLE		514	/* no such descriptor; EBADF, BAD_HANDLE */
#define EWRONGTYPE	515	/* descriptor of another kind; EBADF, WRONG_TYPE */
#define ERIGHTS		516	/* right missing; EBADF or EPERM, ACCESS_DENIED */
#define ECLOSED		517	/* the slot a wait was made through went away; CANCELED */
#define EPEERCLOSED	518	/* EPIPE, PEER_CLOSED */
#define ESMALL		519	/* ERANGE, BUFFER_TOO_SMALL */
#define ENORES		520	/* EMFILE, NO_RESOURCES */
#define EBADSTATE	521	/* EINVAL, BAD_STATE */
#define EJUSTRETURN	522	/* the frame is as it should be: touch nothing (sigreturn, exec) */
