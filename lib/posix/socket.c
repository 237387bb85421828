/*
 * The kernel has no sockets yet: making one says so (EAFNOSUPPORT), calls on a descriptor say that
 * it is none (ENOTSOCK, EBADF), and no name of a host is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int h_errno;

int
socket(int domain, int type, int protocol)
{
	errno = EAFNOSUPPORT;
	return -1;
}

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	errno = EAFNOSUPPORT;
	return -1;
}

static int
no_socket(int fd)
{
	if (fcntl(fd, F_GETFD) >= 0)
		errno = ENOTSOCK;
	return -1;
}

int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return no_socket(fd);
}

int
listen(int fd, int backlog)
{
	return no_socket(fd);
}

int
accept(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return no_socket(fd);
}

int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return no_socket(fd);
}

int
shutdown(int fd, int how)
{
	return no_socket(fd);
}

int
getsockname(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return no_socket(fd);
}

int
getpeername(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len)
{
	return no_socket(fd);
}

int
getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict len)
{
	return no_socket(fd);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return no_socket(fd);
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	return no_socket(fd);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	return no_socket(fd);
}

struct hostent *
gethostbyname(const char *name)
{
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

struct servent *
getservbyname(const char *name, const char *protocol)
{
	return NULL;
}

const char *
hstrerror(int error)
{
	return error == HOST_NOT_FOUND ? "Unknown host" : error == TRY_AGAIN ? "Try again" :
	    error == NO_DATA ? "No address" : error == 0 ? "No error" : "Unknown error";
}

void
herror(const char *msg)
{
	fprintf(stderr, "%s%s%s\n", msg != NULL ? msg : "", msg != NULL && *msg ? ": " : "",
	    hstrerror(h_errno));
}
