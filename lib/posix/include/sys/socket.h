#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef __sa_family_t	sa_family_t;
#ifndef _SOCKLEN_T_DECLARED
typedef __socklen_t	socklen_t;
#define _SOCKLEN_T_DECLARED
#endif

struct sockaddr {
	sa_family_t	sa_family;
	char		sa_data[14];
};

struct sockaddr_storage {
	sa_family_t	ss_family;
	char		__pad[6];
	__uint64_t	__data[15];
};

struct msghdr {
	void		*msg_name;
	socklen_t	msg_namelen;
	struct iovec	*msg_iov;
	int		msg_iovlen;
	void		*msg_control;
	socklen_t	msg_controllen;
	int		msg_flags;
};

struct cmsghdr {
	socklen_t	cmsg_len;
	int		cmsg_level;
	int		cmsg_type;
};

struct linger {
	int	l_onoff;
	int	l_linger;
};

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_LOCAL	AF_UNIX
#define AF_INET		2
#define AF_INET6	10
#define PF_UNSPEC	AF_UNSPEC
#define PF_UNIX		AF_UNIX
#define PF_LOCAL	AF_LOCAL
#define PF_INET		AF_INET
#define PF_INET6	AF_INET6
#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_SEQPACKET	5
#define SOCK_CLOEXEC	0x40000
#define SOCK_NONBLOCK	0x4000
#define SOL_SOCKET	0xffff
#define SO_ACCEPTCONN	2
#define SO_BROADCAST	32
#define SO_DEBUG	1
#define SO_DONTROUTE	16
#define SO_ERROR	0x1007
#define SO_KEEPALIVE	8
#define SO_LINGER	128
#define SO_OOBINLINE	256
#define SO_RCVBUF	0x1002
#define SO_RCVLOWAT	0x1004
#define SO_RCVTIMEO	0x1006
#define SO_REUSEADDR	4
#define SO_SNDBUF	0x1001
#define SO_SNDLOWAT	0x1003
#define SO_SNDTIMEO	0x1005
#define SO_TYPE		0x1008
#define SOMAXCONN	128
#define MSG_OOB		1
#define MSG_PEEK	2
#define MSG_DONTROUTE	4
#define MSG_EOR		8
#define MSG_TRUNC	16
#define MSG_CTRUNC	32
#define MSG_WAITALL	64
#define MSG_DONTWAIT	128
#define MSG_NOSIGNAL	0x20000
#define SHUT_RD		0
#define SHUT_WR		1
#define SHUT_RDWR	2

__BEGIN_DECLS
int	accept(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	bind(int, const struct sockaddr *, socklen_t);
int	connect(int, const struct sockaddr *, socklen_t);
int	getpeername(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	getsockname(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	getsockopt(int, int, int, void *__restrict, socklen_t *__restrict);
int	listen(int, int);
ssize_t	recv(int, void *, size_t, int);
ssize_t	send(int, const void *, size_t, int);
int	setsockopt(int, int, int, const void *, socklen_t);
int	shutdown(int, int);
int	socket(int, int, int);
int	socketpair(int, int, int, int[2]);
__END_DECLS

#endif
