/* Sockets: thin names over the calls. */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include "libc.h"

int
socket(int domain, int type, int protocol)
{
	return (int)__sys_socket(domain, type, protocol);
}

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	return (int)__sys_socketpair(domain, type, protocol, fds);
}

int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)__sys_bind(fd, addr, len);
}

int
listen(int fd, int backlog)
{
	return (int)__sys_listen(fd, backlog);
}

int
accept4(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len, int flags)
{
	return (int)CANCELABLE4(accept4, fd, addr, len, flags);
}

int
accept(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return accept4(fd, addr, len, 0);
}

int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CANCELABLE3(connect, fd, addr, len);
}

int
shutdown(int fd, int how)
{
	return (int)__sys_shutdown(fd, how);
}

int
getsockname(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return (int)__sys_getsockname(fd, addr, len);
}

int
getpeername(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return (int)__sys_getpeername(fd, addr, len);
}

int
getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict len)
{
	return (int)__sys_getsockopt(fd, level, name, value, len);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return (int)__sys_setsockopt(fd, level, name, value, len);
}

ssize_t
sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	return CANCELABLE6(sendto, fd, buf, len, flags, addr, addrlen);
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	return CANCELABLE6(sendto, fd, buf, len, flags, NULL, 0);
}

ssize_t
recvfrom(int fd, void *__restrict buf, size_t len, int flags, struct sockaddr *__restrict addr,
    socklen_t *__restrict addrlen)
{
	return CANCELABLE6(recvfrom, fd, buf, len, flags, addr, addrlen);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	return CANCELABLE6(recvfrom, fd, buf, len, flags, NULL, NULL);
}

/* The program's struct has the kernel's bytes, but that it may leave rubbish between members. */
_Static_assert(sizeof(struct msghdr) == sizeof(struct abi_msghdr) &&
    offsetof(struct msghdr, msg_iov) == offsetof(struct abi_msghdr, iov) &&
    offsetof(struct msghdr, msg_iovlen) == offsetof(struct abi_msghdr, iovlen) &&
    offsetof(struct msghdr, msg_control) == offsetof(struct abi_msghdr, control) &&
    offsetof(struct msghdr, msg_controllen) == offsetof(struct abi_msghdr, controllen) &&
    offsetof(struct msghdr, msg_flags) == offsetof(struct abi_msghdr, flags), "struct msghdr");
_Static_assert(sizeof(struct cmsghdr) == sizeof(struct abi_cmsghdr), "struct cmsghdr");
_Static_assert(sizeof(struct ucred) == sizeof(struct abi_ucred), "struct ucred");

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return CANCELABLE3(sendmsg, fd, msg, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	return CANCELABLE3(recvmsg, fd, msg, flags);
}

/* No socket of ours has out-of-band data. */
int
sockatmark(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1) {
		if (errno == ENOTSOCK)
			errno = ENOTTY;
		return -1;
	}
	return 0;
}

int
getpeereid(int fd, uid_t *uid, gid_t *gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	*uid = cred.uid;
	*gid = cred.gid;
	return 0;
}
