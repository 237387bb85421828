/*
 * virtio-console, multiport: binary-safe streams between the host and /dev/vport/NAME.
 *
 * 1. Ports.  The device announces ports and their names on its control queue.  A port appears in
 * /dev when its name has come; vport_settle() waits for that during boot, so that init finds
 * what the machine was started with, and a kernel thread adds and removes later ones.
 *
 * 2. Opens.  A port has one open file description at a time (EBUSY).  The first open for reading
 * gives the device RX_FIRST pages, and RX_BUFFERS when the first bytes have come; the first open for
 * writing makes a block of one page, and as many larger ones follow as writes find no other free.  They
 * stay with the port, because a device cannot be asked to hand buffers back.
 *
 * 3. Levels.  READABLE: bytes have arrived, or the host has closed its end and all bytes have been
 * read (end of file).  WRITABLE: a block is free, or the host has gone (EPIPE).  PEER_CLOSED: the
 * host has gone.  Before the host's first connection a port simply waits.  `idle' is SIGNALED
 * when the device has taken every block: what fsync waits for.
 *
 * 4. Kicks.  Pages that were read go back to the device at once, but it is told only when half of
 * them are back or none is left to read: one exit serves many pages.
 *
 * 5. Locking.  One node lock a device, v_lock, for its queues and ports.  p_read and p_write
 * (sleeping) are held while bytes are copied.  The device's interrupt only queues a deferred call.
 */
#include "dev/turn.h"
#include "dev/virtio.h"
#include "fs/devfs.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "kern/uio.h"
#include "kern/wait.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/sig.h>
#include <abi/stat.h>

#define TYPE_CONSOLE	3
#define F_MULTIPORT	((uint64_t)1 << 1)
#define CONFIG_PORTS	4
#define QUEUE_CTL_RX	2
#define QUEUE_CTL_TX	3
#define QUEUE_RX(port)	((uint16_t)((port) == 0 ? 0 : 2 + 2 * (port)))
#define QUEUE_TX(port)	((uint16_t)(QUEUE_RX(port) + 1))

enum { EV_DEVICE_READY, EV_ADD, EV_REMOVE, EV_PORT_READY, EV_CONSOLE, EV_RESIZE, EV_OPEN, EV_NAME };

#define PORTS		32u
#define NAME_SIZE	48u
#define RX_BUFFERS	16u
#define RX_FIRST	2u
#define TX_BUFFERS	5u
#define TX_ORDER(i)	((i) == 0 ? 0u : 2u)
#define TX_SIZE(i)	(PAGE_SIZE << TX_ORDER(i))
#define CTL_SIZE	128u
#define CTL_BUFFERS	16u
#define SETTLE		(NSEC_PER_SEC / 4)	/* longest wait for the ports of the start */
#define SETTLE_QUIET	(NSEC_PER_SEC / 500)

LOCK_CLASS(vport_class, "vport", RANK_NODE);
LOCK_CLASS(vport_io_class, "vport.io", RANK_IO);
COUNTER_EVENT(vport_in, "dev.vport.in");
COUNTER_EVENT(vport_out, "dev.vport.out");

struct vports;

struct control {
	uint32_t id;
	uint16_t event, value;
};

struct received {
	uint16_t buffer;
	uint32_t len;
};

struct vport {
	struct vports *p_dev;		/* [I] */
	uint32_t p_id;			/* [I] */
	struct sigsrc p_sig, p_idle;
	struct mutex p_read, p_write;
	struct virtq p_rx, p_tx;	/* [v_lock] */
	struct page *p_rx_page[RX_BUFFERS];	/* [I once made] */
	struct page *p_tx_page[TX_BUFFERS];	/* [v_lock while free; else who has the block] */
	unsigned p_rx_made;		/* [p_read, or open] */
	uint32_t p_tx_free;		/* [v_lock] bit a block, made or not */
	uint32_t p_tx_all;		/* [v_lock] those that there is memory for */
	/* What has arrived, in order. */
	struct received p_fifo[RX_BUFFERS];	/* [v_lock] */
	uint32_t p_head, p_tail;	/* [v_lock] free-running */
	uint32_t p_off;			/* [v_lock] read of the first */
	uint32_t p_returned;		/* [v_lock] pages given back since the last kick */
	bool p_added;			/* [v_lock] the device has it */
	bool p_removed;			/* [v_lock] its name is to be taken away */
	bool p_in_devfs;		/* the thread's */
	bool p_connected;		/* [v_lock] the host's end is open */
	bool p_was_connected;		/* [v_lock] */
	bool p_busy;			/* [v_lock] open */
	char p_name[NAME_SIZE];		/* [v_lock until named] "" before */
};

