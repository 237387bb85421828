#pragma once
/*
 * Message blocks: header, the slots that the message carries, then its bytes, in one piece.  See
 * ipc/message.c for how a message comes from user memory and gets there.
 */
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/types.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include <abi/channel.h>

struct message {
	struct list link;		/* [lock of the queue] */
	uint32_t size;			/* [I] bytes */
	uint32_t nslots;		/* [I] */
	struct slot slots[];		/* [o] node NULL: nothing there (yet) */
};

static inline char *
message_bytes(struct message *m)
{
	return (char *)&m->slots[m->nslots];
}

/* What it counts against the limit of a queue; never 0. */
static inline uint32_t
message_charge_of(uint32_t size, uint32_t nslots)
{
	return size + 64 + 16 * nslots;
}
static inline uint32_t
message_charge(const struct message *m)
{
	return message_charge_of(m->size, m->nslots);
}

/* Bytes and slots are not filled in: slots are empty.  NULL: no memory. */
struct message *message_alloc(uint32_t size, uint32_t nslots) __must_check;
void message_free(struct message *);	/* drops what it carries */
void message_spent(struct message *);	/* its slots went elsewhere */

/*
 * A *spare* is one small block that its owner keeps for the next message: a reply goes into the block that
 * the request came in.  Debug kernels have none, for the checks are the zone's.
 */
#define MESSAGE_SMALL	(128u - (uint32_t)sizeof(struct message))	/* bytes, without slots */
extern struct kstat messages_live;

static inline struct message *
message_take(struct message **spare, uint32_t size)
{
	struct message *m;

	if (CONFIG_DEBUG || unlikely(size > MESSAGE_SMALL || (m = atomic_swap(spare, NULL)) == NULL))
		return message_alloc(size, 0);
	kstat_add(&messages_live, 1);
	m->size = size;
	m->nslots = 0;
	return m;
}

static inline void
message_keep(struct message **spare, struct message *m)
{
	if (!CONFIG_DEBUG && likely(m->nslots == 0 && m->size <= MESSAGE_SMALL && atomic_cas(spare, NULL, m)))
		kstat_add(&messages_live, -1);
	else
		message_spent(m);
}

/* Gives the spare back. */
static inline void
message_nospare(struct message **spare)
{
	struct message *m = atomic_swap(spare, NULL);

	if (m != NULL) {
		kstat_add(&messages_live, 1);
		message_spent(m);
	}
}

/* The common case: bytes in one piece, no handles. */
static inline __attribute__((always_inline)) int __must_check
message_fetch(struct message **spare, const void __user *bytes, uint32_t size, struct message **out)
{
	struct message *m;

	if (unlikely(size > MX_CHANNEL_MAX_MSG_BYTES))
		return ERANGE;
	m = message_take(spare, size);
	if (unlikely(m == NULL))
		return ENOMEM;
	if (likely(size > 0) && unlikely(user_get(bytes, (char *)m->slots, size) != 0)) {
		message_free(m);
		return EFAULT;
	}
	*out = m;
	return 0;
}

/* A message in user memory, as the writing calls name it. */
struct sending {
	uint32_t options;		/* MX_CHANNEL_WRITE_USE_IOVEC */
	uint32_t num_bytes;		/* or vectors */
	void __user *bytes;
	void __user *handles;		/* values, or dispositions */
	uint32_t num_handles;
	bool etc;			/* dispositions */
	struct abi_handle_disposition *named;	/* kernel copy of what `handles' says */
};
/*
 * Sending goes in steps.  message_make() fetches all that is in user memory; message_fill() takes the
 * handles out of the caller's table, and fails only after it has taken all (`self': the node that
 * must not be among them).  Whoever does not come to message_fill(), for any reason but
 * SHOULD_WAIT, calls sending_consume().  sending_done() is last.
 */
int message_make(struct sending *, struct message **out) __must_check;
int message_fill(struct message *, struct sending *, const struct node *self) __must_check;
void sending_consume(const struct sending *);
void sending_done(struct sending *);

/* Room in user memory for a message, as the reading calls name it. */
struct receiving {
	void __user *bytes;
	void __user *handles;		/* values, or infos */
	uint32_t num_bytes, num_handles;
	bool etc;			/* infos */
	void __user *actual_bytes, *actual_handles;	/* may be null */
};
static inline bool
message_fits(const struct message *m, const struct receiving *r)
{
	return m->size <= r->num_bytes && m->nslots <= r->num_handles;
}
static inline __attribute__((always_inline)) int __must_check
receiving_tell(const struct receiving *r, uint32_t size, uint32_t nslots)
{
	int error = 0;

	if ((uintptr_t)r->actual_bytes != 0)
		error = user_put32(r->actual_bytes, size);
	if (likely(error == 0) && (uintptr_t)r->actual_handles != 0)
		error = user_put32(r->actual_handles, nslots);
	return error;
}

int message_deliver_handles(struct message *, const struct receiving *) __must_check;

/* Copies the message out, publishes its handles and frees it; by failure it is as it was. */
static inline __attribute__((always_inline)) int __must_check
message_deliver(struct message **spare, struct message *m, const struct receiving *r)
{
	int error = 0;

	if (likely(m->size > 0))
		error = user_put(message_bytes(m), r->bytes, m->size);
	if (likely(error == 0))
		error = receiving_tell(r, m->size, m->nslots);
	if (likely(error == 0) && unlikely(m->nslots > 0)) {
		struct receiving all = *r;	/* so that *r need not be in memory */

		error = message_deliver_handles(m, &all);
	}
	if (likely(error == 0))
		message_keep(spare, m);
	return error;
}
