/*
 * The socket calls but send and receive: arguments in, usock.h's functions, results out.
 *
 * Rights: bind, listen and setsockopt need SET_PROPERTY, getsockopt and the two names GET_PROPERTY,
 * accept READ, connect WRITE, shutdown the right of what it shuts.  A descriptor of another kind is
 * ENOTSOCK.
 */
#include "ipc/sockcalls.h"
#include "gen/sysproto.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/string.h"
#include "mach/user.h"
#include <abi/fcntl.h>
#include <abi/rights.h>

#define TYPE_FLAGS	(SOCK_NONBLOCK | SOCK_CLOEXEC)
#define OPTION_MAX	16u		/* bytes of the largest option */

int
sock_get(int fd, uint32_t rights, int missing, struct usock **out)
{
	struct node *n;
	int error = desc_get((uint32_t)fd, NODE_USOCK, rights, &n);

	if (error == 0)
		*out = usock_of(n);
	return error == EWRONGTYPE ? ENOTSOCK : error == ERIGHTS ? missing : error;
}

bool
sock_nonblock(const struct usock *s)
{
	return (s->node.flags & (uint32_t)O_NONBLOCK) != 0;
}

/* --- addresses --- */

int
sockaddr_in(const void __user *addr, uint32_t len, struct sockpath *out)
{
	struct abi_sockaddr_un un;
	int error;

	if (len < sizeof(un.family) || len > sizeof(un))
		return EINVAL;
	error = copyin(addr, &un, len);
	if (error != 0)
		return error;
	out->family = un.family;
	if (un.family != AF_UNIX)
		return EAFNOSUPPORT;
	if (len == sizeof(un.family))
		return EINVAL;
	out->len = strnlen(un.path, len - sizeof(un.family));
	memcpy(out->path, un.path, out->len);
	out->path[out->len] = '\0';
	/* There are no abstract names: what begins with NUL is an empty path. */
	return out->len == 0 ? ENOENT : 0;
}

int
sockaddr_out(const struct uaddr *a, void __user *addr, uint32_t size, uint32_t *len)
{
	struct abi_sockaddr_un un = { .family = AF_UNIX };

	*len = sizeof(un.family);
	if (a != NULL) {
		memcpy(un.path, a->path, a->len);
		*len = (uint32_t)MIN(sizeof(un.family) + a->len + 1, sizeof(un));
	}
	return copyout(&un, addr, MIN(size, *len));
}

int
sockaddr_size(const void __user *len, uint32_t *size)
{
	int error = copyin(len, size, sizeof(*size));

	return error == 0 && *size > INT32_MAX ? EINVAL : error;
}

static int
name_out(const struct uaddr *a, void __user *addr, void __user *len)
{
	uint32_t size, full;
	int error = sockaddr_size(len, &size);

	if (error == 0)
		error = sockaddr_out(a, addr, size, &full);
	return error != 0 ? error : copyout(&full, len, sizeof(full));
}

/* --- making --- */

static int
check_kind(int domain, int *type, int protocol)
{
	int flags = *type & TYPE_FLAGS;

	*type &= ~TYPE_FLAGS;
	if (domain != AF_UNIX)
		return EAFNOSUPPORT;
	if (*type != SOCK_STREAM && *type != SOCK_DGRAM && *type != SOCK_SEQPACKET)
		return EPROTOTYPE;
	if (protocol != 0 && protocol != AF_UNIX)
		return EPROTONOSUPPORT;
	*type |= flags;
	return 0;
}

static uint32_t
slot_flags(int flags)
{
	return (flags & SOCK_CLOEXEC) != 0 ? DESC_CLOEXEC : 0;
}

int
sys_socket(int domain, int type, int protocol, intptr_t *result)
{
	struct usock *s;
	uint32_t index;
	int error = check_kind(domain, &type, protocol);

	if (error == 0)
		error = usock_create((unsigned)(type & ~TYPE_FLAGS), &s);
	if (error != 0)
		return error;
	s->node.flags = (uint32_t)(type & SOCK_NONBLOCK);
	error = desc_install(&s->node, USOCK_RIGHTS, slot_flags(type), DESC_POSIX, &index);
	if (error != 0)
		node_unuse(&s->node);
	else
		*result = (intptr_t)index;
	return error;
}

static int
pair_out(struct usock *const s[2], int flags, void __user *fds)
{
	uint32_t index[2];
	int error = desc_reserve(DESC_POSIX, 0, &index[0]);

	if (error != 0)
		return error;
	error = desc_reserve(DESC_POSIX, 0, &index[1]);
	if (error == 0) {
		error = copyout(index, fds, sizeof(index));
		if (error != 0)
			desc_unreserve(index[1]);
	}
	if (error != 0) {
		desc_unreserve(index[0]);
		return error;
	}
	for (int i = 0; i < 2; i++) {
		s[i]->node.flags = (uint32_t)(flags & SOCK_NONBLOCK);
		desc_publish(index[i], &s[i]->node, USOCK_RIGHTS, slot_flags(flags));
	}
	return 0;
}

int
sys_socketpair(int domain, int type, int protocol, void __user *fds)
{
	struct usock *s[2];
	int error = check_kind(domain, &type, protocol);

	if (error == 0)
		error = usock_pair((unsigned)(type & ~TYPE_FLAGS), s);
	if (error != 0)
		return error;
	error = pair_out(s, type, fds);
	if (error != 0) {
		node_unuse(&s[0]->node);
		node_unuse(&s[1]->node);
	}
	return error;
}

/* --- naming and connecting --- */

