/*
 * send and receive: their six forms, control messages of the sender.
 *
 * SCM_RIGHTS: the sender's slot needs DUPLICATE and TRANSFER and stays; the rights travel as they are.
 * SCM_CREDENTIALS: only what is true, for others than root; without, the sender's effective ids.
 */
#include "gen/sysproto.h"
#include "ipc/sockcalls.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/io.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/uio.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/rights.h>

#define SEND_FLAGS	(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR | MSG_DONTROUTE)
#define RECV_FLAGS	(MSG_PEEK | MSG_TRUNC | MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL | \
			 MSG_CMSG_CLOEXEC)
#define FEW_IOV		8
#define CONTROL_MAX	4096u
#define CONTROL_FEW	64u		/* on the stack */

/* --- the vector --- */

struct vector {
	struct uio u;
	struct kiovec *iov;		/* few, or allocated */
	uint32_t n;
	uint64_t total;
	struct kiovec few[FEW_IOV];
};

static void
vector_done(struct vector *v)
{
	if (v->iov != v->few)
		kmem_free(v->iov, v->n * sizeof(*v->iov));
}

static int
vector_in(const struct abi_msghdr *h, uint32_t flags, struct vector *v)
{
	int error;

	if (h->iovlen < 0 || h->iovlen > UIO_IOV_MAX)
		return EMSGSIZE;
	v->n = (uint32_t)h->iovlen;
	v->iov = v->few;
	v->few[0] = (struct kiovec){ 0 };
	if (v->n > FEW_IOV && (v->iov = kmem_alloc(v->n * sizeof(*v->iov), 0)) == NULL)
		return ENOMEM;
	error = copyin((const void __user *)(uintptr_t)h->iov, v->iov, v->n * sizeof(*v->iov));
	v->total = 0;
	for (uint32_t i = 0; error == 0 && i < v->n; i++) {
		if (v->iov[i].len > INTPTR_MAX - v->total)
			error = EINVAL;
		v->total += v->iov[i].len;
	}
	if (error != 0)
		vector_done(v);
	v->u = (struct uio){ .iov = v->iov, .n = MAX(v->n, 1), .flags = flags, .resid = v->total };
	return error;
}

static uint32_t
io_flags(const struct usock *s)
{
	return sock_nonblock(s) ? UIO_NONBLOCK : 0;
}

/* --- control messages of the sender --- */

static int
add_rights(struct usend *tx, const char *data, uint32_t len)
{
	uint32_t n = len / 4;
	struct slot *slots;
	int error = 0;

	if (len % 4 != 0 || n > SCM_MAX_RIGHTS || tx->slots != NULL)
		return EINVAL;
	if (n == 0)
		return 0;
	slots = kmem_alloc(n * sizeof(*slots), 0);
	if (slots == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t num;

		memcpy(&num, data + i * 4, sizeof(num));
		error = slot_share(num, RIGHT_DUPLICATE | RIGHT_TRANSFER, &slots[i]);
		if (error != 0) {
			while (i-- > 0)
				slot_drop(&slots[i]);
			kmem_free(slots, n * sizeof(*slots));
			return error == ERIGHTS ? EPERM : error;
		}
		slots[i].flags = 0;
	}
	tx->slots = slots;
	tx->nslots = n;
	return 0;
}

static int
set_cred(struct usend *tx, const char *data, uint32_t len)
{
	const struct proc *p = proc_self();
	const struct cred *c = p->p_cred;
	struct abi_ucred want;

	if (len != sizeof(want))
		return EINVAL;
	memcpy(&want, data, sizeof(want));
	if (!cred_super(c) && (want.pid != p->p_pid ||
	    (want.uid != c->ruid && want.uid != c->euid && want.uid != c->suid) ||
	    (want.gid != c->rgid && want.gid != c->egid && want.gid != c->sgid)))
		return EPERM;
	tx->cred = want;
	return 0;
}

