#pragma once
/*
 * Message blocks: header, the slots that the message carries, then its bytes, in one piece.  See
 * ipc/message.c for how a message comes from user memory and gets there.
 */
#include "kern/desc.h"
#include "kern/list.h"
#include "kern/types.h"

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

/* What it counts against the limit of a queue. */
static inline uint32_t
message_charge(const struct message *m)
{
	return m->size + 64 + 16 * m->nslots;
}

/* Bytes and slots are not filled in: slots are empty.  NULL: no memory. */
struct message *message_alloc(uint32_t size, uint32_t nslots) __must_check;
void message_free(struct message *);	/* drops what it carries */
void message_spent(struct message *);	/* its slots went elsewhere */

/* The common case: bytes in one piece, no handles. */
int message_fetch(const void __user *bytes, uint32_t size, struct message **out) __must_check;

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
int receiving_tell(const struct receiving *, uint32_t size, uint32_t nslots) __must_check;
/* Copies the message out, publishes its handles and frees it; by failure it is as it was. */
int message_deliver(struct message *, const struct receiving *) __must_check;
