/*
 * What can be asked of any object: information by topic, properties, children by koid.
 *
 * The answers are rows of linker sets beside the kinds that know them (kern/info.h); what is here is
 * the order of refusals, the same for all:
 *
 *	a topic or property that no kind has	NOT_SUPPORTED, INVALID_ARGS: it is an option
 *	the handle				BAD_HANDLE
 *	its kind				WRONG_TYPE; of a name NOT_SUPPORTED
 *	its rights				ACCESS_DENIED
 *	the buffer's size			BUFFER_TOO_SMALL
 *	user memory				INVALID_ARGS
 *
 * Sizes.  A record grows at its end only, and what was published once stays a size that a caller
 * may have: each size has a row, and the largest that fits the buffer is what the caller gets.
 * Arrays are cut off where the buffer ends, and `avail' says how many there are.
 *
 * Locking: none of its own.  Records go out one by one, so a row's function holds no spin lock while
 * it puts them: it copies koids aside first.
 */
#include "kern/info.h"
#include "gen/sysproto.h"
#include "kern/assert.h"
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/pair.h"
#include "kern/string.h"
#include "mach/user.h"
#include <abi/info.h>
#include <abi/rights.h>

extern const struct info_topic info_set_start[], info_set_end[];
extern const struct property property_set_start[], property_set_end[];
extern const struct relatives relatives_set_start[], relatives_set_end[];

struct info_sink {
	uintptr_t to;			/* where the next record goes */
	size_t room, record;
	size_t actual, avail;
};

static const struct relatives *
relatives_of(const struct node *n)
{
	for (const struct relatives *r = relatives_set_start; r < relatives_set_end; r++)
		if (r->kind == n->kind)
			return r;
	return NULL;
}

/* --- get_info --- */

int
info_put(struct info_sink *s, const void *record)
{
	int error;

	s->avail++;
	if (s->room < s->record)
		return 0;
	error = copyout(record, (void __user *)s->to, s->record);
	if (error != 0)
		return error;
	s->to += s->record;
	s->room -= s->record;
	s->actual++;
	return 0;
}

/*
 * The row for a topic and a kind: the largest that fits, the smallest when none does.  *known says
 * whether any kind has the topic.
 */
static const struct info_topic *
topic_find(uint32_t topic, unsigned kind, size_t size, bool *known)
{
	const struct info_topic *best = NULL;

	*known = false;
	for (const struct info_topic *t = info_set_start; t < info_set_end; t++) {
		if (t->topic != topic)
			continue;
		*known = true;
		if (t->kind != NODE_ANY && t->kind != kind)
			continue;
		if (best == NULL || (t->record <= size && (best->record > size || t->record > best->record)) ||
		    (best->record > size && t->record < best->record))
			best = t;
	}
	return best;
}

static int
put_counts(const struct info_sink *s, void __user *actual, void __user *avail)
{
	if ((uintptr_t)actual != 0 && copyout(&s->actual, actual, sizeof(s->actual)) != 0)
		return EFAULT;
	if ((uintptr_t)avail != 0 && copyout(&s->avail, avail, sizeof(s->avail)) != 0)
		return EFAULT;
	return 0;
}

static int
get_info(struct node *n, uint32_t slot_rights, uint32_t topic, struct info_sink *s)
{
	bool known;
	const struct info_topic *t = topic_find(topic, n->kind, s->room, &known);
	int error;

	if (t == NULL)
		return EWRONGTYPE;
	if ((slot_rights & t->rights) != t->rights)
		return ERIGHTS;
	s->record = t->record;
	error = t->get(n, slot_rights, s);
	if (error == 0 && !t->many && s->actual < s->avail)
		error = ESMALL;
	return error;
}

int
sys_mx_object_get_info(uint32_t h, uint32_t topic, void __user *buf, size_t size, void __user *actual,
    void __user *avail)
{
	struct info_sink s = { .to = (uintptr_t)buf, .room = size };
	struct node *n;
	uint32_t rights;
	bool known;
	int error;

	(void)topic_find(topic, NODE_ANY, size, &known);
	if (!known)
		return ENOTSUP;
	error = handle_get_slot(h, &n, &rights);
	if (error != 0)
		return error;
	error = get_info(n, rights, topic, &s);
	node_unuse(n);
	if ((error == 0 || error == ESMALL) && put_counts(&s, actual, avail) != 0)
		error = EFAULT;
	return error;
}

/* --- topics that every kind has --- */

static int
handle_valid(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	return 0;
}
INFO_TOPIC(valid_topic, MX_INFO_HANDLE_VALID, NODE_ANY, 0, 0, handle_valid);

static koid_t
related_koid(struct node *n)
{
	const struct relatives *r = relatives_of(n);

	return r != NULL && r->related != NULL ? r->related(n) : node_related_koid(n);
}

