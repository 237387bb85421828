/*
 * Zero's events.
 *
 * 1. Concepts.  A *registration* (evreg) joins a port with something that has events: a folder, the
 * console's input, a process.  An event is a packet of the port, so one wait serves events and
 * everything else.  Programs send each other events too (evsend): these go straight to a port.
 *
 * 2. Nothing is allocated when something happens: a registration owns EV_DEPTH packets.  When all are
 * queued the event is lost, and the next packet says how many were.  A port may have a ring mapped into
 * its receiver (ipc/evring.c); then events go there as long as it has room.
 *
 * 3. What is watched has a counter of its own (v_events of a vnode, p_events of a process), which the
 * place where things happen tests; only when it is not zero the registrations are looked for, in a
 * hash table by the address of what is watched.
 *
 * 4. Who may listen.  A folder needs a descriptor with READ, the console's input a descriptor of its
 * terminal with READ whose session is the caller's, and while it is (root: always), a process a handle with INSPECT.  Programs can send only
 * the three types that are theirs: nobody fakes a key.
 *
 * 5. Locking.  One spin lock (RANK_EVENT, before RANK_PORT) for all registrations; a packet goes home
 * under it.  A registration is freed with its last packet at home.
 */
#include "ipc/ev.h"
#include "fs/file.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "ipc/evring.h"
#include "ipc/port.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/space.h"
#include "vm/zone.h"
#include <abi/rights.h>
#include <abi/stat.h>

#define EV_DEPTH	32u
#define NBUCKET		64u

struct evpacket {
	struct packet packet;
	struct evsub *sub;		/* [I] */
};

struct evsub {
	struct list bucket_link;	/* [e] */
	struct list port_link;		/* [e] empty: ended */
	struct port *port;		/* [I] one reference */
	struct ev_target target;	/* [I] */
	uint64_t key;			/* [I] */
	uint32_t mask, id;		/* [I] */
	uint32_t missed;		/* [e] since the last packet */
	uint64_t posted, lost;		/* [e] */
	struct list pool;		/* [e] packets at home */
	uint32_t at_home;		/* [e] */
	struct evpacket packets[EV_DEPTH];
};

LOCK_CLASS(ev_class, "events", RANK_EVENT);
static struct spin ev_lock = SPIN_INIT(&ev_class);
static struct list buckets[NBUCKET];	/* [e] */
COUNTER(registrations, "ev.registrations");
COUNTER_EVENT(posted, "ev.posted");
COUNTER_EVENT(lost, "ev.lost");

const char ev_input = 0;
uint32_t ev_input_watched;
int (*ev_tty_hook)(struct node *, struct ev_target *);

static void
ev_init(void)
{
	for (unsigned i = 0; i < NBUCKET; i++)
		list_init(&buckets[i]);
}
INIT(ev_init, LEVEL_KERN);

static struct list *
bucket_of(const void *owner)
{
	return &buckets[((uintptr_t)owner >> 6) % NBUCKET];
}

/* --- packets --- */

static void
sub_free(struct evsub *s)
{
	account_give(s->port->account, CHARGE_OBSERVERS, 1);
	node_unref(&s->port->node);
	kmem_free(s, sizeof(*s));
	kstat_add(&registrations, -1);
}

static bool
sub_over(const struct evsub *s)
{
	return list_empty(&s->port_link) && s->at_home == EV_DEPTH;
}

static void
packet_home(struct packet *k)
{
	struct evsub *s = container_of(k, struct evpacket, packet)->sub;
	bool over;

	spin_lock(&ev_lock);
	list_push_back(&s->pool, &k->link);
	s->at_home++;
	over = sub_over(s);
	spin_unlock(&ev_lock);
	if (over)
		sub_free(s);
}

static void
sub_post(struct evsub *s, unsigned type, const struct abi_event *body, struct wakelist *w)
{
	struct abi_event e = *body;
	struct packet *k;
	struct list *l;

	e.key = s->key;
	e.type = EV_PKT_TYPE(type);
	e.lost = (int32_t)MIN(s->missed, (uint32_t)INT32_MAX);
	if (!port_post_ring(s->port, &e, s->id, w)) {
		l = list_pop_front(&s->pool);
		if (l == NULL) {
			s->missed++;
			s->lost++;
			kstat_add(&lost, 1);
			return;
		}
		k = list_entry(l, struct packet, link);
		s->at_home--;
		memcpy(&k->body, &e, sizeof(e));
		port_post(s->port, k, w);
	}
	s->missed = 0;
	s->posted++;
	kstat_add(&posted, 1);
}

void
ev_post(const void *owner, unsigned type, const struct abi_event *body)
{
	struct wakelist w;
	struct evsub *s;

	wakelist_init(&w);
	spin_lock(&ev_lock);
	list_for_each(s, bucket_of(owner), bucket_link)
		if (s->target.owner == owner && (s->mask & EVBIT(type)) != 0)
			sub_post(s, type, body, &w);
	spin_unlock(&ev_lock);
	wakelist_run(&w);
}

/* --- registrations --- */

