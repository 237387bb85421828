// SOURCES: sys/kern/account.c sys/kern/uio.c
/*
 * The page cache of a disk, as it is (frames, zones, VM objects, pager, buffers), against a plain array: random reads and
 * writes by offset, by buffers, read-ahead, write-back, reclaiming, with a disk that fails and, while it works,
 * others who write to the same pages, write back and reclaim.
 */
#define HOST_REAL_VM 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "kern/types.h"

struct zone_entry;
#define zone_set_end zone_set_start
#include "../../sys/vm/page.c"
#include "../../sys/vm/zone.c"
#include "../../sys/vm/zonewatch.c"
#include "../../sys/vm/kmem.c"
#include "../../sys/vm/twig.c"
#include "../../sys/vm/vmo.c"
#include "../../sys/vm/rmap.c"
#include "../../sys/vm/snapshot.c"
#include "../../sys/vm/size.c"
#include "../../sys/vm/transfer.c"
#include "../../sys/vm/pager.c"
#include "../../sys/fs/buf.c"
#include "host.h"

/* --- the machine --- */

#define RAM_SIZE	(16ull << 20)
#include "vm/around.h"

static unsigned long long seed;
static unsigned nlocks;

bool daemon_wait(unsigned *tries, bool kill) { fail_after = -1; return true; }
void pmap_remove(struct pmap *p, vaddr_t start, vaddr_t end) { panic("nothing is mapped"); }
void pmap_protect(struct pmap *p, vaddr_t start, vaddr_t end, uint32_t prot) { panic("nothing is mapped"); }
void vmo_id_end(struct vmo_id *id) { panic("an identity"); }
int copyin(const void __user *from, void *to, size_t n);
int copyout(const void *from, void __user *to, size_t n) { return EFAULT; }
int user_zero(void __user *to, size_t n) { return EFAULT; }
int thr_pause_work(void) { panic("nobody else is there"); }

void spin_lock_checked(struct spin *l) { VERIFY(l->word == 0); l->word = 1; hold_add(); nlocks++; }
void spin_unlock_checked(struct spin *l) { VERIFY(l->word == 1); l->word = 0; hold_sub_zero(); nlocks--; }
bool spin_held(const struct spin *l) { return l->word != 0; }

static void
machine_init(void)
{
	host_ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cpu0.self = &cpu0;
	page_add_range(0x100000, RAM_SIZE);
	page_init();
	zone_init();
	kmem_init();
	vmo_init();
	buf_init();
	zone_entry_make(&zone_entry_vmo_zone);
	zone_entry_make(&zone_entry_twig_zone);
	zone_entry_make(&zone_entry_backing_zone);
	zone_entry_make(&zone_entry_buf_zone);
}

/* --- the disk and the model --- */

#define PAGES	300u
#define SIZE	(PAGES * PAGE_SIZE - 1536)	/* the last page is one in part */
#define OTHERS	3072u				/* from there on a page belongs to others */
#define TRIES	(WRITE_TRIES - 1)		/* so often a page fails in a row: it is never given up */

static unsigned char disk[PAGES * PAGE_SIZE], want[PAGES * PAGE_SIZE];
static uint8_t failures[PAGES], inflight[PAGES];
static unsigned read_errors, write_errors;	/* one in so many; 0: none */
static bool told, meddle;			/* an error waits to be told; others are at work meanwhile */
static bool good = true;
static struct blk blk;
static unsigned depth, nread, nwritten;

#define check(cond, ...) \
	do { if (good && !(cond)) { good = false; printf("# line %d: ", __LINE__); printf(__VA_ARGS__); printf("\n"); } } while (0)

static unsigned
rnd(unsigned n)
{
	return host_random(&seed) % n;
}

static void op_write(void);
static void op_back(void);

