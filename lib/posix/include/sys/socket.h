#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <abi/socket.h>

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
	unsigned	__pad;
};

#define CMSG_ALIGN(n)	(((n) + 7) & ~(size_t)7)
#define CMSG_LEN(n)	(sizeof(struct cmsghdr) + (n))
#define CMSG_SPACE(n)	(sizeof(struct cmsghdr) + CMSG_ALIGN(n))
#define CMSG_DATA(c)	((unsigned char *)((c) + 1))
#define CMSG_FIRSTHDR(m) \
	((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control : \
	 (struct cmsghdr *)0)
#define __CMSG_END(m)	((char *)(m)->msg_control + (m)->msg_controllen)
/* The next header: only where all of it lies inside of the buffer. */
#define CMSG_NXTHDR(m, c) \
	((c)->cmsg_len < sizeof(struct cmsghdr) || \
	 (size_t)(__CMSG_END(m) - (char *)(c)) < CMSG_ALIGN((c)->cmsg_len) + sizeof(struct cmsghdr) ? \
	 (struct cmsghdr *)0 : (struct cmsghdr *)((char *)(c) + CMSG_ALIGN((c)->cmsg_len)))

struct linger {
	int	l_onoff;
	int	l_linger;
};

/* SO_PEERCRED, SCM_CREDENTIALS */
struct ucred {
	pid_t	pid;
	uid_t	uid;
	gid_t	gid;
};

#define PF_UNSPEC	AF_UNSPEC
#define PF_UNIX		AF_UNIX
#define PF_LOCAL	AF_LOCAL
#define PF_INET		AF_INET
#define PF_INET6	AF_INET6

__BEGIN_DECLS
int	accept(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	accept4(int, struct sockaddr *__restrict, socklen_t *__restrict, int);
int	bind(int, const struct sockaddr *, socklen_t);
int	connect(int, const struct sockaddr *, socklen_t);
int	getpeername(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	getsockname(int, struct sockaddr *__restrict, socklen_t *__restrict);
int	getsockopt(int, int, int, void *__restrict, socklen_t *__restrict);
int	listen(int, int);
ssize_t	recv(int, void *, size_t, int);
ssize_t	recvfrom(int, void *__restrict, size_t, int, struct sockaddr *__restrict,
	    socklen_t *__restrict);
ssize_t	recvmsg(int, struct msghdr *, int);
ssize_t	send(int, const void *, size_t, int);
ssize_t	sendmsg(int, const struct msghdr *, int);
ssize_t	sendto(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
int	setsockopt(int, int, int, const void *, socklen_t);
int	shutdown(int, int);
int	sockatmark(int);
int	socket(int, int, int);
int	socketpair(int, int, int, int[2]);
int	getpeereid(int, uid_t *, gid_t *);
__END_DECLS

#endif
