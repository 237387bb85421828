/*
 * Channel calls that a POSIX signal interrupted past their write.
 *
 * The record moves from the stack to the thread's list of parked calls, the number in the frame becomes that of
 * call_finish, and the handler runs; the same trap instruction then waits on.  The arguments stay what they
 * were.  The record is found by the stack pointer and the argument block of the interrupted call: a handler may
 * call and be interrupted in turn, or never come back.  A reply that comes meanwhile waits in the record.
 */
#include "gen/sysnum.h"
#include "gen/sysproto.h"
#include "ipc/channel_impl.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/time.h"
#include "mach/frame.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/channel.h>

ZONE(call_zone, struct call);
COUNTER(parked_calls, "channel.parked");

/* Moves the call off the stack: a handler runs before it goes on.  False: it is over, nothing to do. */
static bool
park(struct end *e, struct call *c, struct call *heap, uintptr_t args)
{
	struct thr *t = thr_self();
	bool over;

	spin_lock(&e->node.pair->lock);
	over = call_is_over(c);
	if (!over) {
		*heap = *c;
		list_insert_after(&c->ob.link, &heap->ob.link);
		list_unlink(&c->ob.link);
		heap->waiter.thr = NULL;
	}
	spin_unlock(&e->node.pair->lock);
	if (over) {
		zone_free(call_zone, heap);
		return false;
	}
	kstat_add(&parked_calls, 1);
	node_use(&e->node);
	heap->node = &e->node;
	heap->sp = tf_sp(mach_thr_frame(&t->t_mach));
	heap->args = args;
	list_push_front(&t->t_parked, &heap->parked);
	t->t_call = SYS_mx_channel_call_finish;
	return true;
}

int
call_interrupted(struct end *e, struct call *c, uintptr_t args)
{
	struct call *heap = zone_alloc(call_zone, 0);

	if (heap == NULL)
		call_leave(e, c, ENOMEM);
	else if (park(e, c, heap, args))
		return ERESTART;
	return 0;
}

static void
parked_free(struct call *c)
{
	list_remove(&c->parked);
	node_unuse(c->node);
	zone_free(call_zone, c);
	kstat_add(&parked_calls, -1);
}

void
parked_calls_drop(struct thr *t)
{
	struct call *c, *tmp;

	list_for_each_safe(c, tmp, &t->t_parked, parked) {
		call_leave(end_of(c->node), c, ECANCELED);
		if (c->reply != NULL)
			channel_put_back(end_of(c->node), c->reply);
		parked_free(c);
	}
}

/* The interrupted call goes on; only the kernel writes this number into a frame. */
int
sys_mx_channel_call_finish(uint32_t h, uint32_t options, int64_t deadline, void __user *args,
    void __user *actual_bytes, void __user *actual_handles)
{
	struct thr *t = thr_self();
	struct abi_channel_call a;
	struct receiving r;
	struct call *c, *found = NULL;
	struct end *e;
	int error;

	list_for_each(c, &t->t_parked, parked) {
		if (c->sp == tf_sp(mach_thr_frame(&t->t_mach)) && c->args == (uintptr_t)args) {
			found = c;
			break;
		}
	}
	if (found == NULL)
		return EBADSTATE;
	e = end_of(found->node);
	error = copyin(args, &a, sizeof(a));
	spin_lock(&e->node.pair->lock);
	waiter_init(&found->waiter, true);
	spin_unlock(&e->node.pair->lock);
	if (error != 0 || call_is_over(found))
		thr_sleep_cancel();
	else
		error = call_wait(e, found, deadline);
	if (error == ERESTART) {
		spin_lock(&e->node.pair->lock);
		found->waiter.thr = NULL;
		spin_unlock(&e->node.pair->lock);
		return ERESTART;
	}
	if (error != 0) {
		call_leave(e, found, error);
		if (found->reply != NULL)
			channel_put_back(e, found->reply);
	} else {
		r = receiving_of(&a, actual_bytes, actual_handles);
		error = call_result(e, found, &r);
	}
	parked_free(found);
	return error;
}
