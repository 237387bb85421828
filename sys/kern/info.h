#pragma once
/*
 * Topics of mx_object_get_info and properties, declared beside the kind that knows the answer:
 *
 *	INFO_TOPIC(vmar_topic, MX_INFO_VMAR, NODE_VMAR, 0, sizeof(struct abi_info_vmar), vmar_info);
 *	PROPERTY(limit_prop, MX_PROP_CHANNEL_LIMIT, NODE_CHANNEL, 8, limit_get, limit_set);
 *
 * kern/info.c finds the row, checks kind before rights, and copies out what fits.
 */
#include "kern/node.h"
#include "kern/types.h"

struct info_sink;

struct info_topic {
	uint32_t topic;			/* MX_INFO_* */
	uint16_t kind;			/* enum node_kind, or NODE_ANY */
	uint32_t rights;		/* that the handle needs */
	size_t record;			/* bytes of one record */
	bool many;			/* an array: what fits is copied; else one record, ESMALL when short */
	/* Puts its records; may sleep, may not hold a spin lock while it does so. */
	int (*get)(struct node *, uint32_t slot_rights, struct info_sink *);
};
/* A record that has grown has one more row, with the size it was published with before and the same
 * function.  An array cannot grow: its records get a new topic. */
#define INFO_TOPIC(var, t, k, r, size, fn) \
	static const struct info_topic var __section(".info_set") = \
	    { .topic = t, .kind = k, .rights = r, .record = size, .get = fn }
#define INFO_TOPIC_MANY(var, t, k, r, size, fn) \
	static const struct info_topic var __section(".info_set") = \
	    { .topic = t, .kind = k, .rights = r, .record = size, .many = true, .get = fn }
/* One record of the topic's size; counts it as available even when there is no room. */
int info_put(struct info_sink *, const void *record) __must_check;

#define PROPERTY_MAX	64u		/* bytes of a value */
struct property {
	uint32_t property;		/* MX_PROP_* */
	uint16_t kind;
	uint32_t size;			/* bytes of the value */
	int (*get)(struct node *, void *value);		/* NULL: cannot be read */
	int (*set)(struct node *, const void *value);	/* NULL: cannot be written */
};
#define PROPERTY(var, p, k, bytes, getter, setter) \
	_Static_assert((bytes) <= PROPERTY_MAX, "a large property"); \
	static const struct property var __section(".property_set") = \
	    { .property = p, .kind = k, .size = bytes, .get = getter, .set = setter }

/* What a kind is to its relatives; kinds without a row have none (peers are kern/pair.h's). */
struct relatives {
	uint16_t kind;
	/* The koid that MX_INFO_HANDLE_BASIC tells as the related one. */
	koid_t (*related)(struct node *);
	/* A direct child, with one use; ENOENT.  NULL: it has no children. */
	int (*child)(struct node *, koid_t, struct node **out);
};
#define RELATIVES(var, k, relatedfn, childfn) \
	static const struct relatives var __section(".relatives_set") = \
	    { .kind = k, .related = relatedfn, .child = childfn }