int
sys_bind(int fd, void __user *addr, unsigned int len)
{
	struct sockpath path;
	struct usock *s;
	int error = sock_get(fd, RIGHT_SET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	error = sockaddr_in(addr, len, &path);
	if (error == 0)
		error = usock_bind(s, path.path, path.len);
	node_unuse(&s->node);
	return error;
}

int
sys_connect(int fd, void __user *addr, unsigned int len)
{
	struct sockpath path = { .family = AF_UNIX };
	struct usock *s, *to;
	int error = sock_get(fd, RIGHT_WRITE, EPERM, &s);

	if (error != 0)
		return error;
	error = sockaddr_in(addr, len, &path);
	if (error == EAFNOSUPPORT && path.family == AF_UNSPEC) {
		error = usock_disconnect(s);
	} else if (error == 0 && (error = usock_find(path.path, &to)) == 0) {
		error = usock_connect(s, to, sock_nonblock(s));
		node_unref(&to->node);
	}
	node_unuse(&s->node);
	return error;
}

int
sys_listen(int fd, int backlog)
{
	struct usock *s;
	int error = sock_get(fd, RIGHT_SET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	error = usock_listen(s, backlog);
	node_unuse(&s->node);
	return error;
}

struct accept_to {
	void __user *addr, *len;
};

static int
accept_tell(void *ctx, struct usock *c)
{
	const struct accept_to *to = ctx;

	return (uintptr_t)to->addr == 0 ? 0 : name_out(c->peer_name, to->addr, to->len);
}

static int
accept_into(struct usock *s, int flags, struct accept_to *to, intptr_t *result)
{
	struct usock *c;
	uint32_t index;
	int error = desc_reserve(DESC_POSIX, 0, &index);

	if (error != 0)
		return error;
	error = usock_accept(s, sock_nonblock(s), accept_tell, to, &c);
	if (error != 0) {
		desc_unreserve(index);
		return error;
	}
	c->node.flags = (uint32_t)(flags & SOCK_NONBLOCK);
	desc_publish(index, &c->node, USOCK_RIGHTS, slot_flags(flags));
	*result = (intptr_t)index;
	return 0;
}

int
sys_accept4(int fd, void __user *addr, void __user *len, int flags, intptr_t *result)
{
	struct accept_to to = { addr, len };
	struct usock *s;
	int error;

	if ((flags & ~TYPE_FLAGS) != 0)
		return EINVAL;
	error = sock_get(fd, RIGHT_READ, EPERM, &s);
	if (error != 0)
		return error;
	error = accept_into(s, flags, &to, result);
	node_unuse(&s->node);
	return error;
}

int
sys_shutdown(int fd, int how)
{
	static const uint32_t need[] = { [SHUT_RD] = RIGHT_READ, [SHUT_WR] = RIGHT_WRITE,
		[SHUT_RDWR] = RIGHT_READ | RIGHT_WRITE };
	struct usock *s;
	int error;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return EINVAL;
	error = sock_get(fd, need[how], EPERM, &s);
	if (error != 0)
		return error;
	error = usock_shutdown(s, how);
	node_unuse(&s->node);
	return error;
}

/* --- asking --- */

int
sys_getsockname(int fd, void __user *addr, void __user *len)
{
	struct usock *s;
	struct uaddr *a;
	int error = sock_get(fd, RIGHT_GET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	spin_lock(s->lock);
	a = uaddr_ref(s->name);
	spin_unlock(s->lock);
	error = name_out(a, addr, len);
	uaddr_unref(a);
	node_unuse(&s->node);
	return error;
}

int
sys_getpeername(int fd, void __user *addr, void __user *len)
{
	struct uaddr *a = NULL;
	struct usock *s;
	int error = sock_get(fd, RIGHT_GET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	spin_lock(s->lock);
	if (s->peer == NULL)
		error = ENOTCONN;
	else
		a = uaddr_ref(s->peer_name);
	spin_unlock(s->lock);
	if (error == 0)
		error = name_out(a, addr, len);
	uaddr_unref(a);
	node_unuse(&s->node);
	return error;
}

static int
option_out(struct usock *s, int name, void __user *value, void __user *len)
{
	char buf[OPTION_MAX] = { 0 };
	uint32_t size;
	int error = sockaddr_size(len, &size);

	if (error != 0)
		return error;
	size = MIN(size, OPTION_MAX);
	error = usock_getopt(s, name, buf, &size);
	if (error == 0)
		error = copyout(buf, value, size);
	if (error == 0)
		error = copyout(&size, len, sizeof(size));
	if (error == 0 && name == SO_ERROR)
		usock_error_told(s);
	return error;
}

int
sys_getsockopt(int fd, int level, int name, void __user *value, void __user *len)
{
	struct usock *s;
	int error = sock_get(fd, RIGHT_GET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	error = level == SOL_SOCKET ? option_out(s, name, value, len) : ENOPROTOOPT;
	node_unuse(&s->node);
	return error;
}

int
sys_setsockopt(int fd, int level, int name, void __user *value, unsigned int len)
{
	char buf[OPTION_MAX];
	struct usock *s;
	int error = sock_get(fd, RIGHT_SET_PROPERTY, EPERM, &s);

	if (error != 0)
		return error;
	len = MIN(len, OPTION_MAX);
	error = copyin(value, buf, len);
	if (error == 0)
		error = level == SOL_SOCKET ? usock_setopt(s, name, buf, len) : ENOPROTOOPT;
	node_unuse(&s->node);
	return error;
}

/* --- what MX_INFO_HANDLE_BASIC tells: 0 without a peer --- */

static koid_t
related(struct node *n)
{
	struct node *peer = n->carrier->ops->peer(n);
	koid_t koid = peer != NULL ? peer->koid : 0;

	if (peer != NULL)
		node_unref(peer);
	return koid;
}
RELATIVES(usock_relatives, NODE_USOCK, related, NULL);
