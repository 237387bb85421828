/*
 * The flusher: a thread that writes dirty pages back, and who waits for it.
 *
 * 1. When.  What became dirty is written after vm.dirty.seconds at the latest; all that is dirty when
 *    there are more than vm.dirty.start pages of it, when the page daemon wants pages, or soon if
 *    somebody asked for it (MS_ASYNC).  With nothing dirty the thread sleeps for good.
 *
 * 2. Throttling.  Who is about to make a page dirty while more than vm.dirty.limit are waits until
 *    there are fewer.  The limit is a part of memory that leaves enough clean pages to work with, so
 *    writers do not run into the marks of vm/page.c, where everybody would have to wait with them.
 *    A page counts until its write has ended.
 *
 * 3. The page daemon never waits for a device: it wakes this thread and looks again.  As long as writes
 *    end within PATIENCE there is hope for memory, and nobody is killed (vmo_clean_soon).
 *
 * 4. The thread may take the last frames (t_frees): page tables that must be copied to take W away.
 *
 * Letters: a atomic, o only the flusher, w waiting_lock.
 */
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "vm/page.h"
#include "vm/pager.h"

#define ROUND		NSEC_PER_SEC		/* between two looks at ages */
#define PATIENCE	NSEC_PER_SEC
#define WAIT_MOST	(NSEC_PER_SEC / 10)	/* then a waiter looks whether it is to die */

struct waiting {
	struct list link;		/* [w] */
	struct thr *thr;		/* [I] */
	bool woken;			/* [w] and out of the list */
};

/* Who walks over all that is dirty: each has its own marks, sync one caller at a time. */
enum walk { BY_FLUSHER, BY_SYNC };

LOCK_CLASS(sync_class, "sync", RANK_BLOCK - 2);
static struct mutex sync_lock = MUTEX_INIT(sync_lock, &sync_class);
LOCK_CLASS(waiting_class, "dirty pages", RANK_VMO + 2);
static struct spin waiting_lock = SPIN_INIT(&waiting_class);
static struct list waiting = LIST_INIT(waiting);	/* [w] */
static struct thr *flusher_thr;			/* [I once it runs] */
static uint32_t wanted;				/* [w; read anywhere] called since the last nap */
static bool napping;				/* [w] */
static uint32_t press;				/* [a] the page daemon wants pages */
static nsec_t progress;				/* [a] when the last write ended */
static nsec_t asked_first, asked_last;		/* [only the page daemon] */
static uint32_t round[2];			/* [reclaim_lock] the number of each walk */

uint64_t dirty_limit = UINT64_MAX;
static uint64_t dirty_start;			/* [a] pages */
static uint64_t dirty_seconds = 5;		/* [a] */
/* Writing a number to vm.drop gives up so many clean pages at most: what is read next comes from the disk. */
static int
drop_set(struct sysctl *s, const char *text)
{
	uint64_t n = 0;

	if (*text == '\0' || strlen(text) > 12)
		return EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return EINVAL;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	(void)vmo_reclaim(n);
	return 0;
}

static int
drop_get(struct sysctl *s, char *buf, size_t size)
{
	snprintf(buf, size, "0");
	return 0;
}
SYSCTL_FN(sysctl_drop, "vm.drop", drop_get, drop_set);
SYSCTL_U64(sysctl_limit, "vm.dirty.limit", &dirty_limit);
SYSCTL_U64(sysctl_start, "vm.dirty.start", &dirty_start);
SYSCTL_U64(sysctl_seconds, "vm.dirty.seconds", &dirty_seconds);

COUNTER_SHARED(dirty_pages, "vm.pages.dirty");
COUNTER_EVENT(stat_rounds, "vm.dirty.rounds");
COUNTER_EVENT(stat_throttled, "vm.dirty.throttled");

/* --- who waits --- */

/* From its nap and from nothing else: it may as well wait for a mutex or a disk. */
void
flusher_wake(void)
{
	if (flusher_thr == NULL || atomic_load(&wanted) != 0)
		return;
	spin_lock(&waiting_lock);
	wanted = 1;
	if (napping) {
		napping = false;
		thr_wake(flusher_thr, 0);
	}
	spin_unlock(&waiting_lock);
}

/* The first dirty page starts the clock; too many end its rest. */
void
flusher_note(void)
{
	uint64_t n = atomic_load(&dirty_pages.value);

	if (n <= 1 || n > MIN(dirty_start, dirty_limit))
		flusher_wake();
}

void
flusher_progress(void)
{
	struct list *l;

	atomic_store(&progress, clock_now());
	if (dirty_over())
		return;
	spin_lock(&waiting_lock);
	while ((l = list_pop_front(&waiting)) != NULL) {
		struct waiting *w = list_entry(l, struct waiting, link);

		w->woken = true;
		thr_wake(w->thr, 0);
	}
	spin_unlock(&waiting_lock);
}

