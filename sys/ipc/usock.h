#pragma once
/*
 * AF_UNIX sockets, what their files share.  See ipc/usock.c for the theory.
 * Letters: I immutable, l the socket's lock (shared by those that can be peers), q the io mutex.
 */
#include "ipc/cycle.h"
#include "kern/desc.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/node.h"
#include <abi/socket.h>

struct uio;
struct vnode;

/* A name as bind got it; immutable and shared. */
struct uaddr {
	uint32_t refs;			/* [a] */
	uint32_t len;			/* [I] of the path, without NUL */
	char path[];			/* [I] */
};

struct umsg {
	struct list link;		/* [l] */
	uint32_t len;			/* [I] bytes of data */
	uint32_t off;			/* [q] of a stream: taken already */
	uint32_t charge;		/* [I] what it counts in its queue */
	uint32_t nslots;		/* [l] descriptors that come with it */
	struct slot *slots;		/* [l] */
	struct account *account;	/* [I] the sender's */
	struct uaddr *from;		/* [I] the sender's name, of a datagram */
	struct abi_ucred cred;		/* [I] the sender's */
	char data[];			/* [I] */
};

enum usock_state { USOCK_IDLE, USOCK_LISTEN, USOCK_CONNECTED, USOCK_CLOSED };

struct usock {
	struct node node;
	struct carrier carrier;
	struct spin *lock;		/* [I] l */
	struct usock *lender;		/* [I] whose lock it is, referenced; NULL: its own, or all datagrams' */
	uint16_t type;			/* [I] SOCK_* */
	uint8_t state;			/* [l] enum usock_state */
	bool rd_shut, wr_shut;		/* [l] */
	bool waiting;			/* [l of the listener] in a backlog */
	bool lost;			/* [l] datagram: the peer went away and nobody was told */
	bool passcred;			/* [l] */
	bool has_cred;			/* [l] */
	int error;			/* [l] SO_ERROR */
	struct usock *peer;		/* [l] no reference: it clears this when it closes */
	struct list senders;		/* [l] datagram: who is connected to this, by sender_link */
	struct list sender_link;	/* [l] */
	struct list queue;		/* [l] struct umsg */
	uint32_t charge;		/* [l] of the queue and of what is being copied for it */
	uint32_t rcvbuf, sndbuf;	/* [l] */
	struct list backlog;		/* [l] accepted by nobody yet, by backlog_link; each has a use */
	struct list backlog_link;	/* [l of the listener] */
	uint32_t nbacklog, backlog_max;	/* [l] */
	struct mutex io;		/* one receiver or accepter at a time */
	struct uaddr *name, *peer_name;	/* [l] */
	struct vnode *vnode;		/* [names] bound to, referenced */
	struct abi_ucred cred;		/* [l] of who connected or listened on the other side */
	struct abi_ucred own_cred;	/* [l] of who listened on this one */
	uint32_t options;		/* [l] SO_* bits that are only remembered */
	struct abi_linger linger;	/* [l] */
	nsec_t rcvtimeo, sndtimeo;	/* [l] 0: none */
};

#define USOCK_RIGHTS	(RIGHTS_POSIX | RIGHT_READ | RIGHT_WRITE)
#define USOCK_BUF	65536u		/* default of both limits */
#define USOCK_BUF_MIN	2048u
#define USOCK_BUF_MAX	(1u << 20)
#define UMSG_CHARGE	64u		/* what a message counts beside its bytes */
#define UMSG_SLOT_CHARGE 16u

/* A level of ours (SIG_PRIVATE): the queue (a listener's backlog) takes one more. */
#define SIG_USOCK_ROOM	(1u << 21)

static inline struct usock *
usock_of(struct node *n)
{
	return container_of(n, struct usock, node);
}

/* --- usock.c --- */
int usock_create(unsigned type, struct usock **) __must_check;	/* one use */
int usock_pair(unsigned type, struct usock *out[2]) __must_check;
int usock_listen(struct usock *, int backlog) __must_check;
/* The destination is referenced by the caller.  ESHOULDWAIT only with `nonblock'. */
int usock_connect(struct usock *, struct usock *to, bool nonblock) __must_check;
int usock_disconnect(struct usock *) __must_check;	/* datagram */
/* Accepts: `tell' may write to the user; when it fails, the connection stays in the queue. */
int usock_accept(struct usock *, bool nonblock, int (*tell)(void *ctx, struct usock *), void *ctx,
    struct usock **) __must_check;
