/*
 * Messages between user memory and the kernel.
 *
 * 1. A message is one block.  Most are small: they come from a zone of their own and fit into two
 * cache lines; a page with its header has a zone too, everything else is kmem's.  Who receives keeps one
 * small block for what he sends (message_take, message_keep).  Bytes are copied
 * twice, in and out, never under a lock.
 *
 * 2. Handles that a call moves are consumed whatever becomes of the call (the caller would only have
 * to close them), with one exception: SHOULD_WAIT changes nothing, so that a refused message can be
 * sent again.  Hence the order: first everything is fetched from user memory, then the queue admits
 * the message, and only then are the handles taken.  A call that fails before that consumes them
 * from what user memory says.
 *
 * 3. On the way out the numbers are told first, then the slots are published: when something cannot
 * be written, the message is whole and the receiver has nothing.
 */
#include "ipc/message.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/status.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/channel.h>
#include <abi/rights.h>

#define SMALL		(MESSAGE_SMALL + (uint32_t)sizeof(struct message))	/* blocks of the first zone */
#define LARGE		(PAGE_SIZE + SMALL)
#define KMEM_SMALL	2048u		/* kmem serves these from zones as well */
#define FEW		8u

struct small_block {
	char room[SMALL];
};
struct page_block {
	char room[LARGE];
};
ZONE(small_zone, struct small_block);
ZONE(page_zone, struct page_block);
COUNTER_SHARED(messages_live, "channel.messages");

static size_t
block_size(uint32_t size, uint32_t nslots)
{
	return sizeof(struct message) + nslots * sizeof(struct slot) + size;
}

static struct message *
block_alloc(size_t n)
{
	if (n <= KMEM_SMALL || n > LARGE)
		return kmem_alloc(n, 0);
	return zone_alloc(page_zone, 0);
}

static void
block_free(struct message *m, size_t n)
{
	if (n <= KMEM_SMALL || n > LARGE)
		kmem_free(m, n);
	else
		zone_free(page_zone, m);
}

static __attribute__((noinline)) struct message *
alloc_other(uint32_t size, uint32_t nslots)
{
	size_t n = block_size(size, nslots);
	struct message *m = n <= SMALL ? zone_alloc(small_zone, 0) : block_alloc(n);

	if (m == NULL)
		return NULL;
	kstat_add(&messages_live, 1);
	m->size = size;
	m->nslots = nslots;
	for (uint32_t i = 0; i < nslots; i++)
		m->slots[i].node = NULL;
	return m;
}

struct message * __lean
message_alloc(uint32_t size, uint32_t nslots)
{
	struct message *m;

	if (nslots > 0 || size > SMALL - sizeof(*m))
		return alloc_other(size, nslots);
	m = zone_alloc(small_zone, 0);
	if (unlikely(m == NULL))
		return NULL;
	kstat_add(&messages_live, 1);
	m->size = size;
	m->nslots = 0;
	return m;
}

void __lean
message_spent(struct message *m)
{
	size_t n = block_size(m->size, m->nslots);

	kstat_add(&messages_live, -1);
	if (likely(n <= SMALL))
		zone_free(small_zone, m);
	else
		block_free(m, n);
}

void
message_free(struct message *m)
{
	for (uint32_t i = 0; i < m->nslots; i++)
		if (m->slots[i].node != NULL)
			slot_drop(&m->slots[i]);
	message_spent(m);
}

/* --- in: bytes --- */

/* The vectors of a scattered message, fetched once; *size is their sum. */
static int
vectors_in(const struct sending *s, struct abi_channel_iovec *v, uint32_t *size)
{
	uint64_t sum = 0;
	int error = copyin(s->bytes, v, s->num_bytes * sizeof(*v));

	for (uint32_t i = 0; error == 0 && i < s->num_bytes; i++) {
		if (v[i].reserved != 0)
			error = EINVAL;
		sum += v[i].capacity;
	}
	if (error == 0 && sum > MX_CHANNEL_MAX_MSG_BYTES)
		error = ERANGE;
	*size = (uint32_t)sum;
	return error;
}