struct vports {
	struct virtio v_dev;
	struct spin v_lock;
	struct sigsrc v_work;		/* SIGNALED: names for the thread */
	struct virtq v_ctl_rx, v_ctl_tx;	/* [v_lock] */
	uint8_t *v_ctl;			/* [v_lock] CTL_BUFFERS in, then as many out */
	paddr_t v_ctl_addr;		/* [I] */
	uint32_t v_ctl_free;		/* [v_lock] bit an outgoing buffer */
	nsec_t v_last;			/* [v_lock] when the last control message came */
	uint32_t v_nports;		/* [I] */
	struct vport *v_ports;		/* [I] */
	struct vports *v_next;		/* [I] */
};
static struct vports *all_vports;	/* [I once the kernel runs] */

struct vportfile {
	struct devfile f_dev;
	struct vport *f_port;		/* [I] */
};
ZONE(vportfile_zone, struct vportfile);

static const struct node_ops vport_ops;

/* --- control messages, out --- */

static void
control_reap(struct vports *v)
{
	uint32_t token, len;

	while (virtq_get(&v->v_ctl_tx, &token, &len))
		v->v_ctl_free |= 1u << token;
}

static void
control_send(struct vports *v, uint32_t id, uint16_t event, uint16_t value)
{
	struct control msg = { .id = id, .event = event, .value = value };
	struct virtq_seg seg;
	unsigned i;

	ASSERT(spin_held(&v->v_lock));
	control_reap(v);
	if (v->v_ctl_free == 0) {
		log_warn("vport: control queue is full\n");
		return;
	}
	i = (unsigned)__builtin_ctz(v->v_ctl_free);
	memcpy(v->v_ctl + (CTL_BUFFERS + i) * CTL_SIZE, &msg, sizeof(msg));
	seg.addr = v->v_ctl_addr + (CTL_BUFFERS + i) * CTL_SIZE;
	seg.len = sizeof(msg);
	if (virtq_add(&v->v_ctl_tx, &seg, 1, 0, i) != 0)
		return;
	v->v_ctl_free &= ~(1u << i);
	virtq_kick(&v->v_ctl_tx);
}

/* --- levels --- */

static bool
port_gone(const struct vport *p)
{
	return p->p_was_connected && !p->p_connected;
}

static void
port_levels(struct vport *p, struct wakelist *w)
{
	const uint32_t all = SIG_READABLE | SIG_WRITABLE | SIG_PEER_CLOSED;
	bool gone = port_gone(p), idle;
	uint32_t set = gone ? SIG_PEER_CLOSED : 0;

	if (p->p_head != p->p_tail || gone || p->p_rx.q_dead)
		set |= SIG_READABLE;
	if (p->p_tx_free != 0 || gone || p->p_tx.q_dead)
		set |= SIG_WRITABLE;
	sig_change(&p->p_sig, all & ~set, set, w);
	idle = p->p_tx_free == p->p_tx_all || p->p_tx.q_dead;
	sig_change(&p->p_idle, idle ? 0 : SIG_SIGNALED, idle ? SIG_SIGNALED : 0, w);
}

/* --- what the device hands back --- */

static int
rx_offer(struct vport *p, uint32_t i)
{
	struct virtq_seg seg = { .addr = page_addr(p->p_rx_page[i]), .len = PAGE_SIZE };

	return virtq_add(&p->p_rx, &seg, 0, 1, i);
}

static void
port_reap(struct vport *p)
{
	uint32_t token, len;

	while (p->p_head - p->p_tail < RX_BUFFERS && virtq_get(&p->p_rx, &token, &len)) {
		if (len == 0 && rx_offer(p, token) == 0)
			continue;
		p->p_fifo[p->p_head++ % RX_BUFFERS] = (struct received){ (uint16_t)token, len };
		kstat_add(&vport_in, len);
	}
	while (virtq_get(&p->p_tx, &token, &len))
		p->p_tx_free |= 1u << token;
}

