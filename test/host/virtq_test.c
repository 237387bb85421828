// SOURCES: sys/dev/virtio.c sys/kern/string.c
/*
 * Virtqueues against a device that plays by the rules, in random order, and against one that does
 * not: heads it was never given, lengths too long, indices that run ahead.
 */
#include <stdlib.h>
#include "host.h"
#include "dev/virtio.h"
#include "kern/error.h"
#include "kern/string.h"
#include "vm/page.h"
#include "vm/kmap.h"

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct avail {
	uint16_t flags, idx, ring[VIRTQ_MAX];
};
struct used {
	uint16_t flags, idx;
	struct { uint32_t id, len; } ring[VIRTQ_MAX];
};

static struct desc desc[VIRTQ_MAX];
static struct avail avail;
static struct used used;
static uint16_t notified;
static int warnings;
static struct virtq q;

/* What virtio.c needs of the rest of the kernel; only log_warn is ever reached here. */
void
log_warn(const char *fmt, ...)
{
	warnings++;
}
uint8_t pci_read8(const struct pci_dev *d, unsigned r) { abort(); }
uint32_t pci_read32(const struct pci_dev *d, unsigned r) { abort(); }
unsigned pci_capability(const struct pci_dev *d, uint8_t id, unsigned from) { abort(); }
int pci_bar(const struct pci_dev *d, unsigned b, paddr_t *a, uint64_t *s) { abort(); }
void pci_enable(const struct pci_dev *d) { abort(); }
int pci_intr(const struct pci_dev *d, void (*fn)(void *), void *a, const char *n, bool *m) { abort(); }
void *kmap_device(paddr_t a, size_t n, bool wc) { abort(); }
struct page *page_alloc(enum page_use u, uint32_t f) { abort(); }
paddr_t page_addr(const struct page *p) { abort(); }
void deferred_queue(struct deferred *d) { abort(); }

static void
reset(void)
{
	memset(desc, 0, sizeof(desc));
	memset(&avail, 0, sizeof(avail));
	memset(&used, 0, sizeof(used));
	memset(&q, 0, sizeof(q));
	q.q_size = q.q_nfree = VIRTQ_MAX;
	q.q_desc = desc;
	q.q_avail_ring = &avail;
	q.q_used_ring = &used;
	q.q_notify = &notified;
	for (unsigned i = 0; i < VIRTQ_MAX; i++)
		q.q_next[i] = (uint16_t)(i + 1);
	warnings = 0;
}

static int
add(unsigned out, unsigned in, uint32_t len, uint32_t token)
{
	struct virtq_seg segs[VIRTQ_MAX];

	for (unsigned i = 0; i < out + in; i++)
		segs[i] = (struct virtq_seg){ .addr = 0x1000u * (i + 1), .len = len };
	return virtq_add(&q, segs, out, in, token);
}

static void
give_back(uint32_t id, uint32_t len)
{
	used.ring[used.idx % VIRTQ_MAX].id = id;
	used.ring[used.idx % VIRTQ_MAX].len = len;
	used.idx++;
}

static void
honest(void)
{
	uint16_t heads[VIRTQ_MAX];
	uint32_t tokens[VIRTQ_MAX], writable[VIRTQ_MAX], next = 0, token, len, n = 0, descs = 0;
	unsigned long long seed = 99;
	bool good = true;
	uint16_t seen = 0;

	reset();
	printf("# seed %llu\n", seed);
	for (int step = 0; step < 200000 && good; step++) {
		if (host_random(&seed) % 2 == 0) {
			unsigned out = host_random(&seed) % 3, in = host_random(&seed) % 3;
			int error = add(out, in, 100, next);

			if (out + in == 0 || descs + out + in > VIRTQ_MAX) {
				good = error == ENOSPC;
				continue;
			}
			good = error == 0 && avail.idx == (uint16_t)(seen + 1);
			heads[n] = avail.ring[seen % VIRTQ_MAX];
			/* The chain as the device sees it has the right length and directions. */
			unsigned at = heads[n], k = 0;
			for (;; k++) {
				good = good && ((desc[at].flags & 2) != 0) == (k >= out);
				if ((desc[at].flags & 1) == 0)
					break;
				at = desc[at].next;
			}
			good = good && k + 1 == out + in;
			tokens[n] = next++;
			writable[n++] = in * 100;
			descs += out + in;
			seen++;
		} else if (n > 0) {
			unsigned i = host_random(&seed) % n, before = q.q_nfree;

			give_back(heads[i], 150);
			good = virtq_get(&q, &token, &len) && token == tokens[i] &&
			    len == (writable[i] < 150 ? writable[i] : 150) && !virtq_get(&q, &token, &len);
			descs -= q.q_nfree - before;
			n--;
			heads[i] = heads[n];
			tokens[i] = tokens[n];
			writable[i] = writable[n];
		}
		good = good && q.q_nfree + descs == VIRTQ_MAX;
	}
	ok(good && warnings == 0, "an honest device, completing in any order");
	virtq_kick(&q);
	used.flags = 1;
	notified = 0xffff;
	virtq_kick(&q);
	ok(notified == 0xffff, "a device that asks not to be told is not told");
}

static void
hostile(uint32_t id, uint32_t len, unsigned ahead, const char *what)
{
	uint32_t token, got;

	reset();
	ok(add(1, 1, 64, 7) == 0, "offered");
	give_back(id, len);
	used.idx = (uint16_t)(used.idx + ahead);
	ok(!virtq_get(&q, &token, &got) && q.q_dead && warnings == 1, what);
	ok(add(1, 0, 1, 0) == EIO && !virtq_get(&q, &token, &got) && warnings == 1,
	    "the queue stays dead, and says so once");
}

int
main(void)
{
	uint32_t token, len;

	honest();
	hostile(5, 0, 0, "a head that is free");
	hostile(1, 0, 0, "the middle of a chain");
	hostile(0x80000000u, 0, 0, "a head out of range");
	hostile(0, 0, 100, "an index that runs ahead");
	reset();
	ok(add(0, 1, 64, 3) == 0, "offered");
	give_back(0, 0xffffffffu);
	ok(virtq_get(&q, &token, &len) && len == 64 && token == 3, "a length is cut to what may be written");
	give_back(0, 1);
	ok(!virtq_get(&q, &token, &len) && q.q_dead, "the same chain twice");
	reset();
	ok(add(1, 2, 10, 1) == 0, "offered");
	desc[0].next = 31;
	desc[1].next = 77;
	give_back(0, 5);
	ok(virtq_get(&q, &token, &len) && q.q_nfree == VIRTQ_MAX && add(20, 12, 1, 1) == 0,
	    "links that the device changed are not followed");
	return tap_done();
}
