/*
 * Pages that come from a device and go back there: fetching, dirt, write-back, the clock.
 *
 * 1. One cache.  The pages of a device's (or file's) VMO are all that is cached of it, whoever uses
 *    them: read, write, mmap, and file systems through fs/buf.c.  A VMO whose pager takes pages back
 *    has a `backing' with what must be known for that.
 *
 * 2. Dirt is PG_DIRTY of the page, set before anybody may write (a write fault, vmo_pin_write) and
 *    once more after who wrote through a pin is done, for the page may have been written back while he
 *    was at it.  Mappings of clean pages never have W, so the page tables are not asked.
 *
 * 3. Write-back takes runs of dirty neighbours: under the lock they lose the mark and W, get PG_WRITING
 *    and a pin (that is what wires them); then the pager writes without a lock, while everybody goes on
 *    using them.  Who writes to one meanwhile makes it dirty again.  A page that is being written is not
 *    taken a second time, so that an older content never arrives later; who must know that it
 *    is safe waits (vmo_sync), as does who cuts the file, for its block may belong to another soon.
 *
 * 4. Errors.  When a run fails its pages are written one by one, so only what is bad suffers.  A page
 *    that cannot be written stays dirty and is tried again; after WRITE_TRIES failures it is given up:
 *    clean, so that a broken disk cannot hold all memory, and counted in vm.dirty.lost.  The error is
 *    kept in the backing and told once, by the next vmo_sync (fsync, msync).
 *
 * 5. Reading reads ahead: what is asked for and not there, up to FETCH_MOST pages at once, more than
 *    asked for when the last fetch ended here.  A fetch runs without locks, and its pages may be made,
 *    written back and reclaimed by others before it ends: what it read is stale then.  So
 *    fetches are listed, write-back and cutting mark those that they overlap, and a marked one is done
 *    again.
 *
 * 6. The clock (vmo_reclaim) is the only order of age.  It takes clean pages that were not used since
 *    it came by last.
 *
 * Rejected: a hash and an LRU list of buffers (a second index and a second owner of the same pages),
 * waiting for pins instead of PG_WRITING (a pin may wait for a fault on its own page), a tree of dirty
 * pages (a range and a number are enough to end most searches at once).
 *
 * Letters: see vm/pager.h.
 */
#include "vm/pager.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "vm/zone.h"

#define WRITE_TRIES	3u
#define SCAN_MOST	256u		/* pages looked at before others get the lock */
#define WAIT_MOST	(NSEC_PER_SEC / 10)	/* then a waiter looks whether it is to die */

struct fetch {
	struct list link;		/* [v] */
	uint64_t first, last;		/* [I] */
	bool stale;			/* [v] */
};

struct write_waiter {
	struct list link;		/* [w] */
	struct thr *thr;		/* [I] */
	bool woken;			/* [w] and out of the list */
};

LOCK_CLASS(reclaim_class, "vmo reclaim", RANK_VMO - 1);
LOCK_CLASS(written_class, "pages written", RANK_VMO + 2);
struct spin reclaim_lock = SPIN_INIT(&reclaim_class);
struct list reclaim_list = LIST_INIT(reclaim_list);
static uint32_t nreclaim;			/* [reclaim_lock] length of the list */
static struct spin written_lock = SPIN_INIT(&written_class);	/* w */
static struct list written_waiters = LIST_INIT(written_waiters);
ZONE(backing_zone, struct backing);

COUNTER_EVENT(stat_scanned, "vm.daemon.scanned");
COUNTER_EVENT(stat_freed, "vm.daemon.freed");
COUNTER_EVENT(stat_fetched, "vm.fetched");
COUNTER_EVENT(stat_written, "vm.written");
COUNTER_EVENT(stat_writes, "vm.writes");
COUNTER_EVENT(stat_errors, "vm.dirty.errors");
COUNTER_EVENT(stat_lost, "vm.dirty.lost");

/* --- life --- */