static int
gather(const struct abi_channel_iovec *v, uint32_t n, char *to)
{
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < n; i++) {
		if (v[i].capacity > 0)
			error = copyin((const void __user *)v[i].buffer, to, v[i].capacity);
		to += v[i].capacity;
	}
	return error;
}

static int
make_scattered(const struct sending *s, struct message **out)
{
	struct abi_channel_iovec few[FEW], *v = few;
	struct message *m = NULL;
	size_t bytes = s->num_bytes * sizeof(*v);
	uint32_t size;
	int error;

	if (s->num_bytes > MX_CHANNEL_MAX_MSG_IOVECS)
		return ERANGE;
	if (s->num_bytes > FEW && (v = kmem_alloc(bytes, 0)) == NULL)
		return ENOMEM;
	error = vectors_in(s, v, &size);
	if (error == 0 && (m = message_alloc(size, s->num_handles)) == NULL)
		error = ENOMEM;
	if (error == 0)
		error = gather(v, s->num_bytes, message_bytes(m));
	if (v != few)
		kmem_free(v, bytes);
	if (error != 0 && m != NULL)
		message_free(m);
	*out = m;
	return error;
}

static inline int __lean
make_plain(const void __user *bytes, uint32_t size, uint32_t nslots, struct message **out)
{
	struct message *m;
	int error = 0;

	if (unlikely(size > MX_CHANNEL_MAX_MSG_BYTES))
		return ERANGE;
	m = message_alloc(size, nslots);
	if (unlikely(m == NULL))
		return ENOMEM;
	*out = m;
	if (likely(size > 0))
		error = user_get(bytes, message_bytes(m), size);
	if (unlikely(error != 0))
		message_free(m);
	return error;
}

/* --- in: handles --- */

/* Entries of `handles' from the i-th on, as dispositions. */
static int
names_in(const struct sending *s, uint32_t i, uint32_t n, struct abi_handle_disposition *to)
{
	uint32_t *values;
	int error;

	if (s->etc)
		return copyin((const char __user *)s->handles + i * sizeof(*to), to, n * sizeof(*to));
	/* The values go to the end of the room: widening them in order overwrites none unread. */
	values = (uint32_t *)(void *)(to + n) - n;
	error = copyin((const char __user *)s->handles + i * sizeof(*values), values, n * sizeof(*values));
	for (uint32_t k = 0; error == 0 && k < n; k++)
		to[k] = (struct abi_handle_disposition){ .operation = MX_HANDLE_OP_MOVE, .handle = values[k],
			.rights = RIGHT_SAME };
	return error;
}

int
message_make(struct sending *s, struct message **out)
{
	size_t bytes = s->num_handles * sizeof(*s->named);
	int error;

	s->named = NULL;
	if (unlikely(s->num_handles > MX_CHANNEL_MAX_MSG_HANDLES))
		return ERANGE;
	error = (s->options & MX_CHANNEL_WRITE_USE_IOVEC) != 0 ? make_scattered(s, out) :
	    make_plain(s->bytes, s->num_bytes, s->num_handles, out);
	if (error != 0 || s->num_handles == 0)
		return error;
	s->named = kmem_alloc(bytes, 0);
	error = s->named == NULL ? ENOMEM : names_in(s, 0, s->num_handles, s->named);
	if (error != 0) {
		sending_done(s);
		message_free(*out);
	}
	return error;
}

void
sending_done(struct sending *s)
{
	kmem_free(s->named, s->num_handles * sizeof(*s->named));
	s->named = NULL;
}

static void
consume(const struct abi_handle_disposition *d, uint32_t n)
{
	struct slot slot;

	for (uint32_t i = 0; i < n; i++)
		if (d[i].operation == MX_HANDLE_OP_MOVE && handle_take(d[i].handle, &slot) == 0)
			slot_drop(&slot);
}

