/*
 * The child's space.
 *
 * fork walks the mappings: a shared one is a reference, a private one a VMO that shares the tree (snapshot.c), and
 * the last-level page tables are shared, read-only (pmap.c).  Weights are copied, so the child's treap has the
 * same shape and each insertion is at its right edge.  Pieces of one VMO stay pieces of one: the VMO knows its
 * clone while this goes on.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "vm/mapping.h"

/* The VMO of the child's mapping, referenced. */
static int
fork_vmo(struct space *parent, const struct mapping *m, struct vmo **out)
{
	struct vmo *v = m->vmo;
	int error;

	if ((m->flags & MAPF_SHARED) || v->kind == VMO_VNODE || v == &vmo_blank) {
		if (v != &vmo_blank)
			vmo_ref(v);
		*out = v;
		return 0;
	}
	/* Pieces of one VMO stay pieces of one. */
	if (v->clone == NULL && (error = vmo_clone(v, parent, &v->clone)) != 0)
		return error;
	if (v->clone->nmaps > 0)
		vmo_ref(v->clone);
	*out = v->clone;
	return 0;
}

static int
fork_mapping(struct space *parent, struct space *s, const struct mapping *m, struct mapping *prev,
    struct mapping **out)
{
	struct mapping *c = mapping_alloc();
	int error;

	if (c == NULL)
		return ENOMEM;
	*c = *m;
	c->space = s;
	c->flags &= (uint16_t)~MAPF_LOCKED;
	list_init(&c->link);
	list_init(&c->vmo_link);
	list_init(&c->under_link);
	if ((error = fork_vmo(parent, m, &c->vmo)) != 0) {
		space_mapping_free(c);
		return error;
	}
	if (!mapping_blank(c))
		vmo_attach(c);
	treap_insert(s, c, prev);
	if (parent->heap == m->vmo)
		s->heap = c->vmo;
	*out = c;
	return 0;
}

static int
fork_mappings(struct space *parent, struct space *s)
{
	struct mapping *m, *next, *prev = NULL;
	bool left_out = false;
	vaddr_t end;
	int error;

	list_for_each(m, &parent->maps, link) {
		if (m->flags & MAPF_DONTFORK) {
			left_out = true;
			continue;
		}
		if ((error = fork_mapping(parent, s, m, prev, &prev)) != 0)
			return error;
		s->size += m->end - m->start;
	}
	for (m = list_first(&s->maps, struct mapping, link); m != NULL; m = next) {
		next = stretch_next(s, m, &end);
		if ((error = pmap_fork(&parent->pmap, &s->pmap, m->start, end)) != 0)
			return error;
	}
	/* A shared table may show the child what it shall not have. */
	if (left_out)
		list_for_each(m, &parent->maps, link)
			if (m->flags & MAPF_DONTFORK)
				pmap_remove(&s->pmap, m->start, m->end);
	return 0;
}

int
space_fork(struct space *parent, struct space **out)
{
	struct space *s;
	struct mapping *m;
	int error;

	if ((error = space_create(&s)) != 0)
		return error;
	mutex_lock(&parent->lock);
	s->mmap_top = parent->mmap_top;
	s->window = parent->window;
	s->window_seen = parent->window_seen;
	s->brk_start = parent->brk_start;
	s->brk = parent->brk;
	s->limit_as = parent->limit_as;
	s->limit_stack = parent->limit_stack;
	error = fork_mappings(parent, s);
	list_for_each(m, &parent->maps, link)
		m->vmo->clone = NULL;
	pmap_fork_end(&parent->pmap);
	mutex_unlock(&parent->lock);
	if (error != 0)
		space_unref(s);
	else
		*out = s;
	return error;
}
