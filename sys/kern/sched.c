/*
 * The scheduler.
 *
 * Concepts.  Zero's 256 priorities: four classes (real-time, user, batch, idle) of 64 each, 0 best.
 * A thread's place is 64*class + clamp(32 + step + nice, 0, 63).  The book's thradjprio() kept
 * step and nice in one number and clamped with max() where it meant min(), so that every thread
 * ended at 255; here the step (0..31) is a cursor of its own.  It moves on each time the thread
 * uses up its slice and returns to 0 when it sleeps, so whoever waits for input goes before
 * whoever computes; see wake_step() for whom that is.  Real-time threads are not stepped.
 *
 * Strict order between classes: batch and idle threads may starve while better ones run.
 *
 * The kernel is not preempted.  A better thread that becomes ready sets WORK_RESCHED in the running
 * one, which gives way when it goes back to user mode, blocks, or yields.
 *
 * Locking.  One run queue a CPU under its own interrupt-safe lock, a leaf.  A switch is made with
 * interrupts off and without the lock; the next thread restores its own interrupt state.
 */
#include "kern/sched.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/runq.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "vm/space.h"

#define NQUEUE	(THRNCLASS * THRNPRIO)
#define SLICE	(NSEC_PER_SEC / CONFIG_HZ * 4)

struct runq {
	struct spin lock;
	uint64_t map[NQUEUE / 64];	/* [lock] non-empty queues */
	struct list queue[NQUEUE];	/* [lock] */
	uint32_t ready;			/* [lock] threads queued, `only' counted */
	struct thr *only;		/* [lock] the one that is ready, when there is no other: in no list */
	const struct thr *heir;		/* [lock] whom the running thread woke last; only compared */
	struct list dead;		/* [lock] threads to be freed */
};

LOCK_CLASS(runq_class, "run queue", RANK_RUNQ);
COUNTER_EVENT(switches, "sched.switches");
static struct runq runq0;

static void
sched_init(void)
{
	spin_init(&runq0.lock, &runq_class);
	list_init(&runq0.dead);
	for (unsigned i = 0; i < NQUEUE; i++)
		list_init(&runq0.queue[i]);
	cpu_self()->runq = &runq0;
}
INIT(sched_init, LEVEL_VM - 1);

uint8_t
sched_prio(uint8_t class, uint8_t step, int8_t nice)
{
	int within = 32 + step + nice;

	within = within < 0 ? 0 : within > THRNPRIO - 1 ? THRNPRIO - 1 : within;
	return (uint8_t)(THRNPRIO * class + within);
}

/* t_prio: its own priority, or a better one that somebody lent it who waits for it (ipc/futex.c). */
static uint8_t
prio_now(const struct thr *t)
{
	return MIN(sched_prio(t->t_class, t->t_step, t->t_nice), t->t_lent);
}

uint8_t
sched_prio_awake(const struct thr *t)
{
	return MIN(sched_prio(t->t_class, 0, t->t_nice), t->t_lent);
}

static void
enqueue_listed(struct runq *q, struct thr *t)
{
	list_push_back(&q->queue[t->t_prio], &t->t_link);
	q->map[t->t_prio / 64] |= 1ull << (t->t_prio % 64);
}

/* One alone stays out of the lists, which are not looked at then: most switches are between two. */
static inline void
enqueue(struct runq *q, struct thr *t)
{
	if (likely(q->ready++ == 0)) {
		q->only = t;
		return;
	}
	if (q->only != NULL) {
		enqueue_listed(q, q->only);
		q->only = NULL;
	}
	enqueue_listed(q, t);
}

static inline void
dequeue(struct runq *q, struct thr *t)
{
	q->ready--;
	if (likely(q->only == t)) {
		q->only = NULL;
		return;
	}
	list_remove(&t->t_link);
	if (list_empty(&q->queue[t->t_prio]))
		q->map[t->t_prio / 64] &= ~(1ull << (t->t_prio % 64));
}

