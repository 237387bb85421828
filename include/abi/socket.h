#pragma once
/* Sockets: numbers and structs of their calls.  The values are those that newlib's ports expect. */
#include <abi/types.h>

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_LOCAL	AF_UNIX
#define AF_INET		2
#define AF_INET6	10

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_SEQPACKET	5
#define SOCK_NONBLOCK	0x4000	/* with the type: O_NONBLOCK */
#define SOCK_CLOEXEC	0x40000	/* with the type: O_CLOEXEC */

#define SOL_SOCKET	0xffff
#define SO_DEBUG	0x0001
#define SO_ACCEPTCONN	0x0002
#define SO_REUSEADDR	0x0004
#define SO_KEEPALIVE	0x0008
#define SO_DONTROUTE	0x0010
#define SO_BROADCAST	0x0020
#define SO_LINGER	0x0080
#define SO_OOBINLINE	0x0100
#define SO_SNDBUF	0x1001
#define SO_RCVBUF	0x1002
#define SO_SNDLOWAT	0x1003
#define SO_RCVLOWAT	0x1004
#define SO_SNDTIMEO	0x1005
#define SO_RCVTIMEO	0x1006
#define SO_ERROR	0x1007
#define SO_TYPE		0x1008
#define SO_PEERCRED	0x100a	/* struct ucred of who connected or listened */
#define SO_PASSCRED	0x100b	/* messages come with SCM_CREDENTIALS */
#define SO_PROTOCOL	0x1016
#define SO_DOMAIN	0x1019
#define SOMAXCONN	128

#define MSG_OOB		0x0001
#define MSG_PEEK	0x0002
#define MSG_DONTROUTE	0x0004
#define MSG_EOR		0x0008
#define MSG_TRUNC	0x0010
#define MSG_CTRUNC	0x0020
#define MSG_WAITALL	0x0040
#define MSG_DONTWAIT	0x0080
#define MSG_NOSIGNAL	0x20000
#define MSG_CMSG_CLOEXEC 0x40000

#define SHUT_RD		0
#define SHUT_WR		1
#define SHUT_RDWR	2

#define SCM_RIGHTS	1	/* int[]: descriptors */
#define SCM_CREDENTIALS	2	/* struct ucred */
#define SCM_MAX_RIGHTS	253	/* descriptors in one message */

struct abi_sockaddr_un {
	abi_u16 family;
	char path[108];		/* ends at a NUL or at the length given */
};
_Static_assert(sizeof(struct abi_sockaddr_un) == 110, "sockaddr_un");

struct abi_ucred {
	abi_i32 pid;
	abi_u32 uid, gid;
};
_Static_assert(sizeof(struct abi_ucred) == 12, "ucred");

/* On x86-64 the same bytes as struct msghdr; iov points to struct abi_iovec. */
struct abi_msghdr {
	abi_u64 name;
	abi_u32 namelen, pad0;
	abi_u64 iov;
	abi_i32 iovlen;
	abi_u32 pad1;
	abi_u64 control;
	abi_u32 controllen;
	abi_i32 flags;		/* out: MSG_TRUNC, MSG_CTRUNC, MSG_EOR */
};
_Static_assert(sizeof(struct abi_msghdr) == 48, "msghdr");

/* Control messages: a header, its data at ABI_CMSG_DATA, the next one at a multiple of 8. */
struct abi_cmsghdr {
	abi_u32 len;		/* header and data */
	abi_i32 level;
	abi_i32 type;
	abi_u32 pad;
};
_Static_assert(sizeof(struct abi_cmsghdr) == 16, "cmsghdr");
#define ABI_CMSG_ALIGN(n)	(((n) + 7u) & ~7u)

struct abi_linger {
	abi_i32 onoff, linger;
};
_Static_assert(sizeof(struct abi_linger) == 8, "linger");
