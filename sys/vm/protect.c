/*
 * Changing what is mapped in a range: its protection, or its MAPF_* flags.
 *
 * The range is looked at first, and what splitting its ends may need is allocated; then nothing can fail.  The
 * commonest case is just one whole mapping.  Neighbours that have become alike are joined again, so a range
 * that is changed to and fro leaves no pieces.
 */
#include "kern/error.h"
#include "vm/mapping.h"
#include "vm/region.h"

/* What a call does to the mappings in a range. */
struct change {
	bool protect;
	uint32_t prot;
	uint32_t clear, set;		/* MAPF_* */
};

static inline __attribute__((always_inline)) int
change_check(const struct space *s, const struct mapping *m, vaddr_t start, vaddr_t end, const struct change *c)
{
	for (vaddr_t at = start; at < end; m = mapping_next(s, m)) {
		if (m == NULL || m->start > at)
			return ENOENT;
		if (c->protect && (c->prot & ~(uint32_t)m->max) != 0)
			return EACCES;
		at = m->end;
	}
	return 0;
}

/* Joins m with the next one, n, when together they are one mapping again. */
static __attribute__((noinline)) void
mapping_join_with(struct space *s, struct mapping *m, struct mapping *n)
{
	vaddr_t end;

	if (n->start != n->lo || n->vmo != m->vmo || n->prot != m->prot ||
	    n->max != m->max || n->flags != (m->flags & ~(uint32_t)MAPF_STACK) ||
	    (n->off != m->off + (m->end - m->start) && !mapping_blank(m)) || (unlikely(s->regions != NULL) && region_border(s, m->end)))
		return;
	end = n->end;
	s->size -= n->end - n->start;
	treap_remove(s, n);
	mapping_free(n);
	mapping_reshape(s, m, m->lo, m->start, end);
}

static inline __attribute__((always_inline)) void
mapping_join(struct space *s, struct mapping *m)
{
	struct mapping *n = mapping_next(s, m);

	if (n != NULL && n->lo == m->end)
		mapping_join_with(s, m, n);
}

static inline __attribute__((always_inline)) void
change_one(struct space *s, struct mapping *m, const struct change *c)
{
	uint32_t old = m->prot;

	if (likely(c->protect)) {
		m->prot = (uint8_t)c->prot;
		if ((old & ~c->prot) != 0)
			pmap_protect(&s->pmap, m->start, m->end, c->prot);
	} else {
		m->flags = (uint16_t)((m->flags & ~c->clear) | c->set);
	}
}

/* A range that is not just one mapping: its ends are split off.  (By value: the common case needs no
 * struct in memory.) */
static __attribute__((noinline)) int
change_pieces(struct space *s, struct mapping *m, vaddr_t start, vaddr_t end, struct change by)
{
	const struct change *c = &by;
	struct mapping *spare[2];

	if (s->nmaps + 2 > MAPPINGS_MAX || (spare[0] = space_mapping(s, 0, 0, 0)) == NULL)
		return ENOMEM;
	if ((spare[1] = space_mapping(s, 0, 0, 0)) == NULL) {
		space_mapping_free(spare[0]);
		return ENOMEM;
	}
	if (m->start < start) {
		mapping_split(s, m, start, spare[0]);
		m = spare[0];
		spare[0] = NULL;
	}
	for (;;) {
		if (m->end > end) {
			mapping_split(s, m, end, spare[1]);
			spare[1] = NULL;
		}
		change_one(s, m, c);
		if (m->end >= end)
			break;
		m = mapping_next(s, m);
	}
	mapping_join(s, m);
	for (unsigned i = 0; i < 2; i++)
		if (spare[i] != NULL)
			space_mapping_free(spare[i]);
	return 0;
}

static inline __attribute__((always_inline)) int
change_locked(struct space *s, vaddr_t start, vaddr_t end, const struct change *c)
{
	struct mapping *m = find_hinted(s, start);
	int error;

	if ((error = change_check(s, m, start, end, c)) != 0)
		return error;
	if (m->start == start && m->end == end) {
		s->hint = m;
		change_one(s, m, c);
		mapping_join(s, m);
	} else {
		if ((error = change_pieces(s, m, start, end, *c)) != 0)
			return error;
		m = space_find_from(s, start);
	}
	if (m->link.prev != &s->maps)
		mapping_join(s, list_entry(m->link.prev, struct mapping, link));
	return 0;
}

NO_CANARY int
space_protect_locked(struct space *s, struct region *r, vaddr_t start, vaddr_t end, uint32_t prot)
{
	const struct change c = { .protect = true, .prot = prot };

	return region_over(r, start, end) ? EINVAL : change_locked(s, start, end, &c);
}

int
space_advise(struct space *s, vaddr_t start, size_t len, uint32_t clear, uint32_t set)
{
	const struct change c = { .clear = clear, .set = set };
	int error;

	if (len == 0)
		return 0;
	mutex_lock(&s->lock);
	error = change_locked(s, ROUND_DOWN(start, PAGE_SIZE), ROUND_UP(start + len, PAGE_SIZE), &c);
	mutex_unlock(&s->lock);
	return error == ENOENT ? ENOMEM : error;
}

NO_CANARY int
space_protect(struct space *s, vaddr_t start, size_t given, uint32_t prot)
{
	size_t len = ROUND_UP(given, PAGE_SIZE);
	int error;

	if ((start & PAGE_MASK) != 0)
		return EINVAL;
	if (given == 0)
		return 0;
	if (len == 0 || !range_valid(start, len))
		return ENOMEM;
	if ((prot & (VM_WRITE | VM_EXEC | VM_WX)) == (VM_WRITE | VM_EXEC))
		return EACCES;
	mutex_lock(&s->lock);
	error = space_protect_locked(s, s->regions, start, start + len, prot & ~VM_WX);
	mutex_unlock(&s->lock);
	return error == ENOENT ? ENOMEM : error;
}