static void
release_vnode(const void *owner)
{
	vnode_unref((struct vnode *)(uintptr_t)owner);
}

static void
release_proc(const void *owner)
{
	node_unref(&((struct proc *)(uintptr_t)owner)->p_node);
}

static int
target_file(struct node *n, struct ev_target *t)
{
	struct vnode *vn = vnode_of(n);

	if (vn == NULL || !S_ISDIR(vn->v_mode))
		return ENOTDIR;
	vnode_ref(vn);
	*t = (struct ev_target){ vn, &vn->v_events, EVMASK_FS, release_vnode };
	return 0;
}

static int
target_proc(struct node *n, struct ev_target *t)
{
	struct proc *p = container_of(n, struct proc, p_node);

	node_ref(n);
	*t = (struct ev_target){ p, &p->p_events, EVMASK_PROC, release_proc };
	return 0;
}

static int
target_tty(struct node *n, struct ev_target *t)
{
	*t = (struct ev_target){ &ev_input, &ev_input_watched, EVMASK_INPUT, NULL };
	return ev_tty_hook != NULL ? ev_tty_hook(n, t) : EINVAL;
}

/* What a descriptor names, with a reference. */
static int
target_find(int source, struct ev_target *t)
{
	struct node *n;
	int error = desc_get((uint32_t)source, NODE_PROCESS, RIGHT_INSPECT, &n);

	if (error == 0)
		error = target_proc(n, t);
	else if (error != EWRONGTYPE)
		return error;
	else if ((error = desc_get((uint32_t)source, NODE_ANY, RIGHT_READ, &n)) != 0)
		return error;
	else if (n->kind == NODE_TTY)
		error = target_tty(n, t);
	else
		error = target_file(n, t);
	node_unuse(n);
	return error;
}

static struct evsub *
sub_make(struct port *p, const struct ev_target *t, uint32_t mask, uint64_t key)
{
	struct evsub *s;

	if (!account_take(p->account, CHARGE_OBSERVERS, 1))
		return NULL;
	s = kmem_alloc(sizeof(*s), ZALLOC_ZERO);
	if (s == NULL) {
		account_give(p->account, CHARGE_OBSERVERS, 1);
		return NULL;
	}
	kstat_add(&registrations, 1);
	node_ref(&p->node);
	s->port = p;
	s->target = *t;
	s->mask = mask;
	s->key = key;
	list_init(&s->port_link);
	list_init(&s->bucket_link);
	list_init(&s->pool);
	s->at_home = EV_DEPTH;
	for (unsigned i = 0; i < EV_DEPTH; i++) {
		struct evpacket *k = &s->packets[i];

		list_init(&k->packet.link);
		k->packet.home = packet_home;
		k->sub = s;
		list_push_back(&s->pool, &k->packet.link);
	}
	return s;
}

static uint32_t
sub_enter(struct evsub *s)
{
	uint32_t id;

	spin_lock(&ev_lock);
	if (++s->port->last_event > INT32_MAX)
		s->port->last_event = 1;
	id = s->id = s->port->last_event;
	list_push_back(&s->port->events, &s->port_link);
	list_push_back(bucket_of(s->target.owner), &s->bucket_link);
	atomic_add(s->target.watched, 1);
	spin_unlock(&ev_lock);
	return id;
}

/* Takes one off its lists; ev_lock is held.  True: no packet is out, so it can be freed. */
static bool
sub_leave(struct evsub *s)
{
	list_remove(&s->port_link);
	list_remove(&s->bucket_link);
	atomic_add(s->target.watched, (uint32_t)-1);
	return sub_over(s);
}

static void
sub_left(struct evsub *s, const struct ev_target *t, bool over)
{
	if (t->release != NULL)
		t->release(t->owner);
	if (over)
		sub_free(s);
}

static struct evsub *
sub_find(struct port *p, uint32_t id)
{
	struct evsub *s;

	list_for_each(s, &p->events, port_link)
		if (s->id == id)
			return s;
	return NULL;
}

void
ev_port_closed(struct port *p)
{
	struct ev_target t;
	struct evsub *s;
	bool over;

	for (;;) {
		spin_lock(&ev_lock);
		s = list_first(&p->events, struct evsub, port_link);
		if (s == NULL)
			break;
		t = s->target;
		over = sub_leave(s);
		spin_unlock(&ev_lock);
		sub_left(s, &t, over);
	}
	spin_unlock(&ev_lock);
}

/* --- calls --- */