static void
control_name(struct vports *v, struct vport *p, const uint8_t *name, size_t n, struct wakelist *w)
{
	size_t i;

	if (p->p_name[0] != '\0' || n == 0)
		return;
	n = MIN(strnlen((const char *)name, n), NAME_SIZE - 1);
	for (i = 0; i < n; i++)
		p->p_name[i] = name[i] <= ' ' || name[i] >= 0x7f || name[i] == '/' ? '_' : (char)name[i];
	if (n > 0 && p->p_name[0] == '.')
		p->p_name[0] = '_';
	sig_change(&v->v_work, 0, SIG_SIGNALED, w);
}

static void
control_message(struct vports *v, const uint8_t *p, size_t n, struct wakelist *w)
{
	struct control msg;
	struct vport *port;

	if (n < sizeof(msg))
		return;
	memcpy(&msg, p, sizeof(msg));
	if (msg.id >= v->v_nports)
		return;
	port = &v->v_ports[msg.id];
	if (msg.event == EV_ADD) {
		port->p_added = true;
		control_send(v, msg.id, EV_PORT_READY, 1);
	} else if (!port->p_added)
		return;
	else if (msg.event == EV_CONSOLE)
		control_send(v, msg.id, EV_OPEN, 1);
	else if (msg.event == EV_OPEN) {
		port->p_connected = msg.value != 0;
		port->p_was_connected |= port->p_connected;
	} else if (msg.event == EV_NAME)
		control_name(v, port, p + sizeof(msg), n - sizeof(msg), w);
	else if (msg.event == EV_REMOVE) {
		port->p_added = port->p_connected = false;
		port->p_removed = true;
		sig_change(&v->v_work, 0, SIG_SIGNALED, w);
	}
}

static void
control_offer(struct vports *v, uint32_t i)
{
	struct virtq_seg seg = { .addr = v->v_ctl_addr + i * CTL_SIZE, .len = CTL_SIZE };

	if (virtq_add(&v->v_ctl_rx, &seg, 0, 1, i) != 0)
		log_warn("vport: control buffer lost\n");
}

/* Deferred: control messages first, then data, so that a close never overtakes what was sent. */
static void
vports_work(struct virtio *dev)
{
	struct vports *v = container_of(dev, struct vports, v_dev);
	uint8_t copy[CTL_SIZE];
	uint32_t token, len, i;
	struct wakelist wake;
	bool any = false;

	wakelist_init(&wake);
	spin_lock(&v->v_lock);
	while (virtq_get(&v->v_ctl_rx, &token, &len)) {
		len = MIN(len, CTL_SIZE);
		memcpy(copy, v->v_ctl + token * CTL_SIZE, len);
		control_offer(v, token);
		control_message(v, copy, len, &wake);
		any = true;
	}
	if (any) {
		virtq_kick(&v->v_ctl_rx);
		v->v_last = clock_now();
	}
	for (i = 0; i < v->v_nports; i++) {
		if (!v->v_ports[i].p_added && !v->v_ports[i].p_removed)
			continue;
		port_reap(&v->v_ports[i]);
		port_levels(&v->v_ports[i], &wake);
	}
	spin_unlock(&v->v_lock);
	wakelist_run(&wake);
}

/* --- reading --- */

static struct vport *
port_of(struct node *n)
{
	return container_of(n, struct vportfile, f_dev.df_node)->f_port;
}

/* Makes pages up to `want' and gives them to the device; the first are needed, the others a help. */
static int
rx_more(struct vport *p, unsigned want)
{
	int error = 0;

	while (p->p_rx_made < want && error == 0) {
		unsigned i = p->p_rx_made;

		if ((p->p_rx_page[i] = page_alloc(PAGE_KERNEL, 0)) == NULL)
			return ENOMEM;
		p->p_rx_made++;
		spin_lock(&p->p_dev->v_lock);
		error = rx_offer(p, i);
		virtq_kick(&p->p_rx);
		spin_unlock(&p->p_dev->v_lock);
	}
	return error;
}

