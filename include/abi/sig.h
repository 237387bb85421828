#pragma once
/* Signal bits of a node (the wait engine's, not POSIX signals), as in DESIGN.md 5. */
#define SIG_READABLE		(1u << 0)
#define SIG_WRITABLE		(1u << 1)
#define SIG_PEER_CLOSED		(1u << 2)
#define SIG_SIGNALED		(1u << 3)	/* event set, process or thread ended ... */
#define SIG_PEER_WRITE_DISABLED	(1u << 4)
#define SIG_WRITE_DISABLED	(1u << 5)	/* socket: this end may not write */
#define SIG_READ_THRESHOLD	(1u << 10)
#define SIG_WRITE_THRESHOLD	(1u << 11)
#define SIG_ERROR		(1u << 12)
#define SIG_PRIORITY		(1u << 13)
#define SIG_PRIVATE		(1u << 21)	/* of a kind itself, for waits inside the kernel: no program sees it */
#define SIG_LAST_HANDLE		(1u << 22)	/* one handle is left: slots and messages together */
#define SIG_HANDLE_CLOSED	(1u << 23)	/* only ever seen by a waiter */
#define SIG_JOB_NO_PROCESSES	SIG_SIGNALED	/* a job has other words for some bits */
#define SIG_JOB_NO_JOBS		(1u << 4)
#define SIG_JOB_TERMINATED	(1u << 5)
#define SIG_USER_ALL		(0xffu << 24)	/* mx_object_signal may set these */