int
sys_evreg(long type, long flags, void __user *arg, intptr_t *result)
{
	struct abi_evreg r;
	struct ev_target t;
	struct node *port;
	struct evsub *s;
	int error;

	if (flags != 0 || type < 0 || type >= EV_NTYPE)
		return EINVAL;
	error = copyin(arg, &r, sizeof(r));
	if (error != 0)
		return error;
	r.mask |= type != 0 ? EVBIT(type) : 0;
	if (r.reserved != 0 || r.mask == 0)
		return EINVAL;
	error = desc_get((uint32_t)r.port, NODE_PORT, RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	error = target_find(r.source, &t);
	if (error == 0) {
		s = (r.mask & ~t.mask) == 0 ? sub_make(port_of(port), &t, r.mask, r.key) : NULL;
		if (s != NULL)
			*result = (intptr_t)sub_enter(s);
		else
			error = (r.mask & ~t.mask) != 0 ? EINVAL : ENOMEM;
		if (s == NULL && t.release != NULL)
			t.release(t.owner);
	}
	node_unuse(port);
	return error;
}

/* What the kernel knows better than the sender. */
static int
event_sign(struct abi_event *e, unsigned type)
{
	int32_t pid = proc_self()->p_pid;

	switch (type) {
	case EV_CMD:
		e->cmd.source = pid;
		e->cmd.time = clock_now();
		return 0;
	case EV_MSG:
		e->msg.source = pid;
		return e->msg.len <= EV_MSG_SIZE ? 0 : EMSGSIZE;
	case EV_DATA:
		e->data.source = pid;
		return 0;
	default:
		return EPERM;
	}
}

int
sys_evsend(void __user *event, long flags, long dest, intptr_t *result)
{
	struct abi_event e;
	struct node *port;
	int error;

	if (flags != 0)
		return EINVAL;
	error = copyin(event, &e, sizeof(e));
	if (error != 0)
		return error;
	if (!EV_PKT_IS_EVENT(e.type) || EV_PKT_EVENT(e.type) == 0 || EV_PKT_EVENT(e.type) >= EV_NTYPE)
		return EINVAL;
	error = event_sign(&e, EV_PKT_EVENT(e.type));
	if (error != 0)
		return error;
	e.lost = 0;
	error = desc_get((uint32_t)dest, NODE_PORT, RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	*result = 0;
	error = port_send(port_of(port), (const struct abi_port_packet *)&e, e.type);
	node_unuse(port);
	return error;
}

int
sys_evrecv(void __user *event, long flags, long src, intptr_t *result)
{
	struct node *port;
	int error;

	if ((flags & ~EV_NOWAIT) != 0)
		return EINVAL;
	error = desc_get((uint32_t)src, NODE_PORT, RIGHT_READ, &port);
	if (error != 0)
		return error;
	*result = 0;
	error = port_receive(port_of(port), (flags & EV_NOWAIT) != 0 ? 0 : NSEC_INFINITE, NULL, event);
	node_unuse(port);
	return error == ETIMEDOUT ? EAGAIN : error;
}

static int
op_unreg(void __user *arg)
{
	struct abi_evunreg u;
	struct ev_target t;
	struct node *port;
	struct evsub *s;
	bool over = false;
	int error = copyin(arg, &u, sizeof(u));

	if (error == 0)
		error = desc_get((uint32_t)u.port, NODE_PORT, RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	spin_lock(&ev_lock);
	s = sub_find(port_of(port), u.id);
	if (s != NULL) {
		t = s->target;
		over = sub_leave(s);
	}
	spin_unlock(&ev_lock);
	if (s != NULL)
		sub_left(s, &t, over);
	node_unuse(port);
	return s != NULL ? 0 : ENOENT;
}

static int
op_stat(void __user *arg)
{
	struct abi_evstat st;
	struct node *port;
	struct evsub *s;
	int error = copyin(arg, &st, sizeof(st));

	if (error == 0)
		error = desc_get((uint32_t)st.port, NODE_PORT, RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	spin_lock(&ev_lock);
	s = sub_find(port_of(port), st.id);
	if (s != NULL)
		st = (struct abi_evstat){ st.port, st.id, s->mask, EV_DEPTH, EV_DEPTH - s->at_home, 0, s->posted,
			s->lost };
	spin_unlock(&ev_lock);
	node_unuse(port);
	return s != NULL ? copyout(&st, arg, sizeof(st)) : ENOENT;
}

static int
op_ring(void __user *arg)
{
	struct abi_evring_op op;
	struct evring *r;
	struct node *port;
	vaddr_t addr;
	int error = copyin(arg, &op, sizeof(op));

	if (error == 0)
		error = desc_get((uint32_t)op.port, NODE_PORT, RIGHT_READ | RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	if (port_of(port)->ring != NULL)
		error = EEXIST;
	else if (!user_range_ok((uintptr_t)arg, sizeof(op)))
		error = EFAULT;
	else
		error = evring_make(op.entries, &r, &addr);
	if (error == 0) {
		op.address = addr;
		error = copyout(&op, arg, sizeof(op));
		if (error == 0)
			error = port_set_ring(port_of(port), r);
		if (error != 0) {
			(void)space_unmap(proc_self()->p_space, addr, evring_size(r));
			evring_free(r);
		}
	}
	node_unuse(port);
	return error;
}

int
sys_evop(long cmd, long flags, void __user *arg, intptr_t *result)
{
	if (flags != 0)
		return EINVAL;
	*result = 0;
	if (cmd == EVOP_UNREG)
		return op_unreg(arg);
	if (cmd == EVOP_RING)
		return op_ring(arg);
	return cmd == EVOP_STAT ? op_stat(arg) : EINVAL;
}