/* The first page has been read to its end: back to the device. */
static void
rx_return(struct vport *p, uint32_t i)
{
	p->p_tail++;
	p->p_off = 0;
	if (rx_offer(p, i) == 0)
		p->p_returned++;
	if (p->p_returned >= p->p_rx_made / 2 || (p->p_returned > 0 && p->p_head == p->p_tail)) {
		p->p_returned = 0;
		virtq_kick(&p->p_rx);
	}
}

/* Moves what has arrived; p_read held. */
static int
port_take(struct vport *p, struct uio *uio)
{
	struct vports *v = p->p_dev;
	struct wakelist wake;
	struct received r;
	uint64_t before;
	uint32_t off;
	uint8_t *va;
	int error = 0;

	while (error == 0 && uio->resid > 0) {
		spin_lock(&v->v_lock);
		if (p->p_head == p->p_tail) {
			spin_unlock(&v->v_lock);
			break;
		}
		r = p->p_fifo[p->p_tail % RX_BUFFERS];
		off = p->p_off;
		spin_unlock(&v->v_lock);
		va = page_map(p->p_rx_page[r.buffer]);
		before = uio->resid;
		error = uio_move(va + off, MIN(r.len - off, uio->resid), uio);
		page_unmap(va);
		if (unlikely(p->p_rx_made < RX_BUFFERS))
			(void)rx_more(p, RX_BUFFERS);
		wakelist_init(&wake);
		spin_lock(&v->v_lock);
		p->p_off += (uint32_t)(before - uio->resid);
		if (p->p_off == r.len)
			rx_return(p, r.buffer);
		port_reap(p);
		port_levels(p, &wake);
		spin_unlock(&v->v_lock);
		wakelist_run(&wake);
	}
	return error;
}

static int
vport_read(struct node *n, struct uio *uio)
{
	struct vport *p = port_of(n);
	uint64_t asked = uio->resid;
	bool end, dead;
	int error;

	while (asked != 0) {
		mutex_lock(&p->p_read);
		spin_lock(&p->p_dev->v_lock);
		end = port_gone(p) && p->p_head == p->p_tail;
		dead = p->p_rx.q_dead;
		spin_unlock(&p->p_dev->v_lock);
		error = end || dead ? 0 : port_take(p, uio);
		mutex_unlock(&p->p_read);
		if (uio->resid != asked || end)
			return 0;
		if (error != 0 || dead)
			return error != 0 ? error : EIO;
		if ((uio->flags & UIO_NONBLOCK) != 0)
			return ESHOULDWAIT;
		error = sig_wait(&p->p_sig, SIG_READABLE, WAIT_INTR | WAIT_EXCL, NSEC_INFINITE, NULL, NULL);
		if (error != 0)
			return error;
	}
	return 0;
}

/* --- writing --- */

/* Sends the n bytes that block i holds, or (n 0) only frees it. */
static int
tx_send(struct vport *p, unsigned i, uint32_t n)
{
	struct virtq_seg seg = { .addr = page_addr(p->p_tx_page[i]), .len = n };
	struct wakelist wake;
	int error = EPIPE;

	wakelist_init(&wake);
	spin_lock(&p->p_dev->v_lock);
	if (!port_gone(p) && n > 0)
		error = virtq_add(&p->p_tx, &seg, 1, 0, i);
	if (error != 0)
		p->p_tx_free |= 1u << i;
	else
		virtq_kick(&p->p_tx);
	port_reap(p);
	port_levels(p, &wake);
	spin_unlock(&p->p_dev->v_lock);
	wakelist_run(&wake);
	return error;
}

/* Reserves a block for so many bytes: ESHOULDWAIT, EPIPE, EIO. */
static int
tx_reserve(struct vport *p, uint64_t n, unsigned *i)
{
	uint32_t large;
	struct wakelist wake;
	int error = 0;

	wakelist_init(&wake);
	spin_lock(&p->p_dev->v_lock);
	port_reap(p);
	if (port_gone(p))
		error = EPIPE;
	else if (p->p_tx.q_dead)
		error = EIO;
	else if (p->p_tx_free == 0)
		error = ESHOULDWAIT;
	else {
		large = n > TX_SIZE(0) ? p->p_tx_free & ~1u : 0;
		*i = (unsigned)__builtin_ctz(large != 0 ? large : p->p_tx_free);
		p->p_tx_free &= ~(1u << *i);
	}
	port_levels(p, &wake);
	spin_unlock(&p->p_dev->v_lock);
	wakelist_run(&wake);
	return error;
}

