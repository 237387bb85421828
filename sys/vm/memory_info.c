/*
 * What a process's memory is made of, for mx_object_get_info: maps, VMOs, sums.
 *
 * Records are made under the space's lock and go out when it is dropped: the copy is to user memory, which
 * may be the very space that is looked at.
 */
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "vm/kmap.h"
#include "vm/region.h"
#include <abi/info.h>
#include <abi/rights.h>

struct proc_view {
	struct space *space;		/* referenced */
	struct info_sink *sink;
	size_t record;			/* bytes */
	size_t room, n;			/* records */
	char *records;
};

/* A process that has no space yet, or any more, is BAD_STATE. */
static int
space_of(struct node *n, struct space **out)
{
	struct proc *p = container_of(n, struct proc, p_node);
	struct space *s;

	spin_lock(&proc_tree_lock);
	s = p->p_state == PROC_ALIVE ? p->p_space : NULL;
	if (s != NULL && !space_try_ref(s))
		s = NULL;
	spin_unlock(&proc_tree_lock);
	*out = s;
	return s == NULL ? EBADSTATE : 0;
}

/* Runs fill() with the space locked and room for all it may make, then puts what it made. */
static int
collect(struct node *n, struct proc_view *v, void (*fill)(struct proc_view *, struct proc *))
{
	int error = proc_protected(container_of(n, struct proc, p_node)) ? EPERM : space_of(n, &v->space);

	if (error != 0)
		return error;
	mutex_lock(&v->space->lock);
	do {
		v->room = v->space->nmaps + v->space->nregions + 16;
		mutex_unlock(&v->space->lock);
		if ((v->records = kmap_alloc(v->room * v->record)) == NULL) {
			space_unref(v->space);
			return ENOMEM;
		}
		mutex_lock(&v->space->lock);
		if (v->space->nmaps + v->space->nregions + 2 <= v->room)
			break;
		kmap_free(v->records, v->room * v->record);
	} while (true);
	v->n = 0;
	fill(v, container_of(n, struct proc, p_node));
	mutex_unlock(&v->space->lock);
	for (size_t i = 0; i < v->n && error == 0; i++)
		error = info_put(v->sink, v->records + i * v->record);
	kmap_free(v->records, v->room * v->record);
	space_unref(v->space);
	return error;
}

static void *
next_record(struct proc_view *v)
{
	void *r = v->records + v->n++ * v->record;

	memset(r, 0, v->record);
	return r;
}

/* --- maps --- */

static void
put_range(struct proc_view *v, const char *name, uint32_t type, uint64_t depth, vaddr_t base, vaddr_t end)
{
	struct abi_info_maps *r = next_record(v);

	strlcpy(r->name, name, sizeof(r->name));
	r->type = type;
	r->depth = depth;
	r->base = base;
	r->size = end - base;
}

static void
put_mapping(struct proc_view *v, const struct mapping *m, uint64_t depth)
{
	struct abi_info_maps *r = next_record(v);
	struct abi_info_vmo about;

	vmo_info(m->vmo, &about);
	memcpy(r->name, about.name, sizeof(r->name));
	r->type = MX_INFO_MAPS_TYPE_MAPPING;
	r->depth = depth;
	r->base = m->start;
	r->size = m->end - m->start;
	r->mmu_flags = m->prot;
	r->vmo_koid = about.koid;
	r->vmo_offset = m->off;
	r->committed_pages = vmo_pages_in(m->vmo, m->off, r->size);
}

/* Depth first, by address: a region, then what is in it. */
static void
fill_maps(struct proc_view *v, struct proc *p)
{
	struct space *s = v->space;
	const struct region *r = s->regions;
	struct list *m = s->maps.next, *c = r != NULL ? r->children.next : NULL;
	uint64_t depth = 1;

	put_range(v, p->p_name, MX_INFO_MAPS_TYPE_ASPACE, 0, USER_MIN, USER_MAX);
	put_range(v, "root", MX_INFO_MAPS_TYPE_VMAR, depth, USER_MIN, USER_MAX);
	for (;;) {
		const struct region *child = c != NULL && c != &r->children ?
		    list_entry(c, struct region, link) : NULL;
		vaddr_t until = child != NULL ? child->base : r != NULL ? r->end : USER_MAX;

		for (; m != &s->maps && list_entry(m, struct mapping, link)->start < until; m = m->next)
			put_mapping(v, list_entry(m, struct mapping, link), depth + 1);
		if (child != NULL) {
			r = child;
			c = r->children.next;
			put_range(v, "", MX_INFO_MAPS_TYPE_VMAR, ++depth, r->base, r->end);
		} else if (r == NULL || r->parent == NULL) {
			return;
		} else {
			c = r->link.next;
			r = r->parent;
			depth--;
		}
	}
}

