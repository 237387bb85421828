/*
 * The scheduler.
 *
 * Concepts.  Zero's 256 priorities: four classes (real-time, user, batch, idle) of 64 each, 0 best.
 * A thread's place is 64*class + clamp(32 + step + nice, 0, 63).  The book's thradjprio() kept
 * step and nice in one number and clamped with max() where it meant min(), so that every thread
 * ended at 255; here the step (0..31) is a cursor of its own.  It moves on each time the thread
 * uses up its slice and returns to 0 when it sleeps, so whoever waits for input goes before
 * whoever computes; see take_over() for whom that is.  The step is nothing to real-time threads.
 *
 * Strict order between classes: batch and idle threads may starve while better ones run.  Inside of
 * a class nobody does.  A new thread begins at its maker's step and on its slice, so a shell
 * that starts one short program after the other grows as old as one program would; and every tenth of
 * a second one of those that are ready is lifted: it goes before all of its class for one slice and is
 * then where it was.  The lift goes round the queues and takes the first of each, which has waited
 * longest.  Rejected: the book's cursor that wraps from 31 to 0, which gave each of three that compute
 * a second and more in a row; all to step 0 once a second, because who waits for input would then stand
 * behind all of them.
 *
 * The kernel is not preempted.  A better thread that becomes ready sets WORK_RESCHED in the running
 * one, which gives way when it goes back to user mode, blocks, or yields.
 *
 * Locking.  One run queue a CPU under its own interrupt-safe lock, a leaf.  A switch is made with
 * interrupts off and without the lock; the next thread restores its own interrupt state.
 *
 * Budget of a wake-up: 39 instructions.  Of a sleep: 75 until the next thread goes on (87 when it is woken so),
 * 16 of them FPU, TLS base and the switch, 8 the clock, 9 the address space; 16 when it goes on itself.
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
#include "mach/clock.h"
#include "mach/frame.h"
#include "mach/intr.h"
#include "mach/switch.h"
#include "vm/space.h"

#define NQUEUE	(THRNCLASS * THRNPRIO)
#define SLICE	(NSEC_PER_SEC / CONFIG_HZ * 4)
#define LIFT	(CONFIG_HZ / 10)	/* ticks */
#define STEP	(THRNPRIO / 2 - 1)	/* of t_step: how far it is */
#define LIFTED	0x40u			/* of t_step: before all of its class until its slice ends */

struct runq {
	struct spin lock;
	uint64_t map[NQUEUE / 64];	/* [lock] non-empty queues */
	struct list queue[NQUEUE];	/* [lock] */
	uint32_t listed;		/* [lock] threads in them */
	uint32_t ticks;			/* [lock] */
	uint8_t lift_last;		/* [lock] queue of its class from which one was lifted last */
	struct thr *only;		/* [lock] the one that is ready, when there is no other: in no list */
	const struct thr *heir;		/* [lock] whom the running thread woke first; only compared */
	struct list dead;		/* [lock] threads to be freed */
};

LOCK_CLASS(runq_class, "run queue", RANK_RUNQ);
COUNTER_EVENT(switches, "sched.switches");
static struct runq runq0;

/* Where there is one CPU the compiler knows its queue. */
static inline struct runq *
runq_mine(void)
{
	return CONFIG_SMP ? cpu_self()->runq : &runq0;
}

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
	int within = 32 + nice;

	if (class != THRRT)
		within = (step & LIFTED) != 0 ? 0 : within + step;
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

/* One alone stays out of the lists, which are not looked at then: most switches are between two. */
static inline bool
nobody_ready(const struct runq *q)
{
	return q->only == NULL && q->listed == 0;
}

static void
list_ready(struct runq *q, struct thr *t)
{
	if (t == q->heir)
		list_push_front(&q->queue[t->t_prio], &t->t_link);
	else
		list_push_back(&q->queue[t->t_prio], &t->t_link);
	q->map[t->t_prio / 64] |= 1ull << (t->t_prio % 64);
	q->listed++;
}

static void
list_only(struct runq *q)
{
	if (q->only != NULL) {
		list_ready(q, q->only);
		q->only = NULL;
	}
}

static void __rare
enqueue_listed(struct runq *q, struct thr *t)
{
	list_only(q);
	list_ready(q, t);
}

static inline void
enqueue(struct runq *q, struct thr *t)
{
	if (likely(nobody_ready(q)))
		q->only = t;
	else
		enqueue_listed(q, t);
}

static void __rare
dequeue_listed(struct runq *q, struct thr *t)
{
	list_remove(&t->t_link);
	if (list_empty(&q->queue[t->t_prio]))
		q->map[t->t_prio / 64] &= ~(1ull << (t->t_prio % 64));
	q->listed--;
}