/* What others do while the disk works. */
static void
others(void)
{
	VERIFY(nlocks == 0 && host_hold == HOLD_IDLE);
	if (!meddle || depth > 0)
		return;
	depth++;
	for (unsigned n = rnd(4); n > 0; n--) {
		op_write();
		if (rnd(2) == 0)
			op_back();
		if (rnd(2) == 0)
			(void)vmo_reclaim(rnd(PAGES));
	}
	depth--;
}

/* User memory: the pages a bad one stands behind are address 0.  Others are at work while it is copied. */
int
copyin(const void __user *from, void *to, size_t n)
{
	if (from == NULL)
		return EFAULT;
	others();
	memcpy(to, (const void *)(uintptr_t)from, n);
	others();
	return 0;
}

static int
disk_fill(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	VERIFY(cookie == &blk && n > 0 && n <= FETCH_MOST && index + n <= PAGES);
	if (read_errors != 0 && rnd(read_errors) == 0)
		return EIO;
	for (unsigned i = 0; i < n; i++)
		memcpy(page_map(page[i]), disk + (index + i) * PAGE_SIZE, PAGE_SIZE);
	nread += n;
	others();
	return 0;
}

static int
disk_put(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	VERIFY(cookie == &blk && n > 0 && n <= FETCH_MOST && index + n <= PAGES);
	for (unsigned i = 0; i < n; i++)
		VERIFY(!inflight[index + i]++);
	others();
	for (unsigned i = 0; i < n; i++)
		inflight[index + i]--;
	if (n == 1 && write_errors != 0 && failures[index] < TRIES && rnd(write_errors) == 0) {
		failures[index]++;
		told = true;
		return EIO;
	}
	if (n > 1 && write_errors != 0 && rnd(write_errors) == 0)
		return EIO;
	for (unsigned i = 0; i < n; i++) {
		memcpy(disk + (index + i) * PAGE_SIZE, page_map(page[i]), PAGE_SIZE);
		failures[index + i] = 0;
	}
	nwritten += n;
	others();
	return 0;
}

static const struct vmo_pager disk_pager = { .fill = disk_fill, .put = disk_put };

static void
disk_make(void)
{
	for (size_t i = 0; i < sizeof(disk); i++)
		disk[i] = i < SIZE ? (unsigned char)rnd(256) : 0;
	memcpy(want, disk, sizeof(disk));
	memset(failures, 0, sizeof(failures));
	told = false;
	blk = (struct blk){ .d_name = "disk", .d_size = SIZE };
	VERIFY(vmo_create_vnode(SIZE, &disk_pager, &blk, &blk.d_vmo) == 0);
}

/* --- operations --- */

static void
op_write(void)
{
	static unsigned char bytes[2][5 * PAGE_SIZE];
	unsigned char *b = bytes[depth];
	size_t at = rnd(SIZE), n = rnd(3) == 0 ? PAGE_SIZE : 1 + rnd(rnd(2) == 0 ? 300 : 5 * PAGE_SIZE - 1);
	struct kiovec part[2];
	struct uio u;
	size_t done, bad = 0;
	int error;

	if (rnd(3) == 0)
		at &= ~(size_t)PAGE_MASK;
	if (meddle && !((at & PAGE_MASK) == 0 && n == PAGE_SIZE && depth == 0)) {
		/* To each his part of every page: the model does not know who was the last.  What needs no disk
		 * is not interrupted. */
		at = (at & ~(size_t)PAGE_MASK) + (depth > 0 ? OTHERS + rnd(1000) : rnd(OTHERS - 1));
		n = 1 + rnd((depth > 0 ? PAGE_SIZE : OTHERS) - (at & PAGE_MASK) - 1);
	}
	if (at >= SIZE)
		return;
	n = MIN(n, SIZE - at);
	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)rnd(256);
	uio_init(&u, part, (uintptr_t)b, n, UIO_WRITE | (n < PAGE_SIZE && depth == 0 ? 0 : UIO_KERNEL));
	if (!meddle && n > 1 && rnd(6) == 0) {
		/* User memory that ends in the middle. */
		bad = 1 + rnd((unsigned)n - 1);
		part[0].len -= bad;
		part[1] = (struct kiovec){ 0, bad };
		u.n = 2;
		u.flags &= ~UIO_KERNEL;
	}
	error = vmo_uio(blk.d_vmo, at, &u);
	done = n - (size_t)u.resid;
	check(error == 0 ? done == n : error == EFAULT ? done == n - bad || (read_errors != 0 && done < n - bad) : error == EIO && read_errors != 0,
	    "write: error %d, %zu of %zu", error, done, n);
	memcpy(want + at, b, done);
}

