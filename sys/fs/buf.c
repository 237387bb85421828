/*
 * The buffer cache, or what is left to do for one.
 *
 * The blocks of a disk are in the pages of its VMO (fs/block.c, vm/pager.c): that is the cache, its index is the
 * tree, its order of age the clock, its list of dirty blocks the marks that fsync and the flusher look for.
 * A struct buf is a hold on a block: it exists from bread to brelse, pins the page (so that it stays
 * and has an address) and keeps other holders out, who may be changing a directory or a bitmap at
 * the same time.  Programs that read and write /dev/vd0 itself do not ask for buffers; they see what a
 * holder is doing, as on other systems.
 *
 * Holds are in a hash of chains.  Who wants a held block sleeps in the buffer's own queue and gets it
 * handed over, in order of arrival.  There is one lock, h, held for some instructions.
 *
 * A holder may wait for memory or for the disk, also in bdwrite when too much is dirty: write-back
 * works on pages and needs no hold, so it cannot wait for him.
 *
 * Rejected: memory of its own for buffers (the same block twice, in a buffer and in a page), buffers
 * that live on without a holder (an LRU list that the page daemon would have to ask).
 */
#include "fs/buf.h"
#include "fs/block.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/thr.h"
#include "vm/page.h"
#include "vm/vmo.h"
#include "vm/zone.h"

#define CHAINS		64u

struct holder {
	struct list link;		/* [h] */
	struct thr *thr;		/* [I] */
};

LOCK_CLASS(buf_class, "buffers", RANK_VMO + 3);
static struct spin buf_lock = SPIN_INIT(&buf_class);	/* h */
static struct list chains[CHAINS];			/* [h] */
ZONE(buf_zone, struct buf);
COUNTER(buf_count, "fs.buffers");

static struct list *
chain_of(const struct blk *d, uint64_t at, uint32_t size)
{
	return &chains[(at / size ^ (uintptr_t)d / 64) % CHAINS];
}

/* --- holding --- */

/* The buffer of the block when somebody holds it: the caller has it then.  NULL: `fresh' is in its place. */
static struct buf *
hold(struct buf *fresh)
{
	struct list *chain = chain_of(fresh->b_blk, fresh->b_at, fresh->b_size);
	struct holder h = { .thr = thr_self() };
	struct buf *b;

	thr_sleep_prepare(false);
	spin_lock(&buf_lock);
	list_for_each(b, chain, b_link) {
		if (b->b_blk != fresh->b_blk || b->b_at != fresh->b_at)
			continue;
		ASSERT(b->b_size == fresh->b_size);
		list_push_back(&b->b_waiters, &h.link);
		spin_unlock(&buf_lock);
		(void)thr_sleep(NSEC_INFINITE);
		return b;
	}
	list_push_back(chain, &fresh->b_link);
	spin_unlock(&buf_lock);
	thr_sleep_cancel();
	return NULL;
}

static void
buf_free(struct buf *b)
{
	kstat_add(&buf_count, -1);
	zone_free(buf_zone, b);
}

/* To the next one in the queue, or away. */
static void
let_go(struct buf *b)
{
	struct thr *next = NULL;
	struct list *l;

	spin_lock(&buf_lock);
	if ((l = list_pop_front(&b->b_waiters)) != NULL)
		next = list_entry(l, struct holder, link)->thr;
	else
		list_remove(&b->b_link);
	spin_unlock(&buf_lock);
	if (next != NULL) {
		thr_wake(next, 0);
		return;
	}
	if (b->b_page != NULL) {
		page_unmap(b->b_map);
		vmo_unpin(b->b_page);
	}
	buf_free(b);
}

static int
get(struct blk *d, uint64_t at, uint32_t size, bool new, struct buf **out)
{
	struct buf *b, *there;
	int error = 0;

	ASSERT(size != 0 && (size & (size - 1)) == 0 && size <= PAGE_SIZE && at % size == 0);
	if (at >= d->d_size || size > d->d_size - at)
		return ENXIO;
	if ((b = zone_alloc(buf_zone, ZALLOC_ZERO)) == NULL)
		return ENOMEM;
	kstat_add(&buf_count, 1);
	b->b_blk = d;
	b->b_at = at;
	b->b_size = size;
	list_init(&b->b_link);
	list_init(&b->b_waiters);
	if ((there = hold(b)) != NULL) {
		buf_free(b);
		b = there;
	}
	/* Who had it before may have got an error. */
	if (b->b_page == NULL) {
		if (new && size == PAGE_SIZE)
			error = vmo_pin_new(d->d_vmo, at >> PAGE_SHIFT, &b->b_page);
		else
			error = vmo_pin(d->d_vmo, at >> PAGE_SHIFT, &b->b_page);
		if (error != 0) {
			b->b_page = NULL;
			let_go(b);
			return error;
		}
		b->b_map = page_map(b->b_page);
		b->b_data = (char *)b->b_map + (at & PAGE_MASK);
	}
	*out = b;
	return 0;
}

int
bread(struct blk *d, uint64_t at, uint32_t size, struct buf **out)
{
	return get(d, at, size, false, out);
}

int
bnew(struct blk *d, uint64_t at, uint32_t size, struct buf **out)
{
	return get(d, at, size, true, out);
}

/* --- giving back --- */

void
brelse(struct buf *b)
{
	let_go(b);
}

void
bdwrite(struct buf *b)
{
	struct blk *d = b->b_blk;

	vmo_written(d->d_vmo, b->b_at >> PAGE_SHIFT, b->b_page);
	let_go(b);
	vmo_throttle(d->d_vmo);
}

void
bawrite(struct buf *b)
{
	struct blk *d = b->b_blk;

	bdwrite(b);
	vmo_sync_soon(d->d_vmo);
}

int
bwrite(struct buf *b)
{
	struct blk *d = b->b_blk;
	uint64_t at = b->b_at;
	uint32_t size = b->b_size;

	vmo_written(d->d_vmo, at >> PAGE_SHIFT, b->b_page);
	let_go(b);
	return vmo_sync_range(d->d_vmo, at, size);
}

static void
buf_init(void)
{
	for (unsigned i = 0; i < CHAINS; i++)
		list_init(&chains[i]);
}
INIT(buf_init, LEVEL_FS - 1);
