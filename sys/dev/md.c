/*
 * Memory disks: /dev/md0 and md1, block devices whose sectors are frames.
 *
 * They are there with no size, and opening one is ENXIO, until sysctl dev.mdN.size gives it one; 0 takes
 * the memory back, EBUSY while the disk is open or mapped.  Beside being a disk they are for tests of
 * what stands on disks, and can be as slow and as bad as one:
 *
 *	dev.mdN.delay	microseconds that each transfer takes
 *	dev.mdN.hold	1: writes wait until it is 0
 *	dev.mdN.failread, dev.mdN.failwrite	n: the n-th page from now on is an error, once
 *	dev.mdN.bad	n: page n - 1 can neither be read nor written
 *	dev.mdN.reads, dev.mdN.writes	how many pages have been moved
 *
 * Letters: m m_io.
 */
#include "fs/block.h"
#include "fs/devfs.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/fail.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/string.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/stat.h>

#define UNITS		2u
#define MAJOR		9u
#define LOOK_AGAIN	(NSEC_PER_SEC / 1000)

struct md {
	struct blk m_blk;
	struct mutex m_io;
	struct page **m_pages;			/* [I while it has a size] */
	uint64_t m_delay, m_hold;		/* [a] */
	uint64_t m_failread, m_failwrite, m_bad;	/* [m; written by sysctl] */
	uint64_t m_reads, m_writes;		/* [m] */
	char m_name[8];				/* [I] */
};

LOCK_CLASS(md_class, "md", RANK_BLOCK);
COUNTER(md_pages, "dev.md.pages");
static struct md disks[UNITS];

/* --- transfers --- */

/* Counts down to the page that fails. */
static bool
due(uint64_t *nth)
{
	return *nth != 0 && --*nth == 0;
}

static int
move_page(struct md *m, bool write, uint64_t index, struct page *page)
{
	void *ours, *theirs;

	if (due(write ? &m->m_failwrite : &m->m_failread) || m->m_bad == index + 1)
		return EIO;
	ours = page_map(m->m_pages[index]);
	theirs = page_map(page);
	mach_copy(write ? ours : theirs, write ? theirs : ours, PAGE_SIZE);
	page_unmap(theirs);
	page_unmap(ours);
	*(write ? &m->m_writes : &m->m_reads) += 1;
	return 0;
}

static void
rest(nsec_t length)
{
	thr_sleep_prepare(false);
	(void)thr_sleep(deadline_after(length));
}

static int
md_move(struct blk *d, bool write, uint64_t off, struct page **page, unsigned n)
{
	struct md *m = container_of(d, struct md, m_blk);
	uint64_t index = off >> PAGE_SHIFT, delay = atomic_load(&m->m_delay);
	int error = 0;

	if (fail_now(FAIL_BLOCK))
		return EIO;
	while (write && atomic_load(&m->m_hold) != 0)
		rest(LOOK_AGAIN);
	if (delay != 0)
		rest((nsec_t)delay * (NSEC_PER_SEC / 1000000));
	mutex_lock(&m->m_io);
	for (unsigned i = 0; i < n && error == 0; i++)
		error = move_page(m, write, index + i, page[i]);
	mutex_unlock(&m->m_io);
	return error;
}

static int
md_flush(struct blk *d)
{
	return 0;
}

static const struct blk_ops md_ops = { .move = md_move, .flush = md_flush };

/* --- size --- */

static void
frames_free(struct page **pages, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (pages[i] != NULL) {
			page_free(pages[i]);
			kstat_add(&md_pages, -1);
		}
	kmem_free(pages, (size_t)n * sizeof(*pages));
}

static int
frames_make(uint64_t n, struct page ***out)
{
	struct page **pages = kmem_alloc((size_t)n * sizeof(*pages), ZALLOC_ZERO);

	if (pages == NULL)
		return ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		pages[i] = page_alloc(PAGE_KERNEL, PAGE_ZERO);
		if (pages[i] == NULL) {
			frames_free(pages, n);
			return ENOMEM;
		}
		kstat_add(&md_pages, 1);
	}
	*out = pages;
	return 0;
}