static void
op_read(void)
{
	static unsigned char bytes[40 * PAGE_SIZE];
	size_t at = rnd(SIZE), n = 1 + rnd(rnd(4) == 0 ? sizeof(bytes) - 1 : 5000), done;
	struct kiovec one;
	struct uio u;
	int error;

	/* A reader who is slow may see what others write meanwhile: not now. */
	bool was = meddle;

	meddle = false;
	uio_init(&u, &one, (uintptr_t)bytes, n, UIO_KERNEL);
	error = vmo_uio(blk.d_vmo, at, &u);
	meddle = was;
	done = n - (size_t)u.resid;
	check(error == 0 ? done == MIN(n, SIZE - at) : error == EIO && read_errors != 0, "read: error %d", error);
	check(memcmp(bytes, want + at, done) == 0, "read at %zu of %zu", at, done);
}

/* Write-back by the flusher: what is being written is left out, errors are kept. */
static void
op_back(void)
{
	unsigned first = rnd(PAGES);

	check(backing_write(blk.d_vmo, first, rnd(3) == 0 ? UINT64_MAX : first + rnd(50), false) == 0, "write-back");
}

static void
op_sync(void)
{
	bool some = rnd(2) == 0;
	size_t at = some ? rnd(SIZE) : 0, n = some ? 1 + rnd(40 * PAGE_SIZE) : SIZE;
	int error = some ? vmo_sync_range(blk.d_vmo, at, n) : vmo_sync(blk.d_vmo);

	check(error == (told ? EIO : 0), "sync: %d although %d", error, told);
	told = false;
	if (error != 0 || depth > 0 || meddle)
		return;
	n = MIN(n, SIZE - at);
	check(memcmp(disk + at, want + at, n) == 0, "sync of %zu at %zu", n, at);
	check(some || (blk.d_vmo->back->ndirty == 0 && dirty_pages.value == 0), "all is clean");
}

static void
op_buffers(void)
{
	struct buf *b[4];
	unsigned n = 1 + rnd(4), got = 0;
	uint32_t size = 512;
	int error;

	for (unsigned i = 0; i < n; i++) {
		size_t at = (rnd(SIZE / size)) * size;

		if (meddle && (at & PAGE_MASK) >= OTHERS)
			continue;
		bool have = false;

		for (unsigned k = 0; k < got; k++)
			have = have || b[k]->b_at == at;
		if (have)
			continue;
		error = bread(&blk, at, size, &b[got]);
		check(error == 0 || (error == EIO && read_errors != 0), "bread: %d", error);
		if (error != 0)
			continue;
		check(memcmp(b[got]->b_data, want + at, size) == 0, "block at %zu", at);
		got++;
	}
	for (unsigned k = 0; k < got; k++) {
		size_t at = b[k]->b_at;
		unsigned how = rnd(4);

		if (how == 0 || !good) {
			brelse(b[k]);
			continue;
		}
		/* Others may have written to it since. */
		memcpy(b[k]->b_data, want + at, size);
		for (unsigned i = 0; i < 20; i++) {
			unsigned where = rnd(size);

			b[k]->b_data[where] = (char)(want[at + where] = (unsigned char)rnd(256));
		}
		if (how == 1) {
			bdwrite(b[k]);
		} else if (how == 2) {
			bawrite(b[k]);
		} else {
			error = bwrite(b[k]);
			check(error == (told ? EIO : 0), "bwrite: %d although %d", error, told);
			told = false;
			check(error != 0 || meddle || memcmp(disk + at, want + at, size) == 0, "bwrite at %zu", at);
		}
	}
}

