/*
 * Threads: creation and end; the halves of a sleep (kern/sched.c has the second).
 *
 * A sleep has two halves so that no wake-up is lost: prepare says "from now on I can be woken",
 * then the thread publishes itself under the condition's lock, drops the lock, and sleeps only if
 * nobody has woken it since.  t_wake is one word, so that each step is one store.
 *
 * An ended thread cannot free the stack it stands on.  It goes on the CPU's dead list with its last
 * switch; whoever comes out of a switch next frees the stack and drops the thread's own reference on
 * its node.
 */
#include "kern/thr.h"
#include "kern/systrace.h"
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/proc.h"
#include "kern/runq.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/intr.h"
#include "vm/kmap.h"
#include "vm/zone.h"
#include <abi/sig.h>

ZONE(thr_zone, struct thr);
COUNTER(threads, "kern.threads");
COUNTER(thread_nodes, "node.thread");
static int32_t next_tid = 1;		/* [a] */

void
thr_node_destroy(struct node *n)
{
	kstat_add(&thread_nodes, -1);
	zone_free(thr_zone, thr_of(n));
}

static const struct node_ops thr_node_ops = {
	.name = "thread", .read = node_nostream, .write = node_nostream, NODE_OPS_PLAIN,
	.unused = node_nounused, .destroy = thr_node_destroy,
};

static void
thr_begin(void *arg)
{
	struct thr *t = arg;

	intr_enable();
	t->t_entry(t->t_arg);
	thr_exit();
}

void (*thr_trace_hook)(struct thr *);

int
thr_create(struct proc *p, const char *name, void (*entry)(void *), void *arg, struct thr **out)
{
	struct thr *t;

	sched_reap();
	if (threads.value >= CONFIG_NTHR)
		return EAGAIN;
	t = zone_alloc(thr_zone, ZALLOC_ZERO);
	if (t == NULL)
		return ENOMEM;
	t->t_kstack = kstack_alloc();
	if (t->t_kstack == NULL) {
		zone_free(thr_zone, t);
		return ENOMEM;
	}
	node_init(&t->t_node, &thr_node_ops, NODE_THREAD, NULL, 0);
	t->t_node.poll_in = SIG_SIGNALED;
	t->t_proc = p;
	t->t_account = p != NULL ? p->p_account : &account_root;
	t->t_proc_koid = p != NULL ? p->p_node.koid : 0;
	t->t_maker = (uint32_t)t->t_proc_koid;
	t->t_entry = entry;
	t->t_arg = arg;
	/* As its maker, who may be traced; it finds out (kern/syscall.c). */
	t->t_call_max = p == NULL || p->p_trace != NULL ? 0 : thr_self()->t_call_max;
	t->t_class = THRUSER;
	t->t_tid = (int32_t)atomic_add((uint32_t *)&next_tid, 1);
	list_init(&t->t_link);
	list_init(&t->t_wait_link);
	list_init(&t->t_proc_link);
	list_init(&t->t_parked);
	list_init(&t->t_lenders);
	t->t_lent = UINT8_MAX;
	strlcpy(t->t_name, name, sizeof(t->t_name));
	t->t_prio = sched_prio(t->t_class, 0, 0);
	mach_thr_init(&t->t_mach, t->t_kstack, thr_begin, t);
	kstat_add(&threads, 1);
	kstat_add(&thread_nodes, 1);
	*out = t;
	return 0;
}

void
thr_free(struct thr *t)
{
	mach_thr_destroy(&t->t_mach);
	kstack_free(t->t_kstack);
	t->t_kstack = NULL;
	kstat_add(&threads, -1);
	node_unref(&t->t_node);
}
QUIESCE(sched_reap);

void
thr_discard(struct thr *t)
{
	thr_free(t);
}

void
thr_start(struct thr *t)
{
	t->t_node.own.bits |= SIG_THR_RUNNING;	/* nobody can observe it yet */
	sched_ready(t);
}

void
thr_exit(void)
{
	struct thr *t = thr_self();

	if (unlikely(t->t_trace != NULL))
		thr_trace_hook(t);
	intr_disable();
	t->t_state = THR_ZOMBIE;
	sched_switch();
	panic("an ended thread ran again");
}

void
thr_yield(void)
{
	sched_switch();
}

int
thr_pause_work(void)
{
	struct thr *t = thr_self();

	if (atomic_load(&t->t_dying))
		return EINTR;
	if ((atomic_load(&t->t_work) & WORK_RESCHED) != 0)
		thr_yield();
	return 0;
}

int
thr_count(void)
{
	return (int)threads.value;
}

void
thr_interrupt(struct thr *t)
{
	atomic_or(&t->t_work, WORK_SIGNAL);
	sched_wake(t, ERESTART, true);
}