static int
handle_basic(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct abi_info_handle_basic info = {
		.koid = n->koid, .rights = slot_rights, .type = n->kind, .related_koid = related_koid(n),
		.props = node_waitable(n) ? MX_OBJ_PROP_WAITABLE : 0,
	};

	return info_put(s, &info);
}
INFO_TOPIC(basic_topic, MX_INFO_HANDLE_BASIC, NODE_ANY, 0, sizeof(struct abi_info_handle_basic),
    handle_basic);

/* Slots of all processes and messages that carry it; this very call is a use too. */
static int
handle_count(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct abi_info_handle_count info = { .handle_count = __atomic_load_n(&n->uses, __ATOMIC_RELAXED) - 1 };

	return info_put(s, &info);
}
INFO_TOPIC(count_topic, MX_INFO_HANDLE_COUNT, NODE_ANY, RIGHT_INSPECT,
    sizeof(struct abi_info_handle_count), handle_count);

/* --- properties --- */

enum prop_access { PROP_GET, PROP_SET };

static bool
prop_has(const struct property *p, enum prop_access access)
{
	return access == PROP_GET ? p->get != NULL : p->set != NULL;
}

/* The property's row for the handle's kind, and the node with a use. */
static int
prop_find(uint32_t h, uint32_t property, enum prop_access access, struct node **out,
    const struct property **row)
{
	uint32_t need = access == PROP_GET ? RIGHT_GET_PROPERTY : RIGHT_SET_PROPERTY, rights;
	bool known = property == MX_PROP_NAME;
	int error;

	for (const struct property *p = property_set_start; p < property_set_end; p++)
		known |= p->property == property && prop_has(p, access);
	if (!known)
		return EINVAL;
	error = handle_get_slot(h, out, &rights);
	if (error != 0)
		return error;
	error = property == MX_PROP_NAME ? ENOTSUP : EWRONGTYPE;
	for (const struct property *p = property_set_start; p < property_set_end; p++) {
		if (p->property == property && p->kind == (*out)->kind && prop_has(p, access)) {
			*row = p;
			error = (rights & need) == need ? 0 : ERIGHTS;
		}
	}
	if (error != 0)
		node_unuse(*out);
	return error;
}

int
sys_mx_object_get_property(uint32_t h, uint32_t property, void __user *value, size_t size)
{
	_Alignas(8) uint8_t buf[PROPERTY_MAX] = { 0 };
	const struct property *row;
	struct node *n;
	int error = prop_find(h, property, PROP_GET, &n, &row);

	if (error != 0)
		return error;
	error = size < row->size ? ESMALL : row->get(n, buf);
	if (error == 0 && copyout(buf, value, row->size) != 0)
		error = EFAULT;
	node_unuse(n);
	return error;
}

/* A name of any length, cut to what fits with its NUL; of other values exactly their size. */
static int
prop_copyin(const struct property *row, const void __user *value, size_t size, uint8_t *buf)
{
	if (row->property == MX_PROP_NAME) {
		size = MIN(size, (size_t)MX_MAX_NAME_LEN - 1);
		if (copyin(value, buf, size) != 0)
			return EFAULT;
		size = strnlen((char *)buf, size);
		memset(buf + size, 0, MX_MAX_NAME_LEN - size);
		return 0;
	}
	return size < row->size ? ESMALL : copyin(value, buf, row->size);
}

int
sys_mx_object_set_property(uint32_t h, uint32_t property, void __user *value, size_t size)
{
	_Alignas(8) uint8_t buf[PROPERTY_MAX] = { 0 };
	const struct property *row;
	struct node *n;
	int error = prop_find(h, property, PROP_SET, &n, &row);

	if (error != 0)
		return error;
	error = prop_copyin(row, value, size, buf);
	if (error == 0)
		error = row->set(n, buf);
	node_unuse(n);
	return error;
}

/* --- children --- */

int
sys_mx_object_get_child(uint32_t h, uint64_t koid, uint32_t rights, void __user *out)
{
	const struct relatives *r;
	struct node *n, *child;
	uint32_t have;
	int error = handle_get_slot(h, &n, &have);

	if (error != 0)
		return error;
	r = relatives_of(n);
	if (rights == RIGHT_SAME)
		rights = have;
	if (r == NULL || r->child == NULL)
		error = EWRONGTYPE;
	else if ((have & RIGHT_ENUMERATE) == 0 || (rights & ~have) != 0)
		error = ERIGHTS;
	else
		error = r->child(n, koid, &child);
	node_unuse(n);
	if (error != 0)
		return error;
	error = handle_install(child, rights, out);
	if (error != 0)
		node_unuse(child);
	return error;
}
