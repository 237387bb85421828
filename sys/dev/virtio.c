/*
 * Virtio over PCI.
 *
 * Rings lie in pages of their own; VIRTQ_MAX descriptors need 846 bytes, so four rings share a
 * page.  The rings are written by us and read by the device (descriptors, available ring), or the
 * other way round (used ring).  From the used ring two numbers are taken, each read once: the
 * chain's head, which must be one that is in flight, and a length, which is cut to what the
 * chain's writable part holds.  Links are followed in q_next, never in the shared descriptors.
 */
#include "dev/virtio.h"
#include "kern/error.h"
#include "kern/log.h"
#include "mach/atomic.h"
#include "mach/io.h"
#include "vm/kmap.h"
#include "vm/page.h"

#define VENDOR			0x1af4
#define CAP_VENDOR		0x09
#define CFG_COMMON		1
#define CFG_NOTIFY		2
#define CFG_ISR			3
#define CFG_DEVICE		4

/* The common configuration. */
#define C_DEVICE_SELECT		0
#define C_DEVICE_FEATURE	4
#define C_DRIVER_SELECT		8
#define C_DRIVER_FEATURE	12
#define C_MSIX_CONFIG		16
#define C_STATUS		20
#define C_QUEUE_SELECT		22
#define C_QUEUE_SIZE		24
#define C_QUEUE_MSIX		26
#define C_QUEUE_ENABLE		28
#define C_QUEUE_NOTIFY		30
#define C_QUEUE_DESC		32
#define C_QUEUE_AVAIL		40
#define C_QUEUE_USED		48
#define C_SIZE			56

#define STATUS_ACKNOWLEDGE	0x01
#define STATUS_DRIVER		0x02
#define STATUS_DRIVER_OK	0x04
#define STATUS_FEATURES_OK	0x08
#define STATUS_FAILED		0x80

#define DESC_NEXT		1
#define DESC_WRITE		2
#define USED_NO_NOTIFY		1
#define NO_VECTOR		0xffff

struct ring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct ring_avail {
	uint16_t flags, idx, ring[VIRTQ_MAX];
};
struct ring_used {
	uint16_t flags, idx;
	struct { uint32_t id, len; } ring[VIRTQ_MAX];
};

bool
virtio_match(const struct pci_dev *d, uint16_t type)
{
	static const uint16_t transitional[] = { [2] = 0x1001, [3] = 0x1003 };

	return d->vendor == VENDOR && (d->device == 0x1040 + type ||
	    (type < ARRAY_SIZE(transitional) && d->device == transitional[type]));
}

/* --- set-up --- */

/* Maps the part of a BAR that a capability describes. */
static void *
cap_map(struct pci_dev *d, unsigned cap, uint32_t want, uint32_t *length)
{
	uint32_t off = pci_read32(d, cap + 8);
	uint64_t size;
	paddr_t base;

	*length = pci_read32(d, cap + 12);
	if (pci_bar(d, pci_read8(d, cap + 4), &base, &size) != 0)
		return NULL;
	if (*length < want || off > size || *length > size - off)
		return NULL;
	return kmap_device(base + off, *length, false);
}

static int
caps_map(struct virtio *v)
{
	struct pci_dev *d = v->v_pci;
	uint32_t length;
	unsigned cap = 0;

	while ((cap = pci_capability(d, CAP_VENDOR, cap)) != 0) {
		switch (pci_read8(d, cap + 3)) {
		case CFG_COMMON:
			if (v->v_common == NULL)
				v->v_common = cap_map(d, cap, C_SIZE, &length);
			break;
		case CFG_NOTIFY:
			if (v->v_notify != NULL)
				break;
			v->v_notify = cap_map(d, cap, 2, &v->v_notify_size);
			v->v_notify_step = pci_read32(d, cap + 16);
			break;
		case CFG_ISR:
			if (v->v_isr == NULL)
				v->v_isr = cap_map(d, cap, 1, &length);
			break;
		case CFG_DEVICE:
			if (v->v_config == NULL)
				v->v_config = cap_map(d, cap, 1, &v->v_config_size);
			break;
		}
	}
	return v->v_common != NULL && v->v_notify != NULL && v->v_isr != NULL && v->v_config != NULL ?
	    0 : ENXIO;
}

static void
status_add(struct virtio *v, uint8_t bits)
{
	mmio_write8(v->v_common + C_STATUS, mmio_read8(v->v_common + C_STATUS) | bits);
}