static struct thr *
first_listed(const struct runq *q)
{
	for (unsigned i = 0; i < NQUEUE / 64; i++) {
		if (q->map[i] != 0) {
			unsigned prio = i * 64 + (unsigned)__builtin_ctzll(q->map[i]);

			return list_first(&q->queue[prio], struct thr, t_link);
		}
	}
	return NULL;
}

static inline struct thr *
first_ready(const struct runq *q)
{
	return likely(q->only != NULL) || q->ready == 0 ? q->only : first_listed(q);
}

static inline void
set_step(struct thr *t, uint8_t step)
{
	if (unlikely(t->t_step != step)) {
		t->t_step = step;
		t->t_prio = prio_now(t);
	}
}

/* Puts t on the queue; the lock is held. */
static void
make_ready(struct runq *q, struct thr *t)
{
	struct thr *cur = thr_self();

	t->t_state = THR_READY;
	enqueue(q, t);
	if (cur == cpu_self()->idle || t->t_prio < cur->t_prio)
		atomic_or(&cur->t_work, WORK_RESCHED);
}

void
sched_ready(struct thr *t)
{
	struct runq *q = cpu_self()->runq;
	uint32_t state = spin_lock_irq(&q->lock);

	t->t_prio = prio_now(t);
	make_ready(q, t);
	spin_unlock_irq(&q->lock, state);
}

/*
 * Whom a device or a timer wakes begins at step 0: it has waited for the world.  Whom a thread wakes goes
 * on at that thread's step, and with its slice if it runs next: two that do nothing but wake one
 * another would else never use up a slice, and nobody who computes would run beside them.
 */
static void
wake_step(struct runq *q, struct thr *t)
{
	const struct cpu *c = cpu_self();

	if (c->thr == c->idle || c->deferred_running || c->intr_depth > 0) {
		set_step(t, 0);
	} else {
		set_step(t, c->thr->t_step);
		q->heir = t;
	}
}

static inline __attribute__((always_inline)) bool
wake(struct thr *t, int error, bool only_intr)
{
	struct runq *q = cpu_self()->runq;
	uint32_t state = spin_lock_irq(&q->lock);
	bool woken = t->t_wake == WAKE_PREPARED && (t->t_intr || !only_intr);

	if (woken) {
		t->t_wake = WAKE_DONE;
		t->t_wake_error = error;
		if (t->t_state == THR_SLEEPING) {
			wake_step(q, t);
			make_ready(q, t);
		}
	}
	spin_unlock_irq(&q->lock, state);
	return woken;
}

bool
sched_wake(struct thr *t, int error, bool only_intr)
{
	return wake(t, error, only_intr);
}

static struct thr *
choose(struct runq *q, struct cpu *c)
{
	struct thr *t = first_ready(q);

	if (t == NULL)
		return c->idle;
	dequeue(q, t);
	return t;
}

/* Time on the CPU belongs to the one who leaves it. */
static void
account(struct thr *t, nsec_t now)
{
	if (t->t_last != 0)
		t->t_sys_ns += (uint64_t)(now - (nsec_t)t->t_last);
}

/* The tick found t in user mode when the frame at the top of its stack is the interrupt's own. */
static void
account_tick(struct thr *t, nsec_t now)
{
	uint64_t span = (uint64_t)now - t->t_last;

	if (t->t_last != 0 && tf_is_interrupt(mach_thr_frame(&t->t_mach)))
		t->t_user_ns += span;
	else if (t->t_last != 0)
		t->t_sys_ns += span;
	t->t_last = (uint64_t)now;
	if (t->t_proc->p_watch_cpu)
		atomic_or(&t->t_work, WORK_TIMES);
}

static void
free_dead(struct runq *q)
{
	uint32_t state;
	struct list *l;

	while (!list_empty(&q->dead)) {
		state = spin_lock_irq(&q->lock);
		l = list_pop_front(&q->dead);
		spin_unlock_irq(&q->lock, state);
		if (l != NULL)
			thr_free(list_entry(l, struct thr, t_link));
	}
}

void
sched_reap(void)
{
	free_dead(cpu_self()->runq);
}