/* A table cannot hold more than DESC_MAX, so what lies beyond was not a handle of it. */
void
sending_consume(const struct sending *s)
{
	struct abi_handle_disposition few[FEW];
	uint32_t total = MIN(s->num_handles, DESC_MAX), n;

	if (s->named != NULL) {
		consume(s->named, s->num_handles);
		return;
	}
	for (uint32_t i = 0; i < total; i += n) {
		n = MIN(total - i, FEW);
		if (names_in(s, i, n, few) != 0)
			return;
		consume(few, n);
	}
}

/* What may be said against sending it; the kind comes before the rights. */
static int
slot_check(struct slot *s, const struct abi_handle_disposition *d, const struct node *self)
{
	uint32_t need = RIGHT_TRANSFER | (d->operation == MX_HANDLE_OP_DUPLICATE ? RIGHT_DUPLICATE : 0);

	if (s->node == self)
		return ENOTSUP;
	if (d->type != 0 && d->type != s->node->kind)
		return EWRONGTYPE;
	if ((s->rights & need) != need)
		return ERIGHTS;
	if (d->rights == RIGHT_SAME)
		return 0;
	if ((d->rights & ~s->rights) != 0)
		return EINVAL;
	s->rights = d->rights;
	return 0;
}

static int
fill_one(struct slot *s, const struct abi_handle_disposition *d, const struct node *self)
{
	int error;

	if (d->operation > MX_HANDLE_OP_DUPLICATE)
		return EINVAL;
	if (d->operation == MX_HANDLE_OP_MOVE)
		error = handle_take(d->handle, s);
	else
		error = d->handle <= DESC_INDEX_MASK ? EHANDLE : slot_share(d->handle, 0, s);
	if (error != 0) {
		s->node = NULL;
		return error;
	}
	return slot_check(s, d, self);
}

int
message_fill(struct message *m, struct sending *s, const struct node *self)
{
	int error = 0;

	for (uint32_t i = 0; i < m->nslots; i++) {
		struct abi_handle_disposition *d = &s->named[i];
		int bad = fill_one(&m->slots[i], d, self);

		d->result = bad == 0 ? 0 : error_to_status(bad);
		if (error == 0)
			error = bad;
	}
	if (s->etc && copyout(s->named, s->handles, s->num_handles * sizeof(*s->named)) != 0 && error == 0)
		error = EFAULT;
	return error;
}

/* --- out --- */

static int
tell_infos(const struct message *m, const struct receiving *r, const uint32_t *num)
{
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < m->nslots; i++) {
		struct abi_handle_info info = { .handle = num[i], .type = m->slots[i].node->kind,
			.rights = m->slots[i].rights };

		error = copyout(&info, (char __user *)r->handles + i * sizeof(info), sizeof(info));
	}
	return error;
}

static int
deliver_slots(struct message *m, const struct receiving *r, uint32_t *num)
{
	int error = slots_reserve(DESC_NATIVE, m->nslots, num);

	if (error != 0)
		return error;
	if (r->etc)
		error = tell_infos(m, r, num);
	else
		error = copyout(num, r->handles, m->nslots * sizeof(*num));
	if (error != 0) {
		slots_unreserve(num, m->nslots);
		return error;
	}
	for (uint32_t i = 0; i < m->nslots; i++)
		m->slots[i].flags = DESC_CLOEXEC;
	slots_publish(num, m->slots, m->nslots);
	return 0;
}

int
message_deliver_handles(struct message *m, const struct receiving *r)
{
	uint32_t few[FEW], *num = few;
	int error;

	if (m->nslots > FEW && (num = kmem_alloc(m->nslots * sizeof(*num), 0)) == NULL)
		return ENOMEM;
	error = deliver_slots(m, r, num);
	if (num != few)
		kmem_free(num, m->nslots * sizeof(*num));
	return error;
}