static int
control_parse(struct usend *tx, const char *buf, uint32_t len)
{
	struct abi_cmsghdr h;
	uint32_t at = 0;
	int error = 0;

	while (error == 0 && len - at >= sizeof(h)) {
		const char *data = buf + at + sizeof(h);

		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at || h.level != SOL_SOCKET)
			return EINVAL;
		if (h.type == SCM_RIGHTS)
			error = add_rights(tx, data, h.len - (uint32_t)sizeof(h));
		else if (h.type == SCM_CREDENTIALS)
			error = set_cred(tx, data, h.len - (uint32_t)sizeof(h));
		else
			error = EINVAL;
		at += MIN(ABI_CMSG_ALIGN(h.len), len - at);
	}
	return error;
}

static int
control_in(struct usend *tx, const struct abi_msghdr *h)
{
	const void __user *from = (const void __user *)(uintptr_t)h->control;
	char few[CONTROL_FEW], *buf = few;
	int error;

	if (h->control == 0 || h->controllen == 0)
		return 0;
	if (h->controllen > CONTROL_MAX)
		return EINVAL;
	if (h->controllen > CONTROL_FEW && (buf = kmem_alloc(h->controllen, 0)) == NULL)
		return ENOMEM;
	error = copyin(from, buf, h->controllen);
	if (error == 0)
		error = control_parse(tx, buf, h->controllen);
	if (buf != few)
		kmem_free(buf, h->controllen);
	return error;
}

/* --- sending --- */

/* A destination by name: for datagrams. */
static int
send_to(struct usock *s, struct usend *tx, const void __user *addr, uint32_t len)
{
	struct sockpath path;
	int error;

	if ((uintptr_t)addr == 0)
		return 0;
	error = sockaddr_in(addr, len, &path);
	if (error != 0)
		return error;
	if (s->type != SOCK_DGRAM)
		return s->state == USOCK_CONNECTED ? EISCONN : ENOTCONN;
	return usock_find(path.path, &tx->to);
}

static int
send_vector(struct usock *s, struct vector *v, struct usend *tx, const struct abi_msghdr *h,
    intptr_t *result)
{
	int error;

	usock_self_cred(&tx->cred);
	tx->u = &v->u;
	error = control_in(tx, h);
	if (error == 0)
		error = send_to(s, tx, (const void __user *)(uintptr_t)h->name, h->namelen);
	if (error == 0)
		error = usock_send(s, tx);
	if (tx->to != NULL)
		node_unref(&tx->to->node);
	if (tx->slots != NULL)
		umsg_slots_free(tx->slots, tx->nslots);
	if (error == EPEERCLOSED && (tx->flags & MSG_NOSIGNAL) == 0 && io_sigpipe_hook != NULL)
		io_sigpipe_hook();
	*result = (intptr_t)(v->total - v->u.resid);
	return error;
}

/* The socket of a call, in use, once its flags are good. */
static int
begin(int fd, int flags, int known, uint32_t right, struct usock **out)
{
	if ((flags & MSG_OOB) != 0)
		return EOPNOTSUPP;
	return (flags & ~known) != 0 ? EINVAL : sock_get(fd, right, EBADF, out);
}

int
sys_sendmsg(int fd, void __user *msg, int flags, intptr_t *result)
{
	struct usend tx = { .flags = (uint32_t)flags };
	struct abi_msghdr h;
	struct vector v;
	struct usock *s;
	int error = begin(fd, flags, SEND_FLAGS, RIGHT_WRITE, &s);

	if (error != 0)
		return error;
	error = copyin(msg, &h, sizeof(h));
	if (error == 0)
		error = vector_in(&h, UIO_WRITE | io_flags(s), &v);
	if (error == 0) {
		error = send_vector(s, &v, &tx, &h, result);
		vector_done(&v);
	}
	node_unuse(&s->node);
	return error;
}

/* One buffer: a header of our own, and a vector that needs no copy. */
static int
vector_one(void __user *buf, size_t len, uint32_t flags, struct vector *v)
{
	if (len > INTPTR_MAX)
		return EINVAL;
	v->iov = v->few;
	v->n = 1;
	v->total = len;
	uio_init(&v->u, v->few, (uintptr_t)buf, len, flags);
	return 0;
}

