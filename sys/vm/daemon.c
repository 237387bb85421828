/*
 * The page daemon: a thread that keeps some frames free, and the one place where it is decided what
 * happens when there are none.
 *
 * 1. Marks (vm/page.c, 4).  Who takes a frame and sees `low' or less left wakes the daemon, which brings
 *    the number up to `high': the clock takes clean pages of files that were not used since it
 *    came by last (vmo_reclaim), the flusher is told to write back what is dirty (vm/flusher.c), and
 *    below `low' zones give their empty slabs back.  There is no swap: anonymous pages stay.
 *
 * 2. Throttling.  Below `low' there are no frames for user memory.  A fault (or a transfer into a VMO)
 *    that fails for that reason sleeps in daemon_wait() and tries again when there is enough: half-way
 *    from `low' to `high'.  So it is the process that eats who waits, and what is between `low' and
 *    `reserve' serves the kernel's own work for the others: page tables, stacks, messages.
 *
 * 3. Killing.  When somebody who faulted sleeps, a round freed nothing and no write-back is on its
 *    way that could help, one process is chosen (vm_oom_kill): the one with the most charged pages.  A page that
 *    k processes share counts as a k-th for each (space_charged): the death of one of them would not
 *    bring it back, that of all would.  Nobody else is chosen while that one is ending.  Who writes to
 *    a file or a VMO through a handle never causes a death: such memory is nobody's, and no death would bring it
 *    back; those calls fail with ENOMEM.
 *
 *    A job at its limit of pages is a small machine: who faults in vain causes the death of the process
 *    with the most charged pages in it (daemon_wait_job), at once, for there is nothing to reclaim.
 *
 * 4. No deadlock.  Who sleeps here may hold mutexes that the victim needs in order to end.  But sleeps
 *    end when the sleeper is to die, and a victim that has not ended after a second is left to itself
 *    and another one chosen, so that in the end every sleeper is dying, or cannot be chosen and is
 *    refused: with nobody to choose all sleepers are woken with ENOMEM.  The daemon holds no lock
 *    when it waits, it never waits for a device, it needs no memory, and it may take the last frame, as
 *    may the flusher and everybody who is to die.
 *
 * 5. What is counted: vm.daemon.* in /proc/kstat.
 *
 * Rejected: killing in the fault path itself (as many victims as there are processes that fault
 * meanwhile), a limit on tries of a sleeper (with 64 eaters the 64th would see an error although memory
 * was on the way), asking the page tables for referenced bits (the clock's unmapping asks the same
 * question, and a fault on a page that is here costs less than a walk over all mappings).
 *
 * Letters: l the lock, a atomic, o only the daemon.
 */
#include "vm/daemon.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "vm/page.h"
#include "vm/vmo.h"
#include "vm/zone.h"

#define LOOK_AGAIN	(NSEC_PER_SEC / 1000)	/* while somebody sleeps */
#define REST		(NSEC_PER_SEC / 100)	/* after a round in vain, with nobody sleeping */
#define SLEEP_MOST	(NSEC_PER_SEC / 10)	/* then a sleeper looks whether it is to die */
#define TRIES		100u			/* failures although there are frames enough */

struct sleeper {
	struct list link;		/* [l] */
	struct thr *thr;		/* [I] */
	bool kill;			/* [I] */
	bool woken;			/* [l] and out of the list */
	int error;			/* [l] */
};

LOCK_CLASS(daemon_class, "page daemon", RANK_VMO - 2);
static struct spin daemon_lock = SPIN_INIT(&daemon_class);
static struct list sleepers = LIST_INIT(sleepers);	/* [l] */
static struct thr *daemon_thr;			/* [I once it runs] */
static uint32_t wanted;				/* [a] woken already */

enum oom (*vm_oom_kill)(void);
enum oom (*vm_oom_kill_in)(koid_t, bool);

COUNTER_EVENT(stat_wakeups, "vm.daemon.wakeups");
COUNTER_EVENT(stat_throttled, "vm.daemon.throttled");
COUNTER_EVENT(stat_refused, "vm.daemon.refused");
COUNTER_EVENT(stat_killed, "vm.daemon.killed");

/*
 * Worth to try again.  Not just above `low': a fault may take a slab for a twig, fail for the page, and
 * leave the slab to be reaped, which would be the page for the next try, and so for ever.
 */
static bool
enough(void)
{
	return page_left() > (page_marks.low + page_marks.high) / 2;
}

void
daemon_wake(void)
{
	if (daemon_thr != NULL && atomic_load(&wanted) == 0 && atomic_swap(&wanted, 1) == 0)
		thr_wake(daemon_thr, 0);
}

/* --- who sleeps --- */

static int
sleep_here(bool kill)
{
	struct sleeper s = { .thr = thr_self(), .kill = kill };

	thr_sleep_prepare(false);
	spin_lock(&daemon_lock);
	list_push_back(&sleepers, &s.link);
	spin_unlock(&daemon_lock);
	atomic_store(&wanted, 1);
	thr_wake(daemon_thr, 0);
	(void)thr_sleep(deadline_after(SLEEP_MOST));
	spin_lock(&daemon_lock);
	if (!s.woken)
		list_remove(&s.link);
	spin_unlock(&daemon_lock);
	return s.error;
}