/* The reserved block has memory, or never will; the first has it since the open. */
static bool
tx_make(struct vport *p, unsigned i)
{
	if (p->p_tx_page[i] == NULL && (p->p_tx_page[i] = page_alloc_order(PAGE_KERNEL, TX_ORDER(i), 0)) == NULL) {
		spin_lock(&p->p_dev->v_lock);
		p->p_tx_all &= ~(1u << i);
		spin_unlock(&p->p_dev->v_lock);
		return false;
	}
	return true;
}

static int
port_put(void *arg, struct uio *uio)
{
	struct vport *p = arg;
	uint64_t before = uio->resid;
	unsigned i = 0;
	uint32_t n;
	void *va;
	int error, sent;

	do {
		if ((error = tx_reserve(p, uio->resid, &i)) != 0)
			return error;
	} while (!tx_make(p, i));
	n = (uint32_t)MIN(uio->resid, (uint64_t)TX_SIZE(i));
	va = page_map(p->p_tx_page[i]);
	error = uio_move(va, n, uio);
	page_unmap(va);
	sent = tx_send(p, i, error == 0 ? n : 0);
	if (error == 0 && sent == 0)
		kstat_add(&vport_out, n);
	else
		uio->resid = before;	/* bytes that were copied but not sent were not written */
	return error != 0 ? error : sent;
}

static int
vport_write(struct node *n, struct uio *uio)
{
	struct vport *p = port_of(n);

	return uio->resid == 0 ? 0 : turn_write(&p->p_write, &p->p_sig, uio, port_put, p);
}