int
sys_sendto(int fd, void __user *buf, size_t len, int flags, void __user *addr, unsigned int addrlen,
    intptr_t *result)
{
	struct abi_msghdr h = { .name = (uintptr_t)addr, .namelen = addrlen };
	struct usend tx = { .flags = (uint32_t)flags };
	struct vector v;
	struct usock *s;
	int error = begin(fd, flags, SEND_FLAGS, RIGHT_WRITE, &s);

	if (error != 0)
		return error;
	error = vector_one(buf, len, UIO_WRITE | io_flags(s), &v);
	if (error == 0)
		error = send_vector(s, &v, &tx, &h, result);
	node_unuse(&s->node);
	return error;
}

/* --- receiving --- */

static intptr_t
received(const struct usock *s, const struct urecv *rx, uint64_t total)
{
	if (s->type != SOCK_STREAM && (rx->flags & MSG_TRUNC) != 0)
		return (intptr_t)rx->length;
	return (intptr_t)(total - rx->u->resid);
}

/* At the end of a stream no message told anything. */
static int
receive(struct usock *s, struct urecv *rx, uint64_t total, intptr_t *result)
{
	int error = usock_recv(s, rx);

	if (error == 0 && !rx->told)
		error = rx->tell(rx);
	*result = received(s, rx, total);
	return error;
}

struct recvmsg_to {
	struct abi_msghdr h;
	void __user *at;
};

static int
recvmsg_tell(struct urecv *rx)
{
	struct recvmsg_to *to = rx->ctx;
	struct abi_msghdr h = to->h;
	int error = 0;

	if (h.name != 0 && rx->has_from)
		error = sockaddr_out(rx->from, (void __user *)(uintptr_t)h.name, to->h.namelen, &h.namelen);
	else
		h.namelen = 0;
	h.controllen = rx->control_len;
	h.flags = (int)rx->out_flags;
	return error != 0 ? error : copyout(&h, to->at, sizeof(h));
}

int
sys_recvmsg(int fd, void __user *msg, int flags, intptr_t *result)
{
	struct recvmsg_to to = { .at = msg };
	struct urecv rx = { .flags = (uint32_t)flags, .tell = recvmsg_tell, .ctx = &to };
	struct vector v;
	struct usock *s;
	int error = begin(fd, flags, RECV_FLAGS, RIGHT_READ, &s);

	if (error != 0)
		return error;
	error = copyin(msg, &to.h, sizeof(to.h));
	if (error == 0 && to.h.namelen > INT32_MAX)
		error = EINVAL;
	if (error == 0)
		error = vector_in(&to.h, io_flags(s), &v);
	if (error == 0) {
		rx.u = &v.u;
		rx.control = (void __user *)(uintptr_t)to.h.control;
		rx.control_size = to.h.control != 0 ? to.h.controllen : 0;
		error = receive(s, &rx, v.total, result);
		vector_done(&v);
	}
	node_unuse(&s->node);
	return error;
}

struct recvfrom_to {
	void __user *addr, *len;
	uint32_t size;
};

static int
recvfrom_tell(struct urecv *rx)
{
	struct recvfrom_to *to = rx->ctx;
	uint32_t len = 0;
	int error = 0;

	if ((uintptr_t)to->addr == 0)
		return 0;
	if (rx->has_from)
		error = sockaddr_out(rx->from, to->addr, to->size, &len);
	return error != 0 ? error : copyout(&len, to->len, sizeof(len));
}

int
sys_recvfrom(int fd, void __user *buf, size_t len, int flags, void __user *addr, void __user *addrlen,
    intptr_t *result)
{
	struct recvfrom_to to = { .addr = addr, .len = addrlen };
	struct urecv rx = { .flags = (uint32_t)flags, .tell = recvfrom_tell, .ctx = &to };
	struct vector v;
	struct usock *s;
	int error = begin(fd, flags, RECV_FLAGS, RIGHT_READ, &s);

	if (error != 0)
		return error;
	if ((uintptr_t)addr != 0)
		error = sockaddr_size(addrlen, &to.size);
	if (error == 0)
		error = vector_one(buf, len, io_flags(s), &v);
	if (error == 0) {
		rx.u = &v.u;
		error = receive(s, &rx, v.total, result);
	}
	node_unuse(&s->node);
	return error;
}