int
backing_create(struct vmo *v)
{
	struct backing *b = zone_alloc(backing_zone, ZALLOC_ZERO);

	if (b == NULL)
		return ENOMEM;
	b->vmo = v;
	b->low = UINT64_MAX;
	b->fetch_next = UINT64_MAX;
	list_init(&b->fetches);
	v->back = b;
	spin_lock(&reclaim_lock);
	list_push_back(&reclaim_list, &b->link);
	nreclaim++;
	spin_unlock(&reclaim_lock);
	return 0;
}

void
backing_destroy(struct vmo *v)
{
	struct backing *b = v->back;

	ASSERT(b->nwriting == 0 && list_empty(&b->fetches));
	spin_lock(&reclaim_lock);
	list_remove(&b->link);
	nreclaim--;
	spin_unlock(&reclaim_lock);
	kstat_add(&dirty_pages, -(int64_t)b->ndirty);
	zone_free(backing_zone, b);
}

/* --- dirt --- */

static void
dirt_come(struct backing *b, uint64_t index, struct page *p)
{
	p->flags |= PG_DIRTY;
	b->low = MIN(b->low, index);
	b->high = MAX(b->high, index + 1);
	if (b->ndirty == 0)
		atomic_store(&b->since, clock_now());
	atomic_store(&b->ndirty, b->ndirty + 1);
	kstat_add(&dirty_pages, 1);
}

void
backing_dirty(struct vmo *v, uint64_t index, struct page *p)
{
	ASSERT(spin_held(&v->lock));
	if (p->flags & PG_DIRTY)
		return;
	p->flags &= (uint16_t)~PG_TRIES;
	dirt_come(v->back, index, p);
	flusher_note();
}

static void
dirt_gone(struct backing *b, struct page *p)
{
	p->flags &= (uint16_t)~PG_DIRTY;
	atomic_store(&b->ndirty, b->ndirty - 1);
	kstat_add(&dirty_pages, -1);
	if (b->ndirty == 0 && b->nwriting == 0) {
		b->low = UINT64_MAX;
		b->high = 0;
	}
}

static void
fetches_spoil(struct backing *b, uint64_t first, uint64_t last)
{
	struct fetch *f;

	list_for_each(f, &b->fetches, link)
		if (f->first < last && first < f->last)
			f->stale = true;
}

/* --- waiting for writes --- */

/* Until some page was written; false: the caller is to die.  The vmo's lock is dropped. */
static bool
written_wait(struct vmo *v)
{
	struct write_waiter w = { .thr = thr_self() };

	thr_sleep_prepare(false);
	spin_lock(&written_lock);
	list_push_back(&written_waiters, &w.link);
	spin_unlock(&written_lock);
	spin_unlock(&v->lock);
	(void)thr_sleep(deadline_after(WAIT_MOST));
	spin_lock(&written_lock);
	if (!w.woken)
		list_remove(&w.link);
	spin_unlock(&written_lock);
	return !thr_self()->t_dying;
}

static void
written_wake(void)
{
	struct list *l;

	spin_lock(&written_lock);
	while ((l = list_pop_front(&written_waiters)) != NULL) {
		struct write_waiter *w = list_entry(l, struct write_waiter, link);

		w->woken = true;
		thr_wake(w->thr, 0);
	}
	spin_unlock(&written_lock);
	flusher_progress();
}

/*
 * Cutting must wait even for a caller that is to die: what is on its way cannot be called back.
 */
bool
backing_cut(struct vmo *v, uint64_t first)
{
	struct backing *b = v->back;
	uint64_t index = MAX(first, b->low);
	struct page *p;

	if (b->nwriting != 0)
		for (uint64_t i = index; i < b->high && (p = vmo_next_page(v, &i)) != NULL; i++)
			if (p->flags & PG_WRITING) {
				(void)written_wait(v);
				spin_lock(&v->lock);
				return false;
			}
	fetches_spoil(b, first, UINT64_MAX);
	for (; b->ndirty != 0 && index < b->high && (p = vmo_next_page(v, &index)) != NULL; index++)
		if (p->flags & PG_DIRTY)
			dirt_gone(b, p);
	return true;
}

/* --- writing --- */