static int
vport_sync(struct node *n)
{
	return sig_wait(&port_of(n)->p_idle, SIG_SIGNALED, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
}

/* --- opens --- */

static int
tx_setup(struct vport *p)
{
	struct wakelist wake;

	if (p->p_tx_page[0] != NULL)
		return 0;
	if ((p->p_tx_page[0] = page_alloc(PAGE_KERNEL, 0)) == NULL)
		return ENOMEM;
	wakelist_init(&wake);
	spin_lock(&p->p_dev->v_lock);
	p->p_tx_free = p->p_tx_all = (1u << TX_BUFFERS) - 1;
	port_levels(p, &wake);
	spin_unlock(&p->p_dev->v_lock);
	wakelist_run(&wake);
	return 0;
}

/* Only one open at a time, so set-up needs no lock of its own. */
static int
port_claim(struct vport *p)
{
	int error = 0;

	spin_lock(&p->p_dev->v_lock);
	if (p->p_busy || !p->p_added)
		error = p->p_busy ? EBUSY : ENXIO;
	else
		p->p_busy = true;
	spin_unlock(&p->p_dev->v_lock);
	return error;
}

static void
port_release(struct vport *p, bool tell)
{
	spin_lock(&p->p_dev->v_lock);
	p->p_busy = false;
	if (tell)
		control_send(p->p_dev, p->p_id, EV_OPEN, 0);
	spin_unlock(&p->p_dev->v_lock);
}

static int
vport_open(struct vnode *vn, uint32_t flags, struct node **out)
{
	struct vport *p = devfs_arg(vn);
	struct vportfile *f;
	int error = port_claim(p);

	if (error != 0)
		return error;
	f = zone_alloc(vportfile_zone, ZALLOC_ZERO);
	if (f == NULL)
		error = ENOMEM;
	if (error == 0 && (flags & O_ACCMODE) != O_WRONLY)
		error = rx_more(p, RX_FIRST);
	if (error == 0 && (flags & O_ACCMODE) != O_RDONLY)
		error = tx_setup(p);
	if (error != 0) {
		if (f != NULL)
			zone_free(vportfile_zone, f);
		port_release(p, false);
		return error;
	}
	f->f_port = p;
	devfile_init(&f->f_dev, vn, flags, &vport_ops, NODE_FILE, &p->p_sig, 0);
	spin_lock(&p->p_dev->v_lock);
	control_send(p->p_dev, p->p_id, EV_OPEN, 1);
	spin_unlock(&p->p_dev->v_lock);
	*out = &f->f_dev.df_node;
	return 0;
}

static void
vport_unused(struct node *n)
{
	port_release(port_of(n), true);
}

static void
vport_destroy(struct node *n)
{
	struct vportfile *f = container_of(n, struct vportfile, f_dev.df_node);

	devfile_done(&f->f_dev);
	zone_free(vportfile_zone, f);
}

static const struct node_ops vport_ops = {
	.name = "vport",
	.read = vport_read,
	.write = vport_write,
	.seek = node_noseek,
	.stat = devfile_stat,
	.setattr = devfile_setattr,
	.ioctl = node_noioctl,
	.vmo = node_novmo,
	.sync = vport_sync,
	.unused = vport_unused,
	.destroy = vport_destroy,
};

/* --- names --- */

static void
port_name(struct vport *p)
{
	char path[NAME_SIZE + 8];
	bool add, remove;

	spin_lock(&p->p_dev->v_lock);
	add = p->p_added && p->p_name[0] != '\0' && !p->p_in_devfs;
	remove = p->p_removed && p->p_in_devfs;
	p->p_removed = false;
	snprintf(path, sizeof(path), "vport/%s", p->p_name);
	spin_unlock(&p->p_dev->v_lock);
	if (add) {
		p->p_in_devfs = true;
		if (devfs_add(path, S_IFCHR | 0600, dev_make(253, p->p_id), vport_open, p) != 0)
			log_warn("vport: cannot make /dev/%s\n", path);
	}
	if (remove) {
		devfs_remove(path);
		p->p_in_devfs = false;
		p->p_name[0] = '\0';
	}
}

static void
vports_names(struct vports *v)
{
	struct wakelist wake;
	uint32_t i;

	wakelist_init(&wake);
	spin_lock(&v->v_lock);
	sig_change(&v->v_work, SIG_SIGNALED, 0, &wake);
	spin_unlock(&v->v_lock);
	for (i = 0; i < v->v_nports; i++)
		port_name(&v->v_ports[i]);
}

static void
vports_thread(void *arg)
{
	struct vports *v = arg;

	for (;;) {
		if (sig_wait(&v->v_work, SIG_SIGNALED, 0, NSEC_INFINITE, NULL, NULL) == 0)
			vports_names(v);
	}
}

/* All ports that were announced have a name, and nothing has come for a while. */
static bool
vports_settled(struct vports *v)
{
	bool settled = true, any = false;
	uint32_t i;

	spin_lock(&v->v_lock);
	for (i = 0; i < v->v_nports; i++) {
		any |= v->v_ports[i].p_added;
		settled &= !v->v_ports[i].p_added || v->v_ports[i].p_name[0] != '\0';
	}
	settled &= any && clock_now() - v->v_last >= SETTLE_QUIET;
	spin_unlock(&v->v_lock);
	return settled;
}

static void
vports_settle(struct vports *v)
{
	nsec_t deadline = deadline_after(SETTLE);

	/* The device is asked directly: interrupts would do, but this is exact under any clock. */
	while (!vports_settled(v) && clock_now() < deadline)
		vports_work(&v->v_dev);
	vports_names(v);
}

/* --- attachment --- */

static int
vports_queues(struct vports *v)
{
	struct vport *p;
	uint32_t i;
	int error;

	error = virtio_queue(&v->v_dev, QUEUE_CTL_RX, &v->v_ctl_rx);
	if (error == 0)
		error = virtio_queue(&v->v_dev, QUEUE_CTL_TX, &v->v_ctl_tx);
	for (i = 0; i < v->v_nports && error == 0; i++) {
		p = &v->v_ports[i];
		p->p_dev = v;
		p->p_id = i;
		sigsrc_init(&p->p_sig, &v->v_lock, 0);
		sigsrc_init(&p->p_idle, &v->v_lock, SIG_SIGNALED);
		mutex_init(&p->p_read, &vport_io_class);
		mutex_init(&p->p_write, &vport_io_class);
		error = virtio_queue(&v->v_dev, QUEUE_RX(i), &p->p_rx);
		if (error == 0)
			error = virtio_queue(&v->v_dev, QUEUE_TX(i), &p->p_tx);
	}
	return error;
}

static int
vports_memory(struct vports *v)
{
	struct page *page = page_alloc(PAGE_KERNEL, PAGE_ZERO);

	_Static_assert(2 * CTL_BUFFERS * CTL_SIZE <= 4096, "control buffers fit a page");
	if (page == NULL)
		return ENOMEM;
	v->v_ctl = page_map(page);
	v->v_ctl_addr = page_addr(page);
	v->v_ctl_free = (1u << CTL_BUFFERS) - 1;
	v->v_nports = MIN(MAX(virtio_config32(&v->v_dev, CONFIG_PORTS), 1u), PORTS);
	v->v_ports = kmem_alloc(v->v_nports * sizeof(struct vport), ZALLOC_ZERO);
	return v->v_ports == NULL ? ENOMEM : 0;
}

static void
vports_begin(struct vports *v)
{
	uint32_t i;

	virtio_start(&v->v_dev);
	spin_lock(&v->v_lock);
	for (i = 0; i < CTL_BUFFERS; i++)
		control_offer(v, i);
	virtq_kick(&v->v_ctl_rx);
	control_send(v, 0, EV_DEVICE_READY, 1);
	spin_unlock(&v->v_lock);
}

static int
vports_attach(struct vports *v, struct pci_dev *d)
{
	struct thr *t;
	int error;

	spin_init(&v->v_lock, &vport_class);
	sigsrc_init(&v->v_work, &v->v_lock, 0);
	error = virtio_open(&v->v_dev, d, F_MULTIPORT);
	if (error != 0)
		return error;
	if ((v->v_dev.v_features & F_MULTIPORT) == 0)
		return ENXIO;
	error = vports_memory(v);
	if (error == 0)
		error = virtio_intr(&v->v_dev, "vport", vports_work);
	if (error == 0)
		error = vports_queues(v);
	if (error == 0)
		error = thr_create(NULL, "vport", vports_thread, v, &t);
	if (error != 0)
		return error;
	vports_begin(v);
	vports_settle(v);
	thr_start(t);
	return 0;
}

static void
vport_init(void)
{
	struct pci_dev *d;
	struct vports *v;
	unsigned i;
	int error;

	for (i = 0; (d = pci_get(i)) != NULL; i++) {
		if (!virtio_match(d, TYPE_CONSOLE))
			continue;
		v = kmem_alloc(sizeof(*v), ZALLOC_ZERO);
		error = v == NULL ? ENOMEM : vports_attach(v, d);
		if (error != 0) {
			log_warn("vport: not attached, error %d\n", error);
			continue;
		}
		v->v_next = all_vports;
		all_vports = v;
	}
}
INIT(vport_init, LEVEL_DEV + 3);

/* How many large blocks were ever busy at once is the host's doing: idle ones go, and come again when they are needed. */
static void
tx_trim(struct vport *p)
{
	struct wakelist wake;

	wakelist_init(&wake);
	spin_lock(&p->p_dev->v_lock);
	port_reap(p);
	for (unsigned k = 1; k < TX_BUFFERS; k++) {
		if ((p->p_tx_free & 1u << k) == 0 || p->p_tx_page[k] == NULL)
			continue;
		page_free_order(p->p_tx_page[k], TX_ORDER(k));
		p->p_tx_page[k] = NULL;
	}
	port_levels(p, &wake);
	spin_unlock(&p->p_dev->v_lock);
	wakelist_run(&wake);
}

static void
vports_quiesce(void)
{
	for (struct vports *v = all_vports; v != NULL; v = v->v_next)
		for (uint32_t i = 0; i < v->v_nports; i++)
			if (v->v_ports[i].p_tx_page[0] != NULL)
				tx_trim(&v->v_ports[i]);
}
QUIESCE(vports_quiesce);

#if CONFIG_DEBUG
/* The buffers of ports stay, whoever wrote when they were made. */
static void
vports_hold(void)
{
	for (struct vports *v = all_vports; v != NULL; v = v->v_next)
		for (uint32_t i = 0; i < v->v_nports; i++) {
			struct vport *p = &v->v_ports[i];

			for (unsigned k = 0; k < RX_BUFFERS; k++)
				if (p->p_rx_page[k] != NULL)
					page_seen(p->p_rx_page[k]);
			for (unsigned k = 0; k < TX_BUFFERS; k++)
				if (p->p_tx_page[k] != NULL)
					page_seen(p->p_tx_page[k]);
		}
}
HOLDS(vports_hold);
#endif