/* d_lock held. */
static int
resize(struct md *m, uint64_t size)
{
	uint64_t old = m->m_blk.d_vmo != NULL ? m->m_blk.d_size >> PAGE_SHIFT : 0;
	struct page **pages = NULL;
	int error = 0;

	/* Half of what there is: the rest of the machine needs some. */
	if (size >> PAGE_SHIFT > page_free_count() / 2)
		return ENOMEM;
	if (size != 0 && (error = frames_make(size >> PAGE_SHIFT, &pages)) != 0)
		return error;
	if ((error = blk_stop(&m->m_blk)) == 0) {
		if (old != 0)
			frames_free(m->m_pages, old);
		m->m_pages = pages;
		if (size == 0 || (error = blk_start(&m->m_blk, size)) == 0)
			return 0;
	}
	if (pages != NULL)
		frames_free(pages, size >> PAGE_SHIFT);
	return error;
}

static int
size_set(struct md *m, const char *text)
{
	uint64_t size = 0;
	int error;

	if (*text == '\0' || strlen(text) > 12)
		return EINVAL;
	for (; *text >= '0' && *text <= '9'; text++)
		size = size * 10 + (uint64_t)(*text - '0');
	if (*text == 'k' || *text == 'm')
		size <<= *text++ == 'k' ? 10 : 20;
	if (*text != '\0' || size % PAGE_SIZE != 0)
		return EINVAL;
	mutex_lock(&m->m_blk.d_lock);
	error = resize(m, size);
	mutex_unlock(&m->m_blk.d_lock);
	return error;
}

static int
size_get(struct md *m, char *buf, size_t size)
{
	mutex_lock(&m->m_blk.d_lock);
	snprintf(buf, size, "%llu", m->m_blk.d_vmo != NULL ? (unsigned long long)m->m_blk.d_size : 0);
	mutex_unlock(&m->m_blk.d_lock);
	return 0;
}

#if CONFIG_DEBUG
static void
md_holds(void)
{
	for (unsigned i = 0; i < UNITS; i++) {
		struct md *m = &disks[i];

		mutex_lock(&m->m_blk.d_lock);
		if (m->m_blk.d_vmo != NULL) {
			owner_seen(m->m_pages);
			for (uint64_t p = 0; p < m->m_blk.d_size >> PAGE_SHIFT; p++)
				page_seen(m->m_pages[p]);
		}
		mutex_unlock(&m->m_blk.d_lock);
	}
}
HOLDS(md_holds);
#endif

#define UNIT(n) \
static int get_##n(struct sysctl *s, char *buf, size_t size) { return size_get(&disks[n], buf, size); } \
static int set_##n(struct sysctl *s, const char *text) { return size_set(&disks[n], text); } \
SYSCTL_FN(md##n##_size, "dev.md" #n ".size", get_##n, set_##n); \
SYSCTL_U64(md##n##_delay, "dev.md" #n ".delay", &disks[n].m_delay); \
SYSCTL_U64(md##n##_hold, "dev.md" #n ".hold", &disks[n].m_hold); \
SYSCTL_U64(md##n##_failread, "dev.md" #n ".failread", &disks[n].m_failread); \
SYSCTL_U64(md##n##_failwrite, "dev.md" #n ".failwrite", &disks[n].m_failwrite); \
SYSCTL_U64(md##n##_bad, "dev.md" #n ".bad", &disks[n].m_bad); \
SYSCTL_U64(md##n##_reads, "dev.md" #n ".reads", &disks[n].m_reads); \
SYSCTL_U64(md##n##_writes, "dev.md" #n ".writes", &disks[n].m_writes)

UNIT(0);
UNIT(1);

static void
md_init(void)
{
	for (unsigned i = 0; i < UNITS; i++) {
		struct md *m = &disks[i];

		snprintf(m->m_name, sizeof(m->m_name), "md%u", i);
		mutex_init(&m->m_io, &md_class);
		blk_init(&m->m_blk, &md_ops, m->m_name);
		if (devfs_add(m->m_name, S_IFBLK | 0660, dev_make(MAJOR, i), blk_open, &m->m_blk) != 0)
			panic("no /dev/%s", m->m_name);
	}
}
INIT(md_init, LEVEL_DEV);