static void
run_protect(struct vmo *v, uint64_t first, uint64_t last)
{
	struct mapping *m;
	vaddr_t start, end;

	list_for_each(m, &v->maps, vmo_link)
		if (vmo_mapping_part(m, first, last, &start, &end))
			pmap_protect(&m->space->pmap, start, end, VM_READ | VM_EXEC);
}

/* Takes up to FETCH_MOST dirty neighbours from index on, of which the first is p. */
static unsigned
run_take_locked(struct vmo *v, uint64_t index, uint64_t last, struct page *p, struct page **run)
{
	struct backing *b = v->back;
	unsigned n = 0;
	bool shared;

	do {
		p->flags |= PG_WRITING;
		b->nwriting++;
		kstat_add(&dirty_pages, 1);
		dirt_gone(b, p);
		vmo_page_pin(p);
		run[n++] = p;
		if (n == FETCH_MOST || index + n >= last)
			break;
		p = vmo_page_locked(v, index + n, &shared);
	} while (p != NULL && (p->flags & (PG_DIRTY | PG_WRITING)) == PG_DIRTY);
	run_protect(v, index, index + n);
	fetches_spoil(b, index, index + n);
	return n;
}

/*
 * The next run at or after *index, which moves there; 0: no more.  *error: EINTR.  With `wait' a page
 * that somebody else writes is waited for, else left out.
 */
static unsigned
run_next(struct vmo *v, uint64_t *index, uint64_t last, bool wait, struct page **run, int *error)
{
	struct backing *b = v->back;
	unsigned n = 0, seen = 0;
	struct page *p;

	spin_lock(&v->lock);
	for (;;) {
		*index = MAX(*index, b->low);
		if (b->ndirty + b->nwriting == 0 || *index >= MIN(last, b->high) ||
		    (p = vmo_next_page(v, index)) == NULL || *index >= last)
			break;
		if ((p->flags & PG_WRITING) && wait) {
			if (!written_wait(v)) {
				*error = EINTR;
				return 0;
			}
			spin_lock(&v->lock);
			continue;
		}
		if ((p->flags & (PG_DIRTY | PG_WRITING)) == PG_DIRTY) {
			n = run_take_locked(v, *index, last, p, run);
			break;
		}
		++*index;
		if (++seen % SCAN_MOST == 0) {
			spin_unlock(&v->lock);
			spin_lock(&v->lock);
		}
	}
	spin_unlock(&v->lock);
	return n;
}

/* It could not be written: once more later, or never. */
static void
page_failed(struct vmo *v, uint64_t index, struct page *p, int error)
{
	unsigned tries = (p->flags & PG_TRIES) / PG_TRY + 1;

	v->back->error = error;
	kstat_add(&stat_errors, 1);
	if (p->flags & PG_DIRTY)
		return;			/* it has changed: new tries */
	p->flags &= (uint16_t)~PG_TRIES;
	if (tries < WRITE_TRIES) {
		p->flags |= (uint16_t)(tries * PG_TRY);
		dirt_come(v->back, index, p);
	} else {
		kstat_add(&stat_lost, 1);
	}
}

static void
run_end(struct vmo *v, uint64_t index, struct page **run, unsigned n, int error)
{
	struct backing *b = v->back;

	spin_lock(&v->lock);
	for (unsigned i = 0; i < n; i++) {
		run[i]->flags &= (uint16_t)~PG_WRITING;
		atomic_store(&b->nwriting, b->nwriting - 1);
		kstat_add(&dirty_pages, -1);
		if (error != 0)
			page_failed(v, index + i, run[i], error);
		else
			run[i]->flags &= (uint16_t)~PG_TRIES;
	}
	if (b->ndirty == 0 && b->nwriting == 0) {
		b->low = UINT64_MAX;
		b->high = 0;
	}
	spin_unlock(&v->lock);
	for (unsigned i = 0; i < n; i++)
		vmo_unpin(run[i]);
	kstat_add(&stat_writes, 1);
	if (error == 0)
		kstat_add(&stat_written, n);
	written_wake();
}