bool
dirty_wait(void)
{
	struct waiting w = { .thr = thr_self() };

	/* Who gives pages back, and boot, go on. */
	if (w.thr->t_frees || flusher_thr == NULL)
		return true;
	kstat_add(&stat_throttled, 1);
	while (dirty_over() && !w.thr->t_dying) {
		w.woken = false;
		thr_sleep_prepare(false);
		spin_lock(&waiting_lock);
		list_push_back(&waiting, &w.link);
		spin_unlock(&waiting_lock);
		flusher_wake();
		(void)thr_sleep(deadline_after(WAIT_MOST));
		spin_lock(&waiting_lock);
		if (!w.woken)
			list_remove(&w.link);
		spin_unlock(&waiting_lock);
	}
	return !w.thr->t_dying;
}

/*
 * The page daemon asks a thousand times a second for as long as pages are short.  Hope ends when
 * nothing was written for PATIENCE, neither before it began to ask nor since.
 */
bool
vmo_clean_soon(void)
{
	nsec_t now = clock_now();

	if (atomic_load(&dirty_pages.value) == 0 || flusher_thr == NULL)
		return false;
	if (now - asked_last > PATIENCE)
		asked_first = now;
	asked_last = now;
	if (atomic_swap(&press, 1) == 0)
		flusher_wake();
	return now - MAX(atomic_load(&progress), asked_first) < PATIENCE;
}

/* --- the flusher --- */

static bool
due(struct backing *b, enum walk by, bool all)
{
	if (by == BY_SYNC)
		return true;		/* its device may have a cache */
	if (atomic_load(&b->ndirty) == 0)
		return false;
	return all || atomic_load(&b->hurry) != 0 ||
	    clock_now() - atomic_load(&b->since) >= (nsec_t)atomic_load(&dirty_seconds) * NSEC_PER_SEC;
}

static void
round_begin(enum walk by)
{
	spin_lock(&reclaim_lock);
	round[by]++;
	spin_unlock(&reclaim_lock);
	kstat_add(&stat_rounds, by == BY_FLUSHER);
}

/* A VMO that this round has not seen and whose pages are due, referenced; who has no reference any
 * more is about to go. */
static struct vmo *
next_due(enum walk by, bool all)
{
	struct vmo *found = NULL;
	struct backing *b;

	spin_lock(&reclaim_lock);
	list_for_each(b, &reclaim_list, link) {
		uint32_t refs;

		if (b->round[by] == round[by])
			continue;
		b->round[by] = round[by];
		if (!due(b, by, all))
			continue;
		refs = atomic_load(&b->vmo->refs);
		while (refs != 0 && !atomic_cas(&b->vmo->refs, refs, refs + 1))
			refs = atomic_load(&b->vmo->refs);
		if (refs != 0) {
			found = b->vmo;
			break;
		}
	}
	spin_unlock(&reclaim_lock);
	return found;
}

static void
flush(bool all)
{
	struct vmo *v;

	round_begin(BY_FLUSHER);
	while ((v = next_due(BY_FLUSHER, all)) != NULL) {
		struct backing *b = v->back;

		atomic_store(&b->hurry, 0);
		(void)backing_write(v, 0, UINT64_MAX, false);
		/* What became dirty meanwhile is young, and what failed has a rest. */
		atomic_store(&b->since, clock_now());
		vmo_unref(v);
	}
}

void
vmo_sync_all(void)
{
	struct vmo *v;

	mutex_lock(&sync_lock);
	round_begin(BY_SYNC);
	while ((v = next_due(BY_SYNC, true)) != NULL) {
		vmo_settle(v);
		vmo_unref(v);
	}
	mutex_unlock(&sync_lock);
}

/* Until somebody calls, or for a round while anything is dirty. */
static void
nap(void)
{
	nsec_t until = atomic_load(&dirty_pages.value) != 0 ? deadline_after(ROUND) : NSEC_INFINITE;
	bool rest;

	thr_sleep_prepare(false);
	spin_lock(&waiting_lock);
	rest = napping = wanted == 0 && (until != NSEC_INFINITE || atomic_load(&dirty_pages.value) == 0);
	spin_unlock(&waiting_lock);
	if (rest)
		(void)thr_sleep(until);
	else
		thr_sleep_cancel();
	spin_lock(&waiting_lock);
	napping = false;
	wanted = 0;
	spin_unlock(&waiting_lock);
}

static void
flusher_main(void *arg)
{
	thr_self()->t_frees = true;
	for (;;) {
		bool all;

		nap();
		all = atomic_swap(&press, 0) != 0;
		flush(all || atomic_load(&dirty_pages.value) > MIN(dirty_start, dirty_limit));
	}
}

static void
flusher_init(void)
{
	struct thr *t;

	atomic_store(&dirty_limit, page_total() / 5);
	atomic_store(&dirty_start, page_total() / 10);
	if (thr_create(NULL, "flusher", flusher_main, NULL, &t) != 0)
		panic("no flusher");
	flusher_thr = t;
	thr_start(t);
}
INIT(flusher_init, LEVEL_DEV);