static inline void
dequeue(struct runq *q, struct thr *t)
{
	if (likely(q->only == t))
		q->only = NULL;
	else
		dequeue_listed(q, t);
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
	return likely(q->only != NULL) || q->listed == 0 ? q->only : first_listed(q);
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
static inline void
make_ready(struct runq *q, struct thr *t)
{
	t->t_state = THR_READY;
	enqueue(q, t);
}

/* The running thread gives way to t, which is ready, if t is better. */
static inline void
give_way(struct thr *cur, bool idle, const struct thr *t)
{
	if (unlikely(idle || t->t_prio < cur->t_prio))
		atomic_or(&cur->t_work, WORK_RESCHED);
}

/*
 * Whom a device or a timer wakes begins at step 0: it has waited for the world.  Whom a thread wakes or
 * makes goes on at that thread's step, and the first of them with its slice if it runs next: two that do nothing but wake
 * one another would else never use up a slice, and nobody who computes would run beside them.  It stands
 * before others of its priority, as the waker did; else each switch between the two would cost them a turn.
 */
static inline void
take_over(struct runq *q, const struct thr *cur, struct thr *t)
{
	set_step(t, cur->t_step);
	if (likely(q->heir == NULL))
		q->heir = t;
}

static void
ready_again(struct runq *q, struct thr *t)
{
	struct cpu *c = cpu_self();

	make_ready(q, t);
	give_way(c->thr, c->thr == c->idle, t);
}

void
sched_ready(struct thr *t)
{
	struct runq *q = runq_mine();
	uint32_t state = spin_lock_irq(&q->lock);
	struct thr *cur = thr_self();

	t->t_prio = prio_now(t);
	take_over(q, cur, t);
	make_ready(q, t);
	give_way(cur, cur == cpu_self()->idle, t);
	spin_unlock_irq(&q->lock, state);
}

static inline void
wake_sleeping(struct cpu *c, struct runq *q, struct thr *t)
{
	struct thr *cur = c->thr;
	bool idle = cur == c->idle;

	if (unlikely(idle || c->deferred_running || c->intr_depth > 0)) {
		set_step(t, 0);
	} else {
		take_over(q, cur, t);
	}
	make_ready(q, t);
	give_way(cur, idle, t);
}

/* `need': the bits of t_wake without which it is left alone. */
static inline __attribute__((always_inline)) bool
wake(struct thr *t, int error, uint32_t need)
{
	uint32_t state = intr_disable();
	struct cpu *c = cpu_self();
	struct runq *q = runq_mine();
	bool woken;

	spin_lock_off(&q->lock);
	woken = (t->t_wake & need) == need;
	if (likely(woken)) {
		t->t_wake = (uint32_t)error << WAKE_WHY;
		if (likely(t->t_state == THR_SLEEPING))
			wake_sleeping(c, q, t);
	}
	spin_unlock_off(&q->lock);
	intr_restore(state);
	return woken;
}

bool
sched_wake(struct thr *t, int error, bool only_intr)
{
	return wake(t, error, WAKE_PREPARED | (only_intr ? WAKE_INTR : 0));
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

/* Time on the CPU belongs to the one who leaves it; the boot thread has had it since time began. */
static inline void
account(struct thr *t, nsec_t now)
{
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
	free_dead(runq_mine());
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
	if (likely(to->t_proc != NULL))
		space_activate(to->t_proc->p_space);
	mach_switch(&from->t_mach, &to->t_mach);
}

/* To the best thread that is ready; `from' is asleep, or in its queue, or ended.  The lock is dropped. */
static inline __attribute__((always_inline)) void
run_best(struct runq *q, struct cpu *c, struct thr *from, bool gone)
{
	struct thr *to = choose(q, c);
	bool heir = gone && likely(to == q->heir);
	nsec_t now;

	q->heir = NULL;
	to->t_state = THR_RUNNING;
	atomic_and(&from->t_work, ~WORK_RESCHED);
	spin_unlock_off(&q->lock);
	if (!gone && to == from)
		return;
	now = mach_clock_now();
	if (!gone && unlikely(from == c->idle))
		timer_tick_start();
	if (gone)
		from->t_given++;
	else
		from->t_taken++;
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
	struct runq *q = runq_mine();
	bool ends = from->t_state == THR_ZOMBIE;

	ASSERT((c->hold & ~HOLD_IDLE) == 0);
	spin_lock_off(&q->lock);
	if (from->t_state == THR_RUNNING && from != c->idle) {
		from->t_state = THR_READY;
		enqueue(q, from);
	} else if (ends) {
		list_push_back(&q->dead, &from->t_link);
	}
	run_best(q, c, from, ends);
	after_switch(q, state);
}

/* --- sleep --- */

/* Only sched_wake() makes a sleeping thread ready, so one switch is enough. */
static inline __attribute__((always_inline)) void
sleep_now(struct cpu *c, struct runq *q, struct thr *from)
{
	spin_lock_off(&q->lock);
	if (unlikely((from->t_wake & WAKE_PREPARED) == 0)) {
		spin_unlock_off(&q->lock);
		return;
	}
	from->t_state = THR_SLEEPING;
	run_best(q, c, from, true);
	ASSERT((from->t_wake & WAKE_PREPARED) == 0);
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
	spin_lock_off(&q->lock);
	if (unlikely((from->t_wake & to->t_wake & WAKE_PREPARED) == 0 || to->t_state != THR_SLEEPING ||
	    to->t_class != from->t_class ||
	    (!nobody_ready(q) && first_ready(q)->t_prio < from->t_prio))) {
		spin_unlock_off(&q->lock);
		sched_wake(to, 0, false);
		sleep_behind(c, q, from);
		return;
	}
	q->heir = NULL;
	to->t_wake = 0;
	to->t_state = THR_RUNNING;
	set_step(to, from->t_step);
	from->t_state = THR_SLEEPING;
	atomic_and(&from->t_work, ~WORK_RESCHED);
	spin_unlock_off(&q->lock);
	from->t_given++;
	run(c, from, to, mach_clock_now(), from->t_slice_end);
}

/* Interrupts are on: nobody sleeps otherwise. */
static inline __attribute__((always_inline)) int
sleep_until_woken(struct thr *t, struct thr *to)
{
	struct cpu *c = cpu_self();
	struct runq *q = runq_mine();

	ASSERT(intr_enabled() && (c->hold & ~HOLD_IDLE) == 0 && !c->deferred_running);
	if (unlikely((atomic_load(&t->t_work) & WORK_SIGNAL) != 0))
		sched_wake(t, ERESTART, true);
	intr_off();
	if (to != NULL)
		sleep_now_to(c, q, t, to);
	else
		sleep_now(c, q, t);
	after_switch(q, 1);
	return (int)(t->t_wake >> WAKE_WHY);
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

int
thr_sleep_until(struct thr *to, nsec_t deadline)
{
	struct sleep_timer st = { .thr = thr_self() };
	int error;

	timer_init(&st.timer, sleep_timeout);
	timer_set(&st.timer, deadline);
	error = sleep_until_woken(st.thr, to);
	timer_cancel(&st.timer);
	return error;
}

int
thr_sleep_long(void)
{
	return sleep_until_woken(thr_self(), NULL);
}

int
thr_sleep_long_to(struct thr *to)
{
	return sleep_until_woken(thr_self(), to);
}

void
thr_wake(struct thr *t, int error)
{
	(void)wake(t, error, WAKE_PREPARED);
}

/* --- time and place --- */

/* One of those of t's class that are ready, and t waits. */
static void
lift(struct runq *q, struct thr *t)
{
	uint64_t map, after;
	struct thr *up;

	list_only(q);
	map = q->map[t->t_class];
	if (map == 0 || t->t_class == THRRT)
		return;
	after = map & ~((2ull << q->lift_last) - 1);
	q->lift_last = (uint8_t)__builtin_ctzll(after != 0 ? after : map);
	up = list_first(&q->queue[THRNPRIO * t->t_class + q->lift_last], struct thr, t_link);
	dequeue_listed(q, up);
	set_step(up, up->t_step | LIFTED);
	list_ready(q, up);
	atomic_or(&t->t_work, WORK_RESCHED);
}

void
sched_tick(void)
{
	struct thr *t = thr_self();
	struct cpu *c = cpu_self();
	struct runq *q = runq_mine();
	nsec_t now = clock_now();

	if (t == c->idle)
		return;
	if (t->t_proc != NULL)
		account_tick(t, now);
	spin_lock_off(&q->lock);
	if (++q->ticks % LIFT == 0)
		lift(q, t);
	spin_unlock_off(&q->lock);
	if (now < t->t_slice_end)
		return;
	if (t->t_class != THRRT)
		set_step(t, MIN((t->t_step & STEP) + 1, STEP));
	t->t_slice_end = now + SLICE;
	if (!nobody_ready(q))
		atomic_or(&t->t_work, WORK_RESCHED);
}

/* t's rank changed: if it runs and became worse, one of those who are ready may go before it now.  Locked. */
static void
rank_changed(struct runq *q, struct thr *t)
{
	uint8_t before = t->t_prio;

	t->t_prio = prio_now(t);
	if (t->t_state == THR_RUNNING && t->t_prio > before && !nobody_ready(q))
		atomic_or(&t->t_work, WORK_RESCHED);
}

void
sched_set(struct thr *t, uint8_t class, int8_t nice)
{
	struct runq *q = runq_mine();
	uint32_t state = spin_lock_irq(&q->lock);

	if (t->t_state == THR_READY)
		dequeue(q, t);
	t->t_class = class;
	t->t_nice = nice;
	rank_changed(q, t);
	if (t->t_state == THR_READY)
		ready_again(q, t);
	spin_unlock_irq(&q->lock, state);
}

void
sched_lend(struct thr *t, uint8_t prio)
{
	struct runq *q = runq_mine();
	uint32_t state = spin_lock_irq(&q->lock);

	if (t->t_lent != prio) {
		if (t->t_state == THR_READY)
			dequeue(q, t);
		t->t_lent = prio;
		rank_changed(q, t);
		if (t->t_state == THR_READY)
			ready_again(q, t);
	}
	spin_unlock_irq(&q->lock, state);
}

uint64_t
sched_load(void)
{
	const struct runq *q = runq_mine();

	return q->listed + (q->only != NULL) + (thr_self() != cpu_self()->idle);
}
