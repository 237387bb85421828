#pragma once
/*
 * Rights: bits of a descriptor slot.  They say what the holder may do with the node through that
 * slot; they only ever shrink.  Values are Zircon's.
 */
#define RIGHT_DUPLICATE		(1u << 0)	/* dup, fork, handle_duplicate */
#define RIGHT_TRANSFER		(1u << 1)	/* send over a channel or a socket */
#define RIGHT_READ		(1u << 2)
#define RIGHT_WRITE		(1u << 3)
#define RIGHT_EXECUTE		(1u << 4)
#define RIGHT_MAP		(1u << 5)
#define RIGHT_GET_PROPERTY	(1u << 6)
#define RIGHT_SET_PROPERTY	(1u << 7)
#define RIGHT_ENUMERATE		(1u << 8)
#define RIGHT_DESTROY		(1u << 9)
#define RIGHT_SET_POLICY	(1u << 10)
#define RIGHT_GET_POLICY	(1u << 11)
#define RIGHT_SIGNAL		(1u << 12)
#define RIGHT_SIGNAL_PEER	(1u << 13)
#define RIGHT_WAIT		(1u << 14)
#define RIGHT_INSPECT		(1u << 15)
#define RIGHT_MANAGE_JOB	(1u << 16)
#define RIGHT_MANAGE_PROCESS	(1u << 17)
#define RIGHT_MANAGE_THREAD	(1u << 18)
#define RIGHT_MANAGE_SOCKET	(1u << 20)	/* mx_socket_set_disposition */
#define RIGHT_RESIZE		(1u << 22)	/* of a VMO: mx_vmo_set_size, ftruncate */
#define RIGHT_SAME		(1u << 31)	/* not a right: "the same as the source has" */
#define RIGHT_ALL		(((1u << 19) - 1) | RIGHT_MANAGE_SOCKET | RIGHT_RESIZE)

/* What every node made by a POSIX call has, whatever it was opened for. */
#define RIGHTS_POSIX	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_INSPECT | \
			 RIGHT_GET_PROPERTY | RIGHT_SET_PROPERTY)
/* What new tasks come with; a VMAR's READ, WRITE, EXECUTE say what may be mapped. */
#define RIGHTS_BASIC	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_INSPECT)
#define RIGHTS_PROCESS	(RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_GET_PROPERTY | \
			 RIGHT_SET_PROPERTY | RIGHT_ENUMERATE | RIGHT_DESTROY | RIGHT_SIGNAL | \
			 RIGHT_MANAGE_PROCESS | RIGHT_MANAGE_THREAD)
#define RIGHTS_THREAD	(RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_GET_PROPERTY | \
			 RIGHT_SET_PROPERTY | RIGHT_DESTROY | RIGHT_SIGNAL | RIGHT_MANAGE_THREAD)
#define RIGHTS_VMAR_ROOT (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE | \
			 RIGHT_EXECUTE | RIGHT_MAP)
#define RIGHTS_JOB	(RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_GET_PROPERTY | \
			 RIGHT_SET_PROPERTY | RIGHT_ENUMERATE | RIGHT_DESTROY | RIGHT_SET_POLICY | \
			 RIGHT_GET_POLICY | RIGHT_SIGNAL | RIGHT_MANAGE_JOB | RIGHT_MANAGE_PROCESS | \
			 RIGHT_MANAGE_THREAD)
/* Of its own job a process may make children, and nothing else. */
#define RIGHTS_JOB_DEFAULT (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_MANAGE_JOB | RIGHT_MANAGE_PROCESS)
