/*
 * Locks and the order checker.
 *
 * On one CPU a spin lock that is taken twice is a bug, so the loop reports instead of hanging
 * when nothing can ever release it.  A kernel for one CPU without the checks does not write the word at
 * all: nobody else runs before the lock is dropped, for `hold' keeps deferred calls out and the kernel is
 * not preempted.  The checker (debug builds) keeps the held locks of a thread
 * in a small stack: a new lock must have a higher rank than every one below, or the same rank and
 * a higher address where its class allows nesting.  Deferred calls run on whatever thread was
 * interrupted, so they begin with an empty view (t_lock_base).
 *
 * A mutex word is its owner's address; bit 0 says that threads wait.  Release hands it over to the
 * first waiter, so nobody can slip in between and starvation does not exist.  Its guard keeps interrupts
 * out, for their locks stand before it.
 */
#include "kern/lock.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "mach/atomic.h"
#include "mach/intr.h"

const struct lock_class mutex_guard_class = { .name = "mutex guard", .rank = RANK_RUNQ - 1 };

#if CONFIG_DEBUG
#define CLASS_NAME(l)	(l)->class->name
#define TAKEN_AT(l)	(l)->pc
#else
#define CLASS_NAME(l)	"lock"
#define TAKEN_AT(l)	(const void *)(l)
#endif

/* --- order checker --- */

#if CONFIG_DEBUG

/* Interrupt handlers push and pop on the same stack: a change must not be cut in two. */
static void
held_push(const void *lock, const struct lock_class *class)
{
	struct thr *t = thr_self();
	uint32_t state;

	if (t == NULL)
		return;
	for (unsigned i = t->t_lock_base; i < t->t_lock_depth; i++) {
		if (t->t_lock_rank[i] < class->rank)
			continue;
		if (t->t_lock_rank[i] == class->rank && class->nest && t->t_lock_stack[i] != lock)
			continue;
		panic("LOCKORDER: %s (rank %u) taken while rank %u is held", class->name, class->rank,
		    t->t_lock_rank[i]);
	}
	VERIFY(t->t_lock_depth < ARRAY_SIZE(t->t_lock_stack));
	state = intr_disable();
	t->t_lock_stack[t->t_lock_depth] = lock;
	t->t_lock_rank[t->t_lock_depth++] = class->rank;
	intr_restore(state);
}

static void
held_pop(const void *lock)
{
	struct thr *t = thr_self();
	uint32_t state;
	unsigned i;

	if (t == NULL)
		return;
	state = intr_disable();
	for (i = t->t_lock_depth; i-- > 0 && t->t_lock_stack[i] != lock;)
		;
	VERIFY(i < t->t_lock_depth);
	for (t->t_lock_depth--; i < t->t_lock_depth; i++) {
		t->t_lock_stack[i] = t->t_lock_stack[i + 1];
		t->t_lock_rank[i] = t->t_lock_rank[i + 1];
	}
	intr_restore(state);
}
#endif

void
lock_check_none(void)
{
	struct thr *t = thr_self();

	if (t->t_lock_depth != 0)
		panic("LOCKORDER: call %u ends with a lock of rank %u held", t->t_call,
		    t->t_lock_rank[t->t_lock_depth - 1]);
	VERIFY((cpu_self()->hold & ~HOLD_IDLE) == 0);
}

/* --- spin locks --- */

void __rare
hold_left(void)
{
	deferred_run();
}

void __rare
spin_contended(struct spin *l)
{
	uint64_t spins = 0;

	while (atomic_swap(&l->word, 1) != 0) {
		if (CONFIG_NCPU == 1 || !CONFIG_SMP || ++spins > 1000000000)
			panic("spin lock %s taken at %p is taken again", CLASS_NAME(l), TAKEN_AT(l));
		cpu_relax();
	}
}

#if CONFIG_DEBUG
void
spin_lock_checked(struct spin *l)
{
	held_push(l, l->class);
	hold_add();
	if (unlikely(atomic_swap(&l->word, 1) != 0))
		spin_contended(l);
	l->holder_cpu = cpu_self()->number;
	l->pc = __builtin_return_address(0);
}

void
spin_release_checked(struct spin *l)
{
	ASSERT(spin_held(l));
	held_pop(l);
	atomic_store_release(&l->word, 0);
}

void
spin_unlock_checked(struct spin *l)
{
	spin_release_checked(l);
	hold_leave();
}

