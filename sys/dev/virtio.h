#pragma once
/*
 * Virtio 1.0 over PCI: device set-up and split virtqueues.  The device is not trusted: whatever it
 * writes into a ring is checked against the driver's own books, and a queue it lied about is dead.
 *
 * A virtqueue has no lock; its driver's covers it.
 */
#include "dev/pci.h"
#include "kern/deferred.h"
#include "kern/types.h"

#define VIRTIO_F_VERSION_1	((uint64_t)1 << 32)
#define VIRTQ_MAX		32u

struct page;
struct virtio;

struct virtq_seg {
	paddr_t addr;
	uint32_t len;
};

struct virtq {
	uint16_t q_size;		/* power of two, at most VIRTQ_MAX */
	uint16_t q_index;
	uint16_t q_free, q_nfree;	/* list of free descriptors through q_next */
	uint16_t q_avail;		/* our copies: what we have offered, */
	uint16_t q_used;		/* and how much we have taken back */
	bool q_dead;			/* the device broke the rules */
	void *q_desc, *q_avail_ring, *q_used_ring;
	void *q_notify;
	uint16_t q_next[VIRTQ_MAX];
	uint16_t q_length[VIRTQ_MAX];	/* descriptors in the chain that starts here; 0: not in flight */
	uint32_t q_writable[VIRTQ_MAX];	/* bytes the device may write into that chain */
	uint32_t q_token[VIRTQ_MAX];
};

struct virtio {
	struct pci_dev *v_pci;
	uint8_t *v_common, *v_notify, *v_isr, *v_config;
	uint32_t v_notify_size, v_notify_step, v_config_size;
	uint64_t v_features;
	bool v_msix;
	struct page *v_page;		/* DMA memory for rings, handed out from the front */
	size_t v_page_used;
	struct deferred v_deferred;
	void (*v_fn)(struct virtio *);
};

/* Reset, features (those of `want' that the device has), memory mapped.  ENXIO, ENOMEM. */
int virtio_open(struct virtio *, struct pci_dev *, uint64_t want) __must_check;
/* Interrupts call fn in deferred context. */
int virtio_intr(struct virtio *, const char *name, void (*fn)(struct virtio *)) __must_check;
int virtio_queue(struct virtio *, uint16_t index, struct virtq *) __must_check;
void virtio_start(struct virtio *);
void virtio_fail(struct virtio *);
uint32_t virtio_config32(struct virtio *, unsigned off);
uint64_t virtio_config64(struct virtio *, unsigned off);
/* Is it a virtio device of that type, modern or transitional? */
bool virtio_match(const struct pci_dev *, uint16_t type);

/* Offers a chain: `out' segments the device reads, then `in' segments it writes.  ENOSPC, EIO. */
int virtq_add(struct virtq *, const struct virtq_seg *, unsigned out, unsigned in, uint32_t token)
    __must_check;
void virtq_kick(struct virtq *);
/* Takes one finished chain; *len is at most what the device was allowed to write. */
bool virtq_get(struct virtq *, uint32_t *token, uint32_t *len);