/* Leaves the CPU to `to', which has until `slice_end'; interrupts are off, no lock is held. */
static inline __attribute__((always_inline)) void
run(struct cpu *c, struct thr *from, struct thr *to, nsec_t now, nsec_t slice_end)
{
	account(from, now);
	to->t_last = (uint64_t)now;
	to->t_slice_end = slice_end;
	c->thr = to;
	switches.value++;
	if (to->t_proc != NULL)
		space_activate(to->t_proc->p_space);
	mach_switch(&from->t_mach, &to->t_mach);
}

/* To the best thread that is ready; `from' is in its queue, asleep or ended.  The lock is dropped. */
static inline __attribute__((always_inline)) void
run_best(struct runq *q, struct cpu *c, struct thr *from)
{
	struct thr *to = choose(q, c);
	bool heir = to == q->heir && from->t_state == THR_SLEEPING;
	nsec_t now;

	q->heir = NULL;
	to->t_state = THR_RUNNING;
	atomic_and(&from->t_work, ~WORK_RESCHED);
	spin_unlock(&q->lock);
	if (to == from)
		return;
	now = clock_now();
	if (unlikely(from == c->idle))
		timer_tick_start();
	run(c, from, to, now, heir ? from->t_slice_end : now + SLICE);
}

static inline void
after_switch(struct runq *q, uint32_t state)
{
	intr_restore(state);
	if (unlikely(!list_empty(&q->dead)))
		free_dead(q);
}

void
sched_switch(void)
{
	uint32_t state = intr_disable();
	struct cpu *c = cpu_self();
	struct thr *from = c->thr;
	struct runq *q = c->runq;

	ASSERT((c->hold & ~HOLD_IDLE) == 0);
	spin_lock(&q->lock);
	if (from->t_state == THR_RUNNING && from != c->idle) {
		from->t_state = THR_READY;
		enqueue(q, from);
	} else if (from->t_state == THR_ZOMBIE) {
		list_push_back(&q->dead, &from->t_link);
	}
	run_best(q, c, from);
	after_switch(q, state);
}

/* --- sleep --- */

/* Only sched_wake() makes a sleeping thread ready, so one switch is enough. */
static inline __attribute__((always_inline)) void
sleep_now(struct cpu *c, struct runq *q, struct thr *from)
{
	spin_lock(&q->lock);
	if (unlikely(from->t_wake != WAKE_PREPARED)) {
		spin_unlock(&q->lock);
		return;
	}
	from->t_state = THR_SLEEPING;
	run_best(q, c, from);
	ASSERT(from->t_wake == WAKE_DONE);
}

static __attribute__((noinline)) void
sleep_behind(struct cpu *c, struct runq *q, struct thr *from)
{
	sleep_now(c, q, from);
}

/*
 * Wakes `to' and goes to sleep in one step.  The CPU and what is left of the slice are handed over, and
 * the step with them: two threads that call each other have one slice and one place between
 * them, as if they were one, so others of their priority come as soon as they would.
 */
static inline void
sleep_now_to(struct cpu *c, struct runq *q, struct thr *from, struct thr *to)
{
	struct thr *best;

	spin_lock(&q->lock);
	best = q->ready > 0 ? first_ready(q) : NULL;
	if (unlikely(from->t_wake != WAKE_PREPARED || to->t_wake != WAKE_PREPARED ||
	    to->t_state != THR_SLEEPING || to->t_class != from->t_class ||
	    (best != NULL && best->t_prio < from->t_prio))) {
		spin_unlock(&q->lock);
		sched_wake(to, 0, false);
		sleep_behind(c, q, from);
		return;
	}
	to->t_wake = WAKE_DONE;
	to->t_wake_error = 0;
	to->t_state = THR_RUNNING;
	set_step(to, from->t_step);
	from->t_state = THR_SLEEPING;
	atomic_and(&from->t_work, ~WORK_RESCHED);
	spin_unlock(&q->lock);
	run(c, from, to, clock_now(), from->t_slice_end);
}

