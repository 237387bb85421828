#pragma once
/* A doubly linked list with a head; an unlinked node points at itself. */
#include "kern/assert.h"
#include "kern/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(l) { &(l), &(l) }

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_insert_after(struct list *at, struct list *n)
{
	n->next = at->next;
	n->prev = at;
	at->next->prev = n;
	at->next = n;
}

static inline void
list_push_front(struct list *head, struct list *n)
{
	list_insert_after(head, n);
}

static inline void
list_push_back(struct list *head, struct list *n)
{
	struct list *last = head->prev;

	n->next = head;
	n->prev = last;
	last->next = n;
	head->prev = n;
}

/* Of one that ends with it: nobody looks at it again. */
static inline void
list_unlink(struct list *n)
{
	struct list *next = n->next, *prev = n->prev;

	ASSERT(next->prev == n && prev->next == n);
	next->prev = prev;
	prev->next = next;
}

static inline void
list_remove(struct list *n)
{
	list_unlink(n);
	list_init(n);
}

static inline struct list *
list_pop_front(struct list *head)
{
	struct list *n = head->next;

	if (n == head)
		return NULL;
	list_remove(n);
	return n;
}

/* Moves all of `from' to the end of `to'. */
static inline void
list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(l, type, member) container_of(l, type, member)
#define list_first(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_for_each(e, head, member) \
	for (e = list_entry((head)->next, __typeof__(*e), member); &e->member != (head); \
	    e = list_entry(e->member.next, __typeof__(*e), member))
#define list_for_each_safe(e, tmp, head, member) \
	for (e = list_entry((head)->next, __typeof__(*e), member), \
	    tmp = list_entry(e->member.next, __typeof__(*e), member); &e->member != (head); \
	    e = tmp, tmp = list_entry(e->member.next, __typeof__(*e), member))