/* A block that is new: no read, and zeros or what is cached of it. */
static void
op_new(void)
{
	size_t at = rnd(SIZE / PAGE_SIZE) * PAGE_SIZE;
	struct buf *b;
	int error = bnew(&blk, at, PAGE_SIZE, &b);

	check(error == 0 || (error == EIO && read_errors != 0), "bnew: %d", error);
	if (error != 0)
		return;
	memset(b->b_data, (int)rnd(256), PAGE_SIZE);
	memcpy(want + at, b->b_data, PAGE_SIZE);
	bdwrite(b);
}

static void
random_run(unsigned long long s, unsigned steps, bool fails, bool others_too)
{
	uint64_t vmo_before = stat_vmo.value;
	char what[80];

	seed = s * 77 + fails * 2 + others_too;
	good = true;
	read_errors = write_errors = 0;
	meddle = false;
	disk_make();
	meddle = others_too;
	for (unsigned i = 0; i < steps && good; i++) {
		read_errors = fails ? 20 : 0;
		write_errors = fails ? 6 : 0;
		if (rnd(40) == 0)
			fail_after = rnd(6);
		switch (rnd(12)) {
		case 0: case 1: case 2:
			op_write();
			break;
		case 3: case 4: case 5:
			op_read();
			break;
		case 6:
			op_back();
			break;
		case 7:
			op_sync();
			break;
		case 8: case 9:
			fail_after = -1;
			op_buffers();
			break;
		case 10:
			fail_after = -1;
			op_new();
			break;
		case 11:
			(void)vmo_reclaim(rnd(PAGES));
		}
		fail_after = -1;
		check(nlocks == 0 && host_hold == HOLD_IDLE, "a lock is left");
		check(dirty_pages.value == blk.d_vmo->back->ndirty, "the counter of dirty pages");
	}
	read_errors = write_errors = 0;
	meddle = false;
	(void)vmo_sync(blk.d_vmo);
	check(memcmp(disk, want, SIZE) == 0, "in the end the disk has all");
	check(blk.d_vmo->back->ndirty == 0 && blk.d_vmo->back->nwriting == 0 && buf_count.value == 0, "nothing is left");
	(void)vmo_reclaim(UINT64_MAX);
	check(vmo_pages(blk.d_vmo) == 0, "every page can be reclaimed, %llu stay", (unsigned long long)vmo_pages(blk.d_vmo));
	vmo_unref(blk.d_vmo);
	check(stat_vmo.value == vmo_before && dirty_pages.value == 0, "pages are left");
	snprintf(what, sizeof(what), "random operations%s%s, seed %llu", fails ? ", a bad disk" : "",
	    others_too ? ", others meanwhile" : "", s);
	ok(good, what);
}

/* --- said one by one --- */

static int one_bad = -1;

static int
bad_put(struct vmo *v, void *cookie, uint64_t index, struct page **page, unsigned n)
{
	if (one_bad >= (int)index && one_bad < (int)(index + n))
		return EIO;
	return disk_put(v, cookie, index, page, n);
}

