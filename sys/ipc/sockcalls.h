#pragma once
/* What the files of the socket calls share. */
#include "ipc/usock.h"

struct sockpath {
	uint16_t family;
	size_t len;
	char path[sizeof(((struct abi_sockaddr_un *)NULL)->path) + 1];
};

/* A use; ENOTSOCK, `missing' for a right that is not there. */
int sock_get(int fd, uint32_t rights, int missing, struct usock **) __must_check;
bool sock_nonblock(const struct usock *);
/* EINVAL, EFAULT, EAFNOSUPPORT (the family is told), ENOENT for an empty path. */
int sockaddr_in(const void __user *addr, uint32_t len, struct sockpath *) __must_check;
/* As much as fits; *len is all of it. */
int sockaddr_out(const struct uaddr *, void __user *addr, uint32_t size, uint32_t *len) __must_check;
int sockaddr_size(const void __user *len, uint32_t *size) __must_check;