static void
run_write(struct vmo *v, uint64_t index, struct page **run, unsigned n)
{
	int error = v->pager->put(v, v->cookie, index, run, n);

	if (error == 0 || n == 1) {
		run_end(v, index, run, n, error);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		run_end(v, index + i, &run[i], 1, v->pager->put(v, v->cookie, index + i, &run[i], 1));
}

int
backing_write(struct vmo *v, uint64_t first, uint64_t last, bool wait)
{
	struct page *run[FETCH_MOST];
	uint64_t index = first;
	int error = 0;
	unsigned n;

	while ((n = run_next(v, &index, last, wait, run, &error)) != 0) {
		run_write(v, index, run, n);
		index += n;
	}
	return error;
}

int
vmo_sync_range(struct vmo *v, uint64_t off, uint64_t len)
{
	struct backing *b = v->back;
	uint64_t last = len > UINT64_MAX - PAGE_MASK - off ? UINT64_MAX : (off + len + PAGE_MASK) >> PAGE_SHIFT;
	int error, kept;

	if (b == NULL)
		return 0;
	if ((error = backing_write(v, off >> PAGE_SHIFT, last, true)) != 0)
		return error;
	if (v->pager->flush != NULL)
		error = v->pager->flush(v, v->cookie);
	spin_lock(&v->lock);
	kept = b->error;
	b->error = 0;
	spin_unlock(&v->lock);
	return kept != 0 ? kept : error;
}

int
vmo_sync(struct vmo *v)
{
	return vmo_sync_range(v, 0, UINT64_MAX);
}

void
vmo_settle(struct vmo *v)
{
	int error;

	if (v->back == NULL || backing_write(v, 0, UINT64_MAX, true) != 0 || v->pager->flush == NULL)
		return;
	if ((error = v->pager->flush(v, v->cookie)) != 0) {
		spin_lock(&v->lock);
		v->back->error = error;
		spin_unlock(&v->lock);
	}
}

void
vmo_sync_soon(struct vmo *v)
{
	if (v->back == NULL || atomic_load(&v->back->ndirty) == 0)
		return;
	atomic_store(&v->back->hurry, 1);
	flusher_wake();
}

/* --- reading --- */

/* How many pages from index on are not there, `want' at most. */
static unsigned
hole_size(struct vmo *v, uint64_t index, unsigned want)
{
	unsigned n = 1;
	bool shared;

	spin_lock(&v->lock);
	if (index == v->back->fetch_next)
		want = FETCH_MOST;
	while (n < want && index + n < vmo_page_count(v) && vmo_page_locked(v, index + n, &shared) == NULL)
		n++;
	spin_unlock(&v->lock);
	return n;
}

/* Frames for them; fewer when memory is short. */
static unsigned
frames_get(struct page **page, unsigned want)
{
	unsigned n = 0;

	while (n < want && (page[n] = vmo_page_make(&account_root, 0)) != NULL)
		n++;
	return n;
}

static void
frames_put(struct page **page, unsigned n)
{
	while (n-- > 0)
		page_unref(page[n]);
}

/* What was read is entered; EAGAIN: it is stale. */
static int
fetch_end(struct vmo *v, struct fetch *f, struct page **page, unsigned n)
{
	int error = 0;
	unsigned i = 0;

	spin_lock(&v->lock);
	list_remove(&f->link);
	if (f->stale)
		error = EAGAIN;
	for (; i < n && error == 0; i++)
		error = vmo_insert_locked(v, f->first + i, page[i]);
	if (error == 0)
		v->back->fetch_next = f->first + n;
	spin_unlock(&v->lock);
	frames_put(page + i, n - i);
	/* The first is what was asked for. */
	return i > 1 ? 0 : error;
}

static int
fetch_once(struct vmo *v, uint64_t index, unsigned want)
{
	struct page *page[FETCH_MOST];
	unsigned n = frames_get(page, hole_size(v, index, want));
	struct fetch f = { .first = index, .last = index + n };
	int error;

	if (n == 0)
		return ENOMEM;
	spin_lock(&v->lock);
	list_push_back(&v->back->fetches, &f.link);
	spin_unlock(&v->lock);
	error = v->pager->fill(v, v->cookie, index, page, n);
	if (error != 0 && n > 1) {
		/* What was not asked for may be what is bad. */
		frames_put(page + 1, n - 1);
		n = 1;
		error = v->pager->fill(v, v->cookie, index, page, 1);
	}
	if (error != 0) {
		spin_lock(&v->lock);
		list_remove(&f.link);
		spin_unlock(&v->lock);
		frames_put(page, n);
		return error == ENOMEM ? ENOMEM : EIO;
	}
	kstat_add(&stat_fetched, n);
	return fetch_end(v, &f, page, n);
}

int
backing_fetch(struct vmo *v, uint64_t index, unsigned want)
{
	int error;

	if (index >= vmo_page_count(v))
		return ENXIO;
	do
		error = fetch_once(v, index, MIN(want, FETCH_MOST));
	while (error == EAGAIN);
	return error;
}

int
vmo_pin_new(struct vmo *v, uint64_t index, struct page **out)
{
	struct page *p = vmo_page_make(&account_root, PAGE_ZERO);
	int error = ENOMEM;
	bool shared;

	if (p != NULL) {
		spin_lock(&v->lock);
		if ((*out = vmo_page_locked(v, index, &shared)) == NULL) {
			if ((error = vmo_insert_locked(v, index, *out = p)) == 0)
				backing_dirty(v, index, p);
		} else {
			page_unref(p);
			error = 0;
		}
		if (error == 0)
			vmo_page_pin(*out);
		spin_unlock(&v->lock);
	}
	/* Memory is short: the patient way, by reading it. */
	return error == ENOMEM ? vmo_pin(v, index, out) : error;
}

void
vmo_throttle(struct vmo *v)
{
	if (v->back != NULL && dirty_over())
		(void)dirty_wait();
}

/* --- the clock --- */

/* Somebody wants it to stay (mlock). */
static bool
page_locked(struct vmo *v, uint64_t index)
{
	struct mapping *m;
	vaddr_t start, end;

	list_for_each(m, &v->maps, vmo_link)
		if ((m->flags & MAPF_LOCKED) && vmo_mapping_part(m, index, index + 1, &start, &end))
			return true;
	list_for_each(m, &v->over_maps, under_link)
		if ((m->flags & MAPF_LOCKED) && vmo_mapping_part(m, index, index + 1, &start, &end))
			return true;
	return false;
}

/*
 * The clock comes by, from the hand on: a page that was used since the last time loses the mark
 * and its mappings, so that its next use shows; one that was not goes.
 */
static uint64_t
clock_visit(struct backing *b, uint64_t want)
{
	uint64_t n = 0, seen = 0, index = b->hand;
	struct vmo *v = b->vmo;
	struct page *p;

	spin_lock(&v->lock);
	for (; n < want && (p = vmo_next_page(v, &index)) != NULL; index++) {
		seen++;
		if (p->word != 0 || p->use != PAGE_VMO || (p->flags & (PG_DIRTY | PG_WRITING)) ||
		    page_locked(v, index))
			continue;
		vmo_unmap_locked(v, index, index + 1, NULL);
		if (p->flags & PG_REFERENCED)
			p->flags &= (uint16_t)~PG_REFERENCED;
		else if (vmo_remove_locked(v, index, index + 1) == 0)
			n++;
	}
	spin_unlock(&v->lock);
	b->hand = n < want ? 0 : index;
	kstat_add(&stat_scanned, (int64_t)seen);
	return n;
}

/* Twice around at most, for the first time may only take marks away; the hand may begin in the middle. */
uint64_t
vmo_reclaim(uint64_t want)
{
	uint64_t n = 0;

	spin_lock(&reclaim_lock);
	for (uint32_t visits = 3 * nreclaim; visits > 0 && n < want; visits--) {
		struct backing *b = list_first(&reclaim_list, struct backing, link);

		n += clock_visit(b, want - n);
		if (b->hand == 0) {
			list_remove(&b->link);
			list_push_back(&reclaim_list, &b->link);
		}
	}
	spin_unlock(&reclaim_lock);
	kstat_add(&stat_freed, (int64_t)n);
	return n;
}