static void
directed(void)
{
	static const struct vmo_pager pager = { .fill = disk_fill, .put = bad_put };
	uint64_t lost = stat_lost.value, writes, w;
	struct page *p = NULL;
	struct buf *b;
	unsigned before;

	read_errors = write_errors = 0;
	seed = 1;
	disk_make();
	before = nread;
	ok(vmo_read(blk.d_vmo, 0, &w, 8) == 0 && nread == before + 1, "one page is read alone");
	ok(vmo_read(blk.d_vmo, PAGE_SIZE, &w, 8) == 0 && nread == before + 17, "who goes on there reads ahead");
	ok(vmo_read(blk.d_vmo, 9 * PAGE_SIZE, &w, 8) == 0 && nread == before + 17, "which is there then");
	writes = stat_writes.value;
	for (unsigned i = 0; i < 40; i++)
		(void)vmo_write(blk.d_vmo, (100 + i) * PAGE_SIZE, &w, 8);
	ok(vmo_sync(blk.d_vmo) == 0 && stat_writes.value == writes + 3, "40 neighbours are three runs");
	before = nread;
	ok(bnew(&blk, 200 * PAGE_SIZE, PAGE_SIZE, &b) == 0 && nread == before, "a new block is not read");
	ok(memcmp(b->b_data, (char[PAGE_SIZE]){ 0 }, PAGE_SIZE) == 0, "it is zeros");
	bdwrite(b);
	ok(bread(&blk, SIZE, 512, &b) == ENXIO && bread(&blk, SIZE - 512, 512, &b) == 0, "up to the end");
	ok(vmo_reclaim(UINT64_MAX) > 0 && vmo_pin(blk.d_vmo, (SIZE - 512) >> PAGE_SHIFT, &p) == 0 && p == b->b_page,
	    "a held block stays in memory");
	vmo_unpin(p);
	brelse(b);
	ok(vmo_sync(blk.d_vmo) == 0, "synced");
	vmo_unref(blk.d_vmo);

	disk_make();
	vmo_unref(blk.d_vmo);
	VERIFY(vmo_create_vnode(SIZE, &pager, &blk, &blk.d_vmo) == 0);
	one_bad = 5;
	for (unsigned i = 0; i < 10; i++)
		VERIFY(vmo_write(blk.d_vmo, i * PAGE_SIZE, "new", 3) == 0);
	ok(vmo_sync(blk.d_vmo) == EIO && blk.d_vmo->back->ndirty == 1, "one bad page: the others are written");
	ok(memcmp(disk + 4 * PAGE_SIZE, "new", 3) == 0 && memcmp(disk + 6 * PAGE_SIZE, "new", 3) == 0, "around it");
	ok(vmo_reclaim(UINT64_MAX) > 0 && vmo_pages(blk.d_vmo) == 1, "it stays in memory");
	vmo_settle(blk.d_vmo);
	ok(blk.d_vmo->back->ndirty == 1 && stat_lost.value == lost, "a second failure");
	vmo_settle(blk.d_vmo);
	ok(blk.d_vmo->back->ndirty == 0 && stat_lost.value == lost + 1, "the third gives it up");
	ok(vmo_sync(blk.d_vmo) == EIO && vmo_sync(blk.d_vmo) == 0, "the error is told once");
	VERIFY(vmo_write(blk.d_vmo, 5 * PAGE_SIZE, "yet", 3) == 0);
	one_bad = -1;
	ok(vmo_sync(blk.d_vmo) == 0 && memcmp(disk + 5 * PAGE_SIZE, "yet", 3) == 0, "the next write has new tries");
	/* Cutting. */
	VERIFY(vmo_write(blk.d_vmo, 50 * PAGE_SIZE, "cut", 3) == 0);
	ok(dirty_pages.value == 1 && vmo_set_size(blk.d_vmo, 20 * PAGE_SIZE) == 0 && dirty_pages.value == 0,
	    "what is cut off is not dirty any more");
	VERIFY(vmo_write(blk.d_vmo, 3 * PAGE_SIZE, "end", 3) == 0);
	vmo_unref(blk.d_vmo);
	ok(dirty_pages.value == 0 && memcmp(disk + 3 * PAGE_SIZE, "end", 3) != 0, "nor what ends unwritten");
}

int
main(int argc, char **argv)
{
	unsigned long long first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 6;
	unsigned steps = getenv("BUF_STEPS") != NULL ? (unsigned)strtoul(getenv("BUF_STEPS"), NULL, 0) : 2000;

	machine_init();
	directed();
	for (unsigned i = 0; i < rounds; i++) {
		random_run(first + i, steps, false, false);
		random_run(first + i, steps, true, false);
		random_run(first + i, steps, false, true);
		random_run(first + i, steps, true, true);
	}
	return tap_done();
}