static int
process_maps(struct node *n, uint32_t slot_rights, struct info_sink *to)
{
	struct proc_view v = { .sink = to, .record = sizeof(struct abi_info_maps) };

	return collect(n, &v, fill_maps);
}
INFO_TOPIC_MANY(maps_topic, MX_INFO_PROCESS_MAPS, NODE_PROCESS, RIGHT_READ | RIGHT_INSPECT,
    sizeof(struct abi_info_maps), process_maps);

/* --- VMOs --- */

static void
fill_vmos(struct proc_view *v, struct proc *p)
{
	struct mapping *m;

	list_for_each(m, &v->space->maps, link) {
		struct abi_info_vmo *r = next_record(v);

		vmo_info(m->vmo, r);
		r->flags |= MX_INFO_VMO_VIA_MAPPING;
	}
}

/* A handle's VMO, by the table's index; false: there are no more. */
static bool
handle_vmo(struct proc *p, uint32_t *index, struct abi_info_vmo *out)
{
	struct node *n;
	struct vmo *v;
	uint32_t rights, flags;

	for (;;) {
		int i;

		spin_lock(&proc_tree_lock);
		i = p->p_desc != NULL ? desctab_next(p->p_desc, *index) : -1;
		if (i < 0 || desctab_peek(p->p_desc, (uint32_t)i, &n, &rights, &flags) != 0)
			n = NULL;
		spin_unlock(&proc_tree_lock);
		if (i < 0)
			return false;
		*index = (uint32_t)i + 1;
		if (n == NULL)
			continue;
		if (n->kind == NODE_VMO && n->ops->vmo(n, &v) == 0) {
			vmo_info(v, out);
			out->flags |= MX_INFO_VMO_VIA_HANDLE;
			out->handle_rights = rights;
			vmo_unref(v);
			node_unuse(n);
			return true;
		}
		node_unuse(n);
	}
}

/* Those that are mapped, once a mapping; then those that handles name, once a handle. */
static int
process_vmos(struct node *n, uint32_t slot_rights, struct info_sink *to)
{
	struct proc_view v = { .sink = to, .record = sizeof(struct abi_info_vmo) };
	struct abi_info_vmo record;
	uint32_t index = 0;
	int error = collect(n, &v, fill_vmos);

	while (error == 0 && handle_vmo(container_of(n, struct proc, p_node), &index, &record))
		error = info_put(to, &record);
	return error;
}
INFO_TOPIC_MANY(vmos_topic, MX_INFO_PROCESS_VMOS, NODE_PROCESS, RIGHT_READ | RIGHT_INSPECT,
    sizeof(struct abi_info_vmo), process_vmos);

/* --- sums --- */

static int
task_stats(struct node *n, uint32_t slot_rights, struct info_sink *to)
{
	struct abi_info_task_stats sum = { 0 };
	struct mapping *m;
	struct space *s;
	int error = space_of(n, &s);

	if (error != 0)
		return error;
	mutex_lock(&s->lock);
	sum.mem_mapped_bytes = s->size;
	list_for_each(m, &s->maps, link) {
		uint64_t bytes = vmo_pages_in(m->vmo, m->off, m->end - m->start) << PAGE_SHIFT;

		if ((m->flags & MAPF_SHARED) || m->vmo->kind == VMO_VNODE) {
			sum.mem_shared_bytes += bytes;
			sum.mem_scaled_shared_bytes += bytes / MAX(m->vmo->nmaps, 1u);
		} else {
			sum.mem_private_bytes += bytes;
		}
	}
	mutex_unlock(&s->lock);
	space_unref(s);
	return info_put(to, &sum);
}
INFO_TOPIC(stats_topic, MX_INFO_TASK_STATS, NODE_PROCESS, RIGHT_INSPECT, sizeof(struct abi_info_task_stats),
    task_stats);