bool
spin_held(const struct spin *l)
{
	return l->word != 0 && l->holder_cpu == cpu_self()->number;
}
#else
bool
spin_held(const struct spin *l)
{
	return l->word != 0;
}
#endif

/* --- mutexes --- */

#define WAITERS	((uintptr_t)1)

static uintptr_t *
mutex_word(struct mutex *m)
{
	return (uintptr_t *)&m->owner;
}

void
mutex_init(struct mutex *m, const struct lock_class *class)
{
	*m = (struct mutex)MUTEX_INIT(*m, class);
}

/* Joins the queue; true when the lock was free after all and is now ours. */
static bool
mutex_enqueue(struct mutex *m, struct thr *self, bool intr)
{
	uintptr_t *word = mutex_word(m), old;
	uint32_t state;

	state = spin_lock_irq(&m->guard);
	for (;;) {
		old = atomic_load(word);
		if (old == 0 && atomic_cas(word, 0, (uintptr_t)self)) {
			spin_unlock_irq(&m->guard, state);
			return true;
		}
		if (old != 0 && atomic_cas(word, old, old | WAITERS))
			break;
	}
	thr_sleep_prepare(intr);
	list_push_back(&m->waiters, &self->t_wait_link);
	spin_unlock_irq(&m->guard, state);
	return false;
}

/* A signal ended the sleep: leave the queue unless the lock was handed over meanwhile. */
static int
mutex_abandon(struct mutex *m, struct thr *self)
{
	int error = ERESTART;
	uint32_t state;

	state = spin_lock_irq(&m->guard);
	if ((atomic_load(mutex_word(m)) & ~WAITERS) == (uintptr_t)self)
		error = 0;
	else
		list_remove(&self->t_wait_link);
	spin_unlock_irq(&m->guard, state);
	return error;
}

static int
mutex_acquire(struct mutex *m, bool intr)
{
	struct thr *self = thr_self();
	int error;

	if (likely(atomic_cas(mutex_word(m), 0, (uintptr_t)self)))
		return 0;
	if (mutex_held(m))
		panic("mutex %s taken at %p is taken again", CLASS_NAME(m), TAKEN_AT(m));
	ASSERT((cpu_self()->hold & ~HOLD_IDLE) == 0);
	if (mutex_enqueue(m, self, intr))
		return 0;
	error = thr_sleep(NSEC_INFINITE);
	return error == 0 ? 0 : mutex_abandon(m, self);
}

static void
mutex_note(struct mutex *m, const void *pc)
{
#if CONFIG_DEBUG
	held_push(m, m->class);
	m->pc = pc;
#endif
}

void
mutex_lock(struct mutex *m)
{
	VERIFY(mutex_acquire(m, false) == 0);
	mutex_note(m, __builtin_return_address(0));
}

int
mutex_lock_intr(struct mutex *m)
{
	int error = mutex_acquire(m, true);

	if (error == 0)
		mutex_note(m, __builtin_return_address(0));
	return error;
}

bool
mutex_trylock(struct mutex *m)
{
	if (!atomic_cas(mutex_word(m), 0, (uintptr_t)thr_self()))
		return false;
	mutex_note(m, __builtin_return_address(0));
	return true;
}

static void
mutex_hand_over(struct mutex *m)
{
	struct list *l;
	struct thr *next;
	uint32_t state;

	state = spin_lock_irq(&m->guard);
	l = list_pop_front(&m->waiters);
	if (l == NULL) {
		atomic_store_release(mutex_word(m), 0);
		spin_unlock_irq(&m->guard, state);
		return;
	}
	next = list_entry(l, struct thr, t_wait_link);
	atomic_store_release(mutex_word(m),
	    (uintptr_t)next | (list_empty(&m->waiters) ? 0 : WAITERS));
	spin_unlock_irq(&m->guard, state);
	thr_wake(next, 0);
}

void
mutex_unlock(struct mutex *m)
{
	ASSERT(mutex_held(m));
#if CONFIG_DEBUG
	held_pop(m);
#endif
	if (unlikely(!atomic_cas(mutex_word(m), (uintptr_t)thr_self(), 0)))
		mutex_hand_over(m);
}

bool
mutex_held(const struct mutex *m)
{
	return (atomic_load((const uintptr_t *)&m->owner) & ~WAITERS) == (uintptr_t)thr_self();
}
