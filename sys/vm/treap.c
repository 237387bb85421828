/*
 * The mappings of a space, by address.
 *
 * 1. Mappings are disjoint pieces of the user range, kept twice: in a list by address, and in a treap (a search
 *    tree by address that is a heap by random weight, so its depth is logarithmic whatever the order of
 *    calls).
 *
 * 2. Gaps.  Each mapping knows the free bytes below it; the treap carries a bound of such gaps for every
 *    subtree, so placement finds the highest gap that fits without walking.  The bound is never too low; when a
 *    gap shrinks it is left as it is, and the search that finds nothing there mends it.  Where the last place
 *    was found is remembered (`fit'): all gaps above are too small.
 *
 * The space's lock is held by the callers.
 */
#include "vm/treap.h"
#include "kern/assert.h"

/* The bound of m becomes what those below say. */
static void
treap_update(struct mapping *m)
{
	vaddr_t gap = m->gap;

	if (m->left != NULL && m->left->max_gap > gap)
		gap = m->left->max_gap;
	if (m->right != NULL && m->right->max_gap > gap)
		gap = m->right->max_gap;
	m->max_gap = gap;
}

static struct mapping **
treap_place(struct space *s, struct mapping *m)
{
	if (m->parent == NULL)
		return &s->root;
	return m->parent->left == m ? &m->parent->left : &m->parent->right;
}

/* m goes above its parent. */
static void
treap_lift(struct space *s, struct mapping *m)
{
	struct mapping *p = m->parent, *child;
	struct mapping **place = treap_place(s, p);
	vaddr_t all = p->max_gap;	/* of the same mappings, whoever is on top */

	if (p->left == m) {
		child = p->left = m->right;
		m->right = p;
	} else {
		child = p->right = m->left;
		m->left = p;
	}
	if (child != NULL)
		child->parent = p;
	m->parent = p->parent;
	p->parent = m;
	*place = m;
	treap_update(p);
	m->max_gap = all;
}

void
treap_insert(struct space *s, struct mapping *m, struct mapping *prev)
{
	struct mapping *next;

	list_insert_after(prev != NULL ? &prev->link : &s->maps, &m->link);
	next = m->link.next != &s->maps ? list_entry(m->link.next, struct mapping, link) : NULL;
	m->left = m->right = m->parent = NULL;
	m->gap = m->lo - (prev != NULL ? prev->end : USER_MIN);
	m->max_gap = m->gap;
	if (likely(next != NULL))
		next->gap = next->lo - m->end;
	if (prev != NULL && prev->right == NULL) {
		prev->right = m;
		m->parent = prev;
	} else if (next != NULL) {
		ASSERT(next->left == NULL);
		next->left = m;
		m->parent = next;
	} else {
		ASSERT(s->root == NULL);
		s->root = m;
	}
	bound_raise(m->parent, m->gap);
	while (m->parent != NULL && m->parent->weight < m->weight)
		treap_lift(s, m);
	s->nmaps++;
}

void
treap_remove(struct space *s, struct mapping *m)
{
	struct mapping *parent, *child, *next = NULL;

	if (likely(m->link.next != &s->maps))
		next = list_entry(m->link.next, struct mapping, link);
	while (m->left != NULL && m->right != NULL)
		treap_lift(s, m->left->weight > m->right->weight ? m->left : m->right);
	child = m->left != NULL ? m->left : m->right;
	parent = m->parent;
	*treap_place(s, m) = child;
	if (child != NULL)
		child->parent = parent;
	list_remove(&m->link);
	if (s->fit != NULL && m->lo >= s->fit->lo)
		s->fit = next;
	if (likely(next != NULL)) {
		next->gap += m->gap + (m->end - m->lo);
		bound_raise(next, next->gap);
	}
	if (s->hint == m)
		s->hint = NULL;
	s->nmaps--;
}

struct mapping *
space_find_from(const struct space *s, vaddr_t va)
{
	struct mapping *m = s->root, *best = NULL;

	while (m != NULL) {
		if (va < m->end) {
			best = m;
			m = m->left;
		} else {
			m = m->right;
		}
	}
	return best;
}

struct mapping *
space_find(struct space *s, vaddr_t va)
{
	struct mapping *m = s->hint;

	if (likely(m != NULL && va >= m->lo && va < m->end))
		return m;
	m = space_find_from(s, va);
	if (m == NULL || va < m->lo)
		return NULL;
	s->hint = m;
	return m;
}

struct mapping *
find_below(const struct space *s, vaddr_t va)
{
	struct mapping *m = s->root, *best = NULL;

	while (m != NULL) {
		if (m->end <= va) {
			best = m;
			m = m->right;
		} else {
			m = m->left;
		}
	}
	return best;
}

struct mapping *
gap_search(struct mapping *m, vaddr_t len, vaddr_t top)
{
	struct mapping *found;

	if (m == NULL || m->max_gap < len)
		return NULL;
	if (m->end < top && (found = gap_search(m->right, len, top)) != NULL)
		return found;
	if (MIN(m->lo, top) >= m->lo - m->gap + len)
		return m;
	if ((found = gap_search(m->left, len, top)) != NULL)
		return found;
	treap_update(m);
	return NULL;
}