/* Interrupts are on: nobody sleeps otherwise. */
static inline __attribute__((always_inline)) int
sleep_until_woken(struct thr *t, struct thr *to)
{
	struct cpu *c = cpu_self();
	struct runq *q = c->runq;

	ASSERT(intr_enabled() && (c->hold & ~HOLD_IDLE) == 0);
	if (t->t_intr && unlikely((atomic_load(&t->t_work) & WORK_SIGNAL) != 0))
		sched_wake(t, ERESTART, false);
	(void)intr_disable();
	if (to != NULL)
		sleep_now_to(c, q, t, to);
	else
		sleep_now(c, q, t);
	after_switch(q, 1);
	t->t_wake = WAKE_NONE;
	return t->t_wake_error;
}

struct sleep_timer {
	struct timer timer;
	struct thr *thr;
};

static void
sleep_timeout(struct timer *timer)
{
	thr_wake(container_of(timer, struct sleep_timer, timer)->thr, ETIMEDOUT);
}

static __attribute__((noinline)) int
sleep_until(struct thr *t, struct thr *to, nsec_t deadline)
{
	struct sleep_timer st = { .thr = t };
	int error;

	timer_init(&st.timer, sleep_timeout);
	timer_set(&st.timer, deadline);
	error = sleep_until_woken(t, to);
	timer_cancel(&st.timer);
	return error;
}

int
thr_sleep(nsec_t deadline)
{
	if (likely(deadline == NSEC_INFINITE))
		return sleep_until_woken(thr_self(), NULL);
	return sleep_until(thr_self(), NULL, deadline);
}

int
thr_sleep_to(struct thr *to, nsec_t deadline)
{
	if (unlikely(to == NULL))
		return thr_sleep(deadline);
	if (likely(deadline == NSEC_INFINITE))
		return sleep_until_woken(thr_self(), to);
	return sleep_until(thr_self(), to, deadline);
}

void
thr_wake(struct thr *t, int error)
{
	(void)wake(t, error, false);
}

/* --- time and place --- */

void
sched_tick(void)
{
	struct thr *t = thr_self();
	struct cpu *c = cpu_self();
	nsec_t now = clock_now();

	if (t == c->idle)
		return;
	if (t->t_proc != NULL)
		account_tick(t, now);
	if (now < t->t_slice_end)
		return;
	if (t->t_class != THRRT)
		set_step(t, (t->t_step + 1) & (THRNPRIO / 2 - 1));
	t->t_slice_end = now + SLICE;
	if (c->runq->ready > 0)
		atomic_or(&t->t_work, WORK_RESCHED);
}

/* t's rank changed: if it runs and became worse, one of those who are ready may go before it now.  Locked. */
static void
rank_changed(struct runq *q, struct thr *t)
{
	uint8_t before = t->t_prio;

	t->t_prio = prio_now(t);
	if (t->t_state == THR_RUNNING && t->t_prio > before && q->ready > 0)
		atomic_or(&t->t_work, WORK_RESCHED);
}

void
sched_set(struct thr *t, uint8_t class, int8_t nice)
{
	struct runq *q = cpu_self()->runq;
	uint32_t state = spin_lock_irq(&q->lock);

	if (t->t_state == THR_READY)
		dequeue(q, t);
	t->t_class = class;
	t->t_nice = nice;
	rank_changed(q, t);
	if (t->t_state == THR_READY)
		make_ready(q, t);
	spin_unlock_irq(&q->lock, state);
}

void
sched_lend(struct thr *t, uint8_t prio)
{
	struct runq *q = cpu_self()->runq;
	uint32_t state = spin_lock_irq(&q->lock);

	if (t->t_lent != prio) {
		if (t->t_state == THR_READY)
			dequeue(q, t);
		t->t_lent = prio;
		rank_changed(q, t);
		if (t->t_state == THR_READY)
			make_ready(q, t);
	}
	spin_unlock_irq(&q->lock, state);
}

uint64_t
sched_load(void)
{
	return cpu_self()->runq->ready + (thr_self() != cpu_self()->idle);
}