bool
daemon_wait(unsigned *tries, bool kill)
{
	struct thr *t = thr_self();

	if (t->t_dying || daemon_thr == NULL || t == daemon_thr)
		return false;
	if (enough()) {
		/* It was the n-th failure, or a block that the kernel wanted, or the file's share. */
		if (!kill || ++*tries > TRIES)
			return false;
		thr_yield();
		return !t->t_dying;
	}
	kstat_add(&stat_throttled, 1);
	return sleep_here(kill) == 0 && !t->t_dying;
}

bool
daemon_wait_job(unsigned *tries, koid_t job)
{
	struct thr *t = thr_self();
	bool late = ++*tries > SLEEP_MOST / LOOK_AGAIN;

	if (t->t_dying || vm_oom_kill_in == NULL || vm_oom_kill_in(job, late) == OOM_NOBODY)
		return false;
	if (late)
		*tries = 0;
	if (t->t_dying)
		return false;
	thr_sleep_prepare(false);
	(void)thr_sleep(deadline_after(LOOK_AGAIN));
	return !t->t_dying;
}

/* Wakes all, or only those that are to die. */
static void
sleepers_wake(bool all, int error)
{
	struct sleeper *s, *next;

	spin_lock(&daemon_lock);
	list_for_each_safe(s, next, &sleepers, link) {
		if (!all && !s->thr->t_dying)
			continue;
		list_remove(&s->link);
		s->woken = true;
		s->error = error;
		thr_wake(s->thr, 0);
	}
	spin_unlock(&daemon_lock);
}

/* Whether anybody sleeps; *kill: for whom a process may die. */
static bool
sleepers_ask(bool *kill)
{
	struct sleeper *s;
	bool any;

	*kill = false;
	spin_lock(&daemon_lock);
	list_for_each(s, &sleepers, link)
		*kill = *kill || s->kill;
	any = !list_empty(&sleepers);
	spin_unlock(&daemon_lock);
	return any;
}

/* --- the daemon --- */

static uint64_t
reclaim(void)
{
	uint64_t left = page_left(), high = page_marks.high;

	return left < high ? vmo_reclaim(high - left) : 0;
}

/* One round.  How long to rest after it; 0: until somebody calls. */
static nsec_t
balance(void)
{
	bool kill, coming = false;
	uint64_t freed;

	page_drain();
	freed = reclaim();
	if (page_left() <= page_marks.high)
		coming = vmo_clean_soon();
	if (!enough())
		zone_reap();
	page_drain();
	if (enough()) {
		sleepers_wake(true, 0);
		return 0;
	}
	if (!sleepers_ask(&kill))
		return freed == 0 ? REST : 0;
	if (freed != 0 || coming)
		return LOOK_AGAIN;
	switch (kill && vm_oom_kill != NULL ? vm_oom_kill() : OOM_NOBODY) {
	case OOM_KILLED:
		kstat_add(&stat_killed, 1);
		sleepers_wake(false, 0);
		break;
	case OOM_COMING:
		break;
	case OOM_NOBODY:
		kstat_add(&stat_refused, 1);
		sleepers_wake(true, ENOMEM);
	}
	return LOOK_AGAIN;
}

/* Until the deadline; who falls asleep in daemon_wait() ends it, and who calls if `open'. */
static void
nap(nsec_t deadline, bool open)
{
	bool kill;

	if (open)
		atomic_store(&wanted, 0);
	thr_sleep_prepare(false);
	if (open && (atomic_load(&wanted) != 0 || sleepers_ask(&kill)))
		thr_sleep_cancel();
	else
		(void)thr_sleep(deadline);
	atomic_store(&wanted, 1);
}

static void
daemon_main(void *arg)
{
	nsec_t rest = 0;

	thr_self()->t_frees = true;
	for (;;) {
		if (rest != 0)
			nap(deadline_after(rest), false);
		if (rest != LOOK_AGAIN)
			nap(NSEC_INFINITE, true);
		kstat_add(&stat_wakeups, 1);
		rest = balance();
	}
}

static void
daemon_init(void)
{
	struct thr *t;

	if (thr_create(NULL, "page daemon", daemon_main, NULL, &t) != 0)
		panic("no page daemon");
	sched_set(t, THRRT, 0);
	daemon_thr = t;
	thr_start(t);
}
INIT(daemon_init, LEVEL_DEV);

/* --- the marks --- */

static int
mark_set(uint64_t *mark, const char *text)
{
	struct page_marks m = page_marks;
	uint64_t v = 0;

	if (*text == '\0' || strlen(text) > 12)
		return EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return EINVAL;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*(uint64_t *)(void *)((char *)&m + ((char *)mark - (char *)&page_marks)) = v;
	if (m.reserve > m.low || m.low > m.high || m.high > page_total() / 2)
		return EINVAL;
	atomic_store(mark, v);
	return 0;
}

#define MARK(what) \
static int get_##what(struct sysctl *s, char *buf, size_t size) \
{ \
	snprintf(buf, size, "%llu", (unsigned long long)page_marks.what); \
	return 0; \
} \
static int set_##what(struct sysctl *s, const char *text) \
{ \
	return mark_set(&page_marks.what, text); \
} \
SYSCTL_FN(vm_##what, "vm.pages." #what, get_##what, set_##what)

MARK(reserve);
MARK(low);
MARK(high);