int usock_shutdown(struct usock *, int how) __must_check;
void usock_update(struct usock *, struct wakelist *);	/* levels; the lock is held */
void usock_update_senders(struct usock *, struct wakelist *);
/* What the queue of `to' may hold before it takes no more from `from'; the lock is held. */
uint32_t usock_limit(const struct usock *from, const struct usock *to);
void usock_self_cred(struct abi_ucred *);
/* One wait of a blocking call: the end of its time limit is EAGAIN. */
int usock_wait(struct usock *, uint32_t mask, nsec_t deadline) __must_check;
int usock_wait_error(int error);
/* Around a whole call: with a time limit a handler's end is EINTR, SA_RESTART or not. */
nsec_t usock_deadline(nsec_t timeo);
int usock_end(int error, nsec_t deadline);
struct uaddr *uaddr_ref(struct uaddr *);	/* NULL is no name */
void uaddr_unref(struct uaddr *);

/* --- usock_name.c --- */
int usock_bind(struct usock *, const char *path, size_t len) __must_check;
void usock_unbind(struct usock *);
/* The socket that has a name now, referenced. */
int usock_find(const char *path, struct usock **) __must_check;

/* --- usock_msg.c --- */
struct usend {
	struct uio *u;
	uint32_t flags;			/* MSG_* */
	struct usock *to;		/* datagram: a named destination, referenced; NULL: the peer */
	struct slot *slots;		/* owned; gone (NULL) once sent */
	uint32_t nslots;
	struct abi_ucred cred;
};

struct urecv {
	struct uio *u;
	uint32_t flags;			/* MSG_* */
	void __user *control;
	uint32_t control_size;
	/* Tells the caller what is known before the bytes move; may fail, then nothing is consumed. */
	int (*tell)(struct urecv *);
	void *ctx;
	/* for tell and the caller */
	const struct uaddr *from;	/* only while tell runs */
	bool has_from;			/* datagram */
	uint32_t control_len;
	uint32_t out_flags;		/* MSG_TRUNC, MSG_CTRUNC, MSG_EOR */
	uint32_t length;		/* of the whole record */
	/* private */
	uint32_t made;			/* slots reserved */
	bool told;			/* a first message was taken: what comes with others must be alike */
	bool stop;			/* MSG_WAITALL ends here */
	struct abi_ucred cred;
};

int usock_send(struct usock *, struct usend *) __must_check;
int usock_recv(struct usock *, struct urecv *) __must_check;
void usock_discard(struct list *msgs);	/* frees them and what they carry */
/* Drops the uses, and frees the array. */
void umsg_slots_free(struct slot *, uint32_t n);
uint32_t usock_bytes(struct usock *);	/* that a read would give */
void umsg_free(struct umsg *);
/* Room in the queue of *to (the peer, or a datagram's destination), kept for umsg_send(). */
int umsg_reserve(struct usock *, struct usend *, uint32_t want, uint32_t *granted, struct usock **to)
    __must_check;
/* The next len bytes of the uio, for which room was reserved; it is as before when this fails. */
int umsg_send(struct usock *from, struct usock *to, struct usend *, uint32_t len) __must_check;
/* The first message; NULL and why: 0 the end, ESHOULDWAIT, an error. */
struct umsg *umsg_first(struct usock *, int *error);
/* Slots for the descriptors and their numbers to the user, credentials, tell. */
int urecv_prepare(struct usock *, struct urecv *, struct umsg *) __must_check;
void urecv_undo(struct urecv *, struct umsg *);
/* Takes messages off: `bytes' of a stream, else the first. */
void urecv_commit(struct usock *, struct urecv *, uint64_t bytes);

/* --- usock_stream.c --- */
int stream_send(struct usock *, struct usend *, bool nonblock, nsec_t deadline) __must_check;
int stream_take(struct usock *, struct urecv *) __must_check;

/* --- usock_option.c --- */
int usock_getopt(struct usock *, int name, void *value, uint32_t *len) __must_check;
void usock_error_told(struct usock *);
int usock_setopt(struct usock *, int name, const void *value, uint32_t len) __must_check;