static uint64_t
features_offered(struct virtio *v)
{
	uint64_t features;

	mmio_write32(v->v_common + C_DEVICE_SELECT, 0);
	features = mmio_read32(v->v_common + C_DEVICE_FEATURE);
	mmio_write32(v->v_common + C_DEVICE_SELECT, 1);
	return features | (uint64_t)mmio_read32(v->v_common + C_DEVICE_FEATURE) << 32;
}

int
virtio_open(struct virtio *v, struct pci_dev *d, uint64_t want)
{
	unsigned spins;

	v->v_pci = d;
	pci_enable(d);
	if (caps_map(v) != 0)
		return ENXIO;
	mmio_write8(v->v_common + C_STATUS, 0);
	for (spins = 0; mmio_read8(v->v_common + C_STATUS) != 0; spins++)
		if (spins == 1000000)
			return ENXIO;
	status_add(v, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	v->v_features = features_offered(v) & (want | VIRTIO_F_VERSION_1);
	if ((v->v_features & VIRTIO_F_VERSION_1) == 0)
		goto refused;
	mmio_write32(v->v_common + C_DRIVER_SELECT, 0);
	mmio_write32(v->v_common + C_DRIVER_FEATURE, (uint32_t)v->v_features);
	mmio_write32(v->v_common + C_DRIVER_SELECT, 1);
	mmio_write32(v->v_common + C_DRIVER_FEATURE, (uint32_t)(v->v_features >> 32));
	status_add(v, STATUS_FEATURES_OK);
	if ((mmio_read8(v->v_common + C_STATUS) & STATUS_FEATURES_OK) != 0)
		return 0;
refused:
	virtio_fail(v);
	return ENXIO;
}

static void
virtio_deferred(struct deferred *d)
{
	struct virtio *v = container_of(d, struct virtio, v_deferred);

	v->v_fn(v);
}

static void
virtio_interrupt(void *arg)
{
	struct virtio *v = arg;

	/* A shared line: reading the status acknowledges, and says whether it was us. */
	if (!v->v_msix && mmio_read8(v->v_isr) == 0)
		return;
	deferred_queue(&v->v_deferred);
}

int
virtio_intr(struct virtio *v, const char *name, void (*fn)(struct virtio *))
{
	int error;

	v->v_fn = fn;
	v->v_deferred = (struct deferred)DEFERRED_INIT(v->v_deferred, virtio_deferred);
	error = pci_intr(v->v_pci, virtio_interrupt, v, name, &v->v_msix);
	if (error == 0)
		mmio_write16(v->v_common + C_MSIX_CONFIG, v->v_msix ? 0 : NO_VECTOR);
	return error;
}

void
virtio_start(struct virtio *v)
{
	status_add(v, STATUS_DRIVER_OK);
}

void
virtio_fail(struct virtio *v)
{
	status_add(v, STATUS_FAILED);
}

uint32_t
virtio_config32(struct virtio *v, unsigned off)
{
	return off + 4 <= v->v_config_size ? mmio_read32(v->v_config + off) : 0;
}

uint64_t
virtio_config64(struct virtio *v, unsigned off)
{
	return virtio_config32(v, off) | (uint64_t)virtio_config32(v, off + 4) << 32;
}

/* --- queues --- */

#define RING_BYTES	(PAGE_SIZE / 4)
#define AVAIL_OFFSET	(VIRTQ_MAX * sizeof(struct ring_desc))
#define USED_OFFSET	(AVAIL_OFFSET + ROUND_UP(sizeof(struct ring_avail), 4))
_Static_assert(USED_OFFSET + sizeof(struct ring_used) <= RING_BYTES, "four rings a page");

static void
write64(uint8_t *p, uint64_t v)
{
	mmio_write32(p, (uint32_t)v);
	mmio_write32(p + 4, (uint32_t)(v >> 32));
}

static int
ring_memory(struct virtio *v, uint8_t **va, paddr_t *pa)
{
	if (v->v_page == NULL || v->v_page_used + RING_BYTES > PAGE_SIZE) {
		v->v_page = page_alloc(PAGE_KERNEL, PAGE_ZERO);
		v->v_page_used = 0;
		if (v->v_page == NULL)
			return ENOMEM;
	}
	*va = (uint8_t *)page_map(v->v_page) + v->v_page_used;
	*pa = page_addr(v->v_page) + v->v_page_used;
	v->v_page_used += RING_BYTES;
	return 0;
}

static void
queue_books(struct virtq *q)
{
	unsigned i;

	q->q_free = 0;
	q->q_nfree = q->q_size;
	for (i = 0; i < q->q_size; i++) {
		q->q_next[i] = (uint16_t)(i + 1);
		q->q_length[i] = 0;
	}
}

int
virtio_queue(struct virtio *v, uint16_t index, struct virtq *q)
{
	uint8_t *common = v->v_common, *va;
	uint64_t notify;
	uint16_t size;
	paddr_t pa;
	int error;

	mmio_write16(common + C_QUEUE_SELECT, index);
	size = mmio_read16(common + C_QUEUE_SIZE);
	if (size == 0 || (size & (size - 1)) != 0)
		return ENXIO;
	notify = (uint64_t)mmio_read16(common + C_QUEUE_NOTIFY) * v->v_notify_step;
	if (notify + 2 > v->v_notify_size)
		return ENXIO;
	error = ring_memory(v, &va, &pa);
	if (error != 0)
		return error;
	q->q_index = index;
	q->q_size = MIN(size, VIRTQ_MAX);
	q->q_desc = va;
	q->q_avail_ring = va + AVAIL_OFFSET;
	q->q_used_ring = va + USED_OFFSET;
	q->q_notify = v->v_notify + notify;
	queue_books(q);
	mmio_write16(common + C_QUEUE_SIZE, q->q_size);
	mmio_write16(common + C_QUEUE_MSIX, v->v_msix ? 0 : NO_VECTOR);
	write64(common + C_QUEUE_DESC, pa);
	write64(common + C_QUEUE_AVAIL, pa + AVAIL_OFFSET);
	write64(common + C_QUEUE_USED, pa + USED_OFFSET);
	mmio_write16(common + C_QUEUE_ENABLE, 1);
	return 0;
}

int
virtq_add(struct virtq *q, const struct virtq_seg *segs, unsigned out, unsigned in, uint32_t token)
{
	struct ring_avail *avail = q->q_avail_ring;
	struct ring_desc *desc = q->q_desc;
	unsigned n = out + in, i;
	uint16_t at, head = q->q_free;

	if (q->q_dead)
		return EIO;
	if (n == 0 || n > q->q_nfree)
		return ENOSPC;
	q->q_writable[head] = 0;
	for (i = 0, at = head; i < n; i++) {
		desc[at].addr = segs[i].addr;
		desc[at].len = segs[i].len;
		desc[at].flags = (i >= out ? DESC_WRITE : 0) | (i + 1 < n ? DESC_NEXT : 0);
		desc[at].next = q->q_next[at];
		if (i >= out)
			q->q_writable[head] += segs[i].len;
		if (i + 1 < n)
			at = q->q_next[at];
	}
	q->q_free = q->q_next[at];
	q->q_nfree -= n;
	q->q_length[head] = (uint16_t)n;
	q->q_token[head] = token;
	avail->ring[q->q_avail % q->q_size] = head;
	q->q_avail++;
	atomic_store_release(&avail->idx, q->q_avail);
	return 0;
}

void
virtq_kick(struct virtq *q)
{
	struct ring_used *used = q->q_used_ring;

	atomic_fence();		/* our index before its wish not to be told */
	if ((atomic_load(&used->flags) & USED_NO_NOTIFY) == 0)
		mmio_write16(q->q_notify, q->q_index);
}

static bool
queue_kill(struct virtq *q, const char *why)
{
	q->q_dead = true;
	log_warn("virtio: queue %u: %s\n", q->q_index, why);
	return false;
}

bool
virtq_get(struct virtq *q, uint32_t *token, uint32_t *len)
{
	struct ring_used *used = q->q_used_ring;
	uint16_t idx = atomic_load_acquire(&used->idx), slot, at;
	uint32_t id;
	unsigned n;

	if (q->q_dead || idx == q->q_used)
		return false;
	if ((uint16_t)(idx - q->q_used) > q->q_size)
		return queue_kill(q, "index out of range");
	slot = q->q_used % q->q_size;
	id = atomic_load(&used->ring[slot].id);
	*len = atomic_load(&used->ring[slot].len);
	if (id >= q->q_size || q->q_length[id] == 0)
		return queue_kill(q, "returned what it was not given");
	*len = MIN(*len, q->q_writable[id]);
	*token = q->q_token[id];
	q->q_used++;
	n = q->q_length[id];
	q->q_length[id] = 0;
	q->q_nfree += n;
	for (at = (uint16_t)id; n > 1; n--)
		at = q->q_next[at];
	q->q_next[at] = q->q_free;
	q->q_free = (uint16_t)id;
	return true;
}
